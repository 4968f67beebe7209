"""The event engine alone: megabytes of message text per CPU second, and memory at 10,000 streams."""

import json
import subprocess
import tempfile

from support import measure

MIB = 1024
MIB_QUICK = 128
STREAMS = 96
STREAMS_MANY = 10_000
MB_PER_CPU_S_MIN, MB_PER_CPU_S_AIM = 70, 100
RSS_MIB_MAX, RSS_MIB_AIM = 512, 256


def one_run(mib, streams):
    with tempfile.TemporaryDirectory(prefix="kansoku-bench-") as folder:
        done = subprocess.run([measure.PROGRAMS / "bench_event_append", folder, str(mib), str(streams)],
                              capture_output=True, text=True)
    if not done.stdout:
        raise RuntimeError(f"event_append: {done.stderr}")
    taken = json.loads(done.stdout)
    if taken["refused_batches"]:
        raise RuntimeError(f"{taken['refused_batches']} batches refused")
    print("  " + json.dumps(taken), flush=True)
    return taken


def run(options):
    mib = MIB_QUICK if options.quick else MIB
    judged = not options.quick
    rows = []
    for streams in (STREAMS, STREAMS_MANY):
        taken = [one_run(mib, streams) for _ in range(options.runs)]
        best = max(taken, key=lambda run: run["mb_per_cpu_s"])
        memory = max(run["rss_peak_mib"] for run in taken)
        must = MB_PER_CPU_S_MIN if judged and streams == STREAMS else None
        note = f"calibration of this run {best['calibration_xxh3_1gib_cpu_s']} CPU-s"
        rows.append(measure.Row(f"event append, {streams} streams", "MB of messages per CPU-s", "more",
                                best["mb_per_cpu_s"], must, MB_PER_CPU_S_AIM, taken, note))
        rows.append(measure.Row(f"event engine memory, {streams} streams", "MiB", "less", memory,
                                RSS_MIB_MAX if judged else None, RSS_MIB_AIM))
    return rows, {"mib": mib}
