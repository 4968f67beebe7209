// Selection of series by label matchers over the inverted index.
#include "base/check.h"
#include "store/metrics/series_table.h"
#include "store/regex.h"

namespace kansoku::store::metrics {
namespace {

constexpr uint32_t kNoName = std::numeric_limits<uint32_t>::max();
constexpr PairId kNoPair = std::numeric_limits<PairId>::max();

bool value_matches(const Matcher& matcher, const std::optional<Regex>& regex,
                   std::string_view value) {
  switch (matcher.op) {
    case MatchOp::Equal:
      return value == matcher.value;
    case MatchOp::NotEqual:
      return value != matcher.value;
    case MatchOp::Regex:
      return regex->matches(value);
    case MatchOp::NotRegex:
      return !regex->matches(value);
  }
  return false;
}

std::vector<SeriesId> intersect(std::vector<SeriesId> a, const std::vector<SeriesId>& b) {
  std::vector<SeriesId> out;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

}  // namespace

// A matcher resolved against the dictionary: the pairs of its label that pass, and whether the
// absence of the label does.
struct SeriesTable::Filter {
  uint32_t name = kNoName;
  std::vector<PairId> pairs;  // ascending
  bool absent_passes = false;
  bool applied = false;   // by candidates(): all of them pass
  uint64_t postings = 0;  // entries in the lists of the pairs
  uint64_t series = 0;    // that have one of the pairs
};

Result<std::vector<SeriesTable::Filter>> SeriesTable::filters_of(
    const SeriesSelector& selector) const {
  std::vector<Filter> out;
  for (const Matcher& matcher : selector.matchers) {
    std::optional<Regex> regex;
    if (matcher.op == MatchOp::Regex || matcher.op == MatchOp::NotRegex) {
      KANSOKU_TRY(regex, Regex::compile(matcher.value));
    }
    Filter filter;
    filter.absent_passes = value_matches(matcher, regex, "");
    auto found = name_index_.find(matcher.label);
    if (found != name_index_.end()) {
      filter.name = found->second;
      for (PairId pair : names_[filter.name].pairs) {
        if (!value_matches(matcher, regex, pairs_[pair].value())) continue;
        filter.pairs.push_back(pair);
        filter.postings += pairs_[pair].postings.count();
        filter.series += pairs_[pair].series;
      }
      // Pairs that were used again stand out of order.
      if (!std::ranges::is_sorted(filter.pairs)) std::ranges::sort(filter.pairs);
    }
    out.push_back(std::move(filter));
  }
  return out;
}

// Ids that pass every filter which demands a label; ascending.
std::vector<SeriesId> SeriesTable::candidates(std::vector<Filter>& filters) const {
  std::vector<Filter*> demanding;
  for (Filter& filter : filters) {
    // A series has a name once, so that as many with it as there are series are all of them.
    filter.applied = !filter.absent_passes && filter.series == series_count();
    if (!filter.absent_passes && !filter.applied) demanding.push_back(&filter);
  }
  if (demanding.empty()) {
    std::vector<SeriesId> all;
    all.reserve(series_count());
    for (SeriesId id = next(0); id != kNoSeries; id = next(id + 1)) all.push_back(id);
    return all;
  }
  std::sort(demanding.begin(), demanding.end(),
            [](const Filter* a, const Filter* b) { return a->postings < b->postings; });
  std::vector<SeriesId> out;
  for (size_t i = 0; i < demanding.size(); ++i) {
    // Long lists are cheaper to test series by series (passes()) than to read.
    if (i > 0 && demanding[i]->postings > 64 * (out.size() + 1)) break;
    std::vector<SeriesId> ids;
    ids.reserve(demanding[i]->postings);
    for (PairId pair : demanding[i]->pairs) pairs_[pair].postings.append_to(ids);
    if (demanding[i]->pairs.size() > 1) std::sort(ids.begin(), ids.end());
    out = i == 0 ? std::move(ids) : intersect(std::move(out), ids);
    demanding[i]->applied = true;
  }
  return out;
}

PairId SeriesTable::pair_of(SeriesId id, uint32_t name) const {
  for (PairId pair : pairs_of(id)) {
    if (pairs_[pair].name == name) return pair;
  }
  return kNoPair;
}

bool SeriesTable::has_exact_names(SeriesId id, const std::vector<std::string>& names) const {
  size_t plain = 0;
  for (PairId pair : pairs_of(id)) {
    std::string_view name = names_[pairs_[pair].name].name;
    if (name.starts_with("__")) continue;
    ++plain;
    if (std::find(names.begin(), names.end(), name) == names.end()) return false;
  }
  return plain == names.size();
}

bool SeriesTable::passes(SeriesId id, const std::vector<Filter>& filters,
                         const SeriesSelector& selector) const {
  const Entry& entry = entry_of(id);
  if (scopes_[entry.scope] != selector.scope) return false;
  if (selector.merge && *selector.merge != entry.merge()) return false;
  for (const Filter& filter : filters) {
    if (filter.applied) continue;
    PairId pair = filter.name == kNoName ? kNoPair : pair_of(id, filter.name);
    bool pass = pair == kNoPair
                    ? filter.absent_passes
                    : std::binary_search(filter.pairs.begin(), filter.pairs.end(), pair);
    if (!pass) return false;
  }
  return !selector.exact_label_names || has_exact_names(id, *selector.exact_label_names);
}

// The canonical form of the labels that the selector wants.
void SeriesTable::append_wanted(SeriesId id, const std::vector<uint32_t>& names,
                                std::string& out) const {
  if (names.empty()) return;
  for (PairId number : pairs_of(id)) {
    const Pair& pair = pairs_[number];
    if (std::ranges::find(names, pair.name) != names.end()) out += pair.bytes;
  }
}

Result<std::vector<SeriesInfo>> SeriesTable::select(const SeriesSelector& selector, Unseen unseen,
                                                    std::vector<SeriesInfo> others) const {
  std::shared_lock lock(table_mutex_);
  KANSOKU_TRY(auto filters, filters_of(selector));
  std::vector<uint32_t> wanted;
  if (selector.labels_wanted) {
    for (const std::string& name : *selector.labels_wanted) {
      auto found = name_index_.find(name);
      if (found != name_index_.end()) wanted.push_back(found->second);
    }
  }
  const std::vector<SeriesId> ids = candidates(filters);
  std::vector<SeriesInfo> out = std::move(others);
  std::erase_if(out, [&](const SeriesInfo& info) { return exists(info.id); });
  const size_t from_others = out.size();
  out.reserve(out.size() + (selector.limit > 0 ? 0 : ids.size()));
  std::string canonical;
  for (SeriesId id : ids) {
    if (!exists(id)) continue;  // it has left, and its postings are written anew later
    const int64_t last_ms = times_at(id).last_ms.load(std::memory_order_relaxed);
    bool has_points = last_ms != std::numeric_limits<int64_t>::min();
    if (!has_points && unseen == Unseen::LeaveOut) continue;  // no point is stored yet
    if (has_points && selector.active_since_ms && last_ms < *selector.active_since_ms) continue;
    const int64_t first_ms = times_at(id).first_ms.load(std::memory_order_relaxed);
    if (has_points && selector.active_before_ms && first_ms >= *selector.active_before_ms) continue;
    if (!passes(id, filters, selector)) continue;
    canonical.clear();
    if (selector.labels_wanted) {
      append_wanted(id, wanted, canonical);
    } else {
      append_canonical(id, canonical);
    }
    if (!selector.after_labels.empty() && canonical <= selector.after_labels) continue;
    const Entry& entry = entry_of(id);
    out.push_back({id, signal::Labels::from_canonical(canonical), entry.merge(),
                   entry.temporality(), first_ms, last_ms});
  }
  lock.unlock();
  auto by_labels = [](const SeriesInfo& a, const SeriesInfo& b) {
    return std::tie(a.labels, a.merge) < std::tie(b.labels, b.merge);
  };
  if (selector.limit > 0 && out.size() > selector.limit) {
    auto middle = out.begin() + static_cast<std::ptrdiff_t>(selector.limit);
    std::partial_sort(out.begin(), middle, out.end(), by_labels);
    out.erase(middle, out.end());
  } else if (selector.sorted) {
    std::sort(out.begin(), out.end(), by_labels);
  } else if (from_others > 0) {
    std::ranges::sort(out, {}, &SeriesInfo::id);
  }
  return out;
}

}  // namespace kansoku::store::metrics
