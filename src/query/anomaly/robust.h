// Medians and scales that outliers do not move. Private to query/anomaly.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kansoku::query::anomaly {

// A normal distribution's standard deviation over its median absolute deviation.
inline constexpr double kMadToDeviation = 1.4826;

// Reorders `values`; the mean of the two middle ones where their number is even. NaN when empty.
double median(std::span<double> values);
// The smallest value that `share` (0 to 1) of the values do not exceed; reorders them.
double quantile(std::span<double> values, double share);

// The values of the points that have the same key, side by side.
class Groups {
 public:
  // keys: [points], below `count`. One sort serves any number of medians over the same keys.
  Groups(std::span<const uint32_t> keys, size_t count);
  // By key: NaN where a key has no point. values: [points].
  std::vector<double> medians(std::span<const double> values);
  size_t size(size_t key) const { return begins_[key + 1] - begins_[key]; }

 private:
  std::vector<uint32_t> order_;   // points by key
  std::vector<uint32_t> begins_;  // [count + 1] into order_
  std::vector<double> scratch_;
};

}  // namespace kansoku::query::anomaly
