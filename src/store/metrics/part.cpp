#include "store/metrics/part.h"

#include <algorithm>

#include "base/check.h"
#include "base/time/grid.h"

namespace kansoku::store::metrics {
namespace {

constexpr FooterFormat kFormat{.magic = 0x3130545241504d4bULL,  // "KMPART01"
                               .version = kPartVersion,
                               .version_min = kPartVersionMin};

Error damage(const std::string& path, std::string what) {
  return Error{ErrorCode::DataLoss, std::move(what), path};
}

void encode_page_info(const PageInfo& page, std::string& out) {
  out += static_cast<char>(page.kind);
  append_varint(out, page.offset);
  append_varint(out, page.stored_bytes);
  append_varint(out, page.raw_bytes);
  append_le(out, page.crc);
  append_varint(out, page.first_id);
  append_varint(out, page.last_id - page.first_id);
  append_varint(out, zigzag(page.min_ms));
  append_varint(out, zigzag(page.max_ms - page.min_ms));
  append_varint(out, page.points);
}

bool decode_page_info(const char*& at, const char* end, PageInfo& out) {
  if (at == end || static_cast<uint8_t>(*at) >= kPageKinds) return false;
  out.kind = static_cast<PageKind>(*at++);
  uint64_t stored = 0;
  uint64_t raw = 0;
  uint64_t ids = 0;
  uint64_t min = 0;
  uint64_t span = 0;
  if (!read_varint(at, end, out.offset) || !read_varint(at, end, stored) ||
      !read_varint(at, end, raw) || end - at < 4 || raw > kPageRawBytesMax || stored > raw) {
    return false;
  }
  out.stored_bytes = static_cast<uint32_t>(stored);
  out.raw_bytes = static_cast<uint32_t>(raw);
  out.crc = load_le<uint32_t>(at);
  at += 4;
  if (!read_varint(at, end, out.first_id) || !read_varint(at, end, ids) ||
      !read_varint(at, end, min) || !read_varint(at, end, span)) {
    return false;
  }
  out.last_id = out.first_id + ids;
  out.min_ms = unzigzag(min);
  out.max_ms = static_cast<int64_t>(static_cast<uint64_t>(out.min_ms) +
                                    static_cast<uint64_t>(unzigzag(span)));
  return read_varint(at, end, out.points);
}

struct Footer {
  PartMeta meta;
  std::vector<PageInfo> pages;
};

Result<Footer> decode_footer(const FooterFile& from, const std::string& path) {
  Footer out;
  const char* at = from.footer.data();
  const char* end = at + from.footer.size();
  uint64_t pages = 0;
  bool good = decode_part_meta(at, end, out.meta) && read_varint(at, end, pages) &&
              pages <= from.footer.size();
  for (uint64_t i = 0; i < pages && good; ++i) {
    PageInfo page;
    good = decode_page_info(at, end, page) && page.offset + page.stored_bytes <= from.footer_offset;
    out.pages.push_back(page);
  }
  if (!good || at != end) return std::unexpected(damage(path, "the footer is not one"));
  out.meta.file_bytes = from.file_bytes;
  return out;
}

// The values and buckets that a point brings into its run.
size_t weight(const signal::Distribution& d) {
  if (const auto* pairs = std::get_if<signal::Pairs>(&d.buckets)) return 1 + pairs->size();
  if (const auto* sketch = std::get_if<signal::SketchBuckets>(&d.buckets))
    return 1 + sketch->positive.size() + sketch->negative.size();
  return 1;
}

// The end of a run that begins at `begin`, by its points and what they hold.
size_t end_of_run(const DecodedSeries& series, size_t begin) {
  const size_t end = std::min(series.size(), begin + kRunPoints);
  if (series.distributions.empty()) return end;
  size_t values = 0;
  for (size_t i = begin; i < end; ++i) {
    if (series.distributions[i]) values += weight(*series.distributions[i]);
    if (values > kRunValues) return std::max(i, begin + 1);
  }
  return end;
}

// Ids ascend within a section: where they fall, the next one begins.
std::vector<Part::Section> sections_of(std::span<const PageInfo> pages) {
  std::vector<Part::Section> out;
  for (size_t begin = 0; begin < pages.size();) {
    size_t end = begin + 1;
    Part::Section section{{}, pages[begin].min_ms, pages[begin].max_ms};
    for (; end < pages.size() && pages[end].first_id >= pages[end - 1].last_id; ++end) {
      section.min_ms = std::min(section.min_ms, pages[end].min_ms);
      section.max_ms = std::max(section.max_ms, pages[end].max_ms);
    }
    section.pages = pages.subspan(begin, end - begin);
    out.push_back(section);
    begin = end;
  }
  return out;
}

}  // namespace

void encode_part_meta(const PartMeta& meta, std::string& out) {
  append_varint(out, meta.id);
  append_varint(out, meta.level);
  append_varint(out, meta.first_sequence);
  append_varint(out, meta.last_sequence - meta.first_sequence);
  append_varint(out, zigzag(meta.min_ms));
  append_varint(out, zigzag(meta.max_ms));
  append_varint(out, meta.points);
  append_varint(out, meta.file_bytes);
}

bool decode_part_meta(const char*& at, const char* end, PartMeta& out) {
  uint64_t level = 0;
  uint64_t span = 0;
  uint64_t min = 0;
  uint64_t max = 0;
  bool good = read_varint(at, end, out.id) && read_varint(at, end, level) &&
              read_varint(at, end, out.first_sequence) && read_varint(at, end, span) &&
              read_varint(at, end, min) && read_varint(at, end, max) &&
              read_varint(at, end, out.points) && read_varint(at, end, out.file_bytes);
  out.level = static_cast<uint32_t>(level);
  out.last_sequence = out.first_sequence + span;
  out.min_ms = unzigzag(min);
  out.max_ms = unzigzag(max);
  return good;
}

std::string part_name(uint64_t id) { return fmt::format("part-{:016x}.kmp", id); }

bool parse_part_name(std::string_view name, uint64_t& id) {
  if (name.size() != 25 || !name.starts_with("part-") || !name.ends_with(".kmp")) return false;
  auto [end, error] = std::from_chars(name.data() + 5, name.data() + 21, id, 16);
  return error == std::errc() && end == name.data() + 21;
}

PartWriter::PartWriter(env::FileSystem& files, std::string directory, PartMeta meta, int level,
                       SectionLengths sections_ms)
    : files_(&files),
      directory_(std::move(directory)),
      meta_(meta),
      level_(level),
      sections_ms_(sections_ms) {}

Result<std::unique_ptr<PartWriter>> PartWriter::create(env::FileSystem& files,
                                                       std::string directory, PartMeta meta,
                                                       int compression_level,
                                                       SectionLengths sections_ms) {
  std::unique_ptr<PartWriter> writer(
      new PartWriter(files, std::move(directory), meta, compression_level, sections_ms));
  KANSOKU_TRY(writer->file_,
              FooterFileWriter::create(files, writer->directory_, part_name(meta.id), kFormat));
  return writer;
}

int64_t PartWriter::section_of(PageKind kind, int64_t ms) const {
  const int64_t length_ms = sections_ms_[static_cast<size_t>(kind)];
  return length_ms == 0 ? 0 : floor_to(ms, length_ms) / length_ms;
}

PageBuilder& PartWriter::builder(PageKind kind, int64_t section) {
  return builders_[static_cast<size_t>(kind)].try_emplace(section, kind).first->second;
}

Status PartWriter::add_run(PageKind kind, int64_t section, SeriesId id, const DecodedSeries& series,
                           size_t begin, size_t end) {
  PageBuilder& to = builder(kind, section);
  to.add(id, series, begin, end);
  return to.raw_bytes() >= kPageRawBytes ? flush_page(kind, section) : Status();
}

Status PartWriter::add(PageKind kind, SeriesId id, const DecodedSeries& series) {
  const std::vector<int64_t>& times = series.timestamps_ms;
  for (size_t begin = 0; begin < times.size();) {
    const int64_t section = section_of(kind, times[begin]);
    size_t end = end_of_run(series, begin);
    if (section_of(kind, times[end - 1]) != section) {
      const int64_t next_ms = (section + 1) * sections_ms_[static_cast<size_t>(kind)];
      const auto last = times.begin() + static_cast<ptrdiff_t>(end);
      end = static_cast<size_t>(
          std::lower_bound(times.begin() + static_cast<ptrdiff_t>(begin), last, next_ms) -
          times.begin());
    }
    KANSOKU_RETURN_IF_ERROR(add_run(kind, section, id, series, begin, end));
    begin = end;
  }
  return {};
}

Status PartWriter::add_times(SeriesId id, int64_t first_ms, int64_t last_ms) {
  PageBuilder& to = builder(PageKind::Times, 0);
  to.add_times(id, first_ms, last_ms);
  return to.raw_bytes() >= kPageRawBytes ? flush_page(PageKind::Times, 0) : Status();
}

Status PartWriter::flush_page(PageKind kind, int64_t section) {
  PageInfo page;
  std::string raw = builder(kind, section).take(page);
  buffer_.clear();
  compressor_.compress(raw, level_, buffer_);
  page.stored_bytes = static_cast<uint32_t>(buffer_.size());
  page.crc = crc32c(as_bytes(buffer_));
  KANSOKU_TRY(page.offset, file_->append(buffer_));
  if (kind != PageKind::Times) {
    bool first = meta_.points == 0;
    meta_.min_ms = first ? page.min_ms : std::min(meta_.min_ms, page.min_ms);
    meta_.max_ms = first ? page.max_ms : std::max(meta_.max_ms, page.max_ms);
    meta_.points += page.points;
  }
  pages_.push_back({section, page});
  return {};
}

Result<PartMeta> PartWriter::finish() {
  for (size_t kind = 0; kind < kPageKinds; ++kind) {
    for (const auto& [section, page] : builders_[kind]) {
      if (page.empty()) continue;
      KANSOKU_RETURN_IF_ERROR(flush_page(static_cast<PageKind>(kind), section));
    }
  }
  // Pages of one section were written in order of their ids.
  std::ranges::sort(pages_, {}, [](const Written& written) {
    return std::tuple(written.page.kind, written.section, written.page.offset);
  });
  std::string footer;
  encode_part_meta(meta_, footer);
  append_varint(footer, pages_.size());
  for (const Written& written : pages_) encode_page_info(written.page, footer);
  KANSOKU_TRY(meta_.file_bytes, file_->finish(footer));
  KANSOKU_RETURN_IF_ERROR(files_->sync_directory(directory_));
  return meta_;
}

Status Part::load(env::FileSystem& files) {
  KANSOKU_TRY(FooterFile from, open_footer_file(files, path_, kFormat));
  KANSOKU_TRY(Footer footer, decode_footer(from, path_));
  file_ = std::move(from.file);
  if (footer.meta.id != meta_.id || footer.meta.first_sequence != meta_.first_sequence ||
      footer.meta.last_sequence != meta_.last_sequence) {
    return std::unexpected(damage(path_, "the footer names another part"));
  }
  for (const PageInfo& page : footer.pages) {
    pages_[static_cast<size_t>(page.kind)].push_back(page);
  }
  for (size_t kind = 0; kind < kPageKinds; ++kind) sections_[kind] = sections_of(pages_[kind]);
  return {};
}

std::shared_ptr<const Part> Part::open(env::FileSystem& files, const std::string& directory,
                                       const PartMeta& meta) {
  auto part = std::make_shared<Part>();
  part->meta_ = meta;
  part->path_ = env::join_path(directory, part_name(meta.id));
  part->fenced_ = !part->load(files);
  return part;
}

Result<PartMeta> Part::read_meta(env::FileSystem& files, const std::string& path) {
  KANSOKU_TRY(const FooterFile from, open_footer_file(files, path, kFormat));
  KANSOKU_TRY(Footer footer, decode_footer(from, path));
  return footer.meta;
}

Result<std::string> Part::read_page(const PageInfo& page, codec::Decompressor& decompressor) const {
  auto stored = read_exactly(*file_, path_, page.offset, page.stored_bytes);
  if (!stored) return stored;
  if (crc32c(as_bytes(*stored)) != page.crc) {
    return std::unexpected(damage(path_, fmt::format("the page at {} is damaged", page.offset)));
  }
  std::string raw;
  KANSOKU_RETURN_IF_ERROR(decompressor.decompress(*stored, page.raw_bytes, raw));
  return raw;
}

void SectionCursor::fail_page() {
  part_->note_damage();
  damaged_.push_back(pages_[page_]);
  ++page_;
  loaded_ = false;
  at_run_ = false;
}

Result<std::shared_ptr<const std::string>> SectionCursor::raw_page(const PageInfo& page) {
  if (cache_ != nullptr) {
    if (auto known = cache_->find(part_->meta().id, page.offset)) return known;
  }
  bytes_read_ += page.stored_bytes;
  KANSOKU_TRY(std::string bytes, part_->read_page(page, *decompressor_));
  auto raw = std::make_shared<const std::string>(std::move(bytes));
  if (cache_ != nullptr) cache_->put(part_->meta().id, page.offset, raw);
  return raw;
}

bool SectionCursor::load_page() {
  auto raw = raw_page(pages_[page_]);
  if (!raw || !reader_.open(std::move(*raw))) {
    fail_page();
    return false;
  }
  loaded_ = true;
  at_run_ = false;
  return true;
}

// To the next run, over page ends.
void SectionCursor::advance() {
  at_run_ = false;
  while (page_ < pages_.size() && !at_run_) {
    if (!loaded_ && !load_page()) continue;
    if (reader_.next()) {
      at_run_ = true;
    } else if (!reader_.ok()) {
      fail_page();
    } else {
      ++page_;
      loaded_ = false;
    }
  }
}

SeriesId SectionCursor::current() {
  if (!at_run_) advance();
  return at_run_ ? reader_.id() : kNone;
}

// Stands at the first run of `id` afterwards, or returns false. Pages that cannot hold it, or none
// of the times, are not read.
bool SectionCursor::skip_to(SeriesId id, int64_t begin_ms, int64_t end_ms) {
  while (page_ < pages_.size()) {
    const PageInfo& page = pages_[page_];
    if (at_run_ && reader_.id() >= id) return reader_.id() == id;
    if (page.last_id < id) {
      ++page_;
      loaded_ = false;
      at_run_ = false;
      continue;
    }
    if (!loaded_) {
      if (page.first_id > id) return false;
      if (page.max_ms < begin_ms || page.min_ms >= end_ms) {
        // Not this page for this id; another id may want it at other times only in another scan.
        if (page.last_id > id) return false;
        ++page_;
        continue;
      }
      if (!load_page()) continue;
    }
    if (reader_.next()) {
      at_run_ = true;
    } else if (!reader_.ok()) {
      fail_page();
    } else {
      ++page_;
      loaded_ = false;
      at_run_ = false;
    }
  }
  return false;
}

void SectionCursor::read(SeriesId id, int64_t begin_ms, int64_t end_ms, DecodedSeries& out) {
  while (skip_to(id, begin_ms, end_ms)) {
    auto times = reader_.timestamps_ms();
    if (times.empty()) {
      fail_page();
      continue;
    }
    if (times.back() >= begin_ms && times.front() < end_ms && !reader_.read(out)) {
      fail_page();
      continue;
    }
    at_run_ = false;
    if (!reader_.next()) {
      if (!reader_.ok()) {
        fail_page();
      } else {
        ++page_;
        loaded_ = false;
      }
    } else {
      at_run_ = true;
    }
  }
}

void SectionCursor::read_times(SeriesId id, int64_t& first_ms, int64_t& last_ms) {
  if (current() != id) return;
  if (!reader_.read_times(first_ms, last_ms)) {
    fail_page();
    return;
  }
  advance();
}

PartCursor::PartCursor(std::shared_ptr<const Part> part, PageKind kind,
                       codec::Decompressor& decompressor, PageCache* cache)
    : part_(std::move(part)) {
  for (const Part::Section& section : part_->sections(kind))
    sections_.emplace_back(*part_, section, decompressor, cache);
}

SeriesId PartCursor::current() {
  SeriesId next = kNone;
  for (SectionCursor& section : sections_) next = std::min(next, section.current());
  return next;
}

void PartCursor::read(SeriesId id, int64_t begin_ms, int64_t end_ms, DecodedSeries& out) {
  for (SectionCursor& cursor : sections_) {
    const Part::Section& section = cursor.section();
    if (section.max_ms >= begin_ms && section.min_ms < end_ms)
      cursor.read(id, begin_ms, end_ms, out);
  }
}

void PartCursor::read_times(SeriesId id, int64_t& first_ms, int64_t& last_ms) {
  for (SectionCursor& section : sections_) section.read_times(id, first_ms, last_ms);
}

std::vector<PageInfo> PartCursor::take_damaged() {
  std::vector<PageInfo> out;
  if (part_->pages_damaged() == 0) return out;
  for (SectionCursor& section : sections_) {
    for (const PageInfo& page : section.take_damaged()) out.push_back(page);
  }
  return out;
}

uint64_t PartCursor::bytes_read() const {
  uint64_t bytes = 0;
  for (const SectionCursor& section : sections_) bytes += section.bytes_read();
  return bytes;
}

}  // namespace kansoku::store::metrics
