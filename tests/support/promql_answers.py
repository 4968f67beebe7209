"""Compares answers of the Prometheus HTTP API: every series, every point, every value."""

import json
import math

RELATIVE = 1e-9


def series_key(metric):
    return tuple(sorted(metric.items()))


def histogram_floats(histogram):
    out = [float(histogram["count"]), float(histogram["sum"])]
    for boundaries, left, right, count in histogram.get("buckets", []):
        out += [float(boundaries), float(left), float(right), float(count)]
    return out


def points_of(series):
    """[(time, [floats])], floats and native histograms alike."""
    points = series.get("values") or ([series["value"]] if "value" in series else [])
    out = [(float(at), [float(value)]) for at, value in points]
    histograms = series.get("histograms") or ([series["histogram"]] if "histogram" in series else [])
    return out + [(float(at), histogram_floats(value)) for at, value in histograms]


def relative_difference(a, b, absolute=0.0):
    if a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= absolute:
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / max(abs(a), abs(b))


class Comparison:
    """`worst` is the largest relative difference of any value, infinity where series or points differ, and `where`
    names the first difference above the tolerance."""

    def __init__(self, tolerance=RELATIVE, absolute=0.0):
        self.tolerance, self.absolute, self.worst, self.where = tolerance, absolute, 0.0, None

    def between(self, a, b):
        return relative_difference(a, b, self.absolute)

    def same(self):
        return self.worst <= self.tolerance

    def note(self, amount, where):
        self.worst = max(self.worst, amount)
        if amount > self.tolerance and self.where is None:
            self.where = where

    def as_json(self):
        return {"same": self.same(), "worst": self.worst if math.isfinite(self.worst) else "inf", "where": self.where}


def compare(expected, answered, tolerance=RELATIVE, absolute=0.0):
    """Of two response bodies. The order of series does not count: a sort() is left to tests of the language.
    Values that are `absolute` apart are the same: what is left where large ones cancel."""
    out = Comparison(tolerance, absolute)
    try:
        expected, answered = json.loads(expected)["data"], json.loads(answered)["data"]
    except (ValueError, KeyError, TypeError) as error:
        out.note(math.inf, f"no answer: {error!r}")
        return out
    if isinstance(expected, list):  # label values, /series
        left, right = ({json.dumps(row, sort_keys=True) for row in rows} for rows in (expected, answered))
        if left != right:
            out.note(math.inf, f"{len(left - right)} rows missing, {len(right - left)} too many of {len(left)}")
    elif expected["resultType"] != answered["resultType"]:
        out.note(math.inf, f"type {answered['resultType']}, not {expected['resultType']}")
    elif expected["resultType"] in ("scalar", "string"):
        compare_values(out, "scalar", expected["result"], answered["result"], expected["resultType"] == "scalar")
    else:
        compare_series(out, expected["result"], answered["result"])
    return out


def compare_values(out, what, left, right, numbers):
    same = left[0] == right[0] and (numbers or left[1] == right[1])
    amount = out.between(float(left[1]), float(right[1])) if numbers and same else (0.0 if same else math.inf)
    out.note(amount, f"{what}: {right}, not {left}")


def compare_series(out, expected, answered):
    left, right = ({series_key(series["metric"]): points_of(series) for series in part} for part in (expected, answered))
    if left.keys() != right.keys():
        out.note(math.inf, f"{len(left.keys() - right.keys())} series missing, {len(right.keys() - left.keys())} "
                           f"too many of {len(left)}")
        return
    for key, points in left.items():
        others = right[key]
        if [at for at, _ in points] != [at for at, _ in others]:
            out.note(math.inf, f"{dict(key)}: {len(others)} points, not {len(points)}, or at other times")
            continue
        for (at, a), (_, b) in zip(points, others):
            amount = max(map(out.between, a, b)) if len(a) == len(b) else math.inf
            if amount:
                out.note(amount, f"{dict(key)} at {at}: {b}, not {a}")
