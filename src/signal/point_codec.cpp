// Bytes of a distribution (docs/formats/point.md).
#include "base/bytes.h"
#include "signal/point.h"

namespace kansoku::signal {
namespace {

// Flag bits of the second byte.
constexpr uint8_t kHasSum = 1;
constexpr uint8_t kHasMinMax = 2;
constexpr uint8_t kLost = 4;
constexpr int kResetHintShift = 3;
// No decoder allocates more than this many buckets for one point: a damaged length must not.
constexpr uint64_t kBucketsMax = 1U << 16;

void put_buckets(const std::vector<Bucket>& buckets, std::string& out) {
  append_varint(out, buckets.size());
  int64_t previous = 0;
  for (const Bucket& bucket : buckets) {
    append_varint(out, zigzag(bucket.index - previous));
    append_le(out, bucket.count);
    previous = bucket.index;
  }
}

// Reads from a view; every read fails softly once the bytes have run out.
class Reader {
 public:
  explicit Reader(std::string_view from) : at_(from.data()), end_(from.data() + from.size()) {}
  bool ok() const { return ok_; }
  std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }

  uint8_t byte() { return fixed<uint8_t>(); }
  double number() { return fixed<double>(); }
  uint64_t varint() {
    uint64_t value = 0;
    if (ok_ && !read_varint(at_, end_, value)) ok_ = false;
    return ok_ ? value : 0;
  }
  uint64_t length(size_t item_bytes_min) {
    uint64_t n = varint();
    if (n > kBucketsMax || n * item_bytes_min > static_cast<uint64_t>(end_ - at_)) ok_ = false;
    return ok_ ? n : 0;
  }
  void buckets(std::vector<Bucket>& out) {
    uint64_t n = length(9);
    out.reserve(n);
    int64_t index = 0;
    for (uint64_t i = 0; i < n && ok_; ++i) {
      // Unsigned: a damaged difference may overflow, and is then out of bounds below.
      index = static_cast<int64_t>(static_cast<uint64_t>(index) +
                                   static_cast<uint64_t>(unzigzag(varint())));
      if (index < std::numeric_limits<int32_t>::min() ||
          index > std::numeric_limits<int32_t>::max()) {
        ok_ = false;
        return;
      }
      out.push_back({static_cast<int32_t>(index), number()});
    }
  }
  void numbers(std::vector<double>& out) {
    uint64_t n = length(8);
    out.reserve(n);
    for (uint64_t i = 0; i < n && ok_; ++i) out.push_back(number());
  }

 private:
  template <class T>
  T fixed() {
    if (!ok_ || static_cast<size_t>(end_ - at_) < sizeof(T)) {
      ok_ = false;
      return T{};
    }
    T value = load_le<T>(at_);
    at_ += sizeof(T);
    return value;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

void put_body(const Distribution& d, std::string& out) {
  if (const auto* pairs = std::get_if<Pairs>(&d.buckets)) {
    append_varint(out, pairs->size());
    for (const ValueCount& vc : *pairs) {
      append_le(out, vc.value);
      append_le(out, vc.count);
    }
  } else if (const auto* sketch = std::get_if<SketchBuckets>(&d.buckets)) {
    append_le(out, sketch->zero_count);
    put_buckets(sketch->positive, out);
    put_buckets(sketch->negative, out);
  } else if (const auto* exponential = std::get_if<ExponentialBuckets>(&d.buckets)) {
    append_varint(out, zigzag(exponential->schema));
    append_le(out, exponential->zero_threshold);
    append_le(out, exponential->zero_count);
    put_buckets(exponential->positive, out);
    put_buckets(exponential->negative, out);
  } else {
    const auto& h = std::get<ExplicitBuckets>(d.buckets);
    append_varint(out, h.bounds.size());
    for (double bound : h.bounds) append_le(out, bound);
    append_varint(out, h.counts.size());
    for (double count : h.counts) append_le(out, count);
  }
}

void take_body(PointKind kind, Reader& reader, Distribution& d) {
  if (kind == PointKind::Pairs) {
    Pairs pairs;
    uint64_t n = reader.length(16);
    pairs.reserve(n);
    for (uint64_t i = 0; i < n && reader.ok(); ++i) {
      double value = reader.number();
      pairs.push_back({value, reader.number()});
    }
    d.buckets = std::move(pairs);
  } else if (kind == PointKind::Sketch) {
    SketchBuckets sketch;
    sketch.zero_count = reader.number();
    reader.buckets(sketch.positive);
    reader.buckets(sketch.negative);
    d.buckets = std::move(sketch);
  } else if (kind == PointKind::ExponentialHistogram) {
    ExponentialBuckets h;
    h.schema = static_cast<int32_t>(unzigzag(reader.varint()));
    h.zero_threshold = reader.number();
    h.zero_count = reader.number();
    reader.buckets(h.positive);
    reader.buckets(h.negative);
    d.buckets = std::move(h);
  } else {
    ExplicitBuckets h;
    reader.numbers(h.bounds);
    reader.numbers(h.counts);
    d.buckets = std::move(h);
  }
}

}  // namespace

void encode_distribution(const Distribution& d, std::string& out) {
  out += static_cast<char>(d.kind());
  uint8_t flags = 0;
  if (d.has_sum) flags |= kHasSum;
  if (d.has_min_max) flags |= kHasMinMax;
  if (d.distribution_lost) flags |= kLost;
  flags = static_cast<uint8_t>(flags | (static_cast<uint8_t>(d.reset_hint) << kResetHintShift));
  out += static_cast<char>(flags);
  append_le(out, d.count);
  if (d.has_sum) append_le(out, d.sum);
  if (d.has_min_max) {
    append_le(out, d.min);
    append_le(out, d.max);
  }
  put_body(d, out);
}

Result<Distribution> decode_distribution(std::string_view& from) {
  Reader reader(from);
  auto kind = static_cast<PointKind>(reader.byte());
  if (!reader.ok() || kind < PointKind::Pairs || kind > PointKind::ExplicitHistogram) {
    return corruption("point kind {} unknown", static_cast<int>(kind));
  }
  Distribution d;
  uint8_t flags = reader.byte();
  d.has_sum = (flags & kHasSum) != 0;
  d.has_min_max = (flags & kHasMinMax) != 0;
  d.distribution_lost = (flags & kLost) != 0;
  d.reset_hint = static_cast<ResetHint>((flags >> kResetHintShift) & 3);
  d.count = reader.number();
  if (d.has_sum) d.sum = reader.number();
  if (d.has_min_max) {
    d.min = reader.number();
    d.max = reader.number();
  }
  take_body(kind, reader, d);
  if (!reader.ok()) return corruption("distribution cut off");
  if (const auto* h = std::get_if<ExplicitBuckets>(&d.buckets);
      h != nullptr && h->counts.size() != h->bounds.size() + 1) {
    return corruption("explicit histogram with {} bounds and {} counts", h->bounds.size(),
                      h->counts.size());
  }
  from = reader.rest();
  return d;
}

}  // namespace kansoku::signal
