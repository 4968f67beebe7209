"""Subscription filters against endpoints that speak as Kinesis, Firehose, Lambda and an HTTP endpoint do."""

import base64
import gzip
import http.server
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from support.kansoku import Server, wait_until

ACCOUNT = "000000000000"


class Sink:
    """Takes what AWS targets take. `failures`: how many requests are answered by 503 first."""

    def __init__(self):
        sink = self
        self.lock = threading.Lock()
        self.messages = []  # (target, payload)
        self.authorizations = set()
        self.failures = 0
        self.refused = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = sink.take(self.path, self.headers, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def take(self, path, headers, body):
        with self.lock:
            if self.failures > 0:
                self.failures -= 1
                self.refused += 1
                return 503, b"{}"
            if path == "/firehose-http":
                assert headers["X-Amz-Firehose-Request-Id"] == json.loads(body)["requestId"]
                for record in json.loads(body)["records"]:
                    self.keep("http", base64.b64decode(record["data"]))
                return 200, b"{}"
            authorization = headers["Authorization"]
            assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIDSINK/"), authorization
            assert "Signature=" in authorization and headers["X-Amz-Date"]
            self.authorizations.add(authorization.split("/")[3])
            if path.startswith("/2015-03-31/functions/"):
                assert headers["X-Amz-Invocation-Type"] == "Event"
                function = urllib.parse.unquote(path.split("/")[3])
                self.keep(function.split(":")[-1], base64.b64decode(json.loads(body)["awslogs"]["data"]))
                return 202, b""
            request = json.loads(body)
            for record in request["Records"]:
                self.keep(request.get("StreamName") or request["DeliveryStreamName"], base64.b64decode(record["Data"]))
            count = len(request["Records"])
            if headers["X-Amz-Target"] == "Kinesis_20131202.PutRecords":
                return 200, json.dumps({"FailedRecordCount": 0, "Records": [{"SequenceNumber": "1", "ShardId": "s"}] * count}).encode()
            assert headers["X-Amz-Target"] == "Firehose_20150804.PutRecordBatch"
            return 200, json.dumps({"FailedPutCount": 0, "RequestResponses": [{"RecordId": "1"}] * count}).encode()

    def keep(self, target, payload):
        self.messages.append((target, json.loads(gzip.decompress(payload))))

    def events(self, target):
        with self.lock:
            return [event for name, payload in self.messages if name == target and payload["messageType"] == "DATA_MESSAGE"
                    for event in payload["logEvents"]]

    def texts(self, target):
        return [event["message"] for event in self.events(target)]

    def of_type(self, target, kind):
        with self.lock:
            return [payload for name, payload in self.messages if name == target and payload["messageType"] == kind]


class Subscriptions(unittest.TestCase):
    def setUp(self):
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        self.data = tempfile.TemporaryDirectory(prefix="kansoku-test-")
        self.addCleanup(self.data.cleanup)

    def server(self):
        environment = dict(os.environ, AWS_ACCESS_KEY_ID="AKIDSINK", AWS_SECRET_ACCESS_KEY="secret",
                           AWS_EC2_METADATA_DISABLED="true", AWS_ENDPOINT_URL_KINESIS=self.sink.url,
                           AWS_ENDPOINT_URL_FIREHOSE=self.sink.url, AWS_ENDPOINT_URL=self.sink.url)
        server = Server("--no-agent", data=self.data.name, env=environment).start()
        self.addCleanup(server.__exit__)
        return server

    def group(self, logs, name):
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")

    def put(self, logs, group, messages):
        at = int(time.time() * 1000)
        logs.put_log_events(logGroupName=group, logStreamName="s",
                            logEvents=[{"timestamp": at, "message": message} for message in messages])

    def subscribe(self, logs, group, name, destination, pattern=""):
        logs.put_subscription_filter(logGroupName=group, filterName=name, filterPattern=pattern, destinationArn=destination,
                                     **({"roleArn": "arn:aws:iam::000000000000:role/r"} if "kinesis" in destination else {}))

    def test_each_kind_of_destination_gets_its_payload_signed(self):
        server = self.server()
        logs = server.boto3("logs")
        destinations = {
            "stream": f"arn:aws:kinesis:eu-west-1:{ACCOUNT}:stream/stream",
            "delivery": f"arn:aws:firehose:us-east-1:{ACCOUNT}:deliverystream/delivery",
            "function": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:function",
            "http": self.sink.url + "/firehose-http",
        }
        for name, destination in destinations.items():
            self.group(logs, name)
            self.subscribe(logs, name, "f", destination, "ERROR")
            self.put(logs, name, [f"ERROR für {name}", "fine"])
        for name in destinations:
            events = wait_until(lambda target=name: self.sink.events(target), f"events at {name}")
            self.assertEqual([event["message"] for event in events], [f"ERROR für {name}"])
            payload = self.sink.of_type(name, "DATA_MESSAGE")[0]
            self.assertEqual((payload["owner"], payload["logGroup"], payload["logStream"], payload["subscriptionFilters"]),
                             (ACCOUNT, name, "s", ["f"]))
            found = logs.filter_log_events(logGroupName=name, filterPattern="ERROR")["events"][0]
            self.assertEqual((events[0]["id"], events[0]["timestamp"]), (found["eventId"], found["timestamp"]))
            control = wait_until(lambda target=name: self.sink.of_type(target, "CONTROL_MESSAGE"), "the control message")[0]
            self.assertEqual(control["logEvents"][0]["id"], "")
            self.assertTrue(control["logEvents"][0]["message"].startswith(
                "CWL CONTROL MESSAGE: Checking health of destination"))
        self.assertEqual(self.sink.authorizations, {"kinesis", "firehose", "lambda"})
        shown = logs.describe_subscription_filters(logGroupName="stream")["subscriptionFilters"][0]
        self.assertEqual((shown["destinationArn"], shown["distribution"]), (destinations["stream"], "ByLogStream"))

    def test_nothing_is_lost_over_an_outage_and_a_kill(self):
        server = self.server()
        logs = server.boto3("logs")
        self.group(logs, "g")
        self.subscribe(logs, "g", "f", f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/out")
        self.put(logs, "g", ["first"])
        wait_until(lambda: "first" in self.sink.texts("out"), "the first event")
        self.sink.failures = 1_000_000
        expected = ["first"]
        for i in range(5):
            batch = [f"{i}-{j}" for j in range(500)]
            self.put(logs, "g", batch)
            expected += batch
        wait_until(lambda: self.sink.refused > 0, "a refused request")
        server.kill()
        self.sink.failures = 2
        server = self.server()
        logs = server.boto3("logs")
        self.put(logs, "g", ["last"])
        expected.append("last")
        wait_until(lambda: set(self.sink.texts("out")) == set(expected), "all events")
        ids = [event["id"] for event in self.sink.events("out")]
        repeats = len(ids) - len(set(ids))
        self.assertEqual(len(set(ids)), len(expected))
        # Of what had been delivered before the kill there was one.
        self.assertLessEqual(repeats, 1)
        # Counted when the answer is back, which may be after the stream shows the events.
        name = "kansoku_subscription_recovered_events_total"
        wait_until(lambda: server.metrics()[name] >= len(expected) - 2, "the count of them")

    def test_a_filter_that_is_deleted_delivers_no_more(self):
        server = self.server()
        logs = server.boto3("logs")
        self.group(logs, "g")
        for name in ("a", "b"):
            self.subscribe(logs, "g", name, f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{name}")
        with self.assertRaises(logs.exceptions.LimitExceededException):
            self.subscribe(logs, "g", "c", f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/c")
        self.put(logs, "g", ["both"])
        for name in ("a", "b"):
            wait_until(lambda target=name: self.sink.texts(target) == ["both"], "the event for both")
        logs.delete_subscription_filter(logGroupName="g", filterName="a")
        self.put(logs, "g", ["one"])
        wait_until(lambda: self.sink.texts("b") == ["both", "one"], "the event for one")
        self.assertEqual(self.sink.texts("a"), ["both"])


if __name__ == "__main__":
    unittest.main()
