// All files that are known: finds new ones, follows them through renames, truncations, copies and
// removals, and says which have something to read.
//
// A tail is a content: bytes that are read once, in order, from whatever file has them. It is bound
// to one file; when that one loses them it is bound to a copy, or retired. Files that only have
// bytes of another content are tails of the kind Copy. README.md, "How files are told apart", has
// the rules; file_identity.cpp has them in code. Thread contract: one owner (the receiver's turn).
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
  uint64_t removed = 0;       // finished files that were deleted
  uint64_t released = 0;      // times that a file was closed because nothing could be sent
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
  // True once when a content lost its file that has bytes in a batch: only that batch, and perhaps
  // a copy, has them, so that it must not wait.
  bool take_urgent() { return std::exchange(urgent_, false); }
  bool has_ready() const { return !ready_.empty(); }
  Tail* find(uint64_t id);
  // A file that has the bytes which `id` had: its own, or a copy; null: none.
  Tail* holder_of(uint64_t id);
  // The file has no longer what was read from it: it was truncated, or rewritten.
  void rewritten(Tail& tail);
  // To be called before what was read of it is sent: the state has its first bytes then.
  void remember_head(const Tail& tail);
  // A batch with a range of it got its answer.
  void settled(Tail& tail);
  // Closes files of sources that say so; `blocked_ms`: how long what was read of a file, or is to
  // be read, could not be sent.
  void release_blocked(const std::function<int64_t(const Tail&)>& blocked_ms);
  // One that was closed so is wanted again. False: it is not where it was; discover() finds out.
  bool reopen(Tail& tail);
  env::MonotonicTime next_poll() const;
  // All folders were listed after that.
  env::WallTime seen_until() const { return {round_before_ns_}; }
  FileTableStats stats() const;

 private:
  // A file that is open and about to be told: its size is that of the text.
  struct Candidate {
    FoundFile found;
    std::unique_ptr<env::File> file;
  };
  using KnownNames = std::map<std::string, std::set<std::string>>;

  // file_table.cpp
  bool hold(Tail& tail);
  Tail& add(FileRecord record, const Source& source, std::unique_ptr<env::File> file);
  void save(const Tail& tail);
  void forget(uint64_t id);
  std::unique_ptr<env::File> open(const Source& source, const std::string& path);
  void make_room();
  void look_at(Tail& tail, env::MonotonicTime now);
  bool may_be_copy(const Tail& tail) const;
  void look_at_quiet(Tail& tail, env::MonotonicTime now);
  void discover_source(const Source& source);
  void locate(Tail& tail, const FoundFile* found);
  void locate_followed(Tail& tail, const FoundFile& found);
  bool adopt(const Source& source, const FoundFile& found);
  void start_at_end(Tail& tail);
  void look_at_unknown(const Source& source, std::vector<FoundFile>& found);
  const FoundFile* newest_of(const Source& source,
                             const std::map<FileKey, const FoundFile*>& found);
  bool passed_over(const Source& source, const FoundFile& file);
  void end_superseded(const Source& source, const FoundFile& newest);
  void remove_finished(Tail& tail);
  bool rotated_unseen(const Source& source, const FoundFile& found, std::string& base) const;
  KnownNames known_names(const Source& source);
  void note_vacant_names();

  // file_identity.cpp
  std::optional<uint64_t> at_hand(Tail& content);
  Tail* content_of(const Source& source, Candidate& candidate, uint64_t* evidence_out = nullptr);
  Tail& place(const Source& source, Candidate candidate, std::string logical_path);
  void place_again(Tail& tail, std::unique_ptr<env::File> file);
  void look_at_copy(Tail& copy, env::MonotonicTime now);
  std::set<std::string> folders_of(const Tail& content) const;
  std::optional<Candidate> find_holder(Tail& content, bool gone);
  bool is_copy_of_newcomer(const Tail& content, const Candidate& candidate);
  std::optional<Candidate> holder_at(Tail& content, const std::string& path, bool gone);
  void lost(Tail& tail, bool gone);
  void give_up(Tail& tail);
  void retire(Tail& tail);
  void resume(Tail& content, Candidate candidate);
  void forget_retired();

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
  std::map<const Source*, KnownNames> names_;
  // Files that are not read, as newer ones match, and when they had changed last.
  std::map<std::pair<const Source*, FileKey>, int64_t> passed_over_;
  bool urgent_ = false;
  bool first_round_ = true;
  bool fresh_ = false;
  bool discovering_ = false;
  bool missed_ = false;    // a file was listed in this round, and moved before it was opened
  uint64_t rejected_ = 0;  // the content that the file at hand has just been found not to have
  env::MonotonicTime full_at_;
  int64_t round_before_ns_ = 0;  // wall time at which the last round began, with some slack
  FileTableStats stats_;
};

}  // namespace kansoku::pipeline::filelog
