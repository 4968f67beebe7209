#include "store/wal/segments.h"

namespace kansoku::store::wal {

Result<std::vector<Segment>> list_segments(env::FileSystem& files, const std::string& directory) {
  KANSOKU_TRY(auto entries, files.list(directory));
  std::vector<Segment> out;
  for (const env::DirectoryEntry& entry : entries) {
    Segment segment;
    if (entry.is_directory ||
        !parse_segment_name(entry.name, segment.index, segment.first_sequence)) {
      continue;
    }
    segment.path = env::join_path(directory, entry.name);
    KANSOKU_TRY(auto info, files.info(segment.path));
    segment.bytes = info.size_bytes;
    out.push_back(std::move(segment));
  }
  std::sort(out.begin(), out.end(),
            [](const Segment& a, const Segment& b) { return a.index < b.index; });
  return out;
}

namespace {

// The next place from `at` where a whole record begins, or npos.
size_t find_record(std::string_view bytes, size_t at, ParsedRecord& record) {
  for (; at + kRecordHeaderBytes <= bytes.size(); at += kRecordAlignment) {
    if (load_le<uint32_t>(bytes.data() + at) == kRecordMagic &&
        parse_record(bytes.substr(at), record)) {
      return at;
    }
  }
  return std::string_view::npos;
}

}  // namespace

Result<SegmentScan> scan_segment(env::FileSystem& files, const Segment& segment, uint64_t& previous,
                                 uint64_t end_sequence,
                                 const std::function<Status(const ParsedRecord&)>& visit) {
  KANSOKU_TRY(std::string bytes, files.read_all(segment.path, size_t{1} << 30));
  SegmentScan scan;
  scan.total_bytes = bytes.size();
  scan.good_bytes = std::min(kSegmentHeaderBytes, bytes.size());
  if (!segment_header_good(bytes, segment.index, segment.first_sequence) &&
      bytes.size() > kSegmentHeaderBytes) {
    ++scan.damages;
  }
  std::string_view view = bytes;
  for (size_t at = kSegmentHeaderBytes; at < bytes.size();) {
    ParsedRecord record;
    size_t found = find_record(view, at, record);
    if (found == std::string_view::npos) break;
    if (found != at) {
      ++scan.damages;
      scan.damaged_at_end = true;
    }
    at = found + record.bytes;
    scan.good_bytes = at;
    if (record.tag.engine == Engine::Log) {
      // The producers' snapshot: it has no sequence of its own.
      KANSOKU_RETURN_IF_ERROR(visit(record));
      continue;
    }
    if (record.tag.sequence <= previous || record.tag.sequence >= end_sequence) continue;
    if (scan.damaged_at_end && record.tag.sequence > previous + 1) {
      scan.lost_until = record.tag.sequence;
    }
    scan.damaged_at_end = false;
    previous = record.tag.sequence;
    scan.last_sequence = record.tag.sequence;
    ++scan.records;
    KANSOKU_RETURN_IF_ERROR(visit(record));
  }
  return scan;
}

}  // namespace kansoku::store::wal
