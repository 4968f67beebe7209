// Files that others have taken the place of: the part of FileTable that follows the newest one
// only, deletes what was read to its end, and lets go of files while nothing can be sent.
#include "pipeline/receivers/filelog/file_table.h"

namespace kansoku::pipeline::filelog {
namespace {

bool looks_for_newest(const Source& source) {
  return source.config().newest_only || source.config().remove_finished;
}

}  // namespace

// What the scan says of a file may be as old as the listing of its folder; of those that are
// followed the table knows more, the others are asked here.
void FileTable::look_at_unknown(const Source& source, std::vector<FoundFile>& found) {
  if (!looks_for_newest(source)) return;
  std::set<FileKey> there;
  for (FoundFile& file : found) {
    there.insert(file.key);
    auto known = by_key_.find({&source, file.key});
    if (known != by_key_.end() && tails_.at(known->second)->file) {
      const Tail& tail = *tails_.at(known->second);
      file.modified_ns = std::max(file.modified_ns, tail.modified_ns);
      continue;
    }
    auto info = env_.files->info(file.path);
    if (!info || FileKey{info->device, info->inode} != file.key) continue;
    file.modified_ns = info->modified_ns;
    file.size = info->size_bytes;
  }
  std::erase_if(passed_over_, [&](const auto& one) {
    return one.first.first == &source && !there.contains(one.first.second);
  });
}

// The matching file that changed last; null where the source does not ask.
const FoundFile* FileTable::newest_of(const Source& source,
                                      const std::map<FileKey, const FoundFile*>& found) {
  if (!looks_for_newest(source)) return nullptr;
  const FoundFile* out = nullptr;
  for (const auto& [key, file] : found) {
    if (!file->matched) continue;
    if (out == nullptr ||
        std::tie(out->modified_ns, out->path) < std::tie(file->modified_ns, file->path)) {
      out = file;
    }
  }
  return out;
}

// Of a file that is not the newest: it never was in our time. What came and was followed by another
// one within a round is read.
bool FileTable::passed_over(const Source& source, const FoundFile& file) {
  if (!file.matched) return false;
  const auto known = passed_over_.find({&source, file.key});
  const bool same = known != passed_over_.end() && known->second == file.modified_ns;
  const bool old = round_before_ns_ == 0 || file.modified_ns < round_before_ns_;
  if (!same && !old && !(first_round_ && fresh_)) return false;
  passed_over_[{&source, file.key}] = file.modified_ns;
  return true;
}

// Followed files of the source that are not the newest, and were read to their end.
void FileTable::end_superseded(const Source& source, const FoundFile& newest) {
  std::vector<uint64_t> ended;
  for (const auto& [id, tail] : tails_) {
    const bool other = tail->source == &source && tail->key != newest.key &&
                       tail->kind == FileKind::Followed && !tail->unlinked && !tail->released &&
                       !tail->undecided && !tail->in_flight && !tail->queued &&
                       tail->pending.empty() && tail->size > 0 && tail->position == tail->size;
    if (other && source.matches(tail->location)) ended.push_back(id);
  }
  for (uint64_t id : ended) {
    Tail& tail = *tails_.at(id);
    if (source.config().remove_finished) {
      remove_finished(tail);
    } else if (tail.file) {
      // Opened again when it grows: it is the newest then.
      tail.file.reset();
      save(tail);
    }
  }
}

// It stays open, so that what a writer still appends is read (until unlinked_linger_ms of silence).
void FileTable::remove_finished(Tail& tail) {
  const int64_t quiet_ns = env_.clock->monotonic_now().ns - tail.grown_at.ns;
  if (quiet_ns < tail.source->config().flush_ms * env::kNsPerMs) return;
  if (journal_.state().files.at(tail.id).offset != tail.position || !hold(tail)) return;
  auto info = tail.file->info();
  if (!info || info->size_bytes != tail.size || info->links != 1) return;
  auto named = env_.files->info(tail.location);
  if (!named || FileKey{named->device, named->inode} != tail.key) return;
  // That it was acknowledged is remembered for good before it is gone.
  if (journal_.dirty() && !journal_.sync(seen_until())) return;
  if (Status removed = env_.files->remove(tail.location); !removed) {
    ++stats_.open_errors;
    stats_.last_error = removed.error().to_string();
    return;
  }
  ++stats_.removed;
  tail.next_poll = {};
}

void FileTable::release_blocked(const std::function<int64_t(const Tail&)>& blocked_ms) {
  for (auto& [id, tail] : tails_) {
    const int64_t limit_ms = tail->source->config().release_blocked_ms;
    if (limit_ms == 0 || !tail->file || tail->kind != FileKind::Followed || tail->undecided)
      continue;
    if (blocked_ms(*tail) < limit_ms) continue;
    tail->file.reset();
    tail->released = true;
    ++stats_.released;
    save(*tail);
  }
}

bool FileTable::reopen(Tail& tail) {
  tail.released = false;
  tail.next_poll = {};
  return hold(tail);
}

}  // namespace kansoku::pipeline::filelog
