#include "pipeline/receivers/host/sample.h"

namespace kansoku::pipeline::host {
namespace {

bool is_pid(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void processes_readings(const HostFiles& files, Readings& out) {
  auto entries = files.files->list(files.proc);
  if (!entries) return;
  struct State {
    std::string_view name;
    std::string_view letters;
    double count = 0;
  };
  std::array<State, 8> states{{{"running", "R"},
                               {"sleeping", "S"},
                               {"blocked", "D"},
                               {"zombies", "Z"},
                               {"dead", "Xx"},
                               {"stopped", "Tt"},
                               {"paging", "W"},
                               {"idle", "I"}}};
  double total = 0;
  double threads = 0;
  for (const env::DirectoryEntry& entry : *entries) {
    if (!is_pid(entry.name)) continue;
    auto text = files.read_proc(entry.name + "/stat");
    if (!text) continue;  // it has ended meanwhile
    // The name in parentheses may hold anything, so the fields begin behind the last one.
    size_t close = text->rfind(')');
    if (close == std::string::npos) continue;
    auto fields = split_fields(std::string_view(*text).substr(close + 1));
    if (fields.size() < 18) continue;
    total += 1;
    threads += to_number(fields[17]);
    for (State& state : states) {
      if (state.letters.find(fields[0][0]) != std::string_view::npos) state.count += 1;
    }
  }
  for (const State& state : states) {
    out.push_back({fmt::format("processes_{}", state.name), "Count", {}, state.count});
  }
  out.push_back({"processes_total", "Count", {}, total});
  out.push_back({"processes_total_threads", "Count", {}, threads});
}

}  // namespace kansoku::pipeline::host
