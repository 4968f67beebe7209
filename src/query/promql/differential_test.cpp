// The evaluator over columns against the point-by-point one, on random expressions and data.
#include <doctest/doctest.h>

#include <cstdlib>

#include "base/env/sim.h"
#include "query/promql/evaluate.h"
#include "query/promql/parser.h"
#include "query/promql/random_expression.h"

namespace kansoku::query::promql {
namespace {

// 100,000 take about a minute of one core; KANSOKU_EXPRESSIONS asks for another number.
uint64_t expressions_wanted() {
  const char* wanted = std::getenv("KANSOKU_EXPRESSIONS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 100'000;
}

bool same(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b);
  if (a == b) return true;
  return std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b));
}

bool same(const Point& a, const Point& b) {
  if (a.t != b.t || !a.h != !b.h) return false;
  // As text, in which a NaN equals another.
  return a.h ? a.h->to_string() == b.h->to_string() : same(a.f, b.f);
}

// What differs first; empty when nothing does. The order of an instant vector says nothing (but for
// sort() and topk(), whose order the scripts hold).
std::string difference(QueryResult a, QueryResult b) {
  const auto by_labels = [](const Sample& x, const Sample& y) { return x.labels < y.labels; };
  std::ranges::sort(a.vector, by_labels);
  std::ranges::sort(b.vector, by_labels);
  if (a.type != b.type) return "type";
  if (!same(a.scalar, b.scalar) || a.string != b.string) return "scalar";
  if (a.matrix.size() != b.matrix.size()) return "number of series";
  for (size_t i = 0; i < a.matrix.size(); ++i) {
    const Series& x = a.matrix[i];
    const Series& y = b.matrix[i];
    if (x.labels != y.labels) return "labels of " + x.labels.to_string();
    if (x.points.size() != y.points.size()) return "number of points of " + x.labels.to_string();
    for (size_t k = 0; k < x.points.size(); ++k) {
      if (same(x.points[k], y.points[k])) continue;
      return fmt::format("point {} of {}: {} instead of {}", k, x.labels.to_string(), x.points[k].f,
                         y.points[k].f);
    }
  }
  if (a.vector.size() != b.vector.size()) return "number of samples";
  for (size_t i = 0; i < a.vector.size(); ++i) {
    if (a.vector[i].labels != b.vector[i].labels || !same(a.vector[i].point, b.vector[i].point))
      return "sample " + a.vector[i].labels.to_string();
  }
  if (a.annotations.warnings("") != b.annotations.warnings("")) return "warnings";
  if (a.annotations.infos("") != b.annotations.infos("")) return "infos";
  return {};
}

struct Tally {
  uint64_t values = 0;
  uint64_t errors = 0;
  uint64_t series = 0;
};

// Both ways through one expression; what differs, or nothing.
std::string compare(const std::string& text, QueryRange range, MemorySource& source,
                    EvaluateOptions options, Tally& tally) {
  const env::SimClock clock;
  const auto expr = parse(text);
  if (!expr) return "not parsed: " + expr.error().to_string(text);
  const auto one = [&](bool columns) {
    QueryContext context(clock, {});
    options.columns = columns;
    return evaluate(**expr, range, source, options, context);
  };
  auto fast = one(true);
  auto plain = one(false);
  if (fast.has_value() != plain.has_value()) {
    return fast ? "only the reference refuses: " + plain.error().message
                : "only columns refuse: " + fast.error().message;
  }
  if (!fast) {
    ++tally.errors;
    return {};
  }
  ++tally.values;
  tally.series += fast->matrix.size() + fast->vector.size();
  return difference(*std::move(fast), *std::move(plain));
}

// `floats_only`: data on which no query falls back to points.
void run(uint64_t seed, bool floats_only, const EvaluateOptions& options, uint64_t count) {
  constexpr uint64_t kPerData = 500;
  Tally tally;
  for (uint64_t i = 0; i < count; i += kPerData) {
    const RandomOptions random{.as_2_42 = floats_only};
    MemorySource source = random_source(seed + i, random);
    RandomExpressions expressions(seed + i, random);
    for (uint64_t k = 0; k < std::min(kPerData, count - i); ++k) {
      const std::string text = expressions.next();
      const QueryRange range = expressions.next_range();
      const std::string wrong = compare(text, range, source, options, tally);
      INFO("seed ", seed + i, ", from ", range.start_ms, " to ", range.end_ms, " by ",
           range.step_ms, ": ", text);
      REQUIRE_MESSAGE(wrong.empty(), wrong);
    }
  }
  // Most have an answer, and answers have something in them.
  CHECK(tally.values > tally.errors);
  CHECK(tally.series > count);
}

}  // namespace

TEST_CASE("columns answer 100,000 random expressions as the reference does") {
  const uint64_t count = expressions_wanted();
  run(1, true, {}, count * 6 / 10);
  run(2'000'000, false, {}, count * 2 / 10);
  run(3'000'000, true, {.delayed_name_removal = false}, count / 10);
  run(4'000'000, true, {.closed_ranges = true}, count / 10);
}

}  // namespace kansoku::query::promql
