#include "query/exec/resolution.h"

#include "base/time/grid.h"
#include "store/metric_store.h"

namespace kansoku::query {
namespace {

// The store's own times: raw points, then its tiers of 60 s, 300 s and 3,600 s.
constexpr int64_t kSecondsHeldS = store::kRawRetentionMs / 1000;
constexpr int64_t kMinutesHeldS = store::kTierRetentionMs[0] / 1000;
constexpr int64_t kFiveMinutesHeldS = store::kTierRetentionMs[1] / 1000;
constexpr int64_t kHoursHeldS = store::kTierRetentionMs[2] / 1000;
static_assert(store::kTiersMs == std::array<int64_t, 3>{60'000, 300'000, 3'600'000});

}  // namespace

bool is_period(int64_t period_s) {
  return period_s == 1 || period_s == 5 || period_s == 10 || period_s == 20 || period_s == 30 ||
         (period_s > 0 && period_s % 60 == 0);
}

bool period_available(int64_t age_s, int64_t period_s) {
  if (age_s > kHoursHeldS) return false;
  if (age_s > kFiveMinutesHeldS) return period_s % 3'600 == 0;
  if (age_s > kMinutesHeldS) return period_s % 300 == 0;
  return period_s >= 60 || age_s <= kSecondsHeldS;
}

int64_t held_s(int64_t period_s) {
  if (period_s % 3'600 == 0) return kHoursHeldS;
  if (period_s % 300 == 0) return kFiveMinutesHeldS;
  return period_s % 60 == 0 ? kMinutesHeldS : kSecondsHeldS;
}

int64_t round_start_ms(int64_t start_ms, int64_t now_ms, int64_t period_s) {
  int64_t age_s = (now_ms - start_ms) / 1000;
  if (age_s > kFiveMinutesHeldS) return floor_to(start_ms, 3'600'000);
  if (age_s > kMinutesHeldS) return floor_to(start_ms, 300'000);
  return floor_to(start_ms, period_s < 60 ? period_s * 1000 : 60'000);
}

CellRange cell_range(int64_t start_ms, int64_t end_ms, int64_t period_s, int64_t now_ms) {
  int64_t period_ms = period_s * 1000;
  return {floor_to(round_start_ms(start_ms, now_ms, period_s), period_ms), end_ms, period_ms,
          period_available((now_ms - start_ms) / 1000, period_s)};
}

int64_t default_period_s(int64_t age_s) {
  for (int64_t period_s : {60, 300}) {
    if (period_available(age_s, period_s)) return period_s;
  }
  return 3'600;
}

}  // namespace kansoku::query
