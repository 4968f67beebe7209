// Functions over histograms: native samples, and classic ones as series with an `le` label.
#include <cmath>
#include <unordered_map>

#include "query/promql/calls.h"
#include "query/promql/histogram_math.h"
#include "query/promql/implementations.h"
#include "query/promql/lexer.h"

namespace kansoku::query::promql {
namespace {

constexpr std::string_view kBucketLabel = "le";

template <class Function>
void map_histograms(VectorCall& call, Function&& function) {
  for (const Sample& sample : call.args[0]) {
    if (sample.point.h) call.put(sample, function(*sample.point.h));
  }
}

struct ClassicHistogram {
  Sample sample;  // labels without `le`
  std::vector<ClassicBucket> buckets;
};

// The histograms of one vector, sorted out by kind.
struct Histograms {
  std::vector<const Sample*> native;
  std::vector<ClassicHistogram> classic;
};

Histograms sort_out(VectorCall& call, const Vector& vector, PositionRange at) {
  Histograms out;
  std::unordered_map<LabelSet, size_t, LabelSetHash> rows;
  for (const Sample& sample : vector) {
    if (sample.point.h) continue;
    const std::string_view le = sample.labels.get(kBucketLabel);
    const Result<double> bound = parse_number(le);
    if (!bound) {
      call.annotations.bad_bucket_label(le, sample.labels.get(kMetricName), at);
      continue;
    }
    LabelSet labels = sample.labels.with(kBucketLabel, "");
    const auto [row, fresh] = rows.try_emplace(labels, out.classic.size());
    if (fresh) out.classic.push_back({{std::move(labels), sample.drop_name, {}}, {}});
    out.classic[row->second].buckets.push_back({*bound, sample.point.f});
  }
  for (const Sample& sample : vector) {
    if (!sample.point.h) continue;
    const auto row = rows.find(sample.labels);
    if (row != rows.end()) {
      call.annotations.mixed_classic_native(sample.labels.get(kMetricName), at);
      out.classic[row->second].buckets.clear();
      continue;
    }
    out.native.push_back(&sample);
  }
  std::erase_if(out.classic,
                [](const ClassicHistogram& histogram) { return histogram.buckets.empty(); });
  return out;
}

void tell_lifted(VectorCall& call, const Sample& sample, const ClassicQuantile& quantile,
                 PositionRange at) {
  if (!quantile.lifted) return;
  const std::string_view metric =
      call.options.delayed_name_removal ? sample.labels.get(kMetricName) : std::string_view();
  call.annotations.lifted(metric, at,
                          {.t_first = call.t,
                           .t_last = call.t,
                           .from = quantile.lifted_from,
                           .to = quantile.lifted_to,
                           .by = quantile.lifted_by,
                           .times = 1});
}

void tell_nan(VectorCall& call, const Sample& sample, NanEffect effect, PositionRange at) {
  constexpr std::array<std::string_view, 4> kTexts{
      "", "input to histogram_quantile has NaN observations, result is NaN",
      "input to histogram_quantile has NaN observations, result is skewed higher",
      "input to histogram_fraction has NaN observations, which are excluded from all fractions"};
  if (effect == NanEffect::None) return;
  call.annotations.nan_observations(kTexts[static_cast<size_t>(effect)],
                                    sample.labels.get(kMetricName), at);
}

void check_quantile(VectorCall& call, double q, PositionRange at) {
  if (std::isnan(q) || q < 0 || q > 1) call.annotations.bad_quantile(q, at);
}

// The text of a quantile in a label: OpenMetrics' float, 1 is "1.0".
std::string quantile_text(double q) {
  std::string text = format_general(q);
  if (std::isfinite(q) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

void fn_histogram_count(VectorCall& call) {
  map_histograms(call, [](const FloatHistogram& h) { return h.count; });
}
void fn_histogram_sum(VectorCall& call) {
  map_histograms(call, [](const FloatHistogram& h) { return h.sum; });
}
void fn_histogram_avg(VectorCall& call) {
  map_histograms(call, [](const FloatHistogram& h) { return h.sum / h.count; });
}
void fn_histogram_stdvar(VectorCall& call) { map_histograms(call, native_variance); }
void fn_histogram_stddev(VectorCall& call) {
  map_histograms(call, [](const FloatHistogram& h) { return std::sqrt(native_variance(h)); });
}

void fn_histogram_fraction(VectorCall& call) {
  const double lower = call.scalar(0);
  const double upper = call.scalar(1);
  const Histograms histograms = sort_out(call, call.args[2], call.expr.args[2]->position);
  for (const Sample* sample : histograms.native) {
    const NativeResult fraction = native_fraction(lower, upper, *sample->point.h);
    tell_nan(call, *sample, fraction.nan, call.expr.args[0]->position);
    call.put(*sample, fraction.value);
  }
  for (const ClassicHistogram& classic : histograms.classic) {
    call.put(classic.sample, classic_fraction(lower, upper, classic.buckets));
  }
}

void fn_histogram_quantile(VectorCall& call) {
  const double q = call.scalar(0);
  const PositionRange at = call.expr.args[1]->position;
  check_quantile(call, q, call.expr.args[0]->position);
  const Histograms histograms = sort_out(call, call.args[1], at);
  for (const Sample* sample : histograms.native) {
    const NativeResult quantile = native_quantile(q, *sample->point.h);
    tell_nan(call, *sample, quantile.nan, call.expr.args[0]->position);
    call.put(*sample, quantile.value);
  }
  for (const ClassicHistogram& classic : histograms.classic) {
    const ClassicQuantile quantile = classic_quantile(q, classic.buckets);
    tell_lifted(call, classic.sample, quantile, at);
    call.put(classic.sample, quantile.value);
  }
}

void fn_histogram_quantiles(VectorCall& call) {
  const PositionRange at = call.expr.args[0]->position;
  const std::string& label = as<StringLiteral>(unwrapped(*call.expr.args[1])).value;
  const Histograms histograms = sort_out(call, call.args[0], at);
  for (size_t i = 2; i < call.args.size(); ++i) {
    const double q = call.scalar(i);
    check_quantile(call, q, call.expr.args[i]->position);
    const std::string text = quantile_text(q);
    for (const Sample* native : histograms.native) {
      Sample sample = *native;
      const NativeResult quantile = native_quantile(q, *native->point.h);
      tell_nan(call, *native, quantile.nan, at);
      sample.labels = sample.labels.with(label, text);
      call.put(sample, quantile.value);
    }
    for (const ClassicHistogram& classic : histograms.classic) {
      Sample sample = classic.sample;
      const ClassicQuantile quantile = classic_quantile(q, classic.buckets);
      tell_lifted(call, sample, quantile, at);
      sample.labels = sample.labels.with(label, text);
      call.put(sample, quantile.value);
    }
  }
}

}  // namespace kansoku::query::promql
