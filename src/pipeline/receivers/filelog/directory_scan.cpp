#include "pipeline/receivers/filelog/directory_scan.h"

namespace kansoku::pipeline::filelog {
namespace {

// Longer than the steps of any file system's clock (FAT: 2 s).
constexpr int64_t kSettledNs = 3 * env::kNsPerS;
// Of a walk; symbolic links could go round in circles.
constexpr size_t kLevelsMax = 32;

bool comes_from(const std::set<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& base) { return is_rotated_name(base, name); });
}

}  // namespace

void DirectoryScan::begin_round(bool full) {
  looked_.clear();
  unreadable_.clear();
  if (full) cache_.clear();
}

DirectoryScan::Directory* DirectoryScan::look(const std::string& path) {
  auto known = cache_.find(path);
  if (looked_.contains(path)) return known == cache_.end() ? nullptr : &known->second;
  looked_.insert(path);
  auto info = env_.files->info(path);
  if (info && known != cache_.end() && known->second.settled &&
      known->second.modified_ns == info->modified_ns) {
    for (Entry& entry : known->second.entries) {
      if (entry.is_link) entry.info.reset();
    }
    return &known->second;
  }
  auto listed = info ? env_.files->list(path) : std::unexpected(info.error());
  if (!listed) {
    if (listed.error().code != ErrorCode::NotFound) unreadable_.insert(path);
    cache_.erase(path);
    return nullptr;
  }
  ++listings_;
  Directory& directory = cache_[path];
  directory.modified_ns = info->modified_ns;
  directory.settled = env_.clock->wall_now().ns - info->modified_ns > kSettledNs;
  directory.entries.clear();
  for (env::DirectoryEntry& entry : *listed) {
    directory.entries.push_back({std::move(entry.name), entry.is_directory, entry.is_link, {}});
  }
  return &directory;
}

void DirectoryScan::walk(const Source& source, const PathGlob& glob, const std::string& path,
                         size_t levels,
                         const std::map<std::string, std::set<std::string>>& known_names,
                         std::map<std::string, FoundFile>& out) {
  Directory* directory = look(path);
  if (directory == nullptr) return;
  // Rotation may put files beneath their folder (olddir).
  auto names = known_names.find(path);
  auto above = known_names.find(env::parent_path(path));
  std::vector<std::string> below;
  for (Entry& entry : directory->entries) {
    std::string full = env::join_path(path, entry.name);
    if (entry.is_link && levels > 1) {
      auto target = env_.files->info(full);
      entry.is_directory = target && target->is_directory;
    }
    if (entry.is_directory) {
      // One level more than the pattern says: rotated files may be kept there (olddir).
      bool further = levels > 1 && glob.may_hold(full);
      if (further || levels == 1) below.push_back(std::move(full));
      continue;
    }
    bool matched = source.matches(full);
    bool known = (names != known_names.end() && comes_from(names->second, entry.name)) ||
                 (above != known_names.end() && comes_from(above->second, entry.name));
    bool rotated = !matched && known && !source.excluded(full);
    bool packed = source.is_packed(full);
    if (packed && !is_gzip_name(entry.name)) continue;
    if ((!matched && !rotated) || out.contains(full)) continue;
    if (!entry.info) {
      auto info = env_.files->info(full);
      if (!info) continue;  // gone in the meantime, or a link to nowhere
      entry.info = *info;
    }
    if (!entry.info->is_regular) continue;
    out[full] = {full,
                 {entry.info->device, entry.info->inode},
                 entry.info->size_bytes,
                 entry.info->modified_ns,
                 matched,
                 packed};
  }
  // `directory` may be moved by what is listed below.
  for (const std::string& child : below) {
    walk(source, glob, child, levels - 1, known_names, out);
  }
}

std::vector<FoundFile> DirectoryScan::find(
    const Source& source, const std::map<std::string, std::set<std::string>>& known_names) {
  std::map<std::string, FoundFile> found;
  for (const PathGlob& glob : source.include()) {
    for (const PathGlob::Root& root : glob.roots()) {
      walk(source, glob, root.directory, root.recursive ? kLevelsMax : root.levels, known_names,
           found);
    }
  }
  std::vector<FoundFile> out;
  for (auto& [path, file] : found) out.push_back(std::move(file));
  return out;
}

}  // namespace kansoku::pipeline::filelog
