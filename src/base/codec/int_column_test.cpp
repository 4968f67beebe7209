#include "base/codec/int_column.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <vector>

namespace kansoku::codec {
namespace {

std::vector<int64_t> read(std::string_view bytes, size_t n, bool& good) {
  std::vector<int64_t> out(n);
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  good = decode_ints(at, end, out) && at == end;
  return out;
}

// By stretches, as a reader that keeps none of them.
std::vector<int64_t> read_by_stretches(std::string_view bytes, size_t n, std::mt19937_64& random) {
  std::vector<int64_t> out(n);
  IntsReader reader;
  REQUIRE(reader.open(bytes.data(), bytes.data() + bytes.size(), n));
  for (size_t at = 0; at < n;) {
    const size_t some = std::min<size_t>(n - at, 1 + random() % (random() % 2 == 0 ? 7 : 900));
    REQUIRE(reader.next(std::span(out).subspan(at, some)));
    at += some;
  }
  CHECK(reader.end() == bytes.data() + bytes.size());
  std::array<int64_t, 1> more{};
  CHECK_FALSE(reader.next(more));
  return out;
}

void check_round_trip(const std::vector<int64_t>& values) {
  static std::mt19937_64 random(12);
  std::string bytes;
  encode_ints(values, bytes);
  bool good = false;
  CHECK(read(bytes, values.size(), good) == values);
  CHECK(good);
  CHECK(read_by_stretches(bytes, values.size(), random) == values);
  bytes.clear();
  if (encode_planes(values, bytes)) {
    CHECK(read(bytes, values.size(), good) == values);
    CHECK(good);
    CHECK(read_by_stretches(bytes, values.size(), random) == values);
  } else {
    CHECK(bytes.empty());
  }
}

}  // namespace

TEST_CASE("columns of integers of any magnitude come back") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 600; ++round) {
    std::vector<int64_t> values(1 + random() % (round % 3 == 0 ? 3000 : 200));
    const auto bits = random() % 65;
    const bool negative = random() % 2 == 0;
    for (int64_t& value : values) {
      // Magnitudes of all widths up to `bits`, the short ones often.
      const uint64_t width = bits == 0 ? 0 : random() % (bits + 1);
      uint64_t magnitude = width == 0 ? 0 : random() >> (64 - width);
      value = static_cast<int64_t>(magnitude);
      if (negative && random() % 2 == 0) value = static_cast<int64_t>(0 - magnitude);
    }
    check_round_trip(values);
  }
  const auto min = std::numeric_limits<int64_t>::min();
  const auto max = std::numeric_limits<int64_t>::max();
  check_round_trip({min});
  check_round_trip({max, min, 0, -1, 1});
  check_round_trip(std::vector<int64_t>(300, min));
  std::vector<int64_t> alternating(300);
  for (size_t i = 0; i < alternating.size(); ++i) alternating[i] = i % 2 == 0 ? min : max;
  check_round_trip(alternating);
}

TEST_CASE("a column of skewed magnitudes needs no longer codes than the decoder's table has") {
  // Counts like Fibonacci's make the deepest tree there is.
  std::vector<int64_t> values;
  size_t a = 1;
  size_t b = 1;
  for (int64_t token = 0; token < 16; ++token) {
    values.insert(values.end(), a, token);
    b += a;
    std::swap(a, b);
  }
  REQUIRE(values.size() > 1024);
  check_round_trip(values);
  values.resize(1000);
  check_round_trip(values);
}

TEST_CASE("a long column of noise is near its entropy") {
  std::mt19937_64 random(5);
  std::vector<int64_t> values(4096);
  for (int64_t& value : values) value = static_cast<int64_t>(random() % 1024) - 512;
  std::string bytes;
  encode_ints(values, bytes);
  CHECK(bytes.size() < 4096 * 10.6 / 8);
  CHECK(bytes.size() + 16 >= ints_bytes(values));
  CHECK(bytes.size() * 20 <= ints_bytes(values) * 21);
  const std::vector<int64_t> constant(4096, -7);
  std::string few;
  encode_ints(constant, few);
  CHECK(few.size() == 2);
}

TEST_CASE("planes are for long columns whose magnitudes are of like width") {
  std::mt19937_64 random(2);
  std::vector<int64_t> values(100);
  for (int64_t& value : values) value = static_cast<int64_t>(random() % 60'000) - 30'000;
  // The first value and the first difference do not widen the others.
  values[0] = std::numeric_limits<int64_t>::max();
  values[1] = std::numeric_limits<int64_t>::min();
  std::string bytes;
  REQUIRE(encode_planes(values, bytes));
  CHECK(bytes.size() == 1 + 10 + 10 + 1 + 2 * 98);
  std::string none;
  CHECK_FALSE(encode_planes(std::span(values).first(40), none));
  std::vector<int64_t> spread(100, 3);
  spread[50] = values[0];
  CHECK_FALSE(encode_planes(spread, none));
  CHECK_FALSE(encode_planes(std::vector<int64_t>(100, 5), none));
  CHECK(none.empty());
}

TEST_CASE("damaged columns of integers are refused or read as others, within their bytes") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> values(1 + random() % 600);
    for (int64_t& value : values) value = static_cast<int64_t>(random() >> (random() % 64));
    std::string bytes;
    if (round % 4 != 0 || !encode_planes(values, bytes)) encode_ints(values, bytes);
    bool good = false;
    for (size_t cut = 0; cut < bytes.size(); cut += 1 + bytes.size() / 50) {
      (void)read(std::string(bytes.data(), cut), values.size(), good);
      CHECK_FALSE(good);
    }
    std::string changed = bytes;
    changed[random() % changed.size()] ^= static_cast<char>(1 << random() % 8);
    (void)read(changed, values.size(), good);
  }
}

}  // namespace kansoku::codec
