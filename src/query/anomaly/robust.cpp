#include "query/anomaly/robust.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kansoku::query::anomaly {

double median(std::span<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

double quantile(std::span<double> values, double share) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  auto at = values.begin() + static_cast<std::ptrdiff_t>(rank == 0 ? 0 : rank - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

Groups::Groups(std::span<const uint32_t> keys, size_t count)
    : order_(keys.size()), begins_(count + 1, 0), scratch_(keys.size()) {
  for (uint32_t key : keys) ++begins_[key + 1];
  for (size_t i = 0; i < count; ++i) begins_[i + 1] += begins_[i];
  std::vector<uint32_t> next(begins_.begin(), begins_.end() - 1);
  for (uint32_t i = 0; i < keys.size(); ++i) order_[next[keys[i]]++] = i;
}

std::vector<double> Groups::medians(std::span<const double> values) {
  for (size_t i = 0; i < order_.size(); ++i) scratch_[i] = values[order_[i]];
  std::vector<double> out(begins_.size() - 1);
  for (size_t key = 0; key < out.size(); ++key) {
    out[key] = median(std::span(scratch_).subspan(begins_[key], size(key)));
  }
  return out;
}

}  // namespace kansoku::query::anomaly
