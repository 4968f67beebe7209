"""Remote read: Debian's prometheus answers PromQL out of kansoku's data, and both servers' own answers to the same
remote-read request, samples and streamed chunks, are compared. All on loopback."""

import http.client
import json
import math
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.kansoku import Server, wait_until
from test_prometheus import field, free_port, get, snappy_literal, varint, zigzag

PROMETHEUS = shutil.which("prometheus")
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
SAMPLES, CHUNKS = 0, 1


class Peer:
    """One prometheus with its own directory and port, stopped by its pid."""

    def __init__(self, configuration, *flags):
        self.configuration, self.flags = configuration, flags

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="kansoku-prometheus-")
        self.port = free_port()
        path = pathlib.Path(self.directory.name)
        (path / "prometheus.yml").write_text(self.configuration)
        self.log = open(path / "log", "w+")
        self.process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={path}/prometheus.yml", f"--storage.tsdb.path={path}/data",
             "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{self.port}", *self.flags],
            stdout=self.log, stderr=self.log)
        wait_until(lambda: self.request("GET", "/-/ready")[0] == 200, "prometheus is ready")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.directory.cleanup()

    def request(self, method, path, body=None, headers=None):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            out = answer.status, dict(answer.getheaders()), answer.read()
            connection.close()
            return out
        except OSError:
            return 0, {}, b""

    def query(self, path, **parameters):
        status, _, body = self.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        answer = json.loads(body)
        assert status == 200 and "warnings" not in answer, answer
        return answer["data"]["result"]


def fields(message):
    """(number, value) of each field of a protobuf message."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(message):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
        elif key & 7 == 1:
            at += 8
            yield key >> 3, message[at - 8:at]
        else:
            size = number()
            at += size
            yield key >> 3, message[at - size:at]


def unsnappy(block):
    """A snappy block expanded (format_description.txt)."""
    at = size = shift = 0
    while True:
        size |= (block[at] & 0x7F) << shift
        shift += 7
        at += 1
        if block[at - 1] < 0x80:
            break
    out = bytearray()
    while at < len(block):
        tag = block[at]
        at += 1
        if tag & 3 == 0:
            length = tag >> 2
            if length >= 60:
                extra = length - 59
                length = int.from_bytes(block[at:at + extra], "little")
                at += extra
            out += block[at:at + length + 1]
            at += length + 1
            continue
        if tag & 3 == 1:
            length, offset = (tag >> 2 & 7) + 4, tag >> 5 << 8 | block[at]
            at += 1
        else:
            length, extra = (tag >> 2) + 1, 2 if tag & 3 == 2 else 4
            offset = int.from_bytes(block[at:at + extra], "little")
            at += extra
        for _ in range(length):
            out.append(out[-offset])
    assert len(out) == size
    return bytes(out)


def crc32c(data):
    table = crc32c.__dict__.setdefault("table", [])
    if not table:
        for value in range(256):
            for _ in range(8):
                value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
            table.append(value)
    value = 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def labels_of(pairs):
    return tuple((dict(fields(pair)).get(1, b"").decode(), dict(fields(pair)).get(2, b"").decode()) for pair in pairs)


class Bits:
    def __init__(self, data):
        self.value, self.left = int.from_bytes(data, "big"), len(data) * 8

    def take(self, count):
        self.left -= count
        assert self.left >= 0
        return self.value >> self.left & (1 << count) - 1

    def uvarint(self):
        value = shift = 0
        while True:
            byte = self.take(8)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value


def xor_chunk(data):
    """[(ms, bits)] of an XOR chunk (tsdb/docs/format/chunks.md), read apart from kansoku's own reader."""
    bits, out = Bits(data), []
    delta = leading = trailing = 0
    for row in range(bits.take(16)):
        if row == 0:
            raw = bits.uvarint()
            ms, value = raw >> 1 ^ -(raw & 1), bits.take(64)
        else:
            if row == 1:
                delta = bits.uvarint()
            elif bits.take(1):
                size = 64
                for one in (14, 17, 20):
                    if not bits.take(1):
                        size = one
                        break
                change = bits.take(size)
                delta += change - (1 << size) if change > 1 << size - 1 else change
            ms += delta
            if bits.take(1):
                if bits.take(1):
                    leading, used = bits.take(5), bits.take(6) or 64
                    trailing = 64 - leading - used
                value ^= bits.take(64 - leading - trailing) << trailing
        out.append((ms, value))
    return out


def matcher(kind, name, value):
    return field(1, kind) + field(2, name.encode()) + field(3, value.encode())


def read_request(queries, kinds):
    """queries: (start ms, end ms, [matchers])."""
    message = b"".join(field(1, field(1, start) + field(2, end) + b"".join(field(3, m) for m in matchers))
                       for start, end, matchers in queries)
    return snappy_literal(message + b"".join(field(2, kind) for kind in kinds))


HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}


def read_samples(answer):
    """[[(labels, [(ms, bits)])]] by query."""
    status, headers, body = answer
    headers = {name.lower(): value for name, value in headers.items()}
    assert status == 200, body
    assert headers["content-type"] == "application/x-protobuf" and headers["content-encoding"] == "snappy", headers
    out = []
    for _, result in fields(unsnappy(body)):
        out.append([])
        for _, series in fields(result):
            parts = list(fields(series))
            points = []
            for number, sample in parts:
                if number == 2:
                    one = dict(fields(sample))
                    points.append((one.get(2, 0), struct.unpack("<Q", one.get(1, b"\0" * 8))[0]))
            out[-1].append((labels_of(value for number, value in parts if number == 1), points))
    return out


def read_frames(answer):
    """[(query, labels, [(encoding, min, max, data)])] of each frame, its checksum verified."""
    status, headers, body = answer
    headers = {name.lower(): value for name, value in headers.items()}
    assert status == 200, body
    assert headers["content-type"] == "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse", headers
    assert "content-encoding" not in headers, headers
    out, at = [], 0
    while at < len(body):
        size = shift = 0
        while True:
            size |= (body[at] & 0x7F) << shift
            shift += 7
            at += 1
            if body[at - 1] < 0x80:
                break
        frame = body[at + 4:at + 4 + size]
        assert len(frame) == size and struct.unpack(">I", body[at:at + 4])[0] == crc32c(frame)
        at += 4 + size
        message = list(fields(frame))
        query = dict(message).get(2, 0)
        for number, series in message:
            if number == 1:
                parts = list(fields(series))
                chunks = [dict(fields(value)) for number, value in parts if number == 2]
                out.append((query, labels_of(value for number, value in parts if number == 1),
                            [(c[3], c.get(1, 0), c.get(2, 0), c[4]) for c in chunks]))
    return out


def points_of_frames(frames, queries, points_max=120):
    """[[(labels, [(ms, bits)])]] by query; Prometheus' own head cuts by time and puts more in a chunk."""
    out = [[] for _ in range(queries)]
    for query, labels, chunks in frames:
        if not out[query] or out[query][-1][0] != labels:
            out[query].append((labels, []))
        for encoding, first, last, data in chunks:
            assert encoding == 1
            points = xor_chunk(data)
            assert (first, last) == (points[0][0], points[-1][0]) and len(points) <= points_max
            out[query][-1][1].extend(points)
    return out


def write_request(series):
    """Remote write 1.0 of (labels, [(ms, value)], [native histogram messages])."""
    message = b""
    for labels, samples, histograms in series:
        text = b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in labels)
        text += b"".join(field(2, field(1, float(value)) + field(2, ms)) for ms, value in samples)
        text += b"".join(field(4, one) for one in histograms)
        message += field(1, text)
    return message


def snappy_literals(data):
    """A block of literals of 60,000 bytes."""
    parts = [data[at:at + 60_000] for at in range(0, len(data), 60_000)]
    return varint(len(data)) + b"".join(bytes([61 << 2]) + struct.pack("<H", len(part) - 1) + part for part in parts)


def write(server, series, prefix=""):
    answer = server.request("POST", "/api/v1/write", snappy_literals(write_request(series)), dict(HEADERS))
    assert answer[0] in (200, 204), answer


def sample_data(end_ms, seed=7):
    """Steady, jittered, odd and stale values; ascending within the last hour."""
    rand = random.Random(seed)
    out = []
    for index in range(12):
        labels = [("__name__", "data_total" if index % 2 else "data"), ("instance", f"host-{index:02}:9100"),
                  ("job", "温度" if index == 5 else "node")]
        labels = [pair for pair in labels if not (index == 3 and pair[0] == "job")]
        ms, value, samples = end_ms - 3_500_000 + index, float(index), []
        for _ in range(30 + 25 * index):
            kind = rand.randrange(10)
            value = {0: STALE, 1: math.inf, 2: -0.0, 3: math.nan, 4: rand.uniform(-1e300, 1e300)}.get(
                kind, (0.0 if math.isnan(value) or math.isinf(value) else value) + rand.randrange(5))
            samples.append((ms, value))
            ms += 10_000 if rand.randrange(4) else rand.randrange(1, 15_000)
        out.append((labels, samples, []))
    return out


@unittest.skipUnless(PROMETHEUS, "prometheus is not installed")
class RemoteReadTest(unittest.TestCase):
    def test_prometheus_answers_out_of_the_data(self):
        """Its own store is empty; every answer comes by remote read."""
        now_ms = int(time.time() * 1000)
        start_s = now_ms // 1000 - 3_600
        points = [(start_s * 1000 + i * 15_000, 3.5 * i) for i in range(240)]
        with Server("--no-agent") as server:
            write(server, [([("__name__", "requests_total"), ("code", code), ("job", "a")],
                            [(ms, value * factor) for ms, value in points], [])
                           for code, factor in (("200", 1), ("500", 0.25))])
            body = "stat_gauge 1\n"
            self.assertEqual(server.request("POST", "/api/v1/import/prometheus", body)[0], 200)
            configuration = (f"remote_read:\n  - url: {server.url}api/v1/read\n    read_recent: true\n"
                             f"    authorization: {{credentials: {server.token}}}\n")
            with Peer(configuration) as peer:
                end = start_s + 3_500
                for query in ("requests_total", "sum by (job) (rate(requests_total[5m]))",
                              'requests_total{code=~"5.."}', 'requests_total{code!="500"}',
                              'requests_total{code!~"2.*",job="a"}', "increase(requests_total[10m])"):
                    with self.subTest(query):
                        # Not on a sample's time: ranges of 2.42 are closed on the left.
                        expected = get(server, "/api/v1/query_range", query=query, start=start_s + 607, end=end + 7,
                                       step=60)["result"]
                        answered = peer.query("query_range", query=query, start=start_s + 607, end=end + 7, step=60)
                        self.assertGreater(len(expected), 0)
                        self.assertEqual(len(answered), len(expected))
                        for want, have in zip(sorted(expected, key=str), sorted(answered, key=str)):
                            self.assertEqual(have["metric"], want["metric"])
                            self.assertEqual([at for at, _ in have["values"]], [at for at, _ in want["values"]])
                            for (_, a), (_, b) in zip(have["values"], want["values"]):
                                self.assertAlmostEqual(float(a), float(b), delta=1e-9 * abs(float(b)))
                # Label names and values by hints of "series".
                status, _, body = peer.request("GET", "/api/v1/series?match[]=requests_total")
                self.assertEqual((status, len(json.loads(body)["data"])), (200, 2), body)
                self.assertEqual(peer.query("query", query="nothing_at_all"), [])

    def test_both_servers_read_alike(self):
        """The same writes to both; the same read request to both, in both kinds: every bit is the same."""
        now_ms = int(time.time() * 1000)
        data = sample_data(now_ms)
        with Server("--no-agent") as server, Peer("global: {}\n", "--web.enable-remote-write-receiver") as peer:
            for target in (server, peer):
                write(target, data)
            everything = [matcher(2, "__name__", "data.*")]
            queries = [(now_ms - 3_600_000, now_ms, everything),
                       (now_ms - 2_000_000, now_ms - 1_000_000, everything),
                       (now_ms - 3_600_000, now_ms, everything + [matcher(0, "instance", "host-03:9100")]),
                       (now_ms - 3_600_000, now_ms, everything + [matcher(1, "job", "")]),
                       (now_ms - 3_600_000, now_ms, everything + [matcher(3, "instance", "host-0.*")]),
                       (now_ms - 3_600_000, now_ms, [matcher(0, "__name__", "none")])]
            answers = {}
            for name, target in (("kansoku", server), ("prometheus", peer)):
                samples = read_samples(target.request("POST", "/api/v1/read", read_request(queries, []), HEADERS))
                frames = read_frames(target.request("POST", "/api/v1/read", read_request(queries, [CHUNKS]), HEADERS))
                answers[name] = samples, frames
            samples, frames = answers["kansoku"]
            self.assertEqual(samples[0], [(tuple(labels), [(ms, struct.unpack("<Q", struct.pack("<d", value))[0])
                                                           for ms, value in points])
                                          for labels, points, _ in sorted(data)])
            # Prometheus does not sort its samples, and its protobuf leaves out zeros, also negative ones.
            self.assertEqual([[(labels, [(ms, 0 if bits == 1 << 63 else bits) for ms, bits in points])
                               for labels, points in result] for result in samples],
                             [sorted(result) for result in answers["prometheus"][0]])
            self.assertEqual(points_of_frames(frames, len(queries)), samples)
            theirs = points_of_frames(answers["prometheus"][1], len(queries), points_max=1_000)
            self.assertEqual(theirs[0], samples[0])
            # Series of at most 120 samples are one chunk on both: the same bytes, but for one more at an end that
            # falls between two, which 2.42 writes.
            short = {labels for labels, points in samples[0] if len(points) <= 120}
            self.assertGreater(len(short), 2)
            for labels in short:
                mine, other = ([(kind, first, last, data.rstrip(b"\0"))
                                for query, series, chunks in one if (query, series) == (0, labels)
                                for kind, first, last, data in chunks]
                               for one in (frames, answers["prometheus"][1]))
                self.assertEqual(mine, other)

    def test_native_histograms_are_chunks_of_the_same_bytes(self):
        """Float histograms written to both (the wire's form of what is stored); both give the same chunk."""
        now_ms = int(time.time() * 1000)

        def histogram(i):
            counts = [1.5 + i, 2.0 * i, 0.25 * i]
            return (field(2, sum(counts) + i) + field(3, 11.0 * i) + field(4, zigzag(1)) + field(5, 2.0 ** -20) +
                    field(7, float(i)) + field(11, field(1, zigzag(-2)) + field(2, 2)) +
                    field(11, field(1, zigzag(3)) + field(2, 1)) + field(13, struct.pack("<3d", *counts)) +
                    field(15, now_ms - 600_000 + i * 7_000))
        series = [([("__name__", "latency")], [], [histogram(i) for i in range(1, 80)])]
        query = (now_ms - 3_600_000, now_ms, [matcher(0, "__name__", "latency")])
        with Server("--no-agent") as server, \
                Peer("global: {}\n", "--web.enable-remote-write-receiver", "--enable-feature=native-histograms") as peer:
            chunks = []
            for target in (server, peer):
                write(target, series)
                body = read_request([query], [CHUNKS])
                frames = read_frames(target.request("POST", "/api/v1/read", body, HEADERS))
                self.assertEqual([(query, labels) for query, labels, _ in frames], [(0, (("__name__", "latency"),))])
                chunks.append(frames[0][2])
                answer = target.request("POST", "/api/v1/read", read_request([query], [SAMPLES]), HEADERS)
                # 2.42 writes no float histograms as samples.
                if target is server:
                    result = dict(fields(unsnappy(answer[2])))[1]
                    samples = [value for number, value in fields(dict(fields(result))[1]) if number == 4]
            self.assertEqual([chunk[:3] for chunk in chunks[0]], [(3, now_ms - 593_000, now_ms - 600_000 + 79 * 7_000)])
            self.assertEqual(chunks[0], chunks[1])
            self.assertEqual(len(samples), 79)
            self.assertEqual([dict(fields(part))[13] for part in samples[1:]],
                             [dict(fields(histogram(i)))[13] for i in range(2, 80)])

    def test_signed_reads_of_the_workspace_and_a_large_stream(self):
        import botocore.auth
        import botocore.awsrequest
        import botocore.credentials
        now_ms = int(time.time() * 1000)
        rand = random.Random(3)
        data = [([("__name__", "big"), ("i", f"{i:03}")],
                 [(now_ms - 3_000_000 + k * 1_000, rand.random()) for k in range(1_000)], []) for i in range(300)]
        with Server("--no-agent") as server:
            for at in range(0, len(data), 50):
                write(server, data[at:at + 50])
            workspace = get(server, "/api/v1/status/flags")["kansoku.workspace"]
            query = (now_ms - 3_600_000, now_ms, [matcher(0, "__name__", "big")])
            body = read_request([query], [CHUNKS, SAMPLES])
            path = f"/workspaces/{workspace}/api/v1/read"
            request = botocore.awsrequest.AWSRequest(method="POST", url=server.url.rstrip("/") + path, data=body,
                                                     headers=HEADERS)
            credentials = botocore.credentials.Credentials(server.access_key, server.secret_key)
            botocore.auth.SigV4Auth(credentials, "aps", "us-east-1").add_auth(request)
            answer = server.request("POST", path, body, dict(request.prepare().headers.items()), token=False)
            frames = read_frames(answer)
            self.assertGreater(len(answer[2]), 2_000_000)
            found = points_of_frames(frames, 1)[0]
            self.assertEqual([(labels, len(points)) for labels, points in found],
                             [(tuple(labels), 1_000) for labels, _, _ in data])
            # Readers that leave in the middle leave nothing behind.
            for _ in range(12):
                left = http.client.HTTPConnection(server.host, server.port, timeout=60)
                left.request("POST", "/api/v1/read", body, {**HEADERS, "Authorization": f"Bearer {server.token}"})
                self.assertEqual(len(left.getresponse().read(1_000)), 1_000)
                left.close()
            wait_until(lambda: server.metrics()['kansoku_memory_budget_used_bytes{budget="queries"}'] == 0,
                       "memory is given back")
            self.assertEqual(server.metrics()["kansoku_http_unanswered_total"], 0)
            # The same from parts on disk.
            self.assertEqual(server.request("POST", "/-/flush")[0], 200)
            self.assertEqual(points_of_frames(read_frames(server.request("POST", "/api/v1/read", body, HEADERS)), 1)[0],
                             found)
            blocks = get(server, "/api/v1/status/tsdb/blocks")["blocks"]
            self.assertEqual(sum(block["stats"]["numSamples"] for block in blocks), 300_000)
            names = [one["name"] for one in get(server, "/api/v1/status/self_metrics",
                                                metric_name_pattern="kansoku_store_.+")]
            self.assertIn("kansoku_store_points_appended_total", names)


class StatusTest(unittest.TestCase):
    def test_a_failed_reload_is_told_until_one_succeeds(self):
        with tempfile.TemporaryDirectory(prefix="kansoku-test-") as folder:
            path = pathlib.Path(folder) / "config.yaml"
            path.write_text("server: {}\n")
            with Server("--no-agent", "--config", str(path)) as server:
                self.assertEqual(get(server, "/api/v1/notifications"), [])
                stream = http.client.HTTPConnection(server.host, server.port, timeout=60)
                stream.request("GET", "/api/v1/notifications/live", headers={"Authorization": f"Bearer {server.token}"})
                events = stream.getresponse()
                self.assertEqual((events.status, events.getheader("content-type")), (200, "text/event-stream"))

                def event():
                    line = events.readline().decode()
                    self.assertEqual(events.readline(), b"\n")
                    return {k: v for k, v in json.loads(line.removeprefix("data: ")).items() if k != "date"}
                path.write_text("server: {nonsense: 1}\n")
                server.process.send_signal(signal.SIGHUP)
                failed = {"text": "Configuration reload has failed.", "active": True}
                self.assertEqual(event(), failed)
                self.assertEqual([one["text"] for one in get(server, "/api/v1/notifications")], [failed["text"]])
                path.write_text("server: {}\n")
                server.process.send_signal(signal.SIGHUP)
                self.assertEqual(event(), {**failed, "active": False})
                self.assertEqual(get(server, "/api/v1/notifications"), [])
                server.process.send_signal(signal.SIGTERM)
                self.assertIn("shutting down", event()["text"])
                self.assertEqual(events.read(), b"")
                self.assertEqual(server.process.wait(timeout=30), 0)


if __name__ == "__main__":
    unittest.main()
