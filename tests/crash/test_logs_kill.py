"""kill -9 of server and agent in turn, under load from every side: nothing acknowledged is lost, lines of files stand there once.

Sources: files that Debian's logrotate rotates (create, copytruncate) and the agent follows; a client of PutLogEvents and
one of Elasticsearch bulk. The clients send each number once and remember which were acknowledged; a request that was
never answered may be there, whole or not at all, once.
"""

import http.client
import os
import pathlib
import random
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Agent, Server, wait_until
from support.log_clients import BulkClient, Place, PutClient, check_client

KILLS = int(os.environ.get("KANSOKU_KILLS", "50"))
LOGROTATE = shutil.which("logrotate", path="/usr/sbin:/usr/bin")
AGENT = """
receivers:
  filelog/files:
    include: [{logs}/*.log]
    group: /kill/files
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
    """A program that logs into one file and opens it again when it was rotated by renaming."""

    def __init__(self, path, seed, copytruncate):
        super().__init__(daemon=True)
        self.path, self.random, self.copytruncate = path, random.Random(seed), copytruncate
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.written = []
        self.file = open(path, "a", buffering=1)

    def run(self):
        number = 0
        while not self.stopping.wait(0.004):
            with self.lock:
                lines = [f"{number + i} {'y' * self.random.randrange(150)}" for i in range(10)]
                self.file.write("\n".join(lines) + "\n")
                self.written += lines
                number += 10
        self.file.close()

    def rotate(self, folder):
        # logrotate itself loses what is written between the copy and the truncation: the program is quiet then.
        if self.copytruncate:
            with self.lock:
                return self.run_logrotate(folder)
        self.run_logrotate(folder)
        with self.lock:
            self.file.close()
            self.file = open(self.path, "a", buffering=1)

    def run_logrotate(self, folder):
        config = folder / f"{self.path.name}.conf"
        how = "copytruncate" if self.copytruncate else "create"
        config.write_text(f"{self.path} {{\n rotate 999\n {how}\n missingok\n}}\n")
        config.chmod(0o644)
        subprocess.run([LOGROTATE, "-f", "-s", folder / f"{self.path.name}.state", config], check=True, capture_output=True)


@unittest.skipUnless(LOGROTATE, "no logrotate")
class Kill(unittest.TestCase):
    def start_server(self):
        listen = ("--listen", f"127.0.0.1:{self.place.port}") if self.place.port else ()
        server = Server("--no-agent", "--auth", "open", "--port", "syslog=off", "--port", "forward=off", *listen, data=self.data)
        server.start()
        self.place.port, self.place.token = server.port, server.token
        return server

    def test_nothing_acknowledged_is_lost_and_lines_of_files_come_once(self):
        self.seed = int(os.environ.get("KANSOKU_SEED", str(random.randrange(1 << 30))))
        print(f"seed {self.seed}")
        rng = random.Random(self.seed)
        folder = tempfile.TemporaryDirectory(prefix="kansoku-logs-kill-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)
        logs = self.folder / "logs"
        logs.mkdir(mode=0o755)
        self.data = self.folder / "server"
        self.place = Place()
        server = self.start_server()
        boto = server.boto3("logs")
        boto.create_log_group(logGroupName=PutClient.group)
        boto.create_log_stream(logGroupName=PutClient.group, logStreamName="s")
        writers = [Writer(logs / "create.log", self.seed + 1, False), Writer(logs / "truncate.log", self.seed + 2, True)]
        clients = [PutClient(self.place, self.seed + 3), BulkClient(self.place, self.seed + 4)]
        agent = Agent(AGENT.format(logs=logs, url=server.url.rstrip("/")), self.folder / "agent", env=server.environment())
        agent.start()
        killed = {"server": 0, "agent": 0}
        rotations = 0
        try:
            for thread in writers + clients:
                thread.start()
            for _ in range(KILLS):
                select.select([], [], [], rng.uniform(0.05, 0.6))
                if rng.random() < 0.5:
                    rng.choice(writers).rotate(self.folder)
                    rotations += 1
                if rng.random() < 0.5:
                    agent.kill()
                    if rng.random() < 0.3:  # rotated while nobody looks
                        rng.choice(writers).rotate(self.folder)
                        rotations += 1
                    agent.start()
                    killed["agent"] += 1
                else:
                    if rng.random() < 0.3:
                        threading.Thread(target=self.flush, args=(server,), daemon=True).start()
                    server.kill()
                    server.__exit__()
                    server = self.start_server()
                    killed["server"] += 1
        finally:
            for thread in writers + clients:
                thread.stopping.set()
            for thread in writers + clients:
                thread.join()
        written = [f"{w.path.name} {line}" for w in writers for line in w.written]
        try:
            logs_api = server.boto3("logs")

            def lines():
                out = []
                for page in logs_api.get_paginator("filter_log_events").paginate(logGroupName="/kill/files"):
                    # Under a rotated name a file may be read after a restart; the line tells which it was.
                    out += [f"{event['logStreamName'].split('.log')[0]}.log {event['message']}" for event in page["events"]]
                return out

            try:
                wait_until(lambda: len(lines()) >= len(written), "all lines of the files", 200)
            except AssertionError:
                pass  # said below, with names
            got = lines()
            counts = {}
            for line in got:
                counts[line] = counts.get(line, 0) + 1
            metrics = agent.metrics()
            missing = [line[:60] for line in written if line not in counts]
            twice = [line[:60] for line, count in counts.items() if count > 1]
            ledger = {k: v for k, v in metrics.items() if k.startswith("kansoku_filelog")}
            self.assertEqual(missing[:5], [], f"{len(missing)} of {len(written)} lines lost, seed {self.seed}, {ledger}")
            self.assertEqual(twice[:5], [], f"{len(twice)} lines twice, seed {self.seed}")
            self.assertEqual(len(got), len(written), f"lines that nobody wrote, seed {self.seed}")
            for client in clients:
                check_client(self, server, client, f"seed {self.seed}")
                self.assertEqual(client.refused[:3], [])
                self.assertGreater(len(client.acknowledged), KILLS)
            self.assertEqual(server.metrics()["kansoku_events_blocks_damaged"], 0)
            print(f"{killed} killed, {rotations} rotations, {len(written)} lines, "
                  f"{[len(c.acknowledged) for c in clients]} requests acknowledged of {[len(c.sent) for c in clients]}")
            self.assertEqual(agent.stop(), 0)
        finally:
            agent.__exit__()
            server.__exit__()

    @staticmethod
    def flush(server):
        try:
            server.request("POST", "/-/flush?merge=all")
        except (OSError, http.client.HTTPException):
            pass  # killed meanwhile, as intended


if __name__ == "__main__":
    unittest.main()
