"""Text with what identifies taken out: by words that are known to be harmless, or by the shape of what is not.

PS3.15 E.3.5 (Clean Descriptors): what the same header names goes first, then dates, numbers, addresses and names by
their shape, then every word that is not in the list of words of imaging.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from unseen.dicom.known import Known, without
from unseen.dicom.words import vocabulary

__all__ = ["CHARACTERISTICS", "cleaned", "plain"]

#: Words that tell a patient's group, habits or state; many are names, too, so they stay in such attributes only.
CHARACTERISTICS = frozenset(
    [
        "african",
        "american",
        "arab",
        "asian",
        "australian",
        "black",
        "brazilian",
        "british",
        "caribbean",
        "caucasian",
        "central",
        "chinese",
        "declined",
        "eastern",
        "european",
        "filipino",
        "former",
        "hispanic",
        "indian",
        "indigenous",
        "inuit",
        "islander",
        "japanese",
        "korean",
        "latin",
        "latina",
        "latino",
        "maori",
        "mediterranean",
        "melanesian",
        "middle",
        "mixed",
        "multiracial",
        "native",
        "never",
        "northern",
        "other",
        "pacific",
        "polynesian",
        "pregnant",
        "refused",
        "sami",
        "slavic",
        "smoker",
        "smoking",
        "south",
        "southeast",
        "southern",
        "specified",
        "states",
        "turkish",
        "undisclosed",
        "vietnamese",
        "western",
        "white",
        "breastfeeding",
        "lactating",
        "trimester",
        "allergy",
        "allergies",
        "allergic",
        "latex",
        "penicillin",
        "iodine",
        "peanut",
        "pollen",
        "egg",
        "sulfa",
        "wheelchair",
        "pacemaker",
        "implant",
        "diabetic",
        "asthma",
        "claustrophobic",
    ]
)

_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*"
#: Shapes of what identifies, longest first.
_SHAPES = re.compile(
    "|".join(
        (
            r"\b(?:https?|ftp|file)://\S+|\bwww\.\S+",
            r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
            r"\b\d{1,2}[ ./-]"
            + _MONTHS
            + r"[ ,./-]*\d{2,4}\b|\b"
            + _MONTHS
            + r"[ .]*\d{1,2}(?:st|nd|rd|th)?,? *\d{4}\b",
            r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b",
            r"(?<![\d.])(?:\+|00)?\(?\d{2,4}\)?[ ./-]\d{3,4}[ ./-]?\d{3,4}(?![\d.])",
            r"\b(?:mrn|dob|id|ssn|nhs|acc(?:ession)?|no|nr|tel|phone|fax|room|rm|ward|bed)\b\.?[ #:]*[\w/-]*\d[\w/-]*",
            r"\b\d+ +(?:[A-Z][\w']+ +){1,3}(?:st|street|rd|road|ave|avenue|lane|ln|drive|way|court|square)\b\.?",
            r"\b\d{1,2}:\d{2}(?::\d{2})?\b",
            r"\b[A-Za-z]{0,4}\d{5,}[A-Za-z]{0,3}\b",
        )
    ),
    re.IGNORECASE,
)
#: The rule for titles needs names that begin with capitals, which IGNORECASE would undo.
_TITLED = re.compile(r"\b(?:[Dd]r|DR|[Mm]rs?|MRS?|[Mm]s|[Pp]rof|PROF|[Dd]octor)\b\.? +(?:[A-Z][\w'’-]*\.?,? *){1,3}")
_WORD = re.compile(r"[^\s,;:()\[\]<>{}\"'|^=]+")
#: Numbers and measures that say nothing: 5, 1.5, 3x3, 5mm, 90%, 2nd, T1, p2, H30s, +C, 120kV.
_MEASURE = re.compile(
    r"[+<>~=-]?\d{1,3}(?:\.\d{1,3})?(?:[x*/-]\d{1,3}(?:\.\d{1,2})?){0,2}(?:%|[a-z]{1,3})?|[+-][a-z]|[a-z]{1,2}\d{1,2}[a-z]?",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s{2,}|\s+$|^[\s,;:./_^=-]+|[\s,;:/_^=-]+$")
_EMPTY_BRACKETS = re.compile(r"[(\[{<]\s*[)\]}>]")


def cleaned(value: bytes, known: Known, encoding: str, more: frozenset[str] = frozenset()) -> str:
    """Return what is left of a description: words of imaging, short numbers, measures. ASCII only, "" if nothing.

    `encoding` is Python's name of the text's encoding; what it cannot decode goes. `more` words may stay here.
    """
    return _cleaned(*_without_uids(value, known), encoding, more)


def _without_uids(value: bytes, known: Known) -> tuple[bytes, Known]:
    """Return text and what is known of an object without its UIDs: these are all that differs within a study."""
    for uid in known.uids:
        value = value.replace(uid, b"")
    return value, replace(known, uids=())


@lru_cache(maxsize=4096)
def _cleaned(value: bytes, known: Known, encoding: str, more: frozenset[str]) -> str:
    before, text = "", without(value, known, common=True).decode(encoding, "replace")
    while before != text:
        # What stood around a word may look like something else once it is gone; nothing ever gets longer.
        before, text = text, _TITLED.sub(" ", _SHAPES.sub(" ", text))
        text = _tidy(_WORD.sub(lambda found: _harmless_part(found, more), text))
    return text


def plain(value: bytes, known: Known, encoding: str) -> str:
    """Return prose without what the header names and what has the shape of a date, number, address or titled name."""
    return _plain(*_without_uids(value, known), encoding)


@lru_cache(maxsize=4096)
def _plain(value: bytes, known: Known, encoding: str) -> str:
    text = without(value, known).decode(encoding, "replace")
    return _tidy(_TITLED.sub(" ", _SHAPES.sub(" ", text)))


def _harmless_part(found: re.Match[str], more: frozenset[str]) -> str:
    """Return a word that may stay; of one that is put together, as CHEST_ABD, all parts must be fine."""
    word = found[0]
    if _is_harmless(word) or word.strip("._-").casefold() in more:
        return word
    parts = [part for part in re.split(r"[_/+&.*-]+", word) if part]
    return word if parts and all(_is_harmless(part) for part in parts) and word.isascii() else " "


def _is_harmless(word: str) -> bool:
    bare = word.strip("._-+*/!?&#").casefold()
    return not bare or bare in vocabulary() or _MEASURE.fullmatch(word) is not None


def _tidy(text: str) -> str:
    text = _EMPTY_BRACKETS.sub(" ", text)
    return _BLANKS.sub(lambda found: " " if found.start() and found.end() < len(text) else "", text).strip()
