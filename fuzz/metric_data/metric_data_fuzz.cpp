// Any text as the expression of a request over two small series: refused at a place inside it, or
// answered within the grid.
#include <array>
#include <functional>
#include <map>
#include <set>

#include "base/check.h"
#include "base/env/sim.h"
#include "query/metric_data/run.h"
#include "store/reference/reference_metrics.h"

namespace {

using namespace kansoku;
using namespace kansoku::query::metric_data;

constexpr int64_t kNowMs = 1'795'348'800'000;

struct SmallStore {
  env::SimClock clock{env::WallTime{kNowMs * 1'000'000}};
  store::ReferenceMetricStore store{clock, {}};

  SmallStore() {
    for (std::string_view host : {"a", "b"}) {
      signal::MetricBatchBuilder builder;
      std::vector<signal::LabelView> labels{
          {"__name__", "m"}, {"__namespace__", "N"}, {"__unit__", "None"}, {"Host", host}};
      auto row = builder.add_series(labels, {.merge = signal::MergeKind::Accumulate});
      KANSOKU_CHECK(row.has_value());
      for (int minute = 1; minute < 4; ++minute) {
        builder.add_float(*row, kNowMs - minute * 60'000, minute);
      }
      store.append({{"1", "r"},
                    builder.finish(),
                    {},
                    signal::AckToken(3, nullptr, Lane::Ingest, [](signal::Verdict) {})});
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 2'100) return 0;
  static SmallStore small;
  Query metric{"m1", MetricStat{"N", "m", {{"Host", "a"}}, {}, {}}, {}, 60, {}, false};
  Query expression{"e", {}, {reinterpret_cast<const char*>(data), size}, 60, {}, true};
  auto plan = make_plan(
      {{"1", "r"}, kNowMs - 300'000, kNowMs, kNowMs, {metric, std::move(expression)}, {}});
  if (!plan) {
    KANSOKU_CHECK(plan.error().position.value_or(0) <= size);
    return 0;
  }
  query::QueryContext context(small.clock, {});
  Runner runner(small.store, *plan, context);
  while (true) {
    auto more = runner.step();
    if (!more) {
      KANSOKU_CHECK(more.error().position.value_or(0) <= size);
      return 0;
    }
    if (!*more) break;
  }
  Answer answer = runner.take();
  KANSOKU_CHECK(!answer.results.empty());
  for (const ResultSeries& result : answer.results) {
    KANSOKU_CHECK(result.values.size() == result.timestamps_ms.size());
    KANSOKU_CHECK(result.values.size() <= plan->range(plan->period_s.back()).cells());
    (void)label_of(*plan, result, {"r", "1", kNowMs, 0});
  }
  return 0;
}
