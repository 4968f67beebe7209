#include <doctest/doctest.h>

#include "api/console/log_export.h"
#include "api/console/log_patterns.h"
#include "api/console/log_query.h"
#include "api/console/log_search.h"
#include "api/console/log_tail.h"
#include "api/console/test_logs.h"

using namespace kansoku;
using namespace kansoku::api::console;
using namespace kansoku::api::console::test;

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
