"""A declaration says everything, or is refused in one line that names what is wrong."""

from __future__ import annotations

import json
import tomllib
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest

from unseen.core.privacy import Distances
from unseen.core.tabulation import Bounding, Key
from unseen.errors import UsageError
from unseen.stats.declaration import spec_of_declaration
from unseen.stats.spec import Spec

_SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "declaration.schema.json").read_text("utf-8"))
_GOOD = """
unit = "person-day"
unit_columns = ["person", "day"]
cells = 2
rows_per_cell = 3
first_day = 2026-11-24
last_day = 2026-11-25
missing = "drop"

[keys]
street = ["north", "south"]
hour = { from = 6, to = 9 }
age = { lower = 0, upper = 100, bins = 4 }
day = [2026-11-24, 2026-11-25]
wet = [true, false]

[[measures]]
kind = "count"
weight = 2

[[measures]]
kind = "mean"
column = "speed"
lower = 0
upper = 130
step = 0.5

[[measures]]
kind = "quantile"
name = "pace"
column = "speed"
lower = 0
upper = 130
bins = 16
q = [0.5, 0.85]
"""


def _spec(text: str) -> Spec:
    return spec_of_declaration(tomllib.loads(text), "trips.toml")


def test_a_whole_declaration_is_understood() -> None:
    spec = _spec(_GOOD)
    assert spec.grid.shape == (2, 4, 4, 2, 2)
    assert spec.grid.keys[1] == Key("hour", ("6", "7", "8", "9"))
    assert spec.grid.keys[2] == Key("age", ("0 to 25", "25 to 50", "50 to 75", "75 to 100"), (0.0, 100.0))
    assert spec.grid.keys[3].values == ("2026-11-24", "2026-11-25")
    assert spec.grid.keys[4].values == ("true", "false")
    assert spec.days == ("2026-11-24", "2026-11-25")
    assert spec.bounding == Bounding(("person", "day"), 2, 3, 18)
    assert (spec.missing, spec.undeclared) == ("drop", "refuse")
    assert [measure.name for measure in spec.measures] == ["count", "speed_mean", "pace"]


def test_each_vector_has_its_distance_and_shares_add_up() -> None:
    queries = _spec(_GOOD).queries()
    assert sum(query.share for query in queries) == 1
    assert [query.share for query in queries] == [
        Fraction(9, 20),
        *[Fraction(9, 80)] * 2,
        Fraction(9, 40),
        Fraction(1, 10),
    ]
    half = 131  # (130 - 65) / 0.5, and one for rounding
    assert queries[0].most == Distances(6, 18)
    assert queries[1].most == Distances(6 * half, 18 * half**2)
    assert queries[3].most == Distances(6, 18)
    assert queries[4].most == Distances(6 + 18, 36 + 18**2)


def test_the_schema_describes_what_is_understood() -> None:
    plain = json.loads(json.dumps(tomllib.loads(_GOOD), default=str))
    jsonschema.validate(plain, _SCHEMA)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('unit = "person-day"', 'unit = "household"', "unit must be one of event"),
        ('unit_columns = ["person", "day"]', "", "unit_columns must name the columns"),
        ("cells = 2", "", "cells must say"),
        ("cells = 2", "cells = 0", "cells must be a whole number from 1"),
        ("cells = 2", "cells = 2.5", "cells must be a whole number"),
        ("rows_per_cell = 3", "rows_per_cel = 3", "'rows_per_cel', which is not known"),
        ("lower = 0\nupper = 130\nstep", "upper = 130\nstep", "needs lower and upper: bounds that do not come"),
        ("upper = 130\nstep", "upper = -1\nstep", "lower must be below upper"),
        ("upper = 130\nstep", "upper = nan\nstep", "upper must be a number"),
        ("upper = 130\nstep", "upper = inf\nstep", "upper must be a number"),
        ("step = 0.5", "step = 0", "step must be above 0"),
        ("step = 0.5", "step = 1e-30", "step must be above 0"),
        ("q = [0.5, 0.85]", "q = [1.5]", "q must be a list of shares"),
        ('kind = "mean"', 'kind = "median"', "a measure's kind is one of count, sum, mean, quantile"),
        ('name = "pace"', 'name = "count"', "two measures are named 'count'"),
        ('street = ["north", "south"]', 'street = ["north", "north"]', "declares a value twice"),
        (
            'street = ["north", "south"]',
            'count_low = ["north"]',
            "two columns of the release would be named 'count_low'",
        ),
        ("q = [0.5, 0.85]", "q = [0.5, 0.5]", "two columns of the release would be named 'pace_50'"),
        ('street = ["north", "south"]', "street = []", "declare all of its values"),
        ('street = ["north", "south"]', "street = [0.5]", "values of keys are text"),
        ("{ from = 6, to = 9 }", "{ from = 9, to = 6 }", "from and to must be whole numbers"),
        ("{ from = 6, to = 9 }", "{ from = 0, to = 90000000 }", "from and to must be whole"),
        ("{ from = 6, to = 9 }", "{ from = 0, to = 999999 }", "cells; at most"),
        ("first_day = 2026-11-24", 'first_day = "today"', "are dates"),
        ("last_day = 2026-11-25", "last_day = 2026-11-23", "0 days"),
        ('missing = "drop"', 'missing = "guess"', "missing must be refuse or drop"),
        ('missing = "drop"', "bias_share = 0.9", "bias_share must be from 0 to 0.5"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(old: str, new: str, why: str) -> None:
    assert old in _GOOD
    with pytest.raises(UsageError) as caught:
        _spec(_GOOD.replace(old, new, 1))
    assert str(caught.value).startswith("trips.toml: ")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rows_as_events_need_no_bound_and_pay_for_no_bias() -> None:
    spec = _spec('unit = "event"\n[[measures]]\nkind = "count"')
    assert spec.bounding is None
    assert (spec.bias_share, spec.grid.size) == (Fraction(), 1)
    assert spec.queries()[0].most == Distances(1, 1)


def test_measures_must_be_there() -> None:
    with pytest.raises(UsageError, match="measures must hold at least one"):
        _spec('unit = "event"')
