#include "catalogue.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

namespace kansoku::bench {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Unit {
  double unit;
  bool divide;
};
constexpr Unit kOne{1, false};
constexpr Unit kCenti{100, true};
constexpr Unit kMilli{1e3, true};
constexpr Unit kMicro{1e6, true};
constexpr Unit kNano{1e9, true};
constexpr Unit kPage{4096, false};

class Table {
 public:
  void constant(std::string_view name, Labels labels, int64_t value = 0, Unit unit = kOne) {
    add(name, std::move(labels), Motion::Constant, unit, value, 0, 0);
  }
  void counter(std::string_view name, Labels labels, int64_t mean, int64_t spread, int repeats = 0,
               Unit unit = kOne) {
    add(name, std::move(labels), Motion::Counter, unit, mean, spread, repeats);
  }
  void gauge(std::string_view name, Labels labels, int64_t mean, int64_t spread, int repeats = 0,
             Unit unit = kOne) {
    add(name, std::move(labels), Motion::Gauge, unit, mean, spread, repeats);
  }
  void entropy(std::string_view name, Labels labels, int64_t mean) {
    add(name, std::move(labels), Motion::Entropy, kOne, mean, 0, 0);
  }
  SeriesModel& add(std::string_view name, Labels labels, Motion motion, Unit unit, int64_t mean,
                   int64_t spread, int repeats) {
    SeriesModel model;
    labels.emplace(labels.begin(), "__name__", name);
    model.labels = std::move(labels);
    model.motion = motion;
    model.unit = unit.unit;
    model.divide = unit.divide;
    model.mean = mean;
    model.spread = spread;
    model.repeat_percent = repeats;
    series_.push_back(std::move(model));
    return series_.back();
  }
  std::vector<SeriesModel> take() { return std::move(series_); }

 private:
  std::vector<SeriesModel> series_;
};

// 64 + 16 + 24 + 32 series.
void add_cpus(Table& table) {
  struct Mode {
    std::string_view name;
    int64_t mean, spread;  // centiseconds a scrape of 15 s
    int repeats;
  };
  constexpr Mode kModes[] = {{"idle", 1'260, 64, 0}, {"iowait", 2, 2, 50},  {"irq", 0, 0, 0},
                             {"nice", 0, 0, 0},      {"softirq", 3, 3, 30}, {"steal", 0, 0, 0},
                             {"system", 62, 24, 0},  {"user", 160, 48, 0}};
  for (int cpu = 0; cpu < 8; ++cpu) {
    std::string number = std::to_string(cpu);
    for (const Mode& mode : kModes) {
      Labels labels{{"cpu", number}, {"mode", std::string(mode.name)}};
      if (mode.mean == 0) {
        table.constant("node_cpu_seconds_total", labels);
      } else {
        table.counter("node_cpu_seconds_total", labels, mode.mean, mode.spread, mode.repeats,
                      kCenti);
      }
    }
    for (std::string_view mode : {"nice", "user"}) {
      table.constant("node_cpu_guest_seconds_total",
                     {{"cpu", number}, {"mode", std::string(mode)}});
    }
    table.counter("node_schedstat_running_seconds_total", {{"cpu", number}}, 2'300'000'000, 1 << 19,
                  0, kNano);
    table.counter("node_schedstat_waiting_seconds_total", {{"cpu", number}}, 90'000'000, 1 << 17, 0,
                  kNano);
    table.counter("node_schedstat_timeslices_total", {{"cpu", number}}, 9'000, 512);
    table.counter("node_softnet_processed_total", {{"cpu", number}}, 1'800, 256);
    table.constant("node_softnet_dropped_total", {{"cpu", number}});
    table.constant("node_softnet_times_squeezed_total", {{"cpu", number}}, 17);
    table.constant("node_softnet_flow_limit_count_total", {{"cpu", number}});
  }
}

// 6 x 7 series.
void add_filesystems(Table& table) {
  struct Filesystem {
    std::string_view device, type, mount;
    int64_t pages;
    bool busy;
  };
  constexpr Filesystem kFilesystems[] = {
      {"/dev/nvme0n1p1", "ext4", "/", 12'000'000, true},
      {"/dev/nvme0n1p15", "vfat", "/boot/efi", 30'000, false},
      {"/dev/nvme1n1", "xfs", "/var/lib/data", 120'000'000, true},
      {"tmpfs", "tmpfs", "/run", 800'000, true},
      {"tmpfs", "tmpfs", "/run/lock", 1'280, false},
      {"/dev/nvme0n1p2", "ext4", "/var/log", 4'000'000, true},
  };
  for (const Filesystem& fs : kFilesystems) {
    Labels labels{{"device", std::string(fs.device)},
                  {"fstype", std::string(fs.type)},
                  {"mountpoint", std::string(fs.mount)}};
    table.constant("node_filesystem_size_bytes", labels, fs.pages, kPage);
    table.constant("node_filesystem_files", labels, fs.pages / 4);
    table.constant("node_filesystem_readonly", labels);
    table.constant("node_filesystem_device_error", labels);
    if (fs.busy) {
      table.gauge("node_filesystem_avail_bytes", labels, fs.pages / 2, 96, 10, kPage);
      table.gauge("node_filesystem_free_bytes", labels, fs.pages / 2 + 5'000, 96, 10, kPage);
      table.gauge("node_filesystem_files_free", labels, fs.pages / 5, 6, 50);
    } else {
      table.constant("node_filesystem_avail_bytes", labels, fs.pages * 3 / 4, kPage);
      table.constant("node_filesystem_free_bytes", labels, fs.pages * 3 / 4, kPage);
      table.constant("node_filesystem_files_free", labels, fs.pages / 4 - 3);
    }
  }
}

// 3 x 17 series: a busy device, a quiet one, an idle one.
void add_disks(Table& table) {
  struct Figure {
    std::string_view name;
    int64_t mean, spread;
    Unit unit;
  };
  constexpr Figure kFigures[] = {
      {"reads_completed_total", 40, 24, kOne},
      {"reads_merged_total", 4, 4, kOne},
      {"read_bytes_total", 160, 90, kPage},
      {"read_time_seconds_total", 60, 40, kMilli},
      {"writes_completed_total", 300, 120, kOne},
      {"writes_merged_total", 120, 60, kOne},
      {"written_bytes_total", 1'500, 700, kPage},
      {"write_time_seconds_total", 450, 200, kMilli},
      {"io_now", 0, 0, kOne},
      {"io_time_seconds_total", 700, 160, kMilli},
      {"io_time_weighted_seconds_total", 900, 260, kMilli},
      {"discards_completed_total", 0, 0, kOne},
      {"discards_merged_total", 0, 0, kOne},
      {"discarded_sectors_total", 0, 0, kOne},
      {"discard_time_seconds_total", 0, 0, kOne},
      {"flush_requests_total", 30, 14, kOne},
      {"flush_requests_time_seconds_total", 50, 26, kMilli},
  };
  constexpr std::string_view kDevices[] = {"nvme0n1", "nvme1n1", "nvme2n1"};
  for (size_t device = 0; device < std::size(kDevices); ++device) {
    Labels labels{{"device", std::string(kDevices[device])}};
    for (const Figure& figure : kFigures) {
      std::string name = fmt::format("node_disk_{}", figure.name);
      if (figure.mean == 0 || device == 2) {
        table.constant(name, labels, figure.mean * 71, figure.unit);
      } else if (device == 0) {
        table.counter(name, labels, figure.mean, figure.spread, 0, figure.unit);
      } else {
        table.counter(name, labels, figure.mean / 4 + 1, figure.spread / 4 + 1, 35, figure.unit);
      }
    }
  }
}

// 5 x 17 series, three devices of which carry traffic.
void add_networks(Table& table) {
  constexpr std::string_view kDevices[] = {"docker0", "eth0", "eth1", "lo", "veth3a9c1f0"};
  constexpr std::string_view kStill[] = {"receive_errs_total",
                                         "receive_drop_total",
                                         "receive_fifo_total",
                                         "receive_frame_total",
                                         "receive_compressed_total",
                                         "receive_multicast_total",
                                         "transmit_errs_total",
                                         "transmit_drop_total",
                                         "transmit_fifo_total",
                                         "transmit_colls_total",
                                         "transmit_carrier_total",
                                         "transmit_compressed_total",
                                         "up"};
  constexpr std::string_view kMoving[] = {"receive_bytes_total", "receive_packets_total",
                                          "transmit_bytes_total", "transmit_packets_total"};
  for (size_t device = 0; device < std::size(kDevices); ++device) {
    Labels labels{{"device", std::string(kDevices[device])}};
    int64_t scale = device == 1 ? 16 : device == 2 ? 4 : device == 3 ? 1 : 0;
    for (std::string_view figure : kMoving) {
      std::string name = fmt::format("node_network_{}", figure);
      bool bytes = figure.find("bytes") != std::string_view::npos;
      if (scale == 0) {
        table.constant(name, labels, bytes ? 70'231 : 512);
      } else {
        table.counter(name, labels, scale * (bytes ? 90'000 : 140), scale * (bytes ? 4'000 : 24));
      }
    }
    for (std::string_view figure : kStill) {
      table.constant(fmt::format("node_network_{}", figure), labels, figure == "up" ? 1 : 0);
    }
  }
}

// 48 gauges.
void add_memory(Table& table) {
  constexpr std::string_view kMoving[] = {
      "Active_anon",   "Active",       "Active_file",   "AnonPages",      "Buffers",
      "Cached",        "Committed_AS", "Dirty",         "Inactive_anon",  "Inactive",
      "Inactive_file", "KReclaimable", "KernelStack",   "Mapped",         "MemAvailable",
      "MemFree",       "PageTables",   "Percpu",        "SReclaimable",   "SUnreclaim",
      "Shmem",         "Slab",         "SwapCached",    "SwapFree",       "AnonHugePages",
      "DirectMap2M",   "DirectMap4k",  "FileHugePages", "ShmemHugePages", "VmallocUsed",
      "Writeback",     "Zswapped"};
  constexpr std::string_view kStill[] = {
      "Bounce",         "CmaFree",           "CmaTotal",       "CommitLimit",
      "DirectMap1G",    "HardwareCorrupted", "HugePages_Free", "HugePages_Rsvd",
      "HugePages_Surp", "HugePages_Total",   "Hugepagesize",   "Hugetlb",
      "MemTotal",       "Mlocked",           "NFS_Unstable",   "SwapTotal"};
  int64_t pages = 400'000;
  int repeats = 0;
  for (std::string_view name : kMoving) {
    table.gauge(fmt::format("node_memory_{}_bytes", name), {}, pages, 120, repeats, kPage);
    pages = pages * 7 / 8 + 4'000;
    if (pages < 60'000) repeats = 45;
  }
  for (std::string_view name : kStill) {
    table.constant(fmt::format("node_memory_{}_bytes", name), {}, 524'288, kPage);
  }
}

// 38 + 12 + 7 series.
void add_netstat(Table& table) {
  constexpr std::string_view kMoving[] = {
      "Icmp_InMsgs",      "Icmp_OutMsgs",       "IpExt_InOctets",     "IpExt_OutOctets",
      "Ip_InReceives",    "Ip_OutRequests",     "TcpExt_TCPTimeouts", "TcpExt_DelayedACKs",
      "TcpExt_TCPHPHits", "TcpExt_TCPPureAcks", "TcpExt_TCPHPAcks",   "TcpExt_TCPOrigDataSent",
      "TcpExt_TW",        "Tcp_ActiveOpens",    "Tcp_CurrEstab",      "Tcp_InSegs",
      "Tcp_OutSegs",      "Tcp_PassiveOpens",   "Tcp_RetransSegs",    "Udp_InDatagrams",
      "Udp_NoPorts",      "Udp_OutDatagrams",   "Tcp_OutRsts",        "TcpExt_TCPDelivered"};
  constexpr std::string_view kStill[] = {"Icmp6_InErrors",
                                         "Icmp6_InMsgs",
                                         "Icmp6_OutMsgs",
                                         "Icmp_InErrors",
                                         "Ip6_InOctets",
                                         "Ip6_OutOctets",
                                         "Ip_Forwarding",
                                         "TcpExt_ListenDrops",
                                         "TcpExt_ListenOverflows",
                                         "TcpExt_SyncookiesFailed",
                                         "TcpExt_SyncookiesRecv",
                                         "TcpExt_SyncookiesSent",
                                         "Tcp_InErrs",
                                         "Udp_InErrors"};
  int64_t mean = 60;
  for (std::string_view name : kMoving) {
    bool octets = name.find("Octets") != std::string_view::npos;
    std::string full = fmt::format("node_netstat_{}", name);
    if (name == "Tcp_CurrEstab") {
      table.gauge(full, {}, 310, 9, 20);
    } else {
      table.counter(full, {}, octets ? 1'400'000 : mean, octets ? 40'000 : mean / 3,
                    mean < 160 ? 30 : 0);
    }
    mean = (mean * 5 + 3) % 4'000 + 20;
  }
  for (std::string_view name : kStill) {
    table.constant(fmt::format("node_netstat_{}", name), {}, name == "Ip_Forwarding" ? 1 : 0);
  }
  for (std::string_view name : {"TCP_alloc", "TCP_inuse", "TCP_mem", "TCP_tw", "UDP_inuse",
                                "sockets_used", "TCP_mem_bytes"}) {
    table.gauge(fmt::format("node_sockstat_{}", name), {}, 420, 6, 35);
  }
  for (std::string_view name :
       {"FRAG_inuse", "FRAG_memory", "RAW_inuse", "TCP_orphan", "UDPLITE_inuse"}) {
    table.constant(fmt::format("node_sockstat_{}", name), {});
  }
  table.counter("node_vmstat_pgfault", {}, 42'000, 3'000);
  table.counter("node_vmstat_pgmajfault", {}, 2, 2, 60);
  table.counter("node_vmstat_pgpgin", {}, 700, 300, 20);
  table.counter("node_vmstat_pgpgout", {}, 9'000, 2'000);
  for (std::string_view name : {"oom_kill", "pswpin", "pswpout"}) {
    table.constant(fmt::format("node_vmstat_{}", name), {});
  }
}

// 38 series.
void add_rest(Table& table) {
  for (std::string_view name : {"node_load1", "node_load5", "node_load15"}) {
    table.gauge(std::string(name), {}, 180, name == "node_load1" ? 30 : 5, 5, kCenti);
  }
  for (std::string_view name : {"cpu_waiting", "io_waiting", "io_stalled"}) {
    table.counter(fmt::format("node_pressure_{}_seconds_total", name), {}, 41'000, 3'000, 0,
                  kMicro);
  }
  for (std::string_view name : {"memory_waiting", "memory_stalled"}) {
    table.constant(fmt::format("node_pressure_{}_seconds_total", name), {});
  }
  table.entropy("node_timex_offset_seconds", {}, 1);
  table.entropy("node_timex_estimated_error_seconds", {}, 1);
  table.gauge("node_timex_maxerror_seconds", {}, 30'000, 400, 0, kMicro);
  for (std::string_view name : {"sync_status", "status", "tick_seconds"}) {
    table.constant(fmt::format("node_timex_{}", name), {}, 1);
  }
  for (std::string_view collector :
       {"cpu", "diskstats", "filesystem", "meminfo", "netdev", "netstat", "schedstat", "softnet"}) {
    Labels labels{{"collector", std::string(collector)}};
    table.entropy("node_scrape_collector_duration_seconds", labels, 1);
    table.constant("node_scrape_collector_success", labels, 1);
  }
  table.add("node_time_seconds", {}, Motion::Clock, kOne, 0, 0, 0);
  table.constant("node_boot_time_seconds", {}, 1'700'000'000);
  table.counter("node_context_switches_total", {}, 71'000, 4'000);
  table.counter("node_intr_total", {}, 44'000, 2'500);
  table.counter("node_forks_total", {}, 38, 20);
  table.gauge("node_procs_running", {}, 4, 2, 30);
  table.gauge("node_procs_blocked", {}, 1, 1, 60);
  table.gauge("node_filefd_allocated", {}, 2'300, 40, 10);
  table.constant("node_filefd_maximum", {}, 9'223'372);
}

// 42 series of an application beside the exporter.
void add_histogram(Table& table) {
  constexpr std::string_view kBounds[kBuckets] = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
                                                  "0.5",   "1",    "2.5",   "5",    "10",  "+Inf"};
  constexpr std::string_view kPaths[kHandlers] = {"/api/v1/orders", "/api/v1/search", "/healthz"};
  for (size_t handler = 0; handler < kHandlers; ++handler) {
    Labels labels{{"handler", std::string(kPaths[handler])}};
    auto add = [&](std::string_view suffix, Labels with, Motion motion, size_t bucket) {
      SeriesModel& model = table.add(fmt::format("http_request_duration_seconds{}", suffix),
                                     std::move(with), motion, kOne, 0, 0, 0);
      model.app = true;
      model.handler = static_cast<uint8_t>(handler);
      model.bucket = static_cast<uint8_t>(bucket);
    };
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
      Labels with = labels;
      with.emplace_back("le", kBounds[bucket]);
      add("_bucket", std::move(with), Motion::Bucket, bucket);
    }
    add("_sum", labels, Motion::Sum, 0);
    add("_count", labels, Motion::Count, 0);
  }
}

}  // namespace

std::vector<SeriesModel> host_series() {
  Table table;
  add_cpus(table);
  add_filesystems(table);
  add_disks(table);
  add_networks(table);
  add_memory(table);
  add_netstat(table);
  add_rest(table);
  add_histogram(table);
  std::vector<SeriesModel> out = table.take();
  if (out.size() != kSeriesPerHost) {
    fmt::print(stderr, "the catalogue has {} series, not {}\n", out.size(), kSeriesPerHost);
    std::abort();
  }
  return out;
}

}  // namespace kansoku::bench
