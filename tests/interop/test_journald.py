"""The journal of a real systemd-journald, in a mount namespace of its own: each entry once, across kill -9 of the agent."""

import ctypes.util
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Agent, Server, wait_until

JOURNALD = pathlib.Path("/lib/systemd/systemd-journald")
TOOLS = all(shutil.which(name) for name in ("unshare", "nsenter", "mount", "journalctl"))

# Its /run is a folder of the test, so that it sees nothing of the host's and the host nothing of it.
START = """
set -e
mount --make-rprivate /
mount --bind "$1/run" /run
exec %s
""" % JOURNALD

CONFIGURATION = """[Journal]
Storage=volatile
ReadKMsg=no
RateLimitIntervalSec=0
RuntimeMaxFileSize=1M
ForwardToSyslog=no
ForwardToWall=no
"""


def possible():
    if os.geteuid() != 0 or not JOURNALD.exists() or not TOOLS or not ctypes.util.find_library("systemd"):
        return False
    return subprocess.run(["unshare", "-m", "mount", "--make-rprivate", "/"], capture_output=True).returncode == 0


class Journal:
    """A running systemd-journald; `root` is what a receiver reads below."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="kansoku-journal-")
        self.root = pathlib.Path(self._folder.name)
        (self.root / "run/log/journal").mkdir(parents=True)
        (self.root / "run/systemd/journal").mkdir(parents=True)
        conf = self.root / "run/systemd/journald.conf.d"
        conf.mkdir()
        (conf / "test.conf").write_text(CONFIGURATION)
        self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", START, "sh", str(self.root)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.socket = self.root / "run/systemd/journal/socket"
        wait_until(lambda: self.socket.exists() and list(self.root.glob("run/log/journal/*/system.journal")), "the journal")
        self.sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sender.connect(str(self.socket))

    def send(self, message, identifier="app", priority=4, **fields):
        fields = {"MESSAGE": message, "SYSLOG_IDENTIFIER": identifier, "PRIORITY": priority, **fields}
        self.sender.send("".join(f"{name}={value}\n" for name, value in fields.items()).encode())

    def files(self):
        return len(list(self.root.glob("run/log/journal/*/*.journal")))

    def rotate(self):
        before = self.files()
        self.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: self.files() > before, "a rotated journal")

    def vacuum(self):
        subprocess.run(["journalctl", "-D", next(self.root.glob("run/log/journal/*")), "--vacuum-files=1"], check=True, capture_output=True)
        wait_until(lambda: self.files() == 1, "a journal of one file")

    def inside(self):
        """What runs a command where the journal is the system's."""
        return ["nsenter", f"--mount=/proc/{self.process.pid}/ns/mnt"]

    def close(self):
        self.sender.close()
        self.process.terminate()
        self.process.wait()
        self._folder.cleanup()


@unittest.skipUnless(possible(), "no systemd-journald in a mount namespace of our own here")
class JournaldReceiver(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kansoku-journald-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.journal = Journal()
        self.addCleanup(self.journal.close)

    def messages(self, server, group):
        logs = server.boto3("logs")
        out = []
        try:
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
                out += [event["message"] for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:
            pass
        return out

    def test_each_entry_once_across_kill_rotation_and_vacuum(self):
        with Server("--no-agent") as server:
            agent = Agent(f"""
receivers:
  journald/app:
    root: {self.journal.root}
    start_at: beginning
    priority: warning
    matches: [{{SYSLOG_IDENTIFIER: app}}, {{SYSLOG_IDENTIFIER: other, KIND: yes}}]
    filters: [{{exclude: noise}}]
    group: /journal
    stream: s
    poll_interval: 20ms
exporters:
  cloudwatch_logs:
    endpoint: {server.url.rstrip("/")}
    region: us-east-1
    flush_interval: 0s
service:
  pipelines:
    logs:
      receivers: [journald/app]
      exporters: [cloudwatch_logs]
""", self.folder / "agent", env=server.environment())
            self.addCleanup(agent.__exit__)
            sent = []

            def send(count):
                for _ in range(count):
                    line = f"entry {len(sent)} äöü"
                    sent.append(line)
                    if len(sent) % 7 == 0:
                        self.journal.send(line, identifier="other", KIND="yes")
                    else:
                        self.journal.send(line)

            send(300)
            self.journal.send("of another program", identifier="another")
            self.journal.send("less severe", priority=6)
            self.journal.send("noise")
            self.journal.send("of no kind", identifier="other")
            agent.start()
            for round_ in range(10):
                send(400)
                if round_ % 3 == 1:
                    self.journal.rotate()
                send(100)
                agent.kill()
                send(50)
                agent.start()
                if round_ % 3 == 2:
                    # What is vacuumed was sent before.
                    wait_until(lambda: len(self.messages(server, "/journal")) >= len(sent), "all entries")
                    self.journal.rotate()
                    self.journal.vacuum()
            wait_until(lambda: len(self.messages(server, "/journal")) >= len(sent), "all entries")
            self.assertEqual(agent.metrics()["kansoku_unresolved_deliveries_total"], 0)
            self.assertEqual(agent.stop(), 0)
            got = self.messages(server, "/journal")
            self.assertEqual(len(got), len(sent))
            self.assertEqual(sorted(got), sorted(sent))

    def test_the_server_reads_the_journal_with_its_fields(self):
        configuration = self.folder / "server.yaml"
        configuration.write_text(f"""
receivers:
  journald:
    root: {self.journal.root}
    poll_interval: 20ms
exporters:
  store:
service:
  pipelines:
    logs:
      receivers: [journald]
      exporters: [store]
""")
        self.journal.send("before the start")
        with Server("--config", str(configuration)) as server:
            self.journal.send("after it", COLOUR="blue", CODE_LINE=7)
            wait_until(lambda: "after it" in self.messages(server, "/kansoku/journald"), "the entry")
            self.assertNotIn("before the start", self.messages(server, "/kansoku/journald"))
            logs = server.boto3("logs")
            query = logs.start_query(logGroupName="/kansoku/journald", startTime=0, endTime=4102444800,
                                     queryString='fields @message, COLOUR, PRIORITY, _PID | filter COLOUR = "blue"')["queryId"]
            results = wait_until(lambda: logs.get_query_results(queryId=query)["status"] == "Complete" and logs.get_query_results(queryId=query)["results"],
                                 "the answer")
            row = {field["field"]: field["value"] for field in results[0]}
            self.assertEqual((row["@message"], row["COLOUR"], row["PRIORITY"], row["_PID"]), ("after it", "blue", "4", str(os.getpid())))

    def test_the_cloudwatch_agents_journald_section_runs_as_it_is(self):
        with Server("--no-agent") as server:
            configuration = {
                "agent": {"region": "us-east-1", "logfile": ""},
                "logs": {"endpoint_override": server.url.rstrip("/"), "force_flush_interval": 1,
                         "logs_collected": {"journald": {"collect_list": [
                             {"log_group_name": "j-errors", "log_stream_name": "s", "priority": "err", "retention_in_days": 3},
                             {"log_group_name": "j-app", "log_stream_name": "s", "matches": [{"SYSLOG_IDENTIFIER": "app"}],
                              "filters": [{"type": "include", "expression": "first"}, {"type": "include", "expression": "second"},
                                          {"type": "exclude", "expression": "not"}]}]}}}}
            agent = Agent(json.dumps(configuration), self.folder / "agent", env=server.environment(), name="agent.json", prefix=self.journal.inside())
            self.addCleanup(agent.__exit__)
            agent.start()
            for message, priority in (("first", 6), ("second", 3), ("not first", 3), ("third", 2), ("debug first", 7)):
                self.journal.send(message, priority=priority)
            wait_until(lambda: len(self.messages(server, "j-errors")) >= 3 and len(self.messages(server, "j-app")) >= 2, "the entries")
            self.assertEqual(self.messages(server, "j-errors"), ["second", "not first", "third"])
            self.assertEqual(self.messages(server, "j-app"), ["first", "second"])
            self.assertEqual(agent.stop(), 0)


if __name__ == "__main__":
    unittest.main()
