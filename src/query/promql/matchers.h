// Label matchers made ready to be asked many times. Thread contract: immutable, free-threaded.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "query/promql/ast.h"
#include "query/promql/label_set.h"
#include "store/regex.h"

namespace kansoku::query::promql {

class CompiledMatcher {
 public:
  static Result<CompiledMatcher> compile(const LabelMatcher& matcher);
  const std::string& name() const { return name_; }
  MatchType type() const { return type_; }
  const std::string& value() const { return value_; }
  bool matches(std::string_view value) const;

 private:
  std::string name_;
  MatchType type_ = MatchType::Equal;
  std::string value_;
  std::optional<store::Regex> regex_;
};

class CompiledMatchers {
 public:
  static Result<CompiledMatchers> compile(std::span<const LabelMatcher> matchers);
  bool matches(const LabelSet& labels) const;

 private:
  std::vector<CompiledMatcher> matchers_;
};

}  // namespace kansoku::query::promql
