// The tree of a search and the parts of names. Private to query/metric_search.
#pragma once

#include "query/metric_search/metric_search.h"

namespace kansoku::query::metric_search {

// Parts of a name, in its own case: `CustomCount-1` has Custom, Count and 1. `piece` numbers the
// stretches between separators, here 0, 0 and 1.
struct Part {
  std::string_view text;
  size_t piece = 0;
};
std::vector<Part> parts_of(std::string_view name);

// A term without quotes, made ready to be compared with many names.
class PartialTerm {
 public:
  explicit PartialTerm(std::string_view text);
  bool empty() const { return parts_.empty(); }
  bool matches(std::string_view name) const;

 private:
  struct TermPart {
    std::string text;       // lower case where case does not count
    bool any_case = false;  // the only part of its piece
  };
  std::vector<TermPart> parts_;
  std::string joined_;  // lower case
};

enum class NodeKind : uint8_t { And, Or, Not, Partial, Exact };

class Node {
 public:
  NodeKind kind = NodeKind::And;
  // Of a term: where it looks; empty: everywhere.
  std::string property;
  std::string exact;
  std::optional<PartialTerm> partial;
  std::vector<std::shared_ptr<const Node>> children;
};

inline constexpr std::string_view kMetricName = "MetricName";
inline constexpr std::string_view kNamespace = "Namespace";
inline constexpr std::string_view kAccountId = ":aws.AccountId";
// The caller's own account.
inline constexpr std::string_view kLocalAccount = "LOCAL";

}  // namespace kansoku::query::metric_search
