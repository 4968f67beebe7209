// Which numbers have some digits inside, as they print in decimal without zeros before: found by a
// table of what six digits have, not by printing. Thread contract: one owner.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kansoku::store::events {

// False: no number up to `max` has the text inside; text that is no digits stands in none.
bool digits_may_stand(uint64_t max, std::string_view text);

class DigitsInside {
 public:
  // Of numbers that are at least 0 and lie in [min, max], which may be wider than they are; what
  // they have in common is looked at once. Of others (in a damaged block) anything may be said.
  DigitsInside(uint64_t min, uint64_t max, std::string_view digits);
  // Sets `hit` to 1 for numbers that have the digits inside. On the thread that made this, before
  // it makes another one.
  void mark(std::span<const int64_t> numbers, std::span<uint8_t> hit);

 private:
  enum class Way : uint8_t {
    None,     // no number has them
    All,      // every number has them
    Slow,     // digit by digit
    Windows,  // six digits at a time
    Short,    // the same of numbers below 2^31, when `base_` is taken from them
  };
  // What a window says by its value, less the first.
  struct High {
    size_t window = 0;
    uint32_t first = 0;
    std::vector<uint8_t> holds;
  };
  bool stands_in(uint64_t number) const;
  void shorten_windows(uint64_t min, uint64_t max);

  Way way_ = Way::None;
  std::string digits_;
  uint64_t wanted_ = 0;
  const uint32_t* bits_ = nullptr;
  size_t step_ = 1;
  size_t windows_ = 0;
  uint64_t base_ = 0;
  std::vector<High> high_;
  std::vector<uint32_t> short_;
};

}  // namespace kansoku::store::events
