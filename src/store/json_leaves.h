// The leaves of a JSON message: what makes the members of a log event fields.
//
// A message has leaves when it is one JSON object (RFC 8259; white space around it). Members of
// objects and items of lists are levels of a path, items by their number from 0: {"a":{"b":[true]}}
// has the leaf a.b.0. A '.' or '\' in a name is escaped with '\'; a name at the top that begins
// with '@' gets another one before it. Strings are text (unescaped), numbers without fraction and
// exponent that fit are Int64, others Float64, true and false are Bool. null, {} and [] are no
// leaves. Of leaves with one path the first counts. A message nested deeper than 64 levels has
// none; of more than kJsonLeavesMax leaves the first ones count, and those whose path is longer
// than kEventPathBytesMax do not.
// Thread contract: free function.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "signal/event_batch.h"

namespace kansoku::store {

inline constexpr size_t kJsonLeavesMax = 1'000;

struct JsonLeaf {
  std::string path;
  std::variant<std::string, int64_t, double, bool> value;
};
// The plain way, by the JSON reader. Engines may be quicker, with the same outcome.
std::vector<JsonLeaf> json_leaves(std::string_view message);

using signal::append_path_level;

}  // namespace kansoku::store
