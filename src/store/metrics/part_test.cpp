#include "store/metrics/part.h"

#include <doctest/doctest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "base/env/sim.h"
#include "store/metrics/sample_stream.h"

namespace kansoku::store::metrics {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

signal::Point point_of(signal::Distribution distribution) {
  signal::Point point;
  point.distribution = std::make_unique<signal::Distribution>(std::move(distribution));
  return point;
}

// Every kind of point, and every way in which values of a part of version 1 are kept.
std::map<SeriesId, DecodedSeries> samples_of_version_1() {
  std::map<SeriesId, DecodedSeries> out;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::vector<double>> columns{{7, 7, 7, 7},
                                           {1, 2, 3, 5},
                                           {0.25, 0.5, 1.75, 2},
                                           {-0.0, 0.0, nan, 1e300},
                                           {0.1, 1.0 / 3, 2, -5e-324}};
  for (size_t i = 0; i < columns.size(); ++i) {
    for (size_t k = 0; k < 4; ++k)
      out[i * 3].push(static_cast<int64_t>(k * k) * 1000, columns[i][k]);
  }
  DecodedSeries& mixed = out[100];
  mixed.push(1, 2.5);
  mixed.push(
      2, point_of(
             {.count = 3, .sum = 4, .min = 1, .max = 2, .buckets = signal::Pairs{{1, 2}, {2, 1}}}));
  mixed.push(3, point_of({.count = 3,
                          .sum = 9,
                          .min = 1,
                          .max = 5,
                          .buckets = signal::SketchBuckets{1, {{3, 2}}, {}}}));
  mixed.push(4, point_of({.count = 2,
                          .sum = 3,
                          .has_min_max = false,
                          .buckets = signal::ExponentialBuckets{1, 0, 0, {{4, 2}}, {}}}));
  mixed.push(5, point_of({.count = 6,
                          .has_sum = false,
                          .has_min_max = false,
                          .buckets = signal::ExplicitBuckets{{0.5, 1}, {1, 2, 3}}}));
  return out;
}

// Also runs of floats and pairs, which version 2 keeps as columns.
std::map<SeriesId, DecodedSeries> samples() {
  auto out = samples_of_version_1();
  auto pairs = [](signal::Pairs p, double sum) {
    signal::Distribution d{.sum = sum, .min = p.front().value, .max = p.back().value};
    for (const auto& pair : p) d.count += pair.count;
    d.buckets = std::move(p);
    return point_of(std::move(d));
  };
  DecodedSeries& ones = out[101];
  ones.push(0, pairs({{1.25, 1}, {7.5, 1}, {7.75, 1}}, 16.5));
  ones.push(300'000, 4.5);
  ones.push(600'000, pairs({{-2, 1}, {1e-3, 1}}, -1.999));
  DecodedSeries& counts = out[102];
  counts.push(0, pairs({{-0.0, 2}, {1.0 / 3, 0.5}}, 1.0 / 6));
  counts.push(300'000, pairs({{5, 1e12}}, 5e12));
  return out;
}

// Also what version 4 keeps as columns: statistic sets and sketches, beside other points or alone,
// long enough for prefix codes; floats in planes; and histograms, which it keeps one by one. The
// times of each lie in one section (write_part()), so that a series is one run.
std::map<SeriesId, DecodedSeries> samples_of_version_4() {
  auto out = samples();
  std::mt19937_64 random(1);
  DecodedSeries& sets = out[103];
  double level = 40;
  for (int i = 0; i < 200; ++i) {
    signal::Distribution d{.min = 1e9, .max = -1e9, .distribution_lost = true};
    for (int k = 0; k < 60; ++k) {
      if (random() % 2 == 0) level = std::round(level * 100 + double(random() % 401) - 200) / 100;
      d.count += 1;
      d.sum += level;
      d.min = std::min(d.min, level);
      d.max = std::max(d.max, level);
    }
    sets.push(i * 20, point_of(std::move(d)));
  }
  DecodedSeries& others = out[104];
  for (int i = 0; i < 3; ++i) {
    others.push(i, point_of({.count = 1.5,
                             .sum = std::bit_cast<double>(random() >> 2),
                             .min = -1.0 / 3,
                             .max = std::bit_cast<double>(random() >> 2),
                             .distribution_lost = true,
                             .reset_hint = signal::ResetHint::Gauge}));
  }
  DecodedSeries& sketches = out[105];
  for (int i = 0; i < 4; ++i) {
    signal::SketchBuckets buckets{1, {}, {{-7, 2}}};
    for (int k = 0; k < 50; ++k)
      buckets.positive.push_back({2 * k + i, static_cast<double>(random() % 40)});
    sketches.push(i, point_of({.count = 1003,
                               .sum = 20'000.25,
                               .min = -0.125,
                               .max = 110.75,
                               .buckets = std::move(buckets)}));
  }
  // Floats in planes: decimals, and doubles that have nothing in common.
  for (int i = 0; i < 100; ++i) {
    out[107].push(i * 20, static_cast<double>(random() % 4000) / 100);
    out[108].push(i * 20, std::bit_cast<double>(random() >> 2));
    out[109].push(i * 20, 5e6 * i + static_cast<double>(random() % 300));
  }
  DecodedSeries& histograms = out[106];
  histograms.push(1, point_of({.count = 2,
                               .sum = 3,
                               .has_min_max = false,
                               .buckets = signal::ExponentialBuckets{1, 0, 0, {{4, 2}}, {}}}));
  histograms.push(2, 7.5);
  return out;
}

constexpr int64_t kGoldenSectionMs = 5000;

PartMeta write_part(env::SimFileSystem& disk) {
  REQUIRE(disk.create_directories("/p"));
  SectionLengths sections_ms{};
  sections_ms[static_cast<size_t>(PageKind::Raw)] = kGoldenSectionMs;
  auto writer = PartWriter::create(disk, "/p", {.id = 1, .first_sequence = 10, .last_sequence = 20},
                                   1, sections_ms);
  REQUIRE(writer);
  for (const auto& [id, series] : samples_of_version_4()) {
    CHECK((*writer)->add_times(id, series.timestamps_ms.front(), series.timestamps_ms.back()));
    CHECK((*writer)->add(PageKind::Raw, id, series));
  }
  auto meta = (*writer)->finish();
  REQUIRE(meta);
  return *meta;
}

bool same(const DecodedSeries& a, const DecodedSeries& b) {
  if (a.timestamps_ms != b.timestamps_ms) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    bool distribution = !a.distributions.empty() && a.distributions[i];
    if (distribution != (!b.distributions.empty() && b.distributions[i])) return false;
    if (distribution && !(*a.distributions[i] == *b.distributions[i])) return false;
    if (!distribution &&
        std::bit_cast<uint64_t>(a.values[i]) != std::bit_cast<uint64_t>(b.values[i])) {
      return false;
    }
  }
  return true;
}

void check_reads_samples(const std::shared_ptr<const Part>& part,
                         const std::map<SeriesId, DecodedSeries>& wanted) {
  REQUIRE_FALSE(part->damaged());
  codec::Decompressor decompressor;
  PartCursor cursor(part, PageKind::Raw, decompressor);
  for (const auto& [id, series] : wanted) {
    CHECK(cursor.current() == id);
    DecodedSeries got;
    cursor.read(id, kMin, kMax, got);
    CHECK(same(got, series));
  }
  CHECK(cursor.current() == PartCursor::kNone);
}

std::string golden_path(int version) {
  return fmt::format("{}/src/store/metrics/testdata/part-v{}.kmp", KANSOKU_SOURCE_DIR, version);
}

std::string golden(int version) {
  std::ifstream in(golden_path(version), std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

}  // namespace

TEST_CASE("a part gives back every kind of point bit by bit") {
  env::SimFileSystem disk;
  PartMeta meta = write_part(disk);
  check_reads_samples(Part::open(disk, "/p", meta), samples_of_version_4());
}

TEST_CASE("the golden part of version 1 is read") {
  env::SimFileSystem disk;
  std::string bytes = golden(1);
  disk.set_contents("/p/" + part_name(1), bytes);
  auto meta = Part::read_meta(disk, "/p/" + part_name(1));
  REQUIRE(meta);
  meta->id = 1;
  check_reads_samples(Part::open(disk, "/p", *meta), samples_of_version_1());
}

TEST_CASE("the golden parts of versions 2 and 3 are read") {
  for (const int version : {2, 3}) {
    env::SimFileSystem disk;
    disk.set_contents("/p/" + part_name(1), golden(version));
    auto meta = Part::read_meta(disk, "/p/" + part_name(1));
    REQUIRE(meta);
    check_reads_samples(Part::open(disk, "/p", *meta), samples());
  }
}

TEST_CASE("the golden part of version 4 is read, and written, byte for byte") {
  env::SimFileSystem disk;
  PartMeta meta = write_part(disk);
  if (std::getenv("KANSOKU_WRITE_GOLDEN") != nullptr) {
    std::ofstream(golden_path(4), std::ios::binary) << disk.contents("/p/" + part_name(1));
  }
  std::string bytes = golden(4);
  CHECK(disk.contents("/p/" + part_name(1)) == bytes);
  disk.set_contents("/p/" + part_name(1), bytes);
  check_reads_samples(Part::open(disk, "/p", meta), samples_of_version_4());
}

TEST_CASE("the golden part has every form of values that is written") {
  std::set<ValueMode> forms;
  for (const auto& [id, series] : samples_of_version_4()) {
    const auto& times = series.timestamps_ms;
    const auto first_run = std::ranges::lower_bound(times, kGoldenSectionMs) - times.begin();
    std::string bytes;
    encode_points(series, 0, static_cast<size_t>(first_run), bytes);
    forms.insert(static_cast<ValueMode>(bytes[0]));
  }
  CHECK(forms == std::set{ValueMode::Constant, ValueMode::DecimalDelta, ValueMode::DecimalDelta2,
                          ValueMode::Xor, ValueMode::Points, ValueMode::Pairs, ValueMode::Cells,
                          ValueMode::Numbers});
}

TEST_CASE("cells of many values take several runs") {
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/p"));
  auto writer =
      PartWriter::create(disk, "/p", {.id = 1, .first_sequence = 1, .last_sequence = 1}, 1);
  REQUIRE(writer);
  DecodedSeries series;
  const size_t cells = 3 * kRunValues / signal::kPairsMax;
  for (size_t i = 0; i < cells; ++i) {
    signal::Distribution d;
    signal::Pairs pairs;
    for (size_t k = 0; k < signal::kPairsMax; ++k)
      pairs.push_back({static_cast<double>(i + 2 * k), 1});
    d.count = static_cast<double>(pairs.size());
    d.min = pairs.front().value;
    d.max = pairs.back().value;
    d.buckets = std::move(pairs);
    series.push(static_cast<int64_t>(i) * 300'000, point_of(std::move(d)));
  }
  CHECK((*writer)->add(PageKind::Tier300, 0, series));
  auto meta = (*writer)->finish();
  REQUIRE(meta);
  auto part = Part::open(disk, "/p", *meta);
  codec::Decompressor decompressor;
  PartCursor all(part, PageKind::Tier300, decompressor);
  DecodedSeries got;
  all.read(0, kMin, kMax, got);
  CHECK(same(got, series));
  PartCursor last(part, PageKind::Tier300, decompressor);
  DecodedSeries some;
  last.read(0, series.timestamps_ms.back(), kMax, some);
  CHECK(some.size() * 3 < cells * 2);
  CHECK(some.size() > 0);
}

TEST_CASE("streams of the head give back random values bit by bit") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    DecodedSeries want;
    std::string stream;
    StreamState state;
    int64_t ms = static_cast<int64_t>(random() >> 2);
    double value = 0;
    for (int i = 0; i < 50; ++i) {
      uint64_t kind = random() % 6;
      if (kind == 0) ms += 15'000;
      if (kind == 1) ms -= static_cast<int64_t>(random() % 1'000'000);
      if (kind == 2) ms = static_cast<int64_t>(random());
      if (random() % 2 == 0)
        value = static_cast<double>(static_cast<int64_t>(random() % 1'000'000) - 500'000);
      if (random() % 5 == 0) value = std::bit_cast<double>(random());
      if (random() % 5 == 0) value += 0.25;
      char bytes[kSampleBytesMax + 8];
      stream.append(bytes, put_sample(state, ms, value, bytes));
      want.push(ms, value);
    }
    DecodedSeries got;
    decode_stream(stream, got);
    CHECK(same(got, want));
  }
}

TEST_CASE("a read of the last minutes leaves earlier sections alone") {
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/p"));
  SectionLengths sections_ms{};
  sections_ms[static_cast<size_t>(PageKind::Raw)] = 3'600'000;
  auto writer = PartWriter::create(disk, "/p", {.id = 1, .first_sequence = 1, .last_sequence = 1},
                                   1, sections_ms);
  REQUIRE(writer);
  std::mt19937_64 random(1);
  const int64_t hours = 8;
  for (SeriesId id = 0; id < 40; ++id) {
    DecodedSeries series;
    for (int64_t ms = 0; ms < hours * 3'600'000; ms += 15'000)
      series.push(ms, std::bit_cast<double>(random() >> 2));
    CHECK((*writer)->add(PageKind::Raw, id, series));
  }
  auto meta = (*writer)->finish();
  REQUIRE(meta);
  auto part = Part::open(disk, "/p", *meta);
  CHECK(part->sections(PageKind::Raw).size() == hours);
  codec::Decompressor decompressor;
  PartCursor all(part, PageKind::Raw, decompressor);
  PartCursor last(part, PageKind::Raw, decompressor);
  for (SeriesId id = 0; id < 40; ++id) {
    DecodedSeries whole;
    all.read(id, kMin, kMax, whole);
    CHECK(whole.size() == hours * 240);
    DecodedSeries some;
    last.read(id, hours * 3'600'000 - 60'000, kMax, some);
    REQUIRE(some.size() == 240);
    CHECK(std::ranges::equal(some.values, std::span(whole.values).last(240)));
  }
  CHECK(last.bytes_read() * 7 < all.bytes_read());
}

TEST_CASE("a damaged page costs that page alone") {
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/p"));
  auto writer =
      PartWriter::create(disk, "/p", {.id = 1, .first_sequence = 1, .last_sequence = 1}, 1);
  REQUIRE(writer);
  std::mt19937_64 random(1);
  for (SeriesId id = 0; id < 200; ++id) {
    DecodedSeries series;
    for (int i = 0; i < 400; ++i) series.push(i * 1000, std::bit_cast<double>(random() >> 2));
    CHECK((*writer)->add(PageKind::Raw, id, series));
  }
  auto meta = (*writer)->finish();
  REQUIRE(meta);
  auto pages = Part::open(disk, "/p", *meta)->pages(PageKind::Raw);
  REQUIRE(pages.size() > 3);
  std::string bytes = disk.contents("/p/" + part_name(1));
  bytes[pages[1].offset + 5] ^= 4;
  disk.set_contents("/p/" + part_name(1), bytes);
  auto part = Part::open(disk, "/p", *meta);
  codec::Decompressor decompressor;
  PartCursor cursor(part, PageKind::Raw, decompressor);
  size_t readable = 0;
  for (SeriesId id = 0; id < 200; ++id) {
    DecodedSeries got;
    cursor.read(id, kMin, kMax, got);
    readable += static_cast<size_t>(got.size() == 400);
  }
  auto damaged = cursor.take_damaged();
  REQUIRE(damaged.size() == 1);
  CHECK(damaged[0].first_id == pages[1].first_id);
  CHECK(readable >= 200 - (pages[1].last_id - pages[1].first_id + 1));
  CHECK(readable < 200);
  CHECK(part->damaged());
}

}  // namespace kansoku::store::metrics
