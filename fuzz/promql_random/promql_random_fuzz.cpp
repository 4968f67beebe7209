// The input is a seed: what the generator of random expressions writes must parse, print to a text
// with the same print, and answer the same when that print is evaluated.
#include <cstring>

#include "base/check.h"
#include "base/env/sim.h"
#include "query/promql/parser.h"
#include "query/promql/random_expression.h"

using namespace kansoku;
using namespace kansoku::query::promql;

namespace {

std::string answer(const Expr& expr, QueryRange range, MemorySource& source) {
  env::SimClock clock;
  query::QueryContext context(clock, {});
  auto result = evaluate(expr, range, source, {}, context);
  if (!result) return "refused";
  std::string out;
  auto add = [&](const LabelSet& labels, const Point& point) {
    out += labels.to_string() + (point.h ? point.h->to_string() : format_general(point.f)) + '\n';
  };
  for (const Series& series : result->matrix) {
    for (const Point& point : series.points) add(series.labels, point);
  }
  for (const Sample& sample : result->vector) add(sample.labels, sample.point);
  return out + format_general(result->scalar);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint64_t seed = 0;
  std::memcpy(&seed, data, std::min(size, sizeof seed));
  static MemorySource source = random_source(1);
  RandomExpressions expressions(seed);
  for (int i = 0; i < 8; ++i) {
    const std::string text = expressions.next();
    const QueryRange range = expressions.next_range();
    auto expr = parse(text);
    KANSOKU_CHECK(expr.has_value());
    const std::string printed = to_string(**expr);
    auto again = parse(printed);
    KANSOKU_CHECK(again.has_value());
    // As in Prometheus, +Inf under a power is printed as a sign before the power.
    const bool signs = text.find("Inf") != std::string::npos;
    KANSOKU_CHECK(signs || to_string(**again) == printed);
    KANSOKU_CHECK(answer(**expr, range, source) == answer(**again, range, source));
  }
  return 0;
}
