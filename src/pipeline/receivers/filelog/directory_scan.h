// Lists the folders of the sources' globs. A folder whose time of change stands still is not listed
// again (but now and then, for file systems without such a time). Thread contract: one owner.
#pragma once

#include <map>
#include <set>

#include "base/env/env.h"
#include "pipeline/receivers/filelog/fingerprint.h"
#include "pipeline/receivers/filelog/source.h"

namespace kansoku::pipeline::filelog {

struct FoundFile {
  std::string path;
  FileKey key;
  uint64_t size = 0;
  int64_t modified_ns = 0;
  bool matched = false;  // else only the name of a rotated file
  bool packed = false;   // the text is inside (app.log.1.gz)
};

class DirectoryScan {
 public:
  explicit DirectoryScan(env::Env env) : env_(env) {}
  // Folders are looked at once a round.
  void begin_round(bool full);
  // The files that match, and those that by their name come from one of `known_names` (names of
  // followed files, by folder), packed ones too. Sorted by path.
  std::vector<FoundFile> find(const Source& source,
                              const std::map<std::string, std::set<std::string>>& known_names);
  // Whether the folder could not be read in this round, so that nothing may be concluded from what
  // is missing.
  bool unreadable(const std::string& directory) const { return unreadable_.contains(directory); }
  // The next find() of that folder lists and looks at its files again.
  void forget(const std::string& directory) { cache_.erase(directory); }
  uint64_t listings() const { return listings_; }

 private:
  struct Entry {
    std::string name;
    bool is_directory = false;
    bool is_link = false;
    std::optional<env::FileInfo> info;  // of files that somebody asked for
  };
  struct Directory {
    int64_t modified_ns = -1;
    bool settled = false;  // listed so long after its change that a later one has another time
    std::vector<Entry> entries;
  };
  Directory* look(const std::string& path);
  void walk(const Source& source, const PathGlob& glob, const std::string& directory, size_t levels,
            const std::map<std::string, std::set<std::string>>& known_names,
            std::map<std::string, FoundFile>& out);

  env::Env env_;
  std::map<std::string, Directory> cache_;
  std::set<std::string> looked_;  // in this round
  std::set<std::string> unreadable_;
  uint64_t listings_ = 0;
};

}  // namespace kansoku::pipeline::filelog
