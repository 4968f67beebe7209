#include "store/metrics/int_column.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace kansoku::store::metrics {
namespace {

// First byte of a column.
constexpr uint8_t kConstant = 0;
constexpr uint8_t kVarints = 1;
constexpr uint8_t kPrefix = 2;
constexpr uint8_t kFormMask = 3;
constexpr uint8_t kUnsigned = 4;  // no zigzag: nothing is negative

// Below this many values the table of the codes costs more than the codes save.
constexpr size_t kPrefixValuesMin = 64;
// Magnitudes below 16 have a token each; above, two for each power of two.
constexpr uint64_t kOwnTokens = 16;
constexpr int kOwnBits = 5;  // width of the first magnitude that shares a token
constexpr size_t kTokens = kOwnTokens + 2 * (64 - kOwnBits + 1);
// 2,048 entries of 2 bytes: the decoder's table stays in the L1 cache.
constexpr int kCodeBitsMax = 11;

struct Token {
  uint8_t token = 0;
  uint8_t extra_bits = 0;
};

Token token_of(uint64_t magnitude) {
  if (magnitude < kOwnTokens) return {static_cast<uint8_t>(magnitude), 0};
  const auto width = static_cast<int>(std::bit_width(magnitude));
  const auto upper = static_cast<int>((magnitude >> (width - 2)) & 1);
  return {static_cast<uint8_t>(static_cast<int>(kOwnTokens) + 2 * (width - kOwnBits) + upper),
          static_cast<uint8_t>(width - 2)};
}

int extra_bits_of(size_t token) {
  if (token < kOwnTokens) return 0;
  return static_cast<int>((token - kOwnTokens) / 2) + kOwnBits - 2;
}

uint64_t base_of(size_t token) {
  if (token < kOwnTokens) return token;
  return (uint64_t{2} | ((token - kOwnTokens) & 1)) << extra_bits_of(token);
}

size_t varint_bytes(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// What decides how a column is kept.
struct Shape {
  bool constant = true;
  bool negative = false;
  size_t varint_bytes = 0;
  uint64_t extra_bits = 0;
  size_t used_end = 0;    // behind the last token
  size_t used_begin = 0;  // the first one
  std::array<uint32_t, kTokens> histogram{};

  uint64_t magnitude(int64_t value) const {
    return negative ? zigzag(value) : static_cast<uint64_t>(value);
  }
};

void measure(std::span<const int64_t> values, Shape& shape) {
  int64_t all = 0;
  for (const int64_t value : values) {
    shape.constant = shape.constant && value == values[0];
    all |= value;
  }
  shape.negative = all < 0;
  if (shape.constant) return;
  for (const int64_t value : values) shape.varint_bytes += varint_bytes(shape.magnitude(value));
  if (values.size() < kPrefixValuesMin) return;
  for (const int64_t value : values) {
    const Token token = token_of(shape.magnitude(value));
    ++shape.histogram[token.token];
    shape.extra_bits += token.extra_bits;
  }
  shape.used_end = kTokens;
  while (shape.histogram[shape.used_end - 1] == 0) --shape.used_end;
  while (shape.histogram[shape.used_begin] == 0) ++shape.used_begin;
}

size_t table_bytes(const Shape& shape) { return 2 + (shape.used_end - shape.used_begin + 1) / 2; }

// From the entropy of the tokens; the codes come within a few percent of it.
size_t prefix_bytes(const Shape& shape, size_t values) {
  double bits = static_cast<double>(shape.extra_bits);
  const auto n = static_cast<double>(values);
  for (const uint32_t count : shape.histogram) {
    if (count > 0) bits += count * std::max(0.05, std::log2(n / count));
  }
  return table_bytes(shape) + 3 + static_cast<size_t>(bits / 8);
}

bool prefers_prefix(const Shape& shape, size_t values) {
  return values >= kPrefixValuesMin && prefix_bytes(shape, values) < shape.varint_bytes;
}

using CodeLengths = std::array<uint8_t, kTokens>;

// Huffman's lengths, at most kCodeBitsMax: counts are halved until they fit (the loss is below what
// a packed column could show, as tokens that need longer codes are rare).
CodeLengths code_lengths(std::array<uint32_t, kTokens> counts) {
  struct Node {
    uint64_t count = 0;
    int left = -1;
    int right = -1;
    size_t token = 0;
  };
  for (;;) {
    CodeLengths out{};
    std::vector<Node> nodes;
    std::vector<int> heap;
    auto later = [&](int a, int b) {
      return std::pair(nodes[static_cast<size_t>(a)].count, a) >
             std::pair(nodes[static_cast<size_t>(b)].count, b);
    };
    for (size_t token = 0; token < kTokens; ++token) {
      if (counts[token] == 0) continue;
      heap.push_back(static_cast<int>(nodes.size()));
      nodes.push_back({.count = counts[token], .token = token});
    }
    if (nodes.size() == 1) {
      out[nodes[0].token] = 1;
      return out;
    }
    std::ranges::make_heap(heap, later);
    auto take = [&] {
      std::ranges::pop_heap(heap, later);
      const int node = heap.back();
      heap.pop_back();
      return node;
    };
    while (heap.size() > 1) {
      const int a = take();
      const int b = take();
      heap.push_back(static_cast<int>(nodes.size()));
      nodes.push_back({.count = nodes[static_cast<size_t>(a)].count +
                                nodes[static_cast<size_t>(b)].count,
                       .left = a,
                       .right = b});
      std::ranges::push_heap(heap, later);
    }
    // Parents stand behind their children.
    std::vector<int> depth(nodes.size());
    int deepest = 0;
    for (size_t i = nodes.size(); i-- > 0;) {
      const Node& node = nodes[i];
      if (node.left < 0) {
        deepest = std::max(deepest, depth[i]);
        out[node.token] = static_cast<uint8_t>(depth[i]);
        continue;
      }
      depth[static_cast<size_t>(node.left)] = depth[static_cast<size_t>(node.right)] = depth[i] + 1;
    }
    if (deepest <= kCodeBitsMax) return out;
    for (uint32_t& count : counts) count = (count + 1) / 2;
  }
}

// Canonical codes as in RFC 1951 3.2.2, lowest bit first in the stream.
std::array<uint16_t, kTokens> codes_of(const CodeLengths& lengths) {
  std::array<uint32_t, kCodeBitsMax + 1> count{};
  for (const uint8_t length : lengths) {
    if (length > 0) ++count[length];
  }
  std::array<uint32_t, kCodeBitsMax + 1> next{};
  for (size_t bits = 1; bits < next.size(); ++bits)
    next[bits] = (next[bits - 1] + count[bits - 1]) << 1;
  std::array<uint16_t, kTokens> out{};
  for (size_t token = 0; token < kTokens; ++token) {
    const uint8_t length = lengths[token];
    if (length == 0) continue;
    const uint32_t code = next[length]++;
    uint32_t reversed = 0;
    for (int bit = 0; bit < length; ++bit) reversed = (reversed << 1) | ((code >> bit) & 1);
    out[token] = static_cast<uint16_t>(reversed);
  }
  return out;
}

class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(&out) {}
  // At most 32 bits.
  void put(uint64_t bits, int n) {
    window_ |= bits << have_;
    have_ += n;
    while (have_ >= 8) {
      *out_ += static_cast<char>(window_);
      window_ >>= 8;
      have_ -= 8;
    }
  }
  void put_wide(uint64_t bits, int n) {
    if (n > 32) {
      put(bits & 0xffffffffU, 32);
      bits >>= 32;
      n -= 32;
    }
    put(bits, n);
  }
  void finish() {
    if (have_ > 0) *out_ += static_cast<char>(window_);
  }

 private:
  std::string* out_;
  uint64_t window_ = 0;
  int have_ = 0;
};

void put_prefix(std::span<const int64_t> values, const Shape& shape, std::string& out) {
  const CodeLengths lengths = code_lengths(shape.histogram);
  const auto codes = codes_of(lengths);
  out += static_cast<char>(shape.used_begin);
  out += static_cast<char>(shape.used_end - shape.used_begin);
  for (size_t token = shape.used_begin; token < shape.used_end; token += 2) {
    const int upper = token + 1 < shape.used_end ? lengths[token + 1] : 0;
    out += static_cast<char>(lengths[token] | upper << 4);
  }
  thread_local std::string stream;
  stream.clear();
  BitWriter bits(stream);
  for (const int64_t value : values) {
    const uint64_t magnitude = shape.magnitude(value);
    const Token token = token_of(magnitude);
    bits.put(codes[token.token], lengths[token.token]);
    if (token.extra_bits > 0)
      bits.put_wide(magnitude & ((uint64_t{1} << token.extra_bits) - 1), token.extra_bits);
  }
  bits.finish();
  append_varint(out, stream.size());
  out += stream;
}

// Reads the lowest bits first; past the end there are none.
class BitReader {
 public:
  BitReader(const char* at, const char* end) : at_(at), end_(end) {}
  // At least 56 bits, or all that are left.
  void refill() {
    if (end_ - at_ >= 8) {
      window_ |= load_le<uint64_t>(at_) << have_;
      at_ += (63 - have_) >> 3;
      have_ |= 56;
      return;
    }
    while (have_ <= 55 && at_ < end_) {
      window_ |= static_cast<uint64_t>(static_cast<uint8_t>(*at_++)) << have_;
      have_ += 8;
    }
  }
  uint64_t peek(int n) const { return window_ & ((uint64_t{1} << n) - 1); }
  // n <= 56.
  bool skip(int n) {
    window_ >>= n;
    have_ -= n;
    return have_ >= 0;
  }

 private:
  const char* at_;
  const char* end_;
  uint64_t window_ = 0;
  int have_ = 0;
};

// One entry for each kCodeBitsMax bits that may come: token << 4 | length, 0 where no code is.
using DecodeTable = std::array<uint16_t, size_t{1} << kCodeBitsMax>;

bool read_table(const char*& at, const char* end, DecodeTable& table) {
  if (end - at < 2) return false;
  const size_t begin = static_cast<uint8_t>(*at++);
  const size_t tokens = static_cast<uint8_t>(*at++);
  if (tokens == 0 || begin + tokens > kTokens) return false;
  if (static_cast<size_t>(end - at) < (tokens + 1) / 2) return false;
  CodeLengths lengths{};
  uint32_t taken = 0;
  for (size_t i = 0; i < tokens; ++i) {
    const auto both = static_cast<uint8_t>(at[i / 2]);
    const auto length = static_cast<uint8_t>(i % 2 == 0 ? both & 15 : both >> 4);
    if (length > kCodeBitsMax) return false;
    lengths[begin + i] = length;
    if (length > 0) taken += uint32_t{1} << (kCodeBitsMax - length);
  }
  at += (tokens + 1) / 2;
  if (taken > table.size()) return false;  // codes would overlap
  table.fill(0);
  const auto codes = codes_of(lengths);
  for (size_t token = begin; token < begin + tokens; ++token) {
    if (lengths[token] == 0) continue;
    const auto entry = static_cast<uint16_t>(token << 4 | lengths[token]);
    for (size_t bits = codes[token]; bits < table.size(); bits += size_t{1} << lengths[token])
      table[bits] = entry;
  }
  return true;
}

bool take_prefix(const char*& at, const char* end, bool with_sign, std::span<int64_t> out) {
  DecodeTable table;
  uint64_t bytes = 0;
  if (!read_table(at, end, table) || !read_varint(at, end, bytes) ||
      bytes > static_cast<uint64_t>(end - at)) {
    return false;
  }
  static constexpr auto kExtraBits = [] {
    std::array<uint8_t, kTokens> bits{};
    for (size_t token = kOwnTokens; token < kTokens; ++token)
      bits[token] = static_cast<uint8_t>((token - kOwnTokens) / 2 + kOwnBits - 2);
    return bits;
  }();
  // A code and this many bits come from one refill.
  constexpr int kOneRefill = 56 - kCodeBitsMax;
  BitReader bits(at, at + bytes);
  at += bytes;
  for (int64_t& value : out) {
    bits.refill();
    const uint16_t entry = table[bits.peek(kCodeBitsMax)];
    if (entry == 0 || !bits.skip(entry & 15)) return false;
    const size_t token = entry >> 4;
    uint64_t magnitude = base_of(token);
    int extra = kExtraBits[token];
    int shift = 0;
    if (extra > kOneRefill) {
      magnitude |= bits.peek(32);
      if (!bits.skip(32)) return false;
      bits.refill();
      extra -= 32;
      shift = 32;
    }
    magnitude |= bits.peek(extra) << shift;
    if (!bits.skip(extra)) return false;
    value = with_sign ? unzigzag(magnitude) : static_cast<int64_t>(magnitude);
  }
  return true;
}

}  // namespace

size_t ints_bytes(std::span<const int64_t> values) {
  Shape shape;
  measure(values, shape);
  if (shape.constant) return 1 + varint_bytes(shape.magnitude(values[0]));
  if (values.size() < kPrefixValuesMin) return 1 + shape.varint_bytes;
  return 1 + std::min(shape.varint_bytes, prefix_bytes(shape, values.size()));
}

void encode_ints(std::span<const int64_t> values, std::string& out) {
  KANSOKU_CHECK(!values.empty());
  Shape shape;
  measure(values, shape);
  const uint8_t sign = shape.negative ? 0 : kUnsigned;
  if (shape.constant) {
    out += static_cast<char>(kConstant | sign);
    append_varint(out, shape.magnitude(values[0]));
    return;
  }
  if (prefers_prefix(shape, values.size())) {
    out += static_cast<char>(kPrefix | sign);
    put_prefix(values, shape, out);
    return;
  }
  out += static_cast<char>(kVarints | sign);
  for (const int64_t value : values) append_varint(out, shape.magnitude(value));
}

bool decode_ints(const char*& at, const char* end, std::span<int64_t> out) {
  if (at == end || out.empty()) return false;
  const auto head = static_cast<uint8_t>(*at++);
  if ((head & ~(kFormMask | kUnsigned)) != 0) return false;
  const bool with_sign = (head & kUnsigned) == 0;
  auto value_of = [with_sign](uint64_t magnitude) {
    return with_sign ? unzigzag(magnitude) : static_cast<int64_t>(magnitude);
  };
  uint64_t magnitude = 0;
  switch (head & kFormMask) {
    case kConstant:
      if (!read_varint(at, end, magnitude)) return false;
      std::ranges::fill(out, value_of(magnitude));
      return true;
    case kVarints:
      for (int64_t& value : out) {
        if (!read_varint(at, end, magnitude)) return false;
        value = value_of(magnitude);
      }
      return true;
    case kPrefix:
      return take_prefix(at, end, with_sign, out);
    default:
      return false;
  }
}

}  // namespace kansoku::store::metrics
