"""
Instances with an identity in every place where a value can stand. Each plant is noted with where it is and what must become of it; nothing is
judged here.
"""
import random
from dataclasses import dataclass, field
from pathlib import Path
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from identities import CHARSETS, Description, Identity

CT, IMPLICIT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
LENGTHS = {"SH": 16, "LO": 64, "ST": 900, "LT": 2000, "UT": 3000, "UC": 400, "PN": 64}
# Kept by the profile: what stands inside is reached.
CONTAINER = 0x52009229
# What cannot stand beside the others: reason.
APART = {
    "00420011": "an encapsulated document is quarantined as a whole", "00080018": "the instance's own, planted as its identity", "0020000d": "the instance's own",
    "0020000e": "the instance's own", "00020003": "the instance's own", "00041511": "stands in a DICOMDIR only", "ggggeeee-where-gggg-is-odd": "planted in blocks of its own",
    "fffcfffc": "once, at the end of the file", "00100010": "the patient's own", "00100020": "the patient's own",
}


@dataclass
class Plant:
    row: str
    tag: int
    vr: str
    value: object
    # What no byte of the output may hold; None where the value is too short to be told from chance.
    token: str | None
    # Whether the row itself, or what stands in a sequence, in a private block, in an unknown attribute.
    place: str = "row"
    depth: int = 0
    description: object = None


@dataclass
class Planted:
    path: Path
    identity: Identity
    charset: str
    codec: str
    uids: tuple
    pixels: bytes
    # Family and given name as the header has them.
    person: tuple = ("", "")
    plants: list = field(default_factory=list)


def value_of(vr: str, tag: int, identity: Identity):
    """A value as people write it and the token in it."""
    rng = identity.rng
    if vr == "PN":
        token = identity.token()
        return f"{token}^{identity.given}", token
    if vr in ("SH", "LO", "ST", "LT", "UT", "UC"):
        token = identity.token()
        return identity.sentence(token, LENGTHS[vr]), token
    if vr in ("CS", "AE"):
        token = identity.token(upper=True)
        return token, token
    if vr == "DA":
        return identity.date(), None
    if vr == "DT":
        return identity.date() + identity.time(), None
    if vr == "TM":
        return identity.time(), None
    if vr == "UI":
        uid = identity.uid()
        return uid, uid
    if vr == "UR":
        token = identity.token()
        return f"https://clinic.example/{token}", token
    if vr == "AS":
        return f"{rng.randrange(91, 104):03d}Y", None
    if vr == "IS":
        return str(rng.randrange(10**8, 10**9)), None
    if vr == "DS":
        return f"{rng.randrange(10**4, 10**6)}.{rng.randrange(10**3)}", None
    if vr in ("US", "SS"):
        return rng.randrange(1000, 30000), None
    if vr in ("UL", "SL", "AT"):
        return rng.randrange(10**6, 10**9), None
    if vr in ("FL", "FD"):
        return float(rng.randrange(10**6)) / 8, None
    token = identity.token()
    data = f"{token}, {identity.given} {identity.patient_id} ".encode()
    return data + b" " * (len(data) % 2), token


def offset_from_utc(rng: random.Random) -> str:
    """Timezone Offset From UTC (PS3.3 C.12.1.1.8)."""
    return f"{rng.choice('+-')}{rng.randrange(12):02d}{rng.choice(('00', '30'))}"


def plant_described(planted: Planted, row: str, tag: int, vr: str, place: str, depth: int) -> Plant:
    """Text that a description's option keeps once it is cleaned."""
    token = planted.identity.token()
    said = planted.identity.description(LENGTHS[vr], planted.person, token)
    return Plant(row, tag, vr, said.value, token if token in said.value else None, place, depth, said)


def plant_rows(item: Dataset, table: list, planted: Planted, depth: int, names: bool) -> None:
    for row in table:
        if row.id in APART:
            continue
        if row.vr == "SQ":
            inner = Dataset()
            for tag, vr in ((0x00081155, "UI"), (0x0040A123, "PN"), (0x0040A160, "UT"), (0x00080104, "LO")):
                described = plant_described(planted, row.id, tag, vr, "in-sequence", depth) if vr in ("UT", "LO") else None
                plant = described or Plant(row.id, tag, vr, *value_of(vr, tag, planted.identity), "in-sequence", depth)
                inner.add(DataElement(tag, vr, plant.value, already_converted=False))
                planted.plants.append(plant)
            item.add(DataElement(row.tag, "SQ", Sequence([inner])))
            planted.plants.append(Plant(row.id, row.tag, "SQ", None, None, "row", depth))
            continue
        if row.is_cleaned_text:
            plant = plant_described(planted, row.id, row.tag, row.vr, "row", depth)
            item.add(DataElement(row.tag, row.vr, plant.value))
            planted.plants.append(plant)
            continue
        value, token = value_of(row.vr, row.tag, planted.identity)
        if row.tag == 0x00100021:
            value, token = planted.identity.issuer, planted.identity.issuer.split()[0]
        if row.tag == 0x00080201:
            value, token = offset_from_utc(planted.identity.rng), None
        if names and row.vr == "PN":
            value, token = CHARSETS[planted.charset][0], CHARSETS[planted.charset][0].split("^")[0]
        item.add(DataElement(row.tag, row.vr, value))
        planted.plants.append(Plant(row.id, row.tag, row.vr, value, token, "row", depth))


def plant_others(item: Dataset, planted: Planted, depth: int, harmless: list) -> None:
    rng, identity = planted.identity.rng, planted.identity
    for group in (0x0009, 0x0019, 0x0029, 0x0071, 0x3009, 0x7FE1):
        item.add(DataElement((group << 16) + 0x10, "LO", rng.choice(["SIEMENS CSA HEADER", "GEMS_PATI_01", "ACME 1.1", "Philips Imaging DD 001"])))
        for element, vr in ((0x1001, "LO"), (0x1002, "UN"), (0x1003, "OB"), (0x1004, "PN"), (0x1005, "DA"), (0x1006, "UT")):
            value, token = value_of(vr, 0, identity)
            item.add(DataElement((group << 16) + element, vr, value))
            planted.plants.append(Plant("private", (group << 16) + element, vr, value, token, "private", depth))
    for tag, vr in ((0x00110011, "LO"), (0x001800FE, "LO"), (0x00200FFE, "UN"), (0x0032FFFE, "UT"), (0x0040FFF0, "OB")):
        value, token = value_of(vr, tag, identity)
        item.add(DataElement(tag, vr, value))
        planted.plants.append(Plant("unknown", tag, vr, value, token, "unknown", depth))
    for tag, vr in rng.sample(harmless, 40):
        if tag in item or tag >> 16 in (0x0028, 0x0002):
            continue
        value = harmless_value(vr, rng)
        item.add(DataElement(tag, vr, value))
        planted.plants.append(Plant("harmless", tag, vr, value, None, "harmless", depth))


def harmless_value(vr: str, rng: random.Random):
    if vr == "CS":
        return rng.choice(["AXIAL", "YES", "NO", "LEFT", "STANDARD_A", "MIXED"])
    if vr == "DS":
        return f"{rng.randrange(1, 999)}.{rng.randrange(10)}"
    if vr == "IS":
        return str(rng.randrange(1, 9999))
    return rng.randrange(1, 30000) if vr not in ("FL", "FD") else rng.randrange(1, 9999) / 4


def report_tree(planted: Planted, depth: int) -> Dataset:
    """Content items of every value type that holds text (PS3.3 C.17.3), `depth` deep."""
    item = Dataset()
    for kind, tag, vr in (("TEXT", 0x0040A160, "UT"), ("PNAME", 0x0040A123, "PN"), ("DATE", 0x0040A121, "DA"), ("DATETIME", 0x0040A120, "DT"), ("UIDREF", 0x0040A124, "UI")):
        described = plant_described(planted, "0040a730", tag, vr, "report", depth) if vr == "UT" else None
        plant = described or Plant("0040a730", tag, vr, *value_of(vr, tag, planted.identity), "report", depth)
        content = Dataset()
        content.RelationshipType, content.ValueType = "CONTAINS", kind
        content.add(DataElement(tag, vr, plant.value))
        planted.plants.append(plant)
        item.ContentSequence = Sequence([*(item.get("ContentSequence") or []), content])
    if depth > 0:
        inner = report_tree(planted, depth - 1)
        inner.RelationshipType, inner.ValueType = "CONTAINS", "CONTAINER"
        item.ContentSequence.append(inner)
    return item


def write_instance(folder: Path, number: int, table: list, harmless: list, identity: Identity, study: str) -> Planted:
    rng = identity.rng
    charset = list(CHARSETS)[number % len(CHARSETS)]
    names = CHARSETS[charset]
    series, sop = identity.uid(), identity.uid()
    pixels = bytes(rng.randrange(256) for _ in range(128))
    planted = Planted(folder / f"{number:05d}.dcm", identity, charset, names[1], (study, series, sop), pixels)
    planted.person = tuple(names[0].split("=")[0].split("^")[:2]) if number % 3 == 0 else (identity.family, identity.given)
    if len(planted.person) < 2:
        planted.person = (identity.family, identity.given)
    top = Dataset()
    top.SpecificCharacterSet = charset.split("\\") if not charset.startswith("ISO 2022") else ["", charset]
    # Depth 0 to 12: the rows at the top, or in the innermost of so many sequences.
    depth = (number // 2) % 13
    item = top
    for _ in range(depth):
        inner = Dataset()
        item.add(DataElement(CONTAINER, "SQ", Sequence([inner])))
        item = inner
    plant_rows(item, [row for row in table if row.tag is not None and not (row.id == "0040a730")], planted, depth, number % 3 == 0)
    plant_others(item, planted, depth, harmless)
    top.ContentSequence = report_tree(planted, 11).ContentSequence
    top.SOPClassUID, top.SOPInstanceUID, top.StudyInstanceUID, top.SeriesInstanceUID = CT, sop, study, series
    top.PatientName, top.PatientID = names[0] if number % 3 == 0 else f"{identity.family}^{identity.given}", identity.patient_id
    planted.plants.append(Plant("00100010", 0x00100010, "PN", None, planted.person[0], "name", 0))
    top.IssuerOfPatientID = identity.issuer
    top.Modality, top.Rows, top.Columns, top.BitsAllocated, top.BitsStored, top.HighBit = "CT", 8, 8, 16, 12, 11
    top.PixelRepresentation, top.SamplesPerPixel, top.PhotometricInterpretation, top.PixelData = 0, 1, "MONOCHROME2", pixels
    top["PixelData"].VR = "OW"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = CT, sop, IMPLICIT if number % 4 == 3 else EXPLICIT
    meta.ImplementationClassUID, meta.SourceApplicationEntityTitle = "1.2.3.4", identity.token(upper=True)
    preamble = f"{identity.family} {identity.patient_id}".encode()[:128].ljust(128, b"\0")
    dataset = FileDataset(str(planted.path), top, file_meta=meta, preamble=preamble)
    dataset.is_little_endian, dataset.is_implicit_VR = True, number % 4 == 3
    dataset.save_as(str(planted.path), write_like_original=False)
    with planted.path.open("ab") as file:
        # Data Set Trailing Padding (FFFC,FFFC).
        token = identity.token().encode()
        file.write(b"\xfc\xff\xfc\xff" + (b"OB\0\0" if number % 4 != 3 else b"") + (len(token) + len(token) % 2).to_bytes(4, "little") + token + b" " * (len(token) % 2))
        planted.plants.append(Plant("padding", 0xFFFCFFFC, "OB", token, token.decode(), "unknown", 0))
    return planted
