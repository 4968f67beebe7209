// The implementations that the table of functions points at, by how they are called.
//
// Thread contract: free functions without state, free-threaded.
#pragma once

#include "query/promql/functions.h"

namespace kansoku::query::promql {

// Per series and step over a range (range_functions.cpp, rate.cpp).
bool fn_avg_over_time(RangeCall& call);
bool fn_changes(RangeCall& call);
bool fn_count_over_time(RangeCall& call);
bool fn_delta(RangeCall& call);
bool fn_deriv(RangeCall& call);
bool fn_double_exponential_smoothing(RangeCall& call);
bool fn_first_over_time(RangeCall& call);
bool fn_idelta(RangeCall& call);
bool fn_increase(RangeCall& call);
bool fn_irate(RangeCall& call);
bool fn_last_over_time(RangeCall& call);
bool fn_mad_over_time(RangeCall& call);
bool fn_max_over_time(RangeCall& call);
bool fn_min_over_time(RangeCall& call);
bool fn_predict_linear(RangeCall& call);
bool fn_present_over_time(RangeCall& call);
bool fn_quantile_over_time(RangeCall& call);
bool fn_rate(RangeCall& call);
bool fn_resets(RangeCall& call);
bool fn_stddev_over_time(RangeCall& call);
bool fn_stdvar_over_time(RangeCall& call);
bool fn_sum_over_time(RangeCall& call);
bool fn_ts_of_first_over_time(RangeCall& call);
bool fn_ts_of_last_over_time(RangeCall& call);
bool fn_ts_of_max_over_time(RangeCall& call);
bool fn_ts_of_min_over_time(RangeCall& call);

// Per step over instant vectors (vector_functions.cpp, histogram_functions.cpp).
void fn_abs(VectorCall& call);
void fn_acos(VectorCall& call);
void fn_acosh(VectorCall& call);
void fn_asin(VectorCall& call);
void fn_asinh(VectorCall& call);
void fn_atan(VectorCall& call);
void fn_atanh(VectorCall& call);
void fn_ceil(VectorCall& call);
void fn_clamp(VectorCall& call);
void fn_clamp_max(VectorCall& call);
void fn_clamp_min(VectorCall& call);
void fn_cos(VectorCall& call);
void fn_cosh(VectorCall& call);
void fn_day_of_month(VectorCall& call);
void fn_day_of_week(VectorCall& call);
void fn_day_of_year(VectorCall& call);
void fn_days_in_month(VectorCall& call);
void fn_deg(VectorCall& call);
void fn_end(VectorCall& call);
void fn_exp(VectorCall& call);
void fn_floor(VectorCall& call);
void fn_histogram_avg(VectorCall& call);
void fn_histogram_count(VectorCall& call);
void fn_histogram_fraction(VectorCall& call);
void fn_histogram_quantile(VectorCall& call);
void fn_histogram_quantiles(VectorCall& call);
void fn_histogram_stddev(VectorCall& call);
void fn_histogram_stdvar(VectorCall& call);
void fn_histogram_sum(VectorCall& call);
void fn_hour(VectorCall& call);
void fn_ln(VectorCall& call);
void fn_log10(VectorCall& call);
void fn_log2(VectorCall& call);
void fn_max_of(VectorCall& call);
void fn_min_of(VectorCall& call);
void fn_minute(VectorCall& call);
void fn_month(VectorCall& call);
void fn_pi(VectorCall& call);
void fn_rad(VectorCall& call);
void fn_range(VectorCall& call);
void fn_round(VectorCall& call);
void fn_scalar(VectorCall& call);
void fn_sgn(VectorCall& call);
void fn_sin(VectorCall& call);
void fn_sinh(VectorCall& call);
void fn_sort(VectorCall& call);
void fn_sort_by_label(VectorCall& call);
void fn_sort_by_label_desc(VectorCall& call);
void fn_sort_desc(VectorCall& call);
void fn_sqrt(VectorCall& call);
void fn_start(VectorCall& call);
void fn_step(VectorCall& call);
void fn_tan(VectorCall& call);
void fn_tanh(VectorCall& call);
void fn_time(VectorCall& call);
void fn_vector(VectorCall& call);
void fn_year(VectorCall& call);

}  // namespace kansoku::query::promql
