#include <unistd.h>

#include "pipeline/receivers/host/sample.h"

namespace kansoku::pipeline::host {

std::vector<std::string_view> split_fields(std::string_view line) {
  std::vector<std::string_view> out;
  size_t at = 0;
  while (at < line.size()) {
    size_t begin = line.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos) break;
    size_t end = std::min(line.find_first_of(" \t", begin), line.size());
    out.push_back(line.substr(begin, end - begin));
    at = end;
  }
  return out;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

double to_number(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Result<std::vector<CpuTicks>> read_cpu(const HostFiles& files) {
  KANSOKU_TRY(std::string text, files.read_proc("stat"));
  std::vector<CpuTicks> out;
  for (std::string_view line : split_lines(text)) {
    if (!line.starts_with("cpu")) continue;
    auto fields = split_fields(line);
    if (fields.size() < 5) continue;
    CpuTicks row;
    row.cpu = fields[0] == "cpu" ? "cpu-total" : std::string(fields[0]);
    double* columns[] = {&row.user, &row.nice,    &row.system, &row.idle,  &row.iowait,
                         &row.irq,  &row.softirq, &row.steal,  &row.guest, &row.guest_nice};
    for (size_t i = 0; i < std::size(columns) && i + 1 < fields.size(); ++i) {
      *columns[i] = to_number(fields[i + 1]);
    }
    out.push_back(std::move(row));
  }
  return out;
}

void cpu_readings(const std::vector<CpuTicks>& now, const std::vector<CpuTicks>& before,
                  Readings& out) {
  const auto ticks_per_s = static_cast<double>(::sysconf(_SC_CLK_TCK));
  for (const CpuTicks& n : now) {
    auto put = [&](std::string_view name, std::string_view unit, double value) {
      out.push_back({fmt::format("cpu_{}", name), unit, {{"cpu", n.cpu}}, value});
    };
    struct Column {
      std::string_view name;
      double CpuTicks::* ticks;
    };
    constexpr std::array<Column, 10> kColumns{{{"user", &CpuTicks::user},
                                               {"nice", &CpuTicks::nice},
                                               {"system", &CpuTicks::system},
                                               {"idle", &CpuTicks::idle},
                                               {"iowait", &CpuTicks::iowait},
                                               {"irq", &CpuTicks::irq},
                                               {"softirq", &CpuTicks::softirq},
                                               {"steal", &CpuTicks::steal},
                                               {"guest", &CpuTicks::guest},
                                               {"guest_nice", &CpuTicks::guest_nice}}};
    for (const Column& column : kColumns) {
      put(fmt::format("time_{}", column.name), "None", n.*column.ticks / ticks_per_s);
    }
    put("time_active", "None", (n.total() - n.idle) / ticks_per_s);
    auto found = std::find_if(before.begin(), before.end(),
                              [&](const CpuTicks& b) { return b.cpu == n.cpu; });
    if (found == before.end()) continue;
    const CpuTicks& b = *found;
    double elapsed = n.total() - b.total();
    if (elapsed <= 0) continue;
    auto percent = [&](double ticks) { return 100 * ticks / elapsed; };
    for (const Column& column : kColumns) {
      double ticks = n.*column.ticks - b.*column.ticks;
      if (column.name == "user") ticks -= n.guest - b.guest;
      if (column.name == "nice") ticks -= n.guest_nice - b.guest_nice;
      put(fmt::format("usage_{}", column.name), "Percent", percent(ticks));
    }
    put("usage_active", "Percent", percent((n.total() - n.idle) - (b.total() - b.idle)));
  }
}

}  // namespace kansoku::pipeline::host
