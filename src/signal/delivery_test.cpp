#include "signal/delivery.h"

#include <doctest/doctest.h>

#include "signal/ledger.h"

namespace kansoku::signal {
namespace {

const Error kBusy{ErrorCode::Unavailable, "busy", {}};
const Error kBad{ErrorCode::InvalidArgument, "bad", {}};

}  // namespace

TEST_CASE("a token is resolved on its owner") {
  ManualExecutor owner;
  bool answered = false;
  AckToken token(3, &owner, Lane::Ingest, [&](Verdict verdict) { answered = verdict.good(); });
  token.resolve(Verdict::stored(3));
  CHECK_FALSE(answered);
  owner.run_until_idle();
  CHECK(answered);
}

TEST_CASE("a dropped token counts as a fault and answers") {
  uint64_t before = AckToken::unresolved_tokens();
  std::string reason;
  {
    AckToken token(1, nullptr, Lane::Ingest, [&](Verdict v) { reason = v.counts[0].reason; });
    AckToken moved(std::move(token));
  }
  CHECK(reason == "unresolved");
  CHECK(AckToken::unresolved_tokens() == before + 1);
}

TEST_CASE("a fan-out answers with the worst required branch, when all have answered") {
  auto verdict_of = [](std::vector<Verdict> verdicts, std::vector<bool> required) {
    std::optional<Verdict> out;
    AckToken token(2, nullptr, Lane::Ingest, [&](Verdict verdict) { out = std::move(verdict); });
    auto branches = std::move(token).split(required);
    for (size_t i = 0; i < branches.size(); ++i) {
      CHECK_FALSE(out.has_value());
      branches[i].resolve(std::move(verdicts[i]));
    }
    REQUIRE(out);
    return *out;
  };
  CHECK(verdict_of({Verdict::stored(2), Verdict::forwarded(2)}, {true, true}).good());
  auto retry =
      verdict_of({Verdict::dropped(2, "overload", kBusy), Verdict::stored(2)}, {true, true});
  CHECK(retry.status.error().code == ErrorCode::Unavailable);
  CHECK(verdict_of({Verdict::dropped(2, "overload", kBusy), Verdict::stored(2)}, {false, true})
            .good());
}

TEST_CASE("the ledger balances to the unit") {
  Ledger ledger;
  LedgerKey key{"statsd", "1", "store"};
  ledger.received(key, 10);
  ledger.resolved(key, Verdict::stored(4));
  ledger.resolved(key, Verdict::rejected(3, "too_old", kBad));
  ledger.resolved(key, Verdict::filtered(1, "rule"));
  auto lines = ledger.lines();
  REQUIRE(lines.size() == 1);
  const LedgerLine& line = lines[0].second;
  CHECK(line.received == 10);
  CHECK(line.in_flight == 2);
  CHECK(line.balanced());
  CHECK(line.outcomes.at({Outcome::Rejected, "too_old"}) == 3);
}

}  // namespace kansoku::signal
