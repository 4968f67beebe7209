// A recursive descent parser; binary operators by precedence climbing.
#include "query/promql/parser.h"

#include <algorithm>

#include "query/promql/functions.h"
#include "query/promql/label_set.h"
#include "query/promql/lexer.h"
#include "query/promql/type_check.h"
#include "store/regex.h"

namespace kansoku::query::promql {
namespace {

using Unexpected = std::unexpected<ParseError>;
template <class T>
using Parsed = std::expected<T, ParseError>;
using Ok = std::expected<void, ParseError>;

#define PROMQL_TRY(declaration, ...)                                                  \
  PROMQL_TRY_IMPL(KANSOKU_CONCAT(promql_try_, __LINE__), declaration, __VA_ARGS__)
#define PROMQL_TRY_IMPL(tmp, declaration, ...)                                        \
  auto tmp = (__VA_ARGS__);                                                           \
  if (!tmp) return std::unexpected(std::move(tmp).error());                           \
  declaration = std::move(*tmp)
#define PROMQL_CHECK(...)                                                             \
  if (auto promql_ok = (__VA_ARGS__); !promql_ok) return std::unexpected(std::move(promql_ok).error())

Unexpected error_at(PositionRange position, std::string message) {
  return std::unexpected(ParseError{position, std::move(message)});
}

// Unary minus binds as tight as multiplication, so its operand is what a power binds.
constexpr int kUnaryOperandPrecedence = 6;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Parsed<ExprPtr> whole() {
    PROMQL_CHECK(advance());
    if (token_.kind == TokenKind::End) return error_at(token_.position, "no expression found in input");
    PROMQL_TRY(ExprPtr expr, expression(0));
    if (token_.kind != TokenKind::End) return unexpected("");
    return expr;
  }

  Parsed<std::vector<LabelMatcher>> selector_alone() {
    PROMQL_CHECK(advance());
    if (token_.kind != TokenKind::LeftBrace && !is_name()) return unexpected("metric selector");
    PROMQL_TRY(std::unique_ptr<VectorSelector> selector, vector_selector());
    if (token_.kind != TokenKind::End) return unexpected("metric selector");
    return std::move(selector->matchers);
  }

 private:
  // --- tokens ---
  Ok advance(LexMode mode = LexMode::Expression) {
    last_end_ = token_.position.end;
    auto next = lex(text_, token_.position.end, mode);
    if (!next) return error_at(next.error().position, next.error().message);
    token_ = *next;
    return {};
  }
  // The token again, read as another mode wants it.
  Ok relex(LexMode mode) {
    auto next = lex(text_, token_.position.start, mode);
    if (!next) return error_at(next.error().position, next.error().message);
    token_ = *next;
    return {};
  }
  Parsed<Token> peek(LexMode mode = LexMode::Expression) const {
    auto next = lex(text_, token_.position.end, mode);
    if (!next) return error_at(next.error().position, next.error().message);
    return *next;
  }
  bool next_is(TokenKind kind) const {
    auto next = peek();
    return next && next->kind == kind;
  }
  Unexpected unexpected(std::string_view context, std::string_view expected = {}) const {
    std::string message = "unexpected " + token_.describe();
    if (!context.empty()) message += fmt::format(" in {}", context);
    if (!expected.empty()) message += fmt::format(", expected {}", expected);
    return error_at(token_.position, std::move(message));
  }
  Ok expect(TokenKind kind, std::string_view context, std::string_view what,
            LexMode mode = LexMode::Expression) {
    if (token_.kind != kind) return unexpected(context, what);
    return advance(mode);
  }
  bool is_name() const {
    return token_.kind == TokenKind::Identifier || token_.kind == TokenKind::MetricIdentifier;
  }
  bool is_word(std::string_view word) const {
    return token_.kind == TokenKind::Identifier && lower_case(token_.text) == word;
  }
  bool is_operator(std::string_view text) const {
    return token_.kind == TokenKind::Operator && token_.text == text;
  }

  // --- expressions ---
  const BinaryOpRow* binary_operator() const;
  Parsed<ExprPtr> expression(int precedence_min);
  Parsed<ExprPtr> unary();
  Parsed<ExprPtr> primary();
  Parsed<ExprPtr> postfix(ExprPtr expr);
  Parsed<ExprPtr> name_expression();
  Parsed<ExprPtr> call(const FunctionRow& row);
  Parsed<ExprPtr> aggregate(const AggregateOpRow& row);
  Parsed<std::vector<ExprPtr>> arguments(std::string_view context, bool data_selectors = false);
  Parsed<std::vector<std::string>> label_list(std::string_view context);
  Ok binary_modifiers(BinaryExpr& binary);
  Ok fill_modifier(VectorMatching& matching);
  Parsed<double> signed_number(std::string_view context);

  // --- selectors ---
  Parsed<std::unique_ptr<VectorSelector>> vector_selector();
  Parsed<LabelMatcher> matcher(VectorSelector& selector, bool& is_metric_name);
  Ok matchers(VectorSelector& selector);
  Parsed<ExprPtr> range(ExprPtr expr);
  Ok offset(Expr& expr);
  Ok at(Expr& expr);
  Ok range_mode(Expr& expr);

  // --- durations ---
  Parsed<std::unique_ptr<DurationExpr>> duration(int precedence_min, LexMode mode);
  Parsed<std::unique_ptr<DurationExpr>> duration_unary(LexMode mode);
  Parsed<std::unique_ptr<DurationExpr>> duration_primary(LexMode mode);
  Parsed<std::unique_ptr<DurationExpr>> duration_call(LexMode mode);

  std::string_view text_;
  Token token_;
  uint32_t last_end_ = 0;
  int depth_ = 0;
  bool wide_selectors_ = false;
};

struct DepthGuard {
  explicit DepthGuard(int& d) : depth(d) { ++depth; }
  ~DepthGuard() { --depth; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
  int& depth;
};

const BinaryOpRow* Parser::binary_operator() const {
  if (token_.kind != TokenKind::Operator && token_.kind != TokenKind::Identifier) return nullptr;
  return find_binary_op(token_.kind == TokenKind::Operator ? std::string(token_.text) : lower_case(token_.text));
}

Parsed<ExprPtr> Parser::expression(int precedence_min) {
  const DepthGuard guard(depth_);
  if (depth_ > kDepthMax) return error_at(token_.position, "expression is nested too deeply");
  PROMQL_TRY(ExprPtr lhs, unary());
  // A chain of operators is a tree as deep as it is long, so its length counts as depth.
  int chain = depth_;
  for (;;) {
    const BinaryOpRow* row = binary_operator();
    if (row == nullptr || row->precedence < precedence_min) return lhs;
    if (++chain > kDepthMax) return error_at(token_.position, "expression is nested too deeply");
    auto binary = std::make_unique<BinaryExpr>();
    binary->op = row->op;
    PROMQL_CHECK(advance());
    PROMQL_CHECK(binary_modifiers(*binary));
    const bool right_associative = row->op == BinaryOp::Pow;
    PROMQL_TRY(ExprPtr rhs, expression(row->precedence + (right_associative ? 0 : 1)));
    binary->position = {lhs->position.start, rhs->position.end};
    binary->lhs = std::move(lhs);
    binary->rhs = std::move(rhs);
    PROMQL_CHECK(check_binary(*binary));
    lhs = std::move(binary);
  }
}

Parsed<ExprPtr> Parser::unary() {
  if (!is_operator("+") && !is_operator("-")) {
    PROMQL_TRY(ExprPtr expr, primary());
    return postfix(std::move(expr));
  }
  const bool negative = is_operator("-");
  const uint32_t start = token_.position.start;
  PROMQL_CHECK(advance());
  PROMQL_TRY(ExprPtr operand, expression(kUnaryOperandPrecedence));
  const ValueType type = operand->type();
  if (type != ValueType::Scalar && type != ValueType::Vector) {
    return error_at(operand->position,
                    fmt::format("unary expression only allowed on expressions of type scalar or instant "
                                "vector, got \"{}\"", value_type_name(type)));
  }
  if (operand->kind == ExprKind::Number) {
    auto& number = as<NumberLiteral>(*operand);
    if (negative) number.value = -number.value;
    number.position.start = start;
    return operand;
  }
  auto expr = std::make_unique<UnaryExpr>();
  expr->negative = negative;
  expr->position = {start, operand->position.end};
  expr->expr = std::move(operand);
  return expr;
}

Parsed<ExprPtr> Parser::primary() {
  const Token token = token_;
  if (token.kind == TokenKind::LeftParen) {
    PROMQL_CHECK(advance());
    PROMQL_TRY(ExprPtr inner, expression(0));
    if (token_.kind != TokenKind::RightParen) return unexpected("", "\")\"");
    auto paren = std::make_unique<ParenExpr>();
    paren->position = {token.position.start, token_.position.end};
    paren->expr = std::move(inner);
    PROMQL_CHECK(advance());
    return paren;
  }
  if (token.kind == TokenKind::Number || token.kind == TokenKind::Duration) {
    auto number = std::make_unique<NumberLiteral>();
    number->position = token.position;
    if (token.kind == TokenKind::Number) {
      auto value = parse_number(token.text);
      if (!value) return error_at(token.position, value.error().message);
      number->value = *value;
    } else {
      number->value = static_cast<double>(*parse_duration_ms(token.text)) / 1000;
      number->written_as_duration = true;
    }
    PROMQL_CHECK(advance());
    return number;
  }
  if (token.kind == TokenKind::String) {
    auto string = std::make_unique<StringLiteral>();
    auto value = unquote(token.text);
    if (!value) return error_at(token.position, fmt::format("error unquoting string {}: invalid syntax", token.text));
    string->value = std::move(*value);
    string->position = token.position;
    PROMQL_CHECK(advance());
    return string;
  }
  if (is_name()) return name_expression();
  if (token.kind == TokenKind::LeftBrace) {
    PROMQL_TRY(std::unique_ptr<VectorSelector> selector, vector_selector());
    return selector;
  }
  return unexpected("");
}

Parsed<ExprPtr> Parser::name_expression() {
  const std::string lower = lower_case(token_.text);
  PROMQL_TRY(const Token next, peek());
  if (token_.kind == TokenKind::Identifier) {
    if (lower == "inf" || lower == "nan") {
      auto number = std::make_unique<NumberLiteral>();
      number->value = *parse_number(lower);
      number->position = token_.position;
      PROMQL_CHECK(advance());
      return number;
    }
    if (const AggregateOpRow* row = find_aggregate_op(lower)) {
      const std::string word = next.kind == TokenKind::Identifier ? lower_case(next.text) : "";
      if (next.kind == TokenKind::LeftParen || word == "by" || word == "without") return aggregate(*row);
    }
    if (next.kind == TokenKind::LeftParen) {
      const FunctionRow* row = find_function(token_.text);
      if (row == nullptr) {
        return error_at(token_.position, fmt::format("unknown function with name {}", go_quoted(token_.text)));
      }
      return call(*row);
    }
  }
  PROMQL_TRY(std::unique_ptr<VectorSelector> selector, vector_selector());
  return selector;
}

// `data_selectors`: from the second argument on selectors may match everything, as those of info() do.
Parsed<std::vector<ExprPtr>> Parser::arguments(std::string_view context, bool data_selectors) {
  std::vector<ExprPtr> args;
  if (token_.kind != TokenKind::LeftParen) return unexpected(context, "\"(\"");
  PROMQL_CHECK(advance());
  while (token_.kind != TokenKind::RightParen) {
    wide_selectors_ = data_selectors && !args.empty();
    auto arg = expression(0);
    wide_selectors_ = false;
    if (!arg) return std::unexpected(std::move(arg).error());
    args.push_back(std::move(*arg));
    if (token_.kind == TokenKind::RightParen) break;
    if (token_.kind != TokenKind::Comma) return unexpected(context, "\",\" or \")\"");
    PROMQL_CHECK(advance());
    if (token_.kind == TokenKind::RightParen) {
      return error_at(token_.position, fmt::format("trailing commas not allowed in {}", context));
    }
  }
  return args;
}

Parsed<ExprPtr> Parser::call(const FunctionRow& row) {
  auto call = std::make_unique<CallExpr>();
  call->function = &row;
  call->position = token_.position;
  PROMQL_CHECK(advance());
  PROMQL_TRY(call->args, arguments("function call args", row.special == SpecialFunction::Info));
  call->position.end = token_.position.end;
  PROMQL_CHECK(expect(TokenKind::RightParen, "function call args", "\")\""));
  PROMQL_CHECK(check_call(*call));
  return call;
}

Parsed<ExprPtr> Parser::aggregate(const AggregateOpRow& row) {
  auto aggregate = std::make_unique<AggregateExpr>();
  aggregate->op = row.op;
  aggregate->position = token_.position;
  PROMQL_CHECK(advance());
  const auto grouping = [&]() -> Ok {
    if (!is_word("by") && !is_word("without")) return {};
    aggregate->without = is_word("without");
    aggregate->grouped = true;
    PROMQL_CHECK(advance());
    PROMQL_TRY(aggregate->grouping, label_list("grouping opts"));
    return {};
  };
  PROMQL_CHECK(grouping());
  PROMQL_TRY(std::vector<ExprPtr> args, arguments("aggregation"));
  aggregate->position.end = token_.position.end;
  PROMQL_CHECK(expect(TokenKind::RightParen, "aggregation", "\")\""));
  if (!aggregate->grouped) {
    PROMQL_CHECK(grouping());
    if (aggregate->grouped) aggregate->position.end = last_end_;
  }
  const size_t wanted = row.parameter == ValueType::None ? 1 : 2;
  if (args.empty()) return error_at(aggregate->position, "no arguments for aggregate expression provided");
  if (args.size() != wanted) {
    return error_at(aggregate->position,
                    fmt::format("wrong number of arguments for aggregate expression provided, expected {}, got {}",
                                wanted, args.size()));
  }
  if (wanted == 2) aggregate->param = std::move(args.front());
  aggregate->expr = std::move(args.back());
  PROMQL_CHECK(check_aggregate(*aggregate));
  return aggregate;
}

Parsed<std::vector<std::string>> Parser::label_list(std::string_view context) {
  std::vector<std::string> labels;
  if (token_.kind != TokenKind::LeftParen) return unexpected(context, "\"(\"");
  PROMQL_CHECK(advance(LexMode::Bracket));
  while (token_.kind != TokenKind::RightParen) {
    if (token_.kind == TokenKind::String) {
      auto name = unquote(token_.text);
      if (!name || !is_valid_label_name(*name)) {
        return error_at(token_.position, fmt::format("invalid label name for grouping: {}", token_.text));
      }
      labels.push_back(std::move(*name));
    } else if (token_.kind == TokenKind::Identifier) {
      labels.emplace_back(token_.text);
    } else {
      return unexpected(context, "label");
    }
    PROMQL_CHECK(advance(LexMode::Bracket));
    if (token_.kind == TokenKind::RightParen) break;
    if (token_.kind != TokenKind::Comma) return unexpected(context, "\",\" or \")\"");
    PROMQL_CHECK(advance(LexMode::Bracket));
  }
  PROMQL_CHECK(advance());
  return labels;
}

Ok Parser::binary_modifiers(BinaryExpr& binary) {
  VectorMatching& matching = binary.matching;
  if (binary_op(binary.op).set) matching.cardinality = Cardinality::ManyToMany;
  if (is_word("bool")) {
    if (!binary_op(binary.op).comparison) {
      return error_at(token_.position, "bool modifier can only be used on comparison operators");
    }
    binary.return_bool = true;
    PROMQL_CHECK(advance());
  }
  if ((is_word("on") || is_word("ignoring")) && next_is(TokenKind::LeftParen)) {
    matching.on = is_word("on");
    matching.written = true;
    PROMQL_CHECK(advance());
    PROMQL_TRY(matching.labels, label_list("grouping opts"));
    if (is_word("group_left") || is_word("group_right")) {
      const PositionRange position = token_.position;
      const bool left = is_word("group_left");
      if (binary_op(binary.op).set) {
        return error_at(position, fmt::format("no grouping allowed for {} operation",
                                              go_quoted(binary_op(binary.op).text)));
      }
      matching.cardinality = left ? Cardinality::ManyToOne : Cardinality::OneToMany;
      PROMQL_CHECK(advance());
      if (token_.kind == TokenKind::LeftParen) {
        PROMQL_TRY(matching.include, label_list("grouping opts"));
      }
      for (const std::string& label : matching.include) {
        if (matching.on && std::ranges::find(matching.labels, label) != matching.labels.end()) {
          return error_at(position, fmt::format("label {} must not occur in ON and GROUP clause at once",
                                                go_quoted(label)));
        }
      }
    }
  }
  while ((is_word("fill") || is_word("fill_left") || is_word("fill_right")) && next_is(TokenKind::LeftParen)) {
    if (binary_op(binary.op).set) {
      return error_at(token_.position, "filling in missing series not allowed for set operators");
    }
    PROMQL_CHECK(fill_modifier(matching));
  }
  return {};
}

Ok Parser::fill_modifier(VectorMatching& matching) {
  const bool both = is_word("fill");
  const bool left = is_word("fill_left");
  if ((both && (matching.fill_left || matching.fill_right)) || (left && matching.fill_left) ||
      (!both && !left && matching.fill_right)) {
    return error_at(token_.position, "fill modifiers may not be set multiple times");
  }
  PROMQL_CHECK(advance());
  PROMQL_CHECK(advance());
  PROMQL_TRY(const double value, signed_number("fill modifier"));
  PROMQL_CHECK(expect(TokenKind::RightParen, "fill modifier", "\")\""));
  if (both || left) matching.fill_left = value;
  if (both || !left) matching.fill_right = value;
  return {};
}

Parsed<double> Parser::signed_number(std::string_view context) {
  double sign = 1;
  while (is_operator("-") || is_operator("+")) {
    if (is_operator("-")) sign = -sign;
    PROMQL_CHECK(advance());
  }
  Result<double> value = invalid_argument("not a number");
  if (token_.kind == TokenKind::Duration) {
    value = static_cast<double>(*parse_duration_ms(token_.text)) / 1000;
  } else if (token_.kind == TokenKind::Number || is_word("inf") || is_word("nan")) {
    value = parse_number(token_.text);
  }
  if (!value) return unexpected(context, "number");
  PROMQL_CHECK(advance());
  return sign * *value;
}

// --- selectors ---

Parsed<std::unique_ptr<VectorSelector>> Parser::vector_selector() {
  auto selector = std::make_unique<VectorSelector>();
  selector->position = token_.position;
  if (is_name()) {
    selector->name = token_.text;
    selector->matchers.push_back({std::string(kMetricName), MatchType::Equal, selector->name});
    PROMQL_CHECK(advance());
  }
  if (token_.kind == TokenKind::LeftBrace) {
    PROMQL_CHECK(matchers(*selector));
  }
  selector->position.end = last_end_;
  const bool narrow = std::ranges::any_of(selector->matchers, [](const LabelMatcher& m) {
    return !matches_empty(m);
  });
  if (!narrow && !wide_selectors_) {
    return error_at(selector->position, "vector selector must contain at least one non-empty matcher");
  }
  return selector;
}

Ok Parser::matchers(VectorSelector& selector) {
  PROMQL_CHECK(advance(LexMode::Braces));
  while (token_.kind != TokenKind::RightBrace) {
    bool is_metric_name = false;
    const PositionRange position = token_.position;
    PROMQL_TRY(LabelMatcher one, matcher(selector, is_metric_name));
    if (is_metric_name) {
      if (!selector.name.empty()) {
        return error_at(position, fmt::format("metric name must not be set twice: {} or {}",
                                              go_quoted(selector.name), go_quoted(one.value)));
      }
      selector.name = one.value;
    }
    selector.matchers.push_back(std::move(one));
    if (token_.kind == TokenKind::RightBrace) break;
    if (token_.kind != TokenKind::Comma) return unexpected("label matching", "\",\" or \"}\"");
    PROMQL_CHECK(advance(LexMode::Braces));
  }
  return advance();
}

Parsed<LabelMatcher> Parser::matcher(VectorSelector& selector, bool& is_metric_name) {
  LabelMatcher out;
  const Token name = token_;
  if (name.kind == TokenKind::String) {
    auto text = unquote(name.text);
    if (!text) return error_at(name.position, fmt::format("error unquoting string {}: invalid syntax", name.text));
    out.name = std::move(*text);
  } else if (name.kind == TokenKind::Identifier) {
    out.name = name.text;
  } else {
    return unexpected("label matching", "identifier or \"}\"");
  }
  PROMQL_CHECK(advance(LexMode::Braces));
  const bool bare = token_.kind == TokenKind::Comma || token_.kind == TokenKind::RightBrace;
  if (name.kind == TokenKind::String && bare) {
    is_metric_name = true;
    return LabelMatcher{std::string(kMetricName), MatchType::Equal, std::move(out.name)};
  }
  if (!is_valid_label_name(out.name)) {
    return error_at(name.position, fmt::format("invalid label name {}", go_quoted(out.name)));
  }
  if (token_.kind == TokenKind::Assign) {
    out.type = MatchType::Equal;
  } else if (is_operator("!=")) {
    out.type = MatchType::NotEqual;
  } else if (token_.kind == TokenKind::EqualRegex) {
    out.type = MatchType::Regex;
  } else if (token_.kind == TokenKind::NotRegex) {
    out.type = MatchType::NotRegex;
  } else {
    return unexpected("label matching", "label matching operator");
  }
  PROMQL_CHECK(advance(LexMode::Braces));
  if (token_.kind != TokenKind::String) return unexpected("label matching", "string");
  auto value = unquote(token_.text);
  if (!value) return error_at(token_.position, fmt::format("error unquoting string {}: invalid syntax", token_.text));
  out.value = std::move(*value);
  if (out.type == MatchType::Regex || out.type == MatchType::NotRegex) {
    if (auto regex = store::Regex::compile(out.value); !regex) {
      return error_at(token_.position, fmt::format("error parsing regexp: {}", regex.error().message));
    }
  }
  if (out.name == kMetricName && out.type == MatchType::Equal && !selector.name.empty()) {
    return error_at(name.position, fmt::format("metric name must not be set twice: {} or {}",
                                               go_quoted(selector.name), go_quoted(out.value)));
  }
  PROMQL_CHECK(advance(LexMode::Braces));
  return out;
}

Parsed<ExprPtr> Parser::postfix(ExprPtr expr) {
  // foo[1m:][1m:]...: a tree as deep as the text is long.
  for (int depth = depth_;; ++depth) {
    if (depth > kDepthMax) return error_at(token_.position, "expression is nested too deeply");
    if (token_.kind == TokenKind::LeftBracket) {
      PROMQL_TRY(ExprPtr ranged, range(std::move(expr)));
      expr = std::move(ranged);
    } else if (is_word("offset")) {
      PROMQL_CHECK(offset(*expr));
    } else if (token_.kind == TokenKind::At) {
      PROMQL_CHECK(at(*expr));
    } else if (is_word("anchored") || is_word("smoothed")) {
      PROMQL_CHECK(range_mode(*expr));
    } else {
      return expr;
    }
  }
}

// A literal becomes milliseconds at once, anything else waits for prepare().
void set_duration(std::unique_ptr<DurationExpr> from, int64_t& ms, std::unique_ptr<DurationExpr>& expr) {
  if (from->kind == DurationExpr::Kind::Number && !from->parenthesised) {
    ms = std::llround(from->seconds * 1000);
  } else {
    expr = std::move(from);
  }
}

Ok check_positive(const DurationExpr& expr) {
  constexpr double kSecondsMax = 9.0e9;  // 285 years, what Go's time.Duration holds
  if (expr.kind != DurationExpr::Kind::Number) return {};
  if (!(expr.seconds > 0)) return error_at(expr.position, "duration must be greater than 0");
  if (expr.seconds > kSecondsMax) return error_at(expr.position, "duration out of range");
  return {};
}

Parsed<ExprPtr> Parser::range(ExprPtr expr) {
  const PositionRange open = token_.position;
  PROMQL_CHECK(advance(LexMode::Bracket));
  PROMQL_TRY(std::unique_ptr<DurationExpr> length, duration(0, LexMode::Bracket));
  PROMQL_CHECK(check_positive(*length));
  const uint32_t start = expr->position.start;
  if (token_.kind == TokenKind::RightBracket) {
    const uint32_t end = token_.position.end;
    if (expr->kind != ExprKind::VectorSelector) {
      return error_at({open.start, end}, "ranges only allowed for vector selectors");
    }
    auto matrix = std::make_unique<MatrixSelector>();
    matrix->vector.reset(static_cast<VectorSelector*>(expr.release()));
    if (matrix->vector->time.has_offset) {
      return error_at({open.start, end}, "no offset modifiers allowed before range");
    }
    if (matrix->vector->time.at != TimeModifiers::At::None) {
      return error_at({open.start, end}, "no @ modifiers allowed before range");
    }
    set_duration(std::move(length), matrix->range_ms, matrix->range_expr);
    matrix->position = {start, end};
    PROMQL_CHECK(advance());
    return matrix;
  }
  if (token_.kind != TokenKind::Colon) return unexpected("subquery or range", "\":\" or \"]\"");
  PROMQL_CHECK(advance(LexMode::Bracket));
  auto subquery = std::make_unique<SubqueryExpr>();
  set_duration(std::move(length), subquery->range_ms, subquery->range_expr);
  if (token_.kind != TokenKind::RightBracket) {
    PROMQL_TRY(std::unique_ptr<DurationExpr> step, duration(0, LexMode::Bracket));
    PROMQL_CHECK(check_positive(*step));
    set_duration(std::move(step), subquery->step_ms, subquery->step_expr);
  }
  if (token_.kind != TokenKind::RightBracket) return unexpected("subquery selector", "\"]\"");
  if (expr->type() != ValueType::Vector) {
    return error_at(expr->position, fmt::format("subquery is only allowed on instant vector, got {} instead",
                                                value_type_word(expr->type())));
  }
  subquery->position = {start, token_.position.end};
  subquery->expr = std::move(expr);
  PROMQL_CHECK(advance());
  return subquery;
}

// Where the time modifiers of an expression live, null when it takes none.
TimeModifiers* time_modifiers(Expr& expr) {
  if (expr.kind == ExprKind::VectorSelector) return &as<VectorSelector>(expr).time;
  if (expr.kind == ExprKind::MatrixSelector) return &as<MatrixSelector>(expr).vector->time;
  if (expr.kind == ExprKind::Subquery) return &as<SubqueryExpr>(expr).time;
  return nullptr;
}

Ok Parser::offset(Expr& expr) {
  const PositionRange position = token_.position;
  TimeModifiers* time = time_modifiers(expr);
  if (time == nullptr) {
    return error_at(expr.position, "offset modifier must be preceded by an instant vector selector or range "
                                   "vector selector or a subquery");
  }
  if (time->has_offset) return error_at(position, "offset may not be set multiple times");
  PROMQL_CHECK(advance());
  PROMQL_TRY(std::unique_ptr<DurationExpr> by, duration_unary(LexMode::Expression));
  time->has_offset = true;
  int64_t sign = 1;
  while (by->kind == DurationExpr::Kind::Negate && !by->parenthesised &&
         by->left->kind == DurationExpr::Kind::Number && !by->left->parenthesised) {
    sign = -sign;
    by = std::move(by->left);
  }
  set_duration(std::move(by), time->offset_ms, time->offset_expr);
  time->offset_ms *= sign;
  expr.position.end = last_end_;
  return {};
}

Ok Parser::at(Expr& expr) {
  const PositionRange position = token_.position;
  TimeModifiers* time = time_modifiers(expr);
  if (time == nullptr) {
    return error_at(expr.position, "@ modifier must be preceded by an instant vector selector or range vector "
                                   "selector or a subquery");
  }
  if (time->at != TimeModifiers::At::None) {
    return error_at(position, "@ <timestamp> may not be set multiple times");
  }
  PROMQL_CHECK(advance());
  if ((is_word("start") || is_word("end")) && next_is(TokenKind::LeftParen)) {
    time->at = is_word("start") ? TimeModifiers::At::Start : TimeModifiers::At::End;
    PROMQL_CHECK(advance());
    PROMQL_CHECK(advance());
    PROMQL_CHECK(expect(TokenKind::RightParen, "@", "\")\""));
  } else {
    const PositionRange number_at = token_.position;
    PROMQL_TRY(const double seconds, signed_number("@"));
    // A timestamp must fit milliseconds in 64 bits.
    if (!(std::abs(seconds) < 9.2e15)) {
      return error_at(number_at, fmt::format("timestamp out of bounds for @ modifier: {}", seconds));
    }
    time->at = TimeModifiers::At::Timestamp;
    time->at_ms = std::llround(seconds * 1000);
  }
  expr.position.end = last_end_;
  return {};
}

Ok Parser::range_mode(Expr& expr) {
  const bool anchored = is_word("anchored");
  VectorSelector* selector = nullptr;
  if (expr.kind == ExprKind::VectorSelector) selector = &as<VectorSelector>(expr);
  if (expr.kind == ExprKind::MatrixSelector) selector = as<MatrixSelector>(expr).vector.get();
  if (selector == nullptr) {
    return error_at(expr.position, fmt::format("{} modifier not implemented", anchored ? "anchored" : "smoothed"));
  }
  if (anchored && expr.kind == ExprKind::VectorSelector) {
    return error_at(expr.position, "anchored modifier must be preceded by a range selector");
  }
  if (selector->mode != RangeMode::Plain) {
    return error_at(token_.position, "anchored and smoothed modifiers cannot be combined");
  }
  selector->mode = anchored ? RangeMode::Anchored : RangeMode::Smoothed;
  PROMQL_CHECK(advance());
  expr.position.end = last_end_;
  return {};
}

// --- durations ---

using DurationPtr = std::unique_ptr<DurationExpr>;

struct DurationOpRow {
  std::string_view text;
  DurationExpr::Kind kind;
  int precedence;
};
constexpr std::array<DurationOpRow, 6> kDurationOps{{{"+", DurationExpr::Kind::Add, 1},
                                                     {"-", DurationExpr::Kind::Sub, 1},
                                                     {"*", DurationExpr::Kind::Mul, 2},
                                                     {"/", DurationExpr::Kind::Div, 2},
                                                     {"%", DurationExpr::Kind::Mod, 2},
                                                     {"^", DurationExpr::Kind::Pow, 4}}};
constexpr int kDurationUnaryOperand = 4;

DurationPtr duration_node(DurationExpr::Kind kind, PositionRange position) {
  auto node = std::make_unique<DurationExpr>();
  node->kind = kind;
  node->position = position;
  return node;
}

Parsed<DurationPtr> Parser::duration(int precedence_min, LexMode mode) {
  const DepthGuard guard(depth_);
  if (depth_ > kDepthMax) return error_at(token_.position, "expression is nested too deeply");
  PROMQL_TRY(DurationPtr left, duration_unary(mode));
  int chain = depth_;
  for (;;) {
    const DurationOpRow* row = nullptr;
    for (const DurationOpRow& candidate : kDurationOps) {
      if (is_operator(candidate.text)) row = &candidate;
    }
    if (row == nullptr || row->precedence < precedence_min) return left;
    if (++chain > kDepthMax) return error_at(token_.position, "expression is nested too deeply");
    PROMQL_CHECK(advance(mode));
    const bool right_associative = row->kind == DurationExpr::Kind::Pow;
    PROMQL_TRY(DurationPtr right, duration(row->precedence + (right_associative ? 0 : 1), mode));
    DurationPtr node = duration_node(row->kind, {left->position.start, right->position.end});
    node->left = std::move(left);
    node->right = std::move(right);
    left = std::move(node);
  }
}

Parsed<DurationPtr> Parser::duration_unary(LexMode mode) {
  if (!is_operator("-") && !is_operator("+")) return duration_primary(mode);
  const bool negative = is_operator("-");
  const uint32_t start = token_.position.start;
  PROMQL_CHECK(advance(mode));
  // An offset takes one operand only: `offset -2 ^ 2` is the power of what was offset.
  PROMQL_TRY(DurationPtr operand, mode == LexMode::Bracket ? duration(kDurationUnaryOperand, mode)
                                                           : duration_primary(mode));
  if (!negative) return operand;
  DurationPtr node = duration_node(DurationExpr::Kind::Negate, {start, operand->position.end});
  node->left = std::move(operand);
  return node;
}

Parsed<DurationPtr> Parser::duration_primary(LexMode mode) {
  const Token token = token_;
  if (token.kind == TokenKind::Number || token.kind == TokenKind::Duration) {
    DurationPtr node = duration_node(DurationExpr::Kind::Number, token.position);
    node->written_as_duration = token.kind == TokenKind::Duration;
    node->seconds = node->written_as_duration ? static_cast<double>(*parse_duration_ms(token.text)) / 1000
                                              : parse_number(token.text).value_or(0);
    PROMQL_CHECK(advance(mode == LexMode::Bracket ? mode : LexMode::Expression));
    return node;
  }
  if (token.kind == TokenKind::LeftParen) {
    PROMQL_CHECK(advance(LexMode::Bracket));
    PROMQL_TRY(DurationPtr inner, duration(0, LexMode::Bracket));
    if (token_.kind != TokenKind::RightParen) return unexpected("duration expression", "\")\"");
    inner->parenthesised = true;
    PROMQL_CHECK(advance(mode));
    return inner;
  }
  if (token.kind == TokenKind::Identifier) return duration_call(mode);
  return unexpected(mode == LexMode::Bracket ? "subquery or range" : "offset", "number, duration, step(), or range()");
}

Parsed<DurationPtr> Parser::duration_call(LexMode mode) {
  const Token name = token_;
  const std::string word = lower_case(name.text);
  struct Row {
    std::string_view word;
    DurationExpr::Kind kind;
    bool two;
  };
  constexpr std::array<Row, 6> kCalls{{{"step", DurationExpr::Kind::Step, false},
                                       {"range", DurationExpr::Kind::Range, false},
                                       {"start", DurationExpr::Kind::Start, false},
                                       {"end", DurationExpr::Kind::End, false},
                                       {"min_of", DurationExpr::Kind::MinOf, true},
                                       {"max_of", DurationExpr::Kind::MaxOf, true}}};
  const Row* row = nullptr;
  for (const Row& candidate : kCalls) {
    if (candidate.word == word) row = &candidate;
  }
  if (row == nullptr) return unexpected("duration expression", "number, duration, step(), or range()");
  PROMQL_CHECK(advance(LexMode::Bracket));
  PROMQL_CHECK(expect(TokenKind::LeftParen, "duration expression", "\"(\"", LexMode::Bracket));
  DurationPtr node = duration_node(row->kind, name.position);
  if (row->two) {
    PROMQL_TRY(node->left, duration(0, LexMode::Bracket));
    PROMQL_CHECK(expect(TokenKind::Comma, "duration expression", "\",\"", LexMode::Bracket));
    PROMQL_TRY(node->right, duration(0, LexMode::Bracket));
  }
  if (token_.kind != TokenKind::RightParen) return unexpected("duration expression", "\")\"");
  node->position.end = token_.position.end;
  PROMQL_CHECK(advance(mode));
  return node;
}

}  // namespace

std::string line_and_column(std::string_view text, uint32_t at) {
  size_t line = 1;
  size_t column = 1;
  for (size_t i = 0; i < at && i < text.size(); ++i) {
    ++column;
    if (text[i] == '\n') {
      ++line;
      column = 1;
    }
  }
  return fmt::format("{}:{}", line, column);
}

std::string ParseError::to_string(std::string_view text) const {
  return fmt::format("{}: parse error: {}", line_and_column(text, position.start), message);
}

std::expected<ExprPtr, ParseError> parse(std::string_view text) {
  if (text.size() > kQueryBytesMax) {
    return error_at({}, fmt::format("query too long: {} bytes, limit {}", text.size(), kQueryBytesMax));
  }
  return Parser(text).whole();
}

std::expected<std::vector<LabelMatcher>, ParseError> parse_selector(std::string_view text) {
  if (text.size() > kQueryBytesMax) {
    return error_at({}, fmt::format("selector too long: {} bytes, limit {}", text.size(), kQueryBytesMax));
  }
  return Parser(text).selector_alone();
}

}  // namespace kansoku::query::promql
