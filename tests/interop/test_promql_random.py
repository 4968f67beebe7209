"""2,000 random expressions over random data: Debian's prometheus (2.42) and kansoku answer the same to 1e-9.

build/PRESET/random_promql writes both, restricted to what 2.42 and 3.x agree on; KANSOKU_SEED asks for others. What
2.42 refuses because two series differ only in their name is not compared: 3.x drops names at the end of a query.
"""

import http.client
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from support import promql_answers  # noqa: E402
from support.kansoku import BINARY, Server, wait_until  # noqa: E402

PROMETHEUS = shutil.which("prometheus")
GENERATOR = BINARY.parent / "fuzz" / "promql_random" / "random_promql"
SEED = int(os.environ.get("KANSOKU_SEED", "42"))
QUERIES = 2_000
WEEK_S = 7 * 86_400
RELATIVE, ABSOLUTE = 1e-9, 1e-9  # the latter for values around 1e6 that cancel
NAMES_ONLY = "vector cannot contain metrics with the same labelset"


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """A protobuf field of bytes."""
    return varint(number << 3 | 2) + varint(len(value)) + value


def snappy_literals(data):
    """A snappy block of literals (format_description.txt, 2.1)."""
    out = varint(len(data))
    for at in range(0, len(data), 60):
        part = data[at:at + 60]
        out += bytes([(len(part) - 1) << 2]) + part
    return out


def write_request(series):
    """Remote write 1.0; values are 64 bits, so that stale markers stay what they are."""
    out = b""
    for labels, points in series:
        message = b"".join(field(1, field(1, n.encode()) + field(2, v.encode())) for n, v in sorted(labels))
        for at_ms, bits in points:
            message += field(2, b"\x09" + struct.pack("<Q", bits) + b"\x10" + varint(at_ms))
        out += field(1, message)
    return out


def generate(seed, queries, begin_ms):
    """(series, [(path of the request, text)])."""
    done = subprocess.run([GENERATOR, str(seed), str(queries), str(begin_ms)], check=True, capture_output=True, text=True)
    series, asked = [], []
    for line in done.stdout.splitlines():
        kind, *rest = line.split("\t")
        if kind == "series":
            series.append((list(zip(rest[::2], rest[1::2])), []))
        elif kind == "point":
            series[-1][1].append((int(rest[0]), int(rest[1])))
        else:
            start, end, step = (int(one) / 1000 for one in rest[:3])
            if step:
                asked.append(("/api/v1/query_range?" + urllib.parse.urlencode(
                    {"query": rest[3], "start": start, "end": end, "step": step}), rest[3]))
            else:
                asked.append(("/api/v1/query?" + urllib.parse.urlencode({"query": rest[3], "time": start}), rest[3]))
    return series, asked


class Prometheus:
    """Debian's, on a directory and port of its own, stopped by its pid."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="kansoku-prometheus-")
        folder = pathlib.Path(self.directory.name)
        (folder / "prometheus.yml").write_text("global: {scrape_interval: 15s}\n")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.host, self.token = "127.0.0.1", ""
        with open(folder / "log", "w") as log:
            self.process = subprocess.Popen(
                [PROMETHEUS, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver",
                 "--storage.tsdb.retention.time=100y"], stdout=log, stderr=log)
        wait_until(lambda: self.ready(), "prometheus is ready")
        return self

    def ready(self):
        try:
            return Client(self).ask("GET", "/-/ready")[0] == 200
        except OSError:
            return False

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.directory.cleanup()


class Client:
    """One keep-alive connection."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}

    def ask(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body=body, headers={**self.headers, **(headers or {})})
        response = self.connection.getresponse()
        return response.status, response.read()


@unittest.skipUnless(PROMETHEUS, "prometheus is not installed")
class RandomExpressions(unittest.TestCase):
    def test_random_expressions_have_the_answers_of_prometheus(self):
        begin_ms = (int(time.time()) - 86_400) // WEEK_S * WEEK_S * 1000
        series, asked = generate(SEED, QUERIES, begin_ms)
        body = snappy_literals(write_request(series))
        wrong, compared, names_only = [], 0, 0
        with Prometheus() as theirs, Server("--no-agent") as ours:
            them, us = Client(theirs), Client(ours)
            for client in (them, us):
                status, answer = client.ask("POST", "/api/v1/write", body, {
                    "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
                    "X-Prometheus-Remote-Write-Version": "0.1.0"})
                self.assertIn(status, (200, 204), answer)
            for path, text in asked:
                status, expected = them.ask("GET", path)
                our_status, answer = us.ask("GET", path)
                if status != 200 and NAMES_ONLY in expected.decode():
                    names_only += 1
                    continue
                compared += 1
                if (status == 200) != (our_status == 200):
                    wrong.append(f"{text}\n  {our_status} {answer[:200]}, not {status} {expected[:200]}")
                elif status == 200:
                    found = promql_answers.compare(expected, answer, RELATIVE, ABSOLUTE)
                    if not found.same():
                        wrong.append(f"{text}\n  {path}\n  {found.where} (worst {found.worst:.3g})")
        self.assertGreater(compared, QUERIES * 0.9)
        self.assertEqual(wrong, [], f"seed {SEED}: {len(wrong)} of {compared} differ:\n" + "\n".join(wrong[:20]))


if __name__ == "__main__":
    unittest.main()
