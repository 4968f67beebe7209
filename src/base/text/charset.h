// Encodings of text files into UTF-8. What is no character is kept: bytes of UTF-8 pass as they
// are, a lone surrogate becomes its three bytes (WTF-8). Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kansoku {

enum class Charset : uint8_t { Utf8, Utf16Le, Utf16Be, Latin1, Windows1252 };

// By its name in the WHATWG or IANA registries, case aside: "utf-8", "ascii", "utf-16le",
// "iso-8859-1" ... Nothing for an encoding that is not here.
std::optional<Charset> charset_of(std::string_view name);
// Bytes of one code unit: 2 for UTF-16.
size_t charset_unit_bytes(Charset charset);
// Appends the text as UTF-8. An odd last byte of UTF-16 is kept as it is.
void append_utf8(Charset charset, std::string_view bytes, std::string& out);

}  // namespace kansoku
