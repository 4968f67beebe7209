#include "store/metrics/sample_stream.h"

namespace kansoku::store::metrics {
namespace {

uint64_t load_low(const char* at, int n) {
  uint64_t value = 0;
  std::memcpy(&value, at, static_cast<size_t>(n));
  return value;
}

int64_t take_time(StreamState& state, uint8_t time_class, const char*& at) {
  int64_t change = 0;
  switch (time_class) {
    case 0:
      break;
    case 1:
      change = unzigzag(static_cast<uint8_t>(*at));
      at += 1;
      break;
    case 2:
      change = unzigzag(load_le<uint16_t>(at));
      at += 2;
      break;
    case 3:
      change = unzigzag(load_le<uint32_t>(at));
      at += 4;
      break;
    default:
      state.last_ms = load_le<int64_t>(at);
      state.last_step = 0;
      at += 8;
      return state.last_ms;
  }
  state.last_step = static_cast<int32_t>(state.last_step + change);
  state.last_ms += state.last_step;
  return state.last_ms;
}

double take_value(StreamState& state, uint8_t value_class, const char*& at) {
  if (value_class == 0) return state.last_value;
  if (value_class <= 7) {
    int64_t difference = unzigzag(load_low(at, value_class));
    at += value_class;
    state.last_value = static_cast<double>(static_cast<int64_t>(state.last_value) + difference);
    return state.last_value;
  }
  int lead = value_class < 16 ? 0 : value_class < 23 ? 1 : value_class < 29 ? 2 : 3;
  int n = value_class - (lead == 0 ? 7 : lead == 1 ? 15 : 22);
  if (lead == 3) n = 5;
  int trail = 8 - lead - n;
  uint64_t x = load_low(at, n) << (trail * 8);
  at += n;
  state.last_value = std::bit_cast<double>(std::bit_cast<uint64_t>(state.last_value) ^ x);
  return state.last_value;
}

}  // namespace

void decode_stream(std::string_view stream, DecodedSeries& out) {
  StreamState state;
  const char* at = stream.data();
  const char* end = at + stream.size();
  while (at < end) {
    auto tag = static_cast<uint8_t>(*at++);
    int64_t ms = take_time(state, tag >> 5, at);
    uint8_t value_class = tag & 0x1f;
    if (value_class != kDistributionClass) {
      out.push(ms, take_value(state, value_class, at));
      continue;
    }
    uint64_t bytes = 0;
    KANSOKU_CHECK(read_varint(at, end, bytes) && bytes <= static_cast<uint64_t>(end - at));
    std::string_view coded(at, bytes);
    auto distribution = signal::decode_distribution(coded);
    KANSOKU_CHECK(distribution);  // this process wrote it
    signal::Point point;
    point.distribution = std::make_unique<signal::Distribution>(std::move(*distribution));
    out.push(ms, std::move(point));
    at += bytes;
  }
}

}  // namespace kansoku::store::metrics
