#include "signal/point.h"

#include <doctest/doctest.h>

#include <fstream>
#include <random>
#include <sstream>

namespace kansoku::signal {
namespace {

std::string hex_of(std::string_view bytes) {
  std::string out;
  for (char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

// One distribution of every kind, in the order of testdata/points.golden.
std::vector<std::pair<std::string, Distribution>> samples() {
  Distribution pairs{.count = 3, .sum = 4, .min = 1, .max = 2, .buckets = Pairs{{1, 2}, {2, 1}}};
  Distribution statistics{
      .count = 4, .sum = 10, .min = 1, .max = 4, .distribution_lost = true, .buckets = Pairs{}};
  Distribution sketch{.count = 6,
                      .sum = 9.5,
                      .min = -1,
                      .max = 5,
                      .buckets = SketchBuckets{1, {{3, 2}, {82, 1}}, {{0, 2}}}};
  Distribution exponential{.count = 7,
                           .sum = 12,
                           .has_min_max = false,
                           .reset_hint = ResetHint::NotReset,
                           .buckets = ExponentialBuckets{-2, 1e-6, 1, {{-1, 3}, {4, 2}}, {{2, 1}}}};
  Distribution histogram{.count = 6,
                         .has_sum = false,
                         .has_min_max = false,
                         .buckets = ExplicitBuckets{{0.5, 1}, {1, 2, 3}}};
  return {{"pairs", pairs},
          {"statistics", statistics},
          {"sketch", sketch},
          {"exponential", exponential},
          {"explicit", histogram}};
}

Point pairs_point(std::mt19937_64& random, uint64_t distinct) {
  std::vector<ValueCount> values;
  for (uint64_t i = 0; i < 1 + random() % 20; ++i) {
    values.push_back(
        {static_cast<double>(random() % distinct), static_cast<double>(1 + random() % 3)});
  }
  return point_from_values(std::move(values));
}

}  // namespace

TEST_CASE("a distribution of every kind keeps its golden bytes and comes back") {
  std::ifstream in(std::string(KANSOKU_SOURCE_DIR) + "/src/signal/testdata/points.golden");
  std::map<std::string, std::string> golden;
  std::string name;
  std::string hex;
  while (in >> name >> hex) golden[name] = hex;
  CHECK(golden.size() == samples().size());
  for (const auto& [kind, distribution] : samples()) {
    std::string bytes;
    encode_distribution(distribution, bytes);
    CHECK_MESSAGE(hex_of(bytes) == golden[kind], kind, " ", hex_of(bytes));
    std::string_view from = bytes;
    auto back = decode_distribution(from);
    REQUIRE(back);
    CHECK(from.empty());
    CHECK(*back == distribution);
  }
}

TEST_CASE("a cut distribution is an error at every length") {
  for (const auto& [kind, distribution] : samples()) {
    std::string bytes;
    encode_distribution(distribution, bytes);
    for (size_t n = 0; n < bytes.size(); ++n) {
      std::string_view from(bytes.data(), n);
      CHECK_FALSE(decode_distribution(from).has_value());
    }
  }
}

TEST_CASE("a bucket difference that overflows is an error (found by fuzz/point)") {
  std::string bytes("\x02\x00", 2);
  bytes.append(16, '\0');  // count, zero count
  bytes += "\x02\x05";     // two buckets, the first at -3
  bytes.append(8, '\0');
  bytes.append(9, '\xff');  // the smallest difference there is
  bytes += '\x01';
  bytes.append(9, '\0');
  std::string_view from = bytes;
  CHECK_FALSE(decode_distribution(from).has_value());
}

TEST_CASE("merging is free of order, over the limit of pairs too") {
  std::mt19937_64 random(7);
  for (uint64_t distinct : {5UL, 200UL, 2000UL}) {
    std::vector<Point> points;
    for (int i = 0; i < 60; ++i) points.push_back(pairs_point(random, distinct));
    Point forward = points[0];
    for (size_t i = 1; i < points.size(); ++i) forward.add(points[i]);
    for (int round = 0; round < 5; ++round) {
      std::shuffle(points.begin(), points.end(), random);
      // In groups of random size, which are then joined: any tree of additions.
      Point left = points[0];
      Point right = points[1];
      for (size_t i = 2; i < points.size(); ++i) (random() % 2 == 0 ? left : right).add(points[i]);
      left.add(right);
      CHECK(left == forward);
    }
    CHECK(forward.kind() == (distinct > 256 ? PointKind::Sketch : PointKind::Pairs));
  }
}

TEST_CASE("one value of count one is a float, equal bounds are exact") {
  CHECK(point_from_values({{5, 1}}).kind() == PointKind::Float);
  CHECK(point_from_values({{5, 2}}).kind() == PointKind::Pairs);
  Point exact = point_from_statistic_set(3, 15, 5, 5);
  REQUIRE(exact.distribution);
  CHECK(std::get<Pairs>(exact.distribution->buckets) == Pairs{{5, 3}});
  CHECK(point_from_statistic_set(1, 5, 5, 5).kind() == PointKind::Float);
  Point sum(1);
  sum.add(Point(2));
  CHECK(sum.count() == 2);
  CHECK(sum.sum() == 3);
  CHECK(sum.min() == 1);
  CHECK(sum.max() == 2);
}

TEST_CASE("the sketch stands for a value within one per cent") {
  for (double value = 1e-9; value < 1e12; value *= 1.7) {
    double back = sketch_value(sketch_index(value));
    CHECK(std::abs(back - value) <= 0.01 * value);
  }
}

}  // namespace kansoku::signal
