// CloudWatch Metrics Insights: SELECT over metrics. See README.md.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kansoku::query::metrics_insights {

// A query is an Expression of GetMetricData, whose text has this limit.
inline constexpr size_t kQueryBytesMax = 2048;
// No query of that size needs more; keeps the parser's recursion short.
inline constexpr size_t kDepthMax = 64;
// LIMIT may not say more, and it holds where there is no LIMIT (user guide, "Metrics Insights
// quotas").
inline constexpr size_t kSeriesMax = 500;
// Nothing finer is answered (same page).
inline constexpr int64_t kPeriodMinS = 60;
// The key of the account that a metric belongs to.
inline constexpr std::string_view kAccountKey = "AWS.AccountId";
inline constexpr std::string_view kLocalAccount = "LOCAL";
// What stands for the value of a key that a metric does not have.
inline constexpr std::string_view kNoValue = "Other";

struct Problem {
  size_t position = 0;  // byte offset in the query
  std::string message;
};

enum class Aggregate : uint8_t { Avg, Count, Max, Min, Sum };

// One metric as WHERE and GROUP BY see it.
struct Candidate {
  std::string_view account;
  std::span<const std::pair<std::string, std::string>> dimensions;
};

enum class ConditionKind : uint8_t { And, Or, Equal, NotEqual };
struct Condition {
  ConditionKind kind = ConditionKind::And;
  std::string key, value;  // of a comparison
  std::vector<Condition> children;
};

// Values of the keys of GROUP BY, in their order; nothing where the metric has no such key.
using GroupKey = std::vector<std::optional<std::string>>;

struct Order {
  Aggregate function = Aggregate::Avg;
  bool descending = false;
};

struct Query {
  Aggregate function = Aggregate::Avg;
  std::string metric_name;
  std::string metric_namespace;
  // SCHEMA(namespace, keys): exactly these dimensions, sorted.
  std::optional<std::vector<std::string>> schema;
  std::optional<Condition> where;
  std::vector<std::string> group_by;
  std::optional<Order> order_by;
  std::optional<size_t> limit;

  bool matches(const Candidate& candidate) const;
  GroupKey group_of(const Candidate& candidate) const;
  // Comparisons that hold for every metric of the answer, for a selection that starts small.
  std::vector<Condition> required() const;
};

// Whether an expression is a query and no metric math: its first word is SELECT.
bool is_query(std::string_view text);
std::expected<Query, Problem> parse(std::string_view text);
// What a series of a group is called: its values with blanks between.
std::string label_of(const GroupKey& key);
// How groups stand without ORDER BY: by value, key by key; those without a value last.
bool comes_before(const GroupKey& a, const GroupKey& b);

// Of the observations of one period; nothing where there are none.
struct Summary {
  double count = 0;
  double sum = 0;
  double min = 0;
  double max = 0;
};
std::optional<double> evaluate(Aggregate function, const Summary& summary);
// Of the values of a series, for ORDER BY.
double evaluate(Aggregate function, std::span<const double> values);

}  // namespace kansoku::query::metrics_insights
