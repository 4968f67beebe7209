#include "query/logs_insights/logs_insights.h"

#include <doctest/doctest.h>

#include <map>
#include <random>

#include "base/env/sim.h"
#include "store/events/engine_fixture.h"
#include "store/reference/reference_events.h"
#include "support/conformance.h"

namespace kansoku::query::logs_insights {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
const signal::Scope kScope{"123456789012", "eu-central-1"};

struct Event {
  int64_t ms = 0;
  std::string group;
  std::string stream;
  std::string message;
};

// A store with events, and queries over it.
class Bench {
 public:
  Bench() : store_(std::make_unique<store::ReferenceEventStore>(clock_)) {}

  void clear() { store_ = std::make_unique<store::ReferenceEventStore>(clock_); }
  void add(const std::vector<Event>& events) {
    signal::EventBatchBuilder builder;
    std::map<std::pair<std::string, std::string>, uint32_t> streams;
    for (const Event& one : events) {
      const auto [entry, fresh] = streams.try_emplace({one.group, one.stream}, 0);
      if (fresh) entry->second = builder.add_stream({.group = one.group, .stream = one.stream});
      builder.add_row(entry->second, one.ms * kNsPerMs);
      builder.set_text(store::kMessagePath, one.message);
    }
    store_->append(
        {.scope = kScope,
         .batch = builder.finish(),
         .token = signal::AckToken(events.size(), nullptr, Lane::Ingest, [](signal::Verdict) {})});
  }

  rows::RowsRequest request() {
    rows::RowsRequest out;
    out.store = store_.get();
    out.scan = {.scope = kScope,
                .begin_ns = begin_ms * kNsPerMs,
                .end_ns = end_ms * kNsPerMs,
                .groups = groups};
    out.now_ms = end_ms;
    out.groups = [](const rows::SourceGroups& source) -> Result<std::vector<std::string>> {
      std::vector<std::string> found = source.names;
      for (const std::string name : {"app", "other", "prefix/a", "prefix/b"}) {
        const bool taken = std::ranges::any_of(
            source.prefixes, [&](const std::string& one) { return name.starts_with(one); });
        if (taken || (source.all && source.prefixes.empty())) found.push_back(name);
      }
      return found;
    };
    out.lookup =
        [this](const std::string& name) -> Result<std::shared_ptr<const rows::LookupRows>> {
      const auto found = tables.find(name);
      if (found == tables.end()) return not_found("no lookup table {}", kansoku::quoted(name));
      return found->second;
    };
    return out;
  }
  Result<std::shared_ptr<const rows::RowsTable>> table(std::shared_ptr<const rows::Plan> plan) {
    QueryContext context(clock_, limits);
    rows::RowsQuery query(std::move(plan), request(), context);
    auto out = query.run();
    statistics = query.statistics();
    return out;
  }
  // Rows as "field=value; ...", or "ERROR ...". Pointers are left out.
  std::vector<std::string> run(const std::string& text) {
    const auto plan = compile(text);
    if (!plan) {
      return {fmt::format("ERROR {}-{} {}", plan.error().start, plan.error().end,
                          plan.error().message)};
    }
    const auto found = table(*plan);
    if (!found) return {"FAILED " + found.error().message};
    return lines(**found);
  }
  static std::vector<std::string> lines(const rows::RowsTable& table) {
    std::vector<std::string> out;
    for (size_t row = 0; row < table.rows.size(); ++row) {
      std::string& line = out.emplace_back();
      for (const Field& field : shown_row(table, row)) {
        if (field.field == "@ptr") continue;
        line += fmt::format("{}{}={}", line.empty() ? "" : "; ", field.field, field.value);
      }
      std::string escaped;
      for (const char c : line)
        escaped += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string(1, c);
      line = std::move(escaped);
    }
    return out;
  }

  QueryLimits limits;
  int64_t begin_ms = 0;
  int64_t end_ms = 1'700'000'100'000;
  std::vector<std::string> groups{"app"};
  rows::RowsStatistics statistics;
  std::map<std::string, std::shared_ptr<const rows::LookupRows>> tables;
  env::SimClock clock_;
  std::unique_ptr<store::ReferenceEventStore> store_;
};

std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 't' || text[i + 1] == 'n');
    if (escape) {
      out += text[++i] == 't' ? '\t' : '\n';
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::istringstream in(test::read_text(path));
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

Event event_of(const std::string& rest) {
  std::istringstream in(rest);
  Event out;
  in >> out.ms >> out.group >> out.stream;
  std::getline(in, out.message);
  out.message = unescaped(out.message.substr(std::min<size_t>(1, out.message.size())));
  out.ms += 1'700'000'000'000;
  return out;
}

// Runs a script; with KANSOKU_REWRITE set it writes the file anew, with what queries give now.
void run_script(const std::filesystem::path& path, size_t& cases) {
  Bench bench;
  bench.tables["users"] = std::make_shared<rows::LookupRows>(rows::LookupRows{
      {"id", "name", "team"}, {{"1", "ann", "red"}, {"2", "bob", "blue"}, {"2", "ben", "x"}}});
  const std::vector<std::string> script = lines_of(path);
  const bool rewrite = std::getenv("KANSOKU_REWRITE") != nullptr;
  std::string written;
  for (size_t i = 0; i < script.size();) {
    const std::string& line = script[i++];
    written += line + "\n";
    if (line.empty() || line.starts_with('#')) continue;
    const size_t space = std::min(line.find(' '), line.size());
    const std::string verb = line.substr(0, space);
    const std::string rest = line.substr(std::min(space + 1, line.size()));
    if (verb == "clear") {
      bench.clear();
      continue;
    }
    if (verb == "event") {
      bench.add({event_of(rest)});
      continue;
    }
    if (verb == "range") {
      std::istringstream in(rest);
      in >> bench.begin_ms >> bench.end_ms;
      bench.begin_ms += 1'700'000'000'000;
      bench.end_ms += 1'700'000'000'000;
      continue;
    }
    INFO(path.filename().string(), ":", i, " ", line);
    if (verb == "compile") {
      const auto plan = compile(unescaped(rest));
      CHECK_MESSAGE(plan.has_value(), plan.error().start, " ", plan.error().message);
      ++cases;
      continue;
    }
    REQUIRE(verb == "query");
    ++cases;
    std::vector<std::string> expected;
    while (i < script.size() && script[i].starts_with("  "))
      expected.push_back(script[i++].substr(2));
    std::vector<std::string> given = bench.run(unescaped(rest));
    if (given.empty()) given = {"-"};
    for (const std::string& one : given) written += "  " + one + "\n";
    if (rewrite) continue;
    std::string shown;
    for (const std::string& one : given) shown += "\n  " + one;
    CHECK_MESSAGE(given == expected, shown);
  }
  if (rewrite) std::ofstream(path, std::ios::binary) << written;
}

}  // namespace

TEST_CASE("logs insights scripts") {
  size_t cases = 0;
  const auto folder =
      std::filesystem::path(KANSOKU_SOURCE_DIR) / "src/query/logs_insights/testdata";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() == ".txt") run_script(file.path(), cases);
  }
  CHECK(cases > 200);
}

TEST_CASE("every command and function has three cases, one of them an error") {
  std::string all;
  const auto folder =
      std::filesystem::path(KANSOKU_SOURCE_DIR) / "src/query/logs_insights/testdata";
  std::vector<std::pair<std::string, bool>> queries;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const auto script = lines_of(file.path());
    for (size_t i = 0; i + 1 < script.size(); ++i) {
      if (!script[i].starts_with("query ")) continue;
      queries.emplace_back(script[i].substr(6), script[i + 1].starts_with("  ERROR"));
    }
  }
  for (const Doc& doc : docs()) {
    if (doc.group == "operator") continue;
    INFO(std::string(doc.name));
    const std::string call = std::string(doc.name) + (doc.group == "command" ? "" : "(");
    size_t uses = 0;
    size_t errors = 0;
    for (const auto& [query, error] : queries) {
      const size_t at = query.find(call);
      if (at == std::string::npos) continue;
      ++uses;
      errors += error ? 1 : 0;
    }
    CHECK(uses >= 3);
    CHECK(errors >= 1);
  }
}

TEST_CASE("the guide has every command and function") {
  const auto path = std::filesystem::path(KANSOKU_SOURCE_DIR) / "docs/guides/logs-insights.md";
  const std::string page = test::read_text(path);
  constexpr std::string_view kMark = "a test keeps it so -->\n";
  const size_t mark = page.find(kMark);
  REQUIRE(mark != std::string::npos);
  std::string table;
  std::string_view group;
  for (const Doc& doc : docs()) {
    if (doc.group != group) {
      group = doc.group;
      table += fmt::format("\n### {}\n\n| | |\n|---|---|\n", group);
    }
    std::string signature;
    for (const char c : doc.signature) signature += c == '|' ? "\\|" : std::string(1, c);
    table += fmt::format("| `{}` | {} |\n", signature, doc.doc);
  }
  const size_t begin = mark + kMark.size();
  if (std::getenv("KANSOKU_REWRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << page.substr(0, begin) << table;
  } else {
    CHECK(page.substr(begin) == table);
  }
}

TEST_CASE("answers with and without pushdown are the same") {
  const std::vector<std::string> messages{
      R"({"level":"ERROR","code":500,"user":{"id":"1"},"ok":true,"t":"5"})",
      R"({"level":"INFO","code":"200","user":{"id":2},"ok":false})",
      R"({"level":"WARN","code":404.5,"ok":"true","a.b":1,"tags":["x","y"]})",
      R"({"level":null,"code":1,"deep":{"er":{"still":"x1"}}})",
      "plain text ERROR 17",
      "2 123456789010 eni-1235b8ca 10.0.0.1 10.0.0.2 443 80 6 10 840 1 2 ACCEPT OK",
      "",
      R"({"level":"1","code":true})"};
  const std::vector<std::string> conditions{"level = 'ERROR'",
                                            "level != 'ERROR'",
                                            "code = 500",
                                            "code > 100",
                                            "code < '300'",
                                            "code = '200'",
                                            "code >= 404.5",
                                            "ok = true",
                                            "ok = 1",
                                            "ok = 'true'",
                                            "user.id = 1",
                                            "user.id in [1, 2]",
                                            "level in ['INFO','1']",
                                            "level not in ['INFO']",
                                            "level like 'R'",
                                            "code like '0'",
                                            "level =~ /^(E|W)/",
                                            "code like /^4/",
                                            "@message like /\\d/",
                                            "ispresent(user.id)",
                                            "@message like 'ERROR' and level = 'ERROR'",
                                            "level = 'WARN' or code = 1",
                                            "not level = 'INFO'",
                                            "a.b = 1",
                                            "tags.0 = 'x'",
                                            "tags[1] = 'y'",
                                            "deep.er.still like 'x'",
                                            "action = 'ACCEPT'",
                                            "srcPort = 443",
                                            "300 < code",
                                            "level = 1",
                                            "code = 1",
                                            "@logStream = 's1'",
                                            "@logStream in ['s0']",
                                            "level not like 'E'",
                                            "code != 500",
                                            "t = 5",
                                            "@message = ''",
                                            "strcontains(level, 'O') or ok = 0",
                                            "(level = 'ERROR' or level = 'INFO') and code > 1"};
  Bench bench;
  std::mt19937_64 random(11);
  std::vector<Event> events;
  for (int i = 0; i < 200; ++i) {
    events.push_back({1'700'000'000'000 + i, "app", fmt::format("s{}", random() % 2),
                      messages[random() % messages.size()]});
  }
  bench.add(events);
  for (const std::string& condition : conditions) {
    for (const std::string tail :
         {"", " | stats count(*) as n by level, bin(10ms)", " | dedup level | limit 3"}) {
      const std::string text = "filter " + condition + tail;
      INFO(text);
      const auto plan = compile(text);
      REQUIRE(plan.has_value());
      auto bare = std::make_shared<rows::Plan>(**plan);
      bare->clauses.clear();
      bare->streams.clear();
      for (rows::Stage& stage : bare->stages) {
        if (auto* filter = std::get_if<rows::Filter>(&stage)) filter->same_as.clear();
      }
      const auto with = bench.table(*plan);
      const auto without = bench.table(bare);
      REQUIRE(with.has_value());
      REQUIRE(without.has_value());
      CHECK(Bench::lines(**with) == Bench::lines(**without));
    }
  }
}

TEST_CASE("the embedded engine gives what the reference gives") {
  Bench bench;
  store::events::EngineFixture fixture;
  const std::vector<std::string> levels{"ERROR", "WARN", "INFO", "DEBUG"};
  std::mt19937_64 random(5);
  int64_t ms = 1'700'000'000'000;
  for (int batch = 0; batch < 12; ++batch) {
    signal::EventBatchBuilder builder;
    std::vector<Event> events;
    const uint32_t stream =
        builder.add_stream({.group = "app", .stream = fmt::format("s{}", batch % 3)});
    for (int i = 0; i < 250; ++i) {
      ms += static_cast<int64_t>(random() % 40) + 1;
      const std::string& level = levels[random() % 4];
      std::string text =
          fmt::format(R"({{"level":"{}","code":{},"user":{{"id":{}}},"ms":{:.2f},"ok":{}}})", level,
                      random() % 3 == 0 ? "\"200\"" : std::to_string(200 + random() % 300),
                      random() % 20, static_cast<double>(random() % 1'000) / 8, random() % 2 == 0);
      if (random() % 4 == 0)
        text = fmt::format("{} user {} gone after {} ms", level, random() % 9, i);
      builder.add_row(stream, ms * kNsPerMs);
      builder.set_text(store::kMessagePath, text);
      events.push_back({ms, "app", fmt::format("s{}", batch % 3), text});
    }
    bench.add(events);
    fixture.store().append(
        {.scope = kScope,
         .batch = builder.finish(),
         .token = signal::AckToken(250, nullptr, Lane::Ingest, [](signal::Verdict) {})});
    fixture.run();
  }
  const auto compare = [&](const char* state) {
    for (const std::string text :
         {"stats count(*)",
          "stats count(*) by level",
          "stats count(*) as n by bin(5s), level",
          "filter level = 'ERROR' | fields @timestamp, @message",
          "sort @timestamp asc | limit 20",
          "filter code = 200 | stats count(*), sum(ms), avg(ms), max(code) by user.id",
          "filter code > 450 and ok = true | fields @timestamp, code, ms",
          "filter @message like /user [0-3] gone/ | stats count(*)",
          "filter @message like 'after 17 ms' | fields @message, @logStream",
          "filter @logStream = 's1' | stats count(*) by level",
          "dedup level, user.id | display user.id",
          "parse @message '* user * gone' as l, u | stats count(*) by l, u",
          "filter not ispresent(level) | stats count(*)",
          "filter level != 'INFO' | stats count(*)",
          "filter level in ['WARN', 'DEBUG'] | sort ms desc, @timestamp | limit 7 | display ms, "
          "level",
          "pattern @message | limit 1 | display @sampleCount",
          "tail 5 | display @timestamp",
          "stats pct(ms, 90), median(ms), stddev(ms), count_distinct(user.id) by level",
          "stats earliest(@message), latest(level) by @logStream",
          "fields @ptr | limit 0",
          "filter user.id in (filter level = 'ERROR' and ms < 2 | fields user.id) | stats "
          "count(*)"}) {
      INFO(state, " ", text);
      const auto plan = compile(text);
      REQUIRE(plan.has_value());
      const auto expected = bench.table(*plan);
      REQUIRE(expected.has_value());
      QueryContext context(bench.clock_, {});
      rows::RowsRequest request = bench.request();
      request.store = &fixture.store();
      rows::RowsQuery query(*plan, request, context);
      const auto given = query.run();
      REQUIRE_MESSAGE(given.has_value(), (given ? "" : given.error().message));
      CHECK(Bench::lines(**given) == Bench::lines(**expected));
    }
  };
  bench.end_ms = fixture.clock().wall_now().ns / kNsPerMs;
  compare("in memory");
  fixture.store().flush(false, [](Status status) { CHECK(status.has_value()); });
  fixture.run();
  compare("in parts");
  fixture.store().flush(true, [](Status status) { CHECK(status.has_value()); });
  fixture.run();
  compare("merged");
}

TEST_CASE("queries have limits") {
  Bench bench;
  std::vector<Event> events;
  for (int i = 0; i < 20'000; ++i) {
    events.push_back({1'700'000'000'000 + i, "app", "s", fmt::format("message number {}", i)});
  }
  bench.add(events);
  SUBCASE("groups beyond the memory are refused by name") {
    bench.limits.memory_bytes_max = 1 << 20;
    const auto lines = bench.run("stats count(*) by @message");
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("FAILED "));
    CHECK(lines[0].find("memory") != std::string::npos);
  }
  SUBCASE("a sort beyond the memory is refused by name") {
    bench.limits.memory_bytes_max = 1 << 20;
    CHECK(bench.run("sort @message | filter 1 = 1")[0].starts_with("FAILED "));
  }
  SUBCASE("rows are counted") {
    bench.limits.points_max = 1'000;
    CHECK(bench.run("stats count(*)")[0].starts_with("FAILED "));
  }
  SUBCASE("without a limit there are 10,000 rows, and the scan ends there") {
    CHECK(bench.run("fields @message").size() == kRowsMax);
    CHECK(bench.statistics.records_matched < 11'000);
  }
  SUBCASE("expressions are linear") {
    CHECK(bench.run("filter @message like /(a*)*(a*)*(a|aa)+$x/ | stats count(*) as n") ==
          std::vector<std::string>{"n=0"});
  }
  SUBCASE("deep queries are refused") {
    CHECK(bench.run("filter " + std::string(200, '('))[0].find("deeper") != std::string::npos);
    CHECK(bench.run("filter " + std::string(200, '-') + "1")[0].find("deeper") !=
          std::string::npos);
    CHECK(bench.run("filter x = '" + std::string(kQueryBytesMax, 'x') + "'")[0].find("limit") !=
          std::string::npos);
  }
}

TEST_CASE("a query can be cancelled, and looked at while it runs") {
  Bench bench;
  std::vector<Event> events;
  for (int i = 0; i < 100; ++i) {
    events.push_back({1'700'000'000'000 + i, "app", "s", i % 2 == 0 ? "even" : "odd"});
  }
  bench.add(events);
  for (const std::string text : {"stats count(*) as n by @message | sort @message",
                                 "fields @message", "sort @message", "pattern @message"}) {
    INFO(text);
    QueryContext context(bench.clock_, {});
    rows::RowsQuery* running = nullptr;
    size_t looks = 0;
    std::shared_ptr<const rows::RowsTable> before;
    context.set_give_way([&] {}, 1);
    rows::RowsRequest request = bench.request();
    const store::EventStore* inner = request.store;
    // Stands between query and store, so that it can look between two chunks.
    class Between final : public store::EventStore {
     public:
      Between(const store::EventStore& store, std::function<void()> look)
          : store_(store), look_(std::move(look)) {}
      void append(signal::EventDelivery) override {}
      Result<store::EventScanReport> scan(const store::EventScan& scan,
                                          const store::EventSink& sink) const override {
        return store_.scan(scan, [&](store::EventRows& rows) {
          look_();
          return sink(rows);
        });
      }
      Result<store::EventFields> fields(const store::EventScan& scan) const override {
        return store_.fields(scan);
      }
      Result<std::vector<store::EventStreamInfo>> streams(const store::EventScan& scan,
                                                          const std::string& group,
                                                          const std::string& stream,
                                                          size_t limit) const override {
        return store_.streams(scan, group, stream, limit);
      }
      void delete_stream(signal::Scope, std::string, std::string,
                         std::move_only_function<void(Status)>) override {}
      void flush(bool, std::move_only_function<void(Status)>) override {}
      void enforce_retention(std::move_only_function<void(Status)>) override {}
      store::EventStoreStats stats() const override { return {}; }

     private:
      const store::EventStore& store_;
      std::function<void()> look_;
    };
    bool cancel = false;
    Between between(*inner, [&] {
      if (auto table = running->snapshot()) {
        ++looks;
        before = table;
      }
      if (cancel && looks > 3) context.cancel();
    });
    request.store = &between;
    const auto plan = compile(text);
    REQUIRE(plan.has_value());
    rows::RowsQuery query(*plan, request, context);
    running = &query;
    const auto whole = query.run();
    REQUIRE(whole.has_value());
    CHECK(looks > 3);
    REQUIRE(before != nullptr);
    CHECK(before->columns == (*whole)->columns);
    CHECK(before->rows.size() <= (*whole)->rows.size());
    CHECK_FALSE(before->rows.empty());

    cancel = true;
    looks = 0;
    rows::RowsQuery second(*plan, request, context);
    running = &second;
    const auto cut = second.run();
    REQUIRE_FALSE(cut.has_value());
    CHECK(cut.error().code == ErrorCode::Cancelled);
  }
}

TEST_CASE("pointers of events find their events") {
  Bench bench;
  bench.add({{1'700'000'000'001, "app", "s", "x"}});
  const auto table = bench.table(*compile("fields @message"));
  REQUIRE((*table)->pointers.size() == 1);
  const auto fields = shown_row(**table, 0);
  CHECK(fields.back().field == "@ptr");
  const auto id = parse_pointer(fields.back().value);
  REQUIRE(id.has_value());
  CHECK(id->timestamp_ns == 1'700'000'000'001 * kNsPerMs);
  CHECK_FALSE(parse_pointer("x").has_value());
  CHECK_FALSE(parse_pointer(std::string(40, 'g')).has_value());
}

}  // namespace kansoku::query::logs_insights
