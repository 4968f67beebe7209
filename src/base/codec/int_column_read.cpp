#include <algorithm>

#include "base/bytes.h"
#include "base/codec/int_column.h"
#include "base/simd/clones.h"

namespace kansoku::codec {
namespace {

bool read_table(const char*& at, const char* end, IntsReader::Table& table) {
  if (end - at < 2) return false;
  const size_t begin = static_cast<uint8_t>(*at++);
  const size_t tokens = static_cast<uint8_t>(*at++);
  if (tokens == 0 || begin + tokens > kTokens) return false;
  if (static_cast<size_t>(end - at) < (tokens + 1) / 2) return false;
  CodeLengths lengths{};
  uint32_t taken = 0;
  table.bits = 0;
  table.bits_max = 0;
  for (size_t i = 0; i < tokens; ++i) {
    const auto both = static_cast<uint8_t>(at[i / 2]);
    const auto length = static_cast<uint8_t>(i % 2 == 0 ? both & 15 : both >> 4);
    if (length > kCodeBitsMax) return false;
    lengths[begin + i] = length;
    table.bits = std::max(table.bits, int{length});
    if (length > 0) taken += uint32_t{1} << (kCodeBitsMax - length);
  }
  at += (tokens + 1) / 2;
  if (taken > uint32_t{1} << kCodeBitsMax) return false;  // codes would overlap
  const size_t rows = size_t{1} << table.bits;
  std::fill_n(table.entries.begin(), rows, uint32_t{0});
  const auto codes = codes_of(lengths);
  for (size_t token = begin; token < begin + tokens; ++token) {
    if (lengths[token] == 0) continue;
    const uint32_t extra = kMagnitudes.extra_bits[token];
    const uint32_t all = lengths[token] + extra;
    const auto before = static_cast<uint32_t>(kMagnitudes.base[token] >> extra);
    const uint32_t entry = all | uint32_t{lengths[token]} << 8 | extra << 16 | before << 24;
    table.bits_max = std::max(table.bits_max, static_cast<int>(all));
    for (size_t row = codes[token]; row < rows; row += size_t{1} << lengths[token])
      table.entries[row] = entry;
  }
  return true;
}

// One plane and two are most columns. `stride`: bytes of a plane.
KANSOKU_CLONES void join_planes(const uint8_t* bytes, size_t stride, size_t planes, int64_t* out,
                                size_t count) {
  if (planes == 0) {
    std::fill_n(out, count, 0);
  } else if (planes == 1) {
    for (size_t i = 0; i < count; ++i) out[i] = bytes[i];
  } else {
    const uint8_t* const upper = bytes + stride;
    for (size_t i = 0; i < count; ++i) out[i] = bytes[i] | upper[i] << 8;
  }
  for (size_t plane = 2; plane < planes; ++plane) {
    const uint8_t* const from = bytes + plane * stride;
    for (size_t i = 0; i < count; ++i)
      out[i] |= static_cast<int64_t>(uint64_t{from[i]} << (8 * plane));
  }
}

KANSOKU_CLONES void unzigzag_all(int64_t* values, size_t count) {
  for (size_t i = 0; i < count; ++i) values[i] = unzigzag(static_cast<uint64_t>(values[i]));
}

}  // namespace

bool IntsReader::open(const char* at, const char* end, size_t count) {
  if (at == end || count == 0) return false;
  const auto head = static_cast<uint8_t>(*at++);
  if ((head & ~(kFormMask | kUnsigned)) != 0) return false;
  with_sign_ = (head & kUnsigned) == 0;
  form_ = head & kFormMask;
  count_ = count;
  done_ = 0;
  uint64_t bytes = 0;
  switch (form_) {
    case kConstant:
      if (!read_varint(at, end, constant_)) return false;
      end_ = at;
      return true;
    case kVarints:
      at_ = at;
      limit_ = end;
      return true;
    case kPrefix:
      if (!read_table(at, end, table_) || !read_varint(at, end, bytes) ||
          bytes > static_cast<uint64_t>(end - at)) {
        return false;
      }
      end_ = at + bytes;
      bits_ = BitReader(at, end_);
      return true;
    default:
      return open_planes(at, end);
  }
}

bool IntsReader::open_planes(const char* at, const char* end) {
  const size_t before = std::min(count_, kBeforePlanes);
  for (size_t i = 0; i < before; ++i) {
    if (!read_varint(at, end, before_planes_[i])) return false;
  }
  if (at == end) return false;
  planes_ = static_cast<uint8_t>(*at++);
  const size_t rest = count_ - before;
  if (planes_ > sizeof(int64_t) || static_cast<uint64_t>(end - at) < planes_ * rest) return false;
  at_ = at;
  end_ = at + planes_ * rest;
  return true;
}

bool IntsReader::next(std::span<int64_t> out) {
  if (out.size() > count_ - done_) return false;
  bool good = true;
  switch (form_) {
    case kConstant:
      std::ranges::fill(out, with_sign_ ? unzigzag(constant_) : static_cast<int64_t>(constant_));
      break;
    case kVarints:
      good = take_varints(out);
      break;
    case kPrefix:
      good = take_prefix(out);
      break;
    default:
      take_planes(out);
      break;
  }
  done_ += out.size();
  return good;
}

bool IntsReader::take_varints(std::span<int64_t> out) {
  const char* at = at_;
  for (int64_t& value : out) {
    uint64_t magnitude = 0;
    if (!read_varint(at, limit_, magnitude)) return false;
    value = with_sign_ ? unzigzag(magnitude) : static_cast<int64_t>(magnitude);
  }
  at_ = end_ = at;
  return true;
}

bool IntsReader::take_prefix(std::span<int64_t> out) {
  // A refill brings 56 bits at least.
  if (table_.bits_max <= 7) return take_prefix_short<8>(out);
  if (table_.bits_max <= 14) return take_prefix_short<4>(out);
  if (table_.bits_max <= 28) return take_prefix_short<2>(out);
  return table_.bits_max <= 56 ? take_prefix_short<1>(out) : take_prefix_wide(out);
}

template <size_t AtOnce>
bool IntsReader::take_prefix_short(std::span<int64_t> out) {
  const bool with_sign = with_sign_;
  const int table_bits = table_.bits;
  const uint32_t* const entries = table_.entries.data();
  BitReader bits = bits_;
  bool good = true;
  const auto one = [&] {
    const uint32_t entry = entries[bits.peek(table_bits)];
    const uint64_t window = bits.peek(static_cast<int>(entry & 0xff));
    const uint32_t extra = entry >> 16 & 0xff;
    good &= bits.skip(static_cast<int>(entry & 0xff)) && entry != 0;
    const uint64_t magnitude = uint64_t{entry >> 24} << extra | window >> (entry >> 8 & 0xff);
    return with_sign ? unzigzag(magnitude) : static_cast<int64_t>(magnitude);
  };
  size_t i = 0;
  int64_t* const to = out.data();
  for (; i + AtOnce <= out.size() && good; i += AtOnce) {
    bits.refill();
    for (size_t j = 0; j < AtOnce; ++j) to[i + j] = one();
  }
  for (; i < out.size() && good; ++i) {
    bits.refill();
    to[i] = one();
  }
  bits_ = bits;
  return good;
}

// A value may take more bits than a refill brings.
bool IntsReader::take_prefix_wide(std::span<int64_t> out) {
  // A code and this many bits come from one refill.
  constexpr int kOneRefill = 56 - kCodeBitsMax;
  BitReader bits = bits_;
  for (int64_t& value : out) {
    bits.refill();
    const uint32_t entry = table_.entries[bits.peek(table_.bits)];
    if (entry == 0 || !bits.skip(static_cast<int>(entry >> 8 & 0xff))) return false;
    auto extra = static_cast<int>(entry >> 16 & 0xff);
    uint64_t magnitude = uint64_t{entry >> 24} << extra;
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
    value = with_sign_ ? unzigzag(magnitude) : static_cast<int64_t>(magnitude);
  }
  bits_ = bits;
  return true;
}

void IntsReader::take_planes(std::span<int64_t> out) {
  size_t to = 0;
  const size_t before = std::min(count_, kBeforePlanes);
  for (; to < out.size() && done_ + to < before; ++to)
    out[to] = static_cast<int64_t>(before_planes_[done_ + to]);
  if (to < out.size()) {
    const size_t first = done_ + to - before;
    join_planes(reinterpret_cast<const uint8_t*>(at_) + first, count_ - before, planes_,
                out.data() + to, out.size() - to);
  }
  if (with_sign_) unzigzag_all(out.data(), out.size());
}

bool decode_ints(const char*& at, const char* end, std::span<int64_t> out) {
  IntsReader reader;
  if (!reader.open(at, end, out.size()) || !reader.next(out)) return false;
  at = reader.end();
  return true;
}

}  // namespace kansoku::codec
