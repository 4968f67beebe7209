#include "base/env/sim.h"

namespace kansoku::env {

WallTime SimClock::wall_now() const {
  std::lock_guard lock(mutex_);
  return {wall_ns_};
}

MonotonicTime SimClock::monotonic_now() const {
  std::lock_guard lock(mutex_);
  return {monotonic_ns_};
}

uint64_t SimClock::after(int64_t delay_ns, Callback callback) {
  std::lock_guard lock(mutex_);
  uint64_t id = next_id_++;
  due_.emplace(monotonic_ns_ + std::max<int64_t>(delay_ns, 0), std::pair(id, std::move(callback)));
  return id;
}

bool SimClock::cancel(uint64_t id) {
  std::lock_guard lock(mutex_);
  for (auto it = due_.begin(); it != due_.end(); ++it) {
    if (it->second.first == id) {
      due_.erase(it);
      return true;
    }
  }
  return false;
}

void SimClock::advance(int64_t ns) {
  std::unique_lock lock(mutex_);
  int64_t until = monotonic_ns_ + ns;
  while (!due_.empty() && due_.begin()->first <= until) {
    int64_t at = std::max(due_.begin()->first, monotonic_ns_);
    wall_ns_ += at - monotonic_ns_;
    monotonic_ns_ = at;
    Callback callback = std::move(due_.begin()->second.second);
    due_.erase(due_.begin());
    lock.unlock();
    callback();
    lock.lock();
  }
  wall_ns_ += until - monotonic_ns_;
  monotonic_ns_ = until;
}

void SimClock::jump_wall(int64_t ns) {
  std::lock_guard lock(mutex_);
  wall_ns_ += ns;
}

void SimRandom::fill(std::span<std::byte> bytes) {
  std::lock_guard lock(mutex_);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(engine_());
}

// One open handle. It becomes unusable at the next power cut.
class SimFile final : public File {
 public:
  SimFile(SimFileSystem& files, SimFileSystem::InodePtr inode, std::string path, bool writable)
      : files_(files),
        inode_(std::move(inode)),
        path_(std::move(path)),
        writable_(writable),
        generation_(files.generation_) {}
  SimFile(const SimFile&) = delete;
  SimFile& operator=(const SimFile&) = delete;
  ~SimFile() override {
    if (!inode_->free_numbers) return;
    std::lock_guard lock(files_.mutex_);
    inode_.reset();
  }

  Result<size_t> read_at(uint64_t offset, std::span<std::byte> into) override {
    std::lock_guard lock(files_.mutex_);
    KANSOKU_RETURN_IF_ERROR(usable());
    const std::string& seen = inode_->seen;
    if (offset >= seen.size()) return size_t{0};
    size_t n = std::min<size_t>(into.size(), seen.size() - offset);
    if (n > 0) std::memcpy(into.data(), seen.data() + offset, n);
    return n;
  }

  Status write_at(uint64_t offset, ByteSpan bytes) override {
    std::lock_guard lock(files_.mutex_);
    KANSOKU_RETURN_IF_ERROR(writable());
    auto fault = files_.begin("write", path_);
    size_t n = fault ? std::min(fault->bytes_written, bytes.size()) : bytes.size();
    uint64_t end = offset + n;
    uint64_t growth = end > inode_->seen.size() ? end - inode_->seen.size() : 0;
    if (files_.capacity_bytes_ != 0 && files_.used_bytes() + growth > files_.capacity_bytes_) {
      return fail(ErrorCode::Unavailable, "write: no space left on device", path_);
    }
    if (n > 0) {
      SimFileSystem::Write write{offset, std::string(as_text(bytes.first(n)))};
      SimFileSystem::apply(inode_->seen, write);
      inode_->modified_ns = files_.tick();
      inode_->pending.push_back(std::move(write));
    }
    if (fault) return fail(fault->code, fault->message, path_);
    return {};
  }

  Status sync_data() override {
    std::lock_guard lock(files_.mutex_);
    KANSOKU_RETURN_IF_ERROR(writable());
    if (auto fault = files_.begin("sync", path_)) {
      // As Linux does: the dirty pages count as clean afterwards, though they never reached the
      // disk.
      inode_->pending.clear();
      return fail(fault->code, fault->message, path_);
    }
    inode_->durable = inode_->seen;
    inode_->pending.clear();
    return {};
  }

  Status truncate(uint64_t size_bytes) override {
    std::lock_guard lock(files_.mutex_);
    KANSOKU_RETURN_IF_ERROR(writable());
    if (auto fault = files_.begin("truncate", path_))
      return fail(fault->code, fault->message, path_);
    SimFileSystem::Write write{.is_truncate = true, .size = size_bytes};
    SimFileSystem::apply(inode_->seen, write);
    inode_->modified_ns = files_.tick();
    inode_->pending.push_back(std::move(write));
    return {};
  }

  Status preallocate(uint64_t size_bytes) override {
    std::lock_guard lock(files_.mutex_);
    KANSOKU_RETURN_IF_ERROR(writable());
    uint64_t size = inode_->seen.size();
    uint64_t growth = size_bytes > size ? size_bytes - size : 0;
    if (files_.capacity_bytes_ != 0 && files_.used_bytes() + growth > files_.capacity_bytes_) {
      return fail(ErrorCode::Unavailable, "fallocate: no space left on device", path_);
    }
    return {};
  }

  Result<uint64_t> size() override {
    std::lock_guard lock(files_.mutex_);
    KANSOKU_RETURN_IF_ERROR(usable());
    return inode_->seen.size();
  }

  Result<FileInfo> info() override {
    std::lock_guard lock(files_.mutex_);
    KANSOKU_RETURN_IF_ERROR(usable());
    return files_.info_of(*inode_);
  }

 private:
  Status usable() const {
    if (generation_ != files_.generation_) return fail(ErrorCode::Internal, "power is off", path_);
    return {};
  }
  Status writable() const {
    KANSOKU_RETURN_IF_ERROR(usable());
    if (!writable_)
      return fail(ErrorCode::PermissionDenied, "file is open for reading only", path_);
    return {};
  }

  SimFileSystem& files_;
  SimFileSystem::InodePtr inode_;
  std::string path_;
  bool writable_;
  uint64_t generation_;
};

namespace {

class SimLock final : public FileLock {
 public:
  explicit SimLock(std::function<void()> release) : release_(std::move(release)) {}
  SimLock(const SimLock&) = delete;
  SimLock& operator=(const SimLock&) = delete;
  ~SimLock() override { release_(); }

 private:
  std::function<void()> release_;
};

}  // namespace

void SimFileSystem::apply(std::string& image, const Write& write) {
  if (write.is_truncate) {
    image.resize(write.size);
    return;
  }
  if (image.size() < write.offset + write.bytes.size()) {
    image.resize(write.offset + write.bytes.size());
  }
  std::copy(write.bytes.begin(), write.bytes.end(),
            image.begin() + static_cast<std::ptrdiff_t>(write.offset));
}

std::optional<SimFault> SimFileSystem::begin(std::string_view name, const std::string& path) {
  uint64_t operation = operations_++;
  return hook_ ? hook_(operation, name, path) : std::nullopt;
}

uint64_t SimFileSystem::used_bytes() const {
  uint64_t used = 0;
  for (const auto& [path, inode] : seen_) used += inode->seen.size();
  return used;
}

SimFileSystem::Inode::~Inode() {
  if (free_numbers) free_numbers->insert(number);
}

SimFileSystem::InodePtr SimFileSystem::make_inode() {
  auto inode = std::make_shared<Inode>();
  inode->modified_ns = tick();
  if (free_numbers_ && !free_numbers_->empty()) {
    inode->number = free_numbers_->extract(free_numbers_->begin()).value();
  } else {
    inode->number = next_inode_++;
  }
  inode->free_numbers = free_numbers_;
  return inode;
}

void SimFileSystem::entry_changed(std::string path, InodePtr inode) {
  directory_modified_ns_[parent_path(path)] = tick();
  entry_changes_.push_back({std::move(path), std::move(inode)});
}

FileInfo SimFileSystem::info_of(const Inode& inode) const {
  uint64_t links = 0;
  for (const auto& [path, named] : seen_) links += named.get() == &inode ? 1 : 0;
  return {.size_bytes = inode.seen.size(),
          .modified_ns = inode.modified_ns,
          .inode = inode.number,
          .device = 1,
          .links = links};
}

void SimFileSystem::reuse_inodes() {
  std::lock_guard lock(mutex_);
  free_numbers_ = std::make_shared<std::set<uint64_t>>();
}

Result<std::unique_ptr<File>> SimFileSystem::open(const std::string& path, OpenMode mode) {
  std::lock_guard lock(mutex_);
  auto found = seen_.find(path);
  bool exists = found != seen_.end();
  if (directories_.contains(path)) return fail(ErrorCode::Internal, "open: is a directory", path);
  if (!exists && (mode == OpenMode::Read || mode == OpenMode::ReadWrite)) {
    return fail(ErrorCode::NotFound, "open: no such file", path);
  }
  if (exists && mode == OpenMode::CreateNew) {
    return fail(ErrorCode::AlreadyExists, "open: file exists", path);
  }
  if (mode == OpenMode::Read) {
    return std::make_unique<SimFile>(*this, found->second, path, false);
  }
  if (!exists || mode == OpenMode::CreateEmpty) {
    if (auto fault = begin("open", path)) return fail(fault->code, fault->message, path);
  }
  if (!exists) {
    if (!directories_.contains(parent_path(path))) {
      return fail(ErrorCode::NotFound, "open: no such directory", path);
    }
    auto inode = make_inode();
    seen_[path] = inode;
    entry_changed(path, inode);
    return std::make_unique<SimFile>(*this, inode, path, true);
  }
  if (mode == OpenMode::CreateEmpty) {
    Write write{.is_truncate = true};
    apply(found->second->seen, write);
    found->second->modified_ns = tick();
    found->second->pending.push_back(std::move(write));
  }
  return std::make_unique<SimFile>(*this, found->second, path, true);
}

Status SimFileSystem::create_directories(const std::string& path) {
  std::lock_guard lock(mutex_);
  // Directories are durable at once: their loss is the loss of what is in them, which is modelled.
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    directories_.insert(path.substr(0, slash));
    if (slash == std::string::npos) break;
  }
  return {};
}

Status SimFileSystem::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  auto found = seen_.find(from);
  if (found == seen_.end()) return fail(ErrorCode::NotFound, "rename: no such file", from);
  if (auto fault = begin("rename", from)) return fail(fault->code, fault->message, from);
  InodePtr inode = found->second;
  seen_.erase(found);
  seen_[to] = inode;
  // One journal entry: the new name appears and the old one goes together.
  entry_changed(to, inode);
  entry_changed(from, nullptr);
  return {};
}

Status SimFileSystem::link(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  auto found = seen_.find(from);
  if (found == seen_.end()) return fail(ErrorCode::NotFound, "link: no such file", from);
  if (seen_.contains(to)) return fail(ErrorCode::AlreadyExists, "link: the name is taken", to);
  if (auto fault = begin("link", to)) return fail(fault->code, fault->message, to);
  seen_[to] = found->second;
  entry_changed(to, found->second);
  return {};
}

Status SimFileSystem::remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto found = seen_.find(path);
  if (found == seen_.end()) {
    if (directories_.erase(path) > 0) return {};
    return fail(ErrorCode::NotFound, "remove: no such file", path);
  }
  if (auto fault = begin("remove", path)) return fail(fault->code, fault->message, path);
  seen_.erase(found);
  entry_changed(path, nullptr);
  return {};
}

Status SimFileSystem::sync_directory(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (auto fault = begin("sync directory", path)) return fail(fault->code, fault->message, path);
  for (const EntryChange& change : entry_changes_) {
    if (change.inode) {
      durable_[change.path] = change.inode;
    } else {
      durable_.erase(change.path);
    }
  }
  entry_changes_.clear();
  return {};
}

Result<std::vector<DirectoryEntry>> SimFileSystem::list(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!directories_.contains(path))
    return fail(ErrorCode::NotFound, "opendir: no such directory", path);
  std::vector<DirectoryEntry> out;
  for (const auto& [name, inode] : seen_) {
    if (parent_path(name) != path) continue;
    out.push_back({name.substr(path.size() + 1), false, inode->number});
  }
  for (const std::string& name : directories_) {
    if (name != path && parent_path(name) == path)
      out.push_back({name.substr(path.size() + 1), true});
  }
  return out;
}

Result<FileInfo> SimFileSystem::info(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (directories_.contains(path)) {
    auto changed = directory_modified_ns_.find(path);
    return FileInfo{.is_directory = true,
                    .modified_ns = changed == directory_modified_ns_.end() ? 0 : changed->second,
                    .is_regular = false};
  }
  auto found = seen_.find(path);
  if (found == seen_.end()) return fail(ErrorCode::NotFound, "stat: no such file", path);
  return info_of(*found->second);
}

Result<FileSystemInfo> SimFileSystem::file_system_info(const std::string&) {
  std::lock_guard lock(mutex_);
  uint64_t capacity = capacity_bytes_ == 0 ? uint64_t{1} << 40 : capacity_bytes_;
  uint64_t blocks = capacity / 4096;
  uint64_t left = (capacity - std::min(capacity, used_bytes())) / 4096;
  return FileSystemInfo{4096, blocks, left, left, 1 << 20, 1 << 20};
}

Result<std::unique_ptr<FileLock>> SimFileSystem::lock(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!locks_.insert(path).second) {
    return fail(ErrorCode::FailedPrecondition, "held by another process", path);
  }
  return std::make_unique<SimLock>([this, path] {
    std::lock_guard release(mutex_);
    locks_.erase(path);
  });
}

Result<std::string> SimFileSystem::read_link(const std::string& path) {
  return fail(ErrorCode::NotFound, "readlink: no such link", path);
}

void SimFileSystem::cut_inode(Inode& inode, CutStyle style) {
  std::string image = inode.durable;
  size_t keep = 0;
  if (style == CutStyle::KeepAll) keep = inode.pending.size();
  if (style == CutStyle::Torn) keep = random_() % (inode.pending.size() + 1);
  for (size_t i = 0; i < inode.pending.size(); ++i) {
    Write write = inode.pending[i];
    bool whole = i < keep;
    bool torn = style == CutStyle::Torn && i == keep;
    if (style == CutStyle::Reordered) {
      whole = random_() % 2 == 0;
      torn = !whole && random_() % 2 == 0;
    }
    if (torn && !write.is_truncate) {
      // A disk writes whole sectors: the cut lies on a 512-byte boundary of the file.
      uint64_t end = write.offset + write.bytes.size();
      uint64_t sectors = (end - write.offset) / 512 + 1;
      uint64_t cut = (write.offset / 512 + random_() % (sectors + 1)) * 512;
      if (cut <= write.offset) continue;
      write.bytes.resize(std::min<uint64_t>(write.bytes.size(), cut - write.offset));
      whole = true;
    }
    if (whole) apply(image, write);
  }
  inode.durable = std::move(image);
  inode.seen = inode.durable;
  inode.pending.clear();
}

void SimFileSystem::power_cut(CutStyle style) {
  std::lock_guard lock(mutex_);
  ++generation_;
  size_t keep = 0;
  if (style == CutStyle::KeepAll) keep = entry_changes_.size();
  if (style == CutStyle::Torn || style == CutStyle::Reordered) {
    keep = random_() % (entry_changes_.size() + 1);
  }
  for (size_t i = 0; i < keep; ++i) {
    const EntryChange& change = entry_changes_[i];
    if (change.inode) {
      durable_[change.path] = change.inode;
    } else {
      durable_.erase(change.path);
    }
  }
  entry_changes_.clear();
  std::set<Inode*> done;
  for (auto& [path, inode] : durable_) {
    if (done.insert(inode.get()).second) cut_inode(*inode, style);
  }
  seen_ = durable_;
  for (auto& [path, changed] : directory_modified_ns_) changed = tick();
}

uint64_t SimFileSystem::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

void SimFileSystem::set_fault_hook(FaultHook hook) {
  std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

void SimFileSystem::set_capacity(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  capacity_bytes_ = bytes;
}

std::string SimFileSystem::contents(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto found = seen_.find(path);
  return found == seen_.end() ? std::string() : found->second->seen;
}

void SimFileSystem::set_contents(const std::string& path, std::string bytes) {
  std::lock_guard lock(mutex_);
  InodePtr& inode = seen_[path];
  if (!inode) {
    inode = make_inode();
  }
  inode->modified_ns = tick();
  inode->seen = bytes;
  inode->durable = std::move(bytes);
  inode->pending.clear();
  durable_[path] = inode;
  directories_.insert(parent_path(path));
  directory_modified_ns_[parent_path(path)] = tick();
}

std::vector<std::string> SimFileSystem::paths() {
  std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [path, inode] : seen_) out.push_back(path);
  return out;
}

}  // namespace kansoku::env
