#include "store/events/json_cut.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/bytes.h"
#include "store/event_store.h"
#include "store/json_leaves.h"
#include "wire/json/json_writer.h"

namespace kansoku::store::events {
namespace {

constexpr size_t kDepthMax = 32;
// Of a block; what comes after stays whole.
constexpr size_t kSkeletonsMax = 1'024;
// Messages that were scanned for nothing, until no more are.
constexpr size_t kRefusedMax = 4'096;
constexpr size_t kSkeletonBytesMax = 64 * 1024;
// Digits of which a double is exact, and its powers of ten (2^53, 10^22).
constexpr ptrdiff_t kDecimalDigitsMax = 15;
constexpr std::array<double, 16> kPowers{1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

constexpr uint64_t kOnes = 0x0101010101010101ULL;
constexpr uint64_t kHighs = 0x8080808080808080ULL;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The highest bit of each byte that is a quote, a backslash, a control byte or beyond ASCII.
uint64_t special_bytes(uint64_t word) {
  const auto equal = [word](uint64_t c) {
    const uint64_t x = word ^ (kOnes * c);
    return (x - kOnes) & ~x;
  };
  return (equal('"') | equal('\\') | (word - kOnes * 0x20) | word) & kHighs;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four digits at `at`, or -1.
int32_t code_unit(const char* at, const char* end) {
  if (end - at < 4) return -1;
  int32_t out = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(at[i]);
    if (digit < 0) return -1;
    out = out * 16 + digit;
  }
  return out;
}

void append_utf8(uint32_t c, std::string& out) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 63));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 63));
    put(0x80 | (c & 63));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 63));
    put(0x80 | (c >> 6 & 63));
    put(0x80 | (c & 63));
  }
}

constexpr std::string_view kShortEscapes = "\"\\/bfnrt";
constexpr std::string_view kShortMeanings = "\"\\/\b\f\n\r\t";

// A value of a message.
struct Scanned {
  LeafKind kind = LeafKind::Bool;
  CutValue value;
  const char* behind = nullptr;  // null: no value that is cut
};

Scanned scan_number(const char* at, const char* end) {
  const char* p = at;
  const bool negative = *p == '-';
  if (negative) ++p;
  const char* const first = p;
  uint64_t mantissa = 0;
  while (p < end && is_digit(*p)) mantissa = mantissa * 10 + static_cast<uint64_t>(*p++ - '0');
  const ptrdiff_t whole = p - first;
  if (whole == 0 || (whole > 1 && *first == '0')) return {};
  ptrdiff_t decimals = 0;
  if (p < end && *p == '.') {
    const char* const point = p++;
    while (p < end && is_digit(*p)) mantissa = mantissa * 10 + static_cast<uint64_t>(*p++ - '0');
    decimals = p - point - 1;
    if (decimals == 0) return {};
  }
  const bool exponent = p < end && (*p == 'e' || *p == 'E');
  if (exponent) {
    ++p;
    if (p < end && (*p == '+' || *p == '-')) ++p;
    const char* const digits = p;
    while (p < end && is_digit(*p)) ++p;
    if (p == digits) return {};
  }
  Scanned out{.kind = LeafKind::NumberText,
              .value = {.text = at, .bytes = static_cast<uint32_t>(p - at)},
              .behind = p};
  const auto number = static_cast<int64_t>(mantissa);
  if (!exponent && decimals == 0) {
    if (negative && *first == '0') return {};
    out.kind = LeafKind::Int;
    if (whole <= 18) {
      out.value.number = negative ? -number : number;
      return out;
    }
    if (std::from_chars(at, p, out.value.number).ec == std::errc{}) return out;
    out.kind = LeafKind::NumberText;
  } else if (!exponent && whole + decimals <= kDecimalDigitsMax && !(negative && mantissa == 0)) {
    out.kind = LeafKind::Decimal;
    out.value.number = negative ? -number : number;
    out.value.scale = static_cast<uint32_t>(decimals);
    return out;
  }
  double value = 0;
  if (std::from_chars(at, p, value).ec != std::errc{}) return {};
  return out;
}

// From behind the quote.
Scanned scan_text(const char* at, const char* end, std::deque<std::string>& unescaped) {
  const char* p = at;
  bool high = false;
  bool escaped = false;
  for (;;) {
    while (end - p >= 8) {
      const uint64_t special = special_bytes(load_le<uint64_t>(p));
      if (special == 0) {
        p += 8;
        continue;
      }
      p += std::countr_zero(special) / 8;
      break;
    }
    // Borrows may mark a byte too many, never one too few, and the first mark is right.
    while (p < end && static_cast<unsigned char>(*p) >= 0x20 && *p != '"' && *p != '\\' &&
           static_cast<unsigned char>(*p) < 0x80) {
      ++p;
    }
    if (p == end || (static_cast<unsigned char>(*p) < 0x20)) return {};
    if (*p == '"') break;
    if (*p == '\\') {
      escaped = true;
      p += 2;
      if (p > end) return {};
    } else {
      high = true;
      while (p < end && static_cast<unsigned char>(*p) >= 0x80) ++p;
    }
  }
  const std::string_view raw(at, static_cast<size_t>(p - at));
  Scanned out{.kind = LeafKind::Text,
              .value = {.text = at, .bytes = static_cast<uint32_t>(raw.size())},
              .behind = p + 1};
  if (high && !wire::is_utf8(raw)) return {};
  if (!escaped) return out;
  std::string plain;
  if (!append_unescaped(raw, plain)) return {};
  std::string again;
  append_escaped(plain, again);
  if (again != raw) {
    out.kind = LeafKind::EscapedText;
    return out;
  }
  const std::string& kept = unescaped.emplace_back(std::move(plain));
  out.value.text = kept.data();
  out.value.bytes = static_cast<uint32_t>(kept.size());
  out.value.scale = 1;
  return out;
}

Scanned scan_value(const char* at, const char* end, std::deque<std::string>& unescaped) {
  const auto left = static_cast<size_t>(end - at);
  switch (*at) {
    case '"':
      return scan_text(at + 1, end, unescaped);
    case 't':
      if (!std::string_view(at, left).starts_with("true")) return {};
      return {.kind = LeafKind::Bool, .value = {.number = 1}, .behind = at + 4};
    case 'f':
      if (!std::string_view(at, left).starts_with("false")) return {};
      return {.kind = LeafKind::Bool, .value = {.number = 0}, .behind = at + 5};
    default:
      if (*at != '-' && !is_digit(*at)) return {};
      return scan_number(at, end);
  }
}

}  // namespace

signal::ColumnType leaf_type(LeafKind kind) {
  switch (kind) {
    case LeafKind::Bool:
      return signal::ColumnType::Bool;
    case LeafKind::Int:
      return signal::ColumnType::Int64;
    case LeafKind::Decimal:
    case LeafKind::NumberText:
      return signal::ColumnType::Float64;
    default:
      return signal::ColumnType::Text;
  }
}

bool append_unescaped(std::string_view escaped, std::string& out) {
  const char* at = escaped.data();
  const char* const end = at + escaped.size();
  while (at < end) {
    if (*at != '\\') {
      out += *at++;
      continue;
    }
    if (++at == end) return false;
    const char c = *at++;
    if (c != 'u') {
      const size_t place = kShortEscapes.find(c);
      if (place == std::string_view::npos) return false;
      out += kShortMeanings[place];
      continue;
    }
    const int32_t unit = code_unit(at, end);
    if (unit < 0) return false;
    at += 4;
    auto point = static_cast<uint32_t>(unit);
    if (point >= 0xdc00 && point < 0xe000) return false;
    if (point >= 0xd800 && point < 0xdc00) {
      if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return false;
      const int32_t low = code_unit(at + 2, end);
      if (low < 0xdc00 || low >= 0xe000) return false;
      at += 6;
      point = 0x10000 + ((point - 0xd800) << 10) + (static_cast<uint32_t>(low) - 0xdc00);
    }
    append_utf8(point, out);
  }
  return true;
}

void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20) {
      out += c;
      continue;
    }
    const size_t place = kShortMeanings.find(c);
    if (place != std::string_view::npos) {
      out += '\\';
      out += kShortEscapes[place];
    } else {
      constexpr std::string_view kHex = "0123456789abcdef";
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
}

double decimal_value(int64_t mantissa, int64_t scale) {
  return static_cast<double>(mantissa) / kPowers[static_cast<size_t>(scale) % kPowers.size()];
}

void append_decimal(int64_t mantissa, int64_t scale, std::string& out) {
  std::array<char, 48> digits;
  char* const end = digits.data() + digits.size();
  char* at = end;
  uint64_t left =
      mantissa < 0 ? 0 - static_cast<uint64_t>(mantissa) : static_cast<uint64_t>(mantissa);
  for (int64_t i = 0; i < scale && i < 20; ++i) {
    *--at = static_cast<char>('0' + left % 10);
    left /= 10;
  }
  if (scale > 0) *--at = '.';
  do {
    *--at = static_cast<char>('0' + left % 10);
    left /= 10;
  } while (left > 0);
  if (mantissa < 0) *--at = '-';
  out.append(at, static_cast<size_t>(end - at));
}

// One message, level by level.
class JsonScan {
 public:
  JsonScan(std::string_view message, std::deque<std::string>& unescaped,
           std::vector<CutValue>& values)
      : at_(message.data()),
        literal_(message.data()),
        end_(message.data() + message.size()),
        unescaped_(unescaped),
        values_(values) {}

  bool whole() {
    space();
    if (at_ == end_ || *at_ != '{' || !object(0)) return false;
    space();
    if (at_ != end_) return false;
    skeleton.pieces.push_back({std::string(literal_, end_), 0});
    return wire::is_utf8(std::string_view(begin_literals_));
  }
  JsonCut::Skeleton skeleton;

 private:
  void space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }
  bool take(char c) {
    space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool value(size_t depth) {
    space();
    if (at_ == end_) return false;
    if (*at_ == '{') return object(depth + 1);
    if (*at_ == '[') return list(depth + 1);
    if (*at_ == 'n') {
      if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with("null")) return false;
      at_ += 4;
      return true;
    }
    const Scanned scanned = scan_value(at_, end_, unescaped_);
    if (scanned.behind == nullptr || path_.size() > kEventPathBytesMax ||
        skeleton.paths.size() == kJsonLeavesMax || !seen_.insert(path_).second) {
      return false;
    }
    skeleton.pieces.push_back({std::string(literal_, at_), static_cast<uint16_t>(scanned.kind)});
    skeleton.paths.push_back(path_);
    values_.push_back(scanned.value);
    at_ = literal_ = scanned.behind;
    return true;
  }
  bool object(size_t depth) {
    if (depth >= kDepthMax) return false;
    ++at_;
    space();
    if (at_ < end_ && *at_ == '}') {
      ++at_;
      return true;
    }
    const size_t path_bytes = path_.size();
    do {
      if (!take('"')) return false;
      const char* const name = at_;
      while (at_ < end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20)
        ++at_;
      if (at_ == end_ || *at_ != '"') return false;
      const std::string_view key(name, static_cast<size_t>(at_ - name));
      ++at_;
      begin_literals_ += key;
      path_.resize(path_bytes);
      append_path_level(
          depth == 0 && key.starts_with('@') ? "@" + std::string(key) : std::string(key), path_);
      if (!take(':') || !value(depth)) return false;
      space();
    } while (at_ < end_ && *at_ == ',' && ++at_);
    path_.resize(path_bytes);
    return take('}');
  }
  bool list(size_t depth) {
    if (depth >= kDepthMax) return false;
    ++at_;
    space();
    if (at_ < end_ && *at_ == ']') {
      ++at_;
      return true;
    }
    const size_t path_bytes = path_.size();
    size_t item = 0;
    do {
      path_.resize(path_bytes);
      append_path_level(std::to_string(item++), path_);
      if (!value(depth)) return false;
      space();
    } while (at_ < end_ && *at_ == ',' && ++at_);
    path_.resize(path_bytes);
    return take(']');
  }

  const char* at_;
  const char* literal_;  // where the piece that is not ended begins
  const char* end_;
  std::deque<std::string>& unescaped_;
  std::vector<CutValue>& values_;
  std::string path_;
  std::string begin_literals_;  // all names: what of the literals may be beyond ASCII
  std::set<std::string> seen_;
};

int JsonCut::scan_whole(std::string_view message, std::vector<CutValue>& values) {
  if (skeletons_.size() == kSkeletonsMax || refused_ == kRefusedMax) return kWhole;
  const size_t before = values.size();
  JsonScan scan(message, unescaped_, values);
  bool good = scan.whole();
  size_t bytes = 0;
  for (const CutPiece& piece : scan.skeleton.pieces) bytes += piece.literal.size();
  good = good && bytes <= kSkeletonBytesMax;
  if (!good) {
    ++refused_;
    values.resize(before);
    return kWhole;
  }
  const int fresh = static_cast<int>(skeletons_.size());
  const int way = trie_.insert(scan.skeleton.pieces, fresh);
  if (way == kWhole) {
    ++refused_;
    values.resize(before);
  }
  if (way == fresh) skeletons_.push_back(std::move(scan.skeleton));
  return way;
}

int JsonCut::cut(std::string_view message, std::vector<CutValue>& values) {
  const size_t first = message.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || message[first] != '{') return kWhole;
  const size_t before = values.size();
  const auto choose = [&](std::span<const PieceTrie::Next> nexts, const char*& at,
                          const char* end) {
    const Scanned scanned = scan_value(at, end, unescaped_);
    if (scanned.behind == nullptr) return PieceTrie::kNone;
    for (size_t i = 0; i < nexts.size(); ++i) {
      if (nexts[i].kind != static_cast<uint16_t>(scanned.kind)) continue;
      at = scanned.behind;
      values.push_back(scanned.value);
      return static_cast<int>(i);
    }
    return PieceTrie::kNone;
  };
  const int way = trie_.walk(message, choose);
  if (way != PieceTrie::kNone) return way;
  values.resize(before);
  return scan_whole(message, values);
}

}  // namespace kansoku::store::events
