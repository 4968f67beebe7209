"""The three parts of the workload against one server: ingest, crash, history and queries."""

import http.client
import json
import pathlib
import time
import urllib.parse

from support import measure
from support.metric_load import SCRAPE_S, SERIES_PER_HOST, Load, Started
from support.metric_servers import process_cpu

QUERIES = json.loads((pathlib.Path(__file__).parent / "queries.json").read_text())["queries"]
PASSES = 8
PATIENCE_S = 60  # for the first right answer after a crash
EVERYTHING = '{__name__=~".+"}'


def base_before_now(scrapes):
    """Whole minutes, so that all scrapes lie before now."""
    return (int(time.time()) - scrapes * SCRAPE_S - 60) // 60 * 60


def ingest(kind, seed, hosts, scrapes):
    """Phase A: every series once a request; its first scrape creates it."""
    series = hosts * SERIES_PER_HOST
    base_s = base_before_now(scrapes)
    with Started(kind) as server, Load(server, seed, hosts=hosts, scrapes=scrapes, base_ms=base_s * 1000, ahead=1) as load:
        encoded = load.wait("encoded")
        empty_mib = measure.rss_mib(server.pid)
        started = server.cpu()
        load.go()
        first = load.wait("first")
        server.wait_until_quiet(seconds=5)
        created = server.cpu()
        load.go()
        done = load.wait("done")
        answered = server.cpu()
        peak_mib = measure.rss_mib(server.pid, "VmHWM")
        load.end()
        if not server.settles_by_snapshot:
            server.settle()
        settled = server.cpu()
        steady = (done["acknowledged"] - series) / 1e6
        return {"series": series, "samples": done["acknowledged"], "cpu_us_per_new_series": (created - started) / series * 1e6,
                "cpu_s_per_m_samples": (settled - created) / steady,
                "cpu_s_per_m_samples_until_last_answer": (answered - created) / steady,
                "cpu_s_per_m_samples_with_creation": (settled - started) / (done["acknowledged"] / 1e6),
                "rss_bytes_per_series": (peak_mib - empty_mib) * 2**20 / series, "rss_empty_mib": empty_mib,
                "rss_peak_mib": peak_mib, "rss_peak_settled_mib": measure.rss_mib(server.pid, "VmHWM"),
                "wire_bytes_per_sample": encoded["wire_bytes"] / done["acknowledged"], "retries": done["retries"],
                "first_sending_s": first["sending_s"], "sending_s": done["sending_s"], "p50_ms": done["p50_ms"],
                "p99_ms": done["p99_ms"],
                "cpu_s_by_thread": {k: round(v, 2) for k, v in measure.cpu_by_thread(server.pid).items() if v > 0.05}}


def samples_of(server, begin_s, end_s):
    """How many samples are stored; name by name, since count_over_time() drops the name."""
    path = "/api/v1/label/__name__/values?" + urllib.parse.urlencode({"start": begin_s, "end": end_s})
    names = json.loads(server.request("GET", path)[1])["data"]
    return sum(server.number(f"sum(count_over_time({name}[{end_s - begin_s}s]))", end_s) or 0 for name in names)


def crash(kind, seed, hosts, scrapes):
    """Phase A once more, `kill -9` right after the last answer: what is left, and when it is answered again."""
    series = hosts * SERIES_PER_HOST
    base_s = base_before_now(scrapes)
    end_s = base_s + scrapes * SCRAPE_S
    with Started(kind) as server, Load(server, seed, hosts=hosts, scrapes=scrapes, base_ms=base_s * 1000, ahead=1) as load:
        load.wait("encoded")
        load.go()
        load.wait("first")
        load.go()
        done = load.wait("done")
        server.kill()
        load.end()
        begin = time.monotonic()
        server.launch()
        ready_s = right_s = None
        while right_s is None and time.monotonic() - begin < PATIENCE_S:
            if ready_s is None and server.ready():
                ready_s = time.monotonic() - begin
            if ready_s is not None and server.number(f"count({EVERYTHING})", end_s) == series:
                right_s = time.monotonic() - begin
            else:
                time.sleep(0.005)
        cpu = server.cpu()
        survived = samples_of(server, base_s, end_s)
        return {"acknowledged": done["acknowledged"], "survived": survived, "lost": done["acknowledged"] - survived,
                "ready_s": ready_s, "first_right_answer_s": right_s, "cpu_s_until_then": cpu}


def query_path(query, end_s):
    parameters = {"query": query.get("text")}
    if query["path"] == "series":
        parameters = {"match[]": query["text"]}
    for key, name in (("at", "time"), ("start", "start"), ("end", "end")):
        if key in query:
            parameters[name] = end_s + query[key]
    if "step" in query:
        parameters["step"] = query["step"]
    return f"/api/v1/{query['path']}?" + urllib.parse.urlencode({k: v for k, v in parameters.items() if v is not None})


def timed_passes(server, paths, passes):
    """Keep-alive passes over all queries: ([[CPU ms by pass] by query], [[wall ms]], CPU seconds of all)."""
    cpu_ms, wall_ms = [[] for _ in paths], [[] for _ in paths]
    connection = http.client.HTTPConnection(server.host, server.port, timeout=1800)
    before = process_cpu(server.pid)
    for _ in range(passes):
        for number, path in enumerate(paths):
            cpu, wall = process_cpu(server.pid), time.monotonic()
            connection.request("GET", path, headers=server.headers())
            connection.getresponse().read()
            wall_ms[number].append((time.monotonic() - wall) * 1000)
            cpu_ms[number].append((process_cpu(server.pid) - cpu) * 1000)
    total = process_cpu(server.pid) - before
    connection.close()
    return cpu_ms, wall_ms, total


def history(kind, seed, hosts, scrapes, base_s, answers, hold=False, passes=PASSES):
    """Phase B: hours of history, settled size, and the queries. Bodies of the untimed first pass go to the folder
    `answers`."""
    samples = hosts * SERIES_PER_HOST * scrapes
    end_s = base_s + scrapes * SCRAPE_S
    with Started(kind) as server:
        with Load(server, seed, hosts=hosts, scrapes=scrapes, base_ms=base_s * 1000, samples_per_series=16) as load:
            load.wait("encoded")
            started = server.cpu()
            load.go()
            load.wait("first")
            load.go()
            done = load.wait("done")
            answered = server.cpu()
            load.end()
        peak_mib = measure.rss_mib(server.pid, "VmHWM")
        server.settle()
        settled = server.cpu()
        size = server.settled_bytes()
        if done["acknowledged"] != samples:
            raise RuntimeError(f"{done['acknowledged']} of {samples} samples acknowledged")
        server.wait_until_quiet()
        paths = [query_path(query, end_s) for query in QUERIES]
        answers.mkdir(parents=True, exist_ok=True)
        for number, path in enumerate(paths):
            status, body = server.request("GET", path)
            (answers / f"{number:02}.json").write_bytes(body)
            if status != 200:
                print(f"  {server.name}: {QUERIES[number]['name']}: {status} {body[:200]!r}", flush=True)
        server.wait_until_quiet()
        cpu_ms, wall_ms, total = timed_passes(server, paths, passes)
        if hold:
            print(f"  {server.name} stays: pid {server.pid}, port {server.port}, token {server.token}, data until "
                  f"{end_s}; Enter ends it", flush=True)
            input()
        median = lambda values: sorted(values)[len(values) // 2]
        return {"samples": samples, "cpu_s_per_m_samples": (settled - started) / (samples / 1e6),
                "cpu_s_per_m_samples_until_last_answer": (answered - started) / (samples / 1e6),
                "bytes_per_sample": size / samples, "rss_peak_mib": peak_mib,
                "rss_peak_settled_mib": measure.rss_mib(server.pid, "VmHWM"), "sending_s": done["sending_s"],
                "queries_cpu_s": total, "queries_passes": passes,
                "query_cpu_ms": [sum(one) / passes for one in cpu_ms], "query_ms": [median(one) for one in wall_ms],
                "cpu_s_by_thread": {k: round(v, 2) for k, v in measure.cpu_by_thread(server.pid).items() if v > 0.05}}
