"""Runs every test of kansoku and prints `N passed, N failed, N skipped` at the end.

Unit tests: one doctest program a floor. End-to-end tests: tests/*/test_*.py (unittest, with Debian's
python3) and the console's own suites. A test program that dies counts as one failure.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCTEST = re.compile(r"test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed(?:\s*\|\s*(\d+) skipped)?")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped, name, seconds):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        print(f"{name}: {passed} passed, {failed} failed, {skipped} skipped ({seconds:.1f} s)", flush=True)


def run_doctest(program, tally, text_filter):
    started = time.monotonic()
    command = [str(program), "--no-intro=true"]
    if text_filter:
        command.append(f"--test-case=*{text_filter}*")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    output = ANSI.sub("", done.stdout)
    skipped = output.count("KANSOKU_SKIP ")
    found = DOCTEST.search(output)
    seconds = time.monotonic() - started
    if found:
        passed, failed = int(found.group(2)), int(found.group(3))
        if done.returncode != 0 and failed == 0:
            failed = 1
        tally.add(max(0, passed - skipped), failed, skipped, program.name, seconds)
    else:
        failed = 1
        tally.add(0, 1, skipped, program.name, seconds)
    if failed:
        print(output[-20000:], flush=True)


def run_unittests(tally, text_filter):
    sys.path.insert(0, str(ROOT / "tests"))
    for path in sorted((ROOT / "tests").glob("*/test_*.py")):
        loader = unittest.TestLoader()
        if text_filter:
            loader.testNamePatterns = [f"*{text_filter}*"]
        sys.path.insert(0, str(path.parent))
        started = time.monotonic()
        suite = loader.loadTestsFromName(path.stem)
        if suite.countTestCases() == 0:
            continue
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1, warnings="ignore").run(suite)
        failed = len(result.failures) + len(result.errors)
        skipped = len(result.skipped)
        passed = max(0, result.testsRun - failed - skipped)
        tally.add(passed, failed, skipped, f"{path.parent.name}/{path.name}", time.monotonic() - started)


def run_console(tally):
    """The console's pure and component tests (vitest)."""
    console = ROOT / "console"
    if os.environ.get("KANSOKU_CONSOLE", "ON") != "ON" or not (console / "package.json").exists():
        return
    started = time.monotonic()
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        env = dict(os.environ, KANSOKU_TEST_REPORT=report.name)
        done = subprocess.run(["npm", "test", "--silent"], cwd=console, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        try:
            counts = json.loads(pathlib.Path(report.name).read_text())
        except ValueError:
            counts = {"passed": 0, "failed": 1, "skipped": 0}
    if done.returncode != 0 and counts["failed"] == 0:
        counts["failed"] = 1
    tally.add(counts["passed"], counts["failed"], counts.get("skipped", 0), "console", time.monotonic() - started)
    if counts["failed"]:
        print(done.stdout[-20000:], flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("filter", nargs="?", default="", help="only tests whose name has this text")
    parser.add_argument("--unit-only", action="store_true")
    parser.add_argument("--preset", default="release")
    arguments = parser.parse_args()
    if not os.environ.get("KANSOKU_CONFORMANCE"):
        print("KANSOKU_CONFORMANCE is not set: conformance cases count as skipped", flush=True)
    os.environ.setdefault("KANSOKU_BINARY", str(ROOT / "build" / arguments.preset / "kansoku"))
    tally = Tally()
    for program in sorted((ROOT / "build" / arguments.preset).glob("test_*")):
        if os.access(program, os.X_OK) and program.is_file():
            run_doctest(program, tally, arguments.filter)
    if not arguments.unit_only:
        run_unittests(tally, arguments.filter)
        if not arguments.filter:
            run_console(tally)
    ending = f"{tally.passed} passed, {tally.failed} failed"
    if tally.skipped:
        ending += f", {tally.skipped} skipped"
    print(ending, flush=True)
    return 1 if tally.failed or tally.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
