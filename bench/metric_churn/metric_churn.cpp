// What series that come and go cost: an hour of scrapes of hosts, of which a share is replaced by
// new ones at every scrape, through the metric engine on a simulated clock and a real disk.
//
// Everything runs on one thread. CPU is what the engine and its log take: user and system time of
// the process less that of the thread while it makes batches; at the end everything is flushed and
// merged. Memory is RSS, read every simulated ten minutes.
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

#include <cstdio>
#include <fstream>
#include <string_view>

#include "../metric_workload/hosts.h"
#include "base/env/sim.h"
#include "base/pool/executor.h"
#include "store/metrics/engine.h"

namespace kansoku::bench {
namespace {

constexpr size_t kHostsPerBatch = 10;  // 5,000 series
constexpr int64_t kScrapesPerTenMinutes = 40;

struct Options {
  std::string directory;
  size_t hosts = 200;
  int64_t minutes = 60;
  size_t churn_percent = 5;
  uint64_t seed = 42;
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double thread_cpu() {
  timespec ts{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
  return static_cast<double>(ts.tv_sec) + 1e-9 * static_cast<double>(ts.tv_nsec);
}

double status_mib(std::string_view key) {
  std::ifstream in("/proc/self/status");
  std::string word;
  while (in >> word) {
    if (word != key) continue;
    double kib = 0;
    in >> kib;
    return kib / 1024;
  }
  return 0;
}

// A host and the canonical labels of its series.
struct Target {
  Host host;
  std::vector<std::string> labels;
};

class Hour {
 public:
  explicit Hour(const Options& options) : options_(options), models_(host_series()) {
    for (size_t i = 0; i < options.hosts; ++i) targets_.push_back(new_target());
  }
  ~Hour() {
    if (engine_) engine_->close();
    if (log_) log_->close();
    executor_.run_until_idle();
  }
  Hour(const Hour&) = delete;
  Hour& operator=(const Hour&) = delete;

  Status open() {
    env::Env env = env::real_env();
    env.clock = &clock_;
    KANSOKU_TRY(log_, store::wal::Log::open(env, options_.directory + "/log", {.manual = true}));
    store::metrics::MetricEngineOptions engine_options;
    engine_options.directory = options_.directory + "/metrics";
    KANSOKU_TRY(engine_,
                store::metrics::MetricEngine::open(env, executor_, &clock_, *log_, engine_options));
    log_->start();
    return {};
  }

  // False when something was refused.
  bool run() {
    rss_mib_.push_back(status_mib("VmRSS:"));
    double begin = cpu_seconds();
    int64_t scrapes = options_.minutes * 60'000 / kScrapeMs;
    for (int64_t scrape = 1; scrape <= scrapes; ++scrape) {
      if (scrape > 1) replace_some();
      for (size_t first = 0; first < targets_.size(); first += kHostsPerBatch) send(first);
      clock_.advance(kScrapeMs * 1'000'000);
      work();
      if (scrape % kScrapesPerTenMinutes == 0) {
        engine_->enforce_retention([](Status) {});
        work();
        rss_mib_.push_back(status_mib("VmRSS:"));
      }
    }
    bool flushed = false;
    engine_->flush(true, [&](Status status) { flushed = status.has_value(); });
    work();
    cpu_s_ = cpu_seconds() - begin - making_s_;
    return flushed && refused_ == 0;
  }

  std::string as_json() const {
    auto stats = engine_->stats();
    auto more = engine_->engine_stats();
    return fmt::format(
        "{{\"samples\": {}, \"series_at_once\": {}, \"series_ever\": {}, \"series_known\": {}, "
        "\"refused\": {}, "
        "\"cpu_s\": {:.2f}, \"cpu_us_per_sample\": {:.4f}, \"rss_mib\": [{:.1f}], "
        "\"rss_peak_mib\": {:.1f}, "
        "\"series_memory_mib\": {:.1f}, \"seals\": {}, \"merges\": {}, \"parts_bytes_per_sample\": "
        "{:.3f}}}",
        samples_, targets_.size() * kSeriesPerHost, next_host_ * kSeriesPerHost, stats.series,
        refused_, cpu_s_, cpu_s_ * 1e6 / static_cast<double>(samples_), fmt::join(rss_mib_, ", "),
        status_mib("VmHWM:"), static_cast<double>(more.series_memory_bytes) / 1048576, more.seals,
        stats.merges, static_cast<double>(stats.parts_bytes) / static_cast<double>(samples_));
  }

 private:
  void work() {
    while (executor_.run_one() || log_->run_once()) {
    }
  }
  Target new_target() {
    Target out{Host(models_, options_.seed, next_host_++), {}};
    out.labels.reserve(kSeriesPerHost);
    for (const SeriesModel& model : models_) {
      auto labels = out.host.labels(model);
      std::vector<signal::LabelView> views;
      for (const auto& [name, value] : labels) views.push_back({name, value});
      out.labels.emplace_back(signal::Labels::from(std::move(views))->canonical());
    }
    return out;
  }
  // The oldest hosts go, round and round.
  void replace_some() {
    double begin = thread_cpu();
    for (size_t i = 0; i < targets_.size() * options_.churn_percent / 100; ++i) {
      targets_[replaced_++ % targets_.size()] = new_target();
    }
    making_s_ += thread_cpu() - begin;
  }
  void send(size_t first) {
    double begin = thread_cpu();
    size_t last = std::min(targets_.size(), first + kHostsPerBatch);
    size_t points = (last - first) * kSeriesPerHost;
    builder_.reserve(points, points, points * 160);
    double values[kSeriesPerHost];
    for (size_t i = first; i < last; ++i) {
      Target& target = targets_[i];
      int64_t at_ms = clock_.wall_now().ms() - kScrapeMs + target.host.offset_ms();
      target.host.scrape(at_ms, values);
      for (size_t row = 0; row < kSeriesPerHost; ++row) {
        builder_.add_float(builder_.add_series_canonical(target.labels[row], {}), at_ms,
                           values[row]);
      }
    }
    auto batch = builder_.finish();
    making_s_ += thread_cpu() - begin;
    samples_ += points;
    engine_->append(
        {{"000000000000", "local"},
         std::move(batch),
         {},
         signal::AckToken(points, nullptr, Lane::Ingest, [this](signal::Verdict verdict) {
           refused_ += verdict.good() ? 0 : 1;
         })});
    work();
  }

  Options options_;
  std::vector<SeriesModel> models_;
  std::vector<Target> targets_;
  size_t next_host_ = 0;
  size_t replaced_ = 0;
  env::SimClock clock_{{1'760'000'040LL * env::kNsPerS}};
  ManualExecutor executor_;
  std::unique_ptr<store::wal::Log> log_;
  std::unique_ptr<store::metrics::MetricEngine> engine_;
  signal::MetricBatchBuilder builder_;
  uint64_t samples_ = 0;
  uint64_t refused_ = 0;
  double making_s_ = 0;
  double cpu_s_ = 0;
  std::vector<double> rss_mib_;
};

int run(const Options& options) {
  Hour hour(options);
  if (Status opened = hour.open(); !opened) {
    std::fprintf(stderr, "%s\n", opened.error().to_string().c_str());
    return 1;
  }
  bool good = hour.run();
  fmt::print("{}\n", hour.as_json());
  return good ? 0 : 1;
}

}  // namespace
}  // namespace kansoku::bench

int main(int argc, char** argv) {
  kansoku::bench::Options options;
  if (argc < 2) {
    std::fprintf(stderr,
                 "usage: metric_churn DIRECTORY [CHURN_PERCENT [HOSTS [MINUTES [SEED]]]]\n");
    return 2;
  }
  options.directory = argv[1];
  if (argc > 2) options.churn_percent = std::stoull(argv[2]);
  if (argc > 3) options.hosts = std::stoull(argv[3]);
  if (argc > 4) options.minutes = std::stoll(argv[4]);
  if (argc > 5) options.seed = std::stoull(argv[5]);
  return kansoku::bench::run(options);
}
