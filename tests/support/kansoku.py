"""Starts the real binary for tests: a data directory of its own, a free port, stopped by pid."""

import configparser
import http.client
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("KANSOKU_BINARY", ROOT / "build" / "release" / "kansoku"))


class Server:
    """One running kansoku. Use as a context manager; the data directory goes with it unless given."""

    def __init__(self, *arguments, data=None, command="up", env=None):
        self._own = None
        if data is None:
            self._own = tempfile.TemporaryDirectory(prefix="kansoku-test-")
            data = self._own.name
        self.data = pathlib.Path(data)
        self.arguments = arguments
        self.command = command
        self.env = env
        self.process = None

    def start(self):
        line = [str(BINARY), self.command, "--data", str(self.data), "--listen", "127.0.0.1:0", *self.arguments]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env)
        self.ready_line = self.process.stdout.readline().strip()
        if not self.ready_line.startswith("ready "):
            self.process.wait(timeout=20)
            raise RuntimeError(f"no ready line: {self.ready_line!r} {self.process.stderr.read()}")
        self.url = self.ready_line.split(" ", 1)[1]
        self.stderr = []
        thread = threading.Thread(target=self._drain, daemon=True)
        thread.start()
        parsed = urllib.parse.urlparse(self.url)
        self.host, self.port = parsed.hostname, parsed.port
        config = configparser.ConfigParser()
        config.read(self.data / "credentials")
        self.access_key = config["default"]["aws_access_key_id"]
        self.secret_key = config["default"]["aws_secret_access_key"]
        self.token = config["default"]["kansoku_token"]
        return self

    def _drain(self):
        for line in self.process.stderr:
            self.stderr.append(line)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    pass
        if self._own:
            self._own.cleanup()

    def request(self, method, path, body=None, headers=None, token=True):
        """(status, headers, body) of one request."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        headers = dict(headers or {})
        if token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), data

    def environment(self, region="us-east-1"):
        """For AWS clients: credentials and nothing of this machine's own settings."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.data),
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "LC_ALL": "C.UTF-8",
        }

    def boto3(self, service, region="us-east-1", access_key=None, secret_key=None, **config):
        import boto3
        import botocore.config

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=access_key or self.access_key,
            aws_secret_access_key=secret_key or self.secret_key,
            config=botocore.config.Config(retries={"max_attempts": 0}, **config),
        )

    def ctl(self, *arguments, text=None):
        return run("ctl", *arguments, "--data", str(self.data), text=text)

    def metrics(self):
        """The program's own metrics: {sample line without value: value}."""
        _, _, body = self.request("GET", "/metrics")
        out = {}
        for line in body.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                out[name] = float(value)
        return out

    def query(self, text, start_ms, end_ms, max_points=100000):
        """The frame of one query of the console's API."""
        batch = [{"id": "q", "lang": "cloudwatch", "text": json.dumps(text), "maxPoints": max_points,
                  "range": {"from": start_ms, "to": end_ms}}]
        status, _, body = self.request("POST", "/ui/api/query", json.dumps(batch),
                                       {"Content-Type": "application/json"})
        assert status == 200, body
        lines = [json.loads(line) for line in body.decode().splitlines()]
        for line in lines:
            if "error" in line:
                raise RuntimeError(line["error"])
        return next(line["frame"] for line in lines if "frame" in line)


class Agent:
    """One running kansoku agent with the configuration (text) given, in a data directory of its own or one that stays.
    `prefix` is what the command line begins with (another namespace)."""

    def __init__(self, configuration, data, env=None, name="agent.yaml", prefix=()):
        self.data = pathlib.Path(data)
        self.data.mkdir(parents=True, exist_ok=True)
        self.configuration = self.data / name
        self.configuration.write_text(configuration)
        self.env = env
        self.prefix = list(prefix)
        self.process = None

    def start(self):
        line = [*self.prefix, str(BINARY), "agent", "--config", str(self.configuration), "--data", str(self.data)]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env)
        ready = self.process.stdout.readline().strip()
        if not ready.startswith("ready "):
            self.process.wait(timeout=20)
            raise RuntimeError(f"no ready line: {ready!r} {self.process.stderr.read()}")
        self.url = ready.split(" ", 1)[1]
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.close()

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        code = self.process.wait(timeout=30)
        self.close()
        return code

    def close(self):
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()

    def ctl(self, *arguments):
        return run("ctl", *arguments, "--data", str(self.data))

    def metrics(self):
        with urllib.request.urlopen(self.url + "metrics", timeout=30) as response:
            lines = response.read().decode().splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line and not line.startswith("#")}


def run(*arguments, text=None, env=None):
    """One command of the binary: (exit code, stdout, stderr)."""
    done = subprocess.run([str(BINARY), *arguments], input=text, capture_output=True, text=True, timeout=60, env=env)
    return done.returncode, done.stdout, done.stderr


def wait_until(condition, what, attempts=600):
    """Polls a condition that the server brings about by itself; fails with `what` after a minute."""
    import select

    for _ in range(attempts):
        value = condition()
        if value:
            return value
        select.select([], [], [], 0.1)
    raise AssertionError(f"never came: {what}")
