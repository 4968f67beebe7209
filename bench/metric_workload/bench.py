"""The metric workload by remote write, against Debian's prometheus and victoria-metrics in the same run.

Figures are ratios to VictoriaMetrics; docs/decisions and README.md say how each is taken.
"""

import json
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import phases  # noqa: E402
from support import measure  # noqa: E402
from support import promql_answers  # noqa: E402 (tests/support, on the path through measure)
from support.metric_servers import SERVERS, require  # noqa: E402

OURS, PEER, REFERENCE = "kansoku", "victoria-metrics", "prometheus"
PARTS = ("A", "crash", "B")
FULL = {"hosts_a": 1_000, "scrapes_a": 12, "hosts_b": 40, "scrapes_b": 1_440}
QUICK = {"hosts_a": 100, "scrapes_a": 12, "hosts_b": 20, "scrapes_b": 960}


def add_options(parser):
    parser.add_argument("--phase", action="append", choices=PARTS, help="only this part (may be given several times)")
    parser.add_argument("--server", action="append", choices=sorted(SERVERS), help="only this server (likewise)")
    parser.add_argument("--hold", action="store_true", help="keep each server of phase B up until Enter, for perf")
    parser.add_argument("--answers", type=pathlib.Path, help="keep answers here; prometheus' are used again")
    parser.add_argument("--hosts-a", type=int)
    parser.add_argument("--hosts-b", type=int)
    parser.add_argument("--scrapes-a", type=int)
    parser.add_argument("--scrapes-b", type=int)
    parser.add_argument("--passes", type=int, default=phases.PASSES)


class Taken:
    """All runs: {server: {part: [run]}}."""

    def __init__(self, names):
        self.runs = {name: {part: [] for part in PARTS} for name in names}

    def add(self, name, part, run):
        run["calibration_cpu_s"] = self.calibration
        self.runs[name][part].append(run)
        shown = {k: round(v, 4) if isinstance(v, float) else v for k, v in run.items() if not isinstance(v, list)}
        print("  " + json.dumps({"server": name, "part": part, **shown}), flush=True)

    def calibrate(self):
        self.calibration = measure.calibrate()

    def values(self, name, part, figure):
        return [run[figure] for run in self.runs.get(name, {}).get(part, []) if run.get(figure) is not None]

    def best(self, name, part, figure):
        return min(self.values(name, part, figure), default=None)


def row_of(taken, part, figure, title, unit, must, aim=None):
    """The ratio to the peer where both ran, else our figure alone."""
    ours, peer = taken.best(OURS, part, figure), taken.best(PEER, part, figure)
    reference = taken.best(REFERENCE, part, figure)
    if ours is None:
        return []
    if peer is None:
        return [measure.Row(title, unit, "less", ours, runs=taken.values(OURS, part, figure))]
    note = f"{unit}: kansoku {ours:.4g}, VictoriaMetrics {peer:.4g}"
    if reference is not None:
        note += f", Prometheus {reference:.4g}"
    runs = {name: taken.values(name, part, figure) for name in taken.runs}
    return [measure.Row(title, "x VM", "less", round(ours / peer, 4), must, aim, runs, note)]


def rows_of(taken, full):
    must = lambda value: value if full else None
    third, quarter = 1 / 3, 0.25
    rows = []
    rows += row_of(taken, "A", "cpu_s_per_m_samples", "CPU per sample, 1 a series a request", "CPU-s per M", must(third), quarter)
    rows += row_of(taken, "B", "cpu_s_per_m_samples", "CPU per sample, 16 a series a request", "CPU-s per M", must(third), quarter)
    rows += row_of(taken, "A", "cpu_us_per_new_series", "CPU per new series", "us", must(quarter))
    rows += row_of(taken, "A", "rss_bytes_per_series", "RSS peak per active series", "bytes", must(0.6))
    ours = taken.best(OURS, "A", "rss_bytes_per_series")
    if ours is not None:
        rows.append(measure.Row("RSS peak per active series", "bytes", "less", round(ours), None, 400))
    rows += row_of(taken, "B", "bytes_per_sample", "settled size per sample, index included", "bytes", must(0.95))
    ours = taken.best(OURS, "B", "bytes_per_sample")
    if ours is not None:
        rows.append(measure.Row("settled size per sample, index included", "bytes", "less", round(ours, 4), None, 0.80))
    rows += row_of(taken, "B", "queries_cpu_s", "CPU of the 19 queries", "CPU-s", must(0.5), quarter)
    rows += row_of(taken, "B", "heavy_cpu_ms", "CPU of the two 6 h rate queries", "CPU-ms a pass", must(third), quarter)
    wrong = taken.values(OURS, "B", "answers_unlike_prometheus")
    if wrong:
        rows.append(measure.Row("answers unlike Prometheus' (1e-9)", "of 19", "less", max(wrong), 0, runs=wrong))
    lost = taken.values(OURS, "crash", "lost")
    if lost:
        rows.append(measure.Row("acknowledged samples lost by kill -9", "samples", "less", max(map(abs, lost)), 0, runs=lost))
        # Where no right answer came at all, as long as was waited for one.
        first = [run["first_right_answer_s"] or phases.PATIENCE_S for run in taken.runs[OURS]["crash"]]
        rows.append(measure.Row("exec to the first right count() after kill -9", "s", "less", round(min(first), 3),
                                1.0 if full else None, runs=first))
    return rows


def compare_answers(run, answers, reference):
    """Adds to a run of phase B how its answers compare with Prometheus'."""
    comparisons = []
    for number in range(len(phases.QUERIES)):
        name = f"{number:02}.json"
        compared = promql_answers.compare((reference / name).read_bytes(), (answers / name).read_bytes())
        comparisons.append(compared.as_json())
    run["answers"] = comparisons
    run["answers_unlike_prometheus"] = sum(not one["same"] for one in comparisons)


def print_queries(taken):
    """CPU milliseconds of each query, best run of each server."""
    lines = [("query",) + tuple(taken.runs) + (f"{OURS}/VM", "as Prometheus", "worst difference")]
    bests = {name: min(parts["B"], key=lambda run: run["queries_cpu_s"]) for name, parts in taken.runs.items() if parts["B"]}
    for number, query in enumerate(phases.QUERIES):
        cells = [f"{bests[name]['query_cpu_ms'][number]:.2f}" if name in bests else "-" for name in taken.runs]
        ratio = "-"
        if OURS in bests and PEER in bests:
            ratio = f"{bests[OURS]['query_cpu_ms'][number] / bests[PEER]['query_cpu_ms'][number]:.2f}"
        same = bests.get(OURS, {}).get("answers")
        told = ("-", "") if same is None else ("yes" if same[number]["same"] else "NO", str(same[number]["where"] or ""))
        lines.append((query["name"], *cells, ratio, *told))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]) - 1)]
    for line in lines:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(line, [*widths, 0])).rstrip(), flush=True)


def part_of(name, part, sizes, options, base_s, answers, hold):
    kind = SERVERS[name]
    if part == "A":
        return phases.ingest(kind, options.seed, sizes["hosts_a"], sizes["scrapes_a"])
    if part == "crash":
        return phases.crash(kind, options.seed, sizes["hosts_a"], sizes["scrapes_a"])
    return phases.history(kind, options.seed, sizes["hosts_b"], sizes["scrapes_b"], base_s, answers / name, hold,
                          options.passes)


def run_all(options, names, parts, sizes, folder):
    taken = Taken(names)
    base_file = folder / "base_s"
    if not base_file.exists():
        base_file.write_text(str(phases.base_before_now(sizes["scrapes_b"])))
    base_s = int(base_file.read_text())
    for repetition in range(options.runs):
        for part in parts:
            for name in names:
                if name == REFERENCE and repetition > 0:
                    continue  # it is asked for answers, not for speed
                taken.calibrate()
                run = part_of(name, part, sizes, options, base_s, folder, options.hold)
                if part == "B":
                    run["heavy_cpu_ms"] = sum(ms for ms, query in zip(run["query_cpu_ms"], phases.QUERIES) if query.get("heavy"))
                    if (folder / REFERENCE / "00.json").exists():
                        compare_answers(run, folder / name, folder / REFERENCE)
                taken.add(name, part, run)
    return taken


def run(options):
    sizes = dict(QUICK if options.quick else FULL)
    for name in sizes:
        if getattr(options, name, None):
            sizes[name] = getattr(options, name)
    names = [name for name in SERVERS if not options.server or name in options.server]
    parts = [part for part in PARTS if not options.phase or part in options.phase]
    require(names)
    folder = options.answers or pathlib.Path(tempfile.mkdtemp(prefix="kansoku-bench-answers-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        taken = run_all(options, names, parts, sizes, folder)
    finally:
        if not options.answers:
            shutil.rmtree(folder)
    if "B" in parts:
        print_queries(taken)
    rows = rows_of(taken, sizes == FULL and names == list(SERVERS))
    return rows, {**sizes, "series_per_host": phases.SERIES_PER_HOST, "passes": options.passes, "runs": taken.runs,
                  "queries": phases.QUERIES}
