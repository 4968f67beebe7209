"""filelog to discard: CPU seconds a gigabyte and peak memory, with rsyslog's imfile beside it where it is installed."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

from support import measure

CPU_S_PER_GB_MAX, CPU_S_PER_GB_AIM = 2.5, 1.5
RSS_MIB_MAX = 40
FILE_BYTES = 1 << 30
FILE_BYTES_QUICK = 64 << 20
RSYSLOG_WAIT_S = 300
RSYSLOG_NOTE_LINES = 20_000


def write_lines(path, size, seed):
    """Lines of 40 to 260 bytes; a block of 8 MiB of them is repeated with another number in front of each."""
    rng = random.Random(seed)
    words = ["GET", "POST", "/api/v1/items", "connection", "reset", "by", "peer", "user", "timeout", "after", "ms",
             "INFO", "WARN", "ERROR", "request", "completed", "status=200", "status=503", "bytes"]
    block, length = [], 0
    while length < 8 << 20:
        line = "2026-11-22T10:%02d:%02d.%03dZ " % (rng.randrange(60), rng.randrange(60), rng.randrange(1000))
        line += " ".join(rng.choice(words) for _ in range(rng.randrange(2, 26))) + " id=%016x\n" % rng.getrandbits(64)
        block.append(line[:259].rstrip("\n") + "\n")
        length += len(block[-1])
    text = "".join(block).encode()
    rows = 0
    with open(path, "wb") as out:
        written = 0
        while written < size:
            mark = b"run %06d\n" % (written // len(text))
            out.write(mark)
            out.write(text)
            written += len(text) + len(mark)
            rows += len(block) + 1
    return written, rows


def run_kansoku(path):
    with tempfile.TemporaryDirectory(dir=path.parent) as state:
        done = subprocess.run([measure.PROGRAMS / "bench_filelog", path, state], capture_output=True, text=True,
                              check=True)
        return json.loads(done.stdout)


def offset_of(work):
    """What rsyslog noted last as read; it notes every so many lines."""
    best = 0
    for state in pathlib.Path(work).glob("imfile-state*"):
        try:
            best = max(best, json.loads(state.read_text())["curr_offs"])
        except (ValueError, KeyError, OSError):
            pass  # being written
    return best


def run_rsyslog(path, size):
    """CPU seconds of rsyslogd until its state file names the end of the file."""
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        config = pathlib.Path(work) / "rsyslog.conf"
        config.write_text(
            f'global(workDirectory="{work}")\n'
            'module(load="imfile")\n'
            f'input(type="imfile" File="{path}" Tag="bench:" ruleset="nothing" PersistStateInterval="{RSYSLOG_NOTE_LINES}")\n'
            'ruleset(name="nothing") { stop }\n'
            # It does not run without an action anywhere; nothing comes to this one.
            'action(type="omfile" file="/dev/null")\n')
        process = subprocess.Popen(["rsyslogd", "-n", "-f", str(config), "-i", f"{work}/pid"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begin, last, quiet = time.monotonic(), -1.0, 0
        try:
            # Done when the last note is near the end and no CPU is used any more.
            while process.poll() is None and quiet < 5 and time.monotonic() - begin < RSYSLOG_WAIT_S:
                time.sleep(0.2)
                now = measure.cpu_seconds(process.pid)
                near = offset_of(work) + RSYSLOG_NOTE_LINES * 260 >= size
                quiet = quiet + 1 if now == last and near else 0
                last = now
            if process.poll() is not None or quiet < 5:
                return None  # it does not run here, or not in time
            return {"cpu_s": last, "bytes": size, "peak_rss_mib": measure.rss_mib(process.pid, "VmHWM")}
        finally:
            process.terminate()
            process.wait()


def run(options):
    folder = pathlib.Path(os.environ.get("KANSOKU_BENCH_DIR", measure.BUILD))
    with tempfile.TemporaryDirectory(dir=folder) as work:
        path = pathlib.Path(work) / "lines.log"
        size, rows = write_lines(path, FILE_BYTES_QUICK if options.quick else FILE_BYTES, options.seed)
        path.read_bytes() if options.quick else subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
        ours, peers, calibrations = [], [], []
        for _ in range(options.runs):
            calibrations.append(measure.calibrate())
            ours.append(run_kansoku(path))
            if shutil.which("rsyslogd"):
                peers.append(run_rsyslog(path, size))
    for one in ours:
        if one["rows"] != rows:
            raise RuntimeError(f"{one['rows']} rows of {rows}")
        one["cpu_s_per_gb"] = one["cpu_s"] / (size / 1e9)
    best = min(ours, key=lambda one: one["cpu_s_per_gb"])
    must = not options.quick
    table = [
        measure.Row("filelog to discard", "CPU-s/GB", "less", best["cpu_s_per_gb"],
                    CPU_S_PER_GB_MAX if must else None, CPU_S_PER_GB_AIM if must else None, ours),
        measure.Row("peak RSS", "MiB", "less", max(one["peak_rss_mib"] for one in ours), RSS_MIB_MAX, None),
    ]
    peers = [one for one in peers if one]
    if peers:
        for one in peers:
            one["cpu_s_per_gb"] = one["cpu_s"] / (size / 1e9)
        peer = min(peers, key=lambda one: one["cpu_s_per_gb"])
        table.append(measure.Row("rsyslog imfile to stop", "CPU-s/GB", "less", peer["cpu_s_per_gb"], None, None, peers))
        table.append(measure.Row("CPU beside rsyslog", "x", "less", best["cpu_s_per_gb"] / peer["cpu_s_per_gb"]))
    return table, {"file_bytes": size, "rows": rows, "calibration_cpu_s": calibrations}
