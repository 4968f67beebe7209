"""kansoku agent beside kansoku server: files arrive line by line, each once, whatever is killed in between."""

import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Agent, Server, run, wait_until

AGENT = """
receivers:
  filelog/app:
    include: [{logs}/*.log]
    group: /agent/app
    stream: "{{file_name}}"
    poll_interval: 20ms
exporters:
  cloudwatch_logs:
    endpoint: {url}
    region: us-east-1
    flush_interval: 0s
    {more}
agent:
  ca_bundle: {ca}
service:
  pipelines:
    logs:
      receivers: [filelog/app]
      exporters: [cloudwatch_logs]
"""


class Collection(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kansoku-agent-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.logs = self.folder / "logs"
        self.logs.mkdir()

    def agent(self, server, more="", ca=""):
        text = AGENT.format(logs=self.logs, url=server.url.rstrip("/"), more=more, ca=ca or "''")
        agent = Agent(text, self.folder / "agent", env=server.environment())
        self.addCleanup(agent.__exit__)
        return agent

    def messages(self, server, group="/agent/app"):
        """Every message of a group, in the order in which they are given back."""
        logs = server.boto3("logs")
        out = []
        try:
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
                out += [event["message"] for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:
            pass
        return out

    def test_lines_arrive_once_and_ctl_says_where_they_are(self):
        with Server("--no-agent") as server:
            agent = self.agent(server).start()
            lines = [f"line {i} äöü" for i in range(2000)]
            (self.logs / "a.log").write_text("\n".join(lines) + "\n")
            (self.logs / "b.log").write_text('{"level":"error"}\n')
            wait_until(lambda: len(self.messages(server)) == 2001, "all lines")
            self.assertEqual(sorted(self.messages(server)), sorted(lines + ['{"level":"error"}']))
            logs = server.boto3("logs")
            streams = logs.describe_log_streams(logGroupName="/agent/app")["logStreams"]
            self.assertEqual([s["logStreamName"] for s in streams], ["a.log", "b.log"])
            code, out, error = agent.ctl("where", f"{self.logs}/a.log:100")
            self.assertEqual(code, 0, error)
            self.assertRegex(out, r"a\.log:100  filelog/app: sent at 20\d\d-")
            code, out, _ = agent.ctl("where", f"{self.logs}/a.log:99999999")
            self.assertIn("not yet read", out)
            code, out, _ = agent.ctl("where", "/nowhere")
            self.assertIn("no receiver follows it", out)
            code, out, _ = agent.ctl("files")
            self.assertRegex(out, r"a\.log  filelog/app: \d+ of \d+ bytes read, \d+ acknowledged, 0 in flight")
            metrics = agent.metrics()
            self.assertEqual(metrics['kansoku_exporter_events_forwarded_total{exporter="cloudwatch_logs"}'], 2001)
            self.assertEqual(metrics["kansoku_unresolved_deliveries_total"], 0)
            self.assertEqual(agent.stop(), 0)

    def test_every_line_once_while_either_side_is_killed(self):
        rng = random.Random(7)
        server_data = tempfile.TemporaryDirectory(prefix="kansoku-server-")
        self.addCleanup(server_data.cleanup)
        server = Server("--no-agent", data=server_data.name).start()
        port = server.port
        agent = self.agent(server)
        agent.start()
        stop = threading.Event()
        written = []

        def write():
            with open(self.logs / "a.log", "a", buffering=1) as a, open(self.logs / "b.log", "a", buffering=1) as b:
                number = 0
                while not stop.wait(0.002):
                    for _ in range(20):
                        line = f"{number} {'x' * rng.randrange(200)}"
                        (a if rng.random() < 0.7 else b).write(line + "\n")
                        written.append(line)
                        number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for round_ in range(12):
                before = len(written)
                wait_until(lambda: len(written) > before + 500, "more lines")
                if round_ % 2 == 0:
                    agent.kill()
                    agent.start()
                else:
                    server.kill()
                    server.__exit__()
                    server = Server("--no-agent", "--listen", f"127.0.0.1:{port}", data=server_data.name).start()
        finally:
            stop.set()
            writer.join()
        self.addCleanup(server.__exit__)
        wait_until(lambda: len(self.messages(server)) >= len(written), "all lines", 900)
        got = self.messages(server)
        self.assertEqual(len(got), len(written))
        self.assertEqual(sorted(got), sorted(written))
        self.assertEqual(agent.stop(), 0)

    def test_over_tls_with_a_certificate_of_ones_own_authority(self):
        key, certificate = self.folder / "key.pem", self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        with Server("--no-agent", "--tls-cert", str(certificate), "--tls-key", str(key)) as server:
            (self.logs / "a.log").write_text("over tls\n")
            agent = self.agent(server, ca=certificate).start()
            forwarded = 'kansoku_exporter_events_forwarded_total{exporter="cloudwatch_logs"}'
            wait_until(lambda: agent.metrics().get(forwarded) == 1, "the line")
            self.assertEqual(agent.stop(), 0)
            # Without the authority nothing is sent, and nothing is lost.
            (self.logs / "a.log").write_text("over tls\nafter\n")
            agent = self.agent(server).start()
            waiting = 'kansoku_exporter_requests_waiting{exporter="cloudwatch_logs"}'
            wait_until(lambda: agent.metrics().get(waiting) == 1, "a request that waits")
            self.assertEqual(agent.metrics()[forwarded], 0)
            self.assertEqual(agent.stop(), 0)

    def test_a_configuration_of_the_cloudwatch_agent_runs_as_it_is(self):
        with Server("--no-agent") as server:
            configuration = {
                "agent": {"region": "us-east-1", "logfile": "", "debug": True},
                "logs": {
                    "endpoint_override": server.url.rstrip("/"),
                    "force_flush_interval": 1,
                    "logs_collected": {"files": {"collect_list": [{
                        "file_path": f"{self.logs}/*.log", "log_group_name": "cw-{local_hostname}", "log_stream_name": "s",
                        "publish_multi_logs": True, "retention_in_days": 7, "timestamp_format": "%Y-%m-%d %H:%M:%S", "timezone": "UTC",
                        "multi_line_start_pattern": "{timestamp_format}",
                        "filters": [{"type": "exclude", "expression": "DEBUG"}]}]}}}}
            agent = Agent(json.dumps(configuration), self.folder / "agent", env=server.environment(), name="agent.json")
            self.addCleanup(agent.__exit__)
            code, out, error = run("check", "config", "--explain", str(agent.configuration))
            self.assertEqual(code, 0, out + error)
            group = f"cw-{pathlib.Path('/proc/sys/kernel/hostname').read_text().strip()}"
            self.assertIn(group, out)
            agent.start()
            now = time.time()
            at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
            (self.logs / "a.log").write_text(f"{at} first\n  trace\n{at} DEBUG not this\n{at} second\n{at} end\n")
            wait_until(lambda: len(self.messages(server, group)) >= 3, "the events")
            events = server.boto3("logs").filter_log_events(logGroupName=group)["events"]
            self.assertEqual([e["message"] for e in events], [f"{at} first\n  trace", f"{at} second", f"{at} end"])
            self.assertEqual(events[0]["timestamp"], int(now) * 1000)
            self.assertTrue(events[0]["logStreamName"].startswith("s_"), events[0])
            groups = server.boto3("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            wait_until(lambda: server.boto3("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"][0].get("retentionInDays") == 7,
                       "the retention")
            self.assertEqual(len(groups), 1)
            self.assertEqual(agent.stop(), 0)

    def test_files_of_the_cloudwatch_agent_are_chosen_and_removed_as_it_says(self):
        with Server("--no-agent") as server:
            entry = {"file_path": f"{self.logs}/app*", "blacklist": "\\.bak$", "log_group_name": "one", "log_stream_name": "s", "auto_removal": True}
            configuration = {
                "agent": {"region": "us-east-1", "logfile": ""},
                "logs": {"endpoint_override": server.url.rstrip("/"), "force_flush_interval": 1, "logs_collected": {"files": {"collect_list": [
                    entry, {"file_path": f"{self.logs}/*/x.log", "publish_multi_logs": True}]}}}}
            agent = Agent(json.dumps(configuration), self.folder / "agent", env=server.environment(), name="agent.json")
            self.addCleanup(agent.__exit__)
            for name, text in (("app.1", "too old\n"), ("app.2", "first\n"), ("app.bak", "never\n")):
                (self.logs / name).write_text(text)
            at = time.time()
            for age, name in ((20, "app.1"), (10, "app.2"), (0, "app.bak")):
                os.utime(self.logs / name, (at - age, at - age))
            (self.logs / "a b").mkdir()
            (self.logs / "a b" / "x.log").write_text("multi\n")
            agent.start()
            wait_until(lambda: self.messages(server, "one") == ["first"], "the newest file")
            (self.logs / "app.3").write_text("second\n")
            wait_until(lambda: self.messages(server, "one") == ["first", "second"], "its successor")
            wait_until(lambda: not (self.logs / "app.2").exists(), "the removal of the finished file")
            self.assertEqual(sorted(p.name for p in self.logs.glob("app*")), ["app.1", "app.3", "app.bak"])
            multi = f"{self.logs}/a_b/x.log"
            wait_until(lambda: self.messages(server, multi) == ["multi"], "the group that is named by the path")
            self.assertEqual(agent.stop(), 0)

    def test_lines_wait_for_others_and_a_stop_sends_them(self):
        with Server("--no-agent") as server:
            agent = self.agent(server)
            agent.configuration.write_text(agent.configuration.read_text().replace("flush_interval: 0s", "flush_interval: 1h"))
            agent.start()
            (self.logs / "a.log").write_text("one\n")
            read = 'kansoku_filelog_open_files{receiver="filelog/app"}'
            wait_until(lambda: agent.metrics().get(read) == 1, "an open file")
            for _ in range(20):
                self.assertEqual(agent.metrics()['kansoku_exporter_requests_total{exporter="cloudwatch_logs"}'], 0)
            self.assertEqual(agent.stop(), 0)
            agent.configuration.write_text(agent.configuration.read_text().replace("flush_interval: 1h", "flush_interval: 0s"))
            agent.start()
            (self.logs / "a.log").write_text("one\ntwo\n")
            wait_until(lambda: len(self.messages(server)) >= 2, "both lines")
            self.assertEqual(self.messages(server), ["one", "two"])
            self.assertEqual(agent.stop(), 0)

    def test_what_listeners_took_waits_on_disk_for_its_endpoint(self):
        with Server("--no-agent") as server:
            port = server.port
            server.kill()
            agent = Agent(f"""
receivers:
  syslog/edge:
    listen: 127.0.0.1:0
    group: /edge
    stream: "{{hostname}}"
exporters:
  cloudwatch_logs/home:
    endpoint: http://127.0.0.1:{port}
    region: us-east-1
service:
  pipelines:
    logs/edge:
      receivers: [syslog/edge]
      exporters: [cloudwatch_logs/home]
""", self.folder / "agent", env=server.environment())
            self.addCleanup(agent.__exit__)
            taken = 'kansoku_spool_rows_taken_total{exporter="cloudwatch_logs/home"}'
            lines = []
            for round_ in range(3):
                agent.start()
                syslog = json.loads((agent.data / "ports.json").read_text())["syslog/edge"]
                some = [f"round {round_} line {i}" for i in range(100)]
                lines += some
                with socket.create_connection(("127.0.0.1", syslog)) as connection:
                    for line in some:
                        connection.sendall(f"<14>1 2026-11-22T10:00:00Z edge app - - - {line}\n".encode())
                wait_until(lambda: agent.metrics().get(taken) == 100, "the spool has them")
                agent.kill()
            with Server("--no-agent", "--listen", f"127.0.0.1:{port}", data=server.data) as again:
                agent.start()
                self.assertEqual(agent.metrics()['kansoku_ledger_received_rows_total{receiver="spool",account="",branch="cloudwatch_logs/home"}'], 300)
                wait_until(lambda: len(self.messages(again, "/edge")) >= 300, "what the spool kept")
                waiting = 'kansoku_spool_records_waiting{exporter="cloudwatch_logs/home"}'
                wait_until(lambda: agent.metrics()[waiting] == 0, "an empty spool")
                self.assertEqual(sorted(self.messages(again, "/edge")), sorted(lines))
                self.assertEqual(agent.stop(), 0)

    def test_the_server_follows_files_itself(self):
        configuration = self.folder / "server.yaml"
        configuration.write_text(f"""
receivers:
  filelog/own:
    include: [{self.logs}/*.log]
    group: /own
    timestamp_format: "%Y-%m-%dT%H:%M:%S.%f%z"
    multiline_timestamp: true
exporters:
  store:
service:
  pipelines:
    logs:
      receivers: [filelog/own]
      exporters: [store]
""")
        code, out, error = run("check", "config", "--explain", str(configuration))
        self.assertEqual(code, 0, out + error)
        self.assertIn("receiver filelog/own:", out)
        with Server("--config", str(configuration)) as server:
            (self.logs / "a.log").write_text("2026-11-22T10:00:00.500Z first\n  at second line\n2026-11-22T10:00:01.000Z x\n")
            wait_until(lambda: len(self.messages(server, "/own")) >= 1, "the event")
            events = server.boto3("logs").filter_log_events(logGroupName="/own")["events"]
            self.assertEqual(events[0]["message"], "2026-11-22T10:00:00.500Z first\n  at second line")
            self.assertEqual(events[0]["timestamp"], 1795341600500)
            code, out, _ = server.ctl("where", f"{self.logs}/a.log")
            self.assertRegex(out, "filelog/own: sent at")

    def test_configurations_that_are_wrong_say_where(self):
        bad = self.folder / "bad.yaml"
        bad.write_text("receivers:\n  filelog/x:\n    include: [relative.log]\n    encodin: utf-8\n    filters:\n    - only: x\n"
                       "exporters:\n  cloudwatch_logs:\n    endpoint: nowhere\nservice:\n  pipelines:\n    logs:\n"
                       "      receivers: [filelog/y]\n      exporters: [cloudwatch_logs]\n")
        code, out, _ = run("check", "config", str(bad))
        self.assertEqual(code, 1)
        self.assertRegex(out, re.escape(f"{bad}:3:") + r"\d+: /receivers/filelog~1x/include: .*no absolute path")
        self.assertIn('did you mean "encoding"?', out)
        self.assertIn("is no URL", out)
        self.assertIn('"filelog/y" is not defined', out)
        self.assertIn("each filter is {include: PATTERN}", out)
        code, _, error = run("agent", "--config", str(bad), "--data", str(self.folder / "none"))
        self.assertEqual(code, 1)
        self.assertIn("is no URL", error)
        code, _, error = run("agent")
        self.assertEqual(code, 2)
        self.assertIn("--config FILE is missing", error)


if __name__ == "__main__":
    unittest.main()
