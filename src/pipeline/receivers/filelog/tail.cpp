#include "pipeline/receivers/filelog/tail.h"

namespace kansoku::pipeline::filelog {

std::string read_bytes(env::File& file, uint64_t from, size_t size) {
  std::string out(size, '\0');
  auto read = file.read_at(from, std::as_writable_bytes(std::span(out)));
  out.resize(read ? *read : 0);
  return out;
}

namespace {

bool has_history(env::File& file, uint64_t position, const History& history) {
  std::string before = read_bytes(file, position - history.length, history.length);
  return before.size() == history.length && history_of(before) == history;
}

// What was there when it was looked at, though nothing of it was read.
bool has_unread(const Tail& tail, env::File& file) {
  return tail.size <= tail.seen_end() || has_history(file, tail.size, tail.size_history);
}

}  // namespace

bool same_seen_content(const Tail& tail, env::File& file) {
  return read_bytes(file, 0, tail.head.size()) == tail.head &&
         has_history(file, tail.position, tail.history) && has_unread(tail, file) &&
         (tail.pending.empty() ||
          read_bytes(file, tail.position, tail.pending.size()) == tail.pending);
}

bool is_copy_of(const Tail& tail, env::File& file, uint64_t size) {
  // The head may have come after the copy was made.
  size_t head = std::min<uint64_t>(tail.head.size(), size);
  if (read_bytes(file, 0, head) != std::string_view(tail.head).substr(0, head)) return false;
  bool told = head > 0 || tail.history.length > 0;
  if (size >= tail.position) {
    return told && has_history(file, tail.position, tail.history) &&
           (size < tail.size || has_unread(tail, file));
  }
  // All of it is known; but half a line is no copy that somebody has finished.
  if (size <= tail.head.size()) return head > 0 && tail.head[head - 1] == '\n';
  for (auto point = tail.checkpoints.rbegin(); point != tail.checkpoints.rend(); ++point) {
    if (point->position <= size) return has_history(file, point->position, point->history);
  }
  return false;
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
