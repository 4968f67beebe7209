// The program's own metrics as the reference server shows its own: metric families in the JSON form
// of protobuf. Thread contract: free functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/regex.h"
#include "wire/json/json_writer.h"

namespace kansoku::api::prometheus {

// `exposition` is OpenMetrics text of gauges and counters. Families whose whole name `pattern`
// matches (null: all); series with a label `account` only where it is the caller's.
Status append_self_metrics(std::string_view exposition, const store::Regex* pattern,
                           std::string_view account, wire::JsonWriter& json);

}  // namespace kansoku::api::prometheus
