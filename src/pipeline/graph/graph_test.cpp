#include "pipeline/graph/graph.h"

#include <doctest/doctest.h>

using namespace kansoku;
using namespace kansoku::pipeline;
using signal::MetricBatchBuilder;
using signal::MetricDelivery;
using signal::Verdict;

namespace {

// Keeps deliveries until the test says what became of them.
class HoldingSink final : public MetricSink {
 public:
  void push(MetricDelivery delivery) override { held.push_back(std::move(delivery)); }
  std::vector<MetricDelivery> held;
};

MetricDelivery two_points(std::optional<Verdict>& verdict) {
  MetricBatchBuilder builder;
  std::vector<signal::LabelView> labels{{"__name__", "up"}};
  auto series = builder.add_series(labels, {});
  builder.add_float(*series, 1, 1);
  builder.add_float(*series, 2, 1);
  return {{"000000000000", "us-east-1"},
          builder.finish(),
          {},
          signal::AckToken(2, nullptr, Lane::Ingest, [&](Verdict v) { verdict = std::move(v); })};
}

}  // namespace

TEST_CASE("the source hears the worst required branch, after all of them") {
  HoldingSink a;
  HoldingSink b;
  HoldingSink best_effort;
  FanOut fan({{&a, true}, {&b, true}, {&best_effort, false}});
  std::optional<Verdict> verdict;
  fan.push(two_points(verdict));
  a.held[0].token.resolve(Verdict::stored(2));
  best_effort.held[0].token.resolve(
      Verdict::dropped(2, "overload", Error{ErrorCode::Unavailable, "full", {}}));
  CHECK_FALSE(verdict.has_value());
  b.held[0].token.resolve(
      Verdict::rejected(2, "too_old", Error{ErrorCode::InvalidArgument, "too old", {}}));
  REQUIRE(verdict.has_value());
  CHECK_FALSE(verdict->good());
  CHECK(verdict->counts.at(0).reason == "too_old");
}

TEST_CASE("the ledger balances at every moment") {
  HoldingSink store;
  signal::Ledger ledger;
  LedgerSink sink(ledger, "host", "store", store);
  std::optional<Verdict> first;
  std::optional<Verdict> second;
  sink.push(two_points(first));
  sink.push(two_points(second));
  auto line = ledger.lines().at(0).second;
  CHECK(line.received == 4);
  CHECK(line.in_flight == 4);
  CHECK(line.balanced());
  Verdict mixed = Verdict::stored(1);
  mixed.counts.push_back({signal::Outcome::Rejected, "too_new", 1, "too new"});
  store.held[0].token.resolve(std::move(mixed));
  store.held[1].token.resolve(Verdict::stored(2));
  line = ledger.lines().at(0).second;
  CHECK(line.in_flight == 0);
  CHECK(line.outcomes.at({signal::Outcome::Stored, ""}) == 3);
  CHECK(line.outcomes.at({signal::Outcome::Rejected, "too_new"}) == 1);
  CHECK(line.balanced());
  CHECK(first->counts.size() == 2);
}

TEST_CASE("a token dropped without a verdict is counted and tells its source") {
  uint64_t before = signal::AckToken::unresolved_tokens();
  std::optional<Verdict> verdict;
  {
    MetricDelivery lost = two_points(verdict);
  }
  CHECK(signal::AckToken::unresolved_tokens() == before + 1);
  REQUIRE(verdict.has_value());
  CHECK(verdict->counts.at(0).outcome == signal::Outcome::Dropped);
}

TEST_CASE("events pass the same nodes, counted by rows") {
  class Keeping final : public EventSink {
   public:
    void push(signal::EventDelivery delivery) override { held.push_back(std::move(delivery)); }
    std::vector<signal::EventDelivery> held;
  };
  Keeping a;
  Keeping b;
  EventFanOut fan({{&a, true}, {&b, false}});
  signal::Ledger ledger;
  EventLedgerSink sink(ledger, "filelog", "store", fan);
  signal::EventBatchBuilder builder;
  uint32_t stream = builder.add_stream({"group", "stream"});
  for (int i = 0; i < 3; ++i) builder.add_row(stream, i);
  std::optional<Verdict> verdict;
  sink.push(
      {{"000000000000", "us-east-1"},
       builder.finish(),
       {},
       signal::AckToken(3, nullptr, Lane::Ingest, [&](Verdict v) { verdict = std::move(v); })});
  REQUIRE(a.held.size() == 1);
  CHECK(a.held[0].batch == b.held[0].batch);
  CHECK(ledger.lines().at(0).second.in_flight == 3);
  b.held[0].token.resolve(Verdict::dropped(3, "overload", Error{}));
  CHECK_FALSE(verdict.has_value());
  a.held[0].token.resolve(Verdict::stored(3));
  REQUIRE(verdict.has_value());
  CHECK(verdict->good());
  CHECK(ledger.lines().at(0).second.balanced());
  CHECK(ledger.lines().at(0).second.in_flight == 0);
}
