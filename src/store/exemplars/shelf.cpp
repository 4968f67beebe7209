#include "store/exemplars/shelf.h"

#include <bit>

#include "base/bytes.h"
#include "base/check.h"

namespace kansoku::store::exemplars {
namespace {

// Nodes of the trees with what the allocator adds, counted on 64 bits: of an exemplar in both
// orders, and of a series.
constexpr uint64_t kKeptBytes = 48 + 64 + 48 + 32 + 32;
constexpr uint64_t kSeriesBytes = 48 + 32 + 48 + 32;

}  // namespace

void make_series_key(const SeriesName& series, std::string& out) {
  out.assign(series.region);
  out += '\0';
  out += series.labels;
}

SeriesName series_of_key(std::string_view key) {
  size_t zero = key.find('\0');
  KANSOKU_CHECK(zero != std::string_view::npos);
  return {key.substr(0, zero), key.substr(zero + 1)};
}

Shelf::Ref Shelf::ref_of(const Row& row) {
  return {row.timestamp_ms, std::bit_cast<uint64_t>(row.value), crc32c(as_bytes(row.labels)), 0};
}

uint64_t Shelf::bytes_of(const Kept& kept) { return kKeptBytes + kept.labels.capacity(); }

bool Shelf::contains(const Series& series, const Ref& ref, std::string_view labels) const {
  for (auto at = series.lower_bound(ref); at != series.end(); ++at) {
    if (at->timestamp_ms != ref.timestamp_ms || at->value_bits != ref.value_bits ||
        at->labels_crc != ref.labels_crc) {
      return false;
    }
    if (kept_.find(at->number)->second.labels == labels) return true;
  }
  return false;
}

bool Shelf::contains(const std::string& series_key, const Row& row) const {
  auto found = series_.find(series_key);
  return found != series_.end() && contains(found->second, ref_of(row), row.labels);
}

bool Shelf::add(const std::string& series_key, const Row& row, const ShelfLimits& limits,
                uint64_t& evicted) {
  auto [series, made] = series_.try_emplace(series_key);
  Ref ref = ref_of(row);
  if (!made && contains(series->second, ref, row.labels)) return false;
  if (made) bytes_ += kSeriesBytes + series->first.capacity();
  ref.number = next_number_++;
  series->second.insert(series->second.end(), ref);
  auto kept = kept_.emplace_hint(
      kept_.end(), ref.number, Kept{series, row.timestamp_ms, row.value, std::string(row.labels)});
  bytes_ += bytes_of(kept->second);
  while (!kept_.empty() && (kept_.size() > limits.exemplars_max || bytes_ > limits.bytes_max)) {
    evict(kept_.begin());
    ++evicted;
  }
  return true;
}

void Shelf::evict(std::map<uint64_t, Kept>::iterator which) {
  const Kept& kept = which->second;
  Ref ref = ref_of(row_of(kept));
  ref.number = which->first;
  auto series = kept.series;
  series->second.erase(ref);
  bytes_ -= bytes_of(kept);
  kept_.erase(which);
  if (!series->second.empty()) return;
  bytes_ -= kSeriesBytes + series->first.capacity();
  series_.erase(series);
}

uint64_t Shelf::expire(int64_t before_ms, std::string& after_key, size_t series_max) {
  uint64_t removed = 0;
  auto series = after_key.empty() ? series_.begin() : series_.upper_bound(after_key);
  for (size_t i = 0; i < series_max && series != series_.end(); ++i) {
    auto next = std::next(series);
    after_key = series->first;
    // The series goes with its last exemplar.
    for (size_t left = series->second.size(); left > 0; --left) {
      const Ref& oldest = *series->second.begin();
      if (oldest.timestamp_ms >= before_ms) break;
      evict(kept_.find(oldest.number));
      ++removed;
    }
    series = next;
  }
  if (series == series_.end()) after_key.clear();
  return removed;
}

bool Shelf::visit_series(std::string_view region, std::string& after_key, size_t series_max,
                         int64_t first_ms, int64_t last_ms, const Visitor& visitor) const {
  std::string prefix;
  make_series_key({region, {}}, prefix);
  auto series = after_key.empty() ? series_.lower_bound(prefix) : series_.upper_bound(after_key);
  for (size_t i = 0; series != series_.end() && series->first.starts_with(prefix); ++series) {
    if (i++ == series_max) return true;
    after_key = series->first;
    if (!visitor.wants(std::string_view(series->first).substr(prefix.size()))) continue;
    for (auto at = series->second.lower_bound({first_ms, 0, 0, 0});
         at != series->second.end() && at->timestamp_ms <= last_ms; ++at) {
      visitor.row(row_of(kept_.find(at->number)->second));
    }
  }
  return false;
}

void Shelf::visit_arrivals(uint64_t from, const RowVisitor& visitor) const {
  for (auto at = kept_.lower_bound(from); at != kept_.end(); ++at) {
    const Kept& kept = at->second;
    auto series_key = static_cast<uint64_t>(std::bit_cast<uintptr_t>(&*kept.series));
    if (!visitor(at->first, series_key, series_of_key(kept.series->first), row_of(kept))) return;
  }
}

}  // namespace kansoku::store::exemplars
