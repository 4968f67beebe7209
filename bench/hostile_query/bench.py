"""Hostile queries while samples come in: each ends within its budget, ingest hardly notices, memory stays bounded."""

import threading
import time
import urllib.parse

from support import measure
from support.metric_load import SCRAPE_S, SERIES_PER_HOST, Load, Started
from support.metric_servers import Kansoku

HISTORY_HOSTS, HISTORY_SCRAPES = 40, 1_440  # 28.8 M samples
HISTORY_SCRAPES_QUICK = 240
INGEST_HOSTS, INGEST_SCRAPES, INTERVAL_MS = 100, 60, 200  # 100,000 samples/s for half a minute
BUDGET_S = 30  # `timeout` of each query
GRACE_S = 5  # to notice, to answer
RSS_MIB_MAX = 512  # server: memory_limit
CHEAP = 'avg(node_load1{instance=~"node-0000.*"})'  # what a dashboard asks
CHEAP_EVERY_S = 0.1
HOSTILE = {
    "everything of six hours": '{__name__=~".+"}[6h]',
    "a subquery of 10^9 points": "max_over_time(rate(node_cpu_seconds_total[5m])[6h:40ms])",
    "10^9 points of nothing": "sum_over_time(vector(1)[1000000000s:1s])",
    "a pathological regex": 'count({__name__=~"(.*.*.*.*.*.*.*.*)*x", instance=~"((a?){30}a{30}|.+)+y"})',
    "everything joined with itself": 'count({__name__=~".+"} * on (job) group_left {__name__=~".+"})',
}


class Attack(threading.Thread):
    """One hostile query after the other until told to stop; [(name, status or fault, seconds)]."""

    def __init__(self, server, name, expression, at_s, stop):
        super().__init__(daemon=True)
        self.server, self.label, self.stop, self.answers = server, name, stop, []
        self.path = "/api/v1/query?" + urllib.parse.urlencode({"query": expression, "time": at_s, "timeout": f"{BUDGET_S}s"})

    def run(self):
        while not self.stop.is_set():
            begin = time.monotonic()
            try:
                status, body = self.server.request("GET", self.path, timeout=10 * BUDGET_S)
                answer = {"status": status, "bytes": len(body), "says": body[:160].decode(errors="replace") if status != 200 else ""}
            except OSError as error:
                answer = {"status": 0, "bytes": 0, "says": repr(error)}
            self.answers.append({"query": self.label, "seconds": round(time.monotonic() - begin, 3), **answer})
            self.stop.wait(0.1)


class Cheap(threading.Thread):
    """A cheap query at a steady rate until told to stop; [(status, seconds since it was due)]."""

    def __init__(self, server, at_s, stop):
        super().__init__(daemon=True)
        self.server, self.stop, self.answers = server, stop, []
        self.path = "/api/v1/query?" + urllib.parse.urlencode({"query": CHEAP, "time": at_s})

    def run(self):
        due = time.monotonic()
        while not self.stop.wait(max(0, due - time.monotonic())):
            try:
                status = self.server.request("GET", self.path, timeout=10 * BUDGET_S)[0]
            except OSError:
                status = 0
            self.answers.append((status, time.monotonic() - due))
            due += CHEAP_EVERY_S

    def told(self):
        """What became of them: counts, and milliseconds of the answered ones."""
        ms = sorted(1000 * seconds for status, seconds in self.answers if status == 200) or [0]
        rank = lambda share: round(ms[min(len(ms) - 1, int(share * len(ms)))], 1)
        return {"asked": len(self.answers), "unanswered": sum(status != 200 for status, _ in self.answers),
                "p50_ms": rank(0.5), "p99_ms": rank(0.99), "max_ms": rank(1)}


def paced_ingest(server, seed, base_s):
    """What the sender says of half a minute at a steady rate."""
    with Load(server, seed, hosts=INGEST_HOSTS, scrapes=INGEST_SCRAPES, base_ms=base_s * 1000, ahead=1,
              interval_ms=INTERVAL_MS) as load:
        load.wait("encoded")
        load.go()
        load.wait("first")
        load.go()
        done = load.wait("done")
        load.end()
        return done


def asked_beside(server, history_end_s, work):
    """What `work()` says, and what became of the cheap queries meanwhile."""
    stop = threading.Event()
    cheap = Cheap(server, history_end_s, stop)
    cheap.start()
    done = work()
    stop.set()
    cheap.join()
    return done, cheap.told()


def under_attack(server, seed, base_s, history_end_s):
    stop = threading.Event()
    attacks = [Attack(server, name, text, history_end_s, stop) for name, text in HOSTILE.items()]
    for attack in attacks:
        attack.start()
    done, cheap = asked_beside(server, history_end_s, lambda: paced_ingest(server, seed, base_s))
    stop.set()
    for attack in attacks:
        attack.join()
    return done, cheap, [answer for attack in attacks for answer in attack.answers]


def late_or_broken(answer):
    return answer["status"] not in (200, 400, 413, 422, 429, 503) or answer["seconds"] > BUDGET_S + GRACE_S


def run(options):
    scrapes = HISTORY_SCRAPES_QUICK if options.quick else HISTORY_SCRAPES
    span_s = INGEST_SCRAPES * SCRAPE_S
    history_s = (int(time.time()) - 60) // 60 * 60 - (2 * options.runs + 1) * span_s - scrapes * SCRAPE_S
    end_s = history_s + scrapes * SCRAPE_S
    ratios, quiet_runs, hostile_runs, answers = [], [], [], []
    cheap_quiet, cheap_hostile = [], []
    with Started(Kansoku) as server:
        with Load(server, options.seed, hosts=HISTORY_HOSTS, scrapes=scrapes, base_ms=history_s * 1000,
                  samples_per_series=16) as load:
            for event in ("encoded", "first"):
                load.wait(event)
                load.go()
            load.wait("done")
            load.end()
        server.settle()
        paced_ingest(server, options.seed, end_s)  # makes the series of the further hosts
        loaded_mib = measure.rss_mib(server.pid, "VmHWM")
        for repetition in range(options.runs):
            calibration = measure.calibrate()
            server.wait_until_quiet()
            base_s = end_s + (2 * repetition + 1) * span_s
            quiet, cheap = asked_beside(server, end_s, lambda: paced_ingest(server, options.seed, base_s))
            cheap_quiet.append(cheap)
            hostile, cheap, answered = under_attack(server, options.seed, base_s + span_s, end_s)
            cheap_hostile.append(cheap)
            ratios.append(hostile["p99_ms"] / quiet["p99_ms"])
            quiet_runs.append(quiet)
            hostile_runs.append(hostile)
            answers += answered
            print(f"  p99 {quiet['p99_ms']} ms quiet, {hostile['p99_ms']} ms among {len(answered)} hostile queries; "
                  f"cheap queries {cheap_quiet[-1]} and {cheap}; calibration {calibration} CPU-s", flush=True)
        peak_mib = measure.rss_mib(server.pid, "VmHWM")
        stored = server.number('count({__name__=~"node_load1"})', end_s)
    wrong = [answer for answer in answers if late_or_broken(answer)]
    if stored != HISTORY_HOSTS:
        wrong.append({"query": "afterwards", "says": f"{stored} of {HISTORY_HOSTS} series answered"})
    best = min(range(len(ratios)), key=lambda i: ratios[i])
    slowest = [cheap["p99_ms"] for cheap in cheap_hostile]
    asked, unanswered = (sum(cheap[key] for cheap in cheap_hostile) for key in ("asked", "unanswered"))
    note = f"{quiet_runs[best]['p99_ms']} ms quiet, {hostile_runs[best]['p99_ms']} ms under attack"
    worst_s = {name: max((a["seconds"] for a in answers if a["query"] == name), default=None) for name in HOSTILE}
    rows = [
        measure.Row("hostile queries broken or over their budget", "count", "less", len(wrong), 0, runs=wrong[:20],
                    note=f"of {len(answers)}; budget {BUDGET_S} s each"),
        measure.Row("ingest latency p99, under attack by quiet", "x quiet", "less", round(ratios[best], 2),
                    None if options.quick else 2, runs=ratios, note=note),
        measure.Row("latency p99 of a cheap query under attack", "ms", "less", min(slowest), None, runs=slowest,
                    note=f"median {cheap_hostile[best]['p50_ms']} ms; quiet {cheap_quiet[best]['p50_ms']} and p99 "
                         f"{cheap_quiet[best]['p99_ms']} ms; {unanswered} of {asked} without an answer"),
        measure.Row("peak RSS under attack", "MiB", "less", round(peak_mib, 1), RSS_MIB_MAX,
                    note=f"budget of the process; {loaded_mib:.1f} MiB before"),
    ]
    return rows, {"samples_before": HISTORY_HOSTS * SERIES_PER_HOST * scrapes, "samples_per_s": 100_000, "hostile": HOSTILE,
                  "slowest_answer_s": worst_s, "cheap_quiet": cheap_quiet, "cheap_under_attack": cheap_hostile,
                  "quiet": quiet_runs, "under_attack": hostile_runs, "answers": answers[:200]}
