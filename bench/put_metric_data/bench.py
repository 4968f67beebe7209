"""PutMetricData over the wire: datums per CPU second of the server, merges included."""

import datetime
import json
import subprocess
import tempfile
import time

from support import measure
from support.kansoku import Server  # tests/support, on the path through measure

WIRES = {  # wire: (must, aim)
    "cbor": (200_000, 1_000_000),
    "json": (100_000, None),
    "query": (40_000, None),
}
METRICS = 10_000
DATUMS = 20_000_000
DATUMS_QUICK = 1_000_000
STEP_MS = 60_000
NAMES = ["RequestLatency", "RequestCount", "ErrorCount", "QueueDepth", "CacheHitRatio", "BytesIn", "BytesOut",
         "ActiveConnections", "HeapUsed", "GcPause"]
SERVICES = ["checkout", "search", "catalogue", "identity"]
MASK = 2**64 - 1


def mix(a, b):
    x = (a * 0x9E3779B97F4A7C15 + b * 0xBF58476D1CE4E5B9) & MASK
    x ^= x >> 31
    x = (x * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 29)


def value_of(seed, metric, round_number):
    return mix(seed + metric, round_number) % 100_000 / 100.0


def metric_stat(seed, metric, statistic):
    instance = metric // len(NAMES)
    dimensions = [{"Name": "InstanceId", "Value": f"i-{mix(seed, instance):017x}"},
                  {"Name": "Service", "Value": SERVICES[instance % len(SERVICES)]}]
    return {"Metric": {"Namespace": "Bench/Fleet", "MetricName": NAMES[metric % len(NAMES)],
                       "Dimensions": dimensions}, "Period": 86_400, "Stat": statistic}


def totals(server, queries, begin, end):
    """{id: sum of its values} of GetMetricData, 500 queries a call."""
    client = server.boto3("cloudwatch")
    out = {}
    for at in range(0, len(queries), 500):
        for page in client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries[at:at + 500], StartTime=begin, EndTime=end):
            for result in page["MetricDataResults"]:
                out[result["Id"]] = out.get(result["Id"], 0) + sum(result["Values"])
    return out


def verify(server, seed, datums, first_ms):
    """Every datum is stored once: the counts of all metrics, and the sums of every hundredth."""
    rounds = datums // METRICS
    day = datetime.timedelta(days=1)
    zone = datetime.timezone.utc
    begin = datetime.datetime.fromtimestamp(first_ms / 1000, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    end = datetime.datetime.fromtimestamp((first_ms + rounds * STEP_MS) / 1000, zone) + day
    counts = totals(server, [{"Id": f"m{m}", "MetricStat": metric_stat(seed, m, "SampleCount")}
                             for m in range(METRICS)], begin, end)
    wrong = [m for m in range(METRICS) if counts.get(f"m{m}") != rounds]
    if wrong:
        raise RuntimeError(f"{sum(counts.values()):.0f} of {datums} datums found; metric {wrong[0]} has "
                           f"{counts.get(f'm{wrong[0]}')} of {rounds}")
    some = range(0, METRICS, 100)
    sums = totals(server, [{"Id": f"m{m}", "MetricStat": metric_stat(seed, m, "Sum")} for m in some], begin, end)
    for m in some:
        expected = sum(value_of(seed, m, r) for r in range(rounds))
        if abs(sums[f"m{m}"] - expected) > 1e-9 * abs(expected):
            raise RuntimeError(f"metric {m}: sum {sums[f'm{m}']}, sent {expected}")


def one_run(wire, datums, seed):
    rounds = datums // METRICS
    first_ms = (int(time.time() * 1000) // STEP_MS - rounds) * STEP_MS
    with tempfile.TemporaryDirectory(prefix="kansoku-bench-") as data:
        with Server("--no-agent", data=data) as server:
            pid = server.process.pid
            empty_mib = measure.rss_mib(pid)
            before = measure.cpu_seconds(pid)
            done = subprocess.run(
                [measure.PROGRAMS / "bench_put_metric_data", server.host, str(server.port), wire, str(datums), str(seed),
                 str(first_ms), str(STEP_MS), str(METRICS), "60"], env=server.environment(), capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError(f"load of {wire}: {done.stderr}")
            loaded = measure.cpu_seconds(pid)
            measure.flush(server)
            cpu = measure.cpu_seconds(pid) - before
            load = json.loads(done.stdout)
            out = {"wire": wire, "datums_per_cpu_s": round(datums / cpu), "cpu_s": round(cpu, 2),
                   "cpu_s_until_last_answer": round(loaded - before, 2), "wall_s": load["wall_s"],
                   "retries": load["retries"], "body_bytes_per_datum": round(load["body_bytes"] / datums, 1),
                   "rss_empty_mib": round(empty_mib, 1), "rss_peak_mib": round(measure.rss_mib(pid, "VmHWM"), 1),
                   "cpu_s_by_thread": {k: round(v, 2) for k, v in measure.cpu_by_thread(pid).items()}}
            if load["acknowledged"] != datums:
                raise RuntimeError(f"{load['acknowledged']} of {datums} acknowledged")
            verify(server, seed, datums, first_ms)
            return out


def run(options):
    datums = DATUMS_QUICK if options.quick else DATUMS
    runs = {wire: [] for wire in WIRES}
    for _ in range(options.runs):
        for wire in WIRES:
            calibration = measure.calibrate()
            taken = one_run(wire, datums, options.seed)
            taken["calibration_cpu_s"] = calibration
            print("  " + json.dumps(taken), flush=True)
            runs[wire].append(taken)
    rows = []
    for wire, (must, aim) in WIRES.items():
        best = max(runs[wire], key=lambda r: r["datums_per_cpu_s"])
        rows.append(measure.Row(f"PutMetricData {wire}", "datums/CPU-s", "more", best["datums_per_cpu_s"], must, aim,
                                runs[wire], f"calibration of this run {best['calibration_cpu_s']} CPU-s"))
    peak = max(r["rss_peak_mib"] for all_runs in runs.values() for r in all_runs)
    rows.append(measure.Row("peak RSS under load", "MiB", "less", peak, 512,
                            note="the memory budget of the process (server: memory_limit)"))
    return rows, {"datums": datums, "metrics": METRICS, "step_ms": STEP_MS, "connections": 4}
