#include "pipeline/receivers/filelog/tail.h"

namespace kansoku::pipeline::filelog {

std::string read_bytes(env::File& file, uint64_t from, size_t size) {
  std::string out(size, '\0');
  auto read = file.read_at(from, std::as_writable_bytes(std::span(out)));
  out.resize(read ? *read : 0);
  return out;
}

namespace {

// Less than that, and less than a line, is the begin of many files.
constexpr uint64_t kToldBytesMin = 64;
// Of a file that begins with zeros, so much is searched for what follows them.
constexpr uint64_t kHoleBytesMax = 64 << 20;
constexpr size_t kHoleStepBytes = 64 << 10;

bool has_history(env::File& file, uint64_t position, const History& history) {
  std::string before = read_bytes(file, position - history.length, history.length);
  return before.size() == history.length && history_of(before) == history;
}

// What was there when it was looked at, though nothing of it was read.
bool has_unread(const Tail& tail, env::File& file) {
  for (const Checkpoint& point : tail.checkpoints) {
    if (point.position <= tail.position) continue;
    if (!has_history(file, point.position, point.history)) return false;
  }
  return tail.size <= tail.seen_end() || has_history(file, tail.size, tail.size_history);
}

}  // namespace

bool same_seen_content(const Tail& tail, env::File& file) {
  return read_bytes(file, 0, tail.head.size()) == tail.head &&
         has_history(file, tail.position, tail.history) && has_unread(tail, file) &&
         (tail.pending.empty() ||
          read_bytes(file, tail.position, tail.pending.size()) == tail.pending);
}

std::optional<uint64_t> evidence_of(const Tail& content, env::File& file, uint64_t size) {
  uint64_t evidence = 0;
  // Holes (a writer that does not append leaves one at every truncation) are alike everywhere.
  auto compare = [&](const std::string& bytes, uint64_t end, bool same) {
    if (same && bytes.find_first_not_of('\0') != std::string::npos) {
      evidence = std::max(evidence, end);
    }
    return same;
  };
  auto history_is = [&](uint64_t position, const History& history) {
    if (history.length == 0) return true;
    if (position > size) return false;
    std::string before = read_bytes(file, position - history.length, history.length);
    return compare(before, position, history_of(before) == history);
  };
  size_t head = std::min<uint64_t>(content.head.size(), size);
  std::string begin = read_bytes(file, 0, head);
  if (!compare(begin, head, begin == std::string_view(content.head).substr(0, head))) {
    return std::nullopt;
  }
  for (auto point = content.checkpoints.rbegin(); point != content.checkpoints.rend(); ++point) {
    if (point->position > size) continue;
    if (!history_is(point->position, point->history)) return std::nullopt;
    if (point->position <= content.position) break;
  }
  if (size < content.position) return evidence;
  if (!history_is(content.position, content.history)) return std::nullopt;
  size_t common = std::min<uint64_t>(content.pending.size(), size - content.position);
  std::string next = read_bytes(file, content.position, common);
  bool same = next == std::string_view(content.pending).substr(0, common);
  if (!compare(next, content.position + common, same)) return std::nullopt;
  bool unread = size >= content.size && content.size > content.seen_end();
  if (unread && !history_is(content.size, content.size_history)) return std::nullopt;
  return evidence;
}

bool is_told(const Tail& content) {
  // As long as nothing of it was sent (a hole is nothing) no harm is done.
  if (content.history == history_of(std::string(content.history.length, '\0'))) return true;
  return content.seen_end() >= kToldBytesMin || content.head.find('\n') != std::string::npos;
}

void see_head(Tail& tail, uint64_t size) {
  if (tail.head.size() >= kHeadBytes) return;
  tail.head = read_bytes(*tail.file, 0, kHeadBytes);
  if (!tail.checkpoints.empty() || tail.head.find_first_not_of('\0') != std::string::npos) return;
  // A hole: what stands behind it tells the file.
  for (uint64_t at = tail.head.size(); at < std::min(size, kHoleBytesMax);) {
    std::string bytes = read_bytes(*tail.file, at, kHoleStepBytes);
    size_t data = std::min(bytes.find_first_not_of('\0'), bytes.size());
    at += data;
    if (bytes.empty() || data == bytes.size()) {
      if (bytes.empty()) return;
      continue;
    }
    for (uint64_t step = 16; step <= kHistoryBytes && at + step <= size; step *= 2) {
      add_checkpoint(tail.checkpoints, {at + step, history_before(*tail.file, at + step)});
    }
    return;
  }
}

History history_before(env::File& file, uint64_t end) {
  uint64_t before = std::min<uint64_t>(end, kHistoryBytes);
  return history_of(read_bytes(file, end - before, before));
}

Block read_block(Tail& tail, size_t block_bytes, std::string& buffer) {
  Block out;
  if (!tail.file) return out;
  size_t before = tail.history.length + tail.pending.size();
  size_t want = before + block_bytes;
  if (buffer.size() < want) buffer.resize(want);
  auto read = tail.file->read_at(tail.position - tail.history.length,
                                 std::as_writable_bytes(std::span(buffer.data(), want)));
  if (!read) return out;
  std::string_view bytes(buffer.data(), *read);
  // Near the begin there is little history; what was seen of the file's first bytes tells then.
  bool short_history = tail.history.length < kHistoryBytes;
  bool same = has_unread(tail, *tail.file) &&
              (!short_history || read_bytes(*tail.file, 0, tail.head.size()) == tail.head) &&
              bytes.size() >= before &&
              history_of(bytes.substr(0, tail.history.length)) == tail.history &&
              bytes.substr(tail.history.length, tail.pending.size()) == tail.pending;
  if (!same) {
    out.outcome = ReadOutcome::Rewritten;
    return out;
  }
  out.outcome = ReadOutcome::Bytes;
  out.history_bytes = tail.history.length;
  out.bytes = bytes.substr(out.history_bytes);
  out.more = bytes.size() == want;
  return out;
}

}  // namespace kansoku::pipeline::filelog
