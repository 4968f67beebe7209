#include "base/text/ascii.h"
#include "query/logs_insights/compiler.h"
#include "query/logs_insights/functions.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {

using rows::Expression;
using rows::Slot;

void Compiler::command_pattern(size_t) {
  Expression text = expression();
  if (!failed()) add_patterns(std::move(text));
}

rows::Patterns& Compiler::add_patterns(Expression text) {
  rows::Patterns stage;
  stage.text = std::move(text);
  names_ = {.events = false, .columns = {}};
  output_.clear();
  const auto add = [&](const std::string& name, bool computed) {
    const Slot slot = new_slot();
    define(name, Expression::of_slot(slot));
    output_.push_back({name, slot, computed});
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

// Of the command before, or of messages; null where neither can be.
rows::Patterns* Compiler::patterns(size_t begin) {
  auto* before =
      plan_->stages.empty() ? nullptr : std::get_if<rows::Patterns>(&plan_->stages.back());
  if (before != nullptr) return before;
  if (!names_.events) {
    fail(begin, shared_.lexer.behind(), "this stands behind pattern, or where rows are events");
    return nullptr;
  }
  return &add_patterns(resolve(name_of(store::kMessagePath)));
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
  rows::Patterns* stage = failed() ? nullptr : patterns(begin);
  if (stage == nullptr) return;
  difference.difference = new_slot();
  difference.description = new_slot();
  define("@differenceCount", Expression::of_slot(difference.difference));
  define("@differenceDescription", Expression::of_slot(difference.description));
  output_.push_back({"@differenceCount", difference.difference, false});
  output_.push_back({"@differenceDescription", difference.description, false});
  stage->difference = difference;
}

void Compiler::command_anomaly(size_t begin) {
  rows::Patterns* stage = failed() ? nullptr : patterns(begin);
  if (stage == nullptr) return;
  rows::Patterns::Anomalies anomalies{new_slot(), new_slot(), new_slot()};
  const auto add = [&](std::string name, Slot slot, bool computed) {
    define(name, Expression::of_slot(slot));
    output_.push_back({std::move(name), slot, computed});
  };
  add("@anomalyScore", anomalies.score, true);
  add("@anomalyType", anomalies.type, false);
  add("@anomalyDescription", anomalies.description, false);
  stage->anomalies = anomalies;
}

}  // namespace kansoku::query::logs_insights
