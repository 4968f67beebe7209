"""StartLiveTail and scheduled queries through the AWS SDK for JavaScript v3; the stream also through boto3 where it knows it."""

import json
import pathlib
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.js import JS, install_js
from support.kansoku import Server, wait_until

LINES_PER_BATCH = 1_000


def now_ms():
    return int(time.time() * 1000)


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_js()
        cls.server = Server("--no-agent").start()
        cls.logs = cls.server.boto3("logs")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def group(self, name):
        self.logs.create_log_group(logGroupName=name)
        self.logs.create_log_stream(logGroupName=name, logStreamName="s")
        return f"arn:aws:logs:us-east-1:000000000000:log-group:{name}"

    def put(self, group, messages):
        at = now_ms()
        self.logs.put_log_events(logGroupName=group, logStreamName="s",
                                 logEvents=[{"timestamp": at, "message": message} for message in messages])

    def tail(self, updates, **request):
        """A running client; its lines come parsed."""
        process = subprocess.Popen(["node", "live_tail.mjs", self.server.url, self.server.access_key, self.server.secret_key,
                                    json.dumps(request), str(updates)], cwd=JS, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait, 60)
        self.addCleanup(process.stdout.close)
        return process, (json.loads(line) for line in process.stdout)

    def test_the_sdk_follows_a_group(self):
        arn = self.group("followed")
        process, lines = self.tail(1_000, logGroupIdentifiers=[arn], logEventFilterPattern="ERROR")
        self.addCleanup(process.kill)
        start = next(lines)["start"]
        self.assertEqual(start["logGroupIdentifiers"], [arn])
        self.assertEqual(start["logEventFilterPattern"], "ERROR")
        self.put("followed", ["ERROR ünïcode \"quoted\"", "fine"])
        line = next(line for line in lines if line["events"])
        self.assertFalse(line["sampled"])
        self.assertEqual([e["message"] for e in line["events"]], ["ERROR ünïcode \"quoted\""])
        event = line["events"][0]
        self.assertEqual((event["logStreamName"], event["logGroupIdentifier"]), ("s", arn))
        self.assertLess(abs(event["ingestionTime"] - now_ms()), 60_000)
        self.assertGreaterEqual(event["ingestionTime"], event["timestamp"])

    def test_five_thousand_lines_a_second_are_sampled_and_said_so(self):
        arn = self.group("busy")
        process, lines = self.tail(1_000, logGroupIdentifiers=[arn])
        self.addCleanup(process.kill)
        next(lines)
        over = threading.Event()

        def load():
            number = 0
            while not over.is_set():
                begun = time.monotonic()
                self.put("busy", [f"line {number + i}" for i in range(LINES_PER_BATCH)])
                number += LINES_PER_BATCH
                over.wait(max(0, LINES_PER_BATCH / 5_000 - (time.monotonic() - begun)))

        thread = threading.Thread(target=load)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)
        seen = set()
        full = 0
        while full < 3:
            line = next(lines)
            self.assertLessEqual(len(line["events"]), 500)
            if not line["events"]:
                continue
            self.assertTrue(line["sampled"], len(line["events"]))
            self.assertEqual(len(line["events"]), 500)
            messages = {event["message"] for event in line["events"]}
            self.assertEqual(len(messages), 500)
            self.assertFalse(messages & seen)
            seen |= messages
            full += 1
        over.set()
        thread.join()
        # Then it is quiet, and nothing is sampled any more.
        next(line for line in lines if not line["events"] and not line["sampled"])
        self.put("busy", ["the last"])
        last = next(line for line in lines if line["events"])
        self.assertEqual(([e["message"] for e in last["events"]], last["sampled"]), (["the last"], False))

    def test_what_cannot_be_followed_is_refused_by_its_exception(self):
        _, lines = self.tail(1, logGroupIdentifiers=["arn:aws:logs:us-east-1:000000000000:log-group:none"])
        refused = next(lines)
        self.assertEqual((refused["error"], refused["status"]), ("ResourceNotFoundException", 400))
        arn = self.group("refusing")
        _, lines = self.tail(1, logGroupIdentifiers=[arn], logEventFilterPattern="{ $.a = ")
        self.assertEqual(next(lines)["error"], "InvalidParameterException")

    def test_a_session_ends_with_its_client_and_a_server_stops_under_one(self):
        server = Server("--no-agent").start()
        self.addCleanup(server.__exit__)
        logs = server.boto3("logs")
        logs.create_log_group(logGroupName="g")

        def watchers():
            return server.metrics()["kansoku_live_tail_watchers"]

        self.assertEqual(watchers(), 0)
        line = ["node", "live_tail.mjs", server.url, server.access_key, server.secret_key,
                json.dumps({"logGroupIdentifiers": ["arn:aws:logs:us-east-1:000000000000:log-group:g"]}), "1000"]
        with subprocess.Popen(line, cwd=JS, stdout=subprocess.PIPE, text=True) as client:
            client.stdout.readline()
            self.assertEqual(watchers(), 1)
            client.kill()
        wait_until(lambda: watchers() == 0, "the end of the session")
        with subprocess.Popen(line, cwd=JS, stdout=subprocess.PIPE, text=True) as client:
            client.stdout.readline()
            begun = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - begun, 10)
            self.assertEqual([one for one in client.stdout if "error" in one], [])

    def call(self, operation, **request):
        done = subprocess.run(["node", "logs_call.mjs", self.server.url, self.server.access_key, self.server.secret_key,
                               operation, json.dumps(request)], cwd=JS, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_the_sdk_keeps_scheduled_queries(self):
        arn = self.group("scheduled")
        query = {"queryLanguage": "CWLI", "queryString": "stats count()", "scheduleExpression": "cron(0/5 * * * ? *)",
                 "executionRoleArn": "arn:aws:iam::000000000000:role/r"}
        made = self.call("CreateScheduledQuery", name="counts", logGroupIdentifiers=[arn], timezone="Europe/Berlin",
                         startTimeOffset=600, **query)
        self.assertEqual(made["state"], "ENABLED")
        got = self.call("GetScheduledQuery", identifier=made["scheduledQueryArn"])
        self.assertEqual((got["name"], got["timezone"], got["startTimeOffset"], got["logGroupIdentifiers"]),
                         ("counts", "Europe/Berlin", 600, ["scheduled"]))
        changed = self.call("UpdateScheduledQuery", identifier="counts", state="DISABLED", **query)
        self.assertEqual((changed["state"], changed["timezone"]), ("DISABLED", "Europe/Berlin"))
        listed = self.call("ListScheduledQueries", state="DISABLED")["scheduledQueries"]
        self.assertEqual([one["name"] for one in listed], ["counts"])
        history = self.call("GetScheduledQueryHistory", identifier="counts", startTime=0, endTime=now_ms())
        self.assertEqual((history["name"], history["triggerHistory"]), ("counts", []))
        self.assertEqual(self.call("DeleteScheduledQuery", identifier="counts"), {})
        self.assertEqual(self.call("GetScheduledQuery", identifier="counts")["error"], "ResourceNotFoundException")
        refused = self.call("CreateScheduledQuery", name="bad", logGroupIdentifiers=[arn], **(query | {"queryLanguage": "SQL"}))
        self.assertEqual((refused["error"], "SQL" in refused["message"]), ("ValidationException", True))

    def test_boto3_takes_the_stream(self):
        if not hasattr(self.logs, "start_live_tail"):
            self.skipTest("this boto3 has no live tail")
        try:
            logs = self.server.boto3("logs", inject_host_prefix=False)
        except TypeError:
            self.skipTest("this boto3 cannot be kept from changing the host")
        arn = self.group("boto3")
        stream = iter(logs.start_live_tail(logGroupIdentifiers=[arn])["responseStream"])
        self.assertEqual(next(stream)["sessionStart"]["logGroupIdentifiers"], [arn])
        self.put("boto3", ["to boto3"])
        results = next(m["sessionUpdate"]["sessionResults"] for m in stream if m["sessionUpdate"]["sessionResults"])
        self.assertEqual([r["message"] for r in results], ["to boto3"])


if __name__ == "__main__":
    unittest.main()
