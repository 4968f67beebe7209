// All files that are known: finds new ones, follows them through renames, truncations, copies and
// removals, and says which have something to read. README.md, "How files are told apart", has the
// rules. Thread contract: one owner (the receiver's turn).
#pragma once

#include <deque>
#include <map>

#include "pipeline/receivers/filelog/byte_ledger.h"
#include "pipeline/receivers/filelog/directory_scan.h"
#include "pipeline/receivers/filelog/journal.h"
#include "pipeline/receivers/filelog/tail.h"

namespace kansoku::pipeline::filelog {

struct FileTableStats {
  uint64_t files = 0;  // followed
  uint64_t open_files = 0;
  uint64_t rotations = 0;     // a followed file got another name, or none
  uint64_t truncations = 0;   // seen
  uint64_t copies_found = 0;  // of truncated or lost files, in which reading went on
  uint64_t open_errors = 0;
  std::string last_error;
};

class FileTable {
 public:
  FileTable(env::Env env, const FilelogConfig& config,
            const std::vector<std::unique_ptr<const Source>>& sources, Journal& journal,
            ByteLedger& ledger);

  // Takes over what the journal remembers; `fresh`: nothing, at the very first start.
  void restore(bool fresh);
  // Looks for new, moved and lost files.
  void discover();
  // Looks at those whose time has come.
  void poll();
  // The file whose turn it is among those with something to read, but for those that wait for an
  // answer in another slot; null: none.
  Tail* take_ready(uint32_t slot);
  void make_ready(Tail& tail);
  bool has_ready() const { return !ready_.empty(); }
  Tail* find(uint64_t id);
  // A file that has the bytes which `id` had: itself, or its copy; null: none.
  Tail* holder_of(uint64_t id);
  // The file has no longer what was read from it: it was truncated, or rewritten.
  void rewritten(Tail& tail);
  // To be called before what was read of it is sent: the state has its first bytes then.
  void remember_head(const Tail& tail);
  // A batch with a range of it got its answer.
  void settled(Tail& tail);
  env::MonotonicTime next_poll() const;
  FileTableStats stats() const;

 private:
  struct Copy {
    FoundFile found;
    std::unique_ptr<env::File> file;
    bool reaches = false;  // up to the position of the other
  };

  bool hold(Tail& tail);
  Tail& add(FileRecord record, const Source& source, std::unique_ptr<env::File> file);
  void save(const Tail& tail);
  void forget(uint64_t id);
  std::unique_ptr<env::File> open(const std::string& path);
  void make_room();
  void look_at(Tail& tail, env::MonotonicTime now);
  void discover_source(const Source& source);
  void locate(Tail& tail, const FoundFile* found);
  void lost(Tail& tail);
  bool adopt(const Source& source, const FoundFile& found);
  const Tail* original_of(const Source& source, const FoundFile& found, env::File& file,
                          bool& undecided, const Tail* but = nullptr);
  void check_copies(const Source& source);
  std::optional<Copy> find_copy(const Tail& tail);
  void retire(Tail& tail, bool continued);
  // True when the copy has all that was seen of the other.
  bool start_copy(const Tail& tail, Copy copy);
  bool is_copy_now(Tail& tail);
  std::map<std::string, std::set<std::string>> known_names(const Source& source);
  void note_vacant_names();

  env::Env env_;
  const FilelogConfig& config_;
  const std::vector<std::unique_ptr<const Source>>& sources_;
  Journal& journal_;
  ByteLedger& ledger_;
  DirectoryScan scan_;
  std::map<uint64_t, std::unique_ptr<Tail>> tails_;
  std::map<std::pair<const Source*, FileKey>, uint64_t> by_key_;
  std::deque<uint64_t> ready_;
  // Folders with names that are to be looked at again in the next round.
  std::set<std::string> look_again_;
  // Paths that lost their file, or its bytes, since the last round, and those that had none in the
  // last round: what rotated unseen comes from them.
  std::set<std::string> rotated_;
  // By source and folder: names under which files were found, also when they are gone.
  std::map<const Source*, std::map<std::string, std::set<std::string>>> names_;
  bool first_round_ = true;
  bool fresh_ = false;
  env::MonotonicTime full_at_;
  int64_t round_before_ns_ = 0;  // wall time at which the last round began, with some slack
  FileTableStats stats_;
};

}  // namespace kansoku::pipeline::filelog
