#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "api/aws/logs/test_server.h"
#include "api/console/log_compare.h"
#include "api/console/log_export.h"
#include "api/console/log_groups.h"
#include "api/console/log_patterns.h"
#include "api/console/log_query.h"
#include "api/console/log_search.h"
#include "api/console/log_tail.h"
#include "api/console/log_words.h"
#include "net/auth/policy.h"
#include "wire/document/document.h"

using namespace kansoku;
using namespace kansoku::api::console;

namespace {

struct Lines final : net::HttpExchange::Impl {
  void respond(net::HttpResponse response) override {
    status = response.status;
    body = response.body;
    ended = true;
  }
  void begin(int begun, net::Headers) override { status = begun; }
  bool write(std::string chunk) override {
    body += chunk;
    return true;
  }
  void end(net::Headers) override { ended = true; }
  void abort() override { aborted = true; }
  bool closed() const override { return false; }
  void on_close(std::move_only_function<void()> callback) override { close = std::move(callback); }
  void on_drain(std::move_only_function<void()>) override {}

  std::vector<wire::Node> lines() const {
    std::vector<wire::Node> out;
    for (size_t at = 0; at < body.size();) {
      const size_t end = std::min(body.find('\n', at), body.size());
      out.push_back(*wire::parse_json(std::string_view(body).substr(at, end - at)));
      at = end + 1;
    }
    return out;
  }
  // The last line that says `what`.
  wire::Node last(std::string_view what) const {
    wire::Node out;
    for (const wire::Node& line : lines()) {
      if (const wire::Node* found = line.find(what)) out = *found;
    }
    return out;
  }

  int status = 0;
  std::string body;
  bool ended = false;
  bool aborted = false;
  std::move_only_function<void()> close;
};

std::shared_ptr<const net::auth::Principal> principal_of(std::string_view resource) {
  auto out = std::make_shared<net::auth::Principal>();
  out->account = "1";
  out->arn = "arn:aws:iam::1:user/sato";
  out->policies.push_back(*net::auth::Policy::parse(
      fmt::format(R"({{"Version":"2012-10-17",)"
                  R"("Statement":[{{"Effect":"Allow","Action":"*","Resource":"{}"}}]}})",
                  resource)));
  return out;
}

struct Fixture {
  env::SimClock clock;
  env::SimRandom random{3};
  ManualExecutor executor;
  store::ReferenceCatalog catalog;
  std::unique_ptr<api::aws::logs::GroupStore> groups =
      *api::aws::logs::GroupStore::open(catalog, clock);
  api::aws::logs::MemoryBackend backend{clock, *groups, executor};
  LogUser user{{"1", "r"}, principal_of("*")};

  Fixture() {
    for (const char* name : {"a", "b"}) {
      groups->create(user.scope, {.name = name}, [](Status status) { CHECK(status.has_value()); });
    }
  }
  LogServices services() {
    return {.clock = &clock,
            .random = &random,
            .timers = &clock,
            .executor = &executor,
            .backend = &backend,
            .groups = groups.get(),
            .tail = &backend.tail,
            .call = {}};
  }
  void put(const std::string& group, std::vector<std::pair<int64_t, std::string>> messages) {
    signal::EventBatchBuilder builder;
    const uint32_t stream = builder.add_stream(
        {.group = group, .stream = "s", .generation = groups->find(user.scope, group)->generation});
    for (const auto& [ms, text] : messages) {
      builder.add_row(stream, ms * env::kNsPerMs);
      builder.set_text(signal::kMessagePath, text);
    }
    bool stored = false;
    backend.put(user.scope, builder.finish(), "",
                [&](Status status) { stored = status.has_value(); });
    CHECK(stored);
    executor.run_until_idle();
  }
  using Handler = void (*)(const LogServices&, const LogUser&, const wire::Node&,
                           net::HttpExchange);
  std::shared_ptr<Lines> ask(Handler handler, std::string_view body) {
    auto lines = std::make_shared<Lines>();
    handler(services(), user, *wire::parse_json(body), net::HttpExchange(lines));
    executor.run_until_idle();
    return lines;
  }
  std::shared_ptr<Lines> search(std::string_view more) {
    return ask(search_logs, fmt::format(R"({{"range":{{"from":0,"to":10000}}{}}})", more));
  }
};

std::vector<std::string> messages_of(const wire::Node& events) {
  std::vector<std::string> out;
  for (const wire::Node& event : events.items) out.emplace_back(event.text_of("message"));
  return out;
}

double sum_of(const wire::Node& counts, std::string_view level) {
  double out = 0;
  for (const wire::Node& one : counts.find(level)->items) out += std::stod(one.scalar);
  return out;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("a level is a field's word or number, else the first word of the text that says so") {
  CHECK(level_of_word("WARN") == LogLevel::Warn);
  CHECK(level_of_word("[E]") == LogLevel::Error);
  CHECK(level_of_word("50") == LogLevel::Error);
  CHECK(level_of_word("4", true) == LogLevel::Warn);
  CHECK(!level_of_word("later"));
  CHECK(level_of_number(30, false) == LogLevel::Info);
  CHECK(!level_of_number(3, false));
  CHECK(level_of_message("2026-01-01 ERROR down, info follows") == LogLevel::Error);
  CHECK(level_of_message(R"({"severity":"notice","error":null})") == LogLevel::Info);
  CHECK(level_of_message(R"({"error":"x"})") == LogLevel::None);
  CHECK(level_of_message(R"({"msg":"warning: slow"})") == LogLevel::Warn);
  CHECK(level_of_message("plain") == LogLevel::None);
  CHECK(level_of_text(std::string(300, 'x') + " error") == LogLevel::None);
}

TEST_CASE("a search text is read as words, phrases, fields and what is left out") {
  const auto read = [](std::string_view text) {
    std::string out;
    const auto words = read_log_words(text);
    REQUIRE(words.has_value());
    for (const LogWord& word : *words) {
      out += fmt::format("{}{}[{}{}{}{}]", word.excluded ? "-" : "", word.optional ? "?" : "",
                         word.path, word.op, word.text,
                         word.kind == LogWord::Kind::Expression ? " as expression" : "");
    }
    return out;
  };
  CHECK(read("GET /a (404)") == "[GET][/a][(404)]");
  CHECK(read(R"("two words" -"not \"this\"" ?x %a b+%)") ==
        R"([two words]-[not "this"]?[x][a b+ as expression])");
  CHECK(read("status=502 -a.b!=x n>=1.5 host~web k=*") ==
        "[status=502]-[a.b!=x][n>=1.5][host~web][k=*]");
  CHECK(read(R"(user="Ann B" "odd name"=1 a\.b=2 名前=佐藤)") ==
        R"([user=Ann B][odd name=1][a\.b=2][名前=佐藤])");
  CHECK(read("http://x/?a=b 10:30=1 a->b - x/=2 =y") ==
        "[http://x/?a=b][10:30=1][a->b][-][x/=2][=y]");
}

TEST_CASE("what is wrong with a search text has its place") {
  const auto place = [](std::string_view text) {
    LogAsk ask;
    const auto added = add_log_text(text, false, ask);
    REQUIRE_MESSAGE(!added.has_value(), text);
    return static_cast<int>(added.error().position.value_or(999));
  };
  CHECK(place("x \"open") == 2);
  CHECK(place("x a= y") == 4);
  CHECK(place("a>ten") == 2);
  CHECK(place("a==b") == 2);
  CHECK(place("a=b*c") == 3);
  CHECK(place("ab\"c\"") == 2);
  CHECK(place("\"a\"b") == 3);
  CHECK(place("x %a(%") == 3);
  CHECK(place("x %a") == 2);
  CHECK(place("x ?a=1") == 2);
  CHECK(place("y @host=1") == 2);
  CHECK(place("y @level=loud") == 2);
  CHECK(place("y @log>3") == 2);
  CHECK(place("{ $.status = ") != 999);
  LogAsk ask;
  CHECK(add_log_text("{ $.a = 1 }", true, ask).error().position == 0);
}

TEST_CASE("words and fields together find in the store and in the live tail the same events") {
  Fixture f;
  const List messages{R"({"code":7,"msg":"Disk full","req":{"user":"Ann B","ok":true}})",
                      R"({"code":8.5,"msg":"disk empty","level":"error","a.b":"x"})",
                      R"({"code":"7","msg":"other"})", "GET /a=b plain Text", "ERROR plain"};
  std::vector<std::pair<int64_t, std::string>> events;
  for (size_t i = 0; i < messages.size(); ++i) {
    events.emplace_back(static_cast<int64_t>(i) * 1'000 + 1, messages[i]);
  }
  f.put("a", events);
  const auto found = [&](std::string_view text, bool any_case = false) {
    std::string body(R"(,"text":)");
    wire::JsonWriter(body).string(text);
    if (any_case) body += R"(,"anyCase":true)";
    const auto lines = messages_of(*f.search(body)->last("events").find("events"));
    LogAsk ask;
    REQUIRE(add_log_text(text, any_case, ask).has_value());
    const auto line_test = LogLineTest::make(ask);
    std::string out;
    for (size_t i = 0; i < messages.size(); ++i) {
      const bool in_store = std::ranges::find(lines, messages[i]) != lines.end();
      CHECK_MESSAGE(line_test->passes("a", "s", messages[i]) == in_store, text, " ", messages[i]);
      if (in_store) out += static_cast<char>('0' + i);
    }
    return out;
  };
  CHECK(found("") == "01234");
  CHECK(found("code=7") == "02");
  CHECK(found("code=\"7\"") == "02");
  CHECK(found("code!=7") == "134");
  CHECK(found("-code=7") == "134");
  CHECK(found("-code!=7") == "02");
  CHECK(found("code>7") == "1");
  CHECK(found("code>=7 code<8") == "0");
  CHECK(found("code<=8.5") == "01");
  CHECK(found("-code>7") == "0234");
  CHECK(found("code=*") == "012");
  CHECK(found("code!=*") == "34");
  CHECK(found("req.user=\"Ann B\" Disk") == "0");
  CHECK(found("req.ok=true") == "0");
  CHECK(found("a\\.b=x") == "1");
  CHECK(found("msg~DISK -code=7") == "1");
  CHECK(found("msg!~disk") == "234");
  CHECK(found("disk") == "1");
  CHECK(found("disk", true) == "01");
  CHECK(found("msg=\"disk full\"", true) == "0");
  CHECK(found("msg=\"disk full\"") == "");
  CHECK(found("?Disk ?plain") == "034");
  CHECK(found("?Disk plain") == "34");
  CHECK(found("%^[A-Z]+ .*plain%") == "34");
  CHECK(found("%^get%", true) == "3");
  CHECK(found("\"/a=b plain\"") == "3");
  CHECK(found("-plain -\"code\"").empty());
  CHECK(found("@level=error") == "14");
  CHECK(found("@level!=error -plain") == "02");
  CHECK(found("@log=a @logStream~S") == "01234");
  CHECK(found("@log=A").empty());
  CHECK(found("@log=A", true) == "01234");
  CHECK(found("@message~GET") == "3");
  CHECK(found("{ $.code = 7 }") == "02");
}

TEST_CASE("steps of a histogram are usual ones and few enough") {
  CHECK(histogram_step_ms(0, 3'600'000, 90) == 60'000);
  CHECK(histogram_step_ms(0, 900'000, 90) == 30'000);
  CHECK(histogram_step_ms(0, 10, 12) == 1);
  CHECK((int64_t{400} * 365 * 86'400'000) /
            histogram_step_ms(0, int64_t{400} * 365 * 86'400'000, 90) <=
        90);
}

TEST_CASE("a search gives the newest events, counts by level over time, and facets") {
  Fixture f;
  f.put("a", {{1'000, R"({"level":"error","code":7})"},
              {2'000, R"({"level":"info","code":7})"},
              {3'000, R"({"level":"info","code":8})"}});
  f.put("b", {{4'000, "WARN four"}});
  const auto first = f.search(R"(,"limit":2,"buckets":20)");
  CHECK(first->ended);
  const wire::Node events = first->last("events");
  CHECK(messages_of(*events.find("events")) == List{"WARN four", R"({"level":"info","code":8})"});
  CHECK(events.find("events")->items[0].text_of("level") == "warn");
  const wire::Node histogram = first->last("histogram");
  CHECK(histogram.number_of("total") == 4);
  CHECK(histogram.number_of("step") == 1'000);
  CHECK(sum_of(*histogram.find("counts"), "info") == 2);
  CHECK(sum_of(*histogram.find("counts"), "error") == 1);
  const wire::Node facets = first->last("facets");
  bool found = false;
  for (const wire::Node& field : facets.find("fields")->items) {
    if (field.text_of("name") != "code") continue;
    found = true;
    CHECK(field.find("values")->items[0].text_of("value") == "7");
    CHECK(field.find("values")->items[0].number_of("count") == 2);
  }
  CHECK(found);
  const auto second = f.search(fmt::format(R"(,"limit":5,"after":"{}")", events.text_of("next")));
  CHECK(messages_of(*second->last("events").find("events")) ==
        List{R"({"level":"info","code":7})", R"({"level":"error","code":7})"});
  CHECK(second->last("histogram").kind == wire::Node::Kind::Null);
}

TEST_CASE("filters keep and leave out by fields, names, text and level") {
  Fixture f;
  f.put("a", {{1'000, R"({"level":"error","code":7,"ok":true})"},
              {2'000, R"({"level":"info","code":8})"},
              {3'000, "plain Text"}});
  f.put("b", {{4'000, "other"}});
  const auto found = [&](std::string_view more) {
    return messages_of(*f.search(more)->last("events").find("events"));
  };
  const auto filter = [&](std::string_view key, std::string_view op, std::string_view value) {
    return found(
        fmt::format(R"(,"filters":[{{"key":"{}","op":"{}","value":"{}"}}])", key, op, value));
  };
  CHECK(filter("code", "=", "7").size() == 1);
  CHECK(filter("code", "!=", "7").size() == 3);
  CHECK(filter("ok", "=", "true").size() == 1);
  CHECK(filter("text", "~", "TEXT") == List{"plain Text"});
  CHECK(filter("text", "!~", "e").empty());
  CHECK(filter("@log", "=", "b") == List{"other"});
  CHECK(filter("@level", "!=", "none").size() == 2);
  CHECK(found(R"(,"levels":["error","none"])").size() == 3);
  CHECK(found(R"(,"groups":["b"])") == List{"other"});
  CHECK(found(R"(,"text":"plain -other")") == List{"plain Text"});
}

TEST_CASE("what is wrong with a search is a line with its place") {
  Fixture f;
  const wire::Node error = f.search(R"(,"text":"{ $.a = ")")->last("error");
  CHECK(error.text_of("code") == "InvalidArgument");
  CHECK(error.number_of("position").has_value());
  CHECK(f.search(R"(,"levels":["loud"])")->last("error").text_of("message").find("loud") !=
        std::string_view::npos);
}

TEST_CASE("a user sees the groups that the policies allow, and is refused others") {
  Fixture f;
  f.put("a", {{1'000, "secret"}});
  f.put("b", {{2'000, "open"}});
  f.user.principal = principal_of("arn:aws:logs:r:1:log-group:b:*");
  CHECK(messages_of(*f.search("")->last("events").find("events")) == List{"open"});
  CHECK(f.search(R"(,"groups":["a"])")->last("error").text_of("code") == "PermissionDenied");
  f.user.principal = principal_of("arn:aws:logs:r:1:log-group:c:*");
  CHECK(f.search("")->last("error").text_of("code") == "PermissionDenied");
}

TEST_CASE("groups are chosen by prefix, class and tags, and found by a part of their name") {
  Fixture f;
  const auto create = [&](std::string name, std::string group_class, api::aws::logs::Tags tags) {
    f.groups->create(f.user.scope,
                     {.name = name, .group_class = std::move(group_class), .tags = std::move(tags)},
                     [](Status status) { CHECK(status.has_value()); });
    f.put(name, {{1'000, "in " + name}});
  };
  create("/app/one", "STANDARD", {{"team", "x"}, {"env", "prod"}});
  create("/app/two", "INFREQUENT_ACCESS", {{"team", "x"}, {"a=b", "c"}});
  create("/web/two", "STANDARD", {{"team", "y"}});
  const auto found = [&](std::string_view by) {
    const auto lines = f.search(fmt::format(R"(,"groupsBy":{{{}}})", by));
    const wire::Node events = lines->last("events");
    if (events.kind == wire::Node::Kind::Null) return List{"error"};
    List out = messages_of(*events.find("events"));
    std::ranges::sort(out);
    return out;
  };
  CHECK(found("").size() == 3);
  CHECK(found(R"("prefix":"/app/")") == List{"in /app/one", "in /app/two"});
  CHECK(found(R"("class":"INFREQUENT_ACCESS")") == List{"in /app/two"});
  CHECK(found(R"("tags":["team=x","env"])") == List{"in /app/one"});
  CHECK(found(R"("tags":["a=b=c"])") == List{"in /app/two"});
  CHECK(found(R"("tags":["team=z"])") == List{"error"});
  f.user.principal = principal_of("arn:aws:logs:r:1:log-group:/app/two:*");
  CHECK(found(R"("tags":["team=x"])") == List{"in /app/two"});
  CHECK(found(R"("prefix":"/web")") == List{"error"});
  const auto list = [&](std::string_view body) {
    return *wire::parse_json(f.ask(list_log_groups, body)->body);
  };
  CHECK(list("{}").number_of("total") == 1);
  f.user.principal = principal_of("*");
  const wire::Node two = list(R"({"find":"TWO","limit":1})");
  CHECK(two.number_of("total") == 2);
  CHECK(two.find("groups")->items.size() == 1);
  CHECK(two.find("groups")->items[0].text_of("class") == "INFREQUENT_ACCESS");
  CHECK(two.find("tags")->items.size() == 4);
  CHECK(two.find("tags")->items[2].text_of("value") == "team=x");
  CHECK(two.find("tags")->items[2].number_of("count") == 2);
}

TEST_CASE("the context of an event is what stands before and after it in its stream") {
  Fixture f;
  f.put("a", {{1'000, "one"}, {2'000, "two"}, {3'000, "three"}, {4'000, "four"}});
  f.put("b", {{2'500, "elsewhere"}});
  const auto all = f.search("");
  const wire::Node events = *all->last("events").find("events");
  std::string id;
  for (const wire::Node& event : events.items) {
    if (event.text_of("message") == "two") id = event.text_of("id");
  }
  const auto answer =
      f.ask(log_context, fmt::format(R"({{"group":"a","stream":"s","id":"{}","limit":1}})", id));
  const auto json = wire::parse_json(answer->body);
  CHECK(messages_of(*json->find("before")) == List{"one"});
  CHECK(messages_of(*json->find("after")) == List{"three"});
  CHECK(f.ask(log_context, R"({"group":"a","stream":"s","id":"x"})")->status == 400);
}

TEST_CASE("a query of Insights gives a table with kinds, and its error the place") {
  Fixture f;
  f.put("a", {{1'000, R"({"code":7})"}, {2'000, R"({"code":9})"}});
  const auto run = [&](std::string_view text) {
    std::string body;
    int finished = 0;
    const auto item = wire::parse_json(
        fmt::format(R"({{"id":"q","text":"{}","range":{{"from":0,"to":10000}}}})", text));
    start_log_query(
        f.services(), f.user, *item,
        {.write = [&](std::string line) { body += line; }, .finished = [&] { ++finished; }});
    f.executor.run_until_idle();
    CHECK(finished == 1);
    Lines lines;
    lines.body = body;
    return lines.lines();
  };
  const auto good = run("stats max(code) as most by bin(1h)");
  const wire::Node* table = good.front().find("table");
  REQUIRE(table != nullptr);
  CHECK(table->find("columns")->items[0].text_of("kind") == "time");
  CHECK(table->find("columns")->items[1].text_of("kind") == "number");
  CHECK(table->find("rows")->items[0].items[1].scalar == "9");
  CHECK(good.back().find("stats")->number_of("matched") == 2);
  const auto bad = run("fields @message | limt 3");
  CHECK(bad.front().find("error")->number_of("position") == 18);
  CHECK(bad.front().find("error")->number_of("end") == 22);
}

TEST_CASE("a live tail shows what is stored, and says when it shows a part only") {
  Fixture f;
  const auto tail = f.ask(tail_logs, R"({"text":"line","groups":["a"]})");
  f.put("a", {{1'000, "line ERROR"}, {1'001, "else"}});
  f.put("b", {{1'002, "line of another group"}});
  f.clock.advance(kTailEveryNs);
  f.executor.run_until_idle();
  wire::Node update = tail->last("tail");
  CHECK(messages_of(*update.find("events")) == List{"line ERROR"});
  CHECK(update.find("events")->items[0].text_of("level") == "error");
  CHECK(update.find("sampled")->scalar == "false");
  std::vector<std::pair<int64_t, std::string>> many;
  for (int i = 0; i < 1'000; ++i) many.emplace_back(2'000 + i, fmt::format("line {}", i));
  f.put("a", many);
  f.clock.advance(kTailEveryNs);
  f.executor.run_until_idle();
  update = tail->last("tail");
  CHECK(update.number_of("seen") == 1'000);
  CHECK(update.find("sampled")->scalar == "true");
  CHECK(update.find("events")->items.size() == kTailEventsMax);
  CHECK(!tail->ended);
  tail->close();
  f.clock.advance(kTailEveryNs);
  f.executor.run_until_idle();
  CHECK(tail->ended);
  CHECK(f.backend.tail.watchers() == 0);
}

TEST_CASE("patterns are counted, with those of the range before beside them") {
  Fixture f;
  f.put("a",
        {{5'100, "user 1 in"}, {5'200, "user 2 in"}, {5'300, "disk full"}, {600, "user 3 in"}});
  const auto answer = f.ask(log_patterns, R"({"range":{"from":5000,"to":10000}})");
  const wire::Node patterns = answer->last("patterns");
  CHECK(patterns.number_of("matched") == 3);
  const wire::Node& first = patterns.find("patterns")->items[0];
  CHECK(first.text_of("pattern") == "user <*> in");
  CHECK(first.number_of("count") == 2);
  CHECK(first.number_of("earlier") == 1);
  CHECK(patterns.find("patterns")->items[1].number_of("earlier") == 0);
}

TEST_CASE("the effect of a share is its arc's distance, and its score grows with the events") {
  const ShareEffect same = effect_of({.count = 10, .before = 40}, 100, 400);
  CHECK(same.size == doctest::Approx(0));
  const ShareEffect up = effect_of({.count = 50, .before = 0}, 100, 400);
  CHECK(up.size == doctest::Approx(std::numbers::pi / 2));
  CHECK(up.score == doctest::Approx(up.size / std::sqrt(1.0 / 100 + 1.0 / 400)));
  CHECK(effect_of({.count = 0, .before = 200}, 100, 400).size ==
        doctest::Approx(-std::numbers::pi / 2));
  CHECK(effect_of({.count = 5, .before = 0}, 10, 40).score < up.score);
  CHECK(effect_of({.count = 5, .before = 0}, 5, 0).size == 0);
  CHECK(score_min(1) == doctest::Approx(3.2552));
  // Three of a hundred events, and none of four hundred, is nothing among two hundred values.
  CHECK(effect_of({.count = 3, .before = 0}, 100, 400).score < score_min(200));
}

TEST_CASE("a range is compared with the one before, four times as long, by shares") {
  Fixture f;
  std::vector<std::pair<int64_t, std::string>> events;
  for (int i = 0; i < 400; ++i) {
    events.emplace_back(1'000 + i * 20,
                        fmt::format(R"({{"zone":"{}","id":{},"msg":"request {} completed"}})",
                                    i % 2 == 0 ? "a" : "b", i, i));
  }
  for (int i = 0; i < 100; ++i) {
    const bool failed = i % 2 == 0;
    events.emplace_back(
        9'000 + i * 20,
        failed
            ? fmt::format(R"({{"zone":"a","id":{},"level":"error","msg":"lost peer {}"}})",
                          1'000 + i, i)
            : fmt::format(R"({{"zone":"b","id":{},"msg":"request {} completed"}})", 1'000 + i, i));
  }
  // Neither side: before the window, and behind the range.
  events.emplace_back(900, R"({"zone":"c"})");
  events.emplace_back(11'000, R"({"zone":"c"})");
  f.put("a", events);
  const auto answer = f.ask(log_compare, R"({"range":{"from":9000,"to":11000},"text":"-zone=z"})");
  CHECK(answer->ended);
  const wire::Node compare = answer->last("compare");
  CHECK(compare.find("now")->number_of("events") == 100);
  CHECK(compare.find("before")->number_of("from") == 1'000);
  CHECK(compare.find("before")->number_of("events") == 400);
  const auto& patterns = compare.find("patterns")->items;
  REQUIRE(patterns.size() == 2);
  CHECK(patterns[0].text_of("pattern").find("lost peer") != std::string_view::npos);
  CHECK(patterns[0].text_of("level") == "error");
  CHECK(patterns[0].number_of("count") == 50);
  CHECK(patterns[0].number_of("before") == 0);
  CHECK(*patterns[0].number_of("effect") > 1.5);
  CHECK(*patterns[1].number_of("effect") < -1.5);
  std::string fields;
  for (const wire::Node& one : compare.find("fields")->items) {
    fields += fmt::format("{}={} {}/{};", one.text_of("name"), one.text_of("value"),
                          one.text_of("count"), one.text_of("before"));
  }
  // Zones are as before, and no id stands out.
  CHECK(fields == "@level=error 50/0;@level=none 50/400;level=error 50/0;");
  const auto nothing = f.ask(log_compare, R"({"range":{"from":100,"to":200}})")->last("compare");
  CHECK(nothing.find("patterns")->items.empty());
}

TEST_CASE("an export has every event of a search, also beyond one page") {
  Fixture f;
  std::vector<std::pair<int64_t, std::string>> many;
  for (size_t i = 0; i < kExportPageEvents + 10; ++i)
    many.emplace_back(1'000, fmt::format("n{}", i));
  many.emplace_back(500, "a, \"b\"\nc");
  f.put("a", many);
  const auto run = [&](std::string_view format) {
    auto lines = std::make_shared<Lines>();
    export_logs(f.services(), f.user, *wire::parse_json(R"({"range":{"from":0,"to":10000}})"),
                format, net::HttpExchange(lines));
    f.executor.run_until_idle();
    return lines;
  };
  const auto json = run("ndjson");
  CHECK(json->ended);
  CHECK(json->lines().size() == kExportPageEvents + 11);
  const auto csv = run("csv");
  CHECK(csv->body.starts_with("time,ingested,level,group,stream,message\r\n"));
  CHECK(csv->body.ends_with(",none,a,s,\"a, \"\"b\"\"\nc\"\r\n"));
  CHECK(run("xml")->status == 400);
  std::string formula;
  append_csv_field(formula, "=1+1");
  CHECK(formula == "\"'=1+1\"");
}
