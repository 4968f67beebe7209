"""kill -9 at random moments under load: nothing acknowledged is lost, nothing is doubled.

One client sends numbered requests, each once; it remembers which were acknowledged. Each request is one second
of 100 series of its own value, so every point is told apart from every other. After every kill the same data
directory is started again; at the end every acknowledged point must be there exactly once with its value, and
a request that was never answered may be there, whole or not at all, exactly once.
"""

import http.client
import json
import os
import pathlib
import random
import select
import signal
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Server

KILLS = int(os.environ.get("KANSOKU_KILLS", "50"))
SERIES = 100
SECONDS = 9_000  # of the three hours that full resolution is kept; then the next metric begins


class Client(threading.Thread):
    """Sends one request after another until told to stop or the server is gone."""

    def __init__(self, server, state):
        super().__init__()
        self.server, self.state, self.stopping = server, state, threading.Event()

    def run(self):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=10)
        while not self.stopping.is_set():
            number = self.state.next
            self.state.next += 1
            self.state.sent.add(number)
            try:
                connection.request("POST", "/", self.state.body(number), {
                    "Content-Type": "application/x-amz-json-1.0",
                    "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData"})
                response = connection.getresponse()
                answer = response.read()
                if response.status != 200:
                    self.state.refused.append((response.status, answer))
                    continue
                self.state.acknowledged.add(number)
            except (OSError, http.client.HTTPException):
                return


class State:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.next = 0
        self.sent, self.acknowledged, self.refused = set(), set(), []
        self.base_s = int(time.time()) - 9_600

    def body(self, number):
        return json.dumps({"Namespace": "Crash", "MetricData": [
            {"MetricName": f"m{number // SECONDS}", "Dimensions": [{"Name": "i", "Value": str(i)}],
             "Timestamp": self.base_s + number % SECONDS, "StorageResolution": 1, "Value": number * 1000 + i}
            for i in range(SERIES)]})


def stored(server, state, stat):
    """{(series, request): value} of everything in the store."""
    out = {}
    for first in range(0, state.next, 3_000):
        begin_s = state.base_s + first % SECONDS
        frame = server.query({"namespace": "Crash", "metric": f"m{first // SECONDS}", "dimensions": {"i": "*"},
                              "stat": stat, "period": 1}, begin_s * 1000, (begin_s + 3_000) * 1000)
        for series in frame["series"]:
            i = int(series["dimensions"]["i"])
            for at, value in zip(frame["time"], series["values"]):
                if value is not None:
                    out[i, at // 1000 - begin_s + first] = value
    return out


class Kill(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(self):
        seed = int(os.environ.get("KANSOKU_SEED", str(random.randrange(1 << 30))))
        print(f"seed {seed}")
        state = State(seed)
        with tempfile.TemporaryDirectory(prefix="kansoku-crash-") as data:
            for round_number in range(KILLS):
                with Server("--no-agent", "--auth", "open", data=data) as server:
                    client = Client(server, state)
                    client.start()
                    if round_number % 5 == 4:
                        # Kills during seals and merges too.
                        threading.Thread(target=self.flush, args=(server,), daemon=True).start()
                    select.select([], [], [], state.random.uniform(0.02, 0.35))
                    server.process.send_signal(signal.SIGKILL)
                    server.process.wait()
                    client.stopping.set()
                    client.join()
            with Server("--no-agent", "--auth", "open", data=data) as server:
                counts = stored(server, state, "SampleCount")
                sums = stored(server, state, "Sum")
                metrics = server.metrics()
        self.assertEqual(state.refused, [])
        self.assertGreater(len(state.acknowledged), KILLS)
        lost = [(i, n) for n in state.acknowledged for i in range(SERIES) if (i, n) not in counts]
        self.assertEqual(lost[:5], [], f"{len(lost)} acknowledged points lost, seed {seed}")
        doubled = [key for key, count in counts.items() if count != 1]
        self.assertEqual(doubled[:5], [], f"{len(doubled)} points doubled, seed {seed}")
        invented = [(i, n) for (i, n) in counts if n not in state.sent]
        self.assertEqual(invented[:5], [])
        wrong = [key for key, value in sums.items() if value != key[1] * 1000 + key[0]]
        self.assertEqual(wrong[:5], [])
        partly = {n for (_, n) in counts if n not in state.acknowledged}
        for n in partly:
            self.assertEqual(sum((i, n) in counts for i in range(SERIES)), SERIES, f"request {n} is there in part")
        self.assertEqual(metrics["kansoku_store_pages_damaged_total"], 0)
        print(f"{KILLS} kills, {len(state.sent)} requests, {len(state.acknowledged)} acknowledged, "
              f"{len(partly)} stored without an answer")

    @staticmethod
    def flush(server):
        try:
            server.request("POST", "/-/flush?merge=all")
        except (OSError, http.client.HTTPException):
            pass  # killed meanwhile, as intended


if __name__ == "__main__":
    unittest.main()
