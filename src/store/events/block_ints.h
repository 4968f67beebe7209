// Columns of integers in a block (docs/formats/event-part.md, "Integers"). Pure functions, and a
// reader of one owner.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec/int_column.h"

namespace kansoku::store::events {

// Takes the form that is about the smallest; an empty column has no bytes.
void encode_block_ints(std::span<const int64_t> values, std::string& out);
// Fills `out`; false when the bytes are no column of so many.
bool decode_block_ints(const char*& at, const char* end, std::span<int64_t> out);

// Reads a column from its front, as many values at a time as are asked for. The bytes outlive it.
class BlockIntsReader {
 public:
  static constexpr size_t kCodesMax = 256;

  // Of `count` values; false when the bytes are no column.
  bool open(const char* at, const char* end, size_t count);
  // The next values, no more than are left; false when the bytes are no column.
  bool next(std::span<int64_t> out);
  // Behind the column, once every value was read.
  const char* end() const;

 private:
  bool open_runs(const char* at, const char* end);
  bool open_codes(const char* at, const char* end);
  bool take_runs(std::span<int64_t> out);
  bool take_codes(std::span<int64_t> out);

  int form_ = 0;
  bool differences_ = false;
  uint64_t factor_ = 1;
  uint64_t before_ = 0;  // the sum of the differences so far
  size_t left_ = 0;
  const char* at_ = nullptr;  // codes: the next one; runs: behind the column
  codec::IntsReader ints_;
  size_t codes_count_ = 0;
  std::array<int64_t, kCodesMax> codes_;
  std::vector<int64_t> run_values_;
  std::vector<int64_t> run_lengths_;  // what is left of them
  size_t run_ = 0;
};

}  // namespace kansoku::store::events
