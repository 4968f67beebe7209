#include "query/promql/group_table.h"

#include <algorithm>

#include "base/bytes.h"

namespace kansoku::query::promql {

bool GroupTable::chosen(std::string_view name) const {
  const bool named = std::ranges::find(names_, name) != names_.end();
  return keep_ ? named : !named && name != kMetricName;
}

GroupTable::Found GroupTable::number(const LabelSet& labels) {
  key_.clear();
  for (const LabelView& label : labels.list()) {
    if (!chosen(label.name)) continue;
    append_varint(key_, label.name.size());
    key_ += label.name;
    append_varint(key_, label.value.size());
    key_ += label.value;
  }
  const auto found = numbers_.find(std::string_view(key_));
  if (found != numbers_.end()) return {found->second, false};
  numbers_.emplace(key_, numbers_.size());
  return {numbers_.size() - 1, true};
}

LabelSet GroupTable::labels_of(const LabelSet& labels) const {
  if (keep_) return labels.keep(names_);
  std::vector<std::string> dropped(names_.begin(), names_.end());
  dropped.emplace_back(kMetricName);
  return labels.drop(dropped);
}

}  // namespace kansoku::query::promql
