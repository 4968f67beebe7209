// Which content a file has: the part of FileTable that tells copies, truncations and rotated files
// apart by their bytes.
#include "base/check.h"
#include "pipeline/receivers/filelog/file_table.h"

namespace kansoku::pipeline::filelog {
namespace {

// Contents without a file are remembered for this long (a compression may take minutes), and this
// many of them.
constexpr int64_t kRetiredNs = 600 * env::kNsPerS;
constexpr size_t kRetiredMax = 4'096;
// A new file under the very name of a lost one goes on where that one ended only if so much says
// that it was put in its place (sed -i, a restored backup).
constexpr uint64_t kReplacedBytesMin = 64;
// A name that has letters added (app.log.bak) may be a file of its own that begins alike.
constexpr uint64_t kNamedCopyBytesMin = 64;

// Nothing was seen of it.
bool is_blank(const Tail& tail) {
  return tail.head.empty() && tail.seen_end() == 0 && !tail.in_flight;
}

}  // namespace

// Its size, when its own file still has what was seen of it.
std::optional<uint64_t> FileTable::at_hand(Tail& content) {
  if (content.kind != FileKind::Followed || !hold(content)) return std::nullopt;
  auto info = content.file->info();
  if (!info || info->size_bytes < content.seen_end()) return std::nullopt;
  if (!same_seen_content(content, *content.file)) return std::nullopt;
  return info->size_bytes;
}

// The known content that the file has the begin of, or all of and more; null: it is a new one.
Tail* FileTable::content_of(const Source& source, Candidate& candidate, uint64_t* evidence_out) {
  std::string_view name = file_name_of(candidate.found.path);
  uint64_t size = candidate.found.size;
  Tail* best = nullptr;
  uint64_t most = 0;
  for (auto& [id, tail] : tails_) {
    if (tail->source != &source || tail->kind == FileKind::Copy || tail->undecided) continue;
    if (tail->kind != FileKind::Retired && tail->key == candidate.found.key) continue;
    if (tail->path == candidate.found.path || id == rejected_) continue;
    std::string_view known = file_name_of(tail->path);
    if (known != name && !same_family(known, name)) continue;
    auto evidence = evidence_of(*tail, *candidate.file, size);
    if (!evidence) continue;
    bool numbered =
        is_gzip_name(name) || is_numbered_rotation(known, name) || !is_rotated_name(known, name);
    if (!numbered && size < kNamedCopyBytesMin) continue;
    // Both are at hand, so the bytes are compared. A copy is never ahead of what it is copied from.
    if (auto own_size = at_hand(*tail)) {
      if (*own_size < size) continue;
      if (history_before(*tail->file, size) != history_before(*candidate.file, size)) continue;
      evidence = size;
    } else if (size > tail->seen_end() && !is_told(*tail)) {
      continue;
    }
    if (*evidence == 0 || *evidence < most) continue;
    best = tail.get();
    most = *evidence;
  }
  if (evidence_out != nullptr) *evidence_out = most;
  return best;
}

// Takes up a file that is bound to nothing: as a copy, as the place where a lost content goes on,
// or as a new content.
Tail& FileTable::place(const Source& source, Candidate candidate, std::string logical_path) {
  const FoundFile& found = candidate.found;
  Tail* content = found.size == 0 ? nullptr : content_of(source, candidate);
  if (content != nullptr && content->kind == FileKind::Retired &&
      found.size > content->seen_end()) {
    resume(*content, std::move(candidate));
    return *content;
  }
  FileRecord record{.path = std::move(logical_path), .key = found.key};
  bool undecided = found.size == 0;
  if (content != nullptr) {
    // What it is a copy of is to be known after a crash, too.
    save(*content);
    bool ignored = content->kind == FileKind::Ignored;
    record.kind = ignored ? FileKind::Ignored : FileKind::Copy;
    record.copy_of = ignored ? 0 : content->id;
    record.head = read_bytes(*candidate.file, 0, kHeadBytes);
    record.size_seen = found.size;
    record.modified_ns = found.modified_ns;
  }
  std::string location = found.path;
  Tail& tail = add(std::move(record), source, std::move(candidate.file));
  tail.location = location;
  tail.moved = tail.path != location;
  tail.undecided = undecided;
  if (content != nullptr) tail.size_history = history_before(*tail.file, tail.size);
  return tail;
}

// A tail whose file turned out to have another content than was thought.
void FileTable::place_again(Tail& tail, std::unique_ptr<env::File> file) {
  auto info = file->info();
  if (!info) return;
  const Source& source = *tail.source;
  FoundFile found{tail.location,     tail.key, info->size_bytes,
                  info->modified_ns, true,     source.is_packed(tail.location)};
  // A copy's number may have gone to a file that is no copy of anything.
  bool own_name = tail.kind != FileKind::Followed && source.matches(tail.location);
  std::string path = own_name ? tail.location : tail.path;
  if (!own_name && !same_family(file_name_of(tail.path), file_name_of(tail.location)) &&
      !rotated_unseen(source, found, path)) {
    path = tail.location;
  }
  bool unlinked = info->links == 0;
  if (by_key_.contains({&source, tail.key})) forget(by_key_.at({&source, tail.key}));
  Tail& placed = place(source, {std::move(found), std::move(file)}, std::move(path));
  placed.unlinked = unlinked;
  // One that goes on in it is looked at in its turn.
  bool fresh = placed.kind == FileKind::Followed && placed.seen_end() == 0 && placed.head.empty();
  if (fresh) look_at(placed, env_.clock->monotonic_now());
}

void FileTable::look_at_copy(Tail& copy, env::MonotonicTime now) {
  if (!copy.file) return;
  auto info = copy.file->info();
  if (!info) return;
  copy.unlinked = info->links == 0;
  if (info->size_bytes == copy.size && info->modified_ns == copy.modified_ns) {
    int64_t quiet_ms = (now.ns - copy.grown_at.ns) / env::kNsPerMs;
    int64_t linger = copy.unlinked ? config_.unlinked_linger_ms : config_.renamed_linger_ms;
    if (quiet_ms < linger) return;
    if (copy.unlinked) return forget(copy.id);
    copy.file.reset();
    return;
  }
  copy.grown_at = now;
  Candidate candidate{{copy.location, copy.key, info->size_bytes, info->modified_ns, true, false},
                      nullptr};
  std::unique_ptr<env::File> file = std::move(copy.file);
  Tail* content = find(copy.copy_of);
  bool same = info->size_bytes >= copy.size && read_bytes(*file, 0, copy.head.size()) == copy.head;
  if (same && content != nullptr) {
    candidate.file = std::move(file);
    same = content_of(*copy.source, candidate) == content;
    file = std::move(candidate.file);
    bool ahead = content->kind == FileKind::Retired && info->size_bytes > content->seen_end();
    if (ahead) same = false;  // it is placed anew: the content goes on in it
  } else if (same) {
    same = info->size_bytes == copy.size && history_before(*file, copy.size) == copy.size_history;
  }
  if (!same) return place_again(copy, std::move(file));
  copy.file = std::move(file);
  copy.size = info->size_bytes;
  copy.modified_ns = info->modified_ns;
  copy.head = read_bytes(*copy.file, 0, kHeadBytes);
  copy.size_history = history_before(*copy.file, copy.size);
  save(copy);
}

// Where rotation may have put a copy: its own folder, those beneath (olddir), and all in which
// files of the source were found.
std::set<std::string> FileTable::folders_of(const Tail& content) const {
  std::set<std::string> out;
  std::string own = env::parent_path(content.path);
  for (const std::string& path : {own, env::parent_path(content.location)}) {
    if (!out.insert(path).second) continue;
    auto listed = env_.files->list(path);
    if (!listed) continue;
    for (const env::DirectoryEntry& entry : *listed) {
      if (entry.is_directory) out.insert(env::join_path(path, entry.name));
    }
  }
  auto names = names_.find(content.source);
  if (names != names_.end()) {
    for (const auto& [folder, unused] : names->second) out.insert(folder);
  }
  return out;
}

// The file under that path, when it has what was seen of the content, and more.
std::optional<FileTable::Candidate> FileTable::holder_at(Tail& content, const std::string& path,
                                                         bool gone) {
  const Source& source = *content.source;
  auto file = open(source, path);
  auto info = file ? file->info() : std::unexpected(Error{});
  if (!info || !info->is_regular || info->size_bytes <= content.position ||
      info->size_bytes < content.seen_end()) {
    return std::nullopt;
  }
  Candidate out{{path,
                 {info->device, info->inode},
                 info->size_bytes,
                 info->modified_ns,
                 false,
                 source.is_packed(path)},
                std::move(file)};
  if (out.found.key == content.key) return std::nullopt;
  auto known = by_key_.find({&source, out.found.key});
  if (known != by_key_.end() && tails_.at(known->second)->kind == FileKind::Followed) {
    // Another content, unless nothing was seen of it, or it is gone and its number is used again.
    Tail& other = *tails_.at(known->second);
    if (!is_blank(other) && (other.file || same_seen_content(other, *out.file)))
      return std::nullopt;
  }
  // What was compared when both were at hand needs no further evidence.
  if (known != by_key_.end()) {
    const Tail& copy = *tails_.at(known->second);
    if (copy.kind == FileKind::Copy && copy.copy_of == content.id && copy.size == out.found.size &&
        copy.modified_ns == out.found.modified_ns) {
      return out;
    }
  }
  if (path == content.path) {
    bool replaced = gone && content.position >= kReplacedBytesMin &&
                    evidence_of(content, *out.file, out.found.size).value_or(0) > 0;
    if (!replaced) return std::nullopt;
  } else if (content_of(source, out) != &content || is_copy_of_newcomer(content, out)) {
    return std::nullopt;
  }
  return out;
}

// Whether the file is a copy of the one that stands in the content's place, which is not known yet
// (it may have the number of the content's own) and begins alike.
bool FileTable::is_copy_of_newcomer(const Tail& content, const Candidate& candidate) {
  auto file = open(*content.source, content.path);
  auto info = file ? file->info() : std::unexpected(Error{});
  if (!info || !info->is_regular || info->size_bytes < candidate.found.size) return false;
  const FileKey key{info->device, info->inode};
  if (key == candidate.found.key) return false;
  const auto known = by_key_.find({content.source, key});
  if (known != by_key_.end() && known->second != content.id) return false;
  return history_before(*file, candidate.found.size) ==
         history_before(*candidate.file, candidate.found.size);
}

// A copy with what is unread of a content whose own file has it no longer. `gone`: that file has no
// name any more, so another one may stand in its place.
std::optional<FileTable::Candidate> FileTable::find_holder(Tail& content, bool gone) {
  std::optional<Candidate> best;
  auto better = [&](const Candidate& one) {
    return !best || std::tuple(one.found.size, one.found.modified_ns) >
                        std::tuple(best->found.size, best->found.modified_ns);
  };
  std::string_view name = file_name_of(content.path);
  for (const std::string& folder : folders_of(content)) {
    auto listed = env_.files->list(folder);
    if (!listed) continue;
    std::set<std::string_view> names;
    for (const env::DirectoryEntry& entry : *listed) names.insert(entry.name);
    for (const env::DirectoryEntry& entry : *listed) {
      if (entry.is_directory) continue;
      if (entry.name != name && !same_family(name, entry.name)) continue;
      std::string path = env::join_path(folder, entry.name);
      if (content.source->is_packed(path)) {
        std::string_view plain = std::string_view(entry.name).substr(0, entry.name.size() - 3);
        // While it is being made the original is still there.
        if (!is_gzip_name(entry.name) || names.contains(plain)) continue;
      }
      auto one = holder_at(content, path, gone);
      if (one && better(*one)) best = std::move(one);
    }
  }
  if (best) return best;
  // A copy that has no name any more, and is held open.
  for (auto& [id, tail] : tails_) {
    if (tail->kind != FileKind::Copy || tail->source != content.source || !tail->file) continue;
    auto info = tail->file->info();
    if (!info || info->links != 0 || info->size_bytes <= content.position ||
        info->size_bytes < content.seen_end()) {
      continue;
    }
    Candidate one{{tail->location, tail->key, info->size_bytes, info->modified_ns, false, false},
                  std::move(tail->file)};
    bool unchanged = tail->size == info->size_bytes && tail->modified_ns == info->modified_ns;
    if ((tail->copy_of == content.id && unchanged) ||
        content_of(*content.source, one) == &content) {
      best = std::move(one);
      forget(id);
      break;
    }
    tail->file = std::move(one.file);
  }
  return best;
}

// The bytes are gone from where they were.
void FileTable::lost(Tail& tail, bool gone) {
  rotated_.insert(tail.location);
  auto key = by_key_.find({tail.source, tail.key});
  if (key != by_key_.end() && key->second == tail.id) by_key_.erase(key);
  tail.file.reset();
  if (auto holder = find_holder(tail, gone)) {
    resume(tail, std::move(*holder));
  } else {
    retire(tail);
  }
}

// The content goes on in another file.
void FileTable::resume(Tail& content, Candidate candidate) {
  FoundFile& found = candidate.found;
  Tail* displaced = nullptr;  // had that number; its own file is gone, which was not seen yet
  auto known = by_key_.find({content.source, found.key});
  if (known != by_key_.end() && known->second != content.id) {
    Tail& other = *tails_.at(known->second);
    if (other.kind == FileKind::Followed && !is_blank(other)) {
      displaced = &other;
    } else {
      forget(other.id);
    }
  }
  ++stats_.copies_found;
  uint64_t missing = content.size - std::min(content.size, found.size);
  if (content.given_up > missing) {
    ledger_.found_again(content.id, content.given_up - missing);
  } else if (missing > content.given_up) {
    ledger_.truncated_unread(content.id, found.size, content.size);
  }
  FileRecord record = journal_.state().files.at(content.id);
  record.counts.truncated_unread += missing;
  record.counts.truncated_unread -= content.given_up;
  journal_.put_file(record);
  content.given_up = 0;
  content.kind = FileKind::Followed;
  content.key = found.key;
  content.location = found.path;
  content.moved = content.location != content.path;
  content.unlinked = false;
  content.undecided = false;
  content.released = false;
  content.flush = false;
  content.file = std::move(candidate.file);
  content.size = found.size;
  content.head.resize(std::min<uint64_t>(content.head.size(), content.size));
  content.modified_ns = 0;  // it is looked at as one that changed
  content.size_history = history_before(*content.file, content.size);
  content.grown_at = env_.clock->monotonic_now();
  content.next_poll = {};
  by_key_[{content.source, content.key}] = content.id;
  save(content);
  if (displaced != nullptr) lost(*displaced, true);
}

// What stood behind what was read will not be read.
void FileTable::give_up(Tail& tail) {
  uint64_t all = tail.size - std::min(tail.size, tail.seen_end());
  if (all <= tail.given_up) return;
  uint64_t more = all - tail.given_up;
  ledger_.truncated_unread(tail.id, tail.size - more, tail.size);
  FileRecord record = journal_.state().files.at(tail.id);
  record.counts.truncated_unread += more;
  journal_.put_file(record);
  tail.given_up = all;
}

// Keeps what waits for an answer, what was seen of it and is still in memory, and how to tell its
// copies.
void FileTable::retire(Tail& tail) {
  auto key = by_key_.find({tail.source, tail.key});
  if (key != by_key_.end() && key->second == tail.id) by_key_.erase(key);
  tail.kind = FileKind::Retired;
  tail.released = false;
  urgent_ = urgent_ || tail.in_flight;
  tail.file.reset();
  tail.retired_at = env_.clock->monotonic_now();
  give_up(tail);
  save(tail);
  if (is_blank(tail)) return forget(tail.id);
  tail.flush = !tail.pending.empty();
  if (tail.flush) make_ready(tail);
}

void FileTable::rewritten(Tail& tail) {
  ++stats_.truncations;
  std::unique_ptr<env::File> file = std::move(tail.file);
  Tail place_of;
  place_of.source = tail.source;
  place_of.path = tail.path;
  place_of.location = tail.location;
  place_of.key = tail.key;
  uint64_t id = tail.id;
  lost(tail, false);
  rejected_ = id;
  place_again(place_of, std::move(file));
  rejected_ = 0;
}

void FileTable::forget_retired() {
  env::MonotonicTime now = env_.clock->monotonic_now();
  std::set<uint64_t> wanted;
  for (const auto& [id, tail] : tails_) {
    if (tail->kind == FileKind::Copy) wanted.insert(tail->copy_of);
  }
  std::vector<Tail*> idle;
  for (auto& [id, tail] : tails_) {
    bool done = tail->kind == FileKind::Retired && !tail->in_flight && !tail->queued &&
                tail->pending.empty();
    if (done && !wanted.contains(id)) idle.push_back(tail.get());
  }
  size_t over = idle.size() - std::min(idle.size(), kRetiredMax);
  for (size_t i = 0; i < idle.size(); ++i) {
    if (i < over || now.ns - idle[i]->retired_at.ns > kRetiredNs) forget(idle[i]->id);
  }
}

}  // namespace kansoku::pipeline::filelog
