"""
Whether de-identification leaves every pixel as it was: each file of the corpus and what came of it are decoded by dcmtk (RLE, JPEG, JPEG-LS), by Pillow
(JPEG 2000) or read by pydicom, never by the product's own decoders. What none of them decodes is compared frame by frame as it is coded.

Usage: pixels.py --corpus DIR [--options NAME,…]… -- COMMAND…      Exits 1 where a pixel is another one, or could not be compared.
"""
import argparse
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple
import numpy
import pydicom
from PIL import Image
from pydicom.encaps import generate_pixel_data_frame
from side_by_side import side_by_side

NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"}
# The tool of dcmtk for each transfer syntax; what it writes is native.
DCMTK = {
    "1.2.840.10008.1.2.5": "dcmdrle", **{f"1.2.840.10008.1.2.4.{number}": "dcmdjpeg" for number in (50, 51, 53, 55, 57, 70)}, "1.2.840.10008.1.2.4.80": "dcmdjpls", "1.2.840.10008.1.2.4.81": "dcmdjpls",
}
JPEG_2000 = {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}
MARKERS = {"1.2.840.10008.1.2.4.201": b"\xff\x64", "1.2.840.10008.1.2.4.202": b"\xff\x64", "1.2.840.10008.1.2.4.203": b"\xff\x64"}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def stored_values(dataset: pydicom.Dataset) -> bytes:
    """The stored values of native pixels: without the bits that no pixel uses, and what follows the last pixel."""
    bits = dataset.BitsAllocated
    stored = dataset.get("BitsStored") or bits
    low = (dataset.get("HighBit", stored - 1)) - stored + 1
    count = dataset.Rows * dataset.Columns * dataset.get("SamplesPerPixel", 1) * int(dataset.get("NumberOfFrames") or 1)
    if dataset.get("PhotometricInterpretation") == "YBR_FULL_422":
        count = count * 2 // 3
    raw = dataset.PixelData[:(count * bits + 7) // 8]
    if bits not in (8, 16, 32) or not 0 <= low < bits:
        return raw
    size = bits // 8
    order = "<" if dataset.is_little_endian or size == 1 else ">"
    values = numpy.frombuffer(raw[:len(raw) // size * size], f"{order}u{size}").astype("u8")
    return ((values >> low) & ((1 << stored) - 1)).tobytes()


def without_comments(frame: bytes, code: bytes) -> bytes:
    """A JPEG 2000 codestream without COM segments in its main header."""
    at, kept = 2, frame[:2]
    while at + 4 <= len(frame) and frame[at:at + 2] not in (b"\xff\x90", b"\xff\xd9"):
        end = at + 2 + int.from_bytes(frame[at + 2:at + 4], "big")
        kept += b"" if frame[at:at + 2] == code else frame[at:end]
        at = end
    return kept + frame[at:]


def decoded(path: Path, folder: Path) -> tuple | None:
    """Who decoded it, and the digest of the stored values of all frames. None where there are no pixels."""
    dataset = pydicom.dcmread(str(path), force=True)
    if "PixelData" not in dataset:
        return None
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2"))
    if syntax in NATIVE:
        return "pydicom", digest(stored_values(dataset))
    if syntax in DCMTK:
        out = folder / f"decoded-{os.getpid()}.dcm"
        out.unlink(missing_ok=True)
        if subprocess.run([DCMTK[syntax], str(path), str(out)], capture_output=True).returncode == 0:
            return DCMTK[syntax], digest(stored_values(pydicom.dcmread(str(out), force=True)))
    frames = list(generate_pixel_data_frame(dataset.PixelData, int(dataset.get("NumberOfFrames") or 1)))
    if syntax in JPEG_2000:
        try:
            return "Pillow", digest(b"".join(numpy.asarray(Image.open(io.BytesIO(frame))).tobytes() for frame in frames))
        except OSError:
            pass
    code = MARKERS.get(syntax)
    return "as coded", digest(b"".join((without_comments(frame, code) if code else frame).rstrip(b"\0") for frame in frames))


class Undecoded(NamedTuple):
    error: str
    has_pixels: bool


def looked_at(path: Path, folder: Path) -> tuple | Undecoded | None:
    try:
        return decoded(path, folder)
    except Exception as error:
        return Undecoded(f"{type(error).__name__}: {error}", "PixelData" in pydicom.dcmread(str(path), force=True))


def changed(had: tuple | Undecoded | None, has: tuple | Undecoded | None) -> tuple:
    """Who decoded them, and what is wrong; None where all pixels are the same."""
    if isinstance(had, Undecoded):
        return "unreadable before", None if has is not None and getattr(has, "has_pixels", True) else had.error
    if had is None:
        return "no pixels", None
    if isinstance(has, Undecoded):
        return had[0], f"cannot be decoded any more: {has.error}"
    return had[0], None if had == has else f"other pixels ({had[0]}, {has and has[0]})"


def compare(options: str, corpus: Path, originals: dict, command: list) -> int:
    """`originals`: of each file of the corpus, as far as it was looked at."""
    with tempfile.TemporaryDirectory(prefix="deid-pixels-") as name:
        folder = Path(name)
        (folder / "key").write_bytes(bytes(range(32)))
        chosen = ["--options", options] if options else []
        subprocess.run([*command, str(corpus), "--out", str(folder / "out"), "--key", str(folder / "key"), "--report", str(folder / "report.json"), *chosen], capture_output=True)
        report = json.loads((folder / "report.json").read_text())
        # The report numbers the files in path order and does not name them.
        files = sorted((path for path in corpus.rglob("*") if path.is_file()), key=lambda path: path.parts)
        by, held, faults = Counter(), Counter(entry["reason"] for entry in report if "reason" in entry), []
        pairs = [(files[entry["file"] - 1], Path(entry["out"])) for entry in report if "out" in entry]
        unseen = [before for before, _ in pairs if before not in originals]
        asked = [*unseen, *(after for _, after in pairs)]
        found = dict(zip(asked, side_by_side(lambda path: looked_at(path, folder), asked)))
        originals.update({path: found[path] for path in unseen})
        for before, after in pairs:
            who, why = changed(originals[before], found[after])
            by[who] += 1
            faults += [(before, why)] if why else []
        print(f"{options or 'plain'}: {sum(by.values())} objects, {len(faults)} with other pixels; {', '.join(f'{count} by {who}' for who, count in by.most_common())}; held: {dict(held)}")
        for path, why in faults:
            print(f"   {path.relative_to(corpus)}: {why}")
        return len(faults)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--options", action="append", default=[])
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    originals = {}
    return 1 if sum(compare(options, given.corpus, originals, given.command) for options in given.options or [""]) else 0


if __name__ == "__main__":
    sys.exit(main())
