#include "wire/aws/monitoring/units.h"

#include <algorithm>
#include <iterator>

namespace kansoku::aws::monitoring {
namespace {

constexpr std::string_view kUnits[] = {"None",
                                       "Count",
                                       "Percent",
                                       "Seconds",
                                       "Bytes",
                                       "Milliseconds",
                                       "Microseconds",
                                       "Kilobytes",
                                       "Megabytes",
                                       "Gigabytes",
                                       "Terabytes",
                                       "Bits",
                                       "Kilobits",
                                       "Megabits",
                                       "Gigabits",
                                       "Terabits",
                                       "Bytes/Second",
                                       "Kilobytes/Second",
                                       "Megabytes/Second",
                                       "Gigabytes/Second",
                                       "Terabytes/Second",
                                       "Bits/Second",
                                       "Kilobits/Second",
                                       "Megabits/Second",
                                       "Gigabits/Second",
                                       "Terabits/Second",
                                       "Count/Second"};

}  // namespace

bool is_standard_unit(std::string_view unit) {
  return std::ranges::find(kUnits, unit) != std::end(kUnits);
}

}  // namespace kansoku::aws::monitoring
