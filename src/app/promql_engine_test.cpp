#include "app/promql_engine.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"

using namespace kansoku;
using namespace kansoku::app;
using api::prometheus::QueryOptions;
using api::prometheus::ResultDocument;
using api::prometheus::ResultType;

namespace {

// A store without series.
class EmptyStore final : public store::MetricStore {
 public:
  void append(signal::MetricDelivery delivery) override {
    delivery.token.resolve(signal::Verdict::stored(delivery.token.rows()));
  }
  Result<std::vector<store::SeriesInfo>> select(const store::SeriesSelector&) const override {
    return std::vector<store::SeriesInfo>();
  }
  Result<store::ScanReport> scan(const store::MetricScan&, const store::ScanSink&) const override {
    return store::ScanReport{};
  }
  void flush(bool, std::move_only_function<void(Status)> done) override { done({}); }
  void enforce_retention(std::move_only_function<void(Status)> done) override { done({}); }
  store::MetricStoreStats stats() const override { return {}; }
};

struct Fixture {
  env::SimClock clock;
  ManualExecutor executor;
  EmptyStore store;
  PromqlEngine engine{{&clock, &executor, &store, {}, nullptr}};
  std::vector<Result<ResultDocument>> answers;

  void ask(std::string text, QueryOptions options = {}) {
    engine.instant(std::move(text), 60'000, std::move(options),
                   [this](Result<ResultDocument> answer) { answers.push_back(std::move(answer)); });
  }
};

}  // namespace

TEST_CASE("an expression is answered, and a bad one says where it is wrong") {
  Fixture f;
  f.ask("1 + 1");
  f.ask("sum(");
  f.executor.run_until_idle();
  REQUIRE(f.answers.size() == 2);
  CHECK(f.answers[0]->type == ResultType::Scalar);
  CHECK(f.answers[0]->scalar.value == 2);
  CHECK(f.answers[1].error().code == ErrorCode::InvalidArgument);
  CHECK(f.answers[1].error().message.starts_with("1:5: parse error"));
}

TEST_CASE("queries wait in a bounded line, one runs at a time, and all are answered") {
  Fixture f;
  for (size_t i = 0; i < PromqlEngine::kWaitingMax + 3; ++i) f.ask("vector(1)");
  REQUIRE(f.answers.size() == 3);
  CHECK(f.answers[0].error().code == ErrorCode::Unavailable);
  CHECK(f.executor.run_one());
  CHECK(f.answers.size() == 4);
  f.executor.run_until_idle();
  CHECK(f.answers.size() == PromqlEngine::kWaitingMax + 3);
  f.ask("vector(2)");
  f.executor.run_until_idle();
  CHECK(f.answers.back()->series.at(0).floats.at(0).value == 2);
}

TEST_CASE("a query whose client has gone is not evaluated") {
  Fixture f;
  f.ask("vector(1)", {.cancelled = [] { return true; }});
  f.executor.run_until_idle();
  CHECK(f.answers.at(0).error().code == ErrorCode::Cancelled);
}

TEST_CASE(
    "the console is told what a query cost, and one whose stream is closed is not evaluated") {
  Fixture f;
  std::vector<Result<api::console::PromqlAnswer>> answers;
  auto ask = [&](std::string text, std::shared_ptr<api::console::PromqlCancel> cancel) {
    api::console::PromqlRange range;
    range.text = std::move(text);
    range.start_ms = 0;
    range.end_ms = 120'000;
    range.step_ms = 60'000;
    range.cancel = std::move(cancel);
    f.engine.range(std::move(range), [&](Result<api::console::PromqlAnswer> answer) {
      answers.push_back(std::move(answer));
    });
  };
  auto closed = std::make_shared<api::console::PromqlCancel>();
  ask("vector(3)", std::make_shared<api::console::PromqlCancel>());
  ask("vector(4)", closed);
  ask("sum(", nullptr);
  closed->cancel();
  f.executor.run_until_idle();
  REQUIRE(answers.size() == 3);
  REQUIRE(answers[0].has_value());
  CHECK(answers[0]->document.series.at(0).floats.size() == 3);
  CHECK(answers[0]->cost.series == 0);
  CHECK(answers[1].error().code == ErrorCode::Cancelled);
  CHECK(answers[2].error().message.starts_with("1:5: parse error"));
}
