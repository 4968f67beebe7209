// The implementations that the table of functions points at, by how they are called.
//
// Thread contract: free functions without state, free-threaded.
#pragma once

#include "query/promql/functions.h"

namespace kansoku::query::promql {

// Per series and step over a range (range_functions.cpp, rate.cpp).
inline constexpr RangeFunction fn_avg_over_time = nullptr;
inline constexpr RangeFunction fn_changes = nullptr;
inline constexpr RangeFunction fn_count_over_time = nullptr;
inline constexpr RangeFunction fn_delta = nullptr;
inline constexpr RangeFunction fn_deriv = nullptr;
inline constexpr RangeFunction fn_double_exponential_smoothing = nullptr;
inline constexpr RangeFunction fn_first_over_time = nullptr;
inline constexpr RangeFunction fn_idelta = nullptr;
inline constexpr RangeFunction fn_increase = nullptr;
inline constexpr RangeFunction fn_irate = nullptr;
inline constexpr RangeFunction fn_last_over_time = nullptr;
inline constexpr RangeFunction fn_mad_over_time = nullptr;
inline constexpr RangeFunction fn_max_over_time = nullptr;
inline constexpr RangeFunction fn_min_over_time = nullptr;
inline constexpr RangeFunction fn_predict_linear = nullptr;
inline constexpr RangeFunction fn_present_over_time = nullptr;
inline constexpr RangeFunction fn_quantile_over_time = nullptr;
inline constexpr RangeFunction fn_rate = nullptr;
inline constexpr RangeFunction fn_resets = nullptr;
inline constexpr RangeFunction fn_stddev_over_time = nullptr;
inline constexpr RangeFunction fn_stdvar_over_time = nullptr;
inline constexpr RangeFunction fn_sum_over_time = nullptr;
inline constexpr RangeFunction fn_ts_of_first_over_time = nullptr;
inline constexpr RangeFunction fn_ts_of_last_over_time = nullptr;
inline constexpr RangeFunction fn_ts_of_max_over_time = nullptr;
inline constexpr RangeFunction fn_ts_of_min_over_time = nullptr;

// Per step over instant vectors (vector_functions.cpp, histogram_functions.cpp).
inline constexpr VectorFunction fn_abs = nullptr;
inline constexpr VectorFunction fn_acos = nullptr;
inline constexpr VectorFunction fn_acosh = nullptr;
inline constexpr VectorFunction fn_asin = nullptr;
inline constexpr VectorFunction fn_asinh = nullptr;
inline constexpr VectorFunction fn_atan = nullptr;
inline constexpr VectorFunction fn_atanh = nullptr;
inline constexpr VectorFunction fn_ceil = nullptr;
inline constexpr VectorFunction fn_clamp = nullptr;
inline constexpr VectorFunction fn_clamp_max = nullptr;
inline constexpr VectorFunction fn_clamp_min = nullptr;
inline constexpr VectorFunction fn_cos = nullptr;
inline constexpr VectorFunction fn_cosh = nullptr;
inline constexpr VectorFunction fn_day_of_month = nullptr;
inline constexpr VectorFunction fn_day_of_week = nullptr;
inline constexpr VectorFunction fn_day_of_year = nullptr;
inline constexpr VectorFunction fn_days_in_month = nullptr;
inline constexpr VectorFunction fn_deg = nullptr;
inline constexpr VectorFunction fn_end = nullptr;
inline constexpr VectorFunction fn_exp = nullptr;
inline constexpr VectorFunction fn_floor = nullptr;
inline constexpr VectorFunction fn_histogram_avg = nullptr;
inline constexpr VectorFunction fn_histogram_count = nullptr;
inline constexpr VectorFunction fn_histogram_fraction = nullptr;
inline constexpr VectorFunction fn_histogram_quantile = nullptr;
inline constexpr VectorFunction fn_histogram_quantiles = nullptr;
inline constexpr VectorFunction fn_histogram_stddev = nullptr;
inline constexpr VectorFunction fn_histogram_stdvar = nullptr;
inline constexpr VectorFunction fn_histogram_sum = nullptr;
inline constexpr VectorFunction fn_hour = nullptr;
inline constexpr VectorFunction fn_ln = nullptr;
inline constexpr VectorFunction fn_log10 = nullptr;
inline constexpr VectorFunction fn_log2 = nullptr;
inline constexpr VectorFunction fn_max_of = nullptr;
inline constexpr VectorFunction fn_min_of = nullptr;
inline constexpr VectorFunction fn_minute = nullptr;
inline constexpr VectorFunction fn_month = nullptr;
inline constexpr VectorFunction fn_pi = nullptr;
inline constexpr VectorFunction fn_rad = nullptr;
inline constexpr VectorFunction fn_range = nullptr;
inline constexpr VectorFunction fn_round = nullptr;
inline constexpr VectorFunction fn_scalar = nullptr;
inline constexpr VectorFunction fn_sgn = nullptr;
inline constexpr VectorFunction fn_sin = nullptr;
inline constexpr VectorFunction fn_sinh = nullptr;
inline constexpr VectorFunction fn_sort = nullptr;
inline constexpr VectorFunction fn_sort_by_label = nullptr;
inline constexpr VectorFunction fn_sort_by_label_desc = nullptr;
inline constexpr VectorFunction fn_sort_desc = nullptr;
inline constexpr VectorFunction fn_sqrt = nullptr;
inline constexpr VectorFunction fn_start = nullptr;
inline constexpr VectorFunction fn_step = nullptr;
inline constexpr VectorFunction fn_tan = nullptr;
inline constexpr VectorFunction fn_tanh = nullptr;
inline constexpr VectorFunction fn_time = nullptr;
inline constexpr VectorFunction fn_vector = nullptr;
inline constexpr VectorFunction fn_year = nullptr;

}  // namespace kansoku::query::promql
