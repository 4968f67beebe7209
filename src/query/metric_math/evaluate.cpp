#include "query/metric_math/tree.h"

namespace kansoku::query::metric_math {
namespace {

double apply(Operator op, double a, double b) {
  switch (op) {
    case Operator::Add:
      return a + b;
    case Operator::Subtract:
      return a - b;
    case Operator::Multiply:
      return a * b;
    case Operator::Divide:
      return b == 0 ? missing() : a / b;
    case Operator::Power: {
      double power = std::pow(a, b);
      return std::isfinite(power) ? power : missing();
    }
    case Operator::Equal:
      return a == b ? 1 : 0;
    case Operator::NotEqual:
      return a != b ? 1 : 0;
    case Operator::LessEqual:
      return a <= b ? 1 : 0;
    case Operator::GreaterEqual:
      return a >= b ? 1 : 0;
    case Operator::Less:
      return a < b ? 1 : 0;
    case Operator::Greater:
      return a > b ? 1 : 0;
    case Operator::And:
      return a != 0 && b != 0 ? 1 : 0;
    case Operator::Or:
      return a != 0 || b != 0 ? 1 : 0;
  }
  return missing();
}

// One side is a series, or both are. A missing point counts as 0 beside one that is there.
Series join(Operator op, const Value& left, const Value& right) {
  const auto* a = std::get_if<Series>(&left);
  const auto* b = std::get_if<Series>(&right);
  Series out;
  out.label = a != nullptr ? a->label : b->label;
  if (a == nullptr || b == nullptr) out.origin = a != nullptr ? a->origin : b->origin;
  size_t n = a != nullptr ? a->values.size() : b->values.size();
  out.values.resize(n, missing());
  for (size_t i = 0; i < n; ++i) {
    double x = a != nullptr ? a->values[i] : std::get<double>(left);
    double y = b != nullptr ? b->values[i] : std::get<double>(right);
    bool x_missing = is_missing(x);
    bool y_missing = is_missing(y);
    bool skip = a != nullptr && b != nullptr ? x_missing && y_missing : x_missing || y_missing;
    if (skip) continue;
    out.values[i] = apply(op, x_missing ? 0 : x, y_missing ? 0 : y);
  }
  return out;
}

Evaluated binary(const Node& node, const Environment& environment) {
  auto left = evaluate_node(*node.children[0], environment);
  if (!left) return left;
  auto right = evaluate_node(*node.children[1], environment);
  if (!right) return right;
  auto* many = std::get_if<Array>(&*left);
  auto* others = std::get_if<Array>(&*right);
  if (many != nullptr && others != nullptr) {
    return std::unexpected(
        Problem{node.position, "two arrays of time series cannot be joined; use a function first"});
  }
  if (many != nullptr || others != nullptr) {
    Array out;
    for (Series& one : many != nullptr ? *many : *others) {
      Value item = std::move(one);
      out.push_back(many != nullptr ? join(node.op, item, *right) : join(node.op, *left, item));
      out.back().label = std::get<Series>(item).label;
      out.back().origin = std::get<Series>(item).origin;
    }
    return out;
  }
  if (std::holds_alternative<double>(*left) && std::holds_alternative<double>(*right)) {
    double a = std::get<double>(*left);
    double b = std::get<double>(*right);
    if (is_missing(a) || is_missing(b)) return missing();
    double value = apply(node.op, a, b);
    if (is_missing(value)) {
      return std::unexpected(Problem{node.position, "division by zero", true});
    }
    return value;
  }
  return join(node.op, *left, *right);
}

Evaluated list(const Node& node, const Environment& environment) {
  Array out;
  for (const auto& child : node.children) {
    auto item = evaluate_node(*child, environment);
    if (!item) return item;
    if (auto* series = std::get_if<Series>(&*item)) {
      out.push_back(std::move(*series));
    } else if (auto* array = std::get_if<Array>(&*item)) {
      for (Series& one : *array) out.push_back(std::move(one));
    } else {
      return std::unexpected(Problem{child->position, "an array holds time series, not numbers"});
    }
  }
  return out;
}

Evaluated call(const Node& node, const Environment& environment) {
  std::vector<Argument> arguments;
  for (const auto& child : node.children) {
    Argument argument{child.get(), std::nullopt};
    bool may_be_word = (node.function->words >> arguments.size() & 1) != 0;
    bool is_word = child->kind == NodeKind::Word || child->kind == NodeKind::Text;
    if (!is_word || !may_be_word) {
      auto value = evaluate_node(*child, environment);
      if (!value) return value;
      argument.value = std::move(*value);
    }
    arguments.push_back(std::move(argument));
  }
  Call call{environment, node, arguments};
  return node.function->run(call);
}

Evaluated negate(const Node& node, const Environment& environment) {
  auto value = evaluate_node(*node.children[0], environment);
  if (!value) return value;
  auto flip = [](Series& series) {
    for (double& v : series.values) v = -v;
  };
  if (auto* number = std::get_if<double>(&*value)) *number = -*number;
  if (auto* series = std::get_if<Series>(&*value)) flip(*series);
  if (auto* array = std::get_if<Array>(&*value)) {
    for (Series& series : *array) flip(series);
  }
  return value;
}

}  // namespace

bool is_missing(double value) { return std::isnan(value); }
double missing() { return std::numeric_limits<double>::quiet_NaN(); }

Evaluated evaluate_node(const Node& node, const Environment& environment) {
  switch (node.kind) {
    case NodeKind::Number:
      return node.number;
    case NodeKind::Text:
    case NodeKind::Word:
      return std::unexpected(
          Problem{node.position, fmt::format("{} is no value here", quoted(node.text))});
    case NodeKind::Identifier: {
      auto operand = environment.find(node.text);
      if (!operand) {
        return std::unexpected(
            Problem{node.position,
                    fmt::format("no metric or expression with the id {}", quoted(node.text))});
      }
      return std::move(operand->value);
    }
    case NodeKind::List:
      return list(node, environment);
    case NodeKind::Negate:
      return negate(node, environment);
    case NodeKind::Binary:
      return binary(node, environment);
    case NodeKind::Call:
      return call(node, environment);
  }
  return std::unexpected(Problem{node.position, "not an expression"});
}

}  // namespace kansoku::query::metric_math
