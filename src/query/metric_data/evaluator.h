// Metric math of a request over what was read. Internal to query/metric_data.
#pragma once

#include "query/metric_data/plan.h"
#include "query/metric_data/reads.h"

namespace kansoku::query::metric_data {

// A problem and the query whose expression has it.
struct ExpressionProblem {
  size_t query = 0;
  size_t position = 0;
  std::string message;
  bool is_arithmetic = false;
};

// Every expression is evaluated once a period, however many use it. Thread contract: one thread.
class Evaluator {
 public:
  // What was read of a source at a period in s.
  using ReadOf = std::function<const Read*(size_t source, int64_t period_s)>;

  Evaluator(const Plan& plan, ReadOf read) : plan_(plan), read_(std::move(read)) {}
  std::expected<metric_math::Value, ExpressionProblem> run(size_t query, int64_t period_s);
  metric_math::Grid grid(int64_t period_s) const;

 private:
  using Outcome = std::expected<metric_math::Value, ExpressionProblem>;
  const Outcome& value_of(size_t query, int64_t period_s);
  metric_math::Environment environment(size_t query, int64_t period_s);
  metric_math::Array source_series(size_t source, int64_t period_s) const;
  std::optional<metric_math::Operand> operand(std::string_view id, int64_t period_s);

  const Plan& plan_;
  ReadOf read_;
  std::map<std::pair<size_t, int64_t>, Outcome> values_;
  // Of an operand that has no value: why.
  std::optional<ExpressionProblem> inner_;
};

}  // namespace kansoku::query::metric_data
