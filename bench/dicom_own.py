"""Plants what is the patient's own where something else belongs, and says what must not come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from bench.dicom_people import Draw, Person

__all__ = ["Planter", "Token", "own_name", "own_number", "own_uid"]

_LENGTHS = {"SH": 16, "AE": 16, "CS": 16, "LO": 64}


@dataclass(frozen=True, slots=True)
class Token:
    """What must not come back: its kind ("word", "number", "text" or "uid") says in which forms it is looked for."""

    kind: str
    value: str


#: Plants something into a data set and returns what must not come back.
Planter = Callable[[Dataset, Draw, Person], Sequence[Token]]


def own_name(keyword: str) -> Planter:
    """Put the patient's own name, in any form, where a word about the machine belongs."""

    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        f, g = person.family, person.given
        forms = (f.upper(), f"{g} {f}", f"{f}_{g}", f"{f}, {g}", f"{g[0]}. {f}", f.lower(), f"for {f}", f"{f}{g}")
        length = _LENGTHS.get(dictionary_VR(keyword), 64)
        made = draw.rng.choice([form for form in forms if len(form) <= length] or [f[:length]])
        setattr(data, keyword, made.upper() if dictionary_VR(keyword) == "CS" else made)
        return [Token("word", f[:length])]

    return plant


def own_number(keyword: str) -> Planter:
    """Put the patient's own number where something else belongs."""

    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        setattr(data, keyword, draw.rng.choice(("{}", "ID {}", "{} a")).format(person.number)[:16])
        return [Token("number", person.number)]

    return plant


def own_uid(keyword: str) -> Planter:
    """Put the UID of the study where text belongs."""

    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        setattr(data, keyword, str(data.StudyInstanceUID))
        return [Token("uid", str(data.StudyInstanceUID))]

    return plant
