// Long calls side by side on fibers: each gives way when its step is used up, and the next one goes
// on, those that have not begun in turn with those that have. Few steps run at once, and those
// after the first wait behind ingest, so that ingest keeps a worker. What is more than
// `running_max` waits in a bounded line. (Decision 064.)
//
// Thread contract: free-threaded. Destroyed after its executor runs nothing any more.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "base/pool/fiber.h"

namespace kansoku {

class FiberQueue {
 public:
  // Prometheus' default of --query.max-concurrency.
  static constexpr size_t kRunningMax = 20;
  static constexpr size_t kWaitingMax = 20;

  struct Parts {
    const env::Clock* clock = nullptr;
    Executor* executor = nullptr;
    size_t running_max = kRunningMax;
    // Steps that hold a worker at the same time.
    size_t steps_at_once = 1;
  };
  explicit FiberQueue(Parts parts);
  FiberQueue(const FiberQueue&) = delete;
  FiberQueue& operator=(const FiberQueue&) = delete;
  // Ends what is left, as shutdown() does.
  ~FiberQueue();

  // What remains to be done when the call has ended and its fiber is gone: to answer.
  using Finish = std::move_only_function<void()>;
  struct Job {
    // Runs on a fiber, which it yields where it may wait; `waited_ns`: its time in the line.
    std::move_only_function<Finish(Fiber& fiber, int64_t waited_ns)> run;
    // Called instead, with what to tell who asked: the line is full, or the server is stopping.
    std::move_only_function<void(Error)> refuse;
  };
  void submit(Job job);

  // What waits is refused; what runs finds stopping() set when its fiber comes back, and should end
  // then. The executor must still run what is queued there.
  void shutdown();
  bool stopping() const { return stopping_.load(); }

  // Bounds of the lengths of steps that are told apart; a last row counts those that are longer.
  static constexpr std::array<int64_t, 6> kStepMsBounds{5, 7, 10, 20, 50, 100};
  struct Stats {
    size_t running = 0;
    size_t waiting = 0;
    uint64_t answered = 0;
    std::array<uint64_t, kStepMsBounds.size() + 1> steps{};
    int64_t longest_step_ns = 0;
  };
  Stats stats() const;

 private:
  struct Call;
  using CallPtr = std::unique_ptr<Call>;
  struct Waiting {
    Job job;
    int64_t queued_ns = 0;
  };

  void post_slot(bool any_fresh);
  void run_slot();
  CallPtr next();  // calls_mutex_ is held
  bool step(Call& call);
  void end(CallPtr call);
  void count_step(int64_t ns);

  Parts parts_;
  FiberStacks stacks_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex calls_mutex_;
  std::deque<Waiting> waiting_;
  std::deque<CallPtr> fresh_;  // admitted, without a step yet
  std::deque<CallPtr> ready_;  // have given way
  bool fresh_was_last_ = false;
  size_t running_ = 0;  // fresh, ready, or in a step
  size_t slots_ = 0;    // tasks that take steps, one after the other
  Stats stats_;
};

}  // namespace kansoku
