#include "query/statistic/statistic.h"

namespace kansoku::query {
namespace {

using signal::Pairs;
using signal::Point;
using signal::ValueCount;

struct NamedStatistic {
  std::string_view name;
  StatisticKind kind;
};
constexpr std::array<NamedStatistic, 5> kBasic{{
    {"SampleCount", StatisticKind::SampleCount},
    {"Sum", StatisticKind::Sum},
    {"Average", StatisticKind::Average},
    {"Minimum", StatisticKind::Minimum},
    {"Maximum", StatisticKind::Maximum},
}};
// Lower case with one number: everything up to that percentile.
constexpr std::array<NamedStatistic, 5> kNumbered{{
    {"tm", StatisticKind::TrimmedMean},
    {"wm", StatisticKind::WinsorizedMean},
    {"tc", StatisticKind::TrimmedCount},
    {"ts", StatisticKind::TrimmedSum},
    {"p", StatisticKind::Percentile},
}};
// Upper case with a range in parentheses.
constexpr std::array<NamedStatistic, 5> kRanged{{
    {"TM", StatisticKind::TrimmedMean},
    {"WM", StatisticKind::WinsorizedMean},
    {"TC", StatisticKind::TrimmedCount},
    {"TS", StatisticKind::TrimmedSum},
    {"PR", StatisticKind::PercentileRank},
}};

// Percentiles have at most ten decimals (GetMetricStatistics, ExtendedStatistics).
constexpr size_t kDecimalsMax = 10;

std::optional<double> parse_number(std::string_view text, bool allow_sign) {
  if (text.empty() || text.size() > 40) return std::nullopt;
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c >= '0' && c <= '9') {
      ++digits;
    } else if (c != '.' && !(allow_sign && i == 0 && c == '-')) {
      return std::nullopt;
    }
  }
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || digits == 0) return std::nullopt;
  return value;
}

std::optional<double> parse_percent(std::string_view text) {
  size_t dot = text.find('.');
  if (dot != std::string_view::npos && text.size() - dot - 1 > kDecimalsMax) return std::nullopt;
  auto value = parse_number(text, false);
  if (!value || *value > 100) return std::nullopt;
  return value;
}

// "10%:90%", ":90%", "20:80", ":20" ...
bool parse_range(std::string_view range, Statistic& out) {
  size_t colon = range.find(':');
  if (colon == std::string_view::npos) return false;
  std::string_view sides[2] = {range.substr(0, colon), range.substr(colon + 1)};
  std::optional<double>* bounds[2] = {&out.lower, &out.upper};
  std::optional<bool> percent;
  for (int i = 0; i < 2; ++i) {
    std::string_view side = sides[i];
    if (side.empty()) continue;
    bool side_percent = side.back() == '%';
    if (side_percent) side.remove_suffix(1);
    if (percent && *percent != side_percent) return false;
    percent = side_percent;
    *bounds[i] = side_percent ? parse_percent(side) : parse_number(side, true);
    if (!*bounds[i]) return false;
  }
  if (!percent) return false;
  out.percent = *percent;
  return !(out.lower && out.upper && *out.lower >= *out.upper);
}

// A part of the sorted samples: their number and sum.
struct Slice {
  double count = 0;
  double sum = 0;
};

// Samples whose rank lies in (from, to] of the cumulative counts; a sample on a cut counts by its
// share.
Slice slice_by_rank(const Pairs& pairs, double from, double to) {
  Slice out;
  double before = 0;
  for (const ValueCount& vc : pairs) {
    double after = before + vc.count;
    double share = std::min(after, to) - std::max(before, from);
    if (share > 0) {
      out.count += share;
      out.sum += share * vc.value;
    }
    before = after;
  }
  return out;
}

Slice slice_by_value(const Pairs& pairs, const Statistic& s) {
  Slice out;
  for (const ValueCount& vc : pairs) {
    if (s.lower && vc.value <= *s.lower) continue;
    if (s.upper && vc.value > *s.upper) continue;
    out.count += vc.count;
    out.sum += vc.count * vc.value;
  }
  return out;
}

double value_at_rank(const Pairs& pairs, double rank) {
  double cumulative = 0;
  for (const ValueCount& vc : pairs) {
    cumulative += vc.count;
    if (cumulative >= rank * (1 - 1e-12)) return vc.value;
  }
  return pairs.back().value;
}

double winsorized_mean(const Pairs& pairs, const Statistic& s, double count) {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  if (s.lower) low = s.percent ? value_at_rank(pairs, *s.lower / 100 * count) : *s.lower;
  if (s.upper) high = s.percent ? value_at_rank(pairs, *s.upper / 100 * count) : *s.upper;
  double sum = 0;
  for (const ValueCount& vc : pairs) sum += vc.count * std::clamp(vc.value, low, high);
  return sum / count;
}

std::optional<double> evaluate_distribution(const Statistic& s, const Pairs& pairs) {
  double count = 0;
  for (const ValueCount& vc : pairs) count += vc.count;
  if (!(count > 0)) return std::nullopt;
  if (s.kind == StatisticKind::Percentile) return value_at_rank(pairs, *s.upper / 100 * count);
  if (s.kind == StatisticKind::WinsorizedMean) return winsorized_mean(pairs, s, count);
  Slice slice = s.percent ? slice_by_rank(pairs, s.lower.value_or(0) / 100 * count,
                                          s.upper.value_or(100) / 100 * count)
                          : slice_by_value(pairs, s);
  switch (s.kind) {
    case StatisticKind::TrimmedCount:
      return slice.count;
    case StatisticKind::TrimmedSum:
      return slice.sum;
    case StatisticKind::PercentileRank:
      return 100 * slice.count / count;
    default:
      break;
  }
  if (!(slice.count > 0)) return std::nullopt;
  return slice.sum / slice.count;
}

}  // namespace

Result<Statistic> parse_statistic(std::string_view text) {
  Statistic out;
  out.text = std::string(text);
  for (const NamedStatistic& named : kBasic) {
    if (text == named.name) {
      out.kind = named.kind;
      return out;
    }
  }
  if (text == "IQM") {
    out.kind = StatisticKind::TrimmedMean;
    out.lower = 25;
    out.upper = 75;
    out.percent = true;
    return out;
  }
  for (const NamedStatistic& named : kNumbered) {
    if (!text.starts_with(named.name)) continue;
    out.upper = parse_percent(text.substr(named.name.size()));
    if (!out.upper) continue;
    out.kind = named.kind;
    out.percent = true;
    return out;
  }
  for (const NamedStatistic& named : kRanged) {
    if (!text.starts_with(named.name) || !text.ends_with(')')) continue;
    std::string_view range = text.substr(named.name.size());
    if (range.size() < 2 || range.front() != '(') continue;
    Statistic ranged = out;
    ranged.kind = named.kind;
    if (parse_range(range.substr(1, range.size() - 2), ranged)) return ranged;
  }
  return invalid_argument(
      "statistic {} is none of SampleCount, Sum, Average, Minimum, Maximum, IQM, pN, tmN, wmN, "
      "tcN, "
      "tsN (N from 0 to 100), TM(a:b), WM(a:b), TC(a:b), TS(a:b), PR(a:b)",
      quoted(text));
}

std::optional<double> evaluate(const Statistic& statistic, const Point& cell) {
  double count = cell.count();
  switch (statistic.kind) {
    case StatisticKind::SampleCount:
      return count;
    case StatisticKind::Sum:
      return cell.sum();
    case StatisticKind::Average:
      if (!(count > 0)) return std::nullopt;
      return cell.sum() / count;
    case StatisticKind::Minimum:
      return cell.min();
    case StatisticKind::Maximum:
      return cell.max();
    default:
      break;
  }
  if (cell.min() < 0) return std::nullopt;
  if (!cell.distribution) {
    return evaluate_distribution(statistic, Pairs{{cell.value, 1}});
  }
  if (cell.distribution->distribution_lost) return std::nullopt;
  return evaluate_distribution(statistic, signal::to_pairs(*cell.distribution));
}

}  // namespace kansoku::query
