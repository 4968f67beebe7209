#include "api/aws/monitoring/expression_plan.h"

#include <fmt/core.h>

#include "api/aws/monitoring/monitoring_errors.h"

namespace kansoku::api::aws::monitoring {
namespace {

namespace math = query::metric_math;

// CloudWatch's error for anything wrong in an expression.
AwsError expression_error(std::string_view id, const math::Problem& problem) {
  return validation_error(fmt::format("Error in expression '{}' at character {}: {}", id,
                                      problem.position + 1, problem.message));
}

std::optional<size_t> find_query(const std::vector<MathQuery>& queries, std::string_view id) {
  for (size_t i = 0; i < queries.size(); ++i) {
    if (queries[i].id == id) return i;
  }
  return std::nullopt;
}

// Walks from expressions to the metrics they use.
class Walker {
 public:
  explicit Walker(const std::vector<MathQuery>& queries)
      : queries_(queries), states_(queries.size(), State::New), metrics_(queries.size()) {}

  std::optional<AwsError> walk(size_t at) {
    const MathQuery& query = queries_[at];
    if (states_[at] == State::Done) return std::nullopt;
    if (states_[at] == State::Open) {
      return validation_error(
          fmt::format("Error in expression '{}': the expression uses itself", query.id));
    }
    if (!query.expression) {
      metrics_[at] = {at};
      states_[at] = State::Done;
      return std::nullopt;
    }
    states_[at] = State::Open;
    if (query.expression->uses_metrics()) {
      for (size_t i = 0; i < queries_.size(); ++i) {
        if (!queries_[i].expression) metrics_[at].insert(i);
      }
    }
    for (const std::string& id : query.expression->references()) {
      auto found = find_query(queries_, id);
      if (!found) {
        return validation_error(
            fmt::format("Error in expression '{}': there is no metric or expression with the id {}",
                        query.id, quoted(id)));
      }
      if (auto wrong = walk(*found)) return wrong;
      metrics_[at].insert(metrics_[*found].begin(), metrics_[*found].end());
    }
    states_[at] = State::Done;
    return std::nullopt;
  }
  const std::set<size_t>& metrics(size_t at) const { return metrics_[at]; }

 private:
  enum class State : uint8_t { New, Open, Done };
  const std::vector<MathQuery>& queries_;
  std::vector<State> states_;
  std::vector<std::set<size_t>> metrics_;
};

constexpr int64_t kPeriodDefaultS = 60;

math::Series on_grid(const UnitSeries* from, const math::Grid& grid, const std::string& label) {
  math::Series out{label,
                   std::vector<double>(grid.count, std::numeric_limits<double>::quiet_NaN())};
  if (from == nullptr) return out;
  for (size_t i = 0; i < from->timestamps_ms.size(); ++i) {
    int64_t cell = (from->timestamps_ms[i] - grid.start_ms) / grid.period_ms;
    if (from->timestamps_ms[i] < grid.start_ms || static_cast<size_t>(cell) >= grid.count) continue;
    if (from->values[0][i]) out.values[static_cast<size_t>(cell)] = *from->values[0][i];
  }
  return out;
}

class Evaluator {
 public:
  Evaluator(const std::vector<MathQuery>& queries, const math::Grid& grid, const ReadSeries& read)
      : queries_(queries), read_(read) {
    environment_.grid = grid;
    environment_.find = [this](std::string_view id) { return find(id); };
    environment_.metrics = [this] {
      std::vector<std::pair<std::string, math::Series>> out;
      for (size_t i = 0; i < queries_.size(); ++i) {
        if (!queries_[i].expression) out.emplace_back(queries_[i].id, metric(i));
      }
      return out;
    };
  }

  std::expected<math::Value, math::Problem> run(size_t at) {
    return queries_[at].expression->evaluate(environment_);
  }
  // The problem of an expression inside another one.
  const std::optional<std::pair<size_t, math::Problem>>& inner() const { return inner_; }

 private:
  math::Series metric(size_t at) {
    return on_grid(read_(at, environment_.grid.period_ms / 1000), environment_.grid,
                   queries_[at].label);
  }
  std::optional<math::Operand> find(std::string_view id) {
    auto at = find_query(queries_, id);
    if (!at) return std::nullopt;
    if (!queries_[*at].expression) return math::Operand{metric(*at), true};
    auto value = run(*at);
    if (!value) {
      if (!inner_) inner_ = {*at, value.error()};
      return std::nullopt;
    }
    return math::Operand{std::move(*value), false};
  }

  const std::vector<MathQuery>& queries_;
  const ReadSeries& read_;
  math::Environment environment_;
  std::optional<std::pair<size_t, math::Problem>> inner_;
};

}  // namespace

std::expected<math::Expression, AwsError> parse_expression(std::string_view id,
                                                           std::string_view text) {
  auto parsed = math::Expression::parse(text);
  if (!parsed) return std::unexpected(expression_error(id, parsed.error()));
  return std::move(*parsed);
}

std::expected<MathPeriods, AwsError> plan_periods(const std::vector<MathQuery>& queries) {
  Walker walker(queries);
  MathPeriods out;
  std::set<std::pair<size_t, int64_t>> reads;
  for (size_t i = 0; i < queries.size(); ++i) {
    if (auto wrong = walker.walk(i)) return std::unexpected(std::move(*wrong));
    int64_t period_s = 0;
    for (size_t metric : walker.metrics(i)) period_s = std::max(period_s, queries[metric].period_s);
    if (period_s == 0) {
      period_s = queries[i].period_s > 0 ? queries[i].period_s : kPeriodDefaultS;
    }
    out.period_s.push_back(period_s);
    if (!queries[i].expression || !queries[i].returned) continue;
    for (size_t metric : walker.metrics(i)) reads.emplace(metric, period_s);
  }
  out.reads.assign(reads.begin(), reads.end());
  return out;
}

std::expected<MathResult, AwsError> evaluate_expression(const std::vector<MathQuery>& queries,
                                                        size_t query, const math::Grid& grid,
                                                        const ReadSeries& read) {
  Evaluator evaluator(queries, grid, read);
  auto value = evaluator.run(query);
  MathResult out;
  if (!value) {
    size_t at = evaluator.inner() ? evaluator.inner()->first : query;
    const math::Problem& problem = evaluator.inner() ? evaluator.inner()->second : value.error();
    if (!problem.is_arithmetic) {
      return std::unexpected(expression_error(queries[at].id, problem));
    }
    out.arithmetic_error = problem.message;
    out.series.push_back({queries[query].id, {}});
    return out;
  }
  if (std::holds_alternative<double>(*value)) {
    return std::unexpected(expression_error(
        queries[query].id,
        {0, "the result is a number, not a time series; wrap it in TIME_SERIES()"}));
  }
  if (auto* series = std::get_if<math::Series>(&*value)) {
    out.series.push_back(std::move(*series));
  } else {
    out.is_array = true;
    out.series = std::move(std::get<math::Array>(*value));
  }
  return out;
}

}  // namespace kansoku::api::aws::monitoring
