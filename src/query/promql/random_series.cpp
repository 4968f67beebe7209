// The data of random_expression.h.
#include <limits>

#include "query/promql/random_expression.h"

namespace kansoku::query::promql {
namespace {

constexpr std::string_view kBounds[] = {"0.1", "0.5", "1", "2.5", "10", "+Inf"};

double odd_value(uint64_t choice) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kValues[] = {std::numeric_limits<double>::quiet_NaN(),
                                kInf,
                                -kInf,
                                0.0,
                                -0.0,
                                1,
                                -1,
                                1e308,
                                -1e308,
                                5e-324,
                                1e-9,
                                3.5};
  return kValues[choice % std::size(kValues)];
}

// One series' points from its own random state.
class Points {
 public:
  Points(uint64_t seed, const RandomOptions& options) : state_(seed), options_(options) {}

  // Calls value(n) at each scrape that is not missing; `gaps_percent` of them are.
  template <class Value>
  std::vector<Point> make(uint64_t gaps_percent, bool stale, Value&& value) {
    std::vector<Point> out;
    int64_t offset_ms = 1 + static_cast<int64_t>(below(14) * 1000 + below(998));
    bool gone = false;
    for (int64_t at = 0; at + 15'000 <= kRandomDataMs; at += 15'000) {
      if (gone ? !chance(20) : chance(gaps_percent)) {
        // A gap begins with a marker where the series was seen to end.
        if (stale && !gone) {
          out.push_back({.t = options_.begin_ms + at + offset_ms, .f = stale_marker()});
        }
        gone = true;
        continue;
      }
      gone = false;
      Point point = value();
      point.t = options_.begin_ms + at + offset_ms;
      out.push_back(std::move(point));
    }
    return out;
  }
  uint64_t below(uint64_t n) { return random_step(state_) % n; }
  bool chance(uint64_t percent) { return below(100) < percent; }
  double unit() { return static_cast<double>(random_step(state_) >> 11) * 0x1p-53; }

  std::vector<Point> counter(double step) {
    double floor = options_.as_2_42 ? 1e6 : 0;
    double now = floor + 100 * step;
    int resets = options_.as_2_42 ? 1 : 100;
    return make(4, false, [&, floor, step]() mutable {
      now += chance(15) ? 0 : step * static_cast<double>(below(64));
      if (resets > 0 && chance(2)) {
        now = floor / 2 + static_cast<double>(below(50));
        --resets;
      }
      return Point{.f = now};
    });
  }
  std::vector<Point> gauge(double centre, double spread) {
    return make(6, true, [&] { return Point{.f = centre + spread * (unit() - 0.5)}; });
  }
  std::vector<Point> native(bool custom) {
    FloatHistogram now = empty_histogram(custom);
    return make(5, true, [&] {
      if (chance(3)) now = empty_histogram(custom);
      observe(now);
      return Point{.h = std::make_shared<const FloatHistogram>(now)};
    });
  }

 private:
  FloatHistogram empty_histogram(bool custom) {
    FloatHistogram out;
    out.schema = custom ? kCustomSchema : static_cast<int32_t>(below(3)) - 1;
    if (custom) {
      out.custom_values = {0.5, 1, 4};
      for (int32_t i = 0; i < 4; ++i) out.positive.push_back({i, 1});
      out.count = 4;
      out.sum = 9;
    } else {
      out.zero_threshold = 1e-3;
      out.zero_count = 1;
      for (int32_t i = -1; i < 3; ++i) out.positive.push_back({i, 1});
      if (chance(50)) out.negative.push_back({0, 1});
      out.count = 5 + static_cast<double>(out.negative.size());
      out.sum = 6;
    }
    return out;
  }
  void observe(FloatHistogram& now) {
    for (signal::Bucket& bucket : now.positive) {
      auto more = static_cast<double>(below(5));
      bucket.count += more;
      now.count += more;
      now.sum += more * 1.25;
    }
  }

  uint64_t state_;
  const RandomOptions& options_;
};

class Data {
 public:
  Data(uint64_t seed, const RandomOptions& options) : state_(seed), options_(options) {}

  std::vector<RandomSeries> make() {
    for (std::string_view job : {"a", "b"}) {
      for (std::string_view instance : {"i0", "i1", "i2"}) add_target(job, instance);
    }
    return std::move(series_);
  }

 private:
  void add_target(std::string_view job, std::string_view instance) {
    std::vector<Label> target{{"job", std::string(job)}, {"instance", std::string(instance)}};
    auto with = [&](std::string_view name, std::vector<Label> more) {
      more.insert(more.end(), target.begin(), target.end());
      more.push_back({std::string(kMetricName), std::string(name)});
      return LabelSet::from(std::move(more));
    };
    for (std::string_view code : {"200", "404", "500"}) {
      add(with("requests_total", {{"code", std::string(code)}}), points().counter(3));
    }
    add(with("bytes_total", {}), points().counter(1024.5));
    add(with("queue_size", {{"env", job == "a" ? "prod" : "test"}}), points().gauge(40, 75));
    add(with("temperature", {{"env", instance == "i0" ? "prod" : ""}}), points().gauge(-3, 21));
    Points flags = points();
    add(with("up", {}),
        flags.make(8, true, [&] { return Point{.f = flags.chance(80) ? 1.0 : 0.0}; }));
    if (instance != "i2") add_classic_histogram(with);
    if (options_.as_2_42) return;
    Points odd = points();
    add(with("odd", {}), odd.make(5, true, [&] { return Point{.f = odd_value(odd.below(100))}; }));
    add(with("dotted.name", {{"a b", "x"}}), points().gauge(7, 3));
    add(with("latency", {}), points().native(instance == "i2"));
    add(with("sizes", {}), points().native(true));
    Points info = points();
    add(with("target_info", {{"version", instance == "i1" ? "2.0" : "1.9"}, {"region", "eu"}}),
        info.make(3, false, [] { return Point{.f = 1}; }));
  }

  template <class With>
  void add_classic_histogram(With&& with) {
    constexpr size_t kCount = std::size(kBounds);
    Points made = points();
    double floor = options_.as_2_42 ? 1e6 : 0;
    double counts[kCount];
    double sum = floor;
    for (size_t i = 0; i < kCount; ++i) counts[i] = floor + static_cast<double>(10 * (i + 1));
    std::vector<Point> buckets[kCount];
    std::vector<Point> sums = made.make(4, false, [&] {
      double more = 0;
      for (size_t i = 0; i < kCount; ++i) {
        more += static_cast<double>(made.below(6));
        counts[i] += more;
        buckets[i].push_back({.f = counts[i]});
      }
      sum += 0.75 * more;
      return Point{.f = sum};
    });
    for (size_t i = 0; i < kCount; ++i) {
      for (size_t n = 0; n < sums.size(); ++n) buckets[i][n].t = sums[n].t;
      if (i + 1 == kCount) add(with("took_count", {}), buckets[i]);
      add(with("took_bucket", {{"le", std::string(kBounds[i])}}), std::move(buckets[i]));
    }
    add(with("took_sum", {}), std::move(sums));
  }
  Points points() { return Points(random_step(state_), options_); }
  void add(LabelSet labels, std::vector<Point> points) {
    series_.push_back({std::move(labels), std::move(points)});
  }

  uint64_t state_;
  const RandomOptions& options_;
  std::vector<RandomSeries> series_;
};

}  // namespace

// splitmix64 (Steele, Lea, Flood 2014).
uint64_t random_step(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15ULL;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
  return z ^ z >> 31;
}

std::vector<RandomSeries> random_series(uint64_t seed, const RandomOptions& options) {
  return Data(seed, options).make();
}

MemorySource random_source(uint64_t seed, const RandomOptions& options) {
  MemorySource out;
  for (const RandomSeries& series : random_series(seed, options)) {
    for (const Point& point : series.points) out.add(series.labels, point);
  }
  out.finish();
  return out;
}

}  // namespace kansoku::query::promql
