// Batches of events under way to a sink, bounded, tried again while the sink cannot take them. See
// README.md.
//
// Thread contract: free-threaded. Callbacks run on the thread that settled the batch, or on the
// pool. Lifetime: batches under way keep the sender alive.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "pipeline/component.h"

namespace kansoku::pipeline {

struct EventSenderOptions {
  size_t in_flight_bytes_max = 16U << 20;
  int64_t retry_min_ms = 250;
  int64_t retry_max_ms = 10'000;
};

class EventSender : public std::enable_shared_from_this<EventSender> {
 public:
  using Done = std::move_only_function<void(const signal::Verdict&)>;
  EventSender(ComponentContext context, EventSenderOptions options, EventSink& sink)
      : context_(std::move(context)), options_(options), sink_(sink) {}

  // Takes it also when full: the bound is one that sources ask for first. `done` gets a verdict
  // that sending again would not change, or after stop() the last one.
  void send(std::shared_ptr<const signal::EventBatch> batch, Done done);
  bool full() const;
  // Calls on the pool, once, when there is room again (at once when there is).
  void when_room(Task task);
  // Nothing is tried again from here on; `done` when nothing is under way.
  void stop(std::move_only_function<void()> done);

 private:
  struct Sending;
  using SendingPtr = std::shared_ptr<Sending>;
  void push(const SendingPtr& sending);
  void settled(const SendingPtr& sending, signal::Verdict verdict);
  void wait(const SendingPtr& sending);

  ComponentContext context_;
  EventSenderOptions options_;
  EventSink& sink_;
  mutable std::mutex state_mutex_;  // guards the rest
  size_t in_flight_bytes_ = 0;
  size_t in_flight_ = 0;
  bool stopping_ = false;
  std::vector<Task> waiting_for_room_;
  std::vector<std::pair<uint64_t, SendingPtr>> pausing_;  // timer, batch
  std::move_only_function<void()> stopped_;
};

}  // namespace kansoku::pipeline
