#include "base/codec/int_column.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/codec/int_column_format.h"

namespace kansoku::codec {
namespace {

// Shorter columns are varints instead of planes.
constexpr size_t kPlanesValuesMin = 64;
// Below this many values the table of the codes costs about what the codes save, and making them
// more than zstd: the short runs of the head's parts are varints.
constexpr size_t kPrefixValuesMin = 128;
// Short columns take shorter codes, as a large table takes longer to make than their values to
// read.
constexpr int kCodeBitsMaxShort = 8;
constexpr size_t kShortColumn = 1024;

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

size_t varint_bytes(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// What decides how a column is kept.
struct Shape {
  bool constant = true;
  bool negative = false;
  size_t varint_bytes = 0;  // when not constant

  uint64_t magnitude(int64_t value) const {
    return negative ? zigzag(value) : static_cast<uint64_t>(value);
  }
};

Shape shape_of(std::span<const int64_t> values) {
  Shape shape;
  int64_t all = 0;
  int64_t other = 0;
  for (const int64_t value : values) {
    all |= value;
    other |= value ^ values[0];
  }
  shape.constant = other == 0;
  shape.negative = all < 0;
  if (shape.constant) return shape;
  for (const int64_t value : values) shape.varint_bytes += varint_bytes(shape.magnitude(value));
  return shape;
}

// What the prefix codes of a column come from.
struct Tokens {
  std::array<uint32_t, kTokens> histogram{};
  uint64_t extra_bits = 0;
  size_t used_begin = 0;  // the first token
  size_t used_end = 0;    // behind the last one
};

Tokens tokens_of(std::span<const int64_t> values, const Shape& shape) {
  Tokens tokens;
  for (const int64_t value : values) {
    const Token token = token_of(shape.magnitude(value));
    ++tokens.histogram[token.token];
    tokens.extra_bits += token.extra_bits;
  }
  tokens.used_end = kTokens;
  while (tokens.histogram[tokens.used_end - 1] == 0) --tokens.used_end;
  while (tokens.histogram[tokens.used_begin] == 0) ++tokens.used_begin;
  return tokens;
}

// From the entropy of the tokens; the codes come within a few percent of it.
size_t prefix_bytes(const Tokens& tokens, size_t values) {
  auto bits = static_cast<double>(tokens.extra_bits);
  const auto n = static_cast<double>(values);
  // No code is shorter than a bit.
  for (const uint32_t count : tokens.histogram) {
    if (count > 0) bits += count * std::max(1.0, std::log2(n / count));
  }
  const size_t table = 2 + (tokens.used_end - tokens.used_begin + 1) / 2;
  return table + 2 + static_cast<size_t>(bits / 8);
}

// Huffman's lengths, at most `bits_max`: counts are halved until they fit, which costs little, as
// tokens that need longer codes are rare.
CodeLengths code_lengths(std::array<uint32_t, kTokens> counts, int bits_max) {
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
      nodes.push_back(
          {.count = nodes[static_cast<size_t>(a)].count + nodes[static_cast<size_t>(b)].count,
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
    if (deepest <= bits_max) return out;
    for (uint32_t& count : counts) count = (count + 1) / 2;
  }
}

// Lowest bits first, into room that the caller has made.
class BitWriter {
 public:
  explicit BitWriter(char* at) : at_(at) {}
  // At most 32 bits.
  void put(uint64_t bits, int n) {
    window_ |= bits << have_;
    have_ += n;
    if (have_ < 32) return;
    store_le(at_, static_cast<uint32_t>(window_));
    at_ += 4;
    window_ >>= 32;
    have_ -= 32;
  }
  void put_wide(uint64_t bits, int n) {
    if (n > 32) {
      put(bits & 0xffffffffU, 32);
      bits >>= 32;
      n -= 32;
    }
    put(bits, n);
  }
  // Behind the last byte.
  char* finish() {
    for (; have_ > 0; have_ -= 8) {
      *at_++ = static_cast<char>(window_);
      window_ >>= 8;
    }
    return at_;
  }

 private:
  char* at_;
  uint64_t window_ = 0;
  int have_ = 0;
};

void put_prefix(std::span<const int64_t> values, const Shape& shape, const Tokens& tokens,
                std::string& out) {
  const CodeLengths lengths = code_lengths(
      tokens.histogram, values.size() < kShortColumn ? kCodeBitsMaxShort : kCodeBitsMax);
  const auto codes = codes_of(lengths);
  out += static_cast<char>(tokens.used_begin);
  out += static_cast<char>(tokens.used_end - tokens.used_begin);
  for (size_t token = tokens.used_begin; token < tokens.used_end; token += 2) {
    const int upper = token + 1 < tokens.used_end ? lengths[token + 1] : 0;
    out += static_cast<char>(lengths[token] | upper << 4);
  }
  uint64_t stream_bits = tokens.extra_bits;
  for (size_t token = tokens.used_begin; token < tokens.used_end; ++token)
    stream_bits += uint64_t{tokens.histogram[token]} * lengths[token];
  const size_t bytes = (stream_bits + 7) / 8;
  append_varint(out, bytes);
  const size_t before = out.size();
  out.resize(before + bytes);
  char* const stream = out.data() + before;
  BitWriter bits(stream);
  for (const int64_t value : values) {
    const uint64_t magnitude = shape.magnitude(value);
    const Token token = token_of(magnitude);
    bits.put(codes[token.token], lengths[token.token]);
    if (token.extra_bits > 0)
      bits.put_wide(magnitude & ((uint64_t{1} << token.extra_bits) - 1), token.extra_bits);
  }
  KANSOKU_CHECK(bits.finish() == stream + bytes);
}

}  // namespace

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

size_t ints_bytes(std::span<const int64_t> values) {
  const Shape shape = shape_of(values);
  if (shape.constant) return 1 + varint_bytes(shape.magnitude(values[0]));
  if (values.size() < kPrefixValuesMin) return 1 + shape.varint_bytes;
  return 1 + std::min(shape.varint_bytes, prefix_bytes(tokens_of(values, shape), values.size()));
}

void encode_ints(std::span<const int64_t> values, std::string& out) {
  KANSOKU_CHECK(!values.empty());
  const Shape shape = shape_of(values);
  const uint8_t sign = shape.negative ? 0 : kUnsigned;
  if (shape.constant) {
    out += static_cast<char>(kConstant | sign);
    append_varint(out, shape.magnitude(values[0]));
    return;
  }
  if (values.size() >= kPrefixValuesMin) {
    const Tokens tokens = tokens_of(values, shape);
    if (prefix_bytes(tokens, values.size()) < shape.varint_bytes) {
      out += static_cast<char>(kPrefix | sign);
      put_prefix(values, shape, tokens, out);
      return;
    }
  }
  out += static_cast<char>(kVarints | sign);
  const size_t before = out.size();
  out.resize(before + shape.varint_bytes);
  char* at = out.data() + before;
  for (const int64_t value : values) {
    uint64_t magnitude = shape.magnitude(value);
    for (; magnitude >= 0x80; magnitude >>= 7) *at++ = static_cast<char>(magnitude | 0x80);
    *at++ = static_cast<char>(magnitude);
  }
}

bool encode_planes(std::span<const int64_t> values, std::string& out) {
  if (values.size() < kPlanesValuesMin) return false;
  const Shape shape = shape_of(values);
  if (shape.constant) return false;
  uint64_t all = 0;
  const auto rest = values.subspan(kBeforePlanes);
  for (const int64_t value : rest) all |= shape.magnitude(value);
  const size_t planes = (static_cast<size_t>(std::bit_width(all)) + 7) / 8;
  if (planes * rest.size() > 2 * shape.varint_bytes) return false;
  out += static_cast<char>(kPlanes | (shape.negative ? 0 : kUnsigned));
  for (const int64_t value : values.first(kBeforePlanes))
    append_varint(out, shape.magnitude(value));
  out += static_cast<char>(planes);
  size_t to = out.size();
  out.resize(to + planes * rest.size());
  for (size_t plane = 0; plane < planes; ++plane) {
    for (const int64_t value : rest)
      out[to++] = static_cast<char>(shape.magnitude(value) >> (8 * plane));
  }
  return true;
}

}  // namespace kansoku::codec
