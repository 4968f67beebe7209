#include "store/events/part.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "base/text/hex.h"
#include "store/events/manifest.h"
#include "store/events/part_codec.h"
#include "store/events/part_writer.h"

namespace kansoku::store::events {
namespace {

PartMeta meta_of_test() {
  return {.id = 7,
          .level = 1,
          .group = {{"1", "r"}, 30, 20'000},
          .first_sequence = 5,
          .last_sequence = 9,
          .seal_first_id = 6,
          .seal_parts = 2,
          .rows = 3,
          .message_bytes = 30,
          .min_ns = 1'000,
          .max_ns = 2'000};
}

PartFooter footer_of_test() {
  PartFooter footer;
  footer.meta = meta_of_test();
  footer.replaced = {2, 3};
  footer.blocks = {{.offset = 16,
                    .bytes = 100,
                    .rows = 3,
                    .min_ns = 1'000,
                    .max_ns = 2'000,
                    .message_bytes = 30,
                    .first_stream = 0,
                    .last_stream = 1}};
  footer.groups = {{.group = "g",
                    .generation = 4,
                    .first_stream = 0,
                    .streams = 2,
                    .rows = 3,
                    .min_ns = 1'000,
                    .max_ns = 2'000}};
  footer.chunks = {{.first_stream = 0,
                    .streams = 2,
                    .offset = 116,
                    .bytes = 20,
                    .raw_bytes = 30,
                    .crc = 0x01020304,
                    .first_name = "s1"}};
  footer.streams = 2;
  return footer;
}

StreamChunk chunk_of_test() {
  StreamChunk chunk;
  chunk.names = {"s1", "s2"};
  chunk.use_ends = {1, 2};
  chunk.uses = {{.block = 0,
                 .rows = 2,
                 .message_bytes = 20,
                 .min_ns = 1'000,
                 .max_ns = 1'500,
                 .last_ingested_ns = 1'400,
                 .min_sequence = 5,
                 .max_sequence = 6},
                {.block = 0,
                 .rows = 1,
                 .message_bytes = 10,
                 .min_ns = 2'000,
                 .max_ns = 2'000,
                 .last_ingested_ns = 2'100,
                 .min_sequence = 9,
                 .max_sequence = 9}};
  return chunk;
}

BlockRows rows_of(std::vector<StreamKey> streams, int64_t base_ns) {
  BlockRows rows;
  rows.streams = std::move(streams);
  signal::EventColumn messages{.path = std::string(kMessagePath)};
  for (uint32_t i = 0; i < rows.streams.size(); ++i) {
    rows.stream_rows.push_back(i);
    rows.timestamps_ns.push_back(base_ns + i);
    rows.sequences.push_back(5 + i);
    rows.batch_rows.push_back(0);
    rows.ingested_ns.push_back(base_ns);
    messages.rows.push_back(i);
    messages.text += "message";
    messages.text_ends.push_back(static_cast<uint32_t>(messages.text.size()));
  }
  rows.columns.push_back(std::move(messages));
  return rows;
}

}  // namespace

TEST_CASE("the bytes of an event part's footer, table and manifest are frozen") {
  std::string footer;
  encode_footer(footer_of_test(), footer);
  CHECK(to_hex(footer) ==
        "0701013101721ec0b80205040602031ed00fa01f000202030110640300e8071e000101016704020300e8"
        "07010274141e04030201027331");
  PartFooter back;
  REQUIRE(decode_footer(footer, 200, back));
  CHECK(back.meta == meta_of_test());
  CHECK(back.replaced == std::vector<uint64_t>{2, 3});
  CHECK(back.groups[0].rows == 3);
  CHECK(back.chunks[0].first_name == "s1");
  for (size_t size = 0; size < footer.size(); ++size) {
    CHECK_FALSE(decode_footer(std::string_view(footer).substr(0, size), 200, back));
  }
  std::string chunk;
  encode_chunk(chunk_of_test(), meta_of_test(), chunk);
  CHECK(to_hex(chunk) == "000273310100021400f403c70100010101320100010ae80700c8010400");
  StreamChunk read;
  REQUIRE(decode_chunk(chunk, 2, meta_of_test(), 1, read));
  CHECK(read.names == std::vector<std::string>{"s1", "s2"});
  CHECK(read.uses[1].last_ingested_ns == 2'100);
  CHECK(read.uses[1].min_sequence == 9);
  CHECK_FALSE(decode_chunk(chunk, 2, meta_of_test(), 0, read));  // names a block that is not
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/m"));
  ManifestState state;
  state.floor = 9;
  state.next_part = 8;
  state.trusted_ms = 1'000;
  state.parts[7] = meta_of_test();
  state.tombstones[{"1", "r", "g", "s"}] = 4;
  REQUIRE(Manifest::write(disk, "/m", state));
  CHECK(to_hex(disk.contents("/m/manifest")) ==
        "4b454d414e4930310100000030d104152600000059adad7d0908d00f00010701013101721ec0b8020504"
        "0602031ed00fa01f000101310172016701730400");
}

TEST_CASE("a part tells its streams, in chunks and whatever the order of its blocks") {
  env::SimFileSystem disk;
  REQUIRE(disk.create_directories("/p"));
  PartMeta meta = meta_of_test();
  meta.rows = 0;
  meta.message_bytes = 0;
  auto writer = PartWriter::create(disk, "/p", meta, {});
  REQUIRE(writer);
  std::vector<StreamKey> many;
  for (int i = 0; i < 700; ++i) many.push_back({"g", 0, fmt::format("s{:04}", i)});
  REQUIRE((*writer)->add(rows_of(many, 2'000)));
  REQUIRE((*writer)->add(rows_of({{"a", 0, "z"}, {"g", 0, "s0005"}}, 1'000)));
  REQUIRE((*writer)->add(rows_of({{"g", 1, "s0005"}}, 9'000)));
  const auto written = (*writer)->finish();
  REQUIRE(written);
  CHECK(written->rows == 703);
  CHECK(written->message_bytes == 703 * 7);
  CHECK(written->min_ns == 1'000);
  CHECK(written->max_ns == 9'000);
  const auto part = Part::open(disk, "/p", *written);
  REQUIRE_FALSE(part->fenced());
  CHECK(part->streams() == 702);
  CHECK(part->chunks().size() > 1);
  REQUIRE(part->groups().size() == 3);
  CHECK(part->groups()[1].group == "g");
  CHECK(part->groups()[1].streams == 700);
  CHECK(part->groups()[2].generation == 1);
  const GroupPlace& g = part->groups()[1];
  StreamCursor cursor(*part, g.first_stream, g.first_stream + g.streams);
  REQUIRE(cursor.skip_to("s0005"));
  REQUIRE(cursor.next().value_or(false));
  CHECK(cursor.name() == "s0005");
  REQUIRE(cursor.uses().size() == 2);
  CHECK(cursor.uses()[0].block == 0);
  CHECK(cursor.uses()[1].block == 1);
  REQUIRE(cursor.skip_to("s0600x"));
  REQUIRE(cursor.next().value_or(false));
  CHECK(cursor.name() == "s0601");
  REQUIRE(cursor.skip_to("t"));
  CHECK_FALSE(cursor.next().value_or(true));
}

}  // namespace kansoku::store::events
