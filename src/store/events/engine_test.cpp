#include "store/events/engine.h"

#include <doctest/doctest.h>

#include <random>

#include "store/events/engine_fixture.h"
#include "store/metric_store_conformance.h"

namespace kansoku::store::events {
namespace {

using Lines = std::vector<std::string>;

const signal::Scope kScope{"1", "r"};
constexpr int64_t kHourNs = 3'600 * env::kNsPerS;
constexpr int64_t kDayNs = 24 * kHourNs;

std::unique_ptr<EventStoreFixture> make_engine() { return std::make_unique<EngineFixture>(); }

EventScanReport report_of(EngineFixture& f, EventScan scan, size_t limit = 0) {
  scan.scope = kScope;
  size_t taken = 0;
  const auto report = f.store().scan(scan, [&](EventRows& rows) {
    taken += rows.size();
    return Result<bool>(limit == 0 || taken < limit);
  });
  REQUIRE(report);
  return *report;
}

Status enforce_retention(EngineFixture& f) {
  Status out = internal_error("not answered");
  f.store().enforce_retention([&](Status status) { out = std::move(status); });
  f.run();
  return out;
}

// Copies of files, by path.
using Files = std::map<std::string, std::string>;
Files files_of(env::SimFileSystem& disk) {
  Files out;
  for (const std::string& path : disk.paths()) out[path] = disk.contents(path);
  return out;
}
void put_files(env::SimFileSystem& disk, const Files& files) {
  (void)disk.create_directories("/d/log");
  (void)disk.create_directories("/d/events");
  for (const auto& [path, bytes] : files) disk.set_contents(path, bytes);
}

}  // namespace

TEST_CASE("the event engine conforms") { check_event_store(make_engine); }

TEST_CASE("the event engine counts a numbered batch once, also after a restart") {
  check_event_store_producer(make_engine);
}

TEST_CASE("the event engine equals the reference under random operations") {
  const uint64_t seed = test_seed(71);
  for (uint64_t i = 0; i < 12; ++i) {
    const auto subject = make_engine();
    const auto model = make_reference_event_fixture();
    compare_event_stores(*subject, *model, seed + i, 120);
  }
}

TEST_CASE("the event engine equals the reference over many blocks, slices and merges") {
  std::mt19937_64 random(test_seed(9));
  const auto below = [&](uint64_t n) { return random() % n; };
  EventEngineOptions options;
  options.copy_bytes_min = 250'000;  // some are copied
  options.copy_streams_max = 14;
  EngineFixture subject(options);
  const auto model = make_reference_event_fixture();
  for (int batch = 0; batch < 12; ++batch) {
    std::vector<TestEvent> events;
    for (int i = 0; i < 1'500; ++i) {
      // Streams of very different sizes; times overlap between batches.
      const uint64_t stream = below(4) == 0 ? below(40) : below(2);
      events.push_back({.group = stream % 3 == 0 ? "a" : "b",
                        .stream = fmt::format("s{:02}", stream),
                        .ns = batch * 500 + static_cast<int64_t>(below(2'000)),
                        .message = fmt::format("{} {}", below(50), std::string(below(600), 'm'))});
    }
    CHECK(put(subject, events).good());
    CHECK(put(*model, events).good());
    if (batch % 2 == 1) REQUIRE(flush(subject, batch == 7));
  }
  CHECK(subject.engine().engine_stats().blocks_copied > 0);
  for (int round = 0; round < 40; ++round) {
    EventScan scan{.scope = kScope, .order = static_cast<EventOrder>(below(3))};
    if (below(2) == 0) {
      scan.begin_ns = static_cast<int64_t>(below(8'000));
      scan.end_ns = scan.begin_ns + static_cast<int64_t>(below(4'000));
    }
    if (below(3) == 0) scan.groups = {below(2) == 0 ? "a" : "b"};
    if (below(3) == 0) scan.streams = {"s00", fmt::format("s{:02}", below(40))};
    if (below(4) == 0) scan.stream_prefix = "s1";
    if (below(2) == 0) {
      scan.filter = {{{.path = std::string(kMessagePath),
                       .op = EventPredicate::Op::StartsWith,
                       .text = fmt::format("{} ", below(50))}}};
    }
    const size_t limit = scan.order == EventOrder::Any || below(2) == 0 ? 0 : 1 + below(3'000);
    const bool same = read(subject, scan, {std::string(kMessagePath)}, limit) ==
                      read(*model, scan, {std::string(kMessagePath)}, limit);
    CHECK_MESSAGE(same, "round ", round);
  }
  const auto mine = subject.store().streams({.scope = kScope}, "", "", 0);
  const auto theirs = model->store().streams({.scope = kScope}, "", "", 0);
  REQUIRE(mine);
  REQUIRE(mine->size() == theirs->size());
  for (size_t i = 0; i < mine->size(); ++i) {
    CHECK((*mine)[i].stream == (*theirs)[i].stream);
    CHECK((*mine)[i].rows == (*theirs)[i].rows);
    CHECK((*mine)[i].first_ns == (*theirs)[i].first_ns);
    CHECK((*mine)[i].last_ns == (*theirs)[i].last_ns);
    CHECK((*mine)[i].message_bytes == (*theirs)[i].message_bytes);
  }
}

TEST_CASE("a page of the newest events, and a stream, touch few of many blocks") {
  EngineFixture f;
  constexpr int kRows = 1'000;
  for (int hour = 0; hour < 20; ++hour) {
    std::vector<TestEvent> events;
    for (int i = 0; i < kRows; ++i) {
      events.push_back({.stream = hour == 3 && i == 5 ? "rare" : fmt::format("s{}", i % 4),
                        .ns = hour * kHourNs + i,
                        .message = std::string(1'000, static_cast<char>('a' + i % 26))});
    }
    CHECK(put(f, events).good());
    REQUIRE(flush(f, false));
  }
  REQUIRE(flush(f, true));
  const EventScanReport page = report_of(f, {.order = EventOrder::NewestFirst}, 50);
  CHECK(page.rows >= 50);
  CHECK(page.rows_scanned <= 8 * kRows);
  const EventScanReport whole = report_of(f, {.order = EventOrder::OldestFirst});
  CHECK(whole.rows == 20 * kRows);
  const EventScanReport stream = report_of(f, {.streams = {"rare"}, .order = EventOrder::Any});
  CHECK(stream.rows == 1);
  CHECK(stream.rows_scanned <= 8 * kRows);
  CHECK(stream.rows_scanned + stream.rows_skipped == 20 * kRows);
}

TEST_CASE("blocks of few streams are cut by time, and lose a deleted stream one by one") {
  EngineFixture f;
  constexpr int kRows = 20'000;
  std::vector<TestEvent> events;
  for (int i = 0; i < kRows; ++i) {
    events.push_back({.stream = fmt::format("s{}", i % 5),
                      .ns = (i * 7'919) % kRows,
                      .message = std::string(1'200, static_cast<char>('a' + i % 26))});
  }
  CHECK(put(f, events).good());
  REQUIRE(flush(f, true));
  const EventScanReport newest = report_of(f, {.order = EventOrder::NewestFirst}, 50);
  CHECK(newest.rows_scanned < kRows / 2);
  const EventScanReport range =
      report_of(f, {.begin_ns = 0, .end_ns = 1'000, .order = EventOrder::OldestFirst});
  CHECK(range.rows == 1'000);
  CHECK(range.rows_scanned < kRows / 2);
  f.store().delete_stream(kScope, "g", "s3", [](const Status& status) { CHECK(status); });
  f.run();
  CHECK(report_of(f, {}).rows == kRows / 5 * 4);
  REQUIRE(flush(f, false));
  CHECK(enforce_retention(f));
  CHECK(f.store().stats().parts_rows == kRows / 5 * 4);
  CHECK(report_of(f, {}).rows == kRows / 5 * 4);
  CHECK(read(f, {.streams = {"s2"}}, {"none"}).size() == kRows / 5);
}

TEST_CASE("many tiny streams are kept, listed by pages and found, in little memory") {
  EventEngineOptions options;
  options.seal_memory_bytes = 2U << 20;
  EngineFixture f(options);
  constexpr int kStreams = 40'000;
  constexpr int kPerBatch = 100;
  uint64_t memory_max = 0;
  for (int begin = 0; begin < kStreams; begin += kPerBatch) {
    std::vector<TestEvent> events;
    for (int i = begin; i < begin + kPerBatch; ++i) {
      events.push_back(
          {.stream = fmt::format("stream-{:07}", (i * 7'919) % kStreams), .ns = i, .message = "x"});
    }
    CHECK(put(f, events).good());
    memory_max = std::max(memory_max, f.store().stats().memory_bytes);
  }
  CHECK(memory_max < 3U << 20);
  REQUIRE(flush(f, true));
  CHECK(f.store().stats().parts == 1);
  f.restart();
  std::string after;
  int listed = 0;
  for (;;) {
    const auto streams = f.store().streams({.scope = kScope}, after.empty() ? "" : "g", after, 999);
    REQUIRE(streams);
    if (streams->empty()) break;
    for (const EventStreamInfo& info : *streams) {
      CHECK(info.stream == fmt::format("stream-{:07}", listed++));
      CHECK(info.rows == 1);
    }
    after = streams->back().stream;
  }
  CHECK(listed == kStreams);
  const EventScanReport one = report_of(f, {.streams = {"stream-0012345"}});
  CHECK(one.rows == 1);
  CHECK(report_of(f, {.stream_prefix = "stream-00123"}).rows == 100);
}

TEST_CASE("what waits is bounded: a sender is told to slow down, and nothing else") {
  EventEngineOptions options;
  options.queue_bytes_max = 64U << 10;
  EngineFixture f(options);
  int good = 0;
  int overload = 0;
  for (int i = 0; i < 20; ++i) {
    signal::EventBatchBuilder builder;
    builder.add_stream({.group = "g", .stream = "s"});
    builder.add_row(0, i);
    builder.set_text(kMessagePath, std::string(10'000, 'x'));
    f.store().append({kScope,
                      builder.finish(),
                      {},
                      signal::AckToken(1, nullptr, Lane::Ingest, [&](const signal::Verdict& v) {
                        good += static_cast<int>(v.good());
                        overload += static_cast<int>(!v.good() && v.counts[0].reason == "overload");
                      })});
  }
  f.run();
  CHECK(good > 0);
  CHECK(overload > 0);
  CHECK(good + overload == 20);
  CHECK(read(f, {}).size() == static_cast<size_t>(good));
  CHECK(put(f, {{.ns = 1, .message = "later"}}).good());
}

TEST_CASE("while parts cannot be written, memory is bounded and what was taken is kept") {
  EventEngineOptions options;
  options.seal_memory_bytes = 100U << 10;
  options.memory_bytes_max = 400U << 10;
  env::SimFileSystem disk;
  EngineFixture f(options, &disk);
  disk.set_fault_hook(
      [](uint64_t, std::string_view, const std::string& path) -> std::optional<env::SimFault> {
        if (!path.starts_with("/d/events")) return std::nullopt;
        return env::SimFault{ErrorCode::Unavailable, "no room", 0};
      });
  size_t taken = 0;
  bool refused = false;
  for (int i = 0; i < 200 && !refused; ++i) {
    const auto verdict = put(f, {{.ns = i, .message = std::string(10'000, 'x')}});
    taken += static_cast<size_t>(verdict.good());
    refused = !verdict.good();
  }
  CHECK(refused);
  CHECK(f.store().stats().memory_bytes < 600U << 10);
  CHECK(read(f, {}).size() == taken);
  disk.set_fault_hook(nullptr);
  CHECK(flush(f, false));
  CHECK(put(f, {{.ns = 1'000, .message = "again"}}).good());
  CHECK(read(f, {}).size() == taken + 1);
}

TEST_CASE("events become parts by age: soon where there are many, in time where there are few") {
  EventEngineOptions options;
  options.seal_age_bytes_min = 10'000;
  EngineFixture f(options, nullptr, true);
  CHECK(put(f, {{.ns = 1, .message = "few"}}).good());
  f.clock().advance(60 * env::kNsPerS);
  f.run();
  CHECK(f.store().stats().parts == 0);
  f.clock().advance(190 * env::kNsPerS);
  f.run();
  CHECK(f.store().stats().parts == 1);
  CHECK(put(f, {{.ns = 2, .message = std::string(20'000, 'm')}}).good());
  f.clock().advance(35 * env::kNsPerS);
  f.run();
  CHECK(f.store().stats().parts == 2);
  CHECK(f.log().pinned_bytes(wal::Engine::Events) == 0);
}

TEST_CASE("a sender's fault in a batch reaches neither log nor memory") {
  EngineFixture f;
  const auto batch =
      signal::EventBatchBuilder::assemble({{.group = "g", .stream = "s"}}, {1, 2}, {0, 1}, {});
  signal::Verdict verdict;
  f.store().append(
      {kScope, batch, {}, signal::AckToken(2, nullptr, Lane::Ingest, [&](signal::Verdict v) {
         verdict = std::move(v);
       })});
  f.run();
  REQUIRE(verdict.counts.size() == 1);
  CHECK(verdict.counts[0].reason == "bad_batch");
  CHECK(read(f, {}).empty());
  CHECK(f.log().stats().records == 0);
}

TEST_CASE("parts are by day and class, and go whole when all of it is over") {
  EngineFixture f;
  const int64_t now = f.clock().wall_now().ns;
  f.policies().set(kScope, "week", {.keep_ns = 7 * kDayNs});
  f.policies().set(kScope, "day", {.keep_ns = kDayNs});
  for (int day = 0; day < 3; ++day) {
    CHECK(put(f, {{.group = "week", .ns = now - day * kDayNs, .message = "w"},
                  {.group = "day", .ns = now - day * kDayNs + kHourNs, .message = "d"}})
              .good());
  }
  REQUIRE(flush(f, true));
  // Of "day" what is over was not written.
  CHECK(f.store().stats().parts == 5);
  f.clock().advance(2 * kDayNs);
  CHECK(enforce_retention(f));
  CHECK(f.store().stats().parts == 3);
  CHECK(read(f, {.groups = {"week"}}).size() == 3);
  // A wall clock that jumps deletes nothing.
  f.clock().jump_wall(400 * kDayNs);
  CHECK(enforce_retention(f));
  CHECK(f.store().stats().parts == 3);
}

TEST_CASE("rows of a deleted group and of a deleted stream leave the disk") {
  EngineFixture f;
  CHECK(put(f, {{.group = "dead", .ns = 1, .message = "a"},
                {.group = "dead", .ns = 2, .message = "b"},
                {.group = "g", .ns = 3, .message = "c"},
                {.group = "g", .stream = "gone", .ns = 4, .message = "d"}})
            .good());
  REQUIRE(flush(f, false));
  CHECK(f.store().stats().parts_rows == 4);
  f.policies().set(kScope, "dead", {.generation = 1});
  f.store().delete_stream(kScope, "g", "gone", [](const Status& status) { CHECK(status); });
  f.run();
  CHECK(f.engine().engine_stats().tombstones == 1);
  CHECK(read(f, {}) == Lines{"3 g/s @message=t:c"});
  REQUIRE(flush(f, false));
  CHECK(enforce_retention(f));
  CHECK(f.store().stats().parts_rows == 1);
  CHECK(enforce_retention(f));
  CHECK(f.engine().engine_stats().tombstones == 0);
  f.restart();
  CHECK(read(f, {}) == Lines{"3 g/s @message=t:c"});
  CHECK(f.engine().engine_stats().tombstones == 0);
}

TEST_CASE("a snapshot, opened with a copy of the log taken later, has what was acknowledged") {
  env::SimFileSystem disk;
  EngineFixture f({}, &disk);
  CHECK(put(f, {{.ns = 1, .message = "in a part"}}).good());
  REQUIRE(flush(f, false));
  CHECK(put(f, {{.ns = 2, .message = "in the log"}}).good());
  const auto held = f.log().hold_segments();
  REQUIRE(disk.create_directories("/copy/events"));
  REQUIRE(disk.create_directories("/copy/log"));
  Status status = internal_error("not answered");
  f.engine().snapshot("/copy/events", [&](Status s) { status = std::move(s); });
  f.run();
  REQUIRE(status);
  CHECK(put(f, {{.ns = 3, .message = "later"}}).good());
  REQUIRE(flush(f, true));
  REQUIRE(f.log().snapshot("/copy/log"));
  Files copied;
  for (const auto& [path, bytes] : files_of(disk)) {
    if (path.starts_with("/copy/")) copied["/d/" + path.substr(6)] = bytes;
  }
  env::SimFileSystem other;
  put_files(other, copied);
  EngineFixture again({}, &other);
  CHECK(read(again, {}) == Lines{"1 g/s @message=t:in a part", "2 g/s @message=t:in the log",
                                 "3 g/s @message=t:later"});
}

TEST_CASE("a lost manifest is made of the parts, each event once") {
  env::SimFileSystem disk;
  const Lines all{"1 g/s @message=t:a", "2 g/s @message=t:b"};
  Files before;
  {
    EngineFixture f({}, &disk);
    CHECK(put(f, {{.ns = 1, .message = "a"}}).good());
    REQUIRE(flush(f, false));
    CHECK(put(f, {{.ns = 2, .message = "b"}}).good());
    REQUIRE(flush(f, false));
    before = files_of(disk);
    REQUIRE(flush(f, true));
    CHECK(f.store().stats().parts == 1);
  }
  Files after = files_of(disk);
  after.erase("/d/events/manifest");
  after.erase("/d/log/lock");
  // What a merge has replaced may still be there.
  for (const auto& [path, bytes] : before) {
    if (path.ends_with(".kep")) after[path] = bytes;
  }
  env::SimFileSystem other;
  put_files(other, after);
  EngineFixture again({}, &other);
  CHECK(read(again, {}) == all);
  CHECK(again.store().stats().parts == 1);
}

TEST_CASE("a log that others wrote on since does not make the manifest a lost one") {
  EngineFixture f;
  CHECK(put(f, {{.ns = 1, .message = "a"}}).good());
  REQUIRE(flush(f, false));
  uint64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    const auto sequence = f.log().append(wal::Engine::Queues, 0, {}, std::string(1'000, 'q'),
                                         [](const Result<uint64_t>&) {});
    REQUIRE(sequence);
    last = *sequence;
    f.run();
  }
  f.log().set_floor(wal::Engine::Queues, 0, last);
  f.run();
  f.restart();
  CHECK(f.log().first_sequence() > 2);
  CHECK(f.store().stats().last_error.empty());
  CHECK(read(f, {}) == Lines{"1 g/s @message=t:a"});
}

TEST_CASE("of parts that were written together and only half are there, the log has the rest") {
  env::SimFileSystem disk;
  Files before;
  {
    EngineFixture f({}, &disk);
    CHECK(put(f, {{.ns = 1, .message = "a"}, {.ns = kDayNs, .message = "b"}}).good());
    before = files_of(disk);
    REQUIRE(flush(f, false));
    CHECK(f.store().stats().parts == 2);
  }
  bool left_out = false;
  for (const auto& [path, bytes] : files_of(disk)) {
    if (!path.ends_with(".kep")) continue;
    if (std::exchange(left_out, true)) before[path] = bytes;
  }
  before.erase("/d/events/manifest");
  before.erase("/d/log/lock");
  env::SimFileSystem other;
  put_files(other, before);
  EngineFixture again({}, &other);
  CHECK(read(again, {}).size() == 2);
  REQUIRE(flush(again, true));
  CHECK(read(again, {}).size() == 2);
}

TEST_CASE("events: a data directory of a newer version is refused and left as it is") {
  env::SimFileSystem disk;
  EngineFixture f({}, &disk);
  f.stop();
  std::string manifest = disk.contents("/d/events/manifest");
  REQUIRE(manifest.size() >= 16);
  store_le(manifest.data() + 8, uint32_t{1'000});
  store_le(manifest.data() + 12, crc32c(as_bytes(std::string_view(manifest).substr(0, 12))));
  disk.set_contents("/d/events/manifest", manifest);
  const Status opened = f.open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == ErrorCode::FailedPrecondition);
  CHECK(disk.contents("/d/events/manifest") == manifest);
}

TEST_CASE("a damaged block is named with its times, the others are answered") {
  env::SimFileSystem disk;
  EngineFixture f({}, &disk);
  for (int day = 0; day < 2; ++day) {
    CHECK(put(f, {{.ns = day * kDayNs + 5, .message = "message"}}).good());
  }
  REQUIRE(flush(f, true));
  f.stop();
  for (const auto& [path, bytes] : files_of(disk)) {
    if (!path.ends_with(".kep")) continue;
    std::string damaged = bytes;
    for (size_t at = 16; at < 60; ++at) damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    disk.set_contents(path, damaged);
    break;
  }
  REQUIRE(f.open());
  const EventScanReport report = report_of(f, {.order = EventOrder::NewestFirst});
  CHECK(report.rows == 1);
  REQUIRE(report.missing.size() == 1);
  CHECK(report.missing[0].begin == 5);
  CHECK(report.missing[0].end == 6);
  CHECK(f.store().stats().blocks_damaged == 1);
  // It is neither merged nor asked for where its times do not matter.
  CHECK(flush(f, true));
  CHECK(report_of(f, {.begin_ns = kDayNs}).missing.empty());
}

}  // namespace kansoku::store::events
