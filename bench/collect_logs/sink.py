"""An HTTP endpoint that answers 200 to everything. Prints its port; at the end of its input, what it was sent.

Events are counted in processes' idle time by the members "timestamp" of the bodies, which the lines of the benchmark lack.
"""

import gzip
import json
import socket
import sys
import threading

counts = {"requests": 0, "events": 0, "body_bytes": 0, "json_bytes": 0}
lock = threading.Lock()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 2\r\n\r\n{}"


def serve(connection):
    waiting = b""
    while True:
        while b"\r\n\r\n" not in waiting:
            more = connection.recv(1 << 16)
            if not more:
                return
            waiting += more
        head, _, waiting = waiting.partition(b"\r\n\r\n")
        fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(b":") for line in head.split(b"\r\n")[1:])}
        length = int(fields.get(b"content-length", b"0"))
        body = bytearray(waiting[:length])
        waiting = waiting[length:]
        while len(body) < length:
            more = connection.recv(min(1 << 20, length - len(body)))
            if not more:
                return
            body += more
        connection.sendall(ANSWER)
        text = gzip.decompress(body) if fields.get(b"content-encoding") == b"gzip" else bytes(body)
        with lock:
            counts["requests"] += 1
            counts["body_bytes"] += length
            counts["json_bytes"] += len(text)
            counts["events"] += text.count(b'{"timestamp":')


def accept(listener):
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=accept, args=(listener,), daemon=True).start()
sys.stdin.read()
with lock:
    print(json.dumps(counts), flush=True)
