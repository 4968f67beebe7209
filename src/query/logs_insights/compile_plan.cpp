#include "query/logs_insights/compiler.h"
#include "query/logs_insights/functions.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {

using rows::Expression;
using rows::Slot;
using rows::SlotSource;

namespace {

template <class Type>
bool is(const rows::Stage& stage) {
  return std::holds_alternative<Type>(stage);
}

// Rows go through it one by one.
bool passes(const rows::Stage& stage) {
  return is<rows::Filter>(stage) || is<rows::Compute>(stage) || is<rows::Extract>(stage) ||
         is<rows::Unnest>(stage) || is<rows::Lookup>(stage) || is<rows::Join>(stage);
}

bool shapes_rows(const rows::Stage& stage) {
  return is<rows::Aggregate>(stage) || is<rows::Patterns>(stage);
}

}  // namespace

void Compiler::show_events() {
  for (const std::string name : {"@timestamp", "@message"}) {
    output_.push_back({name, slot_of(resolve(name_of(name))), false});
  }
}

void Compiler::finish_joins() {
  for (JoinedNames& join : joins_) {
    auto& stage = std::get<rows::Join>(plan_->stages[join.stage]);
    for (const auto& [right, here] : join.columns) stage.columns.emplace_back(right, here);
    auto right = std::make_shared<rows::Plan>(*join.compiler->finish());
    // What is read of the right side stands in its output, so that its stages keep it.
    right->output.clear();
    for (const auto& [slot, here] : stage.columns) right->output.push_back({"", slot, false});
    for (const Expression& key : stage.right_keys) {
      right->output.push_back({"", key.slot, false});
    }
    right->pointer.reset();
    stage.right = std::move(right);
  }
}

// How the scan goes: newest first where the order of events is seen, as it is cheapest else. A
// sort by time that stands first is the scan's.
void Compiler::order_rows() {
  std::vector<rows::Stage>& stages = plan_->stages;
  plan_->order = store::EventOrder::NewestFirst;
  const auto first = std::ranges::find_if_not(stages, passes);
  if (first == stages.end()) return;
  if (shapes_rows(*first)) plan_->order = store::EventOrder::Any;
  const auto* sort = std::get_if<rows::Sort>(&*first);
  if (sort == nullptr) return;
  const rows::SlotSource& source = plan_->slots[sort->keys[0].expression.slot];
  if (sort->keys.size() != 1 || source.type != SlotSource::Type::Timestamp) return;
  plan_->order =
      sort->keys[0].descending ? store::EventOrder::NewestFirst : store::EventOrder::OldestFirst;
  stages.erase(first);
}

std::shared_ptr<const rows::Plan> Compiler::finish() {
  plan_->semantics = &semantics();
  if (!output_given_) show_events();
  plan_->output = output_;
  std::vector<rows::Stage>& stages = plan_->stages;
  if (std::ranges::none_of(stages, shapes_rows)) {
    plan_->pointer = source_slot({SlotSource::Type::Pointer, {}});
  }
  finish_joins();
  // Groups without a sort have an order all the same: by their keys.
  const auto last = std::ranges::find_if(stages.rbegin(), stages.rend(), shapes_rows);
  const bool ordered = std::any_of(stages.rbegin(), last, is<rows::Sort>);
  if (last != stages.rend() && is<rows::Aggregate>(*last) && !ordered) {
    rows::Sort sort;
    for (const rows::Aggregate::Key& key : std::get<rows::Aggregate>(*last).keys) {
      sort.keys.push_back({Expression::of_slot(key.slot), false});
    }
    if (!sort.keys.empty()) stages.insert(last.base(), std::move(sort));
  }
  order_rows();
  if (level_ == 0) stages.emplace_back(rows::Limit{kRowsMax, false});
  for (size_t i = 0; i + 1 < stages.size(); ++i) {
    auto* sort = std::get_if<rows::Sort>(&stages[i]);
    const auto* limit = std::get_if<rows::Limit>(&stages[i + 1]);
    if (sort != nullptr && limit != nullptr && !limit->last) sort->limit = limit->rows;
  }
  return plan_;
}

std::expected<std::shared_ptr<const rows::Plan>, Problem> compile(std::string_view text) {
  if (text.size() > kQueryBytesMax) {
    return std::unexpected(
        Problem{kQueryBytesMax, text.size(),
                fmt::format("query of {} bytes, limit {}", text.size(), kQueryBytesMax)});
  }
  Compiler::Shared shared{Lexer(text), std::nullopt};
  Compiler compiler(shared);
  compiler.query();
  if (!shared.problem && shared.lexer.now().kind != TokenKind::End) {
    const Token& token = shared.lexer.now();
    shared.problem = Problem{
        token.begin, token.end,
        token.kind == TokenKind::Bad
            ? token.text
            : fmt::format("{} where | or the end of the query is expected", quoted(token.text))};
  }
  if (shared.problem) return std::unexpected(std::move(*shared.problem));
  return compiler.finish();
}

std::vector<Doc> command_docs();

std::vector<Doc> docs() {
  std::vector<Doc> out = command_docs();
  for (const rows::Function& one : operations()) {
    if (!one.doc.empty()) out.push_back({one.group, one.name, one.signature, one.doc});
  }
  for (const rows::Function& one : functions()) {
    out.push_back({one.group, one.name, one.signature, one.doc});
  }
  for (const rows::AggregateFunction& one : aggregates()) {
    out.push_back({one.group, one.name, one.signature, one.doc});
  }
  return out;
}

}  // namespace kansoku::query::logs_insights
