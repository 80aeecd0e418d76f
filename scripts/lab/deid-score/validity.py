"""
Whether de-identification makes an object invalid that was valid: dciodvfy (Debian's dicom3tools) over every file before and after; an error that the
original did not have counts, but for those that an action of the table forces. What dciodvfy cannot read must be read by pydicom as before.

Usage: validity.py --corpus DIR [--options NAME,…]… -- COMMAND…      Exits 1 where there is such an error.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import pydicom

# Errors that follow from an action of the table: K on a value that was invalid.
FORCED = {
    "Media Storage SOP Instance UID": "the File Meta Information repeats the SOP Instance UID (PS3.10 7.1), which retain-uids keeps as the original has it, well formed or not",
}


def errors_of(path: Path) -> Counter | None:
    """Without values, the first wrong byte in one, and UIDs, which are others afterwards. None: it cannot be read."""
    ran = subprocess.run(["dciodvfy", str(path)], capture_output=True)
    lines = (ran.stderr + ran.stdout).decode("latin-1").splitlines()
    if not any("<" in line or line.startswith("Error") or line.startswith("Warning") for line in lines) or any("Dicom dataset read failed" in line for line in lines):
        return None
    kept = r"<(?![A-Z][A-Za-z]+>)[^>]*>|(?<=\()0x[0-9a-f]{2}(?=\)$)"
    return Counter(re.sub(r"(?<=UID )[0-9.]+", "…", re.sub(kept, "<>", line)) for line in lines if line.startswith("Error"))


def reads(path: Path) -> bool:
    try:
        return len(pydicom.dcmread(str(path), force=True).top()) > 0
    except Exception:
        return False


def compare(options: str, corpus: Path, command: list) -> int:
    with tempfile.TemporaryDirectory(prefix="deid-validity-") as name:
        folder = Path(name)
        (folder / "key").write_bytes(bytes(range(32)))
        chosen = ["--options", options] if options else []
        subprocess.run([*command, str(corpus), "--out", str(folder / "out"), "--key", str(folder / "key"), "--report", str(folder / "report.json"), "--undeclared-text", "send", *chosen], capture_output=True)
        # The report numbers the files in path order and does not name them.
        files = sorted((path for path in corpus.rglob("*") if path.is_file()), key=lambda path: path.parts)
        pairs = [(files[entry["file"] - 1], Path(entry["out"])) for entry in json.loads((folder / "report.json").read_text()) if "out" in entry]
        new, unread, forced = [], 0, 0
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            found = list(pool.map(errors_of, [path for pair in pairs for path in pair]))
        for (before, after), had, has in zip(pairs, found[::2], found[1::2]):
            if had is None or has is None:
                unread += 1
                if reads(before) and not reads(after):
                    new.append((before, "pydicom read it before and not after"))
                continue
            for error in (has - had):
                if any(words in error for words in FORCED):
                    forced += 1
                else:
                    new.append((before, error))
        print(f"{options or 'plain'}: {len(pairs)} objects, {len(new)} new errors, {forced} forced by the table, {unread} read by pydicom only")
        for before, error in new:
            print(f"   {before.relative_to(corpus)}: {error}")
        return len(new)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--options", action="append", default=[])
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    return 1 if sum(compare(options, given.corpus, given.command) for options in given.options or [""]) else 0


if __name__ == "__main__":
    sys.exit(main())
