"""
Twelve languages: names behind cues, and without one; dates, ages and telephones as they are written there; the header's own name in the language's
words; and what radiographers write in it that names nobody. The phrases stand in phrases.json, {n} a family name and {g} a given name.
"""
import json
from pathlib import Path
from attack_case import Case, header, in_text, made_person, place
from attack_text import COMMENTS, REPORT, STUDY, fitting

PHRASES = json.loads((Path(__file__).parent / "phrases.json").read_text())
# Family and given names as the language writes them; for the others they are made up.
NATIVE = {
    "ru": [("Крутояров", "Емельян"), ("Подъельская", "Аглая"), ("Заверюхин", "Савелий"), ("Брыкова", "Устинья")],
    "ar": [("الزهراوي", "غسان"), ("القصيبي", "لميس"), ("البرغوثي", "نضال"), ("الشنقيطي", "رباب")],
    "ja": [("小鳥遊", "蓮華"), ("勅使河原", "耕造"), ("東海林", "沙羅"), ("九十九", "彌生")],
    "pl": [("Brzęczyszczykiewicz", "Dobrogniewa"), ("Ździebłowska", "Ścibor"), ("Krzeptowski", "Żegota"), ("Wąchalska", "Cieszymir")],
    "tr": [("Kılıçdağlı", "Gülşah"), ("Özyürekçi", "İlkay"), ("Çöpçüoğlu", "Şükran"), ("Tırnakçı", "Oğuz")],
    "de": [("Wüstenhöfer", "Friedegunde"), ("Köstlinger", "Ruprecht"), ("Pflaumbaum", "Waltraut"), ("Schäufele", "Gernot")],
    "fr": [("Lévesquier", "Anaëlle"), ("Beauchêne", "Théophane"), ("Delacroizet", "Ségolène"), ("Garçonnet", "Loïc")],
    "es": [("Ibarrondo", "Nicanor"), ("Peñarroja", "Begoña"), ("Zubizarrita", "Íñigo"), ("Quiñonero", "Azucena")],
    "it": [("Sbrancaleone", "Gualtiero"), ("Pappalettera", "Ermengarda"), ("Zanichelloni", "Fulgenzio"), ("Torquemadi", "Isotta")],
    "pt": [("Vasconcelhos", "Gervásio"), ("Magalhãesco", "Conceição"), ("Figueirôa", "Leocádia"), ("Sampaioso", "Baltazar")],
    "nl": [("Oosterhuizen", "Wijnand"), ("van Wijngaarden", "Roelfien"), ("Kwakkelstein", "Diederik"), ("Duijvesteijn", "Sjoukje")],
    "en": [("Featherstonehaugh", "Peregrine"), ("Quillingsworth", "Thomasina"), ("Ormerodby", "Barnaby"), ("Throckmorton", "Winifred")],
}


def name_of(language: str, at: int) -> tuple:
    return NATIVE[language][at % len(NATIVE[language])]


def phrase_case(language: str, kind: str, at: int, said: str, gone: list, finding: str, severity: str, person: dict | None = None) -> Case:
    person = person or made_person(f"{language} {kind} {at}")
    path, vr = fitting(said, at)
    top = header(person)
    place(top, path, vr, said)
    if path == REPORT:
        top.ContentSequence[0].ValueType, top.ContentSequence[0].RelationshipType = "TEXT", "CONTAINS"
    return Case(f"{language} {kind}: {said}"[:70], finding, severity, top, person, [in_text(path, *part) for part in gone])


def stays(path: tuple, said: str):
    """As it was written, line ends apart."""
    def why(output):
        after = output.at(path)
        return None if after == said.strip() else f"{said!r} became {after!r}"
    return why


def harmless_case(name: str, said: str, at: int, finding: str) -> Case:
    person = made_person(f"harmless {name} {at}")
    top = header(person)
    path, vr = (STUDY, "LO") if len(said) <= 64 and "\\" not in said else (COMMENTS, "LT")
    place(top, path, vr, said)
    # Under options that clean nothing a description is removed: the profile's own doing.
    return Case(f"{name}: {said}"[:70], finding, "Harmless", top, person, [], [cleaned(stays(path, said))])


def cleaned(stay):
    stay.only_with = "clean-descriptors"
    return stay


def cases() -> list:
    made = []
    for language, kinds in PHRASES.items():
        for at, phrase in enumerate(kinds["cued"]):
            family, given = name_of(language, at)
            gone = [(family,)] + ([(given,)] if "{g}" in phrase and language not in ("ja",) else [])
            made.append(phrase_case(language, "cue", at, phrase.format(n=family, g=given), gone, f"cue-{language}", "Cue"))
        for at, phrase in enumerate(kinds["uncued"]):
            family, given = name_of(language, at)
            made.append(phrase_case(language, "no cue", at, phrase.format(n=family, g=given), [(family,)], "no-cue", "Told"))
            person = {**made_person(f"{language} header {at}"), "family": family, "given": given, "middle": ""}
            made.append(phrase_case(language, "header", at, phrase.format(n=family, g=given), [(family,)], f"known-{language}", "High", person))
        for at, said in enumerate(kinds["dates"]):
            made.append(phrase_case(language, "date", at, f"cf {said}", [(said, True)], f"dates-{language}", "Medium"))
        for at, said in enumerate(kinds["ages"]):
            number = next(part for part in ("٩٦", "９６", "96") if part in said)
            made.append(phrase_case(language, "age", at, said, [(number, True)], f"ages-{language}", "Medium"))
        for at, said in enumerate(kinds["phones"]):
            made.append(phrase_case(language, "phone", at, f"{said}", [(said, True)], f"phones-{language}", "Medium"))
        made += [harmless_case(language, said, at, "phrases") for at, said in enumerate(kinds["harmless"])]
    return made
