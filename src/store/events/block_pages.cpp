#include "store/events/block_pages.h"

#include "base/bytes.h"
#include "base/check.h"

namespace kansoku::store::events {
namespace {

// Columns below this share a page, which is closed at the second: a page costs about 10 bytes in
// the directory and a call of the compressor.
constexpr size_t kOwnPageBytes = 4 * 1024;
constexpr size_t kSharedPageBytes = 32 * 1024;
// zstd's own best is about 32 KiB for a byte; more is no page of ours.
constexpr uint64_t kRatioMax = 64 * 1024;

constexpr int kLevel = 1;

}  // namespace

codec::Compressor& thread_compressor() {
  thread_local codec::Compressor out;
  return out;
}
codec::Decompressor& thread_decompressor() {
  thread_local codec::Decompressor out;
  return out;
}

void append_chunk(std::string& out, const Chunk& chunk) {
  append_varint(out, chunk.page);
  append_varint(out, chunk.begin);
  append_varint(out, chunk.bytes);
}

bool read_chunk(const char*& at, const char* end, Chunk& chunk) {
  uint64_t page = 0;
  uint64_t begin = 0;
  uint64_t bytes = 0;
  if (!read_varint(at, end, page) || !read_varint(at, end, begin) || !read_varint(at, end, bytes))
    return false;
  if ((page | begin | bytes) >> 32 != 0) return false;
  chunk = {static_cast<uint32_t>(page), static_cast<uint32_t>(begin), static_cast<uint32_t>(bytes)};
  return true;
}

Chunk PageWriter::add(std::string_view raw, Shared& shared) {
  pause_at(pause_);
  const auto bytes = static_cast<uint32_t>(raw.size());
  if (raw.size() >= kOwnPageBytes) {
    const auto page = static_cast<uint32_t>(pages_.size());
    pages_.emplace_back();
    close(page, raw, true);
    return {page, 0, bytes};
  }
  if (!shared.open) {
    shared.open = true;
    shared.page = static_cast<uint32_t>(pages_.size());
    pages_.emplace_back();
    shared.raw.clear();
  }
  const Chunk chunk{shared.page, static_cast<uint32_t>(shared.raw.size()), bytes};
  shared.raw += raw;
  if (shared.raw.size() >= kSharedPageBytes) {
    shared.open = false;
    close(shared.page, shared.raw, true);
  }
  return chunk;
}

Chunk PageWriter::add_raw(std::string_view raw) {
  if (raw.size() < kOwnPageBytes) return add(raw);
  const auto page = static_cast<uint32_t>(pages_.size());
  pages_.emplace_back();
  close(page, raw, false);
  return {page, 0, static_cast<uint32_t>(raw.size())};
}

void PageWriter::close(uint32_t page, std::string_view raw, bool compress) {
  if (waiting_.size() <= page) waiting_.resize(page + 1);
  std::string& stored = waiting_[page];
  if (compress) {
    thread_compressor().compress(raw, kLevel, stored);
  } else {
    stored = raw;
  }
  pages_[page] = {stored.size(), raw.size(), crc32c(as_bytes(stored))};
}

void PageWriter::finish(std::string& table) {
  for (Shared* shared : {&numbers_, &names_}) {
    if (shared->open) close(shared->page, shared->raw, true);
    shared->open = false;
  }
  append_varint(table, pages_.size());
  for (const Page& page : pages_) {
    append_varint(table, page.stored_bytes);
    append_varint(table, page.raw_bytes);
    append_le(table, page.crc);
  }
  for (const std::string& stored : waiting_) out_ += stored;
  waiting_.clear();
}

bool PageReader::open(const char*& at, const char* end, uint64_t pages_bytes) {
  uint64_t count = 0;
  if (!read_varint(at, end, count) || count > static_cast<uint64_t>(end - at) / 6) return false;
  pages_.resize(count);
  uint64_t offset = 0;
  for (Page& page : pages_) {
    uint64_t stored = 0;
    uint64_t raw = 0;
    if (!read_varint(at, end, stored) || !read_varint(at, end, raw) || end - at < 4) return false;
    if (stored > pages_bytes - offset || raw < stored || raw > stored * kRatioMax) return false;
    page.offset = offset;
    page.stored_bytes = stored;
    page.raw_bytes = raw;
    page.crc = load_le<uint32_t>(at);
    at += 4;
    offset += stored;
  }
  return offset == pages_bytes;
}

Result<std::string_view> PageReader::read_kept(const Chunk& chunk) {
  const bool known = chunk.page < pages_.size() && pages_[chunk.page].kept;
  const uint64_t changes = changes_;
  KANSOKU_TRY(const std::string_view out, read(chunk));
  if (known) changes_ = changes;
  pages_[chunk.page].kept = true;
  return out;
}

void PageReader::shed() {
  ++changes_;
  for (Page& page : pages_) {
    if (!page.kept) page.raw.reset();
  }
}

uint64_t PageReader::memory_bytes() const {
  uint64_t out = pages_.capacity() * sizeof(Page);
  for (const Page& page : pages_) out += page.raw ? page.raw->capacity() : 0;
  return out;
}

Result<std::string_view> PageReader::read(const Chunk& chunk) {
  pause_at(pause_);
  ++changes_;
  if (chunk.page >= pages_.size()) return corruption("a block names a page that it has not");
  Page& page = pages_[chunk.page];
  if (uint64_t{chunk.begin} + chunk.bytes > page.raw_bytes)
    return corruption("a block names bytes behind its page");
  if (!page.raw) {
    KANSOKU_TRY(auto stored, bytes_->read(page.offset, page.stored_bytes));
    bytes_read_ += page.stored_bytes;
    if (stored->size() != page.stored_bytes || crc32c(as_bytes(*stored)) != page.crc)
      return corruption("checksum of a block's page does not hold");
    if (page.stored_bytes == page.raw_bytes) {
      page.raw = std::move(stored);
    } else {
      auto raw = std::make_shared<std::string>();
      KANSOKU_RETURN_IF_ERROR(thread_decompressor().decompress(*stored, page.raw_bytes, *raw));
      page.raw = std::move(raw);
    }
  }
  return std::string_view(*page.raw).substr(chunk.begin, chunk.bytes);
}

}  // namespace kansoku::store::events
