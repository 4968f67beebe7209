#include "store/event_filter.h"

#include <algorithm>

#include "store/regex.h"

namespace kansoku::store {
namespace {

using Op = EventPredicate::Op;
using signal::ColumnType;

// A predicate with its expression.
struct Test {
  const EventPredicate* predicate = nullptr;
  const Regex* regex = nullptr;

  bool text(std::string_view value) const {
    const std::string& wanted = predicate->text;
    switch (predicate->op) {
      case Op::Contains:
        return value.find(wanted) != std::string_view::npos;
      case Op::StartsWith:
        return value.starts_with(wanted);
      case Op::Regex:
        return regex->matches(value);
      case Op::TextEqual:
        return value == wanted;
      default:
        return false;
    }
  }
  bool number(double value) const {
    const double wanted = predicate->number;
    switch (predicate->op) {
      case Op::NumberEqual:
        return value == wanted;
      case Op::NumberLess:
        return value < wanted;
      case Op::NumberLessOrEqual:
        return value <= wanted;
      case Op::NumberGreater:
        return value > wanted;
      case Op::NumberGreaterOrEqual:
        return value >= wanted;
      default:
        return false;
    }
  }
};

bool asks_text(Op op) {
  return op == Op::Contains || op == Op::StartsWith || op == Op::Regex || op == Op::TextEqual;
}
bool asks_number(Op op) {
  return op == Op::NumberEqual || op == Op::NumberLess || op == Op::NumberLessOrEqual ||
         op == Op::NumberGreater || op == Op::NumberGreaterOrEqual;
}

// Texts of a dictionary are asked once each.
void mark_texts(const Test& test, const EventValues& values, std::span<uint8_t> hit) {
  if (values.dictionary.empty()) {
    for (size_t row = 0; row < hit.size(); ++row) {
      if (!hit[row] && values.has(row)) hit[row] = test.text(values.texts[row]);
    }
    return;
  }
  std::vector<uint8_t> holds(values.dictionary.size());
  for (size_t i = 0; i < holds.size(); ++i) holds[i] = test.text(values.dictionary[i]);
  for (size_t row = 0; row < hit.size(); ++row) {
    if (values.has(row)) hit[row] |= holds[values.codes[row]];
  }
}

void mark_column(const Test& test, const EventValues& values, std::span<uint8_t> hit) {
  const Op op = test.predicate->op;
  const auto each = [&](auto&& holds) {
    for (size_t row = 0; row < hit.size(); ++row) {
      if (values.has(row)) hit[row] |= static_cast<uint8_t>(holds(row));
    }
  };
  if (op == Op::Present) {
    each([](size_t) { return true; });
  } else if (asks_text(op)) {
    if (values.type == ColumnType::Text) mark_texts(test, values, hit);
  } else if (op == Op::BoolEqual) {
    if (values.type != ColumnType::Bool) return;
    each([&](size_t row) { return (values.integers[row] != 0) == test.predicate->truth; });
  } else if (asks_number(op) && values.type == ColumnType::Int64) {
    each([&](size_t row) { return test.number(static_cast<double>(values.integers[row])); });
  } else if (asks_number(op) && values.type == ColumnType::Float64) {
    each([&](size_t row) { return test.number(values.floats[row]); });
  }
}

}  // namespace

struct EventFilter::State {
  std::vector<EventClause> clauses;
  std::vector<std::unique_ptr<Regex>> regexes;
  std::vector<std::vector<Test>> tests;  // by clause
};

EventFilter::EventFilter(std::unique_ptr<const State> state) : state_(std::move(state)) {}
EventFilter::EventFilter(EventFilter&&) noexcept = default;
EventFilter& EventFilter::operator=(EventFilter&&) noexcept = default;
EventFilter::~EventFilter() = default;

std::span<const EventClause> EventFilter::clauses() const { return state_->clauses; }

Result<EventFilter> EventFilter::make(std::span<const EventClause> clauses) {
  auto state = std::make_unique<State>();
  state->clauses.assign(clauses.begin(), clauses.end());
  for (const EventClause& clause : state->clauses) {
    std::vector<Test>& tests = state->tests.emplace_back();
    for (const EventPredicate& predicate : clause) {
      Test& test = tests.emplace_back(Test{&predicate, nullptr});
      if (predicate.op != Op::Regex) continue;
      KANSOKU_TRY(Regex regex, Regex::compile_search(predicate.text));
      test.regex = state->regexes.emplace_back(std::make_unique<Regex>(std::move(regex))).get();
    }
  }
  return EventFilter(std::move(state));
}

Status EventFilter::mark(EventRows& rows, size_t clause, std::span<uint8_t> hit) const {
  for (const Test& test : state_->tests[clause]) {
    KANSOKU_TRY(const std::span<const EventValues> columns, rows.columns(test.predicate->path));
    if (test.predicate->op != Op::Absent) {
      for (const EventValues& values : columns) mark_column(test, values, hit);
      continue;
    }
    for (size_t row = 0; row < hit.size(); ++row) {
      const auto has = [&](const EventValues& values) { return values.has(row); };
      if (std::ranges::none_of(columns, has)) hit[row] = 1;
    }
  }
  return {};
}

Result<std::vector<uint32_t>> EventFilter::rows(EventRows& rows) const {
  std::vector<uint8_t> all(rows.size(), 1);
  std::vector<uint8_t> hit;
  for (size_t clause = 0; clause < state_->tests.size(); ++clause) {
    if (rows.checked(clause)) continue;
    hit.assign(rows.size(), 0);
    KANSOKU_RETURN_IF_ERROR(mark(rows, clause, hit));
    for (size_t row = 0; row < all.size(); ++row) all[row] &= hit[row];
  }
  std::vector<uint32_t> out;
  for (uint32_t row = 0; row < all.size(); ++row) {
    if (all[row]) out.push_back(row);
  }
  return out;
}

}  // namespace kansoku::store
