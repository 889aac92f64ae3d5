"""Every form in which a value may come back: encodings, orders of a name, forms of a date, numbers with separators."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

from unseen.verify.dicom.words import COMMON

__all__ = ["SEPARATORS", "Needles", "Phrase", "needles_of", "squeezed"]

#: What may stand between the parts of a name, number or date; names in file meta and text come with any of them.
SEPARATORS = b" -_/.:,;^=()[]'\"+*#&@|\t"
_GAP = rb"[ \-_/.:,;^=()\[\]'\"+*#&@|\t]{0,8}"
_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"[\r\n\f\\;]+|(?<=[.!?]) +")
_CHARSETS = {
    "ISO_IR 6": "ascii", "ISO_IR 13": "shift_jis", "ISO_IR 100": "latin-1", "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3", "ISO_IR 110": "iso8859-4", "ISO_IR 126": "iso8859-7", "ISO_IR 127": "iso8859-6",
    "ISO_IR 138": "iso8859-8", "ISO_IR 144": "iso8859-5", "ISO_IR 148": "iso8859-9", "ISO_IR 166": "cp874",
    "ISO_IR 192": "utf-8", "ISO_IR 203": "iso8859-15", "ISO_IR 87": "iso2022_jp", "ISO_IR 159": "iso2022_jp_2",
    "ISO_IR 149": "euc_kr", "ISO_IR 58": "gb2312", "GB18030": "gb18030", "GBK": "gbk",
}  # fmt: skip
_ENCODINGS = (
    *("utf-8", "latin-1", "iso8859-2", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-9", "cp1251"),
    *("cp874", "shift_jis", "euc_jp", "iso2022_jp", "euc_kr", "gb18030", "big5"),
)
_FOLDED = str.maketrans({"ß": "ss", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae"})
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
#: Dates that stand for none.
_DUMMY_DATES = frozenset(("00010101", "10000101", "19000101", "19700101", "20000101", "99991231", "00000000"))
#: More of a sentence than this is not needed to know it again.
_LONGEST = 120


class Phrase(NamedTuple):
    """What is looked for in text without separators, and what must stand around it in the text as it is.

    `form`, where there is one, is the whole pattern.
    """

    squeezed: bytes
    before: bytes = b""
    after: bytes = b""
    form: bytes = b""

    def pattern(self) -> re.Pattern[bytes]:
        """Return the pattern that text has to match; made only where `squeezed` was found, which is rare."""
        return _compiled(self)


@lru_cache(maxsize=1024)
def _compiled(phrase: Phrase) -> re.Pattern[bytes]:
    letters = (re.escape(phrase.squeezed[i : i + 1]) for i in range(len(phrase.squeezed)))
    return re.compile(phrase.form or phrase.before + _GAP.join(letters) + phrase.after)


@dataclass(frozen=True, slots=True)
class Needles:
    """What to look for: whole words; phrases; bytes as they stand; and codes, in which case means something.

    ASCII letters are lower case in all of them but the codes. Families are more phrases, by what all of a family have
    in their squeezed forms: where that is not, none of them is.
    """

    words: frozenset[bytes] = frozenset()
    phrases: tuple[Phrase, ...] = ()
    exact: tuple[bytes, ...] = ()
    coded: tuple[bytes, ...] = ()
    families: tuple[tuple[bytes, tuple[Phrase, ...]], ...] = ()


_NOTHING = Needles()
_NO_DIGIT = (rb"(?<!\d)", rb"(?!\d)")
_NO_LETTER = (rb"(?<![a-z])", rb"(?![a-z])")
_NO_EITHER = (rb"(?<![0-9a-z])", rb"(?![0-9a-z])")


def squeezed(text: bytes) -> bytes:
    """Return lower-cased bytes without separators."""
    return text.translate(None, SEPARATORS)


def needles_of(kind: str, raw: bytes, charset: bytes = b"") -> Needles:
    """Return what to look for in place of a value of a kind (see tags.kind_of) that was written in a character set."""
    text = _decoded(raw, charset).strip("\0 ")
    if kind == "uid":
        return _uid(text)
    if kind == "date":
        return _date(text)
    if kind == "phone":
        return _all_of([_number(part) for part in text.split("\\")])
    if kind == "name":
        return _name(text, raw)
    if kind == "id" or (kind == "device" and any(map(str.isdigit, text))):
        return _id(text)
    if kind == "address":
        return _address(text)
    return _phrases(text) if kind else _NOTHING


def _decoded(raw: bytes, charset: bytes) -> str:
    names = [name.strip().replace("ISO 2022 IR", "ISO_IR") for name in charset.decode("latin-1").split("\\")]
    codec = next((_CHARSETS[name] for name in reversed(names) if name in _CHARSETS), "utf-8")
    if codec in ("euc_kr", "gb2312"):
        raw = raw.replace(b"\x1b$)C", b"").replace(b"\x1b$)A", b"")
    for each in (codec, "utf-8"):
        try:
            return raw.decode(each)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _uid(text: str) -> Needles:
    digits = text.replace(".", "")
    if text.startswith("1.2.840.10008.") or len(digits) < 12 or not digits.isdigit():
        return _NOTHING
    return Needles(phrases=(Phrase(digits.encode(), *_NO_DIGIT),))


def _date(text: str) -> Needles:
    day = text[:8]
    if text[4:5] in ("-", "."):
        day = text[:10].replace("-", "").replace(".", "")
    if len(day) != 8 or not day.isdigit() or day in _DUMMY_DATES or not ("1850" <= day[:4] <= "2199"):
        return _NOTHING
    year, month, number = day[:4], day[4:6], day[6:]
    if not 1 <= int(month) <= 12:
        return _NOTHING
    # A date may be followed by a time, of two, four or six digits.
    plain = (
        rb"(?<!\b0\.)"
        + _NO_DIGIT[0]
        + f"{year}[-./ :]?{month}[-./ :]?{number}".encode()
        + rb"(?!\d(?!\d)|\d{3}(?!\d)|\d{5}(?!\d)|\d{7})"
    )
    phrases, shorts = {Phrase(day.encode(), form=plain)}, set[Phrase]()
    for a, b in ((number, month), (month, number)):
        loose = rb"(?<!\d)(?:0?%d[-./ ]+0?%d[-./ ]+%s|%s%s%s)(?!\d)"
        form = loose % (int(a), int(b), *(v.encode() for v in (year, a, b, year)))
        phrases |= {Phrase(f"{x}{y}{year}".encode(), form=form) for x in {a, str(int(a))} for y in {b, str(int(b))}}
        short = rb"(?<![\d/-])%s[-/]%s[-/]%s(?![\d/-])" % (a.encode(), b.encode(), year[2:].encode())
        shorts.add(Phrase(f"{a}{b}{year[2:]}".encode(), form=short))
    full = _MONTHS[int(month) - 1]
    for name in {full[:3], full}:
        for d in {number, str(int(number))}:
            forms = (d + name + year, name + d + year, year + name + d)
            phrases |= {Phrase(form.encode(), _NO_EITHER[0], _NO_DIGIT[1]) for form in forms}
    return Needles(phrases=tuple(shorts), families=((year.encode(), tuple(phrases)),))


def _number(text: str) -> Needles:
    digits = "".join(filter(str.isdigit, text))
    if len(digits) < 7:
        return _NOTHING
    # With and without the country: the last digits are what people write.
    forms = {digits, digits[-8:]} if len(digits) > 9 else {digits}
    return Needles(phrases=tuple(Phrase(d.encode(), _NO_DIGIT[0] if d == digits else b"", _NO_DIGIT[1]) for d in forms))


def _id(text: str) -> Needles:
    return _all_of([_one_id(part) for part in text.split("\\")])


def _all_of(found: list[Needles]) -> Needles:
    return Needles(
        frozenset().union(*(f.words for f in found)),
        tuple(p for f in found for p in f.phrases),
        tuple(e for f in found for e in f.exact),
        tuple(c for f in found for c in f.coded),
        tuple(each for f in found for each in f.families),
    )


def _one_id(text: str) -> Needles:
    parts = _WORD.findall(text.lower())
    joined = "".join(parts)
    digits = sum(map(str.isdigit, joined))
    if not digits:
        return _all_of([_phrases(text), Needles(words=_rare(text))])
    if len(joined) < 4 or (digits == len(joined) < 5) or joined in COMMON:
        return _NOTHING
    try:
        word = joined.encode("ascii")
    except UnicodeEncodeError:
        return _NOTHING
    if len(joined) < 6:
        return Needles(words=frozenset((word,)))
    edges = _NO_EITHER if len(joined) < 10 else _NO_DIGIT
    return Needles(phrases=(Phrase(word, *edges),), exact=_wide([joined]), coded=_coded(text))


def _name(text: str, raw: bytes) -> Needles:
    words: set[bytes] = set()
    phrases: dict[Phrase, None] = {}
    exact: list[bytes] = []
    for person in text.split("\\"):
        for group in person.split("="):
            parts = [word.lower() for word in _WORD.findall(group)]
            for form in _folded(parts):
                known = [w for w in form if w.isascii() and len(w) > 2 and w not in COMMON and not w.isdigit()]
                words |= {w.encode() for w in known}
                phrases |= dict.fromkeys(_orders([w for w in form if w.isascii()]))
                exact += _wide(known)
            exact += [form for part in parts if not part.isascii() for form in _encoded(part)]
    if b"\x1b" in raw:
        exact += [p.lower() for p in re.split(rb"[\^=\\ ]", raw) if b"\x1b" in p and len(p) > 6]
    coded = _coded(text) + _coded(text.replace("^", " ")) if len(text) > 5 and not _common(text) else ()
    return Needles(frozenset(words), tuple(phrases), tuple(dict.fromkeys(exact)), coded)


def _common(text: str) -> bool:
    return all(word in COMMON or word.isdigit() or len(word) < 3 for word in _WORD.findall(text.lower()))


def _folded(parts: list[str]) -> Iterator[list[str]]:
    """Yield words as they are, and as they are written without their accents."""
    yield parts
    if not all(map(str.isascii, parts)):
        yield [p.translate(_FOLDED) for p in parts]
        yield ["".join(c for c in unicodedata.normalize("NFKD", p) if not unicodedata.combining(c)) for p in parts]


def _orders(parts: list[str]) -> Iterator[Phrase]:
    """Yield the family and given names glued together, in either order."""
    known = [p for p in parts[:3] if len(p) > 1]
    for pair in permutations(known, 2):
        joined = "".join(pair)
        if len(joined) > 4 and not _common(" ".join(pair)):
            yield Phrase(joined.encode(), *((b"", b"") if len(joined) > 8 else _NO_LETTER))
    for part in known:
        # A long name counts also where it is glued to something else, as in a file's or a computer's name.
        if len(part) > 5 and part not in COMMON and not part.isdigit():
            yield Phrase(part.encode())


def _wide(parts: list[str]) -> tuple[bytes, ...]:
    """Return UTF-16 without its last byte, which is the same for both orders of bytes."""
    return tuple("\0".join(part).encode() for part in parts if len(part) > 3 and part.isascii())


def _encoded(word: str) -> Iterator[bytes]:
    if len(word) < 2:
        return
    for form in {word, word.upper(), word.title()}:
        for encoding in _ENCODINGS:
            try:
                made = form.encode(encoding)
            except UnicodeEncodeError:
                continue
            if len(made) > 3:
                yield made.lower()
        yield form.encode("utf-16-le").lower()
        yield form.encode("utf-16-be").lower()


def _coded(text: str) -> tuple[bytes, ...]:
    """Return hexadecimal and, for each of the three ways in which it may be aligned, base64."""
    raw = text.encode("utf-8")
    if len(raw) < 6:
        return ()
    forms = [raw.hex().encode(), raw.hex().upper().encode()]
    for before in range(3):
        made = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        forms.append(made[(before * 4 + 2) // 3 : -1])
    return tuple(forms)


def _address(text: str) -> Needles:
    """Return the whole, and those parts that have a number: street and house, code and town."""
    found = [_phrases(text)]
    for part in re.split(r"[,;\r\n^\\]+", text.lower()):
        joined = "".join(_WORD.findall(part))
        if len(joined) > 5 and joined.isascii() and not joined.isalpha() and not joined.isdigit():
            found.append(Needles(phrases=(Phrase(joined.encode(), *_NO_EITHER),)))
    return _all_of(found)


def _rare(text: str) -> frozenset[bytes]:
    """Return the words that are no common ones."""
    words = _WORD.findall(text.lower())
    return frozenset(w.encode() for w in words if len(w) > 4 and w.isascii() and w not in COMMON and not w.isdigit())


def _phrases(text: str) -> Needles:
    """Return the sentences of a text that have two words or more."""
    phrases = []
    for sentence in _SENTENCE.split(text.lower())[:40]:
        parts = _WORD.findall(sentence)
        joined = "".join(parts)
        letters = sum(map(str.isalpha, joined))
        if len(joined) > 9 and len(parts) > 1 and letters > 4 and joined.isascii() and not _common(sentence):
            after = b"" if len(joined) > _LONGEST else _NO_EITHER[1]
            phrases.append(Phrase(joined[:_LONGEST].encode(), _NO_EITHER[0], after))
    return Needles(phrases=tuple(phrases))
