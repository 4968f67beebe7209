#include "store/metrics/pairs_codec.h"

#include <cmath>

#include "store/metrics/column_codec.h"
#include "store/metrics/decimals.h"

namespace kansoku::store::metrics {
namespace {

using signal::Distribution;
using signal::Pairs;

// First byte of the counts.
constexpr uint8_t kCountsOne = 0;
constexpr uint8_t kCountsColumn = 1;
// Longer runs are smaller as cells (cells_codec.h), and take about as long. Short ones take twice
// as long there: most runs of the head's parts are short, and live for minutes.
constexpr size_t kValuesMax = 96;
// No decoder makes more values than this from one run: 4,096 points of 256 pairs.
constexpr uint64_t kRunValuesMax = 1U << 20;

double count_of(const Pairs& pairs) {
  double count = 0;
  for (const signal::ValueCount& pair : pairs) count += pair.count;
  return count;
}

// Everything beside sum, values and counts follows from them.
bool follows(const Distribution& d) {
  const auto* pairs = std::get_if<Pairs>(&d.buckets);
  return pairs != nullptr && !pairs->empty() && d.has_sum && d.has_min_max &&
         !d.distribution_lost && !std::isnan(d.count) &&
         d.reset_hint == signal::ResetHint::Unknown && same_bits(d.min, pairs->front().value) &&
         same_bits(d.max, pairs->back().value) && same_bits(d.count, count_of(*pairs));
}

struct Columns {
  std::vector<double> sums;    // of the points that are pairs
  std::vector<double> values;  // of floats and of pairs, in order
  std::vector<double> counts;  // of pairs
  void clear() {
    sums.clear();
    values.clear();
    counts.clear();
  }
};

// Reads `n` doubles, nothing when n is 0.
bool take_column(const char*& at, const char* end, size_t n, std::vector<double>& out) {
  out.clear();
  if (n == 0) return true;
  return decode_values(at, end, n, out) && out.size() == n;
}

std::unique_ptr<Distribution> make_pairs(std::span<const double> values,
                                         std::span<const double> counts, double sum) {
  auto out = std::make_unique<Distribution>();
  Pairs pairs;
  pairs.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    pairs.push_back({values[i], counts.empty() ? 1 : counts[i]});
  }
  out->count = count_of(pairs);
  out->sum = sum;
  out->min = pairs.front().value;
  out->max = pairs.back().value;
  out->buckets = std::move(pairs);
  return out;
}

}  // namespace

bool encode_pairs(const DecodedSeries& series, size_t begin, size_t end, std::string& out) {
  size_t values = 0;
  for (size_t i = begin; i < end; ++i) {
    const auto& d = series.distributions[i];
    if (d && !follows(*d)) return false;
    values += d ? std::get<Pairs>(d->buckets).size() : 1;
    if (values > kValuesMax) return false;
  }
  thread_local Columns columns;
  columns.clear();
  bool ones = true;
  for (size_t i = begin; i < end; ++i) {
    const auto& d = series.distributions[i];
    if (!d) {
      append_varint(out, 0);
      columns.values.push_back(series.values[i]);
      continue;
    }
    const Pairs& pairs = std::get<Pairs>(d->buckets);
    append_varint(out, pairs.size());
    columns.sums.push_back(d->sum);
    for (const signal::ValueCount& pair : pairs) {
      columns.values.push_back(pair.value);
      columns.counts.push_back(pair.count);
      ones = ones && pair.count == 1;
    }
  }
  encode_values(columns.values, out);
  if (columns.sums.empty()) return true;
  encode_values(columns.sums, out);
  out += static_cast<char>(ones ? kCountsOne : kCountsColumn);
  if (!ones) encode_values(columns.counts, out);
  return true;
}

bool decode_pairs(const char* at, const char* end, std::span<const int64_t> timestamps_ms,
                  DecodedSeries& out) {
  std::vector<uint64_t> sizes(timestamps_ms.size());
  uint64_t values = 0;
  uint64_t in_pairs = 0;
  size_t distributions = 0;
  for (uint64_t& size : sizes) {
    if (!read_varint(at, end, size) || size > kRunValuesMax) return false;
    values += size == 0 ? 1 : size;
    in_pairs += size;
    distributions += static_cast<size_t>(size > 0);
    if (values > kRunValuesMax) return false;
  }
  thread_local Columns columns;
  columns.clear();
  if (!take_column(at, end, values, columns.values) ||
      !take_column(at, end, distributions, columns.sums)) {
    return false;
  }
  if (distributions > 0) {
    if (at == end) return false;
    auto form = static_cast<uint8_t>(*at++);
    if (form != kCountsOne && form != kCountsColumn) return false;
    if (form == kCountsColumn && !take_column(at, end, in_pairs, columns.counts)) return false;
  }
  if (at != end) return false;
  size_t value = 0;
  size_t count = 0;
  size_t sum = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) {
      out.push(timestamps_ms[i], columns.values[value++]);
      continue;
    }
    signal::Point point;
    auto counts = columns.counts.empty() ? std::span<const double>()
                                         : std::span(columns.counts).subspan(count, sizes[i]);
    point.distribution =
        make_pairs(std::span(columns.values).subspan(value, sizes[i]), counts, columns.sums[sum++]);
    out.push(timestamps_ms[i], std::move(point));
    value += sizes[i];
    count += sizes[i];
  }
  return true;
}

}  // namespace kansoku::store::metrics
