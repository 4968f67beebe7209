#include "base/time/civil.h"
#include "base/time/grid.h"
#include "query/metric_math/tree.h"

namespace kansoku::query::metric_math {
namespace {

std::vector<double> present(const Series& series) {
  std::vector<double> out;
  for (double v : series.values) {
    if (!is_missing(v)) out.push_back(v);
  }
  return out;
}

// Applies `map` to a series, or to each of an array.
template <class Map>
Evaluated map_series(Call& call, Map map) {
  Value& value = *call.arguments[0].value;
  if (auto* series = std::get_if<Series>(&value)) return map(std::move(*series));
  if (auto* array = std::get_if<Array>(&value)) {
    Array out;
    for (Series& one : *array) out.push_back(map(std::move(one)));
    return out;
  }
  return call.problem(0, fmt::format("{} takes {}", call.node.text, call.node.function->signature));
}

template <class F>
Evaluated pointwise(Call& call, F f) {
  return map_series(call, [&](Series series) {
    for (double& v : series.values) {
      if (is_missing(v)) continue;
      v = f(v);
      if (!std::isfinite(v)) v = missing();
    }
    return series;
  });
}

Evaluated run_abs(Call& c) {
  return pointwise(c, [](double v) { return std::abs(v); });
}
Evaluated run_ceil(Call& c) {
  return pointwise(c, [](double v) { return std::ceil(v); });
}
Evaluated run_floor(Call& c) {
  return pointwise(c, [](double v) { return std::floor(v); });
}
Evaluated run_log(Call& c) {
  return pointwise(c, [](double v) { return v > 0 ? std::log(v) : missing(); });
}
Evaluated run_log10(Call& c) {
  return pointwise(c, [](double v) { return v > 0 ? std::log10(v) : missing(); });
}

// AVG, MIN ...: of one series a number, of an array a series, timestamp by timestamp. `count` is
// how many series the array has: AVG divides by it, a missing point counting as 0.
using Reduce = double (*)(const std::vector<double>& values, size_t count);

Evaluated reduce(Call& call, Reduce f) {
  Value& value = *call.arguments[0].value;
  if (auto* series = std::get_if<Series>(&value)) {
    std::vector<double> values = present(*series);
    // A number that does not exist stays missing in whatever is computed with it.
    if (values.empty()) return missing();
    return f(values, values.size());
  }
  auto* array = std::get_if<Array>(&value);
  if (array == nullptr) {
    return call.problem(0,
                        fmt::format("{} takes {}", call.node.text, call.node.function->signature));
  }
  Series out;
  out.values.assign(call.environment.grid.count, missing());
  for (size_t i = 0; i < out.values.size(); ++i) {
    std::vector<double> values;
    for (const Series& one : *array) {
      if (!is_missing(one.values[i])) values.push_back(one.values[i]);
    }
    if (!values.empty()) out.values[i] = f(values, array->size());
  }
  return out;
}

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += v;
  return sum;
}
double average(const std::vector<double>& v, size_t n) {
  return sum_of(v) / static_cast<double>(n);
}
double least(const std::vector<double>& v, size_t) { return *std::min_element(v.begin(), v.end()); }
double most(const std::vector<double>& v, size_t) { return *std::max_element(v.begin(), v.end()); }
double total(const std::vector<double>& v, size_t) { return sum_of(v); }
double points(const std::vector<double>& v, size_t) { return static_cast<double>(v.size()); }
// Of the population.
double deviation(const std::vector<double>& v, size_t) {
  double mean = average(v, v.size());
  double squares = 0;
  for (double x : v) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / static_cast<double>(v.size()));
}

Evaluated run_avg(Call& c) { return reduce(c, average); }
Evaluated run_min(Call& c) { return reduce(c, least); }
Evaluated run_max(Call& c) { return reduce(c, most); }
Evaluated run_sum(Call& c) { return reduce(c, total); }
Evaluated run_stddev(Call& c) { return reduce(c, deviation); }
Evaluated run_datapoint_count(Call& c) { return reduce(c, points); }

Evaluated run_metric_count(Call& c) {
  auto* array = std::get_if<Array>(&*c.arguments[0].value);
  if (array == nullptr) return c.problem(0, "METRIC_COUNT takes an array of time series");
  return static_cast<double>(array->size());
}

Evaluated run_metrics(Call& c) {
  std::string_view part;
  if (!c.arguments.empty()) {
    if (c.arguments[0].node->kind != NodeKind::Text) {
      return c.problem(0, "METRICS takes a text in quotes, a part of ids");
    }
    part = c.arguments[0].node->text;
  }
  Array out;
  for (auto& [id, series] : c.environment.metrics()) {
    if (id.find(part) != std::string::npos) out.push_back(std::move(series));
  }
  return out;
}

Evaluated run_search(Call& c) { return c.environment.search(c.node.search); }

// Walks over the points that are there; `step(previous, value, seconds)` gives the new value.
template <class Step>
Evaluated differences(Call& c, Step step) {
  double period_s = static_cast<double>(c.environment.grid.period_ms) / 1000;
  return map_series(c, [&](Series series) {
    std::optional<size_t> before;
    Series out{series.label, std::vector<double>(series.values.size(), missing()), series.origin};
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (is_missing(series.values[i])) continue;
      if (before) {
        double seconds = static_cast<double>(i - *before) * period_s;
        out.values[i] = step(series.values[*before], series.values[i], seconds);
      }
      before = i;
    }
    return out;
  });
}

Evaluated run_diff(Call& c) {
  return differences(c, [](double before, double now, double) { return now - before; });
}
Evaluated run_diff_time(Call& c) {
  return differences(c, [](double, double, double seconds) { return seconds; });
}
Evaluated run_rate(Call& c) {
  return differences(c, [](double before, double now, double s) { return (now - before) / s; });
}
Evaluated run_running_sum(Call& c) {
  return map_series(c, [](Series series) {
    double sum = 0;
    for (double& v : series.values) {
      if (!is_missing(v)) v = sum += v;
    }
    return series;
  });
}

void fill_repeat(Series& series) {
  double last = missing();
  for (double& v : series.values) {
    if (is_missing(v)) {
      v = last;
    } else {
      last = v;
    }
  }
}

// Between two points a straight line; before the first and behind the last nothing.
void fill_linear(Series& series) {
  std::optional<size_t> before;
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (is_missing(series.values[i])) continue;
    if (before) {
      double from = series.values[*before];
      double slope = (series.values[i] - from) / static_cast<double>(i - *before);
      for (size_t j = *before + 1; j < i; ++j) {
        series.values[j] = from + slope * static_cast<double>(j - *before);
      }
    }
    before = i;
  }
}

Evaluated run_fill(Call& c) {
  const Argument& with = c.arguments[1];
  bool repeat = with.node->kind == NodeKind::Word && with.node->text == "REPEAT";
  bool linear = with.node->kind == NodeKind::Word && with.node->text == "LINEAR";
  if (!repeat && !linear && (!with.value || std::holds_alternative<Array>(*with.value))) {
    return c.problem(1, "FILL fills with a number, a time series, REPEAT or LINEAR");
  }
  return map_series(c, [&](Series series) {
    if (repeat) fill_repeat(series);
    if (linear) fill_linear(series);
    if (repeat || linear) return series;
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (!is_missing(series.values[i])) continue;
      const auto* number = std::get_if<double>(&*with.value);
      series.values[i] = number != nullptr ? *number : std::get<Series>(*with.value).values[i];
    }
    return series;
  });
}

Evaluated pick(Call& c, bool first) {
  auto* array = std::get_if<Array>(&*c.arguments[0].value);
  if (array == nullptr) return c.problem(0, "an array of time series is expected");
  if (array->empty())
    return Series{{}, std::vector<double>(c.environment.grid.count, missing()), {}};
  return std::move(first ? array->front() : array->back());
}
Evaluated run_first(Call& c) { return pick(c, true); }
Evaluated run_last(Call& c) { return pick(c, false); }

Evaluated run_if(Call& c) {
  const Value& condition = *c.arguments[0].value;
  for (const Argument& argument : c.arguments) {
    if (argument.value && std::holds_alternative<Array>(*argument.value)) {
      return c.problem(0, "IF takes numbers and time series, not arrays");
    }
    if (!argument.value) return c.problem(0, "IF takes numbers and time series");
  }
  const auto* when = std::get_if<Series>(&condition);
  bool has_else = c.arguments.size() == 3;
  auto at = [&](size_t argument, size_t i) {
    const Value& value = *c.arguments[argument].value;
    if (const auto* number = std::get_if<double>(&value)) return *number;
    return std::get<Series>(value).values[i];
  };
  if (when == nullptr) {
    bool yes = std::get<double>(condition) != 0;
    if (yes) return *c.arguments[1].value;
    if (has_else) return *c.arguments[2].value;
    return Series{{}, std::vector<double>(c.environment.grid.count, missing()), {}};
  }
  Series out{when->label, std::vector<double>(when->values.size(), missing()), {}};
  for (size_t i = 0; i < out.values.size(); ++i) {
    if (is_missing(when->values[i])) continue;
    if (when->values[i] != 0) {
      double value = at(1, i);
      out.values[i] = is_missing(value) ? 0 : value;
    } else if (has_else) {
      out.values[i] = at(2, i);
    }
  }
  return out;
}

// MINUTE ...: a value at every period of the range.
template <class F>
Evaluated calendar(Call& c, F f) {
  const Grid& grid = c.environment.grid;
  return map_series(c, [&](Series series) {
    for (size_t i = 0; i < series.values.size(); ++i) {
      int64_t ms = grid.start_ms + static_cast<int64_t>(i) * grid.period_ms;
      series.values[i] = static_cast<double>(f(ms));
    }
    return series;
  });
}
Evaluated run_minute(Call& c) {
  return calendar(c, [](int64_t ms) { return civil_time(ms).minute; });
}
Evaluated run_hour(Call& c) {
  return calendar(c, [](int64_t ms) { return civil_time(ms).hour; });
}
// Monday is 1, Sunday 7.
Evaluated run_day(Call& c) {
  return calendar(c, [](int64_t ms) { return weekday(ms) == 0 ? 7 : weekday(ms); });
}
Evaluated run_date(Call& c) {
  return calendar(c, [](int64_t ms) { return civil_time(ms).day; });
}
Evaluated run_month(Call& c) {
  return calendar(c, [](int64_t ms) { return civil_time(ms).month; });
}
Evaluated run_year(Call& c) {
  return calendar(c, [](int64_t ms) { return civil_time(ms).year; });
}
Evaluated run_epoch(Call& c) {
  return calendar(c, [](int64_t ms) { return floor_to(ms, 1000) / 1000; });
}

Evaluated run_period(Call& c) {
  const Node& node = *c.arguments[0].node;
  if (node.kind != NodeKind::Identifier || !c.environment.find(node.text)->is_metric) {
    return c.problem(0, "PERIOD takes the id of a metric, not an expression");
  }
  return static_cast<double>(c.environment.grid.period_ms) / 1000;
}

Evaluated run_remove_empty(Call& c) {
  auto* array = std::get_if<Array>(&*c.arguments[0].value);
  if (array == nullptr) return c.problem(0, "REMOVE_EMPTY takes an array of time series");
  std::erase_if(*array, [](const Series& series) { return present(series).empty(); });
  return std::move(*array);
}

Evaluated run_sort(Call& c) {
  auto* array = std::get_if<Array>(&*c.arguments[0].value);
  if (array == nullptr) return c.problem(0, "SORT takes an array of time series");
  struct By {
    std::string_view name;
    Reduce reduce;
  };
  constexpr std::array<By, 4> kBy{
      {{"AVG", average}, {"MIN", least}, {"MAX", most}, {"SUM", total}}};
  auto by = std::find_if(kBy.begin(), kBy.end(), [&](const By& row) {
    return c.arguments[1].node->kind == NodeKind::Word && row.name == c.arguments[1].node->text;
  });
  if (by == kBy.end()) return c.problem(1, "SORT sorts by AVG, MIN, MAX or SUM");
  const Node& order = *c.arguments[2].node;
  bool ascending = order.text == "ASC";
  if (order.kind != NodeKind::Word || (!ascending && order.text != "DESC")) {
    return c.problem(2, "SORT sorts ASC or DESC");
  }
  // Series without points come last, equal ones keep their order.
  std::vector<std::tuple<bool, double, size_t>> order_keys;
  for (size_t i = 0; i < array->size(); ++i) {
    std::vector<double> values = present((*array)[i]);
    double key = values.empty() ? 0 : by->reduce(values, values.size());
    order_keys.emplace_back(values.empty(), ascending ? key : -key, i);
  }
  std::sort(order_keys.begin(), order_keys.end());
  Array sorted;
  for (const auto& [is_empty, key, index] : order_keys)
    sorted.push_back(std::move((*array)[index]));
  *array = std::move(sorted);
  if (c.arguments.size() == 4) {
    const auto* limit =
        c.arguments[3].value ? std::get_if<double>(&*c.arguments[3].value) : nullptr;
    if (limit == nullptr || !(*limit >= 1))
      return c.problem(3, "the number of series must be at least 1");
    if (static_cast<double>(array->size()) > *limit) array->resize(static_cast<size_t>(*limit));
  }
  return std::move(*array);
}

Evaluated run_slice(Call& c) {
  auto* array = std::get_if<Array>(&*c.arguments[0].value);
  if (array == nullptr) return c.problem(0, "SLICE takes an array of time series");
  size_t bounds[2] = {0, array->size()};
  for (size_t i = 1; i < c.arguments.size(); ++i) {
    const auto* number =
        c.arguments[i].value ? std::get_if<double>(&*c.arguments[i].value) : nullptr;
    if (number == nullptr || !(*number >= 0)) return c.problem(i, "an index is a number from 0");
    bounds[i - 1] = static_cast<size_t>(std::min(*number, static_cast<double>(array->size())));
  }
  // One index: all series from there.
  Array out;
  for (size_t i = bounds[0]; i < bounds[1]; ++i) out.push_back(std::move((*array)[i]));
  return out;
}

Evaluated run_time_series(Call& c) {
  const auto* number = std::get_if<double>(&*c.arguments[0].value);
  if (number == nullptr) return c.problem(0, "TIME_SERIES takes a number");
  return Series{{}, std::vector<double>(c.environment.grid.count, *number), {}};
}

// The series again, over the longer grid that a band learns from.
Evaluated run_band(Call& c) {
  constexpr double kDeviationsDefault = 2;
  const auto* number = c.arguments.size() == 2 && c.arguments[1].value
                           ? std::get_if<double>(&*c.arguments[1].value)
                           : nullptr;
  if (!c.arguments[0].value || !std::holds_alternative<Series>(*c.arguments[0].value)) {
    return c.problem(0, "ANOMALY_DETECTION_BAND takes one time series");
  }
  if (c.arguments.size() == 2 && (number == nullptr || !(*number > 0))) {
    return c.problem(1, "the width of the band is a number above 0, in standard deviations");
  }
  if (c.environment.history == nullptr || !c.environment.band) {
    return c.problem(0, "ANOMALY_DETECTION_BAND cannot be part of what another one is about");
  }
  const Node& argument = *c.arguments[0].node;
  auto history = evaluate_node(argument, *c.environment.history);
  if (!history) return history;
  std::string_view id = argument.kind == NodeKind::Identifier ? argument.text : std::string_view();
  return c.environment.band(id, std::get<Series>(*history),
                            number == nullptr ? kDeviationsDefault : *number);
}

constexpr std::string_view kSeries = "a time series or an array of them";
const Function kFunctions[] = {
    {"ABS", 1, 1, run_abs, kSeries, "the value without its sign"},
    {"ANOMALY_DETECTION_BAND", 1, 2, run_band,
     "a time series and, or not, a width in standard deviations (2)",
     "the upper and the lower limit of what is normal for the series"},
    {"AVG", 1, 1, run_avg, kSeries, "the average of a series; of an array, at each timestamp"},
    {"CEIL", 1, 1, run_ceil, kSeries, "the next whole number upwards"},
    {"DATAPOINT_COUNT", 1, 1, run_datapoint_count, kSeries, "how many points there are"},
    {"DATE", 1, 1, run_date, kSeries, "the day of the month, UTC"},
    {"DAY", 1, 1, run_day, kSeries, "the day of the week, Monday is 1, UTC"},
    {"DIFF", 1, 1, run_diff, kSeries, "the difference to the point before"},
    {"DIFF_TIME", 1, 1, run_diff_time, kSeries, "the seconds since the point before"},
    {"EPOCH", 1, 1, run_epoch, kSeries, "Unix time in seconds"},
    {"FILL", 2, 2, run_fill, "a series or array and a number, a series, REPEAT or LINEAR",
     "fills gaps", 0b10},
    {"FIRST", 1, 1, run_first, "an array", "its first series"},
    {"FLOOR", 1, 1, run_floor, kSeries, "the next whole number downwards"},
    {"HOUR", 1, 1, run_hour, kSeries, "the hour, UTC"},
    {"IF", 2, 3, run_if, "a condition, a value and, or not, another value",
     "the first value where the condition is not 0, else the second"},
    {"LAST", 1, 1, run_last, "an array", "its last series"},
    {"LOG", 1, 1, run_log, kSeries, "the natural logarithm; nothing at 0 and below"},
    {"LOG10", 1, 1, run_log10, kSeries, "the decimal logarithm; nothing at 0 and below"},
    {"MAX", 1, 1, run_max, kSeries,
     "the largest value of a series; of an array, at each timestamp"},
    {"METRICS", 0, 1, run_metrics, "nothing or a part of ids in quotes",
     "the metrics of the request", 0b1},
    {"METRIC_COUNT", 1, 1, run_metric_count, "an array", "how many series it has"},
    {"MIN", 1, 1, run_min, kSeries,
     "the smallest value of a series; of an array, at each timestamp"},
    {"MINUTE", 1, 1, run_minute, kSeries, "the minute of the hour"},
    {"MONTH", 1, 1, run_month, kSeries, "the month, January is 1, UTC"},
    {"PERIOD", 1, 1, run_period, "the id of a metric", "its period in seconds"},
    {"RATE", 1, 1, run_rate, kSeries, "the difference to the point before, a second"},
    {"REMOVE_EMPTY", 1, 1, run_remove_empty, "an array", "without the series that have no point"},
    {"RUNNING_SUM", 1, 1, run_running_sum, kSeries, "the sum of all points so far"},
    {kSearch, 2, 3, run_search,
     "a search text, a statistic, both in quotes, and, or not, a period in seconds",
     "the metrics that are found", 0b111},
    {"SLICE", 2, 3, run_slice, "an array, an index and, or not, an end", "a part of an array"},
    {"SORT", 3, 4, run_sort, "an array, AVG, MIN, MAX or SUM, ASC or DESC and, or not, a number",
     "sorts the series of an array", 0b110},
    {"STDDEV", 1, 1, run_stddev, kSeries, "the standard deviation"},
    {"SUM", 1, 1, run_sum, kSeries, "the sum of a series; of an array, at each timestamp"},
    {"TIME_SERIES", 1, 1, run_time_series, "a number", "a series with that value everywhere"},
    {"YEAR", 1, 1, run_year, kSeries, "the year, UTC"},
};

constexpr std::array<std::string_view, 4> kUnserved{"DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC",
                                                    "LAMBDA", "SERVICE_QUOTA"};

}  // namespace

const Function* find_function(std::string_view name) {
  for (const Function& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

bool is_unserved_function(std::string_view name) {
  return std::find(kUnserved.begin(), kUnserved.end(), name) != kUnserved.end();
}

std::vector<FunctionDoc> function_docs() {
  std::vector<FunctionDoc> out;
  for (const Function& f : kFunctions) out.push_back({f.name, f.signature, f.doc});
  return out;
}

}  // namespace kansoku::query::metric_math
