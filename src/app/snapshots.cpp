#include "app/snapshots.h"

#include "base/check.h"
#include "base/log.h"
#include "base/time/civil.h"
#include "net/secrets/secrets.h"
#include "wire/json/json_writer.h"

namespace kansoku::app {
namespace {

// What receivers remember: offsets, cursors, the spool.
constexpr std::string_view kCollect = "collect";
// Files of the data directory that are copied in their own way, or written at each start.
constexpr std::array<std::string_view, 4> kNotCopied{"catalog.db", "catalog.db-wal",
                                                     "catalog.db-shm", "ports.json"};
// Folders whose owners copy them.
constexpr std::array<std::string_view, 4> kEngineFolders{"wal", "metrics", "events", "exemplars"};
constexpr size_t kSmallFileBytesMax = 64U << 20;

bool is_name(std::string_view name) {
  return !name.empty() && name.find_first_not_of("0123456789abcdefTZ-") == std::string_view::npos;
}

// As Prometheus names its snapshots: the time, then something random.
std::string make_name(env::Env env) {
  CivilTime now = civil_time(env.clock->wall_now().ms());
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z-{}", now.year, now.month, now.day, now.hour,
                     now.minute, now.second, net::random_hex(*env.random, 8));
}

}  // namespace

// Files that go meanwhile are left out: what they held is in others, or settled.
Status copy_tree(env::FileSystem& files, const std::string& from, const std::string& to) {
  auto entries = files.list(from);
  if (!entries && entries.error().code == ErrorCode::NotFound) return {};
  if (!entries) return std::unexpected(std::move(entries).error());
  KANSOKU_RETURN_IF_ERROR(files.create_directories(to));
  for (const env::DirectoryEntry& entry : *entries) {
    const std::string source = env::join_path(from, entry.name);
    const std::string target = env::join_path(to, entry.name);
    if (entry.name.ends_with(".tmp")) continue;
    if (entry.is_directory) {
      KANSOKU_RETURN_IF_ERROR(copy_tree(files, source, target));
      continue;
    }
    auto bytes = files.read_all(source);
    if (!bytes && bytes.error().code == ErrorCode::NotFound) continue;
    if (!bytes) return std::unexpected(std::move(bytes).error());
    KANSOKU_RETURN_IF_ERROR(files.write_atomic(target, *bytes));
  }
  return {};
}

Status remove_tree(env::FileSystem& files, const std::string& path) {
  KANSOKU_TRY(auto entries, files.list(path));
  for (const env::DirectoryEntry& entry : entries) {
    std::string below = env::join_path(path, entry.name);
    KANSOKU_RETURN_IF_ERROR(entry.is_directory ? remove_tree(files, below) : files.remove(below));
  }
  return files.remove(path);
}

struct Snapshots::Job {
  std::string name;
  std::string path;
  std::shared_ptr<void> held;  // segments of the log
  Done done;
};

void Snapshots::take(Done done) {
  if (busy_.exchange(true)) {
    done(unavailable("another snapshot is being taken"));
    return;
  }
  auto job = std::make_shared<Job>();
  job->done = std::move(done);
  parts_.executor->post(Lane::Merge, [this, job] {
    Status begun = begin(*job);
    if (!begun) {
      end(job, begun);
      return;
    }
    parts_.metrics->snapshot(
        env::join_path(job->path, "metrics"), [this, job](Status copied) mutable {
          // Off the engine's own strand, which goes on meanwhile.
          parts_.executor->post(Lane::Merge, [this, job, copied = std::move(copied)] {
            if (!copied) return end(job, copied);
            copy_events(job);
          });
        });
  });
}

void Snapshots::copy_events(const std::shared_ptr<Job>& job) {
  parts_.events->snapshot(env::join_path(job->path, "events"), [this, job](Status copied) mutable {
    parts_.executor->post(Lane::Merge, [this, job, copied = std::move(copied)] {
      end(job, copied ? finish(*job) : copied);
    });
  });
}

// The log's segments are held before the engine is copied, so that the log's copy begins where the
// engine's ends, or earlier.
Status Snapshots::begin(Job& job) {
  job.name = make_name(parts_.env);
  job.path = env::join_path(folder(), job.name);
  for (const std::string_view name : kEngineFolders) {
    KANSOKU_RETURN_IF_ERROR(parts_.env.files->create_directories(env::join_path(job.path, name)));
  }
  job.held = parts_.log->hold_segments();
  return {};
}

Status Snapshots::finish(Job& job) {
  env::FileSystem& files = *parts_.env.files;
  KANSOKU_RETURN_IF_ERROR(parts_.exemplars->snapshot(env::join_path(job.path, "exemplars")));
  // Before the log: what receivers then send again the log's copy has, and knows by its number.
  KANSOKU_RETURN_IF_ERROR(copy_tree(files, env::join_path(parts_.data_directory, kCollect),
                                    env::join_path(job.path, kCollect)));
  KANSOKU_RETURN_IF_ERROR(parts_.log->snapshot(env::join_path(job.path, "wal")));
  KANSOKU_RETURN_IF_ERROR(parts_.catalog->snapshot(env::join_path(job.path, "catalog.db")));
  KANSOKU_TRY(auto entries, files.list(parts_.data_directory));
  for (const env::DirectoryEntry& entry : entries) {
    const bool of_engine =
        std::find(kEngineFolders.begin(), kEngineFolders.end(), entry.name) != kEngineFolders.end();
    bool known = of_engine || entry.name == "snapshots" || entry.name == kCollect ||
                 entry.name.ends_with(".tmp") ||
                 std::find(kNotCopied.begin(), kNotCopied.end(), entry.name) != kNotCopied.end();
    if (known) continue;
    if (entry.is_directory) {
      if (entry.name == "lost+found") continue;
      // Whoever adds a folder to the data directory has to say how it is copied.
      return failed_precondition("the folder {} of the data directory is not kansoku's",
                                 quoted(entry.name));
    }
    KANSOKU_TRY(std::string bytes, files.read_all(env::join_path(parts_.data_directory, entry.name),
                                                  kSmallFileBytesMax));
    KANSOKU_RETURN_IF_ERROR(files.write_atomic(env::join_path(job.path, entry.name), bytes));
  }
  // Written last: a snapshot without it is not whole.
  std::string json_text;
  wire::JsonWriter json(json_text);
  json.begin_object();
  json.key("version");
  json.integer(1);
  json.key("kansoku");
  json.string(parts_.version);
  json.key("takenMs");
  json.integer(parts_.env.clock->wall_now().ms());
  json.end_object();
  KANSOKU_RETURN_IF_ERROR(
      files.write_atomic(env::join_path(job.path, "snapshot.json"), json_text + "\n"));
  return files.sync_directory(folder());
}

void Snapshots::end(const std::shared_ptr<Job>& job, const Status& status) {
  job->held.reset();
  if (!status && !job->path.empty()) {
    if (auto removed = remove_tree(*parts_.env.files, job->path); !removed) {
      log_warn("snapshots", "an unfinished snapshot stays: {}", removed.error().to_string());
    }
  }
  Done done = std::move(job->done);
  busy_.store(false);
  if (status) {
    done(job->name);
  } else {
    done(std::unexpected(status.error()));
  }
}

Result<std::vector<std::string>> Snapshots::list() const {
  std::vector<std::string> out;
  auto entries = parts_.env.files->list(folder());
  if (!entries && entries.error().code == ErrorCode::NotFound) return out;
  if (!entries) return std::unexpected(std::move(entries).error());
  for (const env::DirectoryEntry& entry : *entries) {
    std::string path = env::join_path(folder(), entry.name);
    bool whole = parts_.env.files->exists(env::join_path(path, "snapshot.json"));
    if (entry.is_directory && is_name(entry.name) && whole) out.push_back(entry.name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Status Snapshots::remove(const std::string& name) const {
  if (!is_name(name)) return invalid_argument("{} is no name of a snapshot", quoted(name));
  std::string path = env::join_path(folder(), name);
  if (!parts_.env.files->exists(path)) return not_found("no snapshot {}", quoted(name));
  return remove_tree(*parts_.env.files, path);
}

}  // namespace kansoku::app
