#include "store/events/block_ints.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/bytes.h"
#include "base/codec/int_column.h"
#include "base/simd/clones.h"

namespace kansoku::store::events {
namespace {

// Head byte: form, whether differences are kept, whether a common factor stands before.
constexpr uint8_t kInts = 0;   // a column of integers (base/codec/int_column.h)
constexpr uint8_t kCodes = 1;  // one byte a value: which of up to 256
constexpr uint8_t kRuns = 2;   // values and how often each is repeated
constexpr uint8_t kFormMask = 3;
constexpr uint8_t kDifferences = 4;
constexpr uint8_t kFactor = 8;

constexpr size_t kCodesMax = BlockIntsReader::kCodesMax;
// Fewer values do not pay for a table or for runs.
constexpr size_t kFormsValuesMin = 32;

int64_t minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

// What decides the form.
struct Shape {
  size_t runs = 1;             // of equal values
  size_t difference_runs = 1;  // of equal differences
  uint64_t widths = 0;         // bits of all values less the smallest, about
  uint64_t difference_widths = 0;
};

Shape shape_of(std::span<const int64_t> v) {
  Shape shape;
  const int64_t low = std::ranges::min(v);
  int64_t before = 0;
  for (size_t i = 1; i < v.size(); ++i) {
    const int64_t difference = minus(v[i], v[i - 1]);
    shape.runs += difference != 0;
    shape.difference_runs += difference != before;
    before = difference;
    shape.widths += static_cast<uint64_t>(std::bit_width(static_cast<uint64_t>(minus(v[i], low))));
    shape.difference_widths += static_cast<uint64_t>(std::bit_width(zigzag(difference)));
  }
  return shape;
}

void put_runs(std::span<const int64_t> v, std::string& out) {
  std::vector<int64_t> values;
  std::vector<int64_t> lengths;
  for (size_t i = 0; i < v.size(); ++i) {
    if (i > 0 && v[i] == v[i - 1]) {
      ++lengths.back();
      continue;
    }
    values.push_back(v[i]);
    lengths.push_back(1);
  }
  append_varint(out, values.size());
  codec::encode_ints(values, out);
  codec::encode_ints(lengths, out);
}

// The values that occur, ascending; none where they are too many.
class Distinct {
 public:
  bool add(int64_t value) {
    size_t slot = (static_cast<uint64_t>(value) * 0x9e3779b97f4a7c15ULL) >> 54;
    while (used_[slot]) {
      if (keys_[slot] == value) return true;
      slot = (slot + 1) % kSlots;
    }
    if (values.size() == kCodesMax) return false;
    used_[slot] = true;
    keys_[slot] = value;
    values.push_back(value);
    return true;
  }
  std::vector<int64_t> values;
  // After finish(): where a value stands.
  void finish() {
    std::ranges::sort(values);
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (used_[slot]) {
        codes_[slot] =
            static_cast<uint8_t>(std::ranges::lower_bound(values, keys_[slot]) - values.begin());
      }
    }
  }
  uint8_t code(int64_t value) const {
    size_t slot = (static_cast<uint64_t>(value) * 0x9e3779b97f4a7c15ULL) >> 54;
    while (keys_[slot] != value || !used_[slot]) slot = (slot + 1) % kSlots;
    return codes_[slot];
  }

 private:
  static constexpr size_t kSlots = 1024;
  std::array<bool, kSlots> used_{};
  std::array<int64_t, kSlots> keys_{};
  std::array<uint8_t, kSlots> codes_{};
};

bool put_codes(std::span<const int64_t> v, std::string& out) {
  Distinct distinct;
  for (const int64_t value : v) {
    if (!distinct.add(value)) return false;
  }
  if (distinct.values.size() * 4 > v.size()) return false;
  distinct.finish();
  out += static_cast<char>(kCodes);
  append_varint(out, distinct.values.size());
  codec::encode_ints(distinct.values, out);
  const size_t to = out.size();
  out.resize(to + v.size());
  for (size_t i = 0; i < v.size(); ++i) out[to + i] = static_cast<char>(distinct.code(v[i]));
  return true;
}

int64_t common_factor(std::span<const int64_t> v) {
  uint64_t factor = 0;
  for (const int64_t value : v) {
    const uint64_t magnitude =
        value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    if (factor != 0 && magnitude % factor == 0) continue;
    factor = std::gcd(factor, magnitude);
    if (factor == 1) break;
  }
  return factor > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())
             ? 1
             : static_cast<int64_t>(factor);
}

}  // namespace

void encode_block_ints(std::span<const int64_t> values, std::string& out) {
  if (values.empty()) return;
  if (values.size() < kFormsValuesMin) {
    out += static_cast<char>(kInts);
    codec::encode_ints(values, out);
    return;
  }
  const Shape shape = shape_of(values);
  const bool runs = shape.runs * 6 <= values.size();
  const bool difference_runs = shape.difference_runs * 6 <= values.size();
  const bool same = shape.runs == 1;
  if (!same && !runs && !difference_runs && shape.difference_widths * 2 > shape.widths &&
      put_codes(values, out)) {
    return;
  }
  const bool differences = difference_runs ? shape.difference_runs < shape.runs
                                           : !runs && shape.difference_widths < shape.widths;
  std::vector<int64_t> kept(values.begin(), values.end());
  if (differences && !same) {
    for (size_t i = kept.size(); i-- > 1;) kept[i] = minus(kept[i], kept[i - 1]);
  }
  const int64_t factor = common_factor(kept);
  const bool scaled = factor > 1;
  if (scaled) {
    for (int64_t& value : kept) value /= factor;
  }
  const bool as_runs = !same && (runs || difference_runs);
  out += static_cast<char>((as_runs ? kRuns : kInts) | (differences && !same ? kDifferences : 0) |
                           (scaled ? kFactor : 0));
  if (scaled) append_varint(out, static_cast<uint64_t>(factor));
  if (as_runs) {
    put_runs(kept, out);
  } else {
    codec::encode_ints(kept, out);
  }
}

bool decode_block_ints(const char*& at, const char* end, std::span<int64_t> out) {
  BlockIntsReader reader;
  if (!reader.open(at, end, out.size()) || !reader.next(out)) return false;
  at = reader.end();
  return true;
}

bool BlockIntsReader::open(const char* at, const char* end, size_t count) {
  left_ = count;
  at_ = at;
  before_ = 0;
  form_ = kCodes;  // of none
  if (count == 0) return true;
  if (at == end) return false;
  const auto head = static_cast<uint8_t>(*at++);
  if ((head & ~(kFormMask | kDifferences | kFactor)) != 0) return false;
  factor_ = 1;
  if ((head & kFactor) != 0 && !read_varint(at, end, factor_)) return false;
  differences_ = (head & kDifferences) != 0;
  form_ = head & kFormMask;
  switch (form_) {
    case kInts:
      return ints_.open(at, end, count);
    case kCodes:
      return open_codes(at, end);
    case kRuns:
      return open_runs(at, end);
    default:
      return false;
  }
}

bool BlockIntsReader::open_codes(const char* at, const char* end) {
  uint64_t count = 0;
  if (!read_varint(at, end, count) || count == 0 || count > kCodesMax) return false;
  codes_count_ = count;
  if (!codec::decode_ints(at, end, std::span(codes_).first(count))) return false;
  at_ = at;
  return static_cast<size_t>(end - at) >= left_;
}

bool BlockIntsReader::open_runs(const char* at, const char* end) {
  uint64_t count = 0;
  if (!read_varint(at, end, count) || count == 0 || count > left_) return false;
  run_values_.resize(count);
  run_lengths_.resize(count);
  if (!codec::decode_ints(at, end, run_values_) || !codec::decode_ints(at, end, run_lengths_))
    return false;
  uint64_t all = 0;
  for (const int64_t length : run_lengths_) {
    if (length <= 0 || static_cast<uint64_t>(length) > left_ - all) return false;
    all += static_cast<uint64_t>(length);
  }
  run_ = 0;
  at_ = at;
  return all == left_;
}

bool BlockIntsReader::take_codes(std::span<int64_t> out) {
  const auto* const from = reinterpret_cast<const uint8_t*>(at_);
  const int64_t* const values = codes_.data();
  int64_t* const to = out.data();
  uint8_t most = 0;
  for (size_t i = 0; i < out.size(); ++i) most = std::max(most, from[i]);
  if (most >= codes_count_) return false;
  for (size_t i = 0; i < out.size(); ++i) to[i] = values[from[i]];
  at_ += out.size();
  return true;
}

bool BlockIntsReader::take_runs(std::span<int64_t> out) {
  size_t to = 0;
  while (to < out.size()) {
    int64_t& length = run_lengths_[run_];
    const size_t some = std::min(out.size() - to, static_cast<size_t>(length));
    std::fill_n(out.begin() + static_cast<ptrdiff_t>(to), some, run_values_[run_]);
    to += some;
    length -= static_cast<int64_t>(some);
    if (length == 0) ++run_;
  }
  return true;
}

bool BlockIntsReader::next(std::span<int64_t> out) {
  if (out.empty()) return true;
  if (out.size() > left_) return false;
  left_ -= out.size();
  const bool good = form_ == kInts    ? ints_.next(out)
                    : form_ == kCodes ? take_codes(out)
                                      : take_runs(out);
  if (!good) return false;
  if (factor_ != 1) {
    for (int64_t& value : out) value = static_cast<int64_t>(static_cast<uint64_t>(value) * factor_);
  }
  if (differences_) {
    uint64_t sum = before_;
    for (int64_t& value : out) {
      sum += static_cast<uint64_t>(value);
      value = static_cast<int64_t>(sum);
    }
    before_ = sum;
  }
  return true;
}

const char* BlockIntsReader::end() const { return form_ == kInts ? ints_.end() : at_; }

}  // namespace kansoku::store::events
