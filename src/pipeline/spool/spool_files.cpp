#include "pipeline/spool/spool_files.h"

#include <charconv>

#include "base/check.h"

namespace kansoku::pipeline::spool {
namespace {

constexpr uint64_t kMagic = 0x314c'4f4f'5053'4e4bULL;  // "KNSPOOL1"
constexpr uint64_t kHeaderBytes = 20;                  // magic, first number, checksum
constexpr uint64_t kFrameBytes = 20;                   // mark, length, number, checksum
constexpr uint32_t kMark = 0x4353'4e4bU;               // "KNSC"
constexpr uint64_t kRecordBytesMax = 256U << 20;
constexpr std::string_view kSuffix = ".spool";

void put_header(uint64_t first, std::string& out) {
  append_le(out, kMagic);
  append_le(out, first);
  append_le(out, crc32c(as_bytes(out)));
}

void put_frame(uint64_t number, std::string_view record, std::string& out) {
  const size_t head = out.size();
  append_le(out, kMark);
  append_le(out, static_cast<uint32_t>(record.size()));
  append_le(out, number);
  const uint32_t sum = crc32c(as_bytes(std::string_view(out).substr(head)));
  append_le(out, crc32c(as_bytes(record), sum));
  out += record;
}

// One frame of a segment's bytes at `at`: its number and record; nothing where there is none.
struct Frame {
  uint64_t number = 0;
  std::string_view record;
};
std::optional<Frame> frame_at(std::string_view bytes, uint64_t at) {
  if (bytes.size() < at + kFrameBytes || load_le<uint32_t>(bytes.data() + at) != kMark)
    return std::nullopt;
  const uint64_t size = load_le<uint32_t>(bytes.data() + at + 4);
  if (bytes.size() - at - kFrameBytes < size) return std::nullopt;
  const std::string_view record = bytes.substr(at + kFrameBytes, size);
  const uint32_t sum = crc32c(as_bytes(record), crc32c(as_bytes(bytes.substr(at, 16))));
  if (sum != load_le<uint32_t>(bytes.data() + at + 16)) return std::nullopt;
  return Frame{load_le<uint64_t>(bytes.data() + at + 8), record};
}

// Where the next whole frame begins, from `at` on; the end where there is none.
uint64_t next_frame(std::string_view bytes, uint64_t at) {
  std::string mark;
  append_le(mark, kMark);
  while (at < bytes.size()) {
    const size_t found = bytes.find(mark, at);
    if (found == std::string_view::npos) return bytes.size();
    if (frame_at(bytes, found)) return found;
    at = found + 1;
  }
  return bytes.size();
}

}  // namespace

std::string SpoolFiles::path_of(uint64_t first) const {
  return env::join_path(directory_, fmt::format("{:016}{}", first, kSuffix));
}

Result<std::unique_ptr<SpoolFiles>> SpoolFiles::open(env::FileSystem& files, std::string directory,
                                                     uint64_t segment_bytes) {
  KANSOKU_RETURN_IF_ERROR(files.create_directories(directory));
  std::unique_ptr<SpoolFiles> out(new SpoolFiles(files, std::move(directory), segment_bytes));
  KANSOKU_RETURN_IF_ERROR(out->load());
  return out;
}

Status SpoolFiles::load() {
  KANSOKU_TRY(auto entries, files_.list(directory_));
  std::vector<uint64_t> firsts;
  for (const env::DirectoryEntry& entry : entries) {
    if (!entry.name.ends_with(kSuffix)) continue;
    uint64_t first = 0;
    const char* end = entry.name.data() + entry.name.size() - kSuffix.size();
    const auto [at, error] = std::from_chars(entry.name.data(), end, first);
    if (error == std::errc() && at == end) firsts.push_back(first);
  }
  std::ranges::sort(firsts);
  for (size_t i = 0; i < firsts.size(); ++i)
    KANSOKU_RETURN_IF_ERROR(load_segment(firsts[i], i + 1 == firsts.size()));
  return {};
}

void SpoolFiles::damage(std::string where) {
  if (report_.damages++ == 0) report_.first_damage = std::move(where);
}

Status SpoolFiles::load_segment(uint64_t first, bool last) {
  const std::string path = path_of(first);
  KANSOKU_TRY(std::string bytes, files_.read_all(path, UINT64_MAX));
  next_number_ = std::max(next_number_, first);
  std::string header;
  put_header(first, header);
  if (!bytes.starts_with(header)) {
    // A crash before the header was durable leaves a short file; anything else is damage, and its
    // records are still looked for.
    if (last && bytes.size() < kHeaderBytes) return files_.remove(path);
    damage(path + ": header");
  }
  Segment segment{.first = first, .end = first, .bytes = bytes.size(), .file = nullptr};
  uint64_t good_end = std::min<uint64_t>(kHeaderBytes, bytes.size());
  for (uint64_t at = good_end; at < bytes.size();) {
    const auto frame = frame_at(bytes, at);
    if (!frame) {
      const uint64_t next = next_frame(bytes, at + 1);
      if (next == bytes.size()) break;
      damage(fmt::format("{}: byte {}", path, at));
      at = next;
      continue;
    }
    ++report_.records;
    segment.end = frame->number + 1;
    at += kFrameBytes + frame->record.size();
    good_end = at;
  }
  if (good_end < bytes.size()) {
    // What a crash interrupted stands at the end of the last segment only.
    if (last) {
      report_.tail_bytes_cut += bytes.size() - good_end;
      KANSOKU_TRY(auto file, files_.open(path, env::OpenMode::ReadWrite));
      KANSOKU_RETURN_IF_ERROR(file->truncate(good_end));
      KANSOKU_RETURN_IF_ERROR(file->sync_data());
      segment.bytes = good_end;
    } else {
      damage(fmt::format("{}: byte {}", path, good_end));
    }
  }
  next_number_ = std::max(next_number_, segment.end);
  bytes_ += segment.bytes;
  // Appends begin a segment of their own.
  segments_.push_back(std::move(segment));
  return {};
}

uint64_t SpoolFiles::first_number() const {
  return segments_.empty() ? next_number_ : segments_.front().first;
}

std::vector<SpoolFiles::Range> SpoolFiles::closed_segments() const {
  std::vector<Range> out;
  for (size_t i = 0; i + 1 < segments_.size(); ++i)
    out.push_back({segments_[i].first, segments_[i].end});
  return out;
}

Status SpoolFiles::remove(Range segment) {
  const auto at = std::ranges::find(segments_, segment.first, &Segment::first);
  KANSOKU_CHECK(at != segments_.end());
  KANSOKU_RETURN_IF_ERROR(files_.remove(path_of(segment.first)));
  bytes_ -= at->bytes;
  segments_.erase(at);
  return files_.sync_directory(directory_);
}

Status SpoolFiles::begin_segment() {
  std::string header;
  put_header(next_number_, header);
  KANSOKU_TRY(auto file, files_.open(path_of(next_number_), env::OpenMode::CreateEmpty));
  KANSOKU_RETURN_IF_ERROR(file->write_at(0, as_bytes(header)));
  KANSOKU_RETURN_IF_ERROR(file->sync_data());
  KANSOKU_RETURN_IF_ERROR(files_.sync_directory(directory_));
  // One that has no record yet goes by the same number.
  if (!segments_.empty() && segments_.back().first == next_number_) {
    bytes_ -= segments_.back().bytes;
    segments_.pop_back();
  }
  segments_.push_back(
      {.first = next_number_, .end = next_number_, .bytes = kHeaderBytes, .file = std::move(file)});
  bytes_ += kHeaderBytes;
  writable_ = true;
  return {};
}

Status SpoolFiles::append(std::span<const std::string> records) {
  if (!writable_ || segments_.back().bytes >= segment_bytes_) {
    writable_ = false;
    KANSOKU_RETURN_IF_ERROR(begin_segment());
  }
  Segment& segment = segments_.back();
  std::string bytes;
  uint64_t number = next_number_;
  for (const std::string& record : records) {
    KANSOKU_CHECK(record.size() <= kRecordBytesMax);
    put_frame(number++, record, bytes);
  }
  Status written = segment.file->write_at(segment.bytes, as_bytes(bytes));
  if (written) written = segment.file->sync_data();
  if (!written) {
    // Nobody knows what is there. Numbers that may be on disk are not given again; what was not
    // acknowledged may still be sent.
    writable_ = false;
    (void)segment.file->truncate(segment.bytes);
    next_number_ = number;
    return written;
  }
  segment.bytes += bytes.size();
  segment.end = number;
  bytes_ += bytes.size();
  next_number_ = number;
  return {};
}

Status SpoolFiles::open_file(Segment& segment) {
  if (segment.file != nullptr) return {};
  KANSOKU_TRY(auto file, files_.open(path_of(segment.first), env::OpenMode::Read));
  segment.file = std::move(file);
  return {};
}

Result<std::optional<SpoolFiles::Found>> SpoolFiles::read(uint64_t number) {
  for (Segment& segment : segments_) {
    if (segment.end <= number) continue;
    KANSOKU_RETURN_IF_ERROR(open_file(segment));
    uint64_t at = kHeaderBytes;
    if (at_segment_ == segment.first && at_number_ <= number) at = at_offset_;
    while (at + kFrameBytes <= segment.bytes) {
      std::string head(kFrameBytes, '\0');
      const auto read_into = [&](std::string& into, uint64_t from) -> Result<bool> {
        KANSOKU_TRY(size_t n, segment.file->read_at(from, std::as_writable_bytes(std::span(
                                                              into.data(), into.size()))));
        return n == into.size();
      };
      KANSOKU_TRY(bool whole, read_into(head, at));
      const uint64_t size = load_le<uint32_t>(head.data() + 4);
      std::optional<Frame> frame;
      std::string bytes;
      if (whole && load_le<uint32_t>(head.data()) == kMark &&
          at + kFrameBytes + size <= segment.bytes) {
        // Records before the one asked for are stepped over by their length; a wrong length shows
        // at the next mark.
        bytes.resize(kFrameBytes + size);
        KANSOKU_TRY(whole, read_into(bytes, at));
        if (whole) frame = frame_at(bytes, 0);
      }
      if (!frame) {
        std::string rest(segment.bytes - at, '\0');
        KANSOKU_TRY(whole, read_into(rest, at));
        damage(fmt::format("{}: byte {}", path_of(segment.first), at));
        at += next_frame(rest, 1);
        continue;
      }
      at += kFrameBytes + size;
      if (frame->number < number) continue;
      at_segment_ = segment.first;
      at_offset_ = at;
      at_number_ = frame->number + 1;
      return Found{frame->number, bytes.substr(kFrameBytes)};
    }
    // A segment that is read to its end is opened again only if it is asked for once more.
    if (&segment != &segments_.back()) segment.file = nullptr;
  }
  return std::nullopt;
}

Status SpoolFiles::release(uint64_t number) {
  // One segment always stays, for its name keeps the count of numbers.
  if (segments_.size() == 1 && segments_.front().end <= number &&
      segments_.front().bytes >= segment_bytes_) {
    writable_ = false;
    KANSOKU_RETURN_IF_ERROR(begin_segment());
  }
  bool removed = false;
  while (segments_.size() > 1 && segments_.front().end <= number) {
    KANSOKU_RETURN_IF_ERROR(files_.remove(path_of(segments_.front().first)));
    bytes_ -= segments_.front().bytes;
    segments_.pop_front();
    removed = true;
  }
  return removed ? files_.sync_directory(directory_) : Status{};
}

}  // namespace kansoku::pipeline::spool
