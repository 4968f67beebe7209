#include "store/metrics/tier_cells.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/time/grid.h"
#include "store/metrics/column_codec.h"

namespace kansoku::store::metrics {
namespace {

using Column = std::vector<double> TierCells::*;
// In the order in which they stand on disk.
constexpr std::array<Column, 10> kColumns{
    &TierCells::count,   &TierCells::first,  &TierCells::last, &TierCells::first_ms,
    &TierCells::last_ms, &TierCells::resets, &TierCells::min,  &TierCells::max,
    &TierCells::sum,     &TierCells::end_ms};
// Bit of a column that is not there because it is equal to another: of a counter, the smallest
// value is the first one and the largest the last.
constexpr uint8_t kMinIsFirst = 1;
constexpr uint8_t kMaxIsLast = 2;

// Prometheus' stale marker (model/value): "the series ended here".
constexpr uint64_t kStaleBits = 0x7ff0000000000002ULL;
bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
  });
}

// Points that an instant selector finds within its lookback of five minutes.
constexpr int64_t kHeldStepMs = 4 * 60'000;

// One cell that is being filled.
struct Filling {
  int64_t start_ms = 0;
  double count = 0;
  double first = 0;
  double last = 0;
  int64_t first_ms = 0;
  int64_t last_ms = 0;
  double resets = 0;
  double min = 0;
  double max = 0;
  double sum = 0;
  double rest = 0;  // of the compensated sum
  int64_t end_ms = 0;

  void add(int64_t ms, double value) {
    if (count == 0) {
      first = value;
      first_ms = ms;
      min = value;
      max = value;
    } else {
      if (value < last) resets += last;
      // NaN gives way to everything, as in min_over_time().
      if (value < min || std::isnan(min)) min = value;
      if (value > max || std::isnan(max)) max = value;
    }
    last = value;
    last_ms = ms;
    end_ms = 0;
    count += 1;
    // Neumaier, as PromQL's sums are.
    const double next = sum + value;
    if (std::abs(sum) >= std::abs(value)) {
      rest += (sum - next) + value;
    } else {
      rest += (value - next) + sum;
    }
    sum = next;
  }
  void put(TierCells& out) const {
    if (count == 0 && end_ms == 0) return;
    out.start_ms.push_back(start_ms);
    out.count.push_back(count);
    out.first.push_back(first);
    out.last.push_back(last);
    out.first_ms.push_back(count == 0 ? 0 : static_cast<double>(first_ms - start_ms));
    out.last_ms.push_back(count == 0 ? 0 : static_cast<double>(last_ms - start_ms));
    out.resets.push_back(resets);
    out.min.push_back(min);
    out.max.push_back(max);
    out.sum.push_back(std::isfinite(sum) ? sum + rest : sum);
    out.end_ms.push_back(end_ms == 0 ? 0 : static_cast<double>(end_ms - start_ms + 1));
  }
};

// Whether a column of offsets holds whole numbers of [0, max].
bool are_offsets(const std::vector<double>& column, size_t begin, double max) {
  for (size_t i = begin; i < column.size(); ++i) {
    if (!(column[i] >= 0 && column[i] <= max) || column[i] != std::floor(column[i])) return false;
  }
  return true;
}

// What first, last and resets say of a counter, so that increase() over these points gives it: the
// values themselves where those tell it, else with one fall to zero between them.
void show_increase(const TierCells& cells, size_t i, WeightedPoints& out) {
  const double fallen = cells.resets[i];
  const bool told = cells.last[i] < cells.first[i] && fallen == cells.first[i];
  if (!(fallen > 0) || told) return;
  const int64_t first_ms = cells.first_time_ms(i);
  const int64_t last_ms = cells.last_time_ms(i);
  out.push(std::min(first_ms + 1, last_ms), fallen, 0);
  out.push(std::min(first_ms + 2, last_ms), 0, 0);
}

void show_held(const TierCells& cells, size_t i, WeightedPoints& out) {
  const int64_t last_ms = cells.last_time_ms(i);
  const double mean = cells.sum[i] / cells.count[i];
  for (int64_t ms = cells.first_time_ms(i) + kHeldStepMs; ms < last_ms; ms += kHeldStepMs) {
    out.push(ms, mean, 0);
  }
}

}  // namespace

void TierCells::clear() {
  start_ms.clear();
  for (Column column : kColumns) (this->*column).clear();
}

void TierCells::append(const TierCells& from, size_t begin, size_t end) {
  const auto copy = [&](const auto& source, auto& target) {
    target.insert(target.end(), source.begin() + static_cast<ptrdiff_t>(begin),
                  source.begin() + static_cast<ptrdiff_t>(end));
  };
  copy(from.start_ms, start_ms);
  for (Column column : kColumns) copy(from.*column, this->*column);
}

bool is_stale_marker(double value) { return std::bit_cast<uint64_t>(value) == kStaleBits; }

void drop_stale_markers(DecodedSeries& series) {
  if (std::ranges::none_of(series.values, is_stale_marker)) return;
  DecodedSeries out;
  for (size_t i = 0; i < series.size(); ++i) {
    const int64_t ms = series.timestamps_ms[i];
    const bool is_float = series.distributions.empty() || series.distributions[i] == nullptr;
    if (!is_float || !is_stale_marker(series.values[i])) out.push(ms, series.take(i));
  }
  series = std::move(out);
}

void fold_tier(const DecodedSeries& series, int64_t tier_ms, TierCells& out) {
  Filling cell;
  bool begun = false;
  for (size_t i = 0; i < series.size(); ++i) {
    if (!series.distributions.empty() && series.distributions[i] != nullptr) continue;
    const int64_t ms = series.timestamps_ms[i];
    const int64_t start_ms = floor_to(ms, tier_ms);
    if (!begun || start_ms != cell.start_ms) {
      if (begun) cell.put(out);
      cell = {};
      cell.start_ms = start_ms;
      begun = true;
    }
    if (is_stale_marker(series.values[i])) {
      cell.end_ms = ms;
    } else {
      cell.add(ms, series.values[i]);
    }
  }
  if (begun) cell.put(out);
}

void encode_cells(const TierCells& cells, std::string& out) {
  encode_times(cells.start_ms, out);
  uint8_t left_out = 0;
  if (same_bits(cells.min, cells.first)) left_out |= kMinIsFirst;
  if (same_bits(cells.max, cells.last)) left_out |= kMaxIsLast;
  out += static_cast<char>(left_out);
  for (Column column : kColumns) {
    if (column == &TierCells::min && (left_out & kMinIsFirst) != 0) continue;
    if (column == &TierCells::max && (left_out & kMaxIsLast) != 0) continue;
    encode_values(cells.*column, out);
  }
}

bool decode_cells(std::string_view bytes, TierCells& out) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  const size_t before = out.size();
  if (!decode_times(at, end, out.start_ms) || at == end) return false;
  const size_t count = out.size() - before;
  const auto left_out = static_cast<uint8_t>(*at++);
  if ((left_out & ~(kMinIsFirst | kMaxIsLast)) != 0) return false;
  const auto copy_from = [&](const std::vector<double>& from, std::vector<double>& to) {
    to.insert(to.end(), from.begin() + static_cast<ptrdiff_t>(before), from.end());
  };
  for (Column column : kColumns) {
    if (column == &TierCells::min && (left_out & kMinIsFirst) != 0) {
      copy_from(out.first, out.min);
    } else if (column == &TierCells::max && (left_out & kMaxIsLast) != 0) {
      copy_from(out.last, out.max);
    } else if (!decode_values(at, end, count, out.*column)) {
      return false;
    }
  }
  for (size_t i = before + 1; i < out.size(); ++i) {
    if (out.start_ms[i] <= out.start_ms[i - 1]) return false;
  }
  // Sums with an offset stay in range.
  constexpr int64_t kStartMsMax = int64_t{1} << 60;
  if (out.start_ms[before] < -kStartMsMax || out.start_ms.back() > kStartMsMax) return false;
  const auto longest = static_cast<double>(kTiersMs.back());
  return at == end && are_offsets(out.first_ms, before, longest) &&
         are_offsets(out.last_ms, before, longest) && are_offsets(out.end_ms, before, longest) &&
         are_offsets(out.count, before, 9007199254740992.0);
}

void cut_out(TierCells& cells, TimeRangeMs range) {
  TierCells kept;
  size_t begin = 0;
  const auto flush = [&](size_t end) {
    if (begin < end) kept.append(cells, begin, end);
    begin = end + 1;
  };
  for (size_t i = 0; i < cells.size(); ++i) {
    int64_t from = cells.first_time_ms(i);
    int64_t to = cells.last_time_ms(i);
    if (cells.end_ms[i] > 0) {
      to = cells.start_ms[i] + static_cast<int64_t>(cells.end_ms[i]) - 1;
      if (cells.count[i] == 0) from = to;
    }
    if (from >= range.begin && to < range.end) flush(i);
  }
  if (begin == 0) return;
  flush(cells.size());
  cells = std::move(kept);
}

void show_cells(const TierCells& cells, CellView view, WeightedPoints& out) {
  for (size_t i = 0; i < cells.size(); ++i) {
    const double count = cells.count[i];
    const int64_t first_ms = cells.first_time_ms(i);
    const int64_t last_ms = cells.last_time_ms(i);
    if (count > 0 && view == CellView::Min) out.push(last_ms, cells.min[i], count);
    if (count > 0 && view == CellView::Max) out.push(last_ms, cells.max[i], count);
    if (count > 0 && view == CellView::Mean) out.push(last_ms, cells.sum[i] / count, count);
    const bool whole =
        view == CellView::Ends || view == CellView::Increase || view == CellView::Held;
    if (!whole) continue;
    if (count > 0) {
      if (count > 1) {
        out.push(first_ms, cells.first[i], 1);
        if (view == CellView::Increase) show_increase(cells, i, out);
        if (view == CellView::Held) show_held(cells, i, out);
      }
      out.push(last_ms, cells.last[i], count > 1 ? count - 1 : 1);
    }
    if (cells.end_ms[i] > 0) {
      out.push(cells.start_ms[i] + static_cast<int64_t>(cells.end_ms[i]) - 1,
               std::bit_cast<double>(kStaleBits), 0);
    }
  }
}

void show_summaries(const TierCells& cells, DecodedSeries& out) {
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells.count[i] == 0) continue;
    out.push(cells.start_ms[i], signal::point_from_statistic_set(cells.count[i], cells.sum[i],
                                                                 cells.min[i], cells.max[i]));
  }
}

}  // namespace kansoku::store::metrics
