// One picture at a time: drawing holds a worker, and the fonts are shared. Whoever comes while a
// picture is drawn leaves the work to the one who draws, so nobody waits. Internal to
// api/aws/monitoring.
#pragma once

#include <deque>
#include <functional>
#include <mutex>

namespace kansoku::api::aws::monitoring {

class PictureQueue {
 public:
  // Pictures waiting; beyond, callers are told to come again.
  static constexpr size_t kWaitingMax = 32;

  // False: too many are waiting, `draw` will not run.
  bool run(std::move_only_function<void()> draw);

 private:
  std::mutex waiting_mutex_;
  std::deque<std::move_only_function<void()>> waiting_;
  bool drawing_ = false;
};

}  // namespace kansoku::api::aws::monitoring
