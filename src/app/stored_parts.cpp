#include "app/stored_parts.h"

#include "store/metrics/part.h"

namespace kansoku::app {

Result<std::vector<api::prometheus::StoredPart>> list_stored_parts(env::FileSystem& files,
                                                                   const std::string& directory) {
  std::vector<api::prometheus::StoredPart> out;
  KANSOKU_TRY(auto entries, files.list(directory));
  for (const env::DirectoryEntry& entry : entries) {
    uint64_t id = 0;
    if (!store::metrics::parse_part_name(entry.name, id)) continue;
    auto meta = store::metrics::Part::read_meta(files, env::join_path(directory, entry.name));
    if (!meta) continue;
    out.push_back({meta->id, meta->level, meta->min_ms, meta->max_ms, meta->points});
  }
  return out;
}

}  // namespace kansoku::app
