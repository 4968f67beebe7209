#include "base/time/civil.h"
#include "base/time/grid.h"
#include "query/logs_insights/functions.h"
#include "query/logs_insights/values.h"

namespace kansoku::query::logs_insights {
namespace {

using rows::Function;
using rows::RowCall;
using rows::Value;

// A period comes as two literals: milliseconds, or months.
std::optional<int64_t> start_of(RowCall& c, int64_t ms) {
  const int64_t period_ms = c.arguments[1].integer;
  const int64_t months = c.arguments[2].integer;
  if (months == 0) return floor_to(ms, period_ms);
  const CivilTime t = civil_time(ms);
  const int64_t month = floor_to(t.year * 12 + t.month - 1, months);
  return unix_ms({.year = month / 12, .month = static_cast<int>(month % 12) + 1});
}
std::optional<int64_t> end_of(RowCall& c, int64_t ms) {
  const auto start = start_of(c, ms);
  if (!start || *start == ms) return start;
  if (c.arguments[2].integer == 0) return *start + c.arguments[1].integer;
  const CivilTime t = civil_time(*start);
  const int64_t month = t.year * 12 + t.month - 1 + c.arguments[2].integer;
  return unix_ms({.year = month / 12, .month = static_cast<int>(month % 12) + 1});
}

template <class F>
Value rounded(RowCall& c, F round) {
  const auto ms = number_of(c.arguments[0]);
  // Times of the years 0 to 9999, which have a printed form.
  if (!ms || std::abs(*ms) > 2.6e14) return {};
  const auto out = round(c, static_cast<int64_t>(std::floor(*ms)));
  return out ? Value::of_time(*out) : Value();
}
Value run_datefloor(RowCall& c) { return rounded(c, start_of); }
Value run_dateceil(RowCall& c) { return rounded(c, end_of); }
// Times of events against a period of milliseconds.
bool vectors_datefloor(const rows::VectorCall& call, rows::Vector& out) {
  const rows::Vector& times = *call.arguments[0];
  const int64_t period_ms = call.arguments[1]->at(0).integer;
  const bool months = call.arguments[2]->at(0).integer != 0;
  if (months || times.kind != rows::Kind::Time || times.mixed() || times.constant ||
      !times.present.empty()) {
    return false;
  }
  constexpr int64_t kMax = 250'000'000'000'000;
  const auto beyond = [](int64_t ms) { return ms > kMax || ms < -kMax; };
  if (std::ranges::any_of(times.integers, beyond)) return false;
  std::vector<int64_t> floors(call.rows);
  // Neighbours are in one period more often than not: no division for them.
  int64_t start = std::numeric_limits<int64_t>::max();
  for (size_t i = 0; i < floors.size(); ++i) {
    const int64_t ms = times.integers[i];
    if (start == std::numeric_limits<int64_t>::max() || ms < start || ms - start >= period_ms) {
      start = floor_to(ms, period_ms);
    }
    floors[i] = start;
  }
  out = rows::Vector::of_times(std::move(floors));
  return true;
}
Value run_from_millis(RowCall& c) {
  const auto ms = number_of(c.arguments[0]);
  if (!ms || std::abs(*ms) > 2.5e14) return {};
  return Value::of_time(static_cast<int64_t>(*ms));
}
Value run_to_millis(RowCall& c) {
  const auto ms = number_of(c.arguments[0]);
  return ms ? Value::of_int(static_cast<int64_t>(std::clamp(*ms, -9e18, 9e18))) : Value();
}
Value run_now(RowCall& c) { return Value::of_int(c.now_ms / 1'000); }

// The parser gives datefloor and dateceil a third argument, and makes datefloor of bin.
constexpr std::array kTable = std::to_array<Function>({
    {"datefloor", 2, 2, run_datefloor, nullptr, vectors_datefloor, "time",
     "datefloor(time, period)", "beginning of the period that the time is in"},
    {"dateceil", 2, 2, run_dateceil, nullptr, nullptr, "time", "dateceil(time, period)",
     "end of the period that the time is in"},
    {"bin", 1, 1, run_datefloor, nullptr, vectors_datefloor, "time", "bin(period)",
     "datefloor(@timestamp, period): 30s, 5m, 1h, 1d, 1w, 1mo, 1q, 1y"},
    {"fromMillis", 1, 1, run_from_millis, nullptr, nullptr, "time", "fromMillis(number)",
     "the time of milliseconds since 1970"},
    {"toMillis", 1, 1, run_to_millis, nullptr, nullptr, "time", "toMillis(time)",
     "milliseconds since 1970"},
    {"now", 0, 0, run_now, nullptr, nullptr, "time", "now()",
     "when the query began, in seconds since 1970"},
});

}  // namespace

std::span<const rows::Function> time_functions() { return kTable; }

}  // namespace kansoku::query::logs_insights
