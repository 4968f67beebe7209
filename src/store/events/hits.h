// Which of many values a question holds for: one byte each, 0 or 1. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kansoku::store::events {

bool any_hit(std::span<const uint8_t> hits);
size_t count_hits(std::span<const uint8_t> hits);
// Both spans are of one size.
void add_hits(std::span<const uint8_t> from, std::span<uint8_t> to);
void keep_hits(std::span<const uint8_t> of, std::span<uint8_t> in);
// Which values those are, ascending.
std::vector<uint32_t> places_of_hits(std::span<const uint8_t> hits);

}  // namespace kansoku::store::events
