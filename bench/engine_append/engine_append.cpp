// Engine append: CPU seconds per million points and bytes of memory per series, log and sync
// included.
//
// Workload: hosts of 500 series with the labels and kinds of values of a node exporter (49 % never
// change, 55 % of samples repeat the one before; counters of integers, centiseconds and
// nanoseconds, page-aligned gauges, some full-entropy floats), one sample a series a batch, 5,000
// series a batch, seed 42. CPU is user and system time of the whole process until everything is
// merged, less the CPU of the thread that makes the batches; memory is the peak of RSS less RSS
// before the engine opened. XXH3 over 1 GiB, measured before and after, is the calibration beside
// which figures are compared.
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <thread>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "store/metrics/engine.h"

namespace kansoku {
namespace {

constexpr size_t kSeriesPerHost = 500;
constexpr size_t kSeriesPerBatch = 5000;
constexpr size_t kBatchesInFlight = 4;
constexpr int64_t kScrapeMs = 15'000;

double cpu_of(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
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

double status_mib(const char* key) {
  std::ifstream in("/proc/self/status");
  std::string word;
  while (in >> word) {
    if (word == key) {
      double kib = 0;
      in >> kib;
      return kib / 1024;
    }
  }
  return 0;
}

// CPU seconds of XXH3 over 1 GiB (a 16 MiB buffer, 64 times).
double calibrate() {
  std::string buffer(16 << 20, 'k');
  double begin = thread_cpu();
  uint64_t sum = 0;
  for (int i = 0; i < 64; ++i) sum += XXH3_64bits_withSeed(buffer.data(), buffer.size(), sum);
  double seconds = thread_cpu() - begin;
  return sum == 42 ? 0 : seconds;
}

uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t x = a * 0x9e3779b97f4a7c15ULL + b * 0xbf58476d1ce4e5b9ULL + 42;
  x ^= x >> 31;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 29);
}

// The value of a series at a scrape, a pure function.
double value_of(uint64_t series, uint64_t scrape) {
  uint64_t kind = mix(series % kSeriesPerHost, 1) % 100;
  auto base = static_cast<double>(mix(series, 2) % 1'000'000);
  if (kind < 49) return kind < 30 ? base : 0.25 * base;
  uint64_t era = scrape - scrape % (1 + mix(series, scrape / 8) % 3);  // repeats now and then
  auto t = static_cast<double>(era);
  auto noise = static_cast<double>(mix(series, era) % 64);
  if (kind < 69) return base + t * 37 + noise;  // integer counter
  if (kind < 79)
    return static_cast<double>(static_cast<int64_t>(base * 100 + t * 1450 + noise)) / 100;
  if (kind < 85)
    return static_cast<double>(static_cast<int64_t>(base * 1e6 + t * 15e6 + noise * 1e4)) / 1e9;
  if (kind < 96)
    return 4096.0 * static_cast<double>(mix(series, 3) % 1'000'000 + mix(series, era) % 512);
  return static_cast<double>(mix(series, era)) / 1.8e19;  // full entropy
}

const char* const kNames[] = {"node_cpu_seconds_total",
                              "node_disk_read_bytes_total",
                              "node_network_receive_bytes_total",
                              "node_filesystem_avail_bytes",
                              "node_memory_MemAvailable_bytes",
                              "node_vmstat_pgfault",
                              "node_netstat_Tcp_InSegs",
                              "http_request_duration_seconds_bucket",
                              "node_scrape_collector_duration_seconds",
                              "node_interrupts_total"};

struct Texts {
  std::string instance, host_zone, host_id, item, mode, name;
};

void add_series(signal::MetricBatchBuilder& builder, uint64_t series, int64_t ms, double value,
                std::vector<signal::LabelView>& labels, Texts& texts) {
  uint64_t host = series / kSeriesPerHost;
  uint64_t row = series % kSeriesPerHost;
  texts.instance = fmt::format("node-{:05}.example.internal:9100", host);
  texts.host_zone = fmt::format("zone-{}", host % 3);
  texts.host_id = fmt::format("i-{:017x}", mix(host, 9));
  texts.item = fmt::format("device{}", row / 10 % 16);
  texts.mode = fmt::format("mode{}", row / 160);
  texts.name = fmt::format("{}_{}", kNames[row % 10], row / 100);
  labels.assign({{"__name__", texts.name},
                 {"instance", texts.instance},
                 {"job", "node"},
                 {"zone", texts.host_zone},
                 {"device", texts.item},
                 {"mode", texts.mode}});
  if (row % 2 == 0) labels.push_back({"host_id", texts.host_id});
  if (row % 5 == 0) labels.push_back({"environment", "production"});
  builder.add_float(*builder.add_series(labels, {}), ms, value);
}

struct Flow {
  std::mutex flow_mutex;
  std::condition_variable changed;
  size_t in_flight = 0;
  uint64_t bad = 0;
  bool flushed = false;
};

struct Options {
  bool crash = false;   // end as by kill -9 after the last answer, nothing flushed
  bool reopen = false;  // only open what is there, and say how long it took
  std::string directory;
  std::string out;
  uint64_t series = 500'000;
  uint64_t scrapes = 12;
};

// Time from nothing to a store that answers, over what an earlier --crash run left.
int reopen(const Options& options) {
  env::Env env = env::real_env();
  ThreadPool pool(2);
  int64_t begin = env.clock->monotonic_now().ns;
  auto log = store::wal::Log::open(env, options.directory + "/log", {});
  if (!log) return 1;
  store::metrics::MetricEngineOptions engine_options;
  engine_options.directory = options.directory + "/metrics";
  auto engine = store::metrics::MetricEngine::open(env, pool, nullptr, **log, engine_options);
  if (!engine) return 1;
  (*log)->start();
  double seconds = 1e-9 * static_cast<double>(env.clock->monotonic_now().ns - begin);
  std::printf(
      "{\"open_s\": %.3f, \"log_mib\": %.1f, \"replayed_records\": %llu, "
      "\"series\": %llu, \"rss_peak_mib\": %.1f}\n",
      seconds, static_cast<double>((*log)->recovery().bytes) / 1048576,
      static_cast<unsigned long long>((*engine)->engine_stats().replayed_records),
      static_cast<unsigned long long>((*engine)->stats().series), status_mib("VmHWM:"));
  (*engine)->close();
  (*log)->close();
  pool.shutdown();
  return seconds <= 1.0 ? 0 : 1;
}

int run(const Options& options) {
  double calibration = calibrate();
  env::Env env = env::real_env();
  double rss_empty = status_mib("VmRSS:");
  ThreadPool pool(2);
  auto log = store::wal::Log::open(env, options.directory + "/log", {});
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().to_string().c_str());
    return 1;
  }
  store::metrics::MetricEngineOptions engine_options;
  engine_options.directory = options.directory + "/metrics";
  auto engine = store::metrics::MetricEngine::open(env, pool, nullptr, **log, engine_options);
  if (!engine) {
    std::fprintf(stderr, "%s\n", engine.error().to_string().c_str());
    return 1;
  }
  (*log)->start();
  Flow flow;
  int64_t first_ms = env.clock->wall_now().ms() - static_cast<int64_t>(options.scrapes) * kScrapeMs;
  double making = 0;
  double cpu_begin = cpu_of(RUSAGE_SELF);
  double cpu_created = 0;
  int64_t wall_begin = env.clock->monotonic_now().ns;
  signal::MetricBatchBuilder builder;
  std::vector<signal::LabelView> labels;
  Texts texts;
  for (uint64_t scrape = 0; scrape < options.scrapes; ++scrape) {
    for (uint64_t begin = 0; begin < options.series; begin += kSeriesPerBatch) {
      double before = thread_cpu();
      uint64_t end = std::min<uint64_t>(options.series, begin + kSeriesPerBatch);
      builder.reserve(end - begin, end - begin, (end - begin) * 200);
      for (uint64_t series = begin; series < end; ++series) {
        int64_t ms = first_ms + static_cast<int64_t>(scrape) * kScrapeMs +
                     static_cast<int64_t>(series / kSeriesPerHost % 15'000);
        add_series(builder, series, ms, value_of(series, scrape), labels, texts);
      }
      auto batch = builder.finish();
      making += thread_cpu() - before;
      {
        std::unique_lock lock(flow.flow_mutex);
        flow.changed.wait(lock, [&] { return flow.in_flight < kBatchesInFlight; });
        ++flow.in_flight;
      }
      (*engine)->append(
          {{"000000000000", "local"},
           std::move(batch),
           {},
           signal::AckToken(end - begin, nullptr, Lane::Ingest, [&](signal::Verdict v) {
             std::lock_guard lock(flow.flow_mutex);
             flow.bad += static_cast<uint64_t>(!v.good());
             --flow.in_flight;
             flow.changed.notify_one();
           })});
    }
    if (scrape == 0) {
      std::unique_lock lock(flow.flow_mutex);
      flow.changed.wait(lock, [&] { return flow.in_flight == 0; });
      cpu_created = cpu_of(RUSAGE_SELF) - cpu_begin - making;
    }
  }
  if (options.crash) {
    std::unique_lock lock(flow.flow_mutex);
    flow.changed.wait(lock, [&] { return flow.in_flight == 0; });
    ::_exit(flow.bad == 0 ? 0 : 1);
  }
  (*engine)->flush(true, [&](Status status) {
    std::lock_guard lock(flow.flow_mutex);
    flow.bad += static_cast<uint64_t>(!status);
    flow.flushed = true;
    flow.changed.notify_one();
  });
  {
    std::unique_lock lock(flow.flow_mutex);
    flow.changed.wait(lock, [&] { return flow.flushed; });
  }
  double cpu = cpu_of(RUSAGE_SELF) - cpu_begin - making;
  double wall = 1e-9 * static_cast<double>(env.clock->monotonic_now().ns - wall_begin);
  double rss_peak = status_mib("VmHWM:");
  auto stats = (*engine)->stats();
  auto more = (*engine)->engine_stats();
  double points = static_cast<double>(options.series) * static_cast<double>(options.scrapes);
  double bytes_per_series = (rss_peak - rss_empty) * 1048576 / static_cast<double>(options.series);
  double cpu_per_million = cpu / (points / 1e6);
  std::string json = fmt::format(
      "{{\n  \"bench\": \"engine_append\", \"seed\": 42, \"series\": {}, \"scrapes\": {},\n"
      "  \"points\": {:.0f}, \"refused_batches\": {},\n"
      "  \"calibration_xxh3_1gib_cpu_s\": {:.3f}, \"calibration_after_cpu_s\": {:.3f},\n"
      "  \"cpu_s\": {:.2f}, \"cpu_s_per_million_points\": {:.3f}, \"limit_cpu_s_per_million\": "
      "0.7,\n"
      "  \"cpu_us_per_new_series\": {:.2f}, \"wall_s\": {:.1f},\n"
      "  \"rss_empty_mib\": {:.1f}, \"rss_peak_mib\": {:.1f}, \"bytes_per_series\": {:.0f}, "
      "\"limit_bytes_per_series\": 450,\n"
      "  \"series_table_bytes_per_series\": {:.0f}, \"parts\": {}, \"parts_bytes_per_point\": "
      "{:.3f},\n"
      "  \"seals\": {}, \"merges\": {}, \"merge_busy_s\": {:.1f}\n}}\n",
      options.series, options.scrapes, points, flow.bad, calibration, calibrate(), cpu,
      cpu_per_million, cpu_created * 1e6 / static_cast<double>(options.series), wall, rss_empty,
      rss_peak, bytes_per_series,
      static_cast<double>(more.series_memory_bytes) / static_cast<double>(options.series),
      stats.parts, static_cast<double>(stats.parts_bytes) / points, more.seals, stats.merges,
      1e-9 * static_cast<double>(more.merge_busy_ns));
  std::fputs(json.c_str(), stdout);
  if (!options.out.empty()) std::ofstream(options.out) << json;
  (*engine)->close();
  (*log)->close();
  pool.shutdown();
  return flow.bad == 0 && cpu_per_million <= 0.7 && bytes_per_series <= 450 ? 0 : 1;
}

}  // namespace
}  // namespace kansoku

// engine_append [--crash|--reopen] DIRECTORY [SERIES SCRAPES [RESULT.json]]
int main(int argc, char** argv) {
  kansoku::Options options;
  if (argc > 1 && std::string_view(argv[1]).starts_with("--")) {
    options.crash = std::string_view(argv[1]) == "--crash";
    options.reopen = std::string_view(argv[1]) == "--reopen";
    ++argv;
    --argc;
  }
  if (argc < 2) {
    std::fprintf(stderr, "usage: engine_append DIRECTORY [SERIES SCRAPES [RESULT.json]]\n");
    return 2;
  }
  options.directory = argv[1];
  if (argc > 3) {
    options.series = std::stoull(argv[2]);
    options.scrapes = std::stoull(argv[3]);
  }
  if (argc > 4) options.out = argv[4];
  return options.reopen ? kansoku::reopen(options) : kansoku::run(options);
}
