#include "store/exemplars/exemplar_engine.h"

#include <latch>
#include <random>
#include <thread>

#include "store/exemplars/exemplar_fixture.h"
#include "store/metric_store_conformance.h"
#include "store/reference/reference_exemplars.h"

namespace kansoku::store::exemplars {
namespace {

using Lines = std::vector<std::string>;

std::string line(const TestExemplar& one) {
  return fmt::format("{} {} {} {}", one.series, one.timestamp_ms, one.value, one.trace);
}

}  // namespace

TEST_CASE("exemplars are answered when they are durable, and not found before") {
  ExemplarFixture f;
  std::optional<Result<uint64_t>> answer;
  f.store().append(kScope, batch_of({{"a", f.now_ms(), 1, "t"}}),
                   [&](Result<uint64_t> taken) { answer = std::move(taken); });
  f.executor().run_until_idle();
  CHECK_FALSE(answer.has_value());
  CHECK(read_all(f.store()).empty());
  f.run();
  REQUIRE(answer.has_value());
  CHECK(**answer == 1);
  CHECK(read_all(f.store()).size() == 1);
}

TEST_CASE("exemplars outlive a restart, from the log and from the file") {
  ExemplarFixture f;
  int64_t now = f.now_ms();
  std::vector<TestExemplar> sent{{"a", now - 1, 1, "x"}, {"a", now, 2, "y"}, {"b", now, -0.0, "z"}};
  CHECK(*f.put(sent) == 3);
  Lines expected{line(sent[0]), line(sent[1]), line(sent[2])};
  f.restart();
  CHECK(read_all(f.store()) == expected);
  CHECK(f.store().stats().replayed_records == 1);
  CHECK(f.flush());
  CHECK(f.log().pinned_bytes(wal::Engine::Exemplars) == 0);
  f.restart();
  CHECK(read_all(f.store()) == expected);
  CHECK(f.store().stats().replayed_records == 0);
  CHECK(*f.put({{"a", now + 1, 3, "w"}}) == 1);
  f.restart();
  CHECK(read_all(f.store()).size() == 4);
  CHECK(f.store().stats().exemplars == 4);
}

TEST_CASE("an exemplar that is sent again is taken, kept once, and not logged") {
  ExemplarFixture f;
  TestExemplar one{"a", f.now_ms(), std::nan(""), "t"};
  CHECK(*f.put({one, one}) == 2);
  CHECK(f.store().stats().exemplars == 1);
  uint64_t records = f.log().stats().records;
  CHECK(*f.put({one}) == 1);
  CHECK(f.log().stats().records == records);
  one.trace = "other";
  CHECK(*f.put({one}) == 1);
  CHECK(f.store().stats().exemplars == 2);
  // Two on their way at once are kept once too.
  TestExemplar twin{"b", f.now_ms(), 1, "t"};
  uint64_t taken = 0;
  for (int i = 0; i < 2; ++i) {
    f.store().append(kScope, batch_of({twin}), [&](auto n) { taken += *n; });
  }
  f.run();
  CHECK(taken == 2);
  CHECK(f.store().stats().exemplars == 3);
  f.restart();
  CHECK(f.store().stats().exemplars == 3);
}

TEST_CASE("the oldest of an account give way, those of other accounts stay") {
  ExemplarFixture f({.exemplars_per_account_max = 3});
  const signal::Scope other{"2", "r"};
  const signal::Scope region{"1", "q"};
  int64_t now = f.now_ms();
  CHECK(*f.put({{"a", now, 0, "t"}}, other) == 1);
  for (int i = 0; i < 4; ++i) CHECK(*f.put({{"a", now - i, 1.0 * i, "t"}}) == 1);
  CHECK(*f.put({{"a", now, 9, "t"}}, region) == 1);
  for (int round = 0; round < 3; ++round) {
    CHECK(read_all(f.store()) ==
          Lines{fmt::format("a {} 3 t", now - 3), fmt::format("a {} 2 t", now - 2)});
    CHECK(read_all(f.store(), region).size() == 1);
    CHECK(read_all(f.store(), other).size() == 1);
    if (round == 0) f.restart();
    if (round == 1) CHECK(f.flush());
  }
  ExemplarFixture none({.exemplars_per_account_max = 0});
  CHECK(*none.put({{"a", now, 0, "t"}}) == 0);
  CHECK(none.log().stats().records == 0);
}

TEST_CASE("long labels are bounded by bytes") {
  ExemplarFixture f({.exemplars_per_account_max = 100});
  const std::string big(50'000, 'x');
  for (int i = 0; i < 20; ++i) {
    CHECK(*f.put({{big + std::to_string(i), f.now_ms(), 1, "t"}}) == 1);
  }
  CHECK(f.store().stats().memory_bytes <= 100 * kExemplarBytesMax);
  CHECK(f.store().stats().exemplars >= 2);
  CHECK(f.store().stats().evicted + f.store().stats().exemplars == 20);
}

TEST_CASE("exemplars past the retention are not taken, not found, and leave the disk") {
  ExemplarFixture f({.retention_ms = 86'400'000}, nullptr, true);
  int64_t now = f.now_ms();
  CHECK(*f.put({{"a", now - 86'400'001, 1, "old"},
                {"a", now - 86'000'000, 2, "soon"},
                {"b", now, 3, "new"}}) == 2);
  CHECK(f.flush());
  for (int i = 0; i < 60; ++i) {
    f.clock().advance(60 * env::kNsPerS);
    f.run();
  }
  CHECK(read_all(f.store()) == Lines{fmt::format("b {} 3 new", now)});
  for (int i = 0; i < 61; ++i) {
    f.clock().advance(60 * env::kNsPerS);
    f.run();
  }
  CHECK(f.store().stats().exemplars == 1);
  CHECK(f.store().stats().series == 1);
  CHECK(f.store().stats().expired == 1);
  CHECK(f.disk().contents(exemplar_file_path(kDirectory)).find("soon") == std::string::npos);
}

TEST_CASE("a clock that jumps ahead deletes nothing") {
  ExemplarFixture f({.retention_ms = 86'400'000}, nullptr, true);
  CHECK(*f.put({{"a", f.now_ms(), 1, "t"}}) == 1);
  f.clock().jump_wall(100LL * 86'400 * env::kNsPerS);
  f.clock().advance(10 * env::kNsPerS);
  f.run();
  CHECK(read_all(f.store()).size() == 1);
}

TEST_CASE("the log is let go by age and by bytes") {
  ExemplarFixture f({.pinned_log_bytes = 20'000}, nullptr, true);
  int64_t now = f.now_ms();
  f.clock().advance(3700 * env::kNsPerS);  // behind the first look for what is too old
  f.run();
  CHECK(*f.put({{"a", now, 1, "t"}}) == 1);
  CHECK(f.log().pinned_bytes(wal::Engine::Exemplars) > 0);
  f.clock().advance(230 * env::kNsPerS);
  f.run();
  CHECK(f.log().pinned_bytes(wal::Engine::Exemplars) > 0);
  f.clock().advance(20 * env::kNsPerS);
  f.run();
  CHECK(f.log().pinned_bytes(wal::Engine::Exemplars) == 0);
  CHECK(f.store().stats().files_written == 1);
  // The bytes of others count: what is pinned is a stretch of the whole log.
  CHECK(*f.put({{"a", now + 1, 1, "t"}}) == 1);
  REQUIRE(f.log().append(wal::Engine::Metrics, 0, {}, std::string(30'000, 'x'), [](auto) {}));
  f.log().set_floor(wal::Engine::Metrics, 0, 1'000);
  f.clock().advance(6 * env::kNsPerS);
  f.run();
  f.clock().advance(6 * env::kNsPerS);
  f.run();
  CHECK(f.store().stats().files_written == 2);
  CHECK(f.log().pinned_bytes(wal::Engine::Exemplars) == 0);
}

TEST_CASE("appends between the steps of a file are neither lost nor doubled") {
  ExemplarFixture f({.exemplars_per_account_max = 3'000});
  int64_t now = f.now_ms();
  std::vector<TestExemplar> many;
  for (int i = 0; i < 2'900; ++i) {
    many.push_back({fmt::format("s{}", i % 7), now - i, 1.0 * i, "t"});
  }
  CHECK(*f.put(many) == 2'900);
  bool done = false;
  f.store().flush([&](Status status) { done = status.has_value(); });
  // New ones, and so many that the file's first ones go meanwhile.
  int i = 0;
  for (bool going = true; going; going = !done) {
    ++i;
    f.executor().run_one();
    f.store().append(kScope, batch_of({{"n", now + i, 1.0 * i, "t"}, {"n", now + i, 0.5, "t"}}),
                     [](auto) {});
    f.log().run_once();
    f.executor().run_one();
  }
  f.run();
  auto expected = read_all(f.store());
  uint64_t count = f.store().stats().exemplars;
  CHECK(count == expected.size());
  f.restart();
  CHECK(read_all(f.store()) == expected);
  CHECK(f.store().stats().exemplars == count);
}

TEST_CASE("a closed log and a closed store refuse") {
  ExemplarFixture f;
  f.log().close();
  auto refused = f.put({{"a", f.now_ms(), 1, "t"}});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::Unavailable);
  CHECK(f.store().stats().refused == 1);
  f.store().close();
  CHECK_FALSE(f.put({{"a", f.now_ms(), 1, "t"}}).has_value());
}

TEST_CASE("a snapshot of the file and the log opens with everything acknowledged before") {
  ExemplarFixture f;
  env::SimFileSystem& disk = f.disk();
  for (bool with_file : {false, true}) {
    int64_t now = f.now_ms();
    CHECK(*f.put({{"a", now, 1.0 * with_file, "first"}}) == 1);
    if (with_file) CHECK(f.flush());
    CHECK(*f.put({{"a", now, 5.0 + with_file, "second"}}) == 1);
    const std::string to = fmt::format("/copy{}", with_file);
    REQUIRE(disk.create_directories(to + "/log"));
    REQUIRE(disk.create_directories(to + "/exemplars"));
    auto held = f.log().hold_segments();
    REQUIRE(f.store().snapshot(to + "/exemplars"));
    auto expected = read_all(f.store());
    CHECK(*f.put({{"z", now, 1.0 * with_file, "later"}}) == 1);
    CHECK(f.flush());
    REQUIRE(f.log().snapshot(to + "/log"));
    env::Env env{&f.clock(), &disk, nullptr};
    auto log = wal::Log::open(env, to + "/log", {.manual = true});
    REQUIRE(log);
    auto copy =
        ExemplarEngine::open(env, f.executor(), nullptr, **log, {.directory = to + "/exemplars"});
    REQUIRE(copy);
    auto found = read_all(**copy);
    for (const std::string& one : expected) CHECK(std::ranges::count(found, one) == 1);
    (*copy)->close();
  }
}

TEST_CASE("a file of a newer version, and a record of one, stop the start") {
  env::SimFileSystem disk;
  ExemplarFixture f({}, &disk);
  CHECK(*f.put({{"a", f.now_ms(), 1, "t"}}) == 1);
  CHECK(f.flush());
  f.stop();
  std::string bytes = disk.contents(exemplar_file_path(kDirectory));
  std::string newer = bytes;
  newer[8] = 2;
  store_le(newer.data() + 60, crc32c(as_bytes(std::string_view(newer).substr(0, 60))));
  disk.set_contents(exemplar_file_path(kDirectory), newer);
  Status opened = f.open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == ErrorCode::FailedPrecondition);
  disk.set_contents(exemplar_file_path(kDirectory), bytes);
  f.restart();
  REQUIRE(f.log().append(wal::Engine::Exemplars, 0, {}, "\x02rows", [](auto) {}));
  f.stop();
  opened = f.open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == ErrorCode::DataLoss);
}

TEST_CASE("the embedded store answers as the reference does, also after restarts") {
  std::mt19937_64 random(test_seed(39));
  const signal::Scope scopes[] = {{"1", "r"}, {"1", "q"}, {"2", "r"}};
  // Either restarts, or exemplars that expire: a start believes in a time behind for an hour.
  bool restarts = false;
  SUBCASE("that expire") {}
  SUBCASE("with restarts") { restarts = true; }
  const int64_t retention_ms = restarts ? 86'400'000 : 600'000;
  // What expired may count towards the limit for a while, so one at a time is compared.
  const size_t limit = restarts ? 40 : 100'000;
  ExemplarFixture f({.exemplars_per_account_max = limit, .retention_ms = retention_ms});
  ReferenceExemplarStore reference(f.clock(), limit, retention_ms);
  for (int step = 0; step < 3'000; ++step) {
    const signal::Scope& scope = scopes[random() % 3];
    std::vector<TestExemplar> list;
    for (uint64_t n = random() % 4; n > 0; --n) {
      list.push_back({fmt::format("s{}", random() % 6),
                      f.now_ms() - static_cast<int64_t>(random() % 700) * 1000,
                      static_cast<double>(random() % 3), fmt::format("t{}", random() % 2)});
    }
    uint64_t expected = 0;
    reference.append(scope, batch_of(list), [&](auto taken) { expected = *taken; });
    CHECK(*f.put(list, scope) == expected);
    if (random() % 20 == 0) f.clock().advance(static_cast<int64_t>(random() % 20) * env::kNsPerS);
    if (random() % 50 == 0) CHECK(f.flush());
    if (restarts && random() % 50 == 0) f.restart();
    ExemplarQuery query{scope, {{{"s", MatchOp::Regex, "s[1-4]"}}}, 0, 0};
    if (random() % 2 == 0) query.selectors.push_back({{"s", MatchOp::Equal, "s5"}});
    query.first_ms = f.now_ms() - static_cast<int64_t>(random() % 800) * 1000;
    query.last_ms = query.first_ms + static_cast<int64_t>(random() % 800) * 1000;
    auto lines = [&](const ExemplarStore& store) {
      Lines out;
      for (const SeriesExemplars& series : store.find(query)->series) {
        for (const signal::Exemplar& one : series.exemplars) {
          out.push_back(fmt::format("{} {} {} {}", series.series.get("s"), one.timestamp_ms,
                                    one.value, one.labels.get("trace_id")));
        }
      }
      std::ranges::sort(out);
      return out;
    };
    CHECK(lines(f.store()) == lines(reference));
  }
}

TEST_CASE("a bad expression is refused") {
  ExemplarFixture f;
  CHECK_FALSE(f.store().find({kScope, {{{"s", MatchOp::Regex, "("}}}}).has_value());
}

TEST_CASE("appends, queries and files at the same time") {
  env::SimFileSystem disk;
  env::SimClock clock;
  env::SimRandom random(1);
  env::Env env{&clock, &disk, &random};
  ThreadPool pool(3);
  auto log = *wal::Log::open(env, "/d/log", {.segment_bytes = 1 << 20, .company_ns = 1});
  auto store = *ExemplarEngine::open(env, pool, nullptr, *log,
                                     {.directory = kDirectory, .exemplars_per_account_max = 500});
  log->start();
  const int64_t now = clock.wall_now().ms();
  std::atomic<uint64_t> taken{0};
  std::latch answered(900);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        store->append(kScope, batch_of({{fmt::format("s{}", t), now + i, 1.0 * t, "x"}}),
                      [&](auto n) {
                        taken += n.value_or(0);
                        answered.count_down();
                      });
        if (i % 50 == 0) store->flush([](Status) {});
        if (i % 10 == 0) (void)store->find({.scope = kScope, .selectors = {{}}});
        if (i % 10 == 0) (void)store->stats();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  answered.wait();
  store->close();
  log->close();
  pool.shutdown();
  CHECK(taken == 900);
  CHECK(store->stats().exemplars == 500);
}

}  // namespace kansoku::store::exemplars
