#include "query/metric_data/run.h"

#include "base/check.h"
#include "query/metric_data/evaluator.h"

namespace kansoku::query::metric_data {
namespace {

namespace math = metric_math;

constexpr std::string_view kMultipleUnits = "MultipleUnits";
constexpr std::string_view kMaxMetricsExceeded = "MaxMetricsExceeded";
constexpr std::string_view kArithmeticError = "ArithmeticError";

Failure failure(Error error) { return {std::move(error), std::nullopt, std::nullopt}; }

uint64_t bytes_of(const Read& read) {
  uint64_t out = 0;
  for (const ReadSeries& series : read.series) {
    out += sizeof series + series.values.size() * (sizeof(int64_t) + sizeof(double));
  }
  return out;
}

// Only points that are there; an infinite one is none.
void take_points(ResultSeries& out, const math::Grid& grid, const std::vector<double>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    out.timestamps_ms.push_back(grid.start_ms + static_cast<int64_t>(i) * grid.period_ms);
    out.values.push_back(values[i]);
  }
}

}  // namespace

std::string label_of(const Plan& plan, const ResultSeries& result, const LabelContext& context) {
  const LabelSeries series{result.timestamps_ms, result.values};
  LabelSubject subject;
  if (result.origin != nullptr) subject = *result.origin;
  subject.period_s = plan.period_s[result.query];
  const std::optional<std::string>& asked = plan.request.queries[result.query].label;
  // The label of the metric that an expression passes on may be dynamic itself.
  std::string own = result.label;
  bool metrics_label = result.of_array && subject.label && !subject.label->empty();
  if (metrics_label) own = expand_label(*subject.label, own, subject, series, context);
  if (!asked) return own;
  bool dynamic = asked->find("${") != std::string::npos;
  if (dynamic || !result.of_array) {
    if (asked->empty()) return own;
    return expand_label(*asked, own, subject, series, context);
  }
  return asked->empty() ? own : *asked + " " + own;
}

Runner::Runner(const store::MetricStore& store, const Plan& plan, QueryContext& context)
    : store_(store), plan_(plan), context_(context) {}
Runner::~Runner() = default;

std::expected<bool, Failure> Runner::step() {
  if (auto good = context_.check(); !good) return std::unexpected(failure(good.error()));
  auto done = [](Result<bool> step) -> std::expected<bool, Failure> {
    if (!step) return std::unexpected(failure(std::move(step).error()));
    return true;
  };
  if (next_source_ < plan_.sources.size()) return done(find_step());
  if (next_read_ < plan_.reads.size()) return done(read_step());
  return answer_step();
}

Result<bool> Runner::find_step() {
  const Source& source = plan_.sources[next_source_];
  bool needed = std::ranges::any_of(plan_.reads,
                                    [&](const auto& read) { return read.source == next_source_; });
  if (source.kind != SourceKind::Search || !needed) {
    ++next_source_;
    return true;
  }
  if (finder_ == nullptr) {
    finder_ = std::make_unique<Finder>(store_, plan_, source, kFoundMax - found_total_);
  }
  KANSOKU_TRY(bool more, finder_->step());
  if (more) return true;
  if (finder_->truncated()) note_truncated(source.query, "SEARCH");
  Found found = finder_->take();
  found_total_ += found.size();
  found_[next_source_++] = std::move(found);
  finder_.reset();
  return true;
}

std::unique_ptr<SourceReader> Runner::open(const ReadKey& key) {
  switch (plan_.sources[key.source].kind) {
    case SourceKind::Metric:
      return read_metric(store_, plan_, key, context_);
    case SourceKind::Search:
      return read_found(store_, plan_, key, found_.at(key.source), context_);
    case SourceKind::Select:
      return read_select(store_, plan_, key, context_);
  }
  return nullptr;
}

// What a source gives where nothing of that age is held at the period.
Read Runner::empty_read(size_t source) const {
  const Source& from = plan_.sources[source];
  Read out;
  if (from.kind != SourceKind::Metric) return out;
  const Query& query = plan_.request.queries[from.query];
  ReadSeries& series = out.series.emplace_back();
  series.label = plan_.default_label[from.query];
  series.origin = std::make_shared<const math::Origin>(math::Origin{
      query.metric->metric_namespace, query.metric->metric_name, query.metric->dimensions,
      query.metric->statistic.text, query.period_s, query.label});
  return out;
}

// What was found over a long range may be too much.
Status Runner::check_found(const ReadKey& key) {
  if (plan_.sources[key.source].kind != SourceKind::Search) return {};
  uint64_t metrics = found_.at(key.source).size();
  found_cells_ += metrics * plan_.range(key).cells();
  if (found_cells_ <= kFoundCellsMax) return {};
  return invalid_argument(
      "searches found up to {} datapoints, limit {}; take a longer period or a shorter range",
      found_cells_, kFoundCellsMax);
}

Result<bool> Runner::read_step() {
  const ReadKey& key = plan_.reads[next_read_];
  if (reader_ == nullptr) {
    if (!plan_.range(key).held) {
      ++next_read_;
      KANSOKU_RETURN_IF_ERROR(keep(key, empty_read(key.source)));
      return true;
    }
    KANSOKU_RETURN_IF_ERROR(check_found(key));
    reader_ = open(key);
  }
  KANSOKU_TRY(bool more, reader_->step());
  if (more) return true;
  KANSOKU_RETURN_IF_ERROR(keep(key, reader_->take()));
  reader_.reset();
  ++next_read_;
  return true;
}

Status Runner::keep(const ReadKey& key, Read read) {
  const Source& source = plan_.sources[key.source];
  if (read.truncated) note_truncated(source.query, "SELECT");
  KANSOKU_RETURN_IF_ERROR(context_.charge_memory(bytes_of(read)));
  reads_[key] = std::move(read);
  return {};
}

void Runner::note_truncated(size_t query, std::string_view what) {
  std::string text =
      fmt::format("Maximum number of allowed metrics exceeded: {} of query '{}' found more than {}",
                  what, plan_.request.queries[query].id, kFoundMax);
  bool known = std::ranges::any_of(answer_.messages,
                                   [&](const Message& message) { return message.text == text; });
  if (!known) answer_.messages.push_back({std::string(kMaxMetricsExceeded), std::move(text)});
}

std::expected<bool, Failure> Runner::answer_step() {
  if (next_query_ == plan_.parsed.size()) return false;
  size_t query = next_query_++;
  if (!plan_.request.queries[query].returned) return true;
  size_t first = answer_.results.size();
  const ParsedQuery& parsed = plan_.parsed[query];
  if (parsed.expression) {
    if (auto good = add_expression(query); !good) return std::unexpected(good.error());
  } else {
    bool of_array = parsed.select && !parsed.select->group_by.empty();
    add_read(query, reads_.at({*plan_.sources_of[query].begin(), plan_.period_s[query], false}),
             of_array);
  }
  if (answer_.results.size() == first)
    answer_.results.push_back({query, plan_.default_label[query]});
  for (size_t source : plan_.sources_of[query]) {
    if (!reads_.at({source, plan_.period_s[query], false}).partial) continue;
    for (size_t i = first; i < answer_.results.size(); ++i) answer_.results[i].partial = true;
  }
  uint64_t bytes = 0;
  for (size_t i = first; i < answer_.results.size(); ++i) {
    bytes += answer_.results[i].values.size() * (sizeof(int64_t) + sizeof(double));
  }
  if (auto good = context_.charge_memory(bytes); !good) {
    return std::unexpected(failure(good.error()));
  }
  return true;
}

void Runner::add_read(size_t query, const Read& read, bool of_array) {
  for (const ReadSeries& series : read.series) {
    ResultSeries& out = answer_.results.emplace_back();
    out.query = query;
    out.label = series.label;
    out.origin = series.origin;
    out.of_array = of_array;
    out.timestamps_ms = series.timestamps_ms;
    out.values = series.values;
    if (plan_.request.queries[query].metric && !series.units.empty()) {
      out.unit = series.units.front();
    }
    if (series.units.size() < 2) continue;
    std::string names;
    for (const std::string& unit : series.units) names += (names.empty() ? "" : ", ") + unit;
    out.messages.push_back(
        {std::string(kMultipleUnits), fmt::format("Multiple units returned: '[{}]'", names)});
  }
}

std::expected<void, Failure> Runner::add_expression(size_t query) {
  if (evaluator_ == nullptr) {
    evaluator_ =
        std::make_unique<Evaluator>(plan_, [this](const ReadKey& key) { return &reads_.at(key); });
  }
  auto value = evaluator_->run(query, plan_.period_s[query]);
  // Values of expressions are kept for others that use them.
  uint64_t bytes = evaluator_->bytes();
  if (auto good = context_.charge_memory(bytes - evaluated_bytes_); !good) {
    return std::unexpected(failure(good.error()));
  }
  evaluated_bytes_ = bytes;
  if (!value) {
    if (!value.error().is_arithmetic) {
      const auto& at = value.error();
      return std::unexpected(
          Failure{Error{ErrorCode::InvalidArgument, at.message, {}}, at.query, at.position});
    }
    // CloudWatch answers it with an empty result and a message.
    ResultSeries& out = answer_.results.emplace_back();
    out.query = query;
    out.label = plan_.default_label[query];
    out.messages.push_back({std::string(kArithmeticError), value.error().message});
    return {};
  }
  if (std::holds_alternative<double>(*value)) {
    return std::unexpected(
        Failure{Error{ErrorCode::InvalidArgument,
                      "the result is a number, not a time series; wrap it in TIME_SERIES()",
                      {}},
                query, 0});
  }
  const math::Grid grid = evaluator_->grid(plan_.period_s[query]);
  auto add = [&](const math::Series& series, bool of_array) {
    ResultSeries& out = answer_.results.emplace_back();
    out.query = query;
    out.of_array = of_array;
    out.label = of_array && !series.label.empty() ? series.label : plan_.default_label[query];
    out.origin = series.origin;
    take_points(out, grid, series.values);
  };
  if (const auto* series = std::get_if<math::Series>(&*value)) {
    add(*series, false);
    return {};
  }
  for (const math::Series& series : std::get<math::Array>(*value)) add(series, true);
  return {};
}

}  // namespace kansoku::query::metric_data
