"""Debian's ClickHouse 18.16 over the same log, for bench/logs_store --with-clickhouse.

A schema as one would choose for such a log: the line, and its members as columns of their own, in the order of service and
time. 18.16 has no token filters; its marks prune by the key alone.
"""

import json
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.request

from support import measure

CONFIG = """<yandex><logger><level>warning</level><log>{folder}/log</log><errorlog>{folder}/errors</errorlog></logger>
<http_port>{port}</http_port><listen_host>127.0.0.1</listen_host><path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>
<mark_cache_size>536870912</mark_cache_size><users_config>{folder}/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database></yandex>"""
USERS = """<yandex><profiles><default><max_memory_usage>4000000000</max_memory_usage></default></profiles>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
</default></users><quotas><default/></quotas></yandex>"""
TABLE = """CREATE TABLE logs (day Date, at DateTime, ms UInt16, level String, service String, pod String, trace_id String,
span_id String, duration_ms UInt32, line String) ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (service, at)"""


def program():
    return shutil.which("clickhouse-server", path="/usr/sbin:/usr/bin:/usr/local/bin")


class ClickHouse:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def __enter__(self):
        (self.folder / "config.xml").write_text(CONFIG.format(folder=self.folder, port=self.port))
        (self.folder / "users.xml").write_text(USERS)
        self.process = subprocess.Popen([program(), f"--config-file={self.folder}/config.xml"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        begin = time.monotonic()
        while True:
            try:
                self.ask("SELECT 1")
                return self
            except OSError:
                if time.monotonic() - begin > 60 or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, text, body=None):
        url = f"http://127.0.0.1:{self.port}/"
        if body is not None:
            url += "?query=" + urllib.request.quote(text)
        with urllib.request.urlopen(url, data=text.encode() if body is None else body, timeout=600) as answer:
            return answer.read().decode()

    def load(self, path):
        """CPU seconds until the rows are in one part."""
        self.ask(TABLE)
        cpu = measure.cpu_seconds(self.process.pid)
        rows = []

        def insert():
            self.ask("INSERT INTO logs FORMAT TabSeparated", "".join(rows).encode())
            rows.clear()

        with open(path) as file:
            for line in file:
                event = json.loads(line)
                at = event["ts"] // 1000
                stamp = time.strftime("%Y-%m-%d\t%Y-%m-%d %H:%M:%S", time.gmtime(at))
                text = line.rstrip("\n").replace("\\", "\\\\").replace("\t", "\\t")
                rows.append(f"{stamp}\t{event['ts'] % 1000}\t{event['level']}\t{event['service']}\t{event['pod']}\t"
                            f"{event.get('trace_id', '')}\t{event.get('span_id', '')}\t{event['duration_ms']}\t{text}\n")
                if len(rows) == 200_000:
                    insert()
        if rows:
            insert()
        self.ask("OPTIMIZE TABLE logs FINAL")
        return measure.cpu_seconds(self.process.pid) - cpu

    def stored_bytes(self):
        return int(self.ask("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'logs'"))

    def cpu_ms(self, text, times):
        self.ask(text)
        cpu = measure.cpu_seconds(self.process.pid)
        for _ in range(times):
            self.ask(text)
        return (measure.cpu_seconds(self.process.pid) - cpu) / times * 1000


def measure_queries(path, trace, folder, times):
    """{figure of bench.py: CPU-ms}, checked against what stands in the file, and facts for the result."""
    with ClickHouse(folder) as server:
        load_cpu_s = server.load(path)
        asked = {
            "a word of one event": "SELECT line FROM logs WHERE position(line, 'zugzwang') > 0",
            "an id of one event": f"SELECT line FROM logs WHERE trace_id = '{trace}'",
            "a phrase of a template, count": "SELECT count() FROM logs WHERE position(line, 'cache miss for key product:') > 0",
            "a part of a number, count": "SELECT count() FROM logs WHERE position(line, '7531') > 0",
            "stats count(*) by bin": "SELECT toStartOfMinute(at) AS t, count() FROM logs GROUP BY t ORDER BY t",
            "stats count(*) by level": "SELECT level, count() FROM logs GROUP BY level",
            "stats count(*) by bin, level":
                "SELECT toStartOfMinute(at) AS t, level, count() FROM logs GROUP BY t, level ORDER BY t",
            "stats avg(duration_ms) by service": "SELECT service, avg(duration_ms) FROM logs GROUP BY service",
        }
        out = {figure: server.cpu_ms(text, times) for figure, text in asked.items()}
        rows = int(server.ask("SELECT count() FROM logs"))
        if server.ask(asked["an id of one event"]).count("\n") != 1:
            raise RuntimeError("ClickHouse does not find the id once")
        return out, {"rows": rows, "stored_bytes": server.stored_bytes(), "load_cpu_s": load_cpu_s, "queries_cpu_ms": out,
                     "peak_rss_mib": measure.rss_mib(server.process.pid, "VmHWM")}
