// Reads one file through `filelog` into `discard` and prints what it cost as one JSON line.
//   bench_filelog FILE STATE_FOLDER
#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>

#include "base/env/env.h"
#include "pipeline/exporters/discard/discard_exporter.h"
#include "pipeline/receivers/filelog/filelog_receiver.h"

using namespace kansoku;

namespace {

// Timers on the program's main thread.
class MainTimers final : public env::Timers {
 public:
  uint64_t after(int64_t delay_ns, Callback callback) override {
    std::lock_guard lock(mutex_);
    uint64_t id = next_++;
    due_.emplace(env::real_clock().monotonic_now().ns + delay_ns,
                 std::pair(id, std::move(callback)));
    changed_.notify_one();
    return id;
  }
  bool cancel(uint64_t id) override {
    std::lock_guard lock(mutex_);
    return std::erase_if(due_, [&](const auto& timer) { return timer.second.first == id; }) > 0;
  }
  // Runs what is due; waits until then, at most 20 ms.
  void run_once() {
    std::unique_lock lock(mutex_);
    int64_t now = env::real_clock().monotonic_now().ns;
    int64_t wait = 20 * env::kNsPerMs;
    if (!due_.empty()) wait = std::min(wait, due_.begin()->first - now);
    if (wait > 0) changed_.wait_for(lock, std::chrono::nanoseconds(wait));
    now = env::real_clock().monotonic_now().ns;
    while (!due_.empty() && due_.begin()->first <= now) {
      Callback callback = std::move(due_.begin()->second.second);
      due_.erase(due_.begin());
      lock.unlock();
      callback();
      lock.lock();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t next_ = 1;
  std::multimap<int64_t, std::pair<uint64_t, Callback>> due_;
};

double seconds(timeval t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

// VmHWM, which begins anew with this program (ru_maxrss has the peak of whoever started it, too).
double peak_rss_mib() {
  auto status = env::real_files().read_all("/proc/self/status");
  size_t at = status ? status->find("VmHWM:") : std::string::npos;
  return at == std::string::npos ? 0 : std::strtod(status->c_str() + at + 6, nullptr) / 1024;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  std::string file = arguments[1];
  std::string folder = arguments[2];
  MainTimers timers;
  ThreadPool pool(2);
  signal::Ledger ledger;
  pipeline::DiscardExporter<signal::EventBatch> sink;
  pipeline::filelog::FilelogConfig config;
  config.state_path = folder + "/filelog.state";
  pipeline::filelog::SourceConfig source;
  source.name = "bench";
  source.include = {file};
  config.sources.push_back(std::move(source));
  pipeline::ComponentContext context{.env = env::real_env(),
                                     .timers = &timers,
                                     .executor = &pool,
                                     .ledger = &ledger,
                                     .local_scope = {"000000000000", "us-east-1"}};
  auto made = pipeline::filelog::FilelogReceiver::make(context, config, sink);
  if (!made || !(*made)->start()) return 1;
  uint64_t size = std::filesystem::file_size(file);
  while ((*made)->total().counts.done() < size) timers.run_once();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  double cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  std::printf(
      "{\"cpu_s\": %.4f, \"user_s\": %.4f, \"system_s\": %.4f, \"bytes\": %llu, \"rows\": %llu, "
      "\"peak_rss_mib\": %.1f, \"batches\": %llu}\n",
      cpu, seconds(usage.ru_utime), seconds(usage.ru_stime), static_cast<unsigned long long>(size),
      static_cast<unsigned long long>(sink.rows()), peak_rss_mib(),
      static_cast<unsigned long long>((*made)->stats().batches_sent));
  std::atomic<bool> stopped = false;
  (*made)->stop([&] { stopped = true; });
  while (!stopped) timers.run_once();
  pool.shutdown();
  return 0;
}
