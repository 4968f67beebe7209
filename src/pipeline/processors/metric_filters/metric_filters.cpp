#include "pipeline/processors/metric_filters/metric_filters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/time/grid.h"
#include "pipeline/graph/events_then_metrics.h"

namespace kansoku::pipeline::metric_filters {
namespace {

using query::log_filter::Message;

constexpr int64_t kNsPerMinute = 60 * env::kNsPerS;
constexpr size_t kMinutesKept = 64;
constexpr size_t kFiltersKept = 10'000;

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

// A metric and a minute, with what came of it.
struct Cell {
  std::vector<std::pair<std::string, std::string>> dimensions;
  int64_t minute_ns = 0;
  friend auto operator<=>(const Cell&, const Cell&) = default;
};
using Cells = std::map<Cell, std::vector<signal::ValueCount>>;

// The value and dimensions of a message that matches; nothing where one of them is missing.
struct Match {
  double value = 0;
  std::vector<std::pair<std::string, std::string>> dimensions;
};
std::optional<Match> match_of(const Transformation& t, Message& message) {
  Match out;
  if (t.constant) {
    out.value = *t.constant;
  } else {
    const auto text = t.selector->value(message);
    const auto value = text ? number_of(*text) : std::nullopt;
    if (!value) return std::nullopt;
    out.value = *value;
  }
  for (const auto& [name, selector] : t.dimensions) {
    auto value = selector.value(message);
    if (!value || value->empty()) return std::nullopt;
    out.dimensions.emplace_back(name, std::move(*value));
  }
  return out;
}

void put(const Transformation& t, const Cells& cells, signal::MetricBatchBuilder& builder) {
  for (const auto& [cell, values] : cells) {
    std::vector<signal::LabelView> labels{{signal::kNamespaceLabel, t.metric_namespace},
                                          {signal::kNameLabel, t.metric_name},
                                          {signal::kUnitLabel, t.unit}};
    for (const auto& [name, value] : cell.dimensions) labels.push_back({name, value});
    const auto series = builder.add_series(labels, {.merge = signal::MergeKind::Accumulate,
                                                    .temporality = signal::Temporality::Delta});
    if (!series) continue;  // dimensions have names of their own
    builder.add_point(*series, cell.minute_ns / env::kNsPerMs, signal::point_from_values(values));
  }
}

// The rows of a batch that one group's filters look at.
struct GroupRows {
  std::shared_ptr<const Filters> filters;
  std::vector<std::pair<int64_t, std::string_view>> events;  // time, message
};

std::vector<GroupRows> rows_of_groups(const Definitions& definitions, const signal::Scope& scope,
                                      const signal::EventBatch& batch) {
  std::vector<std::shared_ptr<const Filters>> by_stream;
  bool any = false;
  for (const signal::EventStream& stream : batch.streams()) {
    by_stream.push_back(definitions.filters_of(scope, stream.group));
    any = any || by_stream.back() != nullptr;
  }
  std::vector<GroupRows> out;
  if (!any) return out;
  std::map<const Filters*, size_t> index;
  for (const signal::EventColumn& column : batch.columns()) {
    if (column.path != signal::kMessagePath || column.type != signal::ColumnType::Text) continue;
    for (size_t i = 0; i < column.rows.size(); ++i) {
      const uint32_t row = column.rows[i];
      const auto& filters = by_stream[batch.stream_rows()[row]];
      if (filters == nullptr) continue;
      const auto [at, fresh] = index.try_emplace(filters.get(), out.size());
      if (fresh) out.push_back({filters, {}});
      out[at->second].events.emplace_back(batch.timestamps_ns()[row], column.text_at(i));
    }
  }
  return out;
}

}  // namespace

// Whether no value has been given for this minute yet; from now on there is one.
bool MetricFilters::first_seen(const std::string& filter, int64_t minute_ms) {
  std::lock_guard lock(minutes_mutex_);
  if (minutes_.size() > kFiltersKept) minutes_.clear();
  std::deque<int64_t>& seen = minutes_[filter];
  if (std::ranges::find(seen, minute_ms) != seen.end()) return false;
  seen.push_back(minute_ms);
  if (seen.size() > kMinutesKept) seen.pop_front();
  return true;
}

std::shared_ptr<const signal::MetricBatch> MetricFilters::metrics_of(
    const signal::Scope& scope, const signal::EventBatch& batch) {
  signal::MetricBatchBuilder builder;
  for (const GroupRows& group : rows_of_groups(definitions_, scope, batch)) {
    std::vector<Cells> cells(group.filters->size());
    std::set<int64_t> minutes;
    for (const auto& [ns, text] : group.events) {
      const int64_t minute = floor_to(ns, kNsPerMinute);
      minutes.insert(minute);
      Message message(text);
      for (size_t i = 0; i < cells.size(); ++i) {
        const Filter& filter = *(*group.filters)[i];
        if (!filter.pattern.matches(message)) continue;
        auto match = match_of(filter.transformation, message);
        if (match) cells[i][{std::move(match->dimensions), minute}].push_back({match->value, 1});
      }
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      const Filter& filter = *(*group.filters)[i];
      const auto& otherwise = filter.transformation.default_value;
      for (const int64_t minute : minutes) {
        if (!otherwise) break;
        const bool first = first_seen(filter.id, minute);
        if (first && !cells[i].contains({{}, minute})) cells[i][{{}, minute}] = {{*otherwise, 1}};
      }
      put(filter.transformation, cells[i], builder);
    }
  }
  return builder.point_count() == 0 ? nullptr : builder.finish();
}

void MetricFilters::push(signal::EventDelivery delivery) {
  auto batch = metrics_of(delivery.scope, *delivery.batch);
  if (batch == nullptr) return events_.push(std::move(delivery));
  push_events_then_metrics(events_, metrics_, std::move(delivery), std::move(batch));
}

}  // namespace kansoku::pipeline::metric_filters
