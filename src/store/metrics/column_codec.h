// Columns of a page: times and values (docs/formats/metric-part.md). Pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/metrics/sample_stream.h"

namespace kansoku::store::metrics {

void encode_times(std::span<const int64_t> timestamps_ms, std::string& out);
// False when the bytes are not a column of times.
bool decode_times(const char*& at, const char* end, std::vector<int64_t>& out);

// How the values of one run are kept. On disk.
enum class ValueMode : uint8_t {
  Constant = 0,       // one value
  DecimalDelta = 1,   // value * 10^e is an integer: first, then differences
  DecimalDelta2 = 2,  // ... differences of differences
  Xor = 3,            // bytes of the XOR with the value before
  Points = 4,         // floats and distributions mixed
  Pairs = 5,          // few floats and value/count pairs (pairs_codec.h)
  Cells = 6,          // floats and cells, as columns (cells_codec.h)
  Numbers = 7,        // a column of numbers whose integers are planes (number_column.h)
};

// values.size() >= 1.
void encode_values(std::span<const double> values, std::string& out);
// Appends `count` values, at least one; what is appended when the bytes are no column says nothing.
bool decode_values(const char*& at, const char* end, size_t count, std::vector<double>& out);

// One run of a series, distributions included.
void encode_points(const DecodedSeries& series, size_t begin, size_t end, std::string& out);
// Appends `timestamps_ms.size()` points to `out`.
bool decode_points(std::string_view bytes, std::span<const int64_t> timestamps_ms,
                   DecodedSeries& out);

}  // namespace kansoku::store::metrics
