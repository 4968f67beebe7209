// Receiver `host`: samples this host and pushes batches. See README.md.
#pragma once

#include <mutex>

#include "pipeline/component.h"
#include "pipeline/receivers/host/sample.h"

namespace kansoku::pipeline::host {

struct HostConfig {
  int64_t interval_ms = 10'000;
  int64_t fast_interval_ms = 1'000;
  int64_t fast_start_ms = 60'000;
  bool detailed_monitoring = false;
  std::string instance_id;  // must be set
  std::string proc = "/proc";
  std::string sys = "/sys";
};

class HostReceiver final : public Receiver, public std::enable_shared_from_this<HostReceiver> {
 public:
  HostReceiver(ComponentContext context, HostConfig config, MetricSink& sink);

  Status start() override;
  void stop(std::move_only_function<void()> done) override;
  // Samples at the fast spacing for so long from now; a Host page is open. Free-threaded.
  void watch(int64_t duration_ms);
  // Switches AWS/EC2 between five minutes and one; takes effect with the period that begins next.
  void set_detailed_monitoring(bool detailed);

 private:
  void schedule(int64_t delay_ns);
  void sample();
  void collect(env::WallTime now, signal::MetricBatchBuilder& builder);
  void collect_ec2(env::WallTime now, signal::MetricBatchBuilder& builder);
  void add(std::string_view metric_namespace, int64_t timestamp_ms, const Readings& readings,
           signal::MetricBatchBuilder& builder);
  int64_t next_delay_ns(env::MonotonicTime now);

  ComponentContext context_;
  HostConfig config_;
  MetricSink& sink_;
  HostFiles files_;

  std::mutex state_mutex_;
  bool stopping_ = false;
  bool sampling_ = false;
  uint64_t timer_ = 0;
  env::MonotonicTime fast_until_;
  env::MonotonicTime due_;
  bool detailed_ = false;
  std::move_only_function<void()> stopped_;

  // Owned by the sample in progress.
  DeltaTable deltas_;
  std::vector<CpuTicks> cpu_before_;
  std::optional<Ec2Counters> ec2_begin_;
  int64_t ec2_period_begin_ms_ = 0;
  int64_t ec2_period_ms_ = 300'000;
};

}  // namespace kansoku::pipeline::host
