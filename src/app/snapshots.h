// Copies of the running data directory, below DATA/snapshots: what a backup is made of.
//
// A snapshot is itself a data directory: parts and closed log segments under second names (hard
// links), everything that changes as copies. It is what a crash at one moment would leave: the
// metric engine at one record of its manifest, then the log at least as far (decision 092).
// Thread contract: free-threaded; one snapshot at a time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "store/catalog/sqlite_catalog.h"
#include "store/events/engine.h"
#include "store/exemplars/exemplar_engine.h"
#include "store/metrics/engine.h"
#include "store/wal/log.h"

namespace kansoku::app {

struct SnapshotParts {
  env::Env env;
  Executor* executor = nullptr;
  store::wal::Log* log = nullptr;
  store::metrics::MetricEngine* metrics = nullptr;
  store::events::EventEngine* events = nullptr;
  store::exemplars::ExemplarEngine* exemplars = nullptr;
  store::SqliteCatalog* catalog = nullptr;
  std::string data_directory;
  std::string version;
};

class Snapshots {
 public:
  explicit Snapshots(SnapshotParts parts) : parts_(std::move(parts)) {}
  using Done = std::move_only_function<void(Result<std::string>)>;
  // The name below DATA/snapshots. Unavailable while another one is being taken.
  void take(Done done);
  Result<std::vector<std::string>> list() const;
  Status remove(const std::string& name) const;

 private:
  struct Job;
  Status begin(Job& job);
  void copy_events(const std::shared_ptr<Job>& job);
  Status finish(Job& job);
  void end(const std::shared_ptr<Job>& job, const Status& status);
  std::string folder() const { return env::join_path(parts_.data_directory, "snapshots"); }

  SnapshotParts parts_;
  std::atomic<bool> busy_{false};
};

// Removes a folder and everything in it.
Status remove_tree(env::FileSystem& files, const std::string& path);

}  // namespace kansoku::app
