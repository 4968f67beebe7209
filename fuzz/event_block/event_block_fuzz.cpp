// Blocks of arbitrary bytes, and good ones of which some bytes were changed (checksums are made
// right, so that what stands behind them is reached); columns of integers of arbitrary bytes, which
// are the same read at once and in stretches; and messages of arbitrary bytes, which must come back
// byte by byte with the leaves that json_leaves() tells.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "store/events/block.h"
#include "store/events/block_image.h"
#include "store/events/block_ints.h"
#include "store/json_leaves.h"

using namespace kansoku;
using namespace kansoku::store;
using namespace kansoku::store::events;

namespace {

class Bytes final : public BlockBytes {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::shared_ptr<const std::string>> read(uint64_t offset, size_t bytes) override {
    if (offset > bytes_.size() || bytes > bytes_.size() - offset) return corruption("cut");
    return std::make_shared<const std::string>(bytes_.substr(offset, bytes));
  }
  uint64_t size() const { return bytes_.size(); }

 private:
  std::string bytes_;
};

const BlockRange kAll{.begin_ns = std::numeric_limits<int64_t>::min(),
                      .end_ns = std::numeric_limits<int64_t>::max()};

// The directory, its lengths and checksum, and the magic.
void end_block(std::string_view directory, std::string& block) {
  block += directory;
  const size_t trailer = block.size();
  append_le(block, static_cast<uint32_t>(directory.size()));
  append_le(block, static_cast<uint32_t>(directory.size()));
  append_le(block,
            crc32c(as_bytes(directory), crc32c(as_bytes(std::string_view(block).substr(trailer)))));
  append_le(block, kBlockMagic);
}

// A directory of these bytes, before which stand as many bytes of pages as it says.
void read_directory(std::string_view directory) {
  std::string block;
  const char* at = directory.data();
  const char* const end = at + directory.size();
  uint64_t pages = 0;
  uint64_t all = 0;
  if (!read_varint(at, end, pages) || pages > 64) return;
  for (uint64_t i = 0; i < pages; ++i) {
    uint64_t stored = 0;
    uint64_t raw = 0;
    if (!read_varint(at, end, stored) || !read_varint(at, end, raw) || end - at < 4) return;
    at += 4;
    all += stored;
    if (all > 64 * 1024) return;
  }
  block.assign(all, '\1');
  end_block(directory, block);
  Bytes bytes(block);
  const auto reader = BlockReader::open(bytes, bytes.size());
  if (!reader) return;
  const auto filter = EventFilter::make(std::vector<EventClause>{
      {{.path = std::string(kMessagePath), .op = EventPredicate::Op::Contains, .text = "a1"}}});
  (void)(*reader)->may_match(*filter);
  (void)(*reader)->select(kAll, *filter);
  (void)(*reader)->fields();
}

// A block taken apart.
struct Parts {
  std::vector<std::string> pages;  // raw
  std::string directory;           // behind the table of pages
};

Parts parts_of(std::string_view block) {
  const char* const trailer = block.data() + block.size() - kBlockTrailerBytes;
  const auto stored = load_le<uint32_t>(trailer);
  std::string directory;
  KANSOKU_CHECK(thread_decompressor().decompress({trailer - stored, stored},
                                                 load_le<uint32_t>(trailer + 4), directory));
  const char* at = directory.data();
  const char* const end = at + directory.size();
  Parts out;
  uint64_t pages = 0;
  KANSOKU_CHECK(read_varint(at, end, pages));
  size_t offset = 0;
  for (uint64_t i = 0; i < pages; ++i) {
    uint64_t bytes = 0;
    uint64_t raw = 0;
    KANSOKU_CHECK(read_varint(at, end, bytes) && read_varint(at, end, raw) && end - at >= 4);
    at += 4;
    KANSOKU_CHECK(thread_decompressor().decompress(block.substr(offset, bytes), raw,
                                                   out.pages.emplace_back()));
    offset += bytes;
  }
  out.directory.assign(at, end);
  return out;
}

std::string joined(const Parts& parts) {
  std::string out;
  std::string directory;
  append_varint(directory, parts.pages.size());
  for (const std::string& page : parts.pages) {
    append_varint(directory, page.size());
    append_varint(directory, page.size());
    append_le(directory, crc32c(as_bytes(page)));
    out += page;
  }
  directory += parts.directory;
  end_block(directory, out);
  return out;
}

signal::EventColumn column_of(std::string_view path, signal::ColumnType type) {
  return {.path = std::string(path), .type = type};
}

void put_text(std::string_view text, size_t row, signal::EventColumn& column) {
  column.rows.push_back(static_cast<uint32_t>(row));
  column.text += text;
  column.text_ends.push_back(static_cast<uint32_t>(column.text.size()));
}

// Messages in every way that they are kept: skeletons with all kinds of leaves, templates with all
// kinds of variables, a rest. Few rows: bytes are found sooner.
BlockRows all_kinds(size_t rows, bool mixed) {
  BlockRows out;
  out.streams = {{"g", 0, "a"}, {"g", 1, "b"}};
  auto messages = column_of(kMessagePath, signal::ColumnType::Text);
  auto levels = column_of("level", signal::ColumnType::Text);
  auto codes = column_of("code", signal::ColumnType::Int64);
  auto loads = column_of("load", signal::ColumnType::Float64);
  for (size_t i = 0; i < rows; ++i) {
    const size_t hash = (i + 1) * 0x9e3779b97f4a7c15ULL;
    out.stream_rows.push_back(i < rows / 3 ? 0 : 1);
    out.timestamps_ns.push_back(1'795'000'000'000'000'000 +
                                static_cast<int64_t>(i) * 2'500'000'000);
    out.sequences.push_back(7 + i / 9);
    out.batch_rows.push_back(static_cast<uint32_t>(i % 9));
    out.ingested_ns.push_back(out.timestamps_ns.back() + 1'000);
    const std::string time =
        fmt::format("2026-11-22T10:{:02}:{:02}.{:03}", i / 60 % 60, i % 60, hash % 1'000);
    std::string text = fmt::format(
        "{} user {} id {:016x} took {} of {:08x}-{:04x}-4000-8000-{:012x} at w{} ok", time,
        hash % 97, hash, hash % 100'000, hash >> 32, hash & 0xffff, hash >> 16, i % 5);
    if (mixed && i % 3 == 1)
      text =
          fmt::format(R"({{"t":{},"n":{},"d":{}.{:02},"e":1e{},"s":"{} x{}","b":{},"q":"a\n{}"}})",
                      1'795'000'000'000 + hash % 99'999, static_cast<int64_t>(i) - 9, hash % 77,
                      hash % 100, i % 7, time, hash % 1'000, i % 2 == 0, i);
    if (mixed && i % 11 == 5) text = std::string(i % 40, 'z') + "\xff" + std::to_string(hash);
    put_text(text, i, messages);
    if (i % 2 == 0) put_text(i % 6 == 0 ? "warn" : "info", i, levels);
    if (i % 4 == 0) {
      codes.rows.push_back(static_cast<uint32_t>(i));
      codes.integers.push_back(static_cast<int64_t>(hash % 600));
      loads.rows.push_back(static_cast<uint32_t>(i));
      loads.floats.push_back(static_cast<double>(hash % 1'000) / 8);
    }
  }
  out.columns = {messages, levels, codes, loads};
  return out;
}

EventFilter filter_of(EventPredicate predicate) {
  return *EventFilter::make(std::vector<EventClause>{{std::move(predicate)}});
}

void read_rows(EventRows& rows) {
  (void)rows.ingested_ns();
  (void)rows.id(rows.size() - 1);
  (void)rows.columns(kMessagePath);
  const auto paths = rows.paths();
  for (size_t i = 0; paths && i < paths->size(); ++i) (void)rows.columns((*paths)[i]);
}

// What a scan may ask of a block, by two filters; any answer will do.
void ask(const std::string& block, size_t choice) {
  using Op = EventPredicate::Op;
  static const std::vector<EventFilter> kFilters = [] {
    const std::string message(kMessagePath);
    std::vector<EventFilter> out;
    for (const char* text : {"17", "0", "4321", "abc", "user 5", "at w3", "-4000-8000-", "10:00",
                             "d\":3", "true", "x"})
      out.push_back(filter_of({.path = message, .op = Op::Contains, .text = text}));
    out.push_back(filter_of({.path = message, .op = Op::StartsWith, .text = "2026-11-22T10:00"}));
    out.push_back(filter_of({.path = "s", .op = Op::Contains, .text = "x7"}));
    out.push_back(filter_of({.path = "level", .op = Op::TextEqual, .text = "warn"}));
    out.push_back(filter_of({.path = "t", .op = Op::NumberLess, .number = 1'795'000'050'000}));
    out.push_back(filter_of({.path = "d", .op = Op::NumberGreater, .number = 40}));
    out.push_back(filter_of({.path = "code", .op = Op::NumberEqual, .number = 40}));
    out.push_back(filter_of({.path = "b", .op = Op::BoolEqual, .truth = true}));
    return out;
  }();
  (void)decode_block(block);
  Bytes bytes(block);
  const auto opened = BlockReader::open(bytes, bytes.size());
  if (!opened) return;
  BlockReader& reader = **opened;
  (void)reader.streams();
  for (const size_t which : {choice, choice * 7 + 1}) {
    const EventFilter& filter = kFilters[which % kFilters.size()];
    (void)reader.may_match(filter);
    (void)reader.count(kAll, filter, 60'000'000'000);
    const auto rows = reader.select(kAll, filter);
    if (rows && (*rows)->size() > 0) read_rows(**rows);
    (void)reader.mark(filter);
    (void)reader.select({.begin_ns = 1'795'000'020'000'000'000,
                         .end_ns = 1'795'000'060'000'000'000,
                         .streams = {},
                         .streams_begin_ns = {}},
                        filter);
    (void)reader.memory_bytes();
    reader.shed();
  }
  (void)reader.fields();
}

// The first byte says which block and what is asked of it; each four more change a byte of a page
// or of the directory.
void read_damaged(std::string_view bytes) {
  static const std::vector<Parts> kGood = [] {
    std::vector<Parts> out;
    for (const size_t rows : {40U, 120U, 1'100U}) {
      for (const bool mixed : {false, true}) {
        std::string block;
        encode_block(all_kinds(rows, mixed), block);
        out.push_back(parts_of(block));
        KANSOKU_CHECK(decode_block(joined(out.back())));
      }
    }
    return out;
  }();
  if (bytes.size() < 5) return;
  const size_t choice = static_cast<uint8_t>(bytes[0]);
  Parts parts = kGood[choice % kGood.size()];
  bytes.remove_prefix(1);
  for (int changes = 0; bytes.size() >= 4 && changes < 6; ++changes, bytes.remove_prefix(4)) {
    const size_t page = static_cast<uint8_t>(bytes[0]) % (parts.pages.size() + 1);
    std::string& to = page == 0 ? parts.directory : parts.pages[page - 1];
    if (!to.empty()) to[load_le<uint16_t>(bytes.data() + 1) % to.size()] = bytes[3];
  }
  ask(joined(parts), choice / kGood.size());
}

// As many integers as the first two bytes say.
void read_ints(std::string_view bytes) {
  if (bytes.size() < 3) return;
  const size_t count = load_le<uint16_t>(bytes.data()) % 5'000 + 1;
  const char* const begin = bytes.data() + 2;
  const char* const end = bytes.data() + bytes.size();
  std::vector<int64_t> whole(count);
  const char* at = begin;
  const bool good = decode_block_ints(at, end, whole);
  BlockIntsReader reader;
  bool again = reader.open(begin, end, count);
  std::vector<int64_t> parts(count);
  for (size_t first = 0; again && first < count;) {
    const size_t some = std::min(first % 7 + 1 + first / 2, count - first);
    again = reader.next(std::span(parts).subspan(first, some));
    first += some;
  }
  KANSOKU_CHECK(good == again);
  if (!good) return;
  KANSOKU_CHECK(whole == parts && at == reader.end());
  std::string written;
  encode_block_ints(whole, written);
  at = written.data();
  KANSOKU_CHECK(decode_block_ints(at, written.data() + written.size(), parts) && parts == whole &&
                at == written.data() + written.size());
}

void write_and_read(std::string_view bytes) {
  BlockRows rows;
  rows.streams.push_back({"g", 0, "s"});
  signal::EventColumn messages{.path = std::string(kMessagePath)};
  // Lines; each several times, so that they have templates.
  for (int copy = 0; copy < 9; ++copy) {
    for (size_t at = 0; at <= bytes.size() && rows.size() < 2'000;) {
      const size_t end = std::min(bytes.find('\n', at), bytes.size());
      messages.rows.push_back(static_cast<uint32_t>(rows.size()));
      messages.text += bytes.substr(at, end - at);
      messages.text_ends.push_back(static_cast<uint32_t>(messages.text.size()));
      rows.stream_rows.push_back(0);
      rows.timestamps_ns.push_back(static_cast<int64_t>(rows.size()));
      rows.sequences.push_back(1);
      rows.batch_rows.push_back(static_cast<uint32_t>(rows.sequences.size()));
      rows.ingested_ns.push_back(0);
      at = end + 1;
    }
  }
  rows.columns.push_back(messages);
  std::string block;
  encode_block(rows, block);
  const auto decoded = decode_block(block);
  KANSOKU_CHECK(decoded && decoded->columns.size() == 1 &&
                decoded->columns[0].text == messages.text &&
                decoded->columns[0].text_ends == messages.text_ends);
  Bytes memory(block);
  const auto reader = BlockReader::open(memory, memory.size());
  const std::string needle(bytes.substr(0, std::min<size_t>(bytes.size(), 6)));
  const auto filter = EventFilter::make(std::vector<EventClause>{
      {{.path = std::string(kMessagePath), .op = EventPredicate::Op::Contains, .text = needle}}});
  const auto selected = (*reader)->select(kAll, *filter);
  size_t right = 0;
  for (size_t i = 0; i < rows.size(); ++i)
    right += messages.text_at(i).find(needle) != std::string_view::npos;
  KANSOKU_CHECK(selected && (*selected)->size() == right);
  const auto fields = (*reader)->fields();
  KANSOKU_CHECK(fields);
  size_t leaves = 0;
  for (size_t i = 0; i < rows.size(); ++i) leaves += json_leaves(messages.text_at(i)).size();
  size_t told = 0;
  for (const EventFieldInfo& field : *fields) told += field.path == kMessagePath ? 0 : field.rows;
  KANSOKU_CHECK(told == leaves);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)decode_block(bytes);
  read_directory(bytes);
  read_damaged(bytes);
  read_ints(bytes);
  if (size > 0) write_and_read(bytes.substr(0, 4'096));
  return 0;
}
