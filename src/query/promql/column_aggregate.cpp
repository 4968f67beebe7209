// Aggregations over columns: each row is added to its group as it comes and is gone.
//
// The sums are those of aggregate.cpp, in the same order of operations.
#include <algorithm>
#include <cmath>

#include "base/simd/clones.h"
#include "query/promql/column_evaluator.h"
#include "query/promql/group_table.h"
#include "query/promql/histogram_math.h"

namespace kansoku::query::promql {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// What is added up of one group: a value a step in each column that the operator uses.
struct Group {
  LabelSet labels;
  bool drop_name = false;
  std::vector<double> count;
  std::vector<double> value;
  std::vector<double> rest;  // of sum and avg; the mean of stddev and stdvar
  // avg: the sum overflowed at this step, `value` is a running mean. Empty: nowhere.
  std::vector<uint8_t> incremental;
};

// Loops without branches: what is absent is added to nothing.
KANSOKU_CLONES void add_counts(const double* row, size_t steps, double* count) {
  for (size_t i = 0; i < steps; ++i) count[i] += is_absent(row[i]) ? 0 : 1;
}

// kahan_add() of each step.
KANSOKU_CLONES void add_sums(const double* row, size_t steps, double* sum, double* rest) {
  for (size_t i = 0; i < steps; ++i) {
    const double before = sum[i];
    const double value = row[i];
    const double total = before + value;
    const bool larger = std::abs(before) >= std::abs(value);
    const double lost = larger ? (before - total) + value : (value - total) + before;
    const bool endless = std::abs(total) == std::numeric_limits<double>::infinity();
    const double compensation = endless ? 0 : rest[i] + lost;
    const bool absent = is_absent(value);
    sum[i] = absent ? before : total;
    rest[i] = absent ? rest[i] : compensation;
  }
}

void add_count(Group& to, std::span<const double> row) {
  add_counts(row.data(), row.size(), to.count.data());
}

void add_sum(Group& to, std::span<const double> row) {
  add_counts(row.data(), row.size(), to.count.data());
  add_sums(row.data(), row.size(), to.value.data(), to.rest.data());
}

// The mean of the sum as long as that does not overflow, then the running mean.
void add_average(Group& to, std::span<const double> row) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (is_absent(row[i])) continue;
    const double count = to.count[i] += 1;
    if (to.incremental.empty() || !to.incremental[i]) {
      double next = to.value[i];
      double next_rest = to.rest[i];
      if (count == 1) {
        next = row[i];
      } else {
        kahan_add(row[i], next, next_rest);
      }
      if (!std::isinf(next) || count == 1) {
        to.value[i] = next;
        to.rest[i] = next_rest;
        continue;
      }
      to.incremental.resize(row.size());
      to.incremental[i] = 1;
      to.value[i] /= count - 1;
      to.rest[i] /= count - 1;
    }
    const double q = (count - 1) / count;
    to.value[i] *= q;
    to.rest[i] *= q;
    kahan_add(row[i] / count, to.value[i], to.rest[i]);
  }
}

// NaN gives way to everything.
template <class Better>
void add_best(Group& to, std::span<const double> row) {
  const Better better;
  for (size_t i = 0; i < row.size(); ++i) {
    if (is_absent(row[i])) continue;
    const bool first = to.count[i] == 0;
    to.count[i] = 1;
    if (first || better(row[i], to.value[i]) || std::isnan(to.value[i])) to.value[i] = row[i];
  }
}

// Welford's recurrence; a first value that is no number makes the result none.
void add_variance(Group& to, std::span<const double> row) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (is_absent(row[i])) continue;
    const double count = to.count[i] += 1;
    if (count == 1 && !std::isfinite(row[i])) to.value[i] = kNaN;
    const double delta = row[i] - to.rest[i];
    to.rest[i] += delta / count;
    to.value[i] += delta * (row[i] - to.rest[i]);
  }
}

double sum_of(const Group& group, size_t i) {
  return std::isinf(group.value[i]) ? group.value[i] : group.value[i] + group.rest[i];
}
double average_of(const Group& group, size_t i) {
  if (!group.incremental.empty() && group.incremental[i]) return group.value[i] + group.rest[i];
  return group.value[i] / group.count[i] + group.rest[i] / group.count[i];
}

struct AggregateKernel {
  AggregateOp op;
  void (*add)(Group&, std::span<const double>);
  double (*result)(const Group&, size_t step);  // where the count is not 0
  size_t columns;                               // count, value, rest
};
constexpr std::array<AggregateKernel, 8> kKernels{{
    {AggregateOp::Sum, add_sum, sum_of, 3},
    {AggregateOp::Avg, add_average, average_of, 3},
    {AggregateOp::Min, add_best<std::less<>>, [](const Group& g, size_t i) { return g.value[i]; },
     2},
    {AggregateOp::Max, add_best<std::greater<>>,
     [](const Group& g, size_t i) { return g.value[i]; }, 2},
    {AggregateOp::Count, add_count, [](const Group& g, size_t i) { return g.count[i]; }, 1},
    {AggregateOp::Group, add_count, [](const Group&, size_t) { return 1.0; }, 1},
    {AggregateOp::Stddev, add_variance,
     [](const Group& g, size_t i) { return std::sqrt(g.value[i] / g.count[i]); }, 3},
    {AggregateOp::Stdvar, add_variance,
     [](const Group& g, size_t i) { return g.value[i] / g.count[i]; }, 3},
}};

const AggregateKernel* kernel_of(AggregateOp op) {
  const auto kernel = std::ranges::find(kKernels, op, &AggregateKernel::op);
  return kernel == kKernels.end() ? nullptr : &*kernel;
}

}  // namespace

bool has_aggregate_kernel(const AggregateExpr& aggregate) {
  return kernel_of(aggregate.op) != nullptr || aggregate.op == AggregateOp::Quantile ||
         aggregate.op == AggregateOp::Topk || aggregate.op == AggregateOp::Bottomk;
}

Status ColumnEvaluator::aggregate_rows(const AggregateExpr& expr, const RowSink& sink) {
  if (expr.op == AggregateOp::Quantile) return quantile_aggregate_rows(expr, sink);
  if (expr.op == AggregateOp::Topk || expr.op == AggregateOp::Bottomk) return best_rows(expr, sink);
  const AggregateKernel& kernel = *kernel_of(expr.op);
  const size_t steps = grid_.steps();
  GroupTable table(expr.grouping, !expr.without);
  std::vector<Group> groups;
  MemoryHold hold(root_.context);
  if (!expr.without) labels_wanted_ = &expr.grouping;
  KANSOKU_RETURN_IF_ERROR(rows(*expr.expr, [&](const RowView& row) -> Status {
    const auto [number, fresh] = table.number(row.labels);
    if (fresh) {
      KANSOKU_RETURN_IF_ERROR(hold.hold(
          (groups.size() + 1) * (steps * kernel.columns * sizeof(double) + sizeof(Group) + 256)));
      Group& group = groups.emplace_back(table.labels_of(row.labels), row.drop_name);
      group.count.resize(steps);
      if (kernel.columns > 1) group.value.resize(steps);
      if (kernel.columns > 2) group.rest.resize(steps);
    }
    kernel.add(groups[number], row.values);
    return {};
  }));
  // In the order in which they come to have a value, as one who goes step by step meets them.
  const auto begins = [](const Group& group) {
    return std::ranges::find_if(group.count, [](double n) { return n != 0; }) - group.count.begin();
  };
  std::vector<std::pair<ptrdiff_t, size_t>> order;
  for (size_t i = 0; i < groups.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kRowUnits));
    order.emplace_back(begins(groups[i]), i);
  }
  std::ranges::sort(order);
  std::vector<double> out(steps);
  for (const auto& [begin, number] : order) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kRowUnits + steps));
    const Group& group = groups[number];
    for (size_t i = 0; i < steps; ++i)
      out[i] = group.count[i] == 0 ? kAbsent : kernel.result(group, i);
    KANSOKU_RETURN_IF_ERROR(sink({group.labels, group.drop_name, out}));
  }
  return {};
}

namespace {

// Rows of each group, and the first of each.
using Members = std::vector<std::vector<size_t>>;

Result<Members> members_of(const AggregateExpr& expr, const Columns& all, QueryContext& context) {
  Members rows;
  GroupTable table(expr.grouping, !expr.without);
  for (size_t i = 0; i < all.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kRowUnits));
    const auto [number, fresh] = table.number(all.row(i).labels);
    if (fresh) rows.emplace_back();
    rows[number].push_back(i);
  }
  return rows;
}

}  // namespace

Status ColumnEvaluator::quantile_aggregate_rows(const AggregateExpr& expr, const RowSink& sink) {
  KANSOKU_TRY(const std::vector<double> parameter, scalar(*expr.param));
  KANSOKU_TRY(const Columns all, columns(*expr.expr));
  for (const double q : parameter) {
    if (!(q >= 0 && q <= 1)) root_.annotations.bad_quantile(q, expr.param->position);
  }
  const GroupTable table(expr.grouping, !expr.without);
  std::vector<double> out(grid_.steps());
  std::vector<double> values;
  KANSOKU_TRY(const Members groups, members_of(expr, all, root_.context));
  for (const std::vector<size_t>& members : groups) {
    for (size_t step = 0; step < out.size(); ++step) {
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(8 * members.size()));
      values.clear();
      for (const size_t row : members) {
        if (!is_absent(all.values(row)[step])) values.push_back(all.values(row)[step]);
      }
      out[step] = values.empty() ? kAbsent : quantile_of(parameter[step], values);
    }
    const Columns::Row& first = all.row(members.front());
    KANSOKU_RETURN_IF_ERROR(sink({table.labels_of(first.labels), first.drop_name, out}));
  }
  return {};
}

// topk and bottomk: NaN is the worst at both ends.
Status ColumnEvaluator::best_rows(const AggregateExpr& expr, const RowSink& sink) {
  KANSOKU_TRY(const std::vector<double> parameter, scalar(*expr.param));
  KANSOKU_TRY(const Columns all, columns(*expr.expr));
  KANSOKU_TRY(const Members members, members_of(expr, all, root_.context));
  // Of equals the first by labels is chosen.
  const std::vector<size_t> order =
      order_by_labels(all.size(), [&](size_t row) { return all.row(row).labels; });
  std::vector<size_t> rank(order.size());
  for (size_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  constexpr size_t kNone = std::numeric_limits<size_t>::max();
  std::vector<size_t> row_of(all.size(), kNone);
  Columns out(root_.context, grid_.steps());
  std::vector<size_t> candidates;
  for (size_t step = 0; step < grid_.steps(); ++step) {
    KANSOKU_RETURN_IF_ERROR(root_.context.check());
    KANSOKU_TRY(const size_t k, count_parameter(parameter[step], all.size()));
    const auto value = [&](size_t row) { return all.values(row)[step]; };
    const auto better = [&](size_t a, size_t b) {
      const double x = value(a);
      const double y = value(b);
      if (std::isnan(x) || std::isnan(y)) {
        if (std::isnan(x) != std::isnan(y)) return std::isnan(y);
      } else if (x != y) {
        return expr.op == AggregateOp::Topk ? x > y : x < y;
      }
      return rank[a] < rank[b];
    };
    for (const std::vector<size_t>& group : members) {
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(4 * group.size()));
      candidates.clear();
      std::ranges::copy_if(group, std::back_inserter(candidates),
                           [&](size_t row) { return !is_absent(value(row)); });
      const size_t kept = std::min(k, candidates.size());
      std::partial_sort(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(kept),
                        candidates.end(), better);
      for (const size_t row : std::span(candidates).first(kept)) {
        if (row_of[row] == kNone) {
          KANSOKU_TRY(row_of[row], out.add(all.row(row).labels, all.row(row).drop_name));
        }
        out.values(row_of[row])[step] = value(row);
      }
    }
  }
  return out.pass_on(sink);
}

}  // namespace kansoku::query::promql
