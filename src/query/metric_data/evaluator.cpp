#include "query/metric_data/evaluator.h"

#include "query/anomaly/band.h"

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

uint64_t bytes_of(const math::Value& value) {
  auto of_series = [](const math::Series& series) {
    return sizeof series + series.values.size() * sizeof(double);
  };
  if (const auto* series = std::get_if<math::Series>(&value)) return of_series(*series);
  uint64_t out = 0;
  if (const auto* array = std::get_if<math::Array>(&value)) {
    for (const math::Series& series : *array) out += of_series(series);
  }
  return out;
}

}  // namespace

math::Grid Evaluator::grid(const Over& over) const {
  CellRange range = plan_.range(over);
  return {range.start_ms, range.period_ms, range.cells()};
}

math::Array Evaluator::source_series(size_t source, Over over) const {
  math::Array out;
  const math::Grid cells = grid(over);
  over.source = source;
  for (const ReadSeries& series : read_(over)->series) out.push_back(on_grid(series, cells));
  return out;
}

std::expected<math::Value, ExpressionProblem> Evaluator::run(size_t query, int64_t period_s) {
  return value_of(query, {0, period_s, false});
}

const Evaluator::Outcome& Evaluator::value_of(size_t query, Over over) {
  auto known = values_.find({query, over});
  if (known != values_.end()) return known->second;
  inner_.reset();
  const math::Expression& expression = *plan_.parsed[query].expression;
  math::Environment range = environment(query, over);
  math::Environment history;
  // A band is not learnt from bands.
  if (expression.uses_band() && !over.history) {
    history = environment(query, {0, over.period_s, true});
    range.history = &history;
    range.band = [this, over](std::string_view id, const math::Series& series, double deviations) {
      return band(id, series, deviations, over.period_s);
    };
  }
  auto value = expression.evaluate(range);
  Outcome outcome = math::Value(0.0);
  if (value) {
    bytes_ += bytes_of(*value);
    outcome = std::move(*value);
  } else if (inner_) {
    outcome = std::unexpected(*inner_);
  } else {
    outcome = std::unexpected(ExpressionProblem{
        query, value.error().position, value.error().message, value.error().is_arithmetic});
  }
  return values_.emplace(std::pair(query, over), std::move(outcome)).first->second;
}

math::Environment Evaluator::environment(size_t query, const Over& over) {
  math::Environment out;
  out.grid = grid(over);
  out.find = [this, over](std::string_view id) { return operand(id, over); };
  out.metrics = [this, over] {
    std::vector<std::pair<std::string, math::Series>> all;
    for (size_t i = 0; i < plan_.sources.size(); ++i) {
      const Source& source = plan_.sources[i];
      if (source.kind != SourceKind::Metric) continue;
      all.emplace_back(plan_.request.queries[source.query].id,
                       std::move(source_series(i, over).front()));
    }
    return all;
  };
  out.search = [this, query, over](size_t index) {
    for (size_t i = 0; i < plan_.sources.size(); ++i) {
      const Source& source = plan_.sources[i];
      if (source.kind == SourceKind::Search && source.query == query && source.search == index) {
        return source_series(i, over);
      }
    }
    return math::Array();
  };
  return out;
}

std::optional<math::Operand> Evaluator::operand(std::string_view id, const Over& over) {
  auto at = plan_.find(id);
  if (!at) return std::nullopt;
  const ParsedQuery& parsed = plan_.parsed[*at];
  if (parsed.expression) {
    const Outcome& value = value_of(*at, over);
    if (value) return math::Operand{*value, false};
    inner_ = value.error();
    return std::nullopt;
  }
  math::Array series = source_series(*plan_.sources_of[*at].begin(), over);
  if (!parsed.select) return math::Operand{std::move(series.front()), true};
  if (!parsed.select->group_by.empty()) return math::Operand{std::move(series), false};
  if (!series.empty()) return math::Operand{std::move(series.front()), false};
  const math::Grid cells = grid(over);
  return math::Operand{
      math::Series{plan_.default_label[*at],
                   std::vector<double>(cells.count, std::numeric_limits<double>::quiet_NaN()),
                   nullptr},
      false};
}

math::Array Evaluator::band(std::string_view id, const math::Series& series, double deviations,
                            int64_t period_s) const {
  const Over over{0, period_s, true};
  const math::Grid history = grid(over);
  auto trained = plan_.request.training.find(id);
  anomaly::Options options =
      trained == plan_.request.training.end() ? anomaly::Options() : trained->second;
  auto at = plan_.find(id);
  if (at && plan_.request.queries[*at].metric) {
    const Read& read = *read_({*plan_.sources_of[*at].begin(), period_s, true});
    const std::vector<std::string>& units = read.series.front().units;
    if (!units.empty() && units.front() == "Percent") options.upper_limit = 100;
  }
  anomaly::BandQuery query{
      .history = {history.start_ms, history.period_ms, series.values},
      .range_begin = history.count - std::min(history.count, grid(period_s).count),
      .deviations = deviations};
  anomaly::Band found = anomaly::band(query, options);
  std::string label = !series.label.empty() ? series.label : std::string(id);
  math::Array out;
  out.push_back({label + " High", std::move(found.upper), nullptr});
  out.push_back({label + " Low", std::move(found.lower), nullptr});
  return out;
}

}  // namespace kansoku::query::metric_data
