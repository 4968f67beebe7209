#include "query/promql/matching.h"

namespace kansoku::query::promql {

LabelSet match_signature(const LabelSet& labels, const VectorMatching& matching) {
  if (matching.on) return labels.keep(matching.labels);
  std::vector<std::string> without = matching.labels;
  without.emplace_back(kMetricName);
  return labels.drop(without);
}

bool changes_value(const BinaryExpr& expr) {
  const BinaryOpRow& row = binary_op(expr.op);
  const bool trims = expr.op == BinaryOp::TrimUpper || expr.op == BinaryOp::TrimLower;
  return (!row.comparison && !row.set && !trims) || expr.return_bool;
}

LabelSet result_labels(const BinaryExpr& expr, const LabelSet& many, const LabelSet& one) {
  const VectorMatching& matching = expr.matching;
  LabelSet labels = changes_value(expr) && !expr.return_bool ? many.without_metadata() : many;
  if (matching.cardinality == Cardinality::OneToOne) {
    labels = matching.on ? labels.keep(matching.labels) : labels.drop(matching.labels);
  }
  for (const std::string& name : matching.include) labels = labels.with(name, one.get(name));
  return labels;
}

}  // namespace kansoku::query::promql
