// One row a modelled operation: its request and answer as described types.
#pragma once

#include <memory>
#include <string_view>

#include "base/describe/table.h"

namespace kansoku::aws {

struct NoInput {};

struct OperationShapes {
  std::string_view name;
  const describe::Type* input = nullptr;
  const describe::Type* output = nullptr;  // null: the operation answers nothing
  // An empty request.
  std::shared_ptr<void> (*make_input)() = nullptr;
};

template <class Input>
constexpr OperationShapes operation(std::string_view name, const describe::Typed<Input>& input,
                                    const describe::Type* output) {
  return {name, &input, output,
          []() -> std::shared_ptr<void> { return std::make_shared<Input>(); }};
}

// The row of that name, or null.
template <class Rows>
const OperationShapes* find_operation(const Rows& rows, std::string_view name) {
  for (const OperationShapes& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace kansoku::aws
