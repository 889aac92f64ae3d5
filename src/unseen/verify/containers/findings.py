"""What a scan reports, and the bounds-checked reading and bookkeeping that every container needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Finding", "Findings", "Malformed", "Reader", "Spans", "guarded", "label"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a file that no decoder needs to show the pixels.

    `kind` is one word for programs ("exif", "gps", "trailer", "malformed" ...), `where` the block and its byte offset,
    `detail` a reason. None of them quotes what the block holds.
    """

    kind: str
    where: str
    detail: str


Findings = Iterator[Finding]


class Malformed(Exception):
    """The bytes break the format's rules at this point, so the rest of the block cannot be judged."""


def guarded(findings: Iterable[Finding], where: str) -> Findings:
    """Yield what a parser finds; where it gives up, yield a "malformed" finding instead of raising."""
    try:
        yield from findings
    except Malformed as error:
        yield Finding("malformed", where, str(error))


def label(name: bytes) -> str:
    """Return a four-letter block name for a message, or "?" where it is not plain letters and digits."""
    text = name.decode("latin-1").rstrip(" ")
    return text if text.isascii() and text.isalnum() else "?"


class Reader:
    """A forward cursor over part of a file; reading past its end raises Malformed."""

    __slots__ = ("_data", "_little", "end", "pos")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None, *, little: bool = False) -> None:
        self._data = data
        self._little = little
        self.pos = start
        self.end = len(data) if end is None else end
        if not 0 <= self.pos <= self.end <= len(data):
            raise Malformed("points outside the file")

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self.end - self.pos

    def take(self, count: int) -> bytes:
        """Read `count` bytes."""
        start = self.pos
        self.skip(count)
        return self._data[start : self.pos]

    def skip(self, count: int) -> None:
        """Move on by `count` bytes."""
        if not 0 <= count <= self.left:
            raise Malformed("ends before its announced length")
        self.pos += count

    def uint(self, size: int) -> int:
        """Read an unsigned integer of `size` bytes in the reader's byte order."""
        return int.from_bytes(self.take(size), "little" if self._little else "big")


class Spans:
    """The byte ranges of a file that are accounted for; what is left over may hide something."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: set[tuple[int, int]] = set()

    def add(self, start: int, end: int) -> bool:
        """Account for bytes start <= i < end; False if the very same range was named before, which is no overlap."""
        fresh = (start, end) not in self._spans
        if start < end:
            self._spans.add((start, end))
        return fresh

    def findings(
        self,
        data: bytes,
        start: int,
        end: int,
        *,
        padding: int = 0,
        tail: str = "trailer",
        harmless: Callable[[int, int], bool] = lambda low, high: False,
    ) -> Findings:
        """Report what lies between, over or after the ranges within start <= i < end.

        A gap of at most `padding` zero bytes before a block, or up to a multiple of `padding` + 1 at the end, is
        alignment and passes; so does one that `harmless` (start, end) knows. `tail` is the kind of a gap at the end.
        """
        at = start
        inside = sorted(span for span in self._spans if span[1] > start and span[0] < end)
        for low, high in (*inside, (end, end)):
            if low < at:
                yield Finding("overlap", f"byte {low}", "two blocks claim the same bytes")
            stop = min(low, end)
            aligned = stop < len(data) or stop % (padding + 1) == 0
            zeros = aligned and stop - at <= padding and not any(data[at:stop])
            if at < stop and not zeros and not harmless(at, stop):
                kind = tail if stop == len(data) else "slack"
                yield Finding(kind, f"byte {at}", f"{stop - at} bytes belong to no block")
            at = max(at, high)
