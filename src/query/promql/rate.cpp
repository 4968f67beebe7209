// rate(), increase(), delta(), irate(), idelta(): differences over a range, with Prometheus'
// extrapolation, its counter resets, and the anchored and smoothed forms.
#include <algorithm>
#include <cmath>

#include "query/promql/calls.h"
#include "query/promql/implementations.h"
#include "query/promql/start_times.h"

namespace kansoku::query::promql {
namespace {

struct RateKind {
  bool counter = false;
  bool per_second = false;
};

bool put(RangeCall& call, double value) {
  call.out = {.t = call.t, .f = value};
  return true;
}

bool put(RangeCall& call, FloatHistogram histogram) {
  histogram.compact();
  call.out = {
      .t = call.t, .f = 0, .h = std::make_shared<const FloatHistogram>(std::move(histogram))};
  return true;
}

double range_seconds(const RangeCall& call) { return static_cast<double>(call.range_ms) / 1000; }

bool is_gauge(const FloatHistogram& h) { return h.hint == signal::ResetHint::Gauge; }

// Joins and says what is to be told of it; false when the layouts cannot be joined.
bool joined(RangeCall& call, const JoinReport& report, std::string_view operation) {
  if (report.incompatible) call.annotations.mixed_schemas(call.metric(), call.position());
  if (report.reconciled) call.annotations.bounds_reconciled(operation, call.position());
  return !report.incompatible;
}
bool add(RangeCall& call, FloatHistogram& to, const FloatHistogram& what) {
  return joined(call, to.add(what), "addition");
}
bool subtract(RangeCall& call, FloatHistogram& from, const FloatHistogram& what) {
  return joined(call, from.subtract(what), "subtraction");
}

bool is_reset(const RangeCall& call, const Point& before, const Point& now) {
  if (call.options.start_timestamps && is_start_reset(before, now)) return true;
  return now.h ? now.h->reset_since(*before.h) : now.f < before.f;
}

void tell_overlaps(RangeCall& call) {
  if (!call.options.start_timestamps) return;
  for (size_t i = 1; i < call.points.size(); ++i) {
    if (!start_overlaps(call.points[i - 1], call.points[i])) continue;
    call.annotations.warn(
        fmt::format("start timestamps of samples overlap with earlier samples{}",
                    call.metric().empty()
                        ? ""
                        : fmt::format(" for metric name {}", go_quoted(call.metric()))),
        call.position());
    return;
  }
}

// The difference of last and first histogram, resets added back. Nothing when they do not fit.
std::optional<FloatHistogram> histogram_difference(RangeCall& call, bool counter) {
  const std::span<const Point> points = call.points;
  const FloatHistogram& first = *points.front().h;
  const FloatHistogram& last = *points.back().h;
  if (counter && (is_gauge(first) || is_gauge(last)))
    call.annotations.not_counter(call.metric(), call.position());
  // After a reset between the first two the layout of the first does not matter.
  FloatHistogram base = first;
  if (counter && is_reset(call, points[0], points[1])) {
    base = {};
    base.schema = points[1].h->schema;
    base.custom_values = points[1].h->custom_values;
  }
  const auto mixed = [&]() -> std::optional<FloatHistogram> {
    call.annotations.mixed_schemas(call.metric(), call.position());
    return std::nullopt;
  };
  if (last.custom() != base.custom()) return mixed();
  int32_t schema = std::min(last.schema, base.schema);
  if (counter) {
    for (const Point& point : points.subspan(1, points.size() - 2)) {
      if (is_gauge(*point.h)) call.annotations.not_counter(call.metric(), call.position());
      if (point.h->custom() != base.custom()) return mixed();
      schema = std::min(schema, point.h->schema);
    }
  }
  FloatHistogram out = last;
  out.reduce_schema(schema);
  if (!subtract(call, out, base)) return std::nullopt;
  if (counter) {
    tell_overlaps(call);
    // The first pair compares with the emptied base: nothing is to be added back for it.
    const FloatHistogram* before = &base;
    for (size_t i = 1; i < points.size(); ++i) {
      const FloatHistogram& now = *points[i].h;
      const bool start_reset =
          call.options.start_timestamps && is_start_reset(points[i - 1], points[i]);
      if ((start_reset || now.reset_since(*before)) && !add(call, out, *before))
        return std::nullopt;
      before = &now;
    }
  } else if (!is_gauge(first) || !is_gauge(last)) {
    call.annotations.not_gauge(call.metric(), call.position());
  }
  out.hint = signal::ResetHint::Gauge;
  out.compact();
  return out;
}

double float_difference(RangeCall& call, bool counter) {
  double difference = call.points.back().f - call.points.front().f;
  if (!counter) return difference;
  tell_overlaps(call);
  for (size_t i = 1; i < call.points.size(); ++i) {
    if (is_reset(call, call.points[i - 1], call.points[i])) difference += call.points[i - 1].f;
  }
  return difference;
}

// How far the difference is stretched to cover the range (Prometheus, extrapolatedRate).
struct Stretch {
  double to_start = 0;
  double to_end = 0;
  double sampled = 0;
};

// Counters do not go below zero: the stretch to the start ends where the line through the points
// does.
void stop_at_zero(Stretch& stretch, double first, double difference) {
  if (difference > 0 && first >= 0) {
    stretch.to_start = std::min(stretch.to_start, stretch.sampled * (first / difference));
  }
}

bool extrapolated(RangeCall& call, RateKind kind) {
  const Point& first = call.points.front();
  const Point& last = call.points.back();
  const bool histograms = first.h != nullptr;
  const size_t intervals = call.points.size() - 1;
  double value = 0;
  std::optional<FloatHistogram> histogram;
  if (!histograms) {
    value = float_difference(call, kind.counter);
  } else if (intervals > 0) {
    histogram = histogram_difference(call, kind.counter);
    if (!histogram) return false;
  }
  Stretch stretch{.to_start = static_cast<double>(first.t - call.range_start) / 1000,
                  .to_end = static_cast<double>(call.range_end - last.t) / 1000,
                  .sampled = static_cast<double>(last.t - first.t) / 1000};
  const double average =
      intervals > 0 ? stretch.sampled / std::max(call.points_count() - 1, 1.0) : 0;
  const double threshold = average * 1.1;
  const bool known_start = call.options.start_timestamps && kind.counter && first.st != 0 &&
                           first.st > call.range_start && first.st < first.t;
  if (known_start) {
    // The counter began within the range: as if there were a sample of zero at its start.
    stretch.to_start = 0;
    stretch.sampled = static_cast<double>(last.t - first.st) / 1000;
    if (!histograms) {
      value += first.f;
    } else if (!histogram) {
      histogram = *first.h;
    } else if (!add(call, *histogram, *first.h)) {
      return false;
    }
  } else if (intervals == 0) {
    return false;
  } else {
    if (stretch.to_start >= threshold) stretch.to_start = average / 2;
    if (kind.counter) {
      stop_at_zero(stretch, histograms ? first.h->count : first.f,
                   histograms ? histogram->count : value);
    }
  }
  if (stretch.to_end >= threshold) stretch.to_end = average / 2;
  double factor = 1;
  if (stretch.sampled != 0)
    factor = (stretch.sampled + stretch.to_start + stretch.to_end) / stretch.sampled;
  if (kind.per_second) factor /= range_seconds(call);
  if (!histograms) return put(call, value * factor);
  histogram->scale(factor);
  return put(call, std::move(*histogram));
}

// --- anchored and smoothed ---

struct Edges {
  size_t first = 0;
  size_t last = 0;
};

// The points at the edges of the range; nothing when the range is not covered.
std::optional<Edges> edges_of(const RangeCall& call) {
  const std::span<const Point> points = call.points;
  const size_t final = points.size() - 1;
  Edges edges{0, final};
  while (edges.first < final && points[edges.first].t <= call.range_start) ++edges.first;
  if (edges.first > 0) --edges.first;
  if (call.mode == RangeMode::Smoothed) {
    edges.last = 0;
    while (edges.last < final && points[edges.last].t < call.range_end) ++edges.last;
  }
  if (points[edges.last].t <= call.range_start) return std::nullopt;
  if (call.mode == RangeMode::Smoothed && points[edges.first].t > call.range_end)
    return std::nullopt;
  return edges;
}

double share(const Point& a, const Point& b, int64_t t) {
  return static_cast<double>(t - a.t) / static_cast<double>(b.t - a.t);
}

double float_between(const Point& a, const Point& b, int64_t t, bool counter) {
  const double from = counter && b.f < a.f ? 0 : a.f;
  return from + (b.f - from) * share(a, b, t);
}

bool extended_floats(RangeCall& call, RateKind kind, Edges edges) {
  const std::span<const Point> points = call.points;
  const bool smoothed = call.mode == RangeMode::Smoothed;
  const Point& first = points[edges.first];
  const Point& last = points[edges.last];
  const double left =
      smoothed && first.t < call.range_start
          ? float_between(first, points[edges.first + 1], call.range_start, kind.counter)
          : first.f;
  const double right =
      smoothed && edges.last > 0 && last.t > call.range_end
          ? float_between(points[edges.last - 1], last, call.range_end, kind.counter)
          : last.f;
  double value = right - left;
  if (kind.counter) {
    // Resets at the edges are in left and right already.
    const size_t begin = edges.first + (first.t <= call.range_start ? 1 : 0);
    const size_t end = edges.last + (last.t >= call.range_end ? 0 : 1);
    double before = left;
    for (size_t i = begin; i < end; ++i) {
      if (points[i].f < before) value += before;
      before = points[i].f;
    }
    if (right < before) value += before;
  }
  return put(call, kind.per_second ? value / range_seconds(call) : value);
}

// Nothing when the layouts do not fit.
std::optional<FloatHistogram> histogram_between(RangeCall& call, const Point& a, const Point& b,
                                                int64_t t, bool counter) {
  if (t == a.t) return *a.h;
  if (t == b.t) return *b.h;
  FloatHistogram out = *b.h;
  if (counter && b.h->reset_since(*a.h)) {
    out.scale(share(a, b, t));
    return out;
  }
  if (!subtract(call, out, *a.h)) return std::nullopt;
  out.scale(share(a, b, t));
  if (!add(call, out, *a.h)) return std::nullopt;
  return out;
}

// Resets between the edges, added back to `out`.
bool correct_resets(RangeCall& call, Edges edges, const FloatHistogram& left,
                    const FloatHistogram& right, FloatHistogram& out) {
  const std::span<const Point> points = call.points;
  size_t begin = edges.first + 1;
  const FloatHistogram* before = &left;
  if (call.mode == RangeMode::Smoothed && points[edges.first].t < call.range_start &&
      points[edges.first + 1].h->reset_since(*points[edges.first].h)) {
    // The interpolation on the left spans this reset already.
    before = points[edges.first + 1].h.get();
    ++begin;
  }
  // The last point is `right`, or was interpolated into it.
  if (begin > edges.last) return true;
  for (size_t i = begin; i < edges.last; ++i) {
    if (points[i].h->reset_since(*before) && !add(call, out, *before)) return false;
    before = points[i].h.get();
  }
  return !right.reset_since(*before) || add(call, out, *before);
}

bool extended_histograms(RangeCall& call, RateKind kind, Edges edges) {
  const std::span<const Point> points = call.points;
  const bool smoothed = call.mode == RangeMode::Smoothed;
  for (size_t i = edges.first; i <= edges.last; ++i) {
    if (points[i].h->custom() != points[edges.first].h->custom()) {
      call.annotations.mixed_schemas(call.metric(), call.position());
      return false;
    }
    if (kind.counter && is_gauge(*points[i].h))
      call.annotations.not_counter(call.metric(), call.position());
  }
  const Point& first = points[edges.first];
  const Point& last = points[edges.last];
  std::optional<FloatHistogram> left = *first.h;
  if (smoothed && first.t < call.range_start) {
    left = histogram_between(call, first, points[edges.first + 1], call.range_start, kind.counter);
  }
  std::optional<FloatHistogram> right = *last.h;
  if (smoothed && edges.last > 0 && last.t > call.range_end) {
    right = histogram_between(call, points[edges.last - 1], last, call.range_end, kind.counter);
  }
  if (!left || !right) return false;
  if (!kind.counter && (!is_gauge(*left) || !is_gauge(*right))) {
    call.annotations.not_gauge(call.metric(), call.position());
  }
  FloatHistogram out = *right;
  if (!subtract(call, out, *left)) return false;
  if (kind.counter && !correct_resets(call, edges, *left, *right, out)) return false;
  if (kind.per_second) out.divide(range_seconds(call));
  out.hint = signal::ResetHint::Gauge;
  return put(call, std::move(out));
}

// Accumulating series: the deltas of the range, added up.
bool sum_of_deltas(RangeCall& call, RateKind kind) {
  double sum = 0;
  double rest = 0;
  for (const Point& point : call.points) kahan_add(point.h ? point.h->sum : point.f, sum, rest);
  return put(call, (sum + rest) / (kind.per_second ? range_seconds(call) : 1));
}

bool difference(RangeCall& call, RateKind kind) {
  if (call.deltas && kind.counter) return sum_of_deltas(call, kind);
  if (kind.counter && !call.points.front().h && !call.subquery)
    tell_odd_name(call.labels, call.position(), call.annotations);
  const bool histograms = call.points.front().h != nullptr;
  for (const Point& point : call.points) {
    if ((point.h != nullptr) == histograms) continue;
    call.annotations.mixed_floats_histograms(call.metric(), call.position());
    return false;
  }
  if (call.mode == RangeMode::Plain) return extrapolated(call, kind);
  const std::optional<Edges> edges = edges_of(call);
  if (!edges) return false;
  return histograms ? extended_histograms(call, kind, *edges) : extended_floats(call, kind, *edges);
}

bool of_last_two(RangeCall& call, bool counter) {
  if (call.points.size() < 2) return false;
  const Point& before = call.points[call.points.size() - 2];
  const Point& now = call.points.back();
  const double seconds = static_cast<double>(now.t - before.t) / 1000;
  if (!before.h != !now.h) {
    call.annotations.mixed_floats_histograms(call.metric(), call.position());
    return false;
  }
  const bool reset = counter && is_reset(call, before, now);
  if (!now.h) {
    const double value = reset ? now.f : now.f - before.f;
    return put(call, counter ? value / seconds : value);
  }
  if (counter && (is_gauge(*now.h) || is_gauge(*before.h)))
    call.annotations.not_counter(call.metric(), call.position());
  if (!counter && (!is_gauge(*now.h) || !is_gauge(*before.h)))
    call.annotations.not_gauge(call.metric(), call.position());
  FloatHistogram out = *now.h;
  if (!reset && !subtract(call, out, *before.h)) return false;
  out.hint = signal::ResetHint::Gauge;
  if (counter) out.divide(seconds);
  return put(call, std::move(out));
}

}  // namespace

void tell_odd_name(const LabelSet& labels, PositionRange at, Annotations& annotations) {
  const std::string_view name = labels.get(kMetricName);
  if (name.empty()) return;
  const std::string_view type = labels.get("__type__");
  if (!type.empty()) {
    if (type != "counter" && type != "histogram") {
      annotations.info(
          fmt::format("metric might not be a counter, __type__ label is not set to \"counter\" or "
                      "\"histogram\", got {}: {}",
                      go_quoted(type), go_quoted(name)),
          at);
    }
    return;
  }
  constexpr std::array<std::string_view, 4> kSuffixes{"_total", "_sum", "_count", "_bucket"};
  if (std::ranges::any_of(kSuffixes,
                          [&](std::string_view suffix) { return name.ends_with(suffix); }))
    return;
  annotations.info(fmt::format("metric might not be a counter, name does not end in "
                               "_total/_sum/_count/_bucket: {}",
                               go_quoted(name)),
                   at);
}

bool fn_rate(RangeCall& call) { return difference(call, {.counter = true, .per_second = true}); }
bool fn_increase(RangeCall& call) {
  return difference(call, {.counter = true, .per_second = false});
}
bool fn_delta(RangeCall& call) { return difference(call, {.counter = false, .per_second = false}); }
bool fn_irate(RangeCall& call) { return of_last_two(call, true); }
bool fn_idelta(RangeCall& call) { return of_last_two(call, false); }

}  // namespace kansoku::query::promql
