// The regular expressions of base/regex under the name that stores and languages know.
#pragma once

#include "base/regex/regex.h"

namespace kansoku::store {
using kansoku::Regex;
}  // namespace kansoku::store
