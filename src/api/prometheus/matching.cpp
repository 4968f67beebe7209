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

Result<CompiledSelector> CompiledSelector::compile(std::vector<store::Matcher> matchers) {
  CompiledSelector out;
  for (const store::Matcher& matcher : matchers) {
    bool regex = matcher.op == store::MatchOp::Regex || matcher.op == store::MatchOp::NotRegex;
    out.regexes_.emplace_back();
    if (!regex) continue;
    KANSOKU_TRY(auto compiled, store::Regex::compile(matcher.value));
    out.regexes_.back().emplace(std::move(compiled));
  }
  out.matchers_ = std::move(matchers);
  return out;
}

bool CompiledSelector::matches(const signal::Labels& labels) const {
  for (size_t i = 0; i < matchers_.size(); ++i) {
    std::string_view value = labels.get(matchers_[i].label);
    bool equal = regexes_[i] ? regexes_[i]->matches(value) : value == matchers_[i].value;
    bool negated =
        matchers_[i].op == store::MatchOp::NotEqual || matchers_[i].op == store::MatchOp::NotRegex;
    if (equal == negated) return false;
  }
  return true;
}

}  // namespace kansoku::api::prometheus
