// EventScan::counts_only: what is counted without being read is what reading finds.
#include "base/time/grid.h"
#include "store/event_filter.h"
#include "store/events/engine_fixture.h"
#include "store/metric_store_conformance.h"

namespace kansoku::store::events {
namespace {

const signal::Scope kScope{"1", "r"};
constexpr int64_t kMinuteNs = 60'000'000'000;

// Events by number of their bin; 0: all in one.
using Counts = std::map<int64_t, uint64_t>;

struct Counted {
  Counts counts;
  EventScanReport report;
};

Counted counted(EngineFixture& f, EventScan scan) {
  scan.scope = kScope;
  const auto filter = EventFilter::make(scan.filter);
  REQUIRE(filter);
  Counted out;
  const auto report = f.store().scan(scan, [&](EventRows& rows) -> Result<bool> {
    bool checked = true;
    for (size_t i = 0; i < scan.filter.size(); ++i) checked = checked && rows.checked(i);
    if (!checked) {
      KANSOKU_TRY(const std::vector<uint32_t> kept, filter->rows(rows));
      rows.keep(kept);
    }
    for (size_t row = 0; row < rows.size(); ++row) {
      const uint64_t events = rows.counts().empty() ? 1 : rows.counts()[row];
      CHECK(events > 0);
      const int64_t ns = scan.count_bin_ns == 0 ? 0 : rows.timestamps_ns()[row];
      out.counts[scan.count_bin_ns == 0 ? 0 : cell_of(ns, scan.count_bin_ns)] += events;
    }
    return true;
  });
  REQUIRE(report);
  out.report = *report;
  return out;
}

void put_lines(EngineFixture& f, int batches) {
  std::mt19937_64 random(test_seed(17));
  for (int batch = 0; batch < batches; ++batch) {
    std::vector<TestEvent> events;
    for (int i = 0; i < 2'000; ++i) {
      // Five minutes a batch, from before 1970 on.
      const int64_t ns = (batch - 2) * 5 * kMinuteNs +
                         static_cast<int64_t>(random() % (5 * static_cast<uint64_t>(kMinuteNs)));
      events.push_back({.group = random() % 4 == 0 ? "b" : "a",
                        .stream = fmt::format("s{}", random() % 3),
                        .ns = ns,
                        .message = fmt::format("order {} accepted for customer {} in zone {}",
                                               random() % 100'000, random() % 900, random() % 7)});
    }
    CHECK(put(f, events).good());
  }
}

}  // namespace

TEST_CASE(
    "events that are only counted are as many, by bins too, as are found when they are read") {
  EngineFixture f;
  put_lines(f, 8);
  REQUIRE(flush(f, true));
  put_lines(f, 1);  // some in memory
  const std::string message(kMessagePath);
  const auto contains = [&](const char* text) {
    return std::vector<EventClause>{
        {{.path = message, .op = EventPredicate::Op::Contains, .text = text}}};
  };
  std::vector<EventScan> scans(7);
  scans[1].filter = contains("accepted for customer");
  scans[2].filter = contains("77");
  scans[3].filter = contains("nowhere");
  scans[4].groups = {"b"};
  scans[5].begin_ns = -3 * kMinuteNs - 12'345;
  scans[5].end_ns = 7 * kMinuteNs + 1;
  scans[6].streams = {"s1"};
  for (size_t i = 0; i < scans.size(); ++i) {
    for (const int64_t bin_ns :
         {int64_t{0}, kMinuteNs / 2, kMinuteNs, 7 * kMinuteNs, 1'440 * kMinuteNs}) {
      CAPTURE(i);
      CAPTURE(bin_ns);
      EventScan scan = scans[i];
      scan.order = EventOrder::Any;
      scan.count_bin_ns = bin_ns;
      const Counted read = counted(f, scan);
      scan.counts_only = true;
      const Counted only = counted(f, scan);
      CHECK(only.counts == read.counts);
      CHECK(only.report.rows == read.report.rows);
      CHECK((i == 3) == only.counts.empty());
    }
  }
}

TEST_CASE("counts by minutes are told by what blocks say of themselves") {
  EngineFixture f;
  put_lines(f, 8);
  REQUIRE(flush(f, true));
  EventScan scan{.order = EventOrder::Any, .counts_only = true, .count_bin_ns = kMinuteNs};
  const uint64_t counted_bytes = counted(f, scan).report.bytes_read;
  scan.count_bin_ns = kMinuteNs / 2;
  f.restart();  // nothing is kept decoded
  CHECK(counted(f, scan).report.bytes_read > 2 * counted_bytes);
}

}  // namespace kansoku::store::events
