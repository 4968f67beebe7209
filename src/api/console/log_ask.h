// What a page of logs asks for: a text, groups, a range, filters, as a scan of events and a test of
// its rows. Internal to api/console.
#pragma once

#include <array>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/console/expression_query.h"
#include "api/console/log_level.h"
#include "api/console/logs.h"
#include "base/regex/regex.h"
#include "query/log_filter/log_filter.h"
#include "store/event_filter.h"

namespace kansoku::api::console {

struct LogAsk {
  store::EventScan scan;
  std::optional<query::log_filter::Pattern> pattern;
  // Of each, rows that satisfy it are left out.
  std::vector<store::EventClause> excluded;
  struct NameTest {
    bool of_group = false;
    bool negated = false;
    bool part = false;  // somewhere in the name, whatever the case
    bool any_case = false;
    std::string value;
    bool passes(std::string_view name) const;
  };
  std::vector<NameTest> names;
  std::array<bool, kLogLevels> levels{true, true, true, true, true};
};

// The text of a search box, added to what is asked: words and fields (log_words.h), or a pattern of
// CloudWatch Logs in {braces} or [brackets]. `any_case`: upper and lower case alike, which a
// pattern cannot do. Nothing that is read finds more or less than LogTest does.
std::expected<void, QueryError> add_log_text(std::string_view text, bool any_case, LogAsk& out);

// The groups that the user may read with an action, of those asked for (all where none is named).
// An empty list in the answer means all groups. PermissionDenied where nothing is left.
Result<std::vector<std::string>> readable_groups(const LogServices& services, const LogUser& user,
                                                 std::string_view action,
                                                 std::vector<std::string> asked);

// Groups, streams, range, text and filters of a request's body (docs/formats/console-api.md).
std::expected<LogAsk, QueryError> read_log_ask(const LogServices& services, const LogUser& user,
                                               std::string_view action, const wire::Node& body);
std::vector<std::string> texts_of(const wire::Node& body, std::string_view key);
bool truth_of(const wire::Node& body, std::string_view key);

// Tests one event that no store has taken apart: what LogTest says of its row.
class LogLineTest {
 public:
  // The ask outlives it.
  static Result<LogLineTest> make(const LogAsk& ask);
  bool passes(std::string_view group, std::string_view stream, std::string_view message) const;

 private:
  struct Clause {
    bool excluded = false;
    store::EventClause predicates;
    std::vector<std::optional<Regex>> expressions;  // one a predicate
  };
  explicit LogLineTest(const LogAsk& ask) : ask_(&ask) {}

  const LogAsk* ask_;
  std::vector<Clause> clauses_;
  bool asks_fields_ = false;
};

// Tests the rows of chunks. Thread contract: immutable but for `rows`.
class LogTest {
 public:
  static Result<LogTest> make(const LogAsk& ask);
  // Leaves the rows that pass all but the levels, and says their levels.
  Result<std::vector<LogLevel>> keep(store::EventRows& rows) const;

 private:
  LogTest(const LogAsk& ask, store::EventFilter filter, store::EventFilter excluded)
      : ask_(&ask), filter_(std::move(filter)), excluded_(std::move(excluded)) {}
  Status keep_included(store::EventRows& rows) const;
  Status keep_not_excluded(store::EventRows& rows) const;
  void keep_names(store::EventRows& rows) const;
  Status keep_pattern(store::EventRows& rows) const;

  const LogAsk* ask_;
  store::EventFilter filter_;
  store::EventFilter excluded_;
};

// An event's place, as text: "TIME.SEQUENCE.ROW" in decimals, nanoseconds first.
std::string id_text(const store::EventId& id);
std::optional<store::EventId> read_id(std::string_view text);

}  // namespace kansoku::api::console
