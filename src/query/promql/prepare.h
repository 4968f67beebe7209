// What is done once before an evaluation: durations are computed, selectors learn how they are
// used. Thread contract: free functions.
#pragma once

#include "base/result.h"
#include "query/promql/ast.h"
#include "query/promql/evaluate.h"

namespace kansoku::query::promql {

// Fills range_ms, step_ms, offset_ms and detect_resets of the tree.
Status prepare(Expr& expr, QueryRange range);
// True when the value is the same at every step.
bool is_step_invariant(const Expr& expr);

}  // namespace kansoku::query::promql
