"""No door opens without a credential: every protected route against a corpus of bypass attempts.

Also hostile transport: bombs, slow clients and many idle connections, with the server's memory watched.
"""

import gzip
import http.client
import json
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Server, wait_until

# Method, path, body: all that must not be served to strangers.
PROTECTED = [
    ("POST", "/-/flush", ""), ("POST", "/-/flush?merge=all", ""), ("GET", "/-/admin/keys", ""),
    ("POST", "/-/admin/keys", '{"user":"x","role":"administrator"}'), ("DELETE", "/-/admin/keys/AKIA", ""),
    ("GET", "/-/admin/users", ""), ("POST", "/-/admin/users", '{"user":"x","role":"administrator"}'),
    ("POST", "/-/admin/users/admin/link", ""), ("GET", "/ui/api/session", ""), ("GET", "/ui/api/hosts", ""),
    ("GET", "/ui/api/metrics", ""), ("GET", "/ui/api/metrics/namespaces", ""), ("GET", "/ui/api/status", ""),
    ("POST", "/ui/api/query", "[]"), ("DELETE", "/ui/api/session", ""),
    ("POST", "/", "Action=ListMetrics&Version=2010-08-01"),
    ("POST", "/service/GraniteServiceVersion20100801/operation/ListMetrics", ""),
]
HEADERS = [
    {}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "},
    {"Authorization": "Bearer null"}, {"Authorization": "Bearer kansoku_" + "0" * 48}, {"Authorization": "Basic Og=="},
    {"Authorization": "Basic YWRtaW46YWRtaW4="}, {"Authorization": "Negotiate x"}, {"Cookie": "kansoku_session="},
    {"Cookie": "kansoku_session=" + "a" * 64}, {"Cookie": "kansoku_session=' OR 1=1 --"},
    {"Cookie": "kansoku_session=a; kansoku_session=b"}, {"x-kansoku-csrf": "a"}, {"X-Forwarded-For": "127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}, {"X-Original-URL": "/-/ready"},
    {"X-Rewrite-URL": "/-/healthy"}, {"X-HTTP-Method-Override": "GET"}, {"Host": "localhost"}, {"Host": "evil.example"},
    {"X-Amz-Security-Token": "x"}, {"X-Amz-Date": "20261122T000000Z"},
    {"Authorization": "AWS4-HMAC-SHA256 Credential=A/20261122/us-east-1/monitoring/aws4_request, "
                      "SignedHeaders=host, Signature=" + "0" * 64},
    {"Authorization": "AWS4-HMAC-SHA256"}, {"Authorization": "AWS4-ECDSA-P256-SHA256 Credential=A"},
    {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"},
    {"X-Amz-Target": "GraniteServiceVersion20100801.ListMetrics", "Content-Type": "application/x-amz-json-1.0"},
]
PATHS = ["{}", "/{}", "{}/", "/.{}", "/x/..{}", "{}#x", "{}%00", "{}%20", "{};a=b", "{}?token=admin", "{}.json"]


def is_served(status, headers, body):
    """True when the answer gives something away or did something."""
    return 200 <= status < 300 or (status in (302, 303) and "token" in str(headers))


class Doors(unittest.TestCase):
    def test_every_protected_route_refuses_every_attempt(self):
        with Server("--no-agent") as server:
            keys = json.loads(server.request("GET", "/-/admin/keys")[2])
            attempts = 0
            for method, path, body in PROTECTED:
                tries = [(path, h) for h in HEADERS]
                plain, _, query = path.partition("?")
                for shape in PATHS:
                    tried = shape.format(plain)
                    # A path below /ui/ that is no API leads to the console's document, which is public.
                    if tried.startswith("/ui/api/"):
                        tries.append((tried, {}))
                    elif not plain.startswith("/ui/"):
                        tries.append((tried, {}))
                for other in ("GET", "HEAD", "PUT", "PATCH", "OPTIONS", "post", "TRACE"):
                    if other != method:
                        tries.append((path, {"x-method": other}))
                for tried, headers in tries:
                    headers = dict(headers)
                    used = headers.pop("x-method", method)
                    try:
                        status, answered, data = server.request(used, tried, body, headers, token=False)
                    except (http.client.HTTPException, OSError):
                        continue  # refused by closing is refused
                    attempts += 1
                    self.assertFalse(is_served(status, answered, data), (used, tried, headers, status, data[:200]))
                    self.assertLess(status, 500, (used, tried, headers, data[:200]))
            self.assertGreater(attempts, len(PROTECTED) * 40)
            self.assertEqual(json.loads(server.request("GET", "/-/admin/keys")[2]), keys)
            self.assertEqual(server.metrics()["kansoku_http_unanswered_total"], 0)

    def test_raw_requests_with_tricks(self):
        with Server("--no-agent") as server:
            for raw in (b"GET http://127.0.0.1/-/admin/keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                        b"GET /-/admin/keys HTTP/1.0\r\n\r\n",
                        b"GET /-/ready HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        b"POST /-/flush HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n"
                        b"Content-Length: 0\r\nConnection: close\r\n\r\n"):
                with socket.create_connection((server.host, server.port), timeout=20) as s:
                    s.sendall(raw)
                    answer = b""
                    while chunk := s.recv(65536):
                        answer += chunk
                    status = int(answer.split()[1])
                    self.assertIn(status, (400, 401, 404), answer[:200])


class Hostile(unittest.TestCase):
    def test_bombs_slow_clients_and_idle_connections_stay_within_the_budget(self):
        with Server("--no-agent", "--auth", "open") as server:
            before = server.metrics()["process_resident_memory_bytes"]
            bomb = gzip.compress(b"\0" * (256 << 20), 9)
            for _ in range(20):
                status, _, body = server.request("POST", "/", bomb, {
                    "Content-Type": "application/x-amz-json-1.0", "Content-Encoding": "gzip",
                    "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData"}, token=False)
                self.assertIn(status, (400, 413), body[:200])
            idle = [socket.create_connection((server.host, server.port)) for _ in range(1000)]
            slow = []
            for i in range(100):
                s = socket.create_connection((server.host, server.port))
                s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * (i + 1))
                slow.append(s)
            try:
                wait_until(lambda: server.metrics()["kansoku_http_connections"] >= 1100, "1,100 connections")
                metrics = server.metrics()
                self.assertLess(metrics["process_resident_memory_bytes"] - before, 64 << 20)
                self.assertEqual(server.request("GET", "/-/ready")[0], 200)
                self.assertEqual(metrics["kansoku_http_unanswered_total"], 0)
            finally:
                for s in idle + slow:
                    s.close()


if __name__ == "__main__":
    unittest.main()
