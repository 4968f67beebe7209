#include "pipeline/sending/event_sender.h"

#include <algorithm>

namespace kansoku::pipeline {

struct EventSender::Sending {
  std::shared_ptr<const signal::EventBatch> batch;
  size_t bytes = 0;
  Done done;
  int64_t pause_ms = 0;
  signal::Verdict last;
};

namespace {

// Nothing was kept, and sending again may help.
bool is_retryable(const signal::Verdict& verdict) {
  return !verdict.status && (verdict.status.error().code == ErrorCode::Unavailable ||
                             verdict.status.error().code == ErrorCode::ResourceExhausted);
}

}  // namespace

void EventSender::send(std::shared_ptr<const signal::EventBatch> batch, Done done) {
  auto sending = std::make_shared<Sending>();
  sending->bytes = batch->memory_bytes();
  sending->batch = std::move(batch);
  sending->done = std::move(done);
  sending->pause_ms = options_.retry_min_ms;
  {
    std::lock_guard lock(state_mutex_);
    in_flight_bytes_ += sending->bytes;
    ++in_flight_;
  }
  push(sending);
}

void EventSender::push(const SendingPtr& sending) {
  signal::AckToken token(sending->batch->row_count(), nullptr, Lane::Ingest,
                         [self = shared_from_this(), sending](signal::Verdict verdict) {
                           if (!is_retryable(verdict))
                             return self->settled(sending, std::move(verdict));
                           sending->last = std::move(verdict);
                           self->wait(sending);
                         });
  sink_.push({context_.local_scope, sending->batch, {}, std::move(token)});
}

void EventSender::wait(const SendingPtr& sending) {
  const int64_t pause_ms = sending->pause_ms;
  sending->pause_ms = std::min(pause_ms * 2, options_.retry_max_ms);
  {
    std::lock_guard lock(state_mutex_);
    if (!stopping_) {
      const uint64_t timer =
          context_.timers->after(pause_ms * env::kNsPerMs, [self = shared_from_this(), sending] {
            {
              std::lock_guard inner(self->state_mutex_);
              std::erase_if(self->pausing_, [&](const auto& p) { return p.second == sending; });
            }
            self->context_.executor->post(Lane::Ingest, [self, sending] { self->push(sending); });
          });
      pausing_.emplace_back(timer, sending);
      return;
    }
  }
  settled(sending, std::move(sending->last));
}

void EventSender::settled(const SendingPtr& sending, signal::Verdict verdict) {
  sending->done(verdict);
  std::vector<Task> room;
  std::move_only_function<void()> stopped;
  {
    std::lock_guard lock(state_mutex_);
    in_flight_bytes_ -= sending->bytes;
    --in_flight_;
    if (in_flight_bytes_ < options_.in_flight_bytes_max) room.swap(waiting_for_room_);
    if (stopping_ && in_flight_ == 0) stopped = std::exchange(stopped_, nullptr);
  }
  for (Task& task : room) context_.executor->post(Lane::Ingest, std::move(task));
  if (stopped) stopped();
}

bool EventSender::full() const {
  std::lock_guard lock(state_mutex_);
  return in_flight_bytes_ >= options_.in_flight_bytes_max;
}

void EventSender::when_room(Task task) {
  {
    std::lock_guard lock(state_mutex_);
    if (in_flight_bytes_ >= options_.in_flight_bytes_max) {
      waiting_for_room_.push_back(std::move(task));
      return;
    }
  }
  context_.executor->post(Lane::Ingest, std::move(task));
}

void EventSender::stop(std::move_only_function<void()> done) {
  std::vector<std::pair<uint64_t, SendingPtr>> pausing;
  {
    std::lock_guard lock(state_mutex_);
    stopping_ = true;
    pausing.swap(pausing_);
    if (in_flight_ > 0) stopped_ = std::move(done);
  }
  if (done) return done();
  for (auto& [timer, sending] : pausing) {
    // One whose timer runs already is pushed once more, and settled by its answer.
    if (context_.timers->cancel(timer)) settled(sending, std::move(sending->last));
  }
}

}  // namespace kansoku::pipeline
