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
