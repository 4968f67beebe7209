#include "store/events/work_steps.h"

namespace kansoku::store::events {

class WorkSteps::Pause final : public WorkPause {
 public:
  Pause(env::Clock& clock, int64_t step_ns) : clock_(&clock), step_ns_(step_ns) {}
  void begin(Fiber& fiber) { fiber_ = &fiber; }
  void resume() { until_ns_ = clock_->monotonic_now().ns + step_ns_; }
  void to_the_end() { ending_ = true; }
  void here() override {
    if (!ending_ && clock_->monotonic_now().ns >= until_ns_) fiber_->yield();
  }

 private:
  env::Clock* clock_;
  int64_t step_ns_;
  Fiber* fiber_ = nullptr;
  int64_t until_ns_ = 0;
  bool ending_ = false;
};

WorkSteps::WorkSteps(env::Clock& clock, FiberStacks& stacks, int64_t step_ns)
    : pause_(std::make_unique<Pause>(clock, step_ns)), stacks_(&stacks) {}

WorkSteps::~WorkSteps() {
  pause_->to_the_end();
  while (fiber_ && fiber_->resume()) {
  }
}

Result<bool> WorkSteps::step(Work work) {
  if (!fiber_) {
    KANSOKU_TRY(fiber_, Fiber::make(*stacks_, [this, work = std::move(work)](Fiber& fiber) mutable {
                  pause_->begin(fiber);
                  result_ = work(*pause_);
                }));
  }
  pause_->resume();
  if (fiber_->resume()) return false;
  fiber_.reset();
  return *std::exchange(result_, std::nullopt);
}

}  // namespace kansoku::store::events
