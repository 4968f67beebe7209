"""A full disk under load: refused with a 5xx, nothing acknowledged lost, queries work, ingest resumes by itself.

The data directory is a small tmpfs in a mount namespace of the server's own (needs root; counted as skipped
where namespaces are not allowed).
"""

import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import wait_until
from support.small_disk import SmallServer, fill, namespaces_allowed

@unittest.skipUnless(namespaces_allowed(), "mount namespaces are not allowed here")
class DiskFull(unittest.TestCase):
    def put(self, server, number):
        body = json.dumps({"Namespace": "Full", "MetricData": [
            {"MetricName": f"m{i}", "Timestamp": self.base_s + number, "StorageResolution": 1,
             "Values": [number + i / 1000 + j for j in range(100)]} for i in range(100)]})
        return server.request("POST", "/", body, {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target":
                              "GraniteServiceVersion20100801.PutMetricData"}, token=False)[0]

    def test_refuses_resumes_and_loses_nothing(self):
        self.base_s = int(time.time()) - 9_000
        acknowledged = []
        with SmallServer("--no-agent", "--auth", "open") as server:
            for number in range(20):
                self.assertEqual(self.put(server, number), 200)
                acknowledged.append(number)
            ballast = server.inside / "ballast"
            fill(ballast)
            # The log has room in its segment for a while; then the disk is full.
            statuses = []
            for number in range(20, 3_000):
                status = self.put(server, number)
                statuses.append(status)
                if status == 200:
                    acknowledged.append(number)
                elif statuses[-5:] == [status] * 5:
                    break
            self.assertIn(statuses[-1], (500, 503), statuses[-5:])
            self.assertEqual(server.request("GET", "/-/healthy")[0], 200)
            frame = server.query({"namespace": "Full", "metric": "m7", "stat": "Sum", "period": 1},
                                 self.base_s * 1000, (self.base_s + 60) * 1000)
            self.assertEqual(len(frame["series"]), 1)
            ballast.unlink()
            resumed = len(statuses) + 100

            def works():
                nonlocal resumed
                resumed += 1
                if self.put(server, resumed) == 200:
                    acknowledged.append(resumed)
                    return True
                return False

            wait_until(works, "ingest after space returned", 200)
            last = max(acknowledged)
            found = {}
            for begin in range(0, last + 1, 3_000):
                start = (self.base_s + begin) * 1000
                frame = server.query({"namespace": "Full", "metric": "m7", "stat": "SampleCount", "period": 1}, start,
                                     start + 3_000_000)
                for series in frame["series"]:
                    found.update({t // 1000 - self.base_s: v for t, v in zip(frame["time"], series["values"])
                                  if v is not None})
            self.assertEqual([n for n in acknowledged if n not in found], [])
            self.assertEqual({v for v in found.values()}, {100})


if __name__ == "__main__":
    unittest.main()
