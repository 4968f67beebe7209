#include "api/console/log_ask.h"

#include <algorithm>
#include <charconv>

#include "api/console/log_groups.h"
#include "api/console/log_words.h"
#include "base/text/ascii.h"
#include "net/auth/policy.h"

namespace kansoku::api::console {
namespace {

using store::EventClause;
using store::EventPredicate;
using Op = store::EventPredicate::Op;

constexpr size_t kFiltersMax = 50;

std::unexpected<QueryError> refused(std::string message,
                                    std::optional<size_t> position = std::nullopt) {
  return std::unexpected(
      QueryError{{ErrorCode::InvalidArgument, std::move(message), {}}, position});
}

// Of an expression of RE2 that finds the text, whatever its case.
std::string any_case(std::string_view text) {
  std::string out = "(?i)";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z') || c == ' ' || c == '_';
    if (!plain) out += '\\';
    out += c;
  }
  return out;
}

EventPredicate whole_text(const std::string& path, const std::string& value, bool alike) {
  if (!alike) return {.path = path, .op = Op::TextEqual, .text = value};
  return {.path = path, .op = Op::Regex, .text = "\\A(?:" + any_case(value) + ")\\z"};
}

EventClause equals(const std::string& path, const std::string& value, bool alike) {
  EventClause out;
  out.push_back(whole_text(path, value, alike));
  if (const auto number = read_number(value)) {
    out.push_back({.path = path, .op = Op::NumberEqual, .number = *number});
  }
  const std::string truth = alike ? lower_ascii(value) : value;
  if (truth == "true" || truth == "false") {
    out.push_back({.path = path, .op = Op::BoolEqual, .truth = truth == "true"});
  }
  return out;
}

// What a filter or a word says of a field.
struct FieldTest {
  std::string path;
  std::string_view op;  // without its '!'
  std::string value;
  bool negated = false;
  bool any = false;       // any value
  bool any_case = false;  // '~' always is
};

std::expected<void, QueryError> add_level_test(const FieldTest& test, LogAsk& out) {
  const auto level = level_of_name(test.any_case ? lower_ascii(test.value) : test.value);
  if (!level || test.op != "=") return refused(fmt::format("level {} is none", quoted(test.value)));
  for (size_t i = 0; i < kLogLevels; ++i) {
    const bool same = i == static_cast<size_t>(*level);
    if (same == test.negated) out.levels[i] = false;
  }
  return {};
}

EventClause clause_of(const FieldTest& test) {
  const std::string& path = test.path;
  if (test.any) return {{.path = path, .op = Op::Present}};
  if (test.op == "=") return equals(path, test.value, test.any_case);
  if (test.op == "~") return {{.path = path, .op = Op::Regex, .text = any_case(test.value)}};
  const Op op = test.op == ">"    ? Op::NumberGreater
                : test.op == ">=" ? Op::NumberGreaterOrEqual
                : test.op == "<"  ? Op::NumberLess
                                  : Op::NumberLessOrEqual;
  return {{.path = path, .op = op, .number = read_number(test.value).value_or(0)}};
}

std::expected<void, QueryError> add_field_test(FieldTest test, LogAsk& out) {
  const bool ordered = test.op[0] == '<' || test.op[0] == '>';
  if (ordered && !read_number(test.value)) {
    return refused(fmt::format("{} compares numbers, {} is none", test.op, quoted(test.value)));
  }
  const bool of_group = test.path == "@log";
  if (test.path.starts_with('@') && test.path != store::kMessagePath && ordered) {
    return refused(fmt::format("{} is no number", test.path));
  }
  if ((of_group || test.path == "@logStream" || test.path == "@level") && test.any) {
    return refused(fmt::format("every event has {}", test.path));
  }
  if (test.path == "@level") return add_level_test(test, out);
  if (of_group || test.path == "@logStream") {
    out.names.push_back({.of_group = of_group,
                         .negated = test.negated,
                         .part = test.op == "~",
                         .any_case = test.any_case,
                         .value = std::move(test.value)});
    return {};
  }
  (test.negated ? out.excluded : out.scan.filter).push_back(clause_of(test));
  return {};
}

std::expected<void, QueryError> add_filter(const wire::Node& item, LogAsk& out) {
  const std::string_view key = item.text_of("key");
  std::string_view op = item.text_of("op");
  if (key.empty() || key.size() > store::kEventPathBytesMax) return refused("a filter has no key");
  if (op != "=" && op != "!=" && op != "~" && op != "!~") {
    return refused(fmt::format("operator {} of a filter is none of =, !=, ~, !~", quoted(op)));
  }
  const bool negated = op.starts_with('!');
  if (negated) op.remove_prefix(1);
  return add_field_test({.path = std::string(key == "text" ? store::kMessagePath : key),
                         .op = op,
                         .value = std::string(item.text_of("value")),
                         .negated = negated},
                        out);
}

EventPredicate in_message(const LogWord& word, bool alike) {
  EventPredicate out{.path = std::string(store::kMessagePath), .op = Op::Regex, .text = {}};
  if (word.kind == LogWord::Kind::Expression) {
    out.text = alike ? "(?i)" + word.text : word.text;
  } else if (alike) {
    out.text = any_case(word.text);
  } else {
    out.op = Op::Contains;
    out.text = word.text;
  }
  return out;
}

std::expected<void, QueryError> add_words(const std::vector<LogWord>& words, bool alike,
                                          LogAsk& out) {
  EventClause either;
  bool required = false;
  for (const LogWord& word : words) {
    if (word.kind != LogWord::Kind::Field) {
      if (word.optional) {
        either.push_back(in_message(word, alike));
        continue;
      }
      required |= !word.excluded;
      (word.excluded ? out.excluded : out.scan.filter).push_back({in_message(word, alike)});
      continue;
    }
    const bool negated = word.op.starts_with('!');
    const std::string_view op = std::string_view(word.op).substr(negated ? 1 : 0);
    auto added = add_field_test({.path = word.path,
                                 .op = op,
                                 .value = word.text,
                                 .negated = negated != word.excluded,
                                 .any = word.any,
                                 .any_case = alike},
                                out);
    if (added) continue;
    added.error().position = word.position;
    return added;
  }
  // As in patterns of CloudWatch Logs: beside words that must be there, those with '?' have no
  // effect.
  if (!required && !either.empty()) out.scan.filter.push_back(std::move(either));
  return {};
}

std::vector<uint32_t> rows_where(size_t rows, const auto& passes) {
  std::vector<uint32_t> out;
  out.reserve(rows);
  for (size_t row = 0; row < rows; ++row) {
    if (passes(row)) out.push_back(static_cast<uint32_t>(row));
  }
  return out;
}

void keep(store::EventRows& rows, const std::vector<uint32_t>& kept) {
  if (kept.size() < rows.size()) rows.keep(kept);
}

}  // namespace

bool LogAsk::NameTest::passes(std::string_view name) const {
  const bool hit = part       ? lower_ascii(name).find(lower_ascii(value)) != std::string::npos
                   : any_case ? equals_ignore_case(name, value)
                              : name == value;
  return hit != negated;
}

std::expected<void, QueryError> add_log_text(std::string_view text, bool any_case, LogAsk& out) {
  text = trimmed(text, " \t\r\n");
  if (text.empty()) return {};
  if (text[0] != '{' && text[0] != '[') {
    const auto words = read_log_words(text);
    if (!words) return std::unexpected(words.error());
    return add_words(*words, any_case, out);
  }
  if (any_case) {
    return refused("a pattern in braces or brackets tells upper and lower case apart", 0);
  }
  auto pattern = query::log_filter::Pattern::parse(text);
  if (!pattern) return refused(pattern.error().message, pattern.error().position);
  for (EventClause& clause : pattern->pushdown()) out.scan.filter.push_back(std::move(clause));
  out.pattern = std::move(*pattern);
  return {};
}

Result<std::vector<std::string>> readable_groups(const LogServices& services, const LogUser& user,
                                                 std::string_view action,
                                                 std::vector<std::string> asked) {
  const auto may = [&](std::string_view group) {
    const std::string resource = fmt::format("arn:aws:logs:{}:{}:log-group:{}:*", user.scope.region,
                                             user.scope.account, group);
    return net::auth::is_allowed(*user.principal, {.action = action, .resource = resource});
  };
  for (const std::string& group : asked) {
    if (may(group)) continue;
    return permission_denied("{} is not allowed {} on log group {}", user.principal->arn, action,
                             quoted(group));
  }
  if (!asked.empty()) return asked;
  const auto groups = services.groups->list(user.scope);
  for (const auto& group : groups) {
    if (may(group.name)) asked.push_back(group.name);
  }
  if (asked.size() == groups.size()) return std::vector<std::string>();
  if (asked.empty()) {
    return permission_denied("{} is not allowed {} on any log group", user.principal->arn, action);
  }
  return asked;
}

std::vector<std::string> texts_of(const wire::Node& body, std::string_view key) {
  std::vector<std::string> out;
  const wire::Node* list = body.find(key);
  if (list == nullptr || list->kind != wire::Node::Kind::Sequence) return out;
  for (const wire::Node& item : list->items) out.push_back(item.scalar);
  return out;
}

bool truth_of(const wire::Node& body, std::string_view key) { return body.text_of(key) == "true"; }

std::expected<LogAsk, QueryError> read_log_ask(const LogServices& services, const LogUser& user,
                                               std::string_view action, const wire::Node& body) {
  LogAsk out;
  const wire::Node* range = body.find("range");
  const auto from = range != nullptr ? range->number_of("from") : std::nullopt;
  const auto to = range != nullptr ? range->number_of("to") : std::nullopt;
  constexpr double kMsMax = 9e12;  // in nanoseconds it fits 64 bits
  if (!from || !to || *from >= *to || std::abs(*from) > kMsMax || std::abs(*to) > kMsMax) {
    return refused("range needs from and to in milliseconds, from before to");
  }
  out.scan.scope = user.scope;
  out.scan.begin_ns = static_cast<int64_t>(*from) * env::kNsPerMs;
  out.scan.end_ns = static_cast<int64_t>(*to) * env::kNsPerMs;
  auto groups = chosen_groups(services, user, action, body);
  if (!groups) return std::unexpected(QueryError{groups.error(), std::nullopt});
  out.scan.groups = std::move(*groups);
  out.scan.streams = texts_of(body, "streams");
  const auto levels = texts_of(body, "levels");
  if (!levels.empty()) out.levels.fill(false);
  for (const std::string& name : levels) {
    const auto level = level_of_name(name);
    if (!level) return refused(fmt::format("level {} is none", quoted(name)));
    out.levels[static_cast<size_t>(*level)] = true;
  }
  if (auto added = add_log_text(body.text_of("text"), truth_of(body, "anyCase"), out); !added) {
    return std::unexpected(std::move(added).error());
  }
  const wire::Node* filters = body.find("filters");
  if (filters != nullptr && filters->kind == wire::Node::Kind::Sequence) {
    if (filters->items.size() > kFiltersMax) {
      return refused(fmt::format("{} filters, limit {}", filters->items.size(), kFiltersMax));
    }
    for (const wire::Node& item : filters->items) {
      if (auto added = add_filter(item, out); !added) {
        return std::unexpected(std::move(added).error());
      }
    }
  }
  return out;
}

Result<LogTest> LogTest::make(const LogAsk& ask) {
  KANSOKU_TRY(store::EventFilter filter, store::EventFilter::make(ask.scan.filter));
  KANSOKU_TRY(store::EventFilter excluded, store::EventFilter::make(ask.excluded));
  return LogTest(ask, std::move(filter), std::move(excluded));
}

Status LogTest::keep_included(store::EventRows& rows) const {
  KANSOKU_TRY(const std::vector<uint32_t> kept, filter_.rows(rows));
  console::keep(rows, kept);
  return {};
}

Status LogTest::keep_not_excluded(store::EventRows& rows) const {
  if (ask_->excluded.empty()) return {};
  std::vector<uint8_t> hit(rows.size());
  for (size_t clause = 0; clause < ask_->excluded.size(); ++clause) {
    KANSOKU_RETURN_IF_ERROR(excluded_.mark(rows, clause, hit));
  }
  console::keep(rows, rows_where(rows.size(), [&](size_t row) { return hit[row] == 0; }));
  return {};
}

void LogTest::keep_names(store::EventRows& rows) const {
  if (ask_->names.empty()) return;
  std::vector<uint8_t> good;
  for (const store::EventStreamName& name : rows.streams()) {
    good.push_back(std::ranges::all_of(ask_->names, [&](const LogAsk::NameTest& test) {
      return test.passes(test.of_group ? name.group : name.stream);
    }));
  }
  const auto of_row = rows.stream_rows();
  console::keep(rows, rows_where(rows.size(), [&](size_t row) { return good[of_row[row]] != 0; }));
}

Status LogTest::keep_pattern(store::EventRows& rows) const {
  if (!ask_->pattern) return {};
  KANSOKU_TRY(const std::span<const store::EventValues> columns, rows.columns(store::kMessagePath));
  const auto text = std::ranges::find(columns, signal::ColumnType::Text, &store::EventValues::type);
  const auto kept = rows_where(rows.size(), [&](size_t row) {
    const bool has = text != columns.end() && text->has(row);
    query::log_filter::Message message(has ? text->text(row) : std::string_view());
    return ask_->pattern->matches(message);
  });
  console::keep(rows, kept);
  return {};
}

Result<std::vector<LogLevel>> LogTest::keep(store::EventRows& rows) const {
  KANSOKU_RETURN_IF_ERROR(keep_included(rows));
  KANSOKU_RETURN_IF_ERROR(keep_not_excluded(rows));
  keep_names(rows);
  KANSOKU_RETURN_IF_ERROR(keep_pattern(rows));
  if (rows.size() == 0) return std::vector<LogLevel>();
  return levels_of(rows);
}

std::string id_text(const store::EventId& id) {
  return fmt::format("{}.{}.{}", id.timestamp_ns, id.log_sequence, id.row);
}

std::optional<store::EventId> read_id(std::string_view text) {
  store::EventId out;
  const char* end = text.data() + text.size();
  auto time = std::from_chars(text.data(), end, out.timestamp_ns);
  if (time.ec != std::errc() || time.ptr == end || *time.ptr != '.') return std::nullopt;
  auto sequence = std::from_chars(time.ptr + 1, end, out.log_sequence);
  if (sequence.ec != std::errc() || sequence.ptr == end || *sequence.ptr != '.') {
    return std::nullopt;
  }
  auto row = std::from_chars(sequence.ptr + 1, end, out.row);
  if (row.ec != std::errc() || row.ptr != end) return std::nullopt;
  return out;
}

}  // namespace kansoku::api::console
