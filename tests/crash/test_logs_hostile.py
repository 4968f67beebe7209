"""Names without end, events too long, streams without end: refused by type or taken, within memory (bench/log_hostile has more)."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support import hostile_logs
from support.kansoku import Agent, Server, wait_until
from support.log_clients import messages

MIB = 1 << 20
RSS_MIB_MAX = 512
FIELDS = 100_000
STREAMS = 60_000
AGENT = """
receivers:
  filelog/long:
    include: [{logs}/*.log]
    group: /long
    stream: s
exporters:
  cloudwatch_logs:
    endpoint: {url}
    region: us-east-1
    flush_interval: 0s
service:
  pipelines:
    logs:
      receivers: [filelog/long]
      exporters: [cloudwatch_logs]
"""


def rss_peak_mib(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


class Hostile(unittest.TestCase):
    def setUp(self):
        self.server = Server("--no-agent", "--auth", "open", "--port", "syslog=off", "--port", "forward=off")
        self.server.start()
        self.addCleanup(self.server.__exit__)

    def tearDown(self):
        peak = rss_peak_mib(self.server)
        print(f"{self.id().rsplit('.', 1)[1]}: peak {peak:.0f} MiB")
        self.assertLess(peak, RSS_MIB_MAX)

    def test_a_hundred_thousand_names(self):
        status, _, answer = hostile_logs.fields_in_one_event(self.server, FIELDS)
        self.assertIn(status, (200, 400, 413), answer[:300])
        for begin in range(0, FIELDS, 5_000):
            status, _, answer = hostile_logs.fields_over_events(self.server, begin, 5_000)
            self.assertEqual((status, answer[:15]), (200, b'{"errors":false'))
            status, _, answer = hostile_logs.columns_over_events(self.server, begin, 5_000)
            self.assertEqual(status, 204, answer)
        self.assertEqual(self.server.request("POST", "/-/flush?merge=all")[0], 200)
        logs = self.server.boto3("logs")
        last = logs.filter_log_events(logGroupName="narrow", filterPattern=f"{{ $.name_{FIELDS - 1:06} = * }}")
        found = last["events"]
        while not found and "nextToken" in last:
            last = logs.filter_log_events(logGroupName="narrow", filterPattern=f"{{ $.name_{FIELDS - 1:06} = * }}",
                                          nextToken=last["nextToken"])
            found = last["events"]
        self.assertEqual([e["message"] for e in found], [f'{{"name_{FIELDS - 1:06}":{FIELDS - 1}}}'])
        # Names of one line, and of one stream.
        names = {f"n{i}": "v" for i in range(FIELDS)}
        status, _, answer = hostile_logs.push(self.server, [({"job": "wide"}, [("x", names)])])
        self.assertEqual(status, 400, answer)
        self.assertIn(b"names of structured metadata, limit 128", answer)
        status, _, answer = hostile_logs.push(self.server, [(names, [("x", {})])])
        self.assertEqual((status, answer), (400, f"a stream has {FIELDS} label names, limit 128\n".encode()))

    def test_an_event_of_five_megabytes(self):
        long = "y" * (5 * MIB)
        logs = self.server.boto3("logs")
        logs.create_log_group(logGroupName="g")
        logs.create_log_stream(logGroupName="g", logStreamName="s")
        status, kind = hostile_logs.put(self.server, "g", "s", [long])
        self.assertEqual((status, kind.split("#")[-1]), (400, "InvalidParameterException"))
        status, _, answer = hostile_logs.push(self.server, [({"job": "loki"}, [("kept", {}), (long, {})])])
        self.assertEqual(status, 400)
        self.assertIn(b"max entry size 1048576 bytes exceeded", answer)
        body = '{"create":{}}\n{"m":"kept"}\n{"create":{}}\n{"m":"' + long + '"}\n'
        status, _, answer = hostile_logs.post(self.server, "/bulk/_bulk", body)
        self.assertEqual(status, 200)
        self.assertIn(b'"errors":true', answer)
        self.assertIn(b"the document is too large, limit 1 MiB", answer)
        self.assertEqual((messages(self.server, "loki"), messages(self.server, "bulk")), (["kept"], ['{"m":"kept"}']))
        with tempfile.TemporaryDirectory(prefix="kansoku-long-") as folder:
            logs_folder = pathlib.Path(folder) / "logs"
            logs_folder.mkdir()
            (logs_folder / "a.log").write_text(long + "\nafter\n")
            with Agent(AGENT.format(logs=logs_folder, url=self.server.url.rstrip("/")), pathlib.Path(folder) / "agent",
                       env=self.server.environment()) as agent:
                wait_until(lambda: agent.metrics().get('kansoku_exporter_events_forwarded_total{exporter="cloudwatch_logs"}', 0) >= 6,
                           "the pieces of the line")
                parts = messages(self.server, "/long")
                self.assertEqual(sum(part.count("y") for part in parts), len(long))
                self.assertIn("after", parts)

    def test_tiny_streams(self):
        for begin in range(0, STREAMS, 2_000):
            status, _, answer = hostile_logs.streams(self.server, begin, 2_000)
            self.assertEqual(status, 204, answer)
        self.assertEqual(self.server.request("POST", "/-/flush?merge=all")[0], 200)
        logs = self.server.boto3("logs")
        found = logs.filter_log_events(logGroupName="streams", logStreamNames=[f'{{n="{STREAMS - 1:07}"}}'])["events"]
        self.assertEqual([e["message"] for e in found], ["tiny"])


if __name__ == "__main__":
    unittest.main()
