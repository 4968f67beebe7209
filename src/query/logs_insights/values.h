// What values mean in Insights. Private to query/logs_insights.
#pragma once

#include "query/plan/plan.h"

namespace kansoku::query::logs_insights {

const rows::Semantics& semantics();
// Also of texts that are numbers.
std::optional<double> number_of(const rows::Value& value);
bool truth_of(const rows::Value& value);
void print(const rows::Value& value, std::string& out);
int compare(const rows::Value& a, const rows::Value& b);
bool equal(const rows::Value& a, const rows::Value& b);
// The text of a value, in the arena where it has to be made.
std::string_view text_of(const rows::Value& value, rows::TextArena& arena);

// What stands at a path of a JSON text; null where there is none.
rows::Value json_at(std::string_view json, std::string_view path, rows::TextArena& arena);

// Fields of messages of AWS services that are no JSON (VPC flow logs, Route 53, Lambda); null where
// the message is of another kind. `field` is an index into discovered_fields().
rows::Value discovered(std::string_view message, size_t field, rows::TextArena& arena);
std::span<const std::string_view> discovered_fields();

}  // namespace kansoku::query::logs_insights
