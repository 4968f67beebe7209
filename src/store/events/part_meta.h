// What the manifest says of a part; repeated in its footer (docs/formats/event-part.md).
// Thread contract: plain values.
#pragma once

#include <string>
#include <vector>

#include "signal/delivery.h"

namespace kansoku::store::events {

// Events of one part belong together: one owner, kept about as long, of one UTC day.
struct PartGroup {
  signal::Scope scope;
  uint32_t keep_days = 0;  // the class of retention; 0: for ever
  int64_t day = 0;         // since 1970
  friend auto operator<=>(const PartGroup&, const PartGroup&) = default;
};
// The class of events that are kept so long: days that are enough, of few different numbers.
uint32_t keep_days_of(int64_t keep_ns);
int64_t day_of(int64_t ns);

struct PartMeta {
  uint64_t id = 0;
  uint32_t level = 0;  // 0: from memory; merging adds one
  PartGroup group;
  // The log records whose events it may hold.
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  // Parts that were written from memory together have neighbouring ids: the first, and how many.
  uint64_t seal_first_id = 0;
  uint64_t seal_parts = 0;
  uint64_t rows = 0;
  uint64_t message_bytes = 0;
  int64_t min_ns = 0;
  int64_t max_ns = 0;
  uint64_t file_bytes = 0;
  friend bool operator==(const PartMeta&, const PartMeta&) = default;
};

void encode_part_meta(const PartMeta& meta, std::string& out);
bool decode_part_meta(const char*& at, const char* end, PartMeta& out);
std::string part_name(uint64_t id);
bool parse_part_name(std::string_view name, uint64_t& id);

}  // namespace kansoku::store::events
