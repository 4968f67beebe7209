#include "pipeline/dialects/cloudwatch_agent/settings.h"

#include "base/text/ascii.h"

namespace kansoku::pipeline::cloudwatch_agent {
namespace {

constexpr std::string_view kLogFile =
    "/opt/aws/amazon-cloudwatch-agent/logs/amazon-cloudwatch-agent.log";
// The profile that machines outside EC2 have by the agent's own instructions.
constexpr std::string_view kOnPremiseProfile = "AmazonCloudWatchAgent";

// One key of common-config.toml.
struct CommonKey {
  std::string_view table;
  std::string_view key;
  std::string_view otherwise;
  std::string_view doc;
  void (*read)(wire::Reader& reader, std::string_view key, AgentSettings& settings);
};

template <auto M>
void read_text(wire::Reader& reader, std::string_view key, AgentSettings& settings) {
  if (auto text = reader.text(key)) settings.*M = *text;
}

constexpr int kImdsRetriesMax = 100;

const CommonKey kCommonKeys[] = {
    {"credentials", "shared_credential_profile", "default; on premises AmazonCloudWatchAgent",
     "profile of the shared credentials file", read_text<&AgentSettings::profile>},
    {"credentials", "shared_credential_file", "~/.aws/credentials", "shared credentials file",
     read_text<&AgentSettings::credentials_file>},
    {"proxy", "http_proxy", "HTTP_PROXY", "proxy of requests by http",
     read_text<&AgentSettings::http_proxy>},
    {"proxy", "https_proxy", "HTTPS_PROXY", "proxy of requests by https",
     read_text<&AgentSettings::https_proxy>},
    {"proxy", "no_proxy", "NO_PROXY", "hosts that are asked without a proxy",
     read_text<&AgentSettings::no_proxy>},
    {"ssl", "ca_bundle_path", "AWS_CA_BUNDLE, else the system's",
     "authorities (PEM) that servers are checked against",
     read_text<&AgentSettings::ca_bundle_file>},
    {"imds", "imds_retries", "IMDS_NUMBER_RETRY, else 1",
     "how often instance metadata is asked again",
     [](wire::Reader& reader, std::string_view key, AgentSettings& settings) {
       if (auto n = reader.integer(key, 0, kImdsRetriesMax)) {
         settings.imds_retries = static_cast<int>(*n);
       }
     }},
};

std::string variable(const Variables& variables, std::string_view name) {
  if (auto value = variables(name); value && !value->empty()) return *value;
  // Proxies are written in both cases.
  return variables(lower_ascii(name)).value_or("");
}

void take_default(std::string& into, const Variables& variables, std::string_view name) {
  if (into.empty()) into = variable(variables, name);
}

bool is_true(std::string_view text) { return equals_ignore_case(text, "true"); }

std::string log_level(const AgentSection& section, const Variables& variables) {
  if (section.debug.value_or(false)) return "debug";
  if (section.quiet.value_or(false)) return "error";
  const std::string level = lower_ascii(variable(variables, "CWAGENT_LOG_LEVEL"));
  if (level == "debug" || level == "warn" || level == "error") return level;
  return level == "off" ? "error" : "info";
}

}  // namespace

void read_common_config(const Node& node, const std::string& file, AgentSettings& settings,
                        std::vector<Problem>& problems) {
  wire::Reader root(node, file, "", problems);
  std::set<std::string_view> tables;
  for (const CommonKey& key : kCommonKeys) tables.insert(key.table);
  for (std::string_view table : tables) {
    const Node* mapping = root.mapping(table);
    if (mapping == nullptr) continue;
    wire::Reader reader(*mapping, file, fmt::format("/{}", table), problems);
    for (const CommonKey& key : kCommonKeys) {
      if (key.table == table) key.read(reader, key.key, settings);
    }
    reader.finish();
  }
  root.finish();
}

std::map<std::string, std::string, std::less<>> read_env_config(const Node& node,
                                                                const std::string& file,
                                                                std::vector<Problem>& problems) {
  std::map<std::string, std::string, std::less<>> out;
  if (node.kind != Node::Kind::Mapping) {
    problems.push_back({file, node.at, "", "must be an object of texts"});
  }
  for (const Node::Entry& entry : node.entries) {
    if (entry.value.kind != Node::Kind::Scalar) {
      problems.push_back({file, entry.value.at, wire::join_pointer("", entry.key), "must be text"});
    }
    out[entry.key] = entry.value.scalar;
  }
  return out;
}

int imds_retries_of(const Variables& variables) {
  const std::string text = variable(variables, "IMDS_NUMBER_RETRY");
  int retries = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), retries);
  const bool good = error == std::errc() && end == text.data() + text.size() && retries >= 0;
  return good ? std::min(retries, kImdsRetriesMax) : AgentSettings{}.imds_retries;
}

void apply_agent_section(const AgentSection& section, const HostFacts& facts, Mode mode,
                         const Variables& variables, AgentSettings& settings) {
  settings.region = section.region;
  for (const std::string* region : {&facts.profile_region, &facts.imds_region, &facts.ecs_region}) {
    if (settings.region.empty()) settings.region = *region;
  }
  settings.role_arn = section.credentials.role_arn;
  if (mode == Mode::OnPremise && settings.profile.empty() && settings.credentials_file.empty()) {
    settings.profile = kOnPremiseProfile;
    settings.profile_is_default = true;
  }
  take_default(settings.http_proxy, variables, "HTTP_PROXY");
  take_default(settings.https_proxy, variables, "HTTPS_PROXY");
  take_default(settings.no_proxy, variables, "NO_PROXY");
  take_default(settings.ca_bundle_file, variables, "AWS_CA_BUNDLE");
  settings.dual_stack = section.use_dualstack_endpoint.value_or(
      is_true(variable(variables, "AWS_USE_DUALSTACK_ENDPOINT")));
  settings.user_agent = section.user_agent;
  take_default(settings.user_agent, variables, "CWAGENT_USER_AGENT");
  settings.run_as_user = section.run_as_user;
  settings.hostname = section.hostname;
  take_default(settings.hostname, variables, "HOST_NAME");
  if (settings.hostname.empty()) settings.hostname = facts.local_hostname;
  settings.log_file = section.logfile.value_or(facts.in_container ? "" : std::string(kLogFile));
  settings.log_level = log_level(section, variables);
}

Mode detect_mode(Mode requested, const HostFacts& facts) {
  if (requested != Mode::Auto) return requested;
  auto set = [&](std::string_view name) {
    return facts.environment && is_true(facts.environment(name).value_or(""));
  };
  const bool on_aws = set("RUN_IN_AWS") || set("RUN_WITH_IRSA") || !facts.imds_region.empty() ||
                      !facts.ecs_region.empty();
  return on_aws ? Mode::Ec2 : Mode::OnPremise;
}

std::string common_config_reference() {
  std::string out;
  std::string_view table;
  for (const CommonKey& key : kCommonKeys) {
    if (key.table != table) {
      table = key.table;
      out += fmt::format(
          "\n### `[{}]` of `common-config.toml`\n\n| key | default | meaning |\n| --- | --- | --- "
          "|\n",
          table);
    }
    out += fmt::format("| `{}` | {} | {} |\n", key.key, key.otherwise, key.doc);
  }
  return out;
}

}  // namespace kansoku::pipeline::cloudwatch_agent
