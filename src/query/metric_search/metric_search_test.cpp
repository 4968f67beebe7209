#include "query/metric_search/metric_search.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "support/conformance.h"

namespace kansoku::query::metric_search {
namespace {

struct Metric {
  std::string key, metric_namespace, name;
  std::vector<std::pair<std::string, std::string>> dimensions;
};

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}
std::string with_blanks(std::string text) {
  std::ranges::replace(text, '~', ' ');
  return text;
}

// A text split at a separator that stands once.
std::pair<std::string, std::string> halves(const std::string& text, std::string_view at) {
  size_t found = text.rfind(at);
  if (found == std::string::npos) return {text, ""};
  std::string left = text.substr(0, found), right = text.substr(found + at.size());
  while (left.ends_with(' ')) left.pop_back();
  while (right.starts_with(' ')) right.erase(0, 1);
  return {left, right};
}

Metric metric_of(const std::vector<std::string>& row) {
  Metric out{row[0], with_blanks(row[1]), with_blanks(row[2]), {}};
  for (size_t i = 3; i < row.size(); ++i) {
    size_t equals = row[i].find('=');
    out.dimensions.emplace_back(row[i].substr(0, equals), row[i].substr(equals + 1));
  }
  std::ranges::sort(out.dimensions);
  return out;
}

std::string found_keys(const Search& search, const std::vector<Metric>& inventory) {
  std::string out;
  for (const Metric& metric : inventory) {
    if (!search.matches({"111122223333", metric.metric_namespace, metric.name, metric.dimensions}))
      continue;
    if (!out.empty()) out += ' ';
    out += metric.key;
  }
  return out.empty() ? "-" : out;
}

}  // namespace

TEST_CASE("search scripts") {
  std::istringstream script(test::read_text(std::filesystem::path(KANSOKU_SOURCE_DIR) /
                                            "src/query/metric_search/testdata/search.cases"));
  std::vector<Metric> inventory;
  size_t cases = 0;
  for (std::string line; std::getline(script, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    INFO(line);
    size_t space = line.find(' ');
    std::string verb = line.substr(0, space), rest = line.substr(space + 1);
    if (verb == "metric") {
      inventory.push_back(metric_of(words(rest)));
      continue;
    }
    ++cases;
    auto [left, right] = halves(rest, verb == "finds" || verb == "misses" ? "<-" : "->");
    if (verb == "tokens") {
      CHECK(tokens_of(left) == words(right));
    } else if (verb == "finds" || verb == "misses") {
      CHECK(partial_match(right, left) == (verb == "finds"));
    } else if (verb == "search") {
      auto search = Search::parse(left);
      REQUIRE_MESSAGE(search.has_value(), search.error().message);
      CHECK(found_keys(*search, inventory) == right);
    } else {
      REQUIRE(verb == "error");
      auto search = Search::parse(left);
      REQUIRE_FALSE(search.has_value());
      auto [position, part] =
          std::pair(right.substr(0, right.find(' ')), right.substr(right.find(' ') + 1));
      CHECK(search.error().position == std::stoul(position));
      CHECK_MESSAGE(search.error().message.find(part) != std::string::npos, search.error().message);
    }
  }
  CHECK(cases > 80);
}

TEST_CASE("searches have limits") {
  auto refused = [](const std::string& text) {
    auto search = Search::parse(text);
    return search ? std::string() : search.error().message;
  };
  CHECK(refused(std::string(1024, 'a')).empty());
  CHECK(refused(std::string(1025, 'a')).find("limit 1024") != std::string::npos);
  CHECK(refused(std::string(100, '(') + "a").find("deeper") != std::string::npos);
  std::string nots;
  for (int i = 0; i < 100; ++i) nots += "NOT ";
  CHECK(refused(nots + "a").find("deeper") != std::string::npos);
}

TEST_CASE("what every match must have is known before the selection") {
  auto required = [](std::string_view text) {
    std::string out;
    for (const Required& one : Search::parse(text)->required()) {
      out += one.property + "=" + one.value + ";";
    }
    return out;
  };
  CHECK(required(R"({A,d} MetricName="m" x)") == "MetricName=m;");
  CHECK(required(R"((MetricName="m" AND d="v") w)") == "MetricName=m;d=v;");
  CHECK(required(R"(MetricName="m" OR d="v")") == "");
  CHECK(required(R"(NOT MetricName="m")") == "");
  CHECK(required(R"(MetricName=m)") == "");
}

TEST_CASE("derived search cases") {
  auto folder = test::conformance("aws/derived");
  if (!folder) return test::skip("derived search cases");
  auto document = boost::json::parse(test::read_text(*folder / "search-tokens.json"));
  for (const auto& item : document.at("cases").as_array()) {
    INFO(std::string(item.at("id").as_string()));
    std::string name(item.at("name").as_string());
    if (item.as_object().contains("tokens")) {
      std::vector<std::string> tokens;
      for (const auto& token : item.at("tokens").as_array()) tokens.emplace_back(token.as_string());
      CHECK(tokens_of(name) == tokens);
      continue;
    }
    auto search = Search::parse(std::string_view(item.at("term").as_string()));
    REQUIRE(search.has_value());
    CHECK(search->matches({"1", "", name, {}}) == item.at("match").as_bool());
  }
}

}  // namespace kansoku::query::metric_search
