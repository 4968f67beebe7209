// Names that stand for something of the host or of the environment.
#pragma once

#include "pipeline/dialects/cloudwatch_agent/host_facts.h"
#include "pipeline/dialects/cloudwatch_agent/schema.h"

namespace kansoku::pipeline::cloudwatch_agent {

using Variables = std::function<std::optional<std::string>(std::string_view name)>;

// Replaces ${NAME} in every text below the node by the variable of that name; ${aws:...} is another
// thing. A variable that is not set leaves the text as it is, with a notice.
void expand_variables(Node& node, const std::string& pointer, const Variables& variables,
                      Findings& findings);

// {instance_id}, {hostname}, {local_hostname}, {ip_address}, {aws_region}, {account_id}, {date} of
// names of groups and streams.
class HostNames {
 public:
  HostNames(const HostFacts& facts, std::string_view region);
  // What is not known becomes i-UNKNOWN, UNKNOWN-HOST ...; another name in braces stays, with a
  // notice.
  std::string resolve(const std::string& text, wire::Position at, const std::string& pointer,
                      Findings& findings) const;

 private:
  struct Name {
    std::string_view placeholder;
    std::string value;
    std::string_view unknown;
  };
  std::vector<Name> names_;
};

// A path with '_' for what the name of a group may not hold; `kept` may stay too.
std::string group_from_path(std::string_view path, std::string_view kept = {});

}  // namespace kansoku::pipeline::cloudwatch_agent
