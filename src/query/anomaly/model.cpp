#include "query/anomaly/model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/time/civil.h"
#include "base/time/grid.h"
#include "query/anomaly/robust.h"

namespace kansoku::query::anomaly {
namespace {

constexpr int64_t kHourMs = 3'600'000;
// All offsets of zones since 1970 change on these.
constexpr int64_t kOffsetStepMs = 900'000;
// Five minutes: fine enough for any daily shape, and a day has only 288.
constexpr int64_t kSlotMs = 300'000;
// What is shorter than half of this is no part of a day's shape but a spike.
constexpr int64_t kSmoothMs = kHourMs;
constexpr int64_t kDailyMinMs = 2 * kDayMs;
constexpr int64_t kTrendMinMs = 3 * kDayMs;
// Two weeks less a day, so that a metric with a gap is still learnt from.
constexpr int64_t kWeeklyMinMs = 13 * kDayMs;
constexpr int64_t kWeekMs = 7 * kDayMs;
// How far both weeks have to leave the usual hour, in deviations of all hours. Of hours that differ
// by chance alone, one in a hundred does.
constexpr double kWeeklyAgreement = 1.5;
// A series that never moved still gets a band: this share of its size.
constexpr double kDeviationMin = 0.001;
// Of a normal distribution 85 % lie within so many deviations. Two bad days of fourteen are 14 %.
constexpr double kTailShare = 0.85;
constexpr double kTailDeviations = 1.4395;
// Variance of a median over that of a mean, for normal values: pi / 2.
constexpr double kMedianVariance = 1.5708;
// An hour's own deviation counts like as many points of all hours.
constexpr double kHourPrior = 30;

// The level follows this many days.
constexpr size_t kLevelDays = 3;

double middle_of(std::vector<double> values) { return median(values); }

}  // namespace

// One fit; holds what the parts of the model are learnt from.
class Fitting {
 public:
  Fitting(const History& history, const Options& options) : options_(options) {
    model_.zone_ = options.zone;
    model_.period_ms_ = history.period_ms;
    int64_t slot_ms = options.periodic_spikes ? kPeriodMinMs : kSlotMs;
    model_.slot_ms_ = std::min(std::max(slot_ms, history.period_ms), kDayMs);
    collect(history);
  }

  std::optional<Model> run() {
    if (values_.size() < kTrainingPointsMin) return std::nullopt;
    span_ms_ = times_.back() - times_.front() + model_.period_ms_;
    if (span_ms_ < kTrainingSpanMinMs) return std::nullopt;
    model_.reference_ms_ = times_.back();
    group();
    fit_trend();
    fit_slots();
    fit_weekly();
    fit_level();
    fit_deviations();
    set_limits();
    return std::move(model_);
  }

 private:
  static constexpr int64_t kPeriodMinMs = 60'000;

  void collect(const History& history) {
    std::vector<TimeRange> excluded = options_.excluded;
    std::ranges::sort(excluded, {}, &TimeRange::begin_ms);
    size_t next = 0;
    int64_t excluded_until_ms = std::numeric_limits<int64_t>::min();
    for (size_t i = 0; i < history.values.size(); ++i) {
      int64_t at = history.start_ms + static_cast<int64_t>(i) * history.period_ms;
      // A period that an excluded range touches is left out.
      for (; next < excluded.size() && excluded[next].begin_ms < at + history.period_ms; ++next) {
        excluded_until_ms = std::max(excluded_until_ms, excluded[next].end_ms);
      }
      if (!std::isfinite(history.values[i]) || at < excluded_until_ms) continue;
      times_.push_back(at);
      values_.push_back(history.values[i]);
    }
  }

  void group() {
    int64_t offset_ms = 0;
    int64_t known = std::numeric_limits<int64_t>::min();
    int64_t first_day = 0;
    moments_.reserve(times_.size());
    for (int64_t at : times_) {
      int64_t step = floor_to(at, kOffsetStepMs);
      if (step != known) offset_ms = int64_t{options_.zone.offset_s(at / 1000)} * 1000;
      known = step;
      moments_.push_back(model_.moment(at, offset_ms));
      const Model::Moment& moment = moments_.back();
      if (moments_.size() == 1) first_day = moment.local_day;
      // A clock set back at midnight may repeat the day before; it is the same day then.
      day_of_.push_back(static_cast<uint32_t>(std::max<int64_t>(moment.local_day - first_day, 0)));
      slot_of_.push_back(static_cast<uint32_t>(moment.slot));
    }
    day_count_ = *std::max_element(day_of_.begin(), day_of_.end()) + 1;
    days_.emplace(day_of_, day_count_);
    size_t largest = 0;
    for (size_t day = 0; day < day_count_; ++day) largest = std::max(largest, days_->size(day));
    // The first and the last day are parts of days mostly: their medians say nothing of the day.
    for (size_t day = 0; day < day_count_; ++day) {
      whole_.push_back(days_->size(day) * 4 >= largest * 3);
    }
  }

  // Theil-Sen over the days' medians; over a week the day of the week cancels out.
  void fit_trend() {
    residuals_ = values_;
    if (span_ms_ < kTrendMinMs) return;
    std::vector<double> medians = days_->medians(values_);
    auto slopes = [&](bool week) {
      std::vector<double> out;
      for (size_t a = 0; a < day_count_; ++a) {
        for (size_t b = a + 1; b < day_count_; ++b) {
          if (!whole_[a] || !whole_[b] || (week && b - a != 7)) continue;
          out.push_back((medians[b] - medians[a]) / static_cast<double>(b - a));
        }
      }
      return out;
    };
    std::vector<double> found = slopes(true);
    if (found.size() < 2) found = slopes(false);
    if (found.size() < 2) return;
    model_.trend_per_ms_ = median(found) / static_cast<double>(kDayMs);
    for (size_t i = 0; i < times_.size(); ++i) {
      residuals_[i] -= model_.trend_per_ms_ * static_cast<double>(times_[i] - model_.reference_ms_);
    }
  }

  void fit_slots() {
    if (span_ms_ < kDailyMinMs || model_.period_ms_ >= kDayMs) return;
    auto count = static_cast<size_t>((kDayMs + model_.slot_ms_ - 1) / model_.slot_ms_);
    Groups groups(slot_of_, count);
    std::vector<double> medians = groups.medians(residuals_);
    fill_gaps(medians);
    if (!options_.periodic_spikes) medians = smooth(medians);
    model_.slots_ = std::move(medians);
    subtract_shape();
  }

  // Slots that never had a point get the straight line between their neighbours of the day.
  static void fill_gaps(std::vector<double>& slots) {
    size_t n = slots.size();
    size_t first = 0;
    while (first < n && std::isnan(slots[first])) ++first;
    size_t before = first;
    for (size_t step = 1; step <= n; ++step) {
      size_t at = (first + step) % n;
      if (std::isnan(slots[at])) continue;
      size_t length = (at + n - before) % n;
      if (length == 0) length = n;
      for (size_t i = 1; i < length; ++i) {
        double share = static_cast<double>(i) / static_cast<double>(length);
        slots[(before + i) % n] = slots[before] + (slots[at] - slots[before]) * share;
      }
      before = at;
    }
  }

  // A running median around the clock: keeps edges, drops what is shorter than half of it.
  std::vector<double> smooth(const std::vector<double>& slots) const {
    auto half = static_cast<size_t>(kSmoothMs / model_.slot_ms_ / 2);
    if (half == 0 || slots.size() < 2 * half + 1) return slots;
    size_t n = slots.size();
    std::vector<double> out(n);
    std::vector<double> window(2 * half + 1);
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < window.size(); ++j) window[j] = slots[(i + n + j - half) % n];
      out[i] = median(window);
    }
    return out;
  }

  void subtract_shape() {
    for (size_t i = 0; i < values_.size(); ++i) {
      residuals_[i] = values_[i] - model_.shape(moments_[i], times_[i]);
    }
  }

  // By weekday and hour, where both weeks agree: the smaller of their two deviations, so that one
  // week's incident never becomes the next one's expectation. An hour of the week that was seen
  // once may have been an incident or the rule: the band will hold both.
  void fit_weekly() {
    if (span_ms_ < kWeekMs || model_.slots_.empty()) return;
    weekly_known_ = span_ms_ >= kWeeklyMinMs;
    std::vector<uint32_t> hour_of;
    for (size_t i = 0; i < moments_.size(); ++i) {
      hour_of.push_back(day_of_[i] * 24 + static_cast<uint32_t>(moments_[i].hour));
    }
    std::vector<double> hours = Groups(hour_of, day_count_ * 24).medians(residuals_);
    std::vector<double> seen;
    for (double hour : hours) {
      if (!std::isnan(hour)) seen.push_back(hour);
    }
    double usual = median(seen);
    for (double& hour : seen) hour = std::abs(hour - usual);
    double agreement = kWeeklyAgreement * kMadToDeviation * median(seen);
    std::array<std::array<size_t, 24>, 7> counts{};
    for (size_t day = 0; day < day_count_; ++day) {
      size_t weekday = weekday_of(day);
      for (size_t hour = 0; hour < 24; ++hour) {
        double a = hours[day * 24 + hour] - usual;
        if (std::isnan(a)) continue;
        bool far = std::abs(a) > agreement;
        model_.weekly_once_[weekday][hour] = ++counts[weekday][hour] == 1 && far ? a / 2 : 0;
        double b = day + 7 < day_count_ ? hours[(day + 7) * 24 + hour] - usual : std::nan("");
        bool agree = far && std::abs(b) > agreement && (a > 0) == (b > 0);
        if (agree) model_.weekly_[weekday][hour] = std::abs(a) < std::abs(b) ? a : b;
      }
    }
    subtract_shape();
  }

  size_t weekday_of(size_t day) const {
    size_t first = moments_.front().weekday;
    return (first + day) % 7;
  }

  // The median of the last whole days, once the day of the week is known; it follows a change that
  // stays after two days and does not follow one bad day.
  void fit_level() {
    model_.level_ = middle_of(residuals_);
    for (double& residual : residuals_) residual -= model_.level_;
    if (!weekly_known_) return;
    std::vector<double> medians = days_->medians(residuals_);
    std::vector<double> last;
    std::vector<double> level_at(day_count_, 0);
    std::vector<double> surprises;
    for (size_t day = 0; day < day_count_; ++day) {
      if (whole_[day]) {
        if (last.size() == kLevelDays) {
          surprises.push_back(std::abs(medians[day] - middle_of(last)));
          last.erase(last.begin());
        }
        last.push_back(medians[day]);
      }
      if (!last.empty()) level_at[day] = middle_of(last);
    }
    if (last.size() < kLevelDays) return;
    for (size_t i = 0; i < residuals_.size(); ++i) residuals_[i] -= level_at[day_of_[i]];
    model_.level_ += level_at.back();
    if (!surprises.empty()) day_deviation_ = kMadToDeviation * median(surprises);
  }

  void fit_deviations() {
    std::vector<double> sizes(residuals_.size());
    std::ranges::transform(residuals_, sizes.begin(), [](double r) { return std::abs(r); });
    std::vector<uint32_t> hour_of;
    for (const Model::Moment& moment : moments_) {
      hour_of.push_back(static_cast<uint32_t>(moment.hour));
    }
    Groups hours(hour_of, 24);
    std::vector<double> by_hour = hours.medians(sizes);
    std::vector<double> scratch = sizes;
    double near = kMadToDeviation * median(scratch);
    // Of a series that mostly stands still the median deviation is 0; the tail says how it moves.
    double all = std::max(near, quantile(scratch, kTailShare) / kTailDeviations);
    std::vector<double> magnitudes(values_.size());
    std::ranges::transform(values_, magnitudes.begin(), [](double v) { return std::abs(v); });
    double least = kDeviationMin * median(magnitudes);
    double days = static_cast<double>(span_ms_) / static_cast<double>(kDayMs);
    // What was fitted lies closer to its own fit than to the next day's: both are errors of a
    // median of so many days.
    double widen =
        model_.slots_.empty() ? 1 : std::sqrt((days + kMedianVariance) / std::max(days - 1, 1.0));
    for (size_t hour = 0; hour < 24; ++hour) {
      double own = all;
      if (near > 0 && hours.size(hour) > 0) {
        auto n = static_cast<double>(hours.size(hour));
        double here = kMadToDeviation * by_hour[hour] * (all / near);
        own = std::sqrt((n * here * here + kHourPrior * all * all) / (n + kHourPrior));
      }
      model_.deviations_[hour] = std::max(widen * std::hypot(own, day_deviation_), least);
    }
    if (!options_.periodic_spikes || model_.slots_.empty()) return;
    model_.slot_deviations_ = Groups(slot_of_, model_.slots_.size()).medians(sizes);
    for (double& slot : model_.slot_deviations_) {
      slot = std::isnan(slot) ? 0 : slot * kMadToDeviation * widen;
    }
  }

  void set_limits() {
    bool never_negative = *std::min_element(values_.begin(), values_.end()) >= 0;
    bool below = !options_.upper_limit ||
                 *std::max_element(values_.begin(), values_.end()) <= *options_.upper_limit;
    double infinity = std::numeric_limits<double>::infinity();
    model_.lower_limit_ = never_negative ? 0 : -infinity;
    model_.upper_limit_ = options_.upper_limit && below ? *options_.upper_limit : infinity;
  }

  const Options& options_;
  Model model_;
  // All [points].
  std::vector<int64_t> times_;
  std::vector<double> values_;
  std::vector<double> residuals_;  // what the parts learnt so far leave over
  std::vector<Model::Moment> moments_;
  std::vector<uint32_t> day_of_;
  std::vector<uint32_t> slot_of_;

  int64_t span_ms_ = 0;
  size_t day_count_ = 0;
  std::optional<Groups> days_;
  std::vector<bool> whole_;  // by day
  bool weekly_known_ = false;
  double day_deviation_ = 0;  // of a day's level from that of the days before
};

std::optional<Model> Model::fit(const History& history, const Options& options) {
  return Fitting(history, options).run();
}

Model::Moment Model::moment(int64_t at_ms, int64_t offset_ms) const {
  int64_t local = at_ms + offset_ms;
  int64_t midnight = floor_to(local, kDayMs);
  int64_t of_day = local - midnight;
  Moment out;
  out.local_day = midnight / kDayMs;
  out.weekday = static_cast<size_t>(weekday(midnight));
  // A slot's value stands for its middle, a period's for its own.
  int64_t middle = std::min(of_day + period_ms_ / 2, kDayMs - 1);
  out.slot = static_cast<size_t>(middle / slot_ms_);
  out.within_slot = static_cast<double>(middle % slot_ms_) / static_cast<double>(slot_ms_);
  out.hour = static_cast<size_t>(of_day / kHourMs);
  out.within_hour = static_cast<double>(of_day % kHourMs) / static_cast<double>(kHourMs);
  return out;
}

double Model::shape(const Moment& moment, int64_t at_ms) const {
  double out = trend_per_ms_ * static_cast<double>(at_ms - reference_ms_);
  if (slots_.empty()) return out;
  size_t n = slots_.size();
  double here = slots_[moment.slot];
  if (slot_ms_ > period_ms_) {
    // Between the middles of two slots on the straight line.
    bool late = moment.within_slot >= 0.5;
    double other = slots_[(moment.slot + (late ? 1 : n - 1)) % n];
    double share = late ? moment.within_slot - 0.5 : 0.5 - moment.within_slot;
    here += (other - here) * share;
  }
  return out + here + weekly_[moment.weekday][moment.hour];
}

Expected Model::expected(int64_t at_ms) const {
  Moment at = moment(at_ms, int64_t{zone_.offset_s(floor_to(at_ms, 1000) / 1000)} * 1000);
  Expected out;
  double once = weekly_once_[at.weekday][at.hour];
  out.value = level_ + shape(at, at_ms) + once;
  bool late = at.within_hour >= 0.5;
  double other = deviations_[(at.hour + (late ? 1 : 23)) % 24];
  double share = late ? at.within_hour - 0.5 : 0.5 - at.within_hour;
  out.deviation = deviations_[at.hour] + (other - deviations_[at.hour]) * share;
  if (!slot_deviations_.empty()) out.deviation = std::max(out.deviation, slot_deviations_[at.slot]);
  // Anything between the usual and what was seen once is as likely: a uniform distribution.
  out.deviation = std::hypot(out.deviation, once / std::numbers::sqrt3);
  return out;
}

}  // namespace kansoku::query::anomaly
