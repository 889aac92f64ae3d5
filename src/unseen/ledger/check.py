"""Whether rows are those that were signed; if not, which were changed, removed, moved or inserted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from unseen.core.ledger import Head, Row
from unseen.ledger.merkle import Frontier, leaf_hash
from unseen.ledger.notes import PublicKey, Verify
from unseen.ledger.rows import row_message

__all__ = ["Checked", "Rows", "check_rows"]

#: Gives the rows from the start, each time it is called; None stands for what is no row.
Rows = Callable[[], Iterable[Row | None]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: the head that the rows have, and a line for each thing that is wrong, none if all is well."""

    head: Head
    findings: tuple[str, ...] = ()


def check_rows(
    rows: Rows,
    public: PublicKey,
    verify: Verify,
    *,
    kept: Head | None = None,
    size: int = 0,
    every_signature: bool = False,
) -> Checked:
    """Check rows against the signatures they carry, and against a head that was kept elsewhere.

    At first the tree over all events is compared with the last row's signed root: no event can differ without changing
    it. Only if that fails, or with `every_signature`, each row's own signature is checked, which takes some 20 times as
    long and names the rows. `size` is how many rows there should be at least.
    """
    expected = max(size, kept.size if kept is not None else 0)
    frontier = None if every_signature else _sound(rows(), public, verify, kept)
    if frontier is not None and frontier.size >= expected:
        return Checked(Head(public.origin, frontier.size, frontier.root()))
    seen = _look(rows(), public, verify, kept)
    head = Head(public.origin, seen.frontier.size, seen.frontier.root())
    return Checked(head, tuple(_findings(seen, expected, kept)))


def _sound(rows: Iterable[Row | None], public: PublicKey, verify: Verify, kept: Head | None) -> Frontier | None:
    """Return the tree over rows whose last root is signed, and that has the kept head in its past; else None."""
    frontier, last = Frontier(), None
    mark = kept.size if kept is not None else 0
    for row in rows:
        if row is None or row.index != frontier.size:
            return None
        last = row
        frontier.add(leaf_hash(row.event))
        if kept is not None and frontier.size == mark and frontier.root() != kept.root:
            return None
    if last is None:
        return frontier
    root = frontier.root()
    message = row_message(public.origin, last.index, leaf_hash(last.event), root)
    return frontier if root == last.root and verify(public.key, last.signature, message) else None


@dataclass(slots=True)
class _Seen:
    """What each line is: the number it states, None if it is no row, and whether its signature is good."""

    stated: list[int | None] = field(default_factory=list)
    good: list[bool] = field(default_factory=list)
    frontier: Frontier = field(default_factory=Frontier)
    forked: int | None = None
    rewritten: bool = False


def _look(rows: Iterable[Row | None], public: PublicKey, verify: Verify, kept: Head | None) -> _Seen:
    seen, unbroken = _Seen(), True
    for row in rows:
        seen.stated.append(None if row is None else row.index)
        if row is None:
            seen.good.append(False)
            unbroken = False
            continue
        leaf = leaf_hash(row.event)
        good = verify(public.key, row.signature, row_message(public.origin, row.index, leaf, row.root))
        seen.good.append(good)
        unbroken = unbroken and good and row.index == seen.frontier.size
        seen.frontier.add(leaf)
        if not unbroken:
            continue
        root = seen.frontier.root()
        if root != row.root and seen.forked is None:
            seen.forked = row.index
        if kept is not None and seen.frontier.size == kept.size and root != kept.root:
            seen.rewritten = True
    return seen


def _findings(seen: _Seen, expected: int, kept: Head | None) -> Iterator[str]:
    good = [place for place, ok in enumerate(seen.good) if ok]
    numbers = [_number(seen, place) for place in good]
    ordered = [good[i] for i in _longest_rising(numbers)]
    size = max([expected, *(number + 1 for number in numbers)])
    missing = sorted(set(range(size)).difference(numbers))
    found = [*_strangers(seen, ordered, missing, size), *_strays(seen, good, ordered)]
    yield from (text for _, text in sorted(found))
    yield from _gaps(missing, size)
    if seen.forked is not None:
        yield f"row {seen.forked}: is signed, but for another history of this ledger"
    elif seen.rewritten and kept is not None:
        yield f"rows 0 to {kept.size - 1}: are signed, but not those of the head that was kept: history was rewritten"


def _number(seen: _Seen, place: int) -> int:
    """Return the number that a row states; a line that is no row has none, and is below all."""
    number = seen.stated[place]
    return -1 if number is None else number


def _strays(seen: _Seen, good: Sequence[int], ordered: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield signed rows that are not where they belong: moved, or there twice."""
    there = {_number(seen, place) for place in ordered}
    stays = set(ordered)
    for place in good:
        if place in stays:
            continue
        number = _number(seen, place)
        what = "is there a second time" if number in there else "was moved"
        there.add(number)
        yield place, f"row {number}: {what} (line {place + 1} of the rows)"


def _strangers(seen: _Seen, ordered: Sequence[int], missing: list[int], size: int) -> Iterator[tuple[int, str]]:
    """Yield lines without a good signature: changed if a row is missing there, else inserted; takes from `missing`."""
    bad = [place for place, ok in enumerate(seen.good) if not ok]
    between = {place: _bounds(seen, ordered, place, size) for place in bad}
    changed: dict[int, int] = {}
    for place in bad:
        number, (low, high) = seen.stated[place], between[place]
        if number is not None and low < number < high and _take(missing, number):
            changed[place] = number
    for place in bad:
        low, high = between[place]
        at = bisect_right(missing, low)
        if place not in changed and at < len(missing) and missing[at] < high:
            changed[place] = missing.pop(at)
    for place in bad:
        where = f"(line {place + 1} of the rows)"
        if place in changed:
            yield place, f"row {changed[place]}: was changed {where}"
        else:
            yield place, f"line {place + 1} of the rows: was inserted; nothing of this ledger signed it"


def _bounds(seen: _Seen, ordered: Sequence[int], place: int, size: int) -> tuple[int, int]:
    """Return the numbers of the signed rows before and after a line."""
    at = bisect_left(ordered, place)
    before = _number(seen, ordered[at - 1]) if at else -1
    after = _number(seen, ordered[at]) if at < len(ordered) else size
    return before, after


def _take(missing: list[int], number: int) -> bool:
    at = bisect_left(missing, number)
    if at == len(missing) or missing[at] != number:
        return False
    missing.pop(at)
    return True


def _gaps(missing: Sequence[int], size: int) -> Iterator[str]:
    for _, run in groupby(enumerate(missing), key=lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        first, last = numbers[0], numbers[-1]
        who = f"row {first}: is" if first == last else f"rows {first} to {last}: are"
        yield f"{who} missing" + (": the tail was cut off" if last == size - 1 else ": removed")


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """Return the places of a longest strictly rising part, by patience sorting: what stays when least is moved."""
    tails: list[int] = []
    heads: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        at = bisect_left(heads, number)
        before.append(tails[at - 1] if at else -1)
        if at == len(tails):
            tails.append(place)
            heads.append(number)
        else:
            tails[at], heads[at] = place, number
    chain = []
    place = tails[-1] if tails else -1
    while place >= 0:
        chain.append(place)
        place = before[place]
    return chain[::-1]
