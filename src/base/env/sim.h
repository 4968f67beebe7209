// The simulated twin of the operating system: a clock that moves when told, a disk that loses,
// tears and reorders what was not synced, and faults injected at any call.
//
// SimFileSystem keeps two images: what readers see (the page cache) and what would survive a power
// cut (the platter). write_at, truncate, creation, rename and removal reach the platter only by
// sync_data() of the file or sync_directory() of its directory; power_cut() drops the rest, or, by
// the chosen CutStyle, keeps some of it: torn at 512 bytes, or any subset of the pending operations
// of a file (reordering between barriers). Directory entries become durable in the order of their
// operations (ordered metadata, as ext4 and XFS journal it), so a cut keeps a prefix of them.
// Thread contract: all methods under one mutex; meant for tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>

#include "base/env/env.h"

namespace kansoku::env {

class SimClock final : public Clock, public Timers {
 public:
  explicit SimClock(WallTime start = {1'763'800'000 * kNsPerS}) : wall_ns_(start.ns) {}
  WallTime wall_now() const override;
  MonotonicTime monotonic_now() const override;
  uint64_t after(int64_t delay_ns, Callback callback) override;
  bool cancel(uint64_t id) override;
  // Moves both clocks on and runs the timers that fall due, each at its own time.
  void advance(int64_t ns);
  // Jumps the wall clock alone (either way), as an administrator or NTP does.
  void jump_wall(int64_t ns);

 private:
  mutable std::mutex mutex_;
  int64_t wall_ns_;
  int64_t monotonic_ns_ = 0;
  uint64_t next_id_ = 1;
  std::multimap<int64_t, std::pair<uint64_t, Callback>> due_;
};

class SimRandom final : public Random {
 public:
  explicit SimRandom(uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::byte> bytes) override;

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

// What a power cut does with operations that were not synced.
enum class CutStyle : uint8_t {
  DropAll,   // nothing unsynced survives
  KeepAll,   // everything survives (a process kill, or a lucky disk)
  Torn,      // a prefix of the operations; the first one lost is torn at 512 bytes
  Reordered  // every unsynced write survives or not by chance, torn ones included
};

struct SimFault {
  ErrorCode code = ErrorCode::Internal;
  std::string message = "injected fault";
  // For writes: how many bytes reach the page cache before the failure.
  size_t bytes_written = 0;
};

class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(uint64_t seed = 1) : random_(seed) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status create_directories(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status link(const std::string& from, const std::string& to) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  Result<FileInfo> info(const std::string& path) override;
  Result<FileSystemInfo> file_system_info(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<std::string> read_link(const std::string& path) override;

  // The power goes: open files become unusable (every call fails), the platter becomes what is
  // seen.
  void power_cut(CutStyle style);
  // Number of calls so far that a fault or a cut could hit (write, sync, truncate, open for write,
  // rename, remove, sync directory).
  uint64_t operations() const;
  // Called before each such operation with its number and name; a returned fault fails it.
  using FaultHook = std::function<std::optional<SimFault>(uint64_t operation, std::string_view name,
                                                          const std::string& path)>;
  void set_fault_hook(FaultHook hook);
  // 0 means no bound. Over it, writes and creations fail with Unavailable as ENOSPC does.
  void set_capacity(uint64_t bytes);

  // For tests that damage files: the bytes as seen now.
  std::string contents(const std::string& path);
  void set_contents(const std::string& path, std::string bytes);  // seen and durable
  std::vector<std::string> paths();
  // From now on the lowest number that became free goes to the next file, as ext4 does it; without,
  // numbers are never used twice. A number is free when no name (seen or durable) and no handle is
  // left.
  void reuse_inodes();
  // Changes have the times of this clock; without, only their order.
  void use_clock(const Clock& clock) {
    std::lock_guard lock(mutex_);
    clock_ = &clock;
  }

 private:
  friend class SimFile;
  struct Write {
    uint64_t offset = 0;
    std::string bytes;
    bool is_truncate = false;
    uint64_t size = 0;
  };
  struct Inode {
    std::string seen;
    std::string durable;
    std::vector<Write> pending;
    uint64_t number = 0;
    int64_t modified_ns = 0;
    std::shared_ptr<std::set<uint64_t>> free_numbers;
    Inode() = default;
    Inode(const Inode&) = delete;
    Inode& operator=(const Inode&) = delete;
    ~Inode();  // under the mutex
  };
  using InodePtr = std::shared_ptr<Inode>;
  struct EntryChange {
    std::string path;
    InodePtr inode;  // null: removed
  };

  std::optional<SimFault> begin(std::string_view name, const std::string& path);
  static void apply(std::string& image, const Write& write);
  void cut_inode(Inode& inode, CutStyle style);
  uint64_t used_bytes() const;
  InodePtr make_inode();
  // A name appeared or went: the time of its directory changes.
  void entry_changed(std::string path, InodePtr inode);
  FileInfo info_of(const Inode& inode) const;
  // Time of a change: the clock's, and later than that of any change before.
  int64_t tick() {
    ticks_ = std::max(ticks_ + 1, clock_ == nullptr ? 0 : clock_->wall_now().ns);
    return ticks_;
  }

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::map<std::string, InodePtr> seen_;
  std::map<std::string, InodePtr> durable_;
  std::vector<EntryChange> entry_changes_;
  std::set<std::string> directories_;
  std::map<std::string, int64_t> directory_modified_ns_;
  std::set<std::string> locks_;
  uint64_t operations_ = 0;
  uint64_t generation_ = 0;
  uint64_t next_inode_ = 1;
  int64_t ticks_ = 0;
  const Clock* clock_ = nullptr;
  std::shared_ptr<std::set<uint64_t>> free_numbers_;
  uint64_t capacity_bytes_ = 0;
  FaultHook hook_;
};

}  // namespace kansoku::env
