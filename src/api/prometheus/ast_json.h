// A parsed expression as the JSON tree of parse_query, and its selectors.
// Thread contract: free functions.
#pragma once

#include <functional>

#include "query/promql/ast.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::prometheus {

// The keys of the reference server's translateAST (prometheus/web/api/v1/translate_ast.go).
void append_ast(wire::JsonWriter& json, const query::promql::Expr& expr);

// Every selector of an expression, those of ranges included.
void visit_selectors(const query::promql::Expr& expr,
                     const std::function<void(const query::promql::VectorSelector&)>& visit);

}  // namespace kansoku::api::prometheus
