"""Debian's prometheus sends its own metrics by remote write; kansoku's API shows them. Both on loopback."""

import base64
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import struct
import time
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Server, wait_until

PROMETHEUS = shutil.which("prometheus")
CONFIGURATION = """
global:
  scrape_interval: 1s
  external_labels: {{cluster: test}}
scrape_configs:
  - job_name: prometheus
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
remote_write:
  - url: {url}
    {authentication}
    send_exemplars: true
    metadata_config: {{send: true, send_interval: 1s}}
    queue_config: {{batch_send_deadline: 500ms}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sender:
    """One prometheus with its own directory and port, stopped by its pid."""

    def __init__(self, url, authentication):
        self.url, self.authentication = url, authentication

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="kansoku-prometheus-")
        self.port = free_port()
        path = pathlib.Path(self.directory.name)
        text = CONFIGURATION.format(port=self.port, url=self.url, authentication=self.authentication)
        (path / "prometheus.yml").write_text(text)
        self.log = open(path / "log", "w+")
        self.process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={path}/prometheus.yml", f"--storage.tsdb.path={path}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=self.log, stderr=self.log)
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


def get(server, path, **parameters):
    query = urllib.parse.urlencode(parameters, doseq=True)
    status, _, body = server.request("GET", f"{path}?{query}")
    answer = json.loads(body)
    assert status == 200 and answer["status"] == "success", (path, status, answer)
    return answer["data"]


@unittest.skipUnless(PROMETHEUS, "prometheus is not installed")
class RemoteWriteTest(unittest.TestCase):
    def test_a_real_sender_with_bearer_token(self):
        with Server("--no-agent") as server:
            authentication = f"authorization: {{credentials: {server.token}}}"
            with Sender(server.url + "api/v1/write", authentication):
                wait_until(lambda: get(server, "/api/v1/series", **{"match[]": "up"}), "series up")
                wait_until(lambda: get(server, "/api/v1/metadata", metric="prometheus_build_info"), "metadata")
            self.assertEqual(get(server, "/api/v1/series", **{"match[]": "up"}),
                             [{"__name__": "up", "cluster": "test", "instance": get(server, "/api/v1/label/instance/values")[0],
                               "job": "prometheus"}])
            names = get(server, "/api/v1/label/__name__/values")
            self.assertGreater(len(names), 150)
            self.assertIn("prometheus_tsdb_head_series", names)
            labels = get(server, "/api/v1/labels")
            for name in ("__name__", "cluster", "instance", "job", "le", "quantile"):
                self.assertIn(name, labels)
            kinds = {rows[0]["type"] for rows in get(server, "/api/v1/metadata").values()}
            self.assertLessEqual({"counter", "gauge", "histogram", "summary"}, kinds)
            head = get(server, "/api/v1/status/tsdb")["headStats"]
            self.assertEqual(head["numSeries"], len(get(server, "/api/v1/series", **{"match[]": '{__name__=~".+"}'})))
            metrics = server.metrics()
            bad = {line: value for line, value in metrics.items()
                   if "remote_write" in line and ("rejected" in line or "dropped" in line) and value > 0}
            self.assertEqual(bad, {})
            status, _, body = server.request("GET", "/federate?match[]=up")
            self.assertEqual(status, 200)
            self.assertRegex(body.decode(), r'(?m)^up\{cluster="test",instance="[^"]+",job="prometheus"\} 1 \d{13}$')
            self.assertEqual(server.stop(), 0)

    def test_basic_auth_and_what_survives_a_kill(self):
        with tempfile.TemporaryDirectory(prefix="kansoku-test-") as data:
            with Server("--no-agent", data=data) as server:
                authentication = f"basic_auth: {{username: {server.access_key}, password: {server.secret_key}}}"
                with Sender(server.url + "prometheus/api/v1/write", authentication):
                    wait_until(lambda: get(server, "/api/v1/series", **{"match[]": "up"}), "series up")
                    status, _, body = server.request("GET", "/federate?match[]=up")
                    self.assertEqual(status, 200)
                before = get(server, "/api/v1/series", **{"match[]": '{__name__=~"prometheus.+"}'})
                server.kill()
            with Server("--no-agent", data=data) as server:
                after = get(server, "/api/v1/series", **{"match[]": '{__name__=~"prometheus.+"}'})
                self.assertEqual(before, after)

    def test_signed_requests_under_the_workspace(self):
        import botocore.auth
        import botocore.awsrequest
        import botocore.credentials

        with Server("--no-agent") as server:
            workspace = get(server, "/api/v1/status/flags")["kansoku.workspace"]
            # One series by hand: up{job="x"} 1 at now, as a snappy block of one literal.
            import struct
            import time
            label = lambda n, v: b"\x0a" + bytes([len(n) + len(v) + 4]) + b"\x0a" + bytes([len(n)]) + n + b"\x12" + bytes([len(v)]) + v
            stamp, now = b"", int(time.time() * 1000)
            while now >= 0x80:
                stamp, now = stamp + bytes([now & 0x7F | 0x80]), now >> 7
            sample = b"\x09" + struct.pack("<d", 1) + b"\x10" + stamp + bytes([now])
            series = label(b"__name__", b"up") + label(b"job", b"x") + b"\x12" + bytes([len(sample)]) + sample
            message = b"\x0a" + bytes([len(series)]) + series
            self.assertLess(len(message), 128)
            body = bytes([len(message), 60 << 2, len(message) - 1]) + message

            def send(path, method="GET", body=None, service="aps", secret=None):
                request = botocore.awsrequest.AWSRequest(
                    method=method, url=server.url.rstrip("/") + path, data=body,
                    headers={"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"} if body else {})
                credentials = botocore.credentials.Credentials(server.access_key, secret or server.secret_key)
                botocore.auth.SigV4Auth(credentials, service, "us-east-1").add_auth(request)
                return server.request(method, path, body, dict(request.prepare().headers.items()), token=False)

            write = f"/workspaces/{workspace}/api/v1/remote_write"
            status, headers, answer = send(write, "POST", body)
            self.assertEqual((status, answer), (204, b""))
            status, _, answer = send(f"/workspaces/{workspace}/api/v1/labels")
            self.assertEqual(json.loads(answer)["data"], ["__name__", "job"])
            self.assertEqual(send(write, "POST", body, service="monitoring")[0], 403)
            self.assertEqual(send(write, "POST", body, secret="wrong")[0], 403)
            self.assertEqual(send("/workspaces/ws-other/api/v1/labels")[0], 404)
            status, headers, _ = server.request("GET", "/api/v1/labels", token=False)
            self.assertEqual(status, 401)
            self.assertIn("Www-Authenticate", {name.title() for name in headers})
            basic = base64.b64encode(f"{server.access_key}:{server.secret_key}".encode()).decode()
            status, _, answer = server.request("GET", "/federate?match[]=up", headers={"Authorization": f"Basic {basic}"})
            self.assertIn(b'up{job="x",instance=""} 1 ', answer)


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """One protobuf field: bytes, a double, or an integer."""
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def zigzag(value):
    return (value << 1) ^ (value >> 63)


def snappy_literal(data):
    """A snappy block of one literal (format_description.txt, 2.1)."""
    return varint(len(data)) + bytes([61 << 2]) + struct.pack("<H", len(data) - 1) + data


class NativeHistograms(unittest.TestCase):
    def test_a_native_histogram_is_queried_with_the_buckets_it_was_sent_with(self):
        """Schema 0, buckets (1,2], (2,4], (4,8] with 1, 2 and 1: the median is half-way, in logarithms, through the
        second, 2 * sqrt(2)."""
        now_ms = int(time.time() * 1000)
        span = field(1, zigzag(1)) + field(2, 3)
        histogram = (field(1, 4) + field(3, 11.0) + field(4, zigzag(0)) + field(5, 0.001) + field(11, span) +
                     field(12, b"".join(varint(zigzag(d)) for d in (1, 1, -1))) + field(15, now_ms))
        labels = b"".join(field(1, field(1, n) + field(2, v)) for n, v in ((b"__name__", b"took"), (b"job", b"j")))
        body = snappy_literal(field(1, labels + field(4, histogram)))
        with Server("--no-agent") as server:
            status, _, answer = server.request("POST", "/api/v1/write", body, {
                "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
                "X-Prometheus-Remote-Write-Version": "0.1.0"})
            self.assertEqual(status, 204, answer)
            expected = {"histogram_quantile(0.5, took)": 2 * 2**0.5, "histogram_count(took)": 4,
                        "histogram_sum(took)": 11, "histogram_fraction(1, 2, took)": 0.25}
            for expression, value in expected.items():
                path = "/api/v1/query?" + urllib.parse.urlencode({"query": expression, "time": now_ms / 1000})
                result = json.loads(server.request("GET", path)[2])["data"]["result"]
                self.assertEqual(len(result), 1, expression)
                self.assertAlmostEqual(float(result[0]["value"][1]), value, msg=expression)


if __name__ == "__main__":
    unittest.main()
