// A column of integers (docs/formats/metric-part.md, "Columns of integers"). Pure functions.
//
// Three forms, the smallest is taken: one value for all; varints, which are fast and which zstd
// takes further; prefix codes of magnitudes with the low bits beside them, for long columns. The
// last one is near the entropy of noisy measurements, which zstd, seeing bytes, does not reach.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace kansoku::store::metrics {

// Bytes that encode_ints() will append, within a few.
size_t ints_bytes(std::span<const int64_t> values);
// values.size() >= 1.
void encode_ints(std::span<const int64_t> values, std::string& out);
// Fills `out`, at least one; false when the bytes are no column.
bool decode_ints(const char*& at, const char* end, std::span<int64_t> out);

}  // namespace kansoku::store::metrics
