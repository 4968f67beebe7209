#include "wire/exposition/line_parser.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "wire/json/json_writer.h"

namespace kansoku::wire::exposition {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_name_start(char c, bool colons) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
}
bool is_name_byte(char c, bool colons) {
  return is_name_start(c, colons) || (c >= '0' && c <= '9');
}

// Seconds with a fraction to whole milliseconds; nothing where they do not fit.
std::optional<int64_t> seconds_to_ms(double seconds) {
  double ms = seconds * 1000;
  if (std::isnan(ms) || ms >= 9.2e18 || ms <= -9.2e18) return std::nullopt;
  return static_cast<int64_t>(ms);
}

}  // namespace

LineParser::LineParser(std::string_view text, const ParseOptions& options, Visitor& visitor,
                       LineRules* rules)
    : text_(text), options_(options), visitor_(visitor), rules_(rules) {}

std::expected<void, Problem> LineParser::run() {
  const char* next = text_.data();
  const char* end = next + text_.size();
  while (next < end) {
    ++line_;
    at_ = line_begin_ = next;
    line_end_ = std::find(next, end, '\n');
    bool whole = line_end_ < end;
    next = whole ? line_end_ + 1 : end;
    unescaped_.clear();
    if (ended_) {
      fail("there is something after # EOF");
      return std::unexpected(std::move(problem_));
    }
    if (!(open_metrics() ? open_metrics_line() : text_line())) {
      return std::unexpected(std::move(problem_));
    }
    // A file that was cut off looks like this.
    if (!whole && rules_ != nullptr && !open_metrics() && line_begin_ < end) {
      fail_at(end, "the last line does not end: is the text cut off?");
      return std::unexpected(std::move(problem_));
    }
  }
  at_ = line_begin_ = line_end_ = end;
  ++line_;
  if (open_metrics() && !ended_) {
    fail("# EOF is missing at the end: is the text cut off?");
    return std::unexpected(std::move(problem_));
  }
  if (rules_ != nullptr && !judge(rules_->at_end())) return std::unexpected(std::move(problem_));
  return {};
}

bool LineParser::fail_at(const char* where, std::string message) {
  problem_ = {line_, static_cast<size_t>(where - line_begin_) + 1, std::move(message)};
  return false;
}
bool LineParser::fail(std::string message) { return fail_at(at_, std::move(message)); }
bool LineParser::judge(std::string message) {
  return message.empty() || fail_at(line_begin_, std::move(message));
}

void LineParser::blanks() {
  while (at_ < line_end_ && is_blank(*at_)) ++at_;
}

std::string_view LineParser::word() {
  const char* begin = at_;
  while (at_ < line_end_ && !is_blank(*at_)) ++at_;
  return {begin, static_cast<size_t>(at_ - begin)};
}

std::string_view LineParser::name_token(bool colons) {
  const char* begin = at_;
  if (at_ < line_end_ && is_name_start(*at_, colons)) {
    while (at_ < line_end_ && is_name_byte(*at_, colons)) ++at_;
  }
  return {begin, static_cast<size_t>(at_ - begin)};
}

bool LineParser::text_line() {
  blanks();
  if (at_line_end()) return true;
  return *at_ == '#' ? text_comment() : sample_line();
}

bool LineParser::open_metrics_line() {
  if (at_line_end()) return fail("an empty line");
  if (*at_ != '#') return sample_line();
  std::string_view line(at_, static_cast<size_t>(line_end_ - at_));
  if (line == "# EOF") {
    ended_ = true;
    return true;
  }
  for (std::string_view keyword : {"TYPE", "HELP", "UNIT"}) {
    if (line.size() > 6 && line.starts_with("# ") && line.substr(2, 4) == keyword &&
        line[6] == ' ') {
      at_ += 7;
      return metadata(keyword);
    }
  }
  return fail("a comment that is neither # TYPE, # HELP, # UNIT nor # EOF");
}

bool LineParser::text_comment() {
  ++at_;
  blanks();
  std::string_view keyword = word();
  if (keyword != "HELP" && keyword != "TYPE") return true;
  blanks();
  return at_line_end() || metadata(keyword);
}

// After "# TYPE ", at the family's name.
bool LineParser::metadata(std::string_view keyword) {
  std::string_view family;
  const char* begin = at_;
  if (at_ < line_end_ && *at_ == '"' && options_.format != Format::Text004) {
    if (!quoted_text(family)) return false;
    if (family.empty()) return fail_at(begin, "an empty metric name");
  } else {
    family = name_token(true);
    bool ended = at_line_end() || is_blank(*at_);
    if (family.empty() || !ended) return fail("a byte that no metric name has");
  }
  if (open_metrics() && at_line_end()) return fail(fmt::format("# {} without a value", keyword));
  if (open_metrics()) {
    ++at_;
  } else {
    blanks();
    // Nothing is said: no mistake, as the reference has it.
    if (at_line_end()) return true;
  }
  if (keyword == "TYPE") return type_line(family);
  std::string_view rest(at_, static_cast<size_t>(line_end_ - at_));
  if (!is_utf8(rest)) return fail("the text is not UTF-8");
  if (keyword == "UNIT") {
    if (rules_ != nullptr && !judge(rules_->on_unit(family, rest))) return false;
    visitor_.unit(family, rest);
    return true;
  }
  if (rules_ != nullptr && !judge(rules_->on_help(family))) return false;
  visitor_.help(family, help_text(rest));
  return true;
}

bool LineParser::type_line(std::string_view family) {
  std::string_view rest(at_, static_cast<size_t>(line_end_ - at_));
  while (!open_metrics() && !rest.empty() && is_blank(rest.back())) rest.remove_suffix(1);
  auto type = metric_type(rest, options_.format);
  if (!type) return fail(fmt::format("unknown metric type {}", quoted(rest)));
  if (rules_ != nullptr && !judge(rules_->on_type(family, *type))) return false;
  visitor_.type(family, *type);
  return true;
}

// Escapes of a help text: \\ and \n, with OpenMetrics \" too; others stand for themselves.
std::string_view LineParser::help_text(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  unescaped_.reserve(static_cast<size_t>(line_end_ - line_begin_));
  size_t begin = unescaped_.size();
  for (size_t i = 0; i < raw.size(); ++i) {
    char next = raw[i] == '\\' && i + 1 < raw.size() ? raw[i + 1] : '\0';
    bool known = next == '\\' || next == 'n' || (next == '"' && open_metrics());
    if (known) ++i;
    unescaped_ += known ? (next == 'n' ? '\n' : next) : raw[i];
  }
  return std::string_view(unescaped_).substr(begin);
}

// At an opening quote; ends behind the closing one.
bool LineParser::quoted_text(std::string_view& out) {
  const char* open = at_++;
  const char* begin = at_;
  while (at_ < line_end_ && *at_ != '"' && *at_ != '\\') ++at_;
  out = {begin, static_cast<size_t>(at_ - begin)};
  if (at_ < line_end_ && *at_ == '\\') {
    // Never moves: what is unescaped of a line is not longer than the line.
    unescaped_.reserve(static_cast<size_t>(line_end_ - line_begin_));
    size_t from = unescaped_.size();
    unescaped_ += out;
    while (at_ < line_end_ && *at_ != '"') {
      if (*at_ != '\\') {
        unescaped_ += *at_++;
        continue;
      }
      if (++at_ == line_end_) break;
      char c = *at_++;
      bool known = c == '\\' || c == '"' || c == 'n';
      if (!known && rules_ != nullptr && !open_metrics()) {
        return fail_at(at_ - 2, fmt::format("unknown escape sequence \\{}", c));
      }
      if (!known) unescaped_ += '\\';
      unescaped_ += known && c == 'n' ? '\n' : c;
    }
    out = std::string_view(unescaped_).substr(from);
  }
  if (at_line_end()) return fail_at(open, "a quote that is not closed on its line");
  ++at_;
  if (!is_utf8(out)) return fail_at(open, "the text is not UTF-8");
  return true;
}

bool LineParser::label_item(std::vector<signal::LabelView>& out, std::string_view* name) {
  const char* begin = at_;
  signal::LabelView label;
  bool is_quoted = *at_ == '"';
  if (is_quoted) {
    if (options_.format == Format::Text004 && rules_ != nullptr) {
      return fail("a quoted name: text format 0.0.4 has none");
    }
    if (!quoted_text(label.name)) return false;
  } else {
    label.name = name_token(false);
  }
  if (label.name.empty()) return fail_at(begin, "a byte that no label name begins with");
  if (!open_metrics()) blanks();
  if (is_quoted && (at_line_end() || *at_ != '=')) {
    if (name == nullptr || !name->empty()) return fail_at(begin, "a second metric name");
    *name = label.name;
    return true;
  }
  if (at_line_end() || *at_ != '=') return fail("'=' is missing after a label name");
  ++at_;
  if (!open_metrics()) blanks();
  if (at_line_end() || *at_ != '"') return fail("a label value begins with a quote");
  if (!quoted_text(label.value)) return false;
  out.push_back(label);
  return true;
}

bool LineParser::separator_after_label() {
  if (!open_metrics()) blanks();
  if (at_line_end()) return fail("'}' is missing");
  if (*at_ == '}') return true;
  if (*at_ != ',') return fail("neither ',' nor '}' after a label");
  ++at_;
  if (!open_metrics()) blanks();
  if (at_line_end()) return fail("'}' is missing");
  return true;
}

// At '{'; ends behind '}'. `name` null: no metric name may stand inside.
bool LineParser::labels(std::vector<signal::LabelView>& out, std::string_view* name) {
  ++at_;
  if (!open_metrics()) blanks();
  if (at_line_end()) return fail("'}' is missing");
  while (*at_ != '}') {
    if (!label_item(out, name) || !separator_after_label()) return false;
  }
  ++at_;
  return check_label_names(out);
}

bool LineParser::check_label_names(const std::vector<signal::LabelView>& labels) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (rules_ != nullptr && labels[i].name == signal::kNameLabel) {
      return fail_at(line_begin_, "the label __name__ is the metric's name");
    }
    for (size_t k = 0; k < i; ++k) {
      if (labels[k].name == labels[i].name) {
        return fail_at(line_begin_, fmt::format("label {} occurs twice", quoted(labels[i].name)));
      }
    }
  }
  return true;
}

bool LineParser::value(double& out) {
  const char* begin = at_;
  std::string_view token = word();
  if (token.empty()) return fail("a value is missing");
  auto number = parse_number(token);
  if (!number) return fail_at(begin, fmt::format("{} is not a number", quoted(token)));
  out = *number;
  return true;
}

bool LineParser::timestamp(std::optional<int64_t>& out) {
  const char* begin = at_;
  std::string_view token = word();
  if (open_metrics()) {
    auto seconds = parse_number(token);
    if (seconds) out = seconds_to_ms(*seconds);
    return out.has_value() || fail_at(begin, fmt::format("{} is no timestamp", quoted(token)));
  }
  int64_t ms = 0;
  std::string_view digits = token.starts_with('+') ? token.substr(1) : token;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.starts_with("+")) {
    return fail_at(begin, fmt::format("{} is no timestamp in whole milliseconds", quoted(token)));
  }
  out = ms;
  return true;
}

bool LineParser::sample_line() {
  sample_.labels.clear();
  sample_.timestamp_ms.reset();
  sample_.exemplar = nullptr;
  sample_.line = line_;
  const char* begin = at_;
  std::string_view name = name_token(true);
  bool braced = at_ < line_end_ && *at_ == '{';
  if (name.empty() && !braced) return fail("a byte that no metric name begins with");
  if (!open_metrics()) blanks();
  if (at_ < line_end_ && *at_ == '{') {
    bool may_name = name.empty();
    if (!labels(sample_.labels, may_name ? &name : nullptr)) return false;
  } else if (!open_metrics() && at_ < line_end_ && at_ == begin + name.size()) {
    return fail("a byte that no metric name has");
  }
  if (name.empty()) return fail_at(begin, "a sample without a metric name");
  if (open_metrics()) {
    if (at_line_end() || *at_ != ' ') return fail("one space belongs before the value");
    ++at_;
  } else {
    blanks();
  }
  if (!value(sample_.value) || !end_of_sample()) return false;
  name_ = name;
  sample_.name = name_;
  sample_.labels.push_back({signal::kNameLabel, sample_.name});
  if (rules_ != nullptr && !judge(rules_->on_sample(sample_))) return false;
  visitor_.sample(sample_);
  return true;
}

// After the value: timestamp and exemplar.
bool LineParser::end_of_sample() {
  if (!open_metrics()) {
    blanks();
    if (at_line_end()) return true;
    if (!timestamp(sample_.timestamp_ms)) return false;
    blanks();
    return at_line_end() || fail("something after the timestamp");
  }
  if (at_line_end()) return true;
  ++at_;
  if (at_line_end()) return fail("a space at the end of a line");
  if (*at_ != '#') {
    if (!timestamp(sample_.timestamp_ms)) return false;
    if (at_line_end()) return true;
    ++at_;
  }
  return exemplar();
}

bool LineParser::exemplar() {
  std::string_view rest(at_, static_cast<size_t>(line_end_ - at_));
  if (!rest.starts_with("# {")) return fail("neither a timestamp nor an exemplar");
  at_ += 2;
  exemplar_.labels.clear();
  exemplar_.timestamp_ms.reset();
  if (!labels(exemplar_.labels, nullptr)) return false;
  if (at_line_end() || *at_ != ' ') return fail("one space belongs before an exemplar's value");
  ++at_;
  if (!value(exemplar_.value)) return false;
  if (!at_line_end()) {
    ++at_;
    if (!timestamp(exemplar_.timestamp_ms)) return false;
  }
  if (!at_line_end()) return fail("something after the exemplar");
  sample_.exemplar = &exemplar_;
  return true;
}

}  // namespace kansoku::wire::exposition
