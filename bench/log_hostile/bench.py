"""Log senders that want too much: names without end, events of 5 MB, streams without end. Memory, and refusals by type."""

import json
import time

from support import measure
from support.hostile_logs import (MIB, columns_over_events, fields_in_one_event, fields_over_events, post, push, put,
                                  streams)  # tests/support, on the path through measure
from support.kansoku import Server

RSS_MIB_MAX = 512  # the whole process's budget (server: memory_limit, 512 MiB unless configured)
FIELDS, STREAMS, STREAMS_MAX = 100_000, 1_000_000, 500_000
STREAMS_QUICK = 100_000
LARGE_EVENTS, LARGE_EVENTS_QUICK = 40, 5
PER_REQUEST = 2_000


def expect(what, reached, wanted):
    if reached not in wanted:
        raise RuntimeError(f"{what}: {reached!r}, not one of {wanted}")


def names(server):
    """100,000 names in one event, over events, as columns, of one line, of one stream."""
    expect("one document", fields_in_one_event(server, FIELDS)[0], (200, 400, 413))
    for begin in range(0, FIELDS, PER_REQUEST):
        expect("documents", fields_over_events(server, begin, PER_REQUEST)[0], (200,))
        expect("columns", columns_over_events(server, begin, PER_REQUEST)[0], (204,))
    many = {f"n{i}": "v" for i in range(FIELDS)}
    expect("metadata of a line", push(server, [({"job": "wide"}, [("x", many)])])[0], (400,))
    expect("labels of a stream", push(server, [(many, [("x", {})])])[0], (400,))


def large_events(server, count):
    logs = server.boto3("logs")
    logs.create_log_group(logGroupName="large")
    logs.create_log_stream(logGroupName="large", logStreamName="s")
    text = "y" * (5 * MIB)
    for _ in range(count):
        status, kind = put(server, "large", "s", [text])
        expect("PutLogEvents", (status, kind.split("#")[-1]), ((400, "InvalidParameterException"),))
        expect("Loki", push(server, [({"job": "large"}, [(text, {})])])[0], (400,))
        status, _, answer = post(server, "/large/_bulk", '{"create":{}}\n{"m":"' + text + '"}\n')
        expect("bulk", (status, json.loads(answer)["items"][0]["create"]["status"]), ((200, 400), (413, 413)))


def many_streams(server, count):
    """(requests taken, requests refused, kinds of refusal)."""
    taken, refused, kinds = 0, 0, {}
    for begin in range(0, count, PER_REQUEST):
        status, _, answer = streams(server, begin, PER_REQUEST)
        if status == 204:
            taken += 1
        else:
            refused += 1
            kind = f"{status} {answer[:90].decode()}"
            kinds[kind] = kinds.get(kind, 0) + 1
            expect("streams over the limit", status, (400, 429, 503))
    return taken, refused, kinds


def run(options):
    count = STREAMS_QUICK if options.quick else STREAMS
    peaks, taken = {}, {"calibration_cpu_s": measure.calibrate()}
    with Server("--no-agent", "--auth", "open", "--port", "syslog=off", "--port", "forward=off") as server:
        pid = server.process.pid
        for name, phase in (("names", lambda: names(server)),
                            ("events of 5 MB", lambda: large_events(server, LARGE_EVENTS_QUICK if options.quick else LARGE_EVENTS)),
                            ("streams", lambda: many_streams(server, count))):
            begin = time.monotonic()
            answer = phase()
            peaks[name] = measure.rss_mib(pid, "VmHWM")
            taken[name] = {"seconds": round(time.monotonic() - begin, 1), "peak_rss_mib_so_far": peaks[name]}
            if answer:
                taken[name].update(zip(("requests_taken", "requests_refused", "refusals"), answer))
            print("  " + json.dumps({name: taken[name]}), flush=True)
        # Others are served all the same, and it comes back to rest.
        expect("a small request afterwards", post(server, "/wide/_bulk", '{"create":{}}\n{"after":1}\n')[0], (200,))
        measure.flush(server)
        taken["rss_mib_at_rest"] = measure.rss_mib(pid)
        begin = time.monotonic()
        found = server.boto3("logs").filter_log_events(logGroupName="streams", logStreamNames=['{n="0000007"}'])["events"]
        expect("a tiny stream's events", [e["message"] for e in found], (["tiny"],))
        taken["one_stream_ms"] = (time.monotonic() - begin) * 1000
        peak = measure.rss_mib(pid, "VmHWM")
        if server.process.poll() is not None or server.stop() != 0:
            raise RuntimeError("the server did not end as asked")
    rows = [measure.Row("peak RSS among hostile log senders", "MiB", "less", round(peak, 1), RSS_MIB_MAX, None, [taken])]
    if not options.quick:
        kept = taken["streams"]["requests_taken"] * PER_REQUEST
        rows.append(measure.Row("streams of an account", "streams", "less", kept, STREAMS_MAX))
    return rows, {"streams": count, "fields": FIELDS}
