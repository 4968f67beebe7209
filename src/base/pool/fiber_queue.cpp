#include "base/pool/fiber_queue.h"

#include <algorithm>
#include <thread>

#include "base/check.h"

namespace kansoku {

// A call that has been admitted. Moves from queue to queue; a step has it to itself.
struct FiberQueue::Call {
  Job job;
  int64_t queued_ns = 0;
  std::unique_ptr<Fiber> fiber;  // null before the first step
  Finish finish;
};

FiberQueue::FiberQueue(Parts parts) : parts_(parts) {}

FiberQueue::~FiberQueue() {
  shutdown();
  // Steps whose tasks the executor has dropped.
  run_slot();
  KANSOKU_CHECK(running_ == 0);
}

void FiberQueue::shutdown() {
  std::deque<Waiting> refused;
  {
    std::lock_guard lock(calls_mutex_);
    stopping_.store(true);
    refused.swap(waiting_);
  }
  for (Waiting& waiting : refused)
    waiting.job.refuse(unavailable("the server is stopping; try again later").error());
}

void FiberQueue::submit(Job job) {
  Waiting fresh{std::move(job), parts_.clock->monotonic_now().ns};
  Status admitted;
  {
    std::lock_guard lock(calls_mutex_);
    if (stopping_.load()) {
      admitted = unavailable("the server is stopping; try again later");
    } else if (running_ < parts_.running_max) {
      ++running_;
      fresh_.push_back(std::make_unique<Call>(std::move(fresh.job), fresh.queued_ns));
      if (slots_ >= parts_.steps_at_once) return;
      ++slots_;
    } else if (waiting_.size() < kWaitingMax) {
      waiting_.push_back(std::move(fresh));
      return;
    } else {
      admitted =
          unavailable("too many queries: {} are running and {} waiting, limit {}; try again later",
                      running_, waiting_.size(), parts_.running_max + kWaitingMax);
    }
  }
  if (admitted) {
    post_slot(true);
  } else {
    fresh.job.refuse(std::move(admitted).error());
  }
}

// What has used up a step waits behind ingest; what is new goes before it.
void FiberQueue::post_slot(bool any_fresh) {
  parts_.executor->post(any_fresh ? Lane::Query : Lane::Ingest, [this] { run_slot(); });
}

// One step, or all that is left when nothing will be posted any more.
void FiberQueue::run_slot() {
  for (;;) {
    CallPtr call;
    {
      std::lock_guard lock(calls_mutex_);
      call = next();
    }
    bool any_fresh = false;
    const bool more = call && step(*call);
    if (call && !more) end(std::move(call));
    {
      std::lock_guard lock(calls_mutex_);
      if (more) ready_.push_back(std::move(call));
      any_fresh = !fresh_.empty();
      if (!any_fresh && ready_.empty()) {
        slots_ -= slots_ > 0 ? 1 : 0;
        return;
      }
    }
    if (stopping_.load()) continue;
    // The loops that read and write sockets, and the log's writer, may wait for this core.
    std::this_thread::yield();
    post_slot(any_fresh);
    return;
  }
}

FiberQueue::CallPtr FiberQueue::next() {
  // New ones before old ones, so that a cheap query is answered at once, but in turn, so that many
  // new ones do not keep the old ones from going on.
  fresh_was_last_ = !fresh_.empty() && (ready_.empty() || !fresh_was_last_);
  std::deque<CallPtr>& from = fresh_was_last_ ? fresh_ : ready_;
  if (from.empty()) return nullptr;
  CallPtr out = std::move(from.front());
  from.pop_front();
  return out;
}

// False: it has ended.
bool FiberQueue::step(Call& call) {
  const int64_t begun_ns = parts_.clock->monotonic_now().ns;
  if (!call.fiber) {
    auto fiber = Fiber::make(stacks_, [&call, waited_ns = begun_ns - call.queued_ns](Fiber& self) {
      call.finish = call.job.run(self, waited_ns);
    });
    if (!fiber) {
      call.finish = [&call, error = std::move(fiber).error()]() mutable {
        call.job.refuse(std::move(error));
      };
      return false;
    }
    call.fiber = std::move(*fiber);
  }
  const bool more = call.fiber->resume();
  count_step(parts_.clock->monotonic_now().ns - begun_ns);
  return more;
}

void FiberQueue::end(CallPtr call) {
  call->fiber.reset();
  call->finish();
  std::lock_guard lock(calls_mutex_);
  ++stats_.answered;
  if (waiting_.empty()) {
    --running_;
    return;
  }
  Waiting& first = waiting_.front();
  fresh_.push_back(std::make_unique<Call>(std::move(first.job), first.queued_ns));
  waiting_.pop_front();
}

void FiberQueue::count_step(int64_t ns) {
  const auto bound = std::ranges::find_if(
      kStepMsBounds, [&](int64_t bound_ms) { return ns <= bound_ms * env::kNsPerMs; });
  std::lock_guard lock(calls_mutex_);
  ++stats_.steps[static_cast<size_t>(bound - kStepMsBounds.begin())];
  stats_.longest_step_ns = std::max(stats_.longest_step_ns, ns);
}

FiberQueue::Stats FiberQueue::stats() const {
  std::lock_guard lock(calls_mutex_);
  Stats out = stats_;
  out.running = running_;
  out.waiting = waiting_.size();
  return out;
}

}  // namespace kansoku
