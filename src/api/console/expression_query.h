// Expressions of CloudWatch's languages as requests for metric data. Internal to api/console.
#pragma once

#include <optional>
#include <span>

#include "query/metric_data/run.h"
#include "store/metric_store.h"
#include "wire/document/document.h"

namespace kansoku::api::console {

// Where in the text a problem is, for the editor's underline.
struct QueryError {
  Error error;
  std::optional<size_t> position;
};

struct ExpressionQuery {
  // The expression itself, or {"expression":…,"period":…,"label":…,"operands":[…]}.
  std::string_view text;
  signal::Scope scope;
  store::TimeRangeMs range;
  int64_t now_ms = 0;
  size_t points_max = 0;  // chooses the period where the text says none
};

// Whether a text of language cloudwatch is an expression, not one metric. `body`: the text as JSON
// where it is that.
bool is_expression(std::string_view text, const wire::Node* body);
// The expression is the last query of the plan, and the only one that is returned.
std::expected<query::metric_data::Plan, QueryError> plan_expression(const ExpressionQuery& query,
                                                                    const wire::Node* body);
// `queries` of the request; the last is the expression.
QueryError query_error(std::span<const query::metric_data::Query> queries,
                       const query::metric_data::Failure& failure);

}  // namespace kansoku::api::console
