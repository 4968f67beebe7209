#include "pipeline/receivers/journald/journal_reader.h"

namespace kansoku::pipeline::journald {
namespace {

constexpr int kDebug = 7;
// systemd's message id of a core dump (sd-messages.h, SD_MESSAGE_COREDUMP).
constexpr const char* kCoreDump = "fc2e22bc6ee647b6b90729ab34a250b1";

// What belongs to a unit: its own entries, and those of the manager, of root and of core dumps
// about it. The same as journalctl --unit (systemd 252, add_matches_for_unit()).
void add_unit(std::string unit, Condition& out) {
  if (unit.find('.') == std::string::npos) unit += ".service";
  out.push_back({{"_SYSTEMD_UNIT", unit}});
  out.push_back({{"_PID", "1"}, {"UNIT", unit}});
  out.push_back({{"_UID", "0"}, {"OBJECT_SYSTEMD_UNIT", unit}});
  out.push_back({{"MESSAGE_ID", kCoreDump}, {"_UID", "0"}, {"COREDUMP_UNIT", unit}});
}

}  // namespace

JournalFilter filter_of(const SourceConfig& source) {
  JournalFilter out;
  if (!source.units.empty()) {
    Condition units;
    for (const std::string& unit : source.units) add_unit(unit, units);
    out.push_back(std::move(units));
  }
  // Entries without a priority pass only where everything does.
  if (source.priority_max < kDebug) {
    Condition priorities;
    for (int p = 0; p <= source.priority_max; ++p)
      priorities.push_back({{"PRIORITY", std::to_string(p)}});
    out.push_back(std::move(priorities));
  }
  if (!source.matches.empty()) out.push_back(source.matches);
  return out;
}

}  // namespace kansoku::pipeline::journald
