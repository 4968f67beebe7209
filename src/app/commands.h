// The commands of the binary. Each returns the exit code: 0 only on success, 1 for a failure, 2 for
// a command line that could not be understood.
#pragma once

#include <string>
#include <vector>

namespace kansoku::app {

int run_up(const std::vector<std::string>& arguments);
int run_server(const std::vector<std::string>& arguments);
int run_agent(const std::vector<std::string>& arguments);
int run_ctl(const std::vector<std::string>& arguments);
int run_query(const std::vector<std::string>& arguments);
int run_check(const std::vector<std::string>& arguments);
int run_completion(const std::vector<std::string>& arguments);
// check promql-tests: files and folders of scripts.
int run_promql_tests(const std::vector<std::string>& paths);

}  // namespace kansoku::app
