// Blocks of arbitrary bytes (checksums are made right, so that what stands behind them is reached),
// and messages of arbitrary bytes, which must come back byte by byte with the leaves that
// json_leaves() tells.
#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "store/events/block.h"
#include "store/events/block_image.h"
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
  block += directory;
  const size_t trailer = block.size();
  append_le(block, static_cast<uint32_t>(directory.size()));
  append_le(block, static_cast<uint32_t>(directory.size()));
  append_le(block,
            crc32c(as_bytes(directory), crc32c(as_bytes(std::string_view(block).substr(trailer)))));
  append_le(block, kBlockMagic);
  Bytes bytes(block);
  const auto reader = BlockReader::open(bytes, bytes.size());
  if (!reader) return;
  const auto filter = EventFilter::make(std::vector<EventClause>{
      {{.path = std::string(kMessagePath), .op = EventPredicate::Op::Contains, .text = "a1"}}});
  (void)(*reader)->may_match(*filter);
  (void)(*reader)->select(kAll, *filter);
  (void)(*reader)->fields();
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
  if (size > 0) write_and_read(bytes.substr(0, 4'096));
  return 0;
}
