#include "store/catalog/sqlite_catalog.h"

#include "store/catalog/sqlite_vfs.h"
#include "store/reference/reference_catalog.h"

namespace kansoku::store {
namespace {

// Raised with every change of the tables; there is a reader for each older one.
constexpr int kSchemaVersion = 1;
// Transactions of one batch: one sync for all of them.
constexpr size_t kBatchMax = 256;

using Done = std::move_only_function<void(Result<std::vector<uint64_t>>)>;

struct Transaction {
  std::vector<CatalogWrite> writes;
  Done done;
  Result<std::vector<uint64_t>> versions;
};

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

Error database_error(sqlite3* database, const char* what) {
  int code = sqlite3_errcode(database);
  ErrorCode mapped = ErrorCode::Internal;
  if (code == SQLITE_FULL || code == SQLITE_BUSY) mapped = ErrorCode::Unavailable;
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) mapped = ErrorCode::DataLoss;
  return {mapped, fmt::format("catalog: {}: {}", what, sqlite3_errmsg(database)), {}};
}

Status execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(database_error(database, sql));
}

Result<Statement> prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK) {
    return std::unexpected(database_error(database, sql));
  }
  return Statement(statement);
}

void bind_text(const Statement& statement, int at, const std::string& text) {
  sqlite3_bind_blob64(statement.get(), at, text.data() == nullptr ? "" : text.data(), text.size(),
                      SQLITE_STATIC);
}

std::string column(const Statement& statement, int at) {
  const void* bytes = sqlite3_column_blob(statement.get(), at);
  auto size = static_cast<size_t>(sqlite3_column_bytes(statement.get(), at));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

Status run(sqlite3* database, const Statement& statement) {
  int code = sqlite3_step(statement.get());
  Status status;
  if (code != SQLITE_DONE) status = std::unexpected(database_error(database, "step"));
  sqlite3_reset(statement.get());
  sqlite3_clear_bindings(statement.get());
  return status;
}

}  // namespace

struct SqliteCatalog::State : std::enable_shared_from_this<SqliteCatalog::State> {
  State(env::Env e, Executor& x) : vfs(e), executor(x) {}

  SqliteVfs vfs;
  Executor& executor;
  ReferenceCatalog memory;

  // One batch at a time.
  std::mutex database_mutex;
  Database database;
  Statement put_record;
  Statement drop_record;
  Statement put_index;
  Statement drop_indexes;

  mutable std::mutex queue_mutex;
  std::deque<Transaction> queue;
  bool writing = false;
  bool closed = false;
  CatalogStats stats;

  Status open(const std::string& path);
  Status make_tables();
  Status load();
  bool write_batch();
  Status store(std::vector<Transaction>& batch);
  Status store_write(const CatalogWrite& write, uint64_t version);
};

Status SqliteCatalog::State::open(const std::string& path) {
  sqlite3* opened = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &opened,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                             vfs.name());
  database.reset(opened);
  if (code != SQLITE_OK) return std::unexpected(database_error(opened, "open"));
  KANSOKU_RETURN_IF_ERROR(execute(opened,
                                  "PRAGMA locking_mode=EXCLUSIVE;"
                                  "PRAGMA journal_mode=WAL;"
                                  "PRAGMA synchronous=FULL;"
                                  "PRAGMA temp_store=MEMORY;"
                                  "PRAGMA cache_size=-512;"
                                  "PRAGMA wal_autocheckpoint=256;"));
  KANSOKU_RETURN_IF_ERROR(make_tables());
  KANSOKU_RETURN_IF_ERROR(load());
  KANSOKU_TRY(put_record, prepare(opened, "INSERT OR REPLACE INTO records VALUES(?,?,?,?)"));
  KANSOKU_TRY(drop_record, prepare(opened, "DELETE FROM records WHERE collection=? AND key=?"));
  KANSOKU_TRY(put_index, prepare(opened, "INSERT OR REPLACE INTO indexes VALUES(?,?,?,?)"));
  KANSOKU_TRY(drop_indexes, prepare(opened, "DELETE FROM indexes WHERE collection=? AND key=?"));
  return {};
}

Status SqliteCatalog::State::make_tables() {
  KANSOKU_TRY(Statement version, prepare(database.get(), "PRAGMA user_version"));
  if (sqlite3_step(version.get()) != SQLITE_ROW) {
    return std::unexpected(database_error(database.get(), "user_version"));
  }
  int found = sqlite3_column_int(version.get(), 0);
  version.reset();
  if (found > kSchemaVersion) {
    return failed_precondition("the catalog was written by a newer version: {} over {}", found,
                               kSchemaVersion);
  }
  if (found == kSchemaVersion) return {};
  std::string sql = fmt::format(
      "BEGIN IMMEDIATE;"
      "CREATE TABLE records(collection BLOB, key BLOB, version INTEGER, value BLOB,"
      " PRIMARY KEY(collection, key)) WITHOUT ROWID;"
      "CREATE TABLE indexes(collection BLOB, key BLOB, name BLOB, value BLOB,"
      " PRIMARY KEY(collection, key, name, value)) WITHOUT ROWID;"
      "PRAGMA user_version={};"
      "COMMIT;",
      kSchemaVersion);
  return execute(database.get(), sql.c_str());
}

Status SqliteCatalog::State::load() {
  std::map<std::pair<std::string, std::string>, CatalogRecord> records;
  KANSOKU_TRY(Statement rows,
              prepare(database.get(), "SELECT collection, key, version, value FROM records"));
  int code = SQLITE_OK;
  while ((code = sqlite3_step(rows.get())) == SQLITE_ROW) {
    CatalogRecord record{column(rows, 0),
                         column(rows, 1),
                         static_cast<uint64_t>(sqlite3_column_int64(rows.get(), 2)),
                         column(rows, 3),
                         {}};
    records.emplace(std::pair(record.collection, record.key), std::move(record));
  }
  if (code != SQLITE_DONE) return std::unexpected(database_error(database.get(), "read records"));
  KANSOKU_TRY(rows, prepare(database.get(), "SELECT collection, key, name, value FROM indexes"));
  while ((code = sqlite3_step(rows.get())) == SQLITE_ROW) {
    auto found = records.find(std::pair(column(rows, 0), column(rows, 1)));
    if (found != records.end())
      found->second.indexes.emplace_back(column(rows, 2), column(rows, 3));
  }
  if (code != SQLITE_DONE) return std::unexpected(database_error(database.get(), "read indexes"));
  for (auto& [key, record] : records) memory.load(std::move(record));
  return {};
}

Status SqliteCatalog::State::store_write(const CatalogWrite& write, uint64_t version) {
  bind_text(drop_indexes, 1, write.collection);
  bind_text(drop_indexes, 2, write.key);
  KANSOKU_RETURN_IF_ERROR(run(database.get(), drop_indexes));
  if (!write.value) {
    bind_text(drop_record, 1, write.collection);
    bind_text(drop_record, 2, write.key);
    return run(database.get(), drop_record);
  }
  bind_text(put_record, 1, write.collection);
  bind_text(put_record, 2, write.key);
  sqlite3_bind_int64(put_record.get(), 3, static_cast<sqlite3_int64>(version));
  bind_text(put_record, 4, *write.value);
  KANSOKU_RETURN_IF_ERROR(run(database.get(), put_record));
  for (const auto& [name, value] : write.indexes) {
    bind_text(put_index, 1, write.collection);
    bind_text(put_index, 2, write.key);
    bind_text(put_index, 3, name);
    bind_text(put_index, 4, value);
    KANSOKU_RETURN_IF_ERROR(run(database.get(), put_index));
  }
  return {};
}

// Plans all transactions against memory and writes those that hold, in one SQLite transaction.
Status SqliteCatalog::State::store(std::vector<Transaction>& batch) {
  if (!database) return unavailable("the catalog is closed");
  if (vfs.sync_failed()) return unavailable("the catalog is read-only: a sync failed");
  ReferenceCatalog::Versions pending;
  size_t held = 0;
  for (Transaction& transaction : batch) {
    transaction.versions = memory.plan(transaction.writes, pending);
    held += static_cast<size_t>(transaction.versions.has_value());
  }
  if (held == 0) return {};
  KANSOKU_RETURN_IF_ERROR(execute(database.get(), "BEGIN IMMEDIATE"));
  Status status;
  for (const Transaction& transaction : batch) {
    if (!transaction.versions) continue;
    for (size_t i = 0; i < transaction.writes.size() && status; ++i) {
      status = store_write(transaction.writes[i], (*transaction.versions)[i]);
    }
  }
  if (status) status = execute(database.get(), "COMMIT");
  if (!status && sqlite3_get_autocommit(database.get()) == 0) {
    (void)execute(database.get(), "ROLLBACK");
  }
  return status;
}

bool SqliteCatalog::State::write_batch() {
  std::vector<Transaction> batch;
  {
    std::lock_guard lock(queue_mutex);
    while (!queue.empty() && batch.size() < kBatchMax) {
      batch.push_back(std::move(queue.front()));
      queue.pop_front();
    }
    if (batch.empty()) {
      writing = false;
      return false;
    }
  }
  Status status;
  {
    std::lock_guard lock(database_mutex);
    status = store(batch);
    for (Transaction& transaction : batch) {
      if (status && transaction.versions) memory.apply(transaction.writes, *transaction.versions);
    }
  }
  {
    std::lock_guard lock(queue_mutex);
    ++stats.batches;
    for (const Transaction& transaction : batch) {
      ++stats.transactions;
      stats.conflicts += static_cast<uint64_t>(status && !transaction.versions);
    }
    if (!status) {
      ++stats.failures;
      stats.last_error = status.error().to_string();
    }
  }
  for (Transaction& transaction : batch) {
    if (status) {
      transaction.done(std::move(transaction.versions));
    } else {
      transaction.done(std::unexpected(status.error()));
    }
  }
  return true;
}

SqliteCatalog::SqliteCatalog(std::shared_ptr<State> state) : state_(std::move(state)) {}
SqliteCatalog::~SqliteCatalog() { close(); }

Result<std::unique_ptr<SqliteCatalog>> SqliteCatalog::open(env::Env env, Executor& executor,
                                                           const std::string& path) {
  KANSOKU_RETURN_IF_ERROR(env.files->create_directories(env::parent_path(path)));
  auto state = std::make_shared<State>(env, executor);
  KANSOKU_RETURN_IF_ERROR(state->open(path));
  return std::unique_ptr<SqliteCatalog>(new SqliteCatalog(std::move(state)));
}

Result<CatalogRecord> SqliteCatalog::get(const std::string& collection,
                                         const std::string& key) const {
  return state_->memory.get(collection, key);
}
Result<std::vector<CatalogRecord>> SqliteCatalog::list(const std::string& collection,
                                                       const std::string& prefix,
                                                       const std::string& after,
                                                       size_t limit) const {
  return state_->memory.list(collection, prefix, after, limit);
}
Result<std::vector<CatalogRecord>> SqliteCatalog::find(const std::string& collection,
                                                       const std::string& index,
                                                       const std::string& value) const {
  return state_->memory.find(collection, index, value);
}

void SqliteCatalog::commit(std::vector<CatalogWrite> writes, Done done) {
  Status refused;
  bool schedule = false;
  {
    std::lock_guard lock(state_->queue_mutex);
    if (state_->closed) {
      refused = unavailable("the catalog is closed");
    } else if (state_->queue.size() >= kQueueMax) {
      refused = resource_exhausted("too many catalog writes wait: limit {}", kQueueMax);
    } else {
      state_->queue.push_back({std::move(writes), std::move(done), {}});
      schedule = !std::exchange(state_->writing, true);
    }
  }
  if (!refused) {
    done(std::unexpected(refused.error()));
    return;
  }
  if (schedule) {
    run_steps(state_->executor, Lane::Alarm, [state = state_] { return state->write_batch(); });
  }
}

uint64_t SqliteCatalog::watch(const std::string& collection, Watcher watcher) {
  return state_->memory.watch(collection, std::move(watcher));
}
void SqliteCatalog::unwatch(uint64_t id) { state_->memory.unwatch(id); }

CatalogStats SqliteCatalog::stats() const {
  std::lock_guard lock(state_->queue_mutex);
  CatalogStats stats = state_->stats;
  stats.records = state_->memory.record_count();
  stats.read_only = state_->vfs.sync_failed();
  return stats;
}

Status SqliteCatalog::snapshot(const std::string& path) {
  std::lock_guard lock(state_->database_mutex);
  if (!state_->database) return unavailable("the catalog is closed");
  KANSOKU_TRY(Statement copy, prepare(state_->database.get(), "VACUUM INTO ?"));
  sqlite3_bind_text(copy.get(), 1, path.c_str(), -1, SQLITE_STATIC);
  KANSOKU_RETURN_IF_ERROR(run(state_->database.get(), copy));
  env::FileSystem& files = *state_->vfs.env().files;
  KANSOKU_TRY(auto file, files.open(path, env::OpenMode::ReadWrite));
  KANSOKU_RETURN_IF_ERROR(file->sync_data());
  return files.sync_directory(env::parent_path(path));
}

void SqliteCatalog::close() {
  {
    std::lock_guard lock(state_->queue_mutex);
    if (state_->closed) return;
    state_->closed = true;
  }
  while (state_->write_batch()) {
  }
  std::lock_guard lock(state_->database_mutex);
  state_->put_record.reset();
  state_->drop_record.reset();
  state_->put_index.reset();
  state_->drop_indexes.reset();
  state_->database.reset();
}

}  // namespace kansoku::store
