// Where a text occurs in a longer one: blocks in which neither its first nor its last byte stand
// where they must are passed over, 64 bytes or 32 at a time where the processor can. Pure
// functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace kansoku {

// As std::string_view::find().
size_t find_text(std::string_view haystack, std::string_view needle, size_t from = 0);
// The scalar twin, for tests.
size_t find_text_plain(std::string_view haystack, std::string_view needle, size_t from = 0);

}  // namespace kansoku
