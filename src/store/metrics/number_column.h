// A column of doubles as integers (docs/formats/metric-part.md, "Columns of numbers"): decimals
// with a common exponent, corrected in units of the last place where they are sums of decimals, or
// the bits themselves; as they are, as differences, or as differences to a column that is known
// before. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kansoku::store::metrics {

// Exponent of a column whose integers are the bits of its values.
inline constexpr int kBitsExponent = 15;

struct NumberColumn {
  int exponent = 0;
  bool exact = true;  // no corrections: value = integer / 10^exponent
  std::vector<int64_t> integers;

  // The integers are the values themselves.
  bool whole() const { return exact && exponent == 0; }
  void clear() {
    exponent = 0;
    exact = true;
    integers.clear();
  }
};

// What is known of a column before it is read, for an exponent. Where it is no more than `false`,
// differences to it cannot be kept.
class Reference {
 public:
  virtual bool integers(int exponent, std::vector<int64_t>& out) const = 0;

 protected:
  ~Reference() = default;
};

// The smallest exponent that suits all values of all columns, or -1.
int common_decimals(std::span<const std::span<const double>> columns);

// values.size() >= 1; `exponent`: one that is taken where it suits all values and, with
// corrections, tried where it does not, or -1. What is chosen is left in `column`.
void encode_numbers(std::span<const double> values, int exponent, const Reference* reference,
                    NumberColumn& column, std::string& out);
// A column whose integers are differences, or differences of differences, as planes. Appends
// nothing and says false where planes do not suit (base/codec/int_column.h).
bool encode_numbers_as_planes(std::span<const int64_t> integers, int exponent, bool twice,
                              std::string& out);
// Fills `values`, at least one; false when the bytes are no column.
bool decode_numbers(const char*& at, const char* end, const Reference* reference,
                    NumberColumn& column, std::span<double> values);

// For a column whose differences are its owner's affair: the integers, where the exponent suits all
// values.
void to_exact_integers(std::span<const double> values, int exponent,
                       std::vector<int64_t>& integers);
double from_integer(int64_t integer, int exponent);

}  // namespace kansoku::store::metrics
