#include "pipeline/spool/spool.h"

#include <doctest/doctest.h>

#include <random>

#include "base/env/sim.h"
#include "support/golden.h"

namespace kansoku::pipeline::spool {
namespace {

using signal::Outcome;
using signal::Verdict;

std::shared_ptr<const signal::EventBatch> messages(const std::vector<std::string>& texts) {
  signal::EventBatchBuilder builder;
  const uint32_t stream = builder.add_stream({"group", "stream"});
  for (size_t i = 0; i < texts.size(); ++i) {
    builder.add_row(stream, 1'763'800'000 * env::kNsPerS + static_cast<int64_t>(i));
    builder.set_text(signal::kMessagePath, texts[i]);
    builder.set_int("number", static_cast<int64_t>(i));
  }
  return builder.finish();
}

std::shared_ptr<const signal::MetricBatch> points(double value) {
  signal::MetricBatchBuilder builder;
  std::vector<signal::LabelView> labels{{"__name__", "m"}, {"host", "a"}};
  const auto series =
      builder.add_series(labels, {signal::MergeKind::Accumulate, signal::Temporality::Delta});
  builder.add_float(*series, 1'763'800'000'123, value);
  builder.add_point(
      *series, 1'763'800'060'000,
      signal::point_from_values({{.value = 1, .count = 2}, {.value = 5, .count = 1}}));
  return builder.finish();
}

// An endpoint that takes each number once, as a kansoku server does.
struct Endpoint {
  bool away = false;
  std::map<std::string, std::string> by_number;  // producer/sequence -> text
  std::vector<std::string> texts;                // in order of arrival, each number once
  uint64_t pushes = 0;
  uint64_t points = 0;
  std::vector<signal::AckToken> held;  // where `hold` says so
  bool hold = false;

  Verdict take(const signal::Producer& producer, std::string text, uint64_t rows) {
    ++pushes;
    if (away) return {.status = unavailable("away")};
    const std::string number = fmt::format("{}/{}", producer.id, producer.sequence);
    auto [at, fresh] = by_number.try_emplace(number, text);
    CHECK(at->second == text);  // a number never means two batches
    if (fresh) texts.push_back(std::move(text));
    return Verdict::forwarded(rows);
  }
};
struct EventEnd final : EventSink {
  explicit EventEnd(Endpoint& e) : endpoint(e) {}
  Endpoint& endpoint;
  void push(signal::EventDelivery delivery) override {
    std::string text;
    for (const auto& column : delivery.batch->columns()) {
      if (column.path == signal::kMessagePath) text = column.text;
    }
    Verdict verdict = endpoint.take(delivery.producer, text, delivery.batch->row_count());
    if (endpoint.hold && verdict.good())
      endpoint.held.push_back(std::move(delivery.token));
    else
      delivery.token.resolve(std::move(verdict));
  }
};
struct MetricEnd final : MetricSink {
  explicit MetricEnd(Endpoint& e) : endpoint(e) {}
  Endpoint& endpoint;
  void push(signal::MetricDelivery delivery) override {
    const auto& batch = *delivery.batch;
    std::string text = fmt::format("{}@{}", batch.values()[0], batch.timestamps_ms()[0]);
    CHECK(batch.point(1).count() == 3);
    CHECK(batch.meta(0).temporality == signal::Temporality::Delta);
    delivery.token.resolve(endpoint.take(delivery.producer, std::move(text), batch.point_count()));
  }
};

// A process on a disk that outlives it.
struct Process {
  Process(env::SimFileSystem& files, env::SimClock& clock, Endpoint& endpoint,
          SpoolConfig config = {})
      : clock_(clock), events(endpoint), metrics(endpoint) {
    config.directory = "/spool";
    config.name = "out";
    auto opened = Spool::open({.env = {&clock, &files, &random},
                               .timers = &clock,
                               .executor = &executor,
                               .ledger = &ledger,
                               .local_scope = {"1", "r"}},
                              std::move(config), &events, &metrics);
    if (opened) spool = std::move(*opened);
    if (spool) spool->start();
  }
  ~Process() {
    if (spool) stop();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  void stop() {
    bool done = false;
    spool->stop([&] { done = true; });
    executor.run_until_idle();
    CHECK(done);
    spool = nullptr;
  }
  // As kill -9 leaves it: what the endpoint has taken stays there, answers on their way are lost,
  // and nothing more reaches the disk.
  void kill(env::SimFileSystem& files, Endpoint& endpoint) {
    files.set_fault_hook([](uint64_t, std::string_view, const std::string&) {
      return std::optional(env::SimFault{});
    });
    for (signal::AckToken& token : std::exchange(endpoint.held, {}))
      token.resolve({.status = unavailable("reset")});
    stop();
    files.set_fault_hook(nullptr);
    files.power_cut(env::CutStyle::KeepAll);
  }
  void run(int64_t ms) {
    for (int64_t at = 0; at <= ms; at += 100) {
      executor.run_until_idle();
      clock_.advance(100 * env::kNsPerMs);
    }
    executor.run_until_idle();
  }
  // The answer of the spool, when there is one.
  std::shared_ptr<std::optional<Verdict>> push(const std::vector<std::string>& texts) {
    auto out = std::make_shared<std::optional<Verdict>>();
    spool->events().push({{"1", "r"},
                          messages(texts),
                          {},
                          signal::AckToken(texts.size(), nullptr, Lane::Ingest,
                                           [out](Verdict v) { *out = std::move(v); })});
    return out;
  }
  uint64_t counted(Outcome outcome, std::string_view reason = {}) {
    uint64_t out = 0;
    for (const auto& [key, line] : ledger.lines()) {
      for (const auto& [what, rows] : line.outcomes) {
        if (what.first == outcome && what.second == reason) out += rows;
      }
    }
    return out;
  }
  uint64_t received() {
    uint64_t out = 0;
    for (const auto& [key, line] : ledger.lines()) out += line.received;
    return out;
  }

  env::SimClock& clock_;
  env::SimRandom random{11};
  ManualExecutor executor;
  signal::Ledger ledger;
  EventEnd events;
  MetricEnd metrics;
  std::shared_ptr<Spool> spool;
};

TEST_CASE("spool: both shapes come out as they went in, answered when they are durable") {
  env::SimFileSystem files;
  env::SimClock clock;
  Endpoint endpoint;
  Process process(files, clock, endpoint);
  const auto verdict = process.push({"one", "two"});
  CHECK(!verdict->has_value());  // not before a write
  process.run(100);
  REQUIRE(verdict->has_value());
  CHECK((*verdict)->good());
  bool good = false;
  process.spool->metrics().push(
      {{"1", "r"}, points(2.5), {}, signal::AckToken(2, nullptr, Lane::Ingest, [&](Verdict v) {
         good = v.good();
       })});
  process.run(3'000);
  CHECK(good);
  CHECK(endpoint.texts == std::vector<std::string>{"onetwo", "2.5@1763800000123"});
  CHECK(process.received() == 4);
  CHECK(process.counted(Outcome::Forwarded) == 4);
  CHECK(process.spool->stats().records_waiting == 0);
}

TEST_CASE("spool: what an endpoint did not take is sent by the next process, in order, once") {
  env::SimFileSystem files;
  env::SimClock clock;
  Endpoint endpoint;
  endpoint.away = true;
  {
    Process process(files, clock, endpoint);
    for (int i = 0; i < 20; ++i) process.push({std::to_string(i)});
    process.run(5'000);
    CHECK(process.spool->stats().records_waiting == 20);
    CHECK(process.spool->stats().oldest_ms > 0);
  }
  endpoint.away = false;
  Process process(files, clock, endpoint);
  CHECK(process.received() == 20);
  process.run(30'000);
  CHECK(process.counted(Outcome::Forwarded) == 20);
  REQUIRE(endpoint.texts.size() == 20);
  for (int i = 0; i < 20; ++i) CHECK(endpoint.texts[static_cast<size_t>(i)] == std::to_string(i));
}

TEST_CASE("spool: over its bytes the oldest go, and rows add up to the unit") {
  env::SimFileSystem files;
  env::SimClock clock;
  Endpoint endpoint;
  endpoint.away = true;
  std::mt19937_64 random(3);
  Process process(files, clock, endpoint, {.bytes_max = 64 << 10, .segment_bytes = 8 << 10});
  uint64_t rows = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<std::string> texts;
    for (size_t n = 1 + random() % 5; n > 0; --n) {
      std::string text;
      for (int k = 0; k < 200; ++k) text += static_cast<char>('a' + random() % 26);
      texts.push_back(std::move(text));
    }
    rows += texts.size();
    const auto verdict = process.push(texts);
    process.run(100);
    CHECK((*verdict)->good());
    CHECK(process.spool->stats().bytes < (64 << 10) + 6 * (8 << 10));
  }
  const uint64_t dropped = process.counted(Outcome::Dropped, "spool_full");
  CHECK(dropped > 0);
  endpoint.away = false;
  process.run(60'000);
  CHECK(process.received() == rows);
  CHECK(process.counted(Outcome::Forwarded) + dropped == rows);
  CHECK(process.spool->stats().records_waiting == 0);
  CHECK(process.spool->stats().bytes <= (8 << 10) + 4'096);
}

TEST_CASE("spool: what is over its age is dropped by that name") {
  env::SimFileSystem files;
  env::SimClock clock;
  Endpoint endpoint;
  endpoint.away = true;
  Process process(files, clock, endpoint, {.age_max_ms = 60'000});
  for (int i = 0; i < 10; ++i) process.push({"old"});
  process.run(1'000);
  for (int i = 0; i < 90; ++i) clock.advance(env::kNsPerS);
  process.push({"young"});
  endpoint.away = false;
  process.run(5'000);
  // Four were with the exporter already.
  CHECK(process.counted(Outcome::Dropped, "spool_expired") == 6);
  CHECK(process.counted(Outcome::Forwarded) == 5);
  CHECK(endpoint.texts.back() == "young");
}

TEST_CASE("spool: a full disk refuses, and takes again when there is room") {
  env::SimFileSystem files;
  env::SimClock clock;
  Endpoint endpoint;
  Process process(files, clock, endpoint);
  process.push({"before"});
  process.run(2'000);
  files.set_capacity(1);
  const auto refused = process.push({"refused"});
  process.run(1'000);
  REQUIRE(refused->has_value());
  CHECK((*refused)->status.error().code == ErrorCode::Unavailable);
  CHECK((*refused)->counts[0].reason == "spool_write_failed");
  CHECK(!process.spool->stats().last_error.empty());
  files.set_capacity(0);
  const auto taken = process.push({"after"});
  process.run(3'000);
  CHECK((*taken)->good());
  CHECK(std::ranges::count(endpoint.texts, "before") == 1);
  CHECK(std::ranges::count(endpoint.texts, "after") == 1);
  CHECK(process.spool->stats().last_error.empty());
}

TEST_CASE("spool: power cuts at every operation lose nothing that was answered") {
  for (const auto style : {env::CutStyle::DropAll, env::CutStyle::Torn, env::CutStyle::Reordered,
                           env::CutStyle::KeepAll}) {
    for (uint64_t cut = 1; cut < 120; ++cut) {
      env::SimFileSystem files(cut);
      env::SimClock clock;
      Endpoint endpoint;
      std::vector<std::string> answered;
      bool is_cut = false;
      const uint64_t begin = files.operations();
      files.set_fault_hook([&](uint64_t operation, std::string_view, const std::string&) {
        if (operation >= begin + cut) is_cut = true;
        return is_cut ? std::optional(env::SimFault{}) : std::nullopt;
      });
      {
        Process process(files, clock, endpoint, {.bytes_max = 1 << 20, .segment_bytes = 256});
        for (int i = 0; process.spool != nullptr && i < 30 && !is_cut; ++i) {
          endpoint.away = i % 7 > 3;
          const std::string text = std::to_string(i);
          const auto verdict = process.push({text});
          process.run(300);
          if (verdict->has_value() && (*verdict)->good()) answered.push_back(text);
        }
        if (process.spool != nullptr) process.stop();
      }
      files.set_fault_hook(nullptr);
      files.power_cut(style);
      endpoint.away = false;
      Process next(files, clock, endpoint, {.bytes_max = 1 << 20, .segment_bytes = 256});
      REQUIRE(next.spool != nullptr);
      next.run(3'000);
      const auto verdict = next.push({"last"});
      next.run(5'000);
      CHECK((*verdict)->good());
      for (const std::string& text : answered) {
        CAPTURE(cut);
        CHECK(std::ranges::count(endpoint.texts, text) >= 1);
      }
      CHECK(std::ranges::count(endpoint.texts, "last") == 1);
    }
  }
}

TEST_CASE("spool: a fault at any operation of the disk loses nothing that was answered") {
  for (uint64_t number = 0; number < 120; ++number) {
    CAPTURE(number);
    env::SimFileSystem files(number);
    env::SimClock clock;
    Endpoint endpoint;
    std::vector<std::string> answered;
    const uint64_t begin = files.operations();
    files.set_fault_hook([&](uint64_t operation, std::string_view, const std::string&) {
      return operation == begin + number ? std::optional(env::SimFault{}) : std::nullopt;
    });
    const SpoolConfig config{.bytes_max = 1 << 20, .segment_bytes = 256};
    auto process = std::make_unique<Process>(files, clock, endpoint, config);
    if (process->spool == nullptr)
      process = std::make_unique<Process>(files, clock, endpoint, config);
    REQUIRE(process->spool != nullptr);
    for (int i = 0; i < 30; ++i) {
      endpoint.away = i % 7 > 3;
      const std::string text = std::to_string(i);
      const auto verdict = process->push({text});
      process->run(300);
      REQUIRE(verdict->has_value());
      if ((*verdict)->good()) answered.push_back(text);
    }
    CHECK(answered.size() >= 29);
    process = nullptr;
    files.power_cut(env::CutStyle::DropAll);
    endpoint.away = false;
    Process next(files, clock, endpoint, config);
    REQUIRE(next.spool != nullptr);
    next.run(5'000);
    for (const std::string& text : answered) CHECK(std::ranges::count(endpoint.texts, text) == 1);
  }
}

TEST_CASE("spool: what was settled right before a kill is not counted as dropped") {
  env::SimFileSystem files;
  env::SimClock clock;
  Endpoint endpoint;
  std::mt19937_64 random(9);
  const auto push = [&](Process& process) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += static_cast<char>('a' + random() % 26);
    process.push({text});
  };
  {
    Process process(files, clock, endpoint, {.segment_bytes = 256});
    push(process);
    process.run(1'500);
    push(process);
    process.executor.run_until_idle();  // saved just now, and not again for a second
    for (int i = 0; i < 3; ++i) push(process);
    process.executor.run_until_idle();
    CHECK(process.counted(Outcome::Forwarded) == 5);
    process.kill(files, endpoint);
  }
  // All of it is over the bound of the next process, which cannot send.
  endpoint.away = true;
  Process process(files, clock, endpoint, {.bytes_max = 64, .segment_bytes = 256});
  push(process);
  process.run(3'000);
  push(process);
  process.run(3'000);
  CHECK(process.counted(Outcome::Dropped, "spool_full") == 0);
  endpoint.away = false;
  process.run(3'000);
  CHECK(endpoint.texts.size() == 7);
  CHECK(process.counted(Outcome::Forwarded) == 5);  // three of them are known to the endpoint
}

// Endpoints that come and go, kills at any moment, a bound that is met all the time: what the
// endpoint has and what was dropped is what was taken.
TEST_CASE("spool: rows add up with the endpoint through kills at any moment") {
  uint64_t kills = 0;
  uint64_t dropped_in_all = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    env::SimFileSystem files(seed);
    env::SimClock clock;
    Endpoint endpoint;
    const SpoolConfig config{.bytes_max = 3'000, .segment_bytes = 600};
    auto process = std::make_unique<Process>(files, clock, endpoint, config);
    std::vector<std::shared_ptr<std::optional<Verdict>>> pushed;
    uint64_t dropped = 0;
    uint64_t bytes_peak = 0;
    for (int step = 0; step < 120; ++step) {
      if (random() % 8 == 0) endpoint.away = !endpoint.away;
      endpoint.hold = random() % 4 == 0;
      for (uint64_t n = random() % 4; n > 0; --n) {
        std::string text = fmt::format("{} ", pushed.size());
        for (uint64_t k = 50 + random() % 200; k > 0; --k)
          text += static_cast<char>('a' + random() % 26);
        pushed.push_back(process->push({text}));
      }
      process->run(static_cast<int64_t>(random() % 400));
      bytes_peak = std::max(bytes_peak, process->spool->stats().bytes);
      if (random() % 12 == 0) {
        ++kills;
        dropped += process->counted(Outcome::Dropped, "spool_full");
        process->kill(files, endpoint);
        process = nullptr;
        process = std::make_unique<Process>(files, clock, endpoint, config);
        REQUIRE(process->spool != nullptr);
      } else if (random() % 3 == 0) {
        for (signal::AckToken& token : std::exchange(endpoint.held, {}))
          token.resolve(Verdict::forwarded(1));
      }
    }
    endpoint.away = endpoint.hold = false;
    for (signal::AckToken& token : std::exchange(endpoint.held, {}))
      token.resolve(Verdict::forwarded(1));
    process->run(30'000);
    CHECK(process->spool->stats().records_waiting == 0);
    dropped += process->counted(Outcome::Dropped, "spool_full");
    dropped_in_all += dropped;
    uint64_t taken = 0;
    for (const auto& verdict : pushed) taken += verdict->has_value() && (*verdict)->good() ? 1 : 0;
    CHECK(endpoint.texts.size() + dropped == taken);
    CHECK(bytes_peak < 3'000 + 12 * 900);
  }
  CHECK(kills > 500);
  CHECK(dropped_in_all > 500);
}

TEST_CASE("spool: the golden segment and state of version 1 are read, and written, byte for byte") {
  constexpr std::string_view kFolder = "src/pipeline/spool/testdata/";
  env::SimFileSystem files;
  env::SimClock clock;
  Endpoint endpoint;
  endpoint.away = true;
  {
    Process process(files, clock, endpoint);
    process.push({"one", "two"});
    process.run(100);
    process.spool->metrics().push(
        {{"1", "r"}, points(2.5), {}, signal::AckToken(2, nullptr, Lane::Ingest, [](Verdict) {})});
    process.run(100);
  }
  const std::string state = files.contents("/spool/state");
  const std::string segment = files.contents("/spool/0000000000000001.spool");
  CHECK(state == test::golden_file(std::string(kFolder) + "state-v1", state));
  // The bodies are what this version of LZ4 makes of them: read them, and frame them again.
  const std::string golden = test::golden_file(std::string(kFolder) + "segment-v1", segment);
  files.set_contents("/golden/0000000000000001.spool", golden);
  auto reader = SpoolFiles::open(files, "/golden", 1 << 20);
  REQUIRE(reader);
  std::vector<std::string> records;
  for (uint64_t number = 1; number <= 2; ++number) {
    const auto found = (*reader)->read(number);
    REQUIRE((found && *found && (*found)->number == number));
    records.push_back((*found)->bytes);
  }
  auto first = decode_record(records[0]);
  auto second = decode_record(records[1]);
  REQUIRE((first && second));
  CHECK(first->scope == signal::Scope{"1", "r"});
  CHECK(first->rows == 2);
  CHECK(std::get<0>(first->batch)->streams()[0].group == "group");
  CHECK(std::get<1>(second->batch)->values()[0] == 2.5);
  auto writer = SpoolFiles::open(files, "/again", 1 << 20);
  REQUIRE(writer);
  REQUIRE((*writer)->append(records));
  CHECK(files.contents("/again/0000000000000001.spool") == golden);
  // What was golden is sent.
  endpoint.away = false;
  files.set_contents("/spool/0000000000000001.spool", golden);
  files.set_contents("/spool/state", test::golden_file(std::string(kFolder) + "state-v1", state));
  Process process(files, clock, endpoint);
  process.run(3'000);
  CHECK(endpoint.texts == std::vector<std::string>{"onetwo", "2.5@1763800000123"});
}

TEST_CASE("spool: damaged bytes cost the records they are in, and are counted") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 60; ++round) {
    env::SimFileSystem files;
    env::SimClock clock;
    Endpoint endpoint;
    endpoint.away = true;
    {
      Process process(files, clock, endpoint, {.segment_bytes = 2'048});
      for (int i = 0; i < 40; ++i) {
        std::string text = fmt::format("{} ", i);
        for (int k = 0; k < 200; ++k) text += static_cast<char>('a' + random() % 26);
        process.push({text});
        process.run(100);
      }
    }
    std::vector<std::string> segments;
    for (const std::string& path : files.paths()) {
      if (path.ends_with(".spool")) segments.push_back(path);
    }
    REQUIRE(segments.size() > 2);
    const std::string& path = segments[random() % segments.size()];
    std::string bytes = files.contents(path);
    for (int i = 0; i < 3; ++i)
      bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
    files.set_contents(path, bytes);
    endpoint.away = false;
    Process process(files, clock, endpoint, {.segment_bytes = 2'048});
    REQUIRE(process.spool != nullptr);
    process.run(10'000);
    CHECK(endpoint.texts.size() >= 33);
    const SpoolStats stats = process.spool->stats();
    if (endpoint.texts.size() < 40) CHECK((stats.damages > 0 || path == segments.back()));
  }
}

TEST_CASE("spool: records of both shapes survive their coding, and cut bytes are refused") {
  for (const AnyBatch& batch :
       {AnyBatch(messages({"a", "", std::string(10'000, 'z')})), AnyBatch(points(-1e300))}) {
    const bool is_events = batch.index() == 0;
    SpoolRecord record{
        {"123456789012", "eu-west-1"}, 1'763'800'000'000, is_events ? 3U : 2U, batch};
    std::string bytes;
    encode_record(record, bytes);
    auto head = decode_record_head(bytes);
    REQUIRE(head);
    CHECK(head->rows == record.rows);
    CHECK(head->scope == record.scope);
    auto back = decode_record(bytes);
    REQUIRE(back);
    std::string again;
    encode_record(*back, again);
    CHECK(again == bytes);
    for (size_t cut = 0; cut < bytes.size(); ++cut) CHECK(!decode_record(bytes.substr(0, cut)));
  }
}

}  // namespace
}  // namespace kansoku::pipeline::spool
