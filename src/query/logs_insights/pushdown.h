// What a condition says in the words of a scan's filter. Private to query/logs_insights.
#pragma once

#include "query/plan/plan.h"

namespace kansoku::query::logs_insights {

struct Pushed {
  std::vector<store::EventClause> clauses;
  // They say the same as the condition, not only less.
  bool exact = false;
};
Pushed pushdown(const rows::Plan& plan, const rows::Expression& condition);
// The streams that `@logStream = 'x'` or `in` leaves; nothing where it is no such condition.
std::vector<std::string> streams_of(const rows::Plan& plan, const rows::Expression& condition);
// Reads fields of events only, nothing that a stage computes.
bool of_events(const rows::Plan& plan, const rows::Expression& expression);

}  // namespace kansoku::query::logs_insights
