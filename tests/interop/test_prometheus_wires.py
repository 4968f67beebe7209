"""Blocks that Debian's promtool makes, OpenMetrics files, and Debian's prometheus as a signing sender. On loopback."""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.kansoku import Server, wait_until
from test_prometheus import Sender, get

PROMTOOL = shutil.which("promtool")
PROMETHEUS = shutil.which("prometheus")
HOUR_MS = 3_600_000


def open_metrics(start_ms, samples):
    """Two series, a sample each 15 s, values that use all the ways of an XOR chunk."""
    lines = ["# HELP backfill_total A counter.", "# TYPE backfill_total counter"]
    for code in ("200", "500"):
        for i in range(samples):
            value = i * 1.5 if code == "200" else (i % 7) * 1e10 / 3
            lines.append(f'backfill_total{{code="{code}"}} {value!r} {(start_ms + i * 15_000) / 1000:.3f}')
    return "\n".join(lines) + "\n# EOF\n"


def range_values(server, expression, start_ms, end_ms, step_s=15):
    data = get(server, "/api/v1/query_range", query=expression, start=start_ms / 1000, end=end_ms / 1000, step=step_s)
    return {tuple(sorted(row["metric"].items())): row["values"] for row in data["result"]}


@unittest.skipUnless(PROMTOOL, "prometheus is not installed")
class ImportTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="kansoku-import-")
        self.path = pathlib.Path(self.folder.name)
        # A month ago: far beyond the two weeks of a sender.
        self.start_ms = int(time.time() * 1000) // HOUR_MS * HOUR_MS - 30 * 24 * HOUR_MS
        self.text = open_metrics(self.start_ms, 1000)
        (self.path / "data.om").write_text(self.text)
        (self.path / "config.yaml").write_text("server: {metrics: {prometheus_retention: 60d}}\n")

    def tearDown(self):
        self.folder.cleanup()

    def server(self):
        return Server("--no-agent", "--config", str(self.path / "config.yaml"))

    def check_values(self, server):
        found = range_values(server, "backfill_total", self.start_ms, self.start_ms + 999 * 15_000)
        self.assertEqual(len(found), 2)
        for labels, values in found.items():
            self.assertEqual(len(values), 1000)
            for i, (at, value) in enumerate(values):
                want = i * 1.5 if ("code", "200") in labels else (i % 7) * 1e10 / 3
                self.assertEqual((at, float(value)), (self.start_ms / 1000 + i * 15, want))

    def test_blocks_of_promtool(self):
        done = subprocess.run([PROMTOOL, "tsdb", "create-blocks-from", "openmetrics", "data.om", "blocks"],
                              cwd=self.path, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        with self.server() as server:
            code, out, err = server.ctl("import", str(self.path / "blocks"), "--dry-run")
            self.assertEqual((code, out), (0, "2000 samples read, nothing sent\n"), err)
            code, out, err = server.ctl("import", str(self.path / "blocks"))
            self.assertEqual((code, out), (0, "2000 samples stored\n"), err)
            self.check_values(server)
            # Once more changes nothing; a kill loses nothing.
            self.assertEqual(server.ctl("import", str(self.path / "blocks"))[0], 0)
            server.kill()
            server.start()
            self.check_values(server)

    def test_open_metrics_by_command_and_over_http(self):
        for by_http in (False, True):
            with self.server() as server:
                if by_http:
                    status, _, body = server.request("POST", "/api/v1/import/prometheus", self.text)
                    self.assertEqual((status, json.loads(body)["data"]["stored"]), (200, 2000), body)
                else:
                    code, out, err = server.ctl("import", str(self.path / "data.om"))
                    self.assertEqual((code, out), (0, "2000 samples stored\n"), err)
                self.check_values(server)
                self.assertEqual(get(server, "/api/v1/metadata")["backfill_total"][0]["type"], "counter")

    def test_what_is_older_than_the_retention_is_counted(self):
        with Server("--no-agent") as server:
            code, out, err = server.ctl("import", str(self.path / "data.om"))
            self.assertEqual((code, out), (1, "0 samples stored, 2000 rejected (too_old)\n"))
            self.assertIn("retention", err)

    def test_a_mistake_has_file_line_and_column_and_nothing_is_stored(self):
        (self.path / "bad.om").write_text("a 1\nb{c=\"d\" 2\n# EOF\n")
        with self.server() as server:
            code, out, err = server.ctl("import", str(self.path / "bad.om"))
            self.assertEqual(code, 1)
            self.assertIn(f"{self.path}/bad.om:2:8: ", err)
            self.assertEqual(get(server, "/api/v1/labels"), [])

    def test_a_snapshot_of_a_running_prometheus(self):
        """prometheus scrapes itself, its snapshot is imported, and both answer alike."""
        with Server("--no-agent") as server:
            directory = self.path / "prometheus"
            directory.mkdir()
            with Sender(server.url + "prometheus/api/v1/nowhere", "") as peer:
                peer.process.send_signal(signal.SIGTERM)
                peer.process.wait(timeout=30)
                path = pathlib.Path(peer.directory.name)
                peer.process = subprocess.Popen(
                    [PROMETHEUS, f"--config.file={path}/prometheus.yml", f"--storage.tsdb.path={path}/data",
                     "--web.enable-admin-api", f"--web.listen-address=127.0.0.1:{peer.port}"],
                    stdout=peer.log, stderr=peer.log)

                def ask(method, where):
                    import http.client
                    try:
                        connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=10)
                        connection.request(method, where)
                        answer = connection.getresponse()
                        body = answer.read()
                        connection.close()
                        return json.loads(body) if answer.status == 200 else None
                    except OSError:
                        return None

                def scraped():
                    answer = ask("GET", "/api/v1/query?query=count_over_time(up[5m])")
                    rows = answer["data"]["result"] if answer else []
                    return rows and float(rows[0]["value"][1]) >= 3
                wait_until(scraped, "three scrapes")
                name = ask("POST", "/api/v1/admin/tsdb/snapshot")["data"]["name"]
                snapshot = path / "data" / "snapshots" / name
                code, out, err = server.ctl("import", str(snapshot))
                self.assertEqual(code, 0, err)
                (snapshot / "wal").mkdir()  # promtool wants one
                dump = subprocess.run([PROMTOOL, "tsdb", "dump", str(snapshot)], capture_output=True, text=True)
                self.assertEqual(dump.returncode, 0, dump.stderr)
                lines = dump.stdout.splitlines()
                self.assertEqual(out, f"{len(lines)} samples stored\n")
                self.assertGreater(len(lines), 1000)
                ups = [line.rsplit(" ", 2)[1:] for line in lines if '__name__="up"' in line]
                found = get(server, "/api/v1/query", query="up[10m]")["result"][0]["values"]
                self.assertEqual([[value, str(round(at * 1000))] for at, value in found],
                                 [[value, at] for value, at in ups])


class SigningProxy:
    """Signs each request for `aps` with botocore and passes it on, headers and body as they came."""

    def __init__(self, server):
        self.server, self.statuses = server, []

    def __enter__(self):
        import http.server
        import threading
        import botocore.auth
        import botocore.awsrequest
        import botocore.credentials
        proxy = self
        credentials = botocore.credentials.Credentials(self.server.access_key, self.server.secret_key)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {k: v for k, v in self.headers.items()
                           if k.lower() not in ("host", "content-length", "accept-encoding", "connection")}
                request = botocore.awsrequest.AWSRequest(
                    method="POST", url=proxy.server.url.rstrip("/") + self.path, data=body, headers=headers)
                botocore.auth.SigV4Auth(credentials, "aps", "us-east-1").add_auth(request)
                status, _, answer = proxy.server.request("POST", self.path, body,
                                                         dict(request.prepare().headers.items()), token=False)
                proxy.statuses.append(status)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass
        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_port}"
        self.thread = threading.Thread(target=self.listener.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.listener.server_close()
        self.thread.join()


@unittest.skipUnless(PROMETHEUS, "prometheus is not installed")
class SignedSenderTest(unittest.TestCase):
    def test_remote_write_signed_by_a_proxy_into_the_workspace(self):
        """Debian's build of prometheus has `sigv4:` but signs nothing, so its requests go through a signing proxy."""
        with Server("--no-agent") as server:
            code, out, _ = server.ctl("workspace")
            self.assertEqual(code, 0)
            workspace = out.split()[0]
            self.assertRegex(workspace, r"^ws-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
            url = next(line.split()[-1] for line in out.splitlines() if line.startswith("remote write"))
            self.assertTrue(url.endswith(f"/workspaces/{workspace}/api/v1/remote_write"))
            with SigningProxy(server) as proxy:
                with Sender(proxy.url + urllib.parse.urlparse(url).path, ""):
                    wait_until(lambda: get(server, "/api/v1/series", **{"match[]": "up"}), "series up")
                self.assertEqual(set(proxy.statuses), {204})
            metrics = server.metrics()
            self.assertGreater(
                metrics['kansoku_ledger_rows_total{receiver="remote_write",account="000000000000",branch="store",'
                        'outcome="stored",reason=""}'], 100)

    def test_reads_are_signed_by_get_and_post(self):
        import botocore.auth
        import botocore.awsrequest
        import botocore.credentials
        with Server("--no-agent") as server:
            self.assertEqual(server.request("POST", "/api/v1/import/prometheus", "signed{a=\"b c\"} 1\n")[0], 200)
            workspace = server.ctl("workspace")[1].split()[0]
            credentials = botocore.credentials.Credentials(server.access_key, server.secret_key)

            def send(method, path, body=None, headers=None):
                request = botocore.awsrequest.AWSRequest(method=method, url=server.url.rstrip("/") + path, data=body,
                                                         headers=headers or {})
                botocore.auth.SigV4Auth(credentials, "aps", "us-east-1").add_auth(request)
                return server.request(method, path, body, dict(request.prepare().headers.items()), token=False)
            base = f"/workspaces/{workspace}/api/v1"
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            selector = urllib.parse.quote('signed{a="b c"}', safe="")
            for answer in (send("GET", f"{base}/query?query={selector}"),
                           send("POST", f"{base}/query", f"query={selector}", form)):
                self.assertEqual(answer[0], 200, answer)
                self.assertEqual(json.loads(answer[2])["data"]["result"][0]["metric"]["a"], "b c")
            for path in (f"{base}/series?match%5B%5D={selector}", f"{base}/labels", f"{base}/label/a/values",
                         f"{base}/metadata"):
                self.assertEqual(send("GET", path)[0], 200, path)
            status, headers, body = send("GET", "/workspaces/ws-00000000-0000-4000-8000-000000000000/api/v1/labels")
            self.assertEqual(status, 404)
            self.assertEqual({k.lower(): v for k, v in headers.items()}["x-amzn-errortype"],
                             "ResourceNotFoundException")
            self.assertEqual(json.loads(body)["resourceType"], "workspace")


if __name__ == "__main__":
    unittest.main()
