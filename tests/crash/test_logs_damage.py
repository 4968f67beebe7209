"""1,000 damaged bytes in the parts, the manifest and the log of events: the server starts, answers what is whole and says what is not.

Twenty rounds of 50 random bytes, each on a copy of the same data directory. No answer may have a message that was not
sent; what is missing must be said: by a metric or in the log.
"""

import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import Server
from support.log_clients import messages

ROUNDS, BYTES = 20, 50
GROUPS = ["alpha", "beta", "gamma"]
FLAGS = ("--no-agent", "--auth", "open", "--port", "syslog=off", "--port", "forward=off")
TARGETS = {"parts": "events/part-*", "log": "wal/*.wal", "manifest": "events/manifest"}


def damage(rng, paths, count):
    """`count` bytes of the files, each with another value; within what was written (the log is allocated ahead)."""
    whole = {path: bytearray(path.read_bytes()) for path in paths}
    ends = {path: len(data.rstrip(b"\0")) for path, data in whole.items()}
    choices = [path for path in paths if ends[path] > 0]
    for _ in range(count):
        path = rng.choices(choices, weights=[ends[p] for p in choices])[0]
        whole[path][rng.randrange(ends[path])] ^= rng.randrange(1, 256)
    for path, data in whole.items():
        path.write_bytes(bytes(data))


class Damage(unittest.TestCase):
    def fill(self, data):
        """{group: messages}: most of them in parts, the last in the log only."""
        rng = random.Random(1)
        sent = {group: [] for group in GROUPS}
        with Server(*FLAGS, data=data) as server:
            logs = server.boto3("logs")
            for group in GROUPS:
                logs.create_log_group(logGroupName=group)
                logs.create_log_stream(logGroupName=group, logStreamName="s")
            for turn in range(12):
                for group in GROUPS:
                    texts = [f"{group} {turn} {i} user={rng.randrange(10**9)} took {rng.randrange(500)} ms"
                             if i % 3 else json.dumps({"turn": turn, "i": i, "id": f"{rng.getrandbits(64):x}"}) for i in range(400)]
                    at = int(time.time() * 1000)
                    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": at, "message": t} for t in texts])
                    sent[group] += texts
                if turn in (3, 7):
                    self.assertEqual(server.request("POST", "/-/flush")[0], 200)
            server.kill()
        return sent

    def test_what_is_whole_is_answered_and_damage_is_said(self):
        seed = int(os.environ.get("KANSOKU_SEED", str(random.randrange(1 << 30))))
        print(f"seed {seed}")
        rng = random.Random(seed)
        with tempfile.TemporaryDirectory(prefix="kansoku-damage-") as folder:
            origin = pathlib.Path(folder) / "origin"
            origin.mkdir()
            sent = self.fill(origin)
            known = {group: set(texts) for group, texts in sent.items()}
            report = {}
            for round_number in range(ROUNDS):
                target = list(TARGETS)[round_number % len(TARGETS)]
                copy = pathlib.Path(folder) / "copy"
                shutil.copytree(origin, copy)
                paths = sorted(copy.glob(TARGETS[target]))
                self.assertTrue(paths, target)
                damage(rng, paths, BYTES)
                with self.subTest(target=target, round=round_number, seed=seed):
                    missing = self.check(copy, known, target)
                    report[target] = report.get(target, 0) + missing
                shutil.rmtree(copy)
            print(f"messages that damage cost, of {ROUNDS} rounds with {sum(map(len, sent.values()))}: {report}")

    def check(self, data, known, target):
        missing = 0
        with Server(*FLAGS, data=data) as server:
            for group, texts in known.items():
                found = messages(server, group)
                self.assertEqual([m[:80] for m in found if m not in texts][:3], [], f"{group}: messages that nobody sent")
                self.assertEqual(len(found), len(set(found)), f"{group}: messages twice")
                missing += len(texts) - len(found)
            metrics = server.metrics()
            said = [line for line in server.stderr if "damage" in line or "checksum" in line]
            if missing:
                self.assertTrue(said or metrics["kansoku_events_blocks_damaged"] > 0,
                                f"{target}: {missing} messages are missing and nothing says so")
            # It works on: takes events, and ends as asked.
            server.boto3("logs").put_log_events(logGroupName="alpha", logStreamName="s",
                                                logEvents=[{"timestamp": int(time.time() * 1000), "message": "after"}])
            self.assertIn("after", messages(server, "alpha"))
            self.assertIsNone(server.process.poll())
            self.assertEqual(server.stop(), 0)
        return missing


if __name__ == "__main__":
    unittest.main()
