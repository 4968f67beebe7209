#include "pipeline/receivers/host/sample.h"

namespace kansoku::pipeline::host {
namespace {

struct Mount {
  std::string device;
  std::string path;
  std::string type;
};

// Undoes the octal escapes of the mount table: \040 is a space.
std::string unescape_mount(std::string_view field) {
  std::string out;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size()) {
      int code = 0;
      auto [end, error] = std::from_chars(&field[i + 1], &field[i + 1] + 3, code, 8);
      if (error == std::errc() && end == &field[i + 1] + 3) {
        out += static_cast<char>(code);
        i += 3;
        continue;
      }
    }
    out += field[i];
  }
  return out;
}

// A later mount over the same path hides the earlier one.
std::vector<Mount> read_mounts(const HostFiles& files) {
  std::vector<Mount> out;
  auto text = files.read_proc("self/mounts");
  if (!text) return out;
  for (std::string_view line : split_lines(*text)) {
    auto fields = split_fields(line);
    if (fields.size() < 3 || fields[2] == "autofs") continue;
    Mount mount{unescape_mount(fields[0]), unescape_mount(fields[1]), std::string(fields[2])};
    if (mount.device.starts_with("/dev/")) mount.device.erase(0, 5);
    std::erase_if(out, [&](const Mount& other) { return other.path == mount.path; });
    out.push_back(std::move(mount));
  }
  return out;
}

}  // namespace

void disk_readings(const HostFiles& files, Readings& out) {
  for (const Mount& mount : read_mounts(files)) {
    auto info = files.files->file_system_info(mount.path);
    if (!info || info->blocks == 0) continue;
    auto block = static_cast<double>(info->block_bytes);
    double total = static_cast<double>(info->blocks) * block;
    double free = static_cast<double>(info->blocks_available) * block;
    double used = static_cast<double>(info->blocks - info->blocks_free) * block;
    auto put = [&](std::string_view name, std::string_view unit, double value) {
      out.push_back({fmt::format("disk_{}", name),
                     unit,
                     {{"path", mount.path}, {"device", mount.device}, {"fstype", mount.type}},
                     value});
    };
    put("total", "Bytes", total);
    put("free", "Bytes", free);
    put("used", "Bytes", used);
    if (used + free > 0) put("used_percent", "Percent", 100 * used / (used + free));
    put("inodes_total", "Count", static_cast<double>(info->inodes));
    put("inodes_free", "Count", static_cast<double>(info->inodes_free));
    put("inodes_used", "Count", static_cast<double>(info->inodes - info->inodes_free));
  }
}

// /proc/diskstats (kernel documentation, admin-guide/iostats): fields after major, minor, name.
void diskio_readings(const HostFiles& files, DeltaTable& deltas, Readings& out) {
  auto text = files.read_proc("diskstats");
  if (!text) return;
  constexpr double kSectorBytes = 512;  // of diskstats, whatever the device's own sectors are
  struct Column {
    std::string_view name;
    std::string_view unit;
    size_t field;  // 1-based, as the kernel documentation counts
    double factor;
  };
  constexpr std::array<Column, 7> kColumns{{{"reads", "Count", 1, 1},
                                            {"writes", "Count", 5, 1},
                                            {"read_bytes", "Bytes", 3, kSectorBytes},
                                            {"write_bytes", "Bytes", 7, kSectorBytes},
                                            {"read_time", "Milliseconds", 4, 1},
                                            {"write_time", "Milliseconds", 8, 1},
                                            {"io_time", "Milliseconds", 10, 1}}};
  for (std::string_view line : split_lines(*text)) {
    auto fields = split_fields(line);
    if (fields.size() < 14) continue;
    std::string device(fields[2]);
    for (const Column& column : kColumns) {
      double value = to_number(fields[column.field + 2]) * column.factor;
      std::string name = fmt::format("diskio_{}", column.name);
      if (auto delta = deltas.delta(name + " " + device, value)) {
        out.push_back({std::move(name), column.unit, {{"name", device}}, *delta});
      }
    }
    out.push_back({"diskio_iops_in_progress", "Count", {{"name", device}}, to_number(fields[11])});
  }
}

}  // namespace kansoku::pipeline::host
