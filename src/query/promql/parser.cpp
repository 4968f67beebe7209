// A recursive descent parser; binary operators by precedence climbing.
#include "query/promql/parser.h"

#include <algorithm>

#include "query/promql/label_set.h"
#include "query/promql/parse_state.h"
#include "query/promql/type_check.h"

namespace kansoku::query::promql {

const BinaryOpRow* Parser::binary_operator() const {
  if (token_.kind != TokenKind::Operator && token_.kind != TokenKind::Identifier) return nullptr;
  return find_binary_op(token_.kind == TokenKind::Operator ? std::string(token_.text)
                                                           : lower_ascii(token_.text));
}

Parsed<ExprPtr> Parser::expression(int precedence_min) {
  const DepthGuard guard(depth_);
  if (depth_ > kDepthMax) return too_deep();
  PROMQL_TRY(ExprPtr lhs, unary());
  // A chain of operators is a tree as deep as it is long, and its first operand may be one too.
  for (;;) {
    if (height_ > kDepthMax) return too_deep();
    const BinaryOpRow* row = binary_operator();
    if (row == nullptr || row->precedence < precedence_min) return lhs;
    const int left_height = height_;
    auto binary = std::make_unique<BinaryExpr>();
    binary->op = row->op;
    PROMQL_CHECK(advance());
    PROMQL_CHECK(binary_modifiers(*binary));
    const bool right_associative = row->op == BinaryOp::Pow;
    PROMQL_TRY(ExprPtr rhs, expression(row->precedence + (right_associative ? 0 : 1)));
    height_ = std::max(left_height, height_) + 1;
    binary->position = {lhs->position.start, rhs->position.end};
    binary->lhs = std::move(lhs);
    binary->rhs = std::move(rhs);
    PROMQL_CHECK(check_binary(*binary));
    lhs = std::move(binary);
  }
}

Parsed<ExprPtr> Parser::unary() {
  if (!is_operator("+") && !is_operator("-")) {
    height_ = 0;
    PROMQL_TRY(ExprPtr expr, primary());
    ++height_;
    return postfix(std::move(expr));
  }
  const bool negative = is_operator("-");
  const uint32_t start = token_.position.start;
  PROMQL_CHECK(advance());
  PROMQL_TRY(ExprPtr operand, expression(kUnaryOperandPrecedence));
  ++height_;
  const ValueType type = operand->type();
  if (type != ValueType::Scalar && type != ValueType::Vector) {
    return error_at(
        operand->position,
        fmt::format("unary expression only allowed on expressions of type scalar or instant "
                    "vector, got \"{}\"",
                    value_type_name(type)));
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
    if (!value)
      return error_at(token.position,
                      fmt::format("error unquoting string {}: invalid syntax", token.text));
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
  const std::string lower = lower_ascii(token_.text);
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
      const std::string word = next.kind == TokenKind::Identifier ? lower_ascii(next.text) : "";
      if (next.kind == TokenKind::LeftParen || word == "by" || word == "without")
        return aggregate(*row);
    }
    if (next.kind == TokenKind::LeftParen) {
      const FunctionRow* row = find_function(token_.text);
      if (row == nullptr) {
        return error_at(token_.position,
                        fmt::format("unknown function with name {}", go_quoted(token_.text)));
      }
      return call(*row);
    }
  }
  PROMQL_TRY(std::unique_ptr<VectorSelector> selector, vector_selector());
  return selector;
}

// `data_selectors`: from the second argument on selectors may match everything, as those of info()
// do.
Parsed<std::vector<ExprPtr>> Parser::arguments(std::string_view context, bool data_selectors) {
  std::vector<ExprPtr> args;
  if (token_.kind != TokenKind::LeftParen) return unexpected(context, "\"(\"");
  PROMQL_CHECK(advance());
  int tallest = 0;
  while (token_.kind != TokenKind::RightParen) {
    wide_selectors_ = data_selectors && !args.empty();
    auto arg = expression(0);
    wide_selectors_ = false;
    if (!arg) return std::unexpected(std::move(arg).error());
    args.push_back(std::move(*arg));
    tallest = std::max(tallest, height_);
    if (token_.kind == TokenKind::RightParen) break;
    if (token_.kind != TokenKind::Comma) return unexpected(context, "\",\" or \")\"");
    PROMQL_CHECK(advance());
    if (token_.kind == TokenKind::RightParen) {
      return error_at(token_.position, fmt::format("trailing commas not allowed in {}", context));
    }
  }
  height_ = tallest;
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
  if (args.empty())
    return error_at(aggregate->position, "no arguments for aggregate expression provided");
  if (args.size() != wanted) {
    return error_at(
        aggregate->position,
        fmt::format(
            "wrong number of arguments for aggregate expression provided, expected {}, got {}",
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
        return error_at(token_.position,
                        fmt::format("invalid label name for grouping: {}", token_.text));
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
          return error_at(position,
                          fmt::format("label {} must not occur in ON and GROUP clause at once",
                                      go_quoted(label)));
        }
      }
    }
  }
  while ((is_word("fill") || is_word("fill_left") || is_word("fill_right")) &&
         next_is(TokenKind::LeftParen)) {
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
    return error_at({},
                    fmt::format("query too long: {} bytes, limit {}", text.size(), kQueryBytesMax));
  }
  return Parser(text).whole();
}

std::expected<std::vector<LabelMatcher>, ParseError> parse_selector(std::string_view text) {
  if (text.size() > kQueryBytesMax) {
    return error_at(
        {}, fmt::format("selector too long: {} bytes, limit {}", text.size(), kQueryBytesMax));
  }
  return Parser(text).selector_alone();
}

}  // namespace kansoku::query::promql
