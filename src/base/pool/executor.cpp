#include "base/pool/executor.h"

#include <pthread.h>

#include <condition_variable>
#include <thread>

#include "base/env/env.h"

namespace kansoku {
namespace {

// The queues of the lanes and the rule which one is next.
class LaneQueues {
 public:
  void push(Lane lane, Task task) { queues_[static_cast<size_t>(lane)].push_back(std::move(task)); }
  size_t size(Lane lane) const { return queues_[static_cast<size_t>(lane)].size(); }

  bool pop(Lane& lane, Task& task) {
    size_t chosen = kLaneCount;
    for (size_t i = 0; i < kLaneCount; ++i) {
      if (queues_[i].empty()) {
        waited_[i] = 0;
        continue;
      }
      if (chosen == kLaneCount || waited_[i] >= kLaneStarveSteps) chosen = i;
    }
    if (chosen == kLaneCount) return false;
    for (size_t i = 0; i < kLaneCount; ++i) {
      if (i != chosen && !queues_[i].empty()) ++waited_[i];
    }
    waited_[chosen] = 0;
    lane = static_cast<Lane>(chosen);
    task = std::move(queues_[chosen].front());
    queues_[chosen].pop_front();
    return true;
  }

 private:
  std::array<std::deque<Task>, kLaneCount> queues_;
  std::array<uint32_t, kLaneCount> waited_{};
};

struct Steps {
  Executor* executor;
  Lane lane;
  std::move_only_function<bool()> step;
};

void post_steps(std::unique_ptr<Steps> steps) {
  Executor& executor = *steps->executor;
  Lane lane = steps->lane;
  executor.post(lane, [steps = std::move(steps)]() mutable {
    if (steps->step()) post_steps(std::move(steps));
  });
}

}  // namespace

void run_steps(Executor& executor, Lane lane, std::move_only_function<bool()> step) {
  post_steps(std::make_unique<Steps>(Steps{&executor, lane, std::move(step)}));
}

struct ThreadPool::State {
  mutable std::mutex queue_mutex;
  std::condition_variable ready;
  LaneQueues queues;
  std::array<LaneStats, kLaneCount> stats{};
  bool stopping = false;
  std::vector<std::thread> workers;

  void work() {
    ::pthread_setname_np(::pthread_self(), "kansoku-worker");
    std::unique_lock lock(queue_mutex);
    for (;;) {
      Lane lane{};
      Task task;
      if (!queues.pop(lane, task)) {
        if (stopping) return;
        ready.wait(lock);
        continue;
      }
      lock.unlock();
      int64_t started_ns = env::real_clock().monotonic_now().ns;
      task();
      task = nullptr;
      int64_t ended_ns = env::real_clock().monotonic_now().ns;
      lock.lock();
      LaneStats& stat = stats[static_cast<size_t>(lane)];
      ++stat.done;
      stat.busy_ns += static_cast<uint64_t>(ended_ns - started_ns);
    }
  }
};

ThreadPool::ThreadPool(size_t workers) : state_(std::make_unique<State>()) {
  for (size_t i = 0; i < workers; ++i) {
    state_->workers.emplace_back([state = state_.get()] { state->work(); });
  }
}

ThreadPool::~ThreadPool() { shutdown(); }

void ThreadPool::post(Lane lane, Task task) {
  {
    std::lock_guard lock(state_->queue_mutex);
    if (state_->stopping) return;
    state_->queues.push(lane, std::move(task));
  }
  state_->ready.notify_one();
}

void ThreadPool::shutdown() {
  {
    std::lock_guard lock(state_->queue_mutex);
    state_->stopping = true;
  }
  state_->ready.notify_all();
  for (std::thread& worker : state_->workers) {
    if (worker.joinable()) worker.join();
  }
}

ThreadPool::LaneStats ThreadPool::lane_stats(Lane lane) const {
  std::lock_guard lock(state_->queue_mutex);
  LaneStats stats = state_->stats[static_cast<size_t>(lane)];
  stats.queued = state_->queues.size(lane);
  return stats;
}

struct ManualExecutor::State {
  std::mutex mutex;
  LaneQueues queues;
};

ManualExecutor::ManualExecutor() : state_(std::make_unique<State>()) {}
ManualExecutor::~ManualExecutor() = default;

void ManualExecutor::post(Lane lane, Task task) {
  std::lock_guard lock(state_->mutex);
  state_->queues.push(lane, std::move(task));
}

bool ManualExecutor::run_one() {
  Lane lane{};
  Task task;
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->queues.pop(lane, task)) return false;
  }
  task();
  return true;
}

size_t ManualExecutor::run_until_idle() {
  size_t done = 0;
  while (run_one()) ++done;
  return done;
}

}  // namespace kansoku
