#include "query/logs_insights/functions.h"

#include "base/text/ascii.h"
#include "query/exec/rows_accumulators.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {
namespace {

using rows::Function;
using rows::Kind;
using rows::RowCall;
using rows::Value;
using rows::Vector;
using rows::VectorCall;

Value truth(bool value) { return Value::of_bool(value); }

// ---- numbers -----------------------------------------------------------------------------------

// Whole results of whole numbers stay whole.
Value number(double value, bool whole) {
  if (std::isnan(value) || std::isinf(value)) return {};
  if (whole && std::abs(value) < 9.0e15) return Value::of_int(static_cast<int64_t>(value));
  return Value::of_float(value);
}

template <class F>
Value of_one(RowCall& call, F f) {
  const auto a = number_of(call.arguments[0]);
  return a ? f(*a) : Value();
}
template <class F>
Value of_two(RowCall& call, F f) {
  const auto a = number_of(call.arguments[0]);
  const auto b = number_of(call.arguments[1]);
  if (!a || !b) return {};
  const bool whole = *a == std::trunc(*a) && *b == std::trunc(*b) &&
                     call.arguments[0].kind != Kind::Float && call.arguments[1].kind != Kind::Float;
  return f(*a, *b, whole);
}

Value run_add(RowCall& c) {
  return of_two(c, [](double a, double b, bool whole) { return number(a + b, whole); });
}
Value run_subtract(RowCall& c) {
  return of_two(c, [](double a, double b, bool whole) { return number(a - b, whole); });
}
Value run_multiply(RowCall& c) {
  return of_two(c, [](double a, double b, bool whole) { return number(a * b, whole); });
}
Value run_divide(RowCall& c) {
  return of_two(c,
                [](double a, double b, bool) { return b == 0 ? Value() : number(a / b, false); });
}
Value run_remainder(RowCall& c) {
  return of_two(c, [](double a, double b, bool whole) {
    return b == 0 ? Value() : number(std::fmod(a, b), whole);
  });
}
Value run_power(RowCall& c) {
  return of_two(
      c, [](double a, double b, bool whole) { return number(std::pow(a, b), whole && b >= 0); });
}
Value run_negate(RowCall& c) {
  const bool whole = c.arguments[0].kind != Kind::Float;
  return of_one(c, [&](double a) { return number(-a, whole && a == std::trunc(a)); });
}
Value run_number(RowCall& c) {
  const auto value = number_of(c.arguments[0]);
  if (c.arguments[0].is_integer() && c.arguments[0].kind != Kind::Bool) return c.arguments[0];
  return value ? Value::of_float(*value) : Value();
}
// Columns of numbers stay as they are.
bool vectors_number(const VectorCall& call, Vector& out) {
  const Vector& values = *call.arguments[0];
  if (values.mixed() || values.constant) return false;
  if (values.kind == Kind::Float) {
    out = Vector::of_floats({values.floats.begin(), values.floats.end()},
                            {values.present.begin(), values.present.end()});
    return true;
  }
  if (values.integers.empty()) return false;
  out = Vector::of_integers(Kind::Int, {values.integers.begin(), values.integers.end()},
                            {values.present.begin(), values.present.end()});
  return true;
}
Value run_abs(RowCall& c) {
  const bool whole = c.arguments[0].kind != Kind::Float;
  return of_one(c, [&](double a) { return number(std::abs(a), whole && a == std::trunc(a)); });
}
Value run_ceil(RowCall& c) {
  return of_one(c, [](double a) { return number(std::ceil(a), true); });
}
Value run_floor(RowCall& c) {
  return of_one(c, [](double a) { return number(std::floor(a), true); });
}
Value run_log(RowCall& c) {
  return of_one(c, [](double a) { return a > 0 ? number(std::log(a), false) : Value(); });
}
Value run_sqrt(RowCall& c) {
  return of_one(c, [](double a) { return a >= 0 ? number(std::sqrt(a), false) : Value(); });
}
Value extreme(RowCall& c, int sign) {
  Value out;
  for (const Value& one : c.arguments) {
    if (one.is_null()) continue;
    if (out.is_null() || compare(one, out) * sign > 0) out = one;
  }
  return out;
}
Value run_greatest(RowCall& c) { return extreme(c, 1); }
Value run_least(RowCall& c) { return extreme(c, -1); }

// ---- comparisons -------------------------------------------------------------------------------

Value run_equal(RowCall& c) { return truth(equal(c.arguments[0], c.arguments[1])); }
// A field that is not there differs from nothing.
Value run_not_equal(RowCall& c) {
  if (c.arguments[0].is_null() || c.arguments[1].is_null()) return truth(false);
  return truth(!equal(c.arguments[0], c.arguments[1]));
}
template <class F>
Value ordered(RowCall& c, F holds) {
  const Value& a = c.arguments[0];
  const Value& b = c.arguments[1];
  if (a.is_null() || b.is_null()) return truth(false);
  // A number has no order with a text that is none.
  if (number_of(a).has_value() != number_of(b).has_value()) return truth(false);
  return truth(holds(compare(a, b)));
}
Value run_less(RowCall& c) {
  return ordered(c, [](int order) { return order < 0; });
}
Value run_less_or_equal(RowCall& c) {
  return ordered(c, [](int order) { return order <= 0; });
}
Value run_greater(RowCall& c) {
  return ordered(c, [](int order) { return order > 0; });
}
Value run_greater_or_equal(RowCall& c) {
  return ordered(c, [](int order) { return order >= 0; });
}

// A column of numbers against a number.
template <class F>
bool against_number(const VectorCall& call, Vector& out, F holds) {
  const Vector& values = *call.arguments[0];
  const Vector& other = *call.arguments[1];
  if (values.mixed() || values.constant || !other.constant) return false;
  const Value literal = other.at(0);
  if (literal.kind != Kind::Int && literal.kind != Kind::Float) return false;
  const double wanted = *number_of(literal);
  std::vector<int64_t> truths(call.rows);
  if (values.kind == Kind::Float) {
    for (size_t i = 0; i < truths.size(); ++i) {
      truths[i] = values.has(i) && holds(values.floats[i], wanted) ? 1 : 0;
    }
  } else if (!values.integers.empty()) {
    for (size_t i = 0; i < truths.size(); ++i) {
      truths[i] = values.has(i) && holds(static_cast<double>(values.integers[i]), wanted) ? 1 : 0;
    }
  } else {
    return false;
  }
  out = Vector::of_integers(Kind::Bool, std::move(truths));
  return true;
}
bool vectors_equal(const VectorCall& c, Vector& out) {
  return against_number(c, out, [](double a, double b) { return a == b; });
}
bool vectors_less(const VectorCall& c, Vector& out) {
  return against_number(c, out, [](double a, double b) { return a < b; });
}
bool vectors_less_or_equal(const VectorCall& c, Vector& out) {
  return against_number(c, out, [](double a, double b) { return a <= b; });
}
bool vectors_greater(const VectorCall& c, Vector& out) {
  return against_number(c, out, [](double a, double b) { return a > b; });
}
bool vectors_greater_or_equal(const VectorCall& c, Vector& out) {
  return against_number(c, out, [](double a, double b) { return a >= b; });
}

Value run_in(RowCall& c) {
  for (const Value& one : c.arguments.subspan(1)) {
    if (equal(c.arguments[0], one)) return truth(true);
  }
  return truth(false);
}
Value run_not_in(RowCall& c) {
  if (c.arguments[0].is_null()) return truth(false);
  return truth(run_in(c).integer == 0);
}

bool contains(RowCall& c) {
  const std::string_view text = text_of(c.arguments[0], c.arena);
  return text.find(text_of(c.arguments[1], c.arena)) != std::string_view::npos;
}
Value run_like(RowCall& c) { return truth(!c.arguments[0].is_null() && contains(c)); }
Value run_not_like(RowCall& c) { return truth(!c.arguments[0].is_null() && !contains(c)); }

// The second argument is the text of the expression, compiled once.
Result<std::shared_ptr<const void>> prepare_regex(std::span<const Value* const> literals) {
  KANSOKU_TRY(store::Regex regex, store::Regex::compile_search(literals[1]->text));
  return std::shared_ptr<const void>(std::make_shared<const store::Regex>(std::move(regex)));
}
bool matches(RowCall& c) {
  const auto& regex = *static_cast<const store::Regex*>(c.prepared);
  return regex.matches(text_of(c.arguments[0], c.arena));
}
Value run_matches(RowCall& c) { return truth(!c.arguments[0].is_null() && matches(c)); }
Value run_not_matches(RowCall& c) { return truth(!c.arguments[0].is_null() && !matches(c)); }

Value run_and(RowCall& c) { return truth(truth_of(c.arguments[0]) && truth_of(c.arguments[1])); }
Value run_or(RowCall& c) { return truth(truth_of(c.arguments[0]) || truth_of(c.arguments[1])); }
Value run_not(RowCall& c) { return truth(!truth_of(c.arguments[0])); }

template <class F>
bool truths(const VectorCall& call, Vector& out, F f) {
  const Vector& a = *call.arguments[0];
  const Vector& b = *call.arguments[1];
  const auto plain = [](const Vector& one) {
    return one.kind == Kind::Bool && !one.mixed() && !one.constant && one.present.empty();
  };
  if (!plain(a) || !plain(b)) return false;
  std::vector<int64_t> results(call.rows);
  for (size_t i = 0; i < results.size(); ++i) results[i] = f(a.integers[i], b.integers[i]);
  out = Vector::of_integers(Kind::Bool, std::move(results));
  return true;
}
bool vectors_and(const VectorCall& c, Vector& out) {
  return truths(c, out, [](int64_t a, int64_t b) { return a & b; });
}
bool vectors_or(const VectorCall& c, Vector& out) {
  return truths(c, out, [](int64_t a, int64_t b) { return a | b; });
}

// ---- general -----------------------------------------------------------------------------------

Value run_ispresent(RowCall& c) { return truth(!c.arguments[0].is_null()); }
Value run_coalesce(RowCall& c) {
  for (const Value& one : c.arguments) {
    if (!one.is_null()) return one;
  }
  return {};
}
Value run_same(RowCall& c) { return c.arguments[0]; }
Value run_json_at(RowCall& c) {
  if (!c.arguments[0].is_text()) return {};
  return json_at(c.arguments[0].text, c.arguments[1].text, c.arena);
}
Value run_json_parse(RowCall& c) {
  if (!c.arguments[0].is_text()) return c.arguments[0];
  const Value whole = json_at(c.arguments[0].text, "", c.arena);
  return whole.kind == Kind::Json ? whole : Value();
}
Value run_json_stringify(RowCall& c) {
  if (c.arguments[0].is_null()) return {};
  return Value::of_text(text_of(c.arguments[0], c.arena));
}
Value run_discovered(RowCall& c) {
  if (!c.arguments[0].is_text()) return {};
  return discovered(c.arguments[0].text, static_cast<size_t>(c.arguments[1].integer), c.arena);
}

constexpr size_t kMany = 64;

constexpr std::array kOperations = std::to_array<Function>({
    {"=", 2, 2, run_equal, nullptr, vectors_equal, "operator", "a = b",
     "equal; texts that are numbers compare as numbers"},
    {"!=", 2, 2, run_not_equal, nullptr, nullptr, "operator", "a != b",
     "not equal; false where a field is missing"},
    {"<", 2, 2, run_less, nullptr, vectors_less, "operator", "a < b", "less"},
    {"<=", 2, 2, run_less_or_equal, nullptr, vectors_less_or_equal, "operator", "a <= b",
     "less or equal"},
    {">", 2, 2, run_greater, nullptr, vectors_greater, "operator", "a > b", "greater"},
    {">=", 2, 2, run_greater_or_equal, nullptr, vectors_greater_or_equal, "operator", "a >= b",
     "greater or equal"},
    {"+", 2, 2, run_add, nullptr, nullptr, "operator", "a + b", "sum"},
    {"-", 2, 2, run_subtract, nullptr, nullptr, "operator", "a - b", "difference"},
    {"*", 2, 2, run_multiply, nullptr, nullptr, "operator", "a * b", "product"},
    {"/", 2, 2, run_divide, nullptr, nullptr, "operator", "a / b",
     "quotient; nothing where b is 0"},
    {"%", 2, 2, run_remainder, nullptr, nullptr, "operator", "a % b", "remainder"},
    {"^", 2, 2, run_power, nullptr, nullptr, "operator", "a ^ b", "power"},
    {"negate", 1, 1, run_negate, nullptr, nullptr, "operator", "-a", "the number with other sign"},
    {"and", 2, 2, run_and, nullptr, vectors_and, "operator", "a and b", "both are true"},
    {"or", 2, 2, run_or, nullptr, vectors_or, "operator", "a or b", "one is true"},
    {"not", 1, 1, run_not, nullptr, nullptr, "operator", "not a", "is not true"},
    {"in", 1, 1'024, run_in, nullptr, nullptr, "operator", "a in [x, y]", "equals one of them"},
    {"not in", 1, 1'024, run_not_in, nullptr, nullptr, "operator", "a not in [x, y]",
     "is there and equals none of them"},
    {"like", 2, 2, run_like, nullptr, nullptr, "operator", "a like 'text'",
     "contains the text, case-sensitive"},
    {"not like", 2, 2, run_not_like, nullptr, nullptr, "operator", "a not like 'text'",
     "is there and does not contain it"},
    {"=~", 2, 2, run_matches, prepare_regex, nullptr, "operator", "a =~ /regex/",
     "the expression (RE2) is found; also: a like /regex/"},
    {"not =~", 2, 2, run_not_matches, prepare_regex, nullptr, "operator", "a not like /regex/",
     "is there and the expression is not found"},
    {"number", 1, 1, run_number, nullptr, vectors_number, {}, {}, {}},
    {"json_at", 2, 2, run_json_at, nullptr, nullptr, {}, {}, {}},
    {"discovered", 2, 2, run_discovered, nullptr, nullptr, {}, {}, {}},
});

constexpr std::array kGeneral = std::to_array<Function>({
    {"abs", 1, 1, run_abs, nullptr, nullptr, "numeric", "abs(a)", "absolute value"},
    {"ceil", 1, 1, run_ceil, nullptr, nullptr, "numeric", "ceil(a)",
     "smallest whole number that is not less"},
    {"floor", 1, 1, run_floor, nullptr, nullptr, "numeric", "floor(a)",
     "largest whole number that is not greater"},
    {"greatest", 1, kMany, run_greatest, nullptr, nullptr, "numeric", "greatest(a, b, ...)",
     "the greatest of the values"},
    {"least", 1, kMany, run_least, nullptr, nullptr, "numeric", "least(a, b, ...)",
     "the least of the values"},
    {"log", 1, 1, run_log, nullptr, nullptr, "numeric", "log(a)", "natural logarithm"},
    {"sqrt", 1, 1, run_sqrt, nullptr, nullptr, "numeric", "sqrt(a)", "square root"},
    {"ispresent", 1, 1, run_ispresent, nullptr, nullptr, "general", "ispresent(field)",
     "whether the field is there"},
    {"coalesce", 1, kMany, run_coalesce, nullptr, nullptr, "general", "coalesce(a, b, ...)",
     "the first that is there"},
    {"unmask", 1, 1, run_same, nullptr, nullptr, "general", "unmask(field)",
     "the field as it is; nothing is masked here"},
    {"jsonParse", 1, 1, run_json_parse, nullptr, nullptr, "JSON", "jsonParse(text)",
     "a map or list; .name and [i] go into it"},
    {"jsonStringify", 1, 1, run_json_stringify, nullptr, nullptr, "JSON", "jsonStringify(a)",
     "the text of a map, a list or a value"},
});

constexpr std::array kAggregates = std::to_array<rows::AggregateFunction>({
    {"count", 0, 1, rows::make_count, false, 1, "aggregate", "count(*), count(field)",
     "number of events, or of those that have the field", true},
    {"count_distinct", 1, 1, rows::make_count_distinct, false, 1, "aggregate",
     "count_distinct(field)", "number of different values; within 1 % above 16,384"},
    {"sum", 1, 1, rows::make_sum, true, 1, "aggregate", "sum(field)", "sum"},
    {"avg", 1, 1, rows::make_average, true, 1, "aggregate", "avg(field)", "mean"},
    {"min", 1, 1, rows::make_least, false, 1, "aggregate", "min(field)", "least value"},
    {"max", 1, 1, rows::make_most, false, 1, "aggregate", "max(field)", "greatest value"},
    {"stddev", 1, 1, rows::make_deviation, true, 1, "aggregate", "stddev(field)",
     "standard deviation of the population"},
    {"pct", 2, 2, rows::make_percentile, true, 1, "aggregate", "pct(field, percent)",
     "percentile, nearest rank; within 1 % above 8,192 values"},
    {"percentile", 2, 2, rows::make_percentile, true, 1, "aggregate", "percentile(field, percent)",
     "the same as pct"},
    {"median", 1, 1, rows::make_median, true, 1, "aggregate", "median(field)",
     "the value in the middle"},
    {"earliest", 1, 1, rows::make_earliest, false, 1, "aggregate", "earliest(field)",
     "value of the earliest event that has the field", false, true},
    {"latest", 1, 1, rows::make_latest, false, 1, "aggregate", "latest(field)",
     "value of the latest event that has the field", false, true},
    {"sortsFirst", 1, 1, rows::make_least, false, 1, "aggregate", "sortsFirst(field)",
     "the value that stands first when sorted"},
    {"sortsLast", 1, 1, rows::make_most, false, 1, "aggregate", "sortsLast(field)",
     "the value that stands last when sorted"},
});

const std::vector<Function>& all_functions() {
  static const std::vector<Function> kAll = [] {
    std::vector<Function> out(kGeneral.begin(), kGeneral.end());
    for (const auto& part : {text_functions(), time_functions(), address_functions()}) {
      out.insert(out.end(), part.begin(), part.end());
    }
    return out;
  }();
  return kAll;
}

template <class Row>
const Row* find_row(std::span<const Row> table, std::string_view name) {
  const auto found = std::ranges::find_if(
      table, [&](const Row& one) { return equals_ignore_case(one.name, name); });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

const rows::Function* find_function(std::string_view name) { return find_row(functions(), name); }
const rows::AggregateFunction* find_aggregate(std::string_view name) {
  return find_row(aggregates(), name);
}
const rows::Function& operation(std::string_view name) { return *find_row(operations(), name); }
std::span<const rows::Function> functions() { return all_functions(); }
std::span<const rows::Function> operations() { return kOperations; }
std::span<const rows::AggregateFunction> aggregates() { return kAggregates; }

}  // namespace kansoku::query::logs_insights
