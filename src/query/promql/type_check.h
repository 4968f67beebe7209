// The rules about types and modifiers that hold for a node once its children are known.
// Thread contract: free functions, free-threaded.
#pragma once

#include <expected>

#include "query/promql/ast.h"
#include "query/promql/parser.h"

namespace kansoku::query::promql {

const BinaryOpRow* find_binary_op(std::string_view lower_case_text);
// True when a series without the label matches.
bool matches_empty(const LabelMatcher& matcher);

std::expected<void, ParseError> check_binary(BinaryExpr& binary);
std::expected<void, ParseError> check_call(const CallExpr& call);
std::expected<void, ParseError> check_aggregate(const AggregateExpr& aggregate);

}  // namespace kansoku::query::promql
