// What a series is expected to be. See README.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time/zone.h"

namespace kansoku::query::anomaly {

// What a model learns from, at most (CloudWatch user guide, "How anomaly detection works").
inline constexpr int64_t kTrainingMs = int64_t{14} * 86'400'000;
// Less than this is no training: without a day nothing is known of the night.
inline constexpr int64_t kTrainingSpanMinMs = 86'400'000;
inline constexpr size_t kTrainingPointsMin = 30;

// begin_ms <= t < end_ms.
struct TimeRange {
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
};

struct Options {
  // Of the days and their hours; UTC by default.
  Zone zone;
  // Never learnt from.
  std::vector<TimeRange> excluded;
  // Spikes that come back at the same minute are normal.
  bool periodic_spikes = false;
  // The series cannot exceed it (100 of a percentage).
  std::optional<double> upper_limit;
};

// values: [n], value i stands for the period that begins at start_ms + i * period_ms; NaN where
// there is none.
struct History {
  int64_t start_ms = 0;
  int64_t period_ms = 60'000;
  std::span<const double> values;
};

struct Expected {
  double value = 0;
  double deviation = 0;  // one standard deviation of what is normal
};

// Immutable after fit().
class Model {
 public:
  // Nothing when the history holds too little.
  static std::optional<Model> fit(const History& history, const Options& options);
  // Of the period that begins at `at_ms`.
  Expected expected(int64_t at_ms) const;
  // Logical bounds: 0 where the series never was negative, the given upper one.
  double lower_limit() const { return lower_limit_; }
  double upper_limit() const { return upper_limit_; }

 private:
  friend class Fitting;
  struct Moment {
    size_t slot = 0;
    double within_slot = 0;  // 0 to 1
    size_t hour = 0;
    double within_hour = 0;
    size_t weekday = 0;
    int64_t local_day = 0;
  };
  Moment moment(int64_t at_ms, int64_t offset_ms) const;
  // Trend, time of day and day of the week, without the level.
  double shape(const Moment& moment, int64_t at_ms) const;

  Zone zone_;
  int64_t period_ms_ = 60'000;
  int64_t slot_ms_ = 300'000;
  int64_t reference_ms_ = 0;  // where the trend is 0
  double level_ = 0;
  double trend_per_ms_ = 0;
  std::vector<double> slots_;  // by time of day; empty: not learnt
  using Week = std::array<std::array<double, 24>, 7>;
  Week weekly_{};  // by weekday and hour
  // Of hours of the week that were seen once: half of how far they were from the usual.
  Week weekly_once_{};
  std::array<double, 24> deviations_{};  // by hour
  std::vector<double> slot_deviations_;  // with periodic spikes only
  double lower_limit_ = 0;
  double upper_limit_ = 0;
};

}  // namespace kansoku::query::anomaly
