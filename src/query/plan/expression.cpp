#include "query/plan/plan.h"

namespace kansoku::query::rows {

Expression Expression::of_literal(const Value& value) {
  Expression out;
  out.literal = value;
  out.text = value.text;
  out.literal.text = {};
  return out;
}

Expression Expression::of_slot(Slot slot) {
  Expression out;
  out.type = Type::Column;
  out.slot = slot;
  return out;
}

Expression Expression::of_call(const Function& function, std::vector<Expression> arguments) {
  Expression out;
  out.type = Type::Call;
  out.function = &function;
  out.arguments = std::move(arguments);
  return out;
}

}  // namespace kansoku::query::rows
