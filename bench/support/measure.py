"""What every benchmark needs: the machine, CPU and memory of a process, the calibration loop, rows of results."""

import dataclasses
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
BUILD = pathlib.Path(os.environ.get("KANSOKU_BUILD", ROOT / "build" / "release"))
PROGRAMS = BUILD / "bench"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclasses.dataclass
class Row:
    """One figure: what was asked, what was reached. `better` is "more" or "less"."""

    figure: str
    unit: str
    better: str
    reached: float
    must: float | None = None
    aim: float | None = None
    runs: list = dataclasses.field(default_factory=list)
    note: str = ""

    def missed(self):
        if self.must is None:
            return False
        return self.reached < self.must if self.better == "more" else self.reached > self.must

    def ratio(self, wanted):
        """How many times better than wanted: 1 and above is reached."""
        if wanted is None or not self.reached or not wanted:
            return None
        return self.reached / wanted if self.better == "more" else wanted / self.reached

    def as_json(self):
        out = dataclasses.asdict(self)
        out["missed"] = self.missed()
        for name, wanted in (("ratio_to_must", self.must), ("ratio_to_aim", self.aim)):
            ratio = self.ratio(wanted)
            out[name] = round(ratio, 3) if ratio is not None else None
        return out


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.processor())
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    return {"cpu": model, "cores": os.cpu_count(), "memory_mib": memory // 1024, "kernel": platform.release(),
            "architecture": platform.machine(), "load_1m": os.getloadavg()[0]}


def calibrate():
    """CPU seconds of XXH3 over 1 GiB."""
    done = subprocess.run([PROGRAMS / "bench_calibrate"], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[0])


def cpu_seconds(pid):
    """User and system time of a process and its reaped children."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(value) for value in fields[11:15]) / TICKS


def cpu_by_thread(pid):
    """{thread name: CPU seconds}, for the note that says where time went."""
    out = {}
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        text = stat.read_text()
        name = text[text.index("(") + 1:text.rindex(")")]
        fields = text.rpartition(")")[2].split()
        out[name] = out.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICKS
    return out


def rss_mib(pid, key="VmRSS"):
    """VmRSS now or VmHWM, the peak."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024
    raise KeyError(key)


def flush(server, merge_all=True):
    """Answers when everything accepted is in parts and, with merge_all, merged."""
    import http.client

    connection = http.client.HTTPConnection(server.host, server.port, timeout=1800)
    path = "/-/flush?merge=all" if merge_all else "/-/flush"
    connection.request("POST", path, headers={"Authorization": f"Bearer {server.token}"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"flush answered {response.status}: {body[:200]!r}")


def commit():
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip()


def write_result(name, rows, quick, seed=None, more=None):
    """bench/results/NAME.json, and NAME.quick.json where sizes were shrunk."""
    folder = ROOT / "bench" / "results"
    folder.mkdir(exist_ok=True)
    path = folder / (f"{name}.quick.json" if quick else f"{name}.json")
    result = {"bench": name, "quick": quick, "seed": seed, "commit": commit(),
              "taken": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine(),
              "missed": [row.figure for row in rows if row.missed()], "rows": [row.as_json() for row in rows],
              **(more or {})}
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path
