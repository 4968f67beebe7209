#include "store/trusted_clock.h"

#include <algorithm>

namespace kansoku::store {

TrustedClock::TrustedClock(const env::Clock& clock, int64_t last_known_ms) : clock_(&clock) {
  wall_ns_ = clock.wall_now().ns;
  monotonic_ns_ = clock.monotonic_now().ns;
  trusted_ns_ = wall_ns_;
  int64_t known_ns = last_known_ms * env::kNsPerMs;
  if (last_known_ms != 0 && wall_ns_ > known_ns + kClockJumpNs) {
    trusted_ns_ = known_ns;
    doubted_since_ns_ = monotonic_ns_;
  }
}

int64_t TrustedClock::now_ms() {
  std::lock_guard lock(clock_mutex_);
  int64_t wall = clock_->wall_now().ns;
  int64_t monotonic = clock_->monotonic_now().ns;
  int64_t passed = monotonic - monotonic_ns_;
  int64_t apart = (wall - wall_ns_) - passed;
  wall_ns_ = wall;
  monotonic_ns_ = monotonic;
  trusted_ns_ += passed;
  if (apart > kClockJumpNs) doubted_since_ns_ = monotonic;
  if (doubted_since_ns_ && monotonic - *doubted_since_ns_ >= kClockConfirmNs) {
    doubted_since_ns_.reset();
  }
  // Backwards the wall clock is believed at once: it only makes retention keep more.
  if (!doubted_since_ns_ || wall < trusted_ns_) trusted_ns_ = wall;
  if (doubted_since_ns_ && wall <= trusted_ns_) doubted_since_ns_.reset();
  return trusted_ns_ / env::kNsPerMs;
}

}  // namespace kansoku::store
