#include "wire/tsdb_block/encode_chunk.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "wire/tsdb_block/bit_reader.h"

namespace kansoku::wire::tsdb_block {
namespace {

constexpr uint64_t kStaleBits = 0x7ff0000000000002ULL;

struct Points {
  std::vector<int64_t> times_ms;
  std::vector<double> values;
  std::vector<std::unique_ptr<signal::Distribution>> distributions;

  void add(int64_t ms, double value) {
    times_ms.push_back(ms);
    values.push_back(value);
    distributions.emplace_back();
  }
  void add(int64_t ms, signal::Distribution d) {
    times_ms.push_back(ms);
    values.push_back(d.sum);
    distributions.push_back(std::make_unique<signal::Distribution>(std::move(d)));
  }
  std::vector<EncodedChunk> chunks() const {
    std::vector<EncodedChunk> out;
    encode_chunks({times_ms, values, distributions},
                  [&](EncodedChunk chunk) { out.push_back(std::move(chunk)); });
    return out;
  }
};

struct Read {
  std::vector<int64_t> times_ms;
  std::vector<signal::Point> points;
};

Read read_back(const std::vector<EncodedChunk>& chunks) {
  Read out;
  for (const EncodedChunk& chunk : chunks) {
    size_t before = out.times_ms.size();
    auto status = decode_chunk(static_cast<uint8_t>(chunk.encoding), chunk.data,
                               [&](int64_t ms, signal::Point point) {
                                 out.times_ms.push_back(ms);
                                 out.points.push_back(std::move(point));
                               });
    REQUIRE(status.has_value());
    REQUIRE(out.times_ms.size() > before);
    CHECK(out.times_ms.size() - before <= kSamplesPerChunk);
    CHECK(chunk.min_ms == out.times_ms[before]);
    CHECK(chunk.max_ms == out.times_ms.back());
  }
  return out;
}

signal::Distribution native(std::vector<signal::Bucket> positive, signal::ResetHint hint,
                            double zero = 1) {
  signal::Distribution out;
  out.has_min_max = false;
  out.reset_hint = hint;
  signal::ExponentialBuckets buckets;
  buckets.schema = 2;
  buckets.zero_threshold = 0x1p-128;
  buckets.zero_count = zero;
  buckets.positive = std::move(positive);
  buckets.negative = {{-3, 0.5}};
  out.count = zero + 0.5;
  for (const signal::Bucket& bucket : buckets.positive) out.count += bucket.count;
  out.sum = out.count * 1.1;
  out.buckets = std::move(buckets);
  return out;
}

// The same but for the hint, which a chunk keeps for its first sample only.
void check_same(const signal::Distribution& a, const signal::Distribution& b) {
  CHECK(a.count == b.count);
  CHECK(std::bit_cast<uint64_t>(a.sum) == std::bit_cast<uint64_t>(b.sum));
  CHECK(a.buckets == b.buckets);
}

uint8_t header_of(const EncodedChunk& chunk) { return static_cast<uint8_t>(chunk.data[2]); }

TEST_CASE("floats come back with every bit, 120 a chunk") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Points points;
    int64_t ms = static_cast<int64_t>(random() % 4'000'000'000'000) - 2'000'000'000'000;
    double value = 0;
    for (size_t i = 0; i < 1 + seed * 13; ++i) {
      // Steady scrapes, jitter, gaps of days.
      ms += random() % 5 == 0 ? 1 + static_cast<int64_t>(random() % (1ULL << (random() % 40)))
                              : 15'000;
      switch (random() % 6) {
        case 0:
          value = std::bit_cast<double>(random());
          break;
        case 1:
          value = std::bit_cast<double>(kStaleBits);
          break;
        case 2:
          value = -0.0;
          break;
        case 3:
          break;
        default:
          value = static_cast<double>(random() % 1'000) / 8;
      }
      points.add(ms, value);
    }
    auto chunks = points.chunks();
    CHECK(chunks.size() == (points.values.size() + 119) / 120);
    Read back = read_back(chunks);
    CHECK(back.times_ms == points.times_ms);
    REQUIRE(back.points.size() == points.values.size());
    for (size_t i = 0; i < points.values.size(); ++i) {
      REQUIRE(std::bit_cast<uint64_t>(back.points[i].value) ==
              std::bit_cast<uint64_t>(points.values[i]));
    }
  }
}

TEST_CASE("the bytes of an XOR chunk are those of the reference server") {
  // 1.5, 1.5, 2.25 at 1,000, 2,000, 3,500 ms; by hand from tsdb/docs/format/chunks.md.
  Points points;
  points.add(1'000, 1.5);
  points.add(2'000, 1.5);
  points.add(3'500, 2.25);
  auto chunks = points.chunks();
  REQUIRE(chunks.size() == 1);
  BitReader in(chunks[0].data);
  CHECK(in.bits(16) == 3);
  CHECK(in.varint() == 1'000);
  CHECK(in.float64() == 1.5);
  CHECK(in.uvarint() == 1'000);
  CHECK(in.bits(1) == 0);     // the same value
  CHECK(in.bits(2) == 0b10);  // 14 bits of difference of differences
  CHECK(in.bits(14) == 500);
  uint64_t change = std::bit_cast<uint64_t>(1.5) ^ std::bit_cast<uint64_t>(2.25);
  auto leading = static_cast<uint64_t>(std::countl_zero(change));
  auto trailing = static_cast<uint64_t>(std::countr_zero(change));
  CHECK(in.bits(2) == 0b11);
  CHECK(in.bits(5) == leading);
  CHECK(in.bits(6) == 64 - leading - trailing);
  CHECK(in.bits(static_cast<unsigned>(64 - leading - trailing)) == change >> trailing);
  CHECK(in.ok());
  CHECK(in.bits_left() < 8);
}

TEST_CASE("native histograms come back with their buckets, also those that come and go") {
  Points points;
  using signal::ResetHint;
  for (int64_t i = 0; i < 300; ++i) {
    std::vector<signal::Bucket> buckets{{-5, 1.0 + static_cast<double>(i)}};
    if (i >= 50) buckets.push_back({2, static_cast<double>(i)});
    if (i >= 100) buckets.push_back({3, 0.25});
    points.add(1'000 * i, native(std::move(buckets), ResetHint::Unknown));
  }
  auto chunks = points.chunks();
  REQUIRE(chunks.size() == 3);
  CHECK(header_of(chunks[0]) == 0);
  CHECK(header_of(chunks[1]) == 0x40);  // nothing fell between the two
  Read back = read_back(chunks);
  CHECK(back.times_ms == points.times_ms);
  for (size_t i = 0; i < back.points.size(); ++i) {
    REQUIRE(back.points[i].distribution != nullptr);
    check_same(*back.points[i].distribution, *points.distributions[i]);
  }
}

TEST_CASE("a reset, a gauge, another layout and a stale marker end a chunk of histograms") {
  using signal::ResetHint;
  Points points;
  auto stale = native({}, ResetHint::Unknown);
  stale.sum = std::bit_cast<double>(kStaleBits);
  signal::Distribution custom;
  custom.count = 3;
  custom.sum = 4;
  custom.has_min_max = false;
  custom.buckets = signal::ExplicitBuckets{{0.25, 1, 3.14159, 1e9}, {1, 0, 0, 0, 2}};
  points.add(1, native({{1, 5}, {2, 5}}, ResetHint::Unknown));
  points.add(2, native({{1, 5}, {2, 6}}, ResetHint::Unknown));
  points.add(3, native({{2, 7}}, ResetHint::Unknown));   // a bucket is gone: reset
  points.add(4, native({{2, 1}}, ResetHint::NotReset));  // says it is none
  points.add(5, native({{2, 9}}, ResetHint::Reset));     // says it is one
  points.add(6, native({{2, 1}}, ResetHint::Gauge));
  points.add(7, native({{2, 9}}, ResetHint::Gauge));
  points.add(8, custom);
  points.add(9, stale);
  points.add(10, custom);
  points.add(11, 2.5);
  points.add(12, native({{2, 9}}, ResetHint::NotReset));
  auto chunks = points.chunks();
  std::vector<std::pair<int64_t, int>> have;
  for (const EncodedChunk& chunk : chunks) {
    have.emplace_back(chunk.min_ms, chunk.encoding == Encoding::Xor ? -1 : header_of(chunk));
  }
  std::vector<std::pair<int64_t, int>> want{{1, 0}, {3, 0x80}, {5, 0x80}, {6, 0xc0},
                                            {8, 0}, {10, 0},   {11, -1},  {12, 0x40}};
  CHECK(have == want);
  Read back = read_back(chunks);
  CHECK(back.times_ms == points.times_ms);
  for (size_t i = 0; i < back.points.size(); ++i) {
    if (i == 8 || i == 10) continue;
    REQUIRE(back.points[i].distribution != nullptr);
    check_same(*back.points[i].distribution, *points.distributions[i]);
  }
  // The reader gives stale markers of histograms as floats.
  CHECK(std::bit_cast<uint64_t>(back.points[8].value) == kStaleBits);
  CHECK(back.points[10].value == 2.5);
  CHECK(back.points[0].distribution->reset_hint == ResetHint::Unknown);
  CHECK(back.points[6].distribution->reset_hint == ResetHint::Gauge);
}

TEST_CASE("pairs and sketches are floats in a chunk") {
  Points points;
  signal::Distribution pairs;
  pairs.count = 4;
  pairs.sum = 8;
  pairs.buckets = signal::Pairs{{2, 4}};
  points.add(1, pairs);
  points.values[0] = 2;
  auto chunks = points.chunks();
  REQUIRE(chunks.size() == 1);
  CHECK(chunks[0].encoding == Encoding::Xor);
  CHECK(read_back(chunks).points[0].value == 2);
}

}  // namespace
}  // namespace kansoku::wire::tsdb_block
