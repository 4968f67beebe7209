"""455 days of one gauge of seconds, settled: bytes on disk with cells of count, sum, min and max, and with sketches."""

import json
import subprocess

from support import measure

DAYS, DAYS_QUICK = 455, 10
KIB_MAX = 350


def one_run(mode, days, seed):
    done = subprocess.run([measure.PROGRAMS / "bench_year_of_seconds", mode, str(days), str(seed)], capture_output=True,
                          text=True)
    if not done.stdout:
        raise RuntimeError(f"year_of_seconds {mode}: {done.stderr}")
    taken = json.loads(done.stdout)
    print("  " + json.dumps({"mode": mode, **taken}), flush=True)
    if done.returncode != 0:
        raise RuntimeError(f"year_of_seconds {mode}: not everything is stored: {taken}")
    return taken


def run(options):
    # The clock and the disk are simulated, so one run says it all.
    days = DAYS_QUICK if options.quick else DAYS
    calibration = measure.calibrate()
    taken = {mode: one_run(mode, days, options.seed) for mode in ("summary", "sketch")}
    kib = {mode: round(one["store_bytes"] / 1024, 1) for mode, one in taken.items()}
    rows = [
        measure.Row(f"{days} days of seconds, cells of count, sum, min, max", "KiB", "less", kib["summary"],
                    None if options.quick else KIB_MAX, runs=[taken["summary"]]),
        measure.Row(f"{days} days of seconds, cells with percentiles", "KiB", "less", kib["sketch"], runs=[taken["sketch"]]),
    ]
    return rows, {"days": days, "repeats_percent": 55, "calibration_cpu_s": calibration}
