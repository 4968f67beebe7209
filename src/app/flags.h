// Command-line flags: a table per command, from which parsing and --help come.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kansoku::app {

struct Flag {
  std::string name;        // "--listen"
  std::string value_name;  // "ADDR:PORT"; empty: a switch
  std::string help;
  std::function<Status(const std::string& value)> set;
};

struct Command {
  std::string usage;    // "kansoku up [options]"
  std::string summary;  // what it does, in sentences
  std::vector<Flag> flags;
  std::string examples;
};

// Sets flags and returns what is left (operands). "--name=value" and "--name value" alike; "--"
// ends the flags. InvalidArgument names the flag and guesses what was meant. `help` becomes true at
// --help or -h.
Result<std::vector<std::string>> parse_flags(const Command& command,
                                             const std::vector<std::string>& arguments, bool& help);
std::string help_text(const Command& command);

}  // namespace kansoku::app
