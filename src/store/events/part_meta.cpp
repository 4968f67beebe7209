#include "store/events/part_meta.h"

#include <array>
#include <charconv>

#include "base/bytes.h"
#include "store/events/batch_record.h"

namespace kansoku::store::events {
namespace {

constexpr int64_t kDayNs = 86'400 * env::kNsPerS;
// CloudWatch Logs knows 22 periods; what is kept longer than its group says is not shown, so a few
// classes do, and a part of a class goes when its longest-kept group's events are over.
constexpr std::array<uint32_t, 12> kKeepDays{1, 3, 7, 14, 30, 60, 90, 180, 365, 731, 1'827, 3'653};

}  // namespace

uint32_t keep_days_of(int64_t keep_ns) {
  if (keep_ns <= 0) return 0;
  for (const uint32_t days : kKeepDays) {
    if (keep_ns <= days * kDayNs) return days;
  }
  return 0;
}

int64_t day_of(int64_t ns) { return ns / kDayNs - static_cast<int64_t>(ns % kDayNs < 0); }

void encode_part_meta(const PartMeta& meta, std::string& out) {
  append_varint(out, meta.id);
  append_varint(out, meta.level);
  append_text(out, meta.group.scope.account);
  append_text(out, meta.group.scope.region);
  append_varint(out, meta.group.keep_days);
  append_varint(out, zigzag(meta.group.day));
  append_varint(out, meta.first_sequence);
  append_varint(out, meta.last_sequence - meta.first_sequence);
  append_varint(out, meta.seal_first_id);
  append_varint(out, meta.seal_parts);
  append_varint(out, meta.rows);
  append_varint(out, meta.message_bytes);
  append_varint(out, zigzag(meta.min_ns));
  append_varint(out, zigzag(meta.max_ns));
  append_varint(out, meta.file_bytes);
}

bool decode_part_meta(const char*& at, const char* end, PartMeta& out) {
  uint64_t level = 0;
  uint64_t days = 0;
  uint64_t day = 0;
  uint64_t span = 0;
  uint64_t min = 0;
  uint64_t max = 0;
  std::string_view account;
  std::string_view region;
  if (!read_varint(at, end, out.id) || !read_varint(at, end, level) ||
      !read_text(at, end, account) || !read_text(at, end, region) || !read_varint(at, end, days) ||
      !read_varint(at, end, day) || !read_varint(at, end, out.first_sequence) ||
      !read_varint(at, end, span) || !read_varint(at, end, out.seal_first_id) ||
      !read_varint(at, end, out.seal_parts) || !read_varint(at, end, out.rows) ||
      !read_varint(at, end, out.message_bytes) || !read_varint(at, end, min) ||
      !read_varint(at, end, max) || !read_varint(at, end, out.file_bytes)) {
    return false;
  }
  out.level = static_cast<uint32_t>(level);
  out.group = {
      {std::string(account), std::string(region)}, static_cast<uint32_t>(days), unzigzag(day)};
  out.last_sequence = out.first_sequence + span;
  out.min_ns = unzigzag(min);
  out.max_ns = unzigzag(max);
  return true;
}

std::string part_name(uint64_t id) { return fmt::format("part-{:016x}.kep", id); }

bool parse_part_name(std::string_view name, uint64_t& id) {
  if (name.size() != 25 || !name.starts_with("part-") || !name.ends_with(".kep")) return false;
  auto [end, error] = std::from_chars(name.data() + 5, name.data() + 21, id, 16);
  return error == std::errc() && end == name.data() + 21;
}

}  // namespace kansoku::store::events
