// Columns of integers in a block (docs/formats/event-part.md, "Integers"). Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kansoku::store::events {

// Takes the form that is about the smallest; an empty column has no bytes.
void encode_block_ints(std::span<const int64_t> values, std::string& out);
// Fills `out`; false when the bytes are no column of so many.
bool decode_block_ints(const char*& at, const char* end, std::span<int64_t> out);

}  // namespace kansoku::store::events
