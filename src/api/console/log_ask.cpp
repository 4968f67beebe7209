#include "api/console/log_ask.h"

#include <algorithm>
#include <charconv>

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

std::string quoted_phrase(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Of an expression of RE2 that finds the text, whatever its case.
std::string any_case(std::string_view text) {
  std::string out = "(?i)";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z') || c == ' ';
    if (!plain) out += '\\';
    out += c;
  }
  return out;
}

EventClause equals(const std::string& path, const std::string& value) {
  EventClause out;
  out.push_back({.path = path, .op = Op::TextEqual, .text = value});
  double number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  if (!value.empty() && read.ec == std::errc() && read.ptr == value.data() + value.size()) {
    out.push_back({.path = path, .op = Op::NumberEqual, .number = number});
  }
  if (value == "true" || value == "false") {
    out.push_back({.path = path, .op = Op::BoolEqual, .truth = value == "true"});
  }
  return out;
}

std::expected<void, QueryError> add_level_filter(bool negated, bool part, const std::string& value,
                                                 LogAsk& out) {
  const auto level = level_of_name(value);
  if (!level || part) return refused(fmt::format("level {} is none", quoted(value)));
  for (size_t i = 0; i < kLogLevels; ++i) {
    const bool same = i == static_cast<size_t>(*level);
    if (same == negated) out.levels[i] = false;
  }
  return {};
}

std::expected<void, QueryError> add_filter(const wire::Node& item, LogAsk& out) {
  const std::string key(item.text_of("key"));
  const std::string value(item.text_of("value"));
  const std::string_view op = item.text_of("op");
  if (key.empty() || key.size() > store::kEventPathBytesMax) return refused("a filter has no key");
  if (op != "=" && op != "!=" && op != "~" && op != "!~") {
    return refused(fmt::format("operator {} of a filter is none of =, !=, ~, !~", quoted(op)));
  }
  const bool negated = op.starts_with('!');
  const bool part = op.ends_with('~');
  if (key == "@level") return add_level_filter(negated, part, value, out);
  if (key == "@log" || key == "@logStream") {
    out.names.push_back(
        {.of_group = key == "@log", .negated = negated, .part = part, .value = value});
    return {};
  }
  const std::string path = key == "text" ? std::string(store::kMessagePath) : key;
  EventClause clause;
  if (part) {
    clause.push_back({.path = path, .op = Op::Regex, .text = any_case(value)});
  } else {
    clause = equals(path, value);
  }
  (negated ? out.excluded : out.scan.filter).push_back(std::move(clause));
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
  const bool hit =
      part ? lower_ascii(name).find(lower_ascii(value)) != std::string::npos : name == value;
  return hit != negated;
}

std::expected<std::optional<query::log_filter::Pattern>, QueryError> read_pattern(
    std::string_view text) {
  using query::log_filter::Pattern;
  text = trimmed(text, " \t\r\n");
  if (text.empty()) return std::nullopt;
  auto pattern = Pattern::parse(text);
  if (pattern) return std::move(*pattern);
  const bool meant =
      text.find_first_of("{[\"%?") != std::string_view::npos || text.starts_with('-');
  if (!meant && text.size() + 2 <= query::log_filter::kPatternBytesMax) {
    auto phrase = Pattern::parse(quoted_phrase(text));
    if (phrase) return std::move(*phrase);
  }
  return refused(pattern.error().message, pattern.error().position);
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
  auto groups = readable_groups(services, user, action, texts_of(body, "groups"));
  if (!groups) return std::unexpected(QueryError{groups.error(), std::nullopt});
  out.scan.groups = std::move(*groups);
  out.scan.streams = texts_of(body, "streams");
  auto pattern = read_pattern(body.text_of("text"));
  if (!pattern) return std::unexpected(std::move(pattern).error());
  out.pattern = std::move(*pattern);
  if (out.pattern) out.scan.filter = out.pattern->pushdown();
  const auto levels = texts_of(body, "levels");
  if (!levels.empty()) out.levels.fill(false);
  for (const std::string& name : levels) {
    const auto level = level_of_name(name);
    if (!level) return refused(fmt::format("level {} is none", quoted(name)));
    out.levels[static_cast<size_t>(*level)] = true;
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
