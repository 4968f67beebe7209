// The tables of functions, operators and aggregates. Private to query/logs_insights.
#pragma once

#include "query/plan/plan.h"

namespace kansoku::query::logs_insights {

// By name in any case; null when there is none.
const rows::Function* find_function(std::string_view name);
const rows::AggregateFunction* find_aggregate(std::string_view name);
// Of the grammar, and what commands need: "=", "like", "and", "json_at" ...; there is one.
const rows::Function& operation(std::string_view name);
std::span<const rows::Function> functions();
std::span<const rows::Function> operations();
std::span<const rows::AggregateFunction> aggregates();

// In functions_text.cpp and functions_time.cpp.
std::span<const rows::Function> text_functions();
std::span<const rows::Function> time_functions();
std::span<const rows::Function> address_functions();

}  // namespace kansoku::query::logs_insights
