// How many remote reads run at once; more wait in a bounded line, in the order in which they came.
//
// Owned by PrometheusApi; slots keep what they need alive. Thread contract: free-threaded.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "base/result.h"

namespace kansoku::api::prometheus {

class ReadGate {
  struct Line;

 public:
  // The right to run; when it goes, the next in line gets it.
  class Slot {
   public:
    explicit Slot(std::shared_ptr<Line> line) : line_(std::move(line)) {}
    Slot(Slot&&) noexcept = default;
    Slot& operator=(Slot&&) = delete;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot();

   private:
    std::shared_ptr<Line> line_;
  };
  using Task = std::move_only_function<void(Slot)>;

  ReadGate(size_t running_max, size_t waiting_max);
  // Calls the task at once, or in whoever's thread gives up a slot; it must not do the work there.
  // Unavailable when the line is full; the task is destroyed then.
  Status enter(Task task);

 private:
  struct Line {
    size_t running_max = 0;
    size_t waiting_max = 0;
    std::mutex waiting_mutex;
    size_t running = 0;
    std::deque<Task> waiting;
  };
  std::shared_ptr<Line> line_;
};

}  // namespace kansoku::api::prometheus
