// Plans of the row algebra: what a language makes of its text, and query/exec runs.
//
// A plan reads events, sends them batch by batch through its stages and gives the rows that are
// left. Columns of the batches are slots, numbered over the whole plan; each is written once: read
// from the events, or computed by one stage. Names are the language's business, and so is what
// values are equal, ordered, true or numbers (Semantics).
// Thread contract: immutable once made; shared by reference.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "query/plan/value.h"
#include "store/regex.h"

namespace kansoku::query::rows {

using Slot = uint32_t;

// ---- expressions -------------------------------------------------------------------------------

struct RowCall {
  std::span<const Value> arguments;
  TextArena& arena;    // of the batch
  int64_t now_ms = 0;  // when the query began
  const void* prepared = nullptr;
};
struct VectorCall {
  size_t rows = 0;
  std::span<const Vector* const> arguments;
  const void* prepared = nullptr;
};

// A function of a language: one row of its table.
struct Function {
  std::string_view name;
  size_t arguments_min = 0;
  size_t arguments_max = 0;
  Value (*row)(RowCall& call) = nullptr;
  // What may be computed of literals once; the error is about an argument. May be null.
  Result<std::shared_ptr<const void>> (*prepare)(std::span<const Value* const> literals) = nullptr;
  // Whole vectors, where it is quicker; false: row by row. May be null.
  bool (*vectors)(const VectorCall& call, Vector& out) = nullptr;
  std::string_view group;
  std::string_view signature;
  std::string_view doc;
};

struct Expression {
  enum class Type : uint8_t {
    Literal,
    Column,  // of a slot
    Call,
    Member,  // whether the first argument is in what a subquery gave
  };
  Type type = Type::Literal;
  Value literal;  // its text is `text`
  std::string text;
  Slot slot = 0;
  const Function* function = nullptr;
  std::shared_ptr<const void> prepared;
  size_t subquery = 0;
  std::vector<Expression> arguments;
  size_t position = 0;  // in the text of the query

  static Expression of_literal(const Value& value);
  static Expression of_slot(Slot slot);
  static Expression of_call(const Function& function, std::vector<Expression> arguments);
};

// What the values of a language mean.
struct Semantics {
  // <0, 0, >0; any two values have an order; a null comes first.
  int (*compare)(const Value& a, const Value& b) = nullptr;
  std::optional<double> (*number)(const Value& value) = nullptr;
  bool (*truth)(const Value& value) = nullptr;
  // As the language shows it: values that print alike are one group.
  void (*print)(const Value& value, std::string& out) = nullptr;
};

// ---- aggregates --------------------------------------------------------------------------------

struct AggregateInput {
  size_t rows = 0;
  std::span<const uint32_t> groups;  // by row; empty: all are of group 0
  std::span<const Vector* const> arguments;
  std::span<const int64_t> times_ms;  // empty where rows are no events
  // By row: how many events it stands for; empty: one each. Only for functions that count.
  std::span<const uint64_t> counts;
};

// The states of all groups of one aggregate. Thread contract: confined.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  virtual void resize(size_t groups) = 0;
  virtual void add(const AggregateInput& input) = 0;
  virtual Value result(size_t group, TextArena& arena) const = 0;
  virtual uint64_t memory_bytes() const = 0;
};

struct AggregateFunction {
  std::string_view name;
  size_t arguments_min = 0;
  size_t arguments_max = 0;
  std::unique_ptr<Accumulator> (*make)(std::span<const Value> parameters,
                                       const Semantics& semantics) = nullptr;
  // The first argument is made a number before it is given.
  bool of_numbers = false;
  // Arguments from this one on are literals and stand in `parameters` only.
  size_t parameters_from = 1;
  std::string_view group;
  std::string_view signature;
  std::string_view doc;
  // Without arguments it takes AggregateInput::counts.
  bool counts = false;
  // It asks for AggregateInput::times_ms, which are empty elsewhere.
  bool of_times = false;
};

// ---- stages ------------------------------------------------------------------------------------

struct Filter {
  Expression condition;
  // Clauses of Plan::clauses that say the same: where the engine has checked all of them, the
  // condition is not looked at.
  std::vector<size_t> same_as;
};
struct Compute {
  Expression expression;
  Slot slot = 0;
};
// Parts of a text: captures of an expression, or what stands between the pieces of a glob, each
// found from the left. What did not match gives nulls.
struct Extract {
  Expression text;
  std::shared_ptr<const store::Regex> regex;
  std::vector<std::string> glob;  // without an expression: its pieces, a star between two of them
  std::vector<std::pair<size_t, Slot>> groups;  // from 1 on
};
struct Aggregate {
  struct Key {
    Expression expression;
    Slot slot = 0;
    // The expression asks for the time of an event alone, and is the same for all times of a bin of
    // so many milliseconds since 1970; 0: it asks for more.
    int64_t bin_ms = 0;
  };
  struct Call {
    const AggregateFunction* function = nullptr;
    std::vector<Expression> arguments;
    std::vector<Expression> parameters;  // literals
    Slot slot = 0;
  };
  std::vector<Key> keys;
  std::vector<Call> calls;
};
struct Sort {
  struct Key {
    Expression expression;
    bool descending = false;
  };
  std::vector<Key> keys;
  std::optional<uint64_t> limit;  // only the first ones matter
};
struct Limit {
  uint64_t rows = 0;
  bool last = false;  // the last ones instead of the first
};
// The first row of each.
struct Dedup {
  std::vector<Expression> keys;
};
// A row for each item of a list.
struct Unnest {
  Expression list;
  Slot slot = 0;
};
// Messages as templates, most frequent first.
struct Patterns {
  Expression text;
  Slot pattern = 0;
  Slot ratio = 0;
  Slot count = 0;
  Slot severity = 0;
  // Against the same stages over a range that begins this much earlier.
  struct Difference {
    int64_t earlier_ms = 0;  // 0: by the length of the range
    Slot difference = 0;
    Slot description = 0;
  };
  std::optional<Difference> difference;
  struct Anomalies {
    Slot score = 0;
    Slot type = 0;
    Slot description = 0;
  };
  std::optional<Anomalies> anomalies;
};
struct AddTotals {
  std::vector<std::pair<std::string, Slot>> columns;
  std::optional<Slot> row_total;
  bool column_totals = false;
  // Every other slot of the rows.
  std::vector<Slot> carried;
};
struct Plan;
struct Join {
  enum class Type : uint8_t { Inner, Left };
  Type type = Type::Inner;
  std::shared_ptr<const Plan> right;
  std::vector<Expression> left_keys;   // slots of this plan
  std::vector<Expression> right_keys;  // slots of the other
  // Slots of the other that become slots here.
  std::vector<std::pair<Slot, Slot>> columns;
};
struct Lookup {
  std::string table;
  std::vector<std::pair<std::string, Expression>> keys;  // column of the table, value
  struct Output {
    std::string column;
    Slot slot = 0;
    // Where the table has no such row.
    std::optional<Expression> otherwise;
  };
  std::vector<Output> outputs;
};
// The rows of another plan behind those of this one.
struct Union {
  std::shared_ptr<const Plan> other;
  std::vector<std::pair<Slot, Slot>> columns;
};

using Stage = std::variant<Filter, Compute, Extract, Aggregate, Sort, Limit, Dedup, Unnest,
                           Patterns, AddTotals, Join, Lookup, Union>;

// ---- plans -------------------------------------------------------------------------------------

// Where a slot's values come from.
struct SlotSource {
  enum class Type : uint8_t {
    Computed,  // by a stage
    Field,     // of the events: the first of `paths` that a row has
    Timestamp,
    Ingestion,
    Stream,
    Group,  // ACCOUNT:GROUP
    Pointer,
  };
  Type type = Type::Computed;
  std::vector<std::string> paths;
};

// Groups that a plan names itself; absent: those of the scan.
struct SourceGroups {
  std::vector<std::string> names;
  std::vector<std::string> prefixes;
  std::vector<std::string> accounts;
  std::string log_class;
  bool all = false;
  size_t position = 0;
};

struct OutputColumn {
  std::string name;
  Slot slot = 0;
  bool computed = false;  // a language may show its numbers shorter
};

struct Plan {
  const Semantics* semantics = nullptr;
  std::vector<SlotSource> slots;
  std::optional<SourceGroups> source;
  // What every row that the first stages let through satisfies.
  std::vector<store::EventClause> clauses;
  std::vector<std::string> streams;  // only these, where there are any
  store::EventOrder order = store::EventOrder::Any;
  std::vector<Stage> stages;
  std::vector<OutputColumn> output;
  // Rows are events still: a pointer belongs to each.
  std::optional<Slot> pointer;
  // Run first, for Expression::Type::Member; each has one output.
  std::vector<std::shared_ptr<const Plan>> subqueries;
};

}  // namespace kansoku::query::rows
