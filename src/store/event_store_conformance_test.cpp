// The cases of store/event_store_conformance.h, and the reference engine under them.
#include "store/event_store_conformance.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "store/event_filter.h"
#include "store/metric_store_conformance.h"
#include "store/reference/reference_events.h"

namespace kansoku::store {
namespace {

using signal::ColumnType;
using Op = EventPredicate::Op;
using Lines = std::vector<std::string>;

const signal::Scope kScope{"1", "r"};

void set_column(signal::EventBatchBuilder& builder, const std::string& column) {
  const size_t equals = column.find('=');
  const std::string path = column.substr(0, equals);
  const char type = column[equals + 1];
  const std::string value = column.substr(equals + 3);
  switch (type) {
    case 'i':
      return builder.set_int(path, std::stoll(value));
    case 'f':
      return builder.set_float(path, std::stod(value));
    case 'b':
      return builder.set_bool(path, value == "true");
    case 'y':
      return builder.set_bytes(path, value);
    default:
      return builder.set_text(path, value);
  }
}

std::string shown(const EventValues& values, size_t row) {
  switch (values.type) {
    case ColumnType::Text:
      return fmt::format("t:{}", values.text(row));
    case ColumnType::Bytes:
      return fmt::format("y:{}", values.text(row));
    case ColumnType::Int64:
      return fmt::format("i:{}", values.integers[row]);
    case ColumnType::Float64:
      return fmt::format("f:{}", values.floats[row]);
    case ColumnType::Bool:
      return values.integers[row] != 0 ? "b:true" : "b:false";
  }
  return {};
}

EventPredicate text_is(std::string path, Op op, std::string text) {
  return {.path = std::move(path), .op = op, .text = std::move(text)};
}
EventPredicate number_is(std::string path, Op op, double number) {
  return {.path = std::move(path), .op = op, .number = number};
}

}  // namespace

signal::Verdict put(EventStoreFixture& fixture, const std::vector<TestEvent>& events,
                    signal::Scope scope, signal::Producer producer) {
  signal::EventBatchBuilder builder;
  std::map<std::tuple<std::string, std::string, uint64_t>, uint32_t> streams;
  for (const TestEvent& event : events) {
    const auto [stream, fresh] =
        streams.try_emplace({event.group, event.stream, event.generation}, 0);
    if (fresh) {
      stream->second = builder.add_stream(
          {.group = event.group, .stream = event.stream, .generation = event.generation});
    }
    builder.add_row(stream->second, event.ns);
    builder.set_text(kMessagePath, event.message);
    for (const std::string& column : event.columns) set_column(builder, column);
  }
  signal::Verdict verdict;
  bool answered = false;
  fixture.store().append(
      {std::move(scope), builder.finish(), std::move(producer),
       signal::AckToken(events.size(), nullptr, Lane::Ingest, [&](signal::Verdict v) {
         verdict = std::move(v);
         answered = true;
       })});
  fixture.run();
  REQUIRE(answered);
  CHECK(verdict.rows() == events.size());
  return verdict;
}

Lines read(EventStoreFixture& fixture, EventScan scan, const std::vector<std::string>& paths,
           size_t limit) {
  if (scan.scope == signal::Scope{}) scan.scope = kScope;
  auto filter = EventFilter::make(scan.filter);
  REQUIRE(filter);
  Lines out;
  std::optional<EventId> last;
  const auto take = [&](EventRows& rows) -> Result<bool> {
    CHECK(rows.size() > 0);
    KANSOKU_TRY(const std::vector<uint32_t> kept, filter->rows(rows));
    if (kept.size() < rows.size()) rows.keep(kept);
    Lines lines(rows.size());
    std::vector<std::string> names = paths;
    if (names.empty()) {
      KANSOKU_TRY(const std::vector<std::string_view> all, rows.paths());
      CHECK(std::ranges::is_sorted(all));
      names.assign(all.begin(), all.end());
    }
    for (size_t row = 0; row < rows.size(); ++row) {
      const EventStreamName stream = rows.streams()[rows.stream_rows()[row]];
      const EventId id = rows.id(row);
      CHECK(id.timestamp_ns == rows.timestamps_ns()[row]);
      if (scan.order == EventOrder::OldestFirst && last) CHECK(*last < id);
      if (scan.order == EventOrder::NewestFirst && last) CHECK(id < *last);
      last = id;
      lines[row] = fmt::format("{} {}/{}", id.timestamp_ns, stream.group, stream.stream);
    }
    for (const std::string& name : names) {
      KANSOKU_TRY(const std::span<const EventValues> columns, rows.columns(name));
      for (size_t row = 0; row < rows.size(); ++row) {
        for (const EventValues& values : columns) {
          CHECK(values.path == name);
          if (values.has(row)) lines[row] += fmt::format(" {}={}", name, shown(values, row));
        }
      }
    }
    for (std::string& line : lines) {
      if (limit > 0 && out.size() == limit) return false;
      out.push_back(std::move(line));
    }
    return limit == 0 || out.size() < limit;
  };
  const auto report = fixture.store().scan(scan, take);
  REQUIRE_MESSAGE(report, (report ? "" : report.error().to_string()));
  CHECK(report->missing.empty());
  if (scan.order == EventOrder::Any) std::ranges::sort(out);
  return out;
}

Status flush(EventStoreFixture& fixture, bool merge_all) {
  Status out;
  bool answered = false;
  fixture.store().flush(merge_all, [&](Status status) {
    out = std::move(status);
    answered = true;
  });
  fixture.run();
  REQUIRE(answered);
  return out;
}

namespace {

Lines messages(EventStoreFixture& fixture, EventScan scan, size_t limit = 0) {
  Lines out;
  for (const std::string& line : read(fixture, std::move(scan), {std::string(kMessagePath)}, limit))
    out.push_back(line.substr(line.find("@message=t:") + 11));
  return out;
}

// Runs `look` on what is in memory, in parts, merged, and after a restart.
void everywhere(EventStoreFixture& fixture, const std::function<void()>& look) {
  look();
  REQUIRE(flush(fixture, false));
  look();
  REQUIRE(flush(fixture, true));
  look();
  fixture.restart();
  look();
}

void check_order(EventStoreFixture& fixture) {
  CHECK(put(fixture,
            {{.ns = 20, .message = "b"}, {.ns = 10, .message = "a"}, {.ns = 20, .message = "c"}})
            .good());
  CHECK(put(fixture, {{.group = "g2", .ns = 20, .message = "d"},
                      {.group = "g2", .stream = "t", .ns = 5, .message = "e"}})
            .good());
  CHECK(put(fixture, {{.ns = 1, .message = "other tenant"}}, {"2", "r"}).good());
  everywhere(fixture, [&] {
    CHECK(messages(fixture, {}) == Lines{"e", "a", "b", "c", "d"});
    CHECK(messages(fixture, {.order = EventOrder::NewestFirst}, 2) == Lines{"d", "c"});
    CHECK(messages(fixture, {.begin_ns = 10, .end_ns = 20}) == Lines{"a"});
    CHECK(messages(fixture, {.groups = {"g2", "none"}}) == Lines{"e", "d"});
    CHECK(messages(fixture, {.streams = {"t"}}) == Lines{"e"});
    CHECK(messages(fixture, {.streams = {"none"}}).empty());
    CHECK(messages(fixture, {.stream_prefix = "t"}) == Lines{"e"});
    CHECK(messages(fixture, {.scope = {"2", "r"}}) == Lines{"other tenant"});
  });
}

void check_pages(EventStoreFixture& fixture) {
  std::vector<TestEvent> events;
  for (int i = 0; i < 40; ++i) {
    events.push_back({.stream = std::string(1, static_cast<char>('a' + i % 3)),
                      .ns = 100 - i / 4,
                      .message = std::to_string(i)});
  }
  CHECK(put(fixture, events).good());
  everywhere(fixture, [&] {
    for (const EventOrder order : {EventOrder::OldestFirst, EventOrder::NewestFirst}) {
      const Lines whole = messages(fixture, {.order = order});
      Lines walked;
      std::optional<EventId> after;
      for (;;) {
        EventScan scan{.scope = kScope, .order = order, .after = after};
        size_t taken = 0;
        REQUIRE(fixture.store().scan(scan, [&](EventRows& rows) -> Result<bool> {
          KANSOKU_TRY(const std::span<const EventValues> columns, rows.columns(kMessagePath));
          for (size_t row = 0; row < rows.size() && taken < 3; ++row, ++taken) {
            walked.emplace_back(columns[0].text(row));
            after = rows.id(row);
          }
          return taken < 3;
        }));
        if (taken == 0) break;
      }
      CHECK(walked == whole);
      CHECK(walked.size() == events.size());
    }
  });
}

void check_columns(EventStoreFixture& fixture) {
  CHECK(put(fixture, {{.ns = 1, .message = R"({"a":1,"b":"x","c":{"d":[true,null]}})"},
                      {.ns = 2, .message = R"({"a":"one","b":"y","f":0.5} )"},
                      {.ns = 3, .message = "{\"a\":2", .columns = {"a=f:1.5", "z=y:\x01"}},
                      {.ns = 4, .message = R"({"a":3})", .columns = {"a=t:own", "n=i:-4"}}})
            .good());
  everywhere(fixture, [&] {
    CHECK(
        read(fixture, {}) ==
        Lines{R"(1 g/s @message=t:{"a":1,"b":"x","c":{"d":[true,null]}} a=i:1 b=t:x c.d.0=b:true)",
              R"(2 g/s @message=t:{"a":"one","b":"y","f":0.5}  a=t:one b=t:y f=f:0.5)",
              "3 g/s @message=t:{\"a\":2 a=f:1.5 z=y:\x01",
              R"(4 g/s @message=t:{"a":3} a=t:own n=i:-4)"});
    CHECK(read(fixture, {}, {"b"}) == Lines{"1 g/s b=t:x", "2 g/s b=t:y", "3 g/s", "4 g/s"});
    const auto fields = fixture.store().fields({.scope = kScope});
    REQUIRE(fields);
    CHECK(fields->rows == 4);
    const auto b = std::ranges::find(fields->fields, "b", &EventFieldInfo::path);
    REQUIRE(b != fields->fields.end());
    CHECK(b->rows == 2);
  });
}

void check_filter(EventStoreFixture& fixture) {
  CHECK(put(fixture, {{.ns = 1, .message = R"({"code":200,"path":"/a","ok":true})"},
                      {.ns = 2, .message = R"({"code":500,"path":"/b","ok":false})"},
                      {.ns = 3, .message = R"({"code":"500","path":"/abc","took":0.25})"},
                      {.ns = 4, .message = "GET /abc 500 needle"},
                      {.ns = 5, .message = "GET /x \xff 200"}})
            .good());
  const auto times = [&](std::vector<EventClause> filter) {
    std::string out;
    for (const std::string& line : read(fixture, {.filter = std::move(filter)}, {"none"}))
      out += line.substr(0, line.find(' '));
    return out;
  };
  const std::string message(kMessagePath);
  everywhere(fixture, [&] {
    CHECK(times({{text_is(message, Op::Contains, "needle")}}) == "4");
    CHECK(times({{text_is(message, Op::Contains, "eedl")}}) == "4");
    CHECK(times({{text_is(message, Op::Contains, "/abc")}}) == "34");
    CHECK(times({{text_is(message, Op::Contains, "500")}}) == "234");
    CHECK(times({{text_is(message, Op::Contains, "\":500,\"pa")}}) == "2");
    CHECK(times({{text_is(message, Op::Contains, "")}}) == "12345");
    CHECK(times({{text_is(message, Op::StartsWith, "GET /")}}) == "45");
    CHECK(times({{text_is(message, Op::Regex, "/a.*5\\d\\d")}}) == "4");
    CHECK(times({{text_is(message, Op::Regex, "(?i)NEEDLE|\"ok\":t")}}) == "14");
    CHECK(times({{text_is("path", Op::TextEqual, "/b")}}) == "2");
    CHECK(times({{number_is("code", Op::NumberEqual, 500)}}) == "2");
    CHECK(times({{text_is("code", Op::TextEqual, "500")}}) == "3");
    CHECK(times({{number_is("code", Op::NumberEqual, 500),
                  text_is("code", Op::TextEqual, "500")}}) == "23");
    CHECK(times({{number_is("code", Op::NumberLess, 500)}}) == "1");
    CHECK(times({{number_is("took", Op::NumberGreaterOrEqual, 0.25)}}) == "3");
    CHECK(times({{{.path = "ok", .op = Op::BoolEqual, .truth = false}}}) == "2");
    CHECK(times({{{.path = "ok", .op = Op::Absent}}}) == "345");
    CHECK(times({{{.path = "code", .op = Op::Present}}, {text_is("path", Op::Contains, "b")}}) ==
          "23");
    CHECK(times({{text_is("nowhere", Op::Contains, "")}}).empty());
  });
  CHECK_FALSE(
      fixture.store().scan({.scope = kScope, .filter = {{text_is(message, Op::Regex, "(")}}},
                           [](EventRows&) -> Result<bool> { return true; }));
}

void check_ends(EventStoreFixture& fixture) {
  CHECK(put(fixture, {{.stream = "a", .ns = 1, .message = "x"},
                      {.stream = "b", .ns = 2, .message = "yy"},
                      {.stream = "b", .ns = 3, .message = "z"}})
            .good());
  everywhere(fixture, [&] {
    const auto streams = fixture.store().streams({.scope = kScope}, "", "", 0);
    REQUIRE(streams);
    REQUIRE(streams->size() == 2);
    CHECK((*streams)[1].stream == "b");
    CHECK((*streams)[1].first_ns == 2);
    CHECK((*streams)[1].last_ns == 3);
    CHECK((*streams)[1].rows == 2);
    CHECK((*streams)[1].message_bytes == 3);
    const auto rest = fixture.store().streams({.scope = kScope}, "g", "a", 1);
    REQUIRE(rest);
    CHECK(rest->front().stream == "b");
  });
  bool done = false;
  fixture.store().delete_stream(kScope, "g", "b", [&](Status status) { done = bool(status); });
  fixture.run();
  CHECK(done);
  everywhere(fixture, [&] { CHECK(messages(fixture, {}) == Lines{"x"}); });
  CHECK(put(fixture, {{.stream = "b", .ns = 2, .message = "new"}}).good());
  everywhere(fixture, [&] { CHECK(messages(fixture, {}) == Lines{"x", "new"}); });
}

void check_policies(EventStoreFixture& fixture) {
  const int64_t now = fixture.clock().wall_now().ns;
  constexpr int64_t kHour = 3'600 * env::kNsPerS;
  CHECK(put(fixture, {{.ns = now - 2 * kHour, .message = "old"}, {.ns = now, .message = "new"}})
            .good());
  CHECK(put(fixture, {{.group = "g2", .ns = now, .message = "kept"}}).good());
  fixture.policies().set(kScope, "g", {.generation = 0, .keep_ns = kHour});
  everywhere(fixture, [&] { CHECK(messages(fixture, {}) == Lines{"new", "kept"}); });
  fixture.policies().set(kScope, "g", {.generation = 1});
  const auto late = put(
      fixture, {{.ns = now, .message = "late"}, {.ns = now, .message = "again", .generation = 1}});
  REQUIRE(late.counts.size() == 2);
  CHECK(late.counts[1].reason == "deleted");
  bool done = false;
  everywhere(fixture, [&] {
    CHECK(messages(fixture, {}) == Lines{"kept", "again"});
    fixture.store().enforce_retention([&](Status status) { done = bool(status); });
    fixture.run();
    CHECK(done);
    CHECK(messages(fixture, {}) == Lines{"kept", "again"});
  });
}

void check_refusals(EventStoreFixture& fixture) {
  const std::string large(kEventBytesMax + 1, 'x');
  const auto verdict = put(fixture, {{.ns = 1, .message = large},
                                     {.stream = "", .ns = 1, .message = "nameless"},
                                     {.ns = 1, .message = large.substr(1)}});
  CHECK_FALSE(verdict.status);
  everywhere(fixture, [&] {
    const Lines found = messages(fixture, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].size() == kEventBytesMax);
  });
}

void check_producer(EventStoreFixture& fixture) {
  const signal::Producer producer{"p", 1, 1};
  CHECK(put(fixture, {{.ns = 1, .message = "once"}}, kScope, producer).good());
  fixture.restart();
  CHECK(put(fixture, {{.ns = 1, .message = "once"}}, kScope, producer).good());
  everywhere(fixture, [&] { CHECK(messages(fixture, {}) == Lines{"once"}); });
}

}  // namespace

void check_event_store(const EventFixtureMaker& make) {
  const auto fresh = [&](auto&& check) {
    const auto fixture = make();
    check(*fixture);
  };
  SUBCASE("events are in order") { fresh(check_order); }
  SUBCASE("pages walk the whole without gap or repeat") { fresh(check_pages); }
  SUBCASE("columns and leaves are fields") { fresh(check_columns); }
  SUBCASE("filters find what they say") { fresh(check_filter); }
  SUBCASE("streams are told and deleted") { fresh(check_ends); }
  SUBCASE("policies hide what is over and refuse what is late") { fresh(check_policies); }
  SUBCASE("what is too large or has no name is refused") { fresh(check_refusals); }
}

namespace {

class Operations {
 public:
  Operations(EventStoreFixture& subject, EventStoreFixture& model, uint64_t seed)
      : subject_(subject), model_(model), random_(seed) {}

  void step() {
    const uint64_t what = below(20);
    if (what < 9) {
      append();
    } else if (what == 9) {
      REQUIRE(flush(subject_, below(3) == 0));
    } else if (what == 10 && below(3) == 0) {
      subject_.restart();
    } else if (what == 11 && below(4) == 0) {
      const std::string stream = name("s", 4);
      for (EventStoreFixture* fixture : {&subject_, &model_}) {
        fixture->store().delete_stream(kScope, "g0", stream, [](Status) {});
        fixture->run();
      }
    } else if (what == 12 && below(4) == 0) {
      ++generation_;
      for (EventStoreFixture* fixture : {&subject_, &model_})
        fixture->policies().set(kScope, "g1", {.generation = generation_});
    } else {
      compare();
    }
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }
  std::string name(const char* prefix, uint64_t n) { return prefix + std::to_string(below(n)); }
  std::string word() {
    static constexpr std::array<const char*, 8> kWords{"error", "user",     "timeout", "GET",
                                                       "x",     "10.0.0.1", "é",       "failed"};
    return below(3) == 0 ? std::to_string(random_() >> below(64)) : kWords[below(kWords.size())];
  }
  std::string message() {
    std::string out;
    if (below(2) == 0) {
      for (uint64_t n = below(8); n > 0; --n) out += word() + (below(5) == 0 ? "=" : " ");
      return out;
    }
    out = "{";
    for (uint64_t n = below(6); n > 0; --n) {
      out += fmt::format("\"k{}\":", below(6));
      static constexpr std::array<const char*, 6> kValues{"null", "true", "-0.0",
                                                          "1e2",  "[]",   "{\"q\":[1,\"two\"]}"};
      const uint64_t kind = below(4);
      if (kind == 0) out += kValues[below(kValues.size())];
      if (kind == 1) out += std::to_string(below(1000));
      if (kind >= 2) out += "\"" + word() + "\"";
      out += n > 1 ? "," : "";
    }
    return out + (below(20) == 0 ? "" : "}");
  }
  void append() {
    std::vector<TestEvent> events;
    for (uint64_t n = 1 + below(30); n > 0; --n) {
      TestEvent event{.group = name("g", 3),
                      .stream = name("s", 4),
                      .ns = static_cast<int64_t>(below(1'000)),
                      .message = message()};
      if (event.group == "g1") event.generation = generation_;
      if (below(4) == 0) event.columns.push_back(fmt::format("c{}=i:{}", below(3), below(100)));
      if (below(6) == 0) event.columns.push_back(fmt::format("k{}=t:{}", below(6), word()));
      events.push_back(std::move(event));
    }
    const bool good = put(subject_, events).good();
    CHECK(good == put(model_, events).good());
  }
  EventPredicate predicate() {
    static constexpr std::array<Op, 12> kOps{
        Op::Contains,          Op::StartsWith,    Op::Regex,
        Op::TextEqual,         Op::NumberEqual,   Op::NumberLess,
        Op::NumberLessOrEqual, Op::NumberGreater, Op::NumberGreaterOrEqual,
        Op::BoolEqual,         Op::Present,       Op::Absent};
    EventPredicate out{.path = name("k", 7), .op = kOps[below(kOps.size())]};
    if (below(2) == 0) out.path = kMessagePath;
    if (below(6) == 0) out.path = name("c", 3);
    out.text = word().substr(0, 1 + below(8));
    if (out.op == Op::Regex) out.text = below(2) == 0 ? "(?i)ERR|\\d{3}" : "[a-z]+=";
    out.number = static_cast<double>(below(1000));
    out.truth = below(2) == 0;
    return out;
  }
  void compare() {
    EventScan scan{.scope = kScope};
    if (below(2) == 0) scan.begin_ns = static_cast<int64_t>(below(1'000));
    if (below(2) == 0) scan.end_ns = scan.begin_ns < 0 ? 500 : scan.begin_ns + 200;
    if (below(3) == 0) scan.groups = {name("g", 3)};
    if (below(4) == 0) scan.streams = {name("s", 4), name("s", 4)};
    for (uint64_t n = below(3); n > 0; --n) {
      EventClause& clause = scan.filter.emplace_back();
      for (uint64_t any = 1 + below(2); any > 0; --any) clause.push_back(predicate());
    }
    scan.order = static_cast<EventOrder>(below(3));
    const size_t limit = scan.order != EventOrder::Any && below(3) == 0 ? 1 + below(20) : 0;
    CHECK(read(subject_, scan, {}, limit) == read(model_, scan, {}, limit));
  }

  EventStoreFixture& subject_;
  EventStoreFixture& model_;
  std::mt19937_64 random_;
  uint64_t generation_ = 0;
};

class ReferenceFixture final : public EventStoreFixture {
 public:
  EventStore& store() override { return store_; }
  env::SimClock& clock() override { return clock_; }
  TestPolicies& policies() override { return policies_; }
  void run() override {}
  void restart() override {}

 private:
  env::SimClock clock_;
  TestPolicies policies_;
  ReferenceEventStore store_{clock_, &policies_};
};

}  // namespace

void check_event_store_producer(const EventFixtureMaker& make) {
  const auto fixture = make();
  check_producer(*fixture);
}

std::unique_ptr<EventStoreFixture> make_reference_event_fixture() {
  return std::make_unique<ReferenceFixture>();
}

void compare_event_stores(EventStoreFixture& subject, EventStoreFixture& model, uint64_t seed,
                          int steps) {
  Operations operations(subject, model, seed);
  for (int i = 0; i < steps; ++i) operations.step();
}

TEST_CASE("the reference event engine conforms") {
  check_event_store([] { return make_reference_event_fixture(); });
}

TEST_CASE("the reference event engine equals itself") {
  const auto subject = make_reference_event_fixture();
  const auto model = make_reference_event_fixture();
  compare_event_stores(*subject, *model, test_seed(5), 300);
}

}  // namespace kansoku::store
