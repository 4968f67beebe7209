#include "query/promql/parser.h"

#include <doctest/doctest.h>

#include "query/promql/functions.h"
#include "query/promql/lexer.h"

namespace kansoku::query::promql {
namespace {

std::string error_of(std::string_view text) {
  auto expr = parse(text);
  return expr ? "" : expr.error().to_string(text);
}

std::string printed(std::string_view text) {
  auto expr = parse(text);
  if (!expr) return expr.error().to_string(text);
  return to_string(**expr);
}

}  // namespace

TEST_CASE("promql parser: what is printed is what was parsed") {
  struct Row {
    std::string_view text;
    std::string_view printed;
  };
  const auto rows = std::to_array<Row>({
      {"1+2*3^4", "1 + 2 * 3 ^ 4"},
      {"-1", "-1"},
      {"-foo^2", "-foo ^ 2"},
      {"1h30m", "1h30m"},
      {"0x1F", "31"},
      {"1_000.5", "1000.5"},
      {"+Inf", "+Inf"},
      {"nan", "NaN"},
      {"'a\\n'", "\"a\\n\""},
      {"foo{a='b',c!=\"d\",e=~\"f|g\",h!~\"i\",}", "foo{a=\"b\",c!=\"d\",e=~\"f|g\",h!~\"i\"}"},
      {"{\"my.metric\", \"label.name\"='x'}", "{\"my.metric\",\"label.name\"=\"x\"}"},
      {"{__name__=\"up\"}", "{__name__=\"up\"}"},
      {"foo[5m]", "foo[5m]"},
      {"foo[300]", "foo[5m]"},
      {"foo offset -5m @ 10", "foo @ 10.000 offset -5m"},
      {"foo @ start() offset 1w", "foo @ start() offset 1w"},
      {"foo[5m:1m] @ end() offset 10s", "foo[5m:1m] @ end() offset 10s"},
      {"(a+b)[1h:]", "(a + b)[1h:]"},
      {"rate(foo[5m] anchored)", "rate(foo[5m] anchored)"},
      {"rate(foo[5m] smoothed offset 1m)", "rate(foo[5m] smoothed offset 1m)"},
      {"foo smoothed", "foo smoothed"},
      {"foo[(1h+step())/2]", "foo[(1h + step()) / 2]"},
      {"foo offset min_of(step(), 5m)", "foo offset min_of(step(), 5m)"},
      {"SUM(x) BY (a, \"b.c\")", "sum by (a, \"b.c\") (x)"},
      {"sum without() (x)", "sum without () (x)"},
      {"topk by (a) (3, x)", "topk by (a) (3, x)"},
      {"a * on(b) group_left(c) d", "a * on (b) group_left (c) d"},
      {"a / ignoring(b) group_right d", "a / ignoring (b) group_right () d"},
      {"a == bool 1", "a == bool 1"},
      {"a + fill(0) b", "a + fill (0) b"},
      {"a + fill_left(-1) fill_right(NaN) b", "a + fill_left (-1) fill_right (NaN) b"},
      {"fill + fill(0) fill", "fill + fill (0) fill"},
      {"a and b or c unless d", "a and b or c unless d"},
      {"h </ 5", "h </ 5"},
      {"sum", "sum"},
      {"round(x, 5)", "round(x, 5)"},
      {"# a comment\n foo", "foo"},
  });
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(printed(row.text) == row.printed);
    CHECK(printed(row.printed) == row.printed);
  }
}

TEST_CASE("promql parser: errors name line, column and cause") {
  struct Row {
    std::string_view text;
    std::string_view error;
  };
  const auto rows = std::to_array<Row>({
      {"", "1:1: parse error: no expression found in input"},
      {"foo{",
       "1:5: parse error: unexpected end of input in label matching, expected identifier or \"}\""},
      {"foo{a=1}", "1:7: parse error: unexpected number \"1\" in label matching, expected string"},
      {"\n  1 +", "2:6: parse error: unexpected end of input"},
      {"foo[",
       "1:5: parse error: unexpected end of input in subquery or range, expected number, duration, "
       "step(), or range()"},
      {"foo[5m",
       "1:7: parse error: unexpected end of input in subquery or range, expected \":\" or \"]\""},
      {"foo[0s]", "1:5: parse error: duration must be greater than 0"},
      {"foo[0.0001]", "1:5: parse error: duration must be greater than 0"},
      {"foo offset 1e11", "1:12: parse error: duration out of range"},
      {"(foo)[5m]", "1:6: parse error: ranges only allowed for vector selectors"},
      {"foo offset 1m[5m]", "1:14: parse error: no offset modifiers allowed before range"},
      {"foo offset 1m offset 2m", "1:15: parse error: offset may not be set multiple times"},
      {"{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"{a=~\".*\"}",
       "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"foo{\"bar\"}", "1:5: parse error: metric name must not be set twice: \"foo\" or \"bar\""},
      {"nope(foo)", "1:1: parse error: unknown function with name \"nope\""},
      {"rate(foo)",
       "1:6: parse error: expected type range vector in call to function \"rate\", got instant "
       "vector"},
      {"rate()", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 0"},
      {"round(a, 1, 2)",
       "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3"},
      {"1 == 2", "1:1: parse error: comparisons between scalars must use BOOL modifier"},
      {"1 and foo",
       "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"},
      {"1 + on(a) foo", "1:1: parse error: vector matching only allowed between instant vectors"},
      {"a + on(b) group_left(b) c",
       "1:11: parse error: label \"b\" must not occur in ON and GROUP clause at "
       "once"},
      {"a and on(b) group_left c", "1:13: parse error: no grouping allowed for \"and\" operation"},
      {"a + bool b", "1:5: parse error: bool modifier can only be used on comparison operators"},
      {"-foo[5m]",
       "1:2: parse error: unary expression only allowed on expressions of type scalar or instant "
       "vector, got \"range vector\""},
      {"1[5m:]",
       "1:1: parse error: subquery is only allowed on instant vector, got scalar instead"},
      {"sum(foo, bar)",
       "1:1: parse error: wrong number of arguments for aggregate expression provided, "
       "expected 1, got 2"},
      {"avg_over_time(x[5m] anchored)",
       "1:1: parse error: anchored modifier can only be used with: changes, "
       "delta, increase, rate, resets - not with avg_over_time"},
      {"foo bar", "1:5: parse error: unexpected identifier \"bar\""},
      {"1d12x", "1:1: parse error: bad number or duration syntax: \"1d12x\""},
      {"\"abc", "1:1: parse error: unterminated quoted string"},
  });
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(error_of(row.text) == row.error);
  }
}

TEST_CASE("promql parser: a deep or long expression is refused, not a stack overflow") {
  CHECK(error_of(std::string(10'000, '(')).contains("nested too deeply"));
  CHECK(error_of(std::string(10'000, '-') + "1").contains("nested too deeply"));
  std::string chain = "a";
  for (int i = 0; i < 5'000; ++i) chain += "+a";
  CHECK(error_of(chain).contains("nested too deeply"));
  // Neither nested nor chained too deeply at any place, but 150 times 150 operators on the way
  // down.
  std::string both = "a";
  std::string duration = "1m";
  for (int i = 0; i < 150; ++i) {
    both = "(" + both + ")";
    duration = "(" + duration + ")";
    for (int j = 0; j < 150; ++j) {
      both += "+a";
      duration += "+1m";
    }
  }
  CHECK(error_of(both).contains("nested too deeply"));
  CHECK(error_of("a[" + duration + "]").contains("nested too deeply"));
  CHECK(error_of("a offset " + duration).contains("nested too deeply"));
  std::string calls = "a";
  std::string subqueries = "a";
  for (int i = 0; i < 10'000; ++i) {
    calls = "abs(" + std::move(calls) + ")";
    subqueries = "max_over_time(" + std::move(subqueries) + "[1m:])";
  }
  CHECK(error_of(calls).contains("nested too deeply"));
  CHECK(error_of(subqueries).contains("nested too deeply"));
}

TEST_CASE("promql parser: long expressions are broken by structure") {
  const std::string text =
      "sum by (job, instance) "
      "(rate(http_requests_total{job=\"api-server\",group=\"production\"}[5m])) / "
      "on (job) group_left () sum by (job) (rate(http_requests_total[5m]))";
  auto expr = parse(text);
  REQUIRE(expr);
  CHECK(pretty(**expr) ==
        "  sum by (job, instance) "
        "(rate(http_requests_total{job=\"api-server\",group=\"production\"}[5m]))\n"
        "/ on (job) group_left ()\n"
        "  sum by (job) (rate(http_requests_total[5m]))");
  CHECK(printed(pretty(**expr)) == to_string(**expr));
  CHECK(to_string(*clone(**expr)) == text);
}

TEST_CASE("promql functions: the table is sorted and every row is callable by name") {
  std::string_view last;
  for (const FunctionRow& row : functions()) {
    CHECK(last < row.name);
    last = row.name;
    CHECK(find_function(row.name) == &row);
    CHECK(!row.doc.empty());
  }
}

TEST_CASE("promql literals: durations and numbers") {
  CHECK(parse_duration_ms("1h30m") == 5'400'000);
  CHECK(parse_duration_ms("1y2w3d4h5m6s7ms").has_value());
  CHECK(!parse_duration_ms("1m1h").has_value());
  CHECK(!parse_duration_ms("1m1m").has_value());
  CHECK(!parse_duration_ms("99999999999999y").has_value());
  CHECK(format_duration_ms(5'400'000) == "1h30m");
  CHECK(format_number(1e21) == "1000000000000000000000");
  CHECK(format_number(0.1) == "0.1");
  CHECK(unquote("\"\\x41\\u00e9\\101\\t\"").value() ==
        "A\xc3\xa9"
        "A\t");
  CHECK(!unquote("\"\\q\"").has_value());
}

}  // namespace kansoku::query::promql
