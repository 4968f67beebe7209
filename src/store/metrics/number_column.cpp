#include "store/metrics/number_column.h"

#include <algorithm>

#include "base/check.h"
#include "base/codec/int_column.h"
#include "base/simd/clones.h"
#include "store/metrics/decimals.h"

namespace kansoku::store::metrics {
namespace {

// First byte of a column: exponent, whether corrections follow, how the integers are kept.
constexpr uint8_t kExponentMask = 15;
constexpr uint8_t kCorrected = 16;
constexpr int kPredictorShift = 5;
enum class Predictor : uint8_t {
  None = 0,         // themselves
  Before = 1,       // difference to the one before
  BeforeTwice = 2,  // difference of differences
  Reference = 3,    // difference to a column that is known before
};
constexpr uint8_t kPredictors = 4;

// Integers wrap: differences of bits may be longer than 63 bits.
int64_t minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t plus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

// From `first` on, which is 2 for differences of differences.
void take_differences(std::span<int64_t> v, size_t first) {
  for (size_t i = v.size(); i-- > first;) v[i] = minus(v[i], v[i - 1]);
}
void add_up(std::span<int64_t> v) {
  for (size_t i = 1; i < v.size(); ++i) v[i] = plus(v[i], v[i - 1]);
}
// Of differences of differences, from the second on.
void add_up_twice(std::span<int64_t> v) {
  int64_t value = v[0];
  int64_t difference = 0;
  for (size_t i = 1; i < v.size(); ++i) {
    difference = plus(difference, v[i]);
    value = plus(value, difference);
    v[i] = value;
  }
}

// Integers and, where the exponent does not suit all values, what the values are off by in units of
// the last place. False when a value has no integer.
bool to_integers(std::span<const double> values, int exponent, std::vector<int64_t>& integers,
                 std::vector<int64_t>& corrections) {
  integers.resize(values.size());
  corrections.clear();
  if (exponent == kBitsExponent) {
    for (size_t i = 0; i < values.size(); ++i) integers[i] = std::bit_cast<int64_t>(values[i]);
    return true;
  }
  corrections.resize(values.size());
  bool exact = true;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!nearest_mantissa(values[i], exponent, integers[i])) return false;
    corrections[i] = minus(std::bit_cast<int64_t>(values[i]),
                           std::bit_cast<int64_t>(from_mantissa(integers[i], exponent)));
    exact = exact && corrections[i] == 0;
  }
  if (exact) corrections.clear();
  return true;
}

KANSOKU_CLONES void divide(const int64_t* integers, double power, double* values, size_t count) {
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<double>(integers[i]) / power;
}

void to_values(std::span<const int64_t> integers, int exponent, std::span<double> values) {
  if (exponent == kBitsExponent) {
    std::memcpy(values.data(), integers.data(), values.size_bytes());
    return;
  }
  // A division by one changes no bit.
  divide(integers.data(), kPowers[static_cast<size_t>(exponent)], values.data(), values.size());
}

char head_of(int exponent, Predictor predictor, bool corrected) {
  return static_cast<char>(exponent | (corrected ? kCorrected : 0) |
                           static_cast<uint8_t>(predictor) << kPredictorShift);
}

// One way to keep a column.
struct Choice {
  int exponent = kBitsExponent;
  Predictor predictor = Predictor::None;
  size_t bytes = 0;
  std::vector<int64_t> integers;
  std::vector<int64_t> corrections;
  std::vector<int64_t> residuals;
};

// The predictor whose residuals are the smallest, for the integers of `choice`.
void choose_predictor(Choice& choice, const Reference* reference) {
  thread_local std::vector<int64_t> residuals;
  auto offer = [&](Predictor predictor) {
    const size_t bytes = codec::ints_bytes(residuals);
    if (predictor != Predictor::None && bytes >= choice.bytes) return;
    choice.predictor = predictor;
    choice.bytes = bytes;
    choice.residuals = residuals;
  };
  residuals = choice.integers;
  offer(Predictor::None);
  const bool constant = choice.bytes <= 2;
  if (residuals.size() > 1 && !constant) {
    take_differences(residuals, 1);
    offer(Predictor::Before);
  }
  if (residuals.size() > 2 && !constant) {
    take_differences(residuals, 2);
    offer(Predictor::BeforeTwice);
  }
  if (reference != nullptr && !constant && reference->integers(choice.exponent, residuals)) {
    for (size_t i = 0; i < residuals.size(); ++i)
      residuals[i] = minus(choice.integers[i], residuals[i]);
    offer(Predictor::Reference);
  }
  if (!choice.corrections.empty()) choice.bytes += codec::ints_bytes(choice.corrections);
}

}  // namespace

int common_decimals(std::span<const std::span<const double>> columns) {
  int e = 0;
  size_t raised_at = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    const int before = e;
    e = find_decimals(columns[i], e);
    if (e < 0) return -1;
    if (e > before) raised_at = i;
  }
  for (size_t i = 0; i < raised_at; ++i) {
    if (find_decimals(columns[i], e) != e) return -1;
  }
  return e;
}

double from_integer(int64_t integer, int exponent) {
  if (exponent == kBitsExponent) return std::bit_cast<double>(integer);
  return from_mantissa(integer, exponent);
}

void to_exact_integers(std::span<const double> values, int exponent,
                       std::vector<int64_t>& integers) {
  integers.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (exponent == kBitsExponent) {
      integers[i] = std::bit_cast<int64_t>(values[i]);
    } else {
      KANSOKU_CHECK(nearest_mantissa(values[i], exponent, integers[i]));
    }
  }
}

namespace {

// One value for all, as counts mostly are: nothing has to be tried. Of the exponent that is asked
// for where it suits: other columns may refer to this one.
bool encode_constant(std::span<const double> values, int exponent, NumberColumn& column,
                     std::string& out) {
  if (!std::ranges::all_of(values, [&](double v) { return same_bits(v, values[0]); })) return false;
  int64_t integer = 0;
  int e = exponent;
  if (e < 0 || !to_mantissa(values[0], e, integer)) e = find_decimals(values.first(1));
  if (e < 0 || !to_mantissa(values[0], e, integer)) {
    e = kBitsExponent;
    integer = std::bit_cast<int64_t>(values[0]);
  }
  column.exponent = e;
  column.exact = true;
  column.integers.assign(values.size(), integer);
  out += head_of(e, Predictor::None, false);
  codec::encode_ints(column.integers, out);
  return true;
}

}  // namespace

void encode_numbers(std::span<const double> values, int exponent, const Reference* reference,
                    NumberColumn& column, std::string& out) {
  KANSOKU_CHECK(!values.empty());
  if (values.size() > 1 && encode_constant(values, exponent, column, out)) return;
  thread_local Choice best;
  thread_local Choice next;
  bool chosen = false;
  auto offer = [&](int e) {
    if (!to_integers(values, e, next.integers, next.corrections)) return;
    next.exponent = e;
    choose_predictor(next, reference);
    if (chosen && next.bytes >= best.bytes) return;
    std::swap(best, next);
    chosen = true;
  };
  if (exponent >= 0) offer(exponent);
  // Where there are exact decimals, corrected ones and the bits are never smaller by much.
  if (!chosen || !best.corrections.empty()) {
    const int own = find_decimals(values);
    offer(own < 0 ? kBitsExponent : own);
  }
  const bool corrected = !best.corrections.empty();
  out += head_of(best.exponent, best.predictor, corrected);
  codec::encode_ints(best.residuals, out);
  if (corrected) codec::encode_ints(best.corrections, out);
  column.exponent = best.exponent;
  column.exact = !corrected;
  column.integers.assign(best.integers.begin(), best.integers.end());
}

bool encode_numbers_as_planes(std::span<const int64_t> integers, int exponent, bool twice,
                              std::string& out) {
  thread_local std::vector<int64_t> residuals;
  residuals.assign(integers.begin(), integers.end());
  take_differences(residuals, 1);
  if (twice) take_differences(residuals, 2);
  const size_t before = out.size();
  out += head_of(exponent, twice ? Predictor::BeforeTwice : Predictor::Before, false);
  if (codec::encode_planes(residuals, out)) return true;
  out.resize(before);
  return false;
}

bool decode_numbers(const char*& at, const char* end, const Reference* reference,
                    NumberColumn& column, std::span<double> values) {
  const size_t count = values.size();
  if (at == end || count == 0) return false;
  const auto head = static_cast<uint8_t>(*at++);
  const int exponent = head & kExponentMask;
  const bool corrected = (head & kCorrected) != 0;
  const uint8_t coded_predictor = head >> kPredictorShift;
  const bool bits = exponent == kBitsExponent;
  if (coded_predictor >= kPredictors || (!bits && exponent > kDecimalsMax) || (bits && corrected))
    return false;
  column.exponent = exponent;
  column.exact = !corrected;
  column.integers.resize(count);
  std::span<int64_t> integers = column.integers;
  if (!codec::decode_ints(at, end, integers)) return false;
  switch (static_cast<Predictor>(coded_predictor)) {
    case Predictor::None:
      break;
    case Predictor::BeforeTwice:
      add_up_twice(integers);
      break;
    case Predictor::Before:
      add_up(integers);
      break;
    case Predictor::Reference: {
      thread_local std::vector<int64_t> known;
      if (reference == nullptr || !reference->integers(exponent, known) || known.size() != count)
        return false;
      for (size_t i = 0; i < count; ++i) integers[i] = plus(integers[i], known[i]);
      break;
    }
  }
  to_values(integers, exponent, values);
  if (!corrected) return true;
  thread_local std::vector<int64_t> corrections;
  corrections.resize(count);
  if (!codec::decode_ints(at, end, corrections)) return false;
  for (size_t i = 0; i < count; ++i) {
    values[i] = std::bit_cast<double>(plus(std::bit_cast<int64_t>(values[i]), corrections[i]));
  }
  return true;
}

}  // namespace kansoku::store::metrics
