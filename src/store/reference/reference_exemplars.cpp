#include "store/reference/reference_exemplars.h"

#include <bit>

#include "store/selector_match.h"

namespace kansoku::store {

void ReferenceExemplarStore::append(const signal::Scope& scope,
                                    std::shared_ptr<const signal::MetricBatch> batch, Done done) {
  if (!refusal) {
    done(std::unexpected(refusal.error()));
    return;
  }
  uint64_t taken = 0;
  {
    std::lock_guard lock(items_mutex_);
    std::deque<Item>& items = items_[scope.account];
    for (const signal::Exemplar& exemplar : batch->exemplars()) {
      if (exemplar.timestamp_ms < oldest_ms() || per_account_max_ == 0) continue;
      ++taken;
      Item item{scope, std::string(batch->canonical_labels(exemplar.series)), exemplar};
      item.exemplar.series = 0;
      bool known = std::ranges::any_of(items, [&](const Item& other) {
        return other.scope == scope && other.series == item.series &&
               other.exemplar.timestamp_ms == exemplar.timestamp_ms &&
               std::bit_cast<uint64_t>(other.exemplar.value) ==
                   std::bit_cast<uint64_t>(exemplar.value) &&
               other.exemplar.labels == exemplar.labels;
      });
      if (!known) items.push_back(std::move(item));
      if (items.size() > per_account_max_) items.pop_front();
    }
  }
  done(taken);
}

Result<ExemplarAnswer> ReferenceExemplarStore::find(const ExemplarQuery& query) const {
  KANSOKU_TRY(auto selectors, compile_selectors(query.selectors));
  std::map<std::string, SeriesExemplars> found;
  std::lock_guard lock(items_mutex_);
  auto account = items_.find(query.scope.account);
  if (account == items_.end()) return ExemplarAnswer{{}, missing_before_ms};
  for (const Item& item : account->second) {
    int64_t ms = item.exemplar.timestamp_ms;
    signal::Labels labels = signal::Labels::from_canonical(item.series);
    if (item.scope != query.scope || ms < query.first_ms || ms > query.last_ms ||
        ms < oldest_ms() || !matches_any(selectors, labels)) {
      continue;
    }
    SeriesExemplars& series = found[item.series];
    series.series = std::move(labels);
    series.exemplars.push_back(item.exemplar);
  }
  ExemplarAnswer out{{}, missing_before_ms};
  for (auto& [labels, series] : found) {
    std::ranges::sort(series.exemplars, {}, &signal::Exemplar::timestamp_ms);
    out.series.push_back(std::move(series));
  }
  return out;
}

ExemplarStoreStats ReferenceExemplarStore::stats() const {
  std::lock_guard lock(items_mutex_);
  ExemplarStoreStats out;
  for (const auto& [account, items] : items_) out.exemplars += items.size();
  return out;
}

}  // namespace kansoku::store
