// Retention: maps settings to classes, and has engines drop what is over on a schedule. Engines
// never read the catalog; whoever does gives the settings here. Thread contract: free-threaded.
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "base/env/env.h"
#include "base/pool/executor.h"

namespace kansoku::store {

// Classes of event retention in days; 0: never expires. CloudWatch Logs' values are rounded up to
// one.
inline constexpr std::array<int, 13> kRetentionClassesDays{1,   3,   7,   14,   30,   60, 90,
                                                           180, 365, 731, 1827, 3653, 0};
// The smallest class that keeps at least `days` (0: never).
int retention_class_days(int days);

// A retention as in configuration files: Prometheus' "15d", "2w", "36h", "90m", "30s", "1y",
// "500ms", also joined ("1d12h").
Result<int64_t> retention_ms(std::string_view text);

struct RetentionStats {
  uint64_t runs = 0;
  uint64_t failures = 0;
  std::string last_error;
};

// Calls `enforce`, a store's enforce_retention(), every `period_ns` (the first time after one
// period), one run at a time. The store and the timers outlive it.
class RetentionSchedule {
 public:
  // Ten minutes: the finest tier boundary is 3 h, so data outlive their time by at most 6 %.
  static constexpr int64_t kPeriodNs = 600 * env::kNsPerS;
  using Enforce = std::function<void(std::move_only_function<void(Status)>)>;
  RetentionSchedule(env::Timers& timers, Enforce enforce, int64_t period_ns = kPeriodNs);
  RetentionSchedule(const RetentionSchedule&) = delete;
  RetentionSchedule& operator=(const RetentionSchedule&) = delete;
  ~RetentionSchedule();
  RetentionStats stats() const;

 private:
  struct State;
  static void arm(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace kansoku::store
