"""Clients that send log events without end and remember what was acknowledged, for tests that break things meanwhile."""

import http.client
import json
import random
import threading
import time

EVENTS = 50  # of one request


class Place:
    """Where the server is at the moment."""

    def __init__(self):
        self.port, self.token = 0, ""


class Client(threading.Thread):
    """Sends numbered requests to wherever the server is until told to stop."""

    def __init__(self, target, seed):
        super().__init__(daemon=True)
        self.target, self.random, self.stopping = target, random.Random(seed), threading.Event()
        self.next, self.sent, self.acknowledged, self.refused = 0, set(), set(), []
        self.put_off = 0  # answers that ask to come again: nothing of the request was taken

    def run(self):
        connection = None
        while not self.stopping.is_set():
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.target.port, timeout=10)
            number, self.next = self.next, self.next + 1
            self.sent.add(number)
            try:
                connection.request("POST", *self.request(number))
                response = connection.getresponse()
                answer = response.read()
                if self.good(response.status, answer):
                    self.acknowledged.add(number)
                elif self.later(response.status, answer):
                    self.put_off += 1
                    self.stopping.wait(0.01)
                else:
                    self.refused.append((response.status, answer[:300]))
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = None
                self.stopping.wait(0.02)
        if connection:
            connection.close()

    def messages(self, number):
        return [f"{number} {i} {'x' * self.random.randrange(100)}" for i in range(EVENTS)]


class PutClient(Client):
    group = "/kill/put"

    def request(self, number):
        at = int(time.time() * 1000)
        body = {"logGroupName": self.group, "logStreamName": "s",
                "logEvents": [{"timestamp": at, "message": m} for m in self.messages(number)]}
        return "/", json.dumps(body), {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.PutLogEvents"}

    @staticmethod
    def good(status, _):
        return status == 200

    @staticmethod
    def later(status, answer):
        return status in (429, 503) or status == 400 and b"ThrottlingException" in answer

    @staticmethod
    def text(message):
        return message


class BulkClient(Client):
    group = "kill-bulk"

    def request(self, number):
        body = "".join('{"create":{}}\n' + json.dumps({"m": m}) + "\n" for m in self.messages(number))
        return f"/{self.group}/_bulk", body, {"Content-Type": "application/x-ndjson",
                                              "Authorization": f"Bearer {self.target.token}"}

    @staticmethod
    def good(status, answer):
        return status == 200 and answer.startswith(b'{"errors":false')

    @staticmethod
    def later(status, answer):
        if status != 200:
            return status in (429, 503)
        items = [item["create"]["status"] for item in json.loads(answer)["items"]]
        return all(one in (429, 503) for one in items)

    @staticmethod
    def text(message):
        return json.loads(message)["m"]


def messages(server, group):
    """Every message of a group."""
    out = []
    for page in server.boto3("logs").get_paginator("filter_log_events").paginate(logGroupName=group):
        out += [event["message"] for event in page["events"]]
    return out


def check_client(test, server, client, note):
    """Nothing acknowledged is lost; what has no answer is there whole, once, or not at all."""
    found = {}
    for message in messages(server, client.group):
        number, i = client.text(message).split(" ")[:2]
        found.setdefault(int(number), []).append(int(i))
    lost = sorted(n for n in client.acknowledged if n not in found)
    test.assertEqual(lost[:5], [], f"{client.group}: {len(lost)} acknowledged requests lost, {note}")
    unlike = {n: rows for n, rows in found.items() if sorted(rows) != list(range(EVENTS))}
    test.assertEqual(list(unlike.items())[:2], [], f"{client.group}: requests in part or twice, {note}")
    test.assertEqual([n for n in found if n not in client.sent], [])
