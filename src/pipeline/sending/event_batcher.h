// Events one by one into batches by rows, bytes and time. See README.md.
//
// Thread contract: free-threaded; rows are added under one mutex, so `fill` must be short.
#pragma once

#include <map>

#include "pipeline/sending/event_sender.h"

namespace kansoku::pipeline {

struct EventBatcherOptions {
  size_t rows_max = 10'000;
  size_t bytes_max = 1U << 20;  // of messages
  int64_t linger_ms = 200;      // that an event waits for others
};

class EventBatcher : public std::enable_shared_from_this<EventBatcher> {
 public:
  EventBatcher(ComponentContext context, EventBatcherOptions options,
               std::shared_ptr<EventSender> sender)
      : context_(std::move(context)), options_(options), sender_(std::move(sender)) {}

  // Adds one event; `fill(builder)` sets its further columns.
  template <class Fill>
  void add(const std::string& group, const std::string& stream, int64_t timestamp_ns,
           std::string_view message, Fill&& fill) {
    std::shared_ptr<const signal::EventBatch> ready;
    {
      std::lock_guard lock(rows_mutex_);
      begin_row(group, stream, timestamp_ns, message);
      fill(builder_);
      ready = take_full();
    }
    if (ready) sender_->send(std::move(ready), [](const signal::Verdict&) {});
  }
  // What waits goes out now.
  void flush();

 private:
  void begin_row(const std::string& group, const std::string& stream, int64_t timestamp_ns,
                 std::string_view message);
  std::shared_ptr<const signal::EventBatch> take_full();
  std::shared_ptr<const signal::EventBatch> take();

  ComponentContext context_;
  EventBatcherOptions options_;
  std::shared_ptr<EventSender> sender_;
  std::mutex rows_mutex_;  // guards the rest
  signal::EventBatchBuilder builder_;
  std::map<std::pair<std::string, std::string>, uint32_t> streams_;
  size_t bytes_ = 0;
  uint32_t message_column_ = 0;
  uint64_t round_ = 0;  // of batches, so that a timer knows its own
};

}  // namespace kansoku::pipeline
