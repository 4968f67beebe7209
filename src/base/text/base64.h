// Base64 with the standard alphabet and padding (RFC 4648 §4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kansoku {

std::string base64_encode(std::string_view bytes);
// Nothing where the text is no base64: a length that is no multiple of four, a byte outside the
// alphabet (line ends too), padding elsewhere than at the end.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace kansoku
