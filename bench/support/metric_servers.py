"""The three servers that take remote write: kansoku, Debian's prometheus and victoria-metrics.

Each has a data directory and a loopback port of its own and is stopped by its pid. They differ in how they are
started, how everything is brought to its settled state, and which folder then holds it.
"""

import http.client
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

from support import measure
from support.kansoku import BINARY


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tree_bytes(folder):
    """Bytes of the files below a folder, as du counts them with --apparent-size."""
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())


def process_cpu(pid):
    """CPU seconds of a process, its ended threads included, to the nanosecond (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


class MetricServer:
    """What the three have in common. `start()` returns once it answers; it may be called again after `kill()`."""

    name = ""
    token = ""
    write_path = "/api/v1/write"
    settles_by_snapshot = False  # settle() copies what is in memory, and changes nothing of it

    def __init__(self, data, keep_log=None):
        self.data = pathlib.Path(data)
        self.host, self.port = "127.0.0.1", None
        self.process = None
        self.log_path = keep_log or self.data.parent / f"{self.name}.log"

    @property
    def pid(self):
        return self.process.pid

    def command(self):
        raise NotImplementedError

    def launch(self):
        """Starts the process and does not wait for it to serve."""
        self.port = free_port()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)

    def start(self):
        self.launch()
        deadline = time.monotonic() + 600
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start: {self.log_tail()}")
            time.sleep(0.02)

    def ready(self):
        try:
            return self.request("GET", self.ready_path, timeout=5)[0] == 200
        except OSError:
            return False

    def log_tail(self):
        return self.log_path.read_text(errors="replace")[-2000:]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            self.kill()

    def request(self, method, path, body=None, timeout=1800):
        """(status, body) over a connection of its own."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=self.headers())
            response = connection.getresponse()
            return response.status, response.read()
        except http.client.HTTPException as error:
            raise OSError(f"{self.name}: {error!r}") from error
        finally:
            connection.close()

    def headers(self):
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def query(self, expression, at_s, timeout=1800):
        """The result of an instant query, or None where the server refused or is not there yet."""
        path = "/api/v1/query?" + urllib.parse.urlencode({"query": expression, "time": at_s})
        try:
            status, body = self.request("GET", path, timeout=timeout)
        except OSError:
            return None
        if status != 200:
            return None
        return json.loads(body)["data"]["result"]

    def number(self, expression, at_s, timeout=1800):
        """The one number of an instant query, or None."""
        result = self.query(expression, at_s, timeout)
        return float(result[0]["value"][1]) if result else None

    def settle(self):
        """Returns when everything accepted is on disk and merged."""
        raise NotImplementedError

    def settled_bytes(self):
        """Bytes on disk once settled, index included."""
        return tree_bytes(self.data)

    def cpu(self):
        return measure.cpu_seconds(self.pid)

    def wait_until_quiet(self, share=0.05, seconds=30):
        """Until the process uses less than this share of a core, so that nothing of before is counted after."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            before, since = process_cpu(self.pid), time.monotonic()
            time.sleep(0.3)
            if process_cpu(self.pid) - before < share * (time.monotonic() - since):
                return


class Kansoku(MetricServer):
    name = "kansoku"
    ready_path = "/-/ready"

    def command(self):
        return [str(BINARY), "up", "--no-agent", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]

    def start(self):
        super().start()
        for line in (self.data / "credentials").read_text().splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "kansoku_token":
                self.token = value.strip()

    def settle(self):
        measure.flush(self)


class VictoriaMetrics(MetricServer):
    name = "victoria-metrics"
    ready_path = "/health"

    def command(self):
        return [shutil.which("victoria-metrics"), f"-storageDataPath={self.data}",
                f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=100y", "-search.disableCache",
                "-search.latencyOffset=0s", "-search.maxUniqueTimeseries=10000000", "-search.maxSeries=10000000",
                "-search.maxQueryDuration=30m", "-http.disableResponseCompression"]

    def gauge(self, name):
        _, body = self.request("GET", "/metrics")
        return sum(float(line.rsplit(" ", 1)[1]) for line in body.decode().splitlines()
                   if line.startswith(name) and line[len(name)] in "{ ")

    def settle(self):
        self.request("GET", "/internal/force_flush")
        self.request("GET", "/internal/force_merge")
        # The merge goes on after the answer; its gauge and the running merges tell when it ends.
        quiet = 0
        while quiet < 3:
            busy = self.gauge("vm_active_force_merges") + self.gauge("vm_active_merges")
            quiet = 0 if busy else quiet + 1
            time.sleep(0.1)
        self.request("GET", "/internal/force_flush")

    def settled_bytes(self):
        return tree_bytes(self.data / "data") + tree_bytes(self.data / "indexdb")


class Prometheus(MetricServer):
    name = "prometheus"
    ready_path = "/-/ready"
    settles_by_snapshot = True

    def __init__(self, data, keep_log=None):
        super().__init__(data, keep_log)
        self.snapshot = None

    def command(self):
        configuration = self.data.parent / "prometheus.yml"
        configuration.write_text("global: {scrape_interval: 15s}\n")
        return [shutil.which("prometheus"), f"--config.file={configuration}", f"--storage.tsdb.path={self.data}",
                f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver",
                "--web.enable-admin-api", "--storage.tsdb.retention.time=100y", "--query.max-samples=2000000000",
                "--query.timeout=30m"]

    def settle(self):
        status, body = self.request("POST", "/api/v1/admin/tsdb/snapshot")
        if status != 200:
            raise RuntimeError(f"snapshot: {status} {body[:200]!r}")
        self.snapshot = self.data / "snapshots" / json.loads(body)["data"]["name"]

    def settled_bytes(self):
        return tree_bytes(self.snapshot)


SERVERS = {kind.name: kind for kind in (Prometheus, VictoriaMetrics, Kansoku)}


def require(names):
    """Fails early where a peer is not installed."""
    missing = [name for name in names if name != "kansoku" and not shutil.which(name)]
    if missing:
        raise RuntimeError(f"not installed: {', '.join(missing)} (./dev bench installs them)")
