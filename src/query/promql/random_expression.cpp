#include "query/promql/random_expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace kansoku::query::promql {
namespace {

enum class Kind : uint8_t { Counter, Gauge, Flag, Odd, Bucket, Count, Sum, Native, Custom, Info };

struct Metric {
  std::string_view name;
  Kind kind;
  bool as_2_42;  // Prometheus 2.42 answers for it as 3.x does
};
constexpr Metric kMetrics[] = {
    {"requests_total", Kind::Counter, true},
    {"bytes_total", Kind::Counter, true},
    {"queue_size", Kind::Gauge, true},
    {"temperature", Kind::Gauge, true},
    {"up", Kind::Flag, true},
    {"took_bucket", Kind::Bucket, true},
    {"took_count", Kind::Count, true},
    {"took_sum", Kind::Sum, true},
    {"odd", Kind::Odd, false},
    {"latency", Kind::Native, false},
    {"sizes", Kind::Custom, false},
    {"target_info", Kind::Info, false},
    {"dotted.name", Kind::Gauge, false},
};
constexpr std::string_view kGroupLabels[] = {"job", "instance", "code", "le", "env"};

}  // namespace

uint64_t RandomExpressions::random() { return random_step(state_); }

std::string RandomExpressions::next() {
  return chance(6) ? scalar(options_.depth_max) : vector(options_.depth_max);
}

// Whole seconds, 7 s after a multiple of 15 s. Steps, offsets and `@` are multiples of 15 s and
// ranges are not, so that steps of subqueries, multiples too, meet no edge of a range either.
QueryRange RandomExpressions::next_range() {
  int64_t at =
      options_.begin_ms + 7'000 + static_cast<int64_t>(below(kRandomDataMs / 15'000)) * 15'000;
  if (chance(25)) return {at, at, 0};
  constexpr int64_t kSteps[] = {15'000, 60'000, 150'000, 300'000};
  int64_t step = pick(kSteps);
  return {at, at + step * static_cast<int64_t>(below(12)), step};
}

// Those outside give infinities, which 2.42 treats otherwise in sums of squares.
std::string RandomExpressions::quantile() {
  constexpr std::string_view kInside[] = {"0", "0.1", "0.25", "0.5", "0.9", "0.99", "1"};
  constexpr std::string_view kOutside[] = {"-1", "1.5", "NaN"};
  return std::string(!options_.as_2_42 && chance(15) ? pick(kOutside) : pick(kInside));
}

std::string RandomExpressions::at_time() {
  int64_t at =
      options_.begin_ms + 7'000 + static_cast<int64_t>(below(kRandomDataMs / 15'000)) * 15'000;
  return fmt::format("@ {}", at / 1000);
}

std::string RandomExpressions::number() {
  constexpr std::string_view kNumbers[] = {"0", "1", "2", "0.5", "-1", "3.25", "10", "100", "-0.1"};
  constexpr std::string_view kOdd[] = {"NaN", "Inf", "-Inf", "1e300", "0x1f", "1_000"};
  if (!options_.as_2_42 && chance(6)) return std::string(pick(kOdd));
  return std::string(pick(kNumbers));
}

// A range or subquery length. 3.x takes arithmetic there.
std::string RandomExpressions::duration(std::span<const std::string_view> plain) {
  std::string out(plain[below(plain.size())]);
  if (options_.as_2_42 || !chance(8)) return out;
  if (chance(50)) return fmt::format("{} * 2", out);
  return fmt::format("{} + max_of(step(), 7s)", out);
}

std::string RandomExpressions::modifiers() {
  constexpr std::string_view kOffsets[] = {"15s", "1m", "5m", "-30s", "-2m", "1h"};
  std::string out;
  if (chance(12)) out += fmt::format(" offset {}", pick(kOffsets));
  if (chance(8)) {
    size_t which = below(4);
    out += which == 0 ? " @ start()" : which == 1 ? " @ end()" : " " + at_time();
  }
  return out;
}

std::string RandomExpressions::metric_name() {
  for (;;) {
    const Metric& metric = pick(kMetrics);
    if (metric.as_2_42 || !options_.as_2_42) return std::string(metric.name);
  }
}

std::string RandomExpressions::matcher() {
  constexpr std::string_view kMatchers[] = {
      R"(job="a")",       R"(job!="b")",          R"(job=~"a|c")",    R"(job!~"b.*")",
      R"(instance="i1")", R"(instance=~"i[01]")", R"(instance!~"")",  R"(instance=~".+")",
      R"(env="")",        R"(env="prod")",        R"(env!="prod")",   R"(code=~"4..|500")",
      R"(code!="200")",   R"(le="+Inf")",         R"(missing=~".*")", R"(job="nobody")"};
  return std::string(pick(kMatchers));
}

std::string RandomExpressions::selector(std::string_view metric) {
  std::string matchers;
  for (int i = 0; i < 2 && chance(40); ++i) {
    if (!matchers.empty()) matchers += ',';
    matchers += matcher();
  }
  if (!options_.as_2_42 && chance(5)) {
    constexpr std::string_view kNames[] = {"took_.+", "requests_total|queue_size", ".*_total",
                                           "lat.+|sizes"};
    return fmt::format("{{__name__=~\"{}\"{}{}}}", pick(kNames), matchers.empty() ? "" : ",",
                       matchers);
  }
  if (!is_legacy_metric_name(metric)) {
    return fmt::format("{{\"{}\"{}{}}}", metric, matchers.empty() ? "" : ",", matchers);
  }
  return matchers.empty() ? std::string(metric) : fmt::format("{}{{{}}}", metric, matchers);
}

std::string RandomExpressions::matrix(int depth, std::string_view metric) {
  constexpr std::string_view kRanges[] = {"20s", "40s", "64s", "124s", "304s", "604s", "1204s"};
  constexpr std::string_view kSteps[] = {":15s", ":30s", ":60s", ":"};
  if (depth > 1 && chance(20)) {
    std::string inner = vector(depth - 1);
    return fmt::format("({})[{}{}]{}", inner, duration(kRanges), pick(kSteps), modifiers());
  }
  std::string name = metric.empty() ? metric_name() : std::string(metric);
  return fmt::format("{}[{}]{}", selector(name), duration(kRanges), modifiers());
}

std::string RandomExpressions::scalar(int depth) {
  if (depth <= 0 || chance(45)) return number();
  constexpr std::string_view kOps[] = {"+", "-", "*", "/", "%", "^", "atan2"};
  constexpr std::string_view kComparisons[] = {"==", "!=", ">", "<", ">=", "<="};
  switch (below(5)) {
    case 0:
      return fmt::format("scalar({})", vector(depth - 1));
    case 1:
      return "time()";
    case 2:
      return fmt::format("({} {} bool {})", scalar(depth - 1), pick(kComparisons),
                         scalar(depth - 1));
    case 3:
      if (!options_.as_2_42) {
        constexpr std::string_view kCalls[] = {"pi()", "start()", "end()", "range()", "step()"};
        if (chance(60)) return std::string(pick(kCalls));
        return fmt::format("{}({}, {})", chance(50) ? "min_of" : "max_of", scalar(depth - 1),
                           scalar(depth - 1));
      }
      return "pi()";
    default:
      return fmt::format("({} {} {})", scalar(depth - 1), pick(kOps), scalar(depth - 1));
  }
}

std::string RandomExpressions::vector(int depth) {
  if (depth <= 0) return selector(metric_name()) + modifiers();
  size_t choice = below(100);
  if (choice < 8) return selector(metric_name()) + modifiers();
  if (choice < 30) return binary(depth);
  if (choice < 52) return aggregation(depth);
  if (choice < 74) return range_call(depth);
  if (choice < 86) return call(depth);
  if (choice < 92) return histogram_call(depth);
  if (choice < 95) return label_call(depth);
  if (choice < 97) return fmt::format("-({})", vector(depth - 1));
  if (choice < 98) return fmt::format("vector({})", scalar(depth - 1));
  return top(depth);
}

// An operand with exactly one series for each value of the labels.
std::string RandomExpressions::aggregated(int depth, std::string_view by) {
  constexpr std::string_view kOps[] = {"sum", "max", "min", "avg", "count"};
  return fmt::format("{} by ({}) ({})", pick(kOps), by, vector(depth - 2));
}

std::string RandomExpressions::binary(int depth) {
  constexpr std::string_view kArithmetic[] = {"+", "-", "*", "/", "%", "^", "atan2"};
  constexpr std::string_view kComparisons[] = {
      "==", "!=", ">", "<", ">=", "<=", "== bool", "> bool", "<= bool"};
  constexpr std::string_view kMatching[] = {"job", "job, instance", "instance"};
  std::string op(chance(60) ? pick(kArithmetic) : pick(kComparisons));
  // 2.42 keeps the name of atan2's left side; a remainder makes much of a last digit.
  if (options_.as_2_42 && (op == "atan2" || op == "%")) op = "-";
  if (!options_.as_2_42 && chance(5)) op = chance(50) ? "</" : ">/";
  std::string_view on = pick(kMatching);
  std::string fill;
  if (!options_.as_2_42 && chance(10) && op != "</" && op != ">/") {
    fill = chance(50) ? " fill(1)" : chance(50) ? " fill_left(0)" : " fill_right(2)";
  }
  switch (below(7)) {
    case 0:
      return fmt::format("({}) {} {}", vector(depth - 1), op, scalar(depth - 1));
    case 1:
      return fmt::format("{} {} ({})", scalar(depth - 1), op, vector(depth - 1));
    case 2:
      return fmt::format("({}) {} on ({}){} ({})", aggregated(depth, on), op, on, fill,
                         aggregated(depth, on));
    case 3:
      return fmt::format("({}) {} on ({}) group_left (){} ({})", vector(depth - 1), op, on, fill,
                         aggregated(depth, on));
    case 4:
      return fmt::format("({}) {} on (job) group_right (env){} ({})", aggregated(depth, "job"), op,
                         fill, vector(depth - 1));
    case 5:
      return set_operation(depth);
    default: {
      // The same metric at another time matches one to one.
      std::string name = metric_name();
      return fmt::format("({}{}) {} ({}{})", selector(name), modifiers(), op, selector(name),
                         modifiers());
    }
  }
}

std::string RandomExpressions::set_operation(int depth) {
  constexpr std::string_view kOps[] = {"and", "or", "unless"};
  constexpr std::string_view kLabels[] = {"job", "job, instance", "instance"};
  std::string_view op = pick(kOps);
  // Where the sides of `or` differ in names only, 3.x joins them over the steps and 2.42 does not.
  if (options_.as_2_42 && op == "or") {
    return fmt::format("({}) or ({})", aggregated(depth, pick(kLabels)),
                       aggregated(depth, pick(kLabels)));
  }
  if (chance(25)) {
    // Both sides of one metric: the same labels, of which one side is to lose the name.
    constexpr std::string_view kFunctions[] = {"rate", "delta", "max_over_time", "last_over_time"};
    constexpr std::string_view kComparisons[] = {"<", ">", ">=", "=="};
    std::string name = metric_name();
    std::string some = fmt::format("{} {} ({})", selector(name), pick(kComparisons), vector(0));
    if (chance(50)) some = fmt::format("{} {} {}", selector(name), pick(kComparisons), number());
    std::string other = fmt::format("{}({})", pick(kFunctions), matrix(0, name));
    if (chance(30)) std::swap(some, other);
    return fmt::format("({}) {} ({})", some, op, other);
  }
  std::string matching = chance(50)   ? fmt::format(" on ({})", pick(kLabels))
                         : chance(50) ? fmt::format(" ignoring ({})", pick(kLabels))
                                      : "";
  return fmt::format("({}) {}{} ({})", vector(depth - 1), op, matching, vector(depth - 1));
}

std::string RandomExpressions::aggregation(int depth) {
  constexpr std::string_view kOps[] = {"sum",   "avg",   "min",    "max",
                                       "count", "group", "stddev", "stdvar"};
  std::string grouping;
  if (chance(70)) {
    grouping = fmt::format(" {} ({}", chance(70) ? "by" : "without", pick(kGroupLabels));
    if (chance(40)) grouping += fmt::format(", {}", pick(kGroupLabels));
    grouping += ")";
  }
  if (!options_.as_2_42 && chance(4)) {
    if (chance(50)) return fmt::format("limitk{} ({}, {})", grouping, below(4), vector(depth - 1));
    constexpr std::string_view kShares[] = {"0.5", "-0.3", "1", "0"};
    return fmt::format("limit_ratio{} ({}, {})", grouping, pick(kShares), vector(depth - 1));
  }
  size_t choice = below(100);
  if (choice < 8) {
    return fmt::format("quantile{} ({}, {})", grouping, quantile(), vector(depth - 1));
  }
  if (choice < 12) {
    // Rounded, so that a last digit decides no group.
    return fmt::format("count_values{} (\"value\", round({}))", grouping, selector(metric_name()));
  }
  std::string_view op = pick(kOps);
  if (options_.as_2_42 && op.starts_with("std")) {
    // 2.42 says 0 of a single value, also where that is NaN.
    return fmt::format("{}{} ({})", op, grouping, selector(metric_name()));
  }
  return fmt::format("{}{} ({})", op, grouping, vector(depth - 1));
}

// Of values that are hardly ever equal: which of equal ones is taken is not defined.
std::string RandomExpressions::top(int depth) {
  constexpr std::string_view kOps[] = {"topk", "bottomk", "sort", "sort_desc"};
  constexpr std::string_view kGauges[] = {"temperature", "queue_size"};
  std::string op(pick(kOps));
  if (op.starts_with("sort")) return fmt::format("{}({})", op, vector(depth - 1));
  std::string inner = chance(50) ? selector(pick(kGauges)) + modifiers()
                                 : fmt::format("avg_over_time({})", matrix(0, pick(kGauges)));
  return fmt::format("{}{} ({}, {})", op, chance(40) ? " by (job)" : "", below(5), inner);
}

bool RandomExpressions::usable(const FunctionRow& row) const {
  if (!options_.as_2_42) return true;
  // Dates of NaN and infinities are what the processor makes of them.
  constexpr std::string_view kDates[] = {"day_of_month",  "day_of_week", "day_of_year",
                                         "days_in_month", "hour",        "minute",
                                         "month",         "year"};
  if (std::find(std::begin(kDates), std::end(kDates), row.name) != std::end(kDates)) return false;
  // range_call() has these of counters, straight from the data.
  constexpr std::string_view kStepwise[] = {"rate", "increase", "irate", "resets", "changes"};
  if (std::ranges::find(kStepwise, row.name) != std::end(kStepwise)) return false;
  return !row.experimental &&
         (!row.name.starts_with("histogram_") || row.name == "histogram_quantile");
}

std::string RandomExpressions::range_call(int depth) {
  constexpr std::string_view kRates[] = {"rate",    "increase", "irate", "resets",
                                         "changes", "delta",    "idelta"};
  constexpr std::string_view kCounters[] = {"requests_total", "bytes_total", "took_bucket",
                                            "took_count"};
  constexpr std::string_view kNatives[] = {"latency", "sizes"};
  if (chance(45)) {
    std::string_view function = pick(kRates);
    std::string_view metric = pick(kCounters);
    if (!options_.as_2_42 && chance(25)) metric = pick(kNatives);
    // Straight from the data: 2.42 extrapolates what is near zero below it, and of computed values
    // a last digit decides what is a reset or a change.
    const bool stepwise = function != "delta" && function != "idelta";
    std::string range = matrix(options_.as_2_42 && stepwise ? 0 : depth, metric);
    const FunctionRow& row = *find_function(function);
    bool subquery = range.starts_with("(");
    if (!options_.as_2_42 && row.anchored && !subquery && chance(15)) {
      // The modifier stands before offset and @.
      range.insert(range.find(']') + 1, row.smoothed && chance(50) ? " smoothed" : " anchored");
    }
    return fmt::format("{}({})", function, range);
  }
  for (;;) {
    const FunctionRow& row = pick(functions());
    if (!usable(row) ||
        std::find(row.args.begin(), row.args.end(), ValueType::Matrix) == row.args.end())
      continue;
    return table_call(row, depth);
  }
}

std::string RandomExpressions::call(int depth) {
  for (;;) {
    const FunctionRow& row = pick(functions());
    bool other = row.result != ValueType::Vector || row.special == SpecialFunction::LabelReplace ||
                 row.special == SpecialFunction::LabelJoin ||
                 row.special == SpecialFunction::Info || row.name.starts_with("histogram_") ||
                 row.name.starts_with("sort_by_label") ||
                 std::find(row.args.begin(), row.args.end(), ValueType::Matrix) != row.args.end();
    if (usable(row) && !other) return table_call(row, depth);
  }
}

// Arguments by the types of the table.
std::string RandomExpressions::table_call(const FunctionRow& row, int depth) {
  std::string out(row.name);
  out += '(';
  size_t count = row.arg_count;
  if (row.variadic > 0 && chance(40)) --count;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out += ", ";
    switch (row.args[i]) {
      case ValueType::Matrix:
        out += range_argument(row, depth);
        break;
      case ValueType::Scalar:
        out += scalar_argument(row, depth);
        break;
      case ValueType::String:
        out += "\"job\"";
        break;
      default:
        // Periodic and steep functions of large values make much of a last digit.
        out += options_.as_2_42 && count == 1 ? fmt::format("clamp({}, -3, 3)", vector(depth - 1))
                                              : vector(depth - 1);
        break;
    }
  }
  return out + ')';
}

std::string RandomExpressions::range_argument(const FunctionRow& row, int depth) {
  std::string out = matrix(depth, "");
  // 2.42 moves the window of `@` with the steps here (prometheus/prometheus issue 11708).
  while (options_.as_2_42 && row.name == "predict_linear" && out.find('@') != std::string::npos) {
    out = matrix(depth, "");
  }
  return out;
}

std::string RandomExpressions::scalar_argument(const FunctionRow& row, int depth) {
  if (row.name == "quantile_over_time") return quantile();
  // The factors of smoothing lie between 0 and 1.
  if (row.name == "double_exponential_smoothing") return chance(50) ? "0.5" : "0.3";
  return chance(80) ? number() : scalar(depth - 1);
}

std::string RandomExpressions::histogram_call(int depth) {
  if (options_.as_2_42 || chance(40)) {
    std::string buckets =
        chance(50) ? fmt::format("rate({})", matrix(0, "took_bucket")) : selector("took_bucket");
    if (chance(50)) buckets = fmt::format("sum by (le{}) ({})", chance(50) ? ", job" : "", buckets);
    return fmt::format("histogram_quantile({}, {})", quantile(), buckets);
  }
  constexpr std::string_view kNatives[] = {"latency", "sizes"};
  constexpr std::string_view kOnes[] = {"histogram_avg", "histogram_count", "histogram_sum",
                                        "histogram_stddev", "histogram_stdvar"};
  std::string native = chance(60) ? fmt::format("rate({})", matrix(0, pick(kNatives)))
                                  : selector(pick(kNatives)) + modifiers();
  if (depth > 1 && chance(40))
    native = fmt::format("{} by (job) ({})", chance(70) ? "sum" : "avg", native);
  switch (below(4)) {
    case 0:
      return fmt::format("histogram_quantile({}, {})", quantile(), native);
    case 1:
      return fmt::format("histogram_fraction({}, {}, {})", number(), number(), native);
    case 2:
      return fmt::format("histogram_quantiles({}, \"q\", {}, 0.75)", native, quantile());
    default:
      return fmt::format("{}({})", pick(kOnes), native);
  }
}

std::string RandomExpressions::label_call(int depth) {
  std::string inner = vector(depth - 1);
  switch (below(options_.as_2_42 ? 3 : 6)) {
    case 0:
      return fmt::format(R"x(label_replace({}, "target", "$1-$2", "instance", "(i)(.*)"))x", inner);
    case 1:
      return fmt::format(R"x(label_replace({}, "env", "", "job", "a"))x", inner);
    case 2:
      return fmt::format(R"x(label_join({}, "both", "/", "job", "instance"))x", inner);
    case 3:
      return fmt::format(R"(sort_by_label{}({}, "instance", "job"))", chance(50) ? "_desc" : "",
                         inner);
    case 4:
      return fmt::format("info({})", selector(metric_name()) + modifiers());
    default:
      return fmt::format(R"(info({}, {{version=~".+"}}))", selector(metric_name()));
  }
}

}  // namespace kansoku::query::promql
