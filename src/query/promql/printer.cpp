// Expressions back to text: one line, or indented where a line would be too long.
#include <algorithm>

#include "query/promql/functions.h"
#include "query/promql/label_set.h"
#include "query/promql/lexer.h"
#include "query/promql/parser.h"

namespace kansoku::query::promql {
namespace {

// Prometheus' format_query breaks expressions that are longer.
constexpr size_t kLineCharactersMax = 100;

std::string indent(int level) { return std::string(static_cast<size_t>(level) * 2, ' '); }

std::string label_name(std::string_view name) {
  return is_legacy_label_name(name) ? std::string(name) : go_quoted(name);
}

std::string label_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ", ";
    out += label_name(name);
  }
  return out;
}

std::string number_text(const NumberLiteral& number) {
  if (!number.written_as_duration) return format_number(number.value);
  return format_duration_ms(std::llround(number.value * 1000));
}

std::string time_text(const TimeModifiers& time) {
  std::string out;
  switch (time.at) {
    case TimeModifiers::At::None:
      break;
    case TimeModifiers::At::Timestamp:
      out += fmt::format(" @ {:.3f}", static_cast<double>(time.at_ms) / 1000);
      break;
    case TimeModifiers::At::Start:
      out += " @ start()";
      break;
    case TimeModifiers::At::End:
      out += " @ end()";
      break;
  }
  if (time.offset_expr) {
    out += " offset " + to_string(*time.offset_expr);
  } else if (time.has_offset && time.offset_ms != 0) {
    out += " offset " + format_duration_ms(time.offset_ms);
  }
  return out;
}

std::string_view mode_text(RangeMode mode) {
  constexpr std::array<std::string_view, 3> kTexts{"", " anchored", " smoothed"};
  return kTexts[static_cast<size_t>(mode)];
}

std::string selector_text(const VectorSelector& selector) {
  const bool plain = is_legacy_metric_name(selector.name);
  std::string inner;
  const auto append = [&](const std::string& text) {
    if (!inner.empty()) inner += ',';
    inner += text;
  };
  for (const LabelMatcher& matcher : selector.matchers) {
    const bool is_name = matcher.name == kMetricName && matcher.type == MatchType::Equal &&
                         !selector.name.empty() && matcher.value == selector.name;
    if (!is_name) {
      append(matcher.to_string());
    } else if (!plain) {
      append(go_quoted(selector.name));
    }
  }
  std::string out = plain ? selector.name : "";
  if (!inner.empty() || !plain) out += '{' + inner + '}';
  return out;
}

std::string duration_text(int64_t ms, const std::unique_ptr<DurationExpr>& expr) {
  return expr ? to_string(*expr) : format_duration_ms(ms);
}

std::string subquery_suffix(const SubqueryExpr& subquery) {
  std::string step;
  if (subquery.step_expr || subquery.step_ms != 0)
    step = duration_text(subquery.step_ms, subquery.step_expr);
  return fmt::format("[{}:{}]{}", duration_text(subquery.range_ms, subquery.range_expr), step,
                     time_text(subquery.time));
}

std::string aggregate_head(const AggregateExpr& aggregate) {
  std::string out(aggregate_op(aggregate.op).text);
  if (aggregate.without) {
    out += fmt::format(" without ({}) ", label_names(aggregate.grouping));
  } else if (!aggregate.grouping.empty()) {
    out += fmt::format(" by ({}) ", label_names(aggregate.grouping));
  }
  return out;
}

std::string fill_text(const VectorMatching& matching) {
  const auto& left = matching.fill_left;
  const auto& right = matching.fill_right;
  const bool same = left && right && (*left == *right || (std::isnan(*left) && std::isnan(*right)));
  if (same) return fmt::format(" fill ({})", format_number(*left));
  std::string out;
  if (left) out += fmt::format(" fill_left ({})", format_number(*left));
  if (right) out += fmt::format(" fill_right ({})", format_number(*right));
  return out;
}

std::string binary_middle(const BinaryExpr& binary) {
  std::string out(binary_op(binary.op).text);
  if (binary.return_bool) out += " bool";
  const VectorMatching& matching = binary.matching;
  if (matching.on || !matching.labels.empty() || matching.cardinality == Cardinality::ManyToOne ||
      matching.cardinality == Cardinality::OneToMany) {
    out += fmt::format(" {} ({})", matching.on ? "on" : "ignoring", label_names(matching.labels));
  }
  if (matching.cardinality == Cardinality::ManyToOne) {
    out += fmt::format(" group_left ({})", label_names(matching.include));
  } else if (matching.cardinality == Cardinality::OneToMany) {
    out += fmt::format(" group_right ({})", label_names(matching.include));
  }
  return out + fill_text(matching);
}

std::string call_text(const CallExpr& call) {
  std::string out = std::string(call.function->name) + '(';
  for (size_t i = 0; i < call.args.size(); ++i) {
    if (i > 0) out += ", ";
    out += to_string(*call.args[i]);
  }
  return out + ')';
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

std::string pretty_at(const Expr& expr, int level) {
  const std::string line = to_string(expr);
  if (line.size() <= kLineCharactersMax) return indent(level) + line;
  switch (expr.kind) {
    case ExprKind::Paren:
      return fmt::format("{}(\n{}\n{})", indent(level),
                         pretty_at(*as<ParenExpr>(expr).expr, level + 1), indent(level));
    case ExprKind::Aggregate: {
      const auto& aggregate = as<AggregateExpr>(expr);
      std::vector<std::string> parts;
      if (aggregate.param) parts.push_back(pretty_at(*aggregate.param, level + 1));
      parts.push_back(pretty_at(*aggregate.expr, level + 1));
      return fmt::format("{}{}(\n{}\n{})", indent(level), aggregate_head(aggregate),
                         joined(parts, ",\n"), indent(level));
    }
    case ExprKind::Call: {
      const auto& call = as<CallExpr>(expr);
      std::vector<std::string> parts;
      for (const ExprPtr& arg : call.args) parts.push_back(pretty_at(*arg, level + 1));
      return fmt::format("{}{}(\n{}\n{})", indent(level), call.function->name, joined(parts, ",\n"),
                         indent(level));
    }
    case ExprKind::Binary: {
      const auto& binary = as<BinaryExpr>(expr);
      return fmt::format("{}\n{}{}\n{}", pretty_at(*binary.lhs, level + 1), indent(level),
                         binary_middle(binary), pretty_at(*binary.rhs, level + 1));
    }
    case ExprKind::Subquery: {
      const auto& subquery = as<SubqueryExpr>(expr);
      return pretty_at(*subquery.expr, level) + subquery_suffix(subquery);
    }
    case ExprKind::Unary: {
      const auto& unary = as<UnaryExpr>(expr);
      const std::string inner = pretty_at(*unary.expr, level);
      return fmt::format("{}{}{}", indent(level), unary.negative ? "-" : "+",
                         inner.substr(static_cast<size_t>(level) * 2));
    }
    default:
      return indent(level) + line;
  }
}

struct DurationOpText {
  DurationExpr::Kind kind;
  std::string_view text;
};
constexpr std::array<DurationOpText, 6> kDurationOps{{{DurationExpr::Kind::Add, "+"},
                                                      {DurationExpr::Kind::Sub, "-"},
                                                      {DurationExpr::Kind::Mul, "*"},
                                                      {DurationExpr::Kind::Div, "/"},
                                                      {DurationExpr::Kind::Mod, "%"},
                                                      {DurationExpr::Kind::Pow, "^"}}};

std::string bare_duration(const DurationExpr& expr) {
  using Kind = DurationExpr::Kind;
  switch (expr.kind) {
    case Kind::Number:
      return expr.written_as_duration ? format_duration_ms(std::llround(expr.seconds * 1000))
                                      : format_number(expr.seconds);
    case Kind::Step:
      return "step()";
    case Kind::Range:
      return "range()";
    case Kind::Start:
      return "start()";
    case Kind::End:
      return "end()";
    case Kind::Negate:
      return "-" + to_string(*expr.left);
    case Kind::MinOf:
      return fmt::format("min_of({}, {})", to_string(*expr.left), to_string(*expr.right));
    case Kind::MaxOf:
      return fmt::format("max_of({}, {})", to_string(*expr.left), to_string(*expr.right));
    default:
      break;
  }
  const auto row = std::ranges::find(kDurationOps, expr.kind, &DurationOpText::kind);
  return fmt::format("{} {} {}", to_string(*expr.left), row->text, to_string(*expr.right));
}

}  // namespace

std::string LabelMatcher::to_string() const {
  constexpr std::array<std::string_view, 4> kOps{"=", "!=", "=~", "!~"};
  return fmt::format("{}{}{}", label_name(name), kOps[static_cast<size_t>(type)], go_quoted(value));
}

std::string to_string(const DurationExpr& expr) {
  return expr.parenthesised ? '(' + bare_duration(expr) + ')' : bare_duration(expr);
}

std::string to_string(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Number:
      return number_text(as<NumberLiteral>(expr));
    case ExprKind::String:
      return go_quoted(as<StringLiteral>(expr).value);
    case ExprKind::VectorSelector: {
      const auto& selector = as<VectorSelector>(expr);
      return selector_text(selector) + std::string(mode_text(selector.mode)) +
             time_text(selector.time);
    }
    case ExprKind::MatrixSelector: {
      const auto& matrix = as<MatrixSelector>(expr);
      return fmt::format("{}[{}]{}{}", selector_text(*matrix.vector),
                         duration_text(matrix.range_ms, matrix.range_expr),
                         mode_text(matrix.vector->mode), time_text(matrix.vector->time));
    }
    case ExprKind::Subquery: {
      const auto& subquery = as<SubqueryExpr>(expr);
      return to_string(*subquery.expr) + subquery_suffix(subquery);
    }
    case ExprKind::Paren:
      return '(' + to_string(*as<ParenExpr>(expr).expr) + ')';
    case ExprKind::Unary:
      return (as<UnaryExpr>(expr).negative ? "-" : "+") + to_string(*as<UnaryExpr>(expr).expr);
    case ExprKind::Binary: {
      const auto& binary = as<BinaryExpr>(expr);
      return fmt::format("{} {} {}", to_string(*binary.lhs), binary_middle(binary),
                         to_string(*binary.rhs));
    }
    case ExprKind::Aggregate: {
      const auto& aggregate = as<AggregateExpr>(expr);
      return fmt::format("{}({}{})", aggregate_head(aggregate),
                         aggregate.param ? to_string(*aggregate.param) + ", " : "",
                         to_string(*aggregate.expr));
    }
    case ExprKind::Call:
      return call_text(as<CallExpr>(expr));
  }
  return {};
}

std::string pretty(const Expr& expr) { return pretty_at(expr, 0); }

}  // namespace kansoku::query::promql
