// The time that retention believes in: never ahead of what the monotonic clock confirms.
//
// A wall clock that jumps forward (a bad NTP answer, an administrator) must not delete data. The
// time here follows the wall clock while the two clocks agree; after a forward jump it goes on at
// the monotonic clock's pace until the wall clock has kept its new course for an hour. The same
// holds across a restart: a start later than the last time on disk waits out that hour. Thread
// contract: free-threaded.
#pragma once

#include <mutex>
#include <optional>

#include "base/env/env.h"

namespace kansoku::store {

// Clocks that drift apart by less than this between two looks agree: NTP slews by 0.5 ms a second.
inline constexpr int64_t kClockJumpNs = 60 * env::kNsPerS;
inline constexpr int64_t kClockConfirmNs = 3600 * env::kNsPerS;

class TrustedClock {
 public:
  // `last_known_ms`: the last trusted time that was stored, 0 when there is none.
  TrustedClock(const env::Clock& clock, int64_t last_known_ms);
  int64_t now_ms();

 private:
  const env::Clock* clock_;
  std::mutex clock_mutex_;
  int64_t trusted_ns_ = 0;
  int64_t wall_ns_ = 0;
  int64_t monotonic_ns_ = 0;
  // When the wall clock's present course began, while it is not yet believed.
  std::optional<int64_t> doubted_since_ns_;
};

}  // namespace kansoku::store
