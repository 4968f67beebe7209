"""SEARCH, Metrics Insights and metric math as unmodified AWS clients ask for them."""

import datetime
import json
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.kansoku import Server
from test_prometheus import field, snappy_literal

HOSTS = {"web-1": 10, "web-2": 20, "db-1": 40}


class MetricQueries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--no-agent").start()
        cls.cloudwatch = cls.server.boto3("cloudwatch")
        now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
        cls.end = now
        cls.start = now - datetime.timedelta(minutes=5)
        cls.cloudwatch.put_metric_data(Namespace="Fleet", MetricData=[
            {"MetricName": "CpuBusy", "Dimensions": [{"Name": "Host", "Value": host}], "Value": base + minute,
             "Unit": "Percent", "Timestamp": cls.start + datetime.timedelta(minutes=minute)}
            for host, base in HOSTS.items() for minute in range(5)])

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def cli(self, queries, *more):
        done = subprocess.run(
            ["/usr/bin/aws", "--endpoint-url", self.server.url, "--output", "json", "cloudwatch", "get-metric-data",
             "--metric-data-queries", json.dumps(queries), "--start-time", self.start.isoformat(), "--end-time",
             self.end.isoformat(), "--scan-by", "TimestampAscending", *more],
            env=self.server.environment(), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_the_cli_searches(self):
        answer = self.cli([
            {"Id": "s", "Expression": "SEARCH('{Fleet,Host} MetricName=\"CpuBusy\" Host=web', 'Average', 60)"},
            {"Id": "total", "Expression": "SUM(SEARCH('{Fleet,Host} busy', 'Maximum', 60))", "Label": "all hosts"}])
        results = [(r["Id"], r["Label"], r["Values"]) for r in answer["MetricDataResults"]]
        self.assertEqual(results, [
            ("s", "web-1", [10, 11, 12, 13, 14]), ("s", "web-2", [20, 21, 22, 23, 24]),
            ("total", "all hosts", [70, 73, 76, 79, 82])])
        self.assertEqual({r["StatusCode"] for r in answer["MetricDataResults"]}, {"Complete"})

    def test_the_cli_selects(self):
        answer = self.cli([
            {"Id": "q1", "Period": 60,
             "Expression": 'SELECT MAX(CpuBusy) FROM SCHEMA("Fleet", Host) WHERE Host != \'db-1\' '
                           "GROUP BY Host ORDER BY AVG() DESC LIMIT 10"},
            {"Id": "q2", "Period": 300, "Expression": "select count(CpuBusy) from Fleet", "Label": "samples ${LABEL}"},
            {"Id": "e", "Expression": "FIRST(q1) - LAST(q1)"}])
        results = [(r["Id"], r["Label"], r["Values"]) for r in answer["MetricDataResults"]]
        self.assertEqual([r for r in results if r[0] == "q1"],
                         [("q1", "web-2", [20, 21, 22, 23, 24]), ("q1", "web-1", [10, 11, 12, 13, 14])])
        self.assertEqual([sum(r[2]) for r in results if r[0] == "q2"], [15])
        self.assertEqual([r[2] for r in results if r[0] == "e"], [[10] * 5])

    def test_pages_of_the_paginator_join_to_the_whole(self):
        queries = [{"Id": "s", "Expression": "SEARCH('{Fleet,Host} CpuBusy', 'Sum', 60)"}]
        pages = self.cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=self.start, EndTime=self.end, ScanBy="TimestampAscending",
            MaxDatapoints=4)
        seen = {}
        count = 0
        for page in pages:
            count += 1
            for result in page["MetricDataResults"]:
                seen.setdefault(result["Label"], []).extend(result["Values"])
        self.assertEqual(count, 4)
        self.assertEqual(seen, {host: [base + minute for minute in range(5)] for host, base in HOSTS.items()})

    def test_errors_name_the_expression_and_the_place(self):
        for expression, part in (("SELECT AVG(CpuBusy) FRM Fleet", "'bad' at character 21: \"FRM\" where FROM"),
                                 ("SEARCH('{Fleet', 'Sum')", "'bad' at character 9: a } is missing"),
                                 ("SELECT AVG(m) FROM n WHERE tag.env = 'x'", "tag.KEY is not served"),
                                 ("SERVICE_QUOTA(m1)", "SERVICE_QUOTA is not served")):
            with self.subTest(expression), self.assertRaises(self.cloudwatch.exceptions.ClientError) as caught:
                self.cloudwatch.get_metric_data(MetricDataQueries=[{"Id": "bad", "Expression": expression}],
                                                StartTime=self.start, EndTime=self.end)
            self.assertEqual(caught.exception.response["Error"]["Code"], "ValidationError")
            self.assertIn(part, caught.exception.response["Error"]["Message"])

    def test_the_query_that_grafana_builds(self):
        # Wildcards and lists of values become a search with quoted names, escaped values, a period in quotes.
        answer = self.cloudwatch.get_metric_data(
            StartTime=self.start, EndTime=self.end, ScanBy="TimestampAscending", MetricDataQueries=[
                {"Id": "a", "ReturnData": True, "Label": "${LABEL}|&|${PROP('Dim.Host')}",
                 "Expression": "REMOVE_EMPTY(SEARCH('{\"Fleet\",\"Host\"} MetricName=\"CpuBusy\" "
                               "\"Host\"=(\"web-1\" OR \"db-1\")', 'Average', '60'))"}])
        self.assertEqual([(r["Label"], r["Values"][0]) for r in answer["MetricDataResults"]],
                         [("db-1|&|db-1", 40), ("web-1|&|web-1", 10)])

    def test_series_of_prometheus_are_metrics_of_a_namespace(self):
        now_ms = int(time.time() * 1000)
        series = b""
        for host, value in (("a", 1.0), ("b", 3.0)):
            labels = b"".join(field(1, field(1, n) + field(2, v)) for n, v in (
                (b"__name__", b"queue_length"), (b"host", host.encode()), (b"job", b"j")))
            series += field(1, labels + field(2, field(1, value) + field(2, now_ms)))
        status, _, answer = self.server.request("POST", "/api/v1/write", snappy_literal(series), {
            "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0"})
        self.assertEqual(status, 204, answer)
        now = datetime.datetime.now(datetime.timezone.utc)
        answer = self.cloudwatch.get_metric_data(
            StartTime=now - datetime.timedelta(minutes=10), EndTime=now + datetime.timedelta(minutes=1),
            MetricDataQueries=[
                {"Id": "q", "Period": 60, "Expression": "SELECT MAX(queue_length) FROM Prometheus GROUP BY host"},
                {"Id": "s", "Expression": "SUM(SEARCH('{Prometheus,host,job} queue_length', 'Maximum', 60))"},
                {"Id": "m", "MetricStat": {"Stat": "Maximum", "Period": 60, "Metric": {
                    "Namespace": "Prometheus", "MetricName": "queue_length",
                    "Dimensions": [{"Name": "host", "Value": "b"}, {"Name": "job", "Value": "j"}]}}}])
        self.assertEqual([(r["Id"], r["Label"], r["Values"]) for r in answer["MetricDataResults"]],
                         [("q", "a", [1]), ("q", "b", [3]), ("s", "s", [4]), ("m", "queue_length", [3])])
        listed = self.cloudwatch.list_metrics(Namespace="Prometheus", MetricName="queue_length")["Metrics"]
        self.assertEqual(len(listed), 2)


if __name__ == "__main__":
    unittest.main()
