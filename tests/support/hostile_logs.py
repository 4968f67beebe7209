"""Log requests that want too much: names without end, events too long, streams without end."""

import json
import time

MIB = 1 << 20


def post(server, path, body, content_type="application/x-ndjson"):
    return server.request("POST", path, body, {"Content-Type": content_type})


def put(server, group, stream, messages):
    """(status, error type or "") of PutLogEvents; the server lets everybody in."""
    at = int(time.time() * 1000)
    body = {"logGroupName": group, "logStreamName": stream, "logEvents": [{"timestamp": at, "message": m} for m in messages]}
    status, _, answer = server.request("POST", "/", json.dumps(body), {
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.PutLogEvents"}, token=False)
    return status, json.loads(answer).get("__type", "") if answer else ""


def push(server, streams):
    """Loki push of (labels, [(message, structured metadata)])."""
    now = time.time_ns()
    body = {"streams": [{"stream": labels, "values": [[str(now + i), m, more] for i, (m, more) in enumerate(values)]}
                        for labels, values in streams]}
    return post(server, "/loki/api/v1/push", json.dumps(body), "application/json")


def fields_in_one_event(server, count):
    """One bulk document with `count` members."""
    document = json.dumps({f"field_{i:06}": i for i in range(count)})
    return post(server, "/wide/_bulk", '{"create":{}}\n' + document + "\n")


def fields_over_events(server, begin, count):
    """`count` bulk documents with a name of its own each."""
    return post(server, "/narrow/_bulk", "".join(f'{{"create":{{}}}}\n{{"name_{i:06}":{i}}}\n' for i in range(begin, begin + count)))


def columns_over_events(server, begin, count):
    """`count` lines with structured metadata of a name of its own each: columns beside the message."""
    return push(server, [({"job": "columns"}, [("x", {f"column_{i:06}": str(i)}) for i in range(begin, begin + count)])])


def streams(server, begin, count):
    """A line for each of `count` streams."""
    return push(server, [({"job": "streams", "n": f"{i:07}"}, [("tiny", {})]) for i in range(begin, begin + count)])
