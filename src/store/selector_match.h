// Matchers applied to labels at hand, for those that have no index of their series.
// Thread contract: plain values; matches() is free-threaded.
#pragma once

#include <optional>
#include <vector>

#include "signal/labels.h"
#include "store/metric_store.h"
#include "store/regex.h"

namespace kansoku::store {

class CompiledSelector {
 public:
  static Result<CompiledSelector> compile(std::vector<Matcher> matchers);
  bool matches(const signal::Labels& labels) const;

 private:
  std::vector<Matcher> matchers_;
  std::vector<std::optional<Regex>> regexes_;  // one a matcher
};

// Whether all matchers of one of the selectors hold.
Result<std::vector<CompiledSelector>> compile_selectors(
    const std::vector<std::vector<Matcher>>& selectors);
bool matches_any(const std::vector<CompiledSelector>& selectors, const signal::Labels& labels);

}  // namespace kansoku::store
