#include "api/prometheus/exemplar_store.h"

#include "api/prometheus/matching.h"

namespace kansoku::api::prometheus {

uint64_t ExemplarStore::add(const signal::Scope& scope, const signal::MetricBatch& batch) {
  std::lock_guard lock(series_mutex_);
  for (const signal::Exemplar& exemplar : batch.exemplars()) {
    Key key{scope, std::string(batch.canonical_labels(exemplar.series))};
    auto series = series_.try_emplace(std::move(key)).first;
    auto same = [&](const signal::Exemplar& other) {
      return other.timestamp_ms == exemplar.timestamp_ms && other.value == exemplar.value &&
             other.labels == exemplar.labels;
    };
    // Senders repeat the last exemplar of a series until there is a new one.
    if (std::any_of(series->second.begin(), series->second.end(), same)) continue;
    series->second.push_back({0, exemplar.timestamp_ms, exemplar.value, exemplar.labels});
    order_.push_back(series);
    if (order_.size() <= exemplars_max_) continue;
    auto oldest = order_.front();
    order_.pop_front();
    oldest->second.pop_front();
    if (oldest->second.empty()) series_.erase(oldest);
  }
  return batch.exemplars().size();
}

Result<std::vector<SeriesExemplars>> ExemplarStore::find(
    const signal::Scope& scope, const std::vector<std::vector<store::Matcher>>& selectors,
    int64_t start_ms, int64_t end_ms) const {
  std::vector<CompiledSelector> compiled;
  for (const auto& matchers : selectors) {
    KANSOKU_TRY(auto one, CompiledSelector::compile(matchers));
    compiled.push_back(std::move(one));
  }
  std::vector<SeriesExemplars> out;
  std::lock_guard lock(series_mutex_);
  for (auto it = series_.lower_bound({scope, {}}); it != series_.end(); ++it) {
    if (it->first.first != scope) break;
    signal::Labels labels = signal::Labels::from_canonical(it->first.second);
    auto matches = [&](const CompiledSelector& one) { return one.matches(labels); };
    if (std::none_of(compiled.begin(), compiled.end(), matches)) continue;
    SeriesExemplars found{std::move(labels), {}};
    for (const signal::Exemplar& exemplar : it->second) {
      if (exemplar.timestamp_ms >= start_ms && exemplar.timestamp_ms <= end_ms) {
        found.exemplars.push_back(exemplar);
      }
    }
    if (found.exemplars.empty()) continue;
    std::sort(found.exemplars.begin(), found.exemplars.end(),
              [](auto& a, auto& b) { return a.timestamp_ms < b.timestamp_ms; });
    out.push_back(std::move(found));
  }
  return out;
}

}  // namespace kansoku::api::prometheus
