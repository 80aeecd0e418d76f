"""Attacks by bytes without a name: unused bits of pixels, comments and metadata in compressed pictures, what follows the last pixel (PS3.5 8.2, A.4)."""
import io
import struct
from pathlib import Path
from PIL import Image
from pydicom.dataelem import DataElement
from pydicom.encaps import decode_data_sequence, encapsulate
from attack_case import BIG, CT, DEFLATED, EXPLICIT, IMPLICIT, SC, Case, Output, Plant, anywhere, header, made_person

JPEG, JPEG_EXTENDED, J2K, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"
MPEG2, H264, JPEG_LS, HTJ2K = "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.201"
# A letter of eight by eight: what an overlay in unused bits draws.
GLYPH = [0b00111100, 0b01000010, 0b10000001, 0b10000001, 0b10001001, 0b01000110, 0b00111101, 0b00000001]
SEEN = [(GLYPH[at // 8] >> (7 - at % 8)) & 1 for at in range(64)]


def cells_of(raw: bytes, big: bool, size: int) -> list:
    return [int.from_bytes(raw[at:at + size], "big" if big else "little") for at in range(0, len(raw) // size * size, size)]


def unrle(frame: bytes, count: int) -> list:
    """The planes of an RLE frame (PS3.5 G)."""
    offsets = struct.unpack("<16L", frame[:64])
    planes = []
    for nth in range(offsets[0]):
        at, end = offsets[1 + nth], offsets[2 + nth] if nth + 1 < offsets[0] else len(frame)
        plane = bytearray()
        while at < end and len(plane) < count:
            head = frame[at]
            if head < 128:
                plane += frame[at + 1:at + 2 + head]
                at += 2 + head
            elif head > 128:
                plane += frame[at + 1:at + 2] * (257 - head)
                at += 2
            else:
                at += 1
        planes.append(bytes(plane))
    return planes


def unpacked(output: Output) -> bytes:
    """The bytes of native pixels, or of the first RLE frame."""
    data = output.dataset.get("PixelData") or b""
    if output.dataset.file_meta.TransferSyntaxUID != RLE:
        return data
    planes = unrle(decode_data_sequence(data)[0], 64)
    return b"".join(bytes([low, high]) for high, low in zip(*planes)) if len(planes) == 2 else b""


def rle(planes: list, tail: bytes = b"") -> bytes:
    """Planes as literal runs."""
    coded = []
    for plane in planes:
        data = b"".join(bytes([len(plane[at:at + 128]) - 1]) + plane[at:at + 128] for at in range(0, len(plane), 128))
        coded.append(data + b"\x80" * (len(data) % 2))
    offsets, at = [len(coded)], 64
    for data in coded:
        offsets.append(at)
        at += len(data)
    return struct.pack("<16L", *offsets, *[0] * (16 - len(offsets))) + b"".join(coded) + tail


def drawn(bit: int, size: int, big: bool) -> Plant:
    """The glyph may not be in this bit."""
    def leaks(output: Output):
        cells = cells_of(unpacked(output), big and size > 1, size)[:64]
        return f"the glyph is left in bit {bit}" if [cell >> bit & 1 for cell in cells] == SEEN else None
    return Plant(f"bit {bit}", leaks)


def overlay_case(name: str, bit: int, stored=12, high=None, allocated=16, signed=0, syntax=EXPLICIT, groups=(0x6000,), frames=1, severity="High") -> Case:
    person = made_person(name)
    top = header(person)
    high = stored - 1 if high is None else high
    low, size = high - stored + 1, allocated // 8
    top.BitsAllocated, top.BitsStored, top.HighBit, top.PixelRepresentation = allocated, stored, high, signed
    values = [((at * 37 + 5) % (1 << stored)) for at in range(64)]
    # Of signed pixels the unused bits repeat the sign, as devices write them.
    sign = lambda value: ((1 << allocated) - (1 << (high + 1))) if signed and value >> (stored - 1) else 0  # noqa: E731
    cells = [((value << low) | sign(value)) & ~(1 << bit) | (seen << bit) for value, seen in zip(values, SEEN)]
    big = syntax == BIG
    raw = b"".join(cell.to_bytes(size, "big" if big else "little") for cell in cells) * frames
    if frames > 1:
        top.NumberOfFrames = frames
    top.PixelData = raw
    if syntax == RLE:
        top.PixelData = encapsulate([rle([raw[1::2], raw[0::2]])])
    top["PixelData"].VR = "OB" if syntax == RLE or size == 1 else "OW"
    for group in groups:
        for element, vr, value in ((0x10, "US", 8), (0x11, "US", 8), (0x40, "CS", "G"), (0x50, "SS", [1, 1]), (0x100, "US", allocated), (0x102, "US", bit)):
            top.add(DataElement((group << 16) + element, vr, value))
    case = Case(f"overlay bits: {name}", "H1", severity, top, person, [drawn(bit, size, big)], syntax=syntax)
    mask = ((1 << stored) - 1) << low
    before = [cell & mask for cell in cells]

    def pixels(output: Output):
        return None if [cell & mask for cell in cells_of(unpacked(output), big and size > 1, size)[:64]] == before else "the stored bits were changed"
    case.stays.append(pixels)
    return case


def overlays() -> list:
    return [
        overlay_case("bit 12", 12), overlay_case("bit 13", 13), overlay_case("bit 14", 14), overlay_case("bit 15", 15),
        overlay_case("bit 15 of 15", 15, stored=15), overlay_case("bit 10 of 10", 10, stored=10), overlay_case("bit 8 of 8 in 16", 8, stored=8),
        overlay_case("bit 7 of 7 in 8", 7, stored=7, allocated=8), overlay_case("below the stored bits", 3, high=15), overlay_case("lowest bit", 0, high=15),
        overlay_case("signed", 13, signed=1), overlay_case("signed, highest bit", 15, signed=1), overlay_case("32 bits", 30, stored=24, allocated=32),
        overlay_case("without a 60xx group", 12, groups=()), overlay_case("group 6002", 12, groups=(0x6002,)), overlay_case("group 601E", 12, groups=(0x601E,)),
        overlay_case("odd group 6001", 12, groups=(0x6001,)), overlay_case("implicit", 12, syntax=IMPLICIT), overlay_case("big endian", 12, syntax=BIG),
        overlay_case("deflated", 12, syntax=DEFLATED), overlay_case("RLE", 12, syntax=RLE), overlay_case("RLE, bit 15", 15, syntax=RLE), overlay_case("two frames", 12, frames=2),
    ]


def picture(kind: str, mode: str = "L", **more) -> bytes:
    image = Image.new(mode, (8, 8))
    image.putdata([(at * 3 % 256 if mode == "L" else (at, 3 * at, 200 - at)) for at in range(64)])
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def marker(code: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(data) + 2) + data


def after_soi(jpeg: bytes, segment: bytes) -> bytes:
    return jpeg[:2] + segment + jpeg[2:]


def before_sos(jpeg: bytes, segment: bytes) -> bytes:
    at = jpeg.index(b"\xff\xda")
    return jpeg[:at] + segment + jpeg[at:]


def exif(text: str) -> bytes:
    """An APP1 with Make, Date Time and a maker's serial number in ASCII entries, and a GPS area name (EXIF 2.32)."""
    value = text.encode() + b"\0"
    entries = [(0x010F, 2, value), (0x0132, 2, b"2024:03:19 10:11:12\0"), (0xA431, 2, value), (0x001C, 7, b"ASCII\0\0\0" + value)]
    at, body, tail = 8 + 2 + 12 * len(entries) + 4, b"", b""
    for tag, kind, data in entries:
        body += struct.pack("<HHLL", tag, kind, len(data), at + len(tail))
        tail += data + b"\0" * (len(data) % 2)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + struct.pack("<L", 0) + tail


def icc(text: str) -> bytes:
    """A profile with a description, a copyright and text after its last tag (ICC.1)."""
    value = b"text\0\0\0\0" + text.encode() + b"\0"
    value += b"\0" * (-len(value) % 4)
    tags = struct.pack(">L", 2) + b"cprt" + struct.pack(">LL", 156, len(value)) + b"desc" + struct.pack(">LL", 156, len(value))
    size = 128 + len(tags) + len(value)
    head = struct.pack(">L4sL4s4s4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp" + bytes(88)
    return head[:128] + tags + value


def coded_case(name: str, frames, syntax=JPEG, finding="H2", severity="High", mode="L", sop_class=CT, size=(8, 8), **more) -> Case:
    """`frames(text)`: the frames, or the whole value of Pixel Data as bytes."""
    person = made_person(name)
    top = header(person, sop_class)
    top.BitsAllocated = top.BitsStored = 8
    top.HighBit, top.Rows, top.Columns = 7, *size
    if mode == "RGB":
        top.SamplesPerPixel, top.PlanarConfiguration, top.PhotometricInterpretation = 3, 0, "YBR_FULL_422"
    if syntax == JPEG:
        top.LossyImageCompression, top.LossyImageCompressionRatio, top.LossyImageCompressionMethod = "01", "2", "ISO_10918_1"
    text = f"{person['family']} {person['unknown']} {person['id']}"
    made = frames(text)
    if isinstance(made, list) and len(made) > 1 and not more.get("fragments"):
        top.NumberOfFrames = len(made)
    top.PixelData = encapsulate([frame + b"\0" * (len(frame) % 2) for frame in made], has_bot=not more.get("fragments")) if isinstance(made, list) else made
    top["PixelData"].VR, top["PixelData"].is_undefined_length = "OB", True
    plants = [anywhere(person["family"]), anywhere(person["unknown"])]
    return Case(f"coded: {name}", finding, severity, top, person, plants, syntax=syntax)


def item(data: bytes) -> bytes:
    data += b"\0" * (len(data) % 2)
    return b"\xfe\xff\x00\xe0" + struct.pack("<L", len(data)) + data


def j2k(text: str, where: str) -> bytes:
    stream = picture("JPEG2000", no_jp2=True, irreversible=False)
    comment = b"\xff\x64" + struct.pack(">HH", len(text) + 4, 1) + text.encode()
    if where == "main":
        at = stream.index(b"\xff\x90")
        return stream[:at] + comment + stream[at:]
    if where == "tile":
        at = stream.index(b"\xff\x90")
        length = struct.unpack(">L", stream[at + 6:at + 10])[0]
        data = stream[:at + 6] + struct.pack(">L", length + len(comment) if length else 0) + stream[at + 10:]
        return data[:at + 12] + comment + data[at + 12:]
    return stream + text.encode()


def jp2(text: str, kind: bytes) -> bytes:
    file = picture("JPEG2000", irreversible=False)
    box = struct.pack(">L4s", 8 + 16 + len(text), kind) + b"0123456789abcdef" + text.encode()
    at = file.index(b"jp2c") - 4
    return file[:at] + box + file[at:]


def jpegs() -> list:
    jpeg, colour = picture("JPEG", quality=90), picture("JPEG", "RGB", quality=90)
    seg = lambda code, prefix=b"": lambda text: [after_soi(jpeg, marker(code, prefix + text.encode()))]  # noqa: E731
    apps = [coded_case(f"APP{nth}", seg(0xE0 + nth, b"Xy\0")) for nth in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)]
    return apps + [
        coded_case("COM", seg(0xFE)), coded_case("COM before the scan", lambda text: [before_sos(jpeg, marker(0xFE, text.encode()))]),
        coded_case("EXIF", lambda text: [after_soi(jpeg, marker(0xE1, exif(text)))]), coded_case("EXIF in colour", lambda text: [after_soi(colour, marker(0xE1, exif(text)))], mode="RGB"),
        coded_case("XMP", seg(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>")), coded_case("IPTC", seg(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x20")),
        coded_case("JFXX thumbnail", seg(0xE0, b"JFXX\0\x11")), coded_case("text behind JFIF's fields", lambda text: [b"\xff\xd8" + marker(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0" + text.encode()) + jpeg[20:]]),
        coded_case("text behind Adobe's fields", seg(0xEE, b"Adobe\0\x64\0\0\0\0\0")), coded_case("behind EOI", lambda text: [jpeg + text.encode()]),
        coded_case("before SOI's next marker", lambda text: [jpeg[:2] + marker(0xFE, b"a") + marker(0xFE, text.encode()) + jpeg[2:]]),
        coded_case("second frame", lambda text: [jpeg, after_soi(jpeg, marker(0xFE, text.encode()))]), coded_case("a second picture in the frame", lambda text: [jpeg + after_soi(jpeg, marker(0xFE, text.encode()))]),
        coded_case("surplus fragment", lambda text: item(struct.pack("<L", 0)) + item(jpeg) + item(text.encode())),
        coded_case("comment across two fragments", lambda text: (lambda whole: item(b"") + item(whole[:12]) + item(whole[12:]))(after_soi(jpeg, marker(0xFE, text.encode())))),
        coded_case("text in the offset table", lambda text: item(text.encode().ljust(64)) + item(jpeg)),
        coded_case("two comments", lambda text: [after_soi(jpeg, marker(0xFE, b"ok") + marker(0xFE, text.encode()))]), coded_case("an unused Huffman table", lambda text: [after_soi(jpeg, marker(0xC4, b"\x13" + bytes([0] * 7 + [len(text)] + [0] * 8) + text.encode()))], finding="beyond", severity="Low"),
        coded_case("a reserved marker", seg(0xF0)), coded_case("UTF-16 comment", lambda text: [after_soi(jpeg, marker(0xFE, text.encode("utf-16-le")))]),
        coded_case("ICC in APP2", lambda text: [after_soi(jpeg, marker(0xE2, b"ICC_PROFILE\0\1\1" + icc(text)))]),
        coded_case("PNG as a frame", lambda text: [png_with(text)]), coded_case("in a GIF", lambda text: [b"GIF89a\1\0\1\0\0\0\0!\xfe" + bytes([len(text)]) + text.encode() + b"\0;"]),
    ]


def png_with(text: str) -> bytes:
    from PIL.PngImagePlugin import PngInfo
    info = PngInfo()
    info.add_text("Comment", text)
    return picture("PNG", pnginfo=info)


def other_streams(corpus: Path) -> list:
    cases = [
        coded_case("J2K comment", lambda text: [j2k(text, "main")], J2K), coded_case("J2K comment of a tile", lambda text: [j2k(text, "tile")], J2K), coded_case("J2K, behind the end", lambda text: [j2k(text, "end")], J2K),
        coded_case("JP2 uuid box", lambda text: [jp2(text, b"uuid")], J2K), coded_case("JP2 xml box", lambda text: [jp2(text, b"xml ")], J2K), coded_case("JP2 unknown box", lambda text: [jp2(text, b"zzzz")], J2K),
        coded_case("RLE, behind the segment", lambda text: [rle([bytes(64)], text.encode())], RLE), coded_case("RLE, in the header", lambda text: [rle([bytes(64)])[:8] + text.encode().ljust(56)[:56] + rle([bytes(64)])[64:]], RLE),
        coded_case("RLE, runs beyond the picture", lambda text: [rle([bytes(64) + text.encode()])], RLE),
        coded_case("H.264 user data", lambda text: [b"\0\0\0\1\6\5" + bytes([16 + len(text)]) + bytes(16) + text.encode() + b"\x80" + b"\0\0\0\1\x65" + bytes(40)], H264),
        coded_case("MPEG-2 user data", lambda text: [b"\0\0\1\xb3" + bytes(8) + b"\0\0\1\xb2" + text.encode() + b"\0\0\1\0" + bytes(40)], MPEG2),
    ]
    for name, file, syntax in (("JPEG-LS", "ct-syntaxes/CTImage.dcm_JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80.dcm", JPEG_LS), ("HTJ2K", "derived-htj2k", HTJ2K)):
        stream, size, bits = stream_of(corpus, syntax)
        if stream is None:
            continue
        segment = (lambda text: b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text.encode()) if syntax == JPEG_LS else (lambda text: b"\xff\x64" + struct.pack(">HH", len(text) + 4, 1) + text.encode())
        at = 2 if syntax == JPEG_LS else 4 + struct.unpack(">H", stream[4:6])[0]
        case = coded_case(f"{name} comment", lambda text, at=at, segment=segment, stream=stream: [stream[:at] + segment(text) + stream[at:]], syntax, size=size)
        behind = coded_case(f"{name}, behind the end", lambda text, stream=stream: [stream + text.encode()], syntax, size=size)
        for each in (case, behind):
            each.dataset.BitsAllocated, each.dataset.BitsStored, each.dataset.HighBit, each.dataset.PixelRepresentation = bits
            cases.append(each)
    return cases


def stream_of(corpus: Path, syntax: str):
    """The frame of a file of the corpus in this syntax."""
    import pydicom
    from pydicom.encaps import generate_pixel_data_frame
    for path in sorted([*corpus.glob("dev/ct-syntaxes/*"), *corpus.glob("dev/derived-htj2k/*")]):
        dataset = pydicom.dcmread(str(path), force=True)
        if dataset.file_meta.get("TransferSyntaxUID") == syntax:
            bits = (dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation)
            return next(generate_pixel_data_frame(dataset.PixelData, 1)).rstrip(b"\0"), (dataset.Rows, dataset.Columns), bits
    return None, None, None


def trailing() -> list:
    """Behind the last native pixel, in padding, in the preamble, in a profile."""
    cases = []
    for name, syntax in (("explicit", EXPLICIT), ("implicit", IMPLICIT), ("deflated", DEFLATED)):
        person = made_person(f"behind {name}")
        top = header(person)
        top.PixelData += f"{person['family']} {person['unknown']}".encode().ljust(40)
        cases.append(Case(f"behind the last pixel, {name}", "L-pixels", "Low", top, person, [anywhere(person["family"]), anywhere(person["unknown"])], syntax=syntax))
    person = made_person("behind many")
    top = header(person)
    top.PixelData += (f"{person['family']} {person['unknown']} ".encode() * 400)[:8000]
    cases.append(Case("8 kB behind the last pixel", "L-pixels", "Low", top, person, [anywhere(person["family"]), anywhere(person["unknown"])]))
    person = made_person("file end")
    cases.append(Case("behind the last element", "L-pixels", "Low", header(person), person, [anywhere(person["family"])], after=f"{person['family']} behind".encode().ljust(40)))
    person = made_person("preamble")
    cases.append(Case("preamble", "structure", "High", header(person), person, [anywhere(person["family"])], preamble=f"II*\0{person['family']}".encode().ljust(128, b"\0")))
    for where in ("top", "optical path"):
        person = made_person(f"icc {where}")
        top = header(person)
        target = top if where == "top" else __import__("pydicom").Dataset()
        target.ICCProfile = icc(f"{person['family']} {person['unknown']}")
        if where != "top":
            top.OpticalPathSequence = [target]
        cases.append(Case(f"ICC profile, {where}", "L-icc", "Low", top, person, [anywhere(person["family"]), anywhere(person["unknown"])]))
    person = made_person("native 8")
    top = header(person, SC)
    top.BitsAllocated = top.BitsStored = 8
    top.HighBit, top.PixelData, top["PixelData"].VR = 7, bytes(64) + person["family"].encode().ljust(16), "OB"
    cases.append(Case("behind the last pixel, 8 bits", "L-pixels", "Low", top, person, [anywhere(person["family"])]))
    return cases


def cases(corpus: Path) -> list:
    return [*overlays(), *jpegs(), *other_streams(corpus), *trailing()]
