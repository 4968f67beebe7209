// The door to the operating system: clocks, files, randomness, timers.
//
// Nothing outside base/env (and the event loops of net/) calls the OS for these, so that every test
// can run on a simulated clock and disk (base/env/sim.h). An Env is a bundle of references; whoever
// makes it owns the parts and outlives every user. Thread contract: all methods are free-threaded
// unless a class says otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace kansoku::env {

// Unix time, UTC. A different type from MonotonicTime so that the two are never subtracted.
struct WallTime {
  int64_t ns = 0;
  int64_t ms() const { return ns / 1'000'000; }
  friend auto operator<=>(WallTime, WallTime) = default;
};
// Time since an arbitrary start; never jumps.
struct MonotonicTime {
  int64_t ns = 0;
  friend auto operator<=>(MonotonicTime, MonotonicTime) = default;
};

inline constexpr int64_t kNsPerMs = 1'000'000;
inline constexpr int64_t kNsPerS = 1'000'000'000;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall_now() const = 0;
  virtual MonotonicTime monotonic_now() const = 0;
};

struct FileInfo {
  uint64_t size_bytes = 0;
  bool is_directory = false;
  int64_t modified_ns = 0;
  // (device, inode) names a file until its last name and its last handle are gone; then the file
  // system may give the number to another one.
  uint64_t inode = 0;
  uint64_t device = 0;
  uint64_t links = 1;      // names that it has; 0: removed, and still open
  bool is_regular = true;  // false also for pipes, sockets and devices
};

// One open file. Closed by the destructor. Reads are free-threaded; writes have one owner.
class File {
 public:
  virtual ~File() = default;
  // Reads exactly into.size() bytes, or fewer at the end of the file; returns the count.
  virtual Result<size_t> read_at(uint64_t offset, std::span<std::byte> into) = 0;
  // Writes all bytes or fails; on failure any part of them may have been written.
  virtual Status write_at(uint64_t offset, ByteSpan bytes) = 0;
  // fdatasync. After a failure the file must not be synced again: what the kernel held is unknown
  // (the PostgreSQL fsync lesson); its owner goes on in a new file.
  virtual Status sync_data() = 0;
  virtual Status truncate(uint64_t size_bytes) = 0;
  // Reserves blocks without changing the size; an error where the disk has no room.
  virtual Status preallocate(uint64_t size_bytes) = 0;
  virtual Result<uint64_t> size() = 0;
  // Of the open file itself, whatever its name has become (fstat).
  virtual Result<FileInfo> info() = 0;
};

enum class OpenMode : uint8_t {
  Read,         // must exist
  ReadWrite,    // must exist
  Create,       // made if missing, read and write
  CreateNew,    // must not exist, read and write
  CreateEmpty,  // made or emptied, read and write
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
  uint64_t inode = 0;  // of the entry itself; a symbolic link has its own
  bool is_link = false;
};

// statvfs of the file system that holds a path, as the fields are named there.
struct FileSystemInfo {
  uint64_t block_bytes = 0;  // f_frsize
  uint64_t blocks = 0;
  uint64_t blocks_free = 0;       // f_bfree
  uint64_t blocks_available = 0;  // f_bavail, for non-root
  uint64_t inodes = 0;
  uint64_t inodes_free = 0;
};

// Held while it lives; another holder of the same path is refused.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // New files have mode 0600, new directories 0700: a data directory is nobody else's business.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Status create_directories(const std::string& path) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  // A second name for a file of the same file system (a hard link); AlreadyExists where `to` is.
  virtual Status link(const std::string& from, const std::string& to) = 0;
  // Makes renames, creations and removals in the directory durable.
  virtual Status sync_directory(const std::string& path) = 0;
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;
  virtual Result<FileInfo> info(const std::string& path) = 0;
  virtual Result<FileSystemInfo> file_system_info(const std::string& path) = 0;
  // Fails with FailedPrecondition when another process or holder has it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  // Target of a symbolic link.
  virtual Result<std::string> read_link(const std::string& path) = 0;

  // The whole file; also for /proc and /sys, whose sizes say 0. Over bytes_max is
  // ResourceExhausted.
  Result<std::string> read_all(const std::string& path, size_t bytes_max = 64U << 20);
  // Writes path.tmp, syncs it, renames it over path and syncs the directory.
  Status write_atomic(const std::string& path, std::string_view bytes);
  // The first `bytes` bytes of a file as a new one, synced (the directory is the caller's).
  Status copy(const std::string& from, const std::string& to, uint64_t bytes);
  bool exists(const std::string& path) { return info(path).has_value(); }
};

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> bytes) = 0;
  uint64_t u64();
};

// Calls back after a delay; the loop or the simulated clock implements it.
class Timers {
 public:
  virtual ~Timers() = default;
  using Callback = std::move_only_function<void()>;
  // Runs `callback` once, no earlier than `delay_ns` from now, on the timers' own thread: it must
  // be short (post to the pool). Returns an id for cancel().
  virtual uint64_t after(int64_t delay_ns, Callback callback) = 0;
  // False when it has run or is running already.
  virtual bool cancel(uint64_t id) = 0;
};

struct Env {
  Clock* clock = nullptr;
  FileSystem* files = nullptr;
  Random* random = nullptr;
};

// The real parts; they live as long as the process.
Clock& real_clock();
FileSystem& real_files();
Random& real_random();
inline Env real_env() { return {&real_clock(), &real_files(), &real_random()}; }

// Joins with exactly one slash.
std::string join_path(std::string_view directory, std::string_view name);
// The part before the last slash ("." without one).
std::string parent_path(std::string_view path);

}  // namespace kansoku::env
