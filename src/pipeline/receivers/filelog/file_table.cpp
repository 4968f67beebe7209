#include "pipeline/receivers/filelog/file_table.h"

#include "base/check.h"

namespace kansoku::pipeline::filelog {
namespace {

// A file that grew within this time is polled at the short interval.
constexpr int64_t kBusyNs = 60 * env::kNsPerS;

// Clocks of file systems are behind that of the process by some milliseconds (jiffies).
constexpr int64_t kRoundSlackNs = 100 * env::kNsPerMs;
// Names of gone files are forgotten beyond this many (a day's worth of names with a date in them).
constexpr size_t kNamesMax = 16'384;

// app.log.1, app.log-20261122, app-2026-11-22.log: only digits and separators were added.
bool is_numbered_rotation(std::string_view base, std::string_view name) {
  if (!is_rotated_name(base, name)) return false;
  size_t same = 0;
  while (same < base.size() && base[same] == name[same]) ++same;
  std::string_view added = name.substr(same, name.size() - base.size());
  return added.find_first_not_of("0123456789.-_~T") == std::string_view::npos &&
         added.find_first_of("0123456789") != std::string_view::npos;
}

}  // namespace

FileTable::FileTable(env::Env env, const FilelogConfig& config,
                     const std::vector<std::unique_ptr<const Source>>& sources, Journal& journal,
                     ByteLedger& ledger)
    : env_(env),
      config_(config),
      sources_(sources),
      journal_(journal),
      ledger_(ledger),
      scan_(env) {}

Tail* FileTable::find(uint64_t id) {
  auto found = tails_.find(id);
  return found == tails_.end() ? nullptr : found->second.get();
}

// Its handle may have been closed to make room.
bool FileTable::hold(Tail& tail) {
  if (tail.kind == FileKind::Retired) return false;
  if (tail.file) return true;
  auto file = open(tail.location);
  auto info = file ? file->info() : std::unexpected(Error{});
  if (!info || FileKey{info->device, info->inode} != tail.key) return false;
  if (!same_seen_content(tail, *file)) return false;
  tail.file = std::move(file);
  return true;
}

Tail* FileTable::holder_of(uint64_t id) {
  Tail* own = find(id);
  if (own != nullptr && hold(*own)) return own;
  for (auto& [other, tail] : tails_) {
    if (tail->copy_of == id && hold(*tail)) return tail.get();
  }
  return nullptr;
}

Tail& FileTable::add(FileRecord record, const Source& source, std::unique_ptr<env::File> file) {
  if (record.id == 0) record.id = journal_.take_file_id();
  auto tail = std::make_unique<Tail>();
  tail->id = record.id;
  tail->source = &source;
  tail->path = tail->location = record.path;
  tail->key = record.key;
  tail->kind = record.kind;
  tail->copy_of = record.copy_of;
  tail->file = std::move(file);
  tail->position = record.offset;
  tail->cut = record.cut;
  tail->history = record.history;
  tail->checkpoints = record.checkpoints;
  tail->head = record.head;
  tail->size = record.size_seen;
  tail->grown_at = env_.clock->monotonic_now();
  if (record.kind != FileKind::Retired) by_key_[{&source, record.key}] = record.id;
  record.source = source.config().name;
  journal_.put_file(record);
  ledger_.put_file(record);
  Tail& out = *tail;
  tails_[record.id] = std::move(tail);
  return out;
}

// Writes what changed of a tail, but for the place up to which it is settled.
void FileTable::save(const Tail& tail) {
  FileRecord record = journal_.state().files.at(tail.id);
  record.path = tail.path;
  record.key = tail.key;
  record.kind = tail.kind;
  record.head = tail.head;
  record.copy_of = tail.copy_of;
  record.size_seen = tail.size;
  journal_.put_file(record);
  ledger_.put_file(record);
}

void FileTable::remember_head(const Tail& tail) {
  if (journal_.state().files.at(tail.id).head.size() < tail.head.size()) save(tail);
}

void FileTable::forget(uint64_t id) {
  Tail& tail = *tails_.at(id);
  if (tail.kind == FileKind::Followed) rotated_.insert(tail.location);
  auto key = by_key_.find({tail.source, tail.key});
  if (key != by_key_.end() && key->second == id) by_key_.erase(key);
  journal_.forget_file(id);
  ledger_.forget_file(id);
  tails_.erase(id);
}

std::unique_ptr<env::File> FileTable::open(const std::string& path) {
  auto file = env_.files->open(path, env::OpenMode::Read);
  if (file) return std::move(*file);
  if (file.error().code != ErrorCode::NotFound) {
    ++stats_.open_errors;
    stats_.last_error = file.error().to_string();
  }
  return nullptr;
}

// Closes the files that are quiet for longest when there are too many; they are opened again when
// they grow. At the end of a round only, when nobody holds one.
void FileTable::make_room() {
  size_t open_files = 0;
  std::vector<Tail*> quiet;
  for (auto& [id, tail] : tails_) {
    if (!tail->file) continue;
    ++open_files;
    if (!tail->unlinked && !tail->queued && tail->pending.empty()) quiet.push_back(tail.get());
  }
  auto max = static_cast<size_t>(config_.open_files_max);
  if (open_files <= max) return;
  std::sort(quiet.begin(), quiet.end(),
            [](const Tail* a, const Tail* b) { return a->grown_at < b->grown_at; });
  quiet.resize(std::min(quiet.size(), open_files - max));
  for (Tail* tail : quiet) tail->file.reset();
}

void FileTable::restore(bool fresh) {
  fresh_ = fresh;
  std::map<std::string, const Source*> by_name;
  for (const auto& source : sources_) by_name[source->config().name] = source.get();
  auto files = journal_.state().files;
  for (auto& [id, record] : files) {
    auto source = by_name.find(record.source);
    if (source == by_name.end()) {
      journal_.forget_file(id);
      continue;
    }
    add(record, *source->second, nullptr);
  }
  // A batch that was on its way: its files were read up to its end.
  for (const auto& [slot, saved] : journal_.state().slots) {
    if (!saved.open) continue;
    for (const RangeRecord& range : saved.open->ranges) {
      Tail* tail = find(range.file);
      if (tail == nullptr) continue;
      add_checkpoint(tail->checkpoints, {tail->position, tail->history});
      tail->position = range.end;
      tail->cut = range.after;
      tail->history = range.history;
      tail->in_flight = true;
      tail->slot = slot;
    }
  }
}

std::map<std::string, std::set<std::string>> FileTable::known_names(const Source& source) {
  auto& out = names_[&source];
  size_t count = 0;
  for (const auto& [directory, names] : out) count += names.size();
  if (count > kNamesMax) out.clear();
  for (const auto& [id, tail] : tails_) {
    if (tail->source != &source || tail->kind == FileKind::Ignored) continue;
    out[env::parent_path(tail->path)].emplace(file_name_of(tail->path));
  }
  return out;
}

// Names without a file now: one that comes and is rotated away before the next round is known by
// them.
void FileTable::note_vacant_names() {
  rotated_.clear();
  std::set<std::string> taken;
  for (const auto& [id, tail] : tails_) {
    if (!tail->moved && !tail->unlinked) taken.insert(tail->path);
  }
  for (const auto& [source, folders] : names_) {
    for (const auto& [directory, names] : folders) {
      for (const std::string& name : names) {
        std::string path = env::join_path(directory, name);
        if (!taken.contains(path)) rotated_.insert(std::move(path));
      }
    }
  }
}

void FileTable::discover() {
  env::MonotonicTime now = env_.clock->monotonic_now();
  int64_t began_ns = env_.clock->wall_now().ns;
  bool full = first_round_ || now >= full_at_;
  if (full) full_at_ = {now.ns + config_.discovery_full_interval_ms * env::kNsPerMs};
  scan_.begin_round(full);
  for (const std::string& directory : look_again_) scan_.forget(directory);
  look_again_.clear();
  for (const auto& source : sources_) discover_source(*source);
  note_vacant_names();
  round_before_ns_ = began_ns - kRoundSlackNs;
  make_room();
  first_round_ = false;
}

void FileTable::discover_source(const Source& source) {
  std::vector<FoundFile> found = scan_.find(source, known_names(source));
  // At the very first start nothing is known, so the names of rotation are those of what was found.
  if (first_round_ && fresh_) {
    std::map<std::string, std::set<std::string>> names;
    for (const FoundFile& file : found) {
      names[env::parent_path(file.path)].emplace(file_name_of(file.path));
    }
    found = scan_.find(source, names);
  }
  std::map<FileKey, const FoundFile*> by_key;
  for (const FoundFile& file : found) {
    const FoundFile*& known = by_key[file.key];
    // Several names of one file (links): one that matches.
    if (known == nullptr || (!known->matched && file.matched)) known = &file;
  }
  std::vector<uint64_t> ids;
  for (const auto& [id, tail] : tails_) {
    if (tail->source == &source && tail->kind != FileKind::Retired) ids.push_back(id);
  }
  for (uint64_t id : ids) {
    Tail* tail = find(id);
    if (tail == nullptr || tail->kind == FileKind::Retired) continue;
    auto at = by_key.find(tail->key);
    locate(*tail, at == by_key.end() ? nullptr : at->second);
  }
  // Truncations are seen before their copies are taken for new files.
  env::MonotonicTime now = env_.clock->monotonic_now();
  for (uint64_t id : ids) {
    Tail* tail = find(id);
    if (tail != nullptr && tail->kind == FileKind::Followed && tail->file) look_at(*tail, now);
  }
  check_copies(source);
  // app.log before app.log.1, which may be its copy.
  std::vector<const FoundFile*> fresh;
  for (const auto& [key, file] : by_key) fresh.push_back(file);
  std::sort(fresh.begin(), fresh.end(), [](const FoundFile* a, const FoundFile* b) {
    return std::tuple(a->path.size(), a->path) < std::tuple(b->path.size(), b->path);
  });
  for (const FoundFile* file : fresh) {
    if (by_key_.contains({&source, file->key})) continue;
    if (!adopt(source, *file)) look_again_.insert(env::parent_path(file->path));
  }
}

// Finds out where a known file is now, and whether it is still the same.
void FileTable::locate(Tail& tail, const FoundFile* found) {
  if (found != nullptr) {
    // Nothing is known of its content: under another name it is a new file.
    bool blank = tail.kind == FileKind::Followed && tail.head.empty() && tail.seen_end() == 0;
    if (blank && !tail.file && !tail.in_flight && found->path != tail.location) {
      rotated_.insert(tail.location);
      return forget(tail.id);
    }
    if (found->path != tail.location) {
      rotated_.insert(tail.location);
      if (!tail.moved) ++stats_.rotations;
      tail.moved = found->path != tail.path;
      tail.location = found->path;
    }
    if (tail.file) return;
    if (tail.kind != FileKind::Followed) {
      // A file that is not read: only whether the number has gone to another one matters.
      if (found->size == tail.size && found->modified_ns == tail.modified_ns) return;
      auto file = open(found->path);
      if (!file) return;
      bool same = !tail.head.empty() && found->size >= tail.size &&
                  read_bytes(*file, 0, tail.head.size()) == tail.head;
      if (same && !is_rotated_name(file_name_of(found->path), file_name_of(tail.path))) {
        tail.size = found->size;
        tail.modified_ns = found->modified_ns;
        return;
      }
      forget(tail.id);
      return;
    }
    if (found->size == tail.size && found->modified_ns == tail.modified_ns) return;
    // Names are not rotated backwards: app.log, which was app.log.1, is another file with its
    // number.
    bool backwards = is_rotated_name(file_name_of(found->path), file_name_of(tail.path));
    if (backwards) return lost(tail);
    tail.file = open(found->path);
    if (!tail.file) {
      look_again_.insert(env::parent_path(found->path));
      return;
    }
    auto info = tail.file->info();
    bool same = info && FileKey{info->device, info->inode} == tail.key &&
                info->size_bytes >= tail.seen_end() && same_seen_content(tail, *tail.file);
    // A file that was rotated away and grows since may be another one's copy with its number.
    if (same && tail.moved && info->size_bytes > tail.size) {
      bool undecided = false;
      FoundFile now = *found;
      now.size = info->size_bytes;
      same = original_of(*tail.source, now, *tail.file, undecided) == nullptr;
    }
    if (!same) {
      tail.file.reset();
      lost(tail);
    } else {
      tail.next_poll = {};
    }
    return;
  }
  if (scan_.unreadable(env::parent_path(tail.location))) return;
  if (tail.file) {
    if (!tail.moved) {
      ++stats_.rotations;
      rotated_.insert(tail.location);
    }
    tail.moved = true;
    return;
  }
  rotated_.insert(tail.location);
  if (tail.kind == FileKind::Followed) {
    lost(tail);
  } else {
    forget(tail.id);
  }
}

// The bytes are gone from where they were, and nobody holds them open.
void FileTable::lost(Tail& tail) {
  bool continued = false;
  if (auto copy = find_copy(tail)) continued = start_copy(tail, std::move(*copy));
  retire(tail, continued);
}

// Copies that grew beyond what they were copied from are files of their own.
void FileTable::check_copies(const Source& source) {
  std::vector<uint64_t> own;
  for (auto& [id, tail] : tails_) {
    if (tail->source != &source || tail->kind != FileKind::Copy) continue;
    const Tail* original = find(tail->copy_of);
    if (original == nullptr || original->kind != FileKind::Followed) continue;
    auto info = env_.files->info(tail->location);
    if (!info || info->size_bytes == tail->size) continue;
    auto file = open(tail->location);
    if (!file) continue;
    bool undecided = false;
    FoundFile found{tail->location, tail->key, info->size_bytes, info->modified_ns, true};
    if (original_of(source, found, *file, undecided) == nullptr && !undecided) own.push_back(id);
    tail->size = info->size_bytes;
  }
  for (uint64_t id : own) forget(id);
}

// The followed file of which this one is a copy so far. Both are at hand, so the bytes are
// compared.
const Tail* FileTable::original_of(const Source& source, const FoundFile& found, env::File& file,
                                   bool& undecided, const Tail* but) {
  std::string_view name = file_name_of(found.path);
  for (auto& [id, tail] : tails_) {
    if (tail->source != &source || tail->kind != FileKind::Followed) continue;
    if (tail->key == found.key || tail.get() == but) continue;
    if (!is_rotated_name(file_name_of(tail->path), name)) continue;
    if (!hold(*tail)) {
      undecided = true;  // gone, or truncated just now
      continue;
    }
    uint64_t common = found.size;
    auto info = tail->file->info();
    if (common == 0 || !info) continue;
    if (info->size_bytes < tail->seen_end()) {
      undecided = true;  // truncated just now
      continue;
    }
    // A copy is never ahead of what it is copied from.
    if (info->size_bytes < common) continue;
    size_t head = std::min<uint64_t>(common, kHeadBytes);
    uint64_t last = common - head;
    std::string mine = read_bytes(file, 0, head) + read_bytes(file, last, head);
    std::string theirs = read_bytes(*tail->file, 0, head) + read_bytes(*tail->file, last, head);
    if (theirs.size() != 2 * head) {
      undecided = true;
      continue;
    }
    if (mine == theirs) return tail.get();
  }
  return nullptr;
}

// False: to be looked at again.
bool FileTable::adopt(const Source& source, const FoundFile& found) {
  bool first = first_round_ && fresh_;
  bool begin_at_end = first && source.config().start_at == StartAt::End;
  std::string logical_path = found.path;
  if (!found.matched && !first) {
    // Rotated out of our sight within one round: only where a file has just gone from its name.
    std::string directory = env::parent_path(found.path);
    bool unseen = false;
    // Also when no name is missing: all of a copytruncate may lie between two rounds.
    bool recent = !first_round_ && found.modified_ns >= round_before_ns_;
    for (const std::string& name : names_[&source][directory]) {
      std::string base = env::join_path(directory, name);
      if (!is_numbered_rotation(name, file_name_of(found.path))) continue;
      if (!recent && !rotated_.contains(base)) continue;
      unseen = true;
      logical_path = base;
    }
    if (!unseen) return true;
  }
  auto file = open(found.path);
  if (!file) return false;
  auto info = file->info();
  if (!info || FileKey{info->device, info->inode} != found.key) return false;
  FileRecord record{.path = logical_path, .key = found.key, .size_seen = info->size_bytes};
  FoundFile now = found;
  now.size = info->size_bytes;
  record.head = read_bytes(*file, 0, kHeadBytes);
  if (!found.matched && first) {
    record.kind = FileKind::Ignored;
    add(std::move(record), source, nullptr).modified_ns = info->modified_ns;
    return true;
  }
  bool undecided = false;
  if (const Tail* original = original_of(source, now, *file, undecided)) {
    record.kind = FileKind::Copy;
    record.copy_of = original->id;
    add(std::move(record), source, nullptr).modified_ns = info->modified_ns;
    return true;
  }
  if (undecided) return false;
  if (begin_at_end) {
    std::string before = read_bytes(*file, now.size - std::min<uint64_t>(now.size, kHistoryBytes),
                                    std::min<uint64_t>(now.size, kHistoryBytes));
    record.start = record.offset = now.size;
    record.history = history_of(before);
    record.cut = now.size == 0 || before.ends_with('\n') ? CutState::Fresh : CutState::Continued;
    if (now.size == 0) record.cut = CutState::Start;
  } else {
    record.head.clear();  // grows with what is read
    record.size_seen = 0;
  }
  Tail& tail = add(std::move(record), source, std::move(file));
  tail.location = found.path;
  tail.moved = !found.matched;
  tail.undecided = now.size == 0;
  tail.next_poll = {};
  return true;
}

// Somewhere in the folder may be a copy of what was truncated (copytruncate makes it before).
std::optional<FileTable::Copy> FileTable::find_copy(const Tail& tail) {
  std::optional<Copy> best;
  std::string directory = env::parent_path(tail.location);
  auto listed = env_.files->list(directory);
  if (!listed) return best;
  for (const env::DirectoryEntry& entry : *listed) {
    bool by_path = is_rotated_name(file_name_of(tail.path), entry.name);
    if (entry.is_directory || !by_path || is_compressed_name(entry.name)) continue;
    std::string path = env::join_path(directory, entry.name);
    auto info = env_.files->info(path);
    if (!info || !info->is_regular || info->size_bytes == 0) continue;
    FileKey key{info->device, info->inode};
    auto known = by_key_.find({tail.source, key});
    if (key == tail.key) continue;
    auto file = open(path);
    if (!file) continue;
    if (known != by_key_.end() && tails_.at(known->second)->kind == FileKind::Followed) {
      const Tail& other = *tails_.at(known->second);
      bool untouched = other.position == 0 && !other.in_flight;
      // Taken for a new file in the short time before: only if nothing was read from it.
      if (untouched && info->size_bytes < tail.position) continue;
      // Another followed file, unless that one is gone and this one has got its number.
      bool holds =
          other.file || (info->size_bytes >= other.seen_end() && same_seen_content(other, *file));
      if (!untouched && holds) continue;
    }
    Copy copy{{path, key, info->size_bytes, info->modified_ns, false}, std::move(file), false};
    copy.reaches = copy.found.size >= tail.position;
    if (!is_copy_of(tail, *copy.file, copy.found.size)) continue;
    // Files with one head: what has more in common with another one is the copy of that.
    bool undecided = false;
    if (original_of(*tail.source, copy.found, *copy.file, undecided, &tail)) continue;
    auto rank = [](const Copy& c) { return std::tuple(c.reaches, c.found.modified_ns); };
    if (!best || rank(copy) > rank(*best)) best = std::move(copy);
  }
  return best;
}

// Goes on in the copy where the other was.
bool FileTable::start_copy(const Tail& tail, Copy copy) {
  auto known = by_key_.find({tail.source, copy.found.key});
  if (known != by_key_.end()) {
    Tail& other = *tails_.at(known->second);
    bool stale = other.kind == FileKind::Followed && (other.position != 0 || other.in_flight);
    if (stale) {
      retire(other, false);
    } else {
      forget(other.id);
    }
  }
  uint64_t end = copy.found.size;
  FileRecord record{.path = tail.path,
                    .key = copy.found.key,
                    .head = tail.head,
                    .size_seen = end,
                    .copy_of = tail.id};
  record.head.resize(std::min<uint64_t>(record.head.size(), end));
  bool whole = copy.reaches && end >= tail.seen_end() &&
               read_bytes(*copy.file, tail.position, tail.pending.size()) == tail.pending;
  if (whole) {
    record.start = record.offset = tail.position;
    record.history = tail.history;
    record.cut = tail.cut;
    ++stats_.copies_found;
  } else {
    // It has less than we saw: the rest is in our memory.
    size_t before = std::min<uint64_t>(end, kHistoryBytes);
    record.start = record.offset = end;
    record.history = history_of(read_bytes(*copy.file, end - before, before));
    record.cut = CutState::Fresh;
  }
  Tail& added = add(std::move(record), *tail.source, std::move(copy.file));
  added.location = copy.found.path;
  added.moved = true;
  added.next_poll = {};
  return whole;
}

// Keeps what waits for an answer, and what was seen of it and is still in memory.
void FileTable::retire(Tail& tail, bool continued) {
  auto key = by_key_.find({tail.source, tail.key});
  if (key != by_key_.end() && key->second == tail.id) by_key_.erase(key);
  tail.kind = FileKind::Retired;
  tail.file.reset();
  uint64_t known_end = tail.seen_end();
  for (const auto& [id, other] : tails_) {
    if (other->copy_of == tail.id) known_end = std::max(known_end, other->size);
  }
  if (continued) tail.pending.clear();
  if (tail.size > known_end) {
    ledger_.truncated_unread(tail.id, known_end, tail.size);
    FileRecord record = journal_.state().files.at(tail.id);
    record.counts.truncated_unread += tail.size - known_end;
    journal_.put_file(record);
  }
  save(tail);
  tail.flush = !tail.pending.empty();
  if (tail.flush) {
    make_ready(tail);
  } else if (!tail.in_flight) {
    settled(tail);
  }
}

void FileTable::rewritten(Tail& tail) {
  ++stats_.truncations;
  rotated_.insert(tail.location);
  std::unique_ptr<env::File> file = std::move(tail.file);
  auto info = file->info();
  if (!info) return;
  const Source& source = *tail.source;
  FileRecord next{.path = tail.path, .key = tail.key};
  std::string location = tail.location;
  bool moved = tail.moved;
  bool unlinked = tail.unlinked;
  bool continued = false;
  if (auto copy = find_copy(tail)) continued = start_copy(tail, std::move(*copy));
  retire(tail, continued);
  Tail& fresh = add(std::move(next), source, std::move(file));
  fresh.location = location;
  fresh.moved = moved;
  fresh.unlinked = unlinked;
  look_at(fresh, env_.clock->monotonic_now());
}

void FileTable::settled(Tail& tail) {
  tail.in_flight = false;
  bool idle = !tail.queued && tail.pending.empty();
  if (tail.kind == FileKind::Retired && idle) {
    uint64_t id = tail.id;
    // Copies of it have nobody left whose bytes they hold.
    for (auto& [other, copy] : tails_) {
      if (copy->copy_of == id && copy->kind == FileKind::Followed) copy->copy_of = 0;
    }
    forget(id);
  }
}

void FileTable::make_ready(Tail& tail) {
  if (tail.queued) return;
  tail.queued = true;
  ready_.push_back(tail.id);
}

Tail* FileTable::take_ready(uint32_t slot) {
  for (size_t i = 0; i < ready_.size(); ++i) {
    Tail* tail = find(ready_[i]);
    if (tail != nullptr && tail->in_flight && tail->slot != slot) continue;
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(i));
    if (tail == nullptr) {
      --i;
      continue;
    }
    tail->queued = false;
    return tail;
  }
  return nullptr;
}

void FileTable::poll() {
  env::MonotonicTime now = env_.clock->monotonic_now();
  std::vector<uint64_t> due;
  for (const auto& [id, tail] : tails_) {
    if (tail->kind == FileKind::Followed && tail->next_poll <= now) due.push_back(id);
  }
  for (uint64_t id : due) {
    if (Tail* tail = find(id)) look_at(*tail, now);
  }
}

// A file with a handle is asked by it; another one by its name, and opened when it changed.
void FileTable::look_at(Tail& tail, env::MonotonicTime now) {
  bool busy = now.ns - tail.grown_at.ns < kBusyNs || tail.unlinked || !tail.pending.empty();
  int64_t interval_ms = busy ? config_.poll_interval_ms : config_.poll_idle_interval_ms;
  tail.next_poll = {now.ns + interval_ms * env::kNsPerMs};
  if (!tail.file) {
    auto info = env_.files->info(tail.location);
    if (!info || FileKey{info->device, info->inode} != tail.key) return;
    if (info->size_bytes == tail.size && info->modified_ns == tail.modified_ns) return;
    FoundFile found{tail.location, tail.key, info->size_bytes, info->modified_ns, true};
    locate(tail, &found);
    return;
  }
  auto info = tail.file->info();
  if (!info) return;
  tail.unlinked = info->links == 0;
  bool changed = info->modified_ns != tail.modified_ns || info->size_bytes != tail.size;
  tail.modified_ns = info->modified_ns;
  bool same = info->size_bytes >= std::max(tail.seen_end(), tail.size);
  if (same && changed) same = same_seen_content(tail, *tail.file);
  if (!same) {
    rewritten(tail);
    return;
  }
  if (tail.undecided && info->size_bytes > 0 && is_copy_now(tail)) return;
  if (changed && info->size_bytes > tail.seen_end()) {
    uint64_t before = std::min<uint64_t>(info->size_bytes, kHistoryBytes);
    tail.size_history = history_of(read_bytes(*tail.file, info->size_bytes - before, before));
  }
  tail.size = info->size_bytes;
  ledger_.seen(tail.id, tail.size);
  if (changed) {
    tail.grown_at = now;
    if (tail.head.size() < kHeadBytes) tail.head = read_bytes(*tail.file, 0, kHeadBytes);
    make_ready(tail);
    return;
  }
  if (tail.size > tail.seen_end()) return make_ready(tail);
  int64_t quiet_ms = (now.ns - tail.grown_at.ns) / env::kNsPerMs;
  if (!tail.pending.empty()) {
    int64_t wait_ms = tail.source->config().flush_ms;
    if (tail.unlinked) wait_ms = std::min(wait_ms, config_.unlinked_linger_ms);
    if (quiet_ms >= wait_ms) {
      tail.flush = true;
      make_ready(tail);
    }
    return;
  }
  if (tail.in_flight || tail.queued) return;
  if (tail.unlinked && quiet_ms >= config_.unlinked_linger_ms) {
    forget(tail.id);
  } else if (tail.moved && !tail.unlinked && quiet_ms >= config_.renamed_linger_ms) {
    tail.file.reset();
    save(tail);
  }
}

// Of a file that was empty when it was found: whether it turned out to be a copy, or cannot be told
// yet.
bool FileTable::is_copy_now(Tail& tail) {
  auto info = tail.file->info();
  if (!info) return true;
  bool undecided = false;
  FoundFile found{tail.location, tail.key, info->size_bytes, info->modified_ns, true};
  const Tail* original = original_of(*tail.source, found, *tail.file, undecided);
  tail.undecided = undecided;
  if (original == nullptr) {
    if (undecided) tail.modified_ns = 0;
    return undecided;
  }
  tail.kind = FileKind::Copy;
  tail.copy_of = original->id;
  tail.head = read_bytes(*tail.file, 0, kHeadBytes);
  tail.size = info->size_bytes;
  tail.file.reset();
  save(tail);
  return true;
}

env::MonotonicTime FileTable::next_poll() const {
  env::MonotonicTime next{std::numeric_limits<int64_t>::max()};
  for (const auto& [id, tail] : tails_) {
    if (tail->kind == FileKind::Followed) next = std::min(next, tail->next_poll);
  }
  return next;
}

FileTableStats FileTable::stats() const {
  FileTableStats out = stats_;
  for (const auto& [id, tail] : tails_) {
    out.files += tail->kind == FileKind::Followed ? 1 : 0;
    out.open_files += tail->file ? 1 : 0;
  }
  return out;
}

}  // namespace kansoku::pipeline::filelog
