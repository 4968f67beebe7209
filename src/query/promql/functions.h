// The functions of PromQL: one row each. Parser, evaluator, completion and the reference page read
// it.
//
// Thread contract: constant tables, free-threaded.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "query/promql/ast.h"

namespace kansoku::query::promql {

struct RangeCall;
struct VectorCall;
// One series, one step: true when it put a result.
using RangeFunction = bool (*)(RangeCall&);
// All series of one step.
using VectorFunction = void (*)(VectorCall&);
// What the evaluator itself must do, as it needs more than values.
enum class SpecialFunction : uint8_t {
  None,
  Absent,
  AbsentOverTime,
  Info,
  LabelReplace,
  LabelJoin,
  Timestamp,
  StartTimestamp,
};

inline constexpr size_t kArgumentsMax = 5;

struct FunctionRow {
  std::string_view name;
  std::array<ValueType, kArgumentsMax> args{};
  size_t arg_count = 0;
  // 0: as many arguments as listed. n > 0: the last listed may be left out or repeated up to n
  // times. -1: any number of it.
  int variadic = 0;
  ValueType result = ValueType::Vector;
  RangeFunction range = nullptr;
  VectorFunction vector = nullptr;
  SpecialFunction special = SpecialFunction::None;
  bool experimental = false;
  bool keeps_name = false;
  bool anchored = false;  // takes `anchored` ranges
  bool smoothed = false;
  std::string_view doc;
};

std::span<const FunctionRow> functions();
// Null when there is none. Names are case-sensitive, as in Prometheus.
const FunctionRow* find_function(std::string_view name);

}  // namespace kansoku::query::promql
