#include "store/metrics/tier_part.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace kansoku::store::metrics {
namespace {

constexpr FooterFormat kFormat{.magic = 0x313052454954'4d4bULL,  // "KMTIER01"
                               .version = kTierPartVersion,
                               .version_min = kTierPartVersion};
constexpr size_t kHeaderBytes = 16;  // before the first page
constexpr int kTierLevel = 3;        // of zstd: these files live for months

Error damage(const std::string& path, std::string what) {
  return Error{ErrorCode::DataLoss, std::move(what), path};
}

struct Footer {
  TierMeta meta;
  std::vector<TierPage> pages;
};

bool decode_page(const char*& at, const char* end, const TierPage* before, TierPage& out) {
  uint64_t stored = 0;
  uint64_t raw = 0;
  uint64_t first = 0;
  uint64_t ids = 0;
  if (!read_varint(at, end, stored) || !read_varint(at, end, raw) || end - at < 4) return false;
  out.crc = load_le<uint32_t>(at);
  at += 4;
  if (!read_varint(at, end, first) || !read_varint(at, end, ids)) return false;
  if (raw > kTierPageBytesMax || stored > raw) return false;
  out.stored_bytes = static_cast<uint32_t>(stored);
  out.raw_bytes = static_cast<uint32_t>(raw);
  out.offset = before == nullptr ? kHeaderBytes : before->offset + before->stored_bytes;
  out.first_id = (before == nullptr ? 0 : before->last_id) + first;
  out.last_id = out.first_id + ids;
  return true;
}

Result<Footer> decode_footer(const FooterFile& from, const std::string& path) {
  Footer out;
  const char* at = from.footer.data();
  const char* end = at + from.footer.size();
  uint64_t pages = 0;
  bool good = decode_tier_meta(at, end, out.meta) && read_varint(at, end, pages) &&
              pages <= from.footer.size();
  for (uint64_t i = 0; i < pages && good; ++i) {
    TierPage page;
    good = decode_page(at, end, out.pages.empty() ? nullptr : &out.pages.back(), page) &&
           page.offset + page.stored_bytes <= from.footer_offset;
    out.pages.push_back(page);
  }
  if (!good || at != end) return std::unexpected(damage(path, "the footer is not one"));
  out.meta.file_bytes = from.file_bytes;
  return out;
}

}  // namespace

size_t tier_index(int64_t tier_ms) {
  return static_cast<size_t>(std::ranges::find(kTiersMs, tier_ms) - kTiersMs.begin());
}

void encode_tier_meta(const TierMeta& meta, std::string& out) {
  append_varint(out, meta.id);
  out += static_cast<char>(tier_index(meta.tier_ms));
  append_varint(out, zigzag(meta.day_ms));
  append_varint(out, meta.sequence);
  out += static_cast<char>(meta.tiers);
  out += static_cast<char>(meta.incomplete ? 1 : 0);
  append_varint(out, meta.series);
  append_varint(out, meta.cells);
  append_varint(out, meta.file_bytes);
}

bool decode_tier_meta(const char*& at, const char* end, TierMeta& out) {
  uint64_t day = 0;
  if (!read_varint(at, end, out.id) || at == end) return false;
  const auto tier = static_cast<uint8_t>(*at++);
  if (tier >= kTiersMs.size()) return false;
  out.tier_ms = kTiersMs[tier];
  if (!read_varint(at, end, day) || !read_varint(at, end, out.sequence) || end - at < 2)
    return false;
  out.day_ms = unzigzag(day);
  out.tiers = static_cast<uint8_t>(*at++);
  const auto flags = static_cast<uint8_t>(*at++);
  out.incomplete = flags == 1;
  return flags <= 1 && out.day_ms % kDayMs == 0 && read_varint(at, end, out.series) &&
         read_varint(at, end, out.cells) && read_varint(at, end, out.file_bytes);
}

std::string tier_part_name(uint64_t id) { return fmt::format("tier-{:016x}.kmt", id); }

bool parse_tier_part_name(std::string_view name, uint64_t& id) {
  if (name.size() != 25 || !name.starts_with("tier-") || !name.ends_with(".kmt")) return false;
  auto [end, error] = std::from_chars(name.data() + 5, name.data() + 21, id, 16);
  return error == std::errc() && end == name.data() + 21;
}

Result<std::unique_ptr<TierPartWriter>> TierPartWriter::create(env::FileSystem& files,
                                                               std::string directory,
                                                               TierMeta meta) {
  KANSOKU_CHECK(tier_index(meta.tier_ms) < kTiersMs.size());
  std::unique_ptr<TierPartWriter> writer(new TierPartWriter(files, std::move(directory), meta));
  KANSOKU_TRY(writer->file_, FooterFileWriter::create(files, writer->directory_,
                                                      tier_part_name(meta.id), kFormat));
  return writer;
}

Status TierPartWriter::add(SeriesId id, const TierCells& cells) {
  if (cells.size() == 0) return {};
  if (raw_.empty()) {
    page_.first_id = id;
    page_.last_id = id;
  }
  run_.clear();
  encode_cells(cells, run_);
  append_varint(raw_, id - page_.last_id);
  append_varint(raw_, run_.size());
  raw_ += run_;
  page_.last_id = id;
  ++meta_.series;
  meta_.cells += cells.size();
  return raw_.size() >= kTierPageBytes ? flush_page() : Status();
}

Status TierPartWriter::flush_page() {
  stored_.clear();
  compressor_.compress(raw_, kTierLevel, stored_);
  page_.raw_bytes = static_cast<uint32_t>(raw_.size());
  page_.stored_bytes = static_cast<uint32_t>(stored_.size());
  page_.crc = crc32c(as_bytes(stored_));
  KANSOKU_TRY(page_.offset, file_->append(stored_));
  pages_.push_back(page_);
  raw_.clear();
  return {};
}

Result<TierMeta> TierPartWriter::finish(uint8_t tiers, bool incomplete) {
  if (!raw_.empty()) KANSOKU_RETURN_IF_ERROR(flush_page());
  meta_.tiers = tiers;
  meta_.incomplete = incomplete;
  std::string footer;
  encode_tier_meta(meta_, footer);
  append_varint(footer, pages_.size());
  SeriesId last_id = 0;
  for (const TierPage& page : pages_) {
    append_varint(footer, page.stored_bytes);
    append_varint(footer, page.raw_bytes);
    append_le(footer, page.crc);
    append_varint(footer, page.first_id - last_id);
    append_varint(footer, page.last_id - page.first_id);
    last_id = page.last_id;
  }
  KANSOKU_TRY(meta_.file_bytes, file_->finish(footer));
  KANSOKU_RETURN_IF_ERROR(files_->sync_directory(directory_));
  return meta_;
}

Status TierPart::load(env::FileSystem& files) {
  KANSOKU_TRY(FooterFile from, open_footer_file(files, path_, kFormat));
  KANSOKU_TRY(Footer footer, decode_footer(from, path_));
  file_ = std::move(from.file);
  if (footer.meta.id != meta_.id || footer.meta.day_ms != meta_.day_ms ||
      footer.meta.tier_ms != meta_.tier_ms) {
    return std::unexpected(damage(path_, "the footer names another tier part"));
  }
  pages_ = std::move(footer.pages);
  return {};
}

std::shared_ptr<const TierPart> TierPart::open(env::FileSystem& files, const std::string& directory,
                                               const TierMeta& meta) {
  auto part = std::make_shared<TierPart>();
  part->meta_ = meta;
  part->path_ = env::join_path(directory, tier_part_name(meta.id));
  part->fenced_ = !part->load(files);
  return part;
}

Result<TierMeta> TierPart::read_meta(env::FileSystem& files, const std::string& path) {
  KANSOKU_TRY(const FooterFile from, open_footer_file(files, path, kFormat));
  KANSOKU_TRY(Footer footer, decode_footer(from, path));
  return footer.meta;
}

Result<std::string> TierPart::read_page(const TierPage& page,
                                        codec::Decompressor& decompressor) const {
  KANSOKU_TRY(std::string stored, read_exactly(*file_, path_, page.offset, page.stored_bytes));
  if (crc32c(as_bytes(stored)) != page.crc) {
    return std::unexpected(damage(path_, fmt::format("the page at {} is damaged", page.offset)));
  }
  std::string raw;
  KANSOKU_RETURN_IF_ERROR(decompressor.decompress(stored, page.raw_bytes, raw));
  return raw;
}

void TierCursor::fail_page() {
  part_->note_damage();
  ++damaged_;
  ++page_;
  raw_.reset();
  at_run_ = false;
}

bool TierCursor::load_page() {
  const TierPage& page = part_->pages()[page_];
  const uint64_t part = part_->meta().id;
  if (cache_ != nullptr) raw_ = cache_->find(part, page.offset);
  if (raw_ == nullptr) {
    bytes_read_ += page.stored_bytes;
    auto raw = part_->read_page(page, *decompressor_);
    if (!raw) {
      fail_page();
      return false;
    }
    raw_ = std::make_shared<const std::string>(std::move(*raw));
    if (cache_ != nullptr) cache_->put(part, page.offset, raw_);
  }
  at_ = raw_->data();
  id_ = page.first_id;
  return true;
}

// To the next run of the page at hand; false at its end, or (with the page left) on damage.
bool TierCursor::next_run() {
  at_run_ = false;
  const char* end = raw_->data() + raw_->size();
  if (at_ == end) {
    ++page_;
    raw_.reset();
    return false;
  }
  uint64_t ids = 0;
  uint64_t bytes = 0;
  if (!read_varint(at_, end, ids) || !read_varint(at_, end, bytes) ||
      bytes > static_cast<uint64_t>(end - at_)) {
    fail_page();
    return false;
  }
  id_ += ids;
  run_ = {at_, bytes};
  at_ += bytes;
  at_run_ = true;
  return true;
}

bool TierCursor::read(SeriesId id, TierCells& out) {
  const std::span<const TierPage> pages = part_->pages();
  while (page_ < pages.size()) {
    if (at_run_ && id_ >= id) break;
    if (pages[page_].last_id < id) {
      ++page_;
      raw_.reset();
      at_run_ = false;
      continue;
    }
    if (raw_ == nullptr) {
      if (pages[page_].first_id > id) return false;
      if (!load_page()) continue;
    }
    (void)next_run();
  }
  if (!at_run_ || id_ != id) return false;
  at_run_ = false;
  TierCells cells;
  if (!decode_cells(run_, cells)) {
    fail_page();
    return false;
  }
  out.append(cells, 0, cells.size());
  return true;
}

SeriesId TierCursor::read_next(TierCells& out) {
  while (page_ < part_->pages().size()) {
    if (raw_ == nullptr && !load_page()) continue;
    if (!at_run_ && !next_run()) continue;
    at_run_ = false;
    TierCells cells;
    if (decode_cells(run_, cells)) {
      out.append(cells, 0, cells.size());
      return id_;
    }
    fail_page();
  }
  return kNone;
}

}  // namespace kansoku::store::metrics
