"""The console in a real browser against the real binary, which observes this host."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from support.kansoku import ROOT, Server, wait_until


@unittest.skipUnless(os.environ.get("KANSOKU_CONSOLE", "ON") == "ON", "built without the console")
class Console(unittest.TestCase):
    def test_pages_in_both_languages(self):
        console = ROOT / "console"
        with Server() as server, tempfile.TemporaryDirectory() as shots:
            wait_until(lambda: server.metrics()["kansoku_log_records_total"] >= 4, "four samples")
            done = subprocess.run(["node", "e2e/run.mjs", server.url, str(server.data / "credentials"), shots],
                                  cwd=console, capture_output=True, text=True, timeout=600)
        ending = re.search(r"(\d+) passed, (\d+) failed", done.stdout)
        self.assertIsNotNone(ending, done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout[-8000:] + done.stderr[-2000:])
        self.assertGreater(int(ending.group(1)), 90)


if __name__ == "__main__":
    unittest.main()
