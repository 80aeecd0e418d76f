"""
The header's own values in every text attribute of PS3.6 that has no row in PS3.15 Table E.1-1 (finding 3): name, number, accession number, physician; at
the top and in a sequence. And what must stay there: words that identify nobody.
"""
import random
from pathlib import Path
from pydicom.datadict import DicomDictionary
from attack_case import Case, Plant, header, in_text, made_person, place
from table import MARKERS, rows

TEXTS = {"SH": 16, "LO": 64, "CS": 16, "ST": 900, "LT": 900, "UT": 900, "UC": 900, "PN": 64, "AE": 16, "UR": 900}
A_CASE = 24
# What an instance is read and found by, and what a reader takes for numbers of a syntax.
APART = {0x00080005, 0x00080008, 0x00080016, 0x00080018, 0x00080060, 0x00280004, 0x00280301, 0x0020000D, 0x0020000E, 0x00280008, 0x00280006, 0x0040A730, 0x00420010, 0x00420012}
# Words that a scanner writes, by what fits.
PLAIN = {"CS": ["AXIAL", "STANDARD", "MIXED", "LEFT", "YES", "HEAD_FIRST"], "SH": ["knee", "axial 3mm", "B30f", "LAT"], "LO": ["T2 FLAIR axial", "left knee lateral", "soft tissue kernel", "head first supine"], "UR": ["urn:oid:1.2.840.10008.2.16.4"], "AE": ["STORESCP"], "PN": ["Phantom"]}
KINDS = ("family", "id", "full", "accession", "physician")


def attributes(standards: Path) -> list:
    """Tag, VR, keyword of every text attribute that the table leaves."""
    listed = {row.id for row in rows(standards)}
    found = []
    for tag, (vr, _, _, _, keyword) in sorted(DicomDictionary.items()):
        vr = vr.split(" or ")[0]
        inside = f"{tag:08x}" in listed or tag in MARKERS or tag in APART or tag >> 16 in (0x0000, 0x0002, 0x0004, 0xFFFA, 0x0400)
        if vr in TEXTS and not inside:
            found.append((tag, vr, keyword))
    return found


def planted_value(kind: str, vr: str, person: dict) -> str:
    short = vr in ("SH", "CS", "AE")
    said = {"family": person["family"] if short else f"study of {person['family']}", "id": person["id"], "full": person["given"] if short else f"{person['given']} {person['family']} knee", "accession": person["accession"], "physician": person["physician"] if short else f"for {person['physician']}"}[kind]
    if vr == "UR":
        return f"https://a.example/{person['family']}"
    return (said.upper() if vr == "CS" else said)[:TEXTS[vr]]


def cases(standards: Path) -> list:
    made, found = [], attributes(standards)
    for kind in KINDS:
        for start in range(0, len(found), A_CASE):
            person = made_person(f"everywhere {kind} {start}")
            top = header(person)
            nested = KINDS.index(kind) % 2 == 1
            plants, held = [], []
            for tag, vr, keyword in found[start:start + A_CASE]:
                path = (0x00081140, 0, tag) if nested else (tag,)
                token = {"family": "family", "id": "id", "full": "given", "accession": "accession", "physician": "physician"}[kind] if vr != "UR" else "family"
                # A path whose text is cut off would hide nothing.
                place(top, path, vr, planted_value(kind, vr, person))
                plant = in_text(path, person[token])
                plants.append(Plant(f"{keyword} {vr} {kind}", named(plant.leaks, keyword)))
            made.append(Case(f"{kind} in {found[start][2]} …", "H3", "High", top, person, plants))
    return [*made, *own_uids(), *kept_words(found)]


def named(leaks, keyword: str):
    def why(output):
        left = leaks(output)
        return f"{keyword}: {left}" if left else None
    return why


def own_uids() -> list:
    """The instance's own UIDs as text: a number that names it at its hospital."""
    made = []
    for keyword, tag, vr in (("ContentDescription", 0x00700081, "LO"), ("SegmentLabel", 0x00620005, "LO"), ("TrackingID", 0x00620020, "UT"), ("SegmentDescription", 0x00620006, "ST"), ("UniversalEntityID", 0x00400032, "UT"), ("RetrieveURL", 0x00081190, "UR")):
        person = made_person(f"uid {keyword}")
        top = header(person)
        value = str(top.StudyInstanceUID)
        place(top, (tag,), vr, f"https://a.example/studies/{value}" if vr == "UR" else value)
        made.append(Case(f"original UID in {keyword}", "H3", "High", top, person, [in_text((tag,), value, True)]))
    return made


def kept_words(found: list) -> list:
    """Harmless words of the kinds that devices write, in attributes of codes and short labels: they stay as they are."""
    made, rng = [], random.Random("kept words")
    # Where free words could name somebody, a policy may take them away; codes and numbers it may not.
    codes = [(tag, vr, keyword) for tag, vr, keyword in found if vr == "CS" and not keyword.endswith("AssigningAuthority")]
    for start in range(0, len(codes), A_CASE):
        person = made_person(f"kept {start}")
        top = header(person)
        stays = []
        for tag, vr, keyword in codes[start:start + A_CASE]:
            value = rng.choice(PLAIN["CS"])
            place(top, (tag,), vr, value)
            stays.append(stays_as(tag, value, keyword))
        made.append(Case(f"words in {codes[start][2]} …", "codes", "Harmless", top, person, [], stays))
    return made


def stays_as(tag: int, value: str, keyword: str):
    def why(output):
        after = output.at((tag,))
        return None if after == value else f"{keyword}: {value!r} became {after!r}"
    return why
