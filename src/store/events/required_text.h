// What a text must have that an expression matches. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace kansoku::store::events {

// The longest run of literal bytes that every match of an RE2 expression has; empty where none is
// seen (alternatives, flags, classes alone).
std::string required_text(std::string_view expression);

}  // namespace kansoku::store::events
