// Prints random data and expressions that Prometheus 2.42 and 3.x answer alike, for a test that
// asks both.
//
// Lines, separated by tabs: "series", then name and value of each label; "point", milliseconds and
// the bits of the value, of the series before; "query", start, end and step in milliseconds, text.
#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstdio>
#include <string_view>

#include "query/promql/random_expression.h"

namespace {

int64_t number(std::string_view text) {
  int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace kansoku::query::promql;
  if (argc != 4) {
    fmt::print(stderr, "usage: random_promql SEED QUERIES BEGIN_MS (a multiple of 15,000)\n");
    return 2;
  }
  auto seed = static_cast<uint64_t>(number(argv[1]));
  const RandomOptions options{.as_2_42 = true, .begin_ms = number(argv[3])};
  for (const RandomSeries& series : random_series(seed, options)) {
    fmt::print("series");
    for (const auto& label : series.labels.list()) fmt::print("\t{}\t{}", label.name, label.value);
    fmt::print("\n");
    for (const Point& point : series.points) {
      fmt::print("point\t{}\t{}\n", point.t, std::bit_cast<uint64_t>(point.f));
    }
  }
  RandomExpressions expressions(seed, options);
  for (int64_t i = 0; i < number(argv[2]); ++i) {
    std::string text = expressions.next();
    const QueryRange range = expressions.next_range();
    fmt::print("query\t{}\t{}\t{}\t{}\n", range.start_ms, range.end_ms, range.step_ms, text);
  }
  return 0;
}
