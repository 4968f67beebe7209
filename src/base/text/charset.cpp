#include "base/text/charset.h"

#include <array>

#include "base/text/ascii.h"

namespace kansoku {
namespace {

struct Name {
  std::string_view name;
  Charset charset;
};
constexpr std::array kNames{
    Name{"utf-8", Charset::Utf8},         Name{"utf8", Charset::Utf8},
    Name{"ascii", Charset::Utf8},         Name{"us-ascii", Charset::Utf8},
    Name{"utf-16", Charset::Utf16Le},     Name{"utf-16le", Charset::Utf16Le},
    Name{"utf-16be", Charset::Utf16Be},   Name{"ucs-2", Charset::Utf16Le},
    Name{"iso-8859-1", Charset::Latin1},  Name{"iso8859-1", Charset::Latin1},
    Name{"latin-1", Charset::Latin1},     Name{"latin1", Charset::Latin1},
    Name{"l1", Charset::Latin1},          Name{"windows-1252", Charset::Windows1252},
    Name{"cp1252", Charset::Windows1252},
};

// 0x80 to 0x9f of windows-1252 (WHATWG index); the five that are not used stay controls.
constexpr std::array<uint16_t, 32> kWindows1252{
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

void append_code_point(uint32_t c, std::string& out) {
  auto push = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xc0 | (c >> 6));
    push(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    push(0xe0 | (c >> 12));
    push(0x80 | ((c >> 6) & 0x3f));
    push(0x80 | (c & 0x3f));
  } else {
    push(0xf0 | (c >> 18));
    push(0x80 | ((c >> 12) & 0x3f));
    push(0x80 | ((c >> 6) & 0x3f));
    push(0x80 | (c & 0x3f));
  }
}

void append_utf16(std::string_view bytes, bool big, std::string& out) {
  auto unit = [&](size_t at) {
    auto first = static_cast<uint8_t>(bytes[at]);
    auto second = static_cast<uint8_t>(bytes[at + 1]);
    return static_cast<uint32_t>(big ? first << 8 | second : second << 8 | first);
  };
  size_t at = 0;
  for (; at + 1 < bytes.size(); at += 2) {
    uint32_t c = unit(at);
    if (c >= 0xd800 && c < 0xdc00 && at + 3 < bytes.size()) {
      uint32_t low = unit(at + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        at += 2;
      }
    }
    append_code_point(c, out);
  }
  if (at < bytes.size()) out += bytes[at];
}

}  // namespace

std::optional<Charset> charset_of(std::string_view name) {
  for (const Name& known : kNames) {
    if (equals_ignore_case(known.name, name)) return known.charset;
  }
  return std::nullopt;
}

size_t charset_unit_bytes(Charset charset) {
  return charset == Charset::Utf16Le || charset == Charset::Utf16Be ? 2 : 1;
}

void append_utf8(Charset charset, std::string_view bytes, std::string& out) {
  if (charset == Charset::Utf8) {
    out += bytes;
    return;
  }
  if (charset_unit_bytes(charset) == 2)
    return append_utf16(bytes, charset == Charset::Utf16Be, out);
  for (char byte : bytes) {
    uint32_t c = static_cast<uint8_t>(byte);
    if (charset == Charset::Windows1252 && c >= 0x80 && c < 0xa0) c = kWindows1252[c - 0x80];
    append_code_point(c, out);
  }
}

}  // namespace kansoku
