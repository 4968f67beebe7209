#include "store/metrics/column_codec.h"

#include <algorithm>

#include "base/check.h"
#include "base/codec/int_column.h"
#include "store/metrics/cells_codec.h"
#include "store/metrics/decimals.h"
#include "store/metrics/number_column.h"
#include "store/metrics/pairs_codec.h"

namespace kansoku::store::metrics {
namespace {

constexpr uint8_t kRegular = 0;
constexpr uint8_t kIrregular = 1;
// No decoder makes more points than this from one run: a damaged count must not allocate.
constexpr uint64_t kRunPointsMax = 1U << 20;

// The mantissas with the smallest exponent that suits all values, or -1.
int take_mantissas(std::span<const double> values, std::vector<int64_t>& mantissas) {
  const int e = find_decimals(values);
  if (e < 0) return -1;
  mantissas.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) (void)to_mantissa(values[i], e, mantissas[i]);
  return e;
}

int coded_bits(int64_t value) { return static_cast<int>(std::bit_width(zigzag(value))); }

void encode_decimals(std::span<const int64_t> m, int e, std::string& out) {
  int64_t bits = 0;
  int64_t bits2 = 0;
  for (size_t i = 2; i < m.size(); ++i) {
    int64_t delta = m[i] - m[i - 1];
    bits += coded_bits(delta);
    bits2 += coded_bits(delta - (m[i - 1] - m[i - 2]));
  }
  bool second = bits2 < bits;
  out += static_cast<char>(ValueMode::Numbers);
  if (encode_numbers_as_planes(m, e, second, out)) return;
  out.pop_back();
  out += static_cast<char>(second ? ValueMode::DecimalDelta2 : ValueMode::DecimalDelta);
  out += static_cast<char>(e);
  append_varint(out, zigzag(m[0]));
  int64_t previous = 0;
  for (size_t i = 1; i < m.size(); ++i) {
    int64_t delta = m[i] - m[i - 1];
    append_varint(out, zigzag(second ? delta - previous : delta));
    previous = delta;
  }
}

void encode_xor(std::span<const double> values, std::string& out) {
  const size_t before = out.size();
  out += static_cast<char>(ValueMode::Xor);
  append_le(out, values[0]);
  StreamState state;
  state.last_value = values[0];
  for (size_t i = 1; i < values.size(); ++i) {
    char bytes[kSampleBytesMax + 8];
    char* at = bytes + 1;
    bytes[0] = static_cast<char>(stream_detail::put_value(state, values[i], at));
    out.append(bytes, static_cast<size_t>(at - bytes));
  }
  // Where few values repeat the one before, the bytes of one place of all values are more alike
  // than those of one value. Six and a half bytes: where a fifth repeats, both take the same.
  if (2 * (out.size() - before) <= 13 * values.size()) return;
  thread_local std::vector<int64_t> integers;
  to_exact_integers(values, kBitsExponent, integers);
  std::string planes(1, static_cast<char>(ValueMode::Numbers));
  if (encode_numbers_as_planes(integers, kBitsExponent, false, planes)) {
    out.resize(before);
    out += planes;
  }
}

// Mirrors stream_detail::put_value().
bool take_xor_value(StreamState& state, const char*& at, const char* end) {
  if (at == end) return false;
  auto value_class = static_cast<uint8_t>(*at++);
  if (value_class == 0) return true;
  int lead = value_class < 16 ? 0 : value_class < 23 ? 1 : value_class < 29 ? 2 : 3;
  int n = value_class <= 7 ? value_class : value_class - (lead == 0 ? 7 : lead == 1 ? 15 : 22);
  if (lead == 3) n = 5;
  if (value_class > 29 || n < 1 || lead + n > 8 || end - at < n) return false;
  uint64_t low = 0;
  std::memcpy(&low, at, static_cast<size_t>(n));
  at += n;
  if (value_class <= 7) {
    double previous = state.last_value;
    if (!(previous >= -kMantissaMax && previous <= kMantissaMax)) return false;
    state.last_value = static_cast<double>(static_cast<int64_t>(previous) + unzigzag(low));
    return true;
  }
  uint64_t x = low << ((8 - lead - n) * 8);
  state.last_value = std::bit_cast<double>(std::bit_cast<uint64_t>(state.last_value) ^ x);
  return true;
}

template <bool second>
bool decode_decimals(const char*& at, const char* end, double power, std::span<double> out) {
  uint64_t coded = 0;
  if (!read_varint(at, end, coded)) return false;
  auto m = static_cast<uint64_t>(unzigzag(coded));
  uint64_t delta = 0;
  for (size_t i = 0;;) {
    out[i] = static_cast<double>(static_cast<int64_t>(m)) / power;
    if (++i == out.size()) return true;
    if (!read_varint(at, end, coded)) return false;
    const auto difference = static_cast<uint64_t>(unzigzag(coded));
    delta = second ? delta + difference : difference;
    m += delta;
  }
}

bool decode_decimals(const char*& at, const char* end, bool second, std::span<double> out) {
  if (at == end) return false;
  auto e = static_cast<uint8_t>(*at++);
  if (e > kDecimalsMax) return false;
  return second ? decode_decimals<true>(at, end, kPowers[e], out)
                : decode_decimals<false>(at, end, kPowers[e], out);
}

bool decode_constant(const char*& at, const char* end, std::span<double> out) {
  if (at == end) return false;
  bool small = *at++ == 0;
  double value = 0;
  if (small) {
    uint64_t coded = 0;
    if (!read_varint(at, end, coded)) return false;
    value = static_cast<double>(unzigzag(coded));
  } else {
    if (end - at < 8) return false;
    value = load_le<double>(at);
    at += 8;
  }
  std::ranges::fill(out, value);
  return true;
}

bool decode_xor(const char*& at, const char* end, std::span<double> out) {
  if (end - at < 8) return false;
  StreamState state;
  state.last_value = load_le<double>(at);
  at += 8;
  for (size_t i = 0;;) {
    out[i] = state.last_value;
    if (++i == out.size()) return true;
    if (!take_xor_value(state, at, end)) return false;
  }
}

void encode_mixed(const DecodedSeries& series, size_t begin, size_t end, std::string& out) {
  out += static_cast<char>(ValueMode::Points);
  std::string coded;
  for (size_t i = begin; i < end; ++i) {
    if (!series.distributions[i]) {
      append_varint(out, 0);
      append_le(out, series.values[i]);
      continue;
    }
    coded.clear();
    signal::encode_distribution(*series.distributions[i], coded);
    append_varint(out, coded.size());
    out += coded;
  }
}

bool decode_mixed(const char* at, const char* end, std::span<const int64_t> timestamps_ms,
                  DecodedSeries& out) {
  for (int64_t ms : timestamps_ms) {
    uint64_t bytes = 0;
    if (!read_varint(at, end, bytes)) return false;
    if (bytes == 0) {
      if (end - at < 8) return false;
      out.push(ms, load_le<double>(at));
      at += 8;
      continue;
    }
    if (bytes > static_cast<uint64_t>(end - at)) return false;
    std::string_view coded(at, bytes);
    auto distribution = signal::decode_distribution(coded);
    if (!distribution || !coded.empty()) return false;
    at += bytes;
    signal::Point point;
    point.distribution = std::make_unique<signal::Distribution>(std::move(*distribution));
    out.push(ms, std::move(point));
  }
  return at == end;
}

}  // namespace

void encode_times(std::span<const int64_t> t, std::string& out) {
  append_varint(out, t.size());
  append_varint(out, zigzag(t[0]));
  bool regular = true;
  for (size_t i = 2; i < t.size(); ++i) regular = regular && t[i] - t[i - 1] == t[1] - t[0];
  out += static_cast<char>(regular ? kRegular : kIrregular);
  if (regular) {
    append_varint(out, zigzag(t.size() > 1 ? t[1] - t[0] : 0));
    return;
  }
  int64_t step = 0;
  for (size_t i = 1; i < t.size(); ++i) {
    append_varint(out, zigzag(t[i] - t[i - 1] - step));
    step = t[i] - t[i - 1];
  }
}

bool decode_times(const char*& at, const char* end, std::vector<int64_t>& out) {
  uint64_t count = 0;
  uint64_t first = 0;
  if (!read_varint(at, end, count) || count == 0 || count > kRunPointsMax) return false;
  if (!read_varint(at, end, first) || at == end) return false;
  auto form = static_cast<uint8_t>(*at++);
  if (form > kIrregular) return false;
  const size_t begin = out.size();
  out.resize(begin + count);
  int64_t* const to = out.data() + begin;
  auto ms = static_cast<uint64_t>(unzigzag(first));
  to[0] = static_cast<int64_t>(ms);
  uint64_t coded = 0;
  if (form == kRegular) {
    if (!read_varint(at, end, coded)) return false;
    const auto step = static_cast<uint64_t>(unzigzag(coded));
    for (uint64_t i = 1; i < count; ++i) to[i] = static_cast<int64_t>(ms += step);
    return true;
  }
  uint64_t step = 0;
  for (uint64_t i = 1; i < count; ++i) {
    if (!read_varint(at, end, coded)) return false;
    step += static_cast<uint64_t>(unzigzag(coded));
    to[i] = static_cast<int64_t>(ms += step);
  }
  return true;
}

void encode_values(std::span<const double> values, std::string& out) {
  KANSOKU_CHECK(!values.empty());
  bool constant = std::all_of(values.begin(), values.end(),
                              [&](double value) { return same_bits(value, values[0]); });
  if (constant && values.size() > 1) {
    int64_t m = 0;
    bool small = to_mantissa(values[0], 0, m);
    out += static_cast<char>(ValueMode::Constant);
    out += static_cast<char>(small ? 0 : 1);
    if (small) {
      append_varint(out, zigzag(m));
    } else {
      append_le(out, values[0]);
    }
    return;
  }
  thread_local std::vector<int64_t> mantissas;
  int e = take_mantissas(values, mantissas);
  if (e >= 0) {
    encode_decimals(mantissas, e, out);
  } else {
    encode_xor(values, out);
  }
}

bool decode_values(const char*& at, const char* end, size_t count, std::vector<double>& out) {
  if (at == end || count == 0) return false;
  auto mode = static_cast<ValueMode>(*at++);
  const size_t before = out.size();
  out.resize(before + count);
  const std::span<double> values = std::span(out).subspan(before);
  switch (mode) {
    case ValueMode::Constant:
      return decode_constant(at, end, values);
    case ValueMode::DecimalDelta:
    case ValueMode::DecimalDelta2:
      return decode_decimals(at, end, mode == ValueMode::DecimalDelta2, values);
    case ValueMode::Xor:
      return decode_xor(at, end, values);
    case ValueMode::Numbers: {
      thread_local NumberColumn column;
      return decode_numbers(at, end, nullptr, column, values);
    }
    default:
      return false;
  }
}

void encode_points(const DecodedSeries& series, size_t begin, size_t end, std::string& out) {
  bool mixed = false;
  bool cells = false;
  for (size_t i = begin; i < end && !series.distributions.empty(); ++i) {
    const auto& distribution = series.distributions[i];
    mixed = mixed || distribution != nullptr;
    cells = cells || (distribution && is_cell(*distribution));
  }
  if (cells) {
    out += static_cast<char>(ValueMode::Pairs);
    if (encode_pairs(series, begin, end, out)) return;
    out.pop_back();
    out += static_cast<char>(ValueMode::Cells);
    encode_cells(series, begin, end, out);
  } else if (mixed) {
    encode_mixed(series, begin, end, out);
  } else {
    encode_values(std::span(series.values).subspan(begin, end - begin), out);
  }
}

bool decode_points(std::string_view bytes, std::span<const int64_t> timestamps_ms,
                   DecodedSeries& out) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  if (bytes.empty()) return false;
  if (static_cast<ValueMode>(bytes[0]) == ValueMode::Points) {
    return decode_mixed(at + 1, end, timestamps_ms, out);
  }
  if (static_cast<ValueMode>(bytes[0]) == ValueMode::Pairs) {
    return decode_pairs(at + 1, end, timestamps_ms, out);
  }
  if (static_cast<ValueMode>(bytes[0]) == ValueMode::Cells) {
    return decode_cells(at + 1, end, timestamps_ms, out);
  }
  size_t before = out.values.size();
  if (!decode_values(at, end, timestamps_ms.size(), out.values) || at != end) {
    out.values.resize(before);
    return false;
  }
  out.timestamps_ms.insert(out.timestamps_ms.end(), timestamps_ms.begin(), timestamps_ms.end());
  if (!out.distributions.empty()) out.distributions.resize(out.timestamps_ms.size());
  return true;
}

}  // namespace kansoku::store::metrics
