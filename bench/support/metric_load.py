"""The sender of the metric workload, and a server started for it on a directory of its own."""

import json
import pathlib
import subprocess
import tempfile

from support import measure

SERIES_PER_HOST = 500
SCRAPE_S = 15


class Load:
    """bench_metric_workload send, which stops where we want to read the server's clocks."""

    def __init__(self, server, seed, **options):
        line = [str(measure.PROGRAMS / "bench_metric_workload"), "send", "--seed", str(seed), "--port", str(server.port),
                "--path", server.write_path]
        if server.token:
            line += ["--token", server.token]
        for name, value in options.items():
            line += [f"--{name.replace('_', '-')}", str(value)]
        self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait(self, event):
        line = self.process.stdout.readline()
        told = json.loads(line) if line else {}
        if told.get("event") != event:
            raise RuntimeError(f"the load ended before \"{event}\": {told} {self.process.stderr.read()[-1000:]}")
        return told

    def go(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(timeout=60)
        if code != 0:
            raise RuntimeError(f"the load failed: {self.process.stderr.read()[-1000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()


class Started:
    """A server on a fresh directory, gone with everything at the end."""

    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="kansoku-bench-")
        data = pathlib.Path(self.directory.name) / "data"
        data.mkdir()
        self.server = self.kind(data)
        self.server.start()
        self.server.wait_until_quiet(seconds=5)
        return self.server

    def __exit__(self, *_):
        if self.server.process.poll() is None:
            self.server.kill()
        self.directory.cleanup()
