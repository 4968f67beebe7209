#include "query/metrics_insights/metrics_insights.h"

namespace kansoku::query::metrics_insights {
namespace {

std::optional<std::string_view> value_of(const Candidate& candidate, std::string_view key) {
  if (key == kAccountKey) return candidate.account;
  for (const auto& [name, value] : candidate.dimensions) {
    if (name == key) return value;
  }
  return std::nullopt;
}

// A comparison with a key that the metric does not have is not true, whichever way, as in SQL.
bool holds(const Condition& condition, const Candidate& candidate) {
  auto child_holds = [&](const Condition& child) { return holds(child, candidate); };
  if (condition.kind == ConditionKind::And) {
    return std::ranges::all_of(condition.children, child_holds);
  }
  if (condition.kind == ConditionKind::Or) {
    return std::ranges::any_of(condition.children, child_holds);
  }
  auto value = value_of(candidate, condition.key);
  if (!value) return false;
  bool equal = *value == condition.value ||
               (condition.key == kAccountKey && condition.value == kLocalAccount);
  return equal == (condition.kind == ConditionKind::Equal);
}

void collect_required(const Condition& condition, std::vector<Condition>& out) {
  if (condition.kind == ConditionKind::And) {
    for (const Condition& child : condition.children) collect_required(child, out);
  } else if (condition.kind != ConditionKind::Or && condition.key != kAccountKey) {
    out.push_back(condition);
  }
}

}  // namespace

bool Query::matches(const Candidate& candidate) const {
  if (schema) {
    if (candidate.dimensions.size() != schema->size()) return false;
    for (const auto& [name, value] : candidate.dimensions) {
      if (!std::ranges::binary_search(*schema, name)) return false;
    }
  }
  return !where || holds(*where, candidate);
}

GroupKey Query::group_of(const Candidate& candidate) const {
  GroupKey out;
  for (const std::string& key : group_by) {
    auto value = value_of(candidate, key);
    if (value) {
      out.emplace_back(std::string(*value));
    } else {
      out.emplace_back(std::nullopt);
    }
  }
  return out;
}

std::vector<Condition> Query::required() const {
  std::vector<Condition> out;
  if (where) collect_required(*where, out);
  return out;
}

std::string label_of(const GroupKey& key) {
  std::string out;
  for (const auto& value : key) {
    if (!out.empty()) out += ' ';
    out += value ? std::string_view(*value) : kNoValue;
  }
  return out;
}

bool comes_before(const GroupKey& a, const GroupKey& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] == b[i]) continue;
    if (!a[i] || !b[i]) return a[i].has_value();
    return *a[i] < *b[i];
  }
  return a.size() < b.size();
}

std::optional<double> evaluate(Aggregate function, const Summary& summary) {
  if (summary.count <= 0) return std::nullopt;
  switch (function) {
    case Aggregate::Avg:
      return summary.sum / summary.count;
    case Aggregate::Count:
      return summary.count;
    case Aggregate::Max:
      return summary.max;
    case Aggregate::Min:
      return summary.min;
    case Aggregate::Sum:
      return summary.sum;
  }
  return std::nullopt;
}

double evaluate(Aggregate function, std::span<const double> values) {
  if (values.empty()) return 0;
  Summary summary{0, 0, values[0], values[0]};
  for (double value : values) {
    summary.count += 1;
    summary.sum += value;
    summary.min = std::min(summary.min, value);
    summary.max = std::max(summary.max, value);
  }
  return *evaluate(function, summary);
}

}  // namespace kansoku::query::metrics_insights
