#include "query/metric_data/evaluator.h"

namespace kansoku::query::metric_data {
namespace {

namespace math = metric_math;

math::Series on_grid(const ReadSeries& from, const math::Grid& grid) {
  math::Series out{from.label,
                   std::vector<double>(grid.count, std::numeric_limits<double>::quiet_NaN()),
                   from.origin};
  for (size_t i = 0; i < from.timestamps_ms.size(); ++i) {
    int64_t cell = (from.timestamps_ms[i] - grid.start_ms) / grid.period_ms;
    if (from.timestamps_ms[i] < grid.start_ms || static_cast<size_t>(cell) >= grid.count) continue;
    out.values[static_cast<size_t>(cell)] = from.values[i];
  }
  return out;
}

}  // namespace

math::Grid Evaluator::grid(int64_t period_s) const {
  CellRange range = plan_.range(period_s);
  return {range.start_ms, range.period_ms, range.cells()};
}

math::Array Evaluator::source_series(size_t source, int64_t period_s) const {
  math::Array out;
  const math::Grid cells = grid(period_s);
  for (const ReadSeries& series : read_(source, period_s)->series) {
    out.push_back(on_grid(series, cells));
  }
  return out;
}

std::expected<math::Value, ExpressionProblem> Evaluator::run(size_t query, int64_t period_s) {
  return value_of(query, period_s);
}

const Evaluator::Outcome& Evaluator::value_of(size_t query, int64_t period_s) {
  auto known = values_.find({query, period_s});
  if (known != values_.end()) return known->second;
  inner_.reset();
  auto value = plan_.parsed[query].expression->evaluate(environment(query, period_s));
  Outcome outcome = math::Value(0.0);
  if (value) {
    outcome = std::move(*value);
  } else if (inner_) {
    outcome = std::unexpected(*inner_);
  } else {
    outcome = std::unexpected(ExpressionProblem{
        query, value.error().position, value.error().message, value.error().is_arithmetic});
  }
  return values_.emplace(std::pair(query, period_s), std::move(outcome)).first->second;
}

math::Environment Evaluator::environment(size_t query, int64_t period_s) {
  math::Environment out;
  out.grid = grid(period_s);
  out.find = [this, period_s](std::string_view id) { return operand(id, period_s); };
  out.metrics = [this, period_s] {
    std::vector<std::pair<std::string, math::Series>> all;
    for (size_t i = 0; i < plan_.sources.size(); ++i) {
      const Source& source = plan_.sources[i];
      if (source.kind != SourceKind::Metric) continue;
      all.emplace_back(plan_.request.queries[source.query].id,
                       std::move(source_series(i, period_s).front()));
    }
    return all;
  };
  out.search = [this, query, period_s](size_t index) {
    for (size_t i = 0; i < plan_.sources.size(); ++i) {
      const Source& source = plan_.sources[i];
      if (source.kind == SourceKind::Search && source.query == query && source.search == index) {
        return source_series(i, period_s);
      }
    }
    return math::Array();
  };
  return out;
}

std::optional<math::Operand> Evaluator::operand(std::string_view id, int64_t period_s) {
  auto at = plan_.find(id);
  if (!at) return std::nullopt;
  const ParsedQuery& parsed = plan_.parsed[*at];
  if (parsed.expression) {
    const Outcome& value = value_of(*at, period_s);
    if (value) return math::Operand{*value, false};
    inner_ = value.error();
    return std::nullopt;
  }
  math::Array series = source_series(*plan_.sources_of[*at].begin(), period_s);
  if (!parsed.select) return math::Operand{std::move(series.front()), true};
  if (!parsed.select->group_by.empty()) return math::Operand{std::move(series), false};
  if (!series.empty()) return math::Operand{std::move(series.front()), false};
  const math::Grid cells = grid(period_s);
  return math::Operand{
      math::Series{plan_.default_label[*at],
                   std::vector<double>(cells.count, std::numeric_limits<double>::quiet_NaN()),
                   nullptr},
      false};
}

}  // namespace kansoku::query::metric_data
