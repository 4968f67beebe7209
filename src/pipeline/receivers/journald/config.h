// Configuration of the receiver `journald`. See README.md for what each option means to a user.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/filter_rule.h"

namespace kansoku::pipeline::journald {

using FieldMatch = std::pair<std::string, std::string>;  // field, value

// Entries that are read in the same way.
struct SourceConfig {
  std::string name;                // names the source in the saved state
  std::vector<std::string> units;  // of systemd; empty: all
  int priority_max = 6;            // info and what is more severe (0 is emerg); 7: everything
  // Fields of one list must all match, one of the lists is enough; empty: everything.
  std::vector<std::vector<FieldMatch>> matches;
  std::vector<FilterRule> filters;  // of the message; all must pass
  std::string group;
  std::string stream;
  std::vector<std::pair<std::string, std::string>> resource;
};

struct JournaldConfig {
  // Names the receiver in the ledger.
  std::string name = "journald";
  std::string branch = "store";

  std::vector<SourceConfig> sources;
  std::string state_path;       // file of the saved cursors; its folder must exist
  std::string root;             // where var/log/journal and run/log/journal are; empty: /
  bool from_beginning = false;  // of a source without a saved cursor; else from now on
  int64_t batch_bytes = 512 << 10;
  int64_t batch_wait_ms = 0;  // between two batches of which the first was not full
  int64_t poll_interval_ms = 1'000;
  int64_t save_interval_ms = 1'000;  // acknowledgements; what is sent is always saved before
  int64_t retry_min_ms = 250;
  int64_t retry_max_ms = 30'000;
};

}  // namespace kansoku::pipeline::journald
