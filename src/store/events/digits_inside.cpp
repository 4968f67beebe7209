#include "store/events/digits_inside.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

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
  const uint64_t* of(std::string_view digits, uint64_t wanted) {
    if (digits_ == digits) return bits_.get();
    if (!bits_) bits_ = std::make_unique<uint64_t[]>(kWindowValues / 64 + 1);
    std::fill_n(bits_.get(), kWindowValues / 64 + 1, uint64_t{0});
    const size_t rest = kWindow - digits.size();
    for (size_t behind = 0; behind <= rest; ++behind) {
      for (uint64_t high = 0; high < kPowers[rest - behind]; ++high) {
        const uint64_t first = (high * kPowers[digits.size()] + wanted) * kPowers[behind];
        for (uint64_t value = first; value < first + kPowers[behind]; ++value)
          bits_[value / 64] |= uint64_t{1} << (value % 64);
      }
    }
    digits_ = digits;
    return bits_.get();
  }

 private:
  std::string digits_;
  std::unique_ptr<uint64_t[]> bits_;
};

// `windows` of six digits, each `Step` digits further up.
template <uint64_t Step>
void mark_windows(std::span<const int64_t> numbers, const uint64_t* bits, size_t windows,
                  std::span<uint8_t> hit) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    auto left = static_cast<uint64_t>(numbers[i]);
    uint64_t found = 0;
    for (size_t window = 0; window < windows; ++window) {
      const uint64_t here = left % kWindowValues;
      found |= bits[here / 64] >> (here % 64);
      left /= Step;
    }
    hit[i] |= static_cast<uint8_t>(found & 1);
  }
}

using MarkWindows = void (*)(std::span<const int64_t>, const uint64_t*, size_t, std::span<uint8_t>);
constexpr std::array<MarkWindows, kWindow> kMarkWindows{
    mark_windows<10>,     mark_windows<100>,     mark_windows<1'000>,
    mark_windows<10'000>, mark_windows<100'000>, mark_windows<1'000'000>};

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

void mark_digits_inside(std::span<const int64_t> numbers, uint64_t min, uint64_t max,
                        std::string_view digits, std::span<uint8_t> hit) {
  if (digits.empty() || digits.size() > kDigitsMax) return;
  uint64_t wanted = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return;
    wanted = wanted * 10 + static_cast<uint64_t>(c - '0');
  }
  if (digits[0] == '0' || digits.size() > kWindow) {
    mark_slowly(numbers, digits, wanted, hit);
    return;
  }
  thread_local WindowTable table;
  const uint64_t* const bits = table.of(digits, wanted);
  // A window begins this many digits further up than the one before.
  const size_t step = kWindow - digits.size() + 1;
  size_t windows = 0;
  uint64_t high = max;
  for (uint64_t low = min; high != low && high >= kPowers[digits.size() - 1]; ++windows) {
    high /= kPowers[step];
    low /= kPowers[step];
  }
  // Above, all of them have the same digits.
  bool all = false;
  for (; high >= kPowers[digits.size() - 1]; high /= kPowers[step]) {
    const uint64_t here = high % kWindowValues;
    all = all || (bits[here / 64] >> (here % 64) & 1) != 0;
  }
  if (all) {
    std::ranges::fill(hit, uint8_t{1});
  } else {
    kMarkWindows[step - 1](numbers, bits, windows, hit);
  }
}

}  // namespace kansoku::store::events
