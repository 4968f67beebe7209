#include "store/catalog/sqlite_vfs.h"

namespace kansoku::store {
namespace {

// What SQLite allocates for each open file; made and destroyed by hand.
struct VfsFile {
  sqlite3_file base;
  env::File* file;
  SqliteVfs* vfs;
  std::string* path;
  bool new_entry;  // its directory entry is not durable yet
};

VfsFile* of(sqlite3_file* file) { return reinterpret_cast<VfsFile*>(file); }
SqliteVfs* of(sqlite3_vfs* vfs) { return static_cast<SqliteVfs*>(vfs->pAppData); }

int code_of(const Error& error, int otherwise) {
  return error.code == ErrorCode::Unavailable ? SQLITE_FULL : otherwise;
}

int close_file(sqlite3_file* file) {
  delete of(file)->file;
  delete of(file)->path;
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* into, int bytes, sqlite3_int64 offset) {
  auto span = std::span(static_cast<std::byte*>(into), static_cast<size_t>(bytes));
  auto n = of(file)->file->read_at(static_cast<uint64_t>(offset), span);
  if (!n) return SQLITE_IOERR_READ;
  if (*n == span.size()) return SQLITE_OK;
  std::memset(span.data() + *n, 0, span.size() - *n);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 offset) {
  ByteSpan span(static_cast<const std::byte*>(from), static_cast<size_t>(bytes));
  Status status = of(file)->file->write_at(static_cast<uint64_t>(offset), span);
  return status ? SQLITE_OK : code_of(status.error(), SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return of(file)->file->truncate(static_cast<uint64_t>(size)) ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int sync_file(sqlite3_file* file, int) {
  VfsFile* f = of(file);
  bool good = f->file->sync_data().has_value();
  if (good && f->new_entry) {
    good = f->vfs->env().files->sync_directory(env::parent_path(*f->path)).has_value();
    f->new_entry = !good;
  }
  if (!good) f->vfs->note_sync_failure();
  return good ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  auto bytes = of(file)->file->size();
  if (!bytes) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*bytes);
  return SQLITE_OK;
}

int lock_file(sqlite3_file*, int) { return SQLITE_OK; }
int check_lock(sqlite3_file*, int* held) {
  *held = 0;
  return SQLITE_OK;
}
int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return 0; }

const sqlite3_io_methods kMethods = {.iVersion = 1,
                                     .xClose = close_file,
                                     .xRead = read_file,
                                     .xWrite = write_file,
                                     .xTruncate = truncate_file,
                                     .xSync = sync_file,
                                     .xFileSize = size_of_file,
                                     .xLock = lock_file,
                                     .xUnlock = lock_file,
                                     .xCheckReservedLock = check_lock,
                                     .xFileControl = control_file,
                                     .xSectorSize = sector_size,
                                     .xDeviceCharacteristics = characteristics};

int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* out, int flags,
              int* out_flags) {
  VfsFile* f = of(out);
  f->base.pMethods = nullptr;
  if (name == nullptr) return SQLITE_CANTOPEN;  // temporary tables and journals stay in memory
  env::FileSystem& files = *of(vfs)->env().files;
  bool create = (flags & SQLITE_OPEN_CREATE) != 0 && !files.exists(name);
  auto opened = files.open(name, create ? env::OpenMode::Create : env::OpenMode::ReadWrite);
  if (!opened) return code_of(opened.error(), SQLITE_CANTOPEN);
  f->file = opened->release();
  f->vfs = of(vfs);
  f->path = new std::string(name);
  f->new_entry = create;
  f->base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  env::FileSystem& files = *of(vfs)->env().files;
  Status removed = files.remove(name);
  if (!removed) {
    return removed.error().code == ErrorCode::NotFound ? SQLITE_IOERR_DELETE_NOENT
                                                       : SQLITE_IOERR_DELETE;
  }
  if (sync_directory != 0 && !files.sync_directory(env::parent_path(name))) {
    return SQLITE_IOERR_DIR_FSYNC;
  }
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* out) {
  *out = of(vfs)->env().files->exists(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int bytes, char* out) {
  sqlite3_snprintf(bytes, out, "%s", name);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int bytes, char* out) {
  of(vfs)->env().random->fill(std::as_writable_bytes(std::span(out, static_cast<size_t>(bytes))));
  return bytes;
}

int sleep_us(sqlite3_vfs*, int) { return 0; }  // nobody else holds locks, so nobody waits

int current_time(sqlite3_vfs* vfs, sqlite3_int64* out) {
  // Milliseconds since noon of 24 November 4714 BC.
  *out = of(vfs)->env().clock->wall_now().ms() + 210'866'760'000'000LL;
  return SQLITE_OK;
}

int current_time_days(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 ms = 0;
  current_time(vfs, &ms);
  *out = static_cast<double>(ms) / 86'400'000.0;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) { return 0; }

std::atomic<uint64_t> g_next_vfs{1};

}  // namespace

SqliteVfs::SqliteVfs(env::Env env)
    : env_(env), name_(fmt::format("kansoku-{}", g_next_vfs.fetch_add(1))) {
  vfs_.iVersion = 2;
  vfs_.szOsFile = sizeof(VfsFile);
  vfs_.mxPathname = 4096;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = open_file;
  vfs_.xDelete = delete_file;
  vfs_.xAccess = access_file;
  vfs_.xFullPathname = full_path;
  vfs_.xRandomness = randomness;
  vfs_.xSleep = sleep_us;
  vfs_.xCurrentTime = current_time_days;
  vfs_.xGetLastError = last_error;
  vfs_.xCurrentTimeInt64 = current_time;
  sqlite3_vfs_register(&vfs_, 0);
}

SqliteVfs::~SqliteVfs() { sqlite3_vfs_unregister(&vfs_); }

}  // namespace kansoku::store
