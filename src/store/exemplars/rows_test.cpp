#include "store/exemplars/rows.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "signal/labels.h"
#include "store/exemplars/exemplar_file.h"

namespace kansoku::store::exemplars {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string some_rows() {
  auto series = *signal::Labels::from({{"__name__", "m"}});
  auto labels = *signal::Labels::from({{"trace_id", "x"}});
  RowsEncoder encoder;
  encoder.add(7, {"r", series.canonical()}, {1'000, 0.5, labels.canonical()});
  encoder.add(7, {"r", series.canonical()}, {999, -1, {}});
  encoder.add(8, {"q", {}}, {-5, 2, labels.canonical()});
  CHECK(encoder.rows() == 3);
  std::string out;
  encoder.append_to("1", out);
  CHECK(encoder.rows() == 0);
  return out;
}

}  // namespace

TEST_CASE("rows of exemplars keep their golden bytes and come back") {
  std::string bytes = some_rows();
  CHECK(hex(bytes) ==
        "0131020172017102000b085f5f6e616d655f5f016d01000300d00f000000000000e03f0b0874726163655f6964"
        "01780001000000000000f0bf0001d70f00000000000000400b0874726163655f69640178");
  DecodedRows rows;
  REQUIRE(decode_rows(bytes, rows));
  CHECK(rows.account == "1");
  REQUIRE(rows.series.size() == 2);
  CHECK(rows.series[0].region == "r");
  CHECK(rows.series[1].region == "q");
  REQUIRE(rows.rows.size() == 3);
  CHECK(rows.rows[1].series == 0);
  CHECK(rows.rows[1].row.timestamp_ms == 999);
  CHECK(rows.rows[2].series == 1);
  CHECK(rows.rows[2].row.timestamp_ms == -5);
  CHECK(rows.rows[2].row.value == 2);
}

TEST_CASE("times at both ends of the range follow one another") {
  RowsEncoder encoder;
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  for (int64_t ms : {kMin, kMax, kMin, int64_t{0}}) encoder.add(1, {"r", {}}, {ms, 0, {}});
  std::string bytes;
  encoder.append_to("1", bytes);
  DecodedRows rows;
  REQUIRE(decode_rows(bytes, rows));
  CHECK(rows.rows[0].row.timestamp_ms == kMin);
  CHECK(rows.rows[1].row.timestamp_ms == kMax);
  CHECK(rows.rows[2].row.timestamp_ms == kMin);
  CHECK(rows.rows[3].row.timestamp_ms == 0);
}

TEST_CASE("rows that are cut or go on are refused") {
  std::string bytes = some_rows();
  DecodedRows rows;
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(decode_rows(std::string_view(bytes).substr(0, size), rows));
  }
  CHECK_FALSE(decode_rows(bytes + "x", rows));
  CHECK_FALSE(decode_record("", rows));
  CHECK_FALSE(decode_record("\x02" + bytes, rows));
  CHECK(decode_record("\x01" + bytes, rows));
}

TEST_CASE("the file of exemplars keeps its golden bytes and comes back") {
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/e"));
  auto writer = FileWriter::begin(disk, "/e");
  REQUIRE(writer);
  REQUIRE(writer->write_block(some_rows(), 3));
  REQUIRE(writer->finish({.floor = 17, .trusted_ms = 1'000, .missing_before_ms = 5}));
  std::string bytes = disk.contents("/e/snapshot");
  CHECK(bytes.size() == writer->bytes());
  CHECK(hex(std::string_view(bytes).substr(0, kFileHeaderBytes)) ==
        "4b45584558503031010000000100000003000000000000001100000000000000e8030000000000000500000000"
        "000000000000000000000000000000"
        "9b230e21");
  CHECK(hex(std::string_view(bytes).substr(kFileHeaderBytes, kBlockHeaderBytes)) ==
        "4b58423151000000000000000000000071382bf6");
  size_t rows = 0;
  auto reading =
      read_exemplar_file(disk, "/e", [&](const DecodedRows& block) { rows += block.rows.size(); });
  REQUIRE(reading);
  CHECK(rows == 3);
  CHECK(reading->damages == 0);
  CHECK(reading->state.floor == 17);
  CHECK(reading->state.trusted_ms == 1'000);
  CHECK(reading->state.missing_before_ms == 5);
  CHECK(reading->state.blocks == 1);
  CHECK(reading->state.exemplars == 3);
}

TEST_CASE("a damaged block leaves the others") {
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/e"));
  auto writer = FileWriter::begin(disk, "/e");
  REQUIRE(writer);
  for (int i = 0; i < 3; ++i) REQUIRE(writer->write_block(some_rows(), 3));
  REQUIRE(writer->finish({.floor = 1}));
  std::string bytes = disk.contents("/e/snapshot");
  size_t block = (bytes.size() - kFileHeaderBytes) / 3;
  bytes[kFileHeaderBytes + block + kBlockHeaderBytes] ^= 1;
  disk.set_contents("/e/snapshot", bytes);
  size_t rows = 0;
  auto reading =
      read_exemplar_file(disk, "/e", [&](const DecodedRows& part) { rows += part.rows.size(); });
  REQUIRE(reading);
  CHECK(rows == 6);
  CHECK(reading->damages == 1);
  CHECK(reading->state.floor == 1);
}

}  // namespace kansoku::store::exemplars
