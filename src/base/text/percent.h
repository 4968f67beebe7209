// Percent encoding (RFC 3986 §2.1), and its use in query strings and forms, where '+' is a blank
// (application/x-www-form-urlencoded of the URL standard).
#pragma once

#include <string>
#include <string_view>

namespace kansoku {

// Everything but the unreserved bytes (A-Z a-z 0-9 - . _ ~) and those of `kept` as %XX, upper case.
void append_percent_encoded(std::string& out, std::string_view text, std::string_view kept);

// %XX and '+' decoded; false, with a part appended, at an escape that is none.
[[nodiscard]] bool append_form_decoded(std::string& out, std::string_view text);
// The same for what must not fail: an escape that is none stays as it stands.
std::string form_decoded_leniently(std::string_view text);

}  // namespace kansoku
