// Sinks for tests of processors.
#pragma once

#include "pipeline/component.h"

namespace kansoku::pipeline {

// Takes events with the verdict that is set.
class TestEvents final : public EventSink {
 public:
  signal::Verdict verdict;
  void push(signal::EventDelivery delivery) override {
    verdict.counts = {{.outcome = signal::Outcome::Stored, .rows = delivery.batch->row_count()}};
    delivery.token.resolve(verdict);
  }
};

// Keeps points as "metric{dimension=value} at MINUTE: count*sum".
class TestMetrics final : public MetricSink {
 public:
  std::vector<std::string> points;
  void push(signal::MetricDelivery delivery) override {
    const signal::MetricBatch& batch = *delivery.batch;
    for (size_t i = 0; i < batch.point_count(); ++i) {
      const auto labels = signal::Labels::from_canonical(
          std::string(batch.canonical_labels(batch.point_series()[i])));
      std::string text(labels.get(signal::kNameLabel));
      for (const signal::LabelView& label : labels.list()) {
        if (!label.name.starts_with("__")) text += fmt::format(" {}={}", label.name, label.value);
      }
      const signal::Point point = batch.point(i);
      points.push_back(fmt::format("{} at {}: {}*{}", text, batch.timestamps_ms()[i] / 60'000,
                                   point.count(), point.sum()));
    }
    delivery.token.resolve(signal::Verdict::stored(delivery.token.rows()));
  }
};

// One batch of messages (nanoseconds, text) of a group; whether all of it was taken.
inline bool push_messages(EventSink& sink, std::vector<std::pair<int64_t, std::string>> messages,
                          std::string group) {
  signal::EventBatchBuilder builder;
  const uint32_t stream = builder.add_stream({std::move(group), "s"});
  for (const auto& [ns, text] : messages) {
    builder.add_row(stream, ns);
    builder.set_text(signal::kMessagePath, text);
  }
  bool good = false;
  sink.push({{"1", "r"},
             builder.finish(),
             {},
             signal::AckToken(messages.size(), nullptr, Lane::Ingest,
                              [&](signal::Verdict v) { good = v.good(); })});
  return good;
}

}  // namespace kansoku::pipeline
