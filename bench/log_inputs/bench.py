"""Elasticsearch bulk and PutLogEvents: message text a CPU second, to the settled store."""

import http.client
import json
import random
import time

from support import measure
from support.kansoku import Server  # tests/support, on the path through measure

import botocore.auth
import botocore.awsrequest
import botocore.credentials

MB = 1_000_000
TEXT_MB, TEXT_MB_QUICK = 300, 20
MESSAGE_BYTES = 150
BULK_BYTES = 5 * MB
PUT_EVENTS = 5_000
WORDS = ["accepted", "request", "from", "customer", "order", "payment", "cache", "miss", "loading", "took", "product", "closed",
         "connection", "retrying", "upstream", "attempt", "worker", "queue", "drained", "finished"]


def messages(seed, count):
    random_ = random.Random(seed)
    for _ in range(count):
        text = f"{random_.choice(WORDS)} {random_.choice(WORDS)} {random_.randrange(10**8)} id={random_.getrandbits(64):016x}"
        while len(text) < MESSAGE_BYTES:
            text += f" {random_.choice(WORDS)} {random_.randrange(1000)}"
        yield text[:MESSAGE_BYTES]


def bulk_bodies(count, seed, begin_ms):
    body, size = [], 0
    for i, text in enumerate(messages(seed, count)):
        at = begin_ms + i // 100
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03}Z"
        line = f'{{"create":{{"_index":"bench"}}}}\n{{"@timestamp":"{stamp}","message":"{text}"}}\n'
        body.append(line)
        size += len(line)
        if size >= BULK_BYTES:
            yield "".join(body).encode()
            body, size = [], 0
    if body:
        yield "".join(body).encode()


def put_bodies(count, seed, begin_ms):
    events = []
    for i, text in enumerate(messages(seed, count)):
        events.append({"timestamp": begin_ms + i // 100, "message": text})
        if len(events) == PUT_EVENTS:
            yield json.dumps({"logGroupName": "bench", "logStreamName": "s", "logEvents": events}).encode()
            events = []
    if events:
        yield json.dumps({"logGroupName": "bench", "logStreamName": "s", "logEvents": events}).encode()


def signed_headers(server, target, body):
    request = botocore.awsrequest.AWSRequest(
        method="POST", url=server.url, data=body,
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{target}"})
    credentials = botocore.credentials.Credentials(server.access_key, server.secret_key)
    botocore.auth.SigV4Auth(credentials, "logs", "us-east-1").add_auth(request)
    return dict(request.prepare().headers.items())


def one_run(kind, count, seed):
    begin_ms = int(time.time() * 1000) - 3_600_000
    with Server("--no-agent") as server:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=600)

        def post(path, body, headers):
            connection.request("POST", path, body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status != 200 or (kind == "bulk" and not answer.startswith(b'{"errors":false')):
                raise RuntimeError(f"{path}: {response.status} {answer[:300]}")

        if kind == "put":
            for target, body in (("CreateLogGroup", {"logGroupName": "bench"}),
                                 ("CreateLogStream", {"logGroupName": "bench", "logStreamName": "s"})):
                text = json.dumps(body).encode()
                post("/", text, signed_headers(server, target, text))
        cpu = measure.cpu_seconds(server.process.pid)
        if kind == "bulk":
            for body in bulk_bodies(count, seed, begin_ms):
                post("/_bulk", body, {"Authorization": f"Bearer {server.token}", "Content-Type": "application/x-ndjson"})
        else:
            for body in put_bodies(count, seed, begin_ms):
                post("/", body, signed_headers(server, "PutLogEvents", body))
        answered = measure.cpu_seconds(server.process.pid) - cpu
        status, _, answer = server.request("POST", "/-/flush?merge=all")
        if status != 200:
            raise RuntimeError(f"flush: {status} {answer}")
        settled = measure.cpu_seconds(server.process.pid) - cpu
        text = count * MESSAGE_BYTES
        taken = {"kind": kind, "events": count, "mb_per_cpu_s": text / MB / settled,
                 "mb_per_cpu_s_until_answered": text / MB / answered,
                 "rss_peak_mib": measure.rss_mib(server.process.pid, "VmHWM")}
    print("  " + json.dumps(taken), flush=True)
    return taken


def run(options):
    count = (TEXT_MB_QUICK if options.quick else TEXT_MB) * MB // MESSAGE_BYTES
    runs = {"bulk": [], "put": []}
    for _ in range(options.runs):
        for kind, taken in runs.items():
            calibration = measure.calibrate()
            taken.append({**one_run(kind, count, options.seed), "calibration_cpu_s": calibration})
    rows = []
    for kind, figure in (("bulk", "Elasticsearch bulk to the settled store"), ("put", "PutLogEvents to the settled store")):
        best = max(run["mb_per_cpu_s"] for run in runs[kind])
        rows.append(measure.Row(figure, "MB/CPU-s", "more", round(best, 1), None if options.quick else 50, 100, runs[kind],
                                note="text of 150-byte messages; log, parts and merges included"))
    return rows, {"text_mb": count * MESSAGE_BYTES / MB}
