#include "store/events/digits_inside.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace kansoku::store::events {
namespace {

void check_as_printed(const std::vector<int64_t>& numbers, uint64_t min, uint64_t max,
                      const std::string& digits) {
  std::vector<uint8_t> hit(numbers.size());
  DigitsInside(min, max, digits).mark(numbers, hit);
  for (size_t i = 0; i < numbers.size(); ++i) {
    CAPTURE(numbers[i]);
    CAPTURE(digits);
    CHECK((hit[i] != 0) == (std::to_string(numbers[i]).find(digits) != std::string::npos));
  }
}

TEST_CASE("numbers that have digits inside are those that print so") {
  constexpr uint64_t kSeed = 20261123;
  CAPTURE(kSeed);
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 60; ++round) {
    const uint64_t size = random() % 18 + 1;
    uint64_t most = 1;
    for (uint64_t i = 0; i < size; ++i) most *= 10;
    std::vector<int64_t> numbers{0, static_cast<int64_t>(most - 1)};
    for (int i = 0; i < 40; ++i) numbers.push_back(static_cast<int64_t>(random() % most));
    // Some that stand in a number, some that stand anywhere, zeros in front among them.
    const std::string printed = std::to_string(numbers[random() % numbers.size()]);
    const size_t at = random() % printed.size();
    check_as_printed(numbers, 0, most - 1, printed.substr(at, random() % 9 + 1));
    check_as_printed(numbers, 0, most - 1, std::to_string(random() % 1'000));
    check_as_printed(numbers, 0, most - 1, "0" + std::to_string(random() % 10));
  }
}

TEST_CASE("digits may stand in a number that is not too small for them") {
  CHECK(digits_may_stand(7531, "7531"));
  CHECK_FALSE(digits_may_stand(7530, "7531"));
  CHECK(digits_may_stand(0, "0"));
  CHECK_FALSE(digits_may_stand(104, "05"));
  CHECK(digits_may_stand(105, "05"));
  CHECK_FALSE(digits_may_stand(999, "7a"));
  CHECK_FALSE(digits_may_stand(std::numeric_limits<uint64_t>::max(), "99999999999999999999"));
}

TEST_CASE("numbers that are not in the range are answered, whatever they are") {
  const std::vector<int64_t> numbers{-1,
                                     0,
                                     4'294'967'295,
                                     4'294'000'000,
                                     1'795'300'000'000,
                                     std::numeric_limits<int64_t>::max(),
                                     std::numeric_limits<int64_t>::min()};
  // The last number is in the range: it is answered right beside them.
  for (const int64_t inside : {int64_t{1'795'300'000'530}, int64_t{1'795'300'999'000}}) {
    std::vector<int64_t> all(numbers);
    all.push_back(inside);
    for (const char* digits : {"53", "7953", "9", "99", "3009"}) {
      std::vector<uint8_t> hit(all.size());
      DigitsInside(1'795'300'000'000, 1'795'301'000'000, digits).mark(all, hit);
      CHECK((hit.back() != 0) == (std::to_string(inside).find(digits) != std::string::npos));
    }
  }
}

TEST_CASE("digits that all numbers of a range share are looked at once, the others in each") {
  std::mt19937_64 random(7);
  for (const uint64_t min : {uint64_t{1'795'300'000'000}, uint64_t{999'999'990}, uint64_t{7},
                             uint64_t{2'147'483'000}, uint64_t{70'000'531'000'000'000}}) {
    for (const uint64_t span : {uint64_t{0}, uint64_t{9}, uint64_t{1'000}, uint64_t{3'500'000},
                                uint64_t{3'000'000'000}}) {
      std::vector<int64_t> numbers;
      for (int i = 0; i < 200; ++i)
        numbers.push_back(static_cast<int64_t>(min + random() % (span + 1)));
      for (const char* digits : {"1795", "53", "9", "000", "7531", "17953000", "99999", "300000"})
        check_as_printed(numbers, min, min + span, digits);
    }
  }
}

}  // namespace
}  // namespace kansoku::store::events
