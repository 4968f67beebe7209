#include "pipeline/receivers/host/sample.h"

namespace kansoku::pipeline::host {
namespace {

constexpr uint64_t kInterfaceUp = 0x1;        // IFF_UP
constexpr uint64_t kInterfaceLoopback = 0x8;  // IFF_LOOPBACK

uint64_t interface_flags(const HostFiles& files, std::string_view name) {
  auto text = files.read_sys(fmt::format("class/net/{}/flags", name));
  if (!text || !text->starts_with("0x")) return kInterfaceUp;
  uint64_t flags = 0;
  std::from_chars(text->data() + 2, text->data() + text->size(), flags, 16);
  return flags;
}

// Counts sockets of one /proc/net table by state (column `st`, hexadecimal).
void count_states(const HostFiles& files, std::string_view table, std::array<double, 16>& states) {
  auto text = files.read_proc(fmt::format("net/{}", table));
  if (!text) return;
  bool header = true;
  for (std::string_view line : split_lines(*text)) {
    if (std::exchange(header, false)) continue;
    auto fields = split_fields(line);
    if (fields.size() < 4) continue;
    unsigned state = 0;
    std::from_chars(fields[3].data(), fields[3].data() + fields[3].size(), state, 16);
    states[state & 15] += 1;
  }
}

}  // namespace

void net_readings(const HostFiles& files, DeltaTable& deltas, Readings& out) {
  auto text = files.read_proc("net/dev");
  if (!text) return;
  struct Column {
    std::string_view name;
    std::string_view unit;
    size_t field;
  };
  constexpr std::array<Column, 8> kColumns{{{"bytes_recv", "Bytes", 0},
                                            {"packets_recv", "Count", 1},
                                            {"err_in", "Count", 2},
                                            {"drop_in", "Count", 3},
                                            {"bytes_sent", "Bytes", 8},
                                            {"packets_sent", "Count", 9},
                                            {"err_out", "Count", 10},
                                            {"drop_out", "Count", 11}}};
  for (std::string_view line : split_lines(*text)) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    auto names = split_fields(line.substr(0, colon));
    auto fields = split_fields(line.substr(colon + 1));
    if (names.empty() || fields.size() < 12) continue;
    uint64_t flags = interface_flags(files, names[0]);
    if ((flags & kInterfaceUp) == 0 || (flags & kInterfaceLoopback) != 0) continue;
    std::string device(names[0]);
    for (const Column& column : kColumns) {
      std::string name = fmt::format("net_{}", column.name);
      if (auto delta = deltas.delta(name + " " + device, to_number(fields[column.field]))) {
        out.push_back({std::move(name), column.unit, {{"interface", device}}, *delta});
      }
    }
  }
}

void netstat_readings(const HostFiles& files, Readings& out) {
  std::array<double, 16> tcp{};
  std::array<double, 16> udp{};
  count_states(files, "tcp", tcp);
  count_states(files, "tcp6", tcp);
  count_states(files, "udp", udp);
  count_states(files, "udp6", udp);
  // Indexed by the state's number (include/net/tcp_states.h); 0 is no state.
  constexpr std::array<std::string_view, 12> kStates{
      "none",      "established", "syn_sent",   "syn_recv", "fin_wait1", "fin_wait2",
      "time_wait", "close",       "close_wait", "last_ack", "listen",    "closing"};
  for (size_t state = 0; state < kStates.size(); ++state) {
    out.push_back({fmt::format("netstat_tcp_{}", kStates[state]), "Count", {}, tcp[state]});
  }
  double sockets = 0;
  for (double count : udp) sockets += count;
  out.push_back({"netstat_udp_socket", "Count", {}, sockets});
}

}  // namespace kansoku::pipeline::host
