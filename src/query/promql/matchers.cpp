#include "query/promql/matchers.h"

#include <algorithm>

namespace kansoku::query::promql {

Result<CompiledMatcher> CompiledMatcher::compile(const LabelMatcher& matcher) {
  CompiledMatcher out;
  out.name_ = matcher.name;
  out.type_ = matcher.type;
  out.value_ = matcher.value;
  if (matcher.type == MatchType::Regex || matcher.type == MatchType::NotRegex) {
    KANSOKU_TRY(store::Regex regex, store::Regex::compile(matcher.value));
    out.regex_.emplace(std::move(regex));
  }
  return out;
}

bool CompiledMatcher::matches(std::string_view value) const {
  if (regex_) return regex_->matches(value) == (type_ == MatchType::Regex);
  return (value == value_) == (type_ == MatchType::Equal);
}

Result<CompiledMatchers> CompiledMatchers::compile(std::span<const LabelMatcher> matchers) {
  CompiledMatchers out;
  for (const LabelMatcher& matcher : matchers) {
    KANSOKU_TRY(CompiledMatcher compiled, CompiledMatcher::compile(matcher));
    out.matchers_.push_back(std::move(compiled));
  }
  return out;
}

bool CompiledMatchers::matches(const LabelSet& labels) const {
  return std::ranges::all_of(matchers_, [&](const CompiledMatcher& matcher) {
    return matcher.matches(labels.get(matcher.name()));
  });
}

}  // namespace kansoku::query::promql
