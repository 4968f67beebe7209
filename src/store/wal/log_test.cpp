#include "store/wal/log.h"

#include <doctest/doctest.h>

#include <condition_variable>

#include "base/env/sim.h"
#include "store/wal/producers.h"

namespace kansoku::store::wal {
namespace {

struct Disk {
  env::SimClock clock;
  env::SimRandom random{1};
  env::SimFileSystem files;
  env::Env env() { return {&clock, &files, &random}; }

  std::unique_ptr<Log> open(LogOptions options = {}) {
    options.manual = true;
    auto log = Log::open(env(), "/log", options);
    REQUIRE(log);
    return std::move(*log);
  }
  std::vector<std::string> wal_paths() {
    std::vector<std::string> out;
    for (const std::string& path : files.paths()) {
      if (path.ends_with(".wal")) out.push_back(path);
    }
    return out;
  }
};

// Appends and writes; whether it became durable.
bool put(Log& log, std::string_view payload, signal::Producer producer = {}, uint16_t shard = 0) {
  bool durable = false;
  auto sequence = log.append(Engine::Metrics, shard, producer, payload,
                             [&](Result<uint64_t> done) { durable = done.has_value(); });
  if (!sequence) return false;
  log.drain();
  return durable;
}

std::vector<std::string> replayed(Log& log, Engine engine = Engine::Metrics) {
  std::vector<std::string> out;
  auto status = log.replay(engine, [&](const RecordTag&, std::string_view payload) {
    out.emplace_back(payload);
    return Status();
  });
  CHECK(status);
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a record is answered after its sync and replayed after a power cut") {
  Disk disk;
  {
    auto log = disk.open();
    bool durable = false;
    REQUIRE(log->append(Engine::Metrics, 0, {}, "one", [&](auto) { durable = true; }));
    CHECK_FALSE(durable);
    CHECK(log->run_once());
    CHECK(durable);
    REQUIRE(log->append(Engine::Events, 3, {}, "event", [](auto) {}));
    CHECK(put(*log, "two"));
    REQUIRE(log->append(Engine::Metrics, 0, {}, "never synced", [](auto) {}));
    disk.files.power_cut(env::CutStyle::DropAll);
  }
  auto log = disk.open();
  CHECK(replayed(*log) == Texts{"one", "two"});
  CHECK(replayed(*log, Engine::Events) == Texts{"event"});
  CHECK(log->recovery().damages == 0);
}

TEST_CASE("a group is one sync, and records keep their order") {
  Disk disk;
  auto log = disk.open();
  std::vector<uint64_t> answered;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(log->append(Engine::Metrics, 0, {}, fmt::format("{}", i),
                        [&](Result<uint64_t> sequence) { answered.push_back(*sequence); }));
  }
  CHECK(log->run_once());
  CHECK(log->stats().groups == 1);
  CHECK(answered == std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

TEST_CASE("a full queue refuses and never blocks") {
  Disk disk;
  auto log = disk.open({.queue_bytes_max = 1000});
  std::string big(800, 'x');
  REQUIRE(log->append(Engine::Metrics, 0, {}, big, [](auto) {}));
  auto refused = log->append(Engine::Metrics, 0, {}, big, [](auto) {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::Unavailable);
  log->drain();
  CHECK(put(*log, big));
}

TEST_CASE(
    "a failed sync moves the records to a new segment, a second one makes the log read-only") {
  Disk disk;
  auto log = disk.open();
  CHECK(put(*log, "before"));
  int failures = 1;
  disk.files.set_fault_hook(
      [&](uint64_t, std::string_view name, const std::string&) -> std::optional<env::SimFault> {
        if (name != "sync" || failures == 0) return std::nullopt;
        --failures;
        return env::SimFault{};
      });
  CHECK(put(*log, "moved"));
  CHECK(disk.wal_paths().size() == 2);
  failures = 2;
  CHECK_FALSE(put(*log, "lost"));
  CHECK(log->stats().read_only);
  auto refused = log->append(Engine::Metrics, 0, {}, "x", [](auto) {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::Unavailable);
  disk.files.power_cut(env::CutStyle::DropAll);
  log.reset();
  disk.files.set_fault_hook(nullptr);
  auto again = disk.open();
  CHECK(replayed(*again) == Texts{"before", "moved"});
}

TEST_CASE("a full disk fails the group, and the next one is taken when there is room") {
  Disk disk;
  auto log = disk.open();
  CHECK(put(*log, "a"));
  disk.files.set_capacity(1);
  CHECK_FALSE(put(*log, "b"));
  CHECK_FALSE(log->stats().read_only);
  disk.files.set_capacity(0);
  CHECK(put(*log, "c"));
  log.reset();
  auto again = disk.open();
  CHECK(replayed(*again) == Texts{"a", "c"});
}

TEST_CASE("a torn tail is cut, a damaged record in the middle is skipped and reported") {
  Disk disk;
  {
    auto log = disk.open();
    for (const char* text : {"first", "second", "third"}) CHECK(put(*log, text));
  }
  std::string path = disk.wal_paths()[0];
  std::string bytes = disk.files.contents(path);
  SUBCASE("torn tail") {
    disk.files.set_contents(path, bytes.substr(0, bytes.size() - 3) + std::string(64, '\0'));
    auto log = disk.open();
    // The last record is cut by three bytes of padding only: the payload is whole or gone, never
    // half.
    for (const std::string& text : replayed(*log)) CHECK(text.size() >= 5);
    disk.files.set_contents(path, bytes.substr(0, bytes.size() - 20));
    auto cut = Log::open(disk.env(), "/other", {.manual = true});
    CHECK(cut);
  }
  SUBCASE("cut inside the last record") {
    disk.files.set_contents(path, bytes.substr(0, bytes.size() - 20));
    auto log = disk.open();
    CHECK(replayed(*log) == Texts{"first", "second"});
    CHECK(log->recovery().tail_bytes_cut > 0);
    CHECK(log->recovery().damages == 0);
  }
  SUBCASE("damage in the middle") {
    size_t at = bytes.find("second");
    bytes[at] ^= 1;
    disk.files.set_contents(path, bytes);
    auto log = disk.open();
    CHECK(replayed(*log) == Texts{"first", "third"});
    CHECK(log->recovery().damages == 1);
    CHECK(log->recovery().first_damage == path);
  }
}

TEST_CASE("segments go when every engine and shard has absorbed them") {
  Disk disk;
  auto log = disk.open({.segment_bytes = 256});
  for (int i = 0; i < 10; ++i)
    CHECK(put(*log, std::string(100, 'x'), {}, static_cast<uint16_t>(i % 2)));
  size_t before = disk.wal_paths().size();
  CHECK(before > 3);
  CHECK(log->pinned_bytes(Engine::Metrics) > 0);
  log->set_floor(Engine::Metrics, 0, 10);
  CHECK(disk.wal_paths().size() >= before - 1);
  log->set_floor(Engine::Metrics, 1, 10);
  CHECK(disk.wal_paths().size() == 1);
}

TEST_CASE("a large segment that is absorbed gives way to an empty one, also across a restart") {
  Disk disk;
  uint64_t last = 0;
  {
    auto log = disk.open({.segment_bytes = 64U << 20});
    CHECK(put(*log, "a", {"p", 1, 1}));
    for (int i = 0; i < 3; ++i) CHECK(put(*log, std::string(500'000, 'x')));
    last = log->stats().durable_sequence;
    const auto before = disk.wal_paths();
    REQUIRE(before.size() == 1);
    log->set_floor(Engine::Metrics, 0, last - 1);
    CHECK(disk.wal_paths() == before);
    log->set_floor(Engine::Metrics, 0, last);
    REQUIRE(disk.wal_paths().size() == 1);
    CHECK(disk.wal_paths() != before);
    CHECK(log->stats().segment_bytes < 1000);
  }
  {
    // What the producers said is in the head of the new one, and sequences go on.
    auto log = disk.open();
    auto again = log->append(Engine::Metrics, 0, {"p", 1, 1}, "a", [](auto) {});
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().code == ErrorCode::AlreadyExists);
    CHECK(put(*log, "b"));
    CHECK(log->stats().durable_sequence == last + 1);
  }
  CHECK(disk.open()->recovery().damages == 0);
}

TEST_CASE("duplicates by producer are known, also after restart and removal of their segment") {
  Disk disk;
  {
    auto log = disk.open({.segment_bytes = 200});
    CHECK(put(*log, "a", {"p", 1, 1}));
    CHECK(put(*log, "b", {"p", 1, 2}));
    for (int i = 0; i < 8; ++i) CHECK(put(*log, std::string(100, 'x')));
    log->set_floor(Engine::Metrics, 0, 10);
  }
  auto log = disk.open();
  auto again = log->append(Engine::Metrics, 0, {"p", 1, 2}, "b", [](auto) {});
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == ErrorCode::AlreadyExists);
  CHECK(put(*log, "c", {"p", 1, 3}));
  CHECK(put(*log, "d", {"p", 2, 1}));
  auto stale = log->append(Engine::Metrics, 0, {"p", 1, 4}, "e", [](auto) {});
  REQUIRE_FALSE(stale.has_value());
  CHECK(stale.error().code == ErrorCode::FailedPrecondition);
}

TEST_CASE("a batch on its way is neither taken twice nor called stored") {
  Disk disk;
  auto log = disk.open();
  REQUIRE(log->append(Engine::Metrics, 0, {"p", 1, 1}, "a", [](auto) {}));
  auto twin = log->append(Engine::Metrics, 0, {"p", 1, 1}, "a", [](auto) {});
  REQUIRE_FALSE(twin.has_value());
  CHECK(twin.error().code == ErrorCode::Cancelled);
}

TEST_CASE("batches may overtake one another within the window") {
  Producers producers;
  producers.remember(Engine::Metrics, "p", 1, 10, 1);
  producers.remember(Engine::Metrics, "p", 1, 12, 2);
  CHECK(producers.look_up(Engine::Metrics, "p", 1, 11) == Producers::Known::New);
  CHECK(producers.look_up(Engine::Metrics, "p", 1, 10) == Producers::Known::Seen);
  CHECK(producers.look_up(Engine::Events, "p", 1, 10) == Producers::Known::New);
  producers.remember(Engine::Metrics, "p", 1, 200, 3);
  CHECK(producers.look_up(Engine::Metrics, "p", 1, 11) == Producers::Known::Seen);
  std::string bytes;
  producers.encode(bytes);
  Producers copy;
  CHECK(copy.decode(bytes));
  CHECK(copy.look_up(Engine::Metrics, "p", 1, 200) == Producers::Known::Seen);
  CHECK(copy.look_up(Engine::Metrics, "p", 1, 199) == Producers::Known::New);
}

TEST_CASE("the writer thread answers all, and the destructor leaves nothing behind") {
  Disk disk;
  std::atomic<int> answered{0};
  {
    auto log = Log::open(disk.env(), "/log", {});
    REQUIRE(log);
    (*log)->start();
    for (int i = 0; i < 500; ++i) {
      REQUIRE((*log)->append(Engine::Metrics, 0, {}, "payload", [&](Result<uint64_t> done) {
        answered += static_cast<int>(done.has_value());
      }));
    }
    (*log)->drain();
    CHECK(answered == 500);
    REQUIRE((*log)->append(Engine::Metrics, 0, {}, "last", [&](auto) { ++answered; }));
  }
  CHECK(answered == 501);
}

TEST_CASE("a segment that could not be replaced hides nothing that is written on") {
  for (uint64_t failing = 0; failing < 12; ++failing) {
    for (env::CutStyle style : {env::CutStyle::DropAll, env::CutStyle::KeepAll, env::CutStyle::Torn,
                                env::CutStyle::Reordered}) {
      env::SimFileSystem disk(failing);
      env::SimClock clock;
      env::SimRandom random(1);
      const env::Env env{&clock, &disk, &random};
      auto log = *Log::open(env, "/log", {.replace_bytes_min = 1, .manual = true});
      auto put = [&](std::string_view payload) {
        bool kept = false;
        (void)log->append(Engine::Metrics, 0, {}, payload,
                          [&](auto done) { kept = done.has_value(); });
        log->drain();
        return kept;
      };
      REQUIRE(put("absorbed"));
      const uint64_t first = disk.operations() + failing;
      disk.set_fault_hook([&](uint64_t operation, std::string_view,
                              const std::string&) -> std::optional<env::SimFault> {
        if (operation != first) return std::nullopt;
        return env::SimFault{ErrorCode::Internal, "injected", 10};
      });
      log->set_floor(Engine::Metrics, 0, 1);
      const bool kept = put("behind");
      disk.power_cut(style);
      log.reset();
      disk.set_fault_hook(nullptr);
      log = *Log::open(env, "/log", {.manual = true});
      bool found = false;
      REQUIRE(log->replay(Engine::Metrics, [&](const RecordTag&, std::string_view payload) {
        found = found || payload == "behind";
        return Status();
      }));
      CHECK_MESSAGE((found || !kept), "fault at ", failing, " style ", static_cast<int>(style));
    }
  }
}

TEST_CASE("a record that waits for company shares the sync of the next one") {
  Disk disk;
  auto log = Log::open(disk.env(), "/log", {.company_ns = 3600 * env::kNsPerS});
  REQUIRE(log);
  (*log)->start();
  std::atomic<int> answered{0};
  auto count = [&](auto done) { answered += static_cast<int>(done.has_value()); };
  REQUIRE((*log)->append_with_next(Engine::Exemplars, 0, {}, "exemplars", count));
  REQUIRE((*log)->append(Engine::Metrics, 0, {}, "samples", count));
  (*log)->drain();
  CHECK(answered == 2);
  CHECK((*log)->stats().groups == 1);
}

TEST_CASE("a record that waits for company becomes durable alone, and at the latest at the end") {
  Disk disk;
  std::atomic<int> answered{0};
  auto count = [&](auto done) { answered += static_cast<int>(done.has_value()); };
  {
    auto log = Log::open(disk.env(), "/log", {});
    REQUIRE(log);
    (*log)->start();
    REQUIRE((*log)->append_with_next(Engine::Exemplars, 0, {}, "alone", count));
    (*log)->drain();
    CHECK(answered == 1);
  }
  auto log = Log::open(disk.env(), "/log", {.company_ns = 3600 * env::kNsPerS});
  REQUIRE(log);
  (*log)->start();
  REQUIRE((*log)->append_with_next(Engine::Exemplars, 0, {}, "last", count));
  (*log)->close();
  CHECK(answered == 2);
}

TEST_CASE("the bytes of a record are frozen") {
  std::string bytes;
  append_record({Engine::Metrics, 2, 3, "agent", 4, 5}, "payload", bytes);
  std::string hex;
  for (char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  CHECK(hex ==
        "4b575231c0f3d3e307000000010002000300000000000000040000000000000005000000000000000500000000"
        "0000006167656e747061796c6f616400000000");
}

}  // namespace kansoku::store::wal
