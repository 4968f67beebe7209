#include "api/aws/monitoring/picture_queue.h"

namespace kansoku::api::aws::monitoring {

bool PictureQueue::run(std::move_only_function<void()> draw) {
  {
    std::lock_guard lock(waiting_mutex_);
    if (drawing_) {
      if (waiting_.size() >= kWaitingMax) return false;
      waiting_.push_back(std::move(draw));
      return true;
    }
    drawing_ = true;
  }
  while (true) {
    draw();
    std::lock_guard lock(waiting_mutex_);
    if (waiting_.empty()) {
      drawing_ = false;
      return true;
    }
    draw = std::move(waiting_.front());
    waiting_.pop_front();
  }
}

}  // namespace kansoku::api::aws::monitoring
