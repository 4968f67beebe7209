// A configuration document as a tree of nodes with positions, and the reader that checks it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kansoku::wire {

struct Position {
  uint32_t line = 0;    // from 1
  uint32_t column = 0;  // from 1, in characters
  uint32_t byte = 0;    // from 0; JSON and TOML only
  // Of a tree put together of several files: which one, in the list that its maker keeps.
  uint32_t file = 0;
};

struct Node {
  enum class Kind : uint8_t { Null, Scalar, Sequence, Mapping };
  struct Entry;
  Kind kind = Kind::Null;
  Position at;
  std::string scalar;
  bool quoted = false;  // a quoted scalar is text, whatever it looks like
  std::vector<Node> items;
  std::vector<Entry> entries;  // in the order of the file

  // The value of a key of a mapping, or null.
  const Node* find(std::string_view key) const;
  // The text of a scalar member, or empty; the number of one, or nothing.
  std::string_view text_of(std::string_view key) const;
  std::optional<double> number_of(std::string_view key) const;
};
struct Node::Entry {
  std::string key;
  Position key_at;
  Node value;
};

struct Problem {
  std::string file;
  Position at;
  std::string pointer;  // JSON pointer (RFC 6901)
  std::string message;
  // FILE:LINE:COL: /json/pointer: message
  std::string to_string() const;
};

struct DocumentLimits {
  size_t bytes_max = 4U << 20;
  size_t depth_max = 64;
  size_t nodes_max = 200'000;
};

// One YAML (or JSON) document. A syntax error is a Problem; anchors and aliases are refused by
// name, for a configuration is read by people too.
std::expected<Node, Problem> parse_yaml(std::string_view text, const std::string& file,
                                        DocumentLimits limits = {});

// One JSON document (RFC 8259) as the same tree, with positions; numbers as they are written. A
// name that appears twice in an object, with another value, is a problem that says where it was
// first; with the same value it is read once. A byte order mark is skipped. `file_index` is that of
// every Position.
std::expected<Node, Problem> parse_json_document(std::string_view text, const std::string& file,
                                                 DocumentLimits limits = {},
                                                 uint32_t file_index = 0);

// The part of TOML 1.0 that settings files use: tables, bare and quoted keys (not dotted ones),
// strings of one line, decimal integers, true and false, comments. Everything else is a problem
// that names it.
std::expected<Node, Problem> parse_toml(std::string_view text, const std::string& file,
                                        DocumentLimits limits = {});

// Appends "/" and the key to a JSON pointer (RFC 6901).
std::string join_pointer(std::string_view pointer, std::string_view key);

// One JSON document (RFC 8259) as the same tree, without positions; numbers keep up to 17 digits.
// For the console's requests and stored settings.
Result<Node> parse_json(std::string_view text);

// A text that two values have in common when they are the same: numbers by value, objects in any
// order.
std::string canonical(const Node& node);

// A key as a token of a JSON pointer: '~' is "~0", '/' is "~1".
std::string escape_pointer(std::string_view key);

// The closest of `known` to a misspelt word, when close enough to be worth saying.
std::optional<std::string> did_you_mean(std::string_view word,
                                        const std::vector<std::string>& known);

// Reads a mapping member by member. Every key that was not asked for is a problem in finish().
class Reader {
 public:
  Reader(const Node& node, std::string file, std::string pointer, std::vector<Problem>& problems);

  // Each returns nothing when the key is absent or wrong (a problem was added).
  std::optional<std::string> text(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<int64_t> integer(std::string_view key, int64_t min, int64_t max);
  // "10s", "500ms", "2h", "15d", or a number of seconds; in milliseconds.
  std::optional<int64_t> duration_ms(std::string_view key, int64_t min_ms, int64_t max_ms);
  // "64MiB", "2GB", or a number of bytes.
  std::optional<int64_t> bytes(std::string_view key, int64_t min, int64_t max);
  std::vector<std::string> text_list(std::string_view key);
  // Null when absent or not a mapping.
  const Node* mapping(std::string_view key);
  const Node* any(std::string_view key);

  void problem(std::string_view key, std::string message);
  std::string pointer_of(std::string_view key) const;
  void finish();

 private:
  const Node* take(std::string_view key);
  const Node* scalar(std::string_view key, std::string_view expected);

  const Node& node_;
  std::string file_;
  std::string pointer_;
  std::vector<Problem>& problems_;
  std::vector<std::string> asked_;
};

// Durations and sizes of configuration files; also for command lines.
Result<int64_t> parse_duration_ms(std::string_view text);
Result<int64_t> parse_bytes(std::string_view text);

}  // namespace kansoku::wire
