#include "pipeline/receivers/filelog/journal.h"

#include "base/text/hex.h"

namespace kansoku::pipeline::filelog {
namespace {

constexpr std::string_view kMagic("KSFLOG\0\2", 8);  // the last byte is the version
// Written anew when it has grown by this much and to twice its size: at most half is dead weight.
constexpr uint64_t kGrowthBytesMax = 1 << 20;
// A record of one batch or file; larger ones are damage.
constexpr uint32_t kRecordBytesMax = 16 << 20;
constexpr size_t kFrameBytes = 8;  // length, CRC32C

enum class Kind : uint8_t { Producer = 1, File = 2, Forget = 3, Intent = 4, Settled = 5, Slot = 6 };

void put_history(std::string& out, const History& history) {
  append_varint(out, history.length);
  append_le(out, history.hash);
}

void put_counts(std::string& out, const ByteCounts& counts) {
  append_varint(out, counts.acknowledged);
  append_varint(out, counts.filtered);
  append_varint(out, counts.dropped);
  append_varint(out, counts.truncated_unread);
}

std::string encode_producer(const SavedState& state) {
  std::string out(1, static_cast<char>(Kind::Producer));
  append_text(out, state.producer);
  append_varint(out, state.epoch);
  append_varint(out, state.next_file);
  append_le(out, static_cast<uint64_t>(state.wall_ns));
  return out;
}

std::string encode_file(const FileRecord& file) {
  std::string out(1, static_cast<char>(Kind::File));
  append_varint(out, file.id);
  append_text(out, file.source);
  append_text(out, file.path);
  append_varint(out, file.key.device);
  append_varint(out, file.key.inode);
  out += static_cast<char>(file.kind);
  append_text(out, file.head);
  append_varint(out, file.start);
  append_varint(out, file.offset);
  out += static_cast<char>(file.cut);
  put_history(out, file.history);
  append_varint(out, file.checkpoints.size());
  for (const Checkpoint& point : file.checkpoints) {
    append_varint(out, point.position);
    put_history(out, point.history);
  }
  append_varint(out, file.size_seen);
  put_history(out, file.size_history);
  append_le(out, static_cast<uint64_t>(file.modified_ns));
  append_varint(out, file.copy_of);
  append_varint(out, file.given_up);
  put_counts(out, file.counts);
  return out;
}

std::string encode_intent(const IntentRecord& intent) {
  std::string out(1, static_cast<char>(Kind::Intent));
  append_varint(out, intent.slot);
  append_varint(out, intent.epoch);
  append_varint(out, intent.sequence);
  append_varint(out, intent.ranges.size());
  for (const RangeRecord& range : intent.ranges) {
    append_varint(out, range.file);
    append_varint(out, range.begin);
    append_varint(out, range.end - range.begin);
    out += static_cast<char>(range.before);
    out += static_cast<char>(range.after);
    put_history(out, range.history);
  }
  return out;
}

struct Reader {
  const char* at;
  const char* end;
  bool good = true;

  uint64_t number() {
    uint64_t value = 0;
    good = good && read_varint(at, end, value);
    return good ? value : 0;
  }
  uint8_t byte(uint8_t below) {
    good = good && at < end && static_cast<uint8_t>(*at) < below;
    return good ? static_cast<uint8_t>(*at++) : 0;
  }
  std::string text(size_t bytes_max) {
    uint64_t size = number();
    good = good && size <= bytes_max && size <= static_cast<uint64_t>(end - at);
    if (!good) return {};
    at += size;
    return std::string(at - size, size);
  }
  History history() {
    History out;
    uint64_t length = number();
    good = good && length <= kHistoryBytes && end - at >= 8;
    if (!good) return out;
    out.length = static_cast<uint32_t>(length);
    out.hash = load_le<uint64_t>(at);
    at += 8;
    return out;
  }
  ByteCounts counts() {
    ByteCounts out;
    out.acknowledged = number();
    out.filtered = number();
    out.dropped = number();
    out.truncated_unread = number();
    return out;
  }
  int64_t time_ns() {
    good = good && end - at >= 8;
    if (!good) return 0;
    at += 8;
    return static_cast<int64_t>(load_le<uint64_t>(at - 8));
  }
  bool done() const { return good && at == end; }
};

constexpr size_t kTextBytesMax = 1 << 16;

bool read_file(Reader& in, SavedState& state) {
  FileRecord file;
  file.id = in.number();
  file.source = in.text(kTextBytesMax);
  file.path = in.text(kTextBytesMax);
  file.key.device = in.number();
  file.key.inode = in.number();
  file.kind = static_cast<FileKind>(in.byte(kFileKinds));
  file.head = in.text(kHeadBytes);
  file.start = in.number();
  file.offset = in.number();
  file.cut = static_cast<CutState>(in.byte(kCutStates));
  file.history = in.history();
  uint64_t points = in.number();
  if (points > kCheckpointsMax) return false;
  for (uint64_t i = 0; i < points; ++i) {
    uint64_t position = in.number();
    file.checkpoints.push_back({position, in.history()});
  }
  file.size_seen = in.number();
  file.size_history = in.history();
  file.modified_ns = in.time_ns();
  file.copy_of = in.number();
  file.given_up = in.number();
  file.counts = in.counts();
  if (!in.done() || file.start > file.offset) return false;
  state.next_file = std::max(state.next_file, file.id + 1);
  state.files[file.id] = std::move(file);
  return true;
}

bool read_intent(Reader& in, SavedState& state) {
  IntentRecord intent;
  intent.slot = static_cast<uint32_t>(in.number());
  intent.epoch = in.number();
  intent.sequence = in.number();
  uint64_t count = in.number();
  for (uint64_t i = 0; in.good && i < count; ++i) {
    RangeRecord range;
    range.file = in.number();
    range.begin = in.number();
    range.end = range.begin + in.number();
    range.before = static_cast<CutState>(in.byte(kCutStates));
    range.after = static_cast<CutState>(in.byte(kCutStates));
    range.history = in.history();
    if (range.end < range.begin) return false;
    intent.ranges.push_back(range);
  }
  if (!in.done()) return false;
  SavedState::Slot& slot = state.slots[intent.slot];
  slot.sequence = intent.sequence;
  slot.open = std::move(intent);
  return true;
}

void settle(SavedState& state, const SettledRecord& settled) {
  SavedState::Slot& slot = state.slots[settled.slot];
  if (!slot.open || slot.open->sequence != settled.sequence) return;
  for (size_t i = 0; i < slot.open->ranges.size() && i < settled.counts.size(); ++i) {
    const RangeRecord& range = slot.open->ranges[i];
    auto found = state.files.find(range.file);
    if (found == state.files.end()) continue;
    FileRecord& file = found->second;
    file.counts += settled.counts[i];
    add_checkpoint(file.checkpoints, {file.offset, file.history});
    file.offset = range.end;
    file.cut = range.after;
    file.history = range.history;
    if (range.end >= file.size_seen) {
      file.size_seen = range.end;
      file.size_history = range.history;
    }
  }
  slot.open.reset();
}

bool apply(std::string_view payload, SavedState& state) {
  if (payload.empty()) return false;
  auto kind = static_cast<Kind>(payload[0]);
  Reader in{payload.data() + 1, payload.data() + payload.size()};
  switch (kind) {
    case Kind::Producer: {
      std::string producer = in.text(kTextBytesMax);
      uint64_t epoch = in.number();
      uint64_t next = in.number();
      int64_t wall_ns = in.time_ns();
      if (!in.done()) return false;
      state.producer = std::move(producer);
      state.epoch = epoch;
      state.wall_ns = wall_ns;
      state.next_file = std::max(state.next_file, next);
      return true;
    }
    case Kind::File:
      return read_file(in, state);
    case Kind::Forget: {
      uint64_t id = in.number();
      if (!in.done()) return false;
      state.files.erase(id);
      return true;
    }
    case Kind::Intent:
      return read_intent(in, state);
    case Kind::Slot: {
      auto slot = static_cast<uint32_t>(in.number());
      uint64_t sequence = in.number();
      if (!in.done()) return false;
      state.slots[slot].sequence = sequence;
      return true;
    }
    case Kind::Settled: {
      SettledRecord settled;
      settled.slot = static_cast<uint32_t>(in.number());
      settled.sequence = in.number();
      uint64_t count = in.number();
      for (uint64_t i = 0; in.good && i < count; ++i) settled.counts.push_back(in.counts());
      if (!in.done()) return false;
      settle(state, settled);
      return true;
    }
  }
  return false;
}

void frame(std::string& out, std::string_view payload) {
  append_le(out, static_cast<uint32_t>(payload.size()));
  append_le(out, crc32c(as_bytes(payload)));
  out += payload;
}

}  // namespace

ByteCounts& ByteCounts::operator+=(const ByteCounts& other) {
  acknowledged += other.acknowledged;
  filtered += other.filtered;
  dropped += other.dropped;
  truncated_unread += other.truncated_unread;
  return *this;
}

bool replay_journal(std::string_view bytes, SavedState& state) {
  if (!bytes.starts_with(kMagic)) return false;
  bytes.remove_prefix(kMagic.size());
  while (bytes.size() >= kFrameBytes) {
    auto size = load_le<uint32_t>(bytes.data());
    auto crc = load_le<uint32_t>(bytes.data() + 4);
    if (size > kRecordBytesMax || size > bytes.size() - kFrameBytes) return false;
    std::string_view payload = bytes.substr(kFrameBytes, size);
    if (crc32c(as_bytes(payload)) != crc || !apply(payload, state)) return false;
    bytes.remove_prefix(kFrameBytes + size);
  }
  return bytes.empty();
}

Result<Journal::Loaded> Journal::open() {
  auto bytes = env_.files->read_all(path_, size_t{1} << 30);
  Loaded loaded = Loaded::Fresh;
  if (bytes) {
    loaded = replay_journal(*bytes, state_) ? Loaded::Whole : Loaded::Damaged;
    // Numbers that are not known to have been used must not be used again.
    if (loaded == Loaded::Damaged) ++state_.epoch;
  } else if (bytes.error().code != ErrorCode::NotFound) {
    return std::unexpected(std::move(bytes).error());
  }
  if (state_.producer.empty()) {
    std::array<std::byte, 16> random{};
    env_.random->fill(random);
    state_.producer = "filelog-" + to_hex(as_text(random));
  }
  KANSOKU_RETURN_IF_ERROR(write_anew());
  return loaded;
}

void Journal::append(std::string payload) {
  if (!broken_) frame(unwritten_, payload);
}

void Journal::put_file(const FileRecord& file) {
  state_.files[file.id] = file;
  append(encode_file(file));
}

void Journal::forget_file(uint64_t id) {
  state_.files.erase(id);
  std::string payload(1, static_cast<char>(Kind::Forget));
  append_varint(payload, id);
  append(std::move(payload));
}

void Journal::put_intent(const IntentRecord& intent) {
  SavedState::Slot& slot = state_.slots[intent.slot];
  slot.sequence = intent.sequence;
  slot.open = intent;
  append(encode_intent(intent));
}

void Journal::put_settled(const SettledRecord& settled) {
  std::string payload(1, static_cast<char>(Kind::Settled));
  append_varint(payload, settled.slot);
  append_varint(payload, settled.sequence);
  append_varint(payload, settled.counts.size());
  for (const ByteCounts& counts : settled.counts) put_counts(payload, counts);
  settle(state_, settled);
  append(std::move(payload));
}

Status Journal::write_anew() {
  broken_ = true;  // until all of it has worked
  unwritten_.clear();
  file_.reset();
  std::string bytes(kMagic);
  frame(bytes, encode_producer(state_));
  for (const auto& [id, file] : state_.files) frame(bytes, encode_file(file));
  for (const auto& [number, slot] : state_.slots) {
    std::string payload(1, static_cast<char>(Kind::Slot));
    append_varint(payload, number);
    append_varint(payload, slot.sequence);
    frame(bytes, payload);
    if (slot.open) frame(bytes, encode_intent(*slot.open));
  }
  KANSOKU_RETURN_IF_ERROR(env_.files->write_atomic(path_, bytes));
  KANSOKU_TRY(file_, env_.files->open(path_, env::OpenMode::ReadWrite));
  file_bytes_ = snapshot_bytes_ = bytes.size();
  ++syncs_;
  broken_ = false;
  return {};
}

Status Journal::sync(env::WallTime seen) {
  state_.wall_ns = seen.ns;
  if (broken_ || file_bytes_ > 2 * snapshot_bytes_ + kGrowthBytesMax) return write_anew();
  if (unwritten_.empty()) return {};
  append(encode_producer(state_));
  Status written = file_->write_at(file_bytes_, as_bytes(unwritten_));
  if (written) written = file_->sync_data();
  if (!written) {
    broken_ = true;
    unwritten_.clear();
    return written;
  }
  file_bytes_ += unwritten_.size();
  unwritten_.clear();
  ++syncs_;
  return {};
}

}  // namespace kansoku::pipeline::filelog
