#include "api/console/log_words.h"

#include <cmath>
#include <numbers>

#include "api/console/log_compare.h"
#include "api/console/log_groups.h"
#include "api/console/test_logs.h"

using namespace kansoku;
using namespace kansoku::api::console;
using namespace kansoku::api::console::test;

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
