"""The metric engine alone: CPU per million points and memory per series, log and sync included."""

import json
import subprocess
import tempfile

from support import measure

SERIES = 500_000
SERIES_QUICK = 50_000
SCRAPES = 12
SCRAPES_TWO_HOURS = 480  # of 15 s data
CPU_S_MAX, CPU_S_AIM = 0.7, 0.5
BYTES_MAX, BYTES_AIM = 450, 350


def one_run(series, scrapes):
    with tempfile.TemporaryDirectory(prefix="kansoku-bench-") as folder:
        done = subprocess.run([measure.PROGRAMS / "bench_engine_append", folder, str(series), str(scrapes)],
                              capture_output=True, text=True)
    if not done.stdout:
        raise RuntimeError(f"engine_append: {done.stderr}")
    taken = json.loads(done.stdout)
    if taken["refused_batches"]:
        raise RuntimeError(f"{taken['refused_batches']} batches refused")
    print("  " + json.dumps(taken), flush=True)
    return taken


def rows_of(what, taken, judged):
    cpu = min(taken, key=lambda run: run["cpu_s_per_million_points"])
    memory = min(taken, key=lambda run: run["bytes_per_series"])
    note = f"calibration of this run {cpu['calibration_xxh3_1gib_cpu_s']} CPU-s"
    return [measure.Row(f"engine append, {what}", "CPU-s per M points", "less", cpu["cpu_s_per_million_points"],
                        CPU_S_MAX if judged else None, CPU_S_AIM, taken, note),
            measure.Row(f"engine memory, {what}", "bytes a series", "less", memory["bytes_per_series"],
                        BYTES_MAX if judged else None, BYTES_AIM)]


def run(options):
    series = SERIES_QUICK if options.quick else SERIES
    taken = [one_run(series, SCRAPES) for _ in range(options.runs)]
    rows = rows_of(f"{SCRAPES} scrapes", taken, not options.quick)
    if not options.quick:
        # Four minutes each, and what it is about (merges, memory over time) hardly varies: once.
        rows += rows_of("two hours of 15 s data", [one_run(series, SCRAPES_TWO_HOURS)], True)
    return rows, {"series": series}
