// Limits of every metric engine. The APIs check what their protocols say; these are wider by five
// minutes, so that a point which an API took is not refused a moment later.
#pragma once

#include <cstdint>

namespace kansoku::store {

inline constexpr int64_t kPointSlackMs = 5 * 60'000LL;
inline constexpr int64_t kPointPastMs = 14 * 86'400'000LL + kPointSlackMs;  // two weeks
inline constexpr int64_t kPointFutureMs = 2 * 3'600'000LL + kPointSlackMs;  // two hours
// Raw points of replacing series (Prometheus' own default).
inline constexpr int64_t kReplaceRetentionMs = 15 * 86'400'000LL;
// 2 M series at 350 bytes: 700 MB; one tenant alone must not take more of a small server.
inline constexpr uint64_t kSeriesPerTenantMax = 2'000'000;

}  // namespace kansoku::store
