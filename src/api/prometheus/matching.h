// Selectors: from the parser's matchers to the store's, and applied to labels at hand.
// Thread contract: plain values; matches() is free-threaded.
#pragma once

#include <optional>
#include <vector>

#include "query/promql/ast.h"
#include "signal/labels.h"
#include "store/metric_store.h"
#include "store/regex.h"

namespace kansoku::api::prometheus {

std::vector<store::Matcher> store_matchers(
    const std::vector<query::promql::LabelMatcher>& matchers);

class CompiledSelector {
 public:
  static Result<CompiledSelector> compile(std::vector<store::Matcher> matchers);
  bool matches(const signal::Labels& labels) const;

 private:
  std::vector<store::Matcher> matchers_;
  std::vector<std::optional<store::Regex>> regexes_;  // one a matcher
};

}  // namespace kansoku::api::prometheus
