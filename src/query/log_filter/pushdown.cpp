#include "query/log_filter/tree.h"

namespace kansoku::query::log_filter {
namespace {

using store::EventClause;
using store::EventPredicate;
using Ask = EventPredicate::Op;
using Clauses = std::vector<EventClause>;

EventPredicate in_message(std::string_view text) {
  return {.path = std::string(store::kMessagePath), .op = Ask::Contains, .text = std::string(text)};
}

EventPredicate of_term(const Term& term) {
  if (!term.regex) return in_message(term.text);
  EventPredicate out = in_message(term.regex_text);
  out.op = Ask::Regex;
  return out;
}

Clauses of_terms(const std::vector<Term>& terms) {
  Clauses out;
  EventClause any;
  for (const Term& term : terms) {
    if (term.kind == Term::Kind::Required) out.push_back({of_term(term)});
    if (term.kind == Term::Kind::Optional) any.push_back(of_term(term));
  }
  if (out.empty() && !any.empty()) out.push_back(std::move(any));
  return out;
}

EventPredicate number_is(const std::string& path, Ask op, double number) {
  return {.path = path, .op = op, .number = number};
}

// Where a value of any type could be equal, its presence is what is left to ask for.
EventClause equal_to(const std::string& path, const Operand& operand) {
  const EventPredicate present{.path = path, .op = Ask::Present};
  if (operand.regex) return {present};
  if (operand.wildcard) {
    // Numbers and truths are matched as text, which no engine can do for us.
    const std::string head = operand.text.substr(0, operand.text.find('*'));
    const bool may_be_other =
        head.empty() || head.find_first_not_of("+-.0123456789eE") == std::string::npos ||
        std::string_view("true").starts_with(head) || std::string_view("false").starts_with(head);
    if (may_be_other) return {present};
    return {{.path = path, .op = Ask::StartsWith, .text = head}};
  }
  EventClause out{{.path = path, .op = Ask::TextEqual, .text = operand.text}};
  if (operand.number) {
    out.push_back(number_is(path, Ask::NumberEqual, *operand.number));
  } else if (!operand.text.empty() &&
             operand.text.find_first_not_of("+-.0123456789eE") == std::string::npos) {
    return {present};  // "12" in quotes equals the number 12, which prints so
  }
  if (operand.text == "true" || operand.text == "false") {
    out.push_back({.path = path, .op = Ask::BoolEqual, .truth = operand.text == "true"});
  }
  return out;
}

Clauses of_json(const Condition& condition) {
  const auto path = path_of(condition.steps);
  if (!path) return {};
  switch (condition.op) {
    case Op::Equal:
      return {equal_to(*path, condition.operand)};
    case Op::NotEqual:
      return {{{.path = *path, .op = Ask::Present}}};
    case Op::Less:
      return {{number_is(*path, Ask::NumberLess, *condition.operand.number)}};
    case Op::LessOrEqual:
      return {{number_is(*path, Ask::NumberLessOrEqual, *condition.operand.number)}};
    case Op::Greater:
      return {{number_is(*path, Ask::NumberGreater, *condition.operand.number)}};
    case Op::GreaterOrEqual:
      return {{number_is(*path, Ask::NumberGreaterOrEqual, *condition.operand.number)}};
    case Op::IsTrue:
    case Op::IsFalse:
      return {{{.path = *path, .op = Ask::BoolEqual, .truth = condition.op == Op::IsTrue}}};
    case Op::IsNull:
    case Op::NotExists:
      return {};
  }
  return {};
}

// A field is a piece of the message.
Clauses of_field(const Condition& condition) {
  const Operand& operand = condition.operand;
  if (condition.op != Op::Equal || operand.regex || operand.number) return {};
  const std::string_view literal = operand.literal();
  if (literal.empty()) return {};
  return {{in_message(literal)}};
}

Clauses of_condition(const Condition& condition, Shape shape) {
  if (condition.kind == Condition::Kind::Compare) {
    return shape == Shape::Json ? of_json(condition) : of_field(condition);
  }
  Clauses out;
  EventClause any;
  for (const Condition& child : condition.children) {
    Clauses clauses = of_condition(child, shape);
    if (condition.kind == Condition::Kind::And) {
      for (EventClause& clause : clauses) out.push_back(std::move(clause));
      continue;
    }
    // One clause of each side: (a and b) or c implies a or c.
    if (clauses.empty()) return {};
    for (EventPredicate& predicate : clauses.front()) any.push_back(std::move(predicate));
  }
  if (!any.empty()) out.push_back(std::move(any));
  return out;
}

}  // namespace

std::vector<store::EventClause> Pattern::pushdown() const {
  if (tree_->shape == Shape::Terms) return of_terms(tree_->terms);
  if (!tree_->condition) return {};
  return of_condition(*tree_->condition, tree_->shape);
}

}  // namespace kansoku::query::log_filter
