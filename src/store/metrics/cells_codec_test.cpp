#include "store/metrics/cells_codec.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "store/metrics/column_codec.h"

namespace kansoku::store::metrics {
namespace {

using signal::Distribution;
using Random = std::mt19937_64;

signal::Point point_of(Distribution distribution) {
  signal::Point point;
  point.distribution = std::make_unique<Distribution>(std::move(distribution));
  return point;
}

Distribution summary(double count, double sum, double min, double max) {
  Distribution d{.count = count, .sum = sum, .min = min, .max = max};
  d.distribution_lost = true;
  return d;
}

double hundredths(Random& random, int64_t below) {
  return static_cast<double>(static_cast<int64_t>(random() % static_cast<uint64_t>(below))) / 100;
}

double any_double(Random& random) {
  const double specials[] = {0.0,
                             -0.0,
                             1e300,
                             5e-324,
                             -1.0 / 3,
                             std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN(),
                             4503599627370497.0};
  if (random() % 4 == 0) return specials[random() % std::size(specials)];
  return std::bit_cast<double>(random());
}

// Sums of hundredths, added one by one as the engine does.
Distribution gauge_cell(Random& random, double& level) {
  Distribution d = summary(60, 0, 1e9, -1e9);
  for (int i = 0; i < 60; ++i) {
    level = std::round(level * 100 + static_cast<double>(random() % 41) - 20) / 100;
    d.sum += level;
    d.min = std::min(d.min, level);
    d.max = std::max(d.max, level);
  }
  return d;
}

Distribution pairs_cell(Random& random, size_t pairs_max) {
  Distribution d;
  signal::Pairs pairs;
  double value = hundredths(random, 5000) - 20;
  for (size_t n = 1 + random() % pairs_max; n > 0; --n) {
    value = std::round(value * 100 + 1 + static_cast<double>(random() % 300)) / 100;
    pairs.push_back({value, random() % 8 == 0 ? 2.5 : static_cast<double>(1 + random() % 3)});
    d.count += pairs.back().count;
    d.sum += value * pairs.back().count;
  }
  d.min = pairs.front().value;
  d.max = pairs.back().value;
  d.buckets = std::move(pairs);
  return d;
}

Distribution sketch_cell(Random& random) {
  signal::SketchBuckets sketch;
  Distribution d;
  auto fill = [&](std::vector<signal::Bucket>& buckets) {
    auto index = static_cast<int32_t>(random() % 400) - 200;
    for (uint64_t n = random() % 60; n > 0; --n) {
      index += static_cast<int32_t>(1 + random() % 3);
      buckets.push_back({index, static_cast<double>(random() % 100)});
      d.count += buckets.back().count;
    }
  };
  fill(sketch.positive);
  if (random() % 3 == 0) fill(sketch.negative);
  sketch.zero_count = static_cast<double>(random() % 3);
  d.count += sketch.zero_count;
  d.sum = hundredths(random, 1'000'000);
  d.min = -hundredths(random, 1000);
  d.max = hundredths(random, 1000);
  d.buckets = std::move(sketch);
  return d;
}

Distribution histogram_cell(Random& random) {
  Distribution d{.count = 6, .has_sum = random() % 2 == 0, .has_min_max = false};
  if (d.has_sum) d.sum = any_double(random);
  if (random() % 2 == 0) {
    d.buckets = signal::ExplicitBuckets{{0.5, 1}, {1, 2, 3}};
  } else {
    d.buckets = signal::ExponentialBuckets{1, 0, 0, {{4, 2}}, {{-3, 4}}};
  }
  return d;
}

// What follows from nothing else.
void disturb(Distribution& d, Random& random) {
  switch (random() % 8) {
    case 0:
      d.distribution_lost = !d.distribution_lost;
      break;
    case 1:
      d.count += 1;
      break;
    case 2:
      d.min = any_double(random);
      break;
    case 3:
      d.max = std::nextafter(d.max, 0);
      break;
    case 4:
      d.reset_hint = static_cast<signal::ResetHint>(random() % 4);
      break;
    case 5:
      d.sum = any_double(random);
      break;
    case 6:
      d.has_min_max = false;
      d.min = d.max = 0;
      break;
    default:
      d.has_sum = false;
  }
  // What is not said is not kept.
  if (!d.has_sum) d.sum = 0;
}

// Runs of many kinds: 0 gauges, 1 counters, 2 random doubles, 3 sets as CloudWatch gets them, 4
// pairs, 5 sketches, 6 everything.
DecodedSeries random_run(Random& random, uint64_t kind, bool disturbed) {
  DecodedSeries out;
  double level = 50;
  double total = 0;
  for (uint64_t n = 1 + random() % (random() % 4 == 0 ? 600 : 40), i = 0; i < n; ++i) {
    const auto ms = static_cast<int64_t>(i) * 60'000;
    const uint64_t now = kind < 6 ? kind : random() % 8;
    Distribution d;
    if (now == 0) d = gauge_cell(random, level);
    if (now == 1) {
      const double first = total;
      total += static_cast<double>(random() % 10'000);
      d = summary(2, first + total, first, total);
    }
    if (now == 2)
      d = summary(1 + static_cast<double>(random() % 3), any_double(random), any_double(random),
                  any_double(random));
    if (now == 3) {
      const double min = hundredths(random, 1000);
      const double count = static_cast<double>(1 + random() % 1000);
      d = summary(count, count * (min + 1.0 / 3), min, min + hundredths(random, 1000));
    }
    if (now == 4) d = pairs_cell(random, 256);
    if (now == 5) d = sketch_cell(random);
    if (now == 6) d = histogram_cell(random);
    if (now == 7) {
      out.push(ms, random() % 2 == 0 ? hundredths(random, 1000) : any_double(random));
      continue;
    }
    if (disturbed && random() % 10 == 0) disturb(d, random);
    out.push(ms, point_of(std::move(d)));
  }
  if (out.distributions.empty()) out.push(1 << 30, point_of(pairs_cell(random, 4)));
  return out;
}

bool same_bytes(const DecodedSeries& a, const DecodedSeries& b) {
  if (a.timestamps_ms != b.timestamps_ms) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    std::string x;
    std::string y;
    const bool distribution = a.distributions[i] != nullptr;
    if (distribution != (b.distributions[i] != nullptr)) return false;
    if (distribution) {
      signal::encode_distribution(*a.distributions[i], x);
      signal::encode_distribution(*b.distributions[i], y);
    }
    if (x != y) return false;
    if (std::bit_cast<uint64_t>(a.values[i]) != std::bit_cast<uint64_t>(b.values[i])) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("runs of cells of every kind come back bit by bit") {
  Random random(17);
  for (int round = 0; round < 1200; ++round) {
    const DecodedSeries want = random_run(random, static_cast<uint64_t>(round) % 7, round % 2 == 0);
    std::string bytes;
    encode_cells(want, 0, want.size(), bytes);
    DecodedSeries got;
    REQUIRE(decode_cells(bytes.data(), bytes.data() + bytes.size(), want.timestamps_ms, got));
    CHECK(same_bytes(got, want));
  }
}

TEST_CASE("few pairs are kept shorter, when nothing is lost by it, and come back bit by bit") {
  Random random(31);
  int pairs = 0;
  for (int round = 0; round < 400; ++round) {
    DecodedSeries want;
    for (uint64_t n = 1 + random() % 6, i = 0; i < n; ++i) {
      const auto ms = static_cast<int64_t>(i) * 60'000;
      Distribution d = pairs_cell(random, 20);
      if (random() % 20 == 0) disturb(d, random);
      if (i > 0 && random() % 4 == 0) {
        want.push(ms, hundredths(random, 100));
      } else {
        want.push(ms, point_of(std::move(d)));
      }
    }
    std::string bytes;
    encode_points(want, 0, want.size(), bytes);
    pairs += static_cast<int>(bytes[0] == static_cast<char>(ValueMode::Pairs));
    DecodedSeries got;
    REQUIRE(decode_points(bytes, want.timestamps_ms, got));
    CHECK(same_bytes(got, want));
  }
  CHECK(pairs > 200);
  CHECK(pairs < 400);
}

TEST_CASE("a part of a run is encoded as if it were the run") {
  Random random(3);
  const DecodedSeries run = random_run(random, 6, true);
  REQUIRE(run.size() > 4);
  std::string bytes;
  encode_points(run, 1, run.size() - 1, bytes);
  DecodedSeries got;
  const auto times = std::span(run.timestamps_ms).subspan(1, run.size() - 2);
  REQUIRE(decode_points(bytes, times, got));
  for (size_t i = 0; i < got.size(); ++i)
    CHECK(std::bit_cast<uint64_t>(got.values[i]) == std::bit_cast<uint64_t>(run.values[i + 1]));
}

TEST_CASE("histograms alone are kept one by one, cells as columns") {
  Random random(4);
  DecodedSeries histograms;
  for (int i = 0; i < 5; ++i) histograms.push(i, point_of(histogram_cell(random)));
  std::string bytes;
  encode_points(histograms, 0, histograms.size(), bytes);
  CHECK(bytes[0] == static_cast<char>(ValueMode::Points));
  histograms.push(6, point_of(summary(2, 3, 1, 2)));
  bytes.clear();
  encode_points(histograms, 0, histograms.size(), bytes);
  CHECK(bytes[0] == static_cast<char>(ValueMode::Cells));
  DecodedSeries got;
  REQUIRE(decode_points(bytes, histograms.timestamps_ms, got));
  CHECK(same_bytes(got, histograms));
}

TEST_CASE("statistic sets of seconds cost what their values do") {
  DecodedSeries run;
  Random random(9);
  double level = 50;
  for (int i = 0; i < 4096; ++i) {
    level = std::round(level * 100 + static_cast<double>(random() % 41) - 20) / 100;
    run.push(i * 1000, point_of(summary(1, level, level, level)));
  }
  std::string bytes;
  encode_points(run, 0, run.size(), bytes);
  // 41 differences are 5.4 bits; counts, maxima and sums are a byte or two for all.
  CHECK(bytes.size() < 4096 * 5.8 / 8);
}

TEST_CASE("minima that are all zero do not keep the other columns from referring to them") {
  DecodedSeries run;
  Random random(9);
  for (int i = 0; i < 1000; ++i) {
    const double max = hundredths(random, 1000);
    run.push(i * 60'000, point_of(summary(2, max, 0, max)));
  }
  std::string bytes;
  encode_points(run, 0, run.size(), bytes);
  CHECK(bytes.size() < 1000 * 10.5 / 8);
}

TEST_CASE("cells of a gauge in hundredths take less than six bytes") {
  DecodedSeries run;
  Random random(9);
  double level = 50;
  for (int i = 0; i < 4096; ++i) run.push(i * 60'000, point_of(gauge_cell(random, level)));
  std::string bytes;
  encode_points(run, 0, run.size(), bytes);
  CHECK(bytes.size() < 4096 * 6);
}

TEST_CASE("runs of floats of every kind come back bit by bit") {
  Random random(29);
  for (int round = 0; round < 600; ++round) {
    std::vector<double> want(1 + random() % (round % 2 == 0 ? 400 : 70));
    double level = static_cast<double>(random() % 1'000'000);
    for (double& value : want) {
      switch (round % 6) {
        case 0:
          value = hundredths(random, 4000);
          break;
        case 1:
          value = any_double(random);
          break;
        case 2:
          level += 5'000'000 + static_cast<double>(random() % 300);
          value = level;
          break;
        case 3:
          if (random() % 100 < 45) level += static_cast<double>(random() % 400) / 100 - 2;
          value = level;
          break;
        case 4:
          value = std::ldexp(static_cast<double>(random() >> 11), -53);
          break;
        default:
          value = -static_cast<double>(random() >> (random() % 64));
      }
    }
    std::string bytes;
    encode_values(want, bytes);
    std::vector<double> got;
    const char* at = bytes.data();
    REQUIRE(decode_values(at, bytes.data() + bytes.size(), want.size(), got));
    CHECK(at == bytes.data() + bytes.size());
    CHECK(std::memcmp(got.data(), want.data(), want.size() * sizeof(double)) == 0);
  }
}

TEST_CASE("damaged runs of cells are refused or read as others, within their bytes") {
  Random random(23);
  for (int round = 0; round < 300; ++round) {
    const DecodedSeries run = random_run(random, static_cast<uint64_t>(round) % 7, true);
    std::string bytes;
    encode_points(run, 0, run.size(), bytes);
    for (size_t cut = 0; cut < bytes.size(); cut += 1 + bytes.size() / 40) {
      DecodedSeries other;
      const std::string shorter(bytes.data(), cut);  // a heap block of its own, for sanitizers
      CHECK_FALSE(decode_points(shorter, run.timestamps_ms, other));
    }
    for (int i = 0; i < 20; ++i) {
      std::string changed = bytes;
      changed[random() % changed.size()] ^= static_cast<char>(1 << random() % 8);
      DecodedSeries other;
      (void)decode_points(changed, run.timestamps_ms, other);
    }
  }
}

}  // namespace kansoku::store::metrics
