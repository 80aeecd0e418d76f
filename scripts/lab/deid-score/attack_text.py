"""
Identifying texts, where an option keeps prose once it is cleaned: values of the header in other foldings, names behind cues, ages, telephones, national
numbers, dates. In a text {family}, {id} … are the person's own header values, {unknown} a name that no header has. What may not be left follows, folded,
or letter by letter behind "=".
"""
from attack_case import Case, anywhere, filled, header, in_text, made_person, place

COMMENTS, STUDY, SERIES, REPORT = (0x00204000,), (0x00081030,), (0x0008103E,), (0x0040A730, 0, 0x0040A160)
SHY, ZWSP, ZWNJ, WORD_JOINER, BOM = "\u00ad", "\u200b", "\u200c", "\u2060", "\ufeff"


def typo(name: str, at: int, how: str) -> str:
    """One letter other, left out, twice, or changed with the next."""
    changed = {"other": "q" if name[at] != "q" else "y", "out": "", "twice": name[at] * 2, "turned": name[at + 1:at + 2] + name[at]}[how]
    return name[:at] + changed + name[at + (2 if how == "turned" else 1):]


# Names, numbers and dates of the header itself, as people and machines write them (finding 9, and its Low neighbours).
KNOWN = [
    ("M9", "images of {given} {family}", ["{family}"]), ("M9", "{FAMILY}, {GIVEN}: knee", ["{family}", "{given}"]), ("M9", "pt {family}{given} knee", ["{family}"]),
    ("M9", "{FAMILY}_{GIVEN}_knee", ["{family}"]), ("M9", "{given}.{family} knee", ["{family}"]), ("M9", "knee-{family}-left", ["{family}"]), ("M9", "{given:1}{family} knee", ["{family}"]),
    ("M9", "{given:1}. {middle:1}. {family}", ["{family}"]), ("M9", "seen by {physician}", ["{physician}"]), ("M9", "{OPERATOR} scanned this", ["{operator}"]), ("M9", "at {place} today", ["{place}"]),
    ("M9", "at {street} road", ["{street}"]), ("M9", "id {id} knee", ["{number}"]), ("M9", "no {number} knee", ["{number}"]), ("M9", "KX {number} knee", ["{number}"]), ("M9", "acc {accession} knee", ["{accession}"]),
    ("M9", "other {other} knee", ["{other}"]), ("M9", "study {studyid} knee", ["{studyid}"]), ("M9", "from {station}", ["{station}"]), ("M9", "call {phone}", ["{phone}"]),
    ("M9", "{middle} in the middle", ["{middle}"]), ("M9", "line one {given}\r\n{family} line two", ["{family}"]), ("M9", "({family})", ["{family}"]), ("M9", "{family}'s knee", ["{family}"]), ("M9", "{family}s knee", ["{family}"]),
]
FOLDINGS = {
    "soft hyphen": lambda n: n[:4] + SHY + n[4:], "zero-width space": lambda n: n[:4] + ZWSP + n[4:], "zero-width non-joiner": lambda n: n[:3] + ZWNJ + n[3:], "word joiner": lambda n: n[:5] + WORD_JOINER + n[5:], "byte order mark": lambda n: n[:5] + BOM + n[5:],
    "every letter joined": lambda n: ZWSP.join(n), "hyphen and line break": lambda n: n[:4] + "-\r\n" + n[4:], "line break": lambda n: n[:4] + "\r\n" + n[4:], "spaced": lambda n: " ".join(n), "spaced capitals": lambda n: " ".join(n.upper()), "dotted": lambda n: ".".join(n), "hyphens between": lambda n: "-".join(n.upper()),
    "full width": lambda n: "".join(chr(ord(c) + 0xFEE0) for c in n), "accented": lambda n: n.replace("e", "é").replace("o", "ö").replace("u", "ú").replace("i", "î"), "combining accents": lambda n: n.replace("e", "e\u0301").replace("i", "i\u0308").replace("o", "o\u0308").replace("u", "u\u0301"), "in capitals": str.upper, "in small letters": str.lower, "of mixed case": lambda n: "".join(c.upper() if at % 2 else c for at, c in enumerate(n)),
    "underscores around": lambda n: f"x_{n}_x", "digits around": lambda n: f"01{n}02", "bold letters": lambda n: "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in n.lower()), "a typo": lambda n: typo(n, 4, "other"), "a letter left out": lambda n: typo(n, 3, "out"), "a letter twice": lambda n: typo(n, 3, "twice"), "two letters turned": lambda n: typo(n, 3, "turned"), "the last letter other": lambda n: typo(n, len(n) - 1, "other"), "apostrophe inside": lambda n: n[:2] + "'" + n[2:], "right quote inside": lambda n: n[:2] + "\u2019" + n[2:], "tab inside": lambda n: n[:4] + "\t" + n[4:], "no-break space": lambda n: n[:4] + "\u00a0" + n[4:], "HTML entities": lambda n: "".join(f"&#{ord(c)};" for c in n), "URL escapes": lambda n: "".join(f"%{ord(c):02X}" for c in n), "backwards": lambda n: n[::-1],
}
# Beyond what was asked for: told, not counted against anybody.
BEYOND = {"bold letters", "HTML entities", "URL escapes", "backwards", "dotted"}
# Family, given; text; what may not be left (finding 9: names with signs, inflected, in other encodings).
OF_THEIR_OWN = [
    ("O'Brien-Nakamura", "Sean", "OBrien knee", ["OBrien"]), ("O'Brien-Nakamura", "Sean", "O Brien Nakamura knee", ["Nakamura"]), ("O'Brien-Nakamura", "Sean", "o\u2019brien knee", ["obrien"]), ("O'Brien-Nakamura", "Sean", "OBrienNakamura knee", ["OBrienNakamura"]),
    ("Müller-Lüdenscheidt", "Jürgen", "Mueller knee", ["Mueller"]), ("Müller-Lüdenscheidt", "Jürgen", "MUELLER-LUEDENSCHEIDT", ["luedenscheidt"]), ("Müller-Lüdenscheidt", "Jürgen", "Muller-Ludenscheidt", ["ludenscheidt"]), ("Müller-Lüdenscheidt", "Jürgen", "LÃ¼denscheidt knee", ["denscheidt"]),
    ("Strauß", "Käthe", "Strauss knee", ["Strauss"]), ("Strauß", "Käthe", "STRAUSS KAETHE", ["Strauss", "Kaethe"]), ("Åkerström", "Øystein", "Akerstrom Oystein", ["Akerstrom"]), ("Åkerström", "Øystein", "AAKERSTROEM", ["aakerstroem"]),
    ("Łukasiewicz", "Świętosława", "Lukasiewicz Swietoslawa", ["Lukasiewicz", "Swietoslawa"]), ("Wiśniewska", "Bogumiła", "badanie Wiśniewskiej", ["Wiśniewskiej"]), ("Kowalczyk", "Dobiesław", "dla pana Kowalczykowi", ["Kowalczykowi"]), ("Kowalczyk", "Dobiesław", "z Kowalczykiem", ["Kowalczykiem"]),
    ("Иванова", "Аграфена", "снимок Ивановой", ["Ивановой"]), ("Иванова", "Аграфена", "для Иванову Аграфену", ["Иванову"]), ("Смирновский", "Прохор", "у Смирновского", ["Смирновского"]), ("Смирновский", "Прохор", "Смирновскому П.", ["Смирновскому"]), ("Иванова", "Аграфена", "IVANOVA knee", ["ivanova"]),
    ("Virtanen", "Päivikki", "Virtasen kuvat", ["Virtasen"]), ("Mäkeläinen", "Aino", "Mäkeläisen polvi", ["Mäkeläisen"]), ("Szabolcsi", "Gyöngyvér", "Szabolcsinak a térd", ["Szabolcsinak"]), ("Horváth", "Zsombor", "Horváthtal", ["Horváthtal"]),
    ("Yıldızoğlu", "Çağrı", "YILDIZOGLU diz", ["yildizoglu"]), ("Yıldızoğlu", "Çağrı", "Yıldızoğlu'nun dizi", ["Yıldızoğlu"]), ("García-Lorca", "Íñigo", "Garcia Lorca rodilla", ["garcialorca"]), ("van der Berghe", "Joost", "VANDERBERGHE knie", ["vanderberghe"]), ("van der Berghe", "Joost", "Berghe J. vd", ["berghe"]),
    ("d'Aubigné", "Hélène", "DAUBIGNE genou", ["daubigne"]), ("al-Qahtani", "Ghazi", "alqahtani", ["qahtani"]), ("Nguyễn", "Thuỳ Dương", "Nguyen Thuy Duong", ["nguyen"]), ("McAllister", "Fiona", "Mc Allister", ["mcallister"]), ("Smith-Quenby", "Ann", "Quenby knee", ["quenby"]),
    ("山田", "太郎", "山田太郎 膝", ["山田"]), ("山田", "太郎", "太郎様", ["太郎"]), ("김", "희중", "김희중 무릎", ["희중"]), ("王", "小东", "王小东 膝盖", ["小东"]), ("Παπαδόπουλος", "Αθανάσιος", "του Παπαδόπουλου", ["Παπαδόπουλου"]), ("قباني", "نزار", "المريض قباني", ["قباني"]), ("قباني", "نزار", "قبّاني", ["قباني"]), ("שרונסקי", "דבורה", "ברך של שרונסקי", ["שרונסקי"]),
]
# Header values that an option keeps.
RETAINED = {"place": "retain-institution-identity", "street": "retain-institution-identity", "station": "retain-device-identity"}
# Finding 8: dates with none of which the offset may be told.
DATES = ["14.III.2024", "٢٠٢٤/٠٣/١٤", "١٤-٠٣-٢٠٢٤", "令和6年3月14日", "２０２４／０３／１４", "２０２４年３月１４日", "2024年3月14日", "14/3", "on 3/14", "14 mars 2024", "1er mars 2024", "14. März 2024", "14. Mrz. 24", "14 de marzo de 2024", "14 marzo 2024", "14 de março de 2024", "14 maart 2024", "14 marca 2024", "14 марта 2024 г.", "14 Mart 2024", "١٤ مارس ٢٠٢٤", "14 آذار 2024", "March 14th, 2024", "the 14th of March 2024", "14MAR24", "14-Mar-24", "03/14/24", "14.03.24", "2024.03.14", "20240314T1011", "20240314", "2024-03-14T10:11:12Z", "14-03-'24", "Thu Mar 14 2024", "March 2024", "mars 2024", "10.-14.03.2024", "14/03/2024 10:11", "14 / 03 / 2024", "14. 3. 2024", "昭和32年6月11日", "平成31年4月30日", "14 Şubat 2024", "14 lutego 2024"]
DATES_BEYOND = ["R6.3.14", "14.3.", "2024-074", "14 Φεβρουαρίου 2024"]
# Finding 10: names that no header has, behind a cue. The languages' own cues stand in attack_language.py.
CUES = ["{UNKNOWN}^{UNKNOWN2}^^^ knee", "Name: {unknown}", "Pat.: {unknown}", "Nom: {unknown}", "Patientenname: {unknown}", "Arzt: {unknown}", "Überweiser: {unknown}", "Médecin: {unknown}", "Surgeon: {unknown}", "Technologist {unknown}", "Patient {unknown} {unknown2} was seen", "{unknown} MD", "DR {UNKNOWN}", "c/o {unknown}"]
# More of the kind, of which nineteen in twenty have to go.
MORE_CUES = ["{UNKNOWN}^{UNKNOWN2}", "Name: {unknown}, {unknown2}", "name {unknown}", "{unknown2} {unknown}, M.D.", "dr {unknown}", "Dr. {unknown}", "Mrs {unknown}", "Mr. {unknown}", "Prof. {unknown}", "referred by {unknown}", "signed {unknown}", "Sister {unknown}", "radiologist: {unknown}", "Operator={unknown}", "for {unknown2} {unknown}, RN", "attending {unknown}", "mother of {unknown}", "attn: {unknown}", "copy to Dr {unknown}"]
# Finding 11.
AGES = [("95F knee", "=95F"), ("95M knee", "=95M"), ("95 F knee", "=95 F"), ("95yM knee", "=95yM"), ("Alter 95", "=95"), ("95歳", "=95"), ("95岁", "=95"), ("95-летняя", "=95"), ("95 year old", "=95"), ("95yo f", "=95"), ("95-year-old", "=95"), ("age 95", "=95"), ("aged 95", "=95"), ("Age: 095Y", "=095Y"), ("95 Jahre alt", "=95"), ("95-jährige", "=95"), ("95 ans", "=95"), ("âgée de 95 ans", "=95"), ("95 años", "=95"), ("95 anni", "=95"), ("95 anos", "=95"), ("95 jaar", "=95"), ("95 lat", "=95"), ("95 лет", "=95"), ("95 yaşında", "=95"), ("٩٥ سنة", "=٩٥"), ("９５歳", "=９５"), ("95 y/o", "=95"), ("95 yrs", "=95"), ("ninety-five years old", "ninetyfive"), ("102 year old", "=102"), ("95Y", "=95Y")]
# Finding 12: telephones, then national numbers with valid check digits, of examples that the issuing offices publish or that were computed by their rule.
PHONES = ["01 42 34 56 78", "555 867 5309", "(11) 91234-5678", "8 (495) 123-45-67", "91 123 45 67 89", "DECT 12345", "+49 30 901820", "030/901820", "0049 30 901820", "+1 212 555 0123", "212-555-0123", "(212) 555-0123", "212.555.0123", "020 7946 0958", "+44 (0)20 7946 0958", "06 12 34 56 78", "+33 1 42 34 56 78", "612 345 678", "+34 612 34 56 78", "06 1234 5678", "+39 06 1234 5678", "+31 20 123 4567", "020-1234567", "+48 22 123 45 67", "22 123 45 67", "+7 495 123-45-67", "0212 345 67 89", "+90 212 345 67 89", "٠٥٠ ١٢٣ ٤٥٦٧", "０３－１２３４－５６７８", "03-1234-5678", "+81 3 1234 5678", "Tel. 4711-220", "ext. 4471", "pager 55512", "Fax: 030 901821", "Durchwahl 4711", "poste 4512", "+971 50 123 4567", "tel:+15550123456"]
NATIONAL = ["123-45-6789", "SSN 123456789", "046 454 286", "943 476 5919", "NHS 9434765919", "QQ 12 34 56 C", "1234567T", "65 070649 J 003", "1237 010180", "756.9217.0769.85", "2 55 08 14 168 025 38", "255081416802538", "85.07.30-033 28", "111222333", "BSN 111222333", "12345678Z", "X1234567L", "12345678 9 ZZ 4", "RSSMRA85T10A562S", "44051401359", "PESEL 44051401359", "850709/9805", "211062-5629", "15076500565", "150765 00565", "811228-9874", "19811228-9874", "131052-308T", "10000000146", "2234 5678 9012", "1234 5678 9018", "390.533.447-05", "39053344705", "2123 45670 1", "2428 77813 2", "NPI 1245319599", "IBAN DE89 3704 0044 0532 0130 00", "Passport C01X00T47", "MRN 44718823", "insurance no. A123456780"]
MORE = [
    ("L-text", "Low", "mail jane AT hostville DOT org", ["=jane AT hostville DOT org"]), ("L-text", "Low", "mail jane.{unknown}@clinic.example", ["{unknown}"]), ("L-text", "Low", "from pacs01.{unknown}.org", ["{unknown}"]), ("L-text", "Low", "host ctscan7.{unknown}.local", ["{unknown}"]),
    ("L-text", "Low", "lives in Springfield, IL 62704", ["=Springfield", "=62704"]), ("L-text", "Low", "lives in Quincy MA 02169-1234", ["=02169"]), ("L-text", "Low", "at 12 Elm Street", ["=Elm Street"]), ("L-text", "Low", "12 rue des Lilas 75011 Paris", ["=75011"]), ("L-text", "Low", "Lindenallee 7, 50668 Köln", ["=Lindenallee 7"]),
    ("L-text", "Low", "ip 10.20.30.40", ["=10.20.30.40"]), ("L-text", "Low", "see https://pacs.{unknown}.example/x", ["{unknown}"]), ("L-text", "Low", "file C:\\Users\\{unknown}\\a.dcm", ["{unknown}"]), ("L-text", "Low", "/home/{unknown}/a.dcm", ["{unknown}"]), ("L-text", "Low", "mac 00:1A:2B:3C:4D:5E", ["=00:1A:2B"]),
    ("L-text", "Low", "the last of it {accession:6}", ["{accession:6}"]), ("L-text", "Low", "GPS 51.5007 N 0.1246 W", ["=51.5007 N"]), ("L-text", "Low", "plate B-MW 1234 @twit{unknown}", ["{unknown}"]),
]


def fitting(text: str, at: int) -> tuple:
    """A place of prose that holds it: comments, a description, a report's text, in turn."""
    options = [(COMMENTS, "LT"), (REPORT, "UT"), (STUDY, "LO"), (SERIES, "LO")]
    short = len(text) <= 60 and "\n" not in text and "\\" not in text and "\t" not in text
    return options[at % (4 if short else 2)]


def text_case(name: str, at: int, finding: str, severity: str, text: str, gone: list, person: dict | None = None) -> Case:
    person = person or made_person(f"{finding} {name} {at}")
    said = filled(text, person)
    path, vr = fitting(said, at)
    top = header(person)
    place(top, path, vr, said)
    if path == REPORT:
        top.ContentSequence[0].ValueType, top.ContentSequence[0].RelationshipType = "TEXT", "CONTAINS"
    plants = [in_text(path, filled(part.lstrip("="), person), part.startswith("=")) for part in gone]
    for plant, part in zip(plants, gone):
        plant.retained_by = RETAINED.get(part.strip("{}="))
    return Case(f"{name}: {said}"[:70].replace("\r\n", "⏎"), finding, severity, top, person, plants)


def known() -> list:
    made = [text_case("known", at, finding, "Medium", text, gone) for at, (finding, text, gone) in enumerate(KNOWN)]
    for at, (name, form) in enumerate(FOLDINGS.items()):
        for which in ("family", "id") if name in ("soft hyphen", "spaced", "full width", "no-break space", "zero-width space") else ("family",):
            person = made_person(f"M9 {name}")
            said = form(person[which])
            # A typo leaves what it made of the name.
            case = text_case(name, at, "M9" if name not in BEYOND else "beyond", "Medium" if name not in BEYOND else "Low", f"images of {said} knee", [f"={said}"] if name in BEYOND else [said], person)
            made.append(case)
    for at, (family, given, text, gone) in enumerate(OF_THEIR_OWN):
        person = {**made_person(f"M9 own {at}"), "family": family, "given": given, "middle": ""}
        made.append(text_case(f"{family}^{given}", at, "M9", "Medium", text, gone, person))
    for at, text in enumerate(("{initials} came", "images of {initials}.", "{dotted} came")):
        person = made_person(f"M9 initials {at}")
        initials = [person[part][0] for part in ("given", "middle", "family")]
        person.update(initials="".join(initials), dotted=".".join(initials) + ".")
        made.append(text_case("initials", 0, "M9", "Medium", text, ["=" + (person["dotted"] if "dotted" in text else person["initials"])], person))
    return made


def short_values() -> list:
    """Low: birth date, four-digit number and half an accession number of the header in short attributes and texts."""
    made = []
    person = made_person("birth as series number")
    top = header(person)
    top.SeriesNumber = person["birth"]
    made.append(Case("birth date as Series Number", "L-values", "Low", top, person, [in_text((0x00200011,), person["birth"], True)]))
    person = made_person("birth in software")
    top = header(person)
    top.SoftwareVersions = f"V{person['birth']}"
    made.append(Case("birth date in Software Versions", "L-values", "Low", top, person, [in_text((0x00181020,), person["birth"], True)]))
    for at, text in enumerate(("patient 4711 knee", "ID 4711", "4711")):
        person = {**made_person(f"four digits {at}"), "id": "4711", "number": "47114711"}
        made.append(text_case("four-digit ID", at, "L-values", "Low", text, ["=4711"], person))
    person = {**made_person("half accession"), "accession": "CT24-7731942"}
    made.append(text_case("half an accession number", 0, "L-values", "Low", "ref 7731942 knee", ["=7731942"], person))
    for at, form in enumerate(("{b}", "{y}-{m}-{d}", "{d}.{m}.{y}", "{m}/{d}/{y}", "{d}{m}{y}")):
        person = made_person(f"birth {at}")
        b = person["birth"]
        said = form.format(b=b, y=b[:4], m=b[4:6], d=b[6:])
        made.append(text_case("birth date", at, "M9", "Medium", f"born {said} knee", [f"={said}"], person))
    return made


def cases() -> list:
    made = [*known(), *short_values()]
    made += [text_case("date", at, "M8", "Medium", f"compare {said} scan", [f"={said}"]) for at, said in enumerate(DATES)]
    made += [text_case("cue", at, "M10", "Medium", said, ["{unknown}"]) for at, said in enumerate(CUES)]
    made += [text_case("cue", at, "cue-more", "Cue", said, ["{unknown}"]) for at, said in enumerate(MORE_CUES)]
    made += [text_case("date", at, "beyond", "Low", f"compare {said} scan", [f"={said}"]) for at, said in enumerate(DATES_BEYOND)]
    made += [text_case("age", at, "M11", "Medium", said, [gone]) for at, (said, gone) in enumerate(AGES)]
    made += [text_case("phone", at, "M12", "Medium", f"call {said} now" if said[0] not in "DTepFDt" else said, [f"={said}"]) for at, said in enumerate(PHONES)]
    made += [text_case("number", at, "M12", "Medium", f"{said} noted", [f"={said}"]) for at, said in enumerate(NATIONAL)]
    made += [text_case("text", at, finding, severity, said, gone) for at, (finding, severity, said, gone) in enumerate(MORE)]
    return made
