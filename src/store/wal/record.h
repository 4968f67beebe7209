// Bytes of one log record (docs/formats/wal.md): a 48-byte header, the producer's name, the
// payload, zeros up to a multiple of eight. Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace kansoku::store::wal {

// Who owns a record. Numbers are on disk.
enum class Engine : uint8_t { Log = 0, Metrics = 1, Events = 2, Queues = 3, Exemplars = 4 };

struct RecordTag {
  Engine engine = Engine::Log;
  uint16_t shard = 0;
  uint64_t sequence = 0;
  // Empty: the sender does not number its batches.
  std::string_view producer;
  uint64_t epoch = 0;
  uint64_t producer_sequence = 0;
};

inline constexpr uint32_t kRecordMagic = 0x3152574bU;  // "KWR1"
inline constexpr size_t kRecordHeaderBytes = 48;
inline constexpr size_t kRecordAlignment = 8;
// 64 MiB less some: a record never spans segments.
inline constexpr size_t kPayloadBytesMax = 48U << 20;
inline constexpr size_t kProducerBytesMax = 256;

inline constexpr uint64_t kSegmentMagic = 0x31304c41574b4eULL;  // "NKWAL01"
inline constexpr uint32_t kSegmentVersion = 1;
inline constexpr size_t kSegmentHeaderBytes = 32;

size_t record_bytes(const RecordTag& tag, std::string_view payload);
void append_record(const RecordTag& tag, std::string_view payload, std::string& out);

struct ParsedRecord {
  RecordTag tag;
  std::string_view payload;
  size_t bytes = 0;  // with padding
};
// False when no whole, undamaged record begins here.
bool parse_record(std::string_view from, ParsedRecord& out);

std::string segment_header(uint64_t index, uint64_t first_sequence);
bool segment_header_good(std::string_view bytes, uint64_t index, uint64_t first_sequence);

// Names carry what the header carries, so that a damaged header costs nothing.
std::string segment_name(uint64_t index, uint64_t first_sequence);
bool parse_segment_name(std::string_view name, uint64_t& index, uint64_t& first_sequence);

}  // namespace kansoku::store::wal
