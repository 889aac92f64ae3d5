"""Looks at outputs and says which checks they pass; its own code, sharing none with the checks that a product makes."""

from __future__ import annotations

import base64
import contextlib
import re
import warnings
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragments
from pydicom.pixels.utils import get_expected_length, pixel_array

from bench.dicom_places import Token
from bench.dicom_plant import Check, Planted

__all__ = ["Output", "Result", "left_over", "score"]

_SEPARATORS = bytes(b for b in range(33, 128) if not chr(b).isalnum()) + b" "


@dataclass(frozen=True, slots=True)
class Result:
    """A check of a file, and whether it was passed; `leak` says that an identifier is in what was released."""

    number: int
    check: Check
    passed: bool
    leak: bool = False


class Output:
    """A file that a tool wrote."""

    def __init__(self, path: Path, below: str) -> None:
        self.below = below
        self.path = path
        self._raw = path.read_bytes()

    @cached_property
    def data(self) -> Dataset:
        """The data set, empty where it cannot be read."""
        try:
            return dcmread(self.path, force=True)
        except Exception:  # noqa: BLE001 - whatever it is, there is nothing to read
            return Dataset()

    @cached_property
    def lower(self) -> bytes:
        """All bytes in lower case, with those that were deflated as they were before."""
        raw = self._raw
        if b"1.2.840.10008.1.2.1.99" in raw[:1024]:
            raw += _inflated(raw)
        return raw.lower()

    @cached_property
    def tight(self) -> bytes:
        """The bytes without separators."""
        return self.lower.translate(None, _SEPARATORS)

    def value(self, keyword: str) -> str:
        """Return an attribute of the data set as text, "" where there is none or it cannot be read."""
        try:
            value = self.data.get(keyword)
        except Exception:  # noqa: BLE001
            return ""
        return "" if value is None else str(value)

    def holds(self, token: Token) -> bool:
        """Whether a token is anywhere in the file, or in its path."""
        if token.kind == "path":
            return token.value.lower() in self.below.lower()
        if token.kind == "number":
            return re.sub(r"[^0-9a-z]", "", token.value.lower()).encode() in self.tight
        return any(form in self.lower for form in _forms(token.value))


def _inflated(raw: bytes) -> bytes:
    start = 144 + int.from_bytes(raw[140:144], "little")
    try:
        return zlib.decompressobj(-15).decompress(raw[start:])
    except zlib.error:
        return b""


def _forms(text: str) -> Iterable[bytes]:
    """Yield a text in every encoding in which it may be there, in lower case as far as that is ASCII."""
    for each in {text, text.upper(), text.lower()}:
        for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
            # What an encoding has no letters for is not in it.
            with contextlib.suppress(UnicodeEncodeError):
                yield each.encode(encoding).lower()
    raw = text.encode()
    yield raw.hex().encode()
    for before in range(3):
        # Only the digits that no neighbour has a part in.
        first, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        yield base64.b64encode(b"\0" * before + raw)[first:end].lower()


def score(planted: Sequence[Planted], outputs: Mapping[int, Output]) -> list[Result]:
    """Return the result of every check; of a file that was not released nothing is left, and every check is failed."""
    results = []
    by_number = {each.number: each for each in planted}
    became = _became(planted, outputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in planted:
            output = outputs.get(each.number)
            if output is None:
                results += [Result(each.number, check, passed=False) for check in each.checks]
                continue
            done = [_result(each, check, output, outputs, by_number, became) for check in each.checks]
            marked = output.value("PatientIdentityRemoved") == "YES"
            honest = not (marked and any(r.leak for r in done))
            results += [_honest(r, marked, honest) if r.check.category == "honest marks" else r for r in done]
    return results


def left_over(results: Iterable[Result]) -> int:
    """Count the places where an identifier is left."""
    return sum(result.leak for result in results)


def _honest(result: Result, marked: bool, honest: bool) -> Result:
    return Result(result.number, result.check, marked and honest)


#: What each value of an attribute became, over all files.
_Became = Mapping[tuple[str, str], set[str]]


def _became(planted: Sequence[Planted], outputs: Mapping[int, Output]) -> _Became:
    """Return what each UID and patient became, and, under a name with "<", what became each of theirs."""
    became: dict[tuple[str, str], set[str]] = {}
    for each in planted:
        output = outputs.get(each.number)
        if output is None:
            continue
        olds = {c.keyword: c.value for c in each.checks if c.kind == "UID changed"}
        for keyword, old in {**olds, "PatientID": each.person.number}.items():
            new = output.value(keyword)
            became.setdefault((keyword, old), set()).add(new)
            became.setdefault(("<" + keyword, new), set()).add(old)
    return became


def _result(
    planted: Planted,
    check: Check,
    output: Output,
    outputs: Mapping[int, Output],
    by_number: Mapping[int, Planted],
    became: _Became,
) -> Result:
    if check.kind == "text removed":
        left = _left(check, output)
        return Result(planted.number, check, not left, leak=left)
    value = output.value(check.keyword)
    if check.kind in ("UID changed", "date shifted"):
        same = value == check.value
        return Result(planted.number, check, bool(value) and not same, leak=same)
    if check.kind == "interval kept":
        passed = _days(value) - _days(output.value("StudyDate")) == int(check.value) and _days(value) > 0
    elif check.kind == "UID consistent":
        passed = _consistent(planted, check, output, outputs, became)
    elif check.kind == "patient consistent":
        passed = _one(became, "PatientID", planted.person.number)
    elif check.kind == "pixels retained":
        passed = _same_pixels(planted.path, output.path)
    else:
        passed = _kept(check, value)
    return Result(planted.number, check, passed)


def _left(check: Check, output: Output) -> bool:
    if check.keyword and check.tokens:
        # What is the patient's own is in other places too; only this one counts here.
        value = output.value(check.keyword)
        tight = re.sub(r"[^0-9a-z]", "", value.lower())
        return any(re.sub(r"[^0-9a-z]", "", token.value.lower()) in tight for token in check.tokens)
    if check.keyword:
        return output.value(check.keyword) == check.value
    return any(map(output.holds, check.tokens))


def _days(value: str) -> int:
    from datetime import date

    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:8])).toordinal()
    except ValueError:
        return -1


def _one(became: _Became, keyword: str, old: str) -> bool:
    """Whether a value became one other everywhere, which nothing else became."""
    news = became.get((keyword, old), set())
    return len(news) == 1 and "" not in news and all(len(became["<" + keyword, new]) == 1 for new in news)


def _consistent(planted: Planted, check: Check, output: Output, outputs: Mapping[int, Output], became: _Became) -> bool:
    if check.keyword != "ReferencedSeriesSequence":
        old = next(c.value for c in planted.checks if c.kind == "UID changed" and c.keyword == check.keyword)
        return _one(became, check.keyword, old)
    twin = outputs.get(planted.twin or 0)
    series = output.data.get("ReferencedSeriesSequence")
    items = series[0].get("ReferencedInstanceSequence") if series else None
    if twin is None or not series or not items:
        return False
    same_series = str(series[0].get("SeriesInstanceUID", "")) == twin.value("SeriesInstanceUID")
    return same_series and str(items[0].get("ReferencedSOPInstanceUID", "")) == twin.value("SOPInstanceUID") != ""


def _kept(check: Check, value: str) -> bool:
    if check.category == "words of descriptions":
        return check.value in value
    if check.kind == "tag retained" or check.kind == "tag present" or check.kind == "not null":
        return value != ""
    return value == check.value


def _same_pixels(before: Path, after: Path) -> bool:
    """Whether pixels are the same: their bytes, as far as they are pixels, or what they decode to."""
    old, new = dcmread(before, force=True), dcmread(after, force=True)
    try:
        if old.file_meta.TransferSyntaxUID.is_encapsulated:
            return bool(old.PixelData == new.PixelData) or _decoded(before) == _decoded(after)
        length = get_expected_length(old)
        first, second = bytes(old.PixelData)[:length], bytes(new.PixelData)[:length]
    except (AttributeError, KeyError, ValueError, RuntimeError):
        return False
    big = [not each.file_meta.TransferSyntaxUID.is_little_endian for each in (old, new)]
    if big[0] != big[1] and old.BitsAllocated > 8:
        second = b"".join(second[i : i + 2][::-1] for i in range(0, len(second), 2))
    return first == second


def _decoded(file: Path) -> bytes:
    """Return the pixels; of what nothing here decodes the scans, from their start to the end of the picture."""
    try:
        return pixel_array(file, raw=True).tobytes()
    except (RuntimeError, NotImplementedError):
        fragments = list(generate_fragments(dcmread(file, force=True).PixelData))[1:]
        return b"".join(f[f.find(b"\xff\xda") : f.rfind(b"\xff\xd9") + 2] for f in fragments)
