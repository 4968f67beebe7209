"""Unmodified AWS clients: Debian's CLI and boto3 (query), the JavaScript SDK v3 (JSON), and CBOR by hand."""

import datetime
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
import cbor2
import http.client
import urllib.parse

from support.js import JS, install_js
from support.kansoku import Server, run

TARGET = "GraniteServiceVersion20100801"


def signed(server, protocol, operation, parameters, *, access_key=None, secret=None, now=None, region="us-east-1",
           service="monitoring", unsigned=False, query_mode=True):
    """(method, path, headers, body) of a request in one of the protocols, signed by botocore."""
    headers = {}
    path = "/"
    if protocol == "query":
        version = {"monitoring": "2010-08-01", "sts": "2011-06-15"}[service]
        body = urllib.parse.urlencode({"Action": operation, "Version": version, **parameters})
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    elif protocol == "json":
        body = json.dumps(parameters)
        headers.update({"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"{TARGET}.{operation}"})
        if query_mode:
            headers["x-amzn-query-mode"] = "true"
    else:
        body = cbor2.dumps(parameters)
        headers.update({"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor", "Accept": "application/cbor"})
        path = f"/service/{TARGET}/operation/{operation}"
        if query_mode:
            headers["x-amzn-query-mode"] = "true"
    request = botocore.awsrequest.AWSRequest(method="POST", url=server.url.rstrip("/") + path, data=body, headers=headers)
    if not unsigned:
        credentials = botocore.credentials.Credentials(access_key or server.access_key, secret or server.secret_key)
        signer = botocore.auth.SigV4Auth(credentials, service, region)
        if now is None:
            signer.add_auth(request)
        else:
            real = botocore.auth.datetime.datetime
            frozen = type("Frozen", (real,), {"utcnow": classmethod(lambda cls: now)})
            botocore.auth.datetime.datetime = frozen
            try:
                signer.add_auth(request)
            finally:
                botocore.auth.datetime.datetime = real
    prepared = request.prepare()
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    return "POST", path, dict(prepared.headers.items()), body


def send(server, method, path, headers, body):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, {k.lower(): v for k, v in response.getheaders()}, data


def error_of(protocol, headers, body):
    """The code that a client of the protocol sees, and the shape's name."""
    if protocol == "query":
        text = body.decode()
        return text.split("<Code>")[1].split("</Code>")[0]
    document = json.loads(body) if protocol == "json" else cbor2.loads(body)
    shape = document["__type"].split("#")[-1]
    if "x-amzn-query-error" in headers:
        return headers["x-amzn-query-error"].split(";")[0]
    return shape


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_js()
        cls.server = Server("--no-agent").start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def aws(self, *arguments):
        done = subprocess.run(["/usr/bin/aws", "--endpoint-url", self.server.url, "--output", "json", *arguments],
                              env=self.server.environment(), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def node(self, *arguments):
        done = subprocess.run(["node", "put_get.mjs", self.server.url, self.server.access_key, self.server.secret_key,
                               *arguments], cwd=JS, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_all_clients_agree_to_the_last_digit(self):
        at = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0) - datetime.timedelta(minutes=5)
        start, end = at - datetime.timedelta(minutes=1), at + datetime.timedelta(minutes=2)
        dimensions = [{"Name": "Client", "Value": "any"}]
        parts = {"cli": 0.1, "boto3": 1 / 3, "js": 2.220446049250313e-16, "cbor": 123456789.12345679}
        expected = parts["cli"] + parts["boto3"]
        cloudwatch = self.server.boto3("cloudwatch")
        self.aws("cloudwatch", "put-metric-data", "--namespace", "Interop", "--metric-name", "Agree", "--dimensions",
                 "Client=any", "--value", repr(parts["cli"]), "--unit", "Count", "--timestamp", at.isoformat())
        cloudwatch.put_metric_data(Namespace="Interop", MetricData=[
            {"MetricName": "Agree", "Dimensions": dimensions, "Value": parts["boto3"], "Unit": "Count", "Timestamp": at}])
        js = self.node("Interop", "Agree", repr(parts["js"]), str(int(at.timestamp() * 1000)))
        status, _, body = send(self.server, *signed(self.server, "cbor", "PutMetricData", {
            "Namespace": "Interop", "MetricData": [{
                "MetricName": "Agree", "Dimensions": dimensions, "Value": parts["cbor"], "Unit": "Count",
                "Timestamp": cbor2.CBORTag(1, at.timestamp())}]}))
        self.assertEqual(status, 200, body)
        expected = sum(parts.values())

        from_cli = self.aws("cloudwatch", "get-metric-statistics", "--namespace", "Interop", "--metric-name", "Agree",
                            "--dimensions", "Name=Client,Value=any", "--start-time", start.isoformat(), "--end-time",
                            end.isoformat(), "--period", "60", "--statistics", "Sum", "Average", "Minimum", "Maximum",
                            "SampleCount")["Datapoints"][0]
        from_boto3 = cloudwatch.get_metric_statistics(
            Namespace="Interop", MetricName="Agree", Dimensions=dimensions, StartTime=start, EndTime=end, Period=60,
            Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"])["Datapoints"][0]
        from_js = self.node("Interop", "Agree", "read", str(int(at.timestamp() * 1000)))
        _, _, body = send(self.server, *signed(self.server, "cbor", "GetMetricData", {
            "StartTime": cbor2.CBORTag(1, start.timestamp()), "EndTime": cbor2.CBORTag(1, end.timestamp()),
            "MetricDataQueries": [{"Id": "a", "MetricStat": {
                "Metric": {"Namespace": "Interop", "MetricName": "Agree", "Dimensions": dimensions}, "Period": 60,
                "Stat": "Sum"}}]}))
        from_cbor = cbor2.loads(body)["MetricDataResults"][0]["Values"]
        for statistic in ("Sum", "Average", "Minimum", "Maximum", "SampleCount"):
            self.assertEqual(repr(from_cli[statistic]), repr(from_boto3[statistic]), statistic)
            self.assertEqual(float(from_js["statistics"][0][statistic]), from_boto3[statistic], statistic)
        self.assertEqual(from_js["values"], [from_boto3["Sum"]])
        self.assertEqual(from_cbor, [from_boto3["Sum"]])
        self.assertEqual(from_boto3["SampleCount"], 4)
        self.assertAlmostEqual(from_boto3["Sum"], expected, delta=1e-7)
        self.assertEqual(from_boto3["Maximum"], parts["cbor"])
        self.assertEqual(from_boto3["Minimum"], parts["js"])
        self.assertEqual(js["listed"], 1)
        self.assertEqual(js["account"], "000000000000")
        self.assertIn(js["failure"]["name"], ("SignatureDoesNotMatch", "InvalidSignatureException"))

    def test_list_metrics_pages_and_filters(self):
        cloudwatch = self.server.boto3("cloudwatch")
        data = [{"MetricName": f"m{i:04}", "Dimensions": [{"Name": "Host", "Value": f"h{i % 7}"}], "Value": i}
                for i in range(1201)]
        for i in range(0, len(data), 500):
            cloudwatch.put_metric_data(Namespace="Paged", MetricData=data[i:i + 500])
        pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace="Paged"))
        self.assertEqual([len(p["Metrics"]) for p in pages], [500, 500, 201])
        names = [m["MetricName"] for p in pages for m in p["Metrics"]]
        self.assertEqual(len(set(names)), 1201)
        some = cloudwatch.list_metrics(Namespace="Paged", Dimensions=[{"Name": "Host", "Value": "h3"}])
        self.assertEqual(len(some["Metrics"]), len([i for i in range(1201) if i % 7 == 3]))
        self.assertEqual(cloudwatch.list_metrics(Namespace="Paged", Dimensions=[{"Name": "Other"}])["Metrics"], [])

    def test_statistic_sets_values_and_percentiles(self):
        cloudwatch = self.server.boto3("cloudwatch")
        now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
        cloudwatch.put_metric_data(Namespace="Stats", MetricData=[
            {"MetricName": "values", "Values": [1.0, 2.0, 3.0], "Counts": [10.0, 10.0, 80.0], "Timestamp": now},
            {"MetricName": "set", "StatisticValues": {"SampleCount": 10, "Sum": 55, "Minimum": 1, "Maximum": 10},
             "Timestamp": now}])

        def one(metric, **what):
            return cloudwatch.get_metric_statistics(
                Namespace="Stats", MetricName=metric, StartTime=now, EndTime=now + datetime.timedelta(minutes=1),
                Period=60, **what)["Datapoints"]

        self.assertEqual(one("values", Statistics=["Average"])[0]["Average"], 2.7)
        extended = one("values", ExtendedStatistics=["p50", "tm90", "IQM", "PR(:2)"])[0]["ExtendedStatistics"]
        self.assertEqual(extended["p50"], 3)
        self.assertEqual(extended["PR(:2)"], 20)
        self.assertEqual(one("set", Statistics=["Average", "Maximum"])[0]["Average"], 5.5)
        self.assertEqual([p for p in one("set", ExtendedStatistics=["p50"]) if p.get("ExtendedStatistics")], [])

    def test_back_fill_of_two_weeks_is_readable_at_once(self):
        cloudwatch = self.server.boto3("cloudwatch")
        now = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
        old = now - datetime.timedelta(days=13)
        cloudwatch.put_metric_data(Namespace="Old", MetricData=[
            {"MetricName": "m", "Value": 7, "Timestamp": old}, {"MetricName": "m", "Value": 5, "Timestamp": old}])
        found = cloudwatch.get_metric_statistics(Namespace="Old", MetricName="m", StartTime=old,
                                                 EndTime=old + datetime.timedelta(hours=1), Period=300,
                                                 Statistics=["Sum", "SampleCount"])["Datapoints"]
        self.assertEqual([(p["Sum"], p["SampleCount"]) for p in found], [(12, 2)])
        for wrong in (now - datetime.timedelta(days=15), now + datetime.timedelta(hours=4)):
            with self.assertRaises(cloudwatch.exceptions.ClientError) as caught:
                cloudwatch.put_metric_data(Namespace="Old", MetricData=[
                    {"MetricName": "m", "Value": 1, "Timestamp": wrong}])
            self.assertEqual(caught.exception.response["Error"]["Code"], "InvalidParameterValue")

    def test_regions_and_keys_are_apart(self):
        here, there = self.server.boto3("cloudwatch"), self.server.boto3("cloudwatch", region="eu-west-1")
        here.put_metric_data(Namespace="Apart", MetricData=[{"MetricName": "m", "Value": 1}])
        self.assertEqual(len(here.list_metrics(Namespace="Apart")["Metrics"]), 1)
        self.assertEqual(len(there.list_metrics(Namespace="Apart")["Metrics"]), 0)

    def test_operations_of_later_issues_are_refused_by_name(self):
        cloudwatch = self.server.boto3("cloudwatch")
        with self.assertRaises(cloudwatch.exceptions.ClientError) as caught:
            cloudwatch.list_dashboards()
        self.assertEqual(caught.exception.response["Error"]["Code"], "UnsupportedOperation")
        self.assertIn("ListDashboards", caught.exception.response["Error"]["Message"])


class Faults(unittest.TestCase):
    """Each fault gives the code of its protocol (the table in docs/api/README.md)."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server("--no-agent").start()
        code, out, err = cls.server.ctl("keys", "create", "--user", "agent-1", "--role", "agent")
        assert code == 0, err
        values = dict(line.split(" = ") for line in out.splitlines() if " = " in line)
        cls.agent = (values["aws_access_key_id"], values["aws_secret_access_key"])

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def check(self, codes, statuses=(403, 403, 403), **how):
        for protocol, code in zip(("query", "json", "cbor"), codes):
            with self.subTest(protocol=protocol):
                tamper = how.get("tamper")
                arguments = {k: v for k, v in how.items() if k != "tamper"}
                method, path, headers, body = signed(self.server, protocol, "ListMetrics", {}, **arguments)
                if tamper:
                    headers, body = tamper(protocol, headers, body)
                status, answered, data = send(self.server, method, path, headers, body)
                self.assertEqual(error_of(protocol, answered, data), code, data)
                self.assertGreaterEqual(status, 400)
                self.assertLess(status, 500)
                self.assertIn("x-amzn-requestid", answered)

    def test_wrong_secret(self):
        self.check(["SignatureDoesNotMatch"] * 3, secret="x" * 40)

    def test_skewed_clock(self):
        self.check(["SignatureDoesNotMatch"] * 3, now=datetime.datetime.utcnow() - datetime.timedelta(minutes=16))

    def test_tampered_body(self):
        def tamper(protocol, headers, body):
            changed = {"query": body + b"&Namespace=x", "json": b'{"Namespace":"x"}',
                       "cbor": cbor2.dumps({"Namespace": "x"})}[protocol]
            return {**headers, "Content-Length": str(len(changed))}, changed
        self.check(["SignatureDoesNotMatch"] * 3, tamper=tamper)

    def test_unknown_key(self):
        self.check(["InvalidClientTokenId"] * 3, access_key="AKIAUNKNOWNUNKNOWN77")

    def test_no_signature(self):
        self.check(["MissingAuthenticationToken"] * 3, unsigned=True)

    def test_missing_permission(self):
        self.check(["AccessDenied"] * 3, access_key=self.agent[0], secret=self.agent[1])

    def test_plain_json_has_the_codes_of_json_services(self):
        for how, code in (({"secret": "x" * 40}, "InvalidSignatureException"),
                          ({"access_key": "AKIAUNKNOWNUNKNOWN77"}, "UnrecognizedClientException"),
                          ({"access_key": self.agent[0], "secret": self.agent[1]}, "AccessDeniedException")):
            request = signed(self.server, "json", "ListMetrics", {}, query_mode=False, **how)
            status, headers, body = send(self.server, *request)
            self.assertEqual((status, json.loads(body)["__type"].split("#")[-1]), (400, code))

    def test_the_agents_key_may_put_and_nothing_else(self):
        cloudwatch = self.server.boto3("cloudwatch", access_key=self.agent[0], secret_key=self.agent[1])
        cloudwatch.put_metric_data(Namespace="CWAgent", MetricData=[{"MetricName": "m", "Value": 1}])
        cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=[{"MetricName": "m", "Value": 1}])
        with self.assertRaises(cloudwatch.exceptions.ClientError):
            cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=[{"MetricName": "m", "Value": 1}])
        # GetCallerIdentity needs no permission, only a key.
        sts = self.server.boto3("sts", access_key=self.agent[0], secret_key=self.agent[1])
        self.assertTrue(sts.get_caller_identity()["Arn"].endswith(":user/agent-1"))

    def test_a_disabled_key_is_unknown(self):
        code, out, _ = self.server.ctl("keys", "create", "--user", "gone")
        values = dict(line.split(" = ") for line in out.splitlines() if " = " in line)
        key, secret = values["aws_access_key_id"], values["aws_secret_access_key"]
        self.server.boto3("cloudwatch", access_key=key, secret_key=secret).list_metrics()
        self.server.ctl("keys", "disable", key)
        self.check(["InvalidClientTokenId"] * 3, access_key=key, secret=secret)

    def test_a_presigned_url_works_until_it_expires(self):
        credentials = botocore.credentials.Credentials(self.server.access_key, self.server.secret_key)
        url = self.server.url + "?Action=GetCallerIdentity&Version=2011-06-15"
        request = botocore.awsrequest.AWSRequest(method="GET", url=url)
        botocore.auth.SigV4QueryAuth(credentials, "sts", "us-east-1", expires=60).add_auth(request)
        path = request.url[len(self.server.url) - 1:]
        status, _, body = send(self.server, "GET", path, {}, None)
        self.assertEqual(status, 200, body)
        self.assertIn(b"<Account>000000000000</Account>", body)
        status, _, body = send(self.server, "GET", path.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), {}, None)
        self.assertEqual(status, 403)


if __name__ == "__main__":
    unittest.main()
