// The commands of kansoku ctl that are more than one request. Private to src/app/*_command.cpp.
#pragma once

#include <string>
#include <vector>

#include "app/tool_client.h"

namespace kansoku::app {

struct CtlFlags {
  std::string data;
  std::optional<std::string> endpoint;
  std::optional<std::string> token;
  std::string user = "root";
  std::string role = "administrator";
  bool password_stdin = false;
  bool dry_run = false;
};

// Each gets the operands behind its name and returns the exit code.
int run_ctl_import(const CtlFlags& flags, const std::vector<std::string>& paths);
int run_ctl_backup(const CtlFlags& flags, const std::vector<std::string>& operands);
int run_ctl_restore(const CtlFlags& flags, const std::vector<std::string>& operands);

}  // namespace kansoku::app
