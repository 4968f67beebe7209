// SQLite's files through the environment, so that simulated power cuts and faults cover the
// catalog. Private to store/catalog. One VFS lives as long as the databases opened through it.
// Locks are none: the data directory's lock keeps other processes out, and the database is opened
// exclusively.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

#include "base/env/env.h"

namespace kansoku::store {

class SqliteVfs {
 public:
  explicit SqliteVfs(env::Env env);
  SqliteVfs(const SqliteVfs&) = delete;
  SqliteVfs& operator=(const SqliteVfs&) = delete;
  ~SqliteVfs();
  const char* name() const { return name_.c_str(); }
  env::Env env() const { return env_; }
  // True once a sync failed: what is on disk is unknown then.
  bool sync_failed() const { return sync_failed_; }
  void note_sync_failure() { sync_failed_ = true; }

 private:
  env::Env env_;
  std::string name_;
  sqlite3_vfs vfs_{};
  std::atomic<bool> sync_failed_{false};
};

}  // namespace kansoku::store
