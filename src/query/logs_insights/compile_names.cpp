#include "base/text/ascii.h"
#include "query/logs_insights/compiler.h"
#include "query/logs_insights/functions.h"
#include "query/logs_insights/values.h"
#include "store/json_leaves.h"

namespace kansoku::query::logs_insights {

using rows::Expression;
using rows::Slot;
using rows::SlotSource;
using rows::Value;

namespace {

struct SpecialRow {
  std::string_view name;
  SlotSource::Type type;
};
constexpr std::array<SpecialRow, 5> kSpecial{{{"@timestamp", SlotSource::Type::Timestamp},
                                              {"@ingestionTime", SlotSource::Type::Ingestion},
                                              {"@logStream", SlotSource::Type::Stream},
                                              {"@log", SlotSource::Type::Group},
                                              {"@ptr", SlotSource::Type::Pointer}}};

// More dots than these are taken as all levels, or all part of one name.
constexpr size_t kDotsMax = 3;

// A dot of a name may be a level of JSON, or a part of a member's name: every reading of it.
std::vector<std::string> paths_of(const FieldName& name) {
  std::vector<std::string> words;
  std::string_view rest = name.full;
  while (true) {
    const size_t dot = rest.find('.');
    words.emplace_back(rest.substr(0, dot));
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  const size_t dots = words.size() - 1;
  const size_t readings = dots <= kDotsMax ? size_t{1} << dots : 2;
  std::vector<std::string> out;
  for (size_t reading = 0; reading < readings; ++reading) {
    std::string path;
    std::string level = words[0];
    for (size_t i = 0; i < dots; ++i) {
      const bool joined = dots <= kDotsMax ? (reading >> i & 1U) != 0 : reading != 0;
      if (joined) {
        level += "." + words[i + 1];
        continue;
      }
      store::append_path_level(level, path);
      level = words[i + 1];
    }
    store::append_path_level(level, path);
    out.push_back(std::move(path));
  }
  return out;
}

}  // namespace

Slot Compiler::new_slot() {
  plan_->slots.emplace_back();
  return static_cast<Slot>(plan_->slots.size() - 1);
}

Slot Compiler::source_slot(SlotSource source) {
  std::string key = std::to_string(static_cast<int>(source.type));
  for (const std::string& path : source.paths) key += "\n" + path;
  const auto known = sources_.find(key);
  if (known != sources_.end()) return known->second;
  const Slot out = new_slot();
  plan_->slots[out] = std::move(source);
  sources_.emplace(std::move(key), out);
  return out;
}

Slot Compiler::slot_of(Expression expression) {
  if (expression.type == Expression::Type::Column) return expression.slot;
  const Slot out = new_slot();
  plan_->stages.emplace_back(rows::Compute{std::move(expression), out});
  return out;
}

void Compiler::define(const std::string& name, Expression expression) {
  names_.columns.insert_or_assign(name, std::move(expression));
}

FieldName Compiler::name_of(std::string_view name) {
  FieldName out;
  out.full = name;
  out.levels.push_back({std::string(name), false});
  return out;
}

FieldName Compiler::field_name() {
  FieldName out;
  out.begin = now().begin;
  const auto add = [&](std::string text, bool is_quoted) {
    if (!out.full.empty()) out.full += '.';
    out.full += text;
    out.levels.push_back({std::move(text), is_quoted});
  };
  const auto level = [&]() -> bool {
    const bool is_name = now().kind == TokenKind::Word || now().kind == TokenKind::Name ||
                         (now().kind == TokenKind::Number && !out.levels.empty());
    if (!is_name) {
      unexpected("the name of a field");
      return false;
    }
    add(now().text, now().kind == TokenKind::Name);
    shared_.lexer.next();
    return true;
  };
  if (!level()) return out;
  while (!failed() && now().begin == shared_.lexer.behind()) {
    if (now().kind == TokenKind::Number && now().text.starts_with('.')) {  // a.0
      add(now().text.substr(1), false);
      shared_.lexer.next();
    } else if (take_sign(".")) {
      if (!level()) return out;
    } else if (take_sign("[")) {
      add(std::to_string(whole_number("the number of an item", 1'000'000)), false);
      expect_sign("]");
    } else {
      break;
    }
  }
  out.end = shared_.lexer.behind();
  return out;
}

std::optional<Expression> Compiler::joined_field(const FieldName& name) {
  if (name.levels.size() < 2 || joins_.empty()) return std::nullopt;
  FieldName rest = name;
  rest.levels.erase(rest.levels.begin());
  rest.full = name.full.substr(name.levels[0].text.size() + 1);
  for (JoinedNames& join : joins_) {
    if (name.levels[0].text == join.left) return resolve(rest);
    if (name.levels[0].text != join.right) continue;
    const Slot right = join.compiler->slot_of(join.compiler->resolve(rest));
    const auto known = join.columns.find(right);
    if (known != join.columns.end()) return Expression::of_slot(known->second);
    const Slot here = new_slot();
    join.columns.emplace(right, here);
    return Expression::of_slot(here);
  }
  return std::nullopt;
}

Expression Compiler::event_field(const FieldName& name) {
  for (const SpecialRow& row : kSpecial) {
    if (row.name == name.full) return Expression::of_slot(source_slot({row.type, {}}));
  }
  const Slot field = source_slot({SlotSource::Type::Field, paths_of(name)});
  const auto known = discovered_fields();
  const auto found = std::ranges::find(known, name.full);
  if (found == known.end()) return Expression::of_slot(field);
  const Slot message = source_slot({SlotSource::Type::Field, {std::string(store::kMessagePath)}});
  std::vector<Expression> of_message;
  of_message.push_back(Expression::of_slot(message));
  of_message.push_back(Expression::of_literal(Value::of_int(found - known.begin())));
  std::vector<Expression> both;
  both.push_back(Expression::of_slot(field));
  both.push_back(Expression::of_call(operation("discovered"), std::move(of_message)));
  return Expression::of_call(*find_function("coalesce"), std::move(both));
}

Expression Compiler::resolve(const FieldName& name) {
  const auto known = names_.columns.find(name.full);
  if (known != names_.columns.end()) return known->second;
  // Into a map or list that has a name: the longest one that fits.
  std::string path;
  std::string prefix = name.full;
  for (size_t levels = name.levels.size(); levels > 1; --levels) {
    const std::string& last = name.levels[levels - 1].text;
    path = path.empty() ? last : last + "." + path;
    prefix.resize(prefix.size() - last.size() - 1);
    const auto whole = names_.columns.find(prefix);
    if (whole == names_.columns.end()) continue;
    std::vector<Expression> arguments{whole->second, Expression::of_literal(Value::of_text(path))};
    return Expression::of_call(operation("json_at"), std::move(arguments));
  }
  if (auto joined = joined_field(name)) return std::move(*joined);
  if (names_.events) return event_field(name);
  return Expression::of_literal({});  // rows have no such column
}

}  // namespace kansoku::query::logs_insights
