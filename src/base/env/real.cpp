// The real operating system (Linux).
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "base/check.h"
#include "base/env/env.h"

namespace kansoku::env {
namespace {

std::unexpected<Error> os_error(int error, const std::string& call, const std::string& path) {
  ErrorCode code = ErrorCode::Internal;
  if (error == ENOENT || error == ENOTDIR) code = ErrorCode::NotFound;
  if (error == EEXIST) code = ErrorCode::AlreadyExists;
  if (error == EACCES || error == EPERM) code = ErrorCode::PermissionDenied;
  if (error == ENOSPC || error == EDQUOT) code = ErrorCode::Unavailable;
  if (error == EMFILE || error == ENFILE || error == ENOMEM) code = ErrorCode::ResourceExhausted;
  char text[128];
  return fail(code, fmt::format("{}: {}", call, ::strerror_r(error, text, sizeof(text))), path);
}

FileInfo file_info(const struct stat& st) {
  return {.size_bytes = static_cast<uint64_t>(st.st_size),
          .is_directory = S_ISDIR(st.st_mode),
          .modified_ns = st.st_mtim.tv_sec * kNsPerS + st.st_mtim.tv_nsec,
          .inode = st.st_ino,
          .device = st.st_dev,
          .links = st.st_nlink,
          .is_regular = S_ISREG(st.st_mode)};
}

class RealFile final : public File {
 public:
  RealFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;
  ~RealFile() override { ::close(fd_); }

  Result<size_t> read_at(uint64_t offset, std::span<std::byte> into) override {
    size_t done = 0;
    while (done < into.size()) {
      ssize_t n =
          ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return os_error(errno, "read", path_);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

  Status write_at(uint64_t offset, ByteSpan bytes) override {
    size_t done = 0;
    while (done < bytes.size()) {
      ssize_t n = ::pwrite(fd_, bytes.data() + done, bytes.size() - done,
                           static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return os_error(errno, "write", path_);
      done += static_cast<size_t>(n);
    }
    return {};
  }

  Status sync_data() override {
    if (::fdatasync(fd_) != 0) return os_error(errno, "fdatasync", path_);
    return {};
  }

  Status truncate(uint64_t size_bytes) override {
    if (::ftruncate(fd_, static_cast<off_t>(size_bytes)) != 0) {
      return os_error(errno, "ftruncate", path_);
    }
    return {};
  }

  Status preallocate(uint64_t size_bytes) override {
    if (::fallocate(fd_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_bytes)) != 0 &&
        errno != EOPNOTSUPP) {
      return os_error(errno, "fallocate", path_);
    }
    return {};
  }

  Result<uint64_t> size() override {
    struct stat st{};
    if (::fstat(fd_, &st) != 0) return os_error(errno, "fstat", path_);
    return static_cast<uint64_t>(st.st_size);
  }

  Result<FileInfo> info() override {
    struct stat st{};
    if (::fstat(fd_, &st) != 0) return os_error(errno, "fstat", path_);
    return file_info(st);
  }

 private:
  int fd_;
  std::string path_;
};

class RealLock final : public FileLock {
 public:
  explicit RealLock(int fd) : fd_(fd) {}
  RealLock(const RealLock&) = delete;
  RealLock& operator=(const RealLock&) = delete;
  ~RealLock() override { ::close(fd_); }

 private:
  int fd_;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::Read:
      return O_RDONLY;
    case OpenMode::ReadWrite:
      return O_RDWR;
    case OpenMode::Create:
      return O_RDWR | O_CREAT;
    case OpenMode::CreateNew:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::CreateEmpty:
      return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int fd = ::open(path.c_str(), open_flags(mode) | O_CLOEXEC, 0600);
    if (fd < 0) return os_error(errno, "open", path);
    return std::make_unique<RealFile>(fd, path);
  }

  Status create_directories(const std::string& path) override {
    for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
      std::string prefix = path.substr(0, slash);
      if (::mkdir(prefix.c_str(), 0700) != 0 && errno != EEXIST) {
        return os_error(errno, "mkdir", prefix);
      }
      if (slash == std::string::npos) return {};
    }
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return os_error(errno, "rename", from);
    return {};
  }

  Status link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) != 0) return os_error(errno, "link", from);
    return {};
  }

  Status remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0) return os_error(errno, "remove", path);
    return {};
  }

  Status sync_directory(const std::string& path) override {
    int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return os_error(errno, "open directory", path);
    int error = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    if (error != 0) return os_error(error, "fsync directory", path);
    return {};
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return os_error(errno, "opendir", path);
    std::vector<DirectoryEntry> out;
    while (dirent* entry = ::readdir(directory)) {
      std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      bool is_directory = entry->d_type == DT_DIR;
      if (entry->d_type == DT_UNKNOWN) {
        auto found = info(join_path(path, name));
        is_directory = found && found->is_directory;
      }
      out.push_back({std::string(name), is_directory, entry->d_ino, entry->d_type == DT_LNK});
    }
    ::closedir(directory);
    return out;
  }

  Result<FileInfo> info(const std::string& path) override {
    struct stat st{};
    if (::stat(path.c_str(), &st) != 0) return os_error(errno, "stat", path);
    return file_info(st);
  }

  Result<FileSystemInfo> file_system_info(const std::string& path) override {
    struct statvfs st{};
    if (::statvfs(path.c_str(), &st) != 0) return os_error(errno, "statvfs", path);
    return FileSystemInfo{st.f_frsize, st.f_blocks, st.f_bfree,
                          st.f_bavail, st.f_files,  st.f_ffree};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return os_error(errno, "open", path);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      int error = errno;
      ::close(fd);
      if (error == EWOULDBLOCK) {
        return fail(ErrorCode::FailedPrecondition, "held by another process", path);
      }
      return os_error(error, "flock", path);
    }
    return std::make_unique<RealLock>(fd);
  }

  Result<std::string> read_link(const std::string& path) override {
    char target[PATH_MAX];
    ssize_t n = ::readlink(path.c_str(), target, sizeof(target));
    if (n < 0) return os_error(errno, "readlink", path);
    return std::string(target, static_cast<size_t>(n));
  }
};

int64_t read_clock(clockid_t id) {
  timespec ts{};
  KANSOKU_CHECK(::clock_gettime(id, &ts) == 0);
  return ts.tv_sec * kNsPerS + ts.tv_nsec;
}

class RealClock final : public Clock {
 public:
  WallTime wall_now() const override { return {read_clock(CLOCK_REALTIME)}; }
  MonotonicTime monotonic_now() const override { return {read_clock(CLOCK_MONOTONIC)}; }
};

class RealRandom final : public Random {
 public:
  void fill(std::span<std::byte> bytes) override {
    size_t done = 0;
    while (done < bytes.size()) {
      ssize_t n = ::getrandom(bytes.data() + done, bytes.size() - done, 0);
      if (n < 0 && errno == EINTR) continue;
      KANSOKU_CHECK(n > 0);
      done += static_cast<size_t>(n);
    }
  }
};

}  // namespace

Clock& real_clock() {
  static RealClock clock;
  return clock;
}
FileSystem& real_files() {
  static RealFileSystem files;
  return files;
}
Random& real_random() {
  static RealRandom random;
  return random;
}

}  // namespace kansoku::env
