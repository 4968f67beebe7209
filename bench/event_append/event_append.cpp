// Event engine append: megabytes of message text per CPU second, log, sync, seals and merges
// included, and the peak of memory.
//
// Workload: messages of about 150 bytes, half access-log lines, half JSON objects, in batches of 1
// MiB as PutLogEvents takes them: of one stream each, round robin over the streams; or, with more
// than 1,000 streams, of 100 streams each. Seed 42. CPU is user and system time of the whole
// process until everything is merged, less that of the thread that makes the batches; memory is the
// peak of RSS. XXH3 over 1 GiB, measured before and after, is the calibration beside which figures
// are compared.
#include <sys/resource.h>
#include <time.h>

#include <condition_variable>
#include <cstdio>
#include <fstream>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/env/env.h"
#include "base/pool/executor.h"
#include "store/events/engine.h"

namespace kansoku {
namespace {

constexpr size_t kBatchesInFlight = 4;

double cpu_of(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](timeval t) {
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
  const std::string buffer(16 << 20, 'k');
  const double begin = thread_cpu();
  uint64_t sum = 0;
  for (int i = 0; i < 64; ++i) sum += XXH3_64bits_withSeed(buffer.data(), buffer.size(), sum);
  const double seconds = thread_cpu() - begin;
  return sum == 42 ? 0 : seconds;
}

uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t x = a * 0x9e3779b97f4a7c15ULL + b * 0xbf58476d1ce4e5b9ULL + 42;
  x ^= x >> 31;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 29);
}

constexpr std::array<const char*, 6> kPaths{"/api/v1/orders", "/api/v1/users", "/health",
                                            "/api/v1/carts",  "/login",        "/static/app.js"};
constexpr std::array<const char*, 4> kLevels{"INFO", "INFO", "WARN", "ERROR"};

// About 150 bytes.
void message_of(uint64_t event, uint64_t stream, std::string& out) {
  const uint64_t r = mix(event, stream);
  if (stream % 2 == 0) {
    out = fmt::format(
        "10.{}.{}.{} - - [22/Nov/2026:10:{:02}:{:02} +0000] \"GET {}/{} HTTP/1.1\" {} {} "
        "\"https://shop.example/{}\" \"Mozilla/5.0 (X11; Linux x86_64)\" rt={}.{:03}",
        stream % 8, r % 16, r / 16 % 256, event / 60 % 60, event % 60, kPaths[r % kPaths.size()],
        r / 4096 % 100'000, r % 50 == 0 ? 500 : 200, r / 64 % 20'000, r % 300, r / 7 % 3,
        r / 11 % 1000);
  } else {
    out = fmt::format(
        "{{\"level\":\"{}\",\"service\":\"svc-{}\",\"pod\":\"pod-{}\",\"msg\":\"request "
        "done\",\"path\":\"{}\",\"status\":{},\"took_ms\":{}.{},\"user\":{},\"trace\":"
        "\"{:016x}\"}}",
        kLevels[r % kLevels.size()], stream % 12, stream, kPaths[r / 8 % kPaths.size()],
        r % 40 == 0 ? 503 : 200, r / 32 % 500, r % 10, r / 512 % 50'000, r);
  }
}

struct Flow {
  std::mutex flow_mutex;
  std::condition_variable changed;
  size_t in_flight = 0;
  uint64_t refused = 0;
  bool flushed = false;
};

struct Options {
  std::string directory;
  std::string out;
  uint64_t mib = 1'024;
  uint64_t streams = 96;
  uint64_t batch_bytes = 1U << 20;
};

// Makes the batches, each as a sender's would come.
class Sender {
 public:
  explicit Sender(const Options& options) : options_(options) {}
  std::shared_ptr<const signal::EventBatch> next() {
    const double before = thread_cpu();
    const uint64_t in_batch = options_.streams > 1'000 ? 100 : 1;
    signal::EventBatchBuilder builder;
    for (uint64_t i = 0; i < in_batch; ++i) {
      builder.add_stream({.group = fmt::format("/app/group-{}", (stream_ + i) % 4),
                          .stream = fmt::format("host-{:05}", (stream_ + i) % options_.streams)});
    }
    for (size_t bytes = 0; bytes < options_.batch_bytes;) {
      const auto row = static_cast<uint32_t>(builder.row_count() % in_batch);
      message_of(event_, (stream_ + row) % options_.streams, message_);
      builder.add_row(row, kBeginNs + static_cast<int64_t>(event_++) * 20'000);
      builder.set_text(store::kMessagePath, message_);
      bytes += message_.size();
      message_bytes_ += message_.size();
    }
    stream_ = (stream_ + in_batch) % options_.streams;
    auto out = builder.finish();
    making_ += thread_cpu() - before;
    return out;
  }
  uint64_t message_bytes() const { return message_bytes_; }
  uint64_t events() const { return event_; }
  double making() const { return making_; }

 private:
  static constexpr int64_t kBeginNs = 1'763'805'600LL * env::kNsPerS;
  const Options& options_;
  std::string message_;
  uint64_t stream_ = 0;
  uint64_t event_ = 0;
  uint64_t message_bytes_ = 0;
  double making_ = 0;
};

void report(const Options& options, const Sender& sender, const Flow& flow,
            const store::events::EventEngine& engine, double cpu, double cpu_answered, double wall,
            double calibration) {
  const auto stats = engine.stats();
  const auto more = engine.engine_stats();
  const double mb = static_cast<double>(sender.message_bytes()) / 1e6;
  const std::string json = fmt::format(
      "{{\n  \"bench\": \"event_append\", \"seed\": 42, \"streams\": {}, \"events\": {},\n"
      "  \"message_mb\": {:.0f}, \"refused_batches\": {},\n"
      "  \"calibration_xxh3_1gib_cpu_s\": {:.3f}, \"calibration_after_cpu_s\": {:.3f},\n"
      "  \"cpu_s\": {:.2f}, \"cpu_s_to_answers\": {:.2f}, \"mb_per_cpu_s\": {:.1f},\n"
      "  \"wall_s\": {:.1f}, \"rss_peak_mib\": {:.1f},\n"
      "  \"parts\": {}, \"parts_bytes_per_message_byte\": {:.4f},\n"
      "  \"seals\": {}, \"merges\": {}, \"blocks_copied\": {}, \"merge_busy_s\": {:.1f}\n}}\n",
      options.streams, sender.events(), mb, flow.refused, calibration, calibrate(), cpu,
      cpu_answered, mb / cpu, wall, status_mib("VmHWM:"), stats.parts,
      static_cast<double>(stats.parts_bytes) / static_cast<double>(sender.message_bytes()),
      stats.seals, stats.merges, more.blocks_copied,
      1e-9 * static_cast<double>(more.merge_busy_ns));
  std::fputs(json.c_str(), stdout);
  if (!options.out.empty()) std::ofstream(options.out) << json;
}

int run(const Options& options) {
  const double calibration = calibrate();
  const env::Env env = env::real_env();
  ThreadPool pool(2);
  auto log = store::wal::Log::open(env, options.directory + "/log", {});
  if (!log) return 1;
  store::events::EventEngineOptions engine_options;
  engine_options.directory = options.directory + "/events";
  auto engine = store::events::EventEngine::open(env, pool, nullptr, **log, engine_options);
  if (!engine) {
    std::fprintf(stderr, "%s\n", engine.error().to_string().c_str());
    return 1;
  }
  (*log)->start();
  Flow flow;
  Sender sender(options);
  const double cpu_begin = cpu_of(RUSAGE_SELF);
  const int64_t wall_begin = env.clock->monotonic_now().ns;
  // A refused batch comes again, as a sender's does, when another one was answered.
  const auto append = [&](const std::shared_ptr<const signal::EventBatch>& batch) {
    {
      std::unique_lock lock(flow.flow_mutex);
      flow.changed.wait(lock, [&] { return flow.in_flight < kBatchesInFlight; });
      ++flow.in_flight;
    }
    (*engine)->append(
        {{"000000000000", "local"},
         batch,
         {},
         signal::AckToken(batch->row_count(), nullptr, Lane::Ingest, [&](const signal::Verdict& v) {
           std::lock_guard lock(flow.flow_mutex);
           flow.refused += static_cast<uint64_t>(!v.good());
           --flow.in_flight;
           flow.changed.notify_one();
         })});
  };
  const auto room = [&] {
    const auto stats = (*engine)->stats();
    return stats.memory_bytes + kBatchesInFlight * 3 * options.batch_bytes <
           engine_options.memory_bytes_max;
  };
  while (sender.message_bytes() < options.mib << 20) {
    // A sender that is told to slow down; here it looks before.
    while (!room()) {
      timespec pause{.tv_nsec = 5'000'000};
      ::nanosleep(&pause, nullptr);
    }
    append(sender.next());
  }
  {
    std::unique_lock lock(flow.flow_mutex);
    flow.changed.wait(lock, [&] { return flow.in_flight == 0; });
  }
  const double cpu_answered = cpu_of(RUSAGE_SELF) - cpu_begin - sender.making();
  (*engine)->flush(true, [&](const Status& status) {
    std::lock_guard lock(flow.flow_mutex);
    flow.refused += static_cast<uint64_t>(!status);
    flow.flushed = true;
    flow.changed.notify_one();
  });
  {
    std::unique_lock lock(flow.flow_mutex);
    flow.changed.wait(lock, [&] { return flow.flushed; });
  }
  const double cpu = cpu_of(RUSAGE_SELF) - cpu_begin - sender.making();
  const double wall = 1e-9 * static_cast<double>(env.clock->monotonic_now().ns - wall_begin);
  report(options, sender, flow, **engine, cpu, cpu_answered, wall, calibration);
  (*engine)->close();
  (*log)->close();
  pool.shutdown();
  return flow.refused == 0 ? 0 : 1;
}

}  // namespace
}  // namespace kansoku

// event_append DIRECTORY [MIB STREAMS [RESULT.json [BATCH_KIB]]]
int main(int argc, char** argv) {
  kansoku::Options options;
  if (argc < 2) {
    std::fprintf(stderr, "usage: event_append DIRECTORY [MIB STREAMS [RESULT.json [BATCH_KIB]]]\n");
    return 2;
  }
  options.directory = argv[1];
  if (argc > 3) {
    options.mib = std::stoull(argv[2]);
    options.streams = std::stoull(argv[3]);
  }
  if (argc > 4) options.out = argv[4];
  if (argc > 5) options.batch_bytes = std::stoull(argv[5]) << 10;
  return kansoku::run(options);
}
