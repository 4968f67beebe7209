// The saved state on a disk that fails: its golden file, and faults and power cuts at every
// operation, of the file alone and beneath the receiver.
#include "pipeline/receivers/filelog/journal.h"

#include <doctest/doctest.h>

#include "pipeline/receivers/filelog/schedule_world.h"
#include "support/golden.h"

namespace kansoku::pipeline::filelog {
namespace {

constexpr const char* kPath = "/state/filelog.state";
constexpr std::array kCuts{env::CutStyle::DropAll, env::CutStyle::KeepAll, env::CutStyle::Torn,
                           env::CutStyle::Reordered};

FileRecord file_of(uint64_t id) {
  return {.id = id,
          .source = "logs",
          .path = "/logs/app.log",
          .key = {.device = 8, .inode = 1'000 + id},
          .head = "L1 first line",
          .start = 0,
          .offset = 300,
          .cut = CutState::Fresh,
          .history = {.length = 256, .hash = 0x1122334455667788},
          .checkpoints = {{100, {.length = 100, .hash = 7}}},
          .size_seen = 400,
          .size_history = {.length = 256, .hash = 9},
          .modified_ns = 1'795'348'800'000'000'000,
          .counts = {.acknowledged = 250, .filtered = 40, .dropped = 10, .truncated_unread = 5}};
}

IntentRecord intent_of(uint64_t sequence) {
  return {.slot = 1,
          .epoch = 1,
          .sequence = sequence,
          .ranges = {{.file = 1,
                      .begin = 300,
                      .end = 390,
                      .before = CutState::Fresh,
                      .after = CutState::Continued,
                      .history = {.length = 256, .hash = 11}}}};
}

struct Disk {
  env::SimFileSystem files{5};
  env::SimClock clock;
  env::SimRandom random{1};
  Disk() { (void)files.create_directories("/state"); }
  env::Env env() { return {&clock, &files, &random}; }
};

// A record of every kind: those of a file written anew, then appended ones.
void fill(Journal& journal) {
  journal.put_file(file_of(journal.take_file_id()));
  FileRecord retired = file_of(journal.take_file_id());
  retired.kind = FileKind::Retired;
  retired.given_up = 100;
  journal.put_file(retired);
  FileRecord copy = file_of(journal.take_file_id());
  copy.kind = FileKind::Copy;
  copy.copy_of = 1;
  journal.put_file(copy);
  journal.put_intent(intent_of(1));
  (void)journal.sync({1'795'348'800'000'000'000});
  journal.put_settled({.slot = 1, .sequence = 1, .counts = {{.acknowledged = 80, .filtered = 10}}});
  journal.forget_file(2);
  IntentRecord next = intent_of(2);
  next.ranges[0].begin = 390;
  next.ranges[0].end = 400;
  journal.put_intent(next);
  (void)journal.sync({1'795'348'801'000'000'000});
}

}  // namespace

TEST_CASE("filelog: the golden state of version 2 is read, and written, byte for byte") {
  Disk disk;
  Journal journal(disk.env(), kPath);
  REQUIRE(journal.open().has_value());
  fill(journal);
  const std::string bytes = disk.files.contents(kPath);
  const std::string golden =
      kansoku::test::golden_file("src/pipeline/receivers/filelog/testdata/state-v2", bytes);
  CHECK(bytes == golden);
  SavedState read;
  REQUIRE(replay_journal(golden, read));
  CHECK(read == journal.state());
  CHECK(read.files.at(1).offset == 390);
  CHECK(read.files.at(1).counts.acknowledged == 330);
  REQUIRE(read.slots.at(1).open.has_value());
  CHECK(read.slots.at(1).open->sequence == 2);
  // As it is written anew: with records of slots.
  Journal anew(disk.env(), kPath);
  REQUIRE(anew.open().has_value());
  const std::string compact = disk.files.contents(kPath);
  CHECK(compact == kansoku::test::golden_file(
                       "src/pipeline/receivers/filelog/testdata/state-v2-anew", compact));
  CHECK(anew.state() == journal.state());
}

// What sync() said is durable is there afterwards, whatever failed before or after it.
TEST_CASE("filelog: a state on a failing disk is that of the last sync, or a later one") {
  for (const env::CutStyle style : kCuts) {
    for (uint64_t number = 0; number < 60; ++number) {
      for (const bool once : {true, false}) {
        CAPTURE(number);
        CAPTURE(once);
        Disk disk;
        const uint64_t begin = disk.files.operations();
        disk.files.set_fault_hook([&](uint64_t operation, std::string_view, const std::string&) {
          const uint64_t at = operation - begin;
          return at == number || (!once && at > number) ? std::optional(env::SimFault{})
                                                        : std::nullopt;
        });
        uint64_t promised = 0;  // sequence
        uint64_t put = 0;
        {
          Journal journal(disk.env(), kPath);
          if (!journal.open() && !once) continue;
          journal.put_file(file_of(1));
          for (uint64_t i = 1; i <= 12; ++i) {
            journal.put_intent(intent_of(i));
            put = i;
            if (journal.sync(disk.clock.wall_now())) promised = i;
            journal.put_settled({.slot = 1, .sequence = i, .counts = {{.acknowledged = 1}}});
          }
        }
        disk.files.set_fault_hook(nullptr);
        disk.files.power_cut(style);
        Journal after(disk.env(), kPath);
        REQUIRE(after.open().has_value());
        const auto slot = after.state().slots.find(1);
        const uint64_t found = slot == after.state().slots.end() ? 0 : slot->second.sequence;
        CHECK(found >= promised);
        CHECK(found <= put);
      }
    }
  }
}

namespace {

// A file that is written to while two processes follow it; `fails`: which operations on the state
// fail. The power goes where the first process ends.
void run_on_failing_disk(const std::function<bool(uint64_t operation)>& fails,
                         env::CutStyle style) {
  env::SimFileSystem disk(7);
  env::SimClock clock;
  env::SimRandom random(1);
  auto executor = std::make_unique<ManualExecutor>();
  test::NumberedSink sink;
  std::mt19937_64 chance(11);
  disk.use_clock(clock);
  REQUIRE(disk.create_directories("/state"));
  REQUIRE(disk.create_directories("/logs"));
  auto log = *disk.open("/logs/app.log", env::OpenMode::Create);
  REQUIRE(disk.sync_directory("/logs"));
  // Of the state's operations only.
  uint64_t operations = 0;
  disk.set_fault_hook([&](uint64_t, std::string_view, const std::string& path) {
    if (!path.starts_with("/state")) return std::optional<env::SimFault>();
    return fails(operations++) ? std::optional(env::SimFault{}) : std::nullopt;
  });
  FilelogConfig config;
  config.state_path = kPath;
  config.batch_bytes = 100;
  SourceConfig source;
  source.name = "logs";
  source.include = {"/logs/*.log"};
  config.sources.push_back(std::move(source));
  const auto start = [&]() -> std::shared_ptr<FilelogReceiver> {
    ComponentContext context{.env = {&clock, &disk, &random},
                             .timers = &clock,
                             .executor = executor.get(),
                             .ledger = nullptr,
                             .local_scope = {"1", "r"}};
    auto out = *FilelogReceiver::make(context, config, sink);
    return out->start() ? out : nullptr;
  };
  const auto run = [&](int64_t ms) {
    for (int64_t at = 0; at < ms; at += 100) {
      executor->run_until_idle();
      clock.advance(100 * env::kNsPerMs);
    }
  };
  uint64_t lines = 0;
  const auto work = [&] {
    for (int i = 0; i < 6; ++i) {
      std::string text;
      for (int n = 0; n < 4; ++n) text += fmt::format("L{} of the log.\n", ++lines);
      REQUIRE(log->write_at(*log->size(), as_bytes(text)));
      REQUIRE(log->sync_data());
      sink.mode = i % 3 == 1 ? test::NumberedSink::Mode::Hold : test::NumberedSink::Mode::Answer;
      run(1'500);
      if (i % 3 == 2) sink.answer_held();
    }
  };
  auto receiver = start();
  if (receiver == nullptr) receiver = start();
  work();
  sink.crash(chance);
  receiver.reset();
  executor = std::make_unique<ManualExecutor>();
  disk.power_cut(style);
  disk.set_fault_hook(nullptr);
  log = *disk.open("/logs/app.log", env::OpenMode::ReadWrite);
  receiver = start();
  REQUIRE(receiver != nullptr);
  work();
  sink.mode = test::NumberedSink::Mode::Answer;
  sink.answer_held();
  run(60'000);
  CHECK(sink.lines.size() == lines);
  for (const auto& [number, times] : sink.lines) CHECK(times == 1);
  bool stopped = false;
  receiver->stop([&] { stopped = true; });
  executor->run_until_idle();
  CHECK(stopped);
}

}  // namespace

TEST_CASE("filelog: a fault at any operation on the state loses no line and repeats none") {
  for (uint64_t number = 0; number < 50; ++number) {
    CAPTURE(number);
    run_on_failing_disk([&](uint64_t operation) { return operation == number; },
                        env::CutStyle::DropAll);
  }
}

TEST_CASE("filelog: a power cut at any operation on the state loses no line and repeats none") {
  for (const env::CutStyle style : kCuts) {
    for (uint64_t number = 0; number < 50; ++number) {
      CAPTURE(number);
      run_on_failing_disk([&](uint64_t operation) { return operation >= number; }, style);
    }
  }
}

}  // namespace kansoku::pipeline::filelog
