// Metric math of CloudWatch. See README.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace kansoku::query::metric_math {

// The API's limit.
inline constexpr size_t kExpressionBytesMax = 2048;
// No expression of that size needs more; keeps the parser's recursion short.
inline constexpr size_t kDepthMax = 64;

// Where the points of all series of one evaluation lie.
struct Grid {
  int64_t start_ms = 0;  // a multiple of the period
  int64_t period_ms = 60'000;
  size_t count = 0;
};

// The metric that a series comes from, as labels speak of it.
struct Origin {
  std::string metric_namespace;
  std::string metric_name;
  std::vector<std::pair<std::string, std::string>> dimensions;
  std::string statistic;
  int64_t period_s = 0;
  std::optional<std::string> label;  // as the request wrote it
};

// values: [grid.count], NaN where there is no point.
struct Series {
  std::string label;
  std::vector<double> values;
  // Null where it comes from several metrics, or from none.
  std::shared_ptr<const Origin> origin;
};
using Array = std::vector<Series>;
using Value = std::variant<double, Series, Array>;

// What a name of an expression stands for.
struct Operand {
  Value value;
  bool is_metric = false;  // not an expression: METRICS() and PERIOD() see only these
};

// A call of SEARCH('text', 'statistic'[, period]). Positions are those of the first character
// inside the quotes.
struct SearchCall {
  size_t index = 0;  // among the calls of its expression
  std::string text;
  size_t text_position = 0;
  std::string statistic;
  size_t statistic_position = 0;
  std::optional<double> period_s;
  size_t period_position = 0;
};

struct Environment {
  Grid grid;
  // Nothing when there is no such id.
  std::function<std::optional<Operand>(std::string_view id)> find;
  // All metrics of the request, in its order.
  std::function<std::vector<std::pair<std::string, Series>>()> metrics;
  // What a SEARCH of the expression found.
  std::function<Array(size_t index)> search;
  // The same names over a longer grid that ends where this one does: what ANOMALY_DETECTION_BAND
  // learns from. Null inside of itself.
  const Environment* history = nullptr;
  // The upper and the lower limit, over `grid`, of what is normal for a series over history->grid.
  // `id`: of the series where the argument is a name, else empty.
  std::function<Array(std::string_view id, const Series& series, double deviations)> band;
};

struct Problem {
  size_t position = 0;  // byte offset in the expression
  std::string message;
  bool is_arithmetic = false;  // a division by zero: the data's fault, not the expression's
};

class Node;

// A parsed expression; immutable.
class Expression {
 public:
  static std::expected<Expression, Problem> parse(std::string_view text);
  // Ids it refers to, each once; METRICS() refers to none by name.
  const std::vector<std::string>& references() const { return references_; }
  bool uses_metrics() const { return uses_metrics_; }
  const std::vector<SearchCall>& searches() const { return searches_; }
  // Needs Environment::history and band.
  bool uses_band() const { return uses_band_; }
  // TS or TS[]; S too, for expressions that others use.
  std::expected<Value, Problem> evaluate(const Environment& environment) const;

 private:
  std::shared_ptr<const Node> root_;
  std::vector<std::string> references_;
  bool uses_metrics_ = false;
  std::vector<SearchCall> searches_;
  bool uses_band_ = false;
};

// One row a function, for help and completion.
struct FunctionDoc {
  std::string_view name;
  std::string_view signature;
  std::string_view doc;
};
std::vector<FunctionDoc> function_docs();

}  // namespace kansoku::query::metric_math
