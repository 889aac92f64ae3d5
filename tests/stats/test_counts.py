"""Tables of counts: what their metadata must say, and what follows for each unit."""

from __future__ import annotations

from typing import Any

import pytest

from unseen.core.privacy import Distances, Unit
from unseen.errors import Refused, UsageError
from unseen.stats.counts import spec_of_counts

_META: dict[str, Any] = {
    "version": 1,
    "table": "crossings",
    "keys": ["interval_start", "line"],
    "domain": {"interval_start": ["2026-11-25T23:00:00Z", "2026-11-26T00:00:00Z"], "line": ["a", "b"]},
    "count": "count",
    "bound": 3,
    "mechanism": "uniform random choice",
    "tracks_per_unit": 5,
    "unit": "track",
    "start": "2026-11-25T23:00:00Z",
    "end": "2026-11-26T01:00:00Z",
    "interval_s": 3600,
    "id_switch_rate": 0.2,
}


@pytest.mark.parametrize(
    ("unit", "distances"),
    [
        ("event", Distances(1, 1)),
        ("person-day", Distances(15, 75)),
        ("vehicle-day", Distances(15, 75)),
        ("person-ever", Distances(30, 300)),
    ],
)
def test_each_unit_has_its_distance(unit: Unit, distances: Distances) -> None:
    spec = spec_of_counts(_META, "counts.parquet", unit, "ever")
    (query,) = spec.queries()
    assert query.most == distances
    assert spec.days == ("2026-11-25", "2026-11-26")


def test_a_track_cannot_add_to_more_cells_than_there_are() -> None:
    spec = spec_of_counts({**_META, "bound": 99}, "counts.parquet", "person-day", "ever")
    assert spec.most.cells == 4


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"bound": None}, "not bounded"),
        ({"bound": 0}, "bound = 0, which is below 1"),
        ({"bound": True}, "does not say 'bound'"),
        ({"bound": "3"}, "does not say 'bound'"),
        ({"version": 2}, "another version"),
        ({"tracks_per_unit": None}, "does not say 'tracks_per_unit'"),
        ({"mechanism": None}, "does not say 'mechanism'"),
        ({"id_switch_rate": None}, "does not say 'id_switch_rate'"),
        ({"id_switch_rate": float("nan")}, "no number of 0 or more"),
        ({"unit": "row"}, "does not bound tracks"),
        ({"most_in_a_cell": 4}, "does not bound tracks"),
        ({"keys": ["line"]}, "keys and its domain differ"),
        ({"domain": {"interval_start": [], "line": ["a"]}}, "no list of values"),
        ({"domain": {"interval_start": ["x"], "line": ["a", "a"]}}, "names a value twice"),
        ({"start": "yesterday"}, "as a time in UTC"),
        ({"start": "1970-01-01T00:00:00Z"}, "days; at most"),
        ({"end": "2026-11-01T00:00:00Z"}, "it ends before it begins"),
        ({"count": "line"}, "would be named 'line'"),
    ],
)
def test_a_table_that_does_not_say_what_is_needed_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused) as caught:
        spec_of_counts({**_META, **changed}, "counts.parquet", "person-day", "day")
    assert why in str(caught.value)
    assert "count again with: unseen count --bound K" in str(caught.value)


def test_a_table_that_says_nothing_is_refused() -> None:
    with pytest.raises(Refused, match="says nothing of its contributions"):
        spec_of_counts(None, "counts.csv", "person-day", "ever")


def test_days_that_are_not_known_are_not_kept_apart() -> None:
    unknown = {**_META, "start_known": False}
    with pytest.raises(UsageError, match="does not know on which days"):
        spec_of_counts(unknown, "counts.parquet", "person-day", "day")
    assert spec_of_counts(unknown, "counts.parquet", "person-day", "ever").days == ()
    with pytest.raises(UsageError, match="on how many days"):
        spec_of_counts(unknown, "counts.parquet", "person-ever", "ever")
