// Processor `emf`: metrics of events in the embedded metric format. See README.md.
//
// Thread contract: free-threaded.
#pragma once

#include "pipeline/component.h"

namespace kansoku::pipeline::emf {

inline constexpr int64_t kOldestMs = 14 * int64_t{86'400'000};
inline constexpr int64_t kNewestMs = 2 * int64_t{3'600'000};

class EmfProcessor final : public EventSink {
 public:
  EmfProcessor(const env::Clock& clock, EventSink& events, MetricSink& metrics)
      : clock_(clock), events_(events), metrics_(metrics) {}
  void push(signal::EventDelivery delivery) override;

 private:
  const env::Clock& clock_;
  EventSink& events_;
  MetricSink& metrics_;
};

}  // namespace kansoku::pipeline::emf
