#include "pipeline/dialects/cloudwatch_agent/dialect.h"

#include <doctest/doctest.h>

#include "base/env/sim.h"

using namespace kansoku;
using namespace kansoku::pipeline;
namespace cw = kansoku::pipeline::cloudwatch_agent;

namespace {

cw::HostFacts host() {
  cw::HostFacts facts;
  facts.instance_id = "i-0123456789abcdef0";
  facts.ec2_hostname = "ip-10-0-0-1.ec2.internal";
  facts.local_hostname = "web1";
  facts.ip_address = "10.0.0.1";
  facts.account_id = "123456789012";
  facts.imds_region = "eu-west-1";
  facts.date = "2026-11-23";
  facts.local_zone = Zone(3'600);
  return facts;
}

// The problems, one a line; or nothing.
std::string problems_of(std::vector<cw::SourceFile> files, const cw::HostFacts& facts = host()) {
  auto translation = cw::translate(std::move(files), facts);
  std::string out;
  if (translation) return out;
  for (const wire::Problem& problem : translation.error()) out += problem.to_string() + "\n";
  return out;
}
std::string problems_of(std::string text) { return problems_of({{"a.json", std::move(text)}}); }

cw::Translation translated(std::vector<cw::SourceFile> files, const cw::HostFacts& facts = host(),
                           const cw::Options& options = {}) {
  auto translation = cw::translate(std::move(files), facts, options);
  REQUIRE_MESSAGE(translation.has_value(), translation.error().front().to_string());
  return std::move(*translation);
}
cw::Translation translated(std::string text) {
  return translated(std::vector<cw::SourceFile>{{"a.json", std::move(text)}});
}

std::string files_of(std::string_view entries, std::string_view rest = "") {
  return fmt::format(R"({{"logs": {{"logs_collected": {{"files": {{"collect_list": [{}]}}}}{}}}}})",
                     entries, rest);
}
std::string journald_of(std::string_view entries) {
  return fmt::format(
      R"({{"logs": {{"logs_collected": {{"journald": {{"collect_list": [{}]}}}}}}}})", entries);
}

template <class Config>
const Config& receiver(const cw::Translation& translation, std::string_view name) {
  for (const ReceiverSpec& spec : translation.graph.receivers) {
    if (spec.name == fmt::format("{}/cloudwatch_agent", name)) return std::get<Config>(spec.config);
  }
  FAIL("no receiver " << name);
  return std::get<Config>(translation.graph.receivers.front().config);
}
const filelog::SourceConfig& source(const cw::Translation& translation, size_t index = 0) {
  return receiver<filelog::FilelogConfig>(translation, "filelog").sources.at(index);
}
const cloudwatch_logs::CloudWatchLogsConfig& exporter(const cw::Translation& translation) {
  return std::get<cloudwatch_logs::CloudWatchLogsConfig>(translation.graph.exporters.at(0).config);
}
bool has_notice(const cw::Translation& translation, std::string_view text) {
  return std::ranges::any_of(translation.notices, [&](const wire::Problem& notice) {
    return notice.to_string().find(text) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("cloudwatch agent: a log file goes to its group and stream with the agent's defaults") {
  const auto t = translated(files_of(R"({"file_path": "/var/log/app.log"})"));
  const filelog::SourceConfig& s = source(t);
  CHECK(s.name == "/var/log/app.log");
  CHECK(s.include == std::vector<std::string>{"/var/log/app.log"});
  CHECK(s.group == "/var/log/app");
  CHECK(s.stream == "i-0123456789abcdef0");
  CHECK(s.start_at == filelog::StartAt::Beginning);
  CHECK(s.multiline.start_pattern == "^\\S");
  CHECK(s.timestamp_format.empty());
  CHECK(s.event_bytes_max == (1 << 20) - 200);
  CHECK(s.long_events == filelog::LongEvents::Truncate);
  CHECK(s.truncated_suffix == "[Truncated...]");
  CHECK(s.flush_ms == 5'000);
  CHECK_FALSE(s.newest_only);
  CHECK(exporter(t).region == "eu-west-1");
  CHECK(exporter(t).flush_interval_ms == 5'000);
  CHECK(exporter(t).concurrency == 1);
  REQUIRE(t.graph.pipelines.size() == 1);
  CHECK(t.graph.pipelines[0].signal == SignalKind::Logs);
  CHECK(t.graph.pipelines[0].receivers == std::vector<std::string>{"filelog/cloudwatch_agent"});
  CHECK(t.graph.pipelines[0].exporters ==
        std::vector<std::string>{"cloudwatch_logs/cloudwatch_agent"});
}

TEST_CASE("cloudwatch agent: every key of a file has its effect") {
  const auto t = translated(files_of(R"({
    "file_path": "/var/log/app*.log", "blacklist": "old$", "log_group_name": "g-{account_id}",
    "log_stream_name": "{hostname}/{ip_address}", "log_group_class": "INFREQUENT_ACCESS",
    "retention_in_days": 30, "timestamp_format": "%b %-d %H:%M:%S", "timezone": "UTC",
    "trim_timestamp": true, "multi_line_start_pattern": "{timestamp_format}",
    "encoding": "utf-16be", "auto_removal": true, "backpressure_mode": "fd_release",
    "filters": [{"type": "include", "expression": "a.c"}, {"type": "exclude", "expression": "x"}]
  })",
                                     R"(, "force_flush_interval": 7, "concurrency": 4,
    "endpoint_override": "logs.example.com",
    "credentials": {"role_arn": "arn:aws:iam::123456789012:role/logs"})"));
  const filelog::SourceConfig& s = source(t);
  CHECK(s.exclude_name_pattern == "old$");
  CHECK(s.group == "g-123456789012");
  CHECK(s.stream == "ip-10-0-0-1.ec2.internal/10.0.0.1");
  CHECK(s.timestamp_format == "%b %-d %H:%M:%S");
  CHECK(s.zone.offset_s(0) == 0);
  CHECK(s.trim_timestamp);
  CHECK(s.multiline.start_is_timestamp);
  CHECK(s.multiline.start_pattern.empty());
  CHECK(s.charset == Charset::Utf16Be);
  CHECK(s.newest_only);
  CHECK(s.remove_finished);
  CHECK(s.release_blocked_ms == 0);  // not with auto_removal
  REQUIRE(s.filters.size() == 2);
  CHECK(s.filters[0].include);
  CHECK(s.filters[1].name == "filters/1");
  const auto& e = exporter(t);
  CHECK(e.endpoint == "https://logs.example.com");
  CHECK(e.role_arn == "arn:aws:iam::123456789012:role/logs");
  CHECK(e.flush_interval_ms == 7'000);
  CHECK(e.concurrency == 4);
  REQUIRE(e.groups.size() == 1);
  CHECK(e.groups[0].group == "g-123456789012");
  CHECK(e.groups[0].log_class == "INFREQUENT_ACCESS");
  CHECK(e.groups[0].retention_days == 30);
}

TEST_CASE("cloudwatch agent: publish_multi_logs names streams, or groups, by the file") {
  const auto t = translated(files_of(
      R"({"file_path": "/a/*.log", "publish_multi_logs": true, "log_group_name": "g"},
         {"file_path": "/b c/*.log", "publish_multi_logs": true, "retention_in_days": 7})",
      R"(, "log_stream_name": "s")"));
  CHECK(source(t, 0).group == "g");
  CHECK(source(t, 0).stream == "s_{file_path_flat}");
  CHECK_FALSE(source(t, 0).newest_only);
  CHECK(source(t, 1).group == "{file_path_group}");
  CHECK(source(t, 1).stream == "s");
  REQUIRE(exporter(t).groups.size() == 1);
  CHECK(exporter(t).groups[0].group == "/b_c/*.log");
  CHECK(exporter(t).groups[0].is_glob);
}

TEST_CASE("cloudwatch agent: the local zone, the default multi-line rule and the agent's own log") {
  const auto t = translated(
      R"({"agent": {"logfile": "/own.log"}, "logs": {"logs_collected": {"files": {"collect_list": [
        {"file_path": "/own.log", "timestamp_format": "%H:%M"},
        {"file_path": "/x.log", "multi_line_start_pattern": "{timestamp_format}"},
        {"file_path": "/x.log", "backpressure_mode": "fd_release"}]}}}})");
  CHECK(source(t, 0).timestamp_format.empty());
  CHECK(source(t, 0).zone.offset_s(0) == 3'600);
  CHECK_FALSE(source(t, 1).multiline.start_is_timestamp);
  CHECK(source(t, 1).multiline.start_pattern == "^\\S");
  CHECK(has_notice(t, "there is no timestamp_format"));
  CHECK(source(t, 1).name == "/x.log");
  CHECK(source(t, 2).name == "/x.log#2");
  CHECK(source(t, 2).release_blocked_ms == 3'000);
}

TEST_CASE("cloudwatch agent: journald entries") {
  const auto t = translated(journald_of(R"({"log_group_name": "sys", "units": ["sshd"],
    "priority": "warning", "retention_in_days": 7, "matches": [{"_UID": "0", "A": "b"}, {"C": "d"}],
    "filters": [{"type": "include", "expression": "a"}, {"type": "exclude", "expression": "n"},
                {"type": "include", "expression": "b|c"}]},
    {"log_group_name": "sys", "log_stream_name": "{local_hostname}", "priority": "7"})"));
  const auto& config = receiver<journald::JournaldConfig>(t, "journald");
  REQUIRE(config.sources.size() == 2);
  const journald::SourceConfig& s = config.sources[0];
  CHECK(s.group == "sys");
  CHECK(s.stream == "i-0123456789abcdef0");
  CHECK(s.units == std::vector<std::string>{"sshd"});
  CHECK(s.priority_max == 4);
  REQUIRE(s.matches.size() == 2);
  CHECK(s.matches[0].size() == 2);
  CHECK(s.matches[1] == std::vector<journald::FieldMatch>{{"C", "d"}});
  REQUIRE(s.filters.size() == 2);
  CHECK(s.filters[0].include);
  CHECK(s.filters[0].pattern == "(?:a)|(?:b|c)");
  CHECK(s.filters[1].pattern == "n");
  CHECK(config.sources[1].stream == "web1");
  CHECK(config.sources[1].priority_max == 7);
  CHECK(exporter(t).groups.size() == 1);
}

TEST_CASE("cloudwatch agent: emf listens where it is told, by both protocols if not") {
  const auto both =
      translated(R"({"logs": {"log_stream_name": "s", "metrics_collected": {"emf": {}}}})");
  const auto& config = receiver<emf_listener::EmfConfig>(both, "emf");
  CHECK(config.address == "0.0.0.0");
  CHECK(config.port == 25'888);
  CHECK(config.tcp);
  CHECK(config.udp);
  CHECK(config.group == "emf/logs/default");
  CHECK(config.stream == "s");
  const auto udp = translated(
      R"({"logs": {"metrics_collected": {"structuredlog": {"service_address": "udp:[::1]:99"}}}})");
  CHECK(receiver<emf_listener::EmfConfig>(udp, "emf").address == "::1");
  CHECK(receiver<emf_listener::EmfConfig>(udp, "emf").port == 99);
  CHECK_FALSE(receiver<emf_listener::EmfConfig>(udp, "emf").tcp);
  CHECK(problems_of(R"({"logs": {"metrics_collected": {"emf": {"service_address": "here"}}}})")
            .find("/logs/metrics_collected/emf/service_address: \"here\" is no address") !=
        std::string::npos);
}

TEST_CASE("cloudwatch agent: what is not allowed is said with file, place, pointer and a guess") {
  CHECK(problems_of("{\"logs\": {\n \"logs_colected\": {}}}") ==
        "a.json:2:2: /logs/logs_colected: unknown key \"logs_colected\", did you mean "
        "\"logs_collected\"?\n"
        "a.json:1:10: /logs: needs one of logs_collected, metrics_collected\n");
  CHECK(problems_of("{\"agent\": {}").starts_with("a.json:1:13: /: expected ',' or '}'"));
  struct Case {
    std::string_view entry;
    std::string_view said;
  };
  constexpr std::string_view kList = "/logs/logs_collected/files/collect_list";
  for (const Case& c : std::initializer_list<Case>{
           {"", ": has 0 items, allowed are 1 to 16384"},
           {"{}", "/0: file_path is required"},
           {R"({"file_path": 1})", "/0/file_path: must be text, at most 4096 characters, found"},
           {R"({"file_path": "/a", "from_beginning": true})", "unknown key \"from_beginning\""},
           {R"({"file_path": "/a", "retention_in_days": 2})", "/0/retention_in_days: 2 is none of"},
           {R"({"file_path": "/a", "retention_in_days": "7"})", "/0/retention_in_days: must be"},
           {R"({"file_path": "/a", "log_group_class": "standard"})", "did you mean \"STANDARD\"?"},
           {R"({"file_path": "/a", "log_group_name": ""})", "has 0 characters"},
           {R"({"file_path": "/a", "blacklist": "("})", "/0/blacklist: "},
           {R"({"file_path": "/a", "multi_line_start_pattern": "[z-a]"})",
            "/0/multi_line_start_pattern: "},
           {R"({"file_path": "/a", "timestamp_format": "%Q"})",
            "/0/timestamp_format: \"%Q\" is no"},
           {R"({"file_path": "/a", "encoding": "utf-9"})", "no encoding \"utf-9\" here"},
           {R"({"file_path": "/a", "timezone": "Asia/Tokyo"})", "is none of UTC, Local, LOCAL"},
           {R"({"file_path": "/a", "auto_removal": 1})", "must be true or false, found \"1\""},
           {R"({"file_path": "/a", "backpressure_mode": "drop"})", "is none of fd_release"},
           {R"({"file_path": "/a", "filters": [{"type": "includes", "expression": "a"}]})",
            "/0/filters/0/type: \"includes\" is none of include, exclude, did you mean"},
           {R"({"file_path": "/a", "filters": [{"type": "include"}]})",
            "/0/filters/0: expression is required"},
           {R"({"file_path": "/a"}, {"file_path": "/a"})", "the same item stands at a.json:1:"},
       }) {
    CAPTURE(c.entry);
    const std::string said = problems_of(files_of(c.entry));
    CAPTURE(said);
    CHECK(said.find(kList) != std::string::npos);
    CHECK(said.find(c.said) != std::string::npos);
    CHECK(std::ranges::count(said, '\n') == 1);
  }
}

TEST_CASE("cloudwatch agent: the agent's and the section's own keys are checked") {
  struct Case {
    std::string_view text;
    std::string_view said;
  };
  for (const Case& c : std::initializer_list<Case>{
           {R"({"agent": {"region": ""}})", "/agent/region: \"\" has 0 characters"},
           {R"({"agent": {"metrics_collection_interval": 1.5}})", "must be whole number"},
           {R"({"agent": {"metrics_collection_interval": 0}})", "0 is out of range, 1 to 172800"},
           {R"({"agent": {"credentials": {"role_arn": "arn:short"}}})", "allowed are 20 to 2048"},
           {R"({"agent": {"credentials": {"role": "x"}}})", "/agent/credentials/role: unknown key"},
           {R"({"agent": []})", "/agent: must be an object"},
           {R"({"logs": {"logs_collected": {}, "concurrency": 0}})", "0 is out of range"},
           {R"({"logs": {"logs_collected": {"journald": {"collect_list": [{"units": ["a"]}]}}}})",
            "collect_list/0: log_group_name is required"},
           {R"({"logs": {"logs_collected": {"journald": {"collect_list":
               [{"log_group_name": "g", "priority": "error"}]}}}})",
            "\"error\" is none of emerg"},
           {R"({"metrics": {}})", "/metrics: metrics is not supported yet: "},
           {R"({"csm": {}})", "/csm: csm is not supported yet"},
           {R"({"traces": {}})", "/traces: traces is not supported yet"},
           {R"({"opentelemetry": {}})", "/opentelemetry: opentelemetry is not supported yet"},
           {R"({"logs": {"logs_collected": {"windows_events": {}}}})",
            "/logs/logs_collected/windows_events: windows_events is not supported yet"},
           {R"({"logs": {"metrics_collected": {"kubernetes": {}}}})",
            "/logs/metrics_collected/kubernetes: kubernetes is not supported yet"},
       }) {
    CAPTURE(c.text);
    const std::string said = problems_of(std::string(c.text));
    CAPTURE(said);
    CHECK(said.find(c.said) != std::string::npos);
  }
  CHECK(problems_of(R"({"agent": {"credentials": {"role_arn": "${R}"}}})").empty());
  CHECK(problems_of(R"({"agent": {"metrics_collection_interval": 60.0}})").empty());
}

TEST_CASE("cloudwatch agent: keys that do nothing are notices") {
  const auto t =
      translated(R"({"$schema": "x", "agent": {"debug": true, "omit_hostname": true, "own": 1}})");
  CHECK(has_notice(t, "/agent/omit_hostname: omit_hostname is accepted and does nothing: "));
  CHECK(has_notice(t, "/agent/own: unknown key \"own\"; ignored"));
  CHECK(has_notice(t, "/$schema: unknown key"));
  CHECK(t.notices.size() == 3);
  CHECK(t.graph.pipelines.empty());
}

TEST_CASE("cloudwatch agent: files are merged in the order of their names") {
  const auto t = translated({
      {"b.json", files_of(R"({"file_path": "/b"}, {"file_path": "/a", "timezone": "UTC"})",
                          R"(, "concurrency": 2.0)")},
      {"a.json", files_of(R"({"timezone": "UTC", "file_path": "/a"})",
                          R"(, "concurrency": 2, "log_stream_name": "s")")},
  });
  REQUIRE(receiver<filelog::FilelogConfig>(t, "filelog").sources.size() == 2);
  CHECK(source(t, 0).name == "/a");
  CHECK(source(t, 1).name == "/b");
  CHECK(source(t, 1).stream == "s");
  CHECK(exporter(t).concurrency == 2);
}

TEST_CASE("cloudwatch agent: what two files say differently is a problem with both places") {
  CHECK(problems_of({{"a.json", R"({"agent": {"region": "eu-west-1"}})"},
                     {"b.json", "{\"agent\":\n {\"region\": \"us-east-1\"}}"}}) ==
        "b.json:2:13: /agent/region: different values are specified for region: \"us-east-1\" "
        "here, \"eu-west-1\" at a.json:1:22\n");
  // Of the journal's list nothing is appended.
  CHECK(problems_of({{"a.json", journald_of(R"({"log_group_name": "a"})")},
                     {"b.json", journald_of(R"({"log_group_name": "b"})")}})
            .find("different values are specified for collect_list: a list here, a list at") !=
        std::string::npos);
  CHECK(problems_of(files_of(R"({"file_path": "/a", "log_group_name": "g", "retention_in_days": 7},
            {"file_path": "/b", "log_group_name": "G", "retention_in_days": 14},
            {"file_path": "/c", "log_group_name": "g", "log_group_class": "STANDARD"},
            {"file_path": "/d", "log_group_name": "g", "log_group_class": "INFREQUENT_ACCESS"})"))
            .find("/1/retention_in_days: different values for group \"g\": 14 here, 7 at a.json") !=
        std::string::npos);
}

TEST_CASE("cloudwatch agent: variables and placeholders, known and unknown") {
  cw::HostFacts facts = host();
  facts.environment = [](std::string_view name) -> std::optional<std::string> {
    return name == "STREAM" ? std::optional<std::string>("from-env") : std::nullopt;
  };
  const std::string text = files_of(
      R"({"file_path": "/a", "log_group_name": "${NONE}", "log_stream_name": "{date}-{aws_region}"},
         {"file_path": "/b", "log_stream_name": "{instanceid}${aws:ImageId}"})",
      R"(, "log_stream_name": "x${STREAM}y")");
  const auto t = translated({{"a.json", text}}, facts);
  CHECK(source(t, 0).group == "${NONE}");
  CHECK(source(t, 0).stream == "2026-11-23-eu-west-1");
  CHECK(source(t, 1).stream == "{instanceid}${aws:ImageId}");
  CHECK(has_notice(t, "the variable \"NONE\" is not set"));
  CHECK(has_notice(t, "{instanceid} is no placeholder, did you mean {instance_id}?"));
  facts.environment = [](std::string_view) { return std::optional<std::string>("("); };
  CHECK(problems_of({{"a.json", files_of(R"({"file_path": "/a", "blacklist": "${RE}"})")}}, facts)
            .find("/0/blacklist: ") != std::string::npos);
  const auto unknown = translated({{"a.json", files_of(R"({"file_path": "/a", "log_group_name":
      "{instance_id} {hostname} {local_hostname} {ip_address} {aws_region} {account_id}"})")}},
                                  cw::HostFacts{});
  CHECK(source(unknown).group ==
        "i-UNKNOWN UNKNOWN-HOST UNKNOWN-HOST UNKNOWN-IP UNKNOWN-REGION UNKNOWN-ACCOUNT");
}

TEST_CASE("cloudwatch agent: the stream of what names none depends on where the agent runs") {
  cw::HostFacts facts;
  facts.local_hostname = "web1";
  const std::string text = files_of(R"({"file_path": "/a"})");
  CHECK(source(translated({{"a.json", text}}, facts)).stream == "web1");
  facts.instance_id = "i-1";
  facts.environment = [](std::string_view name) -> std::optional<std::string> {
    return name == "RUN_IN_AWS" ? std::optional<std::string>("True") : std::nullopt;
  };
  CHECK(source(translated({{"a.json", text}}, facts)).stream == "i-1");
  facts.in_container = true;
  facts.container_stream = "arn:aws:ecs:r:1:task/c/t";
  CHECK(source(translated({{"a.json", text}}, facts)).stream == "arn_aws_ecs_r_1_task/c/t");
  CHECK(cw::detect_mode(cw::Mode::OnPremise, facts) == cw::Mode::OnPremise);
}

TEST_CASE("cloudwatch agent: settings of section, common-config.toml, env-config.json, variables") {
  cw::HostFacts facts;
  facts.profile_region = "eu-north-1";
  facts.environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "NO_PROXY") return "10.0.0.0/8";
    if (name == "IMDS_NUMBER_RETRY") return "5";
    return std::nullopt;
  };
  const auto t = translated(
      {{"common-config.toml",
        "[credentials]\nshared_credential_file = \"/c\"\n[proxy]\nhttp_proxy = \"http://p:1\"\n",
        cw::SourceFile::Kind::CommonConfig},
       {"env-config.json",
        R"({"CWAGENT_LOG_LEVEL": "DEBUG", "AWS_CA_BUNDLE": "/ca.pem", "HTTPS_PROXY": "http://q:2",
            "AWS_USE_DUALSTACK_ENDPOINT": "true"})",
        cw::SourceFile::Kind::EnvConfig},
       {"a.json", R"({"agent": {"run_as_user": "cwagent", "user_agent": "mine",
                      "credentials": {"role_arn": "arn:aws:iam::123456789012:role/a"}}})"}},
      facts);
  const AgentSettings& s = t.graph.agent;
  CHECK(s.region == "eu-north-1");
  CHECK(s.credentials_file == "/c");
  CHECK(s.profile.empty());
  CHECK(s.http_proxy == "http://p:1");
  CHECK(s.https_proxy == "http://q:2");
  CHECK(s.no_proxy == "10.0.0.0/8");
  CHECK(s.ca_bundle_file == "/ca.pem");
  CHECK(s.imds_retries == 5);
  CHECK(s.dual_stack);
  CHECK(s.log_level == "debug");
  CHECK(s.run_as_user == "cwagent");
  CHECK(s.user_agent == "mine");
  CHECK(s.role_arn == "arn:aws:iam::123456789012:role/a");
  CHECK(s.log_file == "/opt/aws/amazon-cloudwatch-agent/logs/amazon-cloudwatch-agent.log");
  const auto bare = translated(R"({"agent": {"quiet": true, "logfile": ""}})");
  CHECK(bare.graph.agent.log_level == "error");
  CHECK(bare.graph.agent.log_file.empty());
  CHECK(bare.graph.agent.profile.empty());
  const auto on_premise = translated({{"a.json", "{}"}}, {}, {.mode = cw::Mode::OnPremise});
  CHECK(on_premise.graph.agent.profile == "AmazonCloudWatchAgent");
  CHECK(on_premise.graph.agent.profile_is_default);
  CHECK(problems_of(
            {{"c.toml", "[proxi]\n", cw::SourceFile::Kind::CommonConfig}, {"a.json", "{}"}}) ==
        "c.toml:1:1: /proxi: unknown key \"proxi\", did you mean \"proxy\"?\n");
}

TEST_CASE("cloudwatch agent: paths of saved state, and no configuration at all") {
  const auto t = translated({{"a.json", files_of(R"({"file_path": "/s/**"})")}}, host(),
                            {.state_directory = "/s/state"});
  CHECK(receiver<filelog::FilelogConfig>(t, "filelog").state_path == "/s/state/filelog.state");
  CHECK(source(t).exclude == std::vector<std::string>{"/s/state/**"});
  CHECK(problems_of(std::vector<cw::SourceFile>{}) == "-:1:1: /: no configuration\n");
}

TEST_CASE("cloudwatch agent: the dialect is known by its content") {
  CHECK(cw::is_agent_configuration("\n {\"agent\": {}}"));
  CHECK(cw::is_agent_configuration("{\"logs\": {"));
  CHECK_FALSE(cw::is_agent_configuration("{\"server\": {}}"));
  CHECK_FALSE(cw::is_agent_configuration("server:\n  listen: x\n"));
  CHECK_FALSE(cw::is_agent_configuration(""));
  CHECK(cw::kind_of("/etc/common-config.toml") == cw::SourceFile::Kind::CommonConfig);
  CHECK(cw::kind_of("/etc/env-config.json") == cw::SourceFile::Kind::EnvConfig);
  CHECK(cw::kind_of("/etc/x.json") == cw::SourceFile::Kind::Agent);
}

TEST_CASE("cloudwatch agent: the page of the documents has the tables of the keys") {
  auto page = env::real_files().read_all(
      fmt::format("{}/docs/dialects/cloudwatch-agent.md", KANSOKU_SOURCE_DIR));
  REQUIRE(page.has_value());
  // kansoku check config --dialect cloudwatch-agent --reference prints them.
  CHECK(page->find(cw::config_reference()) != std::string::npos);
}

TEST_CASE("cloudwatch agent: files of folders are found, but for those of others") {
  env::SimFileSystem files;
  auto write = [&](const std::string& path, std::string_view text) {
    REQUIRE(files.create_directories(path.substr(0, path.rfind('/'))).has_value());
    REQUIRE(files.write_atomic(path, text).has_value());
  };
  write("/etc/d/a.json", "{}");
  write("/etc/d/x.yaml", "a: 1");
  write("/etc/d/new.tmp", "{}");
  write("/etc/d/e/ssm_b", "{}");
  write("/etc/common-config.toml", "");
  auto sources = cw::load_sources(files, {"/etc/d", "/etc/common-config.toml"});
  REQUIRE(sources.has_value());
  std::set<std::string> names;
  for (const cw::SourceFile& source : *sources) names.insert(source.name);
  CHECK(names ==
        std::set<std::string>{"/etc/common-config.toml", "/etc/d/a.json", "/etc/d/e/ssm_b"});
  auto missing = cw::load_sources(files, {"/none"});
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().front().file == "/none");
}
