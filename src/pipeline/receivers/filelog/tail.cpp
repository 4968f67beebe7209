#include "pipeline/receivers/filelog/tail.h"

namespace kansoku::pipeline::filelog {

std::string read_bytes(env::File& file, uint64_t from, size_t size) {
  std::string out(size, '\0');
  auto read = file.read_at(from, std::as_writable_bytes(std::span(out)));
  out.resize(read ? *read : 0);
  return out;
}

bool same_content(const Tail& tail, env::File& file, uint64_t position, const History& history) {
  // The head may go beyond the position; a copy that was made earlier does not have all of it.
  auto head = std::string_view(tail.head).substr(0, position);
  if (read_bytes(file, 0, head.size()) != head) return false;
  std::string before = read_bytes(file, position - history.length, history.length);
  return before.size() == history.length && history_of(before) == history;
}

bool same_seen_content(const Tail& tail, env::File& file) {
  return same_content(tail, file, tail.position, tail.history) &&
         (tail.pending.empty() ||
          read_bytes(file, tail.position, tail.pending.size()) == tail.pending);
}

bool same_begin(const Tail& tail, env::File& file, uint64_t size) {
  size_t head = std::min<uint64_t>(tail.head.size(), size);
  if (read_bytes(file, 0, head) != std::string_view(tail.head).substr(0, head)) return false;
  // All of it is known; but half a line is no copy that somebody has finished.
  if (size <= tail.head.size()) return head > 0 && tail.head[head - 1] == '\n';
  for (auto point = tail.checkpoints.rbegin(); point != tail.checkpoints.rend(); ++point) {
    if (point->position > size) continue;
    return history_of(read_bytes(file, point->position - point->history.length,
                                 point->history.length)) == point->history;
  }
  return false;
}

Block read_block(Tail& tail, size_t block_bytes, std::string& buffer) {
  Block out;
  if (!tail.file) return out;
  if (tail.check_head) {
    std::string head = read_bytes(*tail.file, 0, kHeadBytes);
    if (!head.starts_with(tail.head)) {
      out.outcome = ReadOutcome::Rewritten;
      return out;
    }
    if (head.size() > tail.head.size()) tail.head = std::move(head);
    tail.check_head = false;
  }
  size_t before = tail.history.length + tail.pending.size();
  size_t want = before + block_bytes;
  if (buffer.size() < want) buffer.resize(want);
  auto read = tail.file->read_at(tail.position - tail.history.length,
                                 std::as_writable_bytes(std::span(buffer.data(), want)));
  if (!read) return out;
  std::string_view bytes(buffer.data(), *read);
  bool same = bytes.size() >= before &&
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
