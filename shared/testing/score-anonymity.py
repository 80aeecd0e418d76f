"""
Scores an anonymous CSV without the product: the smallest group of rows that say the same in these columns, and the share of the rows that were kept.

Usage: score-anonymity.py --of ROWS [--columns NAME,…] FILE      Prints JSON.
"""
import argparse
import csv
import json
from collections import Counter
from pathlib import Path

COLUMNS = "ageBand,sex,modalities,bodyParts,month,site"


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--of", type=int, required=True)
    arguments.add_argument("--columns", default=COLUMNS)
    arguments.add_argument("file", type=Path)
    asked = arguments.parse_args()
    with asked.file.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    columns = asked.columns.split(",")
    groups = Counter(tuple(row[column] for column in columns) for row in rows)
    exact = sum(all(value != "any" for value in group) * count for group, count in groups.items())
    print(json.dumps({
        "rows": len(rows),
        "groups": len(groups),
        "smallest": min(groups.values(), default=0),
        "kept": len(rows) / asked.of if asked.of else 0,
        "withoutAny": exact / len(rows) if rows else 0,
    }))


main()
