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
  using ReadOf = std::function<const Read*(const ReadKey& key)>;

  Evaluator(const Plan& plan, ReadOf read) : plan_(plan), read_(std::move(read)) {}
  std::expected<metric_math::Value, ExpressionProblem> run(size_t query, int64_t period_s);
  metric_math::Grid grid(int64_t period_s) const { return grid({0, period_s, false}); }

  // Held by values of expressions.
  uint64_t bytes() const { return bytes_; }

 private:
  using Outcome = std::expected<metric_math::Value, ExpressionProblem>;
  // A period, over the range or over the history; of the key's source nothing is asked.
  using Over = ReadKey;
  metric_math::Grid grid(const Over& over) const;
  const Outcome& value_of(size_t query, Over over);
  metric_math::Environment environment(size_t query, const Over& over);
  metric_math::Array source_series(size_t source, Over over) const;
  std::optional<metric_math::Operand> operand(std::string_view id, const Over& over);
  metric_math::Array band(std::string_view id, const metric_math::Series& series, double deviations,
                          int64_t period_s) const;

  const Plan& plan_;
  ReadOf read_;
  std::map<std::pair<size_t, Over>, Outcome> values_;
  uint64_t bytes_ = 0;
  // Of an operand that has no value: why.
  std::optional<ExpressionProblem> inner_;
};

}  // namespace kansoku::query::metric_data
