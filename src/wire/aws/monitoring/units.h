// The units that CloudWatch knows.
#pragma once

#include <string_view>

namespace kansoku::aws::monitoring {

bool is_standard_unit(std::string_view unit);

}  // namespace kansoku::aws::monitoring
