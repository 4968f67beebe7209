// The door to the evaluators of PromQL: the one over columns, and the straightforward one, clear
// first, which is its reference.
//
// Thread contract: evaluate() is free-threaded; it blocks its caller until the answer is there, the
// budget is used up or the query is cancelled.
#pragma once

#include "base/result.h"
#include "query/exec/budget.h"
#include "query/promql/ast.h"
#include "query/promql/source.h"
#include "query/promql/value.h"

namespace kansoku::query::promql {

struct EvaluateOptions {
  int64_t lookback_ms = 300'000;
  int64_t subquery_step_ms = 60'000;
  // Prometheus' limit on samples held at once.
  uint64_t samples_max = 50'000'000;
  // __name__ goes away at the end of the query, not in each function.
  bool delayed_name_removal = true;
  // 2.x: ranges and lookback include their left end.
  bool closed_ranges = false;
  // rate(), increase(), irate() and resets() use start timestamps where they are known.
  bool start_timestamps = true;
  // Floats are worked on as columns (column_evaluator.h); false: point by point, everything.
  bool columns = true;
};

// Milliseconds. An instant query has start == end and step 0.
struct QueryRange {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t step_ms = 0;
};

// The most steps that one query or subquery may have.
inline constexpr int64_t kStepsMax = 11'000'000;

// Range queries answer with a matrix sorted by labels; instant queries with what the expression is.
Result<QueryResult> evaluate(const Expr& expr, QueryRange range, SeriesSource& source,
                             const EvaluateOptions& options, QueryContext& context);

}  // namespace kansoku::query::promql
