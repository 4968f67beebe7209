// The form of cells and of tier parts on disk.
#include "store/metrics/tier_part.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "base/env/sim.h"
#include "store/metric_store_conformance.h"

namespace kansoku::store::metrics {
namespace {

const double kStale = std::bit_cast<double>(uint64_t{0x7ff0000000000002});
constexpr int64_t kDayBegin = 20'000 * kDayMs;

std::string bytes_of(const TierCells& cells) {
  std::string out;
  encode_cells(cells, out);
  return out;
}

DecodedSeries random_points(std::mt19937_64& random) {
  DecodedSeries out;
  int64_t ms = kDayBegin + static_cast<int64_t>(random() % 100'000);
  double value = 0;
  while (ms < kDayBegin + kDayMs) {
    value = random() % 30 == 0 ? 0 : value + static_cast<double>(random() % 1000) / 8;
    const double odd = random() % 50 == 0   ? kStale
                       : random() % 90 == 0 ? std::numeric_limits<double>::quiet_NaN()
                       : random() % 90 == 0 ? std::numeric_limits<double>::infinity()
                                            : value;
    out.push(ms, odd);
    ms += 15'000 + static_cast<int64_t>(random() % (random() % 40 == 0 ? 8'000'000 : 20'000));
  }
  return out;
}

std::map<SeriesId, TierCells> golden_series() {
  std::map<SeriesId, TierCells> out;
  DecodedSeries counter;
  DecodedSeries gauge;
  for (int i = 0; i < 60; ++i) {
    counter.push(kDayBegin + i * 60'000 + 250, i < 33 ? i * 7 : (i - 33) * 5);
    gauge.push(kDayBegin + i * 60'000 + 500, i % 7 * 0.25);
  }
  gauge.push(kDayBegin + 60 * 60'000, kStale);
  fold_tier(counter, 300'000, out[3]);
  fold_tier(gauge, 300'000, out[900]);
  return out;
}

void write_golden(env::SimFileSystem& disk) {
  REQUIRE(disk.create_directories("/t"));
  TierMeta meta;
  meta.id = 7;
  meta.tier_ms = 300'000;
  meta.day_ms = kDayBegin;
  meta.sequence = 41;
  auto writer = TierPartWriter::create(disk, "/t", meta);
  REQUIRE(writer);
  for (const auto& [id, cells] : golden_series()) CHECK((*writer)->add(id, cells));
  auto written = (*writer)->finish(2, false);
  REQUIRE(written);
  CHECK(written->series == 2);
  CHECK(written->cells == 25);
}

std::string golden_path() {
  return fmt::format("{}/src/store/metrics/testdata/tier-v1.kmt", KANSOKU_SOURCE_DIR);
}

}  // namespace

TEST_CASE("cells of any points come back from their bytes") {
  std::mt19937_64 random(test_seed(95));
  for (int round = 0; round < 200; ++round) {
    const DecodedSeries points = random_points(random);
    for (int64_t tier_ms : kTiersMs) {
      TierCells cells;
      fold_tier(points, tier_ms, cells);
      const std::string bytes = bytes_of(cells);
      TierCells again;
      REQUIRE(decode_cells(bytes, again));
      CHECK(bytes_of(again) == bytes);
      CHECK(again.start_ms == cells.start_ms);
      CHECK(again.count == cells.count);
      CHECK(again.end_ms == cells.end_ms);
    }
  }
}

TEST_CASE("a cell says what its points were") {
  DecodedSeries points;
  for (auto [second, value] : std::vector<std::pair<int, double>>{
           {1, 10}, {20, 30}, {40, 5}, {59, 7}, {70, 9}, {100, kStale}, {200, kStale}}) {
    points.push(kDayBegin + second * 1000, value);
  }
  TierCells cells;
  fold_tier(points, 60'000, cells);
  REQUIRE(cells.size() == 3);
  CHECK(cells.count == std::vector<double>{4, 1, 0});
  CHECK(cells.first[0] == 10);
  CHECK(cells.last[0] == 7);
  CHECK(cells.resets[0] == 30);
  CHECK(cells.min[0] == 5);
  CHECK(cells.max[0] == 30);
  CHECK(cells.sum[0] == 52);
  CHECK(cells.end_ms == std::vector<double>{0, 40'001, 20'001});
  WeightedPoints shown;
  show_cells(cells, CellView::Increase, shown);
  // 20 up to the fall, 7 since zero after it, 2 to the next cell.
  double increase = 0;
  for (size_t i = 1; i < 5; ++i) {
    const double step = shown.values[i] - shown.values[i - 1];
    increase += step < 0 ? shown.values[i] : step;
  }
  CHECK(increase == 29);
  CHECK(shown.weights == std::vector<double>{1, 0, 0, 3, 1, 0, 0});
}

TEST_CASE("the golden tier part of version 1 is read, and written, byte for byte") {
  env::SimFileSystem disk;
  write_golden(disk);
  const std::string path = "/t/" + tier_part_name(7);
  if (std::getenv("KANSOKU_WRITE_GOLDEN") != nullptr) {
    std::ofstream(golden_path(), std::ios::binary) << disk.contents(path);
  }
  std::ifstream in(golden_path(), std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  CHECK(disk.contents(path) == bytes.str());
  disk.set_contents(path, bytes.str());
  auto meta = TierPart::read_meta(disk, path);
  REQUIRE(meta);
  CHECK(meta->sequence == 41);
  auto part = TierPart::open(disk, "/t", *meta);
  REQUIRE_FALSE(part->fenced());
  codec::Decompressor decompressor;
  TierCursor cursor(part, decompressor, nullptr);
  for (const auto& [id, want] : golden_series()) {
    TierCells cells;
    CHECK_FALSE(cursor.read(id - 1, cells));
    REQUIRE(cursor.read(id, cells));
    CHECK(bytes_of(cells) == bytes_of(want));
  }
}

TEST_CASE("a tier part cut anywhere or with any bit flipped is refused or answers right") {
  env::SimFileSystem disk;
  write_golden(disk);
  const std::string path = "/t/" + tier_part_name(7);
  const std::string whole = disk.contents(path);
  auto meta = TierPart::read_meta(disk, path);
  REQUIRE(meta);
  const auto want = golden_series();
  const auto right = [&] {
    auto part = TierPart::open(disk, "/t", *meta);
    if (part->damaged()) return true;
    codec::Decompressor decompressor;
    TierCursor cursor(part, decompressor, nullptr);
    for (const auto& [id, cells] : want) {
      TierCells got;
      if (!cursor.read(id, got)) return part->damaged();
      if (bytes_of(got) != bytes_of(cells)) return false;
    }
    return true;
  };
  for (size_t size = 0; size < whole.size(); ++size) {
    disk.set_contents(path, whole.substr(0, size));
    CHECK(right());
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    disk.set_contents(path, damaged);
    CHECK(right());
  }
}

}  // namespace kansoku::store::metrics
