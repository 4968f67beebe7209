#include "wire/remote_write/plain_labels.h"

#include "base/bytes.h"

namespace kansoku::wire::remote_write {
namespace {

// TimeSeries.labels, Label.name and Label.value (prometheus/prompb/types.proto) and their sizes, as
// single bytes.
constexpr char kLabelTag = 0x0a;
constexpr char kNameTag = 0x0a;
constexpr char kValueTag = 0x12;
constexpr size_t kWord = 16;

// Copies `size` bytes a word at a time; both sides have a word of room behind them.
char* copy_words(char* to, const char* from, size_t size) {
  for (size_t at = 0; at < size; at += kWord) std::memcpy(to + at, from + at, kWord);
  return to + size;
}

uint64_t big_endian_word(const char* from) { return __builtin_bswap64(load_le<uint64_t>(from)); }

// `a` before `b`, byte by byte; eight bytes behind each are readable.
bool ascends(std::string_view a, std::string_view b) {
  const auto masked = [](std::string_view text) {
    const uint64_t word = big_endian_word(text.data());
    return text.size() >= 8 ? word : word & ~(~uint64_t{0} >> (8 * text.size()));
  };
  const uint64_t x = masked(a);
  const uint64_t y = masked(b);
  return x != y ? x < y : a < b;
}

bool is_ascii(const char* from, const char* to) {
  constexpr uint64_t kHighBits = 0x8080808080808080ULL;
  uint64_t seen = 0;
  for (; to - from >= 8; from += 8) seen |= load_le<uint64_t>(from);
  for (; from < to; ++from) seen |= static_cast<uint64_t>(static_cast<unsigned char>(*from));
  return (seen & kHighBits) == 0;
}

}  // namespace

bool PlainLabels::read(std::string_view message, const char* buffer_end) {
  const char* at = message.data();
  const char* const end = at + message.size();
  // Words are read whole.
  if (buffer_end - end < static_cast<ptrdiff_t>(kWord)) return false;
  char* to = canonical_.data();
  count_ = 0;
  metric_ = {};
  std::string_view before;
  while (end - at > 4 && *at == kLabelTag) {
    const size_t label_bytes = static_cast<unsigned char>(at[1]);
    const size_t name_bytes = static_cast<unsigned char>(at[3]);
    const char* const name = at + 4;
    const char* const value = name + name_bytes + 2;
    if (label_bytes < name_bytes + 4 || at + 2 + label_bytes > end || at[2] != kNameTag ||
        value[-2] != kValueTag || name_bytes == 0) {
      return false;
    }
    const size_t value_bytes = static_cast<unsigned char>(value[-1]);
    if (label_bytes != name_bytes + value_bytes + 4 || value_bytes == 0) return false;
    const std::string_view name_text(name, name_bytes);
    if (count_ > 0 && !ascends(before, name_text)) return false;
    if (static_cast<size_t>(to - canonical_.data()) + label_bytes > kBytesMax) return false;
    *to++ = static_cast<char>(name_bytes);
    to = copy_words(to, name, name_bytes);
    *to++ = static_cast<char>(value_bytes);
    to = copy_words(to, value, value_bytes);
    if (name_text == "__name__") metric_ = {value, value_bytes};
    before = name_text;
    ++count_;
    at += 2 + label_bytes;
  }
  // Sizes of 128 bytes and more have the high bit, too.
  if (metric_.empty() || !is_ascii(message.data(), at)) return false;
  canonical_bytes_ = static_cast<size_t>(to - canonical_.data());
  rest_ = message.substr(static_cast<size_t>(at - message.data()));
  return true;
}

}  // namespace kansoku::wire::remote_write
