"""Logs from foreign senders: logger, rsyslog, the forward protocol, Loki push and Elasticsearch bulk; across kill -9."""

import gzip
import hashlib
import json
import os
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import BINARY, Server, wait_until

RSYSLOGD = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin") or ""
MODULES = pathlib.Path("/usr/lib/x86_64-linux-gnu/rsyslog")


# MessagePack, as far as the forward protocol needs it (msgpack specification).
def pack(value):
    if value is None:
        return b"\xc0"
    if value is True or value is False:
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        if 0 <= value < 128:
            return bytes([value])
        return b"\xcf" + struct.pack(">Q", value) if value >= 0 else b"\xd3" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return (bytes([0xA0 | len(text)]) if len(text) < 32 else b"\xdb" + struct.pack(">I", len(text))) + text
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    if isinstance(value, EventTime):
        return b"\xd7\x00" + struct.pack(">II", value.seconds, value.nanos)
    if isinstance(value, (list, tuple)):
        head = bytes([0x90 | len(value)]) if len(value) < 16 else b"\xdd" + struct.pack(">I", len(value))
        return head + b"".join(pack(item) for item in value)
    assert isinstance(value, dict)
    return b"\xdf" + struct.pack(">I", len(value)) + b"".join(pack(k) + pack(v) for k, v in value.items())


class EventTime:
    def __init__(self, seconds, nanos):
        self.seconds, self.nanos = seconds, nanos


class Unpacker:
    """Reads values off a socket."""

    def __init__(self, connection):
        self.connection = connection

    def take(self, count):
        out = b""
        while len(out) < count:
            more = self.connection.recv(count - len(out))
            if not more:
                raise EOFError
            out += more
        return out

    def value(self):
        head = self.take(1)[0]
        if head < 0x80:
            return head
        if head & 0xF0 == 0x80:
            return self.map(head & 15)
        if head & 0xF0 == 0x90:
            return [self.value() for _ in range(head & 15)]
        if head & 0xE0 == 0xA0:
            return self.take(head & 31).decode()
        if head in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[head]
        if head in (0xC4, 0xC5, 0xC6, 0xD9, 0xDA, 0xDB):
            form = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I", 0xD9: ">B", 0xDA: ">H", 0xDB: ">I"}[head]
            size = struct.unpack(form, self.take(struct.calcsize(form)))[0]
            return self.take(size) if head < 0xC7 else self.take(size).decode()
        if head in (0xDC, 0xDD):
            form = ">H" if head == 0xDC else ">I"
            return [self.value() for _ in range(struct.unpack(form, self.take(struct.calcsize(form)))[0])]
        assert head in (0xDE, 0xDF), hex(head)
        form = ">H" if head == 0xDE else ">I"
        return self.map(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def map(self, count):
        return {self.value(): self.value() for _ in range(count)}


class Forward:
    """A sender of the forward protocol, version 1."""

    def __init__(self, port, key=None, user=None, password=None):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.read = Unpacker(self.connection)
        if key is None:
            return
        helo, options = self.read.value()
        assert helo == "HELO"
        salt, nonce, auth = os.urandom(16), options["nonce"], options["auth"]
        digest = hashlib.sha512(salt + b"me" + nonce + key.encode()).hexdigest()
        by_user = hashlib.sha512(auth + user.encode() + password.encode()).hexdigest() if user else ""
        self.send(["PING", "me", salt, digest, user or "", by_user])
        _, self.accepted, self.reason, host, theirs = self.read.value()
        if self.accepted:
            assert theirs == hashlib.sha512(salt + host.encode() + nonce + key.encode()).hexdigest()

    def send(self, value):
        self.connection.sendall(pack(value))

    def ack(self):
        return self.read.value()["ack"]

    def close(self):
        self.connection.close()


def entries(*lines, at=None):
    at = at or int(time.time())
    return b"".join(pack([EventTime(at, i), {"log": line}]) for i, line in enumerate(lines))


def certificate(folder):
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
                    "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    return key, cert


class Receivers(unittest.TestCase):
    CONFIG = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kansoku-receivers-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def serve(self, *arguments, data=None, config=None):
        if config:
            path = self.folder / "kansoku.yaml"
            path.write_text(config)
            arguments += ("--config", str(path))
        else:
            arguments += ("--port", "syslog=0", "--port", "forward=0")
        server = Server("--no-agent", *arguments, data=data).start()
        self.addCleanup(server.__exit__)
        server.ports = json.loads((server.data / "ports.json").read_text())
        return server

    def events(self, server, group, **filters):
        logs = server.boto3("logs")
        out = []
        try:
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, **filters):
                out += page["events"]
        except logs.exceptions.ResourceNotFoundException:
            pass
        return out

    def messages(self, server, group, **filters):
        return [event["message"] for event in self.events(server, group, **filters)]

    def fields(self, server, group, fields):
        """Rows of an Insights query over the last hour."""
        logs = server.boto3("logs")
        now = int(time.time())
        query = logs.start_query(logGroupName=group, startTime=now - 3600, endTime=now + 60,
                                 queryString=f"fields {fields} | sort @message")["queryId"]
        wait_until(lambda: logs.get_query_results(queryId=query)["status"] == "Complete", "the query")
        rows = logs.get_query_results(queryId=query)["results"]
        return [{f["field"]: f["value"] for f in row if f["field"] != "@ptr"} for row in rows]


class Syslog(Receivers):
    def logger(self, server, *arguments):
        subprocess.run(["logger", "-n", "127.0.0.1", "-P", str(server.ports["syslog"]), *arguments], check=True, timeout=60)

    def test_logger_over_udp_and_tcp_in_every_form(self):
        server = self.serve()
        self.logger(server, "-d", "--rfc3164", "-t", "old", "by udp")
        self.logger(server, "-T", "--rfc5424", "-t", "new", "-p", "local3.err", "--msgid", "ID7", "--sd-id", "ex@1", "--sd-param",
                    'k="v"', "by tcp")
        self.logger(server, "-T", "--octet-count", "-t", "counted", "by count")
        group = "/kansoku/syslog"
        wait_until(lambda: sorted(self.messages(server, group)) == ["by count", "by tcp", "by udp"], "three messages")
        rows = self.fields(server, group, "@message, app_name, facility, severity, hostname, msg_id, `structured_data.ex@1.k` as sd")
        self.assertEqual([row["app_name"] for row in rows], ["counted", "new", "old"])
        self.assertEqual((rows[1]["facility"], rows[1]["severity"], rows[1]["msg_id"], rows[1]["sd"]), ("local3", "err", "ID7", "v"))
        streams = server.boto3("logs").describe_log_streams(logGroupName=group)["logStreams"]
        self.assertIn(socket.gethostname(), [stream["logStreamName"] for stream in streams])
        metrics = server.metrics()
        stored = [value for name, value in metrics.items() if 'receiver="syslog"' in name and 'outcome="stored"' in name]
        self.assertEqual(sum(stored), 3, [name for name in metrics if "syslog" in name])

    def rsyslogd(self, text):
        config = self.folder / "rsyslog.conf"
        config.write_text(text)
        process = subprocess.Popen([RSYSLOGD, "-n", "-f", str(config), "-i", str(self.folder / "rsyslog.pid")],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        def end():
            process.terminate()
            process.communicate(timeout=30)
        self.addCleanup(end)
        return process

    def follow(self, action, more=""):
        """rsyslog follows a file and sends its lines by the action."""
        source = self.folder / "in.log"
        source.write_text("")
        self.rsyslogd(f'global(workDirectory="{self.folder}" {more})\nmodule(load="imfile" mode="polling" pollingInterval="1")\n'
                      f'input(type="imfile" file="{source}" tag="app:" reopenOnTruncate="on")\n{action}\n')
        return source

    @unittest.skipUnless(RSYSLOGD, "rsyslogd is not installed")
    def test_rsyslog_over_tcp_keeps_every_line_across_a_kill(self):
        server = self.serve()
        source = self.follow(f'action(type="omfwd" target="127.0.0.1" port="{server.ports["syslog"]}" protocol="tcp" '
                             'template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1" action.resumeInterval="1")')
        first = [f"line {i}" for i in range(500)]
        with source.open("a") as out:
            out.write("".join(line + "\n" for line in first))
        wait_until(lambda: sorted(self.messages(server, "/kansoku/syslog")) == sorted(first), "the lines")
        port = server.ports["syslog"]
        server.kill()
        again = Server("--no-agent", "--port", f"syslog={port}", "--port", "forward=off", data=server.data).start()
        self.addCleanup(again.__exit__)
        self.assertEqual(sorted(self.messages(again, "/kansoku/syslog")), sorted(first))
        # Syslog has no acknowledgement: rsyslog learns of the end when it writes next. What it writes from
        # then on arrives.
        def arrives():
            with source.open("a") as out:
                out.write("later\n")
            return "later" in self.messages(again, "/kansoku/syslog")
        wait_until(arrives, "a line after the kill")

    @unittest.skipUnless(RSYSLOGD and (MODULES / "lmnsd_gtls.so").exists(), "rsyslogd without rsyslog-gnutls")
    def test_rsyslog_over_tls(self):
        key, cert = certificate(self.folder)
        server = self.serve(config=f"""
receivers:
  syslog/tls: {{listen: "127.0.0.1:0", udp: false, tls: {{certificate: {cert}, key: {key}}}, group: /tls}}
exporters: {{store: {{}}}}
service: {{pipelines: {{logs: {{receivers: [syslog/tls], exporters: [store]}}}}}}
""")
        source = self.follow(
            f'action(type="omfwd" target="127.0.0.1" port="{server.ports["syslog/tls"]}" protocol="tcp" StreamDriver="gtls" '
            'StreamDriverMode="1" StreamDriverAuthMode="anon" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")',
            more=f'DefaultNetstreamDriverCAFile="{cert}"')
        lines = [f"secret {i}" for i in range(100)]
        with source.open("a") as out:
            out.write("".join(line + "\n" for line in lines))
        wait_until(lambda: sorted(self.messages(server, "/tls")) == sorted(lines), "the lines")
        # In the clear the same port takes nothing.
        with socket.create_connection(("127.0.0.1", server.ports["syslog/tls"]), timeout=30) as plain:
            plain.sendall(b"<13>x: in the clear\n")
            try:
                self.assertNotEqual(plain.recv(100)[:3], b"<13")
            except ConnectionResetError:
                pass
        self.assertNotIn("in the clear", self.messages(server, "/tls"))

    @unittest.skipUnless(RSYSLOGD and (MODULES / "omelasticsearch.so").exists(), "rsyslogd without rsyslog-elasticsearch")
    def test_rsyslog_by_bulk(self):
        server = self.serve()
        source = self.follow(
            'module(load="omelasticsearch")\ntemplate(name="doc" type="list" option.jsonf="on") {\n'
            ' property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")\n'
            ' property(outname="message" name="msg" format="jsonf")\n}\n'
            f'action(type="omelasticsearch" server="127.0.0.1" serverport="{server.port}" searchIndex="rsyslog" searchType="" '
            f'template="doc" bulkmode="on" uid="{server.access_key}" pwd="{server.secret_key}" action.resumeRetryCount="-1")')
        with source.open("a") as out:
            out.write("".join(f"bulk {i}\n" for i in range(50)))
        wait_until(lambda: len(self.messages(server, "rsyslog")) == 50, "the lines")
        self.assertEqual(sorted(row["message"].strip() for row in self.fields(server, "rsyslog", "message"))[0], "bulk 0")


class ForwardProtocol(Receivers):
    GROUP = "/kansoku/forward"

    def sender(self, *arguments):
        out = Forward(*arguments)
        self.addCleanup(lambda: out.close())
        return out

    def test_all_modes(self):
        server = self.serve()
        sender = self.sender(server.ports["forward"])
        now = int(time.time())
        sender.send(["app.message", now, {"log": "message", "n": 1, "deep": {"list": [1.5, None, True]}}])
        sender.send(["app.forward", [[now, {"log": "forward 1"}], [EventTime(now, 500), {"log": "forward 2"}]]])
        sender.send(["app.packed", entries("packed 1", "packed 2"), {"size": 2, "chunk": "c1"}])
        self.assertEqual(sender.ack(), "c1")
        sender.send(["app.gzip", gzip.compress(entries("gzip 1")) + gzip.compress(entries("gzip 2")),
                     {"compressed": "gzip", "chunk": "c2"}])
        self.assertEqual(sender.ack(), "c2")
        wait_until(lambda: len(self.events(server, self.GROUP)) == 7, "seven events")
        rows = self.fields(server, self.GROUP, "@message, log, tag, deep.list.0 as first")
        self.assertEqual({(row["log"], row["tag"]) for row in rows},
                         {("message", "app.message"), ("forward 1", "app.forward"), ("forward 2", "app.forward"), ("packed 1", "app.packed"),
                          ("packed 2", "app.packed"), ("gzip 1", "app.gzip"), ("gzip 2", "app.gzip")})
        message = next(event for event in self.events(server, self.GROUP) if "deep" in event["message"])
        self.assertEqual(json.loads(message["message"]), {"log": "message", "n": 1, "deep": {"list": [1.5, None, True]}})
        self.assertEqual((message["logStreamName"], message["timestamp"]), ("app.message", now * 1000))
        sender.close()

    def test_nothing_acknowledged_is_lost_by_a_kill(self):
        server = self.serve()
        acknowledged = []
        for turn in range(5):
            sender = self.sender(server.ports["forward"])
            for i in range(20):
                chunk = f"{turn}-{i}"
                sender.send(["app", entries(chunk), {"chunk": chunk}])
                self.assertEqual(sender.ack(), chunk)
                acknowledged.append(chunk)
            # One on its way, sent again after the start as a sender does that saw no answer.
            pending = f"{turn}-pending"
            sender.send(["app", entries(pending), {"chunk": pending}])
            server.kill()
            sender.close()
            server = self.serve(data=server.data)
            sender = self.sender(server.ports["forward"])
            sender.send(["app", entries(pending), {"chunk": pending}])
            self.assertEqual(sender.ack(), pending)
            acknowledged.append(pending)
            sender.close()
        found = [json.loads(message)["log"] for message in self.messages(server, self.GROUP)]
        self.assertEqual(set(found), set(acknowledged))
        # At least once: only what was on its way may stand twice.
        self.assertLessEqual(len(found) - len(acknowledged), 5)

    def test_shared_key_and_users(self):
        server = self.serve(config="""
receivers:
  forward: {listen: "127.0.0.1:0", shared_key: secret, users: {ann: pw}}
exporters: {store: {}}
service: {pipelines: {logs: {receivers: [forward], exporters: [store]}}}
""")
        port = server.ports["forward"]
        self.assertFalse(self.sender(port, "wrong", "ann", "pw").accepted)
        self.assertFalse(self.sender(port, "secret", "ann", "no").accepted)
        sender = self.sender(port, "secret", "ann", "pw")
        self.assertTrue(sender.accepted, sender.reason)
        sender.send(["t", entries("in"), {"chunk": "c"}])
        self.assertEqual(sender.ack(), "c")
        self.assertEqual(self.messages(server, self.GROUP), ['{"log":"in"}'])

    def test_over_tls(self):
        key, cert = certificate(self.folder)
        server = self.serve(config=f"""
receivers:
  forward: {{listen: "127.0.0.1:0", tls: {{certificate: {cert}, key: {key}}}}}
exporters: {{store: {{}}}}
service: {{pipelines: {{logs: {{receivers: [forward], exporters: [store]}}}}}}
""")
        sender = self.sender(server.ports["forward"])
        sender.connection = ssl.create_default_context(cafile=cert).wrap_socket(sender.connection, server_hostname="localhost")
        sender.read = Unpacker(sender.connection)
        big = ["x" * 1000 + str(i) for i in range(3000)]
        sender.send(["t", entries(*big), {"chunk": "c"}])
        self.assertEqual(sender.ack(), "c")
        self.assertEqual(len(self.messages(server, self.GROUP)), 3000)


class HttpInputs(Receivers):
    def test_bulk_as_fluent_bit_sends_it(self):
        server = self.serve()
        # out_es: {"create":{"_index":"..."}} and the record with @timestamp, one request a chunk, HTTP basic auth.
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".123456789Z"
        body = "".join('{"create":{"_index":"fluent-bit"}}\n' + json.dumps({"@timestamp": stamp, "log": f"line {i}", "n": i}) + "\n"
                       for i in range(1000))
        for encoding in (None, "gzip"):
            headers = {"Content-Type": "application/x-ndjson"}
            if encoding:
                headers["Content-Encoding"] = encoding
            status, answered, data = server.request("POST", "/_bulk", gzip.compress(body.encode()) if encoding else body, headers)
            self.assertEqual(status, 200, data)
            self.assertEqual(answered["x-elastic-product"], "Elasticsearch")
            answer = json.loads(data)
            self.assertFalse(answer["errors"])
            self.assertEqual([item["create"]["status"] for item in answer["items"]], [201] * 1000)
        self.assertEqual(len(self.messages(server, "fluent-bit", filterPattern="{ $.n = 7 }")), 2)
        event = self.events(server, "fluent-bit", limit=1)[0]
        self.assertEqual(event["timestamp"], int(now) * 1000 + 123)
        self.assertEqual(event["logStreamName"], "127.0.0.1")
        status, _, data = server.request("GET", "/", headers={"Accept": "application/json"})
        self.assertEqual((status, json.loads(data)["tagline"]), (200, "You Know, for Search"))
        status, _, data = server.request("POST", "/_bulk", body, token=False)
        self.assertEqual(status, 401)

    def test_loki_push_as_promtail_sends_it(self):
        server = self.serve()
        now = time.time_ns()
        body = json.dumps({"streams": [{"stream": {"job": "varlogs", "host": "h1"},
                                        "values": [[str(now), "one", {"trace_id": "t1"}], [str(now + 1), "two"]]}]})
        status, _, data = server.request("POST", "/loki/api/v1/push", body, {"Content-Type": "application/json"})
        self.assertEqual((status, data), (204, b""))

        def field(number, value):
            return bytes([number << 3 | 2]) + varint(len(value)) + value

        def varint(value):
            out = b""
            while value > 127:
                out += bytes([value & 127 | 128])
                value >>= 7
            return out + bytes([value])
        stamp = field(1, b"\x08" + varint(now // 10**9) + b"\x10" + varint(now % 10**9))
        push = field(1, field(1, b'{host="h1", job="varlogs"}') + field(2, stamp + field(2, b"three")))
        block = varint(len(push)) + bytes([0xF0, len(push) - 1]) + push  # snappy: one literal
        status, _, data = server.request("POST", "/loki/api/v1/push", block, {"Content-Type": "application/x-protobuf"})
        self.assertEqual((status, data), (204, b""))
        self.assertEqual(sorted(self.messages(server, "varlogs")), ["one", "three", "two"])
        rows = self.fields(server, "varlogs", "@message, host, trace_id, @logStream")
        self.assertEqual(rows[0], {"@message": "one", "host": "h1", "trace_id": "t1", "@logStream": '{host="h1"}'})
        status, _, data = server.request("POST", "/loki/api/v1/push", "{", {"Content-Type": "application/json"})
        self.assertEqual(status, 400, data)

    def test_nothing_acknowledged_is_lost_by_a_kill(self):
        server = self.serve()
        acknowledged = []
        for turn in range(3):
            for i in range(10):
                line = f"{turn}-{i}"
                body = '{"create":{}}\n' + json.dumps({"line": line}) + "\n"
                self.assertEqual(server.request("POST", "/kept/_bulk", body)[0], 200)
                push = {"streams": [{"stream": {"job": "kept"}, "values": [[str(time.time_ns()), json.dumps({"line": line})]]}]}
                self.assertEqual(server.request("POST", "/loki/api/v1/push", json.dumps(push), {"Content-Type": "application/json"})[0], 204)
                acknowledged += [line, line]
            server.kill()
            server = self.serve(data=server.data)
        self.assertEqual(sorted(json.loads(message)["line"] for message in self.messages(server, "kept")), sorted(acknowledged))


class Ports(Receivers):
    def test_a_taken_port_is_a_warning_unless_it_was_asked_for(self):
        server = self.serve()
        taken = server.ports["forward"]
        failed = subprocess.run([str(BINARY), "up", "--no-agent", "--data", str(self.folder / "other"), "--listen",
                                 "127.0.0.1:0", "--port", f"forward={taken}", "--port", "syslog=off"], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("--port forward=N", failed.stderr)
        off = Server("--no-agent", "--port", "syslog=off", "--port", "forward=off")
        with off:
            self.assertEqual(set(json.loads((off.data / "ports.json").read_text())), {"url", "http"})

    def test_beyond_loopback_senders_must_prove_who_they_are(self):
        path = self.folder / "open.yaml"
        path.write_text('receivers:\n  forward: {listen: "0.0.0.0:0"}\n  syslog: {listen: "0.0.0.0:0"}\nexporters: {store: {}}\n'
                        "service: {pipelines: {logs: {receivers: [forward, syslog], exporters: [store]}}}\n")
        checked = subprocess.run([str(BINARY), "check", "config", str(path)],
                                 capture_output=True, text=True, timeout=60)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("beyond loopback anybody could write", checked.stdout + checked.stderr)


if __name__ == "__main__":
    unittest.main()
