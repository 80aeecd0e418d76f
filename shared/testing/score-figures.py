"""
Computes figures without the product: percentiles, and kappa of two and of several readers with 95 % intervals.

Usage: score-figures.py FILE      Prints JSON. FILE: {"times": [[…], …], "pairs": [[[a, b], …], …], "subjects": [[[a, b, c], …], …]}.
"""
import json
import math
import sys
from collections import Counter
from statistics import NormalDist, quantiles

Z = NormalDist().inv_cdf(0.975)


def percentiles(times: list[float]) -> list[float]:
    if len(times) == 1:
        return [times[0], times[0]]
    hundredths = quantiles(times, n=100, method="inclusive")
    return [hundredths[49], hundredths[94]]


def around(kappa: float, error: float) -> list[float]:
    return [kappa, max(-1.0, kappa - Z * error), min(1.0, kappa + Z * error)]


def cohen(pairs: list[list[str]]) -> list[float]:
    """Fleiss, Cohen and Everitt 1969, in the form of the delta method: the gradient of kappa in each cell."""
    n = len(pairs)
    cells = Counter(map(tuple, pairs))
    rows = Counter(one for one, _ in pairs)
    columns = Counter(other for _, other in pairs)
    agreed = sum(count for (one, other), count in cells.items() if one == other) / n
    expected = sum(rows[name] * columns[name] for name in rows) / n**2
    kappa = (agreed - expected) / (1 - expected)
    gradients = {
        cell: ((cell[0] == cell[1]) * (1 - expected) - (1 - agreed) * (columns[cell[0]] + rows[cell[1]]) / n) / (1 - expected) ** 2
        for cell in cells
    }
    mean = sum(count / n * gradients[cell] for cell, count in cells.items())
    variance = sum(count / n * (gradients[cell] - mean) ** 2 for cell, count in cells.items()) / n
    return around(kappa, math.sqrt(variance))


def fleiss_only(subjects: list[list[str]]) -> float:
    n, readers = len(subjects), len(subjects[0])
    totals = Counter(name for readings in subjects for name in readings)
    expected = sum((count / (n * readers)) ** 2 for count in totals.values())
    alike = [sum(c * (c - 1) for c in Counter(readings).values()) / (readers * (readers - 1)) for readings in subjects]
    return (sum(alike) / n - expected) / (1 - expected)


def fleiss(subjects: list[list[str]]) -> list[float]:
    without = [fleiss_only(subjects[:at] + subjects[at + 1:]) for at in range(len(subjects))]
    mean = sum(without) / len(without)
    error = math.sqrt((len(without) - 1) / len(without) * sum((one - mean) ** 2 for one in without))
    return around(fleiss_only(subjects), error)


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        asked = json.load(file)
    print(json.dumps({
        "times": [percentiles(of) for of in asked["times"]],
        "pairs": [cohen(of) for of in asked["pairs"]],
        "subjects": [fleiss(of) for of in asked["subjects"]],
    }))


main()
