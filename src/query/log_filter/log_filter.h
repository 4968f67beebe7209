// Filter patterns of CloudWatch Logs (metric filters, subscription filters, FilterLogEvents, live
// tail). See README.md.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/event_store.h"

namespace kansoku::query::log_filter {

// The API's limit of filterPattern.
inline constexpr size_t kPatternBytesMax = 1'024;
// User guide, "Using regular expressions in filter patterns".
inline constexpr size_t kRegexesMax = 2;
// No pattern of that size needs more; keeps the parser's recursion short.
inline constexpr size_t kDepthMax = 32;

struct Problem {
  size_t position = 0;  // byte offset in the pattern
  std::string message;
};

// A message, taken apart as far as patterns ask; one may serve many of them. Views into the text,
// which outlives it. Thread contract: confined.
class Message {
 public:
  explicit Message(std::string_view text);
  ~Message();
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  std::string_view text() const { return text_; }

  struct Json;
  // The object, or null when the text is none.
  const Json* json();
  // Between blanks; what stands in [brackets] or "quotes" is one field, without them.
  const std::vector<std::string_view>& fields();

 private:
  std::string_view text_;
  bool json_read_ = false;
  std::unique_ptr<Json> json_;
  std::optional<std::vector<std::string_view>> fields_;
};

enum class Shape : uint8_t {
  Everything,
  Terms,
  Json,
  Fields,  // space-delimited
};

// Thread contract: immutable, free-threaded; copies share.
class Pattern {
 public:
  struct Tree;

  static std::expected<Pattern, Problem> parse(std::string_view text);
  Shape shape() const;
  size_t regex_count() const;
  bool matches(Message& message) const;
  // What TestMetricFilter shows of a message that matches: "$name" of fields, "$.a.b" of the
  // selectors of a JSON pattern.
  std::vector<std::pair<std::string, std::string>> extracted(Message& message) const;
  // What every message that matches satisfies. Fields of the event itself are taken for leaves of
  // its message where they have their path.
  std::vector<store::EventClause> pushdown() const;
  const Tree& tree() const { return *tree_; }

 private:
  explicit Pattern(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}
  std::shared_ptr<const Tree> tree_;
};

// A value or a dimension of a metric filter: "$name" of a space-delimited pattern, "$.a[0].b" of a
// JSON pattern.
class Selector {
 public:
  static std::expected<Selector, Problem> parse(std::string_view text, const Pattern& pattern);
  // Of a message that matches; nothing where it has no such value.
  std::optional<std::string> value(Message& message) const;

  struct Step {
    enum class Kind : uint8_t { Member, Item, AnyItem };
    Kind kind = Kind::Member;
    std::string name;
    size_t item = 0;
  };

 private:
  Pattern pattern_;
  size_t field_ = 0;
  std::vector<Step> steps_;
  explicit Selector(Pattern pattern) : pattern_(std::move(pattern)) {}
};

}  // namespace kansoku::query::log_filter
