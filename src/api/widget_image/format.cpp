#include "api/widget_image/format.h"

#include <fmt/core.h>

#include <array>
#include <cmath>

#include "base/time/civil.h"
#include "base/time/grid.h"

namespace kansoku::api::widget_image {
namespace {

struct BaseUnit {
  std::string_view symbol;
  bool per_second = false;
  double factor = 1;
};

BaseUnit base_unit(std::string_view name) {
  BaseUnit out;
  out.per_second = name.ends_with("/Second");
  if (out.per_second) name.remove_suffix(7);
  struct Row {
    std::string_view name;
    std::string_view symbol;
    double factor;
  };
  constexpr std::array<Row, 4> kPlain{{{"Percent", "%", 1},
                                       {"Seconds", "s", 1},
                                       {"Milliseconds", "s", 1e-3},
                                       {"Microseconds", "s", 1e-6}}};
  for (const Row& row : kPlain) {
    if (row.name == name) return {row.symbol, out.per_second, row.factor};
  }
  // Kilobytes are 1,000 bytes there.
  constexpr std::array<std::pair<std::string_view, double>, 4> kScales{
      {{"Kilo", 1e3}, {"Mega", 1e6}, {"Giga", 1e9}, {"Tera", 1e12}}};
  for (auto [prefix, factor] : kScales) {
    if (name.starts_with(prefix)) out.factor = factor;
  }
  if (name.ends_with("ytes")) out.symbol = "B";
  if (name.ends_with("its")) out.symbol = "b";
  return out;
}

// Thousands apart, without zeros at the end.
std::string plain(double value, int digits) {
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  if (text == "-0") text = "0";
  size_t point = std::min(text.find('.'), text.size());
  size_t first = text[0] == '-' ? 1 : 0;
  for (size_t i = point; i > first + 3;) text.insert(i -= 3, ",");
  return text;
}

// Three significant digits, never more decimals than say something.
int digits_for(double value) {
  double size = std::abs(value);
  if (size == 0 || size >= 100) return 0;
  if (size >= 10) return 1;
  if (size >= 1) return 2;
  return std::min(9, 2 - static_cast<int>(std::floor(std::log10(size))));
}

std::string seconds(double value) {
  double size = std::abs(value);
  if (size == 0) return "0 s";
  if (size < 1e-3) return plain(value * 1e6, digits_for(value * 1e6)) + " µs";
  if (size < 1) return plain(value * 1e3, digits_for(value * 1e3)) + " ms";
  if (size < 120) return plain(value, digits_for(value)) + " s";
  if (size < 7'200) return plain(value / 60, 1) + " min";
  if (size < 172'800) return plain(value / 3'600, 1) + " h";
  return plain(value / 86'400, 1) + " d";
}

// A step of 1, 2 or 5 times a power of ten, or of a power of two, that is not below `least`.
double nice_step(double least, bool binary) {
  double base = binary ? 2 : 10;
  double power = std::pow(base, std::floor(std::log(least) / std::log(base)));
  for (double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (power * factor >= least * (1 - 1e-9)) return power * factor;
  }
  return power * 10;
}

}  // namespace

std::string format_value(double value, std::string_view unit) {
  if (!std::isfinite(value)) return "–";
  BaseUnit base = base_unit(unit);
  std::string_view rate = base.per_second ? "/s" : "";
  double scaled = value * base.factor;
  if (base.symbol == "s" && !base.per_second) return seconds(scaled);
  if (base.symbol == "%") return plain(scaled, std::min(2, digits_for(scaled))) + " %";
  constexpr std::array<std::string_view, 7> kIec{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  constexpr std::array<std::string_view, 7> kSi{"", "k", "M", "G", "T", "P", "E"};
  bool binary = base.symbol == "B";
  double step = binary ? 1'024 : 1'000;
  size_t prefix = 0;
  while (std::abs(scaled) >= step && prefix + 1 < kSi.size()) {
    scaled /= step;
    ++prefix;
  }
  std::string text =
      std::abs(scaled) >= 1e6 ? fmt::format("{:.3g}", scaled) : plain(scaled, digits_for(scaled));
  std::string suffix =
      fmt::format("{}{}{}", binary ? kIec[prefix] : kSi[prefix], base.symbol, rate);
  return suffix.empty() ? text : text + " " + suffix;
}

std::string format_exactly(double value, std::string_view unit) {
  if (!std::isfinite(value)) return "–";
  BaseUnit base = base_unit(unit);
  std::string text = fmt::format("{}", value * base.factor);
  std::string suffix = fmt::format("{}{}", base.symbol, base.per_second ? "/s" : "");
  return suffix.empty() ? text : text + " " + suffix;
}

std::vector<double> value_ticks(double low, double high, size_t count_max, std::string_view unit) {
  std::vector<double> out;
  double span = high - low;
  if (!(span > 0) || !std::isfinite(span)) return {low};
  double least = span / static_cast<double>(std::max<size_t>(count_max, 2) - 1);
  bool binary = base_unit(unit).symbol == "B" && high > 4'096;
  double step = nice_step(least, binary);
  double first = std::floor(low / step);
  double last = std::ceil(high / step - 1e-9);
  if (last - first > 1'000) return {low, high};
  for (double i = first; i <= last; ++i) out.push_back(i * step);
  return out;
}

std::vector<TimeTick> time_ticks(int64_t start_ms, int64_t end_ms, size_t count_max,
                                 int offset_minutes) {
  constexpr int64_t kSecond = 1'000;
  constexpr int64_t kMinute = 60 * kSecond;
  constexpr int64_t kHour = 60 * kMinute;
  constexpr std::array<int64_t, 27> kSteps{
      kSecond,     5 * kSecond,  10 * kSecond, 15 * kSecond, 30 * kSecond, kMinute,     2 * kMinute,
      5 * kMinute, 10 * kMinute, 15 * kMinute, 20 * kMinute, 30 * kMinute, kHour,       2 * kHour,
      3 * kHour,   4 * kHour,    6 * kHour,    12 * kHour,   kDayMs,       2 * kDayMs,  7 * kDayMs,
      14 * kDayMs, 28 * kDayMs,  56 * kDayMs,  112 * kDayMs, 224 * kDayMs, 448 * kDayMs};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  int64_t step = kSteps.back();
  for (int64_t candidate : kSteps) {
    if ((end_ms - start_ms) / candidate < static_cast<int64_t>(std::max<size_t>(count_max, 1))) {
      step = candidate;
      break;
    }
  }
  int64_t offset_ms = int64_t{offset_minutes} * kMinute;
  std::vector<TimeTick> out;
  if ((end_ms - start_ms) / step > 1'000) return out;
  for (int64_t local = floor_to(start_ms + offset_ms + step - 1, step); local <= end_ms + offset_ms;
       local += step) {
    CivilTime time = civil_time(local);
    std::string text;
    bool midnight = time.hour == 0 && time.minute == 0 && time.second == 0;
    if (step >= kDayMs || midnight) {
      text = fmt::format("{} {}", kMonths[static_cast<size_t>(time.month - 1)], time.day);
      if (step > 28 * kDayMs) text += fmt::format(", {}", time.year);
    } else if (step < kMinute) {
      text = fmt::format("{:02}:{:02}:{:02}", time.hour, time.minute, time.second);
    } else {
      text = fmt::format("{:02}:{:02}", time.hour, time.minute);
    }
    out.push_back({local - offset_ms, std::move(text)});
  }
  return out;
}

}  // namespace kansoku::api::widget_image
