"""Identities that are planted: made up, and each with a token of its own, so that a hit names the plant that was left."""
import random
from datetime import date, timedelta

GIVEN = ["Adaeze", "Bjarne", "Chloe", "Dmitri", "Esperanza", "Fatima", "Giuseppe", "Hyun-woo", "Ingrid", "Juergen", "Kwame", "Leilani"]
FAMILY = ["Okonkwo", "Lindstroem", "Beauchene", "Volkov", "Delgado-Ruiz", "al-Rashid", "Fontanarrosa", "Kim-Park", "Thorvaldsen", "Grossmann", "Mensah", "Kahale"]
STREETS = ["Marlborough Crescent", "Rue des Lilas", "Lindenallee", "Via Garibaldi", "Birch Hollow Road"]
# Specific Character Set (PS3.3 C.12.1.1.2): what its names are written in; python's codec, for the search.
CHARSETS = {
    "": ("Quennell^Ottoline", "ascii"),
    "ISO_IR 100": ("Müller-Lüdenscheidt^Jürgen", "latin-1"),
    "ISO_IR 101": ("Wałęsowicz^Świętosława", "iso8859-2"),
    "ISO_IR 109": ("Ĥoĉulo^Ĝangalo", "iso8859-3"),
    "ISO_IR 110": ("Bērziņšķe^Ģirtūnas", "iso8859-4"),
    "ISO_IR 126": ("Διονυσίου^Παρασκευάς", "iso8859-7"),
    "ISO_IR 127": ("قباني^لنزار", "iso8859-6"),
    "ISO_IR 138": ("שרונסקי^דבורהלה", "iso8859-8"),
    "ISO_IR 144": ("Люксембургов^Прохорий", "iso8859-5"),
    "ISO_IR 148": ("Yıldızoğlu^Çağrışahin", "iso8859-9"),
    "ISO_IR 166": ("วัฒนาพานิช^สมศักดิ์", "tis-620"),
    "ISO_IR 192": ("Håkansson=王小東=김희중", "utf-8"),
    "GB18030": ("Wang^XiaoDong=王^小东", "gb18030"),
    "ISO 2022 IR 87": ("Yamada^Tarou=山田^太郎", "iso2022_jp"),
    "ISO 2022 IR 149": ("Hong^Gildong=洪^吉洞", "euc_kr"),
}


# What a description is there for; a number that stands in no other makes it findable.
CLINICAL = ["CT abdomen with contrast", "MR knee left", "T2 FLAIR axial", "chest PA and lateral", "post gadolinium", "follow up of nodule", "L4/L5 disc", "b=1000 ADC", "lung window"]
FORMS = ["%Y%m%d", "%d.%m.%Y", "%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%d%b%Y"]


class Description:
    """A text of a description: `gone` may not be left, `stays` (first what stands in no other) has to be; a date in `form` moves."""

    def __init__(self, value: str, gone: list, stays: list, day=None, form: str = ""):
        self.value, self.gone, self.stays, self.day, self.form = value, gone, stays, day, form


class Identity:
    """One patient with what surrounds them. `token` stands in nothing else."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.given, self.family = rng.choice(GIVEN), rng.choice(FAMILY)
        # Part of who the patient is (PS3.3 C.2.2): the same wherever this patient is named.
        self.issuer = f"{self.token()} clinic"
        self.patient_id = f"MRN{rng.randrange(10**8, 10**9)}"
        self.study_date = date(2015, 1, 1) + timedelta(days=rng.randrange(3000))
        self.measures = set()

    def token(self, upper: bool = False) -> str:
        letters = "".join(self.rng.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(7))
        return f"{letters}{self.rng.randrange(10, 99)}" if upper else letters[0] + letters[1:].lower() + "kova"

    def date(self) -> str:
        return (self.study_date - timedelta(days=self.rng.randrange(20000))).strftime("%Y%m%d")

    def time(self) -> str:
        return f"{self.rng.randrange(24):02d}{self.rng.randrange(60):02d}{self.rng.randrange(60):02d}.{self.rng.randrange(1, 10**6):06d}"

    def uid(self) -> str:
        return f"1.3.6.1.4.1.{self.rng.randrange(10**4, 10**5)}.{self.rng.randrange(10**12, 10**13)}.{self.rng.randrange(1, 10**6)}"

    def name_in_text(self, family: str, given: str) -> str:
        """As people write the name of the header's patient."""
        return self.rng.choice([
            f"{given} {family}", f"{family}, {given}", f"{given[0]}. {family}", f"{family.upper()} {given.upper()}", f"{family} {given[0]}.", family.replace("-", " "), f"{family.upper()}_{given.upper()}",
        ])

    def measure(self) -> str:
        """One that no other text about this patient has."""
        while True:
            measure = f"{self.rng.randrange(10, 99)}.{self.rng.randrange(100, 999)} mm"
            if measure not in self.measures:
                self.measures.add(measure)
                return measure

    def description(self, limit: int, person: tuple, token: str) -> Description:
        family, given = person
        if limit <= 16:
            return Description(f"knee {given[:10]}", [given[:10]], ["knee"]) if len(given) <= 10 else Description("knee", [], ["knee"])
        size, place = self.measure(), self.rng.choice(CLINICAL)
        kind = self.rng.randrange(6)
        if kind == 0:
            name = self.name_in_text(family, given)
            return Description(f"{size} of {name}", [family, given] if given in name else [family], [size, "of"])
        if kind == 1:
            number = self.rng.choice([self.patient_id, self.patient_id.replace("MRN", "MRN "), self.patient_id[3:]])
            return Description(f"{place} {size} ID {number}", [self.patient_id[3:]], [size, place])
        if kind == 2:
            day, form = self.study_date - timedelta(days=self.rng.randrange(900)), self.rng.choice(FORMS)
            return Description(f"{place} {size} cf {day.strftime(form)}", [], [size, place, "cf"], day, form)
        if kind == 3:
            contact = self.rng.choice([f"555-01{self.rng.randrange(10, 99)}", f"+49 228 {self.rng.randrange(10**6, 10**7)}", f"{token}@clinic.example", f"(217) 555-{self.rng.randrange(1000, 9999)}"])
            return Description(f"{size} report to {contact}", [contact], [size, "report to"])
        if kind == 4:
            return Description(f"{size} seen by Dr. {token} axial", [token], [size, "seen by", "axial"])
        street = f"{self.rng.randrange(1, 99)} {self.rng.choice(['Marlborough Crescent', 'Birch Hollow Road', 'Elm Street'])}"
        return Description(f"{size} lives {street}", [street, street.split(' ', 1)[1]], [size, "lives"])

    def sentence(self, token: str, limit: int) -> str:
        """What people write into free text."""
        said = self.rng.choice([
            f"Pat. {token} seen by Dr {self.family}, call 555-01{self.rng.randrange(10, 99)}",
            f"{self.family}, {self.given} ({token}) of {self.rng.randrange(1, 99)} {self.rng.choice(STREETS)}",
            f"compare {self.date()} mother of {token}",
            f"{token} {self.given[0]}. born {self.date()}",
        ])
        return said if len(said) <= limit else token[:limit]
