#include "pipeline/receivers/filelog/file_table.h"

#include "base/check.h"
#include "pipeline/receivers/filelog/gzip_file.h"

namespace kansoku::pipeline::filelog {
namespace {

// A file that grew within this time is polled at the short interval.
constexpr int64_t kBusyNs = 60 * env::kNsPerS;

// Clocks of file systems are behind that of the process by some milliseconds (jiffies).
constexpr int64_t kRoundSlackNs = 100 * env::kNsPerMs;
// Names of gone files are forgotten beyond this many (a day's worth of names with a date in them).
constexpr size_t kNamesMax = 16'384;

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
  auto file = open(*tail.source, tail.location);
  auto info = file ? file->info() : std::unexpected(Error{});
  if (!info || FileKey{info->device, info->inode} != tail.key) return false;
  if (!same_seen_content(tail, *file)) return false;
  tail.file = std::move(file);
  return true;
}

Tail* FileTable::holder_of(uint64_t id) {
  Tail* own = find(id);
  if (own != nullptr && hold(*own)) return own;
  Tail* best = nullptr;
  for (auto& [other, tail] : tails_) {
    if (tail->copy_of != id || tail->kind != FileKind::Copy) continue;
    if (best != nullptr && tail->size <= best->size) continue;
    if (hold(*tail)) best = tail.get();
  }
  return best;
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
  tail->size_history = record.size_history;
  tail->modified_ns = record.modified_ns;
  tail->given_up = record.given_up;
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
  bool known = tail.size > tail.seen_end() || tail.kind != FileKind::Followed;
  record.size_history = known ? tail.size_history : History{};
  record.modified_ns = tail.modified_ns;
  record.checkpoints = tail.checkpoints;
  record.given_up = tail.given_up;
  journal_.put_file(record);
  ledger_.put_file(record);
}

void FileTable::remember_head(const Tail& tail) {
  if (journal_.state().files.at(tail.id).head.size() < tail.head.size()) save(tail);
}

void FileTable::forget(uint64_t id) {
  Tail& tail = *tails_.at(id);
  std::erase(ready_, id);
  auto key = by_key_.find({tail.source, tail.key});
  if (key != by_key_.end() && key->second == id) by_key_.erase(key);
  journal_.forget_file(id);
  ledger_.forget_file(id);
  tails_.erase(id);
}

std::unique_ptr<env::File> FileTable::open(const Source& source, const std::string& path) {
  auto file = env_.files->open(path, env::OpenMode::Read);
  bool packed = source.is_packed(path);
  if (file && packed) file = open_gzip(std::move(*file));
  if (file) return std::move(*file);
  // One that is being compressed is not whole yet.
  if (file.error().code != ErrorCode::NotFound && !packed) {
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
    Tail& tail = add(record, *source->second, nullptr);
    if (tail.kind == FileKind::Retired) tail.retired_at = env_.clock->monotonic_now();
    // Nothing was seen of it, or nothing saved.
    tail.undecided = tail.kind == FileKind::Followed && tail.head.empty() && tail.position == 0;
  }
  if (!fresh) round_before_ns_ = journal_.state().wall_ns;
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
      tail->undecided = false;
      tail->slot = slot;
    }
  }
  // What was read of those and was in memory only is gone.
  for (auto& [id, tail] : tails_) {
    if (tail->kind == FileKind::Retired) give_up(*tail);
  }
}

FileTable::KnownNames FileTable::known_names(const Source& source) {
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
  missed_ = false;
  discovering_ = true;
  for (const auto& source : sources_) discover_source(*source);
  discovering_ = false;
  note_vacant_names();
  forget_retired();
  if (!missed_) round_before_ns_ = began_ns - kRoundSlackNs;
  make_room();
  first_round_ = false;
}

void FileTable::discover_source(const Source& source) {
  std::vector<FoundFile> found = scan_.find(source, known_names(source));
  // At the very first start nothing is known, so the names of rotation are those of what was found.
  if (first_round_ && fresh_) {
    KnownNames names;
    for (const FoundFile& file : found) {
      names[env::parent_path(file.path)].emplace(file_name_of(file.path));
    }
    found = scan_.find(source, names);
  }
  // While a packed file is being made, what it is made of is still there.
  std::set<std::string> paths;
  for (const FoundFile& file : found) paths.insert(file.path);
  std::map<FileKey, const FoundFile*> by_key;
  look_at_unknown(source, found);
  for (const FoundFile& file : found) {
    if (file.packed && paths.contains(file.path.substr(0, file.path.size() - 3))) continue;
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
    if (tail == nullptr || tail->kind != FileKind::Followed || !tail->file) continue;
    // One that is undecided has its turn below, unless it has no name any more.
    if (!tail->undecided || !by_key.contains(tail->key)) look_at(*tail, now);
  }
  const FoundFile* newest = newest_of(source, by_key);
  // app.log before app.log.1, which may be its copy.
  std::vector<const FoundFile*> ordered;
  for (const auto& [key, file] : by_key) ordered.push_back(file);
  std::sort(ordered.begin(), ordered.end(), [](const FoundFile* a, const FoundFile* b) {
    return std::tuple(a->path.size(), a->path) < std::tuple(b->path.size(), b->path);
  });
  for (const FoundFile* file : ordered) {
    auto known = by_key_.find({&source, file->key});
    if (known == by_key_.end()) {
      const bool older = source.config().newest_only && newest != nullptr && file != newest;
      if (older && passed_over(source, *file)) continue;
      if (!adopt(source, *file)) look_again_.insert(env::parent_path(file->path));
    } else if (Tail& tail = *tails_.at(known->second); tail.kind != FileKind::Followed) {
      look_at_copy(tail, now);
    } else if (tail.undecided) {
      uint64_t id = tail.id;
      if (!tail.file) look_at(tail, now);  // what the scan says of it may be old
      Tail* still = find(id);
      if (still != nullptr && still->file) look_at(*still, now);
    }
  }
  if (newest != nullptr) end_superseded(source, *newest);
  // Those without a name.
  for (uint64_t id : ids) {
    Tail* tail = find(id);
    bool told = tail != nullptr && tail->kind != FileKind::Followed && tail->file;
    if (told && !by_key.contains(tail->key)) look_at_copy(*tail, now);
  }
}

// Finds out where a known file is now, and whether it is still the same.
void FileTable::locate(Tail& tail, const FoundFile* found) {
  if (found != nullptr) {
    if (tail.kind == FileKind::Followed) return locate_followed(tail, *found);
    tail.location = found->path;
    tail.moved = tail.location != tail.path;
    if (tail.file || found->modified_ns == tail.modified_ns) return;
    if (tail.kind == FileKind::Ignored && found->packed) return;
    auto file = open(*tail.source, found->path);
    if (!file) {
      look_again_.insert(env::parent_path(found->path));
      return;
    }
    // look_at_copy() tells what has become of it.
    tail.file = std::move(file);
    return;
  }
  if (scan_.unreadable(env::parent_path(tail.location))) return;
  if (tail.kind != FileKind::Followed) {
    if (!tail.file) forget(tail.id);
    return;
  }
  if (!tail.file) return lost(tail, true);
  if (!tail.moved) {
    ++stats_.rotations;
    rotated_.insert(tail.location);
  }
  tail.moved = true;
}

void FileTable::locate_followed(Tail& tail, const FoundFile& found) {
  // Nothing is known of its content: under another name it is a new file.
  bool blank = tail.head.empty() && tail.seen_end() == 0;
  if (blank && !tail.file && !tail.in_flight && found.path != tail.location) {
    rotated_.insert(tail.location);
    return forget(tail.id);
  }
  std::string before = tail.location;
  if (found.path != tail.location) {
    rotated_.insert(tail.location);
    if (!tail.moved) ++stats_.rotations;
    tail.moved = found.path != tail.path;
    tail.location = found.path;
  }
  if (tail.file || tail.released) return;
  bool size_is_known = found.packed || found.size == tail.size;
  bool all_read = tail.size <= tail.seen_end();
  if (size_is_known && all_read && found.modified_ns == tail.modified_ns) return;
  auto file = open(*tail.source, found.path);
  auto info = file ? file->info() : std::unexpected(Error{});
  if (!info || FileKey{info->device, info->inode} != tail.key) {
    look_again_.insert(env::parent_path(found.path));
    return;
  }
  // Names are not rotated backwards: app.log, which was app.log.1, is another file with its number.
  bool backwards = is_rotated_back(file_name_of(before), file_name_of(found.path));
  bool same = !backwards && info->size_bytes >= tail.seen_end() && same_seen_content(tail, *file);
  // A file that was rotated away and is not what it was may be another one's copy with its number.
  if (same && tail.moved) {
    Candidate candidate{found, std::move(file)};
    candidate.found.size = info->size_bytes;
    uint64_t others = 0;
    content_of(*tail.source, candidate, &others);
    auto own = evidence_of(tail, *candidate.file, info->size_bytes);
    same = others == 0 || (own && *own >= others);
    file = std::move(candidate.file);
  }
  if (!same) return lost(tail, true);
  tail.file = std::move(file);
  tail.next_poll = {};
}

// Whether a new file was rotated out of our sight within one round; then `base` is the name that it
// had. One that no pattern matches is read only then.
bool FileTable::rotated_unseen(const Source& source, const FoundFile& found,
                               std::string& base) const {
  auto folders = names_.find(&source);
  if (folders == names_.end()) return false;
  // Also when no name is missing: all of a copytruncate may lie between two rounds.
  bool recent = round_before_ns_ != 0 && found.modified_ns >= round_before_ns_;
  bool out = false;
  std::string own = env::parent_path(found.path);
  for (const std::string& directory : {own, env::parent_path(own)}) {
    auto names = folders->second.find(directory);
    if (names == folders->second.end()) continue;
    for (const std::string& name : names->second) {
      std::string path = env::join_path(directory, name);
      if (!is_numbered_rotation(name, file_name_of(found.path))) continue;
      if (!recent && !rotated_.contains(path)) continue;
      out = true;
      base = path;
    }
  }
  return out;
}

// False: to be looked at again.
bool FileTable::adopt(const Source& source, const FoundFile& found) {
  bool first = first_round_ && fresh_;
  std::string logical_path = found.path;
  bool unseen = !first && rotated_unseen(source, found, logical_path);
  if (!found.matched && !first && !unseen) return true;
  if (!found.matched && first) {
    // Nothing before our time is read. Of a packed one that is all there is to know.
    FileRecord record{.path = found.path,
                      .key = found.key,
                      .kind = FileKind::Ignored,
                      .size_seen = found.size,
                      .modified_ns = found.modified_ns};
    auto file = found.packed ? nullptr : open(source, found.path);
    if (!found.packed && !file) return false;
    if (file) record.head = read_bytes(*file, 0, kHeadBytes);
    Tail& tail = add(std::move(record), source, nullptr);
    if (file) tail.size_history = history_before(*file, tail.size);
    return true;
  }
  auto file = open(source, found.path);
  auto info = file ? file->info() : std::unexpected(Error{});
  if (!info || FileKey{info->device, info->inode} != found.key) {
    // Moved since it was listed: this round has not seen it.
    missed_ = missed_ || file || !env_.files->exists(found.path);
    return false;
  }
  Candidate candidate{found, std::move(file)};
  candidate.found.size = info->size_bytes;
  candidate.found.modified_ns = info->modified_ns;
  Tail& tail = place(source, std::move(candidate), std::move(logical_path));
  bool fresh = tail.kind == FileKind::Followed && tail.seen_end() == 0;
  if (fresh && first && source.config().start_at == StartAt::End) start_at_end(tail);
  // Its first bytes are known before the next one is told, which may be its copy.
  if (tail.kind == FileKind::Followed) look_at(tail, env_.clock->monotonic_now());
  return true;
}

// What it has at the very first start is not read.
void FileTable::start_at_end(Tail& tail) {
  uint64_t size = tail.file->size().value_or(0);
  std::string before =
      read_bytes(*tail.file, size - std::min<uint64_t>(size, kHistoryBytes), kHistoryBytes);
  if (size == 0) return;
  FileRecord record = journal_.state().files.at(tail.id);
  record.head = read_bytes(*tail.file, 0, kHeadBytes);
  record.start = record.offset = size;
  record.size_seen = size;
  record.history = history_of(before);
  record.cut = before.ends_with('\n') ? CutState::Fresh : CutState::Continued;
  tail.head = record.head;
  tail.position = tail.size = size;
  tail.history = record.history;
  tail.cut = record.cut;
  tail.undecided = false;
  journal_.put_file(record);
  ledger_.put_file(record);
}

// A retired one stays, for what turns up of it (forget_retired).
void FileTable::settled(Tail& tail) {
  tail.in_flight = false;
  if (tail.released) reopen(tail);
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
    if (tail.released) return;
    auto info = env_.files->info(tail.location);
    if (!info || FileKey{info->device, info->inode} != tail.key) return;
    FoundFile found{tail.location,     tail.key, info->size_bytes,
                    info->modified_ns, true,     tail.source->is_packed(tail.location)};
    return locate_followed(tail, found);
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
  if (tail.undecided && info->size_bytes > 0) {
    // What it may be a copy of is looked for first (discover_source).
    bool wait = !discovering_ && !tail.unlinked && may_be_copy(tail);
    if (wait) return;
    place_again(tail, std::move(tail.file));
    return;
  }
  if (changed && info->size_bytes > tail.seen_end()) {
    tail.size_history = history_before(*tail.file, info->size_bytes);
  }
  tail.size = info->size_bytes;
  ledger_.seen(tail.id, tail.size);
  if (changed) {
    tail.grown_at = now;
    see_head(tail, tail.size);
    if (tail.size > 0) make_ready(tail);
    return;
  }
  look_at_quiet(tail, now);
}

bool FileTable::may_be_copy(const Tail& tail) const {
  std::string_view name = file_name_of(tail.location);
  return std::any_of(tails_.begin(), tails_.end(), [&](const auto& other) {
    const Tail& one = *other.second;
    return one.source == tail.source && one.path != tail.location &&
           same_family(file_name_of(one.path), name);
  });
}

void FileTable::look_at_quiet(Tail& tail, env::MonotonicTime now) {
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
    retire(tail);
  } else if (tail.moved && !tail.unlinked && quiet_ms >= config_.renamed_linger_ms) {
    tail.file.reset();
    save(tail);
  }
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
