// Long work cut into steps of a few milliseconds: it runs on a fiber, and asks now and then whether
// it is to pause. What of it must not be left in the middle asks nothing in between.
// Thread contract: WorkPause within the work; WorkSteps has one owner, one step at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/env/env.h"
#include "base/pool/fiber.h"

namespace kansoku::store::events {

class WorkPause {
 public:
  virtual ~WorkPause() = default;
  // May come back much later, and on another thread.
  virtual void here() = 0;
};
// Of work that goes on to its end.
inline void pause_at(WorkPause* pause) {
  if (pause != nullptr) pause->here();
}
// In loops: every so many rounds.
inline constexpr size_t kRoundsBetweenPauses = 512;
inline void pause_in_loop(WorkPause* pause, size_t round) {
  if (pause != nullptr && round % kRoundsBetweenPauses == 0) pause->here();
}

class WorkSteps {
 public:
  using Work = std::move_only_function<Result<bool>(WorkPause&)>;
  // `clock` and `stacks` outlive it. A step that takes longer than `step_ns` pauses.
  WorkSteps(env::Clock& clock, FiberStacks& stacks, int64_t step_ns);
  WorkSteps(const WorkSteps&) = delete;
  WorkSteps& operator=(const WorkSteps&) = delete;
  // What the work still uses lives until then: it is brought to its end.
  ~WorkSteps();

  // Begins the work, or goes on with what has paused; what the work returned, or false when it
  // has paused.
  Result<bool> step(Work work);

 private:
  class Pause;
  std::unique_ptr<Pause> pause_;
  FiberStacks* stacks_;
  std::unique_ptr<Fiber> fiber_;
  std::optional<Result<bool>> result_;
};

}  // namespace kansoku::store::events
