"""Hostile clients, all at once: what memory they take and whether others are still served.

Twenty signed requests whose gzip bodies are 1 GiB when decoded, slow writers of heads and of bodies, readers that
do not read their answers, and 1,000 idle connections. Meanwhile one well-behaved client puts metrics, and a new
connection is made for each of its requests.
"""

import gzip
import http.client
import io
import json
import selectors
import socket
import tempfile
import threading
import time

from support import measure
from support.kansoku import Server

BOMBS = 20
BOMB_BYTES = 1 << 30
BOMB_BYTES_QUICK = 64 << 20
IDLE = 1_000
SLOW_HEADS = 100
SLOW_BODIES = 100
DEAF = 50
GOOD_REQUESTS = 200
# The whole process's budget (server: memory_limit, 512 MiB unless configured).
RSS_MIB_MAX = 512
TARGET = "GraniteServiceVersion20100801.PutMetricData"


def bomb(size):
    """A gzip body of one JSON string that never ends."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as stream:
        stream.write(b'{"Namespace":"')
        block = b"a" * (1 << 20)
        for _ in range(size >> 20):
            stream.write(block)
    return out.getvalue()


def signed(server, body, **headers):
    """Headers of a signed request, by the signer of botocore."""
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials

    request = botocore.awsrequest.AWSRequest(
        "POST", server.url, data=body,
        headers={"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": TARGET, **headers})
    credentials = botocore.credentials.Credentials(server.access_key, server.secret_key)
    botocore.auth.SigV4Auth(credentials, "monitoring", "us-east-1").add_auth(request)
    return dict(request.headers)


def good_body(number):
    return json.dumps({"Namespace": "Bench/Hostile", "MetricData": [
        {"MetricName": "served", "Timestamp": int(time.time()), "Value": number}]}).encode()


def send(server, body, headers, timeout):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=timeout)
    try:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


class Hostiles:
    """Sockets that are a burden and do nothing useful; one thread drips bytes into the slow ones."""

    def __init__(self, server):
        self.server = server
        self.idle = [self.connect() for _ in range(IDLE)]
        self.heads = [self.connect(b"POST / HTTP/1.1\r\nHost: x\r\n") for _ in range(SLOW_HEADS)]
        body_head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n"
        self.bodies = [self.connect(body_head) for _ in range(SLOW_BODIES)]
        page = f"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode()
        self.deaf = [self.connect(page * 200, receive_bytes=4096) for _ in range(DEAF)]
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.drip, daemon=True)
        self.thread.start()

    def connect(self, first=b"", receive_bytes=None):
        out = socket.socket()
        if receive_bytes:
            out.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        out.connect((self.server.host, self.server.port))
        out.setblocking(False)
        if first:
            try:
                out.send(first)
            except BlockingIOError:
                pass
        return out

    def drip(self):
        while not self.stop.wait(0.2):
            for slow, bytes_ in ((self.heads, b"X"), (self.bodies, b"y" * 4096)):
                for one in slow:
                    try:
                        one.send(bytes_)
                    except OSError:
                        pass  # cut by the server, as it should be

    def close(self):
        self.stop.set()
        self.thread.join()
        for one in [*self.idle, *self.heads, *self.bodies, *self.deaf]:
            one.close()


def still_open(sockets):
    """How many connections the server has not ended."""
    selector = selectors.DefaultSelector()
    for one in sockets:
        selector.register(one, selectors.EVENT_READ)
    ended = 0
    for key, _ in selector.select(0):
        try:
            ended += key.fileobj.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            ended += 1
    return len(sockets) - ended


def run(options):
    body = bomb(BOMB_BYTES_QUICK if options.quick else BOMB_BYTES)
    calibration = measure.calibrate()
    with tempfile.TemporaryDirectory(prefix="kansoku-bench-") as data:
        with Server("--no-agent", data=data) as server:
            pid = server.process.pid
            empty = measure.rss_mib(pid)
            cpu_begin = measure.cpu_seconds(pid)
            hostiles = Hostiles(server)
            answers, faults, served_ms = [], [], []
            bomb_headers = signed(server, body, **{"Content-Encoding": "gzip"})

            def throw_bomb():
                try:
                    answers.append(send(server, body, bomb_headers, 120))
                except OSError as error:
                    faults.append(repr(error))

            bombers = [threading.Thread(target=throw_bomb) for _ in range(BOMBS)]
            for bomber in bombers:
                bomber.start()
            for number in range(GOOD_REQUESTS):
                good = good_body(number)
                begin = time.monotonic()
                status = send(server, good, signed(server, good), 60)
                served_ms.append((time.monotonic() - begin) * 1000)
                if status != 200:
                    faults.append(f"good request {number}: {status}")
            for bomber in bombers:
                bomber.join()
            idle_open = still_open(hostiles.idle)
            peak = measure.rss_mib(pid, "VmHWM")
            cpu = measure.cpu_seconds(pid) - cpu_begin
            hostiles.close()
            after = send(server, good_body(0), signed(server, good_body(0)), 60)
    served_ms.sort()
    unrefused = [status for status in answers if status not in (400, 413)]
    if after != 200 or len(answers) + len([f for f in faults if "good" not in f]) != BOMBS:
        faults.append(f"afterwards {after}; {len(answers)} of {BOMBS} bombs answered")
    rows = [
        measure.Row("peak RSS among hostile clients", "MiB", "less", round(peak, 1), RSS_MIB_MAX,
                    note=f"budget of the process; {empty:.1f} MiB before"),
        measure.Row("good requests refused, bombs let in", "count", "less", len(faults) + len(unrefused), 0,
                    runs=faults + unrefused),
        # For the reader: on a shared machine, and with the hostile clients on it, no floor for wall time.
        measure.Row("slowest of 200 good requests", "ms", "less", round(served_ms[-1], 1),
                    runs=[round(ms, 1) for ms in served_ms[::20]]),
    ]
    return rows, {"bombs": BOMBS, "bomb_bytes_decoded": BOMB_BYTES_QUICK if options.quick else BOMB_BYTES,
                  "bomb_bytes": len(body), "idle_connections": IDLE, "idle_connections_kept": idle_open,
                  "slow_heads": SLOW_HEADS, "slow_bodies": SLOW_BODIES, "deaf_readers": DEAF,
                  "cpu_s": round(cpu, 2), "calibration_cpu_s": calibration}
