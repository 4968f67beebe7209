"""Anomaly detectors, bands and widget images through Debian's CLI and boto3, across a kill -9."""

import base64
import datetime
import json
import math
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Server

SUBJECT = ["--namespace", "Shop", "--metric-name", "Requests", "--dimensions", "Name=Site,Value=tokyo", "--stat", "Sum"]
SINGLE = {"Namespace": "Shop", "MetricName": "Requests", "Dimensions": [{"Name": "Site", "Value": "tokyo"}], "Stat": "Sum"}


def traffic(at, noise):
    """Requests a minute: a working day, quiet weekends."""
    hour = at.hour + at.minute / 60
    day = 300 + 250 * math.sin((hour - 9) / 24 * 2 * math.pi)
    return max(0, day * (0.4 if at.weekday() >= 5 else 1) + noise.gauss(0, 15))


def size_of(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n", png[:16]
    return struct.unpack(">II", png[16:24])


class Anomalies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--no-agent").start()
        cls.fill()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    @classmethod
    def fill(cls):
        noise = random.Random(5)
        cloudwatch = cls.server.boto3("cloudwatch")
        cls.now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
        cls.now -= datetime.timedelta(minutes=cls.now.minute % 5)
        cls.incident = cls.now - datetime.timedelta(minutes=40)
        at = cls.now - datetime.timedelta(days=13, hours=23)
        batch = []
        while at < cls.now:
            value = traffic(at, noise) + (900 if cls.incident <= at < cls.incident + datetime.timedelta(minutes=15) else 0)
            batch.append({"MetricName": "Requests", "Dimensions": [{"Name": "Site", "Value": "tokyo"}], "Timestamp": at,
                          "Value": value, "Unit": "Count"})
            at += datetime.timedelta(minutes=5)
            if len(batch) == 1000:
                cloudwatch.put_metric_data(Namespace="Shop", MetricData=batch)
                batch = []
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=batch)

    def aws(self, *arguments, ok=True):
        done = subprocess.run(["/usr/bin/aws", "--endpoint-url", self.server.url, "--output", "json", "cloudwatch",
                               *arguments], env=self.server.environment(), capture_output=True, text=True, timeout=120)
        if not ok:
            self.assertNotEqual(done.returncode, 0)
            return done.stderr
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def queries(self):
        return [{"Id": "m1", "MetricStat": {"Metric": {k: SINGLE[k] for k in ("Namespace", "MetricName", "Dimensions")},
                                            "Period": 300, "Stat": "Sum"}},
                {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 3)", "Label": "expected"}]

    def test_detectors_survive_kill_9_and_band_marks_the_incident(self):
        self.aws("put-anomaly-detector", *SUBJECT, "--configuration", "MetricTimezone=Asia/Tokyo")
        described = self.aws("describe-anomaly-detectors", "--namespace", "Shop")["AnomalyDetectors"]
        self.assertEqual([(d["MetricName"], d["StateValue"]) for d in described], [("Requests", "TRAINED")])
        self.server.kill()
        self.server.start()
        described = self.aws("describe-anomaly-detectors", "--namespace", "Shop")["AnomalyDetectors"]
        self.assertEqual(described[0]["Configuration"]["MetricTimezone"], "Asia/Tokyo")
        self.assertEqual(described[0]["StateValue"], "TRAINED")

        cloudwatch = self.server.boto3("cloudwatch")
        results = cloudwatch.get_metric_data(
            StartTime=self.now - datetime.timedelta(hours=6), EndTime=self.now, ScanBy="TimestampAscending",
            MetricDataQueries=self.queries())["MetricDataResults"]
        self.assertEqual([(r["Id"], r["Label"]) for r in results[1:]],
                         [("ad1", "expected Requests High"), ("ad1", "expected Requests Low")])
        value, upper, lower = (dict(zip(r["Timestamps"], r["Values"])) for r in results)
        self.assertEqual(set(value), set(upper))
        outside = {at for at, v in value.items() if v > upper[at] or v < lower[at]}
        during = {at for at in value if self.incident <= at < self.incident + datetime.timedelta(minutes=15)}
        self.assertEqual(len(during), 3)
        self.assertLessEqual(during, outside)
        self.assertLessEqual(len(outside - during), 3)

    def test_math_detectors_and_errors(self):
        queries = [{**self.queries()[0], "ReturnData": False}, {"Id": "e1", "Expression": "m1 / 5"}]
        math_detector = json.dumps({"MetricDataQueries": queries})
        self.aws("put-anomaly-detector", "--metric-math-anomaly-detector", math_detector)
        described = self.aws("describe-anomaly-detectors", "--anomaly-detector-types", "METRIC_MATH")["AnomalyDetectors"]
        self.assertEqual([d["StateValue"] for d in described], ["TRAINED"])
        self.aws("delete-anomaly-detector", "--metric-math-anomaly-detector", math_detector)
        self.assertIn("ResourceNotFoundException",
                      self.aws("delete-anomaly-detector", "--metric-math-anomaly-detector", math_detector, ok=False))
        self.assertIn("InvalidParameterValue",
                      self.aws("put-anomaly-detector", *SUBJECT, "--configuration", "MetricTimezone=Mars/Olympus",
                               ok=False))

    def test_widget_image_by_the_cli_and_raw(self):
        widget = {"title": "リクエスト – 東京", "width": 800, "height": 300, "start": "-PT12H", "timezone": "+0900",
                  "stat": "Sum", "metrics": [["Shop", "Requests", "Site", "tokyo", {"id": "m1", "label": "リクエスト"}],
                                             [{"expression": "ANOMALY_DETECTION_BAND(m1, 3)", "label": "expected"}]]}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "widget.json"
            path.write_text(json.dumps(widget))
            answer = self.aws("get-metric-widget-image", "--metric-widget", f"file://{path}")
            png = base64.b64decode(answer["MetricWidgetImage"])
        self.assertEqual(size_of(png), (800, 300))
        cloudwatch = self.server.boto3("cloudwatch")
        self.assertEqual(size_of(cloudwatch.get_metric_widget_image(MetricWidget=json.dumps(widget))["MetricWidgetImage"]),
                         (800, 300))
        with self.assertRaises(cloudwatch.exceptions.ClientError) as caught:
            cloudwatch.get_metric_widget_image(MetricWidget=json.dumps({**widget, "view": "table"}))
        self.assertEqual(caught.exception.response["Error"]["Code"], "InvalidParameterValue")
        self.assertIn("/view", caught.exception.response["Error"]["Message"])


if __name__ == "__main__":
    unittest.main()
