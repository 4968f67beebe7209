#include "store/retention/retention.h"

namespace kansoku::store {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};
// Longest name first where one begins another.
constexpr std::array<Unit, 7> kUnits{{{"ms", 1},
                                      {"s", 1'000},
                                      {"m", 60'000},
                                      {"h", 3'600'000},
                                      {"d", 86'400'000},
                                      {"w", 604'800'000},
                                      {"y", 31'536'000'000}}};
// A thousand years: sums of these stay far from overflow.
constexpr int64_t kRetentionMsMax = 1000 * 31'536'000'000LL;

}  // namespace

int retention_class_days(int days) {
  if (days <= 0) return 0;
  for (int each : kRetentionClassesDays) {
    if (each >= days) return each;
  }
  return 0;
}

Result<int64_t> retention_ms(std::string_view text) {
  std::string_view rest = text;
  int64_t total = 0;
  while (!rest.empty()) {
    int64_t number = 0;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || number < 0) break;
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    const Unit* unit = nullptr;
    for (const Unit& each : kUnits) {
      if (rest.starts_with(each.name)) {
        unit = &each;
        break;
      }
    }
    if (unit == nullptr || number > kRetentionMsMax / unit->ms) break;
    total += number * unit->ms;
    rest.remove_prefix(unit->name.size());
    if (rest.empty() && total > 0 && total <= kRetentionMsMax) return total;
  }
  return invalid_argument("bad retention {}: expected e.g. 15d, 36h, 2w", quoted(text));
}

struct RetentionSchedule::State {
  env::Timers* timers = nullptr;
  MetricStore* store = nullptr;
  int64_t period_ns = 0;
  mutable std::mutex schedule_mutex;
  uint64_t timer = 0;
  bool stopped = false;
  RetentionStats stats;
};

RetentionSchedule::RetentionSchedule(env::Timers& timers, MetricStore& store, int64_t period_ns)
    : state_(std::make_shared<State>()) {
  state_->timers = &timers;
  state_->store = &store;
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
    state->store->enforce_retention([state](Status status) {
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
