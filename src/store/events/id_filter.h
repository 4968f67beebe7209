// A filter of ids: what is not in it is none of them (docs/formats/event-part.md, "Filters").
// Blocks of 256 bits, eight bits an id, one in each word (F. Putze, P. Sanders, J. Singler,
// "Cache-, Hash- and Space-Efficient Bloom Filters"). Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kansoku::store::events {

// Of `count` ids of `bytes` each, one behind the other.
void append_id_filter(std::string_view ids, size_t bytes, std::string& out);
// False: `id` is none of those.
bool may_have_id(std::string_view filter, std::string_view id);

}  // namespace kansoku::store::events
