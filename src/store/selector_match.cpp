#include "store/selector_match.h"

namespace kansoku::store {

Result<CompiledSelector> CompiledSelector::compile(std::vector<Matcher> matchers) {
  CompiledSelector out;
  for (const Matcher& matcher : matchers) {
    bool regex = matcher.op == MatchOp::Regex || matcher.op == MatchOp::NotRegex;
    out.regexes_.emplace_back();
    if (!regex) continue;
    KANSOKU_TRY(auto compiled, Regex::compile(matcher.value));
    out.regexes_.back().emplace(std::move(compiled));
  }
  out.matchers_ = std::move(matchers);
  return out;
}

bool CompiledSelector::matches(const signal::Labels& labels) const {
  for (size_t i = 0; i < matchers_.size(); ++i) {
    std::string_view value = labels.get(matchers_[i].label);
    bool equal = regexes_[i] ? regexes_[i]->matches(value) : value == matchers_[i].value;
    bool negated = matchers_[i].op == MatchOp::NotEqual || matchers_[i].op == MatchOp::NotRegex;
    if (equal == negated) return false;
  }
  return true;
}

Result<std::vector<CompiledSelector>> compile_selectors(
    const std::vector<std::vector<Matcher>>& selectors) {
  std::vector<CompiledSelector> out;
  out.reserve(selectors.size());
  for (const auto& matchers : selectors) {
    KANSOKU_TRY(auto one, CompiledSelector::compile(matchers));
    out.push_back(std::move(one));
  }
  return out;
}

bool matches_any(const std::vector<CompiledSelector>& selectors, const signal::Labels& labels) {
  return std::ranges::any_of(selectors,
                             [&](const CompiledSelector& one) { return one.matches(labels); });
}

}  // namespace kansoku::store
