"""The console in a real browser against the real binary, which observes this host."""

import contextlib
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import ROOT, Server, wait_until


def put_events(server):
    """What console/e2e/logs.mjs looks for: 600 events of the last 50 minutes, each tenth an error, and a spike. Returns now, in ms."""
    logs = server.boto3("logs")
    logs.create_log_group(logGroupName="/e2e/app", tags={"team": "shop"})
    logs.create_log_stream(logGroupName="/e2e/app", logStreamName="web-1")
    now = int(time.time() * 1000)
    events = []
    for i in range(600):
        failed = i % 10 == 0
        message = {"level": "error" if failed else "info", "service": ("orders", "carts", "users")[i % 3],
                   "msg": "payment declined" if failed else "request completed", "status": 502 if failed else 200,
                   "request": {"id": f"r{i}"}}
        events.append({"timestamp": now - (600 - i) * 5_000, "message": json.dumps(message)})
    logs.put_log_events(logGroupName="/e2e/app", logStreamName="web-1", logEvents=events)
    logs.create_log_group(logGroupName="/e2e/spike")
    logs.create_log_stream(logGroupName="/e2e/spike", logStreamName="web-1")
    # Of the last five minutes half are errors, of the twenty before none.
    spike = [(now - 1_400_000 + i * 5_000, "200", f"request completed in {i} ms") for i in range(200)]
    spike += [(now - 240_000 + i * 2_000, "502", f"upstream timed out after {i} ms") if i % 2 == 0
              else (now - 240_000 + i * 2_000, "200", f"request completed in {i} ms") for i in range(100)]
    logs.put_log_events(logGroupName="/e2e/spike", logStreamName="web-1", logEvents=[
        {"timestamp": at, "message": json.dumps({"status": status, "msg": text})} for at, status, text in spike])
    logs.create_log_group(logGroupName="/e2e/tail")
    logs.create_log_stream(logGroupName="/e2e/tail", logStreamName="ticks")
    return now


@contextlib.contextmanager
def line_every_half_second(server):
    over = threading.Event()

    def put():
        logs = server.boto3("logs")
        for i in itertools.count():
            logs.put_log_events(logGroupName="/e2e/tail", logStreamName="ticks", logEvents=[
                {"timestamp": int(time.time() * 1000), "message": f"INFO tick {i}"}])
            if over.wait(0.5):
                return

    thread = threading.Thread(target=put)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@unittest.skipUnless(os.environ.get("KANSOKU_CONSOLE", "ON") == "ON", "built without the console")
class Console(unittest.TestCase):
    def test_pages_in_both_languages(self):
        console = ROOT / "console"
        with Server() as server, tempfile.TemporaryDirectory() as shots:
            wait_until(lambda: server.metrics()["kansoku_log_records_total"] >= 4, "four samples")
            put_ms = put_events(server)
            with line_every_half_second(server):
                done = subprocess.run(["node", "e2e/run.mjs", server.url, str(server.data / "credentials"), shots, "--logs"],
                                      cwd=console, capture_output=True, text=True, timeout=600,
                                      env={**os.environ, "KANSOKU_EVENTS_PUT_MS": str(put_ms)})
        ending = re.search(r"(\d+) passed, (\d+) failed", done.stdout)
        self.assertIsNotNone(ending, done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout[-8000:] + done.stderr[-2000:])
        self.assertGreater(int(ending.group(1)), 120)


if __name__ == "__main__":
    unittest.main()
