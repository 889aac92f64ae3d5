"""What is checked with the public key alone: nothing can be done to an export that is not found and named."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.ledger.ledger_rows import KEY, PUBLIC, exported, head_of, rows_of
from unseen.core.ledger import Head, Row
from unseen.crypto.signing import SigningKey, verify
from unseen.ledger.check import Checked, check_rows
from unseen.ledger.merkle import leaf_hash
from unseen.ledger.notes import PublicKey, signed_head
from unseen.ledger.offline import check_export, check_growth, check_proof, growth_of, proof_of
from unseen.ledger.rows import export_lines, row_line

ROWS = rows_of(60)
LINES = exported(ROWS)
HEAD = head_of(ROWS)
_THIEF = SigningKey(b"t" * 32)


def _checked(lines: list[bytes], kept: Head | None = HEAD) -> Checked:
    return check_export(lambda: lines, PUBLIC, verify, kept=kept)


def _line(row: int) -> int:
    return row + 1


# Each way takes the lines and a random source, changes the lines, and returns a word that a finding must have.


def _change_a_letter(lines: list[bytes], rng: random.Random) -> str:
    row = rng.randrange(60)
    line = lines[_line(row)]
    place = rng.randrange(len(b'{"event":'), line.index(b',"index":'))
    letter = rng.choice([b for b in range(32, 127) if b != line[place]])
    lines[_line(row)] = line[:place] + bytes([letter]) + line[place + 1 :]
    return f"row {row}: was changed"


def _change_any_byte(lines: list[bytes], rng: random.Random) -> str:
    at = rng.randrange(len(lines))
    line = lines[at]
    place = rng.randrange(len(line) - 1)
    lines[at] = line[:place] + bytes([line[place] ^ (1 << rng.randrange(8))]) + line[place + 1 :]
    return {0: "the first line", 61: "the last line"}.get(at, f"row {at - 1}: was changed")


def _change_a_hash(lines: list[bytes], rng: random.Random) -> str:
    row = rng.randrange(60)
    line = lines[_line(row)]
    field = rng.choice([b'"root":"', b'"signature":"'])
    place = line.index(field) + len(field) + rng.randrange(64)
    digit = b"0" if line[place : place + 1] != b"0" else b"1"
    lines[_line(row)] = line[:place] + digit + line[place + 1 :]
    return f"row {row}: was changed"


def _remove(lines: list[bytes], rng: random.Random) -> str:
    row = rng.randrange(60)
    del lines[_line(row)]
    return f"row {row}: is missing"


def _remove_several(lines: list[bytes], rng: random.Random) -> str:
    first = rng.randrange(50)
    last = first + rng.randrange(1, 9)
    del lines[_line(first) : _line(last) + 1]
    return f"rows {first} to {last}: are missing: removed"


def _swap(lines: list[bytes], rng: random.Random) -> str:
    one, two = rng.sample(range(60), 2)
    lines[_line(one)], lines[_line(two)] = lines[_line(two)], lines[_line(one)]
    return "was moved"


def _move(lines: list[bytes], rng: random.Random) -> str:
    row, to = rng.choice([(a, b) for a in range(60) for b in range(60) if abs(a - b) > 1])
    lines.insert(_line(to), lines.pop(_line(row)))
    return f"row {row}: was moved"


def _repeat(lines: list[bytes], rng: random.Random) -> str:
    row = rng.randrange(60)
    lines.insert(_line(rng.randrange(61)), lines[_line(row)])
    return f"row {row}: is there a second time"


def _forge(lines: list[bytes], rng: random.Random) -> str:
    at = rng.randrange(61)
    forged = rows_of(60, key=_THIEF, word="forged")[min(at, 59)]
    lines.insert(_line(at), row_line(forged))
    return f"line {at + 1} of the rows: was inserted"


def _take_from_another_ledger(lines: list[bytes], rng: random.Random) -> str:
    row = rng.randrange(60)
    lines[_line(row)] = row_line(rows_of(60, origin="unseen-ledger/other", word="other")[row])
    return f"row {row}: was changed"


def _take_from_another_history(lines: list[bytes], rng: random.Random) -> str:
    row = rng.randrange(60)
    lines[_line(row)] = row_line(rows_of(60, word="other")[row])
    return f"row {row}: is signed, but for another history"


def _cut(lines: list[bytes], rng: random.Random) -> str:
    row = rng.randrange(1, 59)
    del lines[_line(row) : 61]
    return f"rows {row} to 59: are missing: the tail was cut off"


def _cut_with_the_seal(lines: list[bytes], rng: random.Random) -> str:
    row = rng.randrange(59)
    del lines[_line(row) :]
    return f"rows {row} to 59: are missing: the tail was cut off"


def _hand_out_an_older_export(lines: list[bytes], rng: random.Random) -> str:
    row = rng.randrange(59)
    lines[:] = exported(ROWS[:row])
    return f"rows {row} to 59: are missing: the tail was cut off"


def _sign_all_anew(lines: list[bytes], rng: random.Random) -> str:
    lines[:] = export_lines(
        rows_of(60, key=_THIEF, word=rng.choice("abc")), PublicKey(PUBLIC.origin, _THIEF.public), _THIEF.sign
    )
    return "the first line: is not that of an export under this public key"


def _rewrite_history_as_the_owner(lines: list[bytes], rng: random.Random) -> str:
    lines[:] = exported(rows_of(rng.randrange(60, 70), word="rewritten"))
    return "history was rewritten"


def _add_after_the_seal(lines: list[bytes], rng: random.Random) -> str:
    lines.append(rng.choice([b"{}\n", b"\n", lines[5], lines[-1]]))
    return "of the rows"


_WAYS: list[Callable[[list[bytes], random.Random], str]] = [
    _change_a_letter,
    _change_any_byte,
    _change_a_hash,
    _remove,
    _remove_several,
    _swap,
    _move,
    _repeat,
    _forge,
    _take_from_another_ledger,
    _take_from_another_history,
    _cut,
    _cut_with_the_seal,
    _hand_out_an_older_export,
    _sign_all_anew,
    _rewrite_history_as_the_owner,
    _add_after_the_seal,
]


def test_a_ledger_that_is_whole_passes() -> None:
    assert _checked(LINES) == Checked(HEAD)
    assert check_export(lambda: LINES, PUBLIC, verify, kept=HEAD, every_signature=True) == Checked(HEAD)
    assert _checked(exported([])).findings == ("rows 0 to 59: are missing: the tail was cut off",)
    assert _checked(exported([]), None) == Checked(head_of([]))


def test_a_ledger_that_has_grown_since_a_head_was_kept_passes() -> None:
    for size in (0, 1, 32, 59):
        assert _checked(LINES, head_of(ROWS[:size])).findings == ()


@pytest.mark.parametrize("attempt", range(204))
def test_tampering_is_found_and_the_row_named(attempt: int) -> None:
    lines, rng = list(LINES), random.Random(attempt)
    wanted = _WAYS[attempt % len(_WAYS)](lines, rng)
    assert lines != LINES
    findings = _checked(lines).findings
    assert any(wanted in finding for finding in findings), (wanted, findings)


@pytest.mark.parametrize("way", [_change_a_letter, _remove, _forge, _move, _repeat, _take_from_another_history])
def test_what_was_not_touched_is_not_named(way: Callable[[list[bytes], random.Random], str]) -> None:
    lines = list(LINES)
    wanted = way(lines, random.Random(1))
    assert [finding for finding in _checked(lines).findings if wanted not in finding] == []


def test_several_rows_that_were_touched_are_all_named() -> None:
    lines = list(LINES)
    lines[_line(40)] = lines[_line(40)].replace(b"pass", b"fail")
    lines[_line(20)] = lines[_line(20)].replace(b"pass", b"fail")
    del lines[_line(30)]
    del lines[_line(10)]
    assert _checked(lines).findings == (
        "row 20: was changed (line 20 of the rows)",
        "row 40: was changed (line 39 of the rows)",
        "row 10: is missing: removed",
        "row 30: is missing: removed",
    )


def test_a_tail_that_was_cut_off_needs_the_head() -> None:
    older = exported(ROWS[:50])
    assert _checked(older, None).findings == ()
    assert _checked(older).findings == ("rows 50 to 59: are missing: the tail was cut off",)


def test_rows_are_checked_without_an_export_as_well() -> None:
    changed: list[Row | None] = [*ROWS]
    changed[7] = Row(7, ROWS[7].event.replace(b"pass", b"fail"), ROWS[7].root, ROWS[7].signature)
    assert check_rows(lambda: ROWS, PUBLIC, verify).findings == ()
    assert check_rows(lambda: changed, PUBLIC, verify).findings == ("row 7: was changed (line 8 of the rows)",)


def test_an_event_is_proved_by_the_public_key_alone() -> None:
    leaves = [leaf_hash(row.event) for row in ROWS]
    for index in (0, 31, 59):
        proof = proof_of(ROWS[index].event, index, leaves, signed_head(HEAD, PUBLIC, KEY.sign))
        event, number, head = check_proof(proof, PUBLIC, verify, kept=HEAD)
        assert (event.encoded(), number, head) == (ROWS[index].event, index, HEAD)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"road-safety", b"other-uses", "does not lead from this event"),
        (b'"index":31', b'"index":30', "does not lead from this event"),
        (b'"index":31', b'"index":"31"', "no proof of a ledger"),
        (b'"path":["', b'"path":["00', "does not lead from this event"),
        (b"proof 1", b"proof 2", "no proof of a ledger"),
        (b"\\n60\\n", b"\\n61\\n", "no signature of the ledger's key"),
        (b"{", b"[", "delimiter"),
    ],
)
def test_a_proof_that_was_touched_proves_nothing(old: bytes, new: bytes, why: str) -> None:
    proof = proof_of(ROWS[31].event, 31, [leaf_hash(row.event) for row in ROWS], signed_head(HEAD, PUBLIC, KEY.sign))
    with pytest.raises(ValueError, match=why):
        check_proof(proof.replace(old, new, 1), PUBLIC, verify)


def test_a_proof_for_another_head_than_the_one_that_was_kept_is_refused() -> None:
    old = head_of(ROWS[:40])
    proof = proof_of(ROWS[3].event, 3, [leaf_hash(r.event) for r in ROWS[:40]], signed_head(old, PUBLIC, KEY.sign))
    assert check_proof(proof, PUBLIC, verify, kept=old)[1] == 3
    with pytest.raises(ValueError, match="another head"):
        check_proof(proof, PUBLIC, verify, kept=HEAD)


def _growth(rows: list[Row], old: Head) -> bytes:
    notes = [signed_head(head, PUBLIC, KEY.sign) for head in (old, head_of(rows))]
    return growth_of(old, [leaf_hash(row.event) for row in rows], *notes)


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 59, 60])
def test_growth_is_proved_by_two_heads_and_some_hashes(size: int) -> None:
    old = head_of(ROWS[:size])
    assert check_growth(_growth(ROWS, old), PUBLIC, verify) == (old, HEAD)


def test_a_history_that_was_rewritten_did_not_grow() -> None:
    proof = _growth(rows_of(60, word="rewritten"), head_of(ROWS[:33]))
    with pytest.raises(ValueError, match="history was rewritten"):
        check_growth(proof, PUBLIC, verify)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'"path":["', b'"path":["00', "history was rewritten"),
        (b"growth 1", b"growth 2", "no proof of a ledger"),
        (b"\\n33\\n", b"\\n32\\n", "no signature of the ledger's key"),
        (b'"path":[', b'"path":[1,', "no proof of a ledger"),
        (b'"old":"', b'"odd":"', "no proof of a ledger"),
    ],
)
def test_a_growth_that_was_touched_proves_nothing(old: bytes, new: bytes, why: str) -> None:
    proof = _growth(ROWS, head_of(ROWS[:33])).replace(old, new, 1)
    with pytest.raises(ValueError, match=why):
        check_growth(proof, PUBLIC, verify)
