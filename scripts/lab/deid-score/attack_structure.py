"""
Attacks by structure: codes with local meanings, attributes that name by definition, private elements, pictures that do not say whether text is burned
in, content items, sequences and encodings of every kind, patients whose objects differ, objects that must stay valid.
"""
from pathlib import Path
import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from attack_case import BIG, DEFLATED, EXPLICIT, IMPLICIT, SC, Case, Plant, anywhere, filled, header, in_text, made_person, place

MEANING, CODE, SCHEME, LONG, URN = 0x00080104, 0x00080100, 0x00080102, 0x00080119, 0x00080120
# Sequences whose items are codes; the first of them stand in the review.
CODES = {
    "ProcedureCode": 0x00081032, "PerformedProtocolCode": 0x00400260, "RequestedProcedureCode": 0x00321064, "ConceptName": 0x0040A043, "ConceptCode": 0x0040A168, "AnatomicRegion": 0x00082218, "ContentItemModifier": 0x00400441, "ViewCode": 0x00540220,
    "PatientOrientationCode": 0x00540410, "RadionuclideCode": 0x00540300, "ContrastAgent": 0x00180012, "ContrastRoute": 0x00180014, "SegmentedPropertyType": 0x0062000F, "SegmentedPropertyCategory": 0x00620003, "PurposeOfReference": 0x0040A170, "ReasonForProcedureCode": 0x0040100A,
    "AcquisitionContextUnits": 0x004008EA, "DerivationCode": 0x00089215, "SpecimenType": 0x0040059A, "DeviceTypeCode": 0x3010002E, "SubstanceCode": 0x00440007, "IndicationType": 0x00142012, "InterventionDrugCode": 0x00180029, "PatientGantryRelationship": 0x00540414,
}
# Naming by definition, although the table has no row (finding 6): attribute, VR, value. What a person or place is called, how they are reached, a device's own
# number; in notes with a cue, since an option may clean them.
NAMING = [
    (0x00720008, "LO", "{unknown}"), (0x00720010, "LO", "{unknown} group"), (0x0074100C, "LO", "{unknown}"), (0x0074100A, "UR", "mailto:{unknown}@clinic.example"), (0x00181803, "LO", "{unknown}.example"), (0x30020020, "SH", "{unknown:12} 2"), (0x21000160, "SH", "{unknown}"),
    (0x00440011, "LO", "given by Dr. {unknown}"), (0x00189908, "UC", "sent by Dr. {unknown}"), (0x00102295, "LO", "{unknown} 4412"), (0x00080116, "ST", "{unknown} clinic"), (0x00400400, "LT", "Dr. {unknown} was late"), (0x00240044, "LT", "Mrs. {unknown} was tired"), (0x00741238, "LT", "cancelled by Dr. {unknown}"),
    (0x00440106, "UT", "asserted by Dr. {unknown}"), (0x30080202, "ST", "Dr. {unknown} stopped"), (0x300A0402, "ST", "by Dr. {unknown}"), (0x00142006, "PN", "{unknown}^Eve"), (0x00140104, "PN", "{unknown}^Eve"), (0x0040A067, "PN", "{unknown}^Eve"), (0x00140100, "LO", "{unknown}"),
    (0x0018991A, "UT", "Dr. {unknown} did it"), (0x00287007, "LO", "Dr. {unknown} complains"), (0x0028702A, "LO", "tested by Dr. {unknown}"), (0x01000424, "LT", "signed Dr. {unknown}"),
    (0x4010102A, "SH", "{unknown}"), (0x40101051, "LO", "{unknown}"), (0x4010101A, "SH", "{unknown}"), (0x40101058, "SH", "{unknown}"), (0x00081190, "UR", "https://{unknown}.example/wado"), (0x0040E010, "UR", "https://{unknown}.example/x"), (0x00404073, "UR", "https://{unknown}.example/s"), (0x00287FE0, "UR", "https://{unknown}.example/jpip"),
    (0x0040E001, "ST", "2.16.{unknown}"), (0x0040A992, "ST", "https://{unknown}.example"), (0x0008030E, "UT", "asked by Dr. {unknown}"),
    (0x00181003, "LO", "{unknown}"), (0x00181010, "LO", "{unknown}"), (0x00181011, "LO", "{unknown}"), (0x00440012, "LO", "{unknown}"), (0x21100030, "LO", "{unknown}"), (0x00287004, "SH", "{unknown}"), (0x00880130, "SH", "{unknown}"), (0x00660004, "LT", "by Dr. {unknown}"),
    (0x300600C8, "LO", "by Dr. {unknown}"), (0x30040006, "LO", "by Dr. {unknown}"), (0x00140046, "LT", "by Dr. {unknown}"), (0x00143099, "LT", "by Dr. {unknown}"), (0x00144006, "LT", "by Dr. {unknown}"), (0x0022112C, "LT", "by Dr. {unknown}"), (0x0040A33A, "ST", "by Dr. {unknown}"),
]
# What "safe" private elements may hold (PS3.15 Table E.3.10-1): group, creator, element, VR.
SAFE = [
    (0x0019, "GEMS_ACQU_01", 0x9E, "LO"), (0x01F1, "ELSCINT1", 0x01, "LO"), (0x0019, "SIEMENS MR HEADER", 0x0D, "CS"), (0x2001, "Philips Imaging DD 001", 0x04, "CS"), (0x0043, "GEMS_PARM_01", 0x27, "SH"), (0x7053, "Philips PET Private Group", 0x00, "DS"),
    (0x00E1, "ELSCINT1", 0x21, "DS"), (0x0019, "GEMS_ACQU_01", 0x23, "DS"), (0x0019, "GEMS_ACQU_01", 0x27, "DS"), (0x0025, "GEMS_SERS_01", 0x07, "SL"), (0x2001, "Philips Imaging DD 001", 0x03, "FL"), (0x2005, "Philips MR Imaging DD 001", 0x0D, "FL"), (0x01E1, "ELSCINT1", 0x26, "CS"), (0x01F1, "ELSCINT1", 0x26, "DS"), (0x0043, "GEMS_PARM_01", 0x39, "IS"),
]


def coded(scheme: str, value: str, meaning: str, extra: tuple = ()) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    for tag, vr, said in extra:
        item.add(DataElement(tag, vr, said))
    return item


def codes() -> list:
    made = []
    for name, tag in CODES.items():
        person = made_person(f"code {name}")
        top = header(person)
        top.add(DataElement(tag, "SQ", Sequence([coded("99LOCAL", "K1", f"knee of {person['given']} {person['family']}")])))
        made.append(Case(f"{name}: name in a local meaning", "M5", "Medium", top, person, [anywhere(person["family"]), anywhere(person["given"])]))
    said = {"physician": "asked by {physician}", "id": "{id} knee", "cued stranger": "knee, Dr. {unknown}", "upper": "{FAMILY} KNEE"}
    for name, text in said.items():
        person = made_person(f"meaning {name}")
        top = header(person)
        value = text.format(**person, FAMILY=person["family"].upper())
        top.ProcedureCodeSequence = [coded("L", "K2", value)]
        token = {"physician": "physician", "id": "id", "cued stranger": "unknown", "upper": "family"}[name]
        plant = anywhere(person[token])
        plant.only_with = "clean-descriptors" if name == "cued stranger" else None
        made.append(Case(f"{name} in a local meaning", "M5", "Medium", top, person, [plant]))
    for name, item in (("ID as a code", lambda p: coded("99LOCAL", p["id"], "knee")), ("name as a code", lambda p: coded("99LOCAL", p["family"], "knee")), ("scheme of a name", lambda p: coded(f"99{p['family']}"[:16], "K", "knee")), ("a standard code's meaning", lambda p: coded("SRT", "T-D1100", f"Head of {p['family']}")), ("SNOMED CT, meaning", lambda p: coded("SCT", "69536005", f"Head {p['family']}")), ("DCM, meaning", lambda p: coded("DCM", "121181", f"DICOM {p['family']}"))):
        person = made_person(f"code {name}")
        top = header(person)
        top.ProcedureCodeSequence = [item(person)]
        made.append(Case(name, "M5", "Medium", top, person, [anywhere(person["id"] if name == "ID as a code" else person["family"])]))
    for name, tag, vr, form in (("long code value", LONG, "UC", "{family}-knee-of-the-left-side"), ("URN code value", URN, "UR", "urn:x:{family}"), ("scheme version", 0x00080103, "SH", "{family:12}"), ("context group extension creator", 0x0008010D, "UI", "1.2.3.{number}")):
        person = made_person(f"code {name}")
        top = header(person)
        top.ProcedureCodeSequence = [coded("99LOCAL", "K", "knee", ((tag, vr, form.replace("{family:12}", person["family"][:16]).format(**person)),))]
        made.append(Case(name, "M5", "Medium", top, person, [anywhere(person["number"] if "number" in form else person["family"])]))
    return made


def naming() -> list:
    made = []
    for tag, vr, form in NAMING:
        person = made_person(f"naming {tag:08x}")
        top = header(person)
        place(top, (tag,), vr, filled(form, person))
        token = person["unknown"][:12] if ":12" in form else person["unknown"]
        keyword = pydicom.datadict.keyword_for_tag(tag)
        plant = anywhere(token)
        plant.retained_by = "retain-device-identity" if "Device" in keyword or keyword in ("RadiationMachineName", "PrinterName", "DisplaySubsystemName", "NTPSourceAddress") else None
        made.append(Case(f"{keyword} names by definition", "M6", "Medium", top, person, [plant]))
    return made


def private() -> list:
    made = []
    for number, (group, creator, element, vr) in enumerate(SAFE):
        for kind in ("family", "unknown", "id"):
            person = made_person(f"private {number} {kind}")
            top = header(person)
            value = person[kind].upper() if vr == "CS" else person[kind]
            # As written by a device with other ideas of a VR: the bytes are what counts.
            top.private_block(group, creator, create=True).add_new(element, vr if vr in ("LO", "SH", "CS") else "LO", value[:16])
            made.append(Case(f"{kind} in {creator} ({group:04X},xx{element:02X})", "M7", "Medium", top, person, [anywhere(person[kind])]))
    for name, creator in (("creator is a name", "{family}"), ("creator is an ID", "{id}"), ("unknown creator", "ACME 3.1")):
        person = made_person(f"private {name}")
        top = header(person)
        top.private_block(0x0029, creator.format(**person), create=True).add_new(1, "LO", person["family"])
        made.append(Case(f"private: {name}", "M7", "Medium", top, person, [anywhere(person["family"]), anywhere(person["id"])]))
    person = made_person("private bytes")
    top = header(person)
    top.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", b"SV10" + person["family"].encode() * 2)
    top.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x39, "OB", person["id"].encode())
    made.append(Case("private: bytes", "M7", "Medium", top, person, [anywhere(person["family"]), anywhere(person["id"])]))
    return made


UNDECLARED = {"US": "1.2.840.10008.5.1.4.1.1.6.1", "SC": SC, "XC": "1.2.840.10008.5.1.4.1.1.77.1.4", "ES": "1.2.840.10008.5.1.4.1.1.77.1.1", "OT": SC, "GM": "1.2.840.10008.5.1.4.1.1.77.1.2", "OP": "1.2.840.10008.5.1.4.1.1.77.1.5.1", "US multi-frame": "1.2.840.10008.5.1.4.1.1.3.1", "SC multi-frame": "1.2.840.10008.5.1.4.1.1.7.2"}


def undeclared() -> list:
    """Pictures that commonly have text burned in, and do not say: they may not leave without a word (finding 4)."""
    made = []
    for name, sop_class in UNDECLARED.items():
        for said in (None, ""):
            person = made_person(f"undeclared {name} {said}")
            top = header(person, sop_class)
            top.Modality = name.split()[0]
            del top.BurnedInAnnotation
            if said is not None:
                top.BurnedInAnnotation = said
            if "multi" in name:
                top.NumberOfFrames = 1
            made.append(Case(f"undeclared {name}{' (empty)' if said == '' else ''}", "M4", "Medium", top, person, [Plant("text in pixels", lambda output: "left without a look")]))
    for name in ("CT of a screen", "DERIVED SECONDARY"):
        person = made_person(f"undeclared {name}")
        top = header(person, SC if name.startswith("CT") else "1.2.840.10008.5.1.4.1.1.2")
        del top.BurnedInAnnotation
        if name.startswith("DERIVED"):
            top.ImageType = ["DERIVED", "SECONDARY", "OTHER", "SCREEN SAVE"]
        made.append(Case(f"undeclared {name}", "M4", "Medium", top, person, [Plant("text in pixels", lambda output: "left without a look")]))
    person = made_person("declared")
    top = header(person, SC)
    top.Modality, top.ConversionType = "OT", "WSD"
    made.append(Case("a screen that says it has no text", "declared", "Harmless", top, person, [], [lambda output: None]))
    person = made_person("burned in")
    top = header(person, SC)
    top.BurnedInAnnotation = "YES"
    made.append(Case("a screen that says it has text", "M4", "Medium", top, person, [Plant("text in pixels", lambda output: "left without a look")]))
    return made


def subject_ages() -> list:
    """Finding 11: an age above 89 in a report, under any option."""
    made = []
    for scheme, value, meaning in (("DCM", "121033", "Subject Age"), ("SCT", "424144002", "Current chronological age"), ("SRT", "G-A22D", "Subject Age"), ("LN", "30525-0", "Age"), ("99LOCAL", "AGE", "Age of patient")):
        for kind in ("NUM", "TEXT"):
            person = made_person(f"age {scheme} {kind}")
            top = header(person, "1.2.840.10008.5.1.4.1.1.88.33")
            top.Modality, top.PatientAge, top.CompletionFlag, top.VerificationFlag = "SR", "095Y", "COMPLETE", "UNVERIFIED"
            del top.PixelData
            top.ValueType, top.ConceptNameCodeSequence = "CONTAINER", [coded("DCM", "121181", "DICOM Object Catalog")]
            item = Dataset()
            item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = "CONTAINS", kind, [coded(scheme, value, meaning)]
            if kind == "NUM":
                measured = Dataset()
                measured.NumericValue, measured.MeasurementUnitsCodeSequence = "95", [coded("UCUM", "a", "year")]
                item.MeasuredValueSequence = [measured]
                path = (0x0040A730, 0, 0x0040A300, 0, 0x0040A30A)
            else:
                item.TextValue = "95 years"
                path = (0x0040A730, 0, 0x0040A160)
            top.ContentSequence = [item]
            made.append(Case(f"{meaning} ({scheme}) as {kind}", "M11", "Medium", top, person, [in_text(path, "95", True)]))
    return made


def shapes() -> list:
    """Encodings in which a row of the table must be found all the same (of the review: they hold today)."""
    made = []
    for depth in (1, 5, 12, 40):
        person = made_person(f"deep {depth}")
        top, inner = header(person), Dataset()
        inner.PatientName, inner.OperatorsName, inner.PatientComments = f"{person['family']}^X", person["unknown"], f"about {person['given']}"
        for _ in range(depth):
            outer = Dataset()
            outer.add(DataElement(0x00081140, "SQ", Sequence([inner])))
            inner = outer
        top.add(inner[0x00081140])
        made.append(Case(f"nested {depth} deep", "structure", "High", top, person, [anywhere(person["family"]), anywhere(person["unknown"]), anywhere(person["given"])]))
    for label, syntax in (("implicit", IMPLICIT), ("big endian", BIG), ("deflated", DEFLATED), ("explicit", EXPLICIT)):
        person = made_person(f"syntax {label}")
        top = header(person)
        top.PatientComments, top.RequestAttributesSequence = f"of {person['given']}", [Dataset()]
        top.RequestAttributesSequence[0].ReasonForTheRequestedProcedure = f"as {person['physician']} said"
        made.append(Case(f"{label}", "structure", "High", top, person, [anywhere(person[name]) for name in ("family", "given", "id", "accession", "physician", "operator")], syntax=syntax))
    for label, tag, vr in (("name as LO", 0x00100010, "LO"), ("ID as UT", 0x00100020, "UT"), ("name as UN", 0x00100010, "UN"), ("comments as OB", 0x00104000, "OB"), ("operators as LT", 0x00081070, "LT"), ("address as UC", 0x00101040, "UC")):
        person = made_person(f"vr {label}")
        top = header(person)
        value = f"{person['family']} {person['id']} {person['given']}"
        top.add(DataElement(tag, vr, value.encode() + b" " * (len(value) % 2) if vr in ("UN", "OB") else value))
        made.append(Case(f"wrong VR: {label}", "structure", "High", top, person, [anywhere(person["family"]), anywhere(person["given"])]))
    for label, tag in (("unknown even group", 0x00110011), ("odd group without creator", 0x00111005), ("group 0006", 0x00060012), ("directory group", 0x00041130), ("curve", 0x50003000), ("curve description", 0x50000022), ("overlay comments", 0x60004000), ("old comments", 0x40004000), ("padding", 0xFFFCFFFC), ("a private tag with element below 10", 0x00290005)):
        person = made_person(f"tag {label}")
        top = header(person)
        value = f"{person['family']} {person['unknown']}"
        top.add(DataElement(tag, "OB" if tag == 0xFFFCFFFC else "LO", value.encode() + b" " * (len(value) % 2) if tag == 0xFFFCFFFC else value))
        made.append(Case(label, "structure", "High", top, person, [anywhere(person["family"]), anywhere(person["unknown"])]))
    for charset, family in (("ISO_IR 144", "Люксембургов"), ("ISO_IR 126", "Παπαδόπουλος"), ("ISO_IR 127", "قباني"), ("GB18030", "欧阳修远"), ("ISO 2022 IR 149", "제갈공명수"), ("ISO_IR 100", "Lüdenscheidt"), ("ISO_IR 166", "วัฒนาพานิช")):
        person = {**made_person(f"charset {charset}"), "family": family}
        top = header(person)
        top.SpecificCharacterSet = ["", charset] if charset.startswith("ISO 2022") else charset
        top.StudyDescription = f"knee of {family}"
        made.append(Case(f"charset {charset}", "structure", "High", top, person, [anywhere(family)]))
    for label, tag, vr in (("Signature", 0x04000120, "OB"), ("Encrypted Content", 0x04000520, "OB"), ("Certificate of Signer", 0x04000115, "OB"), ("MAC", 0x04000404, "OB"), ("Certified Timestamp", 0x04000310, "OB"), ("Encapsulated Document", 0x00420011, "OB"), ("Private Data Element Value", 0x00080304, "OB")):
        person = made_person(f"signature {label}")
        top = header(person)
        value = f"{person['family']} {person['unknown']} "
        top.add(DataElement(tag, vr, value.encode() + b" " * (len(value) % 2)))
        made.append(Case(f"{label} outside its sequence", "L-signature", "Low", top, person, [anywhere(person["family"]), anywhere(person["unknown"])]))
    return made


def uids() -> list:
    """Low: instance UIDs under the standard's root that PS3.6 does not register."""
    made = []
    for at, (tag, vr) in enumerate(((0x00081155, "UI"), (0x00081150, "UI"), (0x0020000D, "UI"), (0x00081195, "UI"), (0x00041511, "UI"))):
        person = made_person(f"uid {at}")
        top = header(person)
        value = f"1.2.840.10008.5.1.4.9.{person['number']}.7"
        place(top, (0x00081140, 0, tag), vr, value)
        made.append(Case(f"unregistered UID in {tag:08x}", "L-uids", "Low", top, person, [anywhere(value)]))
    return made


def one_patient() -> list:
    """One study and Patient ID, with Issuer of Patient ID and without: one pseudonym, one offset (judged in pairs by attack.py)."""
    made, person = [], made_person("one patient")
    for at, issuer in enumerate((None, "Clinic A", "Clinic B", "")):
        top = header(person)
        top.SOPInstanceUID = f"{top.SOPInstanceUID}.{at + 1}"
        if issuer is not None:
            top.IssuerOfPatientID = issuer
        made.append(Case(f"issuer {issuer!r}", "one-patient", "Medium", top, person, []))
    return made


def cases(standards: Path) -> list:
    return [*codes(), *naming(), *private(), *undeclared(), *subject_ages(), *shapes(), *uids(), *one_patient()]
