"""`kansoku up` with its agent and no client: memory and CPU from one minute after `ready`."""

import tempfile
import time

from support import measure
from support.kansoku import Server

SETTLE_S = 60  # the host is sampled every second in the first minute
WATCH_S = 600
WATCH_QUICK_S = 60
LOOK_EVERY_S = 5
RSS_MIB_MAX = 60
CORE_PERCENT_MAX = 1.0


def run(options):
    watch_s = WATCH_QUICK_S if options.quick else WATCH_S
    with tempfile.TemporaryDirectory(prefix="kansoku-bench-") as data:
        with Server(data=data) as server:
            pid = server.process.pid
            time.sleep(SETTLE_S)
            begin, cpu_begin, threads = time.monotonic(), measure.cpu_seconds(pid), measure.cpu_by_thread(pid)
            rss = []
            while time.monotonic() - begin < watch_s:
                time.sleep(LOOK_EVERY_S)
                rss.append(round(measure.rss_mib(pid), 2))
            took = time.monotonic() - begin
            percent = 100 * (measure.cpu_seconds(pid) - cpu_begin) / took
            after = measure.cpu_by_thread(pid)
            points = server.metrics()["kansoku_store_points_appended_total"]
    spent = {name: round(seconds - threads.get(name, 0), 2) for name, seconds in after.items()}
    rows = [measure.Row("idle, resident memory", "MiB, highest", "less", max(rss), RSS_MIB_MAX, runs=rss),
            measure.Row("idle, of one core", "%", "less", round(percent, 3), CORE_PERCENT_MAX,
                        note=f"CPU seconds by thread: {spent}")]
    return rows, {"watched_s": round(took, 1), "points_stored": points}
