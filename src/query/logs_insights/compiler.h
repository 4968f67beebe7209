// Text to plan, in one pass. Private to query/logs_insights.
//
// The first problem ends the work: fail() keeps it and makes every token that follows the end of
// the text, so that what parses unwinds by itself.
#pragma once

#include <map>

#include "query/logs_insights/lexer.h"
#include "query/plan/plan.h"

namespace kansoku::query::logs_insights {

// A field as written: a.`b c`[0]
struct FieldName {
  struct Level {
    std::string text;
    bool quoted = false;
  };
  std::vector<Level> levels;
  std::string full;  // levels with dots between
  size_t begin = 0;
  size_t end = 0;
};

// What names stand for at one place of the query.
struct Names {
  // Rows are events: a name that nobody has defined is a field of theirs.
  bool events = true;
  std::map<std::string, rows::Expression> columns;
};

class Compiler {
 public:
  // What the compilers of one text share.
  struct Shared {
    Lexer lexer;
    std::optional<Problem> problem;
  };
  explicit Compiler(Shared& shared, size_t level = 0)
      : shared_(shared), level_(level), plan_(std::make_shared<rows::Plan>()) {}

  // Up to the end, or the ')' of a subquery.
  void query();
  std::shared_ptr<const rows::Plan> finish();

 private:
  struct Item {
    rows::Expression expression;
    std::string name;
    bool computed = false;
  };
  struct JoinedNames {
    std::string left;
    std::string right;
    std::unique_ptr<Compiler> compiler;  // of the right side
    size_t stage = 0;
    std::map<rows::Slot, rows::Slot> columns;
  };

  // Tokens.
  const Token& now() const { return shared_.lexer.now(); }
  bool failed() const { return shared_.problem.has_value(); }
  void fail(size_t begin, size_t end, std::string message);
  void fail_here(std::string message) { fail(now().begin, now().end, std::move(message)); }
  void unexpected(std::string_view wanted);
  bool at_sign(std::string_view sign) const;
  bool at_word(std::string_view word) const;
  bool take_sign(std::string_view sign);
  bool take_word(std::string_view word);
  void expect_sign(std::string_view sign);
  void expect_word(std::string_view word);
  std::string new_name(std::string_view wanted);  // of what is defined
  std::string text_literal(std::string_view wanted);
  uint64_t whole_number(std::string_view wanted, uint64_t most);
  std::string_view slice(size_t begin) const;

  // compile_commands.cpp
  using Command = void (Compiler::*)(size_t begin);
  struct CommandRow;
  static std::span<const CommandRow> commands();
  friend std::vector<Doc> command_docs();
  void command();
  void command_fields(size_t begin);
  void command_display(size_t begin);
  void command_filter(size_t begin);
  void command_parse(size_t begin);
  int64_t bin_ms_of(const rows::Expression& expression) const;
  void command_stats(size_t begin);
  void command_sort(size_t begin);
  void command_limit(size_t begin);
  void command_tail(size_t begin);
  void command_dedup(size_t begin);
  void command_pattern(size_t begin);
  void command_diff(size_t begin);
  void command_anomaly(size_t begin);
  void command_unnest(size_t begin);
  void command_lookup(size_t begin);
  void command_join(size_t begin);
  void command_addtotals(size_t begin);
  void command_source(size_t begin);
  std::vector<Item> items(bool display);
  Item item();
  std::vector<Item> stats_items(rows::Aggregate& stage);
  void parse_glob(rows::Extract stage, const Token& glob);
  void parse_regex(rows::Extract stage, const Token& regex);
  std::vector<std::pair<std::string, size_t>> names_behind_as();
  void add_filter(rows::Expression condition);
  rows::Patterns& add_patterns(rows::Expression text);
  rows::Patterns* patterns(size_t begin);
  void source_option(rows::SourceGroups& source);
  std::string option(std::string_view name);
  std::array<FieldName, 2> join_pair(const JoinedNames& join);
  std::vector<std::string> text_list();

  // compile_names.cpp
  FieldName field_name();
  static FieldName name_of(std::string_view name);  // of one level
  rows::Expression resolve(const FieldName& name);
  rows::Expression event_field(const FieldName& name);
  std::optional<rows::Expression> joined_field(const FieldName& name);
  rows::Slot source_slot(rows::SlotSource source);
  rows::Slot new_slot();
  // A column with the values of the expression, computed by a stage unless it is one.
  rows::Slot slot_of(rows::Expression expression);
  void define(const std::string& name, rows::Expression expression);

  // compile_expressions.cpp
  rows::Expression expression();
  rows::Expression conjunction();
  rows::Expression negation();
  rows::Expression comparison();
  rows::Expression like(rows::Expression left, bool negated);
  rows::Expression in(rows::Expression left, bool negated);
  rows::Expression in_query(rows::Expression left, bool negated, size_t begin);
  rows::Expression sum();
  rows::Expression product();
  rows::Expression power();
  rows::Expression unary();
  rows::Expression postfix();
  rows::Expression primary();
  rows::Expression call_function(const std::string& name, size_t begin);
  rows::Expression call_aggregate(const rows::AggregateFunction& function, size_t begin);
  rows::Expression call_period(const rows::Function& function, size_t begin);
  std::vector<rows::Expression> period();
  rows::Expression call(const rows::Function& function, std::vector<rows::Expression> arguments,
                        size_t begin);
  rows::Expression steps_into(rows::Expression value);
  bool deeper();

  // compile_plan.cpp
  void show_events();
  void order_rows();
  void finish_joins();

  Shared& shared_;
  size_t level_;
  size_t depth_ = 0;
  std::shared_ptr<rows::Plan> plan_;
  Names names_;
  std::map<std::string, rows::Slot> sources_;  // slots that read events, by what they read
  std::vector<rows::OutputColumn> output_;
  bool output_given_ = false;      // by fields, display, stats ... ; else @timestamp and @message
  bool output_of_fields_ = false;  // by `fields`: the next one adds to it
  rows::Aggregate* aggregate_ = nullptr;  // of the `stats` that is read
  std::vector<JoinedNames> joins_;
  size_t commands_ = 0;
};

}  // namespace kansoku::query::logs_insights
