// Selectors: from the parser's matchers to the store's. Thread contract: free functions.
#pragma once

#include <vector>

#include "query/promql/ast.h"
#include "store/metric_store.h"

namespace kansoku::api::prometheus {

std::vector<store::Matcher> store_matchers(
    const std::vector<query::promql::LabelMatcher>& matchers);

}  // namespace kansoku::api::prometheus
