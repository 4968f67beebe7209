// SEARCH of CloudWatch's metric math: which metrics a search text finds. See README.md.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace kansoku::query::metric_search {

// Of the first argument of SEARCH (user guide, "search expression limits").
inline constexpr size_t kSearchBytesMax = 1024;
// No search of that size needs more; keeps the parser's recursion short.
inline constexpr size_t kDepthMax = 64;

struct Problem {
  size_t position = 0;  // byte offset in the search text
  std::string message;
};

// What a search looks at.
struct Candidate {
  std::string_view account;
  std::string_view metric_namespace;
  std::string_view metric_name;
  std::span<const std::pair<std::string, std::string>> dimensions;
};

// {Namespace,Dimension,…}: metrics of this namespace with exactly these dimensions.
struct Schema {
  std::string metric_namespace;
  std::vector<std::string> dimensions;  // sorted
};

// Something that every match has exactly: lets the selection start small.
struct Required {
  std::string property;  // MetricName, Namespace, or the name of a dimension
  std::string value;
};

class Node;

// A parsed search; immutable. Thread contract: free-threaded.
class Search {
 public:
  static std::expected<Search, Problem> parse(std::string_view text);
  const std::optional<Schema>& schema() const { return schema_; }
  const std::vector<Required>& required() const { return required_; }
  bool matches(const Candidate& candidate) const;

 private:
  std::optional<Schema> schema_;
  std::vector<Required> required_;
  std::shared_ptr<const Node> root_;  // null: the schema says it all
};

// The lower-case tokens that a name is found by: the whole without its separators, then the parts.
std::vector<std::string> tokens_of(std::string_view name);
// Whether a term without quotes finds a name.
bool partial_match(std::string_view term, std::string_view name);

}  // namespace kansoku::query::metric_search
