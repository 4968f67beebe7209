// Any text: it parses or it does not; what parses prints to something that parses to the same
// print, and is evaluated over tiny data within its budget.
#include <cstdlib>
#include <map>
#include <set>

#include "base/env/sim.h"
#include "query/promql/evaluate.h"
#include "query/promql/memory_source.h"
#include "query/promql/parser.h"

namespace promql = kansoku::query::promql;

namespace {

promql::MemorySource tiny_source() {
  promql::MemorySource source;
  const auto add = [&](const char* name, const char* label, double f, promql::HistogramPtr h) {
    const auto labels = promql::LabelSet::from({{"__name__", name}, {"l", label}, {"le", label}});
    for (int64_t t = 0; t < 300'000; t += 60'000)
      source.add(labels, {.t = t, .f = f + static_cast<double>(t), .h = h});
  };
  promql::FloatHistogram native;
  native.count = 4;
  native.sum = 5;
  native.positive = {{0, 1}, {1, 2}, {2, 1}};
  promql::FloatHistogram custom;
  custom.schema = promql::kCustomSchema;
  custom.count = 3;
  custom.custom_values = {1, 2};
  custom.positive = {{0, 1}, {2, 2}};
  add("a", "1", 1, nullptr);
  add("a", "2", -2, nullptr);
  add("b", "+Inf", 3, nullptr);
  add("h", "1", 0, std::make_shared<const promql::FloatHistogram>(native));
  add("h", "2", 0, std::make_shared<const promql::FloatHistogram>(custom));
  source.finish();
  return source;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 2'000) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto expr = promql::parse(text);
  if (!expr) {
    expr.error().to_string(text);
    return 0;
  }
  const std::string printed = promql::to_string(**expr);
  auto again = promql::parse(printed);
  if (!again || promql::to_string(**again) != printed) std::abort();
  promql::pretty(**expr);
  static promql::MemorySource source = tiny_source();
  static kansoku::env::SimClock clock;
  const promql::EvaluateOptions options{.samples_max = 2'000};
  for (const promql::QueryRange range :
       {promql::QueryRange{120'000, 120'000, 0}, promql::QueryRange{0, 180'000, 60'000}}) {
    kansoku::query::QueryContext context(clock, {});
    auto result = promql::evaluate(**expr, range, source, options, context);
    if (result) result->annotations.warnings(text);
  }
  return 0;
}
