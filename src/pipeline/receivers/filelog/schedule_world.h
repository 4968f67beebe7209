// A simulated host for the tests: log files that are written, rotated, truncated, copied,
// compressed (gzip) and removed by chance, a receiver that is killed, and a sink that refuses,
// loses its answers and knows numbered batches. Every line is "L<number> ..." with a number of its
// own.
#pragma once

#include <map>
#include <random>
#include <set>

#include "base/env/sim.h"
#include "pipeline/receivers/filelog/filelog_receiver.h"

namespace kansoku::pipeline::filelog::test {

// Takes a batch of one number once. Holds answers back, or refuses, when told.
class NumberedSink final : public EventSink {
 public:
  enum class Mode : uint8_t { Answer, Refuse, Hold };
  void push(signal::EventDelivery delivery) override;
  void answer_held();
  // The process that waits for answers dies: some of what it sent arrived, some did not.
  void crash(std::mt19937_64& random);

  Mode mode = Mode::Answer;
  std::map<uint64_t, int> lines;  // number -> times stored
  std::set<uint64_t> offered;     // also in batches that were refused
  std::vector<std::string> others;
  uint64_t batches = 0;
  uint64_t repeats = 0;
  uint64_t bytes = 0;  // of what was stored, with a line's end each
  std::string trace;

 private:
  void store(const signal::EventDelivery& delivery);
  std::vector<signal::EventDelivery> held_;
  std::set<std::tuple<std::string, uint64_t, uint64_t>> known_;
};

struct ScheduleOptions {
  uint64_t seed = 0;
  int operations = 30;
  // Files begin with the same 302 bytes.
  bool same_heads = false;
  int64_t batch_wait_ms = 0;
  bool trace = false;
};

class ScheduleWorld {
 public:
  explicit ScheduleWorld(ScheduleOptions options);
  ~ScheduleWorld();
  ScheduleWorld(const ScheduleWorld&) = delete;
  ScheduleWorld& operator=(const ScheduleWorld&) = delete;
  // Runs the whole schedule; the first broken rule, or empty.
  std::string run();
  uint64_t lines_written() const { return next_line_ - 1; }
  uint64_t lines_excused() const { return excused_seen_; }
  uint64_t lines_repeated() const;

 private:
  struct Log {
    std::string path;
    std::unique_ptr<env::File> writer;
    uint64_t offset = 0;  // of the writer
    bool appends = true;  // O_APPEND
    bool same_head = false;
  };
  struct Placed {  // a line in a file
    uint64_t number = 0;
    uint64_t begin = 0;
  };

  void start_receiver();
  void crash_receiver();
  void run_for(int64_t ms);
  void operation();
  void append(Log& log, int lines);
  void write(Log& log, std::string_view bytes);
  void reopen(Log& log);
  void shift(Log& log);
  void rotate_by_rename(Log& log);
  void copytruncate(Log& log);
  void compress(Log& log);
  void remove_and_recreate(Log& log);
  void settle();
  // What stands in a file that goes for good, or behind `from` in one that is truncated.
  void lose(const std::string& path, uint64_t from, bool truncated);
  // Whether everything written until then was surely looked at / could be sent.
  bool surely_seen(uint64_t number, int64_t since_ns) const;
  void lose_packed(const std::string& path);
  void note_truncation(const Log& log, uint64_t copied);
  void sync_folders();
  void watch_sink();
  // Rotated files go to a folder of their own.
  bool olddir() const { return options_.seed % 8 == 5; }
  std::string rotated(const Log& log, int number) const;
  std::string check_lines();
  std::string check_ledger() const;
  void note(const std::string& what);
  std::string check(bool complete);
  uint64_t chance(uint64_t n) { return random_() % n; }

  ScheduleOptions options_;
  std::mt19937_64 random_;
  env::SimFileSystem disk_;
  env::SimClock clock_;
  env::SimRandom sim_random_;
  std::unique_ptr<ManualExecutor> executor_;
  NumberedSink sink_;
  signal::Ledger row_ledger_;
  std::shared_ptr<FilelogReceiver> receiver_;
  std::vector<Log> logs_;
  uint64_t next_line_ = 1;
  std::set<uint64_t> excused_;              // their bytes went before a read had to see them
  std::set<uint64_t> in_memory_;            // seen, and gone from the disk: a crash excuses them
  std::map<uint64_t, int64_t> written_at_;  // number -> monotonic time at which it was whole
  std::map<uint64_t, uint64_t> line_bytes_;
  std::map<uint64_t, int64_t> made_at_;  // inode of a copy -> when it was whole
  int64_t up_since_ns_ = 0;
  std::optional<int64_t> open_since_ns_;  // since when receiver and sink take everything at once
  uint64_t crashes_ = 0;
  uint64_t truncations_ = 0;
  // Lines that stood in no copy, and within the size that the ledger has: with their bytes.
  std::map<uint64_t, uint64_t> truncated_lines_;
  uint64_t excused_seen_ = 0;
  std::string trace_;
};

}  // namespace kansoku::pipeline::filelog::test
