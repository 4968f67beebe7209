"""`kansoku agent`: CPU seconds a gigabyte of a file, to nothing and to a CloudWatch Logs endpoint, with rsyslog beside it."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from support import measure
from support.kansoku import Agent  # tests/support, on the path through measure

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "filelog"))
import bench as filelog_bench  # noqa: E402  the same lines, and rsyslog

LIMITS = {"discard": (2.5, 1.5), "cloudwatch_logs": (6, 4)}
RSS_MIB_MAX = 40
FILE_BYTES, FILE_BYTES_QUICK = 1 << 30, 64 << 20
WAIT_S = 600
CONFIG = """
receivers:
  filelog/bench:
    include: [{file}]
    group: bench
    stream: s
exporters:
  {exporter}
service:
  pipelines:
    logs:
      receivers: [filelog/bench]
      exporters: [{name}]
"""


def start_sink():
    """A process that answers 200 to everything and counts events; its CPU is not counted."""
    sink = subprocess.Popen([sys.executable, pathlib.Path(__file__).parent / "sink.py"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    return sink, int(sink.stdout.readline())


def done(agent):
    # What `discard` takes counts as dropped.
    return sum(value for key, value in agent.metrics().items() if key.startswith("kansoku_filelog_bytes_total"))


def run_agent(name, path, size, rows):
    sink, port = start_sink()
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            exporter = "discard:" if name == "discard" else (
                f"cloudwatch_logs:\n    endpoint: http://127.0.0.1:{port}\n    region: us-east-1\n    flush_interval: 0s")
            env = {"PATH": "/usr/bin:/bin", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
                   "AWS_EC2_METADATA_DISABLED": "true"}
            agent = Agent(CONFIG.format(file=path, exporter=exporter, name=name), pathlib.Path(folder) / "agent", env=env)
            begin = time.monotonic()
            with agent:
                while done(agent) < size:
                    if agent.process.poll() is not None or time.monotonic() - begin > WAIT_S:
                        raise RuntimeError(f"{name}: {done(agent):.0f} of {size} bytes")
                    time.sleep(0.1)
                wall = time.monotonic() - begin
                taken = {"kind": name, "cpu_s": measure.cpu_seconds(agent.process.pid), "wall_s": round(wall, 2),
                         "by_thread": measure.cpu_by_thread(agent.process.pid),
                         "peak_rss_mib": measure.rss_mib(agent.process.pid, "VmHWM")}
                if agent.stop() != 0:
                    raise RuntimeError(f"{name}: the agent did not end as asked")
        counted = json.loads(sink.communicate("", timeout=60)[0])
    finally:
        sink.kill()
        sink.wait()
    if name != "discard" and counted["events"] != rows:
        raise RuntimeError(f"{counted['events']} events of {rows}")
    taken["cpu_s_per_gb"] = taken["cpu_s"] / (size / 1e9)
    taken["sent"] = counted
    print("  " + json.dumps(taken), flush=True)
    return taken


def run(options):
    folder = pathlib.Path(os.environ.get("KANSOKU_BENCH_DIR", measure.BUILD))
    with tempfile.TemporaryDirectory(dir=folder) as work:
        path = pathlib.Path(work) / "lines.log"
        size, rows = filelog_bench.write_lines(path, FILE_BYTES_QUICK if options.quick else FILE_BYTES, options.seed)
        ours, peers, calibrations = {name: [] for name in LIMITS}, [], []
        for _ in range(options.runs):
            calibrations.append(measure.calibrate())
            subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
            for name in LIMITS:
                ours[name].append(run_agent(name, path, size, rows))
            if shutil.which("rsyslogd"):
                peer = filelog_bench.run_rsyslog(path, size)
                if peer:
                    peers.append({**peer, "cpu_s_per_gb": peer["cpu_s"] / (size / 1e9)})
    must = not options.quick
    table = []
    for name, (most, aim) in LIMITS.items():
        best = min(one["cpu_s_per_gb"] for one in ours[name])
        table.append(measure.Row(f"filelog to {name}", "CPU-s/GB", "less", round(best, 2), most if must else None,
                                 aim if must else None, ours[name]))
        table.append(measure.Row(f"peak RSS, filelog to {name}", "MiB", "less",
                                 round(max(one["peak_rss_mib"] for one in ours[name]), 1), RSS_MIB_MAX))
    if peers:
        peer = min(one["cpu_s_per_gb"] for one in peers)
        table.append(measure.Row("rsyslog imfile to stop", "CPU-s/GB", "less", round(peer, 2), None, None, peers))
        table.append(measure.Row("discard beside rsyslog", "x", "less",
                                 round(min(one["cpu_s_per_gb"] for one in ours["discard"]) / peer, 2)))
    return table, {"file_bytes": size, "rows": rows, "calibration_cpu_s": calibrations}
