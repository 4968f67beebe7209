#include "pipeline/processors/emf/emf_processor.h"

#include <map>

#include "base/simd/find_text.h"
#include "base/time/grid.h"
#include "pipeline/graph/events_then_metrics.h"
#include "wire/emf/emf.h"

namespace kansoku::pipeline::emf {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kSecondMs = 1'000;

// The points of a batch, of which a metric may have many: joined by time.
class Points {
 public:
  explicit Points(int64_t now_ms) : now_ms_(now_ms) {}

  void take(std::string_view group, int64_t event_ms, std::string_view message) {
    const auto document = wire::parse_emf(message);
    if (!document) return fault(group, event_ms, document.error().parsing);
    if (document->metrics.empty()) return;
    if (document->timestamp_ms < now_ms_ - kOldestMs ||
        document->timestamp_ms > now_ms_ + kNewestMs) {
      return fault(group, event_ms, false);
    }
    for (const wire::EmfMetric& metric : document->metrics) {
      std::vector<signal::LabelView> labels{{signal::kNamespaceLabel, metric.metric_namespace},
                                            {signal::kNameLabel, metric.name},
                                            {signal::kUnitLabel, metric.unit}};
      for (const auto& [name, value] : metric.dimensions) labels.push_back({name, value});
      const int64_t grid_ms = metric.by_second ? kSecondMs : kMinuteMs;
      add(labels, floor_to(document->timestamp_ms, grid_ms), metric.values);
    }
  }
  std::shared_ptr<const signal::MetricBatch> finish() {
    if (cells_.empty()) return nullptr;
    signal::MetricBatchBuilder builder;
    for (const auto& [key, values] : cells_) {
      const auto series = builder.add_series_canonical(
          key.first,
          {.merge = signal::MergeKind::Accumulate, .temporality = signal::Temporality::Delta});
      builder.add_point(series, key.second, signal::point_from_values(values));
    }
    return builder.finish();
  }

 private:
  void fault(std::string_view group, int64_t event_ms, bool parsing) {
    std::vector<signal::LabelView> labels{
        {signal::kNamespaceLabel, "AWS/Logs"},
        {signal::kNameLabel, parsing ? "EMFParsingErrors" : "EMFValidationErrors"},
        {signal::kUnitLabel, "Count"},
        {"LogGroupName", group}};
    const double one = 1;
    add(labels, floor_to(event_ms, kMinuteMs), {&one, 1});
  }
  void add(std::vector<signal::LabelView>& labels, int64_t ms, std::span<const double> values) {
    std::string canonical;
    if (!signal::append_canonical_labels(labels, canonical)) return;  // names differ
    std::vector<signal::ValueCount>& cell = cells_[{std::move(canonical), ms}];
    for (const double value : values) cell.push_back({value, 1});
  }

  int64_t now_ms_;
  std::map<std::pair<std::string, int64_t>, std::vector<signal::ValueCount>> cells_;
};

}  // namespace

void EmfProcessor::push(signal::EventDelivery delivery) {
  const signal::EventBatch& batch = *delivery.batch;
  Points points(clock_.wall_now().ms());
  for (const signal::EventColumn& column : batch.columns()) {
    if (column.path != signal::kMessagePath || column.type != signal::ColumnType::Text) continue;
    // Mostly none is: one look at all of them.
    if (find_text(column.text, "_aws\"") == std::string_view::npos) continue;
    for (size_t i = 0; i < column.rows.size(); ++i) {
      const std::string_view message = column.text_at(i);
      if (!wire::may_be_emf(message)) continue;
      const uint32_t row = column.rows[i];
      points.take(batch.streams()[batch.stream_rows()[row]].group,
                  batch.timestamps_ns()[row] / env::kNsPerMs, message);
    }
  }
  auto metrics = points.finish();
  if (metrics == nullptr) return events_.push(std::move(delivery));
  push_events_then_metrics(events_, metrics_, std::move(delivery), std::move(metrics));
}

}  // namespace kansoku::pipeline::emf
