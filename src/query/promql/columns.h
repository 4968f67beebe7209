// Series of floats as rows of a table: one column a step of the grid.
//
// A value that is not there is the stale marker, which no computation yields (arithmetic makes
// quiet NaNs, and selectors leave stale markers out). Thread contract: plain values, confined to
// one evaluation.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "query/exec/budget.h"
#include "query/promql/value.h"

namespace kansoku::query::promql {

inline constexpr double kAbsent = std::bit_cast<double>(kStaleBits);
inline bool is_absent(double value) { return is_stale(value); }

// One series on its way from node to node. The values are the receiver's to change.
struct RowView {
  const LabelSet& labels;
  bool drop_name = false;
  std::span<double> values;
};
using RowSink = std::function<Status(const RowView&)>;

// What a row costs beside its values, in units of QueryContext::spend(): its labels are looked up
// and copied.
inline constexpr uint64_t kRowUnits = 128;

class Columns {
 public:
  struct Row {
    LabelSet labels;
    bool drop_name = false;
  };
  // Charges `context` for what it holds, as long as it does.
  Columns(QueryContext& context, size_t steps)
      : context_(&context), hold_(context), steps_(steps) {}

  size_t size() const { return rows_.size(); }
  size_t steps() const { return steps_; }
  const Row& row(size_t i) const { return rows_[i]; }
  std::span<const double> values(size_t i) const { return {values_.data() + i * steps_, steps_}; }
  std::span<double> values(size_t i) { return {values_.data() + i * steps_, steps_}; }
  RowView view(size_t i) { return {rows_[i].labels, rows_[i].drop_name, values(i)}; }
  void set_drop_name(size_t i, bool drop_name) { rows_[i].drop_name = drop_name; }
  // A row without values. Spans of other rows are void afterwards.
  Result<size_t> add(const LabelSet& labels, bool drop_name);
  Status add(const RowView& row);
  // Row by row into `sink`, which may change the values.
  Status pass_on(const RowSink& sink);

 private:
  QueryContext* context_;
  MemoryHold hold_;
  size_t steps_;
  std::vector<Row> rows_;
  std::vector<double> values_;
};

// The first row of each label set takes the values of the others; InvalidArgument where two have a
// value at one step.
Result<Columns> merge_same_labels(Columns columns, QueryContext& context);

}  // namespace kansoku::query::promql
