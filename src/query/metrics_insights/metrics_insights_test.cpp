#include "query/metrics_insights/metrics_insights.h"

#include <doctest/doctest.h>

#include "support/conformance.h"

namespace kansoku::query::metrics_insights {
namespace {

constexpr std::string_view kAccount = "111122223333";
constexpr std::array<std::string_view, 5> kNames{"AVG", "COUNT", "MAX", "MIN", "SUM"};

std::string name_of(Aggregate function) {
  return std::string(kNames[static_cast<size_t>(function)]);
}

std::string text_of(const Condition& condition) {
  switch (condition.kind) {
    case ConditionKind::Equal:
      return fmt::format("{}='{}'", condition.key, condition.value);
    case ConditionKind::NotEqual:
      return fmt::format("{}!='{}'", condition.key, condition.value);
    case ConditionKind::And:
    case ConditionKind::Or:
      break;
  }
  std::string out;
  for (const Condition& child : condition.children) {
    if (!out.empty()) out += condition.kind == ConditionKind::And ? " AND " : " OR ";
    out += text_of(child);
  }
  return "(" + out + ")";
}

std::string list_of(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ",") + item;
  return out;
}

std::string canonical(std::string_view text) {
  auto query = parse(text);
  if (!query) return "ERROR";
  std::string out = fmt::format("{} {} FROM {}", name_of(query->function), query->metric_name,
                                query->metric_namespace);
  if (query->schema) out += fmt::format(" SCHEMA({})", list_of(*query->schema));
  if (query->where) out += " WHERE " + text_of(*query->where);
  if (!query->group_by.empty()) out += " GROUP " + list_of(query->group_by);
  if (query->order_by) {
    out += fmt::format(" ORDER {} {}", name_of(query->order_by->function),
                       query->order_by->descending ? "DESC" : "ASC");
  }
  if (query->limit) out += fmt::format(" LIMIT {}", *query->limit);
  return out;
}

struct Metric {
  std::string key;
  std::vector<std::pair<std::string, std::string>> dimensions;
  Candidate candidate() const { return {kAccount, dimensions}; }
};

Metric metric_of(std::istringstream row) {
  Metric out;
  row >> out.key;
  for (std::string pair; row >> pair;) {
    std::ranges::replace(pair, '~', ' ');
    size_t equals = pair.find('=');
    out.dimensions.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return out;
}

std::string passing(const std::string& text, const std::vector<Metric>& inventory) {
  auto query = parse(text);
  REQUIRE_MESSAGE(query.has_value(), query.error().message);
  std::string out;
  for (const Metric& metric : inventory) {
    if (query->matches(metric.candidate())) out += (out.empty() ? "" : " ") + metric.key;
  }
  return out.empty() ? "-" : out;
}

std::string groups(const std::string& keys, const std::vector<Metric>& inventory) {
  auto query = parse("SELECT AVG(m) FROM n GROUP BY " + keys);
  REQUIRE(query.has_value());
  std::vector<std::pair<GroupKey, std::string>> found;
  for (const Metric& metric : inventory) {
    GroupKey key = query->group_of(metric.candidate());
    auto at = std::ranges::find(found, key, &std::pair<GroupKey, std::string>::first);
    if (at == found.end()) {
      found.emplace_back(std::move(key), metric.key);
    } else {
      at->second += "+" + metric.key;
    }
  }
  std::ranges::sort(found, comes_before, &std::pair<GroupKey, std::string>::first);
  std::string out;
  for (const auto& [key, members] : found) {
    out += (out.empty() ? "" : ", ") + members + ":" + label_of(key);
  }
  return out;
}

void check_order(const std::string& left, const std::string& right) {
  std::istringstream row(left);
  std::string name;
  row >> name;
  std::vector<double> values;
  for (double value; row >> value;) values.push_back(value);
  auto found = std::ranges::find(kNames, name);
  REQUIRE(found != kNames.end());
  CHECK(evaluate(static_cast<Aggregate>(found - kNames.begin()), values) == std::stod(right));
}

void check_error(const std::string& text, const std::string& right) {
  auto query = parse(text);
  REQUIRE_FALSE(query.has_value());
  size_t space = right.find(' ');
  CHECK_MESSAGE(query.error().position == std::stoul(right.substr(0, space)),
                query.error().position, " ", query.error().message);
  CHECK_MESSAGE(query.error().message.find(right.substr(space + 1)) != std::string::npos,
                query.error().message);
}

}  // namespace

TEST_CASE("select scripts") {
  std::istringstream script(test::read_text(std::filesystem::path(KANSOKU_SOURCE_DIR) /
                                            "src/query/metrics_insights/testdata/select.cases"));
  std::vector<Metric> inventory;
  size_t cases = 0;
  for (std::string line; std::getline(script, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    INFO(line);
    size_t space = line.find(' ');
    std::string verb = line.substr(0, space), rest = line.substr(space + 1);
    if (verb == "metric") {
      inventory.push_back(metric_of(std::istringstream(rest)));
      continue;
    }
    ++cases;
    size_t arrow = rest.rfind(" -> ");
    REQUIRE(arrow != std::string::npos);
    std::string left = rest.substr(0, arrow), right = rest.substr(arrow + 4);
    if (verb == "query") {
      CHECK(canonical(left) == right);
      CHECK(is_query(left));
    } else if (verb == "where") {
      CHECK(passing("SELECT AVG(m) FROM n WHERE " + left, inventory) == right);
    } else if (verb == "schema") {
      CHECK(passing("SELECT AVG(m) FROM " + left, inventory) == right);
    } else if (verb == "group") {
      CHECK(groups(left, inventory) == right);
    } else if (verb == "order") {
      check_order(left, right);
    } else {
      REQUIRE(verb == "error");
      check_error(left, right);
    }
  }
  CHECK(cases > 90);
}

TEST_CASE("queries have limits") {
  auto message = [](const std::string& text) {
    auto query = parse(text);
    return query ? std::string() : query.error().message;
  };
  std::string deep = "SELECT AVG(m) FROM n WHERE " + std::string(100, '(');
  CHECK(message(deep).find("deeper") != std::string::npos);
  std::string longest = "SELECT AVG(m) FROM n WHERE k='";
  longest.append(kQueryBytesMax - longest.size() - 1, 'x');
  CHECK(message(longest + "'").empty());
  CHECK(message(longest + "x'").find("limit 2048") != std::string::npos);
}

TEST_CASE("a query is told from metric math by its first word") {
  CHECK(is_query(" select\n avg(m)"));
  CHECK(is_query("SELECT"));
  CHECK_FALSE(is_query("selected + 1"));
  CHECK_FALSE(is_query("SELECT(1)"));
  CHECK_FALSE(is_query("m1 + m2"));
}

TEST_CASE("observations of a period make one value") {
  Summary summary{4, 10, 1, 5};
  CHECK(evaluate(Aggregate::Avg, summary) == 2.5);
  CHECK(evaluate(Aggregate::Count, summary) == 4);
  CHECK(evaluate(Aggregate::Max, summary) == 5);
  CHECK(evaluate(Aggregate::Min, summary) == 1);
  CHECK(evaluate(Aggregate::Sum, summary) == 10);
  CHECK_FALSE(evaluate(Aggregate::Sum, Summary{}).has_value());
}

TEST_CASE("comparisons that every metric passes are known before the selection") {
  auto required = [](std::string_view where) {
    std::string out;
    for (const Condition& one :
         parse("SELECT AVG(m) FROM n WHERE " + std::string(where))->required()) {
      out += text_of(one) + ";";
    }
    return out;
  };
  CHECK(required("a='1' AND (b!='2' AND c='3')") == "a='1';b!='2';c='3';");
  CHECK(required("a='1' OR b='2'") == "");
  CHECK(required("a='1' AND (b='2' OR c='3') AND AWS.AccountId='1'") == "a='1';");
}

}  // namespace kansoku::query::metrics_insights
