"""
One attack: an instance with a patient of its own, what was planted in it, and how an output is searched for it. Knows the standard and nothing of
the product. An instance is found again by its Instance Number (0020,0013), which no option set touches.
"""
import random
import re
import unicodedata
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable
import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import UID_dictionary

CT, SC = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7"
IMPLICIT, EXPLICIT, DEFLATED, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
# Newer than this pydicom.
UID_dictionary.setdefault("1.2.840.10008.1.2.4.201", ("HTJ2K Lossless", "Transfer Syntax", "", "", "HTJ2KLossless"))
# Set by the command line, so that another run may plant other values.
SEED = ["relaypacs"]
ONSETS, NUCLEI, CODAS = "Br Cr Dr F Gl H Kl L M N Pr Qu R Str T V W Z".split(), "a e i o u ea oi".split(), "b ck d lf m nd p rx sk th v x".split()


def fold(text: str) -> str:
    """What is left of a text when its case, accents, spacing, signs and format characters are taken away."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def made_name(rng: random.Random) -> str:
    """A name of two syllables that no dictionary has."""
    return rng.choice(ONSETS) + rng.choice(NUCLEI) + rng.choice(CODAS) + rng.choice(("ow", "en", "u", "i")) + rng.choice(ONSETS).lower() + rng.choice(NUCLEI) + rng.choice(CODAS)


def made_person(of: str) -> dict:
    """The values that identify in a header; the same for the same words and SEED."""
    rng = random.Random(f"{SEED[0]} {of}")
    digits = lambda count: str(rng.randrange(10 ** (count - 1), 10 ** count))  # noqa: E731
    number = digits(8)
    return {
        "family": made_name(rng), "given": made_name(rng), "middle": made_name(rng), "physician": made_name(rng), "operator": made_name(rng), "unknown": made_name(rng),
        "unknown2": made_name(rng), "number": number, "id": f"KX{number}", "other": f"OP{digits(7)}", "accession": f"AC{digits(9)}", "studyid": f"ST{digits(6)}",
        "birth": f"19{rng.randrange(32, 69)}{rng.randrange(1, 13):02d}{rng.randrange(13, 29)}", "serial": f"SN{digits(7)}", "station": f"WS{digits(4)}{made_name(rng).upper()}"[:16],
        "place": made_name(rng), "street": made_name(rng), "phone": f"555-01{digits(2)}",
    }


@dataclass
class Output:
    """What came out of one instance."""
    raw: bytes
    dataset: Dataset
    texts: list = field(default_factory=list)

    def at(self, path: tuple) -> str:
        """The text of the element at a path of tags and item numbers; empty where there is none."""
        here = self.dataset
        for step in path:
            if isinstance(step, int) and not isinstance(step, pydicom.tag.BaseTag) and step < 1000:
                if not isinstance(here, Sequence) or len(here) <= step:
                    return ""
                here = here[step]
            else:
                tag = Tag(step)
                if not isinstance(here, Dataset) or tag not in here:
                    return ""
                here = here[tag].value
        return text_of(here)


def text_of(value) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip("\0 ")
    if isinstance(value, (list, MultiValue)):
        return "\\".join(text_of(each) for each in value)
    return str(value)


def read_output(path: Path) -> Output:
    raw = path.read_bytes()
    dataset = pydicom.dcmread(str(path), force=True)
    if dataset.file_meta.TransferSyntaxUID == DEFLATED:
        raw += zlib.decompress(raw[132 + 12 + dataset.file_meta.FileMetaInformationGroupLength:], -15)
    texts = []

    def walk(item: Dataset) -> None:
        for tag in sorted(item.keys()):
            if tag >> 16 == 0xFFFE:
                continue  # not read by pydicom 2
            element = item[tag]
            if element.VR == "SQ":
                for inner in element.value:
                    walk(inner)
            elif element.VR not in ("OW", "OF", "OD", "OL", "OV") and not (element.VR == "OB" and element.tag == 0x7FE00010):
                texts.append(text_of(element.value))

    walk(dataset)
    walk(dataset.file_meta)
    return Output(raw, dataset, texts)


@dataclass
class Plant:
    """`leaks(output)`: what of it is still there, in words; None where it is gone."""
    what: str
    leaks: Callable[[Output], str | None]
    # The option by which a policy may keep it.
    retained_by: str | None = None
    # The option without which nothing promises that it goes.
    only_with: str | None = None


def in_text(path: tuple, gone: str, literal: bool = False) -> Plant:
    """`gone` may not be left in the element at the path: folded, or letter by letter."""
    def leaks(output: Output):
        after = output.at(path)
        left = (gone in after) if literal else (fold(gone) in fold(after))
        return f"{gone!r} left in {after[:90]!r}" if left else None
    return Plant(gone, leaks)


def anywhere(token: str) -> Plant:
    """`token`, five letters or more, may stand in no text and in no byte of the file: as it is, in UTF-8, Latin-1, UTF-16, or folded in a text."""
    forms = {form for codec in ("utf-8", "latin-1", "utf-16-le", "utf-16-be") for form in [token.encode(codec, "ignore")] if len(form) >= 4}

    def leaks(output: Output):
        for text in output.texts:
            if fold(token) in fold(text):
                return f"{token!r} left in {text[:90]!r}"
        low = output.raw.lower()
        return f"{token!r} left in the bytes" if any(form.lower() in low for form in forms) else None
    return Plant(token, leaks)


@dataclass
class Case:
    name: str
    finding: str
    severity: str
    dataset: Dataset
    person: dict
    plants: list = field(default_factory=list)
    # Path and what has to be left there, or a check that says what is wrong.
    stays: list = field(default_factory=list)
    syntax: str = EXPLICIT
    preamble: bytes = bytes(128)
    after: bytes = b""
    # For what pydicom would not write: the bytes of the file, of which the Instance Number is known.
    patch: Callable[[bytes], bytes] | None = None


def header(person: dict, sop_class: str = CT) -> Dataset:
    """A small CT of this person, with everything that commonly identifies."""
    top = Dataset()
    uid = lambda of: f"1.3.6.1.4.1.99999.{zlib.crc32((person['id'] + of).encode())}.{person['number']}"  # noqa: E731
    top.SpecificCharacterSet = "ISO_IR 192"
    top.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    top.SOPClassUID, top.SOPInstanceUID, top.StudyInstanceUID, top.SeriesInstanceUID = sop_class, uid("i"), uid("s"), uid("e")
    top.FrameOfReferenceUID = uid("f")
    top.StudyDate = top.SeriesDate = top.AcquisitionDate = top.ContentDate = "20240319"
    top.StudyTime = top.ContentTime = "101112"
    top.Modality, top.Manufacturer, top.BurnedInAnnotation = "CT", "ACME", "NO"
    top.PatientName = f"{person['family']}^{person['given']}^{person['middle']}"
    top.PatientID, top.PatientBirthDate, top.PatientSex, top.PatientAge = person["id"], person["birth"], "F", "060Y"
    top.OtherPatientIDs, top.AccessionNumber, top.StudyID = person["other"], person["accession"], person["studyid"]
    top.ReferringPhysicianName, top.OperatorsName = f"{person['physician']}^Ada", f"{person['operator']}^Bo"
    top.InstitutionName, top.StationName, top.DeviceSerialNumber = f"{person['place']} Infirmary", person["station"], person["serial"]
    top.InstitutionAddress = f"7 {person['street']} Road"
    top.PatientTelephoneNumbers = person["phone"]
    top.SeriesNumber = 3
    top.Rows, top.Columns, top.BitsAllocated, top.BitsStored, top.HighBit = 8, 8, 16, 12, 11
    top.PixelRepresentation, top.SamplesPerPixel, top.PhotometricInterpretation = 0, 1, "MONOCHROME2"
    top.PixelData = bytes(value for at in range(64) for value in (at * 3 % 256, at % 16))
    top["PixelData"].VR = "OW"
    return top


def place(top: Dataset, path: tuple, vr: str, value) -> None:
    """Puts a value at a path of tags; an item number is made where it is missing."""
    here = top
    for step in path[:-1]:
        if isinstance(step, int) and step < 1000:
            continue
        if step not in here:
            here.add(DataElement(step, "SQ", Sequence([Dataset()])))
        here = here[step].value[0]
    here.add(DataElement(path[-1], vr, value))


def write_case(case: Case, number: int, folder: Path) -> Path:
    top, path = case.dataset, folder / f"{number:05d}"
    top.InstanceNumber = number
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = top.SOPClassUID, top.SOPInstanceUID
    meta.TransferSyntaxUID, meta.ImplementationClassUID = case.syntax, "1.2.3.4"
    file = FileDataset(str(path), top, file_meta=meta, preamble=case.preamble)
    file.is_little_endian, file.is_implicit_VR = case.syntax != BIG, case.syntax == IMPLICIT
    file.save_as(str(path), write_like_original=False)
    content = path.read_bytes() + case.after
    path.write_bytes(case.patch(content) if case.patch else content)
    return path


def filled(text: str, person: dict) -> str:
    """The text with the person's values for {family}, {id} …; {FAMILY} in capitals, {family:3} its first three letters."""
    def value(match: re.Match) -> str:
        key, cut = match.group(1), match.group(2)
        said = person[key.lower()]
        said = said.upper() if key.isupper() else said
        return said[:int(cut)] if cut else said
    return re.sub(r"\{([A-Za-z]+2?)(?::(\d+))?\}", value, text)
