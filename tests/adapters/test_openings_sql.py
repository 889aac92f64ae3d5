"""What opens commitments: kept apart, found by value, and gone when it is forgotten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters import postgres_server
from unseen.adapters.openings_sql import SqlOpenings, open_openings

_HARD = ["alice", "", "a\0b", "\udc80", "back\\slash", "% ? '", "ö 👪"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    why = postgres_server.missing()
    if why is not None:
        pytest.skip(why)
    with postgres_server.serve() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def openings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlOpenings]:
    where = str(tmp_path / "openings.db") if request.param == "sqlite" else request.getfixturevalue("server")
    with closing(open_openings(where, os.urandom)) as made:
        yield made


@pytest.mark.parametrize("value", _HARD)
def test_a_commitment_opens_until_it_is_forgotten(openings: SqlOpenings, value: str) -> None:
    one, two, other = openings.commit([("subject", value), ("subject", value), ("actor", value)])
    assert len({one, two, other}) == 3
    assert openings.opened(one) == openings.opened(two) == ("subject", value)
    assert {one, two} <= set(openings.commitments("subject", value))
    assert openings.forget("subject", value) >= 2
    assert openings.opened(one) is openings.opened(two) is None
    assert openings.opened(other) == ("actor", value)
    assert openings.commitments("subject", value) == []
    assert openings.forget("subject", value) == 0


def test_what_was_forgotten_is_in_no_file_any_more(tmp_path: Path) -> None:
    salts = []

    def random(size: int) -> bytes:
        salts.append(os.urandom(size))
        return salts[-1]

    with closing(open_openings(str(tmp_path / "openings.db"), random)) as openings:
        openings.commit([("subject", "alice-smith"), ("subject", "bob-jones")])
        openings.forget("subject", "alice-smith")
        everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"alice-smith" not in everything
    assert salts[0] not in everything
    assert b"bob-jones" in everything
    assert salts[1] in everything
