#include "api/prometheus/read_gate.h"

namespace kansoku::api::prometheus {

ReadGate::ReadGate(size_t running_max, size_t waiting_max) : line_(std::make_shared<Line>()) {
  line_->running_max = running_max;
  line_->waiting_max = waiting_max;
}

Status ReadGate::enter(Task task) {
  {
    std::lock_guard lock(line_->waiting_mutex);
    if (line_->running == line_->running_max) {
      if (line_->waiting.size() == line_->waiting_max) {
        return unavailable("too many remote reads: {} run and {} wait; try again later",
                           line_->running_max, line_->waiting_max);
      }
      line_->waiting.push_back(std::move(task));
      return {};
    }
    ++line_->running;
  }
  task(Slot(line_));
  return {};
}

ReadGate::Slot::~Slot() {
  if (line_ == nullptr) return;
  Task next;
  {
    std::lock_guard lock(line_->waiting_mutex);
    if (line_->waiting.empty()) {
      --line_->running;
      return;
    }
    next = std::move(line_->waiting.front());
    line_->waiting.pop_front();
  }
  next(Slot(std::move(line_)));
}

}  // namespace kansoku::api::prometheus
