#include "store/events/digits_inside.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "base/simd/clones.h"

namespace kansoku::store::events {
namespace {

// Digits that are looked up at once: a bit each of their values is 122 KiB, near enough.
constexpr size_t kWindow = 6;
constexpr uint64_t kWindowValues = 1'000'000;
constexpr size_t kDigitsMax = 18;

constexpr std::array<uint64_t, 20> kPowers = [] {
  std::array<uint64_t, 20> out{};
  uint64_t power = 1;
  for (uint64_t& one : out) {
    one = power;
    power *= 10;
  }
  return out;
}();

// By value of six digits, zeros before included: whether some digits stand in it.
class WindowTable {
 public:
  const uint32_t* of(std::string_view digits, uint64_t wanted) {
    if (digits_ == digits) return bits_.get();
    if (!bits_) bits_ = std::make_unique<uint32_t[]>(kWindowValues / 32 + 1);
    std::fill_n(bits_.get(), kWindowValues / 32 + 1, uint32_t{0});
    const size_t rest = kWindow - digits.size();
    for (size_t behind = 0; behind <= rest; ++behind) {
      for (uint64_t high = 0; high < kPowers[rest - behind]; ++high) {
        const uint64_t first = (high * kPowers[digits.size()] + wanted) * kPowers[behind];
        for (uint64_t value = first; value < first + kPowers[behind]; ++value)
          bits_[value / 32] |= uint32_t{1} << (value % 32);
      }
    }
    digits_ = digits;
    return bits_.get();
  }

 private:
  std::string digits_;
  std::unique_ptr<uint32_t[]> bits_;
};

// Windows of six digits, each `Step` (a power of ten) further up than the one before.
template <uint64_t Step>
void mark_windows(std::span<const int64_t> numbers, const uint32_t* bits, size_t windows,
                  std::span<uint8_t> hit) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    auto left = static_cast<uint64_t>(numbers[i]);
    uint32_t found = 0;
    for (size_t window = 0; window < windows; ++window) {
      const uint64_t here = left % kWindowValues;
      found |= bits[here / 32] >> (here % 32);
      left /= Step;
    }
    hit[i] |= static_cast<uint8_t>(found & 1);
  }
}

using MarkWindows = void (*)(std::span<const int64_t>, const uint32_t*, size_t, std::span<uint8_t>);
constexpr std::array<MarkWindows, kWindow> kMarkWindows{
    mark_windows<10>,     mark_windows<100>,     mark_windows<1'000>,
    mark_windows<10'000>, mark_windows<100'000>, mark_windows<1'000'000>};

// Numbers below 2^31, many at once. They are divided by a factor: as (n * factor) >> shift, exact
// for all of them (T. Granlund, P. Montgomery, "Division by Invariant Integers using
// Multiplication").
struct Division {
  uint64_t factor = 0;
  uint64_t shift = 0;
};
constexpr std::array<Division, kWindow> kDivisions = [] {
  std::array<Division, kWindow> out;
  uint64_t divisor = 1;
  for (Division& division : out) {
    divisor *= 10;
    uint64_t shift = 32;
    while (((uint64_t{2} << shift) / divisor) >> 32 == 0) ++shift;
    division = {(uint64_t{1} << shift) / divisor + 1, shift};
  }
  return out;
}();
constexpr uint64_t kShortEnd = uint64_t{1} << 31;
// Up to 2^32 the windows are right, too: numbers that are not in the range (of a damaged block) are
// looked up in the table, not behind it.
static_assert(kDivisions.back().factor * kWindowValues - (uint64_t{1} << kDivisions.back().shift) <=
              uint64_t{1} << (kDivisions.back().shift - 32));

KANSOKU_CLONES void shorten(const int64_t* numbers, uint64_t base, uint32_t* out, size_t count) {
  for (size_t i = 0; i < count; ++i)
    out[i] = static_cast<uint32_t>(static_cast<uint64_t>(numbers[i]) - base);
}

KANSOKU_CLONES void mark_low(const uint32_t* numbers, const uint32_t* bits, uint8_t* hit,
                             size_t count) {
  constexpr Division kBy = kDivisions[kWindow - 1];
  for (size_t i = 0; i < count; ++i) {
    const auto above = static_cast<uint32_t>((numbers[i] * kBy.factor) >> kBy.shift);
    const uint32_t here = numbers[i] - above * static_cast<uint32_t>(kWindowValues);
    hit[i] |= static_cast<uint8_t>(bits[here / 32] >> (here % 32) & 1);
  }
}

KANSOKU_CLONES void divide(uint32_t* numbers, Division by, size_t count) {
  for (size_t i = 0; i < count; ++i)
    numbers[i] = static_cast<uint32_t>((numbers[i] * by.factor) >> by.shift);
}

// With zeros in front, or more digits than a window: digit by digit.
void mark_slowly(std::span<const int64_t> numbers, std::string_view digits, uint64_t wanted,
                 std::span<uint8_t> hit) {
  const uint64_t power = kPowers[digits.size()];
  // A zero in front has another digit before it.
  const uint64_t least = digits[0] == '0' && digits.size() > 1 ? power : power / 10;
  const bool zero = digits == "0";
  for (size_t i = 0; i < numbers.size(); ++i) {
    auto number = static_cast<uint64_t>(numbers[i]);
    uint8_t found = zero && number == 0;
    for (; number >= least && number > 0 && found == 0; number /= 10)
      found = number % power == wanted;
    hit[i] |= found;
  }
}

}  // namespace

bool digits_may_stand(uint64_t max, std::string_view text) {
  if (text.empty()) return true;
  if (text.size() > kPowers.size() - 1) return false;
  uint64_t least = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    least = least * 10 + static_cast<uint64_t>(c - '0');
  }
  // A zero in front has another digit before it.
  if (text[0] == '0' && text.size() > 1) least += kPowers[text.size()];
  return least <= max;
}

DigitsInside::DigitsInside(uint64_t min, uint64_t max, std::string_view digits) : digits_(digits) {
  if (digits.empty() || digits.size() > kDigitsMax) return;
  for (const char c : digits) {
    if (c < '0' || c > '9') return;
    wanted_ = wanted_ * 10 + static_cast<uint64_t>(c - '0');
  }
  if (digits[0] == '0' || digits.size() > kWindow) {
    way_ = Way::Slow;
    return;
  }
  thread_local WindowTable table;
  bits_ = table.of(digits, wanted_);
  // A window begins this many digits further up than the one before.
  step_ = kWindow - digits.size() + 1;
  uint64_t high = max;
  for (uint64_t low = min; high != low && high >= kPowers[digits.size() - 1]; ++windows_) {
    high /= kPowers[step_];
    low /= kPowers[step_];
  }
  way_ = Way::Windows;
  // Above, all of them have the same digits.
  for (; high >= kPowers[digits.size() - 1]; high /= kPowers[step_]) {
    if (stands_in(high)) way_ = Way::All;
  }
  if (way_ == Way::Windows) shorten_windows(min, max);
}

bool DigitsInside::stands_in(uint64_t number) const {
  const uint64_t here = number % kWindowValues;
  return (bits_[here / 32] >> (here % 32) & 1) != 0;
}

// Less what they have in common, most ranges are short. A window in which digits above 10^9 stand
// has few values then: what it says of each is kept.
void DigitsInside::shorten_windows(uint64_t min, uint64_t max) {
  constexpr uint64_t kValuesMax = 4'096;
  constexpr size_t kLowDigits = 9;
  const uint64_t base = max < kShortEnd ? 0 : min - min % kPowers[kLowDigits];
  if (max - base >= kShortEnd) return;
  for (size_t window = 0; window < windows_ && base > 0; ++window) {
    const size_t begin = window * step_;
    if (begin + kWindow <= kLowDigits) continue;
    if (begin > kLowDigits) return;
    const uint64_t first = (min - base) / kPowers[begin];
    const uint64_t last = (max - base) / kPowers[begin];
    if (last - first >= kValuesMax) return;
    High& high = high_.emplace_back();
    high.window = window;
    high.first = static_cast<uint32_t>(first);
    for (uint64_t value = first; value <= last; ++value)
      high.holds.push_back(stands_in(base / kPowers[begin] + value));
  }
  base_ = base;
  way_ = Way::Short;
}

void DigitsInside::mark(std::span<const int64_t> numbers, std::span<uint8_t> hit) {
  switch (way_) {
    case Way::None:
      return;
    case Way::All:
      std::ranges::fill(hit, uint8_t{1});
      return;
    case Way::Slow:
      mark_slowly(numbers, digits_, wanted_, hit);
      return;
    case Way::Windows:
      kMarkWindows[step_ - 1](numbers, bits_, windows_, hit);
      return;
    case Way::Short:
      short_.resize(numbers.size());
      shorten(numbers.data(), base_, short_.data(), numbers.size());
      for (size_t window = 0; window < windows_; ++window) {
        if (window > 0) divide(short_.data(), kDivisions[step_ - 1], short_.size());
        const auto high = std::ranges::find(high_, window, &High::window);
        if (high == high_.end()) {
          mark_low(short_.data(), bits_, hit.data(), short_.size());
          continue;
        }
        // A number that is not in the range is one of a damaged block.
        for (size_t i = 0; i < short_.size(); ++i) {
          const uint32_t value = short_[i] - high->first;
          hit[i] |= value < high->holds.size() ? high->holds[value] : uint8_t{0};
        }
      }
      return;
  }
}

}  // namespace kansoku::store::events
