#include "pipeline/receivers/journald/cursor_file.h"

#include "base/text/hex.h"

namespace kansoku::pipeline::journald {
namespace {

constexpr std::string_view kMagic("KSJRNL\0\1", 8);  // the last byte is the version
constexpr size_t kCrcBytes = 4;
// Of a cursor (about 150 bytes) or a name.
constexpr uint64_t kTextBytesMax = 1 << 16;
// Of the whole file: sources come from a configuration.
constexpr size_t kFileBytesMax = 64 << 20;

struct Reader {
  const char* at;
  const char* end;
  bool good = true;

  uint64_t number() {
    uint64_t value = 0;
    good = good && read_varint(at, end, value);
    return good ? value : 0;
  }
  std::string text() {
    std::string_view value;
    good = good && read_text(at, end, value) && value.size() <= kTextBytesMax;
    return good ? std::string(value) : std::string();
  }
};

}  // namespace

std::string encode_cursors(const CursorState& state) {
  std::string payload;
  append_text(payload, state.producer);
  append_varint(payload, state.sources.size());
  for (const auto& [name, source] : state.sources) {
    append_text(payload, name);
    append_text(payload, source.cursor);
    append_varint(payload, source.sequence);
    append_varint(payload, source.open ? 1 : 0);
    if (!source.open) continue;
    append_varint(payload, source.open->sequence);
    append_text(payload, source.open->end);
    append_varint(payload, static_cast<uint64_t>(source.open->end_us));
    append_varint(payload, source.open->entries);
  }
  std::string out(kMagic);
  append_le(out, crc32c(as_bytes(payload)));
  return out + payload;
}

std::optional<CursorState> decode_cursors(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + kCrcBytes) return std::nullopt;
  bytes.remove_prefix(kMagic.size());
  const auto crc = load_le<uint32_t>(bytes.data());
  bytes.remove_prefix(kCrcBytes);
  if (crc32c(as_bytes(bytes)) != crc) return std::nullopt;
  Reader in{bytes.data(), bytes.data() + bytes.size()};
  CursorState out;
  out.producer = in.text();
  const uint64_t count = in.number();
  for (uint64_t i = 0; in.good && i < count; ++i) {
    std::string name = in.text();
    SourceState source;
    source.cursor = in.text();
    source.sequence = in.number();
    if (in.number() != 0) {
      Intent open;
      open.sequence = in.number();
      open.end = in.text();
      open.end_us = static_cast<int64_t>(in.number());
      open.entries = in.number();
      source.open = std::move(open);
    }
    out.sources.emplace(std::move(name), std::move(source));
  }
  if (!in.good || in.at != in.end || out.producer.empty()) return std::nullopt;
  return out;
}

Result<bool> CursorFile::load() {
  auto bytes = env_.files->read_all(path_, kFileBytesMax);
  bool whole = true;
  if (bytes) {
    auto read = decode_cursors(*bytes);
    whole = read.has_value();
    if (read) state = std::move(*read);
  } else if (bytes.error().code != ErrorCode::NotFound) {
    return std::unexpected(std::move(bytes).error());
  }
  if (state.producer.empty()) {
    std::array<std::byte, 16> random{};
    env_.random->fill(random);
    state.producer = "journald-" + to_hex(as_text(random));
  }
  return whole;
}

Status CursorFile::save() { return env_.files->write_atomic(path_, encode_cursors(state)); }

}  // namespace kansoku::pipeline::journald
