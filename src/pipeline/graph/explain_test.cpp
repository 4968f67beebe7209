#include "pipeline/graph/explain.h"

#include <doctest/doctest.h>

using namespace kansoku;
using namespace kansoku::pipeline;

TEST_CASE("a graph is explained line by line") {
  filelog::FilelogConfig files{.state_path = "/state"};
  filelog::SourceConfig file{.include = {"/var/log/*.log"},
                             .exclude_name_pattern = "old$",
                             .newest_only = true,
                             .group = "g",
                             .stream = "s",
                             .charset = Charset::Utf16Le,
                             .multiline = {.start_pattern = "^\\S"},
                             .timestamp_format = "%H:%M",
                             .zone = Zone(-16'200),
                             .trim_timestamp = true};
  file.filters = {{"a", true, "x"}, {"b", false, "y"}};
  files.sources = {file, {.include = {"/b"}, .group = "h", .stream = "t"}};
  journald::JournaldConfig journal;
  journal.sources = {{.units = {"sshd", "cron"},
                      .priority_max = 4,
                      .matches = {{{"A", "1"}, {"B", "2"}}, {{"C", "3"}}},
                      .group = "j",
                      .stream = "s"}};
  GraphSpec graph;
  graph.agent = {.region = "eu-west-1",
                 .profile = "p",
                 .profile_is_default = true,
                 .https_proxy = "http://q",
                 .log_level = "warn"};
  graph.receivers = {{"filelog", files}, {"journald", journal}, {"emf", emf_listener::EmfConfig{}}};
  cloudwatch_logs::CloudWatchLogsConfig logs{.region = "eu-west-1", .groups = {{"g", "", 7}}};
  graph.exporters = {
      {"cloudwatch_logs", logs}, {"discard", DiscardConfig{}}, {"store", StoreConfig{}}};
  graph.pipelines = {{"logs", SignalKind::Logs, {"filelog", "emf"}, {"cloudwatch_logs"}}};
  CHECK(
      explain(graph, 0) ==
      "agent: region eu-west-1, log on stderr at level warn\n"
      "  credentials: profile p where it exists\n"
      "  proxies: https http://q\n"
      "receiver filelog: log files\n"
      "  what was read is remembered in /state\n"
      "  /var/log/*.log\n"
      "    of those that match the one that changed last; without names that match old$; from the "
      "beginning\n"
      "    to group g, stream s\n"
      "    event: begins with a line that matches ^\\S; ends after 5 s of silence; over 1048576 "
      "bytes split\n"
      "    time: %H:%M, without an offset UTC-04:30, cut from the text\n"
      "    encoding: utf-16le\n"
      "    only events that match x\n"
      "    without events that match y\n"
      "  /b\n"
      "    from the beginning\n"
      "    to group h, stream t\n"
      "    event: each line; ends after 5 s of silence; over 1048576 bytes split\n"
      "    time: when it is read\n"
      "receiver journald: the journal of systemd, from now on\n"
      "  units sshd cron, warning and more severe\n"
      "    where A=1 and B=2, or C=3\n"
      "    to group j, stream s\n"
      "receiver emf: embedded metric format on 127.0.0.1:25888 by tcp and udp\n"
      "  to the group and stream of the document, else group emf/logs/default, stream \n"
      "exporter cloudwatch_logs: PutLogEvents to the region's endpoint, region eu-west-1\n"
      "  events wait 5 s at most; 1 request in flight, by gzip\n"
      "  group g: class as the service has it, retention 7 days\n"
      "exporter discard: nothing is kept\n"
      "exporter store: into the store of this server\n"
      "pipeline logs: filelog, emf -> cloudwatch_logs\n");
}
