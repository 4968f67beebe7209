// The conformance suite of EventStore; every engine of events is held to check_event_store().
#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "store/reference/reference_events.h"

namespace kansoku::store {
namespace {

const signal::Scope kScope{"1", "r"};

struct Seen {
  EventId id;
  std::string group;
  std::string text;
  size_t fields = 0;
};

std::vector<Seen> read(EventStore& store, EventScan scan) {
  std::vector<Seen> out;
  scan.scope = kScope;
  auto report = store.scan(scan, [&](const EventRow& row) {
    Seen seen{row.id, std::string(row.group), {}, row.fields.size()};
    for (const EventField& field : row.fields) {
      if (const auto* text = std::get_if<std::string_view>(&field.value)) seen.text = *text;
    }
    out.push_back(seen);
    return Status();
  });
  REQUIRE(report);
  CHECK(report->rows == out.size());
  return out;
}

std::vector<std::string> texts(const std::vector<Seen>& rows) {
  std::vector<std::string> out;
  for (const Seen& row : rows) out.push_back(row.text);
  return out;
}

void put(EventStore& store, const std::string& group,
         std::vector<std::pair<int64_t, std::string>> rows, signal::Scope scope = kScope) {
  signal::EventBatchBuilder builder;
  uint32_t stream = builder.add_stream({group, "s"});
  for (const auto& [ns, text] : rows) {
    builder.add_row(stream, ns);
    builder.set_text("message", text);
    builder.set_int("size", static_cast<int64_t>(text.size()));
    builder.set_bool("ok", true);
  }
  bool good = false;
  store.append({scope,
                builder.finish(),
                {},
                signal::AckToken(rows.size(), nullptr, Lane::Ingest, [&](signal::Verdict v) {
                  good = v.good() && v.rows() == rows.size();
                })});
  CHECK(good);
}

using Texts = std::vector<std::string>;

void check_event_store(EventStore& store) {
  put(store, "g1", {{20, "b"}, {10, "a"}, {20, "c"}});
  put(store, "g2", {{20, "d"}, {5, "needle in hay"}});
  put(store, "g1", {{1, "other tenant"}}, {"2", "r"});
  CHECK(texts(read(store, {})) == Texts{"needle in hay", "a", "b", "c", "d"});
  CHECK(texts(read(store, {.newest_first = true, .limit = 2})) == Texts{"d", "c"});
  CHECK(texts(read(store, {.begin_ns = 10, .end_ns = 20})) == Texts{"a"});
  CHECK(texts(read(store, {.groups = {"g2"}})) == Texts{"needle in hay", "d"});
  CHECK(texts(read(store, {.streams = {"none"}})).empty());
  CHECK(texts(read(store, {.substring = "edle"})) == Texts{"needle in hay"});
  auto narrow = read(store, {.columns = {"size"}, .limit = 1});
  REQUIRE(narrow.size() == 1);
  CHECK(narrow[0].fields == 1);
  // Pages walk the whole in both directions without a gap or a repeat.
  for (bool newest_first : {false, true}) {
    Texts walked;
    std::optional<EventId> after;
    for (;;) {
      auto page = read(store, {.newest_first = newest_first, .after = after, .limit = 2});
      if (page.empty()) break;
      for (const Seen& row : page) walked.push_back(row.text);
      after = page.back().id;
    }
    CHECK(walked == texts(read(store, {.newest_first = newest_first})));
  }
}

}  // namespace

TEST_CASE("the reference event engine conforms") {
  env::SimClock clock;
  ReferenceEventStore store(clock);
  check_event_store(store);
}

}  // namespace kansoku::store
