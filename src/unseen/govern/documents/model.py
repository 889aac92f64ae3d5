"""What a document is: sections of rows; each row is a statement with its sources, or a question to a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["SCHEMA", "Document", "Input", "Layout", "Open", "Question", "Row", "Section", "Source"]

#: How a document is laid out: with sources at each row, with sources at the end, or as a sign.
Layout = Literal["pages", "public", "sign"]
#: Name and version of the format of documents as JSON; a change that breaks readers raises the number.
SCHEMA = "unseen-document/1"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from: a file and a JSON pointer in it, or the ledger and the numbers of events."""

    place: str
    at: str = ""

    def __str__(self) -> str:
        if not self.at:
            return self.place
        return f"{self.place}#{self.at}" if self.at.startswith("/") else f"{self.place}, {self.at}"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person has to decide, and the key under which the answer is given."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One statement: what it is about, the words (several make a list), where they come from, and the law's place.

    `missing` is asked where nothing is known; it may stand beside words that do not suffice. `decided` says by whom
    and when, where the words are a person's. A row with words and neither source nor decision is fixed text.
    """

    label: str
    values: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    ref: str = ""
    missing: Question | None = None
    decided: str = ""

    def __post_init__(self) -> None:
        if not self.values and self.missing is None:
            raise ValueError(f"the row {self.label!r} says nothing and asks nothing")


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a title, after a sentence of introduction; `ref` is the law's place for all of them."""

    title: str
    rows: tuple[Row, ...]
    text: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """A file that was read: its name as shown, what it is, and the SHA-256 of its bytes (or the root of the ledger)."""

    name: str
    what: str
    digest: str


@dataclass(frozen=True, slots=True)
class Open:
    """A question that nobody has answered: the section and the row in which it stands."""

    section: str
    label: str
    question: Question


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a kind; `made` is its moment in ISO 8601.

    One with the layout `public` is for everybody: as HTML it names its sources at the end, and not on paper. `data` is
    what its JSON is where that has a format of its own; `faults` say why that must not be written.
    """

    kind: str
    title: str
    made: str
    sections: tuple[Section, ...]
    inputs: tuple[Input, ...] = ()
    lead: str = ""
    language: str = "en"
    layout: Layout = "pages"
    data: Mapping[str, Any] | None = None
    faults: tuple[str, ...] = field(default=())

    def rows(self) -> Iterator[Row]:
        """Yield all rows."""
        for section in self.sections:
            yield from section.rows

    @property
    def missing(self) -> tuple[Open, ...]:
        """Every question that is open, in the order of the document."""
        return tuple(
            Open(section.title, row.label, row.missing)
            for section in self.sections
            for row in section.rows
            if row.missing is not None
        )

    @property
    def stated(self) -> int:
        """How many statements come from data."""
        return sum(bool(row.values and row.sources and not row.decided) for row in self.rows())

    @property
    def decided(self) -> int:
        """How many statements are a person's."""
        return sum(bool(row.decided) for row in self.rows())
