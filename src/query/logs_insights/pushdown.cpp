#include "query/logs_insights/pushdown.h"

#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {
namespace {

using rows::Expression;
using rows::Plan;
using rows::SlotSource;
using rows::Value;
using store::EventClause;
using store::EventPredicate;
using Ask = EventPredicate::Op;
using Paths = std::vector<std::string>;

Value literal_of(const Expression& expression) {
  Value out = expression.literal;
  out.text = expression.text;
  return out;
}

EventClause each(const Paths& paths, EventPredicate one) {
  EventClause out;
  for (const std::string& path : paths) {
    one.path = path;
    out.push_back(one);
  }
  return out;
}
void append(EventClause& to, EventClause from) {
  for (EventPredicate& one : from) to.push_back(std::move(one));
}
EventClause present(const Paths& paths) { return each(paths, {.op = Ask::Present}); }

// Digits and signs only: it may be a part of a printed number.
bool may_be_in_number(std::string_view text) {
  return text.find_first_not_of("+-.0123456789eE") == std::string_view::npos;
}

// Texts that may be numbers: no scan compares them as such, so they are let through.
EventClause numeric_texts(const Paths& paths) {
  return each(paths, {.op = Ask::Regex, .text = "^[-+.0-9]"});
}

Pushed equals(const Paths& paths, const Value& literal) {
  const auto number = number_of(literal);
  if (!number && literal.is_text()) {
    Pushed out{{each(paths, {.op = Ask::TextEqual, .text = std::string(literal.text)})},
               paths.size() == 1};
    if (literal.text == "true" || literal.text == "false") {
      append(out.clauses[0], each(paths, {.op = Ask::BoolEqual, .truth = literal.text == "true"}));
    }
    return out;
  }
  if (!number || literal.kind == rows::Kind::Bool) return {{present(paths)}, false};
  EventClause clause = each(paths, {.op = Ask::NumberEqual, .number = *number});
  if (*number == 0 || *number == 1) {
    append(clause, each(paths, {.op = Ask::BoolEqual, .truth = *number == 1}));
  }
  append(clause, numeric_texts(paths));
  return {{std::move(clause)}, false};
}

Pushed ordered(const Paths& paths, std::string_view sign, const Value& literal) {
  const auto number = number_of(literal);
  if (!number) return {{present(paths)}, false};
  const Ask op = sign == "<"    ? Ask::NumberLess
                 : sign == "<=" ? Ask::NumberLessOrEqual
                 : sign == ">"  ? Ask::NumberGreater
                                : Ask::NumberGreaterOrEqual;
  EventClause clause = each(paths, {.op = op, .number = *number});
  append(clause, each(paths, {.op = Ask::BoolEqual, .truth = true}));
  append(clause, each(paths, {.op = Ask::BoolEqual, .truth = false}));
  append(clause, numeric_texts(paths));
  return {{std::move(clause)}, false};
}

bool is_message(const Paths& paths) { return paths.size() == 1 && paths[0] == store::kMessagePath; }

Pushed like(const Paths& paths, std::string_view text) {
  if (!is_message(paths) && may_be_in_number(text)) return {{present(paths)}, false};
  return {{each(paths, {.op = Ask::Contains, .text = std::string(text)})}, paths.size() == 1};
}

Pushed matches(const Paths& paths, std::string_view regex) {
  EventClause clause = each(paths, {.op = Ask::Regex, .text = std::string(regex)});
  if (is_message(paths)) return {{std::move(clause)}, true};
  constexpr double kLeast = -std::numeric_limits<double>::infinity();
  append(clause, each(paths, {.op = Ask::NumberGreaterOrEqual, .number = kLeast}));
  append(clause, each(paths, {.op = Ask::BoolEqual, .truth = true}));
  append(clause, each(paths, {.op = Ask::BoolEqual, .truth = false}));
  return {{std::move(clause)}, false};
}

// Of a field of the events, or nothing.
Paths paths_of(const Plan& plan, const Expression& expression) {
  if (expression.type != Expression::Type::Column) return {};
  const SlotSource& source = plan.slots[expression.slot];
  return source.type == SlotSource::Type::Field ? source.paths : Paths();
}

std::string_view mirrored(std::string_view sign) {
  if (sign == "<") return ">";
  if (sign == "<=") return ">=";
  if (sign == ">") return "<";
  if (sign == ">=") return "<=";
  return sign;
}

Pushed either(Pushed left, Pushed right) {
  if (left.clauses.empty() || right.clauses.empty()) return {};
  const bool exact =
      left.exact && right.exact && left.clauses.size() == 1 && right.clauses.size() == 1;
  EventClause clause = std::move(left.clauses[0]);
  append(clause, std::move(right.clauses[0]));
  return {{std::move(clause)}, exact};
}

Pushed of_list(const Paths& paths, std::span<const Expression> items) {
  Pushed out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].type != Expression::Type::Literal) return {{present(paths)}, false};
    Pushed one = equals(paths, literal_of(items[i]));
    out = i == 0 ? std::move(one) : either(std::move(out), std::move(one));
  }
  return out;
}

Pushed of_comparison(const Plan& plan, std::string_view name, std::span<const Expression> both) {
  Paths paths = paths_of(plan, both[0]);
  const Expression* other = both.size() > 1 ? &both[1] : nullptr;
  if (paths.empty() && other != nullptr && other->type == Expression::Type::Column) {
    paths = paths_of(plan, *other);
    other = &both[0];
    if (name == "like" || name == "=~" || name == "in") return {};
    name = mirrored(name);
  }
  if (paths.empty()) return {};
  if (name == "ispresent") return {{present(paths)}, true};
  const bool negative = name == "!=" || name.starts_with("not ");
  if (negative) return {{present(paths)}, false};
  if (name == "in") return of_list(paths, both.subspan(1));
  if (other == nullptr) return {};
  if (other->type != Expression::Type::Literal) return {{present(paths)}, false};
  const Value literal = literal_of(*other);
  if (literal.is_null()) return {};
  if (name == "=") return equals(paths, literal);
  if (name == "like") return literal.is_text() ? like(paths, literal.text) : Pushed();
  if (name == "=~") return matches(paths, literal.text);
  return ordered(paths, name, literal);
}

constexpr std::array<std::string_view, 13> kComparisons{
    "=",      "!=",   "<",        "<=", ">",      ">=",       "in",
    "not in", "like", "not like", "=~", "not =~", "ispresent"};

}  // namespace

Pushed pushdown(const Plan& plan, const Expression& condition) {
  if (condition.type == Expression::Type::Member) {
    const Paths paths = paths_of(plan, condition.arguments[0]);
    if (paths.empty()) return {};
    return {{present(paths)}, false};
  }
  if (condition.type != Expression::Type::Call) return {};
  const std::string_view name = condition.function->name;
  if (name == "or") {
    return either(pushdown(plan, condition.arguments[0]), pushdown(plan, condition.arguments[1]));
  }
  if (name == "and") {
    Pushed left = pushdown(plan, condition.arguments[0]);
    Pushed right = pushdown(plan, condition.arguments[1]);
    const bool exact = left.exact && right.exact;
    for (EventClause& clause : right.clauses) left.clauses.push_back(std::move(clause));
    return {std::move(left.clauses), exact};
  }
  if (std::ranges::find(kComparisons, name) == kComparisons.end()) return {};
  return of_comparison(plan, name, condition.arguments);
}

std::vector<std::string> streams_of(const Plan& plan, const Expression& condition) {
  if (condition.type != Expression::Type::Call) return {};
  const std::string_view name = condition.function->name;
  if (name != "=" && name != "in") return {};
  const Expression& field = condition.arguments[0];
  if (field.type != Expression::Type::Column ||
      plan.slots[field.slot].type != SlotSource::Type::Stream) {
    return {};
  }
  std::vector<std::string> out;
  for (size_t i = 1; i < condition.arguments.size(); ++i) {
    const Expression& one = condition.arguments[i];
    // A name that is a number may be equal to another spelling of it.
    const bool plain = one.type == Expression::Type::Literal && one.literal.is_text() &&
                       !number_of(literal_of(one));
    if (!plain) return {};
    out.push_back(one.text);
  }
  return out;
}

bool of_events(const Plan& plan, const Expression& expression) {
  if (expression.type == Expression::Type::Column) {
    return plan.slots[expression.slot].type != SlotSource::Type::Computed;
  }
  return std::ranges::all_of(expression.arguments,
                             [&](const Expression& one) { return of_events(plan, one); });
}

}  // namespace kansoku::query::logs_insights
