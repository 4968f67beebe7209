#include "base/time/duration.h"

#include <array>
#include <charconv>
#include <cmath>

namespace kansoku {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};
// The longest name first where one begins another.
constexpr std::array<Unit, 7> kUnits{{{"ms", 1},
                                      {"s", 1'000},
                                      {"m", 60'000},
                                      {"h", 3'600'000},
                                      {"d", 86'400'000},
                                      {"w", 604'800'000},
                                      {"y", 31'536'000'000}}};
// A thousand years: sums of these stay far from overflow.
constexpr int64_t kJoinedMsMax = 1000 * 31'536'000'000LL;
// Doubles are whole milliseconds up to here.
constexpr double kDecimalMsMax = 9e15;

}  // namespace

std::optional<int64_t> duration_unit_ms(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.ms;
  }
  return std::nullopt;
}

std::optional<int64_t> parse_iso_duration_ms(std::string_view text) {
  // In the order in which they must stand; those behind T are of the clock.
  struct Designator {
    char letter;
    bool of_clock;
    int64_t ms;
  };
  constexpr int64_t kDay = 86'400'000;
  constexpr std::array<Designator, 7> kDesignators{{{'Y', false, 365 * kDay},
                                                    {'M', false, 30 * kDay},
                                                    {'W', false, 7 * kDay},
                                                    {'D', false, kDay},
                                                    {'H', true, 3'600'000},
                                                    {'M', true, 60'000},
                                                    {'S', true, 1'000}}};
  if (text.empty() || text[0] != 'P') return std::nullopt;
  text.remove_prefix(1);
  int64_t sum = 0;
  bool of_clock = false;
  bool any = false;
  size_t next = 0;
  while (!text.empty()) {
    if (text[0] == 'T' && !of_clock) {
      of_clock = true;
      any = false;  // something must follow
      text.remove_prefix(1);
      continue;
    }
    int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0 || text[0] == '-') return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.empty()) return std::nullopt;
    while (next < kDesignators.size() &&
           (kDesignators[next].letter != text[0] || kDesignators[next].of_clock != of_clock)) {
      ++next;
    }
    if (next == kDesignators.size()) return std::nullopt;
    int64_t unit = kDesignators[next++].ms;
    if (number > (kJoinedMsMax - sum) / unit) return std::nullopt;
    sum += number * unit;
    any = true;
    text.remove_prefix(1);
  }
  if (!any) return std::nullopt;
  return sum;
}

std::optional<int64_t> parse_decimal_duration_ms(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  auto unit_ms = duration_unit_ms(text.empty() ? "s" : text);
  // A year is no fixed length to whoever writes a setting; only the joined grammar has it.
  if (!unit_ms || text == "y") return std::nullopt;
  double ms = number * static_cast<double>(*unit_ms);
  if (std::abs(ms) > kDecimalMsMax) return std::nullopt;
  return static_cast<int64_t>(std::llround(ms));
}

std::optional<int64_t> parse_joined_duration_ms(std::string_view text) {
  int64_t total = 0;
  while (!text.empty()) {
    int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const Unit* unit = nullptr;
    for (const Unit& each : kUnits) {
      if (unit == nullptr && text.starts_with(each.name)) unit = &each;
    }
    if (unit == nullptr || number > kJoinedMsMax / unit->ms) return std::nullopt;
    total += number * unit->ms;
    if (total > kJoinedMsMax) return std::nullopt;
    text.remove_prefix(unit->name.size());
  }
  if (total == 0) return std::nullopt;
  return total;
}

}  // namespace kansoku
