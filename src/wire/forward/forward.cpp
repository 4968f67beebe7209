#include "wire/forward/forward.h"

#include "base/bytes.h"
#include "wire/msgpack/msgpack.h"

namespace kansoku::wire::forward {
namespace {

using msgpack::Kind;
using msgpack::Read;
using msgpack::Reader;
using msgpack::Value;

constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr int64_t kSecondNs = 1'000'000'000;
// Seconds beyond this do not fit nanoseconds (year 2262).
constexpr double kSecondsMax = 9.2e9;

std::unexpected<Error> malformed(std::string_view what) {
  return invalid_argument("malformed forward message: {}", what);
}

// An integer, a float of seconds, or an EventTime: seconds and nanoseconds, big-endian.
bool read_time(const Value& value, int64_t& out) {
  switch (value.kind) {
    case Kind::Uint:
      if (value.unsigned_int > static_cast<uint64_t>(kSecondsMax)) return false;
      out = static_cast<int64_t>(value.unsigned_int) * kSecondNs;
      return true;
    case Kind::Float:
      if (!(value.number >= 0 && value.number < kSecondsMax)) return false;
      out = static_cast<int64_t>(value.number * 1e9);
      return true;
    case Kind::Extension: {
      if (value.extension != 0 || value.text.size() != 8) return false;
      auto seconds = std::byteswap(load_le<uint32_t>(value.text.data()));
      auto nanos = std::byteswap(load_le<uint32_t>(value.text.data() + 4));
      out = static_cast<int64_t>(seconds) * kSecondNs + nanos;
      return nanos < static_cast<uint32_t>(kSecondNs);
    }
    default:
      return false;
  }
}

bool take_map(Reader& reader, std::string_view& out) {
  if (reader.take(out) != Read::Good) return false;
  Value head;
  return Reader(out).next(head) == Read::Good && head.kind == Kind::Map;
}

// time, or [time, metadata].
bool take_time(Reader& reader, Entry& entry) {
  Value value;
  if (reader.next(value) != Read::Good) return false;
  if (value.kind == Kind::Array) {
    if (value.count != 2 || reader.next(value) != Read::Good) return false;
    return read_time(value, entry.unix_ns) && take_map(reader, entry.metadata);
  }
  return read_time(value, entry.unix_ns);
}

bool take_entry(Reader& reader, Entry& entry) {
  entry = {};
  return take_time(reader, entry) && take_map(reader, entry.record);
}

// Option values of other kinds than expected are as if they were not there.
Result<Options> read_options(Reader& reader) {
  Options out;
  Value head;
  if (reader.next(head) != Read::Good) return malformed("options");
  if (head.kind == Kind::Nil) return out;
  if (head.kind != Kind::Map) return malformed("options are no map");
  for (uint32_t i = 0; i < head.count; ++i) {
    Value key;
    std::string_view bytes;
    if (reader.next(key) != Read::Good || reader.take(bytes) != Read::Good) {
      return malformed("options");
    }
    Value value;
    (void)Reader(bytes).next(value);
    if (key.text == "chunk" && value.is_text()) out.chunk = value.text;
    if (key.text == "size" && value.kind == Kind::Uint) out.size = value.unsigned_int;
    if (key.text == "compressed" && value.is_text()) out.compressed = value.text;
    if (key.text == "fluent_signal" && value.kind == Kind::Uint && value.unsigned_int <= 2) {
      out.signal = static_cast<Signal>(value.unsigned_int);
    }
  }
  return out;
}

}  // namespace

Result<std::optional<Message>> decode(std::string_view stream) {
  Reader whole(stream);
  std::string_view bytes;
  Read read = whole.take(bytes);
  if (read == Read::Incomplete) return std::nullopt;
  if (read == Read::Malformed) return malformed("no msgpack");
  Message out;
  out.bytes = bytes.size();
  Reader reader(bytes);
  Value head;
  (void)reader.next(head);
  if (head.kind != Kind::Array || head.count < 2 || head.count > 4) return malformed("no array");
  Value tag;
  (void)reader.next(tag);
  if (!tag.is_text()) return malformed("the tag is no text");
  out.tag = tag.text;
  size_t second = reader.position();
  Value value;
  (void)reader.next(value);
  uint32_t taken = 2;
  if (value.is_text()) {
    out.mode = Mode::PackedForward;
    out.entries = value.text;
  } else if (value.kind == Kind::Array &&
             !(head.count >= 3 && value.count == 2 && bytes[second] == '\x92')) {
    out.mode = Mode::Forward;
    out.count = value.count;
  } else {
    out.mode = Mode::Message;
  }
  if (out.mode != Mode::PackedForward) {
    reader = Reader(bytes.substr(second));
    std::string_view item;
    (void)reader.take(item);
    // [tag, [[t, r], [t, r]], options] and [tag, [t, metadata], record] begin alike: the latter has
    // a time where the former has an entry.
    if (value.kind == Kind::Array && out.mode == Mode::Message) {
      Value first;
      Reader inner(item);
      (void)inner.next(first);
      (void)inner.next(first);
      if (first.kind == Kind::Array) {
        out.mode = Mode::Forward;
        out.count = value.count;
      }
    }
    if (out.mode == Mode::Message) {
      if (head.count < 3) return malformed("a message without a record");
      std::string_view record;
      (void)reader.take(record);
      out.entries = bytes.substr(second, item.size() + record.size());
      taken = 3;
    } else {
      out.entries = item;
    }
  }
  if (head.count > taken) {
    Reader options = Reader(bytes.substr(
        out.mode == Mode::PackedForward ? reader.position() : second + reader.position()));
    KANSOKU_TRY(out.options, read_options(options));
  }
  bool compressed = !out.options.compressed.empty() && out.options.compressed != "text";
  bool magic = out.entries.starts_with(kGzipMagic) || out.entries.starts_with(kZstdMagic);
  if (out.mode == Mode::PackedForward && (compressed || magic)) {
    out.mode = Mode::CompressedPackedForward;
  }
  return out;
}

Status visit_entries(const Message& message, const Expand& expand,
                     const std::function<void(const Entry&)>& visit) {
  Entry entry;
  std::string expanded;
  std::string_view bytes = message.entries;
  if (message.mode == Mode::CompressedPackedForward) {
    std::string_view coding = bytes.starts_with(kZstdMagic)   ? "zstd"
                              : bytes.starts_with(kGzipMagic) ? "gzip"
                                                              : message.options.compressed;
    KANSOKU_TRY(expanded, expand(coding, bytes));
    bytes = expanded;
  }
  Reader reader(bytes);
  if (message.mode == Mode::Message) {
    if (!take_entry(reader, entry)) return malformed("time or record");
    visit(entry);
    return {};
  }
  Value head;
  if (message.mode == Mode::Forward) (void)reader.next(head);
  while (!reader.done()) {
    Value pair;
    if (reader.next(pair) != Read::Good || pair.kind != Kind::Array || pair.count != 2 ||
        !take_entry(reader, entry)) {
      return malformed("entry");
    }
    visit(entry);
  }
  return {};
}

std::string encode_ack(std::string_view chunk) {
  std::string out;
  msgpack::append_map(out, 1);
  msgpack::append_text(out, "ack");
  msgpack::append_text(out, chunk);
  return out;
}

}  // namespace kansoku::wire::forward
