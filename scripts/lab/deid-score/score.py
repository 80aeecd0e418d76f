"""
Scores a de-identifier: plants identities in every place of PS3.15 Table E.1-1, runs the command, and looks at what has become of each. The nine
actions are those of the MIDI-B challenge (https://doi.org/10.7937/cf2p-aw56). Knows the standard's table and pydicom, and nothing of the product.

Usage: score.py --standards DIR --seed TEXT [--options NAME,…]… [--listed FILE] [--json] -- COMMAND…   (PATH… --out DIR --options … --key FILE --report FILE are added)
Exits 1 where an action is below 99.95 %, or a cell below 100 % that is not listed with its reason.
"""
import argparse
import base64
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
import pydicom
from identities import Identity
from plant import CONTAINER, write_instance
from side_by_side import side_by_side
from table import harmless, rows

ACTIONS = ("tag-retained", "text-not-null", "text-retained", "text-removed", "date-shifted", "uid-changed", "uid-consistent", "patient-id-consistent", "pixels-retained")
PATIENTS, INSTANCES_A_PATIENT = 13, 4
LEAST = 0.9995


class Score:
    def __init__(self):
        self.asked, self.cells, self.examples = Counter(), defaultdict(lambda: [0, 0]), {}

    def note(self, action: str, row: str, holds: bool, why: str) -> None:
        self.asked[action] += 1
        cell = self.cells[f"{row} {action}"]
        cell[0] += holds
        cell[1] += 1
        if not holds:
            self.examples.setdefault(f"{row} {action}", why)

    def shares(self, listed: dict) -> dict:
        """Of each action the part that holds; what is listed with its reason is not counted."""
        counted = defaultdict(lambda: [0, 0])
        for cell, (holds, of) in self.cells.items():
            if cell not in listed:
                counted[cell.split()[-1]][0] += holds
                counted[cell.split()[-1]][1] += of
        return {action: counted[action][0] / counted[action][1] for action in ACTIONS if counted[action][1]}


def as_days(text: str):
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])).toordinal()
    except ValueError:
        return None


def text_of(element) -> str:
    value = element.value
    if isinstance(value, bytes):
        return value.decode("latin-1").rstrip("\0 ")
    if value is None:
        return ""
    return "\\".join(str(each) for each in value) if isinstance(value, (list, pydicom.multival.MultiValue)) else str(value).rstrip("\0 ")


def same(before, after: str, vr: str) -> bool:
    if vr in ("DS", "FL", "FD"):
        return after != "" and float(before) == float(after)
    if vr == "AT":
        return after != ""
    return str(before).rstrip() == after.rstrip() if not isinstance(before, bytes) else before.decode("latin-1").rstrip() == after


def judge_row(score: Score, plant, action: str, element, options: tuple, context: dict) -> None:
    """What has become of the attribute of a row. `element`: None where it is not there any more."""
    row, vr = plant.row, plant.vr
    where = f"{plant.tag:08x} {vr} depth {plant.depth}"
    if vr == "SQ":
        if action == "X":
            score.note("text-removed", row, element is None, f"{where}: the sequence is still there")
        elif action == "Z":
            score.note("tag-retained", row, element is not None, f"{where}: removed instead of emptied")
        else:
            score.note("tag-retained", row, element is not None, f"{where}: the sequence is gone")
        return
    after = "" if element is None else text_of(element)
    if action in ("Z", "D", "U", "K", "C"):
        score.note("tag-retained", row, element is not None, f"{where}: gone")
    if action == "X":
        score.note("text-removed", row, element is None, f"{where}: still there")
    elif action == "Z":
        score.note("text-removed", row, after == "" , f"{where}: not empty")
    elif action == "D":
        score.note("text-removed", row, not same(plant.value, after, vr) if after else True, f"{where}: unchanged")
        score.note("text-not-null", row, element is not None and len(element.value) > 0 if vr in ("OB", "OW", "UN") else after != "", f"{where}: empty where a dummy belongs")
    elif action == "U":
        judge_uid(score, row, plant.value, after, where, context)
    elif vr in ("DA", "DT", "TM") and action == "C":
        judge_date(score, row, plant, after, where, context)
    elif vr == "AS" and action in ("K", "C"):
        score.note("text-removed", row, after in ("090Y", ""), f"{where}: an age above 89 is kept as it is")
    elif action == "K" and holds_name(str(plant.value), context["identity"]):
        # Kept as it is, but for the names of its own header.
        score.note("text-removed", row, not holds_name(after, context["identity"]), f"{where}: the name of its header is still in it")
    elif action == "K" and any(day in str(plant.value) for day in context["days"]):
        return  # a day of its header by chance
    elif action == "K" or plant.tag == 0x00080201:
        score.note("text-retained", row, same(plant.value, after, vr), f"{where}: changed")
    elif action == "C" and plant.description is not None:
        judge_description(score, plant, after, where, options, context)
    elif action == "C":
        score.note("text-removed", row, plant.token is None or plant.token not in after, f"{where}: the identity is still in it")


def holds_name(text: str, identity) -> bool:
    return any(name.lower() in text.lower() for name in (identity.family, identity.given))


def judge_uid(score: Score, row: str, before: str, after: str, where: str, context: dict) -> None:
    score.note("uid-changed", row, after not in ("", before), f"{where}: {'empty' if after == '' else 'unchanged'}")
    known = context["uids"].setdefault(before, after)
    other = context["originals"].setdefault(after, before)
    score.note("uid-consistent", row, known == after and other == before, f"{where}: another one than elsewhere")


def judge_date(score: Score, row: str, plant, after: str, where: str, context: dict) -> None:
    if plant.vr == "TM":
        return score.note("text-retained", row, after == plant.value, f"{where}: a time of day was changed")
    days, was = as_days(after), as_days(plant.value)
    offset = None if days is None else days - was
    known = context["offsets"].setdefault(context["patient"], offset)
    holds = offset is not None and offset == known and offset != 0 and after[8:] == plant.value[8:]
    score.note("date-shifted", row, holds, f"{where}: {'no date any more' if offset is None else 'not by the days of this patient'}")


def moved_date(plant, context: dict):
    """The date of a description as the patient's other dates were moved; None where none was seen yet."""
    offset = context["offsets"].get(context["patient"])
    return None if offset is None else (plant.description.day + timedelta(days=offset)).strftime(plant.description.form)


def judge_description(score: Score, plant, after: str, where: str, options: tuple, context: dict) -> None:
    said, row = plant.description, plant.row
    low = after.lower()
    for gone in said.gone:
        score.note("text-removed", row, gone.lower() not in low, f"{where}: {said.value!r} became {after!r}")
    for part in said.stays:
        score.note("text-retained", row, part in after, f"{where}: {said.value!r} became {after!r}")
    if said.day is None:
        return
    was = said.day.strftime(said.form)
    if said.day.strftime("%Y%m%d") in context["unkept"]:
        return  # a birth date by chance
    if "retain-longitudinal-modified-dates" in options:
        score.note("date-shifted", row, was not in after and is_moved(after, moved_date(plant, context)), f"{where}: {said.value!r} became {after!r}")
    elif "retain-longitudinal-full-dates" in options:
        score.note("text-retained", row, was in after, f"{where}: {said.value!r} became {after!r}")
    else:
        score.note("text-removed", row, was not in after, f"{where}: {said.value!r} became {after!r}")


def is_moved(after: str, expected) -> bool:
    return expected is None or expected in after


def innermost(dataset, depth: int):
    for _ in range(depth):
        if CONTAINER not in dataset or len(dataset[CONTAINER].value) == 0:
            return None
        dataset = dataset[CONTAINER].value[0]
    return dataset


GRAM = 5


def grams_of(content: bytes) -> set:
    return {content[at:at + GRAM] for at in range(len(content) - GRAM + 1)}


def leaks(content: bytes, grams: set, planted, tokens: set) -> set:
    """Tokens that stand anywhere in these bytes (`grams`: all that is five bytes long in them): as written, in UTF-8 and UTF-16, in base64."""
    found = set()
    for token in tokens:
        codecs = {"utf-8", "utf-16-le", "utf-16-be", planted.codec}
        forms = set()
        for codec in codecs:
            try:
                forms.add(token.encode(codec).replace(b"\x1b(B", b""))
            except (UnicodeEncodeError, LookupError):
                pass
        # Wherever it begins among groups of three bytes: the groups that are wholly its own.
        plain = token.encode()
        forms |= {base64.b64encode(plain[start:start + (len(plain) - start) // 3 * 3]) for start in range(3) if len(plain) > 10}
        if any(len(form) >= GRAM and form[:GRAM] in grams and form in content for form in forms):
            found.add(token)
    return found


def score_options(options: tuple, table: list, others: list, seed: str, command: list) -> Score:
    score = Score()
    with tempfile.TemporaryDirectory(prefix="deid-score-") as name:
        folder = Path(name)
        planted = []
        for patient in range(PATIENTS):
            identity = Identity(random.Random(f"{seed} {patient}"))
            study = identity.uid()
            for instance in range(INSTANCES_A_PATIENT):
                (folder / f"in{instance}").mkdir(exist_ok=True)
                planted.append(write_instance(folder / f"in{instance}", patient * INSTANCES_A_PATIENT + instance, table, others, identity, study))
        (folder / "key").write_bytes(random.Random(seed).randbytes(32))
        chosen = ["--options", ",".join(options)] if options else []
        said, report, refused, by_file = b"", [], {}, {}
        # Instances of a study one after the other: a text may hold what a companion names, and that would hold it.
        for instance in range(INSTANCES_A_PATIENT):
            told = folder / f"report{instance}.json"
            ran = subprocess.run([*command, str(folder / f"in{instance}"), "--out", str(folder / f"out{instance}"), "--key", str(folder / "key"), "--report", str(told), *chosen], capture_output=True)
            said += ran.stdout + ran.stderr
            entries = json.loads(told.read_text())
            report += entries
            # The report numbers the files in path order and does not name them.
            named = sorted(path.name for path in (folder / f"in{instance}").iterdir())
            refused |= {named[entry["file"] - 1]: entry["reason"] for entry in entries if "reason" in entry}
            by_file |= {named[entry["file"] - 1]: Path(entry["out"]) for entry in entries if "out" in entry}
        context = {"uids": {}, "originals": {}, "offsets": {}, "patient": None, "ids": {}}
        words = {str(value) for entry in report for action in entry.get("actions", []) for value in action.values()}
        others_said = [json.dumps({key: value for key, value in entry.items() if key != "actions"}) for entry in report]
        spoken = "\n".join([*words, *others_said]).encode() + said
        context["spoken"] = spoken, grams_of(spoken)
        for each in planted:
            context["refused"] = refused.get(each.path.name)
            judge_instance(score, each, by_file.get(each.path.name), table, options, context)
    return score


def texts_of(dataset) -> list:
    """The text of every content item."""
    inner = [text for item in dataset.get("ContentSequence") or [] for text in texts_of(item)]
    return [*([str(dataset.TextValue)] if dataset.get("TextValue") else []), *inner]


def stored_values(pixels: bytes) -> list:
    """Of the 12 bits that are stored; those above them are no part of a pixel (PS3.5 8.1.1)."""
    return [int.from_bytes(pixels[at:at + 2], "little") & 0x0FFF for at in range(0, len(pixels), 2)]


def judge_instance(score: Score, planted, path, table: list, options: tuple, context: dict) -> None:
    if path is None:
        return score.note("tag-retained", "instance", False, f"{planted.path.name}: {context['refused'] or 'nothing came out of it'}")
    content, out = path.read_bytes(), pydicom.dcmread(str(path))
    context["patient"] = planted.identity.patient_id
    context["identity"] = planted.identity
    actions = {row.id: row.action(options) for row in table}
    keeps_uids = "retain-uids" in options
    for before, after in zip(planted.uids, (out.StudyInstanceUID, out.SeriesInstanceUID, out.SOPInstanceUID)):
        if keeps_uids:
            score.note("text-retained", "own-uid", before == after, "an own UID was changed under retain-uids")
        else:
            judge_uid(score, "own-uid", before, str(after), "own UID", context)
    score.note("pixels-retained", "7fe00010", stored_values(out.PixelData) == stored_values(planted.pixels), planted.path.name)
    known = context["ids"].setdefault(planted.identity.patient_id, str(out.PatientID))
    distinct = len(set(context["ids"].values())) == len(context["ids"])
    score.note("patient-id-consistent", "00100020", known == str(out.PatientID) != planted.identity.patient_id and distinct, "another pseudonym than elsewhere")
    item = innermost(out, planted.plants[0].depth)
    texts = texts_of(out)
    context["unkept"] = {str(plant.value)[:8] for plant in planted.plants if plant.vr in ("DA", "DT") and (plant.place != "row" or actions[plant.row] not in ("C", "K"))}
    context["days"] = {str(plant.value)[:8] for plant in planted.plants if plant.vr in ("DA", "DT")}
    allowed = set()
    for plant in planted.plants:
        here = out if plant.depth == 0 or item is None else item
        if plant.place == "row":
            judge_row(score, plant, actions[plant.row], here[plant.tag] if plant.tag in here else None, options, context)
            if actions[plant.row] == "K" and plant.token:
                allowed.add(plant.token)
        elif plant.place == "name":
            # Looked for below, wherever it may stand: but in what the policy keeps as it is.
            if any(actions.get(other.row) == "K" and plant.token in str(other.value) for other in planted.plants):
                allowed.add(plant.token)
        elif plant.place == "report" and plant.description is not None and actions["0040a730"] == "C":
            after = next((said for said in texts if plant.description.stays[0] in said), "")
            judge_description(score, plant, after, "a report's text", options, context)
        elif plant.place in ("private", "unknown"):
            gone = plant.tag not in here
            score.note("text-removed", plant.row, gone, f"{plant.tag:08x} {plant.vr} depth {plant.depth}: still there")
        elif plant.place == "harmless":
            kept = plant.tag in here and same(plant.value, text_of(here[plant.tag]), plant.vr)
            score.note("text-retained", f"{plant.tag:08x}", kept, f"{plant.vr} depth {plant.depth}: {'gone' if plant.tag not in here else 'changed'}")
        elif keeps_uids and plant.vr == "UI" or actions.get(plant.row) == "K":
            # The content of a sequence that is kept: names in it are rows of the table themselves, or nobody's.
            allowed.add(plant.token)
    tokens = {plant.token: plant for plant in planted.plants if plant.token and plant.token not in allowed}
    for where, searched, grams in (("the instance", content, grams_of(content)), ("report, log or names", *context["spoken"])):
        left = leaks(searched, grams, planted, set(tokens))
        for token, plant in tokens.items():
            score.note("text-removed", plant.row, token not in left, f"{plant.tag:08x} {plant.vr} {plant.place} depth {plant.depth}: left in {where}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--standards", type=Path, required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--options", action="append", default=[])
    parser.add_argument("--listed", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    table = rows(given.standards)
    others = harmless(table)
    listed = json.loads(given.listed.read_text()) if given.listed else {}

    def scored(text: str) -> tuple:
        options = tuple(option for option in text.split(",") if option)
        score = score_options(options, table, others, given.seed, given.command)
        name = ",".join(options) or "plain"
        shares = score.shares(listed)
        below = {cell: [*count, score.examples[cell]] for cell, count in score.cells.items() if count[0] < count[1]}
        unlisted = {cell: why for cell, why in below.items() if cell not in listed}
        print(f"== {name} (seed {given.seed})", file=sys.stderr)
        for action, share in shares.items():
            print(f"   {action:22} {100 * share:8.3f} %  of {score.asked[action]}", file=sys.stderr)
        for cell, (holds, of, why) in sorted(below.items()):
            print(f"   {cell}: {holds} of {of} — {why}{'' if cell in unlisted else f' (listed: {listed[cell]})'}", file=sys.stderr)
        bad = sum(share < LEAST for share in shares.values()) + len(unlisted)
        return bad, {"options": name, "shares": shares, "asked": score.asked, "below": below}

    results = side_by_side(scored, given.options or [""])
    if given.json:
        print(json.dumps([result for _, result in results]))
    return 1 if any(bad for bad, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
