"""
Where identities are left last: names behind cues that a title, an initial, capitals or small letters follow; relatives before a verb; signatures; years of
birth; halves of numbers; insurance numbers with a wrong key; inflected names; text in codes, numbers, bytes and values that no reader keeps; attributes
that name by definition; and attributes whose condition is gone. In a text {small} is {unknown} in small letters.
"""
import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from attack_case import Case, Plant, anywhere, filled, header, in_text, made_person, place
from attack_language import NATIVE
from attack_structure import coded
from attack_text import text_case

# A role, and a title behind it, by language.
ROLES = {
    "en": [("Radiologist", "Dr"), ("referring physician", "Prof. Dr."), ("Operator", "Mr"), ("Seen by", "Mrs.")], "de": [("Überweiser", "Dr. med."), ("befundet von", "Fr. Dr."), ("Arzt", "Prof.")],
    "fr": [("Médecin", "Dr"), ("adressé par", "Pr"), ("Radiologue", "Mme")], "es": [("Médico", "Dra."), ("informado por", "Dr."), ("Radiólogo", "Sr.")], "it": [("Medico", "Dott.ssa"), ("refertato da", "Prof."), ("Tecnico", "Sig.ra")],
    "pt": [("Médico", "Dr."), ("laudado por", "Dra."), ("Técnico", "Sr.")], "nl": [("Arts", "drs."), ("beoordeeld door", "Dr."), ("Laborant", "mevr.")], "pl": [("Lekarz", "dr n. med."), ("opisane przez", "lek."), ("Technik", "mgr")], "tr": [("Hekim", "Uzm. Dr."), ("Radyolog", "Prof. Dr.")],
}
FORMS = ["{role}: {title} {unknown}", "{role}: {title} X. {unknown}", "{role}: {title} X {unknown}", "{role} {title} X. Y. {unknown}", "{role}: {unknown}", "{role}: X {unknown}"]
CASES = {"as written": str, "in capitals": str.upper, "in small letters": str.lower}
ALONE = ["dr. {small}", "seen by dr {small}", "mrs. {small} came", "MR X {UNKNOWN}", "MR {UNKNOWN} COMPLAINS OF PAIN", "reported by {small}", "Dr. Dr. h.c. X. {unknown}", "PD Dr. med. habil. X. {unknown}", "лечащий врач: д-р крутояров", "mother: mrs {small}"]
RELATIVES = ["mother {unknown} reports a fall", "mother {unknown2} {unknown} called", "his wife {small} called", "father, {unknown2} {unknown}, was present", "daughter {unknown} says he fell", "husband ({unknown}) brings the CD", "Tochter {unknown} ruft an", "Ehefrau {unknown2} {unknown} berichtet", "mère {unknown} signale une chute", "fils {unknown} appelle", "madre {unknown} refiere dolor", "hijo {unknown} llamó", "moglie {unknown} riferisce", "figlia {unknown} chiede", "mãe {unknown} relata dor", "moeder {unknown} belt", "zoon {unknown} vraagt", "matka {unknown} zgłasza ból", "córka {unknown} dzwoniła", "мать Крутоярова сообщает", "annesi {unknown} aradı", "carer {unknown} confirmed", "grandson {unknown} translates"]
SIGNATURES = ["-- {unknown}, MD", "-- {unknown2} {unknown} MD", "-- x {small} md", "-- X {UNKNOWN} MD", "no fracture -- {unknown}, DO", "-- {unknown} (MD)", "-- {unknown} RT(R)", "--{unknown}, PA-C", "-- {unknown2} {unknown}, MBBS, FRCR", "--{unknown}, Facharzt", "-- Dr. {unknown}, radiologist", "-- {small}, rn", "--- {unknown}, NP", "-- X. {unknown}, Arzt", "-- {unknown} MTRA"]
BIRTHS = ["born {year} knee", "patient born in {year}", "b. {year}", "YOB: {year}", "DOB {year}", "year of birth {year}", "born '{yy}", "geb. {year}", "geboren {year}", "Jahrgang {year}", "Geburtsjahr: {year}", "*{year}", "né en {year}", "née en {year}", "année de naissance : {year}", "nacido en {year}", "año de nacimiento {year}", "nato nel {year}", "anno di nascita: {year}", "nascida em {year}", "geboortejaar {year}", "ur. {year}", "rok urodzenia {year}", "родился в {year}", "{year} г.р.", "год рождения {year}", "doğum yılı {year}", "{year} doğumlu", "مواليد {year}", "{year}年生まれ"]
HALVES = ["ref {h} {h}", "ref {h}/{h} knee", "ref {h}-{h}", "ref {h}{h} knee", "ref {h}.{h}", "ref {h}, {h}"]
NIRS = ["2 55 08 14 168 025", "2 55 08 14 168 025 3", "2 55 08 14 168 025 99", "2 55 08 2A 168 025 99", "2-55-08-14-168-025-9", "2.55.08.14.168.025.99", "2 5508 14168 025 99", "2 55 08 14168025 99", "2 55 08 14 168 025 / 38", "2 55 08 14 168 025 clé 38", "2 55 08 14 168 025 (38)", "1 85 12 97 105 123 7", "255 08 14 168 025 99"]
# Family names and their inflected forms.
INFLECTED = {
    "Król": "Króla Królowi Królem Królowej", "Nowak": "Nowakowie Nowakówna", "Bąk": "Bąkowi Bąkiem", "Novotný": "Novotného Novotnými", "Dvořák": "Dvořákovými Dvořákových", "Němec": "Němcové Němcovou", "Müller": "Müllersche Müllersches", "Becker": "Beckersche Beckerschen", "Bach": "Bachsche Bachschen",
    "Virtanen": "Virtasellekin Virtasten Virtasilla Virtasensa", "Korhonen": "Korhosellekaan Korhosilla", "Laine": "Laineellekin Laineista", "Lehto": "Lehdon Lehdolle", "Niemi": "Niemessäkin", "Szabó": "Szabóéknál Szabóné Szabónénak", "Kovács": "Kováccsal Kovácsné", "Tóth": "Tóthnak Tóthné", "Demir": "Demirden Demirlerin", "Yılmaz": "Yılmazdan Yılmazların", "Kazlauskas": "Kazlauskui Kazlausko",
    "Saar": "Saarele Saarega", "Horvat": "Horvatovih Horvatovima", "Petrov": "Petrovových", "Jensen": "Jensenernes", "Popescu": "Popescului", "Agirre": "Agirrerekin",
}
# Sites and people by definition: hanging protocols, issuers, streams, worklists, media.
NAMING = [
    (0x00720008, "LO"), (0x00720010, "LO"), (0x00720002, "SH"), (0x0072006F, "UC"), (0x0072006A, "PN"), (0x00720071, "UR"), (0x00400031, "UT"), (0x00400032, "UT"), (0x00741202, "LO"), (0x22000004, "LT"), (0x00340002, "OB"), (0x00340005, "OB"), (0x00181803, "LO"),
    (0x00081195, "UI"), (0x21000070, "AE"), (0x21000140, "AE"), (0x00080054, "AE"), (0x00741234, "AE"), (0x00080055, "AE"),
]
# Text attributes that no table takes away, where a name stands behind a cue.
SHORT_TEXTS = [(0x00281054, "LO"), (0x00281055, "LO"), (0x00181160, "SH"), (0x00540018, "SH"), (0x00620009, "LO"), (0x0040A492, "LO"), (0x00082120, "SH"), (0x00283003, "LO"), (0x00080108, "LT"), (0x00660032, "LT")]
# Sequence and attribute of numbers or bytes, with the VRs in which they are written.
BINARY = [((0x00283000, 0, 0x00283006), ("OW", "US")), ((0x00283010, 0, 0x00283006), ("OW", "US")), ((0x00281201,), ("OW",)), ((0x54000100, 0, 0x54001010), ("OB", "OW")), ((0x56000020,), ("OF",)), ((0x00720069,), ("OW",)), ((0x00603000, 0, 0x00603020), ("UL",)), ((0x00160062,), ("OB", "UN")), ((0x00660023,), ("OW",))]
LONG_TEXTS = [(0x00204000, "LT"), (0x0040A160, "UT"), (0x00281055, "UT"), (0x00660032, "LT"), (0x00080119, "UC"), (0x00080120, "UR"), (0x00080080, "UT"), (0x00181000, "UT"), (0x00321060, "UT"), (0x00104000, "UN"), (0x00281055, "UN")]


def spoken(finding: str, texts: list) -> list:
    made = []
    for at, text in enumerate(texts):
        person = made_person(f"{finding} {at}")
        person["small"] = person["unknown"].lower()
        gone = [word for word in ("Крутояров",) if word.lower() in text.lower()] or ["{unknown}"]
        made.append(text_case("corner", at, finding, "Medium", text, gone, person))
    return made


def chains() -> list:
    """The native names of the language, in every case, behind its roles and titles."""
    made = []
    for language, pairs in ROLES.items():
        for nth, (role, title) in enumerate(pairs):
            for at, form in enumerate(FORMS):
                for case, change in CASES.items():
                    family = NATIVE[language][(nth + at) % len(NATIVE[language])][0].split()[-1]
                    said = change(form.format(role=role, title=title, unknown=family))
                    made.append(text_case(f"{language} {case}", at, "M13", "Medium", said, [change(family)]))
    return made


def numbers() -> list:
    made = []
    for at, text in enumerate(BIRTHS):
        person = made_person(f"M16 {at}")
        year = person["birth"][:4]
        said = text.format(year=year, yy=year[2:])
        made.append(text_case("birth", at, "M16", "Medium", said, [f"={year if year in said else year[2:]}"], person))
    for kind, half in (("CT4477316942", "316942"), ("47836194", "6194"), ("AC723456719", "6719")):
        for at, text in enumerate(HALVES):
            person = {**made_person(f"M17 {kind} {at}"), "accession": kind}
            made.append(text_case("half", at, "M17", "Medium", text.format(h=half), [f"={half}"], person))
    made += [text_case("NIR", at, "M18", "Medium", f"{said} noted", [f"={said.split()[-1] if len(said.split()[-1]) > 3 else said[-8:]}", f"={said[:10]}"]) for at, said in enumerate(NIRS)]
    for family, forms in INFLECTED.items():
        for at, form in enumerate(forms.split()):
            person = {**made_person(f"M19 {family} {at}"), "family": family, "given": "Xantippus", "middle": ""}
            made.append(text_case(family, at, "M19", "Medium", f"knee {form} axial", [form], person))
    return made


def meanings() -> list:
    made = []
    for at, (scheme, value, said) in enumerate((("SRT", "T-D1100", "Head, Dr. {unknown}"), ("DCM", "121181", "Name: {unknown}"), ("SCT", "69536005", "Head of Mrs. {unknown}"), ("UCUM", "mm", "{UNKNOWN}^{UNKNOWN2}"))):
        for name, path in (("procedure", (0x00081032,)), ("concept name", (0x0040A730, 0, 0x0040A043)), ("concept code", (0x0040A730, 0, 0x0040A168)), ("units", (0x004008EA,))):
            person = made_person(f"M20 {scheme} {name}")
            top = header(person)
            place(top, path, "SQ", Sequence([coded(scheme, value, filled(said, person))]))
            made.append(Case(f"{name} of {scheme}: {said}", "M20", "Medium", top, person, [anywhere(person["unknown"])]))
    for tag, vr in SHORT_TEXTS:
        for said in ("Dr. {unknown}", "{UNKNOWN}^{UNKNOWN2}") if vr != "SH" else ("Dr {unknown:10}",):
            for path in ((tag,), (0x0040A730, 0, tag)):
                person = made_person(f"M20 {tag:08x} {said}")
                top = header(person)
                value = filled(said, person)[:16] if vr == "SH" else filled(said, person)
                place(top, path, vr, value)
                token = person["unknown"][:10] if vr == "SH" else person["unknown"]
                made.append(Case(f"{pydicom.datadict.keyword_for_tag(tag)}: {said}", "M20", "Medium", top, person, [anywhere(token)]))
    return made


def put(top: Dataset, path: tuple, vr: str, raw: bytes) -> None:
    """Bytes as they are, in a VR of bytes that pydicom does not read: the VR is what the file says."""
    raw += b" " * (-len(raw) % 8)
    value = raw
    if vr in ("US", "UL"):
        width = 2 if vr == "US" else 4
        value = [int.from_bytes(raw[at:at + width], "little") for at in range(0, len(raw), width)]
    elif vr in ("UT", "LT", "UC", "UR"):
        value = raw.decode()
    place(top, path, vr, value)
    if path[-1] == 0x00283006:
        # By this pydicom tells the VR of LUT Data.
        place(top, (*path[:-1], 0x00283002), "US", [1 if vr == "US" else 256, 0, 16])


def bytes_of_values() -> list:
    made = []
    curve = bytes(at % 256 for at in range(300))
    for path, vrs in BINARY:
        for vr in vrs:
            for name, form in (("text", lambda p: f"{p['unknown']} came for the knee".encode()), ("UTF-16", lambda p: f"{p['family']} came for the knee".encode("utf-16-le")), ("between numbers", lambda p: curve + f"  {p['given']} {p['family']}  ".encode() + curve), ("a cue between numbers", lambda p: curve + f"  Dr. {p['unknown']}  ".encode() + curve), ("behind 70 kB", lambda p: curve * 240 + f"  {p['family']} {p['id']}  ".encode() + curve), ("70 kB of text", lambda p: f"knee of {p['unknown']}. ".encode() * 3500)):
                person = made_person(f"M21 {path} {vr} {name}")
                top = header(person)
                raw = form(person)
                put(top, path, vr, raw)
                plants = [anywhere(person[key]) for key in ("family", "unknown") if person[key].encode() in raw.replace(b"\0", b"")]
                made.append(Case(f"{name} in {pydicom.datadict.keyword_for_tag(path[-1])} {vr}", "M21", "Medium", top, person, plants))
    for tag, vr in LONG_TEXTS:
        person = made_person(f"M22 {tag:08x} {vr}")
        top = header(person)
        said = f"knee of {person['family']} and Dr. {person['unknown']}. " * 2000
        put(top, (0x0040A730, 0, tag) if tag == 0x0040A160 else (tag,), vr, said.encode())
        made.append(Case(f"70 kB of {pydicom.datadict.keyword_for_tag(tag)} {vr}", "M22", "Medium", top, person, [anywhere(person["family"]), anywhere(person["unknown"])]))
    # A name that only a long value says, and a text that repeats it.
    for tag, vr in ((0x00101001, "PN"), (0x00080080, "LO"), (0x00081070, "PN")):
        person = made_person(f"M22 source {tag:08x}")
        top = header(person)
        place(top, (tag,), vr, "\\".join([person["unknown"]] * 8000))
        top.WindowCenterWidthExplanation = f"of {person['unknown']}"
        made.append(Case(f"a name that 70 kB of {pydicom.datadict.keyword_for_tag(tag)} say", "M22", "Medium", top, person, [anywhere(person["unknown"])]))
    return made


def naming() -> list:
    made = []
    for tag, vr in NAMING:
        person = made_person(f"M23 {tag:08x}")
        top = header(person)
        said = {"AE": person["unknown"].upper()[:16], "UI": f"1.2.3.{person['number']}", "UR": f"https://{person['unknown']}.example", "OB": f"{person['unknown']} ".encode().ljust(16)}.get(vr, person["unknown"][:16])
        place(top, (tag,), vr, said)
        made.append(Case(f"{pydicom.datadict.keyword_for_tag(tag)} names by definition", "M23", "Medium", top, person, [anywhere(person["number"] if vr == "UI" else person["unknown"][:12])]))
    return made


def conditions() -> list:
    """Type 1C attributes (PS3.3 C.7.1.1, C.7.1.3): where what they stand there for has no value left, they may not be there."""
    made = []
    for name, (tag, vr, value), (other, other_vr, other_value) in (
        ("Responsible Person Role", (0x00102298, "CS", "OWNER"), (0x00102297, "PN", "{unknown}^Eve")),
        ("Ethics Committee Name", (0x00120081, "LO", "{unknown} committee"), (0x00120082, "LO", "EC {number}")),
    ):
        person = made_person(f"M24 {name}")
        top = header(person)
        place(top, (tag,), vr, filled(value, person))
        place(top, (other,), other_vr, filled(other_value, person))

        def leaks(output, tag=tag, other=other, own=filled(other_value, person)):
            return "left without what it stands there for" if tag in output.dataset and output.at((other,)) in ("", own) else None
        made.append(Case(name, "M24", "Medium", top, person, [Plant(name, leaks)]))
    return made


def cases() -> list:
    return [
        *chains(), *spoken("M13", ALONE), *spoken("M14", RELATIVES), *spoken("M15", SIGNATURES), *numbers(), *meanings(), *bytes_of_values(), *naming(), *conditions(),
    ]
