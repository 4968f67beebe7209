// Where work runs: the bounded pool with lanes, and its deterministic twin for tests.
//
// Lanes are served in order: alarms before queries before ingest before merges; a lane that waits
// is served at the latest after kLaneStarveSteps tasks of better lanes, so that none starves. Tasks
// are cut into steps of at most 5 ms: long work is posted with run_steps(). Nothing may block in a
// task: no waiting for sockets, other tasks or the log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace kansoku {

enum class Lane : uint8_t { Alarm, Query, Ingest, Merge };
inline constexpr size_t kLaneCount = 4;
inline constexpr uint32_t kLaneStarveSteps = 64;

using Task = std::move_only_function<void()>;

class Executor {
 public:
  virtual ~Executor() = default;
  // Never blocks; the task runs later on some worker. After shutdown the task is destroyed unrun.
  virtual void post(Lane lane, Task task) = 0;
};

// Posts `step` again and again until it returns false.
void run_steps(Executor& executor, Lane lane, std::move_only_function<bool()> step);

// Workers with one queue a lane. Thread contract: free-threaded.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(size_t workers);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() override;
  void post(Lane lane, Task task) override;
  // Runs what is queued, then joins the workers. Later posts are dropped.
  void shutdown();

  struct LaneStats {
    uint64_t queued = 0;
    uint64_t done = 0;
    uint64_t busy_ns = 0;
  };
  LaneStats lane_stats(Lane lane) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Runs tasks on the caller's thread when asked; for tests and tools. Lanes as above.
class ManualExecutor final : public Executor {
 public:
  ManualExecutor();
  ManualExecutor(const ManualExecutor&) = delete;
  ManualExecutor& operator=(const ManualExecutor&) = delete;
  ~ManualExecutor() override;
  void post(Lane lane, Task task) override;
  // Runs one task; false when there is none.
  bool run_one();
  // Runs until nothing is queued; returns the number of tasks run.
  size_t run_until_idle();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kansoku
