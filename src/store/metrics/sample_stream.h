// The compressed stream of one series in the head: a tag byte a sample, then as few bytes of time
// and value as this sample needs. Byte-aligned, so that appending is a handful of instructions.
//
// Tag: bits 5-7 time class, bits 0-4 value class.
//   time  0: same step as before; 1/2/3: change of step in 1/2/4 bytes; 4: absolute time, 8 bytes
//   value 0: bits as before; 1-7: integer difference, zigzag, in n bytes; 8-15: XOR with the value
//         before, its n = class - 7 high bytes; 16-22: without the highest byte, n = class - 15;
//         23-28: without the two highest, n = class - 22; 29: the five low bytes;
//         30: a distribution: varint length and its bytes (docs/formats/point.md)
// This form lives in memory only. Thread contract: plain values.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "signal/point.h"

namespace kansoku::store::metrics {

inline constexpr size_t kSampleBytesMax = 17;
inline constexpr uint8_t kDistributionClass = 30;

// What the next sample is coded against.
struct StreamState {
  int64_t last_ms = 0;
  double last_value = 0;
  int32_t last_step = 0;
  bool begun = false;
};

namespace stream_detail {

inline bool is_small_integer(double v) {
  // 2^52: differences of two stay exact in int64 and in a double.
  return v >= -4503599627370496.0 && v <= 4503599627370496.0 &&
         static_cast<double>(static_cast<int64_t>(v)) == v && !(v == 0 && std::signbit(v));
}

inline uint8_t put_time(StreamState& state, int64_t ms, char*& at) {
  int64_t step = 0;
  bool fits = state.begun && !__builtin_sub_overflow(ms, state.last_ms, &step) &&
              step == static_cast<int32_t>(step);
  if (!fits) {
    store_le(at, ms);
    at += 8;
    state.last_step = 0;
    state.last_ms = ms;
    return 4;
  }
  int64_t change = step - state.last_step;
  state.last_step = static_cast<int32_t>(step);
  state.last_ms = ms;
  if (change == 0) return 0;
  uint64_t coded = zigzag(change);
  if (coded < (1U << 8)) {
    *at++ = static_cast<char>(coded);
    return 1;
  }
  if (coded < (1U << 16)) {
    store_le(at, static_cast<uint16_t>(coded));
    at += 2;
    return 2;
  }
  if (coded < (uint64_t{1} << 32)) {
    store_le(at, static_cast<uint32_t>(coded));
    at += 4;
    return 3;
  }
  store_le(at, ms);
  at += 8;
  state.last_step = 0;
  return 4;
}

inline uint8_t put_value(StreamState& state, double value, char*& at) {
  auto now = std::bit_cast<uint64_t>(value);
  auto before = std::bit_cast<uint64_t>(state.last_value);
  double previous = state.last_value;
  state.last_value = value;
  if (now == before) return 0;
  if (is_small_integer(value) && is_small_integer(previous)) {
    uint64_t coded = zigzag(static_cast<int64_t>(value) - static_cast<int64_t>(previous));
    int n = (static_cast<int>(std::bit_width(coded)) + 7) / 8;
    store_le(at, coded);
    at += n;
    return static_cast<uint8_t>(n);
  }
  uint64_t x = now ^ before;
  int lead = std::countl_zero(x) / 8;
  int trail = std::countr_zero(x) / 8;
  if (lead >= 3) {
    store_le(at, x);
    at += 5;
    return 29;
  }
  int n = 8 - lead - trail;
  store_le(at, x >> (trail * 8));
  at += n;
  return static_cast<uint8_t>((lead == 0 ? 7 : lead == 1 ? 15 : 22) + n);
}

}  // namespace stream_detail

// Writes one float sample to `out` (room for kSampleBytesMax + 8); returns its bytes.
inline size_t put_sample(StreamState& state, int64_t ms, double value, char* out) {
  char* at = out + 1;
  uint8_t time_class = stream_detail::put_time(state, ms, at);
  uint8_t value_class = stream_detail::put_value(state, value, at);
  state.begun = true;
  *out = static_cast<char>((time_class << 5) | value_class);
  return static_cast<size_t>(at - out);
}

// The points of one series, decoded: floats and, beside them, distributions.
struct DecodedSeries {
  std::vector<int64_t> timestamps_ms;
  std::vector<double> values;
  // Same size as values when the series has any distribution, else empty; null for floats.
  std::vector<std::unique_ptr<signal::Distribution>> distributions;

  size_t size() const { return timestamps_ms.size(); }
  void clear() {
    timestamps_ms.clear();
    values.clear();
    distributions.clear();
  }
  void push(int64_t ms, double value) {
    timestamps_ms.push_back(ms);
    values.push_back(value);
    if (!distributions.empty()) distributions.emplace_back();
  }
  void push(int64_t ms, signal::Point point) {
    if (!point.distribution) {
      push(ms, point.value);
      return;
    }
    distributions.resize(timestamps_ms.size());
    timestamps_ms.push_back(ms);
    values.push_back(point.distribution->sum);
    distributions.push_back(std::move(point.distribution));
  }
  // Leaves a float of the same sum behind: the distribution goes with the point.
  signal::Point take(size_t i) {
    signal::Point point(values[i]);
    if (!distributions.empty() && distributions[i])
      point.distribution = std::move(distributions[i]);
    return point;
  }
};

// Appends the samples of a stream to `out`.
void decode_stream(std::string_view stream, DecodedSeries& out);

}  // namespace kansoku::store::metrics
