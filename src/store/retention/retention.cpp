#include "store/retention/retention.h"

#include "base/time/duration.h"

namespace kansoku::store {
int retention_class_days(int days) {
  if (days <= 0) return 0;
  for (int each : kRetentionClassesDays) {
    if (each >= days) return each;
  }
  return 0;
}

Result<int64_t> retention_ms(std::string_view text) {
  if (auto ms = parse_joined_duration_ms(text)) return *ms;
  return invalid_argument("bad retention {}: expected e.g. 15d, 36h, 2w", quoted(text));
}

struct RetentionSchedule::State {
  env::Timers* timers = nullptr;
  Enforce enforce;
  int64_t period_ns = 0;
  mutable std::mutex schedule_mutex;
  uint64_t timer = 0;
  bool stopped = false;
  RetentionStats stats;
};

RetentionSchedule::RetentionSchedule(env::Timers& timers, Enforce enforce, int64_t period_ns)
    : state_(std::make_shared<State>()) {
  state_->timers = &timers;
  state_->enforce = std::move(enforce);
  state_->period_ns = period_ns;
  arm(state_);
}

RetentionSchedule::~RetentionSchedule() {
  uint64_t timer = 0;
  {
    std::lock_guard lock(state_->schedule_mutex);
    state_->stopped = true;
    timer = state_->timer;
  }
  state_->timers->cancel(timer);
}

void RetentionSchedule::arm(const std::shared_ptr<State>& state) {
  std::lock_guard lock(state->schedule_mutex);
  if (state->stopped) return;
  state->timer = state->timers->after(state->period_ns, [state] {
    {
      std::lock_guard running(state->schedule_mutex);
      if (state->stopped) return;
    }
    state->enforce([state](Status status) {
      {
        std::lock_guard done(state->schedule_mutex);
        ++state->stats.runs;
        if (!status) {
          ++state->stats.failures;
          state->stats.last_error = status.error().to_string();
        }
      }
      arm(state);
    });
  });
}

RetentionStats RetentionSchedule::stats() const {
  std::lock_guard lock(state_->schedule_mutex);
  return state_->stats;
}

}  // namespace kansoku::store
