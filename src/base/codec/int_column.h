// A column of integers (docs/formats/metric-part.md, "Columns of integers"). Pure functions.
//
// Four forms. One value for all; varints, which zstd takes further; prefix codes of magnitudes with
// the low bits beside them, for long columns: near the entropy of noisy measurements, which zstd,
// seeing bytes, does not reach, and about half as fast to read as varints; planes, which are the
// lowest bytes of all values, then the next ones: faster to read than varints, and for zstd every
// plane looks alike within.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace kansoku::codec {

// encode_ints() takes the smallest of the first three. Bytes that it will append, within a few.
size_t ints_bytes(std::span<const int64_t> values);
// values.size() >= 1.
void encode_ints(std::span<const int64_t> values, std::string& out);
// Appends planes, or appends nothing and says false where they would be more than twice the
// varints.
bool encode_planes(std::span<const int64_t> values, std::string& out);
// Fills `out`, at least one; false when the bytes are no column.
bool decode_ints(const char*& at, const char* end, std::span<int64_t> out);

}  // namespace kansoku::codec
