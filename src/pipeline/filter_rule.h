// A rule by which receivers of texts leave events out.
#pragma once

#include <string>

namespace kansoku::pipeline {

struct FilterRule {
  std::string name;  // of the rule in ledger and answers; empty: "filter N"
  bool include = false;
  std::string pattern;  // RE2, found anywhere in the event
};

}  // namespace kansoku::pipeline
