#include "query/promql/script_case.h"

#include <algorithm>
#include <cmath>

#include "query/promql/lexer.h"
#include "store/regex.h"

namespace kansoku::query::promql {
namespace {

// Two numbers of a script are the same when they differ by less than this share of their
// magnitudes.
constexpr double kTolerance = 1e-6;

std::string_view trimmed_text(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_word(std::string_view& text) {
  text = trimmed_text(text);
  const size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = trimmed_text(text.substr(end));
  return word;
}

Result<int64_t> take_time(std::string_view& text) {
  const std::string_view word = take_word(text);
  if (auto ms = parse_duration_ms(word)) return *ms;
  KANSOKU_TRY(const double seconds, parse_number(word));
  return std::llround(seconds * 1000);
}

Status take_expected(std::string_view word, std::string_view text) {
  if (word == text) return {};
  return invalid_argument("expected {}, got {}", quoted(text), quoted(word));
}

bool nearly(double a, double b) {
  if (is_stale(a) || is_stale(b)) return is_stale(a) && is_stale(b);
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  const double sum = std::abs(a) + std::abs(b);
  const double apart = std::abs(a - b);
  if (a == 0 || b == 0 || sum < std::numeric_limits<double>::min()) {
    return apart < kTolerance * std::numeric_limits<double>::min();
  }
  return apart / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

bool nearly(const std::vector<signal::Bucket>& a, const std::vector<signal::Bucket>& b) {
  return std::ranges::equal(a, b, [](const signal::Bucket& x, const signal::Bucket& y) {
    return x.index == y.index && nearly(x.count, y.count);
  });
}

bool nearly(const FloatHistogram& a, const FloatHistogram& b) {
  return a.schema == b.schema && a.zero_threshold == b.zero_threshold &&
         a.custom_values == b.custom_values && nearly(a.count, b.count) && nearly(a.sum, b.sum) &&
         nearly(a.zero_count, b.zero_count) && nearly(a.positive, b.positive) &&
         nearly(a.negative, b.negative);
}

bool same_point(const WrittenPoint& expected, const Point& actual) {
  if (!expected.histogram != !actual.h) return false;
  if (!actual.h) return nearly(expected.value, actual.f);
  FloatHistogram compacted = *actual.h;
  compacted.compact();
  if (expected.hint_written && expected.histogram->hint != compacted.hint) return false;
  return nearly(*expected.histogram, compacted);
}

std::string text_of(double value, const HistogramPtr& h) {
  if (!h) return format_general(value);
  return fmt::format("{} (schema {}, zero {}, hint {})", h->to_string(), h->schema,
                     h->zero_threshold, static_cast<int>(h->hint));
}

std::string text_of(const Series& series) {
  std::string out = series.labels.to_string();
  for (const Point& point : series.points)
    out += fmt::format(" {}@{}", text_of(point.f, point.h), point.t);
  return out;
}

// Points of one series against what its k-th expected point says of start + k * step.
std::optional<std::string> points_difference(const ExpectedSeries& expected, const Series& actual,
                                             QueryRange grid) {
  size_t next = 0;
  for (size_t k = 0; k < expected.points.size(); ++k) {
    const int64_t t = grid.start_ms + static_cast<int64_t>(k) * grid.step_ms;
    if (!expected.points[k] || t > grid.end_ms) continue;
    const WrittenPoint& written = *expected.points[k];
    if (next >= actual.points.size() || actual.points[next].t != t ||
        !same_point(written, actual.points[next])) {
      return fmt::format("expected {} at {} ms of {}, got {}",
                         text_of(written.value, written.histogram), t, expected.labels.to_string(),
                         text_of(actual));
    }
    ++next;
  }
  if (next == actual.points.size()) return std::nullopt;
  return fmt::format("more points than expected: {}", text_of(actual));
}

std::optional<std::string> matrix_difference(const std::vector<ExpectedSeries>& expected,
                                             const Matrix& actual, QueryRange grid) {
  std::vector<bool> found(actual.size(), false);
  for (const ExpectedSeries& series : expected) {
    const auto match = std::ranges::find(actual, series.labels, &Series::labels);
    if (match == actual.end()) {
      const bool any =
          std::ranges::any_of(series.points, [](const auto& point) { return point.has_value(); });
      if (!any) continue;
      return fmt::format("expected series {} is missing among {}", series.labels.to_string(),
                         actual.size());
    }
    found[static_cast<size_t>(match - actual.begin())] = true;
    if (auto text = points_difference(series, *match, grid)) return text;
  }
  for (size_t i = 0; i < actual.size(); ++i) {
    if (!found[i]) return fmt::format("unexpected series {}", text_of(actual[i]));
  }
  return std::nullopt;
}

Matrix matrix_of(const Vector& vector) {
  Matrix out;
  for (const Sample& sample : vector) out.push_back({sample.labels, false, {sample.point}});
  return out;
}

std::optional<std::string> order_difference(const ScriptCase& expected, const Vector& actual) {
  for (size_t i = 0; i < expected.series.size() && i < actual.size(); ++i) {
    if (expected.series[i].labels == actual[i].labels) continue;
    return fmt::format("expected {} at place {}, got {}", expected.series[i].labels.to_string(),
                       i + 1, actual[i].labels.to_string());
  }
  return std::nullopt;
}

std::optional<std::string> texts_difference(const std::vector<ExpectedText>& expected, bool none,
                                            std::string_view what,
                                            const std::vector<std::string>& actual) {
  if (none && !actual.empty()) return fmt::format("unexpected {}: {}", what, actual.front());
  if (expected.empty()) return std::nullopt;
  for (const ExpectedText& one : expected) {
    if (std::ranges::none_of(actual, [&](const std::string& text) { return one.matches(text); })) {
      return fmt::format("expected {} {} is missing{}", what, quoted(one.text, 200),
                         actual.empty() ? std::string() : ", got " + actual.front());
    }
  }
  for (const std::string& text : actual) {
    if (std::ranges::none_of(expected,
                             [&](const ExpectedText& one) { return one.matches(text); })) {
      return fmt::format("unexpected {}: {}", what, text);
    }
  }
  return std::nullopt;
}

Result<ExpectedText> expected_text(std::string_view rest) {
  if (rest.empty()) return ExpectedText{};
  if (rest.starts_with("msg:")) {
    return ExpectedText{ExpectedText::How::Exact, std::string(trimmed_text(rest.substr(4)))};
  }
  if (rest.starts_with("regex:")) {
    return ExpectedText{ExpectedText::How::Pattern, std::string(trimmed_text(rest.substr(6)))};
  }
  return invalid_argument("bad expectation: {}", quoted(rest));
}

Status parse_expect(std::string_view rest, ScriptCase& into) {
  const std::string_view kind = take_word(rest);
  if (kind == "ordered") {
    into.ordered = true;
  } else if (kind == "no_warn") {
    into.no_warnings = true;
  } else if (kind == "no_info") {
    into.no_infos = true;
  } else if (kind == "fail") {
    into.fails = true;
    KANSOKU_TRY(into.failure, expected_text(rest));
  } else if (kind == "warn" || kind == "info") {
    KANSOKU_TRY(ExpectedText text, expected_text(rest));
    (kind == "warn" ? into.warnings : into.infos).push_back(std::move(text));
  } else if (kind == "string") {
    KANSOKU_TRY(into.string, unquote(rest));
  } else if (kind == "range") {
    KANSOKU_RETURN_IF_ERROR(take_expected(take_word(rest), "vector"));
    KANSOKU_RETURN_IF_ERROR(take_expected(take_word(rest), "from"));
    QueryRange grid;
    KANSOKU_TRY(grid.start_ms, take_time(rest));
    KANSOKU_RETURN_IF_ERROR(take_expected(take_word(rest), "to"));
    KANSOKU_TRY(grid.end_ms, take_time(rest));
    KANSOKU_RETURN_IF_ERROR(take_expected(take_word(rest), "step"));
    KANSOKU_TRY(grid.step_ms, take_time(rest));
    into.grid = grid;
  } else {
    return invalid_argument("bad expectation: {}", quoted(kind));
  }
  return {};
}

}  // namespace

bool ExpectedText::matches(std::string_view actual) const {
  if (how == How::Any) return true;
  if (how == How::Exact) return actual == text;
  auto regex = store::Regex::compile(".*(?:" + text + ").*");
  return regex && regex->matches(actual);
}

Result<ScriptCase> parse_eval(std::string_view line, size_t number) {
  ScriptCase out;
  out.line = number;
  std::string_view rest = line;
  const std::string_view command = take_word(rest);
  if (command == "eval_fail") {
    out.fails = true;
  } else if (command == "eval_warn") {
    out.warnings.push_back({});
  } else if (command == "eval_info") {
    out.infos.push_back({});
  } else if (command == "eval_ordered") {
    out.ordered = true;
  } else if (command != "eval") {
    return invalid_argument("unknown command {}", quoted(command));
  }
  const std::string_view kind = take_word(rest);
  if (kind == "instant") {
    KANSOKU_RETURN_IF_ERROR(take_expected(take_word(rest), "at"));
    KANSOKU_TRY(out.range.start_ms, take_time(rest));
    out.range.end_ms = out.range.start_ms;
  } else if (kind == "range") {
    out.instant = false;
    KANSOKU_RETURN_IF_ERROR(take_expected(take_word(rest), "from"));
    KANSOKU_TRY(out.range.start_ms, take_time(rest));
    KANSOKU_RETURN_IF_ERROR(take_expected(take_word(rest), "to"));
    KANSOKU_TRY(out.range.end_ms, take_time(rest));
    KANSOKU_RETURN_IF_ERROR(take_expected(take_word(rest), "step"));
    KANSOKU_TRY(out.range.step_ms, take_time(rest));
  } else {
    return invalid_argument("expected instant or range, got {}", quoted(kind));
  }
  out.query = rest;
  return out;
}

Status parse_expectation(std::string_view line, ScriptCase& into) {
  std::string_view rest = line;
  const std::string_view word = take_word(rest);
  if (word == "expect") return parse_expect(rest, into);
  if (word == "expected_fail_message" || word == "expected_fail_regexp") {
    into.fails = true;
    into.failure = {
        word == "expected_fail_message" ? ExpectedText::How::Exact : ExpectedText::How::Pattern,
        std::string(rest)};
    return {};
  }
  if (rest.empty()) {
    if (auto number = parse_number(word)) {
      into.scalar = *number;
      return {};
    }
  }
  std::string_view series = line;
  ExpectedSeries expected;
  KANSOKU_TRY(expected.labels, parse_labels(series));
  KANSOKU_TRY(expected.points, parse_points(series));
  into.series.push_back(std::move(expected));
  return {};
}

std::optional<std::string> difference(const ScriptCase& expected, const QueryResult& actual) {
  if (expected.string || actual.type == ValueType::String) {
    if (expected.string && actual.type == ValueType::String && *expected.string == actual.string)
      return std::nullopt;
    return fmt::format("expected string {}, got {}", quoted(expected.string.value_or("")),
                       quoted(actual.string));
  }
  if (expected.scalar || (expected.instant && actual.type == ValueType::Scalar)) {
    const bool is_scalar = actual.type == ValueType::Scalar;
    if (expected.scalar && is_scalar && nearly(*expected.scalar, actual.scalar))
      return std::nullopt;
    return fmt::format("expected {}, got {}",
                       expected.scalar ? format_general(*expected.scalar) : "a vector",
                       is_scalar ? format_general(actual.scalar) : "a vector");
  }
  if (expected.grid) return matrix_difference(expected.series, actual.matrix, *expected.grid);
  if (!expected.instant) return matrix_difference(expected.series, actual.matrix, expected.range);
  if (actual.type == ValueType::Matrix) return "unexpected range vector";
  if (auto text = matrix_difference(expected.series, matrix_of(actual.vector), expected.range))
    return text;
  return expected.ordered ? order_difference(expected, actual.vector) : std::nullopt;
}

std::optional<std::string> annotation_difference(const ScriptCase& expected,
                                                 const QueryResult& actual) {
  if (auto text = texts_difference(expected.warnings, expected.no_warnings, "warning",
                                   actual.annotations.warnings(expected.query))) {
    return text;
  }
  return texts_difference(expected.infos, expected.no_infos, "info",
                          actual.annotations.infos(expected.query));
}

std::optional<std::string> difference_at(const ScriptCase& expected, const QueryResult& actual,
                                         int64_t t) {
  Matrix at;
  for (const Series& series : actual.matrix) {
    for (const Point& point : series.points) {
      if (point.t == t) at.push_back({series.labels, false, {point}});
    }
  }
  if (!expected.scalar) return matrix_difference(expected.series, at, expected.range);
  if (at.size() == 1 && nearly(*expected.scalar, at.front().points.front().f)) return std::nullopt;
  return fmt::format("expected {} in a range query, got {}", format_general(*expected.scalar),
                     at.empty() ? "nothing" : text_of(at.front()));
}

}  // namespace kansoku::query::promql
