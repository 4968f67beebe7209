// Which numbers have some digits inside, as they print in decimal without zeros before: found by a
// table of what six digits have, not by printing. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kansoku::store::events {

// False: no number up to `max` has the text inside; text that is no digits stands in none.
bool digits_may_stand(uint64_t max, std::string_view text);
// Sets `hit` to 1 for numbers that have the digits inside. Numbers are at least 0 and lie in
// [min, max], which may be wider than they are; what they have in common is looked at once.
void mark_digits_inside(std::span<const int64_t> numbers, uint64_t min, uint64_t max,
                        std::string_view digits, std::span<uint8_t> hit);

}  // namespace kansoku::store::events
