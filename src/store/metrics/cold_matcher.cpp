#include "store/metrics/cold_matcher.h"

namespace kansoku::store::metrics {

Result<ColdMatcher> ColdMatcher::create(const SeriesSelector& selector) {
  ColdMatcher out(selector);
  for (size_t i = 0; i < selector.matchers.size(); ++i) {
    const Matcher& matcher = selector.matchers[i];
    std::optional<Regex> regex;
    if (matcher.op == MatchOp::Regex || matcher.op == MatchOp::NotRegex) {
      KANSOKU_TRY(regex, Regex::compile(matcher.value));
    }
    out.regexes_.push_back(std::move(regex));
    out.absent_passes_.push_back(out.value_matches(i, ""));
  }
  return out;
}

bool ColdMatcher::value_matches(size_t matcher, std::string_view value) const {
  const Matcher& asked = selector_->matchers[matcher];
  switch (asked.op) {
    case MatchOp::Equal:
      return value == asked.value;
    case MatchOp::NotEqual:
      return value != asked.value;
    case MatchOp::Regex:
      return regexes_[matcher]->matches(value);
    case MatchOp::NotRegex:
      return !regexes_[matcher]->matches(value);
  }
  return false;
}

bool ColdMatcher::may_match(const ColdChunkBuilder::Summary& summary) const {
  if (summary.min_ms > summary.max_ms) return false;  // all of it is gone
  if (selector_->active_since_ms && summary.max_ms < *selector_->active_since_ms) return false;
  return !selector_->active_before_ms || summary.min_ms < *selector_->active_before_ms;
}

Result<bool> ColdMatcher::begin_chunk(std::string_view dictionary,
                                      const ColdChunkBuilder::Summary& summary) {
  summary_ = summary;
  if (!dictionary_.parse(dictionary, summary.rows)) {
    return corruption("a dictionary of a chunk is not one");
  }
  rows_.set();
  for (size_t i = 0; i < selector_->matchers.size() && rows_.any(); ++i) {
    auto [begin, end] = dictionary_.range_of(selector_->matchers[i].label);
    // Where a series without the label passes, those that do not pass are taken out.
    const bool wanted = !absent_passes_[i];
    RowSet found;
    for (size_t at = begin; at < end; ++at) {
      const ColdDictionary::Value& value = dictionary_.values()[at];
      if (value_matches(i, value.value) != wanted) continue;
      if (!dictionary_.rows_of(value, found)) {
        return corruption("the rows of a label in a chunk are not a list");
      }
    }
    rows_ &= wanted ? found : ~found;
  }
  return rows_.any();
}

bool ColdMatcher::has_exact_names(std::span<const uint32_t> pairs) const {
  const std::vector<std::string>& names = *selector_->exact_label_names;
  size_t plain = 0;
  for (uint32_t pair : pairs) {
    const std::string_view name = dictionary_.names()[dictionary_.values()[pair].name];
    if (name.starts_with("__")) continue;
    ++plain;
    if (std::ranges::find(names, name) == names.end()) return false;
  }
  return plain == names.size();
}

bool ColdMatcher::passes(const ColdRow& row, std::span<const uint32_t> pairs,
                         std::span<const signal::Scope> scopes) const {
  if (row.gone || scopes[row.scope] != selector_->scope) return false;
  if (selector_->merge && *selector_->merge != row.merge) return false;
  if (selector_->active_since_ms && row.last_ms < *selector_->active_since_ms) return false;
  if (selector_->active_before_ms && row.first_ms >= *selector_->active_before_ms) return false;
  return !selector_->exact_label_names || has_exact_names(pairs);
}

void ColdMatcher::append_labels(std::span<const uint32_t> pairs, std::string& out) const {
  const auto& wanted = selector_->labels_wanted;
  for (uint32_t pair : pairs) {
    const std::string_view name = dictionary_.names()[dictionary_.values()[pair].name];
    if (wanted && std::ranges::find(*wanted, name) == wanted->end()) continue;
    dictionary_.append_label(pair, out);
  }
}

Result<bool> ColdMatcher::collect(std::string_view rows, std::span<const signal::Scope> scopes,
                                  const std::function<bool(SeriesId)>& counts,
                                  std::vector<SeriesInfo>& out) {
  std::string canonical;
  bool known = true;
  auto take = [&](size_t number, const ColdRow& row, std::span<const uint32_t> pairs) {
    known = known && (row.gone || row.scope < scopes.size());
    if (!known || !rows_[number]) return known;
    if (!passes(row, pairs, scopes) || !counts(row.id)) return true;
    canonical.clear();
    append_labels(pairs, canonical);
    if (!selector_->after_labels.empty() && canonical <= selector_->after_labels) return true;
    out.push_back({row.id, signal::Labels::from_canonical(canonical), row.merge, row.temporality,
                   row.first_ms, row.last_ms});
    return true;
  };
  if (!visit_cold_rows(rows, summary_, dictionary_.values().size(), take) || !known) {
    return corruption("the rows of a chunk are not rows");
  }
  return true;
}

}  // namespace kansoku::store::metrics
