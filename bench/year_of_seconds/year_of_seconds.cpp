// How much disk 455 days of one gauge of seconds take once settled, index included.
//
// The metric engine on a simulated clock and disk: a batch a minute of 60 points, sealed by age and
// merged as in a server, retention enforced every day. The gauge is in hundredths and repeats its
// value 55 % of the time. `summary`: points are statistic sets, so cells are count, sum, min, max;
// `sketch`: points are floats, so cells keep their distribution. What is stored is checked: every
// tier must count and add up what was sent.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <string_view>

#include "base/env/sim.h"
#include "base/pool/executor.h"
#include "store/metrics/engine.h"
#include "store/metrics/part.h"

namespace kansoku {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kRepeatPercent = 55;
// Small, since the simulated disk copies a file at each sync.
constexpr uint64_t kLogSegment = 64 << 10;

struct Options {
  bool sketch = false;
  int64_t days = 455;
  uint64_t seed = 42;
};

// The gauge, second by second.
class Gauge {
 public:
  explicit Gauge(uint64_t seed) : state_(seed) {}
  double next() {
    if (random() % 100 >= kRepeatPercent) {
      // A step of at most 2.00 that is not 0, reflected at 0.00 and 100.00.
      auto step = static_cast<int64_t>(random() % 200) + 1;
      hundredths_ += random() % 2 == 0 ? step : -step;
      if (hundredths_ < 0) hundredths_ = -hundredths_;
      if (hundredths_ > 10'000) hundredths_ = 20'000 - hundredths_;
    }
    return static_cast<double>(hundredths_) / 100;
  }

 private:
  // splitmix64 (Steele, Lea, Flood 2014).
  uint64_t random() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
  }
  uint64_t state_;
  int64_t hundredths_ = 4'000;
};

signal::Point point_of(double value, bool sketch) {
  if (sketch) return signal::Point(value);
  signal::Distribution set;
  set.count = 1;
  set.sum = set.min = set.max = value;
  set.distribution_lost = true;
  return signal::Point(std::move(set));
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Year {
 public:
  explicit Year(const Options& options) : options_(options), gauge_(options.seed) {}
  ~Year() {
    if (engine_) engine_->close();
    if (log_) log_->close();
    executor_.run_until_idle();
  }
  Year(const Year&) = delete;
  Year& operator=(const Year&) = delete;

  Status open() {
    env::Env env{&clock_, &disk_, &random_};
    KANSOKU_TRY(
        log_, store::wal::Log::open(env, "/d/log", {.segment_bytes = kLogSegment, .manual = true}));
    store::metrics::MetricEngineOptions engine_options;
    engine_options.directory = "/d/metrics";
    KANSOKU_TRY(engine_,
                store::metrics::MetricEngine::open(env, executor_, &clock_, *log_, engine_options));
    log_->start();
    return {};
  }

  void send_all() {
    for (int64_t day = 0; day < options_.days; ++day) {
      for (int64_t minute = 0; minute < kDayMs / kMinuteMs; ++minute) send_minute();
      engine_->enforce_retention([](Status) {});
      run();
    }
  }

  bool settle() {
    bool good = false;
    for (int round = 0; round < 2; ++round) {
      engine_->flush(true, [&](Status status) { good = status.has_value(); });
      run();
      engine_->enforce_retention([](Status) {});
      run();
    }
    return good;
  }

  // Bytes of all files below a folder.
  uint64_t bytes_below(std::string_view folder) {
    uint64_t out = 0;
    for (const std::string& path : disk_.paths()) {
      if (path.starts_with(folder)) out += disk_.contents(path).size();
    }
    return out;
  }

  // Bytes of the pages of each kind, as they are stored.
  std::array<uint64_t, store::metrics::kPageKinds> bytes_by_kind() {
    std::array<uint64_t, store::metrics::kPageKinds> out{};
    for (const std::string& path : disk_.paths()) {
      if (!path.ends_with(".kmp")) continue;
      auto meta = store::metrics::Part::read_meta(disk_, path);
      if (!meta) continue;
      auto part = store::metrics::Part::open(disk_, "/d/metrics", *meta);
      for (size_t kind = 0; kind < out.size(); ++kind) {
        for (const auto& page : part->pages(static_cast<store::metrics::PageKind>(kind)))
          out[kind] += page.stored_bytes;
      }
    }
    return out;
  }

  uint64_t manifest_bytes() { return disk_.contents("/d/metrics/manifest").size(); }

  struct Tier {
    uint64_t cells = 0;
    double count = 0;
    double sum = 0;
  };
  Tier read(int64_t tier_ms) {
    Tier out;
    auto series = engine_->select({.scope = scope_,
                                   .matchers = {},
                                   .exact_label_names = {},
                                   .merge = {},
                                   .active_since_ms = {},
                                   .after_labels = {}});
    if (!series || series->size() != 1) return out;
    store::MetricScan scan;
    scan.scope = scope_;
    scan.ids = {series->front().id};
    scan.tier_ms = tier_ms;
    auto report = engine_->scan(scan, [&](const store::SeriesPoints& points) -> Status {
      for (size_t i = 0; i < points.size(); ++i) {
        const signal::Distribution* cell = points.distribution(i);
        ++out.cells;
        out.count += cell != nullptr ? cell->count : 1;
        out.sum += points.values[i];
      }
      return {};
    });
    return report ? out : Tier();
  }

  double points_sent() const { return sent_; }
  double sum_sent() const { return sum_; }
  uint64_t points_not_stored() const { return not_stored_; }
  store::MetricStoreStats stats() const { return engine_->stats(); }
  uint64_t seals() const { return engine_->engine_stats().seals; }

 private:
  void run() {
    while (executor_.run_one() || log_->run_once()) {
    }
  }
  void send_minute() {
    std::vector<signal::LabelView> labels{{"__name__", "CPUUtilization"},
                                          {"__namespace__", "Bench"},
                                          {"InstanceId", "i-0123456789abcdef0"}};
    signal::SeriesRow row = *builder_.add_series(labels, {.merge = signal::MergeKind::Accumulate});
    int64_t first_ms = clock_.wall_now().ms() / kMinuteMs * kMinuteMs;
    for (int64_t second = 0; second < 60; ++second) {
      double value = gauge_.next();
      sum_ += value;
      builder_.add_point(row, first_ms + second * 1'000, point_of(value, options_.sketch));
    }
    sent_ += 60;
    clock_.advance(kMinuteMs * 1'000'000);
    engine_->append({scope_,
                     builder_.finish(),
                     {},
                     signal::AckToken(60, nullptr, Lane::Ingest, [this](signal::Verdict verdict) {
                       not_stored_ += verdict.good() ? 0 : 60;
                     })});
    run();
  }

  Options options_;
  Gauge gauge_;
  signal::Scope scope_{"000000000000", "local"};
  env::SimClock clock_{{1'760'054'400LL * env::kNsPerS}};  // a midnight
  env::SimRandom random_{7};
  env::SimFileSystem disk_;
  ManualExecutor executor_;
  std::unique_ptr<store::wal::Log> log_;
  std::unique_ptr<store::metrics::MetricEngine> engine_;
  signal::MetricBatchBuilder builder_;
  double sent_ = 0;
  double sum_ = 0;
  uint64_t not_stored_ = 0;
};

int run(const Options& options) {
  Year year(options);
  if (Status opened = year.open(); !opened) {
    std::fprintf(stderr, "%s\n", opened.error().to_string().c_str());
    return 1;
  }
  year.send_all();
  uint64_t unsettled = year.bytes_below("/d/metrics");
  bool settled = year.settle();
  Year::Tier hours = year.read(3'600'000);
  Year::Tier five_minutes = year.read(300'000);
  Year::Tier minutes = year.read(60'000);
  Year::Tier seconds = year.read(store::kRawTierMs);
  const auto pages = year.bytes_by_kind();
  bool whole =
      options.days > 455 || (hours.count == year.points_sent() &&
                             std::abs(hours.sum - year.sum_sent()) < 1e-6 * year.sum_sent());
  fmt::print(
      "{{\"points\": {:.0f}, \"points_not_stored\": {}, \"settled\": {}, "
      "\"hours_hold_everything\": {}, "
      "\"store_bytes\": {}, \"manifest_bytes\": {}, \"log_bytes\": {}, \"store_bytes_unsettled\": "
      "{}, \"parts\": {}, "
      "\"seals\": {}, "
      "\"cells\": {{\"1s\": {}, \"60s\": {}, \"300s\": {}, \"3600s\": {}}}, "
      "\"page_bytes\": {{\"1s\": {}, \"60s\": {}, \"300s\": {}, \"3600s\": {}}}, \"cpu_s\": "
      "{:.1f}}}\n",
      year.points_sent(), year.points_not_stored(), settled, whole, year.bytes_below("/d/metrics"),
      year.manifest_bytes(), year.bytes_below("/d/log"), unsettled, year.stats().parts,
      year.seals(), seconds.cells, minutes.cells, five_minutes.cells, hours.cells, pages[0],
      pages[1], pages[2], pages[3], cpu_seconds());
  return settled && whole && year.points_not_stored() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace kansoku

int main(int argc, char** argv) {
  kansoku::Options options;
  std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode != "summary" && mode != "sketch") {
    std::fprintf(stderr, "usage: year_of_seconds summary|sketch [DAYS [SEED]]\n");
    return 2;
  }
  options.sketch = mode == "sketch";
  if (argc > 2) options.days = std::stoll(argv[2]);
  if (argc > 3) options.seed = std::stoull(argv[3]);
  return kansoku::run(options);
}
