// Numbers for what rows have in common: equal labels among those chosen, equal numbers.
//
// The chosen labels are written into a buffer that is used again and looked up as bytes; label sets
// are made for new groups only. Thread contract: confined to one evaluation.
#pragma once

#include <string>
#include <unordered_map>

#include "query/promql/ast.h"
#include "query/promql/label_set.h"

namespace kansoku::query::promql {

class GroupTable {
 public:
  // `keep`: only the labels named; else all but them and the metric's name.
  GroupTable(std::span<const std::string> names, bool keep) : names_(names), keep_(keep) {}
  struct Found {
    size_t number = 0;
    bool fresh = false;
  };
  Found number(const LabelSet& labels);
  size_t size() const { return numbers_.size(); }
  // The labels that make the group of `labels`.
  LabelSet labels_of(const LabelSet& labels) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view bytes) const { return std::hash<std::string_view>()(bytes); }
  };
  bool chosen(std::string_view name) const;

  std::span<const std::string> names_;
  bool keep_;
  std::string key_;
  std::unordered_map<std::string, size_t, Hash, std::equal_to<>> numbers_;
};

}  // namespace kansoku::query::promql
