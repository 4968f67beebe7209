#include "api/prometheus/ast_json.h"

#include "api/prometheus/values.h"
#include "query/promql/functions.h"

namespace kansoku::api::prometheus {
namespace {

using namespace query::promql;

void append_texts(wire::JsonWriter& json, std::string_view key,
                  const std::vector<std::string>& texts) {
  json.key(key);
  json.begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void append_text(wire::JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  json.string(value);
}

void append_child(wire::JsonWriter& json, std::string_view key, const ExprPtr& child) {
  json.key(key);
  if (child == nullptr) {
    json.null();
  } else {
    append_ast(json, *child);
  }
}

void append_time(wire::JsonWriter& json, const TimeModifiers& time) {
  json.key("offset");
  json.integer(time.offset_ms);
  json.key("timestamp");
  if (time.at == TimeModifiers::At::Timestamp) {
    json.integer(time.at_ms);
  } else {
    json.null();
  }
  json.key("startOrEnd");
  if (time.at == TimeModifiers::At::Start) {
    json.string("start");
  } else if (time.at == TimeModifiers::At::End) {
    json.string("end");
  } else {
    json.null();
  }
}

void append_selector(wire::JsonWriter& json, const VectorSelector& selector) {
  constexpr std::array<std::string_view, 4> kTypes{"=", "!=", "=~", "!~"};
  append_text(json, "name", selector.name);
  json.key("matchers");
  json.begin_array();
  for (const LabelMatcher& matcher : selector.matchers) {
    json.begin_object();
    append_text(json, "name", matcher.name);
    append_text(json, "value", matcher.value);
    append_text(json, "type", kTypes[static_cast<size_t>(matcher.type)]);
    json.end_object();
  }
  json.end_array();
  append_time(json, selector.time);
  json.key("anchored");
  json.boolean(selector.mode == RangeMode::Anchored);
  json.key("smoothed");
  json.boolean(selector.mode == RangeMode::Smoothed);
}

void append_fill(wire::JsonWriter& json, std::string_view key, const std::optional<double>& value) {
  json.key(key);
  if (value) {
    json.string(format_value(*value));
  } else {
    json.null();
  }
}

void append_matching(wire::JsonWriter& json, const BinaryExpr& binary) {
  constexpr std::array<std::string_view, 4> kCards{"one-to-one", "many-to-one", "one-to-many",
                                                   "many-to-many"};
  json.key("matching");
  if (binary.lhs->type() != ValueType::Vector || binary.rhs->type() != ValueType::Vector) {
    json.null();
    return;
  }
  const VectorMatching& matching = binary.matching;
  json.begin_object();
  append_text(json, "card", kCards[static_cast<size_t>(matching.cardinality)]);
  append_texts(json, "labels", matching.labels);
  json.key("on");
  json.boolean(matching.on);
  append_texts(json, "include", matching.include);
  json.key("fillValues");
  json.begin_object();
  append_fill(json, "lhs", matching.fill_left);
  append_fill(json, "rhs", matching.fill_right);
  json.end_object();
  json.end_object();
}

void append_function(wire::JsonWriter& json, const FunctionRow& function) {
  json.key("func");
  json.begin_object();
  append_text(json, "name", function.name);
  json.key("argTypes");
  json.begin_array();
  for (size_t i = 0; i < function.arg_count; ++i) json.string(value_type_word(function.args[i]));
  json.end_array();
  json.key("variadic");
  json.integer(function.variadic);
  append_text(json, "returnType", value_type_word(function.result));
  json.end_object();
}

void append_aggregate(wire::JsonWriter& json, const AggregateExpr& aggregate) {
  append_text(json, "type", "aggregation");
  append_text(json, "op", aggregate_op(aggregate.op).text);
  append_child(json, "expr", aggregate.expr);
  append_child(json, "param", aggregate.param);
  append_texts(json, "grouping", aggregate.grouping);
  json.key("without");
  json.boolean(aggregate.without);
}

void append_binary(wire::JsonWriter& json, const BinaryExpr& binary) {
  append_text(json, "type", "binaryExpr");
  append_text(json, "op", binary_op(binary.op).text);
  append_child(json, "lhs", binary.lhs);
  append_child(json, "rhs", binary.rhs);
  append_matching(json, binary);
  json.key("bool");
  json.boolean(binary.return_bool);
}

void append_call(wire::JsonWriter& json, const CallExpr& call) {
  append_text(json, "type", "call");
  append_function(json, *call.function);
  json.key("args");
  json.begin_array();
  for (const ExprPtr& arg : call.args) append_ast(json, *arg);
  json.end_array();
}

void append_subquery(wire::JsonWriter& json, const SubqueryExpr& subquery) {
  append_text(json, "type", "subquery");
  append_child(json, "expr", subquery.expr);
  json.key("range");
  json.integer(subquery.range_ms);
  json.key("step");
  json.integer(subquery.step_ms);
  append_time(json, subquery.time);
}

}  // namespace

void append_ast(wire::JsonWriter& json, const Expr& expr) {
  json.begin_object();
  switch (expr.kind) {
    case ExprKind::Number:
      append_text(json, "type", "numberLiteral");
      append_text(json, "val", format_value(as<NumberLiteral>(expr).value));
      break;
    case ExprKind::String:
      append_text(json, "type", "stringLiteral");
      append_text(json, "val", as<StringLiteral>(expr).value);
      break;
    case ExprKind::VectorSelector:
      append_text(json, "type", "vectorSelector");
      append_selector(json, as<VectorSelector>(expr));
      break;
    case ExprKind::MatrixSelector:
      append_text(json, "type", "matrixSelector");
      append_selector(json, *as<MatrixSelector>(expr).vector);
      json.key("range");
      json.integer(as<MatrixSelector>(expr).range_ms);
      break;
    case ExprKind::Subquery:
      append_subquery(json, as<SubqueryExpr>(expr));
      break;
    case ExprKind::Paren:
      append_text(json, "type", "parenExpr");
      append_child(json, "expr", as<ParenExpr>(expr).expr);
      break;
    case ExprKind::Unary:
      append_text(json, "type", "unaryExpr");
      append_text(json, "op", as<UnaryExpr>(expr).negative ? "-" : "+");
      append_child(json, "expr", as<UnaryExpr>(expr).expr);
      break;
    case ExprKind::Binary:
      append_binary(json, as<BinaryExpr>(expr));
      break;
    case ExprKind::Aggregate:
      append_aggregate(json, as<AggregateExpr>(expr));
      break;
    case ExprKind::Call:
      append_call(json, as<CallExpr>(expr));
      break;
  }
  json.end_object();
}

void visit_selectors(const Expr& expr, const std::function<void(const VectorSelector&)>& visit) {
  auto child = [&](const ExprPtr& inner) {
    if (inner != nullptr) visit_selectors(*inner, visit);
  };
  switch (expr.kind) {
    case ExprKind::Number:
    case ExprKind::String:
      break;
    case ExprKind::VectorSelector:
      visit(as<VectorSelector>(expr));
      break;
    case ExprKind::MatrixSelector:
      visit(*as<MatrixSelector>(expr).vector);
      break;
    case ExprKind::Subquery:
      child(as<SubqueryExpr>(expr).expr);
      break;
    case ExprKind::Paren:
      child(as<ParenExpr>(expr).expr);
      break;
    case ExprKind::Unary:
      child(as<UnaryExpr>(expr).expr);
      break;
    case ExprKind::Binary:
      child(as<BinaryExpr>(expr).lhs);
      child(as<BinaryExpr>(expr).rhs);
      break;
    case ExprKind::Aggregate:
      child(as<AggregateExpr>(expr).expr);
      child(as<AggregateExpr>(expr).param);
      break;
    case ExprKind::Call:
      for (const ExprPtr& arg : as<CallExpr>(expr).args) child(arg);
      break;
  }
}

}  // namespace kansoku::api::prometheus
