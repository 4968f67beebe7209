// The syntax tree of a PromQL expression. Positions are byte offsets into the text.
//
// Owned by std::unique_ptr from the root down. Thread contract: immutable after parse() except for
// prepare() (prepare.h), which an evaluation runs on its own copy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kansoku::query::promql {

struct PositionRange {
  uint32_t start = 0;
  uint32_t end = 0;
};

enum class ValueType : uint8_t { None, Scalar, Vector, Matrix, String };
// "instant vector", "range vector", ... for messages; "vector", "matrix" for the API.
std::string_view value_type_name(ValueType type);
std::string_view value_type_word(ValueType type);

enum class MatchType : uint8_t { Equal, NotEqual, Regex, NotRegex };
struct LabelMatcher {
  std::string name;
  MatchType type = MatchType::Equal;
  std::string value;
  // "a.b"="c" and the bare string "metric" print with quotes only where needed.
  std::string to_string() const;
  friend bool operator==(const LabelMatcher&, const LabelMatcher&) = default;
};

enum class BinaryOp : uint8_t {
  Add,
  Sub,
  Mul,
  Div,
  Mod,
  Pow,
  Atan2,
  Equal,
  NotEqual,
  Greater,
  Less,
  GreaterEqual,
  LessEqual,
  TrimUpper,
  TrimLower,  // </ and >/ on native histograms
  And,
  Or,
  Unless,
};
struct BinaryOpRow {
  BinaryOp op;
  std::string_view text;
  uint8_t precedence;  // higher binds tighter
  bool comparison;
  bool set;
};
const BinaryOpRow& binary_op(BinaryOp op);

enum class AggregateOp : uint8_t {
  Sum,
  Avg,
  Min,
  Max,
  Count,
  Group,
  Stddev,
  Stdvar,
  Quantile,
  Topk,
  Bottomk,
  CountValues,
  Limitk,
  LimitRatio,
};
struct AggregateOpRow {
  AggregateOp op;
  std::string_view text;
  ValueType parameter;  // None: it takes none
  bool experimental;
  std::string_view doc;
};
const AggregateOpRow& aggregate_op(AggregateOp op);
const AggregateOpRow* find_aggregate_op(std::string_view lower_case_text);

struct FunctionRow;

// [1h/2], offset (step()+1m): arithmetic that is done once, before the evaluation. Values are
// seconds.
struct DurationExpr {
  enum class Kind : uint8_t {
    Number,
    Step,
    Range,
    Start,
    End,
    Negate,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    MinOf,
    MaxOf
  };
  Kind kind = Kind::Number;
  PositionRange position;
  double seconds = 0;
  bool written_as_duration = false;
  bool parenthesised = false;
  std::unique_ptr<DurationExpr> left;
  std::unique_ptr<DurationExpr> right;
};

enum class ExprKind : uint8_t {
  Number,
  String,
  VectorSelector,
  MatrixSelector,
  Subquery,
  Paren,
  Unary,
  Binary,
  Aggregate,
  Call,
};

struct Expr {
  explicit Expr(ExprKind k) : kind(k) {}
  Expr(const Expr&) = delete;
  Expr& operator=(const Expr&) = delete;
  virtual ~Expr() = default;
  virtual ValueType type() const = 0;
  const ExprKind kind;
  PositionRange position;
};
using ExprPtr = std::unique_ptr<Expr>;

struct NumberLiteral : Expr {
  NumberLiteral() : Expr(ExprKind::Number) {}
  ValueType type() const override { return ValueType::Scalar; }
  double value = 0;
  bool written_as_duration = false;
};

struct StringLiteral : Expr {
  StringLiteral() : Expr(ExprKind::String) {}
  ValueType type() const override { return ValueType::String; }
  std::string value;
};

// `@ 123`, `@ start()`, offset: what moves the time at which a selector or subquery is read.
struct TimeModifiers {
  enum class At : uint8_t { None, Timestamp, Start, End };
  At at = At::None;
  int64_t at_ms = 0;
  int64_t offset_ms = 0;  // as written, or as prepare() computed it
  std::unique_ptr<DurationExpr> offset_expr;
  bool has_offset = false;
};

enum class RangeMode : uint8_t { Plain, Anchored, Smoothed };

struct VectorSelector : Expr {
  VectorSelector() : Expr(ExprKind::VectorSelector) {}
  ValueType type() const override { return ValueType::Vector; }
  std::string name;
  std::vector<LabelMatcher> matchers;  // the name included
  TimeModifiers time;
  RangeMode mode = RangeMode::Plain;
  // Under histogram_count() and the like: counter resets are detected while reading (prepare()).
  bool detect_resets = false;
};

struct MatrixSelector : Expr {
  MatrixSelector() : Expr(ExprKind::MatrixSelector) {}
  ValueType type() const override { return ValueType::Matrix; }
  std::unique_ptr<VectorSelector> vector;
  int64_t range_ms = 0;
  std::unique_ptr<DurationExpr> range_expr;
};

struct SubqueryExpr : Expr {
  SubqueryExpr() : Expr(ExprKind::Subquery) {}
  ValueType type() const override { return ValueType::Matrix; }
  ExprPtr expr;
  int64_t range_ms = 0;
  int64_t step_ms = 0;  // 0: the default of the engine
  std::unique_ptr<DurationExpr> range_expr;
  std::unique_ptr<DurationExpr> step_expr;
  TimeModifiers time;
};

struct ParenExpr : Expr {
  ParenExpr() : Expr(ExprKind::Paren) {}
  ValueType type() const override { return expr->type(); }
  ExprPtr expr;
};

struct UnaryExpr : Expr {
  UnaryExpr() : Expr(ExprKind::Unary) {}
  ValueType type() const override { return expr->type(); }
  bool negative = false;
  ExprPtr expr;
};

enum class Cardinality : uint8_t { OneToOne, ManyToOne, OneToMany, ManyToMany };
struct VectorMatching {
  Cardinality cardinality = Cardinality::OneToOne;
  bool on = false;
  bool written = false;  // on() or ignoring() was there
  std::vector<std::string> labels;
  std::vector<std::string> include;  // of group_left, group_right
  std::optional<double> fill_left;
  std::optional<double> fill_right;
};

struct BinaryExpr : Expr {
  BinaryExpr() : Expr(ExprKind::Binary) {}
  ValueType type() const override {
    return lhs->type() == ValueType::Scalar && rhs->type() == ValueType::Scalar ? ValueType::Scalar
                                                                                : ValueType::Vector;
  }
  BinaryOp op = BinaryOp::Add;
  ExprPtr lhs;
  ExprPtr rhs;
  bool return_bool = false;
  VectorMatching matching;
};

struct AggregateExpr : Expr {
  AggregateExpr() : Expr(ExprKind::Aggregate) {}
  ValueType type() const override { return ValueType::Vector; }
  AggregateOp op = AggregateOp::Sum;
  ExprPtr expr;
  ExprPtr param;
  std::vector<std::string> grouping;
  bool without = false;
  bool grouped = false;
};

struct CallExpr : Expr {
  CallExpr() : Expr(ExprKind::Call) {}
  ValueType type() const override;
  const FunctionRow* function = nullptr;
  std::vector<ExprPtr> args;
};

template <class T>
const T& as(const Expr& expr) {
  return static_cast<const T&>(expr);
}
template <class T>
T& as(Expr& expr) {
  return static_cast<T&>(expr);
}
// The expression inside any number of parentheses.
const Expr& unwrapped(const Expr& expr);
Expr& unwrapped(Expr& expr);

}  // namespace kansoku::query::promql
