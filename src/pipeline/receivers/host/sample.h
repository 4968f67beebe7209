// One round of readings of this host, and the files they come from.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/env/env.h"

namespace kansoku::pipeline::host {

struct Dimension {
  std::string name;
  std::string value;
};

// One value of one metric, named as the CloudWatch agent does ("cpu_usage_active").
struct Reading {
  std::string name;
  std::string_view unit;  // a CloudWatch StandardUnit
  std::vector<Dimension> dimensions;
  double value = 0;
};
using Readings = std::vector<Reading>;

// Where the kernel's files are.
struct HostFiles {
  env::FileSystem* files = nullptr;
  std::string proc = "/proc";
  std::string sys = "/sys";

  // The file below proc or sys; an error when it is missing.
  Result<std::string> read_proc(std::string_view name) const {
    return files->read_all(env::join_path(proc, name));
  }
  Result<std::string> read_sys(std::string_view name) const {
    return files->read_all(env::join_path(sys, name));
  }
};

// Turns counters into differences: nothing at first sight, and nothing when a counter went back (it
// was reset; the new value is the next baseline).
class DeltaTable {
 public:
  // Key: metric and device.
  std::optional<double> delta(const std::string& key, double value) {
    auto [it, fresh] = last_.try_emplace(key, value);
    if (fresh) return std::nullopt;
    double before = it->second;
    it->second = value;
    if (value < before) return std::nullopt;
    return value - before;
  }

 private:
  std::unordered_map<std::string, double> last_;
};

// Splits at spaces and tabs; views into `line`.
std::vector<std::string_view> split_fields(std::string_view line);
std::vector<std::string_view> split_lines(std::string_view text);
// 0 when it is not a number.
double to_number(std::string_view text);

// CPU time of one row of /proc/stat, in ticks of the kernel.
struct CpuTicks {
  std::string cpu;  // "cpu-total", "cpu0" ...
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  double guest = 0, guest_nice = 0;
  // Guest time is inside user and nice already.
  double total() const { return user + nice + system + idle + iowait + irq + softirq + steal; }
};
Result<std::vector<CpuTicks>> read_cpu(const HostFiles& files);
// cpu_time_* of now, and cpu_usage_* against `before` where a row of the same name is there.
void cpu_readings(const std::vector<CpuTicks>& now, const std::vector<CpuTicks>& before,
                  Readings& out);

void memory_readings(const HostFiles& files, Readings& out);
void pressure_readings(const HostFiles& files, DeltaTable& deltas, Readings& out);
void disk_readings(const HostFiles& files, Readings& out);
void diskio_readings(const HostFiles& files, DeltaTable& deltas, Readings& out);
void net_readings(const HostFiles& files, DeltaTable& deltas, Readings& out);
void netstat_readings(const HostFiles& files, Readings& out);
void processes_readings(const HostFiles& files, Readings& out);

// Counters of the whole host behind the AWS/EC2 metrics.
struct Ec2Counters {
  double cpu_busy_ticks = 0;  // not idle, not waiting for I/O: what a hypervisor would see
  double cpu_total_ticks = 0;
  double network_in_bytes = 0, network_out_bytes = 0, network_packets_in = 0,
         network_packets_out = 0;
  double disk_read_bytes = 0, disk_write_bytes = 0, disk_read_ops = 0, disk_write_ops = 0;
};
Result<Ec2Counters> read_ec2_counters(const HostFiles& files);
// The nine metrics of one period, from the counters at its ends.
void ec2_readings(const Ec2Counters& begin, const Ec2Counters& end, Readings& out);

}  // namespace kansoku::pipeline::host
