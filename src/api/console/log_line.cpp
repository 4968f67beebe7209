// One event against what is asked, for the live tail.
#include <algorithm>

#include "api/console/log_ask.h"
#include "store/json_leaves.h"

namespace kansoku::api::console {
namespace {

using store::EventPredicate;
using Op = EventPredicate::Op;
using Leaves = std::vector<store::JsonLeaf>;

bool number_holds(const EventPredicate& asked, double number) {
  switch (asked.op) {
    case Op::NumberEqual:
      return number == asked.number;
    case Op::NumberLess:
      return number < asked.number;
    case Op::NumberLessOrEqual:
      return number <= asked.number;
    case Op::NumberGreater:
      return number > asked.number;
    case Op::NumberGreaterOrEqual:
      return number >= asked.number;
    default:
      return false;
  }
}

bool text_holds(const EventPredicate& asked, const std::optional<Regex>& expression,
                std::string_view text) {
  switch (asked.op) {
    case Op::Contains:
      return text.find(asked.text) != std::string_view::npos;
    case Op::StartsWith:
      return text.starts_with(asked.text);
    case Op::Regex:
      return expression->matches(text);
    case Op::TextEqual:
      return text == asked.text;
    default:
      return false;
  }
}

bool holds(const EventPredicate& asked, const std::optional<Regex>& expression,
           std::string_view message, const Leaves& leaves) {
  if (asked.path == store::kMessagePath) {
    if (asked.op == Op::Present) return true;
    return text_holds(asked, expression, message);
  }
  const auto leaf = std::ranges::find(leaves, asked.path, &store::JsonLeaf::path);
  if (leaf == leaves.end()) return asked.op == Op::Absent;
  if (asked.op == Op::Present) return true;
  if (const auto* text = std::get_if<std::string>(&leaf->value)) {
    return text_holds(asked, expression, *text);
  }
  if (const auto* truth = std::get_if<bool>(&leaf->value)) {
    return asked.op == Op::BoolEqual && *truth == asked.truth;
  }
  const auto* integer = std::get_if<int64_t>(&leaf->value);
  return number_holds(
      asked, integer != nullptr ? static_cast<double>(*integer) : std::get<double>(leaf->value));
}

}  // namespace

Result<LogLineTest> LogLineTest::make(const LogAsk& ask) {
  LogLineTest out(ask);
  const auto add = [&](const store::EventClause& predicates, bool excluded) -> Status {
    Clause clause{.excluded = excluded, .predicates = predicates, .expressions = {}};
    for (const EventPredicate& one : predicates) {
      out.asks_fields_ |= one.path != store::kMessagePath;
      auto& expression = clause.expressions.emplace_back();
      if (one.op != Op::Regex) continue;
      KANSOKU_TRY(Regex compiled, Regex::compile_search(one.text));
      expression.emplace(std::move(compiled));
    }
    out.clauses_.push_back(std::move(clause));
    return {};
  };
  for (const auto& clause : ask.scan.filter) KANSOKU_RETURN_IF_ERROR(add(clause, false));
  for (const auto& clause : ask.excluded) KANSOKU_RETURN_IF_ERROR(add(clause, true));
  return out;
}

bool LogLineTest::passes(std::string_view group, std::string_view stream,
                         std::string_view message) const {
  for (const LogAsk::NameTest& test : ask_->names) {
    if (!test.passes(test.of_group ? group : stream)) return false;
  }
  const Leaves leaves = asks_fields_ ? store::json_leaves(message) : Leaves();
  for (const Clause& clause : clauses_) {
    bool any = false;
    for (size_t i = 0; i < clause.predicates.size() && !any; ++i) {
      any = holds(clause.predicates[i], clause.expressions[i], message, leaves);
    }
    if (any == clause.excluded) return false;
  }
  if (ask_->pattern) {
    query::log_filter::Message read(message);
    if (!ask_->pattern->matches(read)) return false;
  }
  if (std::ranges::all_of(ask_->levels, std::identity())) return true;
  return ask_->levels[static_cast<size_t>(level_of_message(message))];
}

}  // namespace kansoku::api::console
