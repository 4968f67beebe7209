#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "base/bytes.h"
#include "store/events/block_fixture.h"
#include "store/events/block_image.h"

namespace kansoku::store::events {
namespace {

using signal::ColumnType;

void check_same(const BlockRows& a, const BlockRows& b) {
  CHECK(a.streams == b.streams);
  CHECK(a.stream_rows == b.stream_rows);
  CHECK(a.timestamps_ns == b.timestamps_ns);
  CHECK(a.sequences == b.sequences);
  CHECK(a.batch_rows == b.batch_rows);
  CHECK(a.ingested_ns == b.ingested_ns);
  std::map<std::pair<std::string, ColumnType>, const signal::EventColumn*> known;
  for (const signal::EventColumn& column : b.columns) known[{column.path, column.type}] = &column;
  CHECK(a.columns.size() == b.columns.size());
  for (const signal::EventColumn& column : a.columns) {
    const signal::EventColumn* other = known[{column.path, column.type}];
    REQUIRE_MESSAGE(other != nullptr, column.path);
    CHECK(column.rows == other->rows);
    CHECK(column.integers == other->integers);
    CHECK(column.floats == other->floats);
    CHECK(column.text_ends == other->text_ends);
    CHECK(column.text == other->text);
  }
}

// The first line that differs says enough.
void check_lines(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) REQUIRE_MESSAGE(a[i] == b[i], a[i] << "\n" << b[i]);
}

// Encodes, and reads what was written in every way.
void check_round_trip(const BlockRows& rows) {
  std::string bytes;
  encode_block(rows, bytes);
  const auto decoded = decode_block(bytes);
  REQUIRE_MESSAGE(decoded, (decoded ? "" : decoded.error().to_string()));
  check_same(rows, *decoded);
  MemoryBytes memory(bytes);
  const auto reader = BlockReader::open(memory, memory.size());
  REQUIRE(reader);
  CHECK((*reader)->streams() == rows.streams);
  const auto filter = EventFilter::make({});
  const BlockRange range{.begin_ns = std::numeric_limits<int64_t>::min(),
                         .end_ns = std::numeric_limits<int64_t>::max()};
  const auto selected = (*reader)->select(range, *filter);
  REQUIRE(selected);
  const auto plain = plain_rows(rows);
  check_lines(shown(**selected), shown(*plain));
  const auto fields = (*reader)->fields();
  REQUIRE(fields);
  std::vector<std::string> told;
  for (const EventFieldInfo& field : *fields)
    told.push_back(fmt::format("{} {} {}", field.path, static_cast<int>(field.type), field.rows));
  std::vector<std::string> known;
  const auto paths = plain->paths();
  for (const std::string_view path : *paths) {
    const auto columns = plain->columns(path);
    std::map<int, size_t> counts;
    for (const EventValues& values : *columns) {
      for (size_t row = 0; row < plain->size(); ++row)
        counts[static_cast<int>(values.type)] += values.has(row);
    }
    for (const auto& [type, count] : counts)
      known.push_back(fmt::format("{} {} {}", path, type, count));
  }
  std::ranges::sort(told);
  std::ranges::sort(known);
  check_lines(told, known);
}

}  // namespace

TEST_CASE("a block gives back the events that it was made of") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    check_round_trip(random_block(seed, 1 + seed * seed * (seed % 3 == 0 ? 2 : 1)));
  }
}

TEST_CASE("a filter of a block answers as the plain one") {
  std::mt19937_64 random(7);
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const BlockRows rows = random_block(seed, 40 * seed * seed);
    std::string bytes;
    encode_block(rows, bytes);
    for (int i = 0; i < 150; ++i) {
      std::vector<EventClause> clauses;
      for (uint64_t n = 1 + random() % 2; n > 0; --n) clauses.push_back(random_clause(random));
      const auto filter = EventFilter::make(clauses);
      REQUIRE(filter);
      MemoryBytes memory(bytes);
      const auto reader = BlockReader::open(memory, memory.size());
      REQUIRE(reader);
      const int64_t middle = rows.timestamps_ns[rows.size() / 2];
      BlockRange range{.begin_ns = std::numeric_limits<int64_t>::min(), .end_ns = middle};
      std::vector<uint8_t> streams(rows.streams.size(), 1);
      if (streams.size() > 1 && i % 3 == 0) streams[0] = 0;
      if (i % 3 == 0) range.streams = streams;
      if (i % 2 == 0) range.end_ns = std::numeric_limits<int64_t>::max();
      const auto plain = plain_rows(rows);
      std::vector<uint32_t> wanted;
      for (uint32_t row = 0; row < rows.size(); ++row) {
        if (rows.timestamps_ns[row] < range.end_ns &&
            (range.streams.empty() || streams[rows.stream_rows[row]] != 0)) {
          wanted.push_back(row);
        }
      }
      plain->keep(wanted);
      const auto right = filter->rows(*plain);
      REQUIRE(right);
      plain->keep(*right);
      const auto possible = (*reader)->may_match(*filter);
      REQUIRE(possible);
      std::string question;
      for (const EventClause& clause : clauses) {
        for (const EventPredicate& p : clause)
          question +=
              fmt::format("{} {} {} {} | ", p.path, static_cast<int>(p.op), p.text, p.number);
        question += "& ";
      }
      CAPTURE(question);
      CAPTURE(seed);
      if (plain->size() > 0) CHECK(*possible);
      const auto selected = (*reader)->select(range, *filter);
      REQUIRE(selected);
      const auto kept = filter->rows(**selected);
      REQUIRE(kept);
      if (kept->size() < (*selected)->size()) (*selected)->keep(*kept);
      check_lines(shown(**selected), shown(*plain));
    }
  }
}

TEST_CASE("events of every size make a block") {
  check_round_trip(rows_of({""}));
  check_round_trip(rows_of({std::string(5'000'000, 'x') + "1"}));
  std::vector<std::string> many;
  for (int i = 0; i < 3'000; ++i)
    many.push_back(fmt::format(R"({{"name{}":{},"name{}":"x"}})", i, i, i + 50'000));
  check_round_trip(rows_of(many));
}

TEST_CASE("damaged bytes of a block are told, never taken for events") {
  const BlockRows rows = random_block(3, 60);
  std::string bytes;
  encode_block(rows, bytes);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    const auto decoded = decode_block(damaged);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::DataLoss);
  }
  for (size_t size = 0; size < bytes.size(); size += 7)
    CHECK_FALSE(decode_block(bytes.substr(0, size)));
}

TEST_CASE("of texts that are cut none is kept") {
  const std::vector<std::string_view> texts{"ab", "", "cde"};
  std::string bytes;
  append_texts(texts, bytes);
  std::vector<std::string_view> out;
  CHECK(split_texts(bytes, texts.size(), out));
  CHECK(out == texts);
  CHECK_FALSE(split_texts(std::string_view(bytes).substr(0, bytes.size() - 1), texts.size(), out));
  CHECK(out.empty());
}

TEST_CASE("a block whose times end before they begin is none") {
  std::string directory;
  append_varint(directory, 0);  // pages
  append_varint(directory, 1);  // rows
  append_varint(directory, zigzag(std::numeric_limits<int64_t>::max()));
  append_varint(directory, 1);            // to the last time
  append_varint(directory, 0);            // bytes of texts
  append_varint(directory, 1);            // streams
  directory += std::string(3, '\0');      // without names
  append_varint(directory, 1);            // its rows
  directory += std::string(4 * 3, '\0');  // chunks
  append_varint(directory, 1);            // minutes
  append_varint(directory, static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  append_varint(directory, 1);
  append_varint(directory, 0);  // columns
  std::string block = directory;
  append_le(block, static_cast<uint32_t>(directory.size()));
  append_le(block, static_cast<uint32_t>(directory.size()));
  append_le(block, crc32c(as_bytes(directory),
                          crc32c(as_bytes(std::string_view(block).substr(directory.size())))));
  append_le(block, kBlockMagic);
  const auto decoded = decode_block(block);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == ErrorCode::DataLoss);
}

namespace {

// Lines of a service: ids shared by some rows, times, latencies, words.
BlockRows service_lines(uint64_t seed, size_t rows) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return random() % n; };
  BlockBuilder builder;
  std::vector<uint64_t> traces(rows / 8 + 1);
  for (uint64_t& trace : traces) trace = random();
  for (size_t row = 0; row < rows; ++row) {
    const auto at = static_cast<int64_t>(row % (rows / 2)) * 7;
    builder.add(row < rows / 2 ? "pod-1" : "pod-2", (1'795'300'000'000 + at) * 1'000'000);
    const std::string time = fmt::format("2026-11-22T08:{:02}:{:02}.{:03}Z", at / 60'000 + 6,
                                         at / 1'000 % 60, at % 1'000);
    const std::string what =
        below(3) != 0
            ? fmt::format("GET /orders/{} took {:.2f}ms user=u{:04}", below(50'000),
                          static_cast<double>(below(99'999)) / 100, below(300))
            : fmt::format("job {:016x}-{} of {:08x}-1b4e-4a3f-8c99-0242ac120002 {}", random(),
                          below(9), below(1U << 31),
                          below(20) == 0 ? (seed == 5 ? "failed\ttwice" : "failed twice") : "done");
    builder.message(fmt::format(
        R"({{"time":"{}","level":"{}","trace":"{:016x}{:016x}","span":"{:016x}",)"
        R"("took":{:.3f},"n":{},"ok":{},"message":"{}"}})",
        time, below(9) != 0 ? "INFO" : "ERROR", traces[row % (rows / 2) / 4], ~traces[row % 7],
        random(), static_cast<double>(below(5'000)) / 1'000, below(1'000), below(2) != 0,
        below(20) != 0 ? what : what + " caf\u00e9 \\u00e9 \\\"q\\\""));
  }
  return builder.take();
}

}  // namespace

TEST_CASE("a stretch of any message is found in all messages that have it") {
  const BlockRows rows = service_lines(5, 4'000);
  check_round_trip(rows);
  std::string bytes;
  encode_block(rows, bytes);
  std::mt19937_64 random(6);
  const signal::EventColumn& messages = rows.columns[0];
  for (int i = 0; i < 400; ++i) {
    const std::string_view message = messages.text_at(random() % rows.size());
    const size_t length = 1 + random() % (i % 4 == 0 ? message.size() : 24);
    std::string text(message.substr(random() % message.size(), length));
    if (i % 5 == 0) text.back() = static_cast<char>('0' + random() % 10);
    CAPTURE(text);
    const auto op = static_cast<EventPredicate::Op>(i % 8 == 7 ? 1 : i % 8 == 6 ? 3 : 0);
    if (op == EventPredicate::Op::TextEqual) text = message;
    if (op == EventPredicate::Op::StartsWith) text = message.substr(0, length);
    const auto filter = EventFilter::make(
        std::vector<EventClause>{{{.path = std::string(kMessagePath), .op = op, .text = text}}});
    std::vector<int64_t> right;
    for (size_t row = 0; row < rows.size(); ++row) {
      const std::string_view candidate = messages.text_at(row);
      const bool holds = op == EventPredicate::Op::Contains ? candidate.find(text) != candidate.npos
                         : op == EventPredicate::Op::StartsWith ? candidate.starts_with(text)
                                                                : candidate == text;
      if (holds)
        right.push_back(static_cast<int64_t>(rows.sequences[row] * 10 + rows.batch_rows[row]));
    }
    MemoryBytes memory(bytes);
    const auto reader = BlockReader::open(memory, memory.size());
    REQUIRE(reader);
    const auto possible = (*reader)->may_match(*filter);
    REQUIRE(possible);
    if (!right.empty()) CHECK(*possible);
    const BlockRange range{.begin_ns = std::numeric_limits<int64_t>::min(),
                           .end_ns = std::numeric_limits<int64_t>::max()};
    const auto selected = (*reader)->select(range, *filter);
    REQUIRE(selected);
    CHECK((*selected)->checked(0));
    std::vector<int64_t> found;
    for (size_t row = 0; row < (*selected)->size(); ++row) {
      const EventId id = (*selected)->id(row);
      found.push_back(static_cast<int64_t>(id.log_sequence * 10 + id.row));
    }
    REQUIRE(found == right);
  }
}

TEST_CASE("few rows of a block are read as they are among all of them") {
  std::mt19937_64 random(19);
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const BlockRows rows = seed % 2 == 0 ? service_lines(seed, 3'000) : random_block(seed, 3'000);
    std::string bytes;
    encode_block(rows, bytes);
    MemoryBytes memory(bytes);
    const auto reader = BlockReader::open(memory, memory.size());
    REQUIRE(reader);
    const auto filter = EventFilter::make({});
    for (int i = 0; i < 12; ++i) {
      CAPTURE(seed);
      CAPTURE(i);
      // Times of a few neighbours; the same reader goes on from what it read before.
      const size_t first = random() % rows.size();
      BlockRange range{.begin_ns = rows.timestamps_ns[first]};
      range.end_ns = range.begin_ns + 1 + static_cast<int64_t>(random() % 3);
      const auto selected = (*reader)->select(range, *filter);
      REQUIRE(selected);
      const auto plain = plain_rows(rows);
      std::vector<uint32_t> kept;
      for (uint32_t row = 0; row < rows.size(); ++row) {
        const int64_t ns = rows.timestamps_ns[row];
        if (ns >= range.begin_ns && ns < range.end_ns) kept.push_back(row);
      }
      plain->keep(kept);
      check_lines(shown(**selected), shown(*plain));
      for (size_t row = 0; row < kept.size(); ++row) {
        CHECK((*selected)->id(row) == plain->id(row));
        CHECK((*selected)->ingested_ns()[row] == plain->ingested_ns()[row]);
      }
    }
  }
}

TEST_CASE("an id that no event has rules a block out") {
  const BlockRows rows = service_lines(9, 4'000);
  std::string bytes;
  encode_block(rows, bytes);
  size_t passed = 0;
  for (uint64_t i = 0; i < 500; ++i) {
    const auto filter = EventFilter::make(std::vector<EventClause>{
        {{.path = "span",
          .op = EventPredicate::Op::TextEqual,
          .text = fmt::format("{:016x}", (i + 1) * 0x9e3779b97f4a7c15ULL)}}});
    MemoryBytes memory(bytes);
    const auto reader = BlockReader::open(memory, memory.size());
    REQUIRE(reader);
    passed += *(*reader)->may_match(*filter);
    CHECK((*reader)->bytes_read() < memory.size() / 4);
  }
  CHECK(passed < 30);  // about 2 %
}

namespace {

std::string golden_path(int version) {
  return fmt::format("{}/src/store/events/testdata/block-v{}.kbl", KANSOKU_SOURCE_DIR, version);
}

std::string golden(int version) {
  std::ifstream in(golden_path(version), std::ios::binary);
  std::ostringstream stored;
  stored << in.rdbuf();
  return stored.str();
}

}  // namespace

TEST_CASE("golden blocks of both versions are read, and the newer one written, byte for byte") {
  const std::array<BlockRows, 2> blocks{random_block(5, 400), service_lines(2, 700)};
  std::string written;
  for (const BlockRows& rows : blocks) {
    std::string bytes;
    encode_block(rows, bytes);
    append_le(written, static_cast<uint32_t>(bytes.size()));
    written += bytes;
  }
  if (std::getenv("KANSOKU_WRITE_GOLDEN") != nullptr)
    std::ofstream(golden_path(2), std::ios::binary) << written;
  CHECK(golden(2) == written);
  for (const int version : {1, 2}) {
    CAPTURE(version);
    const std::string file = golden(version);
    size_t at = 0;
    for (const BlockRows& rows : blocks) {
      REQUIRE(file.size() >= at + 4);
      const auto size = load_le<uint32_t>(file.data() + at);
      const auto decoded = decode_block(std::string_view(file).substr(at + 4, size));
      REQUIRE(decoded);
      check_same(rows, *decoded);
      at += 4 + size;
    }
  }
}

}  // namespace kansoku::store::events
