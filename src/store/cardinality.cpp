#include "store/cardinality.h"

#include <algorithm>
#include <unordered_map>

namespace kansoku::store {
namespace {

struct PairKey {
  std::string_view name;
  std::string_view value;
  bool operator==(const PairKey&) const = default;
};
struct PairHash {
  size_t operator()(const PairKey& pair) const {
    return std::hash<std::string_view>()(pair.name) * 31 +
           std::hash<std::string_view>()(pair.value);
  }
};

// The first `rows_max` by a count, larger first, then by name.
template <class Row, class Count>
std::vector<Row> top(std::vector<Row> rows, size_t rows_max, Count count) {
  auto before = [&](const Row& a, const Row& b) {
    return count(a) != count(b) ? count(a) > count(b) : a.name < b.name;
  };
  size_t kept = std::min(rows_max, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(kept), rows.end(), before);
  rows.resize(kept);
  return rows;
}

uint64_t series_of(const NameRow& row) { return row.series; }

std::vector<PairRow> top_pairs(const std::unordered_map<PairKey, uint64_t, PairHash>& pairs,
                               size_t rows_max) {
  std::vector<std::pair<PairKey, uint64_t>> rows(pairs.begin(), pairs.end());
  auto before = [](const auto& a, const auto& b) {
    if (a.second != b.second) return a.second > b.second;
    return std::tie(a.first.name, a.first.value) < std::tie(b.first.name, b.first.value);
  };
  size_t kept = std::min(rows_max, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(kept), rows.end(), before);
  std::vector<PairRow> out;
  for (size_t i = 0; i < kept; ++i) {
    out.push_back(
        {std::string(rows[i].first.name), std::string(rows[i].first.value), rows[i].second});
  }
  return out;
}

}  // namespace

Cardinality count_cardinality(const std::vector<SeriesInfo>& series,
                              std::span<const int64_t> last_read_ms,
                              const CardinalityOptions& options) {
  Cardinality out;
  out.series = series.size();
  std::unordered_map<std::string_view, NameRow> names;
  std::unordered_map<std::string_view, LabelRow> labels;
  std::unordered_map<PairKey, uint64_t, PairHash> pairs;
  for (size_t i = 0; i < series.size(); ++i) {
    const SeriesInfo& info = series[i];
    out.first_ms = i == 0 ? info.first_ms : std::min(out.first_ms, info.first_ms);
    out.last_ms = i == 0 ? info.last_ms : std::max(out.last_ms, info.last_ms);
    signal::visit_labels(info.labels.canonical(), [&](signal::LabelView label) {
      LabelRow& row = labels[label.name];
      ++row.series;
      if (++pairs[{label.name, label.value}] == 1) {
        ++row.values;
        row.value_bytes += label.value.size();
      }
      if (label.name != signal::kNameLabel) return;
      NameRow& name = names[label.value];
      ++name.series;
      name.last_ms = name.series == 1 ? info.last_ms : std::max(name.last_ms, info.last_ms);
      if (i < last_read_ms.size()) {
        name.last_read_ms = std::max(name.last_read_ms, last_read_ms[i]);
      }
    });
  }
  out.names = names.size();
  out.labels = labels.size();
  out.pairs = pairs.size();
  std::vector<NameRow> name_rows;
  std::vector<NameRow> unread;
  for (auto& [name, row] : names) {
    row.name = name;
    name_rows.push_back(row);
    if (last_read_ms.empty() || row.last_read_ms >= options.read_since_ms) continue;
    out.unread_series += row.series;
    unread.push_back(row);
  }
  out.unread_names = unread.size();
  std::vector<LabelRow> label_rows;
  for (auto& [name, row] : labels) {
    row.name = name;
    label_rows.push_back(row);
  }
  out.by_name = top(std::move(name_rows), options.rows_max, series_of);
  out.unread = top(std::move(unread), options.rows_max, series_of);
  out.by_label_bytes =
      top(label_rows, options.rows_max, [](const LabelRow& row) { return row.value_bytes; });
  out.by_label_values =
      top(std::move(label_rows), options.rows_max, [](const LabelRow& row) { return row.values; });
  out.by_pair = top_pairs(pairs, options.rows_max);
  return out;
}

}  // namespace kansoku::store
