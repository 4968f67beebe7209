"""Static checks of ./dev check: floor arrows and bans of includes, sizes, formatting, build-time gates.

Prints one line a problem, FILE:LINE: message, and exits with 1 when there is one.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOORS = {"base": 1, "signal": 2, "expr": 2, "wire": 3, "net": 4, "store": 5, "query": 6, "pipeline": 7, "watch": 8,
          "api": 9, "app": 10}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
LINES_MAX, LINE_COLUMNS_MAX = 1000, 100
# A translation unit may cost this much CPU, and the median this much (specs of the build).
UNIT_SECONDS_MAX, MEDIAN_SECONDS_MAX = 15.0, 3.0
# Third-party headers and the one folder that wraps each.
WRAPPERS = {
    "boost/asio": ["src/net/http"], "nghttp2": ["src/net/http"], "curl/": ["src/net/http"],
    "openssl/": ["src/net/auth", "src/net/http", "src/net/secrets"], "argon2.h": ["src/net/secrets"],
    "simdjson": ["src/wire/json"], "yaml.h": ["src/wire/document"], "sqlite3": ["src/store/catalog"],
    "re2/": ["src/base/regex"], "zstd.h": ["src/base/codec", "src/net/http"], "snappy": ["src/wire/snappy"],
    "cairo": ["src/api/widget_image"], "pango": ["src/api/widget_image"],
    "libdeflate": ["src/net/http"], "isa-l/igzip": ["src/net/http"], "isa-l/crc": ["src/base/bytes"], "zlib.h": ["src/net/http", "src/pipeline/receivers/filelog"], "boost/json": [],
}
BANNED_HEADERS = {"nlohmann/json.hpp": "use wire/json", "spdlog/spdlog.h": "use base/log.h",
                  "regex": "use RE2 (base/regex)", "iostream": "use fmt", "CLI/CLI.hpp": "use app/flags.h"}
BANNED_CALLS = [
    (re.compile(r"\bsystem_clock::now\b|\bsteady_clock::now\b"), "clocks come from base/env", ("src/base/env",)),
    (re.compile(r"(?<![\w.>])localtime(_r)?\("), "zones only in base/time", ()),
    (re.compile(r"(?<![\w.>])(gmtime|gmtime_r|timegm|mktime|strptime|strftime)\("), "calendars only in base/time",
     ("src/base/time",)),
    (re.compile(r"(?<!\w)setenv\("), "setenv is not thread-safe", ()),
    (re.compile(r"(?<![\w:])usleep\(|sleep_for\("), "nothing sleeps; wait on the event", ()),
    (re.compile(r"\bstd::thread\b"), "no further threads (docs/architecture.md)",
     ("src/base/pool", "src/net/http", "src/store/wal")),
    (re.compile(r"catch\s*\(\s*\.\.\.\s*\)"), "name what is caught", ()),
]
# Nouns of products stay above floor 5 but for wire and net/aws.
PRODUCT = re.compile(r"\b(CloudWatch|Prometheus|Grafana|Fluent Bit)\b")


def sources(*patterns):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split()
    return [pathlib.Path(p) for p in listed if (ROOT / p).exists()]


def folder_floor(path):
    parts = path.parts
    return FLOORS.get(parts[1]) if len(parts) > 2 and parts[0] == "src" else None


def siblings(path, included):
    """Two receivers, two languages or two services must not know each other."""
    for family, depth in ((("src", "pipeline", "receivers"), 4), (("src", "pipeline", "processors"), 4),
                          (("src", "pipeline", "exporters"), 4), (("src", "api", "aws"), 4)):
        mine, theirs = path.parts, ("src", *pathlib.PurePath(included).parts)
        if mine[:3] == family and theirs[:3] == family and len(mine) > depth and len(theirs) > depth:
            if mine[3] != theirs[3]:
                return True
    return False


def check_includes(path, number, line, problems):
    found = INCLUDE.match(line)
    if not found:
        return
    style, name = found.groups()
    place = f"{path}:{number}"
    is_test = path.name.endswith("_test.cpp") or "test" in path.stem or path.parts[0] != "src"
    if style == '"':
        top = name.split("/")[0]
        mine = folder_floor(path)
        if mine and top in FLOORS and FLOORS[top] > mine:
            problems.append(f"{place}: floors: {path.parts[1]} ({mine}) must not include {name} ({FLOORS[top]})")
        # Engines are the store exporter's business; a language that looks at one message is none.
        if path.parts[:2] == ("src", "pipeline") and top in ("store", "query"):
            # A file of one record is no engine either.
            of_messages = path.parts[2:3] == ("processors",) and name.startswith("query/log_filter/")
            is_file = name == "store/record_file.h"
            if path.parts[:4] != ("src", "pipeline", "exporters", "store") and not of_messages and not is_file:
                problems.append(f"{place}: only the store exporter may include {name}")
        if path.parts[:2] == ("src", "query") and re.match(r"store/(metrics|events|reference|clickhouse)/", name):
            if not is_test:
                problems.append(f"{place}: query languages never see an engine: {name}")
        if not is_test and siblings(path, name):
            problems.append(f"{place}: siblings do not include each other: {name}")
        return
    if name in BANNED_HEADERS and path.parts[0] == "src":
        problems.append(f"{place}: <{name}> is banned: {BANNED_HEADERS[name]}")
    for prefix, folders in WRAPPERS.items():
        if not name.startswith(prefix) or is_test:
            continue
        if not any(str(path).startswith(folder) for folder in folders):
            problems.append(f"{place}: <{name}> belongs to {' or '.join(folders) or 'tests'}")
        elif path.suffix == ".h" and "boost/asio" in prefix:
            if not path.name.startswith(("loop", "asio", "connection")):
                problems.append(f"{place}: <{name}> in a header")


def check_text(path, text, problems):
    lines = text.splitlines()
    if len(lines) > LINES_MAX and path.name != "shapes.cpp":  # tables of shapes are exempt
        problems.append(f"{path}:{len(lines)}: {len(lines)} lines, limit {LINES_MAX}")
    floor = folder_floor(path)
    for number, line in enumerate(lines, 1):
        check_includes(path, number, line, problems)
        if len(line) > LINE_COLUMNS_MAX and "http" not in line and path.suffix in (".h", ".cpp"):
            problems.append(f"{path}:{number}: {len(line)} columns, limit {LINE_COLUMNS_MAX}")
        code = line.split("//")[0]
        if path.parts[0] != "src" or path.name.endswith("_test.cpp"):
            continue
        for pattern, why, allowed in BANNED_CALLS:
            if pattern.search(code) and not any(str(path).startswith(a) for a in allowed):
                problems.append(f"{path}:{number}: {why}")
        quiet = floor is not None and floor < 6 and path.parts[1] != "wire" and path.parts[1:3] != ("net", "aws")
        if quiet and PRODUCT.search(re.sub(r'"[^"]*"', "", code)):
            problems.append(f"{path}:{number}: no product's name below floor 6")


def check_format(problems):
    files = [str(p) for p in sources("src/**/*.h", "src/**/*.cpp", "src/*.h", "src/*.cpp")]
    done = subprocess.run(["clang-format-19", "--dry-run", *files], cwd=ROOT, capture_output=True, text=True)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "warning:" in line})
    problems += [f"{p}:1: not formatted; run ./dev format" for p in wrong]


def check_build_times(problems):
    """From ninja's log of the release build; units that ccache answered are quick and say nothing."""
    log = ROOT / "build" / "release" / ".ninja_log"
    if not log.exists():
        return
    seconds = {}
    for line in log.read_text().splitlines()[1:]:
        fields = line.split("\t")
        if len(fields) >= 4 and fields[3].endswith(".o"):
            seconds[fields[3]] = (int(fields[1]) - int(fields[0])) / 1000
    if not seconds:
        return
    median = sorted(seconds.values())[len(seconds) // 2]
    if median > MEDIAN_SECONDS_MAX:
        problems.append(f"build: the median translation unit takes {median:.1f} s, limit {MEDIAN_SECONDS_MAX}")
    for name, taken in seconds.items():
        # Wall time on a machine with two builds at once; twice the CPU gate before it counts.
        if taken > 2 * UNIT_SECONDS_MAX:
            problems.append(f"{name}: {taken:.1f} s to compile, limit {UNIT_SECONDS_MAX} CPU seconds")


def check_readmes(problems):
    for path in sources("src/**/CMakeLists.txt"):
        if "kansoku_library" in (ROOT / path).read_text() and not (ROOT / path.parent / "README.md").exists():
            problems.append(f"{path.parent}:1: the folder has no README.md")


def main():
    problems = []
    for path in sources("src/*", "fuzz/*", "bench/*", "tests/support/*.h"):
        if path.suffix in (".h", ".cpp"):
            check_text(path, (ROOT / path).read_text(), problems)
    check_readmes(problems)
    check_format(problems)
    check_build_times(problems)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
