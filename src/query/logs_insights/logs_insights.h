// CloudWatch Logs Insights QL: text to a plan of the row algebra, and values as it shows them. See
// README.md.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/exec/rows_run.h"
#include "query/plan/plan.h"

namespace kansoku::query::logs_insights {

// The API's limit of queryString.
inline constexpr size_t kQueryBytesMax = 10'000;
// Levels of parentheses, and of queries in queries.
inline constexpr size_t kDepthMax = 64;
inline constexpr size_t kSubqueryDepthMax = 4;
// Without `limit`, and the most that it may say.
inline constexpr uint64_t kRowsMax = 10'000;

// queryCompileError of MalformedQueryException.
struct Problem {
  size_t start = 0;  // offset in the query, bytes
  size_t end = 0;    // exclusive
  std::string message;
};

std::expected<std::shared_ptr<const rows::Plan>, Problem> compile(std::string_view text);

// As GetQueryResults shows a row: fields without a value are left out, and @ptr stands behind the
// fields of an event.
struct Field {
  std::string field;
  std::string value;
};
std::vector<Field> shown_row(const rows::RowsTable& table, size_t row);
std::string shown(const rows::Value& value, bool computed);

// The id of the event that an @ptr stands for.
std::optional<store::EventId> parse_pointer(std::string_view pointer);

// One row a command, function, aggregate or operator, for help and completion.
struct Doc {
  std::string_view group;  // "command", "string", "aggregate" ...
  std::string_view name;
  std::string_view signature;
  std::string_view doc;
};
std::vector<Doc> docs();

}  // namespace kansoku::query::logs_insights
