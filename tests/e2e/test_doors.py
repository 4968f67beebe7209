"""The doors of the program: start, health, flush, own metrics, keys and users, configuration, TLS, signals."""

import json
import os
import pathlib
import signal
import ssl
import stat
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import BINARY, Server, run, wait_until


class Doors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_ready_line_ports_and_credentials(self):
        server = self.server
        self.assertRegex(server.ready_line, r"^ready http://127\.0\.0\.1:\d+/$")
        ports = json.loads((server.data / "ports.json").read_text())
        self.assertEqual(ports["http"], server.port)
        mode = stat.S_IMODE(os.stat(server.data / "credentials").st_mode)
        self.assertEqual(mode, 0o600)
        self.assertRegex(server.access_key, r"^AKIA[A-Z2-7]{16}$")
        self.assertEqual(len(server.secret_key), 40)

    def test_ready_and_healthy_need_no_authentication(self):
        for path in ("/-/ready", "/-/healthy"):
            self.assertEqual(self.server.request("GET", path, token=False)[0], 200)

    def test_flush_needs_an_administrator(self):
        self.assertEqual(self.server.request("POST", "/-/flush", token=False)[0], 401)
        self.assertEqual(self.server.request("POST", "/-/flush", headers={"Authorization": "Bearer no"})[0], 401)
        self.assertEqual(self.server.request("GET", "/-/flush")[0], 405)
        self.assertEqual(self.server.request("POST", "/-/flush?merge=some")[0], 400)

    def test_flush_puts_everything_into_parts(self):
        wait_until(lambda: self.server.metrics()["kansoku_store_points_appended_total"] > 0, "points")
        self.assertEqual(self.server.request("POST", "/-/flush?merge=all")[0], 200)
        metrics = self.server.metrics()
        self.assertGreater(metrics["kansoku_store_parts"], 0)
        self.assertGreater(metrics["kansoku_store_parts_bytes"], 0)

    def test_own_metrics_are_openmetrics(self):
        status, headers, body = self.server.request("GET", "/metrics", token=False)
        self.assertEqual(status, 200)
        self.assertTrue(headers["content-type"].startswith("application/openmetrics-text"))
        text = body.decode()
        self.assertTrue(text.endswith("# EOF\n"))
        families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
        self.assertEqual(len(families), len(set(families)), "a family appears twice")

    def test_the_ledger_balances(self):
        metrics = self.server.metrics()
        received = {k: v for k, v in metrics.items() if k.startswith("kansoku_ledger_received_rows_total")}
        self.assertTrue(received)
        for name, rows in received.items():
            labels = name[name.index("{") + 1:-1]
            rest = sum(v for k, v in metrics.items()
                       if k.startswith(("kansoku_ledger_rows_total", "kansoku_ledger_in_flight_rows")) and labels in k)
            self.assertEqual(rows, rest, name)
        self.assertEqual(metrics["kansoku_unresolved_deliveries_total"], 0)
        self.assertEqual(metrics["kansoku_http_unanswered_total"], 0)

    def test_unknown_paths_are_404(self):
        for path in ("/nope", "/ui/nope.js", "/prometheus/x"):
            self.assertEqual(self.server.request("GET", path)[0], 404, path)

    def test_the_root_leads_a_browser_to_the_console(self):
        status, headers, _ = self.server.request("GET", "/", headers={"Accept": "text/html"}, token=False)
        self.assertEqual((status, headers["location"]), (302, "/ui/"))

    def test_keys_are_created_listed_disabled_and_deleted(self):
        code, out, err = self.server.ctl("keys", "create", "--user", "web-01", "--role", "agent")
        self.assertEqual(code, 0, err)
        key = next(line.split(" = ")[1] for line in out.splitlines() if line.startswith("aws_access_key_id"))
        self.assertIn(key, self.server.ctl("keys", "list")[1])
        self.assertEqual(self.server.ctl("keys", "disable", key)[0], 0)
        self.assertRegex(self.server.ctl("keys", "list")[1], key + r".*disabled")
        self.assertEqual(self.server.ctl("keys", "delete", key)[0], 0)
        self.assertNotIn(key, self.server.ctl("keys", "list")[1])
        code, _, err = self.server.ctl("keys", "delete", key)
        self.assertEqual(code, 1)
        self.assertIn("no access key", err)

    def test_a_user_signs_in_with_a_password_and_a_link(self):
        code, _, err = self.server.ctl("users", "create", "sato", "--role", "viewer", "--password-stdin",
                                       text="correct horse battery\n")
        self.assertEqual(code, 0, err)
        body = json.dumps({"user": "sato", "password": "correct horse battery"})
        status, headers, answer = self.server.request("POST", "/ui/api/session", body, token=False)
        self.assertEqual(status, 200, answer)
        self.assertIn("HttpOnly", headers["set-cookie"])
        self.assertIn("SameSite=Lax", headers["set-cookie"])
        session = json.loads(answer)
        cookie = headers["set-cookie"].split(";")[0]
        self.assertEqual(session["role"], "viewer")
        # A POST without the CSRF value is refused, with it it is served.
        refused = self.server.request("POST", "/ui/api/query", "[]", {"Cookie": cookie}, token=False)
        self.assertEqual(refused[0], 403)
        served = self.server.request("POST", "/ui/api/query", "[]",
                                     {"Cookie": cookie, "x-kansoku-csrf": session["csrf"]}, token=False)
        self.assertEqual(served[0], 200)
        wrong = json.dumps({"user": "sato", "password": "wrong horse battery"})
        self.assertEqual(self.server.request("POST", "/ui/api/session", wrong, token=False)[0], 401)
        code, link, _ = self.server.ctl("users", "link", "sato")
        self.assertEqual(code, 0)
        path = link.strip().split(str(self.server.port), 1)[1]
        self.assertEqual(self.server.request("GET", path, token=False)[0], 303)
        self.assertEqual(self.server.request("GET", path, token=False)[0], 403, "the link worked twice")

    def test_wrong_passwords_are_slowed_down(self):
        wrong = json.dumps({"user": "nobody-here", "password": "wrong"})
        codes = [self.server.request("POST", "/ui/api/session", wrong, token=False)[0] for _ in range(8)]
        self.assertEqual(codes[0], 401)
        self.assertIn(429, codes)

    def test_console_api_needs_a_session(self):
        for path in ("session", "hosts", "metrics", "metrics/namespaces", "status"):
            self.assertEqual(self.server.request("GET", "/ui/api/" + path, token=False)[0], 401, path)

    def test_query_prints_the_series_of_this_host(self):
        def answered():
            code, out, _ = run("query", "cloudwatch", "CWAgent mem_used_percent", "--data", str(self.server.data),
                               "--step", "1s", "--from", "now-1m", "--format", "csv")
            return code == 0 and out.count("\n") >= 3 and out
        out = wait_until(answered, "three rows of mem_used_percent")
        self.assertTrue(out.startswith("time,"))
        code, out, err = run("query", "promql", "1 + 1", "--data", str(self.server.data), "--from", "now-1m",
                             "--step", "30s", "--format", "csv")
        self.assertEqual(code, 0, err)
        self.assertEqual({line.split(",")[1] for line in out.splitlines()[1:]}, {"2"})
        code, _, err = run("query", "promql", "sum(", "--data", str(self.server.data))
        self.assertEqual(code, 1)
        self.assertIn("1:5: parse error", err)
        code, out, err = run("query", "metrics-insights", "SELECT MAX(mem_used_percent) FROM CWAgent", "--data",
                             str(self.server.data), "--from", "now-5m", "--format", "csv")
        self.assertEqual(code, 0, err)
        self.assertRegex(out, r"20\d\d-.*,\d")
        code, out, err = run("query", "metric-math", "SEARCH('Namespace=CWAgent mem_used_percent', 'Average', 60) * 0 + 7",
                             "--data", str(self.server.data), "--from", "now-5m", "--format", "csv")
        self.assertEqual(code, 0, err)
        self.assertRegex(out, r",7\n")
        code, _, err = run("query", "metrics-insights", "SELECT", "--data", str(self.server.data))
        self.assertEqual(code, 1)
        self.assertIn("kansoku query:", err)
        code, _, err = run("query", "traces", "x", "--data", str(self.server.data))
        self.assertEqual(code, 2)
        self.assertIn("traces", err)

    def test_a_second_process_on_the_data_directory_is_refused(self):
        code, _, err = run("up", "--data", str(self.server.data), "--listen", "127.0.0.1:0")
        self.assertEqual(code, 1)
        self.assertIn("in use by another", err)


class Modes(unittest.TestCase):
    def test_sigterm_exits_0_and_keeps_data(self):
        with tempfile.TemporaryDirectory() as data:
            with Server(data=data) as server:
                wait_until(lambda: server.metrics()["kansoku_store_points_appended_total"] > 0, "points")
                self.assertEqual(server.stop(), 0)
            with Server("--no-agent", data=data) as server:
                _, _, body = server.request("GET", "/ui/api/metrics?namespace=CWAgent&name=mem_total")
                self.assertEqual(json.loads(body)["total"], 1)

    def test_credentials_survive_a_restart(self):
        with tempfile.TemporaryDirectory() as data:
            with Server("--no-agent", data=data) as server:
                first = (server.access_key, server.secret_key, server.token)
                code, out, _ = server.ctl("keys", "create", "--user", "a")
                server.kill()
            with Server("--no-agent", data=data) as server:
                self.assertEqual(first, (server.access_key, server.secret_key, server.token))
                self.assertIn(out.splitlines()[1].split(" = ")[1], server.ctl("keys", "list")[1])

    def test_auth_open_is_for_loopback_only(self):
        with Server("--auth", "open", "--no-agent") as server:
            self.assertEqual(server.request("GET", "/ui/api/session", token=False)[0], 200)
            self.assertEqual(server.request("POST", "/-/flush", token=False)[0], 200)
        with tempfile.TemporaryDirectory() as data:
            code, _, err = run("up", "--data", data, "--listen", "0.0.0.0:0", "--auth", "open")
            self.assertEqual(code, 1)
            self.assertIn("--auth open is refused", err)
            code, _, err = run("up", "--data", data, "--listen", "0.0.0.0:0")
            self.assertEqual(code, 1)
            self.assertIn("--insecure-http", err)

    def test_on_ec2_the_host_is_named_by_its_instance_metadata(self):
        """A metadata service as the EC2 user guide documents it: a token by PUT, then the instance id."""
        import http.server
        import threading

        class Metadata(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                self.answer(200 if self.path == "/latest/api/token" else 404, b"TOKEN")

            def do_GET(self):
                good = self.headers.get("X-aws-ec2-metadata-token") == "TOKEN"
                known = self.path == "/latest/meta-data/instance-id"
                self.answer(401 if not good else 200 if known else 404, b"i-0abcdef1234567890")

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
        threading.Thread(target=service.serve_forever, daemon=True).start()
        environment = dict(os.environ, AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{service.server_port}")
        with tempfile.TemporaryDirectory() as data:
            for alive in (True, False):
                with Server(data=data, env=environment) as server:
                    session = json.loads(server.request("GET", "/ui/api/session")[2])
                    self.assertEqual(session["hostId"], "i-0abcdef1234567890")
                if alive:
                    service.shutdown()
                    service.server_close()

    def test_no_agent_observes_nothing(self):
        with Server("--no-agent") as server:
            _, _, body = server.request("GET", "/ui/api/hosts")
            self.assertEqual(json.loads(body)["hosts"], [])

    def test_tls_serves_and_reloads_its_certificate(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)

            def certificate(name):
                subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                                "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out",
                                folder / "cert.pem"], check=True, capture_output=True)

            certificate("first")
            with Server("--no-agent", "--tls-cert", str(folder / "cert.pem"), "--tls-key",
                        str(folder / "key.pem")) as server:
                self.assertTrue(server.url.startswith("https://"))
                context = ssl.create_default_context(cafile=folder / "cert.pem")
                with urllib.request.urlopen(server.url + "-/ready", context=context) as answer:
                    self.assertEqual(answer.status, 200)
                before = ssl.get_server_certificate((server.host, server.port))
                certificate("second")
                server.process.send_signal(signal.SIGHUP)
                wait_until(lambda: ssl.get_server_certificate((server.host, server.port)) != before,
                           "the second certificate")

    def test_ports_of_later_listeners_and_unknown_ones(self):
        with Server("--no-agent", "--port", "statsd=off", "--port", "otlp-grpc=0") as server:
            self.assertEqual(server.request("GET", "/-/ready")[0], 200)
        code, _, err = run("up", "--port", "nope=1")
        self.assertEqual(code, 2)
        self.assertIn("no listener named", err)


class CommandLine(unittest.TestCase):
    def test_help_on_every_level(self):
        for arguments in ([], ["up"], ["server"], ["ctl"], ["query"], ["check"]):
            code, out, _ = run(*arguments, "--help")
            self.assertEqual(code, 0)
            self.assertTrue(out.startswith("usage: "), arguments)

    def test_completion_offers_commands_and_options(self):
        script = run("completion", "bash")[1]
        words = 'COMP_WORDS=(kansoku {}); COMP_CWORD={}; _kansoku; echo "${{COMPREPLY[@]}}"'
        for typed, index, expected in (("c", 1, "ctl check completion"), ("up --li", 2, "--listen"),
                                       ("ctl us", 2, "users")):
            done = subprocess.run(["bash", "-c", f"{script}\nkansoku() {{ {BINARY} \"$@\"; }}\n" +
                                   words.format(typed, index)], capture_output=True, text=True)
            self.assertEqual(done.stdout.strip(), expected, done.stderr)

    def test_version(self):
        self.assertRegex(run("--version")[1], r"^kansoku \d+\.\d+\.\d+\n$")

    def test_misspelt_words_are_guessed(self):
        self.assertIn("did you mean ctl?", run("ctll")[2])
        self.assertIn("did you mean --listen?", run("up", "--lisen", "x")[2])

    def test_check_config(self):
        with tempfile.TemporaryDirectory() as folder:
            good = pathlib.Path(folder) / "good.yaml"
            good.write_text("server:\n  region: eu-west-1\nreceivers:\n  host:\n    interval: 30s\nexporters:\n"
                            "  store:\nservice:\n  pipelines:\n    metrics/host:\n      receivers: [host]\n"
                            "      exporters: [store]\n")
            code, out, _ = run("check", "config", "--explain", str(good))
            self.assertEqual(code, 0, out)
            self.assertIn("every 30 s", out)
            bad = pathlib.Path(folder) / "bad.yaml"
            bad.write_text("server:\n  lissten: 127.0.0.1:1\n  workers: 0\nreceivers:\n  hosts:\n")
            code, out, _ = run("check", "config", str(bad))
            self.assertEqual(code, 1)
            lines = out.splitlines()
            self.assertIn(f"{bad}:2:3: /server/lissten: unknown key \"lissten\", did you mean \"listen\"?", lines)
            self.assertTrue(any(f"{bad}:3:12: /server/workers: 0 is out of range" in line for line in lines))
            self.assertTrue(any("did you mean \"host\"?" in line for line in lines))

    def test_check_config_of_the_cloudwatch_agent(self):
        with tempfile.TemporaryDirectory() as folder:
            def write(name, text):
                path = pathlib.Path(folder) / name
                path.write_text(text)
                return str(path)

            def entry(path):
                return ('{"agent": {"region": "eu-west-1", "omit_hostname": true}, "logs": {"logs_collected": {"files": '
                        '{"collect_list": [{"file_path": "%s", "log_group_name": "g", "timezone": "UTC"}]}}}}' % path)

            a, b = write("a.json", entry("/var/log/a*.log")), write("b.json", entry("/var/log/b.log"))
            common = write("common-config.toml", '[ssl]\nca_bundle_path = "/ca.pem"\n')
            code, out, _ = run("check", "config", a, b, common)
            self.assertEqual((code, out), (0, ""))
            code, out, _ = run("check", "config", "--explain", b, a, common)
            self.assertEqual(code, 0, out)
            self.assertIn("region eu-west-1", out)
            self.assertIn("servers are checked against /ca.pem", out)
            self.assertLess(out.index("/var/log/a*.log"), out.index("/var/log/b.log"))
            self.assertIn("of those that match the one that changed last", out)
            self.assertIn("pipeline logs/cloudwatch_agent: filelog/cloudwatch_agent -> "
                          "cloudwatch_logs/cloudwatch_agent", out)
            self.assertIn(f"notice: {a}:1:35: /agent/omit_hostname: ", out)
            bad = write("bad.json", '{"agent": {"region": "us-east-1"},\n "metrics": {}, "logs": {"logs_colected": {}}}')
            code, out, _ = run("check", "config", a, bad)
            self.assertEqual(code, 1)
            lines = out.splitlines()
            self.assertEqual(len(lines), 3, out)
            self.assertTrue(lines[0].startswith(f"{bad}:2:2: /metrics: metrics is not supported yet: "))
            self.assertIn(f'{bad}:2:26: /logs/logs_colected: unknown key "logs_colected", did you mean "logs_collected"?',
                          lines)
            code, out, _ = run("check", "config", a, write("c.json", '{"agent": {"region": "us-east-1"}}'))
            self.assertEqual(code, 1)
            self.assertIn("different values are specified for region", out)
            self.assertIn(f"{a}:1:22", out)
            code, out, _ = run("check", "config", write("cut.json", '{"logs": '))
            self.assertEqual(code, 1)
            self.assertIn("cut.json:1:10: /logs: a value is missing: the file ends here", out)
        example = pathlib.Path(__file__).resolve().parent.parent.parent / "examples" / "cloudwatch-agent.json"
        self.assertEqual(run("check", "config", str(example))[:2], (0, ""))
        code, out, _ = run("check", "config", "--dialect", "cloudwatch-agent", "--reference")
        self.assertEqual(code, 0)
        self.assertIn("| `file_path` |", out)
        self.assertEqual(run("check", "config", "--dialect", "otel", "x")[0], 2)

    def test_server_runs_a_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "kansoku.yaml"
            config.write_text("server:\n  region: eu-west-1\n  account_id: '123456789012'\nreceivers:\n  host:\n"
                              "    instance_id: i-00000000000000001\nexporters:\n  store:\nservice:\n  pipelines:\n"
                              "    metrics/host:\n      receivers: [host]\n      exporters: [store]\n")
            with Server("--config", str(config), command="server") as server:
                session = json.loads(server.request("GET", "/ui/api/session")[2])
                self.assertEqual(session["region"], "eu-west-1")
                self.assertEqual(session["account"], "123456789012")
                self.assertEqual(session["hostId"], "i-00000000000000001")
                server.process.send_signal(signal.SIGHUP)
                wait_until(lambda: any("configuration reloaded" in line for line in server.stderr), "reload")


if __name__ == "__main__":
    unittest.main()
