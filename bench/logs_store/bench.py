"""The event store behind CloudWatch Logs: ingest, size and queries of a JSON log, beside zstd and ripgrep."""

import http.client
import json
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

from support import measure
from support.kansoku import Server  # tests/support, on the path through measure

import botocore.auth
import botocore.awsrequest
import botocore.credentials

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import clickhouse  # noqa: E402

GROUP = "bench"
MIB = 1 << 20
RAW_MIB, RAW_MIB_QUICK = 1024, 32
QUERIES, QUERIES_QUICK = 200, 5
IDS = {"unique": (0.75, 0.66), "shared": (0.65, 0.55), "absent": (0.55, 0.45)}  # size by zstd -3: must, aim
SERVICES = ["checkout", "catalogue", "payment", "identity", "search", "shipping", "cart", "email", "currency", "ads",
            "frontend", "recommend"]
PODS = 8
SHAPES = [
    "order {} accepted for customer {} with {} items",
    "GET /api/v1/products/{} 200 {}ms",
    "cache miss for key product:{}, loading from database took {}ms",
    "connection to {} closed after {} requests",
    "payment {} authorised, amount {}.{:02} EUR",
    "retrying request {} to upstream {}, attempt {}",
]
LEVELS = ["INFO"] * 8 + ["WARN", "ERROR"]


def message(random_, shape):
    r = random_.randrange
    return SHAPES[shape].format(*((r(10**8), r(10**6), r(9)), (r(50_000), r(900)), (r(50_000), r(300)),
                                  (f"10.{r(256)}.{r(256)}.{r(256)}:5432", r(10_000)), (r(10**9), r(900), r(100)),
                                  (f"{r(2**32):08x}", SERVICES[r(12)], r(5)))[shape])


class Log:
    """A raw file in the order of time, and the events of its lines by stream."""

    def __init__(self, folder, kind, raw_bytes, seed, end_ms):
        self.path = folder / f"{kind}.log"
        self.streams = {}
        self.rows = 0
        self.traces = []  # some, from all over the log
        self.message_bytes = 0
        random_ = random.Random(seed)
        begin_ms = end_ms - 3_600_000
        written, trace = 0, ""
        with open(self.path, "w", buffering=MIB) as file:
            while written < raw_bytes:
                at = begin_ms + int(3_500_000 * written / raw_bytes)
                service = SERVICES[random_.randrange(12)]
                pod = f"{service}-7d9f{random_.randrange(PODS)}"
                shape = random_.randrange(len(SHAPES))
                body = message(random_, shape)
                if self.rows == 1000:
                    body = "the needle zugzwang stands in one event"
                if kind == "unique" or (kind == "shared" and self.rows % 8 == 0):
                    trace = f"{random_.getrandbits(128):032x}"
                if self.rows == 2000:
                    self.trace = trace
                if self.rows % 4096 == 0 and len(self.traces) < 512:
                    self.traces.append(trace)
                ids = "" if kind == "absent" else f'"trace_id":"{trace}","span_id":"{random_.getrandbits(64):016x}",'
                line = (f'{{"ts":{at},"level":"{LEVELS[random_.randrange(10)]}","service":"{service}","pod":"{pod}",{ids}'
                        f'"duration_ms":{random_.randrange(2000)},"body":"{body}"}}')
                file.write(line + "\n")
                self.streams.setdefault(pod, []).append((at, line))
                written += len(line) + 1
                self.rows += 1
        self.message_bytes = written - self.rows

    def batches(self):
        """Bodies of PutLogEvents of up to a megabyte; streams in turn, as agents send them."""
        waiting = {stream: iter(self.cut(stream, events)) for stream, events in self.streams.items()}
        while waiting:
            for stream in list(waiting):
                body = next(waiting[stream], None)
                if body is None:
                    del waiting[stream]
                else:
                    yield body

    @staticmethod
    def cut(stream, events):
        batch, size = [], 0
        for at, line in events:
            if batch and (size + len(line) + 26 > MIB or len(batch) == 10_000):
                yield Log.body(stream, batch)
                batch, size = [], 0
            batch.append({"timestamp": at, "message": line})
            size += len(line) + 26
        yield Log.body(stream, batch)

    @staticmethod
    def body(stream, events):
        return json.dumps({"logGroupName": GROUP, "logStreamName": stream, "logEvents": events}).encode()


class Client:
    """Signed requests on one connection."""

    def __init__(self, server):
        self.server = server
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=600)
        self.signer = botocore.auth.SigV4Auth(
            botocore.credentials.Credentials(server.access_key, server.secret_key), "logs", "us-east-1")

    def call(self, operation, body):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = botocore.awsrequest.AWSRequest(
            method="POST", url=self.server.url, data=body,
            headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{operation}"})
        self.signer.add_auth(request)
        prepared = request.prepare()
        self.connection.request("POST", "/", body=prepared.body, headers=dict(prepared.headers.items()))
        response = self.connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise RuntimeError(f"{operation}: {response.status} {answer[:500]}")
        return json.loads(answer) if answer else {}


def filter_all(client, pattern):
    """How many events FilterLogEvents finds, page by page."""
    found, token = 0, None
    while True:
        page = client.call("FilterLogEvents", {"logGroupName": GROUP, "filterPattern": pattern,
                                               **({"nextToken": token} if token else {})})
        found += len(page["events"])
        token = page.get("nextToken")
        if token is None:
            return found


def insights(client, text, begin_s, end_s):
    query = client.call("StartQuery", {"logGroupName": GROUP, "startTime": begin_s, "endTime": end_s, "queryString": text})
    while True:
        answer = client.call("GetQueryResults", query)
        if answer["status"] not in ("Scheduled", "Running"):
            break
        time.sleep(0.002)
    if answer["status"] != "Complete":
        raise RuntimeError(f"{text}: {answer['status']}")
    return [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]]


def ripgrep(pattern, path):
    """(lines, CPU seconds) of `rg -c`, the file read once before."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(["rg", "-c", "--fixed-strings", pattern, path], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int(done.stdout or 0), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


# Against ClickHouse: how many times less CPU must do.
CLICKHOUSE_MUST = {"a word of one event": 5, "an id of one event": 20, "a phrase of a template, count": 5,
                   "a part of a number, count": 5, "stats count(*) by bin": 0.8, "stats count(*) by level": 0.8,
                   "stats count(*) by bin, level": 0.8, "stats avg(duration_ms) by service": 0.8}
# Groups over every event: (Insights, name of the counts of which the sum must be all events, or none).
GROUPS = {"stats count(*) by bin": ("stats count(*) as n by bin(1m)", "n"),
          "stats count(*) by level": ("stats count(*) as n by level", "n"),
          "stats count(*) by bin, level": ("stats count(*) as n by bin(1m), level", "n"),
          "stats avg(duration_ms) by service": ("stats avg(duration_ms) as mean by service", None)}


def add_options(parser):
    parser.add_argument("--with-clickhouse", action="store_true", help="Debian's clickhouse-server over the same file beside it")


def cold_id(client, log):
    """Asks for an id that nobody asked for before: nothing decoded for another one helps."""
    found = filter_all(client, f'"{log.traces.pop()}"')
    if found != 1:
        raise RuntimeError(f"an id stands in {found} events")
    return found


def query_rows(server, client, log, count, begin_s, end_s):
    contains = 'filter @message like "{}" | stats count(*) as n'
    asked = {  # figure: (text for rg, question, must, aim)
        "a word of one event": ("zugzwang", lambda: filter_all(client, "zugzwang"), 50, 300),
        "an id of one event": (log.trace, lambda: filter_all(client, f'"{log.trace}"'), 50, 300),
        "an id of one event, another each time": (log.trace, lambda: cold_id(client, log), 50, 300),
        "a phrase of a template, count": ("cache miss for key product:", lambda: int(insights(
            client, contains.format("cache miss for key product:"), begin_s, end_s)[0]["n"]), 5, None),
        "a part of a number, count": ("7531", lambda: int(insights(client, contains.format("7531"), begin_s, end_s)[0]["n"]),
                                      0.8, None),
    }
    pathlib.Path(log.path).read_bytes()
    out = {}
    for figure, (text, ask, must, aim) in asked.items():
        lines, rg_s = min((ripgrep(text, log.path) for _ in range(5)), key=lambda run: run[1])
        found = ask()
        if found != lines:
            raise RuntimeError(f"{figure}: {found} events, ripgrep has {lines}")
        times = count if must >= 50 else max(3, count // 10)
        cpu = measure.cpu_seconds(server.process.pid)
        for _ in range(times):
            ask()
        cpu = (measure.cpu_seconds(server.process.pid) - cpu) / times
        out[figure] = {"times_rg": rg_s / max(cpu, 1e-6), "cpu_ms": cpu * 1000, "rg_ms": rg_s * 1000, "found": found,
                       "must": must, "aim": aim}
    for figure, (text, counts) in GROUPS.items():
        cpu = measure.cpu_seconds(server.process.pid)
        times = max(3, count // 2)
        for _ in range(times):
            rows = insights(client, text, begin_s, end_s)
            if counts is not None and sum(int(row[counts]) for row in rows) != log.rows:
                raise RuntimeError(f"{figure} does not count every event")
        cpu = (measure.cpu_seconds(server.process.pid) - cpu) / times
        out[figure] = {"gb_per_cpu_s": log.message_bytes / 1e9 / max(cpu, 1e-6), "cpu_ms": cpu * 1000}
    return out


def one_run(kind, options, folder):
    raw = (RAW_MIB_QUICK if options.quick else RAW_MIB) * MIB
    end_ms = int(time.time() * 1000)
    log = Log(folder, kind, raw, options.seed, end_ms)
    packed = subprocess.run(f"zstd -3 -c {log.path} | wc -c", shell=True, check=True, capture_output=True, text=True)
    zstd_bytes = int(packed.stdout)
    with Server("--no-agent") as server:
        client = Client(server)
        client.call("CreateLogGroup", {"logGroupName": GROUP})
        for stream in log.streams:
            client.call("CreateLogStream", {"logGroupName": GROUP, "logStreamName": stream})
        cpu = measure.cpu_seconds(server.process.pid)
        for body in log.batches():
            client.call("PutLogEvents", body)
        answered = measure.cpu_seconds(server.process.pid) - cpu
        status, _, answer = server.request("POST", "/-/flush?merge=all")
        if status != 200:
            raise RuntimeError(f"flush: {status} {answer}")
        settled = measure.cpu_seconds(server.process.pid) - cpu
        log.streams = {}
        stored = sum(file.stat().st_size for file in (server.data / "events").iterdir())
        taken = {"ids": kind, "rows": log.rows, "message_bytes": log.message_bytes, "zstd_bytes": zstd_bytes,
                 "stored_bytes": stored, "size_by_zstd": stored / zstd_bytes,
                 "mb_per_cpu_s": log.message_bytes / 1e6 / settled,
                 "mb_per_cpu_s_until_answered": log.message_bytes / 1e6 / answered,
                 "rss_peak_mib": measure.rss_mib(server.process.pid, "VmHWM")}
        if kind == "unique":
            count = QUERIES_QUICK if options.quick else QUERIES
            taken["queries"] = query_rows(server, client, log, count, end_ms // 1000 - 3_700, end_ms // 1000 + 100)
    if kind == "unique" and options.with_clickhouse:
        # In the same run, when this server has ended: both would share two cores.
        beside, taken["clickhouse"] = clickhouse.measure_queries(log.path, log.trace, folder, max(20, count // 10))
        if taken["clickhouse"]["rows"] != log.rows:
            raise RuntimeError(f"ClickHouse has {taken['clickhouse']['rows']} rows of {log.rows}")
        for figure, cpu_ms in beside.items():
            taken["queries"][figure]["times_clickhouse"] = cpu_ms / max(taken["queries"][figure]["cpu_ms"], 1e-3)
    print("  " + json.dumps(taken), flush=True)
    return taken


def run(options):
    if shutil.which("rg") is None or shutil.which("zstd") is None:
        raise RuntimeError("needs Debian's ripgrep and zstd")
    if options.with_clickhouse and clickhouse.program() is None:
        raise RuntimeError("--with-clickhouse needs Debian's clickhouse-server")
    runs = {kind: [] for kind in IDS}
    for _ in range(options.runs):
        for kind in IDS:
            with tempfile.TemporaryDirectory(prefix="kansoku-bench-") as folder:
                calibration = measure.calibrate()
                runs[kind].append({**one_run(kind, options, pathlib.Path(folder)), "calibration_cpu_s": calibration})
    judged = not options.quick
    rows = []
    for kind, (must, aim) in IDS.items():
        best = min(run["size_by_zstd"] for run in runs[kind])
        rows.append(measure.Row(f"size with all indexes, ids {kind}", "x zstd -3", "less", round(best, 3),
                                must if judged else None, aim, runs[kind]))
    best = max(run["mb_per_cpu_s"] for run in runs["unique"])
    rows.append(measure.Row("PutLogEvents to the settled store", "MB/CPU-s", "more", round(best, 1), 50 if judged else None,
                            100, note="message text; log, parts and merges included"))
    for figure in runs["unique"][0]["queries"]:
        taken = [run["queries"][figure] for run in runs["unique"]]
        if "times_rg" in taken[0]:
            best = max(taken, key=lambda one: one["times_rg"])
            rows.append(measure.Row(figure, "x rg", "more", round(best["times_rg"], 1), best["must"] if judged else None,
                                    best["aim"], note=f"{best['cpu_ms']:.2f} CPU-ms, rg {best['rg_ms']:.0f}"))
        else:
            best = max(one["gb_per_cpu_s"] for one in taken)
            rows.append(measure.Row(figure, "GB/CPU-s", "more", round(best, 2), 1 if judged else None))
    if options.with_clickhouse:
        for figure, must in CLICKHOUSE_MUST.items():
            best = max((run["queries"][figure] for run in runs["unique"]), key=lambda one: one["times_clickhouse"])
            rows.append(measure.Row(f"{figure}, beside ClickHouse 18.16", "x", "more", round(best["times_clickhouse"], 2),
                                    must if judged else None, None, note=f"{best['cpu_ms']:.2f} CPU-ms of kansoku"))
    return rows, {"raw_mib": RAW_MIB_QUICK if options.quick else RAW_MIB}
