#include "store/events/text_cut.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/simd/clones.h"

namespace kansoku::store::events {
namespace {

constexpr size_t kTemplatesMax = 4'096;
constexpr size_t kVariablesMax = 64;
// Texts for which the tree was too wide, until no more are scanned.
constexpr size_t kRefusedMax = 1'024;
constexpr size_t kTextBytesMax = 16 * 1024;
// Changes from letters to digits and back of a token whose runs of digits are variables of their
// own: 12ms, user42, 22T10, k8s.
constexpr int kChangesMax = 2;

enum : uint8_t { kDigit = 1, kLowerHex = 2, kToken = 4 };
constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> out{};
  for (size_t c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    if (digit) out[c] = kDigit | kLowerHex | kToken;
    if (letter) out[c] = kToken;
    if (c >= 'a' && c <= 'f') out[c] = kLowerHex | kToken;
  }
  return out;
}();
bool is(char c, uint8_t class_) { return (kClasses[static_cast<unsigned char>(c)] & class_) != 0; }

int number_at(const char* at, int digits) {
  int out = 0;
  for (int i = 0; i < digits; ++i) {
    if (!is(at[i], kDigit)) return -1;
    out = out * 10 + (at[i] - '0');
  }
  return out;
}

// Days since 1970-01-01 of a date of the Gregorian calendar, and back (H. Hinnant, "chrono-
// Compatible Low-Level Date Algorithms").
int64_t days_of(int y, int m, int d) {
  y -= m <= 2;
  const int era = y / 400;
  const int yoe = y - era * 400;
  const int doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  const int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return int64_t{era} * 146'097 + doe - 719'468;
}
struct Date {
  int year, month, day;
};
Date date_of(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto doe = static_cast<int>(days - era * 146'097);
  const int yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int mp = (5 * doy + 2) / 153;
  const int month = mp + (mp < 10 ? 3 : -9);
  return {static_cast<int>(yoe + era * 400) + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1};
}

constexpr size_t kTimeBytes = 19;  // without decimals
constexpr std::array<int64_t, 10> kPowers{
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

// The time at `at`; its kind, or 0.
uint16_t time_at(const char* at, const char* end, CutValue& value) {
  if (end - at < static_cast<ptrdiff_t>(kTimeBytes) || at[4] != '-' || at[7] != '-' ||
      (at[10] != 'T' && at[10] != ' ') || at[13] != ':' || at[16] != ':') {
    return 0;
  }
  const int year = number_at(at, 4);
  const int month = number_at(at + 5, 2);
  const int day = number_at(at + 8, 2);
  const int hour = number_at(at + 11, 2);
  const int minute = number_at(at + 14, 2);
  const int second = number_at(at + 17, 2);
  if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 ||
      minute < 0 || minute > 59 || second < 0 || second > 59) {
    return 0;
  }
  const int64_t days = days_of(year, month, day);
  if (date_of(days).month != month) return 0;
  const char* p = at + kTimeBytes;
  if (p < end && is(*p, kDigit)) return 0;
  uint16_t kind = kTimeVariable | (at[10] == ' ' ? kTimeBlank : 0);
  int64_t units = ((days * 24 + hour) * 60 + minute) * 60 + second;
  if (end - p >= 2 && (*p == '.' || *p == ',') && is(p[1], kDigit)) {
    const char* digit = p + 1;
    while (digit < end && is(*digit, kDigit) && digit - p <= 9) {
      units = units * 10 + (*digit++ - '0');
    }
    if (digit < end && is(*digit, kDigit)) return 0;
    kind |= static_cast<uint16_t>((digit - p - 1) | (*p == ',' ? kTimeComma : 0));
    p = digit;
  }
  value = {.text = at, .bytes = static_cast<uint32_t>(p - at), .number = units};
  return kind;
}

bool hex_at(const char* at, const char* end, size_t digits) {
  if (static_cast<size_t>(end - at) < digits) return false;
  uint8_t all = kLowerHex;
  for (size_t i = 0; i < digits; ++i) all &= kClasses[static_cast<unsigned char>(at[i])];
  return all != 0;
}

constexpr size_t kUuidBytes = 36;
bool uuid_at(const char* at, const char* end) {
  return static_cast<size_t>(end - at) >= kUuidBytes && at[8] == '-' && at[13] == '-' &&
         at[18] == '-' && at[23] == '-' && hex_at(at, end, 8) && hex_at(at + 9, end, 4) &&
         hex_at(at + 14, end, 4) && hex_at(at + 19, end, 4) && hex_at(at + 24, end, 12) &&
         (static_cast<size_t>(end - at) == kUuidBytes || !is(at[kUuidBytes], kToken));
}

const char* token_end(const char* at, const char* end) {
  while (at < end && is(*at, kToken)) ++at;
  return at;
}

bool digits_at(const char* at, const char* end, CutValue& value) {
  const char* p = at;
  uint64_t number = 0;
  while (p < end && is(*p, kDigit) && p - at <= static_cast<ptrdiff_t>(kDigitsMax))
    number = number * 10 + static_cast<uint64_t>(*p++ - '0');
  const auto digits = static_cast<size_t>(p - at);
  if (digits == 0 || digits > kDigitsMax) return false;
  value = {
      .text = at, .bytes = static_cast<uint32_t>(digits), .number = static_cast<int64_t>(number)};
  return true;
}

// A variable of the kind at `at`; the bytes that it takes, or 0.
size_t variable_at(uint16_t kind, const char* at, const char* end, CutValue& value) {
  const auto taken = [&](size_t bytes) {
    value = {.text = at, .bytes = static_cast<uint32_t>(bytes)};
    return bytes;
  };
  switch (kind & kVariableKind) {
    case kTimeVariable:
      return time_at(at, end, value) == kind ? value.bytes : 0;
    case kUuidVariable:
      return uuid_at(at, end) ? taken(kUuidBytes) : 0;
    case kHexVariable: {
      const size_t digits = kind & 0xff;
      if (!hex_at(at, end, digits)) return 0;
      return at + digits < end && is(at[digits], kToken) ? 0 : taken(digits);
    }
    case kDigitsVariable:
      return digits_at(at, end, value) ? value.bytes : 0;
    default:
      return taken(static_cast<size_t>(token_end(at, end) - at));
  }
}

struct Token {
  bool digits = false;
  bool letters = false;
  bool hex = true;
  bool capitals = true;
  int changes = 0;
  size_t longest_digits = 0;
};
Token look_at(const char* at, const char* end) {
  Token out;
  size_t run = 0;
  for (const char* p = at; p < end; ++p) {
    const bool digit = is(*p, kDigit);
    out.digits |= digit;
    out.letters |= !digit;
    out.hex &= is(*p, kLowerHex);
    out.capitals &= *p >= 'A' && *p <= 'Z';
    run = digit ? run + 1 : 0;
    out.longest_digits = std::max(out.longest_digits, run);
    if (p > at) out.changes += digit != is(p[-1], kDigit);
  }
  return out;
}

// A token without digits that varies: levels, methods, and what a key or a bracket stands before.
bool is_word(const char* text, const char* at, const char* end, const Token& token) {
  if (at > text && (at[-1] == '[' || at[-1] == '=')) return true;
  return token.capitals && end - at >= 3;
}

class Scan {
 public:
  Scan(std::string_view text, std::vector<CutValue>& values)
      : text_(text.data()),
        literal_(text.data()),
        end_(text.data() + text.size()),
        values_(values) {}

  void all() {
    for (const char* at = literal_; at < end_;) {
      if (!is(*at, kToken)) {
        ++at;
        continue;
      }
      at = token(at);
    }
    pieces.push_back({std::string(literal_, end_), 0});
  }
  std::vector<CutPiece> pieces;

 private:
  // Takes a variable at `at`; behind it.
  const char* put(uint16_t kind, const char* at) {
    CutValue value;
    const size_t bytes = variable_at(kind, at, end_, value);
    pieces.push_back({std::string(literal_, at), kind});
    values_.push_back(value);
    literal_ = at + bytes;
    return literal_;
  }
  const char* token(const char* at) {
    const char* const end = token_end(at, end_);
    const Token token = look_at(at, end);
    if (!token.digits) {
      return is_word(text_, at, end, token) ? put(kWordVariable, at) : end;
    }
    CutValue value;
    if (end - at == 8 && uuid_at(at, end_)) return put(kUuidVariable, at);
    if (const uint16_t kind = time_at(at, end_, value); kind != 0) return put(kind, at);
    const auto bytes = static_cast<size_t>(end - at);
    if (token.letters && token.hex && bytes >= kHexDigitsMin && bytes <= kHexDigitsMax)
      return put(static_cast<uint16_t>(kHexVariable | bytes), at);
    if (token.changes > kChangesMax || token.longest_digits > kDigitsMax)
      return put(kWordVariable, at);
    while (at < end) {
      at = is(*at, kDigit) ? put(kDigitsVariable, at) : at + 1;
    }
    return end;
  }

  const char* text_;
  const char* literal_;
  const char* end_;
  std::vector<CutValue>& values_;
};

}  // namespace

bool is_variable_kind(uint16_t kind) {
  const size_t parameter = kind & 0xff;
  switch (kind & kVariableKind) {
    case kWordVariable:
    case kDigitsVariable:
    case kUuidVariable:
      return parameter == 0;
    case kHexVariable:
      return parameter >= kHexDigitsMin && parameter <= kHexDigitsMax;
    case kTimeVariable:
      return (parameter & 15) <= 9 && parameter < 64;
    default:
      return false;
  }
}

int TextCut::cut(std::string_view text, std::vector<CutValue>& values) {
  if (text.size() > kTextBytesMax) return kWhole;
  const size_t before = values.size();
  const auto choose = [&](std::span<const PieceTrie::Next> nexts, const char*& at,
                          const char* end) {
    // A literal that ends within a token is none of this text.
    for (size_t i = 0; i < nexts.size(); ++i) {
      CutValue value;
      const size_t bytes = variable_at(nexts[i].kind, at, end, value);
      if (bytes == 0) continue;
      if (nexts[i].kind == kWordVariable) {
        // A word that is a literal leads elsewhere.
        const Token token = look_at(at, at + bytes);
        if (!token.digits && !is_word(text.data(), at, at + bytes, token)) continue;
      }
      values.push_back(value);
      at += bytes;
      return static_cast<int>(i);
    }
    return PieceTrie::kNone;
  };
  const int way = trie_.walk(text, choose);
  if (way != PieceTrie::kNone) return way;
  values.resize(before);
  return scan_whole(text, values);
}

int TextCut::scan_whole(std::string_view text, std::vector<CutValue>& values) {
  if (templates_.size() == kTemplatesMax || refused_ == kRefusedMax) return kWhole;
  const size_t before = values.size();
  Scan scan(text, values);
  scan.all();
  if (scan.pieces.size() > kVariablesMax + 1) {
    values.resize(before);
    return kWhole;
  }
  const int fresh = static_cast<int>(templates_.size());
  const int way = trie_.insert(scan.pieces, fresh);
  if (way == kWhole) {
    ++refused_;
    values.resize(before);
  }
  if (way == fresh) templates_.push_back(std::move(scan.pieces));
  return way;
}

void append_digits(uint64_t number, size_t digits, std::string& out) {
  std::array<char, 20> text;
  char* const end = text.data() + text.size();
  char* at = end;
  while (number > 0 && at > text.data()) {
    *--at = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  while (end - at < static_cast<ptrdiff_t>(digits) && at > text.data()) *--at = '0';
  out.append(at, static_cast<size_t>(end - at));
}

int64_t time_unit_ns(uint16_t kind) { return kPowers[9 - (kind & 15) % 10]; }

void append_time(int64_t units, uint16_t kind, std::string& out) {
  const int decimals = (kind & 15) % 10;
  const int64_t per_second = kPowers[static_cast<size_t>(decimals)];
  int64_t seconds = units / per_second;
  int64_t fraction = units % per_second;
  if (fraction < 0) {
    fraction += per_second;
    --seconds;
  }
  int64_t days = seconds / 86'400;
  int64_t left = seconds % 86'400;
  if (left < 0) {
    left += 86'400;
    --days;
  }
  const Date date = date_of(days);
  const auto put = [&](int64_t number, size_t digits) {
    append_digits(static_cast<uint64_t>(number), digits, out);
  };
  put(date.year, 4);
  out += '-';
  put(date.month, 2);
  out += '-';
  put(date.day, 2);
  out += (kind & kTimeBlank) != 0 ? ' ' : 'T';
  put(left / 3'600, 2);
  out += ':';
  put(left / 60 % 60, 2);
  out += ':';
  put(left % 60, 2);
  if (decimals == 0) return;
  out += (kind & kTimeComma) != 0 ? ',' : '.';
  put(fraction, static_cast<size_t>(decimals));
}

namespace {

KANSOKU_CLONES void write_hex(const uint8_t* bytes, size_t count, char* out) {
  for (size_t i = 0; i < count; ++i) {
    const auto high = static_cast<uint8_t>(bytes[i] >> 4);
    const auto low = static_cast<uint8_t>(bytes[i] & 15);
    out[2 * i] = static_cast<char>(high + '0' + (high > 9 ? 'a' - '9' - 1 : 0));
    out[2 * i + 1] = static_cast<char>(low + '0' + (low > 9 ? 'a' - '9' - 1 : 0));
  }
}

}  // namespace

void append_hex(std::string_view bytes, std::string& out) {
  const size_t begin = out.size();
  out.resize(begin + 2 * bytes.size());
  write_hex(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), out.data() + begin);
}

void append_uuid(std::string_view bytes, std::string& out) {
  append_hex(bytes.substr(0, 4), out);
  for (const size_t at : {4U, 6U, 8U}) {
    out += '-';
    append_hex(bytes.substr(at, 2), out);
  }
  out += '-';
  append_hex(bytes.substr(10, 6), out);
}

namespace {

// Eight digits, the first in the lowest byte, as four bytes.
uint32_t bytes_of_digits(uint64_t digits) {
  // Letters have bit 6, and nine less in their low bits than they stand for.
  const uint64_t halves = (digits & 0x0f0f0f0f0f0f0f0fU) + (digits >> 6 & 0x0101010101010101U) * 9;
  uint64_t out = (halves << 4 | halves >> 8) & 0x00ff00ff00ff00ffU;
  out = (out | out >> 8) & 0x0000ffff0000ffffU;
  return static_cast<uint32_t>(out | out >> 16);
}

}  // namespace

void append_hex_bytes(std::string_view hex, std::string& out) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  const size_t begin = out.size();
  out.resize(begin + (hex.size() + 1) / 2);
  char* to = out.data() + begin;
  size_t i = 0;
  for (; i + 8 <= hex.size(); i += 8, to += 4)
    store_le(to, bytes_of_digits(load_le<uint64_t>(hex.data() + i)));
  for (; i + 1 < hex.size(); i += 2)
    *to++ = static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  if (hex.size() % 2 != 0) *to = static_cast<char>(digit(hex.back()) << 4);
}

}  // namespace kansoku::store::events
