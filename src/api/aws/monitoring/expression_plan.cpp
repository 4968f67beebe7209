#include "api/aws/monitoring/expression_plan.h"

#include <fmt/core.h>

#include "api/aws/monitoring/monitoring_errors.h"
#include "query/anomaly/band.h"

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
      : queries_(queries),
        states_(queries.size(), State::New),
        metrics_(queries.size()),
        bands_(queries.size(), false),
        parts_(queries.size(), 1) {}

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
      bands_[at] = bands_[at] || bands_[*found];
      // A part that two others use counts twice; the bound keeps the number small.
      parts_[at] = std::min(parts_[at] + parts_[*found], kBandPartsMax + 2);
    }
    states_[at] = State::Done;
    if (!query.expression->uses_band()) return std::nullopt;
    bands_[at] = true;
    return check_band(at);
  }
  const std::set<size_t>& metrics(size_t at) const { return metrics_[at]; }
  bool has_band(size_t at) const { return bands_[at]; }

 private:
  // What CloudWatch does not do (user guide, "Anomaly detection on metric math").
  std::optional<AwsError> check_band(size_t at) const {
    auto refuse = [&](std::string_view why) {
      return validation_error(
          fmt::format("Error in expression '{}': ANOMALY_DETECTION_BAND does not support {}",
                      queries_[at].id, why));
    };
    if (queries_[at].expression->uses_metrics()) return refuse("METRICS");
    if (parts_[at] - 1 > kBandPartsMax) return refuse("more than 10 metrics or expressions");
    for (size_t metric : metrics_[at]) {
      if (queries_[metric].period_s != queries_[*metrics_[at].begin()].period_s) {
        return refuse("metrics with different periods");
      }
    }
    return std::nullopt;
  }

  enum class State : uint8_t { New, Open, Done };
  static constexpr size_t kBandPartsMax = 10;
  const std::vector<MathQuery>& queries_;
  std::vector<State> states_;
  std::vector<std::set<size_t>> metrics_;
  std::vector<bool> bands_;
  std::vector<size_t> parts_;  // metrics and expressions, itself too
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
  Evaluator(const std::vector<MathQuery>& queries, const math::Grid& grid, const ReadSeries& read,
            const BandReads* bands)
      : queries_(queries), bands_(bands) {
    bind(environment_, grid, read);
    if (bands == nullptr) return;
    bind(history_, bands->history, bands->read);
    environment_.history = &history_;
    environment_.band = [this](std::string_view id, const math::Series& series, double deviations) {
      return band(id, series, deviations);
    };
  }
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  std::expected<math::Value, math::Problem> run(size_t at) {
    return queries_[at].expression->evaluate(environment_);
  }
  // The problem of an expression inside another one.
  const std::optional<std::pair<size_t, math::Problem>>& inner() const { return inner_; }

 private:
  void bind(math::Environment& environment, const math::Grid& grid, const ReadSeries& read) {
    environment.grid = grid;
    environment.find = [this, &environment, &read](std::string_view id) {
      return find(id, environment, read);
    };
    environment.metrics = [this, &environment, &read] {
      std::vector<std::pair<std::string, math::Series>> out;
      for (size_t i = 0; i < queries_.size(); ++i) {
        if (!queries_[i].expression) {
          out.emplace_back(queries_[i].id, metric(i, environment.grid, read));
        }
      }
      return out;
    };
  }

  math::Series metric(size_t at, const math::Grid& grid, const ReadSeries& read) {
    return on_grid(read(at, grid.period_ms / 1000), grid, queries_[at].label);
  }
  std::optional<math::Operand> find(std::string_view id, const math::Environment& environment,
                                    const ReadSeries& read) {
    auto at = find_query(queries_, id);
    if (!at) return std::nullopt;
    if (!queries_[*at].expression) return math::Operand{metric(*at, environment.grid, read), true};
    auto value = queries_[*at].expression->evaluate(environment);
    if (!value) {
      if (!inner_) inner_ = {*at, value.error()};
      return std::nullopt;
    }
    return math::Operand{std::move(*value), false};
  }

  math::Array band(std::string_view id, const math::Series& series, double deviations) {
    const math::Grid& grid = bands_->history;
    query::anomaly::Options options = bands_->options(id);
    auto at = find_query(queries_, id);
    if (at && !queries_[*at].expression) {
      const UnitSeries* points = bands_->read(*at, grid.period_ms / 1000);
      if (points != nullptr && points->unit == "Percent") options.upper_limit = 100;
    }
    query::anomaly::BandQuery query{
        .history = {grid.start_ms, grid.period_ms, series.values},
        .range_begin = grid.count - std::min(grid.count, environment_.grid.count),
        .deviations = deviations};
    query::anomaly::Band found = query::anomaly::band(query, options);
    std::string label = !series.label.empty() ? series.label : std::string(id);
    math::Array out;
    out.push_back({label + " High", std::move(found.upper)});
    out.push_back({label + " Low", std::move(found.lower)});
    return out;
  }

  const std::vector<MathQuery>& queries_;
  const BandReads* bands_;
  math::Environment environment_;
  math::Environment history_;  // of what a band learns from
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
  std::set<std::pair<size_t, int64_t>> reads, histories;
  for (size_t i = 0; i < queries.size(); ++i) {
    if (auto wrong = walker.walk(i)) return std::unexpected(std::move(*wrong));
    int64_t period_s = 0;
    for (size_t metric : walker.metrics(i)) period_s = std::max(period_s, queries[metric].period_s);
    if (period_s == 0) {
      period_s = queries[i].period_s > 0 ? queries[i].period_s : kPeriodDefaultS;
    }
    out.period_s.push_back(period_s);
    out.bands.push_back(walker.has_band(i));
    if (!queries[i].expression || !queries[i].returned) continue;
    for (size_t metric : walker.metrics(i)) {
      reads.emplace(metric, period_s);
      if (walker.has_band(i)) histories.emplace(metric, period_s);
    }
  }
  out.reads.assign(reads.begin(), reads.end());
  out.histories.assign(histories.begin(), histories.end());
  return out;
}

std::expected<MathResult, AwsError> evaluate_expression(const std::vector<MathQuery>& queries,
                                                        size_t query, const math::Grid& grid,
                                                        const ReadSeries& read,
                                                        const BandReads* bands) {
  Evaluator evaluator(queries, grid, read, bands);
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
