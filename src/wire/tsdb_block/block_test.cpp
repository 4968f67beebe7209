#include "wire/tsdb_block/block.h"

#include <doctest/doctest.h>

#include <cmath>

#include "support/conformance.h"
#include "wire/tsdb_block/bit_reader.h"
#include "wire/tsdb_block/bit_writer.h"
#include "wire/tsdb_block/chunk.h"

namespace kansoku::wire::tsdb_block {
namespace {

std::vector<std::pair<int64_t, signal::Point>> decode(uint8_t encoding, std::string_view bytes) {
  std::vector<std::pair<int64_t, signal::Point>> out;
  auto status = decode_chunk(encoding, bytes, [&](int64_t ms, signal::Point point) {
    out.emplace_back(ms, std::move(point));
  });
  INFO((status ? "" : status.error().to_string()));
  CHECK(status.has_value());
  return out;
}

TEST_CASE("variable-length integers come back at the ends of every range") {
  for (unsigned size : {3U, 6U, 9U, 12U, 18U, 25U, 56U, 63U}) {
    for (int64_t value :
         {(int64_t{1} << (size - 1)), (int64_t{1} << (size - 1)) + 1,
          -(int64_t{1} << (size - 1)) + 1, -(int64_t{1} << (size - 1)), int64_t{0}}) {
      std::string bytes;
      BitWriter writer(bytes);
      writer.varbit_int(value);
      writer.varbit_uint(static_cast<uint64_t>(std::abs(value)));
      BitReader reader(bytes);
      CHECK(reader.varbit_int() == value);
      CHECK(reader.varbit_uint() == static_cast<uint64_t>(std::abs(value)));
      CHECK(reader.ok());
    }
  }
}

TEST_CASE("a chunk of integer histograms keeps buckets, gaps, differences and stale markers") {
  std::string bytes;
  BitWriter w(bytes);
  w.bits(3, 16);
  w.bits(0, 8);        // counter, reset unknown
  w.bits(243 - 9, 8);  // zero threshold 0.5 * 2^-9
  w.varbit_int(1);     // schema
  w.varbit_uint(2);    // positive spans: indexes -2, -1 and 2
  w.varbit_uint(2), w.varbit_int(-2);
  w.varbit_uint(1), w.varbit_int(2);
  w.varbit_uint(0);  // no negative spans
  w.varbit_int(1000), w.varbit_uint(7), w.varbit_uint(1), w.float64(2.5);
  w.varbit_int(3), w.varbit_int(-3), w.varbit_int(3);  // counts 3, 0, 3 (as differences)
  // Second: 10 ms later, count 8, zero 1, same sum, counts 3, 1, 3.
  w.varbit_int(10), w.varbit_int(1), w.varbit_int(0), w.bits(0, 1);
  w.varbit_int(0), w.varbit_int(1), w.varbit_int(-1);
  // Third, a stale marker: the sum alone.
  w.varbit_int(0), w.varbit_int(-9), w.varbit_int(-1);
  uint64_t change = std::bit_cast<uint64_t>(2.5) ^ 0x7ff0000000000002ULL;
  w.bits(3, 2), w.bits(0, 5), w.bits(0, 6), w.bits(change, 64);
  auto points = decode(2, bytes);
  REQUIRE(points.size() == 3);
  const auto& first = std::get<signal::ExponentialBuckets>(points[0].second.distribution->buckets);
  CHECK(points[0].first == 1000);
  CHECK(points[0].second.count() == 7);
  CHECK(first.schema == 1);
  CHECK(first.zero_threshold == std::ldexp(0.5, -9));
  CHECK(first.zero_count == 1);
  CHECK(first.positive == std::vector<signal::Bucket>{{-3, 3}, {1, 3}});
  CHECK(points[0].second.distribution->reset_hint == signal::ResetHint::Unknown);
  const auto& second = std::get<signal::ExponentialBuckets>(points[1].second.distribution->buckets);
  CHECK(points[1].first == 1010);
  CHECK(points[1].second.count() == 8);
  CHECK(second.positive == std::vector<signal::Bucket>{{-3, 3}, {-2, 1}, {1, 3}});
  CHECK(points[1].second.distribution->reset_hint == signal::ResetHint::NotReset);
  CHECK(points[2].first == 1020);
  CHECK(points[2].second.distribution == nullptr);
  CHECK(std::bit_cast<uint64_t>(points[2].second.value) == 0x7ff0000000000002ULL);
}

TEST_CASE("a chunk of float histograms with custom buckets becomes explicit bounds") {
  std::string bytes;
  BitWriter w(bytes);
  w.bits(2, 16);
  w.bits(0xc0, 8);  // gauge
  w.bits(0, 8);     // zero threshold 0
  w.varbit_int(-53);
  w.varbit_uint(1), w.varbit_uint(2), w.varbit_int(0);
  w.varbit_uint(0);
  w.varbit_uint(2);  // bounds 0.25 (in thousandths) and pi (as it is)
  w.varbit_uint(251);
  w.varbit_uint(0), w.float64(3.14159);
  w.varbit_int(-5), w.float64(3.5), w.float64(0), w.float64(1), w.float64(1.5), w.float64(2);
  w.varbit_int(7), w.bits(0, 1), w.bits(0, 1), w.bits(0, 1), w.bits(0, 1), w.bits(0, 1);
  auto points = decode(3, bytes);
  REQUIRE(points.size() == 2);
  const auto& buckets = std::get<signal::ExplicitBuckets>(points[1].second.distribution->buckets);
  CHECK(points[0].first == -5);
  CHECK(points[1].first == 2);
  CHECK(buckets.bounds == std::vector<double>{0.25, 3.14159});
  CHECK(buckets.counts == std::vector<double>{1.5, 2, 0});
  CHECK(points[1].second.distribution->reset_hint == signal::ResetHint::Gauge);
}

TEST_CASE("damaged chunks, indexes and tombstones are refused") {
  CHECK_FALSE(decode_chunk(1, std::string("\0\5\1", 3), [](auto, auto) {}).has_value());
  auto unknown = decode_chunk(9, "abc", [](auto, auto) {});
  CHECK(unknown.error().code == ErrorCode::Unimplemented);
  CHECK_FALSE(Index::parse(std::string(100, '\0')).has_value());
  CHECK_FALSE(parse_tombstones("\x01\x30\xba\x30\x01zzzz").has_value());
  CHECK(parse_tombstones(std::string("\x01\x30\xba\x30\x01\0\0\0\0", 9))->empty());
  CHECK_FALSE(parse_meta(R"({"version":2})").has_value());
}

std::string line_of(const signal::Labels& labels, double value, int64_t ms) {
  std::string out = "{";
  for (const auto& label : labels.list()) {
    if (out.size() > 1) out += ", ";
    out += fmt::format("{}=\"", label.name);
    for (char c : label.value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  // The dump has Go's numbers; they are compared as numbers.
  return fmt::format("{}}} {} {}", out, value, ms);
}

TEST_CASE("conformance: every real block reads as its dump, and damaged ones are refused") {
  auto root = test::conformance("prometheus/tsdb");
  if (!root) {
    test::skip("tsdb blocks");
    return;
  }
  size_t blocks = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*root)) {
    std::string path = entry.path();
    if (!entry.is_directory() || !is_block(env::real_files(), path)) continue;
    INFO(path);
    ++blocks;
    auto block = Block::open(env::real_files(), path);
    if (path.find("repair_index_version") != std::string::npos) {
      REQUIRE_FALSE(block.has_value());
      CHECK(block.error().code == ErrorCode::Unimplemented);
      continue;
    }
    REQUIRE(block.has_value());
    std::filesystem::path dump;
    for (auto up = entry.path(); up != *root && dump.empty(); up = up.parent_path()) {
      auto here = up / "dump.promtool-2.42.txt";
      if (std::filesystem::exists(here)) dump = here;
    }
    REQUIRE_FALSE(dump.empty());
    std::vector<std::string> want;
    std::istringstream lines(test::read_text(dump));
    for (std::string line; std::getline(lines, line);) {
      size_t last = line.rfind(' ');
      size_t middle = line.rfind(' ', last - 1);
      want.push_back(fmt::format("{} {}{}", line.substr(0, middle),
                                 std::stod(line.substr(middle + 1, last - middle - 1)),
                                 line.substr(last)));
    }
    std::vector<std::string> have;
    uint64_t series = 0;
    REQUIRE((*block)->read([&](const BlockSeries& s) -> Status {
      ++series;
      for (size_t i = 0; i < s.points.size(); ++i) {
        have.push_back(line_of(*s.labels, s.points[i].value, s.timestamps_ms[i]));
      }
      return {};
    }));
    std::sort(want.begin(), want.end());
    std::sort(have.begin(), have.end());
    CHECK(series == (*block)->meta().series);
    CHECK(have.size() == want.size());
    CHECK(have == want);
  }
  CHECK(blocks >= 2);
}

}  // namespace
}  // namespace kansoku::wire::tsdb_block
