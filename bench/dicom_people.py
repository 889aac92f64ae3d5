"""Invented people, machines and hospitals: what is planted, drawn anew for every seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["Draw", "Person"]

_ONSETS = (
    "b",
    "br",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
)
_VOWELS = ("a", "e", "i", "o", "u", "ei", "au", "ia", "oe")
_ENDS = (
    "berg",
    "ck",
    "dal",
    "ez",
    "gan",
    "holt",
    "ini",
    "ko",
    "lund",
    "mann",
    "nen",
    "ov",
    "ra",
    "sen",
    "ski",
    "ton",
    "vic",
    "wick",
)
_ACCENTS = {"o": "ö", "u": "ü", "a": "é", "e": "è"}
_STREETS = ("Gasse", "Lane", "Road", "Strasse", "Street", "Way")
_ORG = "1.2.826.0.1.3680043.10."


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist."""

    family: str
    given: str
    middle: str
    born: date
    number: str

    @property
    def dicom(self) -> str:
        """The name as a file writes it."""
        return f"{self.family}^{self.given}^{self.middle}"


class Draw:
    """Draws from a seed; nothing comes twice, so that each place where something is left can be told from others."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._drawn: set[str] = set()

    def _once(self, made: str) -> bool:
        if made.lower() in self._drawn:
            return False
        self._drawn.add(made.lower())
        return True

    def word(self) -> str:
        """Return a name nobody has, of eight letters or more."""
        rng = self.rng
        while True:
            start = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(rng.choice((2, 2, 3))))
            made = (start + rng.choice(_ENDS)).capitalize()
            if len(made) > 7 and self._once(made):
                return made

    def accented(self) -> str:
        """Return a name with a letter that is not ASCII, but in Latin-1."""
        made = self.word()
        hit = next((c for c in made[1:] if c in _ACCENTS), None)
        return made + "é" if hit is None else made[0] + made[1:].replace(hit, _ACCENTS[hit], 1)

    def person(self) -> Person:
        """Return a patient."""
        born = date(1920, 1, 2) + timedelta(days=self.rng.randrange(36_000))
        return Person(self.word(), self.word(), self.rng.choice("ABCDEFGHJKLMNPRSTW"), born, self.number())

    def name(self) -> str:
        """Return a full name in one of the forms in which names are written."""
        family, given = self.word(), self.word()
        forms = (
            "{f}^{g}",
            "{f}^{g}^^Dr",
            "{g} {f}",
            "{f}, {g}",
            "{F}^{G}",
            "Dr. {g} {f}",
            "{f}^{g}^J",
            "{G} {F}",
            "{f} {g}",
        )
        return self.rng.choice(forms).format(f=family, g=given, F=family.upper(), G=given.upper())

    def number(self) -> str:
        """Return an identifier: digits, digits with separators, or letters and digits."""
        while True:
            digits = "".join(self.rng.choice("123456789") for _ in range(9))
            made = self.rng.choice(
                (digits, f"{digits[:3]}-{digits[3:6]}-{digits[6:]}", f"{self._letters(3)}{digits[:7]}")
            )
            if self._once(made):
                return made

    def _letters(self, count: int) -> str:
        return "".join(self.rng.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(count))

    def phone(self) -> str:
        """Return a telephone number."""
        digits = "".join(self.rng.choice("123456789") for _ in range(10))
        return self.rng.choice(("+49 {a} {b}{c}", "({a}) {b}-{c}", "{a}.{b}.{c}", "0{a}/{b}{c}")).format(
            a=digits[:3], b=digits[3:6], c=digits[6:]
        )

    def address(self) -> str:
        """Return a street with its number and a town."""
        number, zip_ = self.rng.randrange(2, 180), self.rng.randrange(10000, 99999)
        return f"{number} {self.word()} {self.rng.choice(_STREETS)}, {zip_} {self.word()}"

    def hospital(self) -> str:
        """Return the name of a hospital."""
        return self.rng.choice(("{} Memorial Hospital", "Klinikum {}", "Hospital {}", "{} Imaging Centre")).format(
            self.word()
        )

    def serial(self) -> str:
        """Return a serial number of a machine."""
        return f"{self._letters(2)}{self.rng.randrange(10**7, 10**8)}"

    def uid(self) -> str:
        """Return a UID."""
        return _ORG + ".".join(str(self.rng.randrange(10**4, 10**9)) for _ in range(4))

    def day(self, first: int = 1990, last: int = 2019) -> date:
        """Return a day between the starts of two years; no two are the same."""
        while True:
            made = date(first, 1, 1) + timedelta(days=self.rng.randrange(365 * (last - first)))
            if self._once(made.isoformat()):
                return made

    def written_day(self) -> str:
        """Return a day as people write it in text."""
        form = self.rng.choice(("%d.%m.%Y", "%Y-%m-%d", "%m/%d/%Y", "%d-%b-%Y", "%B %d, %Y", "%Y%m%d"))
        return self.day().strftime(form)
