// Pages of a block: what is compressed, checked and read at once. Small columns share one.
// Thread contract: one owner.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec/zstd.h"
#include "store/events/block.h"
#include "store/events/work_steps.h"

namespace kansoku::store::events {

// A stretch of the raw bytes of a page.
struct Chunk {
  uint32_t page = 0;
  uint32_t begin = 0;
  uint32_t bytes = 0;
};
void append_chunk(std::string& out, const Chunk& chunk);
bool read_chunk(const char*& at, const char* end, Chunk& chunk);

// Of this thread: they take longer to make than a page to read.
codec::Compressor& thread_compressor();
codec::Decompressor& thread_decompressor();

class PageWriter {
 public:
  // Pages are appended to `out`. `pause` may be null.
  PageWriter(std::string& out, WorkPause* pause) : out_(out), pause_(pause) {}
  WorkPause* pause() const { return pause_; }
  Chunk add(std::string_view raw) { return add(raw, numbers_); }
  // What tells whether a block is worth a look (dictionaries, templates): small ones stand
  // together.
  Chunk add_names(std::string_view raw) { return add(raw, names_); }
  // Bytes that no compressor makes smaller.
  Chunk add_raw(std::string_view raw);
  // Ends the pages; appends their table.
  void finish(std::string& table);

 private:
  struct Page {
    size_t stored_bytes = 0;
    size_t raw_bytes = 0;
    uint32_t crc = 0;
  };
  // The page that small columns share.
  struct Shared {
    std::string raw;
    uint32_t page = 0;
    bool open = false;
  };
  Chunk add(std::string_view raw, Shared& shared);
  void close(uint32_t page, std::string_view raw, bool compress);

  std::string& out_;
  WorkPause* pause_;
  std::vector<Page> pages_;
  Shared numbers_;
  Shared names_;
  // Pages stand in the order of their numbers: those behind an open one wait for it.
  std::vector<std::string> waiting_;
};

// The pages of a block, read when they are asked for and kept.
class PageReader {
 public:
  explicit PageReader(BlockBytes& bytes) : bytes_(&bytes) {}
  // Whoever reads a whole block may pause at each of its chunks.
  void set_pause(WorkPause* pause) { pause_ = pause; }
  // Reads from there from now on: the same bytes.
  void rebind(BlockBytes& bytes) { bytes_ = &bytes; }
  // False when the bytes are no table of pages that fill `pages_bytes`.
  bool open(const char*& at, const char* end, uint64_t pages_bytes);
  Result<std::string_view> read(const Chunk& chunk);
  // What stays when the rest is shed: names, and filters of ids.
  Result<std::string_view> read_kept(const Chunk& chunk);
  // Pages that were read by read() alone go, and views into them.
  void shed();
  // Of the pages that are here.
  uint64_t memory_bytes() const;
  uint64_t bytes_read() const { return bytes_read_; }
  // Grows with each read() and shed(): what was decoded of pages changes with no other.
  uint64_t changes() const { return changes_; }

 private:
  struct Page {
    uint64_t offset = 0;
    size_t stored_bytes = 0;
    size_t raw_bytes = 0;
    uint32_t crc = 0;
    std::shared_ptr<const std::string> raw;
    bool kept = false;
  };
  BlockBytes* bytes_;
  WorkPause* pause_ = nullptr;
  std::vector<Page> pages_;
  uint64_t bytes_read_ = 0;
  uint64_t changes_ = 0;
};

}  // namespace kansoku::store::events
