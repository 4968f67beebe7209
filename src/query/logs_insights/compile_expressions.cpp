#include "base/text/ascii.h"
#include "query/logs_insights/compiler.h"
#include "query/logs_insights/functions.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {

using rows::Expression;
using rows::Function;
using rows::Value;

namespace {

struct UnitRow {
  std::string_view name;
  int64_t ms;
  int64_t months;
};
// Each also with an s behind it, where it is longer than two letters.
constexpr std::array<UnitRow, 29> kUnits{{{"ms", 1, 0},
                                          {"msec", 1, 0},
                                          {"millisecond", 1, 0},
                                          {"s", 1'000, 0},
                                          {"sec", 1'000, 0},
                                          {"second", 1'000, 0},
                                          {"m", 60'000, 0},
                                          {"min", 60'000, 0},
                                          {"minute", 60'000, 0},
                                          {"h", 3'600'000, 0},
                                          {"hr", 3'600'000, 0},
                                          {"hrs", 3'600'000, 0},
                                          {"hour", 3'600'000, 0},
                                          {"d", 86'400'000, 0},
                                          {"day", 86'400'000, 0},
                                          {"w", 604'800'000, 0},
                                          {"week", 604'800'000, 0},
                                          {"mo", 0, 1},
                                          {"mos", 0, 1},
                                          {"mon", 0, 1},
                                          {"month", 0, 1},
                                          {"q", 0, 3},
                                          {"qtr", 0, 3},
                                          {"qtrs", 0, 3},
                                          {"quarter", 0, 3},
                                          {"y", 0, 12},
                                          {"yr", 0, 12},
                                          {"yrs", 0, 12},
                                          {"year", 0, 12}}};
constexpr double kPeriodMax = 1e6;

const UnitRow* find_unit(std::string_view name) {
  const auto found = std::ranges::find_if(kUnits, [&](const UnitRow& one) {
    if (equals_ignore_case(one.name, name)) return true;
    return one.name.size() > 2 && name.size() == one.name.size() + 1 &&
           (name.back() == 's' || name.back() == 'S') &&
           equals_ignore_case(one.name, name.substr(0, one.name.size()));
  });
  return found == kUnits.end() ? nullptr : &*found;
}

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') out += c;
  }
  return out;
}

std::vector<Expression> pair(Expression left, Expression right) {
  std::vector<Expression> out;
  out.push_back(std::move(left));
  out.push_back(std::move(right));
  return out;
}

bool begins_query(std::string_view word) {
  constexpr std::array<std::string_view, 6> kFirst{"SOURCE", "fields", "filter",
                                                   "stats",  "parse",  "display"};
  return std::ranges::any_of(kFirst,
                             [&](std::string_view one) { return equals_ignore_case(one, word); });
}

}  // namespace

bool Compiler::deeper() {
  if (++depth_ <= kDepthMax) return true;
  fail_here(fmt::format("deeper than {} levels", kDepthMax));
  return false;
}

Expression Compiler::call(const Function& function, std::vector<Expression> arguments,
                          size_t begin) {
  Expression out = Expression::of_call(function, std::move(arguments));
  out.position = begin;
  if (function.prepare == nullptr || failed()) return out;
  std::vector<Value> values(out.arguments.size());
  std::vector<const Value*> literals(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const Expression& one = out.arguments[i];
    if (one.type != Expression::Type::Literal) continue;
    values[i] = one.literal;
    values[i].text = one.text;
    literals[i] = &values[i];
  }
  auto prepared = function.prepare(literals);
  if (!prepared) {
    fail(out.arguments.back().position, shared_.lexer.behind(), prepared.error().message);
  } else {
    out.prepared = std::move(*prepared);
  }
  return out;
}

Expression Compiler::expression() {
  const size_t begin = now().begin;
  if (!deeper()) return {};
  Expression left = conjunction();
  while (take_word("or")) left = call(operation("or"), pair(std::move(left), conjunction()), begin);
  --depth_;
  return left;
}

Expression Compiler::conjunction() {
  const size_t begin = now().begin;
  Expression left = negation();
  while (take_word("and")) {
    left = call(operation("and"), pair(std::move(left), negation()), begin);
  }
  return left;
}

Expression Compiler::negation() {
  const size_t begin = now().begin;
  if (!take_word("not")) return comparison();
  if (!deeper()) return {};
  std::vector<Expression> arguments;
  arguments.push_back(negation());
  --depth_;
  return call(operation("not"), std::move(arguments), begin);
}

Expression Compiler::comparison() {
  const size_t begin = now().begin;
  Expression left = sum();
  for (const std::string_view sign : {"=", "!=", "<", "<=", ">", ">="}) {
    if (!take_sign(sign)) continue;
    return call(operation(sign), pair(std::move(left), sum()), begin);
  }
  if (take_sign("=~")) return like(std::move(left), false);
  if (take_word("like")) return like(std::move(left), false);
  if (take_word("in")) return in(std::move(left), false);
  if (!take_word("not")) return left;
  if (take_word("like")) return like(std::move(left), true);
  if (take_word("in")) return in(std::move(left), true);
  unexpected("like or in");
  return left;
}

Expression Compiler::like(Expression left, bool negated) {
  const size_t begin = now().begin;
  if (!at_sign("/")) {
    Expression right = sum();
    return call(operation(negated ? "not like" : "like"), pair(std::move(left), std::move(right)),
                begin);
  }
  const Token regex = shared_.lexer.take_regex();
  if (regex.kind == TokenKind::Bad) {
    fail(regex.begin, regex.end, regex.text);
    return left;
  }
  Expression right = Expression::of_literal(Value::of_text(regex.text));
  right.position = regex.begin;
  return call(operation(negated ? "not =~" : "=~"), pair(std::move(left), std::move(right)), begin);
}

// Behind the '('.
Expression Compiler::in_query(Expression left, bool negated, size_t begin) {
  if (now().kind != TokenKind::Word || !begins_query(now().text)) {
    fail(begin, now().end, "a list in [brackets] or a query in (parentheses) is expected");
    return left;
  }
  if (level_ + 1 > kSubqueryDepthMax) {
    fail(begin, now().end, fmt::format("queries in queries over {} levels", kSubqueryDepthMax));
    return left;
  }
  Compiler inner(shared_, level_ + 1);
  inner.query();
  expect_sign(")");
  if (failed()) return left;
  auto plan = std::make_shared<rows::Plan>(*inner.finish());
  if (plan->output.size() > 1) {
    // The one that the outer query speaks of.
    const std::string_view outer =
        trimmed(slice(left.position).substr(0, begin - left.position), kBlanksAndLineEnds);
    const auto same = std::ranges::find_if(plan->output, [&](const rows::OutputColumn& column) {
      return outer.starts_with(column.name);
    });
    if (same == plan->output.end()) {
      fail(begin, shared_.lexer.behind(), "a query behind in gives one field");
      return left;
    }
    plan->output = {*same};
  }
  plan->pointer.reset();
  Expression out;
  out.type = Expression::Type::Member;
  out.subquery = plan_->subqueries.size();
  out.position = left.position;
  out.arguments.push_back(std::move(left));
  plan_->subqueries.push_back(std::move(plan));
  if (!negated) return out;
  std::vector<Expression> arguments;
  arguments.push_back(std::move(out));
  return call(operation("not"), std::move(arguments), begin);
}

Expression Compiler::in(Expression left, bool negated) {
  const size_t begin = now().begin;
  if (take_sign("(")) {
    return in_query(std::move(left), negated, begin);
  }
  expect_sign("[");
  std::vector<Expression> arguments;
  arguments.push_back(std::move(left));
  if (!at_sign("]")) {
    do {
      arguments.push_back(expression());
    } while (take_sign(","));
  }
  expect_sign("]");
  const Function& function = operation(negated ? "not in" : "in");
  if (arguments.size() > function.arguments_max) {
    fail(begin, shared_.lexer.behind(),
         fmt::format("a list of more than {} values", function.arguments_max - 1));
  }
  return call(function, std::move(arguments), begin);
}

Expression Compiler::sum() {
  const size_t begin = now().begin;
  Expression left = product();
  while (!failed()) {
    const std::string sign = now().text;
    if (now().kind != TokenKind::Sign || (sign != "+" && sign != "-")) break;
    shared_.lexer.next();
    left = call(operation(sign), pair(std::move(left), product()), begin);
  }
  return left;
}

Expression Compiler::product() {
  const size_t begin = now().begin;
  Expression left = power();
  while (!failed()) {
    const std::string sign = now().text;
    if (now().kind != TokenKind::Sign || (sign != "*" && sign != "/" && sign != "%")) break;
    shared_.lexer.next();
    left = call(operation(sign), pair(std::move(left), power()), begin);
  }
  return left;
}

Expression Compiler::power() {
  const size_t begin = now().begin;
  Expression left = unary();
  if (!take_sign("^")) return left;
  if (!deeper()) return left;
  Expression right = power();
  --depth_;
  return call(operation("^"), pair(std::move(left), std::move(right)), begin);
}

Expression Compiler::unary() {
  const size_t begin = now().begin;
  if (!take_sign("-")) return postfix();
  if (!deeper()) return {};
  Expression value = unary();
  --depth_;
  if (value.type == Expression::Type::Literal && value.literal.kind == rows::Kind::Int) {
    value.literal.integer = -value.literal.integer;
    return value;
  }
  if (value.type == Expression::Type::Literal && value.literal.kind == rows::Kind::Float) {
    value.literal.number = -value.literal.number;
    return value;
  }
  std::vector<Expression> arguments;
  arguments.push_back(std::move(value));
  return call(operation("negate"), std::move(arguments), begin);
}

Expression Compiler::steps_into(Expression value) {
  std::string path;
  while (!failed() && now().begin == shared_.lexer.behind()) {
    std::string step;
    if (now().kind == TokenKind::Number && now().text.starts_with('.')) {
      step = now().text.substr(1);
      shared_.lexer.next();
    } else if (take_sign(".")) {
      step = new_name("the name of a member");
    } else if (take_sign("[")) {
      step = std::to_string(whole_number("the number of an item", 1'000'000));
      expect_sign("]");
    } else {
      break;
    }
    path += (path.empty() ? "" : ".") + step;
  }
  if (path.empty()) return value;
  Expression steps = Expression::of_literal(Value::of_text(path));
  return call(operation("json_at"), pair(std::move(value), std::move(steps)), value.position);
}

Expression Compiler::postfix() {
  const size_t begin = now().begin;
  Expression out = primary();
  out.position = begin;
  return out;
}

Expression Compiler::primary() {
  const Token token = now();
  switch (token.kind) {
    case TokenKind::Number: {
      shared_.lexer.next();
      const bool whole = token.number == std::trunc(token.number) && token.number < 9e15 &&
                         token.text.find_first_of(".eE") == std::string::npos;
      return Expression::of_literal(whole ? Value::of_int(static_cast<int64_t>(token.number))
                                          : Value::of_float(token.number));
    }
    case TokenKind::Text:
      shared_.lexer.next();
      return Expression::of_literal(Value::of_text(token.text));
    case TokenKind::Name:
      return resolve(field_name());
    case TokenKind::Word:
      break;
    default: {
      if (take_sign("(")) {
        Expression out = expression();
        expect_sign(")");
        return out;
      }
      unexpected("a value");
      return {};
    }
  }
  if (shared_.lexer.following() == '(' || find_function(token.text) != nullptr ||
      find_aggregate(token.text) != nullptr) {
    // A name of a function may be the name of a field too.
    Lexer ahead = shared_.lexer;
    ahead.next();
    if (ahead.now().kind == TokenKind::Sign && ahead.now().text == "(") {
      shared_.lexer.next();
      shared_.lexer.next();
      return steps_into(call_function(token.text, token.begin));
    }
  }
  if (equals_ignore_case(token.text, "true") || equals_ignore_case(token.text, "false")) {
    shared_.lexer.next();
    return Expression::of_literal(Value::of_bool(equals_ignore_case(token.text, "true")));
  }
  FieldName name = field_name();
  if (failed()) return {};
  return resolve(name);
}

// Behind the '('.
Expression Compiler::call_function(const std::string& name, size_t begin) {
  const size_t name_end = begin + name.size();
  if (!deeper()) return {};
  Expression out;
  const Function* function = find_function(name);
  const rows::AggregateFunction* aggregate = find_aggregate(name);
  if (aggregate != nullptr && aggregate_ != nullptr) {
    out = call_aggregate(*aggregate, begin);
  } else if (function != nullptr &&
             (equals_ignore_case(name, "bin") || equals_ignore_case(name, "datefloor") ||
              equals_ignore_case(name, "dateceil"))) {
    out = call_period(*function, begin);
  } else {
    std::vector<Expression> arguments;
    if (aggregate != nullptr && take_sign("*")) {
      // Of count(*), as the name of a column.
    } else if (!at_sign(")")) {
      do {
        arguments.push_back(expression());
      } while (take_sign(","));
    }
    expect_sign(")");
    // What an earlier command has computed is found by its text.
    const auto column =
        failed() ? names_.columns.end() : names_.columns.find(without_blanks(slice(begin)));
    if (column != names_.columns.end()) {
      out = column->second;
    } else if (aggregate != nullptr) {
      fail(begin, name_end, fmt::format("{} stands in stats only", name));
    } else if (function == nullptr) {
      fail(begin, name_end, fmt::format("no function {}", quoted(name)));
    } else if (arguments.size() < function->arguments_min ||
               arguments.size() > function->arguments_max) {
      fail(begin, shared_.lexer.behind(),
           fmt::format("{} takes {}", function->name, function->signature));
    } else {
      out = call(*function, std::move(arguments), begin);
    }
  }
  --depth_;
  return out;
}

Expression Compiler::call_aggregate(const rows::AggregateFunction& function, size_t begin) {
  rows::Aggregate* const of = aggregate_;
  aggregate_ = nullptr;  // none inside of another
  rows::Aggregate::Call made{.function = &function, .arguments = {}, .parameters = {}, .slot = 0};
  std::vector<Expression> arguments;
  if (function.arguments_min == 0 && take_sign("*")) {
    // All rows.
  } else if (!at_sign(")")) {
    do {
      arguments.push_back(expression());
    } while (take_sign(","));
  }
  expect_sign(")");
  aggregate_ = of;
  if (failed()) return {};
  if (arguments.size() < function.arguments_min || arguments.size() > function.arguments_max) {
    fail(begin, shared_.lexer.behind(),
         fmt::format("{} takes {}", function.name, function.signature));
    return {};
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    Expression& one = arguments[i];
    if (i >= function.parameters_from) {
      const auto percent = number_of(one.literal);
      if (one.type != Expression::Type::Literal || !percent || *percent < 0 || *percent > 100) {
        fail(one.position, shared_.lexer.behind(), "a number from 0 to 100 is expected");
      }
      made.parameters.push_back(std::move(one));
    } else if (function.of_numbers) {
      std::vector<Expression> wrapped;
      wrapped.push_back(std::move(one));
      made.arguments.push_back(call(operation("number"), std::move(wrapped), begin));
    } else {
      made.arguments.push_back(std::move(one));
    }
  }
  made.slot = new_slot();
  const rows::Slot slot = made.slot;
  of->calls.push_back(std::move(made));
  return Expression::of_slot(slot);
}

// A number and a unit, as two literals: milliseconds and months.
std::vector<Expression> Compiler::period() {
  const Token number = now();
  if (number.kind != TokenKind::Number) {
    unexpected("a period such as 5m");
    return {};
  }
  shared_.lexer.next();
  const Token unit = now();
  const UnitRow* row = unit.kind == TokenKind::Word ? find_unit(unit.text) : nullptr;
  if (row == nullptr) {
    unexpected("a unit of time: ms, s, m, h, d, w, mo, q or y");
    return {};
  }
  shared_.lexer.next();
  if (number.number < 1 || number.number > kPeriodMax ||
      number.number != std::trunc(number.number)) {
    fail(number.begin, unit.end, "a period is a whole number of units, from 1 to 1000000");
    return {};
  }
  const auto count = static_cast<int64_t>(number.number);
  return pair(Expression::of_literal(Value::of_int(count * row->ms)),
              Expression::of_literal(Value::of_int(count * row->months)));
}

Expression Compiler::call_period(const Function& function, size_t begin) {
  std::vector<Expression> arguments;
  if (function.arguments_min == 1) {  // bin
    // Where it was computed before, it is that.
    if (!names_.events) {
      for (Expression& one : period()) arguments.push_back(std::move(one));
      expect_sign(")");
      const auto column =
          failed() ? names_.columns.end() : names_.columns.find(without_blanks(slice(begin)));
      if (column != names_.columns.end()) return column->second;
      arguments.insert(arguments.begin(), resolve(name_of("@timestamp")));
      return call(function, std::move(arguments), begin);
    }
    arguments.push_back(resolve(name_of("@timestamp")));
  } else {
    arguments.push_back(expression());
    expect_sign(",");
  }
  if (failed()) return {};
  for (Expression& one : period()) arguments.push_back(std::move(one));
  expect_sign(")");
  return call(function, std::move(arguments), begin);
}

}  // namespace kansoku::query::logs_insights
