// Snappy's block format (google/snappy, format_description.txt). See README.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kansoku::wire {

// The block expanded into `out`, whose capacity is used again. ResourceExhausted when it claims
// more than bytes_max, InvalidArgument when it is no snappy block.
Status snappy_decode(std::string_view block, size_t bytes_max, std::string& out);
// The length that the block claims, unverified; nothing when there is none. For budgets.
std::optional<size_t> snappy_claimed_bytes(std::string_view block);
std::string snappy_encode(std::string_view bytes);

}  // namespace kansoku::wire
