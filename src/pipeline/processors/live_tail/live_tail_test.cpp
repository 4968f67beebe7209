#include "pipeline/processors/live_tail/live_tail.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "pipeline/graph/test_sinks.h"

namespace kansoku::pipeline::live_tail {
namespace {

struct Lines final : Watcher {
  std::vector<std::string> lines;
  uint64_t missed = 0;
  bool over = false;
  void event(const LiveEvent& event) override {
    lines.push_back(
        fmt::format("{}/{} {} {}", event.group, event.stream, event.timestamp_ns, event.message));
  }
  void skipped(uint64_t rows) override { missed += rows; }
  void closed() override { over = true; }
};

struct Fixture {
  env::SimClock clock;
  ManualExecutor executor;
  TestEvents events;
  LiveTail tail{clock, executor, events};

  bool push(std::vector<std::pair<int64_t, std::string>> messages, std::string group = "g") {
    return push_messages(tail, std::move(messages), std::move(group));
  }
};

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("a watcher sees what is stored from its subscription to its end") {
  Fixture f;
  Lines lines;
  CHECK(f.push({{1, "before"}}));
  {
    const auto subscription = f.tail.subscribe({.scope = {"1", "r"}, .groups = {"g"}}, lines);
    CHECK(f.tail.watchers() == 1);
    CHECK(f.push({{2, "a"}, {3, "b"}}));
    CHECK(lines.lines.empty());  // the source is answered first
    f.executor.run_until_idle();
    CHECK(lines.lines == List{"g/s 2 a", "g/s 3 b"});
    CHECK(f.push({{4, "on the way"}}));
  }
  CHECK(f.tail.watchers() == 0);
  f.executor.run_until_idle();
  CHECK(lines.lines.size() == 2);
}

TEST_CASE("a watcher sees its account, groups, streams and pattern only") {
  Fixture f;
  Lines pattern, prefix, stream, account;
  const auto a = f.tail.subscribe(
      {.scope = {"1", "r"}, .pattern = *query::log_filter::Pattern::parse("ERROR")}, pattern);
  const auto b = f.tail.subscribe({.scope = {"1", "r"}, .stream_prefixes = {"x"}}, prefix);
  const auto c = f.tail.subscribe({.scope = {"1", "r"}, .groups = {"h"}, .streams = {"s"}}, stream);
  const auto d = f.tail.subscribe({.scope = {"2", "r"}}, account);
  f.push({{1, "ERROR one"}, {2, "fine"}});
  f.push({{3, "fine"}}, "h");
  f.executor.run_until_idle();
  CHECK(pattern.lines == List{"g/s 1 ERROR one"});
  CHECK(prefix.lines.empty());
  CHECK(stream.lines == List{"h/s 3 fine"});
  CHECK(account.lines.empty());
}

TEST_CASE("what the store refuses is not shown") {
  Fixture f;
  Lines lines;
  const auto subscription = f.tail.subscribe({.scope = {"1", "r"}}, lines);
  f.events.verdict.status = unavailable("full");
  f.tail.push({{"1", "r"},
               signal::EventBatchBuilder().finish(),
               {},
               signal::AckToken(0, nullptr, Lane::Ingest, [](const signal::Verdict&) {})});
  class Refuse final : public EventSink {
   public:
    void push(signal::EventDelivery delivery) override {
      delivery.token.resolve(
          signal::Verdict::dropped(delivery.batch->row_count(), "overload", Error{}));
    }
  } refuse;
  LiveTail tail(f.clock, f.executor, refuse);
  const auto other = tail.subscribe({.scope = {"1", "r"}}, lines);
  push_messages(tail, {{1, "a"}}, "g");
  f.executor.run_until_idle();
  CHECK(lines.lines.empty());
}

TEST_CASE("what waits to be shown is bounded, the rest is counted") {
  Fixture f;
  Lines lines;
  const auto subscription = f.tail.subscribe({.scope = {"1", "r"}}, lines);
  constexpr uint64_t kBatches = 40;
  for (uint64_t i = 0; i < kBatches; ++i) f.push({{1, std::string(1U << 20, 'x')}, {2, "y"}});
  CHECK(lines.missed > 0);
  f.executor.run_until_idle();
  CHECK(lines.lines.size() + lines.missed == 2 * kBatches);
  CHECK(lines.lines.size() * (1U << 19) <= kWaitingBytesMax + (2U << 20));
  const uint64_t missed = lines.missed;
  f.push({{3, "again"}});
  f.executor.run_until_idle();
  CHECK(lines.lines.back() == "g/s 3 again");
  CHECK(lines.missed == missed);
}

TEST_CASE("a batch of many rows is shown whole, in steps") {
  Fixture f;
  Lines lines;
  const auto subscription = f.tail.subscribe({.scope = {"1", "r"}}, lines);
  std::vector<std::pair<int64_t, std::string>> messages;
  for (int64_t i = 0; i < 5'000; ++i) messages.emplace_back(i, "m");
  f.push(std::move(messages));
  CHECK(f.executor.run_one());
  CHECK(lines.lines.size() == kRowsPerStep);
  f.executor.run_until_idle();
  CHECK(lines.lines.size() == 5'000);
  CHECK(lines.lines.back() == "g/s 4999 m");
}

TEST_CASE("close tells the watchers, and shows nothing any more") {
  Fixture f;
  Lines lines;
  const auto subscription = f.tail.subscribe({.scope = {"1", "r"}}, lines);
  f.tail.close();
  CHECK(lines.over);
  CHECK(f.push({{1, "a"}}));
  f.executor.run_until_idle();
  CHECK(lines.lines.empty());
  const auto late = f.tail.subscribe({.scope = {"1", "r"}}, lines);
  CHECK(f.tail.watchers() == 0);
}

}  // namespace kansoku::pipeline::live_tail
