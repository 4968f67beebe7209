"""CloudWatch Logs through unmodified clients: Debian's CLI, boto3, and what Fluent Bit sends; across a kill -9."""

import gzip
import json
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions

from support.kansoku import Server, wait_until


def now_ms():
    return int(time.time() * 1000)


class Logs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--no-agent").start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def aws(self, *arguments):
        done = subprocess.run(["/usr/bin/aws", "--endpoint-url", self.server.url, "--output", "json", "logs", *arguments],
                              env=self.server.environment(), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def signed(self, target, body, encoding=None):
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{target}"}
        if encoding:
            headers["Content-Encoding"] = encoding
        request = botocore.awsrequest.AWSRequest(method="POST", url=self.server.url, data=body, headers=headers)
        credentials = botocore.credentials.Credentials(self.server.access_key, self.server.secret_key)
        botocore.auth.SigV4Auth(credentials, "logs", "us-east-1").add_auth(request)
        prepared = request.prepare()
        return self.server.request("POST", "/", body=prepared.body, headers=dict(prepared.headers.items()), token=False)

    def test_the_cli_makes_a_group_puts_events_and_reads_them_back(self):
        at = now_ms()
        self.aws("create-log-group", "--log-group-name", "/cli/group", "--tags", "env=test")
        self.aws("create-log-stream", "--log-group-name", "/cli/group", "--log-stream-name", "host-1")
        put = self.aws("put-log-events", "--log-group-name", "/cli/group", "--log-stream-name", "host-1", "--log-events",
                       json.dumps([{"timestamp": at - 2, "message": "first ünïcode"}, {"timestamp": at, "message": "ERROR second"}]))
        self.assertIn("nextSequenceToken", put)
        self.aws("put-retention-policy", "--log-group-name", "/cli/group", "--retention-in-days", "30")
        group = self.aws("describe-log-groups", "--log-group-name-prefix", "/cli")["logGroups"][0]
        self.assertEqual(group["retentionInDays"], 30)
        self.assertEqual(group["storedBytes"], len("first ünïcode".encode()) + len("ERROR second"))
        events = self.aws("get-log-events", "--log-group-name", "/cli/group", "--log-stream-name", "host-1")["events"]
        self.assertEqual([e["message"] for e in events], ["first ünïcode", "ERROR second"])
        found = self.aws("filter-log-events", "--log-group-name", "/cli/group", "--filter-pattern", "ERROR")["events"]
        self.assertEqual([(e["message"], e["timestamp"], e["logStreamName"]) for e in found], [("ERROR second", at, "host-1")])
        stream = self.aws("describe-log-streams", "--log-group-name", "/cli/group")["logStreams"][0]
        self.assertEqual((stream["firstEventTimestamp"], stream["lastEventTimestamp"]), (at - 2, at))
        self.assertEqual(self.aws("list-tags-log-group", "--log-group-name", "/cli/group")["tags"], {"env": "test"})

    def test_tail_of_the_cli_prints_what_filter_finds(self):
        at = now_ms()
        self.aws("create-log-group", "--log-group-name", "tailed")
        self.aws("create-log-stream", "--log-group-name", "tailed", "--log-stream-name", "s")
        self.aws("put-log-events", "--log-group-name", "tailed", "--log-stream-name", "s", "--log-events",
                 json.dumps([{"timestamp": at, "message": "line of the tail"}]))
        done = subprocess.run(["/usr/bin/aws", "--endpoint-url", self.server.url, "logs", "tail", "tailed", "--since", "1h"],
                              env=self.server.environment(), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("s line of the tail", done.stdout)

    def test_boto3_pages_through_what_was_put(self):
        logs = self.server.boto3("logs")
        logs.create_log_group(logGroupName="pages")
        at = now_ms()
        for stream in ("a", "b"):
            logs.create_log_stream(logGroupName="pages", logStreamName=stream)
            logs.put_log_events(logGroupName="pages", logStreamName=stream, logEvents=[
                {"timestamp": at + i, "message": f"{stream}{i:04}"} for i in range(2500)])
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName="pages", PaginationConfig={"PageSize": 700})
        events = [event for page in pages for event in page["events"]]
        self.assertEqual(len(events), 5000)
        self.assertEqual(len({event["eventId"] for event in events}), 5000)
        self.assertEqual([e["timestamp"] for e in events], sorted(e["timestamp"] for e in events))
        names = [s["logStreamName"] for page in logs.get_paginator("describe_log_streams").paginate(
            logGroupName="pages", PaginationConfig={"PageSize": 1}) for s in page["logStreams"]]
        self.assertEqual(names, ["a", "b"])
        token, seen = None, []
        while True:
            page = logs.get_log_events(logGroupName="pages", logStreamName="a", startFromHead=True, limit=999,
                                       **({"nextToken": token} if token else {}))
            seen += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token:
                break
            token = page["nextForwardToken"]
        self.assertEqual(seen, [f"a{i:04}" for i in range(2500)])

    def test_an_agent_learns_that_group_and_stream_are_missing_and_makes_them(self):
        logs = self.server.boto3("logs")
        event = [{"timestamp": now_ms(), "message": "agent"}]
        for expected, make in (("The specified log group does not exist.", lambda: logs.create_log_group(logGroupName="agent")),
                               ("The specified log stream does not exist.",
                                lambda: logs.create_log_stream(logGroupName="agent", logStreamName="i"))):
            with self.assertRaises(logs.exceptions.ResourceNotFoundException) as caught:
                logs.put_log_events(logGroupName="agent", logStreamName="i", logEvents=event)
            self.assertEqual(caught.exception.response["Error"]["Message"], expected)
            make()
        logs.put_log_events(logGroupName="agent", logStreamName="i", logEvents=event)
        with self.assertRaises(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName="agent")

    def test_compressed_bodies_are_taken_and_answers_carry_the_request_id(self):
        logs = self.server.boto3("logs")
        logs.create_log_group(logGroupName="zipped")
        logs.create_log_stream(logGroupName="zipped", logStreamName="s")
        body = json.dumps({"logGroupName": "zipped", "logStreamName": "s",
                           "logEvents": [{"timestamp": now_ms(), "message": "packed"}]}).encode()
        status, headers, answer = self.signed("PutLogEvents", gzip.compress(body), "gzip")
        self.assertEqual(status, 200, answer)
        # Fluent Bit takes an answer without it for a failure and sends again.
        self.assertTrue(headers["x-amzn-RequestId"])
        found = logs.filter_log_events(logGroupName="zipped")["events"]
        self.assertEqual([event["message"] for event in found], ["packed"])

    def test_metric_filters_make_metrics_of_events(self):
        logs, cloudwatch = self.server.boto3("logs"), self.server.boto3("cloudwatch")
        logs.create_log_group(logGroupName="web")
        logs.create_log_stream(logGroupName="web", logStreamName="s")
        logs.put_metric_filter(logGroupName="web", filterName="slow", filterPattern="{ $.took > 0.5 }", metricTransformations=[
            {"metricName": "Slow", "metricNamespace": "Web", "metricValue": "$.took", "unit": "Seconds", "dimensions": {"Path": "$.path"}}])
        at = now_ms() // 60_000 * 60_000
        logs.put_log_events(logGroupName="web", logStreamName="s", logEvents=[
            {"timestamp": at + i, "message": json.dumps({"took": took, "path": "/a"})} for i, took in enumerate((0.25, 1.5, 2.5))])
        found = cloudwatch.get_metric_statistics(
            Namespace="Web", MetricName="Slow", Dimensions=[{"Name": "Path", "Value": "/a"}], Unit="Seconds", Period=60,
            StartTime=at / 1000 - 60, EndTime=at / 1000 + 60, Statistics=["Sum", "SampleCount", "Maximum"])["Datapoints"]
        self.assertEqual([(p["Sum"], p["SampleCount"], p["Maximum"]) for p in found], [(4.0, 2.0, 2.5)])

    def test_embedded_metrics_become_metrics_and_stay_events(self):
        logs, cloudwatch = self.server.boto3("logs"), self.server.boto3("cloudwatch")
        logs.create_log_group(logGroupName="/metrics/app")
        logs.create_log_stream(logGroupName="/metrics/app", logStreamName="s")
        at = now_ms() // 60_000 * 60_000
        document = {"_aws": {"Timestamp": at, "CloudWatchMetrics": [{"Namespace": "App", "Dimensions": [["Service"], []],
                    "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}]}]}, "Service": "checkout", "Latency": [20, 30], "requestId": "r-1"}
        logs.put_log_events(logGroupName="/metrics/app", logStreamName="s", logEvents=[{"timestamp": at, "message": json.dumps(document)}])
        for dimensions in ([{"Name": "Service", "Value": "checkout"}], []):
            found = cloudwatch.get_metric_statistics(
                Namespace="App", MetricName="Latency", Dimensions=dimensions, Unit="Milliseconds", Period=60,
                StartTime=at / 1000 - 60, EndTime=at / 1000 + 60, Statistics=["Average", "SampleCount"])["Datapoints"]
            self.assertEqual([(p["Average"], p["SampleCount"]) for p in found], [(25.0, 2.0)])
        events = logs.filter_log_events(logGroupName="/metrics/app", filterPattern='{ $.requestId = "r-1" }')["events"]
        self.assertEqual([json.loads(event["message"]) for event in events], [document])

    def test_insights_answers_a_query(self):
        logs = self.server.boto3("logs")
        logs.create_log_group(logGroupName="insights")
        logs.create_log_stream(logGroupName="insights", logStreamName="s")
        at = now_ms()
        logs.put_log_events(logGroupName="insights", logStreamName="s", logEvents=[
            {"timestamp": at - 1000 + i, "message": f'{{"code":{200 if i % 4 else 500},"path":"/p{i % 2}"}}'} for i in range(100)])
        query = logs.start_query(logGroupName="insights", startTime=at // 1000 - 60, endTime=at // 1000 + 60,
                                 queryString="filter code >= 500 | stats count(*) as hits by path | sort path")["queryId"]
        answer = self.finished(logs, query)
        self.assertEqual(answer["results"], [[{"field": "path", "value": "/p0"}, {"field": "hits", "value": "25"}]])
        self.assertEqual(answer["statistics"]["recordsMatched"], 25.0)
        found = self.finished(logs, self.cli_query(at, "fields @message | limit 1"))["results"][0]
        pointer = next(cell["value"] for cell in found if cell["field"] == "@ptr")
        record = logs.get_log_record(logRecordPointer=pointer)["logRecord"]
        self.assertEqual(record["@logStream"], "s")
        with self.assertRaises(logs.exceptions.MalformedQueryException) as caught:
            logs.start_query(logGroupName="insights", startTime=0, endTime=1, queryString="fields a | nothing b")
        self.assertEqual(caught.exception.response["queryCompileError"]["location"]["startCharOffset"], 11)

    def cli_query(self, at, text):
        return self.aws("start-query", "--log-group-name", "insights", "--start-time", str(at // 1000 - 60), "--end-time",
                        str(at // 1000 + 60), "--query-string", text)["queryId"]

    def finished(self, logs, query):
        answers = []
        wait_until(lambda: answers.append(logs.get_query_results(queryId=query)) or
                   answers[-1]["status"] not in ("Scheduled", "Running"), "the query ends")
        self.assertEqual(answers[-1]["status"], "Complete")
        return answers[-1]

    def test_what_is_not_there_is_refused_by_name(self):
        logs = self.server.boto3("logs")
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            logs.describe_destinations()
        self.assertIn("DescribeDestinations", caught.exception.response["Error"]["Message"])


class Durability(unittest.TestCase):
    def test_what_was_acknowledged_is_there_after_a_kill(self):
        with Server("--no-agent") as server:
            logs = server.boto3("logs")
            logs.create_log_group(logGroupName="g")
            logs.create_log_stream(logGroupName="g", logStreamName="s")
            at = now_ms()
            for batch in range(20):
                logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[
                    {"timestamp": at + batch, "message": json.dumps({"batch": batch, "i": i})} for i in range(200)])
                if batch == 9:
                    self.assertEqual(server.request("POST", "/-/flush?merge=all")[0], 200)
            before = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)["events"]
            self.assertEqual(len(before), 4000)
            server.kill()
            server.start()
            logs = server.boto3("logs")
            after = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)["events"]
            self.assertEqual(after, before)
            found = logs.filter_log_events(logGroupName="g", filterPattern="{ $.batch = 7 && $.i < 3 }")["events"]
            self.assertEqual(len(found), 3)
            logs.delete_log_group(logGroupName="g")
            logs.create_log_group(logGroupName="g")
            self.assertEqual(logs.filter_log_events(logGroupName="g")["events"], [])


if __name__ == "__main__":
    unittest.main()
