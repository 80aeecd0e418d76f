"""
What must stay under a cleaning option: descriptions taken from public DICOM sets (the files of ../shared/corpus/dev, whose sources and licences stand in its
README.md; pydicom's test files; the sets listed in descriptions.json), and the meanings of the codes of PS3.16 as pydicom (MIT) lists them. Each stands in an
instance of a made-up person, so that no value of a header makes it identifying.
"""
import json
from pathlib import Path
import pydicom
from pydicom.dataset import Dataset
from attack_case import Case, header, made_person
from attack_language import cleaned

KEYWORDS = ("StudyDescription", "SeriesDescription", "ProtocolName", "RequestedProcedureDescription", "PerformedProcedureStepDescription", "ImageComments", "SequenceName", "AcquisitionProtocolName", "DerivationDescription", "ReasonForTheRequestedProcedure", "ContrastBolusAgent", "AdmittingDiagnosesDescription", "SegmentDescription", "SegmentLabel", "ContentDescription", "LossyImageCompressionMethod", "ScanOptions", "ConvolutionKernel", "AcquisitionDeviceProcessingDescription", "TransducerData", "ProcessingFunction", "ContentLabel", "CommentsOnThePerformedProcedureStep", "FrameOfReferenceTransformationComment", "StructureSetLabel", "ROIName", "RTPlanLabel", "BeamName", "CodeMeaning", "TextValue", "DimensionDescriptionLabel", "PositionReferenceIndicator", "FilterType", "LUTExplanation", "ReceiveCoilName", "TransmitCoilName", "WindowCenterWidthExplanation", "PulseSequenceName", "PlateType", "ROIDescription", "ROIObservationLabel", "ROIObservationDescription", "MultiplexGroupLabel", "AttenuationCorrectionMethod", "ReconstructionMethod", "ScatterCorrectionMethod", "DoseReferenceDescription", "UnformattedTextValue", "ContributionDescription", "ReasonForStudy", "AdditionalPatientHistory", "MetaboliteMapDescription", "ImageID", "ScheduledProcedureStepDescription", "Radiopharmaceutical", "RTPlanName", "RTImageLabel", "RTImageDescription", "CompletionFlagDescription", "StageName", "EventTimerNames", "StudyComments", "ExposureControlModeDescription", "MultiCoilElementName", "LUTLabel")
# Of the corpus: what names or dates somebody, rightly taken away, or was planted there.
IDENTIFYING = ("derived-", "us-burned-in", "xc-", "charsets")
NAMED = {"Research^Rorden", "Research Rorden", "Rorden^Rorden_Prisma", "FMRIF^QA", "Vers. Wed May 24 09:02:14 EDT 2017", "sep30", "00-2.0.0(29Oct)"}
DATED = ("[2010/", "[2011/", "[20010925]", "--11/04/27]", "https://")
AN_INSTANCE = 150
# Where a description stands by number in the text of a report, and what became of it.
TEXT = 0x0040A160


def of_corpus(corpus: Path) -> list:
    """The distinct descriptions of the corpus and of pydicom's own test files (MIT, Debian's python3-pydicom), in order."""
    found = {}

    def walk(item: Dataset) -> None:
        for tag in item.keys():
            try:
                element = item[tag]
            except Exception:  # what pydicom cannot read describes nothing
                continue
            if element.VR == "SQ":
                for inner in element.value:
                    walk(inner)
            elif element.keyword in KEYWORDS and element.value:
                for value in element.value if isinstance(element.value, pydicom.multival.MultiValue) else [element.value]:
                    found.setdefault(str(value).strip(), None)

    own = Path(pydicom.__file__).parent / "data" / "test_files"
    for path in [*sorted((corpus / "dev").rglob("*")), *sorted(own.rglob("*.dcm"))]:
        if path.is_file() and not any(part.startswith(name) for part in path.parts for name in IDENTIFYING):
            try:
                walk(pydicom.dcmread(str(path), force=True, stop_before_pixels=True))
            except Exception:
                continue
    return [text for text in found if len(text) > 2 and text.isprintable() and text not in NAMED and not any(part in text for part in DATED)]


def of_codes() -> list:
    """The meanings of the codes of PS3.16."""
    from pydicom.sr._concepts_dict import concepts
    return sorted({meaning for scheme in concepts.values() for entry in scheme.values() for meaning, _ in entry.values()})


def of_sets() -> list:
    path = Path(__file__).parent / "descriptions.json"
    return [text for each in json.loads(path.read_text()) for text in each["descriptions"]] if path.exists() else []


def report_of(name: str, texts: list, number: int, finding: str) -> Case:
    """A report with a text for each; they stay in order."""
    person = made_person(f"texts {name} {number}")
    top = header(person)
    items = []
    for text in texts:
        item = Dataset()
        item.RelationshipType, item.ValueType, item.TextValue = "CONTAINS", "TEXT", text
        items.append(item)
    top.ContentSequence = items

    def stay(at: int, text: str):
        def why(output):
            after = output.at((0x0040A730, at, TEXT))
            return None if after == text else f"{text!r} became {after!r}"
        return cleaned(why)
    return Case(f"{name} {number}", finding, "Harmless", top, person, [], [stay(at, text) for at, text in enumerate(texts)])


def cases(corpus: Path) -> list:
    texts = list(dict.fromkeys([*of_corpus(corpus), *of_sets()]))
    made = [report_of("description", some, at, "descriptions") for at, some in in_parts(texts)]
    return made + [report_of("codes", texts, at, "meanings") for at, texts in in_parts(of_codes())]


def in_parts(texts: list) -> list:
    return [(start, texts[start:start + AN_INSTANCE]) for start in range(0, len(texts), AN_INSTANCE)]
