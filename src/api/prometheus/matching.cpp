#include "api/prometheus/matching.h"

namespace kansoku::api::prometheus {

std::vector<store::Matcher> store_matchers(
    const std::vector<query::promql::LabelMatcher>& matchers) {
  std::vector<store::Matcher> out;
  out.reserve(matchers.size());
  for (const auto& matcher : matchers) {
    // Both enumerations are =, !=, =~, !~ in this order.
    static_assert(static_cast<int>(store::MatchOp::NotRegex) ==
                  static_cast<int>(query::promql::MatchType::NotRegex));
    out.push_back({matcher.name, static_cast<store::MatchOp>(matcher.type), matcher.value});
  }
  return out;
}

}  // namespace kansoku::api::prometheus
