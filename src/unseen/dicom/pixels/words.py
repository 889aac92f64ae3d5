"""What burned-in text may stay: side markers, scales and units; or, when asked, words that are known to be harmless."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

__all__ = ["Judge", "TextMode", "is_marker", "is_number"]

TextMode = Literal["all", "identifying"]

_SURE = 0.85
_NUMBER = r"[+\-±~<>]?\d{1,4}(?:[.,]\d{1,3})?"
_WORD = re.compile(r"[a-z]+|\d+|[^a-z\d\s]", re.I)


@lru_cache
def _words(kind: str) -> frozenset[str]:
    """Return the words of a kind ("units", "sides", "words") from the package's list."""
    text = resources.files("unseen.dicom.pixels").joinpath("words.json").read_text("utf-8")
    return frozenset(json.loads(text)[kind])


@lru_cache
def _measures() -> re.Pattern[str]:
    units = "|".join(re.escape(unit) for unit in sorted(_words("units"), key=len, reverse=True))
    return re.compile(rf"(?:{_NUMBER})?(?:{units})")


def _measure(word: str) -> bool:
    """Whether a word is a number with a unit, such as "10cm", or a unit alone."""
    return _measures().fullmatch(word) is not None


def is_marker(text: str) -> bool:
    """Whether a text is a side marker (L, R, A, P), a number of a scale of up to three digits, or a measure (10 cm)."""
    words = text.lower().replace("|", " ").split()
    if not words or len(words) > 3:
        return False
    joined = "".join(words)
    if len(words) == 1 and (joined in _words("sides") or re.fullmatch(r"[+\-]?\d{1,3}(?:[.,]\d)?", joined)):
        return True
    if len(words) == 1 and joined in ("cm", "mm", "hz", "db"):
        return True
    return _measure(joined) and any(c.isdigit() for c in joined)


def is_number(text: str) -> bool:
    """Whether a text is a number without a unit."""
    return re.fullmatch(_NUMBER, text.strip()) is not None


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides which text stays; `known` are the values of the header that identify somebody."""

    mode: TextMode
    known: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mode not in ("all", "identifying"):
            raise ValueError(f"text is hidden by 'all' or 'identifying', not {self.mode!r}")

    def keeps(self, text: str, confidence: float) -> bool:
        """Whether a text that was read with a confidence (0..1) may stay; what is not read surely may not."""
        if confidence < _SURE or not text.strip() or self._names(text):
            return False
        return is_marker(text) or (self.mode == "identifying" and _harmless(text))

    def _names(self, text: str) -> bool:
        """Whether a text holds, or is held by, a value that the header knows, but for what readers confuse."""
        seen = _bare(text)
        for value in self.known:
            for part in _parts(value):
                if part in seen or (len(seen) >= 4 and seen in part) or _near(part, seen):
                    return True
        return False


def _harmless(text: str) -> bool:
    """Whether every word is known, a measure or a short number, and no number is a time, or as long as a date."""
    words = [w.strip(".,:;()[]=*'\"") for w in re.split(r"[\s:=/]+", text.lower())]
    words = [w for w in words if w]
    if not words or re.search(r"\d[\d.,/\-: ]{4,}\d|\d\s*[:/]\s*\d", text):
        return False
    return all(_known_word(word) for word in words)


def _known_word(word: str) -> bool:
    if word in _words("words") or word in _words("sides") or _measure(word):
        return True
    if re.fullmatch(_NUMBER, word):
        return len(re.sub(r"\D", "", word)) <= 3 or "." in word
    parts = _WORD.findall(word)
    return len(parts) > 1 and all(
        p in _words("words") or (p.isdigit() and len(p) <= 3) or not p.isalnum() for p in parts
    )


#: What readers of text take for one another, in capital letters.
_CONFUSED = str.maketrans("OQDILZSBG|!", "00011258611")


def _bare(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum()).translate(_CONFUSED)


def _parts(value: str) -> Iterable[str]:
    """Return the parts of a known value that identify: names by part, dates and numbers as one."""
    for part in {value, *re.split(r"[\^=\s,;]+", value)}:
        bare = _bare(part)
        if len(bare) >= 3:
            yield bare


def _near(part: str, seen: str) -> bool:
    """Whether a text of about the length of a known part differs from it in one character of four or more."""
    if len(part) < 4 or abs(len(part) - len(seen)) > 1:
        return False
    if len(part) == len(seen):
        return sum(a != b for a, b in zip(part, seen, strict=True)) <= 1
    short, long = sorted((part, seen), key=len)
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
