#include "base/text/ascii.h"
#include "query/logs_insights/compiler.h"
#include "query/logs_insights/functions.h"
#include "query/logs_insights/pushdown.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {

using rows::Expression;
using rows::Slot;
using rows::Value;

namespace {

// Has a column, and only those.
template <class Is>
bool reads_only(const Expression& expression, Is is) {
  if (expression.type == Expression::Type::Column) return is(expression.slot);
  bool any = false;
  for (const Expression& one : expression.arguments) {
    if (one.type == Expression::Type::Literal) continue;
    if (!reads_only(one, is)) return false;
    any = true;
  }
  return any;
}

}  // namespace

struct Compiler::CommandRow {
  std::string_view name;
  Command run;
  std::string_view signature;
  std::string_view doc;
};

std::span<const Compiler::CommandRow> Compiler::commands() {
  static constexpr auto kCommands = std::to_array<CommandRow>({
      {"fields", &Compiler::command_fields, "fields a, f(b) as c, ...",
       "shows fields, and computes new ones"},
      {"display", &Compiler::command_display, "display a, b, ...",
       "shows these fields and no others"},
      {"filter", &Compiler::command_filter, "filter condition", "keeps what it is true of"},
      {"filterIndex", &Compiler::command_filter, "filterIndex field = value",
       "the same as filter: every field is looked up where it can be"},
      {"parse", &Compiler::command_parse, "parse field 'a=*, b=*' as x, y; parse field /(?<x>...)/",
       "takes parts of a text as fields; field is @message where it is left out"},
      {"stats", &Compiler::command_stats, "stats aggregate(a) as b, ... by c, bin(5m), ...",
       "one row a group"},
      {"sort", &Compiler::command_sort, "sort a desc, b asc", "orders rows; asc where not said"},
      {"limit", &Compiler::command_limit, "limit n", "the first n rows, at most 10000"},
      {"head", &Compiler::command_limit, "head n", "the same as limit"},
      {"tail", &Compiler::command_tail, "tail n", "the last n rows"},
      {"dedup", &Compiler::command_dedup, "dedup a, b, ...",
       "the first row of each combination of values"},
      {"pattern", &Compiler::command_pattern, "pattern field",
       "templates of messages: @pattern, @ratio, @sampleCount, @severityLabel"},
      {"diff", &Compiler::command_diff, "diff [previousDay | previousWeek | previousMonth]",
       "patterns against the range before, or that of a day, week or month before: "
       "@differenceCount, @differenceDescription"},
      {"anomaly", &Compiler::command_anomaly, "anomaly",
       "what is unusual of patterns: @anomalyScore, @anomalyType, @anomalyDescription"},
      {"unmask", &Compiler::command_fields, "unmask field", "shows the field; nothing is masked"},
      {"unnest", &Compiler::command_unnest, "unnest list into name", "a row for each item"},
      {"lookup", &Compiler::command_lookup, "lookup table column as field, ... OUTPUT column, ...",
       "adds columns of a lookup table"},
      {"join", &Compiler::command_join,
       "join type=inner|left left=a right=b where a.x = b.y (SOURCE 'group' | ...)",
       "joins events of other groups"},
      {"addtotals", &Compiler::command_addtotals,
       "addtotals [fieldname=Name] [row=bool] [col=bool] [a, b, ...]",
       "sums of numbers along rows and columns"},
      {"SOURCE", &Compiler::command_source,
       "SOURCE 'group', ... | SOURCE logGroups(namePrefix: ['a', ...])",
       "which log groups are read; the first command"},
  });
  return kCommands;
}

// ---- the pipeline ------------------------------------------------------------------------------

void Compiler::query() {
  do {
    command();
    ++commands_;
  } while (take_sign("|"));
}

void Compiler::command() {
  const Token token = now();
  const auto rows = commands();
  const auto row = std::ranges::find_if(rows, [&](const CommandRow& one) {
    return token.kind == TokenKind::Word && equals_ignore_case(one.name, token.text);
  });
  if (row == rows.end()) {
    if (token.kind != TokenKind::Word) return unexpected("a command");
    return fail_here(fmt::format("no command {}", quoted(token.text)));
  }
  shared_.lexer.next();
  (this->*row->run)(token.begin);
}

Compiler::Item Compiler::item() {
  const size_t begin = now().begin;
  Item out;
  out.expression = expression();
  if (failed()) return out;
  out.name = trimmed(slice(begin), kBlanksAndLineEnds);
  // A field is called as it is without the signs around its names.
  std::erase(out.name, '`');
  const bool plain = out.expression.type == Expression::Type::Column;
  out.computed = !plain || aggregate_ != nullptr;
  if (take_word("as")) out.name = new_name("a name");
  return out;
}

std::vector<Compiler::Item> Compiler::items(bool display) {
  std::vector<Item> out;
  do {
    Item one = item();
    if (failed()) break;
    const bool alias = one.expression.type != Expression::Type::Column ||
                       names_.columns.contains(one.name) || !display;
    // Only texts of expressions, and names that were given, have to be known later.
    const Slot slot = slot_of(std::move(one.expression));
    one.expression = Expression::of_slot(slot);
    if (alias) define(one.name, Expression::of_slot(slot));
    out.push_back(std::move(one));
  } while (take_sign(","));
  return out;
}

void Compiler::command_fields(size_t) {
  std::vector<Item> shown = items(false);
  if (!output_of_fields_ && output_given_ && names_.events) {
    // `display` has the last word, wherever it stands.
    return;
  }
  if (!output_of_fields_) output_.clear();
  for (Item& one : shown) {
    const Slot slot = one.expression.slot;
    const auto known = std::ranges::find(output_, one.name, &rows::OutputColumn::name);
    if (known != output_.end()) {
      *known = {one.name, slot, one.computed};
    } else {
      output_.push_back({one.name, slot, one.computed});
    }
  }
  output_given_ = true;
  output_of_fields_ = true;
}

void Compiler::command_display(size_t) {
  output_.clear();
  for (const Item& one : items(true)) {
    output_.push_back({one.name, one.expression.slot, one.computed});
  }
  output_given_ = true;
  output_of_fields_ = false;
}

void Compiler::command_filter(size_t) {
  Expression condition = expression();
  if (!failed()) add_filter(std::move(condition));
}

void Compiler::add_filter(Expression condition) {
  const bool both = condition.type == Expression::Type::Call && condition.function->name == "and";
  if (both) {
    Expression right = std::move(condition.arguments[1]);
    add_filter(Expression(std::move(condition.arguments[0])));
    return add_filter(std::move(right));
  }
  rows::Filter filter;
  // Where it stands after a stage that changes which rows there are, it is no filter of the scan.
  const auto passes = [](const rows::Stage& stage) {
    return std::holds_alternative<rows::Filter>(stage) ||
           std::holds_alternative<rows::Compute>(stage) ||
           std::holds_alternative<rows::Extract>(stage) ||
           std::holds_alternative<rows::Unnest>(stage) ||
           std::holds_alternative<rows::Lookup>(stage) || std::holds_alternative<rows::Join>(stage);
  };
  const bool early = std::ranges::all_of(plan_->stages, passes);
  if (early && of_events(*plan_, condition)) {
    Pushed pushed = pushdown(*plan_, condition);
    for (store::EventClause& clause : pushed.clauses) {
      if (pushed.exact) filter.same_as.push_back(plan_->clauses.size());
      plan_->clauses.push_back(std::move(clause));
    }
    std::vector<std::string> streams = streams_of(*plan_, condition);
    if (!streams.empty() && plan_->streams.empty()) plan_->streams = std::move(streams);
  }
  filter.condition = std::move(condition);
  // Before what is computed, if it needs nothing of that: fewer rows are computed.
  auto place = plan_->stages.end();
  if (of_events(*plan_, filter.condition)) {
    const auto computes = [](const rows::Stage& stage) {
      return std::holds_alternative<rows::Compute>(stage) ||
             std::holds_alternative<rows::Extract>(stage);
    };
    while (place != plan_->stages.begin() && computes(*(place - 1)) && joins_.empty()) --place;
  }
  plan_->stages.insert(place, rows::Stage(std::move(filter)));
}

// ---- stats, sort, limit, dedup -----------------------------------------------------------------

// What `stats` computes, item by item; a later one may speak of an earlier one's name.
std::vector<Compiler::Item> Compiler::stats_items(rows::Aggregate& stage) {
  std::vector<Item> out;
  const Names before = names_;
  aggregate_ = &stage;
  do {
    const size_t begin = now().begin;
    Item one = item();
    if (failed()) break;
    const auto of_aggregates = [&](Slot slot) {
      return std::ranges::find(stage.calls, slot, &rows::Aggregate::Call::slot) !=
             stage.calls.end();
    };
    if (!reads_only(one.expression, of_aggregates)) {
      fail(begin, shared_.lexer.behind(), "an aggregate such as count(*) is expected");
      break;
    }
    define(one.name, one.expression);
    out.push_back(std::move(one));
  } while (take_sign(","));
  aggregate_ = nullptr;
  names_ = before;
  return out;
}

// Of Aggregate::Key: of bin() and datefloor() of the time of an event.
int64_t Compiler::bin_ms_of(const rows::Expression& expression) const {
  constexpr int64_t kDayMs = 86'400'000;
  constexpr int64_t kBinMsMax = 1'000'000'000'000;
  const bool floors = expression.type == Expression::Type::Call &&
                      (expression.function == find_function("bin") ||
                       expression.function == find_function("datefloor"));
  if (!floors || expression.arguments[0].type != Expression::Type::Column ||
      plan_->slots[expression.arguments[0].slot].type != rows::SlotSource::Type::Timestamp) {
    return 0;
  }
  // Months begin with days.
  if (expression.arguments[2].literal.integer != 0) return kDayMs;
  const int64_t period_ms = expression.arguments[1].literal.integer;
  return period_ms <= kBinMsMax ? period_ms : 0;
}

void Compiler::command_stats(size_t) {
  rows::Aggregate stage;
  std::vector<Item> calls = stats_items(stage);
  std::vector<Item> keys;
  if (take_word("by")) {
    do {
      keys.push_back(item());
    } while (take_sign(","));
  }
  if (failed()) return;
  Names names;
  names.events = false;
  output_.clear();
  const auto name = [&](const std::string& text, Slot slot) {
    std::string bare = text;
    std::erase_if(bare, [](char c) { return kBlanksAndLineEnds.contains(c); });
    names.columns.insert_or_assign(bare, Expression::of_slot(slot));
    names.columns.insert_or_assign(text, Expression::of_slot(slot));
  };
  for (Item& key : keys) {
    const Slot slot = new_slot();
    const int64_t bin_ms = bin_ms_of(key.expression);
    stage.keys.push_back({std::move(key.expression), slot, bin_ms});
    name(key.name, slot);
    output_.push_back({key.name, slot, false});
  }
  plan_->stages.emplace_back(std::move(stage));
  for (Item& call : calls) {
    const Slot slot = slot_of(std::move(call.expression));
    name(call.name, slot);
    output_.push_back({call.name, slot, true});
  }
  names_ = std::move(names);
  output_given_ = true;
  output_of_fields_ = false;
}

void Compiler::command_sort(size_t) {
  rows::Sort stage;
  do {
    Expression key = expression();
    if (failed()) return;
    rows::Sort::Key made{Expression::of_slot(slot_of(std::move(key))), false};
    made.descending = take_word("desc");
    if (!made.descending) take_word("asc");
    stage.keys.push_back(std::move(made));
  } while (take_sign(","));
  plan_->stages.emplace_back(std::move(stage));
}

void Compiler::command_limit(size_t) {
  plan_->stages.emplace_back(rows::Limit{whole_number("a number of rows", kRowsMax), false});
}
void Compiler::command_tail(size_t) {
  plan_->stages.emplace_back(rows::Limit{whole_number("a number of rows", kRowsMax), true});
}

void Compiler::command_dedup(size_t) {
  rows::Dedup stage;
  do {
    stage.keys.push_back(expression());
  } while (take_sign(","));
  plan_->stages.emplace_back(std::move(stage));
}

std::vector<Doc> command_docs() {
  std::vector<Doc> out;
  for (const Compiler::CommandRow& row : Compiler::commands()) {
    out.push_back({"command", row.name, row.signature, row.doc});
  }
  return out;
}

}  // namespace kansoku::query::logs_insights
