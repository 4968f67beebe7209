// Patterns and messages as trees. Private to query/log_filter.
#pragma once

#include <span>

#include "query/log_filter/log_filter.h"
#include "store/regex.h"

namespace kansoku::query::log_filter {

// A message as JSON: nodes in document order, the object first.
struct Message::Json {
  enum class Kind : uint8_t {
    Null,
    Bool,
    Integer,
    Float,
    Text,
    List,
    Map,
    Beyond,  // a leaf past the limits of store/json_leaves.h: it counts as absent
  };
  struct Node {
    Kind kind = Kind::Null;
    std::string key;   // in a map
    std::string text;  // of Text
    int64_t integer = 0;
    double number = 0;
    bool truth = false;
    uint32_t next = 0;   // sibling; 0: none
    uint32_t first = 0;  // child; 0: none

    bool is_number() const { return kind == Kind::Integer || kind == Kind::Float; }
    double as_number() const {
      return kind == Kind::Integer ? static_cast<double>(integer) : number;
    }
    bool is_scalar() const { return is_number() || kind == Kind::Text || kind == Kind::Bool; }
    // As a pattern compares it.
    std::string shown() const;
  };
  std::vector<Node> nodes;
};

using Steps = std::vector<Selector::Step>;
// The nodes that a selector reaches (several with [*]).
std::vector<const Message::Json::Node*> select(const Message::Json& json, const Steps& steps);
// The path of the leaf as a column; nothing for one with [*] or of the object itself.
std::optional<std::string> path_of(const Steps& steps);

enum class Op : uint8_t {
  Equal,
  NotEqual,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual,
  IsNull,
  IsTrue,
  IsFalse,
  NotExists,
};

// What a value is compared with. Text may have '*' for any run of bytes.
struct Operand {
  std::string text;
  bool wildcard = false;
  std::optional<double> number;  // a bare word that is one
  std::shared_ptr<const store::Regex> regex;

  // The longest piece of `text` between wildcards.
  std::string_view literal() const;
  bool matches(std::string_view value) const;
};

struct Condition {
  enum class Kind : uint8_t { And, Or, Compare };
  Kind kind = Kind::Compare;
  std::vector<Condition> children;
  Op op = Op::Equal;
  Operand operand;
  Steps steps;           // JSON
  std::string selector;  // as written
  size_t field = 0;      // space-delimited: which of Tree::names
};

struct Term {
  enum class Kind : uint8_t { Required, Optional, Excluded };
  Kind kind = Kind::Required;
  std::string text;
  std::shared_ptr<const store::Regex> regex;
  std::string regex_text;

  bool found_in(std::string_view message) const;
};

struct Pattern::Tree {
  Shape shape = Shape::Everything;
  size_t regexes = 0;
  std::vector<Term> terms;
  std::optional<Condition> condition;
  // Space-delimited: names in order, empty where a field has none, and before which of them an
  // ellipsis stands (names.size(): behind the last).
  std::vector<std::string> names;
  std::vector<size_t> ellipses;
};

// Which field of the message each name stands for; nothing when it does not match.
std::optional<std::vector<std::string_view>> align(const Pattern::Tree& tree, Message& message);

// "$.a[0].b" from `position` on, which moves behind it.
std::expected<Steps, Problem> parse_selector(std::string_view text, size_t& position);

}  // namespace kansoku::query::log_filter
