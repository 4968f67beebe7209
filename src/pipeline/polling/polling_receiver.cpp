#include "pipeline/polling/polling_receiver.h"

#include <algorithm>

#include "base/check.h"

namespace kansoku::pipeline {
namespace {

using signal::Verdict;

// Errors that the same batch would meet again for ever; anything else is tried again.
bool is_final(ErrorCode code) {
  return code == ErrorCode::InvalidArgument || code == ErrorCode::OutOfRange ||
         code == ErrorCode::AlreadyExists || code == ErrorCode::FailedPrecondition ||
         code == ErrorCode::Unimplemented;
}

}  // namespace

PollingReceiver::PollingReceiver(ComponentContext context, Pace pace, EventSink& sink)
    : context_(std::move(context)), pace_(pace), sink_(sink) {}

void PollingReceiver::stop(std::move_only_function<void()> done) {
  uint64_t timer = 0;
  {
    std::lock_guard lock(inbox_mutex_);
    stopping_ = true;
    stopped_ = std::move(done);
    timer = timer_;
  }
  context_.timers->cancel(timer);
  wake();
}

void PollingReceiver::wake() {
  {
    std::lock_guard lock(inbox_mutex_);
    wanted_ = true;
    if (running_) return;
    running_ = true;
  }
  context_.executor->post(Lane::Ingest, [self = shared_from_this()] { self->turn(); });
}

void PollingReceiver::turn() {
  bool stopping = false;
  {
    std::lock_guard lock(inbox_mutex_);
    wanted_ = false;
    stopping = stopping_;
  }
  take_answers();
  if (stopping) {
    last_work();
    publish();
    std::move_only_function<void()> stopped;
    {
      std::lock_guard lock(inbox_mutex_);
      stopped = std::move(stopped_);
      running_ = false;
    }
    if (stopped) stopped();
    return;
  }
  push_refused();
  const bool more = work();
  push_prepared();
  save_if_due();
  publish();
  if (more) {
    std::lock_guard lock(inbox_mutex_);
    wanted_ = true;
  }
  end_turn();
}

void PollingReceiver::end_turn() {
  const int64_t delay_ns = next_delay_ns();
  std::lock_guard lock(inbox_mutex_);
  if (wanted_ || stopping_) {
    context_.executor->post(Lane::Ingest, [self = shared_from_this()] { self->turn(); });
    return;
  }
  running_ = false;
  context_.timers->cancel(timer_);
  timer_ = context_.timers->after(delay_ns, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->wake();
  });
}

void PollingReceiver::prepare(size_t slot, std::shared_ptr<const signal::EventBatch> batch,
                              signal::Producer producer) {
  Slot& to = slots_[slot];
  KANSOKU_CHECK(to.state == SlotState::Idle);
  to.state = SlotState::Prepared;
  to.batch = std::move(batch);
  to.producer = std::move(producer);
}

// Nothing is sent before it is remembered that it is.
void PollingReceiver::push_prepared() {
  const auto is_prepared = [](const Slot& slot) { return slot.state == SlotState::Prepared; };
  if (std::ranges::none_of(slots_, is_prepared)) return;
  if (now() < save_again_at_ || !save()) return;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (is_prepared(slots_[slot])) push(slot);
  }
}

void PollingReceiver::push_refused() {
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].state != SlotState::Waiting || slots_[slot].retry_at > now()) continue;
    ++work_stats_.retries;
    push(slot);
  }
}

void PollingReceiver::push(size_t number) {
  Slot& slot = slots_[number];
  slot.state = SlotState::Flying;
  const uint64_t rows = slot.batch->row_count();
  const uint64_t sequence = slot.producer.sequence;
  ++work_stats_.batches_sent;
  work_stats_.rows_sent += rows;
  signal::AckToken token(rows, context_.executor, Lane::Ingest,
                         [weak = weak_from_this(), number, sequence](Verdict verdict) {
                           auto self = weak.lock();
                           if (!self) return;
                           {
                             std::lock_guard lock(self->inbox_mutex_);
                             self->inbox_.push_back({number, sequence, std::move(verdict)});
                           }
                           self->wake();
                         });
  sink_.push({context_.local_scope, slot.batch, slot.producer, std::move(token)});
}

void PollingReceiver::take_answers() {
  std::vector<Answer> answers;
  {
    std::lock_guard lock(inbox_mutex_);
    answers.swap(inbox_);
  }
  for (const Answer& answer : answers) take_answer(answer);
}

void PollingReceiver::take_answer(const Answer& answer) {
  Slot& slot = slots_[answer.slot];
  if (slot.state != SlotState::Flying || slot.producer.sequence != answer.sequence) return;
  const Status& status = answer.verdict.status;
  if (status || is_final(status.error().code)) {
    slot.backoff_ms = 0;
    slot.state = SlotState::Idle;
    slot.batch.reset();
    settled(answer.slot, answer.verdict);
    return;
  }
  work_stats_.last_error = status.error().to_string();
  slot.backoff_ms = std::clamp(slot.backoff_ms * 2, pace_.retry_min_ms, pace_.retry_max_ms);
  // Up to a quarter less, so that many do not come back together.
  const auto spread = static_cast<int64_t>(context_.env.random->u64() %
                                           static_cast<uint64_t>(slot.backoff_ms / 4 + 1));
  slot.retry_at = {now().ns + (slot.backoff_ms - spread) * env::kNsPerMs};
  slot.state = SlotState::Waiting;
}

bool PollingReceiver::save() {
  const Status saved = save_state();
  const env::MonotonicTime next{now().ns + pace_.save_interval_ms * env::kNsPerMs};
  work_stats_.saving_fails = !saved;
  if (!saved) {
    ++work_stats_.save_failures;
    work_stats_.last_error = saved.error().to_string();
    save_again_at_ = next;
    return false;
  }
  save_at_ = next;
  return true;
}

void PollingReceiver::save_if_due() {
  if (is_dirty() && now() >= save_at_ && now() >= save_again_at_) save();
}

int64_t PollingReceiver::next_delay_ns() const {
  env::MonotonicTime next = next_work();
  if (is_dirty()) next = std::min(next, std::max(save_at_, save_again_at_));
  for (const Slot& slot : slots_) {
    if (slot.state == SlotState::Waiting) next = std::min(next, slot.retry_at);
    if (slot.state == SlotState::Prepared) next = std::min(next, save_again_at_);
  }
  // Never at once again: a turn that left something undone waits for a moment.
  return std::max<int64_t>(next.ns - now().ns, env::kNsPerMs);
}

}  // namespace kansoku::pipeline
