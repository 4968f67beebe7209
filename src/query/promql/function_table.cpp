// The table of functions. Alphabetical.
#include <algorithm>

#include "query/promql/functions.h"
#include "query/promql/implementations.h"

namespace kansoku::query::promql {
namespace {

constexpr ValueType S = ValueType::Scalar;
constexpr ValueType V = ValueType::Vector;
constexpr ValueType M = ValueType::Matrix;
constexpr ValueType T = ValueType::String;

constexpr FunctionRow range_row(std::string_view name, RangeFunction range, std::string_view doc) {
  return {.name = name, .args = {M}, .arg_count = 1, .range = range, .doc = doc};
}
constexpr FunctionRow math_row(std::string_view name, VectorFunction vector, std::string_view doc) {
  return {.name = name, .args = {V}, .arg_count = 1, .vector = vector, .doc = doc};
}
constexpr FunctionRow date_row(std::string_view name, VectorFunction vector, std::string_view doc) {
  return {.name = name, .args = {V}, .arg_count = 1, .variadic = 1, .vector = vector, .doc = doc};
}
constexpr FunctionRow query_row(std::string_view name, VectorFunction vector,
                                std::string_view doc) {
  return {.name = name,
          .arg_count = 0,
          .result = S,
          .vector = vector,
          .experimental = true,
          .doc = doc};
}
constexpr FunctionRow trial(FunctionRow row) {
  row.experimental = true;
  return row;
}
constexpr FunctionRow extended(FunctionRow row, bool smoothed) {
  row.anchored = true;
  row.smoothed = smoothed;
  return row;
}
constexpr FunctionRow named(FunctionRow row) {
  row.keeps_name = true;
  return row;
}

const auto kFunctions = std::to_array<FunctionRow>({
    math_row("abs", fn_abs, "absolute value"),
    {.name = "absent",
     .args = {V},
     .arg_count = 1,
     .special = SpecialFunction::Absent,
     .doc = "1 where the vector is empty, with the labels of equality matchers"},
    {.name = "absent_over_time",
     .args = {M},
     .arg_count = 1,
     .special = SpecialFunction::AbsentOverTime,
     .doc = "1 where the range is empty, with the labels of equality matchers"},
    math_row("acos", fn_acos, "arc cosine"),
    math_row("acosh", fn_acosh, "inverse hyperbolic cosine"),
    math_row("asin", fn_asin, "arc sine"),
    math_row("asinh", fn_asinh, "inverse hyperbolic sine"),
    math_row("atan", fn_atan, "arc tangent"),
    math_row("atanh", fn_atanh, "inverse hyperbolic tangent"),
    range_row("avg_over_time", fn_avg_over_time, "average of the points in the range"),
    math_row("ceil", fn_ceil, "rounded up to an integer"),
    extended(range_row("changes", fn_changes, "how often the value changed"), false),
    {.name = "clamp",
     .args = {V, S, S},
     .arg_count = 3,
     .vector = fn_clamp,
     .doc = "clamped to [min, max]"},
    {.name = "clamp_max",
     .args = {V, S},
     .arg_count = 2,
     .vector = fn_clamp_max,
     .doc = "at most max"},
    {.name = "clamp_min",
     .args = {V, S},
     .arg_count = 2,
     .vector = fn_clamp_min,
     .doc = "at least min"},
    math_row("cos", fn_cos, "cosine"),
    math_row("cosh", fn_cosh, "hyperbolic cosine"),
    range_row("count_over_time", fn_count_over_time, "number of points in the range"),
    date_row("day_of_month", fn_day_of_month, "day of the month, 1 to 31, UTC"),
    date_row("day_of_week", fn_day_of_week, "day of the week, 0 is Sunday, UTC"),
    date_row("day_of_year", fn_day_of_year, "day of the year, 1 to 366, UTC"),
    date_row("days_in_month", fn_days_in_month, "days of the month, 28 to 31, UTC"),
    math_row("deg", fn_deg, "radians to degrees"),
    extended(range_row("delta", fn_delta, "difference of last and first, extrapolated; for gauges"),
             true),
    range_row("deriv", fn_deriv, "slope per second by linear regression"),
    {.name = "double_exponential_smoothing",
     .args = {M, S, S},
     .arg_count = 3,
     .range = fn_double_exponential_smoothing,
     .experimental = true,
     .doc = "smoothed value by Holt's linear method (factor of level, factor of trend)"},
    query_row("end", fn_end, "end of the query, seconds"),
    math_row("exp", fn_exp, "e to the power of the value"),
    named(trial(range_row("first_over_time", fn_first_over_time, "oldest point in the range"))),
    math_row("floor", fn_floor, "rounded down to an integer"),
    math_row("histogram_avg", fn_histogram_avg, "average of the observations"),
    math_row("histogram_count", fn_histogram_count, "number of observations"),
    {.name = "histogram_fraction",
     .args = {S, S, V},
     .arg_count = 3,
     .vector = fn_histogram_fraction,
     .doc = "share of the observations between lower and upper"},
    {.name = "histogram_quantile",
     .args = {S, V},
     .arg_count = 2,
     .vector = fn_histogram_quantile,
     .doc = "quantile of the observations; classic, native and custom buckets"},
    {.name = "histogram_quantiles",
     .args = {V, T, S},
     .arg_count = 3,
     .variadic = 10,
     .vector = fn_histogram_quantiles,
     .experimental = true,
     .doc = "many quantiles at once, each with its number in the label named"},
    math_row("histogram_stddev", fn_histogram_stddev,
             "estimated standard deviation of the observations"),
    math_row("histogram_stdvar", fn_histogram_stdvar, "estimated variance of the observations"),
    math_row("histogram_sum", fn_histogram_sum, "sum of the observations"),
    date_row("hour", fn_hour, "hour of the day, 0 to 23, UTC"),
    range_row("idelta", fn_idelta, "difference of the last two points"),
    extended(range_row("increase", fn_increase, "increase of a counter over the range"), true),
    {.name = "info",
     .args = {V, V},
     .arg_count = 2,
     .variadic = 1,
     .special = SpecialFunction::Info,
     .experimental = true,
     .doc = "adds the labels of the info series that fit"},
    range_row("irate", fn_irate, "rate of a counter between the last two points"),
    {.name = "label_join",
     .args = {V, T, T, T},
     .arg_count = 4,
     .variadic = -1,
     .special = SpecialFunction::LabelJoin,
     .doc = "a label from others, joined by a separator"},
    {.name = "label_replace",
     .args = {V, T, T, T, T},
     .arg_count = 5,
     .special = SpecialFunction::LabelReplace,
     .doc = "a label from another by a regular expression"},
    named(range_row("last_over_time", fn_last_over_time, "newest point in the range")),
    math_row("ln", fn_ln, "natural logarithm"),
    math_row("log10", fn_log10, "decimal logarithm"),
    math_row("log2", fn_log2, "binary logarithm"),
    trial(range_row("mad_over_time", fn_mad_over_time, "median absolute deviation")),
    {.name = "max_of",
     .args = {S, S},
     .arg_count = 2,
     .result = S,
     .vector = fn_max_of,
     .experimental = true,
     .doc = "the larger of two scalars"},
    range_row("max_over_time", fn_max_over_time, "largest point in the range"),
    {.name = "min_of",
     .args = {S, S},
     .arg_count = 2,
     .result = S,
     .vector = fn_min_of,
     .experimental = true,
     .doc = "the smaller of two scalars"},
    range_row("min_over_time", fn_min_over_time, "smallest point in the range"),
    date_row("minute", fn_minute, "minute of the hour, 0 to 59, UTC"),
    date_row("month", fn_month, "month of the year, 1 to 12, UTC"),
    {.name = "pi", .arg_count = 0, .result = S, .vector = fn_pi, .doc = "pi"},
    {.name = "predict_linear",
     .args = {M, S},
     .arg_count = 2,
     .range = fn_predict_linear,
     .doc = "the value in that many seconds by linear regression"},
    range_row("present_over_time", fn_present_over_time, "1 where the range has a point"),
    {.name = "quantile_over_time",
     .args = {S, M},
     .arg_count = 2,
     .range = fn_quantile_over_time,
     .doc = "quantile of the points in the range"},
    math_row("rad", fn_rad, "degrees to radians"),
    query_row("range", fn_range, "length of the query, seconds"),
    extended(range_row("rate", fn_rate, "increase of a counter per second"), true),
    extended(range_row("resets", fn_resets, "number of counter resets"), false),
    {.name = "round",
     .args = {V, S},
     .arg_count = 2,
     .variadic = 1,
     .vector = fn_round,
     .doc = "rounded to the nearest multiple, ties upward"},
    {.name = "scalar",
     .args = {V},
     .arg_count = 1,
     .result = S,
     .vector = fn_scalar,
     .doc = "the value of a vector of one series, else NaN"},
    math_row("sgn", fn_sgn, "sign: -1, 0 or 1"),
    math_row("sin", fn_sin, "sine"),
    math_row("sinh", fn_sinh, "hyperbolic sine"),
    named(math_row("sort", fn_sort, "ascending by value (instant queries)")),
    {.name = "sort_by_label",
     .args = {V, T},
     .arg_count = 2,
     .variadic = -1,
     .vector = fn_sort_by_label,
     .experimental = true,
     .keeps_name = true,
     .doc = "ascending by labels, in natural order"},
    {.name = "sort_by_label_desc",
     .args = {V, T},
     .arg_count = 2,
     .variadic = -1,
     .vector = fn_sort_by_label_desc,
     .experimental = true,
     .keeps_name = true,
     .doc = "descending by labels, in natural order"},
    named(math_row("sort_desc", fn_sort_desc, "descending by value (instant queries)")),
    math_row("sqrt", fn_sqrt, "square root"),
    query_row("start", fn_start, "start of the query, seconds"),
    {.name = "start_timestamp",
     .args = {V},
     .arg_count = 1,
     .special = SpecialFunction::StartTimestamp,
     .experimental = true,
     .doc = "start timestamps of the samples, seconds"},
    range_row("stddev_over_time", fn_stddev_over_time,
              "population standard deviation in the range"),
    range_row("stdvar_over_time", fn_stdvar_over_time, "population variance in the range"),
    query_row("step", fn_step, "step of the query, seconds"),
    range_row("sum_over_time", fn_sum_over_time, "sum of the points in the range"),
    math_row("tan", fn_tan, "tangent"),
    math_row("tanh", fn_tanh, "hyperbolic tangent"),
    {.name = "time",
     .arg_count = 0,
     .result = S,
     .vector = fn_time,
     .doc = "evaluation time, seconds"},
    {.name = "timestamp",
     .args = {V},
     .arg_count = 1,
     .special = SpecialFunction::Timestamp,
     .doc = "timestamps of the samples, seconds"},
    trial(range_row("ts_of_first_over_time", fn_ts_of_first_over_time, "time of the oldest point")),
    trial(range_row("ts_of_last_over_time", fn_ts_of_last_over_time, "time of the newest point")),
    trial(
        range_row("ts_of_max_over_time", fn_ts_of_max_over_time, "time of the last largest point")),
    trial(range_row("ts_of_min_over_time", fn_ts_of_min_over_time,
                    "time of the last smallest point")),
    {.name = "vector",
     .args = {S},
     .arg_count = 1,
     .vector = fn_vector,
     .doc = "a scalar as a vector"},
    date_row("year", fn_year, "year, UTC"),
});

}  // namespace

std::span<const FunctionRow> functions() { return kFunctions; }

const FunctionRow* find_function(std::string_view name) {
  const auto row = std::ranges::lower_bound(kFunctions, name, {}, &FunctionRow::name);
  return row != kFunctions.end() && row->name == name ? &*row : nullptr;
}

}  // namespace kansoku::query::promql
