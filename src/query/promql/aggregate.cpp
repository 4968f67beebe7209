// Aggregations over the series of a step, group by group.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "query/promql/evaluator.h"
#include "query/promql/histogram_math.h"
#include "query/promql/lexer.h"

namespace kansoku::query::promql {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Group {
  LabelSet labels;
  bool drop_name = false;
};

// The group of each input series.
struct Groups {
  std::vector<Group> groups;
  std::vector<size_t> of_series;
};

LabelSet group_labels(const AggregateExpr& expr, const LabelSet& labels) {
  if (!expr.without) return labels.keep(expr.grouping);
  std::vector<std::string> dropped = expr.grouping;
  dropped.emplace_back(kMetricName);
  return labels.drop(dropped);
}

Result<Groups> groups_of(const AggregateExpr& expr, const Matrix& matrix, QueryContext& context) {
  Groups out;
  std::unordered_map<LabelSet, size_t, LabelSetHash> rows;
  for (const Series& series : matrix) {
    KANSOKU_RETURN_IF_ERROR(context.spend(kSeriesUnits));
    LabelSet labels = group_labels(expr, series.labels);
    const auto [row, fresh] = rows.try_emplace(labels, out.groups.size());
    if (fresh) out.groups.push_back({std::move(labels), series.drop_name});
    out.of_series.push_back(row->second);
  }
  return out;
}

// What is added up of one group at one step. Only the members that the operator needs are used.
struct Accumulator {
  double count = 0;
  bool floats = false;
  bool histograms = false;
  bool incompatible = false;
  bool incremental = false;
  bool reset = false;
  bool not_reset = false;
  bool reconciled = false;
  double value = 0;
  double rest = 0;
  double mean = 0;
  std::optional<HistogramSum> histogram;
  std::vector<double> values;
};

class Aggregation {
 public:
  Aggregation(const AggregateExpr& expr, Annotations& annotations)
      : expr_(expr), annotations_(annotations) {}
  void add(Accumulator& to, const Series& series, const Point& point);
  // Nothing: the group has no result at this step.
  std::optional<Point> result(Accumulator& from, double parameter);

 private:
  PositionRange position() const { return expr_.expr->position; }
  void ignore_histogram() {
    annotations_.info(
        fmt::format("ignored histogram in {} aggregation", aggregate_op(expr_.op).text),
        position());
  }
  void add_histogram(Accumulator& to, const Series& series, const FloatHistogram& histogram);
  void add_float(Accumulator& to, double value);
  void average(Accumulator& to, double value);
  std::optional<Point> sum_result(Accumulator& from);

  const AggregateExpr& expr_;
  Annotations& annotations_;
};

void Aggregation::add(Accumulator& to, const Series& series, const Point& point) {
  const AggregateOp op = expr_.op;
  if (op == AggregateOp::Count || op == AggregateOp::Group) {
    to.count += 1;
    return;
  }
  if (point.h && (op == AggregateOp::Sum || op == AggregateOp::Avg)) {
    add_histogram(to, series, *point.h);
  } else if (point.h) {
    ignore_histogram();
  } else {
    add_float(to, point.f);
  }
}

void Aggregation::add_histogram(Accumulator& to, const Series& series,
                                const FloatHistogram& histogram) {
  to.histograms = true;
  to.reset = to.reset || histogram.hint == signal::ResetHint::Reset;
  to.not_reset = to.not_reset || histogram.hint == signal::ResetHint::NotReset;
  to.count += 1;
  if (to.incompatible) return;
  const auto joined = [&](const JoinReport& report) {
    to.reconciled = to.reconciled || report.reconciled;
    if (!report.incompatible) return true;
    to.incompatible = true;
    annotations_.mixed_schemas(series.labels.get(kMetricName), position());
    return false;
  };
  if (!to.histogram) {
    to.histogram.emplace(histogram);
    return;
  }
  if (expr_.op == AggregateOp::Sum) {
    joined(to.histogram->add(histogram));
    return;
  }
  if (!to.incremental) {
    HistogramSum next = *to.histogram;
    if (!joined(next.add(histogram))) return;
    if (!next.sum().overflowed()) {
      to.histogram = std::move(next);
      return;
    }
    to.incremental = true;
    to.histogram->divide(to.count - 1);
  }
  to.histogram->scale((to.count - 1) / to.count);
  FloatHistogram part = histogram;
  part.divide(to.count);
  joined(to.histogram->add(part));
}

// The mean of the sum as long as that does not overflow, then the running mean.
void Aggregation::average(Accumulator& to, double value) {
  if (!to.incremental) {
    double next = to.value;
    double next_rest = to.rest;
    if (to.count == 1) {
      next = value;
    } else {
      kahan_add(value, next, next_rest);
    }
    if (!std::isinf(next) || to.count == 1) {
      to.value = next;
      to.rest = next_rest;
      return;
    }
    to.incremental = true;
    to.mean = to.value / (to.count - 1);
    to.rest /= to.count - 1;
  }
  const double q = (to.count - 1) / to.count;
  to.mean *= q;
  to.rest *= q;
  kahan_add(value / to.count, to.mean, to.rest);
}

void Aggregation::add_float(Accumulator& to, double value) {
  const bool first = !to.floats;
  to.floats = true;
  to.count += 1;
  switch (expr_.op) {
    case AggregateOp::Sum:
      kahan_add(value, to.value, to.rest);
      break;
    case AggregateOp::Avg:
      average(to, value);
      break;
    case AggregateOp::Min:
      if (first || value < to.value || std::isnan(to.value)) to.value = value;
      break;
    case AggregateOp::Max:
      if (first || value > to.value || std::isnan(to.value)) to.value = value;
      break;
    case AggregateOp::Stddev:
    case AggregateOp::Stdvar: {
      // Welford's recurrence; a first value that is no number makes the result none.
      if (first && !std::isfinite(value)) to.value = kNaN;
      const double delta = value - to.mean;
      to.mean += delta / to.count;
      to.value += delta * (value - to.mean);
      break;
    }
    default:
      to.values.push_back(value);
      break;
  }
}

std::optional<Point> Aggregation::sum_result(Accumulator& from) {
  if (from.floats && from.histograms) {
    annotations_.warn("encountered a mix of histograms and floats for aggregation", position());
    return std::nullopt;
  }
  const bool average = expr_.op == AggregateOp::Avg;
  if (!from.histograms) {
    if (!from.floats) return std::nullopt;
    if (!average) return Point{.f = std::isinf(from.value) ? from.value : from.value + from.rest};
    if (from.incremental) return Point{.f = from.mean + from.rest};
    return Point{.f = from.value / from.count + from.rest / from.count};
  }
  if (from.incompatible) return std::nullopt;
  if (from.reset && from.not_reset) annotations_.reset_collision("aggregation", position());
  if (from.reconciled) annotations_.bounds_reconciled("aggregation", position());
  if (average && !from.incremental) from.histogram->divide(from.count);
  return Point{.h = std::make_shared<const FloatHistogram>(from.histogram->total())};
}

std::optional<Point> Aggregation::result(Accumulator& from, double parameter) {
  switch (expr_.op) {
    case AggregateOp::Count:
      return from.count > 0 ? std::optional(Point{.f = from.count}) : std::nullopt;
    case AggregateOp::Group:
      return from.count > 0 ? std::optional(Point{.f = 1}) : std::nullopt;
    case AggregateOp::Sum:
    case AggregateOp::Avg:
      return sum_result(from);
    default:
      break;
  }
  if (!from.floats) return std::nullopt;
  switch (expr_.op) {
    case AggregateOp::Stdvar:
      return Point{.f = from.value / from.count};
    case AggregateOp::Stddev:
      return Point{.f = std::sqrt(from.value / from.count)};
    case AggregateOp::Quantile:
      return Point{.f = quantile_of(parameter, std::move(from.values))};
    default:
      return Point{.f = from.value};
  }
}

// --- topk, bottomk, limitk, limit_ratio: series are chosen, not joined ---

Result<double> ratio_parameter(double ratio, const AggregateExpr& expr, Annotations& annotations) {
  if (std::isnan(ratio)) return invalid_argument("Ratio value is NaN");
  if (ratio >= -1 && ratio <= 1) return ratio;
  const double capped = ratio > 1 ? 1 : -1;
  annotations.warn(fmt::format("ratio value should be between -1 and 1, got {}, capping to {}",
                               format_general(ratio), format_general(capped)),
                   expr.param->position);
  return capped;
}

bool within_ratio(double ratio, const LabelSet& labels) {
  const double share = static_cast<double>(labels.stable_hash()) / 18446744073709551616.0;  // 2^64
  return (ratio >= 0 && share < ratio) || (ratio < 0 && share >= 1 + ratio);
}

class Chooser {
 public:
  Chooser(const AggregateExpr& expr, const Matrix& matrix, const Groups& groups, Root& root)
      : expr_(expr),
        matrix_(matrix),
        groups_(groups),
        annotations_(root.annotations),
        context_(root.context),
        reader_(matrix) {
    order_ = order_by_labels(matrix.size(), [&](size_t row) { return matrix[row].labels; });
    rank_.resize(order_.size());
    for (size_t i = 0; i < order_.size(); ++i) rank_[order_[i]] = i;
  }
  // Rows of the series that remain at `t`, in the order of the result.
  Result<std::vector<size_t>> step(int64_t t, double parameter);
  const Point* point(size_t row, int64_t t) { return reader_.at(row, t); }

 private:
  void keep_best(std::vector<size_t>& rows, size_t k, int64_t t);

  const AggregateExpr& expr_;
  const Matrix& matrix_;
  const Groups& groups_;
  Annotations& annotations_;
  QueryContext& context_;
  StepReader reader_;
  // Of equals the first by labels is chosen, so that the order of series says nothing.
  std::vector<size_t> order_;
  std::vector<size_t> rank_;
};

// NaN is the worst at both ends.
void Chooser::keep_best(std::vector<size_t>& rows, size_t k, int64_t t) {
  const bool top = expr_.op == AggregateOp::Topk;
  const auto better = [&](size_t a, size_t b) {
    const double x = reader_.at(a, t)->f;
    const double y = reader_.at(b, t)->f;
    if (std::isnan(x) || std::isnan(y)) {
      if (std::isnan(x) != std::isnan(y)) return std::isnan(y);
    } else if (x != y) {
      return top ? x > y : x < y;
    }
    return rank_[a] < rank_[b];
  };
  std::ranges::sort(rows, better);
  rows.resize(std::min(rows.size(), k));
}

Result<std::vector<size_t>> Chooser::step(int64_t t, double parameter) {
  const bool ratio = expr_.op == AggregateOp::LimitRatio;
  const bool ranks = expr_.op == AggregateOp::Topk || expr_.op == AggregateOp::Bottomk;
  size_t k = 0;
  double share = 0;
  if (ratio) {
    KANSOKU_TRY(share, ratio_parameter(parameter, expr_, annotations_));
  } else {
    KANSOKU_TRY(k, count_parameter(parameter, matrix_.size()));
  }
  if (!ratio && k == 0) return std::vector<size_t>{};
  std::vector<std::vector<size_t>> members(groups_.groups.size());
  for (const size_t row : order_) {
    const Point* point = reader_.at(row, t);
    KANSOKU_RETURN_IF_ERROR(context_.spend(4 * kPointUnits));
    if (point == nullptr) continue;
    std::vector<size_t>& of_group = members[groups_.of_series[row]];
    if (ranks && point->h) {
      annotations_.info(
          fmt::format("ignored histogram in {} aggregation", aggregate_op(expr_.op).text),
          expr_.expr->position);
    } else if (ranks || (ratio && within_ratio(share, matrix_[row].labels)) ||
               (!ratio && of_group.size() < k)) {
      of_group.push_back(row);
    }
  }
  std::vector<size_t> out;
  for (std::vector<size_t>& of_group : members) {
    if (ranks) keep_best(of_group, k, t);
    out.insert(out.end(), of_group.begin(), of_group.end());
  }
  return out;
}

bool chooses(AggregateOp op) {
  return op == AggregateOp::Topk || op == AggregateOp::Bottomk || op == AggregateOp::Limitk ||
         op == AggregateOp::LimitRatio;
}

Status count_values_step(const AggregateExpr& expr, const Groups& groups, StepReader& reader,
                         int64_t t, QueryContext& context, SeriesCollector& out) {
  const Matrix& matrix = reader.matrix();
  const std::string& label = as<StringLiteral>(unwrapped(*expr.param)).value;
  // The label is set before the series are grouped, so it may replace one of theirs.
  const bool dropped =
      expr.without && std::ranges::find(expr.grouping, label) != expr.grouping.end();
  struct Count {
    double series = 0;
    bool drop_name = false;
  };
  std::map<LabelSet, Count> counts;
  for (size_t row = 0; row < matrix.size(); ++row) {
    const Point* point = reader.at(row, t);
    KANSOKU_RETURN_IF_ERROR(context.spend(point == nullptr ? kPointUnits : 2 * kSeriesUnits));
    if (point == nullptr) continue;
    std::string text = point->h ? point->h->to_string() : format_number(point->f);
    const Group& group = groups.groups[groups.of_series[row]];
    Count& count = counts[dropped ? group.labels : group.labels.with(label, text)];
    count.series += 1;
    count.drop_name = group.drop_name;
  }
  for (const auto& [labels, count] : counts) {
    const Sample sample{labels, count.drop_name, {.t = t, .f = count.series}};
    if (!out.add(sample, t))
      return invalid_argument("vector cannot contain metrics with the same labelset");
  }
  return {};
}

}  // namespace

Result<size_t> count_parameter(double k, size_t series) {
  if (std::isnan(k)) return invalid_argument("Parameter value is NaN");
  if (!(std::abs(k) < 9.3e18))
    return invalid_argument("Scalar value {} overflows int64", format_general(k));
  if (k < 1) return 0;
  return static_cast<size_t>(std::min(k, static_cast<double>(series)));
}

std::vector<size_t> order_by_labels(size_t rows, const std::function<LabelSet(size_t)>& labels_of) {
  std::vector<size_t> order(rows);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t a, size_t b) { return labels_of(a) < labels_of(b); });
  return order;
}

Result<Matrix> Evaluator::aggregate(const AggregateExpr& expr) {
  Matrix parameter;
  if (expr.param && expr.param->type() == ValueType::Scalar) {
    KANSOKU_TRY(parameter, eval(*expr.param));
  }
  if (expr.op == AggregateOp::CountValues) {
    const std::string& label = as<StringLiteral>(unwrapped(*expr.param)).value;
    if (!is_valid_label_name(label))
      return invalid_argument("invalid label name {}", go_quoted(label));
  }
  KANSOKU_TRY(Matrix matrix, eval(*expr.expr));
  KANSOKU_TRY(const Groups groups, groups_of(expr, matrix, root_.context));
  Aggregation aggregation(expr, root_.annotations);
  std::optional<Chooser> chooser;
  if (chooses(expr.op)) chooser.emplace(expr, matrix, groups, root_);
  StepReader reader(matrix);
  SeriesCollector collector;
  for (size_t i = 0; i < grid_.steps(); ++i) {
    const int64_t t = grid_.at(i);
    const double value = parameter.empty() ? 0 : parameter.front().points[i].f;
    KANSOKU_RETURN_IF_ERROR(charge(collector.points()));
    if (chooses(expr.op)) {
      KANSOKU_TRY(const std::vector<size_t> rows, chooser->step(t, value));
      for (size_t row : rows) {
        collector.add({matrix[row].labels, matrix[row].drop_name, *chooser->point(row, t)}, t);
      }
      continue;
    }
    if (expr.op == AggregateOp::CountValues) {
      KANSOKU_RETURN_IF_ERROR(count_values_step(expr, groups, reader, t, root_.context, collector));
      continue;
    }
    if (expr.op == AggregateOp::Quantile && (std::isnan(value) || value < 0 || value > 1)) {
      root_.annotations.bad_quantile(value, expr.param->position);
    }
    std::vector<Accumulator> accumulators(groups.groups.size());
    for (size_t row = 0; row < matrix.size(); ++row) {
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(kPointUnits));
      if (const Point* point = reader.at(row, t))
        aggregation.add(accumulators[groups.of_series[row]], matrix[row], *point);
    }
    for (size_t group = 0; group < accumulators.size(); ++group) {
      std::optional<Point> point = aggregation.result(accumulators[group], value);
      if (point)
        collector.add(
            {groups.groups[group].labels, groups.groups[group].drop_name, std::move(*point)}, t);
    }
  }
  return collector.take();
}

}  // namespace kansoku::query::promql
