// Pages, footers and columns from arbitrary bytes; and runs made of arbitrary bytes, which must
// come back bit by bit.
#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/codec/int_column.h"
#include "base/env/sim.h"
#include "store/metrics/cells_codec.h"
#include "store/metrics/part.h"

using namespace kansoku;
using namespace kansoku::store::metrics;

namespace {

void read_all(const std::shared_ptr<const Part>& part) {
  codec::Decompressor decompressor;
  for (size_t kind = 0; kind + 1 < kPageKinds; ++kind) {
    PartCursor cursor(part, static_cast<PageKind>(kind), decompressor);
    for (int i = 0; i < 1000; ++i) {
      store::SeriesId id = cursor.current();
      if (id == PartCursor::kNone) break;
      DecodedSeries series;
      cursor.read(id, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(),
                  series);
    }
  }
}

// Doubles from the bytes, every other one a decimal.
class Numbers {
 public:
  explicit Numbers(std::string_view bytes) : bytes_(bytes) {}
  bool done() const { return bytes_.empty(); }
  uint8_t byte() {
    if (done()) return 0;
    auto out = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return out;
  }
  double number(uint8_t form) {
    if (form % 4 == 0) return static_cast<double>(static_cast<int8_t>(byte())) / 100;
    if (form % 4 == 1) return byte();
    uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | byte();
    return std::bit_cast<double>(bits);
  }

 private:
  std::string_view bytes_;
};

signal::Distribution distribution_of(Numbers& from, uint8_t form) {
  signal::Distribution d{.count = from.number(form),
                         .sum = from.number(form >> 2),
                         .min = from.number(form >> 4),
                         .max = from.number(form >> 6)};
  const uint8_t flags = from.byte();
  d.distribution_lost = (flags & 1) != 0;
  d.reset_hint = static_cast<signal::ResetHint>((flags >> 1) & 3);
  if ((flags & 24) == 8) {
    signal::Pairs pairs;
    for (int n = flags >> 5; n >= 0; --n) {
      const double value = from.number(form);
      pairs.push_back({value, from.number(1)});
    }
    d.buckets = std::move(pairs);
  }
  if ((flags & 24) == 16) {
    signal::SketchBuckets sketch{from.number(1), {}, {}};
    for (int n = flags >> 5; n > 0; --n)
      (n % 3 == 0 ? sketch.negative : sketch.positive).push_back({from.byte(), from.number(form)});
    d.buckets = std::move(sketch);
  }
  return d;
}

std::string bytes_of(const DecodedSeries& series, size_t i) {
  std::string out;
  append_le(out, series.values[i]);
  if (!series.distributions.empty() && series.distributions[i])
    signal::encode_distribution(*series.distributions[i], out);
  return out;
}

void check_round_trip(std::string_view bytes) {
  Numbers from(bytes);
  DecodedSeries series;
  const uint8_t kinds = from.byte();
  const uint8_t form = from.byte();
  while (!from.done() && series.size() < 600) {
    const auto ms = static_cast<int64_t>(series.size());
    if (kinds % 3 == 0 || (kinds % 3 == 1 && from.byte() % 2 == 0)) {
      series.push(ms, from.number(form));
      continue;
    }
    signal::Point point;
    point.distribution = std::make_unique<signal::Distribution>(distribution_of(from, form));
    series.push(ms, std::move(point));
  }
  if (series.size() == 0) return;
  std::string coded;
  encode_points(series, 0, series.size(), coded);
  DecodedSeries back;
  KANSOKU_CHECK(decode_points(coded, series.timestamps_ms, back));
  for (size_t i = 0; i < series.size(); ++i)
    KANSOKU_CHECK(bytes_of(series, i) == bytes_of(back, i));
}

void read_columns(std::string_view bytes) {
  for (const size_t n : {1U, 3U, 200U, 700U}) {
    const char* at = bytes.data();
    std::vector<int64_t> integers(n);
    (void)codec::decode_ints(at, bytes.data() + bytes.size(), integers);
    at = bytes.data();
    std::vector<double> values;
    (void)decode_values(at, bytes.data() + bytes.size(), n, values);
    std::vector<int64_t> times(n);
    for (size_t i = 0; i < n; ++i) times[i] = static_cast<int64_t>(i) * 60'000;
    DecodedSeries run;
    (void)decode_points(bytes, times, run);
    DecodedSeries cells;
    (void)decode_cells(bytes.data(), bytes.data() + bytes.size(), times, cells);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  PageReader reader;
  if (reader.open(std::make_shared<const std::string>(bytes))) {
    DecodedSeries series;
    for (int i = 0; i < 1000 && reader.next(); ++i) {
      int64_t first = 0;
      int64_t last = 0;
      if (i % 2 == 0) {
        (void)reader.read_times(first, last);
      } else {
        (void)reader.read(series);
      }
    }
  }
  read_columns(bytes);
  check_round_trip(bytes);
  env::SimFileSystem disk;
  disk.set_contents("/p/" + part_name(1), std::string(bytes));
  if (auto meta = Part::read_meta(disk, "/p/" + part_name(1))) {
    meta->id = 1;
    read_all(Part::open(disk, "/p", *meta));
  }
  return 0;
}
