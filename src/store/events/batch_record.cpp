#include "store/events/batch_record.h"

#include "base/bytes.h"
#include "base/codec/lz4.h"
#include "signal/batch_codec.h"

namespace kansoku::store::events {
namespace {

enum class Coding : uint8_t { Plain = 0, Lz4 = 1 };
// Below this a record is not worth a second pass.
constexpr size_t kCompressBytesMin = 4096;
// What compression must save, of the whole, for replay to pay it back.
constexpr size_t kSavedShareMin = 8;
// A decoded body is at most this (a payload of 48 MiB, compressed).
constexpr uint64_t kBodyBytesMax = 256U << 20;

void put_body(const BatchRecord& record, std::string& out) {
  append_text(out, record.scope.account);
  append_text(out, record.scope.region);
  append_varint(out, zigzag(record.ingested_ns));
  signal::encode_batch(*record.batch, record.ingested_ns, out);
}

bool take_text(const char*& at, const char* end, std::string& out) {
  std::string_view text;
  if (!read_text(at, end, text)) return false;
  out.assign(text);
  return true;
}

bool take_body(std::string_view body, BatchRecord& out) {
  const char* at = body.data();
  const char* end = at + body.size();
  uint64_t ingested = 0;
  if (!take_text(at, end, out.scope.account) || !take_text(at, end, out.scope.region) ||
      !read_varint(at, end, ingested)) {
    return false;
  }
  out.ingested_ns = unzigzag(ingested);
  out.batch = signal::decode_event_batch({at, end}, out.ingested_ns);
  return out.batch != nullptr;
}

}  // namespace

void encode_batch_record(const BatchRecord& record, std::string& out) {
  out += kBatchRecord;
  out += static_cast<char>(Coding::Plain);
  const size_t head = out.size();
  put_body(record, out);
  const size_t body = out.size() - head;
  if (body < kCompressBytesMin) return;
  std::string packed;
  packed += kBatchRecord;
  packed += static_cast<char>(Coding::Lz4);
  append_varint(packed, body);
  codec::compress_lz4(std::string_view(out).substr(head), packed);
  if (packed.size() + body / kSavedShareMin > body) return;
  out.resize(head - 2);
  out += packed;
}

Result<BatchRecord> decode_batch_record(std::string_view payload) {
  const char* at = payload.data();
  const char* end = at + payload.size();
  if (payload.size() < 2 || *at++ != kBatchRecord) {
    return corruption("event record of an unknown version");
  }
  const auto coding = static_cast<Coding>(*at++);
  BatchRecord out;
  if (coding == Coding::Plain) {
    if (!take_body({at, end}, out)) return corruption("event record: cut off");
    return out;
  }
  uint64_t bytes = 0;
  if (coding != Coding::Lz4 || !read_varint(at, end, bytes) || bytes > kBodyBytesMax) {
    return corruption("event record of an unknown coding");
  }
  std::string body;
  KANSOKU_RETURN_IF_ERROR(codec::decompress_lz4({at, end}, bytes, body));
  if (!take_body(body, out)) return corruption("event record: cut off");
  return out;
}

std::string encode_stream_deletion(const StreamDeletion& deletion) {
  std::string out(1, kStreamDeletion);
  out += char{1};  // version
  append_text(out, deletion.scope.account);
  append_text(out, deletion.scope.region);
  append_text(out, deletion.group);
  append_text(out, deletion.stream);
  return out;
}

Result<StreamDeletion> decode_stream_deletion(std::string_view payload) {
  if (payload.size() < 2 || payload[0] != kStreamDeletion || payload[1] != 1) {
    return corruption("event record of an unknown version");
  }
  const char* at = payload.data() + 2;
  const char* end = payload.data() + payload.size();
  StreamDeletion out;
  if (!take_text(at, end, out.scope.account) || !take_text(at, end, out.scope.region) ||
      !take_text(at, end, out.group) || !take_text(at, end, out.stream) || at != end) {
    return corruption("deletion of a stream: cut off");
  }
  return out;
}

}  // namespace kansoku::store::events
