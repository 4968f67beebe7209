// Any text as a query: refused at a place inside it, or run over a few events to an answer or a
// typed refusal.
#include "base/check.h"
#include "base/env/sim.h"
#include "query/logs_insights/logs_insights.h"
#include "store/reference/reference_events.h"

namespace {

using namespace kansoku;

store::ReferenceEventStore& events() {
  static env::SimClock clock;
  static store::ReferenceEventStore store(clock);
  static const bool filled = [] {
    signal::EventBatchBuilder builder;
    const uint32_t stream = builder.add_stream({.group = "g", .stream = "s"});
    int64_t ns = 0;
    for (const char* message :
         {R"({"a":1,"b":"x","c":{"d":[1,"2",{"e":true}]}})", R"({"a":"1","b":null,"t":-2.5})",
          "ERROR disk 1 is full", "ERROR disk 2 is full", "",
          "2 123456789010 eni-1 10.0.0.1 10.0.0.2 443 80 6 10 840 1 2 ACCEPT OK",
          "REPORT RequestId: 8f5e8a2b-1111-2222-3333-444455556666\tDuration: 1.5 ms\t"}) {
      builder.add_row(stream, ns += 1'000'000'000);
      builder.set_text(store::kMessagePath, message);
    }
    store.append({.scope = {"1", "r"},
                  .batch = builder.finish(),
                  .token = signal::AckToken(7, nullptr, Lane::Ingest, [](signal::Verdict) {})});
    return true;
  }();
  KANSOKU_CHECK(filled);
  return store;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kansoku::query;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto plan = logs_insights::compile(text);
  if (!plan) {
    KANSOKU_CHECK(plan.error().start <= plan.error().end && plan.error().end <= text.size());
    return 0;
  }
  env::SimClock clock;
  QueryContext context(clock, {.points_max = 10'000, .memory_bytes_max = 8 << 20});
  rows::RowsRequest request;
  request.store = &events();
  request.scan = {.scope = {"1", "r"}, .begin_ns = 0, .end_ns = 3'600'000'000'000};
  request.groups = [](const rows::SourceGroups&) {
    return Result<std::vector<std::string>>({"g"});
  };
  rows::RowsQuery query(*plan, request, context);
  const auto table = query.run();
  if (!table) return 0;
  for (size_t row = 0; row < (*table)->rows.size(); ++row) {
    (void)logs_insights::shown_row(**table, row);
  }
  return 0;
}
