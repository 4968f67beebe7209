// Functions that look at labels or at the samples behind a selector.
#include <algorithm>
#include <set>

#include "query/promql/evaluator.h"
#include "store/regex.h"

namespace kansoku::query::promql {
namespace {

// The labels that equality matchers of a missing series tell.
LabelSet labels_of_absent(const Expr& expr) {
  const Expr& inner = unwrapped(expr);
  const std::vector<LabelMatcher>* matchers = nullptr;
  if (inner.kind == ExprKind::VectorSelector) matchers = &as<VectorSelector>(inner).matchers;
  if (inner.kind == ExprKind::MatrixSelector)
    matchers = &as<MatrixSelector>(inner).vector->matchers;
  if (matchers == nullptr) return {};
  std::map<std::string, std::string> values;
  std::set<std::string> seen;
  for (const LabelMatcher& matcher : *matchers) {
    if (matcher.name == kMetricName) continue;
    // What a later matcher of the same label says as well is no single value any more.
    if (matcher.type == MatchType::Equal && seen.insert(matcher.name).second) {
      values[matcher.name] = matcher.value;
    } else {
      values.erase(matcher.name);
    }
  }
  std::vector<Label> labels;
  for (const auto& [name, value] : values) labels.push_back({name, value});
  return LabelSet::from(std::move(labels));
}

// $1, ${name}, $$ in a replacement, as Go's regexp.Expand reads them.
std::string expanded(std::string_view replacement, const store::Regex& regex,
                     std::span<const std::string_view> groups) {
  const auto group_text = [&](std::string_view name) -> std::string_view {
    size_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size()) {
      number = regex.group_number(name).value_or(groups.size());
    }
    return number < groups.size() ? groups[number] : std::string_view();
  };
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::string out;
  for (size_t at = 0; at < replacement.size();) {
    if (replacement[at] != '$' || at + 1 == replacement.size()) {
      out += replacement[at++];
      continue;
    }
    if (replacement[at + 1] == '$') {
      out += '$';
      at += 2;
      continue;
    }
    const bool braces = replacement[at + 1] == '{';
    const size_t begin = at + (braces ? 2 : 1);
    size_t end = begin;
    while (end < replacement.size() && is_name(replacement[end])) ++end;
    const bool closed = !braces || (end < replacement.size() && replacement[end] == '}');
    if (end == begin || !closed) {
      out += replacement[at++];
      continue;
    }
    out += group_text(replacement.substr(begin, end - begin));
    at = end + (braces ? 1 : 0);
  }
  return out;
}

// The new labels of a series whose label `name` was set.
void set_label(Series& series, std::string_view name, std::string_view value) {
  series.labels = series.labels.with(name, value);
  if (name == kMetricName) series.drop_name = false;
}

}  // namespace

Result<Matrix> Evaluator::absent(const CallExpr& call) {
  KANSOKU_TRY(Matrix matrix, eval(*call.args[0]));
  std::vector<bool> seen(grid_.steps(), false);
  for (const Series& series : matrix) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(kPointUnits * series.points.size()));
    for (const Point& point : series.points) seen[grid_.index(point.t)] = true;
  }
  Series out{labels_of_absent(*call.args[0]), false, {}};
  for (size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) out.points.push_back({.t = grid_.at(i), .f = 1});
  }
  Matrix result;
  if (!out.points.empty()) result.push_back(std::move(out));
  return result;
}

Result<Matrix> Evaluator::absent_over_time(const CallExpr& call) {
  KANSOKU_TRY(RangeInput input, range_input(unwrapped(*call.args[0]), Use::Values));
  std::vector<bool> seen(grid_.steps(), false);
  for (const SourceSeries& series : input.series) {
    size_t low = 0;
    size_t high = 0;
    for (size_t i = 0; i < seen.size(); ++i) {
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(kPointUnits));
      if (!window(input, series, grid_.at(i), low, high).empty()) seen[i] = true;
    }
  }
  Series out{labels_of_absent(*call.args[0]), false, {}};
  for (size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) out.points.push_back({.t = grid_.at(i), .f = 1});
  }
  Matrix result;
  if (!out.points.empty()) result.push_back(std::move(out));
  return result;
}

Result<Matrix> Evaluator::label_replace(const CallExpr& call) {
  const std::string& target = string_argument(call, 1);
  const std::string& replacement = string_argument(call, 2);
  const std::string& source = string_argument(call, 3);
  const std::string& pattern = string_argument(call, 4);
  const Result<store::Regex> regex = store::Regex::compile(pattern);
  if (!regex) {
    return invalid_argument("invalid regular expression in label_replace(): {}", pattern);
  }
  if (!is_valid_label_name(target)) {
    return invalid_argument("invalid destination label name in label_replace(): {}", target);
  }
  KANSOKU_TRY(Matrix matrix, eval(*call.args[0]));
  for (Series& series : matrix) {
    // The length of a label value is part of what a regex costs.
    KANSOKU_RETURN_IF_ERROR(
        root_.context.spend(2 * kSeriesUnits + 16 * series.labels.get(source).size()));
    const std::string value(series.labels.get(source));
    const auto groups = regex->groups(value);
    if (groups) set_label(series, target, expanded(replacement, *regex, *groups));
  }
  return merge_same_labels(std::move(matrix), root_.context);
}

Result<Matrix> Evaluator::label_join(const CallExpr& call) {
  const std::string& target = string_argument(call, 1);
  const std::string& separator = string_argument(call, 2);
  for (size_t i = 3; i < call.args.size(); ++i) {
    if (!is_valid_label_name(string_argument(call, i))) {
      return invalid_argument("invalid source label name in label_join(): {}",
                              string_argument(call, i));
    }
  }
  if (!is_valid_label_name(target)) {
    return invalid_argument("invalid destination label name in label_join(): {}", target);
  }
  KANSOKU_TRY(Matrix matrix, eval(*call.args[0]));
  for (Series& series : matrix) {
    KANSOKU_RETURN_IF_ERROR(root_.context.spend(2 * kSeriesUnits));
    std::string joined;
    for (size_t i = 3; i < call.args.size(); ++i) {
      if (i > 3) joined += separator;
      joined += series.labels.get(string_argument(call, i));
    }
    set_label(series, target, joined);
  }
  return merge_same_labels(std::move(matrix), root_.context);
}

// timestamp() and start_timestamp(): of the samples where the argument is a selector, else of the
// steps.
Result<Matrix> Evaluator::sample_times(const CallExpr& call, bool start) {
  const Expr& arg = unwrapped(*call.args[0]);
  const bool of_samples = arg.kind == ExprKind::VectorSelector;
  if (start && (!of_samples || !root_.options.start_timestamps)) return Matrix{};
  Matrix matrix;
  if (of_samples) {
    // The same walk as for values, over points whose value is their own time.
    const auto& selector = as<VectorSelector>(arg);
    KANSOKU_TRY(auto all, read(selector, root_.options.lookback_ms, 0, Use::Instant));
    for (const SourceSeries& series : all) {
      Series result{series.labels, false, {}};
      size_t next = 0;
      for (size_t step = 0; step < grid_.steps(); ++step) {
        KANSOKU_RETURN_IF_ERROR(root_.context.spend(kPointUnits));
        const int64_t at = reference(selector.time, grid_.at(step));
        while (next < series.points.size() && series.points[next].t <= at) ++next;
        if (next == 0) continue;
        const Point& last = series.points[next - 1];
        if (!in_lookback(last.t, at) || (!last.h && is_stale(last.f))) continue;
        result.points.push_back(
            {.t = grid_.at(step), .f = static_cast<double>(start ? last.st : last.t) / 1000});
      }
      if (!result.points.empty()) matrix.push_back(std::move(result));
    }
  } else {
    KANSOKU_TRY(matrix, eval(arg));
    for (Series& series : matrix) {
      KANSOKU_RETURN_IF_ERROR(root_.context.spend(kPointUnits * series.points.size()));
      for (Point& point : series.points)
        point = {.t = point.t, .f = static_cast<double>(point.t) / 1000};
    }
  }
  for (Series& series : matrix) drop_name(root_.options, series.labels, series.drop_name);
  return merge_same_labels(std::move(matrix), root_.context);
}

}  // namespace kansoku::query::promql
