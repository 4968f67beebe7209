#include "pipeline/receivers/journald/cursor_file.h"

#include "base/text/hex.h"

namespace kansoku::pipeline::journald {
namespace {

constexpr env::RecordFormat kFormat{.magic = 0x4c414e52554f4a4b};  // "KJOURNAL"
// Of a cursor (about 150 bytes) or a name.
constexpr uint64_t kTextBytesMax = 1 << 16;
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
    append_text(payload, source.open->producer);
    append_varint(payload, source.open->sequence);
    append_text(payload, source.open->end);
    append_varint(payload, static_cast<uint64_t>(source.open->end_us));
    append_varint(payload, source.open->entries);
  }
  return payload;
}

Status decode_cursors(std::string_view record, CursorState& into) {
  Reader in{record.data(), record.data() + record.size()};
  CursorState out = into;
  out.producer = in.text();
  const uint64_t count = in.number();
  for (uint64_t i = 0; in.good && i < count; ++i) {
    std::string name = in.text();
    SourceState source;
    source.cursor = in.text();
    source.sequence = in.number();
    if (in.number() != 0) {
      Intent open;
      open.producer = in.text();
      open.sequence = in.number();
      open.end = in.text();
      open.end_us = static_cast<int64_t>(in.number());
      open.entries = in.number();
      source.open = std::move(open);
    }
    out.sources.insert_or_assign(std::move(name), std::move(source));
  }
  if (!in.good || in.at != in.end || out.producer.empty())
    return fail(ErrorCode::DataLoss, "no record of cursors");
  into = std::move(out);
  return {};
}

std::string cursor_file_of(const CursorState& state) {
  return env::RecordFile::file_of(kFormat, encode_cursors(state));
}

CursorFile::CursorFile(env::Env env, const std::string& path)
    : env_(env), path_(path), file_(*env.files, path, kFormat) {}

Result<bool> CursorFile::load() {
  const bool there = env_.files->exists(path_);
  KANSOKU_TRY(const bool whole,
              file_.load([&](std::string_view record) { return decode_cursors(record, state); }));
  const bool damaged = there && !whole;
  if (damaged || state.producer.empty()) {
    std::array<std::byte, 16> random{};
    env_.random->fill(random);
    state.producer = "journald-" + to_hex(as_text(random));
  }
  return !damaged;
}

Status CursorFile::save() {
  const std::string record = encode_cursors(state);
  return file_.put(record, [&] { return record; });
}

}  // namespace kansoku::pipeline::journald
