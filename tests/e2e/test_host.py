"""Receiver `host` against the kernel's own files and against Debian's node exporter, under load."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Server, wait_until

TICKS = os.sysconf("SC_CLK_TCK")
MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


def read_cpu():
    """Seconds by mode of /proc/stat's first line."""
    with open("/proc/stat") as f:
        fields = f.readline().split()[1:]
    return {mode: int(v) / TICKS for mode, v in zip(MODES, fields)}


def read_meminfo():
    out = {}
    with open("/proc/meminfo") as f:
        for line in f:
            name, value = line.split(":")
            out[name] = int(value.split()[0]) * (1024 if "kB" in value else 1)
    return out


class Recorder:
    """Reads /proc every 20 ms, so that every sample has a reading just before and just after it."""

    def __init__(self):
        self.readings = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.stop.wait(0.02):
            self.readings.append((time.time() * 1000, read_cpu(), read_meminfo()))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def around(self, second_ms):
        """Readings from just before a sample stamped with this second to just after it."""
        before = [r for r in self.readings if r[0] < second_ms]
        inside = [r for r in self.readings if second_ms <= r[0] < second_ms + 1000]
        after = [r for r in self.readings if r[0] >= second_ms + 1000]
        if not before or not after:
            return []
        return [before[-1], *inside, after[0]]


def series(server, name, start_ms, end_ms, stat="Average", period=1, dimensions=None):
    """{label: {time: value}} of one metric of this host."""
    frame = server.query({"namespace": "CWAgent", "metric": name, "match": "subset", "stat": stat, "period": period,
                          "dimensions": dimensions or {}}, start_ms, end_ms)
    return {s["label"]: {t: v for t, v in zip(frame["time"], s["values"]) if v is not None} for s in frame["series"]}


class Stress:
    """CPU, memory and disk load for as long as the block runs."""

    def __enter__(self):
        self.process = subprocess.Popen(
            ["stress-ng", "--cpu", "1", "--cpu-load", "60", "--vm", "1", "--vm-bytes", "64M", "--hdd", "1",
             "--hdd-bytes", "16M", "--timeout", "120s", "--quiet"], cwd="/tmp",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, 15)
        self.process.wait()


class AgainstProc(unittest.TestCase):
    def test_values_lie_between_readings_just_before_and_just_after(self):
        with Stress(), Recorder() as recorder, Server() as server:
            wait_until(lambda: server.metrics()["kansoku_log_records_total"] >= 8, "eight samples")
            wait_until(lambda: recorder.readings[-1][0] > time.time() * 1000 - 100, "a fresh reading")
            end = int(time.time() * 1000)
            checked = 0
            for mode in MODES:
                found = series(server, f"cpu_time_{mode}", end - 60_000, end, dimensions={"cpu": "cpu-total"})
                for at, value in next(iter(found.values())).items():
                    around = recorder.around(at)
                    if not around:
                        continue
                    values = [r[1][mode] for r in around]
                    self.assertGreaterEqual(value, min(values) - 1e-9, (mode, at))
                    self.assertLessEqual(value, max(values) + 1e-9, (mode, at))
                    checked += 1
            for name, field in (("mem_total", "MemTotal"), ("swap_free", "SwapFree")):
                values = next(iter(series(server, name, end - 60_000, end).values())).values()
                self.assertEqual(set(values), {read_meminfo()[field]})
            for name, field in (("mem_shared", "Shmem"), ("mem_buffered", "Buffers")):
                for at, value in next(iter(series(server, name, end - 60_000, end).values())).items():
                    around = recorder.around(at)
                    if not around:
                        continue
                    values = [r[2][field] for r in around]
                    # A gauge may move between two readings 20 ms apart, by at most what it moves in a second.
                    slack = max(values) - min(values) + 1_048_576
                    self.assertGreaterEqual(value, min(values) - slack)
                    self.assertLessEqual(value, max(values) + slack)
                    checked += 1
            self.assertGreater(checked, 30)

    def test_every_metric_of_the_agents_tables_is_there(self):
        expected = """
            cpu_time_user cpu_time_nice cpu_time_system cpu_time_idle cpu_time_iowait cpu_time_irq cpu_time_softirq
            cpu_time_steal cpu_time_guest cpu_time_guest_nice cpu_time_active cpu_usage_user cpu_usage_nice
            cpu_usage_system cpu_usage_idle cpu_usage_iowait cpu_usage_irq cpu_usage_softirq cpu_usage_steal
            cpu_usage_guest cpu_usage_guest_nice cpu_usage_active mem_total mem_free mem_buffered mem_active
            mem_inactive mem_shared mem_cached mem_available mem_used mem_used_percent mem_available_percent swap_free
            swap_used swap_used_percent disk_total disk_free disk_used disk_used_percent disk_inodes_total
            disk_inodes_free disk_inodes_used diskio_iops_in_progress netstat_tcp_established netstat_tcp_syn_sent
            netstat_tcp_syn_recv netstat_tcp_fin_wait1 netstat_tcp_fin_wait2 netstat_tcp_time_wait netstat_tcp_close
            netstat_tcp_close_wait netstat_tcp_last_ack netstat_tcp_listen netstat_tcp_closing netstat_tcp_none
            netstat_udp_socket processes_running processes_sleeping processes_blocked processes_zombies processes_dead
            processes_stopped processes_paging processes_idle processes_total processes_total_threads""".split()
        devices = pathlib.Path("/proc/diskstats").read_text().strip()
        if devices:
            expected += ["diskio_" + n for n in ("reads", "writes", "read_bytes", "write_bytes", "read_time",
                                                 "write_time", "io_time")]
        else:
            expected.remove("diskio_iops_in_progress")
        up = [i.name for i in pathlib.Path("/sys/class/net").iterdir()
              if i.name != "lo" and int((i / "flags").read_text(), 16) & 1]
        if up:
            expected += ["net_" + n for n in ("bytes_sent", "bytes_recv", "packets_sent", "packets_recv", "err_in",
                                              "err_out", "drop_in", "drop_out")]
        if pathlib.Path("/proc/pressure/cpu").exists():
            expected += ["pressure_cpu_some_avg10", "pressure_memory_full_avg60", "pressure_io_some_stall_time"]
        import json

        with Server() as server:
            wait_until(lambda: server.metrics()["kansoku_log_records_total"] >= 3, "three samples")
            _, _, body = server.request("GET", "/ui/api/metrics?namespace=CWAgent&limit=1000")
            metrics = json.loads(body)["metrics"]
        names = {m["name"] for m in metrics}
        self.assertEqual([n for n in expected if n not in names], [])
        self.assertTrue(all(re.fullmatch(r"i-[0-9a-f]{17}", m["dimensions"]["InstanceId"]) for m in metrics))
        units = {m["name"]: m["unit"] for m in metrics}
        self.assertEqual(units["cpu_usage_user"], "Percent")
        self.assertEqual(units["cpu_time_user"], "None")
        self.assertEqual(units["disk_free"], "Bytes")
        self.assertEqual(units["processes_total"], "Count")


class AgainstNodeExporter(unittest.TestCase):
    WINDOW_S = 60

    def setUp(self):
        self.program = shutil.which("prometheus-node-exporter")
        self.assertIsNotNone(self.program, "Debian's prometheus-node-exporter is missing")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.exporter = subprocess.Popen([self.program, f"--web.listen-address=127.0.0.1:{self.port}"],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.scrape_or_none, "node exporter")

    def tearDown(self):
        self.exporter.terminate()
        self.exporter.wait()

    def scrape_or_none(self):
        try:
            return self.scrape()
        except OSError:
            return None

    def scrape(self):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10).read().decode()
        out = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                out[name] = float(value)
        return out

    def test_the_same_minute_differs_by_at_most_two_percent_of_the_range(self):
        def cpu(scraped, mode):
            return sum(v for k, v in scraped.items()
                       if k.startswith("node_cpu_seconds_total{") and f'mode="{mode}"' in k)

        with Stress(), Server() as server:
            # Both are read at the same moments: right after a sample of ours has arrived.
            def wait_sample():
                at = server.metrics()["kansoku_log_records_total"]
                wait_until(lambda: server.metrics()["kansoku_log_records_total"] > at, "a sample")
                return self.scrape(), int(time.time() * 1000)

            first, begin_ms = wait_sample()
            wait_until(lambda: time.time() * 1000 > begin_ms + self.WINDOW_S * 1000 - 1500, "the minute", 1200)
            last, end_ms = wait_sample()
            seconds = (end_ms - begin_ms) / 1000
            total = sum(cpu(last, m) - cpu(first, m) for m in MODES)
            for mode in ("user", "system", "idle", "iowait"):
                ours = next(iter(series(server, f"cpu_time_{mode}", begin_ms - 5000, end_ms,
                                        dimensions={"cpu": "cpu-total"}).values()))
                at_begin = max(t for t in ours if t <= begin_ms)
                at_end = max(t for t in ours if t <= end_ms)
                mine = 100 * (ours[at_end] - ours[at_begin]) / total
                theirs = 100 * (cpu(last, mode) - cpu(first, mode)) / total
                self.assertLessEqual(abs(mine - theirs), 2, (mode, mine, theirs, seconds))
            memory = read_meminfo()["MemTotal"]
            ours = next(iter(series(server, "mem_available", begin_ms - 2000, end_ms).values()))
            mean = sum(ours.values()) / len(ours)
            theirs = (first["node_memory_MemAvailable_bytes"] + last["node_memory_MemAvailable_bytes"]) / 2
            self.assertLessEqual(100 * abs(mean - theirs) / memory, 2)
            root = next(k for k in last if k.startswith("node_filesystem_avail_bytes") and 'mountpoint="/"' in k)
            size = next(v for k, v in last.items() if k.startswith("node_filesystem_size_bytes") and
                        'mountpoint="/"' in k)
            ours = next(iter(series(server, "disk_free", begin_ms, end_ms, dimensions={"path": "/"}).values()))
            self.assertLessEqual(100 * abs(max(ours.items())[1] - last[root]) / size, 2)


if __name__ == "__main__":
    unittest.main()
