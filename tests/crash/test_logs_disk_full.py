"""A disk that is full for a minute under load: the server's, and the agent's.

The server refuses by type (503, ThrottlingException), answers queries, loses nothing that it acknowledged and takes
again by itself. The agent, which cannot save its offsets, pauses, and goes on; lines stand there once.
"""

import os
import pathlib
import random
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Server, wait_until
from support.log_clients import BulkClient, Place, PutClient, check_client, messages
from support.small_disk import SmallAgent, SmallServer, fill, namespaces_allowed

FULL_S = float(os.environ.get("KANSOKU_FULL_SECONDS", "60"))
AGENT_DISK_BYTES = 2 << 20
AGENT = """
receivers:
  filelog/files:
    include: [{logs}/*.log]
    group: /full/files
    stream: "{{file_name}}"
    poll_interval: 20ms
exporters:
  cloudwatch_logs:
    endpoint: {url}
    region: us-east-1
    flush_interval: 0s
service:
  pipelines:
    logs:
      receivers: [filelog/files]
      exporters: [cloudwatch_logs]
"""


class Writer(threading.Thread):
    def __init__(self, path):
        super().__init__(daemon=True)
        self.file, self.random = open(path, "a", buffering=1), random.Random(1)
        self.stopping, self.written = threading.Event(), []

    def run(self):
        while not self.stopping.wait(0.01):
            lines = [f"{len(self.written) + i} {'z' * self.random.randrange(200)}" for i in range(10)]
            self.file.write("\n".join(lines) + "\n")
            self.written += lines
        self.file.close()


@unittest.skipUnless(namespaces_allowed(), "mount namespaces are not allowed here")
class DiskFull(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kansoku-logs-full-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_server_and_agent_pause_for_a_minute_and_go_on(self):
        open_doors = ("--no-agent", "--auth", "open", "--port", "syslog=off", "--port", "forward=off")
        logs = self.folder / "logs"
        logs.mkdir()
        with SmallServer(*open_doors) as small, Server(*open_doors) as server:
            place = Place()
            place.port, place.token = small.port, small.token
            boto = small.boto3("logs")
            boto.create_log_group(logGroupName=PutClient.group)
            boto.create_log_stream(logGroupName=PutClient.group, logStreamName="s")
            clients = [PutClient(place, 1), BulkClient(place, 2)]
            agent = SmallAgent(AGENT.format(logs=logs, url=server.url.rstrip("/")), self.folder / "agent",
                               AGENT_DISK_BYTES, env=server.environment())
            writer = Writer(logs / "a.log")
            threads = [*clients, writer]
            with agent:
                try:
                    for thread in threads:
                        thread.start()
                    wait_until(lambda: all(len(c.acknowledged) > 20 for c in clients), "requests before the disk is full")
                    wait_until(lambda: self.forwarded(agent) > 500, "lines before the disk is full")
                    self.full_for_a_minute(small, agent, clients, writer)
                    before = [len(c.acknowledged) for c in clients]
                    wait_until(lambda: all(len(c.acknowledged) > b + 20 for c, b in zip(clients, before)), "requests after")
                finally:
                    for thread in threads:
                        thread.stopping.set()
                    for thread in threads:
                        thread.join()
                for client in clients:
                    self.assertEqual(client.refused[:3], [], "refused, but not as something that may come again")
                    check_client(self, small, client, "after a full disk")
                wait_until(lambda: self.forwarded(agent) >= len(writer.written), "all lines")
                self.assertEqual(sorted(messages(server, "/full/files")), sorted(writer.written))
                print(f"{len(writer.written)} lines, requests acknowledged {[len(c.acknowledged) for c in clients]}, "
                      f"put off {[c.put_off for c in clients]}")

    @staticmethod
    def forwarded(agent):
        return agent.metrics().get('kansoku_exporter_events_forwarded_total{exporter="cloudwatch_logs"}', 0)

    def full_for_a_minute(self, small, agent, clients, writer):
        ballasts = [small.inside / "ballast", agent.inside / "ballast"]
        for ballast in ballasts:
            fill(ballast)
        end = time.monotonic() + FULL_S
        # The log has room in its segment for a while; then every request is put off.
        wait_until(lambda: all(c.put_off > 5 for c in clients), "refusals of a full disk")
        wait_until(lambda: self.paused(agent, writer), "a pause of the collection")
        held = [len(c.acknowledged) for c in clients]
        while time.monotonic() < end:
            fill(ballasts[0])  # whatever the server gave free meanwhile
            self.assertEqual(small.request("GET", "/-/healthy")[0], 200)
            found = small.boto3("logs").filter_log_events(logGroupName=PutClient.group, limit=10)["events"]
            self.assertGreater(len(found), 0)
            time.sleep(1)
        print(f"acknowledged while full: {[len(c.acknowledged) - h for c, h in zip(clients, held)]}")
        for ballast in ballasts:
            ballast.unlink()

    def paused(self, agent, writer):
        lines, sent = len(writer.written), self.forwarded(agent)
        wait_until(lambda: len(writer.written) > lines + 200, "more lines")
        return self.forwarded(agent) == sent


if __name__ == "__main__":
    unittest.main()
