#include "pipeline/receivers/journald/journald_receiver.h"

#include <doctest/doctest.h>

#include <random>

#include "pipeline/sending/receiver_fixture.h"
#include "support/golden.h"

namespace kansoku::pipeline::journald {
namespace {

using Lines = std::vector<std::string>;

// A journal in memory. Cursors are the numbers of entries, as text that sorts as they do.
struct FakeJournal {
  struct Stored {
    std::string cursor;
    JournalEntry entry;
  };
  std::deque<Stored> entries;
  uint64_t next_number = 1;
  bool there = true;
  bool fails = false;
  int opened = 0;

  void write(const std::string& message, std::vector<FieldMatch> fields = {}) {
    fields.insert(fields.begin(), {"PRIORITY", "6"});
    const auto us = static_cast<int64_t>(1'795'348'800'000'000 + next_number);
    entries.push_back({fmt::format("{:08}", next_number++),
                       {.realtime_us = us,
                        .has_message = true,
                        .message = message,
                        .fields = std::move(fields)}});
  }
  void vacuum(size_t count) { entries.erase(entries.begin(), entries.begin() + count); }
};

bool passes(const JournalEntry& entry, const JournalFilter& filter) {
  const auto has = [&](const FieldMatch& match) {
    return std::ranges::find(entry.fields, match) != entry.fields.end();
  };
  return std::ranges::all_of(filter, [&](const Condition& condition) {
    return std::ranges::any_of(condition, [&](const Alternative& alternative) {
      return std::ranges::all_of(alternative, has);
    });
  });
}

class FakeReader final : public JournalReader {
 public:
  FakeReader(FakeJournal& journal, JournalFilter filter)
      : journal_(journal), filter_(std::move(filter)) {}
  Status seek_head() override {
    behind_.clear();
    return {};
  }
  Result<std::string> seek_end() override {
    behind_.clear();
    for (const auto& stored : journal_.entries) {
      if (passes(stored.entry, filter_)) behind_ = stored.cursor;
    }
    return behind_;
  }
  Status seek_after(const std::string& cursor) override {
    behind_ = cursor;
    return {};
  }
  Result<bool> next() override {
    if (journal_.fails) return unavailable("damaged");
    for (const auto& stored : journal_.entries) {
      if (stored.cursor <= behind_ || !passes(stored.entry, filter_)) continue;
      behind_ = stored.cursor;
      current_ = stored.entry;
      return true;
    }
    return false;
  }
  Result<std::string> cursor() override { return behind_; }
  Result<JournalEntry> entry() override { return current_; }
  Result<bool> holds(const std::string& cursor) override {
    return std::ranges::find(journal_.entries, cursor, &FakeJournal::Stored::cursor) !=
           journal_.entries.end();
  }
  Result<bool> refresh() override { return journal_.there; }

 private:
  FakeJournal& journal_;
  JournalFilter filter_;
  std::string behind_;
  JournalEntry current_;
};

class FakeJournals final : public Journals {
 public:
  explicit FakeJournals(FakeJournal& journal) : journal_(journal) {}
  Result<std::unique_ptr<JournalReader>> open(const JournalFilter& filter) override {
    ++journal_.opened;
    return std::make_unique<FakeReader>(journal_, filter);
  }

 private:
  FakeJournal& journal_;
};

struct Fixture : ReceiverFixture {
  env::SimFileSystem disk;
  FakeJournal journal;
  JournaldConfig config;
  std::shared_ptr<JournaldReceiver> receiver;

  explicit Fixture(SourceConfig source = {}) : ReceiverFixture("journald") {
    (void)disk.create_directories("/state");
    source.name = "j";
    source.group = "g";
    source.stream = "s";
    config.sources = {source};
    config.state_path = "/state/journald.state";
    config.from_beginning = true;
  }
  void start() { REQUIRE(try_start()); }
  bool try_start() {
    ComponentContext parts = context();
    parts.env.files = &disk;
    receiver =
        *JournaldReceiver::make(parts, config, std::make_unique<FakeJournals>(journal), entry);
    if (!receiver->start()) return false;
    run_for(0);
    return true;
  }
  void crash(env::CutStyle style = env::CutStyle::DropAll) {
    receiver.reset();
    executor.run_until_idle();
    disk.power_cut(style);
  }
  void run_for(int64_t ms) {
    executor.run_until_idle();
    for (int64_t left = ms; left > 0; left -= 100) {
      clock.advance(100 * env::kNsPerMs);
      executor.run_until_idle();
    }
  }
};

// A server that takes each number once, and counts messages.
struct Server {
  std::map<std::string, int> stored;
  std::set<std::tuple<std::string, uint64_t>> known;
  void answer(HoldingSink& sink, bool take, bool tell) {
    for (signal::EventDelivery& delivery : std::exchange(sink.held, {})) {
      const uint64_t rows = delivery.token.rows();
      if (take && known.insert({delivery.producer.id, delivery.producer.sequence}).second) {
        const signal::EventColumn& messages = delivery.batch->columns().front();
        for (size_t i = 0; i < messages.rows.size(); ++i)
          ++stored[std::string(messages.text_at(i))];
      }
      delivery.token.resolve(
          tell ? signal::Verdict::stored(rows)
               : signal::Verdict::dropped(rows, "overload", {ErrorCode::Unavailable, "again", {}}));
    }
  }
  bool has_each_once(int written) const {
    return static_cast<int>(stored.size()) == written &&
           std::ranges::all_of(stored, [](const auto& one) { return one.second == 1; });
  }
};

}  // namespace

TEST_CASE("entries become events with their fields, message and time") {
  Fixture f;
  f.journal.write("one",
                  {{"_SYSTEMD_UNIT", "a.service"}, {"X", ""}, {"Y", "\xff"}, {"PRIORITY", "2"}});
  f.journal.entries.push_back({"00000002", {.realtime_us = 5, .fields = {{"PRIORITY", "6"}}}});
  f.start();
  REQUIRE(f.sink.held.size() == 1);
  CHECK(f.sink.text(0) ==
        Lines{"g|s 1795348800000001000 @message=one PRIORITY=6 _SYSTEMD_UNIT=a.service"});
  f.sink.answer_all();
  f.run_for(0);
  CHECK(f.ledger_text() == "journald: 2 received, stored 1, filtered no_message 1");
}

TEST_CASE("units, priority and matches are asked of the journal, patterns of the message") {
  Fixture f({.units = {"a", "b.socket"},
             .priority_max = 4,
             .matches = {{{"K", "1"}, {"L", "1"}}, {{"K", "2"}}},
             .filters = {{"", true, "good"}, {"not bad", false, "bad"}}});
  const auto write = [&](const char* text, const char* unit, const char* priority, const char* k,
                         const char* l) {
    f.journal.write(text, {{"_SYSTEMD_UNIT", unit}, {"K", k}, {"L", l}});
    f.journal.entries.back().entry.fields[0].second = priority;
  };
  write("good 1", "a.service", "4", "1", "1");
  write("good 2", "c.service", "4", "1", "1");  // another unit
  write("good 3", "b.socket", "5", "2", "0");   // less severe
  write("good 4", "b.socket", "0", "2", "0");
  write("good 5", "b.socket", "0", "1", "0");    // neither list matches whole
  write("other 6", "a.service", "4", "1", "1");  // not included
  write("good bad", "a.service", "4", "1", "1");
  f.journal.write("good 7", {{"_PID", "1"}, {"UNIT", "a.service"}, {"K", "2"}});
  f.journal.entries.back().entry.fields[0].second = "3";
  f.start();
  CHECK(f.sink.messages() == Lines{"good 1", "good 4", "good 7"});
}

TEST_CASE("a source without a saved cursor begins now, and from there also after a crash") {
  Fixture f;
  f.config.from_beginning = false;
  f.journal.write("old");
  f.start();
  CHECK(f.sink.messages().empty());
  f.crash();
  f.journal.write("new");
  f.start();
  CHECK(f.sink.messages() == Lines{"new"});
}

TEST_CASE("a batch that was on its way is made again under its number") {
  Fixture f;
  for (int i = 0; i < 3; ++i) f.journal.write(fmt::format("line {}", i));
  f.start();
  REQUIRE(f.sink.held.size() == 1);
  const signal::Producer first = f.sink.held[0].producer;
  f.crash();
  f.sink.answer_all();
  f.journal.write("later");
  f.start();
  REQUIRE(f.sink.held.size() == 1);
  CHECK(f.sink.held[0].producer.id == first.id);
  CHECK(f.sink.held[0].producer.sequence == first.sequence);
  CHECK(f.sink.text(1) == f.sink.text(0));
  f.sink.answer_all();
  f.run_for(1'000);
  REQUIRE(f.sink.held.size() == 1);
  CHECK(f.sink.held[0].producer.sequence == first.sequence + 1);
  CHECK(f.sink.messages().back() == "later");
  CHECK(f.receiver->stats().resent == 1);
}

TEST_CASE("what was removed from the journal meanwhile is counted, the rest of the batch is sent") {
  Fixture f;
  for (int i = 0; i < 4; ++i) f.journal.write(fmt::format("line {}", i));
  f.start();
  f.crash();
  f.sink.answer_all();
  f.journal.write("later");
  f.journal.vacuum(3);
  f.start();
  CHECK(f.sink.text(1) == Lines{f.sink.text(0)[3]});
  CHECK(f.receiver->stats().entries_gone == 3);
  f.crash();
  f.sink.answer_all();
  f.journal.vacuum(1);  // its last entry is gone too
  f.start();
  f.run_for(1'000);
  CHECK(f.sink.messages().back() == "later");
  CHECK(f.receiver->stats().entries_gone == 4);
}

TEST_CASE("a refused batch is sent again, nothing is read meanwhile") {
  Fixture f;
  f.journal.write("one");
  f.start();
  f.journal.write("two");
  f.sink.answer_all(std::unexpected(Error{ErrorCode::Unavailable, "try again", {}}));
  f.run_for(1'000);
  CHECK(f.sink.messages() == Lines{"one", "one"});
  f.sink.answer_all();
  f.run_for(1'000);
  CHECK(f.sink.messages() == Lines{"one", "one", "two"});
  CHECK(f.receiver->stats().retries == 1);
}

TEST_CASE("batches that are not full are as far apart as the exporter wants") {
  Fixture f;
  f.config.batch_wait_ms = 5'000;
  f.journal.write("one");
  f.start();
  f.sink.answer_all();
  f.journal.write("two");
  f.run_for(4'800);
  CHECK(f.sink.messages() == Lines{"one"});
  f.journal.write("three");
  f.run_for(300);
  CHECK(f.sink.messages() == Lines{"one", "two", "three"});
}

TEST_CASE("a journal that is not there yet, or cannot be read, is opened again") {
  Fixture f;
  f.journal.there = false;
  f.start();
  f.journal.write("one");
  f.run_for(2'000);
  CHECK(f.sink.messages().empty());
  f.journal.there = true;
  f.journal.fails = true;
  f.run_for(2'000);
  CHECK(f.receiver->stats().last_error.find("damaged") != std::string::npos);
  f.journal.fails = false;
  f.run_for(31'000);
  CHECK(f.sink.messages() == Lines{"one"});
}

TEST_CASE("nothing is sent while the state cannot be saved") {
  Fixture f;
  f.start();
  f.disk.set_capacity(1);
  f.journal.write("one");
  f.run_for(2'000);
  CHECK(f.sink.held.empty());
  CHECK(f.receiver->stats().saving_fails);
  f.disk.set_capacity(1 << 20);
  f.run_for(3'000);
  CHECK(f.sink.messages() == Lines{"one"});
}

TEST_CASE("a damaged state is said, and goes on under another producer") {
  Fixture f;
  f.journal.write("one");
  f.start();
  const std::string before = f.sink.held[0].producer.id;
  f.sink.answer_all();
  f.run_for(2'000);
  f.crash();
  std::string bytes = f.disk.contents("/state/journald.state");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  REQUIRE(f.disk.write_atomic("/state/journald.state", bytes).has_value());
  f.journal.write("two");
  f.start();
  CHECK(f.receiver->stats().state_was_damaged);
  f.run_for(1'000);
  f.sink.answer_all();
  f.run_for(1'000);
  CHECK(f.sink.messages().back() == "two");
  REQUIRE(f.receiver->stats().batches_sent >= 1);
}

TEST_CASE("the bytes of the state are frozen, and damage is noticed") {
  CursorState state;
  state.producer = "p";
  state.sources["a"] = {.cursor = "c1", .sequence = 300, .open = Intent{"q", 299, "c2", 5, 7}};
  state.sources["b"] = {};
  const std::string bytes = encode_cursors(state);
  CHECK(bytes == std::string("\1p\2\1a\2c1\xac\2\1\1q\xab\2\2c2\5\7\1b\0\0\0", 25));
  CursorState read;
  REQUIRE(decode_cursors(bytes, read).has_value());
  CHECK(read == state);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    CursorState other;
    CHECK(!decode_cursors(std::string_view(bytes).substr(0, cut), other));
  }
}

// Seeds of chance: entries, crashes, refusals, a journal that is vacuumed up to what is settled.
TEST_CASE("each entry comes once through crashes, refusals and vacuums") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    Fixture f;
    f.config.batch_bytes = 40;
    Server server;
    const auto answer = [&](bool take, bool tell) { server.answer(f.sink, take, tell); };
    f.start();
    int written = 0;
    for (int i = 0; i < 40; ++i) {
      switch (random() % 6) {
        case 0:
          answer(random() % 2 == 0, false);
          break;
        case 1:
          f.crash();
          answer(random() % 2 == 0, true);
          f.executor.run_until_idle();
          f.start();
          break;
        case 2:
          answer(true, true);
          break;
        default:
          for (uint64_t n = random() % 5; n > 0; --n) f.journal.write(fmt::format("{}", ++written));
      }
      f.run_for(static_cast<int64_t>(random() % 1'500));
    }
    for (int i = 0; i < 60; ++i) {
      answer(true, true);
      f.run_for(2'000);
    }
    CAPTURE(seed);
    CHECK(server.has_each_once(written));
  }
}

namespace {

// Two processes, entries before and during each, answers that are lost. `fails`: which operations
// of the disk fail; the power goes where the first process ends.
void run_on_failing_disk(const std::function<bool(uint64_t operation)>& fails,
                         env::CutStyle style) {
  Fixture f;
  Server server;
  f.config.batch_bytes = 40;
  const uint64_t begin = f.disk.operations();
  f.disk.set_fault_hook([&](uint64_t operation, std::string_view, const std::string&) {
    return fails(operation - begin) ? std::optional(env::SimFault{}) : std::nullopt;
  });
  int written = 0;
  const auto work = [&] {
    for (int i = 0; i < 8; ++i) {
      for (int n = 0; n < 3; ++n) f.journal.write(fmt::format("{}", ++written));
      server.answer(f.sink, i % 3 != 1, i % 3 == 0);
      f.run_for(700);
    }
  };
  f.journal.write(fmt::format("{}", ++written));
  if (f.try_start() || f.try_start()) work();
  f.crash(style);
  server.answer(f.sink, true, true);
  f.executor.run_until_idle();
  f.disk.set_fault_hook(nullptr);
  f.start();
  work();
  for (int i = 0; i < 40; ++i) {
    server.answer(f.sink, true, true);
    f.run_for(2'000);
  }
  CHECK(server.has_each_once(written));
}

constexpr std::array kCuts{env::CutStyle::DropAll, env::CutStyle::KeepAll, env::CutStyle::Torn,
                           env::CutStyle::Reordered};

}  // namespace

TEST_CASE("a fault at any operation of the disk loses no entry and repeats none") {
  for (uint64_t number = 1; number <= 60; ++number) {
    CAPTURE(number);
    run_on_failing_disk([&](uint64_t operation) { return operation == number; },
                        env::CutStyle::DropAll);
  }
}

TEST_CASE("a power cut at any operation of the disk loses no entry and repeats none") {
  for (const env::CutStyle style : kCuts) {
    for (uint64_t number = 0; number <= 60; ++number) {
      CAPTURE(number);
      run_on_failing_disk([&](uint64_t operation) { return operation >= number; }, style);
    }
  }
}

TEST_CASE("the golden state of version 1 is read, and written, byte for byte") {
  CursorState state;
  state.producer = "journald-00112233445566778899aabbccddeeff";
  state.sources["all"] = {.cursor = "s=1f;i=2a;b=3c", .sequence = 300, .open = {}};
  state.sources["units"] = {
      .cursor = "s=1f;i=1;b=3c",
      .sequence = 12,
      .open = Intent{state.producer, 12, "s=1f;i=30;b=3c", 1'795'348'800'000'000, 17}};
  state.sources["without a cursor"] = {};
  const std::string golden =
      test::golden_file("src/pipeline/receivers/journald/testdata/state-v1", cursor_file_of(state));
  CHECK(cursor_file_of(state) == golden);
  Fixture f;
  f.disk.set_contents("/state/golden", golden);
  ComponentContext parts = f.context();
  parts.env.files = &f.disk;
  CursorFile file(parts.env, "/state/golden");
  CHECK(file.load() == true);
  CHECK(file.state == state);
}

}  // namespace kansoku::pipeline::journald
