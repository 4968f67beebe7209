#include "store/metrics/cells_codec.h"

#include <algorithm>
#include <cmath>

#include "base/codec/int_column.h"
#include "store/metrics/decimals.h"
#include "store/metrics/number_column.h"

namespace kansoku::store::metrics {
namespace {

using signal::Distribution;
using signal::Pairs;
using signal::SketchBuckets;

// What a point is: one integer each.
enum class Kind : uint8_t { Float = 0, Pairs = 1, Sketch = 2, Bytes = 3 };
constexpr int64_t kKindMask = 3;
constexpr int64_t kLost = 4;
constexpr int kResetHintShift = 3;
constexpr int64_t kExplicit = 32;  // count, minimum, maximum stand in columns
constexpr int64_t kShapesEnd = 64;
// No decoder makes more values than this from one run: 4,096 points of 256 pairs.
constexpr int64_t kRunValuesMax = 1 << 20;

Kind kind_of(int64_t shape) { return static_cast<Kind>(shape & kKindMask); }
bool is_explicit(int64_t shape) { return (shape & kExplicit) != 0; }
bool in_cell_columns(int64_t shape) {
  return kind_of(shape) == Kind::Pairs || kind_of(shape) == Kind::Sketch;
}
bool is_shape(int64_t shape) {
  if (shape < 0 || shape >= kShapesEnd) return false;
  if (!in_cell_columns(shape)) return (shape & ~kKindMask) == 0;
  return kind_of(shape) == Kind::Pairs || is_explicit(shape);
}

double count_of(std::span<const double> counts) {
  double count = 0;
  for (const double c : counts) count += c;
  return count;
}

// The columns of one run.
struct Cells {
  std::vector<int64_t> shapes;
  std::vector<double> floats;
  // Of pairs: how many each point has; then those of all points.
  std::vector<int64_t> pair_sizes;
  std::vector<double> pair_values;
  std::vector<double> pair_counts;
  // Of sketches: indexes are positive ones, then negative ones, of each point.
  std::vector<double> zero_counts;
  std::vector<int64_t> positive_sizes;
  std::vector<int64_t> negative_sizes;
  std::vector<int64_t> bucket_indexes;
  std::vector<double> bucket_counts;
  // Of explicit points.
  std::vector<double> counts;
  std::vector<double> minima;
  std::vector<double> maxima;
  // Of pairs and sketches.
  std::vector<double> sums;

  NumberColumn float_integers;
  NumberColumn pair_value_integers;
  NumberColumn pair_count_integers;
  NumberColumn zero_count_integers;
  NumberColumn bucket_count_integers;
  NumberColumn count_integers;
  NumberColumn minimum_integers;
  NumberColumn maximum_integers;
  NumberColumn sum_integers;

  void clear() {
    for (auto* column : {&shapes, &pair_sizes, &positive_sizes, &negative_sizes, &bucket_indexes})
      column->clear();
    for (auto* column : {&floats, &pair_values, &pair_counts, &zero_counts, &bucket_counts, &counts,
                         &minima, &maxima, &sums}) {
      column->clear();
    }
    for (auto* column : {&float_integers, &pair_value_integers, &pair_count_integers,
                         &zero_count_integers, &bucket_count_integers, &count_integers,
                         &minimum_integers, &maximum_integers, &sum_integers}) {
      column->clear();
    }
  }
};

// Sums of integers wrap; a damaged column may hold any.
uint64_t add_up(std::span<const int64_t> integers) {
  uint64_t sum = 0;
  for (const int64_t i : integers) sum += static_cast<uint64_t>(i);
  return sum;
}

// The counts of explicit points, by their pairs or buckets.
class CountReference final : public Reference {
 public:
  explicit CountReference(const Cells& cells) : cells_(&cells) {}
  bool integers(int exponent, std::vector<int64_t>& out) const override {
    const Cells& c = *cells_;
    if (exponent != 0 || !c.pair_count_integers.whole() || !c.bucket_count_integers.whole() ||
        !c.zero_count_integers.whole() || (c.pair_counts.empty() && c.bucket_counts.empty())) {
      return false;
    }
    out.clear();
    const std::span pairs = c.pair_count_integers.integers;
    const std::span buckets = c.bucket_count_integers.integers;
    size_t pair_point = 0;
    size_t pair = 0;
    size_t sketch = 0;
    size_t bucket = 0;
    for (const int64_t shape : c.shapes) {
      if (!in_cell_columns(shape)) continue;
      uint64_t count = 0;
      if (kind_of(shape) == Kind::Pairs) {
        const auto n = static_cast<size_t>(c.pair_sizes[pair_point++]);
        count = add_up(pairs.subspan(pair, n));
        pair += n;
      } else {
        const auto n = static_cast<size_t>(c.positive_sizes[sketch] + c.negative_sizes[sketch]);
        count = add_up(buckets.subspan(bucket, n)) +
                static_cast<uint64_t>(c.zero_count_integers.integers[sketch]);
        ++sketch;
        bucket += n;
      }
      if (is_explicit(shape)) out.push_back(static_cast<int64_t>(count));
    }
    return true;
  }

 private:
  const Cells* cells_;
};

// The maxima, by the minima.
class MinimumReference final : public Reference {
 public:
  explicit MinimumReference(const Cells& cells) : cells_(&cells) {}
  bool integers(int exponent, std::vector<int64_t>& out) const override {
    if (cells_->minimum_integers.exponent != exponent) return false;
    out = cells_->minimum_integers.integers;
    return true;
  }

 private:
  const Cells* cells_;
};

// The sums: exact for pairs, half way between count times minimum and count times maximum for
// others. Of bits: those of the smallest value, which is the sum where the count is one.
class SumReference final : public Reference {
 public:
  explicit SumReference(const Cells& cells) : cells_(&cells) {}
  bool integers(int exponent, std::vector<int64_t>& out) const override {
    const Cells& c = *cells_;
    const bool bits = exponent == kBitsExponent;
    const bool implicit = c.sums.size() > c.counts.size();
    if (implicit &&
        (c.pair_value_integers.exponent != exponent || (!bits && !c.pair_count_integers.whole()))) {
      return false;
    }
    if (!c.counts.empty() &&
        (c.minimum_integers.exponent != exponent || c.maximum_integers.exponent != exponent ||
         (!bits && !c.count_integers.whole()))) {
      return false;
    }
    out.clear();
    size_t pair_point = 0;
    size_t pair = 0;
    size_t at = 0;
    for (const int64_t shape : c.shapes) {
      if (!in_cell_columns(shape)) continue;
      size_t n = 0;
      if (kind_of(shape) == Kind::Pairs) n = static_cast<size_t>(c.pair_sizes[pair_point++]);
      if (is_explicit(shape)) {
        out.push_back(bits ? c.minimum_integers.integers[at] : half_way(at));
        ++at;
      } else {
        out.push_back(bits ? c.pair_value_integers.integers[pair] : sum_of_pairs(pair, n));
      }
      pair += n;
    }
    return true;
  }

 private:
  int64_t half_way(size_t at) const {
    const auto ends = static_cast<uint64_t>(cells_->minimum_integers.integers[at]) +
                      static_cast<uint64_t>(cells_->maximum_integers.integers[at]);
    const auto twice =
        static_cast<int64_t>(static_cast<uint64_t>(cells_->count_integers.integers[at]) * ends);
    return twice >> 1;
  }
  int64_t sum_of_pairs(size_t pair, size_t n) const {
    uint64_t sum = 0;
    for (size_t i = pair; i < pair + n; ++i) {
      sum += static_cast<uint64_t>(cells_->pair_value_integers.integers[i]) *
             static_cast<uint64_t>(cells_->pair_count_integers.integers[i]);
    }
    return static_cast<int64_t>(sum);
  }
  const Cells* cells_;
};

// Differences within each point; the first of a point to the first of the one before. Firsts and
// the others are two columns: their differences are of other magnitudes, and only the firsts' have
// a sign.
void put_gaps(std::span<const int64_t> v, std::span<const int64_t> sizes, std::string& out) {
  thread_local std::vector<int64_t> firsts;
  thread_local std::vector<int64_t> others;
  firsts.clear();
  others.resize(v.size());
  size_t count = 0;
  uint64_t first = 0;
  size_t at = 0;
  for (const int64_t size : sizes) {
    if (size == 0) continue;
    const auto begin = static_cast<uint64_t>(v[at]);
    firsts.push_back(static_cast<int64_t>(begin - first));
    first = begin;
    uint64_t previous = begin;
    for (const size_t end = at + static_cast<size_t>(size); ++at < end;) {
      const auto value = static_cast<uint64_t>(v[at]);
      others[count++] = static_cast<int64_t>(value - previous);
      previous = value;
    }
  }
  codec::encode_ints(firsts, out);
  if (count > 0) codec::encode_ints(std::span(others).first(count), out);
}

bool take_with_gaps(const char*& at, const char* end, std::span<const int64_t> sizes,
                    std::vector<int64_t>& out) {
  size_t points = 0;
  for (const int64_t size : sizes) points += static_cast<size_t>(size > 0);
  thread_local std::vector<int64_t> firsts;
  thread_local std::vector<int64_t> others;
  firsts.resize(points);
  others.resize(out.size() - points);
  if (!codec::decode_ints(at, end, firsts)) return false;
  if (!others.empty() && !codec::decode_ints(at, end, others)) return false;
  uint64_t first = 0;
  size_t point = 0;
  size_t other = 0;
  size_t to = 0;
  for (const int64_t size : sizes) {
    if (size == 0) continue;
    first += static_cast<uint64_t>(firsts[point++]);
    uint64_t value = first;
    out[to++] = static_cast<int64_t>(value);
    for (int64_t i = 1; i < size; ++i) {
      value += static_cast<uint64_t>(others[other++]);
      out[to++] = static_cast<int64_t>(value);
    }
  }
  return true;
}

// --- writing

void add_pairs(const Distribution& d, const Pairs& pairs, Cells& cells, int64_t& shape) {
  const size_t before = cells.pair_counts.size();
  for (const signal::ValueCount& pair : pairs) {
    cells.pair_values.push_back(pair.value);
    cells.pair_counts.push_back(pair.count);
  }
  cells.pair_sizes.push_back(static_cast<int64_t>(pairs.size()));
  // Which of two NaNs a sum is need not be the same twice.
  const bool follows = !pairs.empty() && !std::isnan(d.count) &&
                       same_bits(d.min, pairs.front().value) &&
                       same_bits(d.max, pairs.back().value) &&
                       same_bits(d.count, count_of(std::span(cells.pair_counts).subspan(before)));
  if (!follows) shape |= kExplicit;
}

void add_sketch(const SketchBuckets& sketch, Cells& cells) {
  cells.zero_counts.push_back(sketch.zero_count);
  cells.positive_sizes.push_back(static_cast<int64_t>(sketch.positive.size()));
  cells.negative_sizes.push_back(static_cast<int64_t>(sketch.negative.size()));
  for (const auto* buckets : {&sketch.positive, &sketch.negative}) {
    for (const signal::Bucket& bucket : *buckets) {
      cells.bucket_indexes.push_back(bucket.index);
      cells.bucket_counts.push_back(bucket.count);
    }
  }
}

void add_cell(const Distribution& d, Cells& cells) {
  if (!is_cell(d)) {
    cells.shapes.push_back(static_cast<int64_t>(Kind::Bytes));
    return;
  }
  int64_t shape = static_cast<int64_t>(d.reset_hint) << kResetHintShift;
  if (d.distribution_lost) shape |= kLost;
  if (const auto* pairs = std::get_if<Pairs>(&d.buckets)) {
    shape |= static_cast<int64_t>(Kind::Pairs);
    add_pairs(d, *pairs, cells, shape);
  } else {
    shape |= static_cast<int64_t>(Kind::Sketch) | kExplicit;
    add_sketch(std::get<SketchBuckets>(d.buckets), cells);
  }
  if (is_explicit(shape)) {
    cells.counts.push_back(d.count);
    cells.minima.push_back(d.min);
    cells.maxima.push_back(d.max);
  }
  cells.sums.push_back(d.sum);
  cells.shapes.push_back(shape);
}

void put_numbers(const std::vector<double>& values, int exponent, const Reference* reference,
                 NumberColumn& column, std::string& out) {
  if (!values.empty()) encode_numbers(values, exponent, reference, column, out);
}

// `e`: the exponent of all values, minima and maxima, or -1.
void put_pairs(Cells& c, int e, std::string& out) {
  if (c.pair_sizes.empty()) return;
  codec::encode_ints(c.pair_sizes, out);
  if (c.pair_values.empty()) return;
  if (e < 0) e = find_decimals(c.pair_values);
  if (e < 0) e = kBitsExponent;
  c.pair_value_integers.exponent = e;
  to_exact_integers(c.pair_values, e, c.pair_value_integers.integers);
  out += static_cast<char>(e);
  put_gaps(c.pair_value_integers.integers, c.pair_sizes, out);
  put_numbers(c.pair_counts, -1, nullptr, c.pair_count_integers, out);
}

void put_sketches(Cells& c, std::string& out) {
  if (c.zero_counts.empty()) return;
  put_numbers(c.zero_counts, -1, nullptr, c.zero_count_integers, out);
  codec::encode_ints(c.positive_sizes, out);
  codec::encode_ints(c.negative_sizes, out);
  if (c.bucket_indexes.empty()) return;
  thread_local std::vector<int64_t> sizes;
  sizes.clear();
  for (size_t i = 0; i < c.positive_sizes.size(); ++i) {
    sizes.push_back(c.positive_sizes[i]);
    sizes.push_back(c.negative_sizes[i]);
  }
  put_gaps(c.bucket_indexes, sizes, out);
  put_numbers(c.bucket_counts, -1, nullptr, c.bucket_count_integers, out);
}

// --- reading

bool take_numbers(const char*& at, const char* end, size_t n, const Reference* reference,
                  NumberColumn& column, std::vector<double>& values) {
  values.resize(n);
  return n == 0 || decode_numbers(at, end, reference, column, values);
}

// Sizes of `points` lists, and their sum.
bool take_sizes(const char*& at, const char* end, size_t points, std::vector<int64_t>& sizes,
                int64_t& sum) {
  sizes.resize(points);
  if (!codec::decode_ints(at, end, sizes)) return false;
  for (const int64_t size : sizes) {
    if (size < 0 || size > kRunValuesMax) return false;
    sum += size;
    if (sum > kRunValuesMax) return false;
  }
  return true;
}

bool take_pairs(const char*& at, const char* end, size_t points, Cells& c) {
  if (points == 0) return true;
  int64_t pairs = 0;
  if (!take_sizes(at, end, points, c.pair_sizes, pairs)) return false;
  if (pairs == 0) return true;
  const auto n = static_cast<size_t>(pairs);
  if (at == end) return false;
  const auto e = static_cast<uint8_t>(*at++);
  if (e > kDecimalsMax && e != kBitsExponent) return false;
  c.pair_value_integers.exponent = e;
  std::vector<int64_t>& integers = c.pair_value_integers.integers;
  integers.resize(n);
  if (!take_with_gaps(at, end, c.pair_sizes, integers)) return false;
  c.pair_values.resize(n);
  for (size_t i = 0; i < n; ++i) c.pair_values[i] = from_integer(integers[i], e);
  return take_numbers(at, end, n, nullptr, c.pair_count_integers, c.pair_counts);
}

bool take_sketches(const char*& at, const char* end, size_t points, Cells& c) {
  if (points == 0) return true;
  int64_t buckets = 0;
  if (!take_numbers(at, end, points, nullptr, c.zero_count_integers, c.zero_counts) ||
      !take_sizes(at, end, points, c.positive_sizes, buckets) ||
      !take_sizes(at, end, points, c.negative_sizes, buckets)) {
    return false;
  }
  if (buckets == 0) return true;
  const auto n = static_cast<size_t>(buckets);
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < points; ++i) {
    sizes.push_back(c.positive_sizes[i]);
    sizes.push_back(c.negative_sizes[i]);
  }
  c.bucket_indexes.resize(n);
  if (!take_with_gaps(at, end, sizes, c.bucket_indexes)) return false;
  for (const int64_t index : c.bucket_indexes) {
    if (index != static_cast<int32_t>(index)) return false;
  }
  return take_numbers(at, end, n, nullptr, c.bucket_count_integers, c.bucket_counts);
}

bool take_columns(const char*& at, const char* end, size_t points, Cells& c) {
  c.shapes.resize(points);
  if (!codec::decode_ints(at, end, c.shapes)) return false;
  size_t floats = 0;
  size_t pairs = 0;
  size_t sketches = 0;
  size_t in_columns = 0;
  for (const int64_t shape : c.shapes) {
    if (!is_shape(shape)) return false;
    floats += static_cast<size_t>(kind_of(shape) == Kind::Float);
    pairs += static_cast<size_t>(kind_of(shape) == Kind::Pairs);
    sketches += static_cast<size_t>(kind_of(shape) == Kind::Sketch);
    in_columns += static_cast<size_t>(is_explicit(shape));
  }
  if (!take_numbers(at, end, floats, nullptr, c.float_integers, c.floats) ||
      !take_pairs(at, end, pairs, c) || !take_sketches(at, end, sketches, c)) {
    return false;
  }
  // Points without pairs have no other count, minimum and maximum than those in columns.
  size_t point = 0;
  for (const int64_t shape : c.shapes) {
    if (kind_of(shape) != Kind::Pairs) continue;
    if (c.pair_sizes[point++] == 0 && !is_explicit(shape)) return false;
  }
  const CountReference count(c);
  const MinimumReference minimum(c);
  if (!take_numbers(at, end, in_columns, &count, c.count_integers, c.counts) ||
      !take_numbers(at, end, in_columns, nullptr, c.minimum_integers, c.minima) ||
      !take_numbers(at, end, in_columns, &minimum, c.maximum_integers, c.maxima)) {
    return false;
  }
  c.sums.resize(pairs + sketches);
  const SumReference sum(c);
  return take_numbers(at, end, pairs + sketches, &sum, c.sum_integers, c.sums);
}

std::vector<signal::Bucket> make_buckets(std::span<const int64_t> indexes,
                                         std::span<const double> counts) {
  std::vector<signal::Bucket> out;
  out.reserve(indexes.size());
  for (size_t i = 0; i < indexes.size(); ++i)
    out.push_back({static_cast<int32_t>(indexes[i]), counts[i]});
  return out;
}

// Hands out the points of the columns one after the other.
class CellReader {
 public:
  explicit CellReader(const Cells& cells) : c_(&cells) {}
  double next_float() { return c_->floats[float_++]; }
  signal::Point next_cell(int64_t shape) {
    auto d = std::make_unique<Distribution>();
    d->distribution_lost = (shape & kLost) != 0;
    d->reset_hint = static_cast<signal::ResetHint>((shape >> kResetHintShift) & 3);
    d->sum = c_->sums[sum_++];
    if (kind_of(shape) == Kind::Pairs) {
      put_pairs(*d, is_explicit(shape));
    } else {
      put_sketch(*d);
    }
    if (is_explicit(shape)) {
      d->count = c_->counts[explicit_];
      d->min = c_->minima[explicit_];
      d->max = c_->maxima[explicit_];
      ++explicit_;
    }
    signal::Point point;
    point.distribution = std::move(d);
    return point;
  }

 private:
  void put_pairs(Distribution& d, bool in_columns) {
    const auto n = static_cast<size_t>(c_->pair_sizes[pair_point_++]);
    const auto values = std::span(c_->pair_values).subspan(pair_, n);
    const auto counts = std::span(c_->pair_counts).subspan(pair_, n);
    Pairs pairs(n);
    for (size_t i = 0; i < n; ++i) pairs[i] = {values[i], counts[i]};
    if (!in_columns) {
      d.count = count_of(counts);
      d.min = values.front();
      d.max = values.back();
    }
    d.buckets = std::move(pairs);
    pair_ += n;
  }
  void put_sketch(Distribution& d) {
    SketchBuckets sketch;
    sketch.zero_count = c_->zero_counts[sketch_];
    const auto positive = static_cast<size_t>(c_->positive_sizes[sketch_]);
    const auto negative = static_cast<size_t>(c_->negative_sizes[sketch_]);
    const std::span indexes(c_->bucket_indexes);
    const std::span counts(c_->bucket_counts);
    sketch.positive =
        make_buckets(indexes.subspan(bucket_, positive), counts.subspan(bucket_, positive));
    bucket_ += positive;
    sketch.negative =
        make_buckets(indexes.subspan(bucket_, negative), counts.subspan(bucket_, negative));
    bucket_ += negative;
    d.buckets = std::move(sketch);
    ++sketch_;
  }

  const Cells* c_;
  size_t float_ = 0;
  size_t sum_ = 0;
  size_t explicit_ = 0;
  size_t pair_point_ = 0;
  size_t pair_ = 0;
  size_t sketch_ = 0;
  size_t bucket_ = 0;
};

bool take_bytes(const char*& at, const char* end, signal::Point& point) {
  uint64_t bytes = 0;
  if (!read_varint(at, end, bytes) || bytes > static_cast<uint64_t>(end - at)) return false;
  std::string_view coded(at, bytes);
  auto distribution = signal::decode_distribution(coded);
  if (!distribution || !coded.empty()) return false;
  at += bytes;
  point.distribution = std::make_unique<Distribution>(std::move(*distribution));
  return true;
}

}  // namespace

bool is_cell(const Distribution& d) {
  return d.has_sum && d.has_min_max &&
         (std::holds_alternative<Pairs>(d.buckets) ||
          std::holds_alternative<SketchBuckets>(d.buckets));
}

void encode_cells(const DecodedSeries& series, size_t begin, size_t end, std::string& out) {
  thread_local Cells cells;
  cells.clear();
  for (size_t i = begin; i < end; ++i) {
    if (series.distributions[i]) {
      add_cell(*series.distributions[i], cells);
    } else {
      cells.shapes.push_back(static_cast<int64_t>(Kind::Float));
      cells.floats.push_back(series.values[i]);
    }
  }
  const std::array<std::span<const double>, 3> values{cells.pair_values, cells.minima,
                                                      cells.maxima};
  const int e = common_decimals(values);
  codec::encode_ints(cells.shapes, out);
  put_numbers(cells.floats, -1, nullptr, cells.float_integers, out);
  put_pairs(cells, e, out);
  put_sketches(cells, out);
  const CountReference count(cells);
  const MinimumReference minimum(cells);
  const SumReference sum(cells);
  put_numbers(cells.counts, -1, &count, cells.count_integers, out);
  put_numbers(cells.minima, e, nullptr, cells.minimum_integers, out);
  put_numbers(cells.maxima, e, &minimum, cells.maximum_integers, out);
  put_numbers(cells.sums, e, &sum, cells.sum_integers, out);
  std::string coded;
  for (size_t i = begin; i < end; ++i) {
    if (kind_of(cells.shapes[i - begin]) != Kind::Bytes) continue;
    coded.clear();
    signal::encode_distribution(*series.distributions[i], coded);
    append_varint(out, coded.size());
    out += coded;
  }
}

bool decode_cells(const char* at, const char* end, std::span<const int64_t> timestamps_ms,
                  DecodedSeries& out) {
  thread_local Cells cells;
  cells.clear();
  if (!take_columns(at, end, timestamps_ms.size(), cells)) return false;
  CellReader reader(cells);
  for (size_t i = 0; i < timestamps_ms.size(); ++i) {
    const int64_t shape = cells.shapes[i];
    if (kind_of(shape) == Kind::Float) {
      out.push(timestamps_ms[i], reader.next_float());
      continue;
    }
    signal::Point point;
    if (kind_of(shape) == Kind::Bytes) {
      if (!take_bytes(at, end, point)) return false;
    } else {
      point = reader.next_cell(shape);
    }
    out.push(timestamps_ms[i], std::move(point));
  }
  return at == end;
}

}  // namespace kansoku::store::metrics
