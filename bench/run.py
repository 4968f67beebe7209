"""Runs the benchmarks: `./dev bench [NAME] [--quick]`.

A benchmark is a folder with a bench.py whose `run(options)` gives rows (support/measure.py). Results go to
bench/results/NAME.json (NAME.quick.json with --quick, whose sizes are too small to judge by: floors that need
the full size are left out). Exit code 1 when a floor was missed, 2 when a benchmark could not be run.
"""

import argparse
import importlib.util
import pathlib
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from support import measure  # noqa: E402


def benchmarks():
    return {path.parent.name: path for path in sorted(HERE.glob("*/bench.py"))}


def load(path):
    spec = importlib.util.spec_from_file_location(f"bench_{path.parent.name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def print_table(rows):
    """Losing rows included, marked in the last column."""
    heads = ("figure", "reached", "must", "aim", "unit", "x must", "")
    lines = [heads]
    for row in rows:
        ratio = row.ratio(row.must)
        verdict = "MISSED" if row.missed() else ("ok" if row.must is not None else "")
        sign = "≥ " if row.better == "more" else "≤ "
        lines.append((row.figure, number(row.reached), "-" if row.must is None else sign + number(row.must),
                      "-" if row.aim is None else sign + number(row.aim), row.unit,
                      "-" if ratio is None else f"{ratio:.2f}", verdict))
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    for line in lines:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip(), flush=True)


def parser_of(known, module=None):
    """The common options, and those of a benchmark that has add_options(parser)."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(known), metavar="NAME", help=", ".join(sorted(known)))
    parser.add_argument("--quick", action="store_true", help="small sizes, a run each; floors of full size left out")
    parser.add_argument("--runs", type=int, help="runs of which the best counts (5; 1 with --quick)")
    parser.add_argument("--seed", type=int, default=42)
    if hasattr(module, "add_options"):
        module.add_options(parser)
    return parser


def options_of(known, module):
    options = parser_of(known, module).parse_args()
    options.runs = options.runs or (1 if options.quick else 5)
    return options


def main():
    known = benchmarks()
    named = next((word for word in sys.argv[1:] if word in known), None)
    if named is None:
        parser_of(known).parse_args()
    missed, broken = [], []
    for name in [named] if named else sorted(known):
        print(f"{name}", flush=True)
        try:
            module = load(known[name])
            options = options_of(known, module)
            rows, more = module.run(options)
        except Exception:
            traceback.print_exc()
            broken.append(name)
            continue
        print_table(rows)
        path = measure.write_result(name, rows, options.quick, options.seed, more)
        print(f"  {path.relative_to(measure.ROOT)}", flush=True)
        missed += [f"{name}: {row.figure}" for row in rows if row.missed()]
    for line in missed:
        print(f"missed: {line}")
    for name in broken:
        print(f"not run: {name}")
    sys.exit(2 if broken else 1 if missed else 0)


if __name__ == "__main__":
    main()
