"""Series that come and go: 5 % new ones a scrape for a simulated hour, against the same hour without."""

import json
import subprocess
import tempfile

from support import measure

CHURN_PERCENT = 5
HOSTS, MINUTES = 200, 60
HOSTS_QUICK, MINUTES_QUICK = 40, 60
COST_MAX = 1.5
GROWTH_MAX = 1.15  # of RSS over the second half of the hour: by then nothing new is learnt about the load


def one_run(percent, hosts, minutes, seed):
    with tempfile.TemporaryDirectory(prefix="kansoku-bench-") as folder:
        done = subprocess.run([measure.PROGRAMS / "bench_metric_churn", folder, str(percent), str(hosts), str(minutes),
                               str(seed)], capture_output=True, text=True)
    if not done.stdout:
        raise RuntimeError(f"metric_churn: {done.stderr}")
    taken = json.loads(done.stdout)
    print("  " + json.dumps({"churn_percent": percent, **taken}), flush=True)
    if done.returncode != 0:
        raise RuntimeError(f"{taken['refused']} batches refused, or not flushed")
    return taken


def run(options):
    hosts, minutes = (HOSTS_QUICK, MINUTES_QUICK) if options.quick else (HOSTS, MINUTES)
    steady, churning = [], []
    for _ in range(options.runs):
        for percent, runs in ((0, steady), (CHURN_PERCENT, churning)):
            calibration = measure.calibrate()
            runs.append({**one_run(percent, hosts, minutes, options.seed), "calibration_cpu_s": calibration})
    cost = [min(run["cpu_us_per_sample"] for run in runs) for runs in (churning, steady)]
    growth = min(run["rss_mib"][-1] / run["rss_mib"][len(run["rss_mib"]) // 2] for run in churning)
    peak = [min(run["rss_peak_mib"] for run in runs) for runs in (churning, steady)]
    judged = not options.quick
    rows = [
        measure.Row("CPU per sample, 5 % new series a scrape", "x steady", "less", round(cost[0] / cost[1], 3),
                    COST_MAX if judged else None, runs=churning, note=f"{cost[0]} us, steady {cost[1]} us"),
        measure.Row("RSS after the hour, by half of it", "x", "less", round(growth, 3), GROWTH_MAX if judged else None,
                    note=f"MiB every ten minutes: {churning[0]['rss_mib']}"),
        measure.Row("peak RSS, 5 % new series a scrape", "x steady", "less", round(peak[0] / peak[1], 2), runs=steady,
                    note=f"{peak[0]} MiB, steady {peak[1]} MiB; {churning[0]['series_ever']} series in all"),
    ]
    return rows, {"hosts": hosts, "minutes": minutes, "churn_percent": CHURN_PERCENT}
