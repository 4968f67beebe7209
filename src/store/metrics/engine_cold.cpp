// The engine and the series that are not in its table: selection over both, and coming back.
#include "base/check.h"
#include "store/metrics/engine_core.h"

namespace kansoku::store::metrics {

// A series is in the cold before it leaves the table, so whoever reads the table first misses none;
// and if the cold did not change meanwhile, what has left the table is in what was read of it.
Result<std::vector<SeriesInfo>> MetricEngine::Core::select(const SeriesSelector& selector,
                                                           Unseen unseen) {
  for (;;) {
    auto cold = current_view()->cold;
    KANSOKU_TRY(auto left, cold->select(selector, &pages));
    KANSOKU_TRY(auto out, table.select(selector, unseen, std::move(left)));
    if (current_view()->cold == cold) return out;
  }
}

SeriesKinds MetricEngine::Core::series_kinds(PageCache* cache) {
  return SeriesKinds(table, [this] { return current_view()->cold; }, cache);
}

// On the drain, with the table's lock for adding. The id that the series had, once it is back in
// the table; kNoSeries for a new one.
SeriesId MetricEngine::Core::find_cold(const ColdIndex& cold, uint64_t hash,
                                       const signal::Scope& scope, signal::MergeKind merge,
                                       std::string_view canonical) {
  if (!cold.may_have(hash)) return kNoSeries;
  auto found = cold_reader.find(cold, hash, scope, merge, canonical);
  if (!found) {
    // Its points count from here on as those of a new series.
    std::lock_guard lock(queue_mutex);
    counters.last_error = found.error().to_string();
    return kNoSeries;
  }
  if (!*found || table.exists((*found)->row.id)) return kNoSeries;
  restore(**found);
  return (*found)->row.id;
}

// With the table's lock held.
void MetricEngine::Core::restore(const ColdReader::Found& found) {
  const ColdRow& row = found.row;
  Status restored =
      table.restore({row.id, found.scope, row.merge, row.temporality, found.canonical});
  KANSOKU_CHECK(restored.has_value());
  table.set_times(row.id, row.first_ms, row.last_ms);
  returned.push_back(row.id);
}

// On the drain, or before it runs. False: it is nowhere.
bool MetricEngine::Core::restore_cold(SeriesId id) {
  if (table.exists(id)) return true;
  auto cold = current_view()->cold;
  auto found = cold_reader.find(*cold, id);
  if (!found || !*found) return false;
  (void)table.scope_id((*found)->scope);
  auto lock = table.lock_for_adding();
  restore(**found);
  return true;
}

}  // namespace kansoku::store::metrics
