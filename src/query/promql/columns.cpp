#include "query/promql/columns.h"

#include <algorithm>
#include <unordered_map>

namespace kansoku::query::promql {
namespace {

// A row beside its values: the entry, and what it keeps alive of its labels.
constexpr uint64_t kRowBytes = sizeof(Columns::Row) + 256;

}  // namespace

Result<size_t> Columns::add(const LabelSet& labels, bool drop_name) {
  const size_t values = (rows_.size() + 1) * steps_;
  if (values > values_.capacity()) {
    const size_t room = std::max(values, 2 * values_.capacity());
    KANSOKU_RETURN_IF_ERROR(hold_.hold(room * sizeof(double) + room / steps_ * kRowBytes));
    values_.reserve(room);
  }
  values_.resize(values, kAbsent);
  rows_.push_back({labels, drop_name});
  return rows_.size() - 1;
}

Status Columns::add(const RowView& row) {
  KANSOKU_TRY(const size_t i, add(row.labels, row.drop_name));
  std::ranges::copy(row.values, values(i).begin());
  return {};
}

Status Columns::pass_on(const RowSink& sink) {
  for (size_t i = 0; i < size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(context_->spend(kRowUnits + steps_));
    KANSOKU_RETURN_IF_ERROR(sink(view(i)));
  }
  return {};
}

Result<Columns> merge_same_labels(Columns columns, QueryContext& context) {
  std::unordered_map<LabelSet, size_t, LabelSetHash> rows;
  for (size_t i = 0; i < columns.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kRowUnits));
    rows.try_emplace(columns.row(i).labels, rows.size());
  }
  if (rows.size() == columns.size()) return columns;
  Columns out(context, columns.steps());
  for (size_t i = 0; i < columns.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kRowUnits + columns.steps()));
    const size_t into = rows.at(columns.row(i).labels);
    if (into == out.size()) {
      KANSOKU_RETURN_IF_ERROR(out.add(columns.view(i)));
      continue;
    }
    const std::span<double> joined = out.values(into);
    const std::span<const double> more = columns.values(i);
    // A row that says nothing has no word in whether the name goes either.
    if (std::ranges::all_of(more, is_absent)) continue;
    const bool silent = std::ranges::all_of(joined, is_absent);
    out.set_drop_name(into, columns.row(i).drop_name && (silent || out.row(into).drop_name));
    for (size_t step = 0; step < more.size(); ++step) {
      if (is_absent(more[step])) continue;
      if (!is_absent(joined[step]))
        return invalid_argument("vector cannot contain metrics with the same labelset");
      joined[step] = more[step];
    }
  }
  return out;
}

}  // namespace kansoku::query::promql
