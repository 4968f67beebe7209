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
    std::string value;
    bool passes(std::string_view name) const;
  };
  std::vector<NameTest> names;
  std::array<bool, kLogLevels> levels{true, true, true, true, true};
};

// The text of a search box: a filter pattern of CloudWatch Logs. What is none, and does not begin
// or look like one, is a phrase that messages contain.
std::expected<std::optional<query::log_filter::Pattern>, QueryError> read_pattern(
    std::string_view text);

// The groups that the user may read with an action, of those asked for (all where none is named).
// An empty list in the answer means all groups. PermissionDenied where nothing is left.
Result<std::vector<std::string>> readable_groups(const LogServices& services, const LogUser& user,
                                                 std::string_view action,
                                                 std::vector<std::string> asked);

// Groups, streams, range, text and filters of a request's body (docs/formats/console-api.md).
std::expected<LogAsk, QueryError> read_log_ask(const LogServices& services, const LogUser& user,
                                               std::string_view action, const wire::Node& body);
std::vector<std::string> texts_of(const wire::Node& body, std::string_view key);

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
