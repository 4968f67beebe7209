"""The embedded metric format over TCP and UDP: documents become events and metrics, on a server and through an agent."""

import datetime
import json
import pathlib
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Agent, Server, wait_until


def document(values, space="App", more=None):
    """A document with the metrics given, of one dimension."""
    metadata = {"Timestamp": int(time.time() * 1000), **(more or {}),
                "CloudWatchMetrics": [{"Namespace": space, "Dimensions": [["Service"]], "Metrics": [{"Name": name, "Unit": "Count"} for name in values]}]}
    return json.dumps({"_aws": metadata, "Service": "shop", **values}).encode()


def send_tcp(port, *lines):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for line in lines:
            connection.sendall(line + b"\n")


def send_udp(port, data):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(data, ("127.0.0.1", port))


class EmbeddedMetricFormat(unittest.TestCase):
    def events(self, server, group):
        logs = server.boto3("logs")
        try:
            return logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []

    def sum_of(self, server, name, space="App"):
        now = datetime.datetime.now(datetime.timezone.utc)
        points = server.boto3("cloudwatch").get_metric_statistics(
            Namespace=space, MetricName=name, Dimensions=[{"Name": "Service", "Value": "shop"}], StartTime=now - datetime.timedelta(minutes=10),
            EndTime=now + datetime.timedelta(minutes=10), Period=60, Statistics=["Sum"])["Datapoints"]
        return sum(point["Sum"] for point in points)

    def test_a_server_takes_documents_and_makes_metrics_of_them(self):
        with Server("--no-agent", "--port", "emf=0") as server:
            port = json.loads((server.data / "ports.json").read_text())["emf"]
            plain = document({"orders": 2})
            send_tcp(port, plain, b"no document", b"", document({"orders": 3}, more={"LogGroupName": "/named", "LogStreamName": "s"}))
            send_udp(port, document({"orders": 4}) + b"\n" + document({"orders": 5}))
            wait_until(lambda: len(self.events(server, "emf/logs/default")) >= 3 and self.events(server, "/named"), "the events")
            self.assertIn(plain.decode(), [event["message"] for event in self.events(server, "emf/logs/default")])
            self.assertEqual(self.events(server, "/named")[0]["logStreamName"], "s")
            wait_until(lambda: self.sum_of(server, "orders") == 14, "the metric")
            rejected = [value for name, value in server.metrics().items() if "not_emf" in name]
            self.assertEqual(sum(rejected), 1)

    def test_no_metric_of_a_large_document_is_lost(self):
        with Server("--no-agent", "--port", "emf=0") as server:
            port = json.loads((server.data / "ports.json").read_text())["emf"]
            send_tcp(port, document({f"m{i}": i for i in range(250)}))
            wait_until(lambda: len(self.events(server, "emf/logs/default")) >= 3, "the parts")
            wait_until(lambda: self.sum_of(server, "m249") == 249, "the last metric")
            self.assertEqual([self.sum_of(server, f"m{i}") for i in (1, 99, 100, 200)], [1, 99, 100, 200])

    def test_the_cloudwatch_agents_emf_section_runs_as_it_is(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with Server("--no-agent") as server, tempfile.TemporaryDirectory(prefix="kansoku-emf-") as folder:
            configuration = {"agent": {"region": "us-east-1", "logfile": ""},
                             "logs": {"endpoint_override": server.url.rstrip("/"), "force_flush_interval": 1, "log_stream_name": "mine",
                                      "metrics_collected": {"emf": {"service_address": f"tcp://127.0.0.1:{port}"}}}}
            agent = Agent(json.dumps(configuration), pathlib.Path(folder) / "agent", env=server.environment(), name="agent.json")
            self.addCleanup(agent.__exit__)
            agent.start()
            send_tcp(port, document({"orders": 7}, space="Agent"))
            wait_until(lambda: self.events(server, "emf/logs/default"), "the event")
            self.assertEqual(self.events(server, "emf/logs/default")[0]["logStreamName"], "mine")
            wait_until(lambda: self.sum_of(server, "orders", "Agent") == 7, "the metric")
            self.assertEqual(agent.stop(), 0)


if __name__ == "__main__":
    unittest.main()
