#include "pipeline/sending/event_batcher.h"

namespace kansoku::pipeline {

void EventBatcher::begin_row(const std::string& group, const std::string& stream,
                             int64_t timestamp_ns, std::string_view message) {
  if (builder_.row_count() == 0) {
    message_column_ = builder_.text_column(signal::kMessagePath);
    context_.timers->after(options_.linger_ms * env::kNsPerMs,
                           [weak = weak_from_this(), round = round_] {
                             const auto self = weak.lock();
                             if (self == nullptr) return;
                             {
                               std::lock_guard lock(self->rows_mutex_);
                               if (self->round_ != round) return;
                             }
                             self->context_.executor->post(Lane::Ingest, [self] { self->flush(); });
                           });
  }
  auto [known, fresh] = streams_.try_emplace({group, stream}, 0);
  if (fresh) known->second = builder_.add_stream({.group = group, .stream = stream});
  builder_.add_text_row(known->second, timestamp_ns, message_column_, message);
  bytes_ += message.size();
}

std::shared_ptr<const signal::EventBatch> EventBatcher::take_full() {
  if (builder_.row_count() < options_.rows_max && bytes_ < options_.bytes_max) return nullptr;
  return take();
}

std::shared_ptr<const signal::EventBatch> EventBatcher::take() {
  streams_.clear();
  bytes_ = 0;
  ++round_;
  return builder_.finish();
}

void EventBatcher::flush() {
  std::shared_ptr<const signal::EventBatch> ready;
  {
    std::lock_guard lock(rows_mutex_);
    if (builder_.row_count() == 0) return;
    ready = take();
  }
  sender_->send(std::move(ready), [](const signal::Verdict&) {});
}

}  // namespace kansoku::pipeline
