// The tree of an expression and what its parts share. Private to query/metric_math.
#pragma once

#include <span>

#include "query/metric_math/metric_math.h"

namespace kansoku::query::metric_math {

enum class NodeKind : uint8_t { Number, Text, Word, Identifier, List, Negate, Binary, Call };
enum class Operator : uint8_t {
  Add,
  Subtract,
  Multiply,
  Divide,
  Power,
  Equal,
  NotEqual,
  LessEqual,
  GreaterEqual,
  Less,
  Greater,
  And,
  Or
};

struct Function;

class Node {
 public:
  NodeKind kind = NodeKind::Number;
  size_t position = 0;
  double number = 0;
  // Identifier, bare word in capitals (REPEAT, ASC ...), or text.
  std::string text;
  Operator op = Operator::Add;
  const Function* function = nullptr;
  size_t search = 0;  // of SEARCH: its index
  std::vector<std::shared_ptr<const Node>> children;
};

// Values of arguments: a word or text as such, else evaluated.
struct Argument {
  const Node* node = nullptr;
  std::optional<Value> value;  // absent for words and texts
};

using Evaluated = std::expected<Value, Problem>;

struct Call {
  const Environment& environment;
  const Node& node;
  std::span<Argument> arguments;

  std::unexpected<Problem> problem(size_t argument, std::string message) const {
    size_t at = argument < arguments.size() ? arguments[argument].node->position : node.position;
    return std::unexpected(Problem{at, std::move(message)});
  }
};

struct Function {
  std::string_view name;
  size_t arguments_min;
  size_t arguments_max;
  Evaluated (*run)(Call& call);
  std::string_view signature;
  std::string_view doc;
  // Bit i: argument i may be a word in capitals or a text; elsewhere only values may stand.
  uint8_t words = 0;
};

// Null when there is none of that name.
const Function* find_function(std::string_view name);
// SEARCH, whose arguments are looked at by the parser.
inline constexpr std::string_view kSearch = "SEARCH";
// True for functions of CloudWatch that are not served; they are refused by name.
bool is_unserved_function(std::string_view name);

Evaluated evaluate_node(const Node& node, const Environment& environment);
bool is_missing(double value);
double missing();

}  // namespace kansoku::query::metric_math
