#include <doctest/doctest.h>

#include "base/env/sim.h"
#include "pipeline/receivers/host/host_receiver.h"

using namespace kansoku;
using namespace kansoku::pipeline;
using namespace kansoku::pipeline::host;

namespace {

// A small host on a simulated disk.
struct FakeHost {
  env::SimFileSystem files;
  HostFiles host{&files, "/proc", "/sys"};

  FakeHost() {
    files.create_directories("/proc/net");
    files.create_directories("/proc/pressure");
    files.create_directories("/proc/self");
    files.create_directories("/sys/block/nvme0n1/device");
    files.create_directories("/sys/block/loop0");
    files.create_directories("/sys/class/net/eth0/device");
    stat("cpu  100 20 30 800 40 5 5 0 10 2\ncpu0 100 20 30 800 40 5 5 0 10 2\nintr 5\n");
    proc(
        "meminfo",
        "MemTotal: 1000 kB\nMemFree: 200 kB\nMemAvailable: 600 kB\nBuffers: 50 kB\nCached: 300 kB\n"
        "SReclaimable: 50 kB\nShmem: 10 kB\nActive: 400 kB\nInactive: 100 kB\nSwapTotal: 100 kB\n"
        "SwapFree: 75 kB\n");
    proc("net/dev",
         "Inter-|   Receive\n face |bytes\n    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n"
         "  eth0: 1000 10 1 2 0 0 0 0 500 5 3 4 0 0 0 0\n");
    files.set_contents("/sys/class/net/eth0/flags", "0x1003\n");
    files.set_contents("/sys/class/net/lo/flags", "0x9\n");
    proc("diskstats",
         " 259 0 nvme0n1 100 0 800 30 50 0 400 20 2 60 90 0 0\n 7 0 loop0 1 0 8 0 0 0 0 0 0 0 0 0 "
         "0\n");
    proc("self/mounts",
         "/dev/nvme0n1p1 / ext4 rw 0 0\nauto /misc autofs rw 0 0\ntmpfs /mnt/a\\040b tmpfs rw 0 "
         "0\n");
    proc("pressure/cpu", "some avg10=1.50 avg60=0.50 avg300=0.10 total=1000\n");
    proc("net/tcp",
         "  sl  local rem st\n 0: 00:01 00:00 0A 0\n 1: 00:01 00:00 01 0\n 2: 00:01 00:00 01 0\n");
    proc("net/udp", "  sl  local rem st\n 0: 00:01 00:00 07 0\n");
    files.create_directories("/proc/7");
    files.create_directories("/proc/8");
    proc("7/stat", "7 (a) b) R 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 3 0 100\n");
    proc("8/stat", "8 (z) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100\n");
  }
  void proc(const std::string& name, const std::string& text) {
    files.set_contents("/proc/" + name, text);
  }
  void stat(const std::string& text) { proc("stat", text); }
};

const Reading* find(const Readings& readings, std::string_view name, std::string_view value = {}) {
  for (const Reading& reading : readings) {
    if (reading.name != name) continue;
    if (value.empty()) return &reading;
    for (const Dimension& dimension : reading.dimensions) {
      if (dimension.value == value) return &reading;
    }
  }
  return nullptr;
}

double value_of(const Readings& readings, std::string_view name, std::string_view dimension = {}) {
  const Reading* reading = find(readings, name, dimension);
  REQUIRE_MESSAGE(reading != nullptr, std::string(name));
  return reading->value;
}

class CollectingSink final : public MetricSink {
 public:
  void push(signal::MetricDelivery delivery) override {
    for (size_t i = 0; i < delivery.batch->point_count(); ++i) {
      auto labels = signal::Labels::from_canonical(
          std::string(delivery.batch->canonical_labels(delivery.batch->point_series()[i])));
      points.push_back({std::string(labels.get("__namespace__")),
                        std::string(labels.get("__name__")), delivery.batch->timestamps_ms()[i],
                        delivery.batch->values()[i], labels});
    }
    ++pushes;
    delivery.token.resolve(signal::Verdict::stored(delivery.batch->point_count()));
  }
  struct Row {
    std::string metric_namespace;
    std::string name;
    int64_t timestamp_ms;
    double value;
    signal::Labels labels;
  };
  std::vector<int64_t> times(std::string_view name) const {
    std::vector<int64_t> out;
    for (const Row& row : points) {
      if (row.name == name) out.push_back(row.timestamp_ms);
    }
    return out;
  }
  std::vector<Row> points;
  size_t pushes = 0;
};

}  // namespace

TEST_CASE("cpu usage takes guest time out of user and nice") {
  FakeHost fake;
  auto before = *read_cpu(fake.host);
  fake.stat("cpu  150 30 40 880 50 10 10 0 20 4\ncpu0 150 30 40 880 50 10 10 0 20 4\n");
  auto now = *read_cpu(fake.host);
  Readings out;
  cpu_readings(now, before, out);
  // Elapsed: 50 + 10 + 10 + 80 + 10 + 5 + 5 = 170 ticks.
  CHECK(value_of(out, "cpu_usage_user", "cpu-total") == doctest::Approx(100 * 40.0 / 170));
  CHECK(value_of(out, "cpu_usage_nice", "cpu-total") == doctest::Approx(100 * 8.0 / 170));
  CHECK(value_of(out, "cpu_usage_idle", "cpu0") == doctest::Approx(100 * 80.0 / 170));
  CHECK(value_of(out, "cpu_usage_active", "cpu-total") == doctest::Approx(100 * 90.0 / 170));
  CHECK(value_of(out, "cpu_time_user", "cpu-total") == doctest::Approx(1.5));
  Readings first;
  cpu_readings(before, {}, first);
  CHECK(find(first, "cpu_usage_user") == nullptr);
}

TEST_CASE("memory, swap and pressure follow the kernel's files") {
  FakeHost fake;
  Readings out;
  memory_readings(fake.host, out);
  CHECK(value_of(out, "mem_cached") == 350 * 1024);
  CHECK(value_of(out, "mem_used") == 400 * 1024);
  CHECK(value_of(out, "mem_used_percent") == 40);
  CHECK(value_of(out, "mem_available_percent") == 60);
  CHECK(value_of(out, "swap_used") == 25 * 1024);
  CHECK(value_of(out, "swap_used_percent") == 25);
  DeltaTable deltas;
  pressure_readings(fake.host, deltas, out);
  CHECK(value_of(out, "pressure_cpu_some_avg10") == 1.5);
  CHECK(find(out, "pressure_cpu_some_stall_time") == nullptr);
  fake.proc("pressure/cpu", "some avg10=1.50 avg60=0.50 avg300=0.10 total=4000\n");
  pressure_readings(fake.host, deltas, out);
  CHECK(value_of(out, "pressure_cpu_some_stall_time") == 3000);
}

TEST_CASE("disks and networks publish differences, and nothing after a reset") {
  FakeHost fake;
  DeltaTable deltas;
  Readings first;
  diskio_readings(fake.host, deltas, first);
  net_readings(fake.host, deltas, first);
  CHECK(find(first, "diskio_reads") == nullptr);
  CHECK(value_of(first, "diskio_iops_in_progress", "nvme0n1") == 2);
  fake.proc("diskstats", " 259 0 nvme0n1 110 0 816 33 50 0 400 20 2 65 90 0 0\n");
  fake.proc("net/dev", "x\ny\n  eth0: 1500 12 1 2 0 0 0 0 400 5 3 4 0 0 0 0\n");
  Readings second;
  diskio_readings(fake.host, deltas, second);
  net_readings(fake.host, deltas, second);
  CHECK(value_of(second, "diskio_reads", "nvme0n1") == 10);
  CHECK(value_of(second, "diskio_read_bytes", "nvme0n1") == 16 * 512);
  CHECK(value_of(second, "diskio_io_time", "nvme0n1") == 5);
  CHECK(value_of(second, "net_bytes_recv", "eth0") == 500);
  CHECK(find(second, "net_bytes_sent") == nullptr);
  CHECK(find(second, "net_bytes_recv", "lo") == nullptr);
}

TEST_CASE("file systems, sockets and processes are counted") {
  FakeHost fake;
  Readings out;
  disk_readings(fake.host, out);
  CHECK(find(out, "disk_total", "/") != nullptr);
  CHECK(find(out, "disk_total", "/mnt/a b") != nullptr);
  CHECK(find(out, "disk_total", "/misc") == nullptr);
  CHECK(find(out, "disk_total", "nvme0n1p1") != nullptr);
  netstat_readings(fake.host, out);
  CHECK(value_of(out, "netstat_tcp_established") == 2);
  CHECK(value_of(out, "netstat_tcp_listen") == 1);
  CHECK(value_of(out, "netstat_udp_socket") == 1);
  processes_readings(fake.host, out);
  CHECK(value_of(out, "processes_running") == 1);
  CHECK(value_of(out, "processes_zombies") == 1);
  CHECK(value_of(out, "processes_total") == 2);
  CHECK(value_of(out, "processes_total_threads") == 4);
}

TEST_CASE("AWS/EC2 counts whole disks and devices of the network") {
  FakeHost fake;
  auto begin = *read_ec2_counters(fake.host);
  CHECK(begin.disk_read_ops == 100);
  CHECK(begin.network_in_bytes == 1000);
  fake.stat("cpu  150 20 30 840 50 5 5 0 10 2\n");
  auto end = *read_ec2_counters(fake.host);
  Readings out;
  ec2_readings(begin, end, out);
  CHECK(value_of(out, "CPUUtilization") == doctest::Approx(50));
  CHECK(value_of(out, "NetworkIn") == 0);
}

TEST_CASE("spacing: fast at first and while watched, then slow; EC2 basic and detailed") {
  FakeHost fake;
  env::SimClock clock({1'763'800'200 * env::kNsPerS});
  env::SimRandom random(1);
  ManualExecutor executor;
  signal::Ledger ledger;
  CollectingSink sink;
  ComponentContext context{
      {&clock, &fake.files, &random}, &clock, &executor, &ledger, {"000000000000", "us-east-1"}};
  auto receiver = std::make_shared<HostReceiver>(
      context, HostConfig{.instance_id = "i-0123456789abcdef0"}, sink);
  REQUIRE(receiver->start().has_value());
  auto run = [&](int64_t seconds) {
    for (int64_t i = 0; i < seconds; ++i) {
      executor.run_until_idle();
      clock.advance(env::kNsPerS);
    }
    executor.run_until_idle();
  };
  run(60);
  CHECK(sink.times("mem_total").size() == 60);
  size_t fast = sink.times("mem_total").size();
  run(100);
  CHECK(sink.times("mem_total").size() == fast + 10);
  size_t slow = sink.times("mem_total").size();
  receiver->watch(30'000);
  run(60);
  size_t watched = sink.times("mem_total").size() - slow;
  CHECK(watched >= 30);
  CHECK(watched <= 36);
  run(1'000);
  auto basic = sink.times("NetworkIn");
  REQUIRE(basic.size() >= 3);
  CHECK(basic[2] - basic[1] == 300'000);
  CHECK(basic[1] % 300'000 == 0);
  receiver->set_detailed_monitoring(true);
  run(900);
  auto detailed = sink.times("NetworkIn");
  REQUIRE(detailed.size() > basic.size() + 3);
  CHECK(detailed.back() - detailed[detailed.size() - 2] == 60'000);
  CHECK(sink.points[0].labels.get("InstanceId") == "i-0123456789abcdef0");
  bool stopped = false;
  receiver->stop([&] { stopped = true; });
  size_t pushes = sink.pushes;
  run(60);
  CHECK(stopped);
  CHECK(sink.pushes == pushes);
}
