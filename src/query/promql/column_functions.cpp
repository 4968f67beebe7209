// Functions of instant vectors over columns: one value at a time, and classic histograms.
#include <cmath>
#include <numbers>

#include "query/promql/column_evaluator.h"
#include "query/promql/go_math.h"
#include "query/promql/group_table.h"
#include "query/promql/histogram_math.h"
#include "query/promql/implementations.h"
#include "query/promql/lexer.h"

namespace kansoku::query::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::string_view kBucketLabel = "le";

struct MapRow {
  VectorFunction function;
  double (*map)(double);
};
constexpr std::array<MapRow, 23> kMaps{{
    {fn_abs, [](double v) { return std::abs(v); }},
    {fn_ceil, [](double v) { return std::ceil(v); }},
    {fn_floor, [](double v) { return std::floor(v); }},
    {fn_exp, [](double v) { return std::exp(v); }},
    {fn_sqrt, [](double v) { return std::sqrt(v); }},
    {fn_ln, [](double v) { return std::log(v); }},
    {fn_log2, [](double v) { return std::log2(v); }},
    {fn_log10, [](double v) { return std::log10(v); }},
    {fn_sin, [](double v) { return std::sin(v); }},
    {fn_cos, [](double v) { return std::cos(v); }},
    {fn_tan, [](double v) { return std::tan(v); }},
    {fn_asin, [](double v) { return std::asin(v); }},
    {fn_acos, [](double v) { return std::acos(v); }},
    {fn_atan, [](double v) { return std::atan(v); }},
    {fn_sinh, [](double v) { return std::sinh(v); }},
    {fn_cosh, [](double v) { return std::cosh(v); }},
    {fn_tanh, [](double v) { return std::tanh(v); }},
    {fn_asinh, [](double v) { return std::asinh(v); }},
    {fn_acosh, [](double v) { return std::acosh(v); }},
    {fn_atanh, [](double v) { return std::atanh(v); }},
    {fn_rad, [](double v) { return v * std::numbers::pi / 180; }},
    {fn_deg, [](double v) { return v * 180 / std::numbers::pi; }},
    {fn_sgn, [](double v) { return v < 0   ? -1
                                   : v > 0 ? 1
                                           : v; }},
}};

const MapRow* map_of(const CallExpr& call) {
  const auto row = std::ranges::find(kMaps, call.function->vector, &MapRow::function);
  return call.function->vector != nullptr && row != kMaps.end() ? &*row : nullptr;
}

bool clamps(VectorFunction function) {
  return function == fn_clamp || function == fn_clamp_min || function == fn_clamp_max;
}

// The classic histograms among the rows of a vector.
struct ClassicHistogram {
  LabelSet labels;  // without `le`
  bool drop_name = false;
  struct Bucket {
    double upper = 0;
    size_t row = 0;
  };
  std::vector<Bucket> buckets;
};

}  // namespace

bool has_function_kernel(const CallExpr& call) {
  const VectorFunction function = call.function->vector;
  if (function == nullptr || call.function->special != SpecialFunction::None) return false;
  return map_of(call) != nullptr || clamps(function) || function == fn_round ||
         function == fn_histogram_quantile;
}

Status ColumnEvaluator::function_rows(const CallExpr& call, const RowSink& sink) {
  const VectorFunction function = call.function->vector;
  if (function == fn_histogram_quantile) return quantile_rows(call, sink);
  const MapRow* map = map_of(call);
  const auto produce = [&](const RowSink& to) -> Status {
    const size_t steps = grid_.steps();
    std::vector<double> low(steps, -kInfinity);
    std::vector<double> high(steps, kInfinity);
    // What values are rounded to.
    std::vector<double> unit(steps, 1);
    // Arguments are evaluated in order: the vector is the first of them.
    std::optional<Columns> held;
    if (call.args.size() > 1) {
      KANSOKU_TRY(held, columns(*call.args[0]));
      std::vector<double>& second = function == fn_round       ? unit
                                    : function == fn_clamp_max ? high
                                                               : low;
      KANSOKU_TRY(second, scalar(*call.args[1]));
      if (function == fn_clamp) {
        KANSOKU_TRY(high, scalar(*call.args[2]));
      }
    }
    const auto value = [&](double v, size_t i) {
      if (map != nullptr) return map->map(v);
      if (function == fn_round) {
        // The inverse loses fewer digits than dividing by the unit.
        const double inverse = 1.0 / unit[i];
        return std::floor(v * inverse + 0.5) / inverse;
      }
      return high[i] < low[i] ? kAbsent : go_max(low[i], go_min(high[i], v));
    };
    const auto one = [&](const RowView& row) {
      for (size_t i = 0; i < steps; ++i) {
        if (!is_absent(row.values[i])) row.values[i] = value(row.values[i], i);
      }
      return to(row);
    };
    return held ? held->pass_on(one) : rows(*call.args[0], one);
  };
  return without_names(produce, sink);
}

Status ColumnEvaluator::quantile_rows(const CallExpr& call, const RowSink& sink) {
  KANSOKU_TRY(const std::vector<double> q, scalar(*call.args[0]));
  KANSOKU_TRY(const Columns all, columns(*call.args[1]));
  const PositionRange at = call.args[1]->position;
  for (const double wanted : q) {
    if (!(wanted >= 0 && wanted <= 1))
      root_.annotations.bad_quantile(wanted, call.args[0]->position);
  }
  std::unordered_map<LabelSet, size_t, LabelSetHash> numbers;
  std::vector<ClassicHistogram> histograms;
  for (size_t i = 0; i < all.size(); ++i) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(4 * kRowUnits));
    const LabelSet& labels = all.row(i).labels;
    const std::string_view le = labels.get(kBucketLabel);
    const Result<double> bound = parse_number(le);
    if (!bound) {
      if (!std::ranges::all_of(all.values(i), is_absent))
        root_.annotations.bad_bucket_label(le, labels.get(kMetricName), at);
      continue;
    }
    const LabelSet without = labels.with(kBucketLabel, "");
    const auto [number, fresh] = numbers.try_emplace(without, histograms.size());
    if (fresh) histograms.push_back({without, all.row(i).drop_name, {}});
    histograms[number->second].buckets.push_back({*bound, i});
  }
  const auto produce = [&](const RowSink& to) -> Status {
    std::vector<double> out(grid_.steps());
    std::vector<ClassicBucket> buckets;
    for (ClassicHistogram& histogram : histograms) {
      std::ranges::sort(histogram.buckets, {}, &ClassicHistogram::Bucket::upper);
      const std::string_view metric = root_.options.delayed_name_removal
                                          ? histogram.labels.get(kMetricName)
                                          : std::string_view();
      for (size_t step = 0; step < out.size(); ++step) {
        KANSOKU_RETURN_IF_ERROR(root_.context.spend(8 * histogram.buckets.size()));
        buckets.clear();
        for (const auto& [upper, row] : histogram.buckets) {
          if (!is_absent(all.values(row)[step])) buckets.push_back({upper, all.values(row)[step]});
        }
        out[step] = kAbsent;
        if (buckets.empty()) continue;
        const ClassicQuantile quantile = classic_quantile(q[step], buckets);
        out[step] = quantile.value;
        if (!quantile.lifted) continue;
        root_.annotations.lifted(metric, at,
                                 {.t_first = grid_.at(step),
                                  .t_last = grid_.at(step),
                                  .from = quantile.lifted_from,
                                  .to = quantile.lifted_to,
                                  .by = quantile.lifted_by,
                                  .times = 1});
      }
      KANSOKU_RETURN_IF_ERROR(to({histogram.labels, histogram.drop_name, out}));
    }
    return {};
  };
  return without_names(produce, sink);
}

}  // namespace kansoku::query::promql
