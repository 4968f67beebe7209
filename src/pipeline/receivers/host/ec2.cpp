#include "pipeline/receivers/host/sample.h"

namespace kansoku::pipeline::host {
namespace {

// Whole disks that are devices: no partitions, no loop, RAM or mapped devices, whose traffic is
// counted on the disks below them. Where the kernel shows no device behind any disk (containers),
// all but the virtual kinds count.
std::vector<std::string> whole_disks(const HostFiles& files) {
  std::vector<std::string> physical;
  std::vector<std::string> others;
  auto entries = files.files->list(files.sys + "/block");
  if (!entries) return physical;
  for (const env::DirectoryEntry& entry : *entries) {
    if (files.files->exists(fmt::format("{}/block/{}/device", files.sys, entry.name))) {
      physical.push_back(entry.name);
    } else if (!entry.name.starts_with("loop") && !entry.name.starts_with("ram") &&
               !entry.name.starts_with("zram") && !entry.name.starts_with("dm-") &&
               !entry.name.starts_with("md")) {
      others.push_back(entry.name);
    }
  }
  return physical.empty() ? others : physical;
}

void add_disks(const HostFiles& files, Ec2Counters& out) {
  std::vector<std::string> disks = whole_disks(files);
  auto text = files.read_proc("diskstats");
  if (!text) return;
  for (std::string_view line : split_lines(*text)) {
    auto fields = split_fields(line);
    if (fields.size() < 14) continue;
    if (std::find(disks.begin(), disks.end(), fields[2]) == disks.end()) continue;
    out.disk_read_ops += to_number(fields[3]);
    out.disk_read_bytes += to_number(fields[5]) * 512;
    out.disk_write_ops += to_number(fields[7]);
    out.disk_write_bytes += to_number(fields[9]) * 512;
  }
}

void add_networks(const HostFiles& files, Ec2Counters& out) {
  auto text = files.read_proc("net/dev");
  if (!text) return;
  Ec2Counters physical;
  Ec2Counters any;
  bool have_physical = false;
  for (std::string_view line : split_lines(*text)) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    auto names = split_fields(line.substr(0, colon));
    auto fields = split_fields(line.substr(colon + 1));
    if (names.empty() || fields.size() < 12 || names[0] == "lo") continue;
    bool is_device =
        files.files->exists(fmt::format("{}/class/net/{}/device", files.sys, names[0]));
    have_physical = have_physical || is_device;
    for (Ec2Counters* counters : {&any, is_device ? &physical : nullptr}) {
      if (counters == nullptr) continue;
      counters->network_in_bytes += to_number(fields[0]);
      counters->network_packets_in += to_number(fields[1]);
      counters->network_out_bytes += to_number(fields[8]);
      counters->network_packets_out += to_number(fields[9]);
    }
  }
  const Ec2Counters& chosen = have_physical ? physical : any;
  out.network_in_bytes = chosen.network_in_bytes;
  out.network_packets_in = chosen.network_packets_in;
  out.network_out_bytes = chosen.network_out_bytes;
  out.network_packets_out = chosen.network_packets_out;
}

}  // namespace

Result<Ec2Counters> read_ec2_counters(const HostFiles& files) {
  Ec2Counters out;
  KANSOKU_TRY(auto cpus, read_cpu(files));
  for (const CpuTicks& cpu : cpus) {
    if (cpu.cpu != "cpu-total") continue;
    out.cpu_total_ticks = cpu.total();
    out.cpu_busy_ticks = cpu.total() - cpu.idle - cpu.iowait;
  }
  add_disks(files, out);
  add_networks(files, out);
  return out;
}

void ec2_readings(const Ec2Counters& begin, const Ec2Counters& end, Readings& out) {
  double elapsed = end.cpu_total_ticks - begin.cpu_total_ticks;
  if (elapsed > 0) {
    double busy = 100 * (end.cpu_busy_ticks - begin.cpu_busy_ticks) / elapsed;
    out.push_back({"CPUUtilization", "Percent", {}, std::clamp(busy, 0.0, 100.0)});
  }
  struct Column {
    std::string_view name;
    std::string_view unit;
    double Ec2Counters::* counter;
  };
  constexpr std::array<Column, 8> kColumns{{
      {"NetworkIn", "Bytes", &Ec2Counters::network_in_bytes},
      {"NetworkOut", "Bytes", &Ec2Counters::network_out_bytes},
      {"NetworkPacketsIn", "Count", &Ec2Counters::network_packets_in},
      {"NetworkPacketsOut", "Count", &Ec2Counters::network_packets_out},
      {"DiskReadBytes", "Bytes", &Ec2Counters::disk_read_bytes},
      {"DiskWriteBytes", "Bytes", &Ec2Counters::disk_write_bytes},
      {"DiskReadOps", "Count", &Ec2Counters::disk_read_ops},
      {"DiskWriteOps", "Count", &Ec2Counters::disk_write_ops},
  }};
  for (const Column& column : kColumns) {
    double delta = end.*column.counter - begin.*column.counter;
    // A counter that went back (a device left) says nothing about this period.
    if (delta >= 0) out.push_back({std::string(column.name), column.unit, {}, delta});
  }
}

}  // namespace kansoku::pipeline::host
