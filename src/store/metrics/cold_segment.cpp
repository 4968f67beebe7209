#include "store/metrics/cold_segment.h"

#include <fmt/format.h>

#include <charconv>
#include <numeric>

#include "base/bytes.h"
#include "base/check.h"

namespace kansoku::store::metrics {
namespace {

constexpr FooterFormat kFormat{.magic = 0x31305443534b4dULL,
                               .version = kColdSegmentVersion,
                               .version_min = kColdSegmentVersion};
constexpr uint32_t kPageBytesMax = 1U << 30;
constexpr size_t kHashesPerPage = 1024;
constexpr size_t kHashBytes = 12;
constexpr int kLevel = -5;  // written twice, read seldom

uint64_t hash_page(uint64_t hash, uint64_t pages) { return (hash >> 32) * pages >> 32; }

Error damage(const std::string& path, std::string_view what) {
  return Error{ErrorCode::DataLoss, std::string(what), path};
}

void append_page(std::string& out, const ColdPage& page) {
  append_varint(out, page.offset);
  append_varint(out, page.stored_bytes);
  append_varint(out, page.raw_bytes);
  append_le(out, page.crc);
}

bool read_page(const char*& at, const char* end, ColdPage& out) {
  uint64_t stored = 0;
  uint64_t raw = 0;
  if (!read_varint(at, end, out.offset) || !read_varint(at, end, stored) ||
      !read_varint(at, end, raw) || stored > kPageBytesMax || raw > kPageBytesMax || end - at < 4) {
    return false;
  }
  out.stored_bytes = static_cast<uint32_t>(stored);
  out.raw_bytes = static_cast<uint32_t>(raw);
  out.crc = load_le<uint32_t>(at);
  at += 4;
  return true;
}

}  // namespace

std::string cold_name(uint64_t id) { return fmt::format("cold-{:016x}.kcs", id); }

bool parse_cold_name(std::string_view name, uint64_t& id) {
  if (name.size() != 25 || !name.starts_with("cold-") || !name.ends_with(".kcs")) return false;
  auto [end, error] = std::from_chars(name.data() + 5, name.data() + 21, id, 16);
  return error == std::errc() && end == name.data() + 21;
}

Result<std::unique_ptr<ColdSegmentWriter>> ColdSegmentWriter::create(env::FileSystem& files,
                                                                     std::string directory,
                                                                     uint64_t id) {
  std::unique_ptr<ColdSegmentWriter> writer(new ColdSegmentWriter(files, std::move(directory), id));
  KANSOKU_TRY(writer->file_,
              FooterFileWriter::create(files, writer->directory_, cold_name(id), kFormat));
  return writer;
}

uint32_t ColdSegmentWriter::scope_row(const signal::Scope& scope) {
  for (size_t i = 0; i < scopes_.size(); ++i) {
    if (scopes_[i] == scope) return static_cast<uint32_t>(i);
  }
  scopes_.push_back(scope);
  return static_cast<uint32_t>(scopes_.size() - 1);
}

void ColdSegmentWriter::add(const ColdRow& row, uint64_t hash, std::span<const uint32_t> keys) {
  if (!row.gone) hashes_.push_back({hash, rows_});
  add_id(row.id, row.merge);
  chunk_.add(row, keys);
}

void ColdSegmentWriter::add_id(SeriesId id, signal::MergeKind merge) {
  append_varint(ids_, (id - last_id_) << 1 | static_cast<uint64_t>(merge));
  last_id_ = id;
  ++rows_;
}

bool ColdSegmentWriter::takes_scopes_of(const ColdSegment& segment) {
  if (scopes_.empty()) scopes_ = segment.scopes();
  return scopes_.size() >= segment.scopes().size() &&
         std::ranges::equal(segment.scopes(), std::span(scopes_).first(segment.scopes().size()));
}

Status ColdSegmentWriter::copy_chunk(const ColdSegment& segment, size_t number) {
  KANSOKU_CHECK(chunk_.rows() == 0 && waiting_.empty());
  const ColdSegment::Chunk& from = segment.chunks()[number];
  Chunk chunk{from.dictionary, from.rows, from.summary};
  for (ColdPage* page : {&chunk.dictionary, &chunk.rows}) {
    KANSOKU_TRY(std::string stored, segment.read_stored(*page));
    KANSOKU_TRY(page->offset, file_->append(stored));
  }
  chunks_.push_back(chunk);
  return {};
}

void ColdSegmentWriter::end_chunk(const std::function<std::string_view(uint32_t)>& bytes_of) {
  if (chunk_.rows() == 0) return;
  Waiting& waiting = waiting_.emplace_back();
  waiting.summary = chunk_.take(bytes_of, waiting.dictionary, waiting.rows);
}

Status ColdSegmentWriter::write() {
  for (const Waiting& waiting : waiting_) {
    Chunk chunk;
    chunk.summary = waiting.summary;
    KANSOKU_TRY(chunk.dictionary, put_page(waiting.dictionary, true));
    KANSOKU_TRY(chunk.rows, put_page(waiting.rows, true));
    chunks_.push_back(chunk);
  }
  waiting_.clear();
  return {};
}

Result<ColdPage> ColdSegmentWriter::put_page(std::string_view raw, bool compressed) {
  std::string stored;
  if (compressed) {
    compressor_.compress(raw, kLevel, stored);
  } else {
    stored = raw;
  }
  ColdPage page{0, static_cast<uint32_t>(stored.size()), static_cast<uint32_t>(raw.size()),
                crc32c(as_bytes(stored))};
  KANSOKU_TRY(page.offset, file_->append(stored));
  return page;
}

// Hashes are even, so as many pages as there are thousands of them get about a thousand each.
Status ColdSegmentWriter::put_hashes(std::string& footer) {
  const uint64_t pages = (hashes_.size() + kHashesPerPage - 1) / kHashesPerPage;
  std::vector<uint32_t> ends(pages + 1, 0);
  for (const RowHash& row : hashes_) ++ends[hash_page(row.hash, pages) + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::string raw(hashes_.size() * kHashBytes, '\0');
  std::vector<uint32_t> next = ends;
  for (const RowHash& row : hashes_) {
    char* at = raw.data() + size_t{next[hash_page(row.hash, pages)]++} * kHashBytes;
    store_le(at, uint64_t{row.hash});
    store_le(at + 8, uint32_t{row.row});
  }
  append_varint(footer, pages);
  for (uint64_t i = 0; i < pages; ++i) {
    const std::string_view of_page = std::string_view(raw).substr(
        ends[i] * kHashBytes, size_t{ends[i + 1] - ends[i]} * kHashBytes);
    KANSOKU_TRY(ColdPage page, put_page(of_page, false));
    append_page(footer, page);
  }
  return {};
}

Status ColdSegmentWriter::finish() {
  KANSOKU_CHECK(chunk_.rows() == 0);
  KANSOKU_RETURN_IF_ERROR(write());
  std::string footer;
  append_varint(footer, id_);
  append_varint(footer, rows_);
  append_varint(footer, scopes_.size());
  for (const signal::Scope& scope : scopes_) {
    append_text(footer, scope.account);
    append_text(footer, scope.region);
  }
  append_varint(footer, chunks_.size());
  for (const Chunk& chunk : chunks_) {
    append_page(footer, chunk.dictionary);
    append_page(footer, chunk.rows);
    append_varint(footer, chunk.summary.first_id);
    append_varint(footer, chunk.summary.last_id - chunk.summary.first_id);
    append_varint(footer, chunk.summary.rows);
    append_varint(footer, zigzag(chunk.summary.min_ms));
    append_varint(footer, zigzag(chunk.summary.max_ms));
  }
  KANSOKU_TRY(ColdPage ids, put_page(ids_, true));
  append_page(footer, ids);
  KANSOKU_RETURN_IF_ERROR(put_hashes(footer));
  KANSOKU_TRY([[maybe_unused]] const uint64_t bytes, file_->finish(footer));
  return files_->sync_directory(directory_);
}

Result<std::shared_ptr<const ColdSegment>> ColdSegment::open(env::FileSystem& files,
                                                             const std::string& directory,
                                                             uint64_t id) {
  auto segment = std::make_shared<ColdSegment>();
  segment->id_ = id;
  segment->path_ = env::join_path(directory, cold_name(id));
  KANSOKU_RETURN_IF_ERROR(segment->load(files));
  return segment;
}

Status ColdSegment::load(env::FileSystem& files) {
  KANSOKU_TRY(FooterFile from, open_footer_file(files, path_, kFormat));
  file_ = std::move(from.file);
  file_bytes_ = from.file_bytes;
  if (!decode_footer(from.footer)) return std::unexpected(damage(path_, "the footer is not one"));
  return {};
}

bool ColdSegment::decode_footer(std::string_view footer) {
  const char* at = footer.data();
  const char* end = at + footer.size();
  uint64_t id = 0;
  uint64_t count = 0;
  if (!read_varint(at, end, id) || id != id_ || !read_varint(at, end, rows_) ||
      rows_ > kColdRowsMax || !read_varint(at, end, count) || count > footer.size()) {
    return false;
  }
  for (uint64_t i = 0; i < count; ++i) {
    std::string_view account;
    std::string_view region;
    if (!read_text(at, end, account) || !read_text(at, end, region)) return false;
    scopes_.push_back({std::string(account), std::string(region)});
  }
  if (!read_varint(at, end, count) || count > footer.size()) return false;
  uint64_t begin = 0;
  for (uint64_t i = 0; i < count; ++i) {
    Chunk& chunk = chunks_.emplace_back();
    uint64_t span = 0;
    uint64_t rows = 0;
    uint64_t min = 0;
    uint64_t max = 0;
    if (!read_page(at, end, chunk.dictionary) || !read_page(at, end, chunk.rows) ||
        !read_varint(at, end, chunk.summary.first_id) || !read_varint(at, end, span) ||
        !read_varint(at, end, rows) || rows == 0 || rows > kChunkRows ||
        !read_varint(at, end, min) || !read_varint(at, end, max)) {
      return false;
    }
    const bool ascends = i == 0 || chunks_[i - 1].summary.last_id < chunk.summary.first_id;
    if (!ascends) return false;
    chunk.summary.last_id = chunk.summary.first_id + span;
    chunk.summary.rows = static_cast<uint32_t>(rows);
    chunk.summary.min_ms = unzigzag(min);
    chunk.summary.max_ms = unzigzag(max);
    chunk.begin = begin;
    begin += rows;
    max_ms_ = std::max(max_ms_, chunk.summary.max_ms);
  }
  if (begin != rows_ || rows_ == 0 || !read_page(at, end, ids_) || !read_varint(at, end, count) ||
      count > footer.size()) {
    return false;
  }
  for (uint64_t i = 0; i < count; ++i) {
    ColdPage& page = hashes_.emplace_back();
    if (!read_page(at, end, page) || page.raw_bytes % kHashBytes != 0) return false;
  }
  return at == end;
}

Result<std::string> ColdSegment::read_stored(const ColdPage& page) const {
  KANSOKU_TRY(std::string stored, read_exactly(*file_, path_, page.offset, page.stored_bytes));
  if (crc32c(as_bytes(stored)) != page.crc) {
    return std::unexpected(damage(path_, fmt::format("the page at {} is damaged", page.offset)));
  }
  return stored;
}

Result<std::shared_ptr<const std::string>> ColdSegment::read(const ColdPage& page,
                                                             codec::Decompressor& decompressor,
                                                             PageCache* cache) const {
  if (cache != nullptr) {
    if (auto known = cache->find(id_, page.offset)) return known;
  }
  KANSOKU_TRY(std::string stored, read_stored(page));
  auto raw = std::make_shared<std::string>();
  KANSOKU_RETURN_IF_ERROR(decompressor.decompress(stored, page.raw_bytes, *raw));
  std::shared_ptr<const std::string> out = std::move(raw);
  if (cache != nullptr) cache->put(id_, page.offset, out);
  return out;
}

Status ColdSegment::visit_ids(codec::Decompressor& decompressor,
                              const std::function<void(SeriesId, signal::MergeKind)>& visit) const {
  KANSOKU_TRY(auto page, read(ids_, decompressor, nullptr));
  const char* at = page->data();
  const char* end = at + page->size();
  SeriesId id = 0;
  uint64_t rows = 0;
  for (; at < end; ++rows) {
    uint64_t step = 0;
    if (!read_varint(at, end, step) || step >> 1 > std::numeric_limits<uint32_t>::max() ||
        id + (step >> 1) > chunks_.back().summary.last_id) {
      return std::unexpected(damage(path_, "the ids are no list"));
    }
    id += step >> 1;
    visit(id, static_cast<signal::MergeKind>(step & 1));
  }
  if (rows != rows_) return std::unexpected(damage(path_, "the ids are not of its rows"));
  return {};
}

Status ColdSegment::visit_hashes(codec::Decompressor& decompressor,
                                 const std::function<void(uint64_t, uint32_t)>& visit) const {
  for (const ColdPage& hashes : hashes_) {
    KANSOKU_TRY(auto page, read(hashes, decompressor, nullptr));
    for (size_t at = 0; at + kHashBytes <= page->size(); at += kHashBytes) {
      const auto row = load_le<uint32_t>(page->data() + at + 8);
      if (row >= rows_) return std::unexpected(damage(path_, "a hash is of no row"));
      visit(load_le<uint64_t>(page->data() + at), row);
    }
  }
  return {};
}

Result<std::vector<uint32_t>> ColdSegment::rows_of_hash(uint64_t hash,
                                                        codec::Decompressor& decompressor,
                                                        PageCache* cache) const {
  std::vector<uint32_t> out;
  if (hashes_.empty()) return out;
  KANSOKU_TRY(auto page, read(hashes_[hash_page(hash, hashes_.size())], decompressor, cache));
  for (size_t at = 0; at + kHashBytes <= page->size(); at += kHashBytes) {
    if (load_le<uint64_t>(page->data() + at) != hash) continue;
    const auto row = load_le<uint32_t>(page->data() + at + 8);
    if (row < rows_) out.push_back(row);
  }
  return out;
}

size_t ColdSegment::chunk_of_row(uint64_t row) const {
  auto after = std::ranges::upper_bound(chunks_, row, {}, &Chunk::begin);
  return static_cast<size_t>(after - chunks_.begin()) - 1;
}

size_t ColdSegment::chunk_of_id(SeriesId id) const {
  auto found = std::ranges::lower_bound(chunks_, id, {},
                                        [](const Chunk& chunk) { return chunk.summary.last_id; });
  if (found == chunks_.end() || found->summary.first_id > id) return chunks_.size();
  return static_cast<size_t>(found - chunks_.begin());
}

}  // namespace kansoku::store::metrics
