"""Deletion across kill -9, and backups of a server that takes in data meanwhile, restored and compared."""

import json
import pathlib
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Server, run


def import_text(server, text):
    status, _, body = server.request("POST", "/api/v1/import/prometheus", text)
    return status == 200 and json.loads(body)["data"]["rejected"] == {}


def query(server, expression, **parameters):
    path = "/api/v1/query?" + urllib.parse.urlencode({"query": expression, **parameters})
    status, _, body = server.request("GET", path)
    assert status == 200, body
    return json.loads(body)["data"]["result"]


def delete(server, selector, **parameters):
    path = "/api/v1/admin/tsdb/delete_series?" + urllib.parse.urlencode({"match[]": selector, **parameters})
    return server.request("POST", path)[0]


class DeletionTest(unittest.TestCase):
    def test_what_was_deleted_does_not_come_back(self):
        now = int(time.time()) - 600
        with tempfile.TemporaryDirectory(prefix="kansoku-test-") as data:
            for round_number in range(6):
                with Server("--no-agent", data=data) as server:
                    if round_number == 0:
                        text = "".join(f'x{{i="{i}"}} {t} {(now + t) * 1000}\n' for i in range(50) for t in range(20))
                        self.assertTrue(import_text(server, text))
                        server.request("POST", "/-/flush")
                        self.assertTrue(import_text(server, text.replace("x{", "y{")))
                        self.assertEqual(delete(server, '{__name__=~"x|y",i!="7"}', start=now + 5, end=now + 14), 204)
                    if round_number == 2:
                        server.request("POST", "/-/flush?merge=all")
                    if round_number == 3:
                        self.assertEqual(server.request("POST", "/api/v1/admin/tsdb/clean_tombstones")[0], 204)
                    for name in "xy":
                        counts = {row["metric"]["i"]: row["value"][1]
                                  for row in query(server, f"count_over_time({name}[1h])", time=now + 60)}
                        self.assertEqual(counts, {str(i): "20" if i == 7 else "10" for i in range(50)})
                    if round_number == 4:
                        self.assertEqual(delete(server, "x"), 204)
                        self.assertEqual(delete(server, "y", end=now - 1), 204)
                        self.assertEqual(query(server, "count_over_time(x[1h])", time=now + 60), [])
                        self.assertTrue(import_text(server, f'x{{i="1"}} 1 {now * 1000}\n'))
                        server.kill()
                        break
                    server.kill()
            with Server("--no-agent", data=data) as server:
                self.assertEqual(len(query(server, "count_over_time(x[1h])", time=now + 60)), 1)
                self.assertEqual(len(query(server, "count_over_time(y[1h])", time=now + 60)), 50)


class BackupTest(unittest.TestCase):
    def test_a_backup_under_load_holds_what_was_acknowledged_before_it_and_nothing_twice(self):
        with tempfile.TemporaryDirectory(prefix="kansoku-backup-") as folder:
            acknowledged = []
            stop = threading.Event()
            with Server("--no-agent") as server:
                cloudwatch = server.boto3("cloudwatch")
                base = int(time.time()) // 60 * 60

                def load():
                    number = 0
                    while not stop.is_set():
                        # 4^0 once a request into one cell would overflow; a count says the same.
                        cloudwatch.put_metric_data(Namespace="load", MetricData=[
                            {"MetricName": "requests", "Value": 1, "Timestamp": base}])
                        if import_text(server, f"n{{k=\"{number % 10}\"}} {number} {(base * 1000) + number}\n"):
                            acknowledged.append(number)
                        number += 1
                        if number % 40 == 0:
                            server.request("POST", "/-/flush")
                sender = threading.Thread(target=load)
                sender.start()
                while len(acknowledged) < 60:
                    time.sleep(0.01)  # waits for the load itself, whatever it takes
                before = len(acknowledged)
                code, out, err = server.ctl("backup", f"{folder}/backup")
                after = len(acknowledged)
                self.assertEqual(code, 0, err)
                self.assertIn("files", out)
                self.assertIn("secret", err)
                again = server.ctl("backup", f"{folder}/backup")
                self.assertEqual(again[0], 1)
                self.assertIn("is not empty", again[2])
                self.assertEqual(server.request("GET", "/-/admin/snapshots")[2], b'{"snapshots":[]}')
                stop.set()
                sender.join()
                key = server.access_key
            code, out, err = run("ctl", "restore", f"{folder}/backup", "--data", f"{folder}/data")
            self.assertEqual(code, 0, err)
            with Server("--no-agent", data=f"{folder}/data") as restored:
                self.assertEqual(restored.access_key, key)
                rows = query(restored, "n[1d]", time=base + 3600)
                seen = sorted(round(at * 1000) - base * 1000 for row in rows for at, _ in row["values"])
                self.assertEqual(seen, sorted(set(seen)))
                self.assertLessEqual(set(range(before)), set(seen))
                self.assertLessEqual(len(seen), after + 2)
                answer = restored.boto3("cloudwatch").get_metric_statistics(
                    Namespace="load", MetricName="requests", StartTime=base, EndTime=base + 60, Period=60,
                    Statistics=["SampleCount"])
                count = answer["Datapoints"][0]["SampleCount"]
                self.assertGreaterEqual(count, before)
                self.assertLessEqual(count, after + 2)
                # It goes on from there.
                self.assertTrue(import_text(restored, "later 1\n"))
                restored.kill()
            with Server("--no-agent", data=f"{folder}/data") as again:
                self.assertEqual(len(query(again, "later")), 1)

    def test_a_damaged_or_unfinished_backup_is_refused_and_leaves_nothing(self):
        with tempfile.TemporaryDirectory(prefix="kansoku-backup-") as folder:
            with Server("--no-agent") as server:
                self.assertTrue(import_text(server, "a 1\n"))
                self.assertEqual(server.ctl("backup", f"{folder}/backup")[0], 0)
            part = next(pathlib.Path(folder, "backup", "wal").glob("*.wal"))
            bytes_before = part.read_bytes()
            part.write_bytes(bytes_before[:-1] + bytes([bytes_before[-1] ^ 1]))
            code, _, err = run("ctl", "restore", f"{folder}/backup", "--data", f"{folder}/data")
            self.assertEqual(code, 1)
            self.assertIn("damaged", err)
            self.assertFalse(pathlib.Path(folder, "data").exists())
            part.write_bytes(bytes_before)
            pathlib.Path(folder, "data").mkdir()
            pathlib.Path(folder, "data", "mine").write_text("x")
            self.assertEqual(run("ctl", "restore", f"{folder}/backup", "--data", f"{folder}/data")[0], 1)
            self.assertTrue(pathlib.Path(folder, "data", "mine").exists())
            pathlib.Path(folder, "backup", "backup.json").unlink()
            code, _, err = run("ctl", "restore", f"{folder}/backup", "--data", f"{folder}/other")
            self.assertIn("no whole backup", err)

    def test_the_snapshot_api_makes_a_data_directory(self):
        with Server("--no-agent") as server:
            self.assertTrue(import_text(server, "a 1\n"))
            status, _, body = server.request("POST", "/api/v1/admin/tsdb/snapshot")
            self.assertEqual(status, 200, body)
            name = json.loads(body)["data"]["name"]
            self.assertRegex(name, r"^\d{8}T\d{6}Z-[0-9a-f]{16}$")
            self.assertTrue(import_text(server, "b 1\n"))
            snapshot = server.data / "snapshots" / name
            with Server("--no-agent", data=snapshot) as copy:
                self.assertEqual([len(query(copy, n)) for n in ("a", "b")], [1, 0])
            self.assertEqual(server.request("DELETE", f"/-/admin/snapshots/{name}")[0], 200)
            self.assertFalse(snapshot.exists())
            self.assertEqual(server.request("DELETE", "/-/admin/snapshots/..")[0], 400)
            self.assertEqual([len(query(server, n)) for n in ("a", "b")], [1, 1])


class LimitsTest(unittest.TestCase):
    def test_a_limit_is_set_told_kept_and_lifted(self):
        with tempfile.TemporaryDirectory(prefix="kansoku-test-") as data:
            with Server("--no-agent", data=data) as server:
                code, out, err = server.ctl("limits", "set", "000000000000", "series=2")
                self.assertEqual((code, out), (0, "default  series=2000000\n000000000000  series=2\n"), err)
                self.assertEqual(server.ctl("limits", "set", "x", "series=2")[0], 1)
                self.assertEqual(server.ctl("limits", "set", "000000000000", "series=-2")[0], 2)
                self.assertTrue(import_text(server, "a 1\nb 1\n"))
                status, _, body = server.request("POST", "/api/v1/import/prometheus", "c 1\n")
                answer = json.loads(body)["data"]
                self.assertEqual(answer["rejected"], {"series_limit": 1})
                self.assertIn("kansoku ctl limits set 000000000000 series=N", answer["message"])
                server.kill()
            with Server("--no-agent", data=data) as server:
                self.assertFalse(import_text(server, "c 1\n"))
                self.assertEqual(server.ctl("limits", "unset", "000000000000")[1], "default  series=2000000\n")
                self.assertTrue(import_text(server, "c 1\n"))


class CardinalityTest(unittest.TestCase):
    def test_what_nobody_reads_is_told_also_after_a_restart(self):
        with tempfile.TemporaryDirectory(prefix="kansoku-test-") as data:
            with Server("--no-agent", data=data) as server:
                text = "".join(f'wide{{i="{i}",job="j"}} 1\n' for i in range(30)) + 'asked{job="j"} 1\n'
                self.assertTrue(import_text(server, text))
                self.assertEqual(len(query(server, "asked")), 1)
                self.assertEqual(server.stop(), 0)
            with Server("--no-agent", data=data) as server:
                def ask(parameters=""):
                    status, _, body = server.request("GET", "/ui/api/cardinality" + parameters)
                    self.assertEqual(status, 200, body)
                    return json.loads(body)
                answer = ask()
                self.assertEqual([answer[k] for k in ("series", "seriesLimit", "names", "labels", "pairs")],
                                 [31, 2000000, 2, 3, 33])
                self.assertEqual([(row["name"], row["series"]) for row in answer["byName"]],
                                 [("wide", 30), ("asked", 1)])
                self.assertEqual({k: answer["byLabel"][0][k] for k in ("name", "values", "series")},
                                 {"name": "i", "values": 30, "series": 30})
                self.assertEqual(answer["byPair"][0], {"name": "job", "value": "j", "series": 31})
                unread = answer["unread"]
                self.assertEqual((unread["days"], unread["names"], unread["series"]), (30, 1, 30))
                self.assertEqual((unread["byName"][0]["name"], unread["byName"][0]["lastRead"]), ("wide", None))
                self.assertEqual(ask("?metric=asked&limit=1")["series"], 1)
                self.assertEqual(server.request("GET", "/ui/api/cardinality?limit=0")[0], 400)
                self.assertEqual(server.request("GET", "/ui/api/cardinality", token=False)[0], 401)


if __name__ == "__main__":
    unittest.main()
