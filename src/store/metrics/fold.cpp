#include "store/metrics/fold.h"

#include "base/time/grid.h"

namespace kansoku::store::metrics {
namespace {

bool ascends(const std::vector<int64_t>& timestamps_ms) {
  for (size_t i = 1; i < timestamps_ms.size(); ++i) {
    if (timestamps_ms[i] <= timestamps_ms[i - 1]) return false;
  }
  return true;
}

// Appends, or joins with the last point when the timestamp is the same.
void push_joined(DecodedSeries& out, int64_t ms, signal::Point point, signal::MergeKind merge) {
  if (out.size() == 0 || out.timestamps_ms.back() != ms) {
    out.push(ms, std::move(point));
    return;
  }
  if (merge == signal::MergeKind::Accumulate) {
    signal::Point sum = out.take(out.size() - 1);
    sum.add(point);
    point = std::move(sum);
  }
  out.timestamps_ms.pop_back();
  out.values.pop_back();
  if (!out.distributions.empty()) out.distributions.pop_back();
  out.push(ms, std::move(point));
}

// Adds up neighbours (in the order of `index_of`) whose times have the same key. Floats of a run
// become one point at once: adding them one by one would copy the growing distribution each time.
template <class IndexOf, class KeyOf>
void add_runs(DecodedSeries& series, IndexOf index_of, KeyOf key_of, DecodedSeries& out) {
  std::vector<signal::ValueCount> floats;
  for (size_t begin = 0; begin < series.size();) {
    int64_t key = key_of(series.timestamps_ms[index_of(begin)]);
    size_t end = begin;
    floats.clear();
    std::optional<signal::Point> sum;
    for (; end < series.size() && key_of(series.timestamps_ms[index_of(end)]) == key; ++end) {
      size_t i = index_of(end);
      bool is_float = series.distributions.empty() || !series.distributions[i];
      if (is_float && std::isfinite(series.values[i])) {
        floats.push_back({series.values[i], 1});
        continue;
      }
      signal::Point point = series.take(i);
      if (sum) {
        sum->add(point);
      } else {
        sum = std::move(point);
      }
    }
    if (!floats.empty()) {
      signal::Point point = signal::point_from_values(floats);
      if (sum) {
        sum->add(point);
      } else {
        sum = std::move(point);
      }
    }
    out.push(key, std::move(*sum));
    begin = end;
  }
}

}  // namespace

void settle(DecodedSeries& series, signal::MergeKind merge) {
  if (ascends(series.timestamps_ms)) return;
  std::vector<uint32_t> order(series.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::pair(series.timestamps_ms[a], a) < std::pair(series.timestamps_ms[b], b);
  });
  DecodedSeries out;
  if (merge == signal::MergeKind::Accumulate) {
    add_runs(series, [&](size_t i) { return order[i]; }, [](int64_t ms) { return ms; }, out);
  } else {
    for (uint32_t i : order) push_joined(out, series.timestamps_ms[i], series.take(i), merge);
  }
  series = std::move(out);
}

void join_settled(DecodedSeries& series, DecodedSeries&& later, signal::MergeKind merge) {
  if (later.size() == 0) return;
  if (series.size() == 0) {
    series = std::move(later);
    return;
  }
  if (series.timestamps_ms.back() < later.timestamps_ms.front() && later.distributions.empty() &&
      series.distributions.empty()) {
    series.timestamps_ms.insert(series.timestamps_ms.end(), later.timestamps_ms.begin(),
                                later.timestamps_ms.end());
    series.values.insert(series.values.end(), later.values.begin(), later.values.end());
    return;
  }
  if (series.timestamps_ms.back() < later.timestamps_ms.front()) {
    for (size_t i = 0; i < later.size(); ++i) series.push(later.timestamps_ms[i], later.take(i));
    return;
  }
  DecodedSeries out;
  size_t a = 0;
  size_t b = 0;
  while (a < series.size() || b < later.size()) {
    bool first = b == later.size() ||
                 (a < series.size() && series.timestamps_ms[a] <= later.timestamps_ms[b]);
    if (first) {
      push_joined(out, series.timestamps_ms[a], series.take(a), merge);
      ++a;
    } else {
      push_joined(out, later.timestamps_ms[b], later.take(b), merge);
      ++b;
    }
  }
  series = std::move(out);
}

void fold_cells(DecodedSeries& series, int64_t cell_ms) {
  DecodedSeries out;
  add_runs(
      series, [](size_t i) { return i; }, [&](int64_t ms) { return floor_to(ms, cell_ms); }, out);
  series = std::move(out);
}

void cut_range(DecodedSeries& series, int64_t begin_ms, int64_t end_ms) {
  const auto& times = series.timestamps_ms;
  auto begin = std::lower_bound(times.begin(), times.end(), begin_ms) - times.begin();
  auto end = std::lower_bound(times.begin(), times.end(), end_ms) - times.begin();
  end = std::max(begin, end);
  auto keep = [&](auto& column) {
    if (column.empty()) return;
    column.erase(column.begin() + end, column.end());
    column.erase(column.begin(), column.begin() + begin);
  };
  keep(series.values);
  keep(series.distributions);
  keep(series.timestamps_ms);
}

}  // namespace kansoku::store::metrics
