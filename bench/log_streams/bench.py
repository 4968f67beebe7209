"""10,000 streams at 20 MB/s for ten minutes: memory of the server, and how soon an event can be queried."""

import http.client
import json
import multiprocessing
import random
import threading
import time

from support import measure
from support.kansoku import Server  # tests/support, on the path through measure

STREAMS = 10_000
MB_PER_S = 20
SECONDS, SECONDS_QUICK = 600, 30
ROUND_S = 10  # each stream has a request in so many seconds
MESSAGE_BYTES = 150
RSS_MIB_MAX = 512
VISIBLE_MS_MAX = 1_000
PROBE_S = 0.5
SENDERS = 32  # connections
GROUP = "bench"
HEADERS = {"Content-Type": "application/x-amz-json-1.1"}
TIME = b"1111111111111"  # stands for the time of a request in the bodies made before
EVENTS = MB_PER_S * 1_000_000 * ROUND_S // STREAMS // MESSAGE_BYTES


def call(connection, operation, body):
    connection.request("POST", "/", body if isinstance(body, bytes) else json.dumps(body),
                       {**HEADERS, "X-Amz-Target": f"Logs_20140328.{operation}"})
    response = connection.getresponse()
    return response.status, response.read()


def bodies(seed, count):
    rng = random.Random(seed)
    words = ["accepted", "request", "customer", "order", "payment", "cache", "miss", "took", "product", "closed", "retrying"]
    out = []
    for _ in range(count):
        events = []
        for _ in range(EVENTS):
            text = f"{rng.choice(words)} {rng.choice(words)} {rng.randrange(10**8)} id={rng.getrandbits(64):016x}"
            while len(text) < MESSAGE_BYTES:
                text += f" {rng.choice(words)} {rng.randrange(1000)}"
            events.append(f'{{"timestamp":{TIME.decode()},"message":"{text[:MESSAGE_BYTES]}"}}')
        out.append(f'"logEvents":[{",".join(events)}]}}'.encode())
    return out


def send_share(share, port, tails, seconds, out):
    """Every SENDERS-th request, at its time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    begin = time.monotonic()
    for number in range(share, int(seconds * STREAMS / ROUND_S), SENDERS):
        ahead = begin + number * ROUND_S / STREAMS - time.monotonic()
        if ahead > 0.01:
            time.sleep(ahead)
        head = f'{{"logGroupName":"{GROUP}","logStreamName":"stream-{number % STREAMS:05}",'.encode()
        body = head + tails[number % len(tails)].replace(TIME, b"%d" % int(time.time() * 1000))
        while True:
            status, answer = call(connection, "PutLogEvents", body)
            if status not in (429, 503) and b"Throttling" not in answer[:200]:
                break
            out["put_off"] += 1
            time.sleep(0.02)
        out["requests" if status == 200 else "refused"] += 1


def send(port, seed, seconds, answers):
    """Sends at the rate; says what was taken and put off, and how long it took."""
    tails = bodies(seed, 300)
    counts = [{"requests": 0, "put_off": 0, "refused": 0} for _ in range(SENDERS)]
    begin = time.monotonic()
    threads = [threading.Thread(target=send_share, args=(i, port, tails, seconds, counts[i])) for i in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put({**{key: sum(one[key] for one in counts) for key in counts[0]}, "seconds": time.monotonic() - begin})


def probe(connection, number):
    """Milliseconds from the answer of PutLogEvents until FilterLogEvents has the event."""
    word = f"probe{number:09}"
    at = int(time.time() * 1000)
    status, answer = call(connection, "PutLogEvents", {"logGroupName": GROUP, "logStreamName": "probes",
                                                       "logEvents": [{"timestamp": at, "message": word}]})
    if status != 200:
        return None
    begin = time.monotonic()
    while True:
        status, answer = call(connection, "FilterLogEvents", {"logGroupName": GROUP, "filterPattern": word,
                                                              "startTime": at, "limit": 1})
        if status == 200 and json.loads(answer)["events"]:
            return (time.monotonic() - begin) * 1000
        if time.monotonic() - begin > 30:
            raise RuntimeError(f"{word} was not visible after 30 s: {status} {answer[:200]}")


def one_run(seconds, seed):
    with Server("--no-agent", "--auth", "open", "--port", "syslog=off", "--port", "forward=off") as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        call(connection, "CreateLogGroup", {"logGroupName": GROUP})
        for stream in ["probes", *(f"stream-{i:05}" for i in range(STREAMS))]:
            status, answer = call(connection, "CreateLogStream", {"logGroupName": GROUP, "logStreamName": stream})
            if status != 200:
                raise RuntimeError(f"{stream}: {status} {answer}")
        answers = multiprocessing.Queue()
        sender = multiprocessing.Process(target=send, args=(server.port, seed, seconds, answers))
        cpu = measure.cpu_seconds(server.process.pid)
        sender.start()
        visible, probes_put_off, number = [], 0, 0
        while sender.is_alive():
            took = probe(connection, number)
            number += 1
            if took is None:
                probes_put_off += 1
            else:
                visible.append(took)
            time.sleep(PROBE_S)
        sent = answers.get()
        sender.join()
        taken = {**sent, "message_mb": sent["requests"] * EVENTS * MESSAGE_BYTES / 1e6,
                 "cpu_s": measure.cpu_seconds(server.process.pid) - cpu,
                 "rss_peak_mib": measure.rss_mib(server.process.pid, "VmHWM"), "probes": len(visible),
                 "probes_put_off": probes_put_off, "visible_ms_max": max(visible),
                 "visible_ms_p50": sorted(visible)[len(visible) // 2],
                 "visible_ms_p99": sorted(visible)[int(len(visible) * 0.99)]}
        taken["mb_per_s"] = taken["message_mb"] / taken["seconds"]
    print("  " + json.dumps(taken), flush=True)
    if taken["refused"]:
        raise RuntimeError(f"{taken['refused']} requests were refused for good")
    return taken


def run(options):
    seconds = SECONDS_QUICK if options.quick else SECONDS
    calibration = measure.calibrate()
    taken = one_run(seconds, options.seed)  # once: it is as long as it is asked to be
    judged = not options.quick
    return [
        measure.Row("peak RSS, 10,000 streams at 20 MB/s", "MiB", "less", round(taken["rss_peak_mib"], 1), RSS_MIB_MAX, None, [taken]),
        measure.Row("taken", "MB/s", "more", round(taken["mb_per_s"], 2), MB_PER_S * 0.98 if judged else None),
        measure.Row("visible to FilterLogEvents after the answer, p99", "ms", "less", round(taken["visible_ms_p99"], 1),
                    VISIBLE_MS_MAX),
    ], {"seconds": seconds, "streams": STREAMS, "calibration_cpu_s": [calibration]}
