#include "query/promql/series_notation.h"

#include <algorithm>

#include "query/promql/lexer.h"

namespace kansoku::query::promql {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

void skip_spaces(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

// The number at the beginning; the text is left behind it.
Result<double> take_number(std::string_view& text) {
  size_t end = 0;
  if (end < text.size() && (text[end] == '+' || text[end] == '-')) ++end;
  const std::string lower = lower_case(text.substr(end, 3));
  if (lower == "inf" || lower == "nan") {
    end += 3;
  } else {
    // No hexadecimal numbers here: 0x10 is a zero and ten more.
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
      size_t exponent = end + 1;
      if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
      if (exponent < text.size() && is_digit(text[exponent])) {
        while (exponent < text.size() && is_digit(text[exponent])) ++exponent;
        end = exponent;
      }
    }
  }
  auto value = parse_number(text.substr(0, end));
  if (value) text.remove_prefix(end);
  return value;
}

// x10 at the beginning; 0 where there is none.
Result<size_t> take_repeat(std::string_view& text) {
  if (text.empty() || text.front() != 'x') return 0;
  size_t count = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), count);
  if (error != std::errc() || count > kWrittenPointsMax) {
    return invalid_argument("bad repeat count: {}", quoted(text));
  }
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return count;
}

struct WrittenHistogram {
  FloatHistogram histogram;
  bool hint_written = false;
};

Result<std::vector<double>> numbers(std::string_view list) {
  std::vector<double> out;
  skip_spaces(list);
  while (!list.empty()) {
    KANSOKU_TRY(const double value, take_number(list));
    out.push_back(value);
    skip_spaces(list);
  }
  return out;
}

struct HintRow {
  std::string_view text;
  signal::ResetHint hint;
};
constexpr std::array<HintRow, 4> kHints{{{"unknown", signal::ResetHint::Unknown},
                                         {"reset", signal::ResetHint::Reset},
                                         {"not_reset", signal::ResetHint::NotReset},
                                         {"gauge", signal::ResetHint::Gauge}}};

// Values of a histogram literal before buckets get their indexes.
struct Literal {
  std::map<std::string, std::vector<double>, std::less<>> values;
  std::string_view hint;
};

Result<Literal> literal_values(std::string_view body) {
  Literal out;
  skip_spaces(body);
  while (!body.empty()) {
    const size_t colon = body.find(':');
    if (colon == std::string_view::npos) return invalid_argument("bad histogram: {}", quoted(body));
    const std::string key(body.substr(0, colon));
    body.remove_prefix(colon + 1);
    skip_spaces(body);
    const bool list = body.starts_with("[");
    const size_t end = std::min(body.find_first_of(list ? "]" : " \t"), body.size());
    const std::string_view value = body.substr(list ? 1 : 0, end - (list ? 1 : 0));
    if (key == "counter_reset_hint") {
      out.hint = value;
    } else {
      KANSOKU_TRY(out.values[key], numbers(value));
    }
    body.remove_prefix(std::min(end + (list ? 1 : 0), body.size()));
    skip_spaces(body);
  }
  return out;
}

std::vector<signal::Bucket> indexed(const std::vector<double>& counts, double offset) {
  std::vector<signal::Bucket> out;
  auto index = static_cast<int32_t>(offset);
  for (double count : counts) out.push_back({index++, count});
  return out;
}

// {{...}} at the beginning; the text is left behind it.
Result<WrittenHistogram> take_histogram(std::string_view& text) {
  const size_t end = text.find("}}");
  if (end == std::string_view::npos)
    return invalid_argument("histogram without end: {}", quoted(text));
  KANSOKU_TRY(const Literal literal, literal_values(text.substr(2, end - 2)));
  text.remove_prefix(end + 2);
  constexpr std::array<std::string_view, 10> kKeys{
      "schema",  "sum",    "count",     "z_bucket", "z_bucket_w",
      "buckets", "offset", "n_buckets", "n_offset", "custom_values"};
  for (const auto& [key, values] : literal.values) {
    if (std::ranges::find(kKeys, key) == kKeys.end())
      return invalid_argument("bad histogram key {}", quoted(key));
  }
  const auto list = [&](std::string_view key) {
    const auto entry = literal.values.find(key);
    return entry == literal.values.end() ? std::vector<double>{} : entry->second;
  };
  const auto number = [&](std::string_view key) {
    const std::vector<double> values = list(key);
    return values.empty() ? 0.0 : values.front();
  };
  WrittenHistogram out;
  FloatHistogram& h = out.histogram;
  h.schema = static_cast<int32_t>(number("schema"));
  if (h.schema != kCustomSchema && (h.schema < kSchemaMin || h.schema > kSchemaMax)) {
    return invalid_argument("bad histogram schema {}", h.schema);
  }
  h.sum = number("sum");
  h.count = number("count");
  h.zero_count = number("z_bucket");
  h.zero_threshold = number("z_bucket_w");
  h.positive = indexed(list("buckets"), number("offset"));
  h.negative = indexed(list("n_buckets"), number("n_offset"));
  h.custom_values = list("custom_values");
  if (!literal.hint.empty()) {
    const auto row = std::ranges::find(kHints, literal.hint, &HintRow::text);
    if (row == kHints.end())
      return invalid_argument("bad counter_reset_hint {}", quoted(literal.hint));
    h.hint = row->hint;
    out.hint_written = true;
  }
  h.compact();
  return out;
}

WrittenPoint point_of(const FloatHistogram& histogram, bool hint_written) {
  return {0, std::make_shared<const FloatHistogram>(histogram), hint_written};
}

Status take_histograms(std::string_view& text, WrittenPoints& out) {
  KANSOKU_TRY(WrittenHistogram first, take_histogram(text));
  FloatHistogram step;
  bool stepped = false;
  double sign = 1;
  if (text.starts_with("+{{") || text.starts_with("-{{")) {
    sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    KANSOKU_TRY(const WrittenHistogram change, take_histogram(text));
    step = change.histogram;
    stepped = true;
  }
  KANSOKU_TRY(const size_t repeat, take_repeat(text));
  FloatHistogram current = first.histogram;
  out.push_back(point_of(current, first.hint_written));
  for (size_t i = 0; i < repeat; ++i) {
    if (stepped) {
      const JoinReport report = sign > 0 ? current.add(step) : current.subtract(step);
      if (report.incompatible)
        return invalid_argument("histograms of a series do not fit each other");
      current.compact();
    }
    out.push_back(point_of(current, first.hint_written));
  }
  return {};
}

Status take_floats(std::string_view& text, WrittenPoints& out) {
  KANSOKU_TRY(const double first, take_number(text));
  double step = 0;
  bool stepped = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    KANSOKU_TRY(step, take_number(text));
    stepped = true;
  }
  KANSOKU_TRY(const size_t repeat, take_repeat(text));
  double current = first;
  out.push_back(WrittenPoint{.value = current});
  for (size_t i = 0; i < repeat; ++i) {
    if (stepped) current += step;
    out.push_back(WrittenPoint{.value = current});
  }
  return {};
}

Result<int64_t> take_offset(std::string_view& text) {
  int64_t sign = 1;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  size_t end = 0;
  while (end < text.size() &&
         (is_digit(text[end]) ||
          (text[end] != 'x' && std::isalpha(static_cast<unsigned char>(text[end])) != 0))) {
    ++end;
  }
  KANSOKU_TRY(const int64_t ms, parse_duration_ms(text.substr(0, end)));
  text.remove_prefix(end);
  return sign * ms;
}

}  // namespace

Result<LabelSet> parse_labels(std::string_view& line) {
  skip_spaces(line);
  std::vector<Label> labels;
  size_t at = 0;
  const auto bad = [&]() { return invalid_argument("bad series: {}", quoted(line)); };
  auto token = lex(line, 0, LexMode::Expression);
  if (!token) return bad();
  if (token->kind == TokenKind::Identifier || token->kind == TokenKind::MetricIdentifier) {
    labels.push_back({std::string(kMetricName), std::string(token->text)});
    at = token->position.end;
    if (at >= line.size() || line[at] != '{') {
      line.remove_prefix(at);
      return LabelSet::from(std::move(labels));
    }
    token = lex(line, at, LexMode::Expression);
  }
  if (!token || token->kind != TokenKind::LeftBrace) return bad();
  const auto next = [&]() {
    at = token->position.end;
    token = lex(line, at, LexMode::Braces);
    return token.has_value();
  };
  if (!next()) return bad();
  while (token->kind != TokenKind::RightBrace) {
    std::string name(token->text);
    const bool is_string = token->kind == TokenKind::String;
    if (is_string) {
      KANSOKU_TRY(name, unquote(token->text));
    } else if (token->kind != TokenKind::Identifier) {
      return bad();
    }
    if (!next()) return bad();
    if (token->kind == TokenKind::Assign) {
      if (!next() || token->kind != TokenKind::String) return bad();
      KANSOKU_TRY(std::string value, unquote(token->text));
      labels.push_back({std::move(name), std::move(value)});
      if (!next()) return bad();
    } else if (is_string) {
      labels.push_back({std::string(kMetricName), std::move(name)});
    } else {
      return bad();
    }
    if (token->kind == TokenKind::Comma && !next()) return bad();
  }
  line.remove_prefix(token->position.end);
  return LabelSet::from(std::move(labels));
}

Result<WrittenPoints> parse_points(std::string_view text) {
  WrittenPoints out;
  for (skip_spaces(text); !text.empty(); skip_spaces(text)) {
    if (text.starts_with("{{")) {
      KANSOKU_RETURN_IF_ERROR(take_histograms(text, out));
    } else if (text.starts_with("_")) {
      text.remove_prefix(1);
      KANSOKU_TRY(const size_t repeat, take_repeat(text));
      out.insert(out.end(), std::max<size_t>(repeat, 1), std::nullopt);
    } else if (text.starts_with("stale")) {
      text.remove_prefix(5);
      out.push_back(WrittenPoint{.value = stale_marker()});
    } else {
      KANSOKU_RETURN_IF_ERROR(take_floats(text, out));
    }
    if (!text.empty() && !is_space(text.front()))
      return invalid_argument("bad points: {}", quoted(text));
    if (out.size() > kWrittenPointsMax)
      return invalid_argument("too many points, limit {}", kWrittenPointsMax);
  }
  return out;
}

Result<std::vector<std::optional<int64_t>>> parse_start_offsets(std::string_view text) {
  std::vector<std::optional<int64_t>> out;
  for (skip_spaces(text); !text.empty(); skip_spaces(text)) {
    if (text.starts_with("_")) {
      text.remove_prefix(1);
      KANSOKU_TRY(const size_t repeat, take_repeat(text));
      out.insert(out.end(), std::max<size_t>(repeat, 1), std::nullopt);
      continue;
    }
    KANSOKU_TRY(int64_t offset, take_offset(text));
    int64_t step = 0;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
      KANSOKU_TRY(step, take_offset(text));
    }
    KANSOKU_TRY(const size_t repeat, take_repeat(text));
    for (size_t i = 0; i <= repeat; ++i, offset += step) out.push_back(offset);
    if (!text.empty() && !is_space(text.front()))
      return invalid_argument("bad offsets: {}", quoted(text));
  }
  return out;
}

}  // namespace kansoku::query::promql
