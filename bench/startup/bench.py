"""From exec to the line `ready`: with an existing empty store, and after kill -9 with the log as full as it may be.

The second store: 100,000 series, at least 10 M points, each series with points both in parts and in the log.
The engine writes parts as the log fills, so the server is killed under load just before the part that is being
written would have let the log go: nearly a whole stretch of log after the part before.
"""

import shutil
import statistics
import subprocess
import tempfile
import time

from support import measure
from support.kansoku import BINARY, Server

STARTS = 11
EMPTY_MS_MAX = 300
RECOVERY_MS_MAX = 1_000
SERIES = 100_000
POINTS = 10_000_000
STEP_MS = 1_000
# Of the log bytes between two parts; more and the next part may come first.
FILL = 0.97


def start_once(data):
    """(milliseconds until ready, CPU seconds until then) of one start; ended by kill -9."""
    line = [str(BINARY), "up", "--no-agent", "--data", str(data), "--listen", "127.0.0.1:0"]
    begin = time.monotonic()
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        ready = process.stdout.readline()
        took_ms = (time.monotonic() - begin) * 1000
        cpu = measure.cpu_seconds(process.pid)
        peak_mib = measure.rss_mib(process.pid, "VmHWM")
        process.kill()
    if not ready.startswith("ready "):
        raise RuntimeError(f"no ready line: {ready!r}")
    return took_ms, cpu, peak_mib


def starts(data, count, fresh_copy):
    """Each start finds the same files: a start replays the log but may also write parts."""
    taken = []
    for _ in range(count):
        with tempfile.TemporaryDirectory(prefix="kansoku-bench-") as folder:
            used = data
            if fresh_copy:
                used = f"{folder}/data"
                shutil.copytree(data, used)
            taken.append(start_once(used))
    return taken


class Feeder:
    """Goes on sending rounds of all series until the server is killed."""

    def __init__(self, server, seed, series):
        first_ms = int(time.time()) * 1000 - 7_200_000
        rounds = 7_000
        self.process = subprocess.Popen(
            [measure.PROGRAMS / "bench_put_metric_data", server.host, str(server.port), "cbor", str(series * rounds),
             str(seed), str(first_ms), str(STEP_MS), str(series), "1"],
            env=server.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def check(self):
        if self.process.poll() is not None:
            raise RuntimeError("the load ended before the log was full")


def fill_store(data, series, points, seed):
    """Kills a server under load; (points it acknowledged, bytes of its log since the last part)."""
    with Server("--no-agent", data=data) as server:
        feeder = Feeder(server, seed, series)
        seals, last_part_at, stretch, log = None, None, None, 0
        while True:
            feeder.check()
            metrics = server.metrics()
            log, points_now = metrics["kansoku_log_bytes_total"], metrics["kansoku_store_points_appended_total"]
            if metrics["kansoku_store_seals_total"] != seals:
                # Between two parts in a row lies what fills the log.
                stretch = log - last_part_at if last_part_at is not None else None
                seals, last_part_at = metrics["kansoku_store_seals_total"], log
            elif points_now >= points and stretch and log - last_part_at >= FILL * stretch:
                break
        server.kill()
        feeder.process.wait()
        return int(points_now), int(log - last_part_at)


def row(figure, taken, must, calibration, note=""):
    median = statistics.median(ms for ms, _, _ in taken)
    runs = [{"ready_ms": round(ms, 1), "cpu_s": cpu, "rss_peak_mib": round(peak, 1)} for ms, cpu, peak in taken]
    return measure.Row(figure, "ms, median", "less", round(median, 1), must, None, runs,
                       f"calibration {calibration} CPU-s; {note}".rstrip("; "))


def run(options):
    starts_wanted = 3 if options.quick else STARTS
    series = SERIES // 10 if options.quick else SERIES
    points = POINTS // 10 if options.quick else POINTS
    with tempfile.TemporaryDirectory(prefix="kansoku-bench-") as data:
        with Server("--no-agent", data=data) as server:
            server.stop()
        calibration = measure.calibrate()
        rows = [row("exec to ready, empty store", starts(data, starts_wanted, False), EMPTY_MS_MAX, calibration)]
    with tempfile.TemporaryDirectory(prefix="kansoku-bench-") as data:
        stored, unsealed = fill_store(data, series, points, options.seed)
        calibration = measure.calibrate()
        taken = starts(data, starts_wanted, True)
    rows.append(row(f"exec to ready after kill -9, {series:,} series", taken,
                    None if options.quick else RECOVERY_MS_MAX, calibration,
                    f"{stored:,} points, {unsealed / 2**20:.1f} MiB of log to replay"))
    return rows, {"series": series, "points": stored, "log_bytes_to_replay": unsealed}
