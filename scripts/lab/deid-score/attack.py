"""
Attacks a de-identifier: writes instances whose planted identities it must find (the attacks of a review, rebuilt from its recipes and carried on), runs
the command under four option sets, and tells what is left, by finding and severity. What is held back leaks nothing; what is harmless has to stay and
to come out. Knows the standard and pydicom, and nothing of the product.

Usage: attack.py --standards DIR --corpus DIR [--sets NAME,…] [--findings NAME,…] [--seed TEXT] [--brief] [--json] [--keep DIR] [--control] -- COMMAND…
Exits 1 where anything High, Medium or Low is left (but of "beyond": what nobody claims to see), or more of what is harmless was changed than may be. With --control the command changes nothing, and it
exits 1 where a planted value was not found.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
import pydicom
import attack_bytes
import attack_corners
import attack_everywhere
import attack_harmless
import attack_language
import attack_structure
import attack_text
from attack_case import SEED, read_output, write_case
from side_by_side import side_by_side

CLEAN = ["clean-descriptors", "clean-structured-content", "clean-graphics"]
RETAIN = ["retain-patient-characteristics", "retain-device-identity", "retain-safe-private", "retain-institution-identity"]
SETS = {"plain": [], "clean": CLEAN, "all": [*CLEAN, "retain-longitudinal-modified-dates", *RETAIN], "full": ["retain-longitudinal-full-dates", *RETAIN]}
SEVERITIES = ("High", "Medium", "Low", "Cue", "Told", "Harmless")
# Behind a cue most names go; without one they are told, not counted.
CUED_LEFT_AT_MOST = 0.05
# Of descriptions in prose, of all other values.
PROSE_CHANGED_AT_MOST, HARMLESS_CHANGED_AT_MOST = 0.01, 0.001
PROSE = {"phrases", "descriptions", "meanings"}
SHOWN = 6


def every_case(standards: Path, corpus: Path) -> list:
    return [
        *attack_bytes.cases(corpus), *attack_structure.cases(standards), *attack_text.cases(), *attack_language.cases(), *attack_corners.cases(), *attack_everywhere.cases(standards), *attack_harmless.cases(corpus),
    ]


def asks(case, options: list) -> bool:
    """Whether these options promise anything of it."""
    return case.finding == "one-patient" or bool(case.plants) or any(getattr(stay, "only_with", None) in (None, *options) for stay in case.stays)


class Tally:
    """Of one option set: what was planted and what is left, by finding."""

    def __init__(self, options: list):
        self.options = options
        self.planted, self.left, self.gone, self.held, self.stays = defaultdict(int), defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(lambda: [0, 0, []])

    def judge(self, case, output) -> None:
        key = (case.severity, case.finding)
        plants = [plant for plant in case.plants if plant.retained_by not in self.options and plant.only_with in (None, *self.options)]
        self.planted[key] += len(plants)
        if output is None:
            self.held[key].append(case.name)
        for plant in plants if output is not None else ():
            why = plant.leaks(output)
            (self.gone if why is None else self.left)[key].append((case.name, why or plant.what))
        for stay in case.stays:
            if output is None and case.severity != "Harmless" or getattr(stay, "only_with", None) not in (None, *self.options):
                continue
            counted = self.stays[case.finding]
            why = "nothing came out of it" if output is None else stay(output)
            counted[0] += why is None
            counted[1] += 1
            if why is not None:
                counted[2].append((case.name, why))


def run(cases: list, options: list, folder: Path, command: list, apart: dict) -> dict:
    """Instance number → output; and in `apart` what the command said in words."""
    (folder / "in").mkdir()
    for number, case in enumerate(cases, 1):
        write_case(case, number, folder / "in")
    (folder / "key").write_bytes(bytes(range(32)))
    chosen = ["--options", ",".join(options)] if options else []
    ran = subprocess.run([*command, str(folder / "in"), "--out", str(folder / "out"), "--key", str(folder / "key"), "--report", str(folder / "report.json"), *chosen], capture_output=True)
    if not (folder / "out").exists():
        raise SystemExit(f"the command wrote nothing: {ran.stderr[-600:].decode()}")
    apart["said"] = ran.stdout + ran.stderr
    report = folder / "report.json"
    apart["report"] = report.read_bytes() if report.exists() else b""
    apart["names"] = "\n".join(str(path.relative_to(folder)) for path in (folder / "out").rglob("*")).encode()
    outputs = {}
    for path in (folder / "out").rglob("*.dcm"):
        output = read_output(path)
        outputs[int(output.dataset.get("InstanceNumber") or 0)] = output
    return outputs


def judge_said(tally: Tally, cases: list, apart: dict, folder: Path) -> None:
    """Nothing that was planted in a header stands in what the command says, in its report, in the names of its files; nor does the input's path in the report."""
    key = ("High", "said")
    spoken = b"\n".join(apart.values()).lower()
    for case in cases:
        for name in ("family", "id", "unknown"):
            if len(case.person[name]) < 7:
                continue  # by chance in a UID or a digest
            tally.planted[key] += 1
            if case.person[name].lower().encode() in spoken:
                tally.left[key].append((case.name, f"{case.person[name]!r} in what the command says"))
    tally.planted[("Low", "report")] += 1
    if str(folder / "in").encode() in apart["report"]:
        tally.left[("Low", "report")].append(("report", "the report has the input's path"))


def judge_patient(tally: Tally, cases: list, outputs: dict) -> None:
    """The objects of one patient and study get one pseudonym, one offset and one study, whatever they say of the issuer."""
    together = [outputs[number].dataset for number, case in enumerate(cases, 1) if case.finding == "one-patient" and number in outputs]
    for keyword in ("PatientID", "StudyDate", "StudyInstanceUID"):
        tally.planted[("Medium", "one-patient")] += 1
        values = {str(dataset.get(keyword)) for dataset in together}
        if len(values) > 1:
            tally.left[("Medium", "one-patient")].append(("issuer", f"{len(values)} values of {keyword} for one patient"))


def show(name: str, tally: Tally, brief: bool) -> None:
    planted, left = sum(tally.planted.values()), sum(map(len, tally.left.values()))
    print(f"== {name}: {left} of {planted} planted values are left", file=sys.stderr)
    for severity, finding in sorted(tally.planted, key=lambda key: (SEVERITIES.index(key[0]), key[1])):
        found = tally.left[(severity, finding)]
        held = len(tally.held[(severity, finding)])
        if brief and not found:
            continue
        print(f"   {severity:7}{finding:14} {len(found):5} of {tally.planted[(severity, finding)]:5} left{f', {held} held' if held else ''}", file=sys.stderr)
        for case, why in found[:SHOWN if brief else None]:
            print(f"      {case}: {why}", file=sys.stderr)
    for finding, (kept, of, lost) in sorted(tally.stays.items()):
        print(f"   harmless {finding:14} {kept} of {of} kept ({100 * kept / of:.2f} %)", file=sys.stderr)
        for case, why in lost[:SHOWN if brief else None]:
            print(f"      {case}: {why}", file=sys.stderr)


def faults_of(tally: Tally) -> int:
    """The limits that are not held."""
    bad = sum(len(found) for (severity, finding), found in tally.left.items() if severity in ("High", "Medium", "Low") and finding != "beyond")
    bad += sum(len(found) > CUED_LEFT_AT_MOST * tally.planted[key] for key, found in tally.left.items() if key[0] == "Cue")
    return bad + sum(of - kept > (PROSE_CHANGED_AT_MOST if finding in PROSE else HARMLESS_CHANGED_AT_MOST) * of for finding, (kept, of, _) in tally.stays.items())


def tell_unseen(tally: Tally) -> int:
    """Of a command that changes nothing: the planted values that were not seen."""
    unseen = [(finding, *gone) for (_, finding), found in tally.gone.items() for gone in found]
    for finding, case, what in unseen:
        print(f"{finding} {case}: {what!r} was not seen", file=sys.stderr)
    print(f"seen: {sum(map(len, tally.left.values()))} values", file=sys.stderr)
    return len(unseen)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--standards", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--findings")
    parser.add_argument("--seed", default="relaypacs")
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--control", action="store_true")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    SEED[0] = given.seed
    asked = set(given.findings.split(",")) if given.findings else None

    def attacked(name: str) -> tuple:
        cases = [case for case in every_case(given.standards, given.corpus) if (asked is None or case.finding in asked) and asks(case, SETS[name])]
        tally, apart = Tally(SETS[name]), {}
        with tempfile.TemporaryDirectory(prefix="deid-attack-") as made:
            folder = given.keep / name if given.keep else Path(made)
            folder.mkdir(parents=True, exist_ok=True)
            outputs = run(cases, SETS[name], folder, given.command, apart)
            for number, case in enumerate(cases, 1):
                tally.judge(case, outputs.get(number))
            judge_patient(tally, cases, outputs)
            judge_said(tally, cases, apart, folder)
        if given.control:
            return tell_unseen(tally), None
        show(name, tally, given.brief)
        return faults_of(tally), {
            "set": name, "planted": sum(tally.planted.values()), "left": {f"{severity} {finding}": found for (severity, finding), found in tally.left.items()},
            "held": {f"{severity} {finding}": held for (severity, finding), held in tally.held.items()},
            "stays": {finding: counted for finding, counted in tally.stays.items()},
        }

    results = side_by_side(attacked, given.sets.split(","))
    if given.json:
        print(json.dumps([result for _, result in results if result is not None]))
    return 1 if any(bad for bad, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
