#include "pipeline/spool/spool_record.h"

#include "base/bytes.h"
#include "base/codec/lz4.h"
#include "base/env/env.h"
#include "signal/batch_codec.h"

namespace kansoku::pipeline::spool {
namespace {

constexpr char kVersion = 1;
enum class Shape : uint8_t { Events = 0, Metrics = 1 };
// A batch of 64 MiB, and what its columns add.
constexpr uint64_t kBodyBytesMax = 256U << 20;

bool take_text(const char*& at, const char* end, std::string& out) {
  std::string_view text;
  if (!read_text(at, end, text)) return false;
  out.assign(text);
  return true;
}

// Leaves `at` at the shape.
bool take_head(const char*& at, const char* end, SpoolRecordHead& out) {
  uint64_t taken = 0;
  if (at == end || *at++ != kVersion) return false;
  if (!take_text(at, end, out.scope.account) || !take_text(at, end, out.scope.region)) return false;
  if (!read_varint(at, end, taken) || !read_varint(at, end, out.rows)) return false;
  out.taken_ms = unzigzag(taken);
  return true;
}

}  // namespace

void encode_record(const SpoolRecord& record, std::string& out) {
  out += kVersion;
  append_text(out, record.scope.account);
  append_text(out, record.scope.region);
  append_varint(out, zigzag(record.taken_ms));
  append_varint(out, record.rows);
  std::string body;
  if (const auto* events = std::get_if<0>(&record.batch)) {
    out += static_cast<char>(Shape::Events);
    signal::encode_batch(**events, record.taken_ms * env::kNsPerMs, body);
  } else {
    out += static_cast<char>(Shape::Metrics);
    signal::encode_batch(*std::get<1>(record.batch), body);
  }
  append_varint(out, body.size());
  codec::compress_lz4(body, out);
}

Result<SpoolRecordHead> decode_record_head(std::string_view bytes) {
  const char* at = bytes.data();
  SpoolRecordHead out;
  if (!take_head(at, bytes.data() + bytes.size(), out)) return corruption("no record of the spool");
  return out;
}

Result<SpoolRecord> decode_record(std::string_view bytes) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  SpoolRecordHead head;
  uint64_t raw = 0;
  if (!take_head(at, end, head) || at == end) return corruption("no record of the spool");
  const auto shape = static_cast<uint8_t>(*at++);
  if (shape > 1 || !read_varint(at, end, raw) || raw > kBodyBytesMax)
    return corruption("no record of the spool");
  std::string body;
  KANSOKU_RETURN_IF_ERROR(codec::decompress_lz4({at, end}, raw, body));
  SpoolRecord out{head.scope, head.taken_ms, head.rows, {}};
  bool good = false;
  if (static_cast<Shape>(shape) == Shape::Events) {
    auto events = signal::decode_event_batch(body, head.taken_ms * env::kNsPerMs);
    good = events != nullptr && events->row_count() == head.rows;
    out.batch = std::move(events);
  } else {
    auto points = signal::decode_metric_batch(body);
    good = points != nullptr && points->point_count() == head.rows;
    out.batch = std::move(points);
  }
  if (!good) return corruption("a record of the spool is damaged");
  return out;
}

}  // namespace kansoku::pipeline::spool
