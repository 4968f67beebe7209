#include "base/text/ascii.h"
#include "query/logs_insights/compiler.h"
#include "query/logs_insights/functions.h"
#include "query/logs_insights/pushdown.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {

using rows::Expression;
using rows::Slot;
using rows::Value;

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
      {"lookup", &Compiler::command_lookup,
       "lookup table column as field, ... OUTPUT column, ...", "adds columns of a lookup table"},
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

// ---- tokens ------------------------------------------------------------------------------------

void Compiler::fail(size_t begin, size_t end, std::string message) {
  if (shared_.problem) return;
  const size_t size = shared_.lexer.text().size();
  shared_.problem = Problem{std::min(begin, size), std::min(std::max(begin, end), size),
                            std::move(message)};
}

void Compiler::unexpected(std::string_view wanted) {
  const Token& token = now();
  if (token.kind == TokenKind::End) {
    return fail_here(fmt::format("the query ends where {} is expected", wanted));
  }
  if (token.kind == TokenKind::Bad) return fail_here(token.text);
  fail_here(fmt::format("{} where {} is expected", quoted(token.text), wanted));
}

bool Compiler::at_sign(std::string_view sign) const {
  return !failed() && now().kind == TokenKind::Sign && now().text == sign;
}
bool Compiler::at_word(std::string_view word) const {
  return !failed() && now().kind == TokenKind::Word && equals_ignore_case(now().text, word);
}
bool Compiler::take_sign(std::string_view sign) {
  if (!at_sign(sign)) return false;
  shared_.lexer.next();
  return true;
}
bool Compiler::take_word(std::string_view word) {
  if (!at_word(word)) return false;
  shared_.lexer.next();
  return true;
}
void Compiler::expect_sign(std::string_view sign) {
  if (!take_sign(sign)) unexpected(sign);
}
void Compiler::expect_word(std::string_view word) {
  if (!take_word(word)) unexpected(word);
}

std::string Compiler::new_name(std::string_view wanted) {
  if (now().kind != TokenKind::Word && now().kind != TokenKind::Name) {
    unexpected(wanted);
    return {};
  }
  std::string out = now().text;
  shared_.lexer.next();
  return out;
}

std::string Compiler::text_literal(std::string_view wanted) {
  if (now().kind != TokenKind::Text) {
    unexpected(wanted);
    return {};
  }
  std::string out = now().text;
  shared_.lexer.next();
  return out;
}

uint64_t Compiler::whole_number(std::string_view wanted, uint64_t most) {
  const Token token = now();
  const bool whole = token.kind == TokenKind::Number &&
                     token.text.find_first_not_of("0123456789") == std::string::npos;
  if (!whole) {
    unexpected(wanted);
    return 0;
  }
  if (token.number > static_cast<double>(most)) {
    fail_here(fmt::format("{} where at most {} is allowed", token.text, most));
    return 0;
  }
  shared_.lexer.next();
  return static_cast<uint64_t>(token.number);
}

std::string_view Compiler::slice(size_t begin) const {
  return shared_.lexer.text().substr(begin, shared_.lexer.behind() - begin);
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

// ---- parse -------------------------------------------------------------------------------------

std::vector<std::pair<std::string, size_t>> Compiler::names_behind_as() {
  std::vector<std::pair<std::string, size_t>> out;
  do {
    const size_t begin = now().begin;
    out.emplace_back(new_name("a name"), begin);
  } while (take_sign(","));
  return out;
}

void Compiler::command_parse(size_t) {
  rows::Extract stage;
  if (now().kind == TokenKind::Text || at_sign("/")) {
    FieldName message;
    message.levels.push_back({std::string(store::kMessagePath), false});
    message.full = store::kMessagePath;
    stage.text = resolve(message);
  } else {
    // No division: what stands behind may begin with '/'.
    const size_t begin = now().begin;
    Lexer ahead = shared_.lexer;
    ahead.next();
    const bool is_call = now().kind == TokenKind::Word && ahead.now().kind == TokenKind::Sign &&
                         ahead.now().text == "(";
    stage.text = is_call ? primary() : resolve(field_name());
    stage.text.position = begin;
  }
  if (failed()) return;
  if (at_sign("/")) {
    const Token regex = shared_.lexer.take_regex();
    if (regex.kind == TokenKind::Bad) return fail(regex.begin, regex.end, regex.text);
    return parse_regex(std::move(stage), regex);
  }
  const Token glob = now();
  if (glob.kind != TokenKind::Text) return unexpected("a text with * or a /regex/");
  shared_.lexer.next();
  parse_glob(std::move(stage), glob);
}

void Compiler::parse_glob(rows::Extract stage, const Token& glob) {
  std::string regex = "(?s)";
  size_t stars = 0;
  for (size_t i = 0; i < glob.text.size(); ++i) {
    const char c = glob.text[i];
    if (c == '*') {
      ++stars;
      regex += i + 1 == glob.text.size() ? "(.*)" : "(.*?)";
    } else {
      if (std::string_view("\\^$.[]|()?+{}").find(c) != std::string_view::npos) regex += '\\';
      regex += c;
    }
  }
  if (stars == 0) return fail(glob.begin, glob.end, "a text without * gives no field");
  expect_word("as");
  if (failed()) return;
  const size_t names_begin = now().begin;
  const auto names = names_behind_as();
  if (failed()) return;
  if (names.size() != stars) {
    return fail(names_begin, shared_.lexer.behind(),
                fmt::format("{} names for {} *", names.size(), stars));
  }
  auto compiled = store::Regex::compile_search(regex);
  if (!compiled) return fail(glob.begin, glob.end, compiled.error().message);
  stage.regex = std::make_shared<const store::Regex>(std::move(*compiled));
  for (size_t i = 0; i < names.size(); ++i) {
    const Slot slot = new_slot();
    stage.groups.emplace_back(i + 1, slot);
    define(names[i].first, Expression::of_slot(slot));
  }
  plan_->stages.emplace_back(std::move(stage));
}

void Compiler::parse_regex(rows::Extract stage, const Token& regex) {
  // (?<name>...) is (?P<name>...) to RE2; (?<= and (?<! stay, and are refused by it.
  std::string text;
  std::vector<std::string> names;
  for (size_t i = 0; i < regex.text.size(); ++i) {
    const std::string_view rest = std::string_view(regex.text).substr(i);
    const bool escaped = rest[0] == '\\' && rest.size() > 1;
    const bool plain = rest.starts_with("(?<") && rest.size() > 3 && rest[3] != '=' &&
                       rest[3] != '!';
    if (plain || rest.starts_with("(?P<")) {
      const size_t name = plain ? 3 : 4;
      names.emplace_back(rest.substr(name, rest.find('>') - name));
    }
    text += plain ? "(?P<" : std::string(rest.substr(0, escaped ? 2 : 1));
    i += plain ? 2 : escaped ? 1 : 0;
  }
  auto compiled = store::Regex::compile_search(text);
  if (!compiled) return fail(regex.begin, regex.end, compiled.error().message);
  if (names.empty()) {
    return fail(regex.begin, regex.end, "an expression without (?<name>...) gives no field");
  }
  stage.regex = std::make_shared<const store::Regex>(std::move(*compiled));
  for (const std::string& name : names) {
    const auto group = stage.regex->group_number(name);
    if (!group) return fail(regex.begin, regex.end, fmt::format("no group {}", quoted(name)));
    const Slot slot = new_slot();
    stage.groups.emplace_back(*group, slot);
    define(name, Expression::of_slot(slot));
  }
  plan_->stages.emplace_back(std::move(stage));
}

// ---- stats, sort, limit, dedup -----------------------------------------------------------------

void Compiler::command_stats(size_t begin) {
  rows::Aggregate stage;
  aggregate_ = &stage;
  std::vector<Item> calls;
  do {
    const size_t item_begin = now().begin;
    const size_t before = stage.calls.size();
    Item one = item();
    if (failed()) return;
    if (stage.calls.size() == before) {
      return fail(item_begin, shared_.lexer.behind(), "an aggregate such as count(*) is expected");
    }
    calls.push_back(std::move(one));
  } while (take_sign(","));
  aggregate_ = nullptr;
  std::vector<Item> keys;
  if (take_word("by")) {
    do {
      keys.push_back(item());
    } while (take_sign(","));
  }
  if (failed()) return;
  (void)begin;
  Names names;
  names.events = false;
  output_.clear();
  const auto text_key = [](std::string name) {
    std::erase_if(name, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
    return name;
  };
  for (Item& key : keys) {
    const Slot slot = new_slot();
    stage.keys.push_back({std::move(key.expression), slot});
    names.columns.insert_or_assign(text_key(key.name), Expression::of_slot(slot));
    names.columns.insert_or_assign(key.name, Expression::of_slot(slot));
    output_.push_back({key.name, slot, false});
  }
  plan_->stages.emplace_back(std::move(stage));
  for (Item& call : calls) {
    const Slot slot = slot_of(std::move(call.expression));
    names.columns.insert_or_assign(text_key(call.name), Expression::of_slot(slot));
    names.columns.insert_or_assign(call.name, Expression::of_slot(slot));
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

// ---- pattern, diff, anomaly --------------------------------------------------------------------

void Compiler::command_pattern(size_t) {
  rows::Patterns stage;
  stage.text = expression();
  if (failed()) return;
  Names names;
  names.events = false;
  output_.clear();
  const auto add = [&](std::string_view name, bool computed) {
    const Slot slot = new_slot();
    names.columns.emplace(name, Expression::of_slot(slot));
    output_.push_back({std::string(name), slot, computed});
    return slot;
  };
  stage.pattern = add("@pattern", false);
  stage.count = add("@sampleCount", false);
  stage.ratio = add("@ratio", true);
  stage.severity = add("@severityLabel", false);
  plan_->stages.emplace_back(std::move(stage));
  names_ = std::move(names);
  output_given_ = true;
  output_of_fields_ = false;
}

// Of the command before, or of messages.
rows::Patterns& Compiler::patterns(size_t begin) {
  static rows::Patterns none;
  auto* before = plan_->stages.empty() ? nullptr
                                       : std::get_if<rows::Patterns>(&plan_->stages.back());
  if (before != nullptr) return *before;
  if (!names_.events) {
    fail(begin, shared_.lexer.behind(), "this stands behind pattern, or where rows are events");
    return none;
  }
  rows::Patterns stage;
  FieldName message;
  message.levels.push_back({std::string(store::kMessagePath), false});
  message.full = store::kMessagePath;
  stage.text = resolve(message);
  names_ = {.events = false, .columns = {}};
  output_.clear();
  const auto add = [&](std::string_view name, bool computed) {
    const Slot slot = new_slot();
    define(std::string(name), Expression::of_slot(slot));
    output_.push_back({std::string(name), slot, computed});
    return slot;
  };
  stage.pattern = add("@pattern", false);
  stage.count = add("@sampleCount", false);
  stage.ratio = add("@ratio", true);
  stage.severity = add("@severityLabel", false);
  output_given_ = true;
  output_of_fields_ = false;
  plan_->stages.emplace_back(std::move(stage));
  return std::get<rows::Patterns>(plan_->stages.back());
}

void Compiler::command_diff(size_t begin) {
  struct Row {
    std::string_view name;
    int64_t days;
  };
  constexpr std::array<Row, 3> kEarlier{
      {{"previousDay", 1}, {"previousWeek", 7}, {"previousMonth", 30}}};
  rows::Patterns::Difference difference;
  for (const Row& row : kEarlier) {
    if (take_word(row.name)) difference.earlier_ms = row.days * 86'400'000;
  }
  rows::Patterns& stage = patterns(begin);
  if (failed()) return;
  difference.difference = new_slot();
  difference.description = new_slot();
  define("@differenceCount", Expression::of_slot(difference.difference));
  define("@differenceDescription", Expression::of_slot(difference.description));
  output_.push_back({"@differenceCount", difference.difference, false});
  output_.push_back({"@differenceDescription", difference.description, false});
  stage.difference = difference;
}

void Compiler::command_anomaly(size_t begin) {
  rows::Patterns& stage = patterns(begin);
  if (failed()) return;
  rows::Patterns::Anomalies anomalies{new_slot(), new_slot(), new_slot()};
  const auto add = [&](std::string name, Slot slot, bool computed) {
    define(name, Expression::of_slot(slot));
    output_.push_back({std::move(name), slot, computed});
  };
  add("@anomalyScore", anomalies.score, true);
  add("@anomalyType", anomalies.type, false);
  add("@anomalyDescription", anomalies.description, false);
  stage.anomalies = anomalies;
}

// ---- unnest, lookup, join, addtotals, SOURCE ---------------------------------------------------

void Compiler::command_unnest(size_t) {
  rows::Unnest stage;
  stage.list = expression();
  expect_word("into");
  const std::string name = new_name("a name");
  if (failed()) return;
  stage.slot = new_slot();
  define(name, Expression::of_slot(stage.slot));
  plan_->stages.emplace_back(std::move(stage));
}

void Compiler::command_lookup(size_t) {
  rows::Lookup stage;
  stage.table = new_name("the name of a lookup table");
  do {
    const std::string column = new_name("a column of the lookup table");
    if (failed()) return;
    FieldName same;
    same.levels.push_back({column, false});
    same.full = column;
    stage.keys.emplace_back(column, take_word("as") ? expression() : resolve(same));
  } while (take_sign(","));
  expect_word("OUTPUT");
  std::vector<std::pair<std::string, Slot>> defined;
  do {
    const std::string column = new_name("a column of the lookup table");
    if (failed()) return;
    rows::Lookup::Output output{.column = column, .slot = new_slot(), .otherwise = {}};
    defined.emplace_back(column, output.slot);
    stage.outputs.push_back(std::move(output));
  } while (take_sign(","));
  plan_->stages.emplace_back(std::move(stage));
  if (!output_given_) {
    const auto event = [&](std::string name) {
      FieldName field;
      field.levels.push_back({name, false});
      field.full = name;
      output_.push_back({name, slot_of(resolve(field)), false});
    };
    event("@timestamp");
    event("@message");
    output_given_ = true;
    output_of_fields_ = true;
  }
  for (const auto& [name, slot] : defined) {
    define(name, Expression::of_slot(slot));
    const auto known = std::ranges::find(output_, name, &rows::OutputColumn::name);
    if (known != output_.end()) {
      known->slot = slot;
    } else {
      output_.push_back({name, slot, false});
    }
  }
}

void Compiler::command_join(size_t begin) {
  rows::Join stage;
  const auto option = [&](std::string_view name) -> std::string {
    if (!take_word(name)) return {};
    expect_sign("=");
    return new_name("a name");
  };
  if (at_word("type")) {
    const Token at = now();
    const std::string type = option("type");
    if (equals_ignore_case(type, "left")) {
      stage.type = rows::Join::Type::Left;
    } else if (!equals_ignore_case(type, "inner")) {
      return fail(at.begin, shared_.lexer.behind(), "the type of a join is inner or left");
    }
  }
  JoinedNames join;
  join.left = option("left");
  join.right = option("right");
  if (join.left.empty() || join.right.empty() || join.left == join.right) {
    return unexpected("left=a right=b, with two names,");
  }
  expect_word("where");
  std::vector<std::array<FieldName, 2>> pairs;
  do {
    FieldName a = field_name();
    expect_sign("=");
    FieldName b = field_name();
    if (failed()) return;
    if (a.levels[0].text == join.right) std::swap(a, b);
    const bool right = a.levels[0].text == join.left && b.levels[0].text == join.right &&
                       a.levels.size() > 1 && b.levels.size() > 1;
    if (!right) {
      return fail(std::min(a.begin, b.begin), std::max(a.end, b.end),
                  fmt::format("{0}.field = {1}.field is expected", join.left, join.right));
    }
    pairs.push_back({std::move(a), std::move(b)});
  } while (take_word("and"));
  expect_sign("(");
  if (failed()) return;
  if (level_ + 1 > kSubqueryDepthMax) {
    return fail(begin, shared_.lexer.behind(),
                fmt::format("queries in queries over {} levels", kSubqueryDepthMax));
  }
  join.compiler = std::make_unique<Compiler>(shared_, level_ + 1);
  join.compiler->query();
  expect_sign(")");
  if (failed()) return;
  const auto without_alias = [](FieldName name) {
    name.full = name.full.substr(name.levels[0].text.size() + 1);
    name.levels.erase(name.levels.begin());
    return name;
  };
  for (const auto& [a, b] : pairs) {
    stage.left_keys.push_back(resolve(without_alias(a)));
    const Slot key = join.compiler->slot_of(join.compiler->resolve(without_alias(b)));
    stage.right_keys.push_back(Expression::of_slot(key));
  }
  join.stage = plan_->stages.size();
  plan_->stages.emplace_back(std::move(stage));
  joins_.push_back(std::move(join));
}

void Compiler::command_addtotals(size_t) {
  std::string total = "Total";
  bool row = true;
  rows::AddTotals stage;
  std::vector<Item> chosen;
  const auto truth = [&]() -> bool {
    expect_sign("=");
    if (take_word("true")) return true;
    if (!take_word("false")) unexpected("true or false");
    return false;
  };
  while (!failed()) {
    if (take_word("fieldname")) {
      expect_sign("=");
      total = new_name("a name");
    } else if (take_word("row")) {
      row = truth();
    } else if (take_word("col")) {
      stage.column_totals = truth();
    } else {
      break;
    }
  }
  if (!failed() && (now().kind == TokenKind::Word || now().kind == TokenKind::Name)) {
    do {
      chosen.push_back(item());
    } while (take_sign(","));
  }
  if (failed()) return;
  for (const rows::OutputColumn& column : output_) {
    stage.carried.push_back(column.slot);
    if (chosen.empty()) stage.columns.emplace_back(column.name, column.slot);
  }
  for (Item& one : chosen) {
    stage.columns.emplace_back(one.name, slot_of(std::move(one.expression)));
  }
  if (row) {
    stage.row_total = new_slot();
    define(total, Expression::of_slot(*stage.row_total));
    output_.push_back({total, *stage.row_total, true});
  }
  plan_->stages.emplace_back(std::move(stage));
}

std::vector<std::string> Compiler::text_list() {
  std::vector<std::string> out;
  expect_sign("[");
  do {
    out.push_back(text_literal("a text in quotes"));
  } while (take_sign(","));
  expect_sign("]");
  return out;
}

void Compiler::source_option(rows::SourceGroups& source) {
  const Token option = now();
  const std::string name = new_name("an option of logGroups");
  if (!take_sign(":")) expect_sign("=");
  if (failed()) return;
  const auto too_many = [&](const std::vector<std::string>& list, size_t most) {
    if (list.size() > most) {
      fail(option.begin, shared_.lexer.behind(), fmt::format("more than {} values", most));
    }
  };
  if (equals_ignore_case(name, "namePrefix")) {
    source.prefixes = text_list();
    too_many(source.prefixes, 5);
  } else if (equals_ignore_case(name, "accountIdentifier") ||
             equals_ignore_case(name, "accountIdentifiers")) {
    source.accounts = text_list();
    too_many(source.accounts, 20);
  } else if (equals_ignore_case(name, "logGroupClass") || equals_ignore_case(name, "class")) {
    const auto classes = text_list();
    too_many(classes, 1);
    if (!classes.empty()) source.log_class = classes[0];
  } else {
    fail(option.begin, option.end, fmt::format("logGroups has no option {}", quoted(name)));
  }
}

void Compiler::command_source(size_t begin) {
  if (commands_ > 0) {
    return fail(begin, shared_.lexer.behind(), "SOURCE is the first command of a query");
  }
  rows::SourceGroups source;
  source.position = begin;
  if (take_word("logGroups")) {
    expect_sign("(");
    source.all = true;
    if (!at_sign(")")) {
      do {
        source_option(source);
      } while (take_sign(","));
    }
    expect_sign(")");
  } else {
    do {
      source.names.push_back(text_literal("logGroups(...) or the name of a log group in quotes"));
    } while (take_sign(","));
  }
  plan_->source = std::move(source);
}

std::vector<Doc> command_docs() {
  std::vector<Doc> out;
  for (const Compiler::CommandRow& row : Compiler::commands()) {
    out.push_back({"command", row.name, row.signature, row.doc});
  }
  return out;
}

}  // namespace kansoku::query::logs_insights
