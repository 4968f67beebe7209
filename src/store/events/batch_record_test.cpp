#include "store/events/batch_record.h"

#include <doctest/doctest.h>

#include "base/text/hex.h"
#include "store/event_store.h"

namespace kansoku::store::events {
namespace {

BatchRecord record_of_all_types() {
  signal::EventBatchBuilder builder;
  builder.add_stream({.group = "g", .stream = "s", .generation = 3});
  builder.add_stream({.group = "g", .stream = "t"});
  builder.add_row(0, 1'000'000'007);
  builder.set_text(kMessagePath, "hello");
  builder.set_int("i", -5);
  builder.set_bool("b", true);
  builder.add_row(1, 1'000'000'000);
  builder.set_text(kMessagePath, "");
  builder.set_float("f", 0.5);
  builder.set_bytes("y", std::string_view("\x00\xff", 2));
  return {{"1", "r"}, 1'000'000'000, builder.finish()};
}

void check_same(const BatchRecord& a, const BatchRecord& b) {
  CHECK(a.scope == b.scope);
  CHECK(a.ingested_ns == b.ingested_ns);
  REQUIRE(a.batch->row_count() == b.batch->row_count());
  CHECK(std::ranges::equal(a.batch->timestamps_ns(), b.batch->timestamps_ns()));
  CHECK(std::ranges::equal(a.batch->stream_rows(), b.batch->stream_rows()));
  REQUIRE(a.batch->streams().size() == b.batch->streams().size());
  for (size_t i = 0; i < a.batch->streams().size(); ++i) {
    CHECK(a.batch->streams()[i].stream == b.batch->streams()[i].stream);
    CHECK(a.batch->streams()[i].generation == b.batch->streams()[i].generation);
  }
  REQUIRE(a.batch->columns().size() == b.batch->columns().size());
  for (size_t i = 0; i < a.batch->columns().size(); ++i) {
    const signal::EventColumn& left = a.batch->columns()[i];
    const signal::EventColumn& right = b.batch->columns()[i];
    CHECK(left.path == right.path);
    CHECK(left.type == right.type);
    CHECK(left.rows == right.rows);
    CHECK(left.integers == right.integers);
    CHECK(left.floats == right.floats);
    CHECK(left.text_ends == right.text_ends);
    CHECK(left.text == right.text);
  }
}

}  // namespace

TEST_CASE("the bytes of an event record are frozen") {
  std::string bytes;
  encode_batch_record(record_of_all_types(), bytes);
  CHECK(to_hex(bytes) ==
        "01000131017280a8d6b90702016701730301670174000200010e0d0508406d6573736167650002050068656c6c"
        "6f0169010100090162030100020166020101000000000000e03f01790401010200ff");
  CHECK(to_hex(encode_stream_deletion({{"1", "r"}, "g", "s"})) == "40010131017201670173");
}

TEST_CASE("event records come back, small and compressed, and no cut one does") {
  const BatchRecord small = record_of_all_types();
  std::string bytes;
  encode_batch_record(small, bytes);
  const auto back = decode_batch_record(bytes);
  REQUIRE(back);
  check_same(small, *back);
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(decode_batch_record(std::string_view(bytes).substr(0, size)));
  }
  signal::EventBatchBuilder builder;
  builder.add_stream({.group = "g", .stream = "s"});
  for (int i = 0; i < 1'000; ++i) {
    builder.add_row(0, i);
    builder.set_text(kMessagePath, fmt::format("line {} of some log, mostly the same", i));
    if (i % 10 == 0) builder.set_int("tenth", i);
  }
  const BatchRecord large{{"1", "r"}, 5, builder.finish()};
  bytes.clear();
  encode_batch_record(large, bytes);
  CHECK(bytes.size() < 20'000);
  const auto unpacked = decode_batch_record(bytes);
  REQUIRE(unpacked);
  check_same(large, *unpacked);
  const auto deletion = decode_stream_deletion(encode_stream_deletion({{"1", "r"}, "g", "s"}));
  REQUIRE(deletion);
  CHECK(deletion->stream == "s");
}

}  // namespace kansoku::store::events
