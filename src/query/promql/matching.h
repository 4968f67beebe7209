// How the sides of a binary operator between vectors match, and the labels of what comes out.
//
// Thread contract: free functions.
#pragma once

#include "query/promql/ast.h"
#include "query/promql/label_set.h"

namespace kansoku::query::promql {

// The labels by which two sides match.
LabelSet match_signature(const LabelSet& labels, const VectorMatching& matching);
// The result says something else than the metric did, so that the name goes.
bool changes_value(const BinaryExpr& expr);
// The labels of a result: those of the "many" side, reduced to what matched unless there is
// grouping.
LabelSet result_labels(const BinaryExpr& expr, const LabelSet& many, const LabelSet& one);

}  // namespace kansoku::query::promql
