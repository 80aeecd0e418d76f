"""
What PS3.15 Table E.1-1 asks for, from the standard's own file: not from anything that the product made of it. Where a row leaves a choice,
standards/README.md says which: a dummy where D is among the choices, else an empty value.
"""
import json
from pathlib import Path
from pydicom.datadict import DicomDictionary

COLUMNS = {
    "retain-safe-private": "rtnSafePrivOpt", "retain-uids": "rtnUIDsOpt", "retain-device-identity": "rtnDevIdOpt",
    "retain-institution-identity": "rtnInstIdOpt", "retain-patient-characteristics": "rtnPatCharsOpt",
    "retain-longitudinal-full-dates": "rtnLongFullDatesOpt", "retain-longitudinal-modified-dates": "rtnLongModifDatesOpt",
    "clean-descriptors": "cleanDescOpt", "clean-structured-content": "cleanStructContOpt", "clean-graphics": "cleanGraphOpt",
}
# Rows that this pydicom is too old to know. PS3.6, 2024e.
NEWER = {
    0x00080017: "UI", 0x00181205: "DA", 0x00181204: "DA", 0x003A032B: "ST", 0x00120022: "LO", 0x00120073: "LO", 0x00120032: "LO", 0x00120041: "LO",
    0x00120043: "LO", 0x00120055: "LO", 0x00120023: "SQ", 0x30020123: "ST", 0x30020121: "LO", 0x00081088: "LO", 0x00200027: "SH", 0x00080019: "UI",
    0x3006004D: "SQ", 0x3006002D: "DT", 0x3006004E: "SQ", 0x3006002E: "DT", 0x003A0329: "LO",
}

# X in the table, but a module of PS3.3 requires the attribute (Type 1: D, Type 2: Z): the value goes all the same, and a valid object stays valid.
REQUIRED = {
    0x00102297: "Z", 0x00102299: "Z",  # Responsible Person, Organization: 2C in Patient (animals)
    0x00181078: "D",  # Radiopharmaceutical Start DateTime: 1 in Enhanced PET Isotope
    0x00080054: "D",  # Retrieve AE Title: 1 in DICOM Retrieval Sequence
    0x00400009: "D", 0x00401001: "D",  # Scheduled Procedure Step ID, Requested Procedure ID: 1C in Request Attributes Sequence
    0x0040100A: "Z",  # Reason for Requested Procedure Code Sequence: 2 in Hanging Protocol Definition
    0x00700082: "D", 0x00700083: "D",  # Presentation Creation Date, Time: 1 in Presentation State Identification
    0x300A0216: "Z",  # Source Manufacturer: 2 in RT Brachy Session Record
}


class Row:
    def __init__(self, entry: dict):
        self.entry, self.id, self.name = entry, entry["id"], entry["name"]
        # Of a repeating group its first one; private attributes are planted apart.
        self.tag = int(self.id.replace("xxxx", "0010").replace("x", "0"), 16) if len(self.id) == 8 else None
        known = DicomDictionary.get(self.tag)
        self.vr = "OW" if self.id == "60xx3000" else "LT" if self.id == "60xx4000" else "LO" if self.id == "50xxxxxx" else known[0] if known else NEWER.get(self.tag)

    @property
    def is_cleaned_text(self) -> bool:
        """Prose that some option asks to clean."""
        return self.vr in ("LO", "SH", "ST", "LT", "UT", "UC") and "C" in (self.entry.get("cleanDescOpt"), self.entry.get("rtnPatCharsOpt"))

    def action(self, options: tuple) -> str:
        """X, Z, D, U, U* (a sequence whose UIDs are replaced), K or C. An option goes before the profile, and cleaning before retaining."""
        if self.id.startswith("0000"):
            # An element of a message's Command Set (PS3.7): in a Data Set it is misused, whatever the row says of a message.
            return "X"
        if "retain-longitudinal-modified-dates" in options:
            options = tuple(option for option in options if option != "retain-longitudinal-full-dates")
        asked = {self.entry[COLUMNS[option]] for option in options if COLUMNS[option] in self.entry}
        for code in ("C", "K"):
            if code in asked:
                return code
        if self.tag in REQUIRED:
            return REQUIRED[self.tag]
        basic = self.entry["basicProfile"]
        if basic == "X/Z/U*":
            return "U*"
        return next(code for code in ("D", "U", "Z", "X") if code in basic.split("/"))


def rows(standards: Path) -> list:
    return [Row(entry) for entry in json.loads((standards / "ps3.15-table-E.1-1.json").read_text())]


# Set by whoever de-identifies (E.1.1).
MARKERS = {0x00120062, 0x00280301, 0x00280302, 0x00280303}


def harmless(table: list) -> list:
    """PS3.6 less the table, without what holds prose, names, dates or UIDs (E.1.1 note 4): tag and VR."""
    listed = {row.tag for row in table} | MARKERS
    vrs = {"CS", "DS", "IS", "FD", "FL", "SL", "SS", "UL", "US", "AT"}
    return [(tag, vr) for tag, (vr, _, _, retired, _) in sorted(DicomDictionary.items()) if vr in vrs and not retired and tag not in listed and tag >> 16 > 0x0008 and tag >> 24 not in (0x50, 0x60)]
