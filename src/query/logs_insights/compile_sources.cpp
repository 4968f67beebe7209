#include "base/text/ascii.h"
#include "query/logs_insights/compiler.h"
#include "query/logs_insights/functions.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {

using rows::Expression;
using rows::Slot;

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
    stage.keys.emplace_back(column, take_word("as") ? expression() : resolve(name_of(column)));
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
    show_events();
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

std::string Compiler::option(std::string_view name) {
  if (!take_word(name)) return {};
  expect_sign("=");
  return new_name("a name");
}

// a.x = b.y, in either order: the field of the left side, and that of the right one.
std::array<FieldName, 2> Compiler::join_pair(const JoinedNames& join) {
  FieldName a = field_name();
  expect_sign("=");
  FieldName b = field_name();
  if (failed()) return {};
  const size_t begin = a.begin;
  const size_t end = b.end;
  if (a.levels[0].text == join.right) std::swap(a, b);
  const bool right = a.levels[0].text == join.left && b.levels[0].text == join.right &&
                     a.levels.size() > 1 && b.levels.size() > 1;
  if (!right) {
    fail(begin, end, fmt::format("{0}.field = {1}.field is expected", join.left, join.right));
    return {};
  }
  for (FieldName* name : {&a, &b}) {
    name->full = name->full.substr(name->levels[0].text.size() + 1);
    name->levels.erase(name->levels.begin());
  }
  return {std::move(a), std::move(b)};
}

void Compiler::command_join(size_t begin) {
  rows::Join stage;
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
    pairs.push_back(join_pair(join));
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
  for (const auto& [left, right] : pairs) {
    stage.left_keys.push_back(resolve(left));
    const Slot key = join.compiler->slot_of(join.compiler->resolve(right));
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

}  // namespace kansoku::query::logs_insights
