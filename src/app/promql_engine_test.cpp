#include "app/promql_engine.h"

#include <doctest/doctest.h>

#include <future>

#include "base/env/sim.h"
#include "query/promql/parser.h"

using namespace kansoku;
using namespace kansoku::app;
using api::prometheus::QueryOptions;
using api::prometheus::ResultDocument;
using api::prometheus::ResultType;

namespace {

// Series of one point: `slow` has `slow_series` of them, each of which takes a millisecond to read,
// everything else one. Nothing is held while the sink runs.
class SlowStore final : public store::MetricStore {
 public:
  explicit SlowStore(env::SimClock* clock) : clock_(clock) {}

  void append(signal::MetricDelivery delivery) override {
    delivery.token.resolve(signal::Verdict::stored(delivery.token.rows()));
  }
  Result<std::vector<store::SeriesInfo>> select(
      const store::SeriesSelector& selector) const override {
    std::string name;
    for (const store::Matcher& matcher : selector.matchers) {
      if (matcher.label == "__name__") name = matcher.value;
    }
    std::vector<store::SeriesInfo> out;
    for (size_t i = 0; i < (name == "slow" ? slow_series : 1); ++i) {
      const std::string number = fmt::format("{}", i);
      auto labels = signal::Labels::from({{"__name__", name}, {"i", number}});
      out.push_back({i + (name == "slow" ? 1 : 0), std::move(*labels)});
    }
    return out;
  }
  Result<store::ScanReport> scan(const store::MetricScan& scan,
                                 const store::ScanSink& sink) const override {
    for (const store::SeriesId id : scan.ids) {
      if (id > 0 && clock_ != nullptr) clock_->advance(env::kNsPerMs);
      const std::vector<int64_t> times(1, scan.range.end - 1);
      const std::vector<double> values(1, 1.0);
      KANSOKU_RETURN_IF_ERROR(sink({id, times, values, {}}));
    }
    return store::ScanReport{};
  }
  void flush(bool, std::move_only_function<void(Status)> done) override { done({}); }
  void enforce_retention(std::move_only_function<void(Status)> done) override { done({}); }
  store::MetricStoreStats stats() const override { return {}; }

  size_t slow_series = 1'600;

 private:
  env::SimClock* clock_;
};

struct Fixture {
  env::SimClock clock;
  ManualExecutor executor;
  SlowStore store{&clock};
  MemoryBudget memory;
  std::vector<std::string> order;
  std::map<std::string, Result<ResultDocument>> answers;
  std::unique_ptr<PromqlEngine> engine;
  std::unique_ptr<FiberQueue> queue;  // answers what is left when it goes

  explicit Fixture(size_t running_max = FiberQueue::kRunningMax,
                   uint64_t memory_bytes_max = 64 << 20)
      : memory("queries", memory_bytes_max) {
    queue = std::make_unique<FiberQueue>(FiberQueue::Parts{&clock, &executor, running_max});
    engine = std::make_unique<PromqlEngine>(
        PromqlEngine::Parts{&clock, queue.get(), &store, {}, &memory});
  }

  // The answer stands under `name`, else under the text.
  void ask(const std::string& text, QueryOptions options = {}, std::string name = {}) {
    if (name.empty()) name = text;
    engine->instant(text, 60'000, std::move(options), [this, name](Result<ResultDocument> answer) {
      order.push_back(name);
      answers.insert_or_assign(name, std::move(answer));
    });
  }
  bool answered(const std::string& name) const { return answers.contains(name); }
  ErrorCode code(const std::string& name) const { return answers.at(name).error().code; }
  double value(const std::string& name) const {
    return answers.at(name)->series.at(0).floats.at(0).value;
  }
  size_t run_until(const std::string& name) {
    size_t steps = 0;
    while (!answered(name) && executor.run_one()) ++steps;
    return steps;
  }
};

}  // namespace

TEST_CASE("an expression is answered, and a bad one says where it is wrong") {
  Fixture f;
  f.ask("1 + 1");
  f.ask("sum(");
  f.executor.run_until_idle();
  REQUIRE(f.answers.size() == 2);
  CHECK(f.answers.at("1 + 1")->type == ResultType::Scalar);
  CHECK(f.answers.at("1 + 1")->scalar.value == 2);
  CHECK(f.code("sum(") == ErrorCode::InvalidArgument);
  CHECK(f.answers.at("sum(").error().message.starts_with("1:5: parse error"));
}

TEST_CASE("a cheap query overtakes an expensive one") {
  Fixture f;
  f.ask("count(slow)");
  for (int i = 0; i < 10; ++i) CHECK(f.executor.run_one());
  CHECK_FALSE(f.answered("count(slow)"));
  f.ask("count(cheap)");
  CHECK(f.run_until("count(cheap)") <= 2);
  CHECK(f.value("count(cheap)") == 1);
  CHECK_FALSE(f.answered("count(slow)"));
  f.executor.run_until_idle();
  CHECK(f.value("count(slow)") == 1'600);
  CHECK(f.queue->stats().running == 0);
  CHECK(f.memory.used_bytes() == 0);
}

TEST_CASE("an expensive query goes on behind the ingest that waits") {
  Fixture f;
  f.ask("count(slow)");
  CHECK(f.executor.run_one());
  int ingested = 0;
  for (int i = 0; i < 10; ++i) f.executor.post(Lane::Ingest, [&] { ++ingested; });
  for (int i = 0; i < 11; ++i) CHECK(f.executor.run_one());
  CHECK(ingested == 10);
  CHECK_FALSE(f.answered("count(slow)"));
}

TEST_CASE("expensive queries go on in turn") {
  Fixture f;
  for (const char* name : {"a", "b", "c"}) f.ask("sum(slow)", {}, name);
  const size_t first = f.run_until("a");
  const size_t rest = f.executor.run_until_idle();
  CHECK(first > 100);
  CHECK(rest <= 6);
  CHECK(f.order == std::vector<std::string>{"a", "b", "c"});
  CHECK(f.value("c") == 1'600);
}

TEST_CASE("a flood of new queries does not keep an old one from going on") {
  Fixture f;
  f.ask("count(slow)");
  size_t asked = 0;
  while (!f.answered("count(slow)") && asked < 1'000) {
    f.ask("vector(1)", {}, fmt::format("new {}", asked++));
    CHECK(f.executor.run_one());
  }
  CHECK(f.answered("count(slow)"));
  CHECK(asked < 300);
}

TEST_CASE("the query after the last that may run waits its turn") {
  Fixture f(2);
  f.store.slow_series = 160;
  f.ask("sum(slow)", {}, "a");
  f.ask("sum(slow)", {}, "b");
  f.ask("count(cheap)");
  CHECK(f.queue->stats().running == 2);
  CHECK(f.queue->stats().waiting == 1);
  f.run_until("a");
  CHECK_FALSE(f.answered("count(cheap)"));
  CHECK(f.queue->stats().waiting == 0);
  CHECK(f.run_until("count(cheap)") <= 2);
  f.executor.run_until_idle();
  CHECK(f.answers.size() == 3);
}

TEST_CASE("the line of waiting queries is bounded, and all that were taken are answered") {
  Fixture f(3);
  const size_t taken = 3 + FiberQueue::kWaitingMax;
  for (size_t i = 0; i < taken + 2; ++i) f.ask("vector(1)", {}, fmt::format("{}", i));
  REQUIRE(f.answers.size() == 2);
  CHECK(f.code(fmt::format("{}", taken)) == ErrorCode::Unavailable);
  CHECK(f.code(fmt::format("{}", taken + 1)) == ErrorCode::Unavailable);
  f.executor.run_until_idle();
  CHECK(f.answers.size() == taken + 2);
  CHECK(f.value("0") == 1);
  f.ask("vector(2)");
  f.executor.run_until_idle();
  CHECK(f.value("vector(2)") == 2);
}

TEST_CASE("time in the line and between steps counts towards a query's limit") {
  Fixture f(1);
  f.store.slow_series = 40'000;
  f.ask("count(slow)");
  f.ask("vector(1)", {.timeout_ms = 1'000});
  f.executor.run_until_idle();
  CHECK(f.code("count(slow)") == ErrorCode::DeadlineExceeded);
  CHECK(f.code("vector(1)") == ErrorCode::DeadlineExceeded);
  CHECK(f.memory.used_bytes() == 0);
}

TEST_CASE("a query whose client has gone is not evaluated, or ends within a step") {
  Fixture f;
  f.ask("vector(1)", {.cancelled = [] { return true; }});
  bool gone = false;
  f.ask("count(slow)", {.cancelled = [&] { return gone; }});
  for (int i = 0; i < 5; ++i) CHECK(f.executor.run_one());
  CHECK(f.code("vector(1)") == ErrorCode::Cancelled);
  CHECK_FALSE(f.answered("count(slow)"));
  CHECK(f.memory.used_bytes() > 0);
  gone = true;
  CHECK(f.executor.run_one());
  CHECK(f.code("count(slow)") == ErrorCode::Cancelled);
  CHECK(f.memory.used_bytes() == 0);
}

TEST_CASE("queries that run share a memory budget, which refuses rather than grows") {
  Fixture f(20, 2 << 20);
  f.store.slow_series = 2'500;
  for (const char* name : {"a", "b", "c", "d"}) f.ask("slow", {}, name);
  f.executor.run_until_idle();
  size_t refused = 0;
  for (const auto& [name, answer] : f.answers) {
    if (answer) {
      CHECK(answer->series.size() == 2'500);
    } else {
      CHECK(answer.error().code == ErrorCode::ResourceExhausted);
      ++refused;
    }
  }
  CHECK(refused > 0);
  CHECK(refused < 4);
  CHECK(f.memory.peak_bytes() <= f.memory.limit_bytes());
  CHECK(f.memory.used_bytes() == 0);
}

TEST_CASE("shutdown refuses what waits, ends what runs within a step, and takes nothing new") {
  Fixture f(2);
  f.ask("sum(slow)", {}, "a");
  f.ask("sum(slow)", {}, "b");
  f.ask("sum(slow)", {}, "waiting");
  for (int i = 0; i < 6; ++i) CHECK(f.executor.run_one());
  CHECK(f.answers.empty());
  CHECK(f.memory.used_bytes() > 0);
  f.queue->shutdown();
  CHECK(f.code("waiting") == ErrorCode::Unavailable);
  CHECK(f.executor.run_until_idle() == 1);
  CHECK(f.code("a") == ErrorCode::Cancelled);
  CHECK(f.code("b") == ErrorCode::Cancelled);
  CHECK(f.memory.used_bytes() == 0);
  f.ask("vector(1)");
  CHECK(f.code("vector(1)") == ErrorCode::Unavailable);
}

TEST_CASE("an engine that goes while its executor drops tasks ends what had given way") {
  Fixture f;
  f.ask("sum(slow)", {}, "a");
  f.ask("sum(slow)", {}, "b");
  CHECK(f.executor.run_one());
  f.queue.reset();
  CHECK(f.code("a") == ErrorCode::Cancelled);
  CHECK(f.code("b") == ErrorCode::Cancelled);
  CHECK(f.memory.used_bytes() == 0);
}

TEST_CASE("expressions nested too deeply are refused") {
  Fixture f;
  const std::string parentheses = std::string(10'000, '(') + "1" + std::string(10'000, ')');
  std::string calls = "cheap";
  for (int i = 0; i < 10'000; ++i) calls = "abs(" + std::move(calls) + ")";
  f.ask(parentheses, {}, "parentheses");
  f.ask(calls, {}, "calls");
  f.executor.run_until_idle();
  for (const char* name : {"parentheses", "calls"}) {
    CHECK(f.code(name) == ErrorCode::InvalidArgument);
    CHECK(f.answers.at(name).error().message.contains("nested too deeply"));
  }
}

TEST_CASE("expressions as deep as they may be fit the stack, whatever they are made of") {
  const std::vector<std::pair<std::string, std::string>> shells = {
      {"(", ")"},
      {"-(", ")"},
      {"abs(", ")"},
      {"1 + (", ")"},
      {"(", ") or cheap"},
      {"(", ") * on (i) group_left () cheap"},
      {"sum without () (", ")"},
      {"topk(1, ", ")"},
      {"quantile(0.5, ", ")"},
      {"limitk(1, ", ")"},
      {"max_over_time((", ")[1m:1m])"},
      {"absent_over_time((", ")[1m:1m])"},
      {"label_replace(", ", \"x\", \"$1\", \"i\", \"(.*)\")"},
      {"histogram_quantile(0.5, ", ")"},
      {"vector(scalar(", "))"},
      {"sort(", ")"},
      {"info(", ")"},
      {"timestamp(", ")"},
  };
  for (const auto& [before, after] : shells) {
    Fixture f;
    // As many of them as the limit takes.
    std::string text;
    for (int depth = query::promql::kDepthMax; depth > 0; --depth) {
      text = "cheap";
      for (int i = 0; i < depth; ++i) text = before + std::move(text) + after;
      if (query::promql::parse(text)) break;
    }
    CAPTURE(before);
    f.ask(text, {}, "instant");
    f.engine->range(text, 0, 600'000, 60'000, {}, [&](Result<ResultDocument> answer) {
      f.answers.insert_or_assign("range", std::move(answer));
    });
    f.executor.run_until_idle();
    for (const char* name : {"instant", "range"}) {
      const auto& answer = f.answers.at(name);
      CHECK_MESSAGE(answer.has_value(), (answer ? "" : answer.error().message));
    }
  }
}

TEST_CASE("steps of many queries on the workers of a pool give the answers of each") {
  constexpr size_t kAsked = 60;
  SlowStore store(nullptr);
  store.slow_series = 500;
  MemoryBudget memory{"queries", 64 << 20};
  std::mutex answers_mutex;
  std::vector<Result<ResultDocument>> answers;
  std::promise<void> all;
  ThreadPool pool(4);
  FiberQueue queue({&env::real_clock(), &pool, 40, 3});
  PromqlEngine::Parts parts{&env::real_clock(), &queue, &store, {}, &memory};
  parts.step_ns = 0;  // at every chance
  PromqlEngine engine(parts);
  for (size_t i = 0; i < kAsked; ++i) {
    engine.range("sum(max_over_time(slow[5m]) + on (i) slow) by (__name__)", 0, 600'000, 60'000, {},
                 [&](Result<ResultDocument> answer) {
                   std::lock_guard lock(answers_mutex);
                   answers.push_back(std::move(answer));
                   if (answers.size() == kAsked) all.set_value();
                 });
  }
  all.get_future().wait();
  pool.shutdown();
  for (const auto& answer : answers) {
    REQUIRE(answer);
    CHECK(answer->series.at(0).floats.back().value == 1'000);
  }
  CHECK(memory.used_bytes() == 0);
}

TEST_CASE("a pool that stops in the middle leaves no query behind") {
  SlowStore store(nullptr);
  store.slow_series = 5'000;
  MemoryBudget memory{"queries", 64 << 20};
  std::atomic<size_t> answered{0};
  ThreadPool pool(2);
  {
    FiberQueue queue({&env::real_clock(), &pool});
    PromqlEngine::Parts parts{&env::real_clock(), &queue, &store, {}, &memory};
    parts.step_ns = 0;
    PromqlEngine engine(parts);
    for (int i = 0; i < 20; ++i) {
      engine.instant("sum(slow) + sum(slow) + sum(slow)", 0, {},
                     [&](const Result<ResultDocument>&) { ++answered; });
    }
    pool.shutdown();
  }
  CHECK(answered == 20);
  CHECK(memory.used_bytes() == 0);
}

TEST_CASE(
    "the console is told what a query cost, and one whose stream is closed is not evaluated, or "
    "ends within a step") {
  Fixture f;
  std::map<std::string, Result<api::console::PromqlAnswer>> answers;
  auto ask = [&](std::string text, std::shared_ptr<api::console::PromqlCancel> cancel) {
    api::console::PromqlRange range;
    range.text = text;
    range.start_ms = 0;
    range.end_ms = 120'000;
    range.step_ms = 60'000;
    range.cancel = std::move(cancel);
    f.engine->range(std::move(range), [&, text](Result<api::console::PromqlAnswer> answer) {
      answers.insert_or_assign(text, std::move(answer));
    });
  };
  auto closed = std::make_shared<api::console::PromqlCancel>();
  auto closes = std::make_shared<api::console::PromqlCancel>();
  ask("vector(3)", std::make_shared<api::console::PromqlCancel>());
  ask("vector(4)", closed);
  ask("sum(", nullptr);
  ask("count(slow)", closes);
  closed->cancel();
  for (int i = 0; i < 8; ++i) f.executor.run_one();
  REQUIRE(answers.size() == 3);
  REQUIRE(answers.at("vector(3)").has_value());
  CHECK(answers.at("vector(3)")->document.series.at(0).floats.size() == 3);
  CHECK(answers.at("vector(3)")->cost.series == 0);
  CHECK(answers.at("vector(4)").error().code == ErrorCode::Cancelled);
  CHECK(answers.at("sum(").error().message.starts_with("1:5: parse error"));
  closes->cancel();
  CHECK(f.executor.run_one());
  CHECK(answers.at("count(slow)").error().code == ErrorCode::Cancelled);
}
