// kansoku ctl backup and restore: a snapshot of the running server as a folder of its own, with a
// list of its files and their checksums, and back.
#include <cstdio>

#include "app/ctl_commands.h"
#include "app/snapshots.h"
#include "base/env/env.h"
#include "base/text/hex.h"
#include "wire/document/document.h"
#include "wire/json/json_writer.h"

namespace kansoku::app {
namespace {

constexpr const char* kListName = "backup.json";
constexpr int kListVersion = 1;
constexpr size_t kListBytesMax = size_t{1} << 30;
constexpr int64_t kSnapshotTimeoutMs = 600'000;

struct BackupFile {
  std::string path;  // below the backup's folder
  uint64_t bytes = 0;
  uint32_t crc = 0;
};

// Copies a file and says what went over; the target is synced.
Result<BackupFile> copy_file(env::FileSystem& files, const std::string& from,
                             const std::string& to) {
  KANSOKU_TRY(auto source, files.open(from, env::OpenMode::Read));
  KANSOKU_TRY(auto target, files.open(to, env::OpenMode::CreateNew));
  BackupFile out;
  std::string buffer(1U << 20, '\0');
  for (;;) {
    KANSOKU_TRY(size_t read, source->read_at(out.bytes, std::as_writable_bytes(std::span(buffer))));
    if (read == 0) break;
    std::string_view piece = std::string_view(buffer).substr(0, read);
    KANSOKU_RETURN_IF_ERROR(target->write_at(out.bytes, as_bytes(piece)));
    out.crc = crc32c(as_bytes(piece), out.crc);
    out.bytes += read;
  }
  KANSOKU_RETURN_IF_ERROR(target->sync_data());
  return out;
}

Status copy_tree(env::FileSystem& files, const std::string& from, const std::string& to,
                 const std::string& below, std::vector<BackupFile>& out) {
  std::string source = below.empty() ? from : env::join_path(from, below);
  std::string target = below.empty() ? to : env::join_path(to, below);
  KANSOKU_RETURN_IF_ERROR(files.create_directories(target));
  KANSOKU_TRY(auto entries, files.list(source));
  for (const env::DirectoryEntry& entry : entries) {
    std::string path = below.empty() ? entry.name : below + "/" + entry.name;
    if (entry.is_directory) {
      KANSOKU_RETURN_IF_ERROR(copy_tree(files, from, to, path, out));
      continue;
    }
    KANSOKU_TRY(BackupFile file,
                copy_file(files, env::join_path(from, path), env::join_path(to, path)));
    file.path = std::move(path);
    out.push_back(std::move(file));
  }
  return files.sync_directory(target);
}

std::string list_json(const std::vector<BackupFile>& list) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.key("version");
  json.integer(kListVersion);
  json.key("files");
  json.begin_array();
  for (const BackupFile& file : list) {
    json.begin_object();
    json.key("path");
    json.string(file.path);
    json.key("bytes");
    json.unsigned_integer(file.bytes);
    json.key("crc32c");
    json.string(fmt::format("{:08x}", file.crc));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out + "\n";
}

Result<std::vector<BackupFile>> read_list(env::FileSystem& files, const std::string& directory) {
  auto text = files.read_all(env::join_path(directory, kListName), kListBytesMax);
  if (!text) {
    return not_found("{} is no whole backup: it has no {}", directory, kListName);
  }
  KANSOKU_TRY(auto node, wire::parse_json(*text));
  if (node.number_of("version") != kListVersion) {
    return unimplemented("{} is of a version that this kansoku does not know", directory);
  }
  std::vector<BackupFile> out;
  const wire::Node* list = node.find("files");
  if (list == nullptr) return corruption("{} has no list of files", kListName);
  for (const wire::Node& item : list->items) {
    BackupFile file{.path = std::string(item.text_of("path"))};
    file.bytes = static_cast<uint64_t>(item.number_of("bytes").value_or(0));
    file.crc = static_cast<uint32_t>(
        std::strtoul(std::string(item.text_of("crc32c")).c_str(), nullptr, 16));
    bool inside =
        !file.path.empty() && file.path[0] != '/' && file.path.find("..") == std::string::npos;
    if (!inside) return corruption("{} names the file {}", kListName, quoted(file.path));
    out.push_back(std::move(file));
  }
  return out;
}

// Nothing or an empty folder.
Status check_empty(env::FileSystem& files, const std::string& path) {
  auto entries = files.list(path);
  if (!entries && entries.error().code == ErrorCode::NotFound) return {};
  if (!entries) return std::unexpected(std::move(entries).error());
  if (entries->empty()) return {};
  return already_exists("{} is not empty", path);
}

Result<std::string> take_snapshot(const ToolEndpoint& endpoint) {
  auto answer = send_request(endpoint, {.method = "POST",
                                        .path = "/-/admin/snapshots",
                                        .body = {},
                                        .headers = {},
                                        .timeout_ms = kSnapshotTimeoutMs});
  if (!answer) return std::unexpected(std::move(answer).error());
  auto body = wire::parse_json(answer->body);
  if (answer->status != 200 || !body) {
    const wire::Node* error = body ? body->find("error") : nullptr;
    return unavailable("the server answered {}: {}", answer->status,
                       error != nullptr ? error->text_of("message") : std::string_view());
  }
  return std::string(body->text_of("name"));
}

Result<std::vector<BackupFile>> back_up(const CtlFlags& flags, const std::string& target) {
  env::FileSystem& files = env::real_files();
  KANSOKU_RETURN_IF_ERROR(check_empty(files, target));
  KANSOKU_TRY(ToolEndpoint endpoint, find_endpoint(flags.data, flags.endpoint, flags.token));
  KANSOKU_TRY(std::string name, take_snapshot(endpoint));
  std::string source = env::join_path(flags.data, "snapshots/" + name);
  std::vector<BackupFile> list;
  Status copied = copy_tree(files, source, target, "", list);
  if (copied) {
    // Written last: what has no list is no whole backup.
    copied = files.write_atomic(env::join_path(target, kListName), list_json(list));
  }
  auto removed = send_request(endpoint, {.method = "DELETE",
                                         .path = "/-/admin/snapshots/" + name,
                                         .body = {},
                                         .headers = {},
                                         .timeout_ms = kSnapshotTimeoutMs});
  if (!removed || removed->status != 200) {
    fmt::print(stderr, "kansoku ctl backup: the snapshot {} stays; remove it by hand\n", source);
  }
  KANSOKU_RETURN_IF_ERROR(std::move(copied));
  return list;
}

Result<std::vector<BackupFile>> restore(const std::string& source, const std::string& target) {
  env::FileSystem& files = env::real_files();
  KANSOKU_TRY(auto list, read_list(files, source));
  KANSOKU_RETURN_IF_ERROR(files.create_directories(target));
  std::set<std::string> folders{target};
  for (const BackupFile& file : list) {
    std::string from = env::join_path(source, file.path);
    std::string to = env::join_path(target, file.path);
    std::string folder = env::parent_path(to);
    if (folders.insert(folder).second) KANSOKU_RETURN_IF_ERROR(files.create_directories(folder));
    KANSOKU_TRY(BackupFile copied, copy_file(files, from, to));
    if (copied.bytes != file.bytes || copied.crc != file.crc) {
      return fail(ErrorCode::DataLoss, "the backup is damaged: bytes or checksum differ", from);
    }
  }
  for (const std::string& folder : folders) {
    KANSOKU_RETURN_IF_ERROR(files.sync_directory(folder));
  }
  return list;
}

uint64_t bytes_of(const std::vector<BackupFile>& list) {
  uint64_t bytes = 0;
  for (const BackupFile& file : list) bytes += file.bytes;
  return bytes;
}

}  // namespace

int run_ctl_backup(const CtlFlags& flags, const std::vector<std::string>& operands) {
  if (operands.size() != 1) {
    fmt::print(stderr, "kansoku ctl backup: name one folder, which must not exist or be empty\n");
    return 2;
  }
  auto list = back_up(flags, operands[0]);
  if (!list) {
    fmt::print(stderr, "kansoku ctl backup: {}\n", list.error().to_string());
    return 1;
  }
  fmt::print("{} files, {} bytes in {}\n", list->size(), bytes_of(*list), operands[0]);
  fmt::print(stderr,
             "it holds master.key and credentials: keep it as secret as the server itself\n");
  return 0;
}

int run_ctl_restore(const CtlFlags& flags, const std::vector<std::string>& operands) {
  if (operands.size() != 1) {
    fmt::print(stderr, "kansoku ctl restore: name the folder of one backup\n");
    return 2;
  }
  // What is there already is not ours to remove.
  Status empty = check_empty(env::real_files(), flags.data);
  auto list = empty ? restore(operands[0], flags.data)
                    : Result<std::vector<BackupFile>>(std::unexpected(empty.error()));
  if (!list && empty && env::real_files().exists(flags.data)) {
    // Half of a data directory must not be started.
    (void)remove_tree(env::real_files(), flags.data);
  }
  if (!list) {
    fmt::print(stderr, "kansoku ctl restore: {}\n", list.error().to_string());
    return 1;
  }
  fmt::print("{} files, {} bytes restored to {}\n", list->size(), bytes_of(*list), flags.data);
  return 0;
}

}  // namespace kansoku::app
