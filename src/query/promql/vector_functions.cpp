// Functions of one step: arithmetic, dates, sorting, scalars.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/time/civil.h"
#include "query/promql/calls.h"
#include "query/promql/go_math.h"
#include "query/promql/implementations.h"

namespace kansoku::query::promql {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Histograms are left out without a word, as in Prometheus.
template <class Function>
void map_floats(VectorCall& call, Function&& function) {
  for (const Sample& sample : call.args[0]) {
    if (!sample.point.h) call.put(sample, function(sample.point.f));
  }
}

void put_scalar(VectorCall& call, double value) {
  call.out.push_back({{}, false, {.t = call.t, .f = value}});
}

double seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

void clamp(VectorCall& call, double low, double high) {
  if (high < low) return;
  map_floats(call, [&](double v) { return go_max(low, go_min(high, v)); });
}

// Seconds since 1970 as milliseconds; the fraction is cut off, years end where nobody counts them.
int64_t whole_ms(double at) {
  return static_cast<int64_t>(std::clamp(at, -6.0e10, 2.5e11)) * 1'000;
}

// `function` takes the time in milliseconds.
template <class Function>
void map_dates(VectorCall& call, Function&& function) {
  const auto value = [&](double at) { return static_cast<double>(function(whole_ms(at))); };
  if (call.args.empty()) {
    put_scalar(call, value(seconds(call.t)));
    return;
  }
  for (const Sample& sample : call.args[0]) {
    if (sample.point.h) continue;
    call.put(sample, std::isnan(sample.point.f) ? kNaN : value(sample.point.f));
  }
}

void sort_values(VectorCall& call, bool descending) {
  for (const Sample& sample : call.args[0]) {
    if (!sample.point.h) call.out.push_back(sample);
  }
  std::ranges::sort(call.out, [&](const Sample& a, const Sample& b) {
    // NaN comes last both ways.
    if (std::isnan(a.point.f)) return false;
    if (std::isnan(b.point.f)) return true;
    return descending ? a.point.f > b.point.f : a.point.f < b.point.f;
  });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The end of the run of digits, or of anything else, that begins at `at`.
size_t run_end(std::string_view text, size_t at) {
  const bool digits = is_digit(text[at]);
  while (at < text.size() && is_digit(text[at]) == digits) ++at;
  return at;
}

// Numbers within the text compare as numbers: "a2" before "a10".
bool natural_less(std::string_view a, std::string_view b) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const std::string_view left = a.substr(i, run_end(a, i) - i);
    const std::string_view right = b.substr(j, run_end(b, j) - j);
    if (is_digit(left[0]) && is_digit(right[0])) {
      const std::string_view x = left.substr(std::min(left.find_first_not_of('0'), left.size()));
      const std::string_view y = right.substr(std::min(right.find_first_not_of('0'), right.size()));
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      if (left.size() != right.size()) return left.size() < right.size();
    } else if (left != right) {
      return left < right;
    }
    i += left.size();
    j += right.size();
  }
  return a.size() - i < b.size() - j;
}

void sort_labels(VectorCall& call, bool descending) {
  std::vector<std::string> names;
  for (size_t i = 1; i < call.expr.args.size(); ++i) {
    names.push_back(as<StringLiteral>(unwrapped(*call.expr.args[i])).value);
  }
  call.out = call.args[0];
  std::ranges::sort(call.out, [&](const Sample& a, const Sample& b) {
    const Sample& first = descending ? b : a;
    const Sample& second = descending ? a : b;
    for (const std::string& name : names) {
      const std::string_view x = first.labels.get(name);
      const std::string_view y = second.labels.get(name);
      if (x != y) return natural_less(x, y);
    }
    return first.labels < second.labels;
  });
}

}  // namespace

void fn_abs(VectorCall& call) {
  map_floats(call, [](double v) { return std::abs(v); });
}
void fn_ceil(VectorCall& call) {
  map_floats(call, [](double v) { return std::ceil(v); });
}
void fn_floor(VectorCall& call) {
  map_floats(call, [](double v) { return std::floor(v); });
}
void fn_exp(VectorCall& call) {
  map_floats(call, [](double v) { return std::exp(v); });
}
void fn_sqrt(VectorCall& call) {
  map_floats(call, [](double v) { return std::sqrt(v); });
}
void fn_ln(VectorCall& call) {
  map_floats(call, [](double v) { return std::log(v); });
}
void fn_log2(VectorCall& call) {
  map_floats(call, [](double v) { return std::log2(v); });
}
void fn_log10(VectorCall& call) {
  map_floats(call, [](double v) { return std::log10(v); });
}
void fn_sin(VectorCall& call) {
  map_floats(call, [](double v) { return std::sin(v); });
}
void fn_cos(VectorCall& call) {
  map_floats(call, [](double v) { return std::cos(v); });
}
void fn_tan(VectorCall& call) {
  map_floats(call, [](double v) { return std::tan(v); });
}
void fn_asin(VectorCall& call) {
  map_floats(call, [](double v) { return std::asin(v); });
}
void fn_acos(VectorCall& call) {
  map_floats(call, [](double v) { return std::acos(v); });
}
void fn_atan(VectorCall& call) {
  map_floats(call, [](double v) { return std::atan(v); });
}
void fn_sinh(VectorCall& call) {
  map_floats(call, [](double v) { return std::sinh(v); });
}
void fn_cosh(VectorCall& call) {
  map_floats(call, [](double v) { return std::cosh(v); });
}
void fn_tanh(VectorCall& call) {
  map_floats(call, [](double v) { return std::tanh(v); });
}
void fn_asinh(VectorCall& call) {
  map_floats(call, [](double v) { return std::asinh(v); });
}
void fn_acosh(VectorCall& call) {
  map_floats(call, [](double v) { return std::acosh(v); });
}
void fn_atanh(VectorCall& call) {
  map_floats(call, [](double v) { return std::atanh(v); });
}
void fn_rad(VectorCall& call) {
  map_floats(call, [](double v) { return v * std::numbers::pi / 180; });
}
void fn_deg(VectorCall& call) {
  map_floats(call, [](double v) { return v * 180 / std::numbers::pi; });
}
void fn_sgn(VectorCall& call) {
  map_floats(call, [](double v) { return v < 0 ? -1 : v > 0 ? 1 : v; });
}

void fn_round(VectorCall& call) {
  // The inverse loses fewer digits than dividing by the step.
  const double inverse = 1.0 / (call.args.size() > 1 ? call.scalar(1) : 1.0);
  map_floats(call, [&](double v) { return std::floor(v * inverse + 0.5) / inverse; });
}

void fn_clamp(VectorCall& call) { clamp(call, call.scalar(1), call.scalar(2)); }
void fn_clamp_max(VectorCall& call) { clamp(call, -kInfinity, call.scalar(1)); }
void fn_clamp_min(VectorCall& call) { clamp(call, call.scalar(1), kInfinity); }

void fn_pi(VectorCall& call) { put_scalar(call, std::numbers::pi); }
void fn_time(VectorCall& call) { put_scalar(call, seconds(call.t)); }
void fn_start(VectorCall& call) { put_scalar(call, seconds(call.range.start_ms)); }
void fn_end(VectorCall& call) { put_scalar(call, seconds(call.range.end_ms)); }
void fn_step(VectorCall& call) { put_scalar(call, seconds(call.range.step_ms)); }
void fn_range(VectorCall& call) {
  put_scalar(call, seconds(call.range.end_ms - call.range.start_ms));
}
void fn_max_of(VectorCall& call) { put_scalar(call, go_max(call.scalar(0), call.scalar(1))); }
void fn_min_of(VectorCall& call) { put_scalar(call, go_min(call.scalar(0), call.scalar(1))); }
void fn_vector(VectorCall& call) { put_scalar(call, call.scalar(0)); }

void fn_scalar(VectorCall& call) {
  double value = kNaN;
  size_t floats = 0;
  for (const Sample& sample : call.args[0]) {
    if (sample.point.h) continue;
    ++floats;
    value = sample.point.f;
  }
  put_scalar(call, floats == 1 ? value : kNaN);
}

void fn_year(VectorCall& call) {
  map_dates(call, [](int64_t ms) { return civil_time(ms).year; });
}
void fn_month(VectorCall& call) {
  map_dates(call, [](int64_t ms) { return civil_time(ms).month; });
}
void fn_day_of_month(VectorCall& call) {
  map_dates(call, [](int64_t ms) { return civil_time(ms).day; });
}
void fn_day_of_week(VectorCall& call) { map_dates(call, weekday); }
void fn_day_of_year(VectorCall& call) { map_dates(call, day_of_year); }
void fn_days_in_month(VectorCall& call) {
  map_dates(call, [](int64_t ms) {
    const CivilTime time = civil_time(ms);
    return days_of_month(time.year, time.month);
  });
}
void fn_hour(VectorCall& call) {
  map_dates(call, [](int64_t ms) { return civil_time(ms).hour; });
}
void fn_minute(VectorCall& call) {
  map_dates(call, [](int64_t ms) { return civil_time(ms).minute; });
}

void fn_sort(VectorCall& call) { sort_values(call, false); }
void fn_sort_desc(VectorCall& call) { sort_values(call, true); }
void fn_sort_by_label(VectorCall& call) { sort_labels(call, false); }
void fn_sort_by_label_desc(VectorCall& call) { sort_labels(call, true); }

}  // namespace kansoku::query::promql
