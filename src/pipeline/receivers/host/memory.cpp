#include "pipeline/receivers/host/sample.h"

namespace kansoku::pipeline::host {
namespace {

using MemInfo = std::unordered_map<std::string_view, double>;

// /proc/meminfo in bytes (the kernel says kB and means KiB).
MemInfo parse_meminfo(std::string_view text) {
  MemInfo out;
  for (std::string_view line : split_lines(text)) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    auto fields = split_fields(line.substr(colon + 1));
    if (fields.empty()) continue;
    out[line.substr(0, colon)] = to_number(fields[0]) * (fields.size() > 1 ? 1024 : 1);
  }
  return out;
}

// MemAvailable of kernels before 3.14: free memory and half of the file pages, as the kernel
// estimates it.
double available_of(const MemInfo& info) {
  auto get = [&](std::string_view name) {
    auto found = info.find(name);
    return found == info.end() ? 0.0 : found->second;
  };
  if (info.contains("MemAvailable")) return get("MemAvailable");
  double file_pages = get("Active(file)") + get("Inactive(file)");
  return get("MemFree") + file_pages / 2 + get("SReclaimable") / 2;
}

}  // namespace

void memory_readings(const HostFiles& files, Readings& out) {
  auto text = files.read_proc("meminfo");
  if (!text) return;
  MemInfo info = parse_meminfo(*text);
  double total = info["MemTotal"];
  double free = info["MemFree"];
  double buffered = info["Buffers"];
  double cached = info["Cached"] + info["SReclaimable"];
  double available = available_of(info);
  double used = total - free - buffered - cached;
  auto put = [&](std::string_view name, std::string_view unit, double value) {
    out.push_back({std::string(name), unit, {}, value});
  };
  put("mem_total", "Bytes", total);
  put("mem_free", "Bytes", free);
  put("mem_buffered", "Bytes", buffered);
  put("mem_active", "Bytes", info["Active"]);
  put("mem_inactive", "Bytes", info["Inactive"]);
  put("mem_shared", "Bytes", info["Shmem"]);
  put("mem_cached", "Bytes", cached);
  put("mem_available", "Bytes", available);
  put("mem_used", "Bytes", used);
  if (total > 0) {
    put("mem_used_percent", "Percent", 100 * used / total);
    put("mem_available_percent", "Percent", 100 * available / total);
  }
  double swap_total = info["SwapTotal"];
  double swap_free = info["SwapFree"];
  put("swap_free", "Bytes", swap_free);
  put("swap_used", "Bytes", swap_total - swap_free);
  put("swap_used_percent", "Percent",
      swap_total > 0 ? 100 * (swap_total - swap_free) / swap_total : 0);
}

// /proc/pressure/{cpu,memory,io} (kernel documentation, accounting/psi): "some avg10=… total=…".
void pressure_readings(const HostFiles& files, DeltaTable& deltas, Readings& out) {
  for (std::string_view resource : {"cpu", "memory", "io"}) {
    auto text = files.read_proc(fmt::format("pressure/{}", resource));
    if (!text) continue;
    for (std::string_view line : split_lines(*text)) {
      auto fields = split_fields(line);
      if (fields.empty()) continue;
      for (size_t i = 1; i < fields.size(); ++i) {
        size_t equals = fields[i].find('=');
        if (equals == std::string_view::npos) continue;
        std::string_view key = fields[i].substr(0, equals);
        double value = to_number(fields[i].substr(equals + 1));
        std::string name = fmt::format("pressure_{}_{}_{}", resource, fields[0], key);
        if (key != "total") {
          out.push_back({std::move(name), "Percent", {}, value});
          continue;
        }
        // `total` counts microseconds of stall.
        if (auto delta = deltas.delta(name, value)) {
          out.push_back({fmt::format("pressure_{}_{}_stall_time", resource, fields[0]),
                         "Microseconds",
                         {},
                         *delta});
        }
      }
    }
  }
}

}  // namespace kansoku::pipeline::host
