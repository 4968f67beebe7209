// The generator of random expressions: what the differential tests rely on.
#include "query/promql/random_expression.h"

#include <doctest/doctest.h>

#include <set>

#include "base/env/sim.h"
#include "query/promql/parser.h"

namespace kansoku::query::promql {

TEST_CASE("promql random: every expression parses and most have an answer") {
  for (bool as_2_42 : {false, true}) {
    const RandomOptions options{.as_2_42 = as_2_42};
    RandomExpressions expressions(42, options);
    MemorySource source = random_source(42, options);
    env::SimClock clock;
    int answered = 0;
    int refused = 0;
    for (int i = 0; i < 2'000; ++i) {
      const std::string text = expressions.next();
      CAPTURE(text);
      auto expr = parse(text);
      REQUIRE_MESSAGE(expr, (expr ? "" : expr.error().to_string(text)));
      CHECK(((*expr)->type() == ValueType::Vector || (*expr)->type() == ValueType::Scalar));
      QueryContext context(clock, {});
      auto result = evaluate(**expr, expressions.next_range(), source, {}, context);
      refused += result ? 0 : 1;
      if (result)
        answered +=
            result->type == ValueType::Scalar || !result->vector.empty() || !result->matrix.empty();
    }
    CHECK(answered > 1'200);
    CHECK(refused < 300);
  }
}

TEST_CASE("promql random: a seed gives the same expressions and data, another seed others") {
  RandomExpressions one(7), same(7), other(8);
  std::set<std::string> first;
  int different = 0;
  for (int i = 0; i < 500; ++i) {
    const std::string text = one.next();
    CHECK(text == same.next());
    different += text == other.next() ? 0 : 1;
    first.insert(text);
  }
  CHECK(different > 450);
  CHECK(first.size() > 450);
  const auto left = random_series(7);
  const auto right = random_series(7);
  REQUIRE(left.size() == right.size());
  for (size_t i = 0; i < left.size(); ++i) {
    CHECK(left[i].labels == right[i].labels);
    CHECK(left[i].points.size() == right[i].points.size());
  }
}

TEST_CASE("promql random: every function and aggregation occurs") {
  RandomExpressions expressions(1);
  std::string all;
  for (int i = 0; i < 20'000; ++i) all += expressions.next() + '\n';
  for (const FunctionRow& row : functions()) {
    CAPTURE(row.name);
    CHECK(all.find(std::string(row.name) + '(') != std::string::npos);
  }
  for (size_t i = 0; i <= static_cast<size_t>(AggregateOp::LimitRatio); ++i) {
    const std::string_view name = aggregate_op(static_cast<AggregateOp>(i)).text;
    CAPTURE(name);
    CHECK(all.find(std::string(name) + ' ') != std::string::npos);
  }
}

TEST_CASE("promql random: no sample lies on a whole second") {
  for (const RandomSeries& series : random_series(3)) {
    for (const Point& point : series.points) CHECK(point.t % 1000 != 0);
  }
}

}  // namespace kansoku::query::promql
