#include "pipeline/receivers/host/host_receiver.h"

#include "base/check.h"

namespace kansoku::pipeline::host {
namespace {

constexpr int64_t kBasicPeriodMs = 300'000;
constexpr int64_t kDetailedPeriodMs = 60'000;
constexpr std::string_view kAgentNamespace = "CWAgent";
constexpr std::string_view kEc2Namespace = "AWS/EC2";

}  // namespace

HostReceiver::HostReceiver(ComponentContext context, HostConfig config, MetricSink& sink)
    : context_(std::move(context)), config_(std::move(config)), sink_(sink) {
  KANSOKU_CHECK(!config_.instance_id.empty());
  files_ = {context_.env.files, config_.proc, config_.sys};
  detailed_ = config_.detailed_monitoring;
}

Status HostReceiver::start() {
  if (auto cpu = read_cpu(files_); !cpu) return std::unexpected(std::move(cpu).error());
  env::MonotonicTime now = context_.env.clock->monotonic_now();
  {
    std::lock_guard lock(state_mutex_);
    fast_until_ = {now.ns + config_.fast_start_ms * env::kNsPerMs};
    due_ = now;
  }
  schedule(0);
  return {};
}

void HostReceiver::stop(std::move_only_function<void()> done) {
  bool idle = false;
  {
    std::lock_guard lock(state_mutex_);
    stopping_ = true;
    idle = !sampling_;
    if (!idle) stopped_ = std::move(done);
  }
  context_.timers->cancel(timer_);
  if (idle) done();
}

void HostReceiver::watch(int64_t duration_ms) {
  env::MonotonicTime now = context_.env.clock->monotonic_now();
  bool hurry = false;
  {
    std::lock_guard lock(state_mutex_);
    if (stopping_) return;
    fast_until_.ns = std::max(fast_until_.ns, now.ns + duration_ms * env::kNsPerMs);
    // Do not wait out the slow spacing that the timer was set for.
    int64_t fast_due = now.ns + config_.fast_interval_ms * env::kNsPerMs;
    hurry = !sampling_ && due_.ns > fast_due && context_.timers->cancel(timer_);
    if (hurry) due_.ns = now.ns;
  }
  if (hurry) schedule(0);
}

void HostReceiver::set_detailed_monitoring(bool detailed) {
  std::lock_guard lock(state_mutex_);
  detailed_ = detailed;
}

void HostReceiver::schedule(int64_t delay_ns) {
  std::lock_guard lock(state_mutex_);
  if (stopping_) return;
  timer_ = context_.timers->after(delay_ns, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    self->context_.executor->post(Lane::Ingest, [self] { self->sample(); });
  });
}

int64_t HostReceiver::next_delay_ns(env::MonotonicTime now) {
  std::lock_guard lock(state_mutex_);
  int64_t spacing_ms = now.ns < fast_until_.ns ? config_.fast_interval_ms : config_.interval_ms;
  int64_t spacing_ns = spacing_ms * env::kNsPerMs;
  due_.ns += spacing_ns;
  // Late by more than a spacing (suspend, overload): go on from now instead of catching up.
  if (due_.ns <= now.ns) due_.ns = now.ns + spacing_ns;
  return due_.ns - now.ns;
}

void HostReceiver::sample() {
  {
    std::lock_guard lock(state_mutex_);
    if (stopping_ || sampling_) return;
    sampling_ = true;
  }
  signal::MetricBatchBuilder builder;
  env::WallTime wall = context_.env.clock->wall_now();
  collect(wall, builder);
  collect_ec2(wall, builder);
  auto batch = builder.finish();
  if (batch->point_count() > 0) {
    // What became of it stands in the ledger; a sample that the store refused is not kept here.
    signal::AckToken token(batch->point_count(), nullptr, Lane::Ingest, [](signal::Verdict) {});
    sink_.push({context_.local_scope, std::move(batch), {}, std::move(token)});
  }
  std::move_only_function<void()> stopped;
  {
    std::lock_guard lock(state_mutex_);
    sampling_ = false;
    stopped = std::move(stopped_);
  }
  if (stopped) {
    stopped();
    return;
  }
  schedule(next_delay_ns(context_.env.clock->monotonic_now()));
}

void HostReceiver::collect(env::WallTime now, signal::MetricBatchBuilder& builder) {
  Readings readings;
  if (auto cpu = read_cpu(files_)) {
    cpu_readings(*cpu, cpu_before_, readings);
    cpu_before_ = std::move(*cpu);
  }
  memory_readings(files_, readings);
  pressure_readings(files_, deltas_, readings);
  disk_readings(files_, readings);
  diskio_readings(files_, deltas_, readings);
  net_readings(files_, deltas_, readings);
  netstat_readings(files_, readings);
  processes_readings(files_, readings);
  // Whole seconds: the finest cell there is.
  add(kAgentNamespace, now.ms() / 1000 * 1000, readings, builder);
}

void HostReceiver::collect_ec2(env::WallTime now, signal::MetricBatchBuilder& builder) {
  auto counters = read_ec2_counters(files_);
  if (!counters) return;
  int64_t now_ms = now.ms();
  if (ec2_begin_ && now_ms >= ec2_period_begin_ms_ &&
      now_ms < ec2_period_begin_ms_ + ec2_period_ms_) {
    return;
  }
  if (ec2_begin_) {
    Readings readings;
    ec2_readings(*ec2_begin_, *counters, readings);
    add(kEc2Namespace, ec2_period_begin_ms_, readings, builder);
  }
  std::lock_guard lock(state_mutex_);
  ec2_period_ms_ = detailed_ ? kDetailedPeriodMs : kBasicPeriodMs;
  ec2_period_begin_ms_ = now_ms / ec2_period_ms_ * ec2_period_ms_;
  ec2_begin_ = *counters;
}

void HostReceiver::add(std::string_view metric_namespace, int64_t timestamp_ms,
                       const Readings& readings, signal::MetricBatchBuilder& builder) {
  std::vector<signal::LabelView> labels;
  for (const Reading& reading : readings) {
    if (!std::isfinite(reading.value)) continue;
    labels.clear();
    labels.push_back({signal::kNameLabel, reading.name});
    labels.push_back({signal::kNamespaceLabel, metric_namespace});
    labels.push_back({signal::kUnitLabel, reading.unit});
    labels.push_back({"InstanceId", config_.instance_id});
    for (const Dimension& dimension : reading.dimensions) {
      labels.push_back({dimension.name, dimension.value});
    }
    auto series = builder.add_series(labels, {.merge = signal::MergeKind::Accumulate,
                                              .temporality = signal::Temporality::Delta});
    KANSOKU_CHECK(series.has_value());  // our own names are distinct
    builder.add_float(*series, timestamp_ms, reading.value);
  }
}

}  // namespace kansoku::pipeline::host
