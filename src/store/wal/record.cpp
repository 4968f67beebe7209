#include "store/wal/record.h"

#include "base/check.h"

namespace kansoku::store::wal {
namespace {

// Offsets in the header.
constexpr size_t kCrcAt = 4;
constexpr size_t kCoveredFrom = 8;  // the checksum covers everything behind it

size_t padded(size_t bytes) { return (bytes + kRecordAlignment - 1) & ~(kRecordAlignment - 1); }

bool parse_hex(std::string_view text, uint64_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

size_t record_bytes(const RecordTag& tag, std::string_view payload) {
  return padded(kRecordHeaderBytes + tag.producer.size() + payload.size());
}

void append_record(const RecordTag& tag, std::string_view payload, std::string& out) {
  KANSOKU_CHECK(payload.size() <= kPayloadBytesMax && tag.producer.size() <= kProducerBytesMax);
  size_t begin = out.size();
  char header[kRecordHeaderBytes] = {};
  store_le<uint32_t>(header, kRecordMagic);
  store_le<uint32_t>(header + 8, static_cast<uint32_t>(payload.size()));
  header[12] = static_cast<char>(tag.engine);
  store_le<uint16_t>(header + 14, tag.shard);
  store_le<uint64_t>(header + 16, tag.sequence);
  store_le<uint64_t>(header + 24, tag.epoch);
  store_le<uint64_t>(header + 32, tag.producer_sequence);
  store_le<uint16_t>(header + 40, static_cast<uint16_t>(tag.producer.size()));
  out.append(header, sizeof(header));
  out += tag.producer;
  out += payload;
  size_t end = out.size();
  uint32_t crc = crc32c(as_bytes(std::string_view(out).substr(begin + kCoveredFrom)));
  store_le<uint32_t>(out.data() + begin + kCrcAt, crc);
  out.resize(begin + padded(end - begin), '\0');
}

bool parse_record(std::string_view from, ParsedRecord& out) {
  if (from.size() < kRecordHeaderBytes) return false;
  const char* at = from.data();
  if (load_le<uint32_t>(at) != kRecordMagic) return false;
  size_t payload_bytes = load_le<uint32_t>(at + 8);
  size_t producer_bytes = load_le<uint16_t>(at + 40);
  if (payload_bytes > kPayloadBytesMax || producer_bytes > kProducerBytesMax) return false;
  size_t bytes = kRecordHeaderBytes + producer_bytes + payload_bytes;
  if (bytes > from.size()) return false;
  if (crc32c(as_bytes(from.substr(kCoveredFrom, bytes - kCoveredFrom))) !=
      load_le<uint32_t>(at + kCrcAt)) {
    return false;
  }
  out.tag.engine = static_cast<Engine>(at[12]);
  out.tag.shard = load_le<uint16_t>(at + 14);
  out.tag.sequence = load_le<uint64_t>(at + 16);
  out.tag.epoch = load_le<uint64_t>(at + 24);
  out.tag.producer_sequence = load_le<uint64_t>(at + 32);
  out.tag.producer = from.substr(kRecordHeaderBytes, producer_bytes);
  out.payload = from.substr(kRecordHeaderBytes + producer_bytes, payload_bytes);
  out.bytes = std::min(padded(bytes), from.size());
  return true;
}

std::string segment_header(uint64_t index, uint64_t first_sequence) {
  std::string out;
  append_le(out, kSegmentMagic);
  append_le(out, kSegmentVersion);
  append_le(out, index);
  append_le(out, first_sequence);
  append_le(out, crc32c(as_bytes(out)));
  KANSOKU_CHECK(out.size() == kSegmentHeaderBytes);
  return out;
}

bool segment_header_good(std::string_view bytes, uint64_t index, uint64_t first_sequence) {
  return bytes.substr(0, kSegmentHeaderBytes) == segment_header(index, first_sequence);
}

std::string segment_name(uint64_t index, uint64_t first_sequence) {
  return fmt::format("{:016x}-{:016x}.wal", index, first_sequence);
}

bool parse_segment_name(std::string_view name, uint64_t& index, uint64_t& first_sequence) {
  if (name.size() != 37 || name[16] != '-' || name.substr(33) != ".wal") return false;
  return parse_hex(name.substr(0, 16), index) && parse_hex(name.substr(17, 16), first_sequence);
}

}  // namespace kansoku::store::wal
