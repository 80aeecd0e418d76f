"""
A de-identifier that changes nothing, for the judges' own proof: they must find everything that was planted in what it gives back.

Usage: copy_files.py FOLDER --out DIR …
"""
import shutil
import sys
from pathlib import Path

folder, out = Path(sys.argv[1]), Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir()
for path in sorted(folder.iterdir()):
    shutil.copy(path, out / f"{path.name}.dcm")
