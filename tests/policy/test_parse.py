"""A policy file is read in full or not at all; every fault is said; a narrower purpose never allows more."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.governed import CITY
from unseen.adapters.policy_yaml import document_of
from unseen.core.labels import ACTIONS
from unseen.engine.policy_tools import first_policy
from unseen.errors import UsageError
from unseen.policy.charter import OUTPUTS, Charter
from unseen.policy.parse import KEYS, PURPOSE_KEYS, parse_charter
from unseen.policy.reader import span_of
from unseen.policy.roles import ROLES
from unseen.policy.schema import schema

ROOT = Path(__file__).parents[2]
VALUES: dict[str, Any] = document_of(CITY, "unseen.yaml").values
VALIDATOR = jsonschema.Draft202012Validator(schema())


def _read(values: Any) -> tuple[Charter, list[str]]:
    charter, faults = parse_charter(values, str)
    return charter, [str(fault) for fault in faults]


def _with(place: str, value: Any) -> dict[str, Any]:
    """Return the city's policy with another value at a place, as purposes/care/who."""
    values = copy.deepcopy(VALUES)
    *above, last = place.split("/")
    at = values
    for key in above:
        at = at.setdefault(key, {})
    at[last] = value
    return values


def test_a_policy_is_read_in_full() -> None:
    charter, faults = _read(VALUES)
    assert faults == []
    assert list(charter.purposes) == ["research", "research.road-safety", "research.marketing", "care", "care.teaching"]
    road = charter.purposes["research.road-safety"]
    assert road.actions == {"redact", "view"}
    assert road.retention_s == 30 * 86400
    assert (road.term, road.basis) == ("dpv:ScientificResearch", "public-task")
    assert road.outputs == {"photo", "live", "table"}
    assert road.floor.require_hidden == {"face"}
    assert road.floor.refuse_unsafe
    assert road.kept.metadata == frozenset()
    assert charter.purposes["care.teaching"].consent
    assert charter.people["dora"].permissions == {"export", "view-raw"}


def test_a_path_is_of_the_first_source_that_holds_it() -> None:
    charter, _ = _read(VALUES)
    where = {"street/a/b.jpg": "street", "ward/x.png": "ward", "ward/x.jpg": None, "streets/a.jpg": None, "a.jpg": None}
    assert {path: getattr(charter.source_of(path), "name", None) for path in where} == where


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("unseen", 2, "unseen: say which version"),
        ("unseen", True, "unseen: say which version"),
        ("mode", "enforced", "did you mean enforce?"),
        ("controller", None, "controller is missing"),
        ("controller/contact", "", "controller.contact: write a text"),
        ("controller/phone", "1", "controller.phone: unknown key"),
        ("people/olga/roles", ["operater"], "did you mean operator?"),
        ("people/olga/roles", "operator", "people.olga.roles: write a list"),
        ("people/olga/permissions", ["view"], "unknown word 'view'"),
        ("people/a b", {}, "write an account's name"),
        ("sources/street/paths", ["../up"], "below this file's folder"),
        ("sources/street/paths", ["/etc"], "below this file's folder"),
        ("sources/street/purposes", ["reserch"], "did you mean research?"),
        ("sources/street/jurisdiction", ["Germany"], "ISO 3166"),
        ("sources/street/subjects", [], "unknown key"),
        ("purposes", {}, "purposes are missing"),
        ("purposes/Care", {}, "lower-case words"),
        ("purposes/a.b", {}, "put narrower ones under"),
        ("purposes/care/basis", "because", "unknown word 'because'"),
        ("purposes/other", {"actions": ["redact"]}, "basis is missing"),
        ("purposes/care/term", "dpv:Curiosity", "unknown word"),
        ("purposes/care/consent", False, "leave this out"),
        ("purposes/research/retention", 90, "write a span"),
        ("purposes/research/retention", "-1 days", "write a span"),
        ("purposes/research/actions", ["redacts"], "did you mean redact?"),
        ("purposes/research/purposes/road-safety/actions", ["train"], "not among the actions of the purpose above"),
        ("purposes/research/purposes/road-safety/retention", "91 days", "longer than the purpose above"),
        ("purposes/research/purposes/road-safety/who", ["dpo"], "not among the who of the purpose above"),
        ("purposes/research/recipe", {"require_hiden": []}, "unknown policy key"),
        ("purposes/research/keep", {"max_side": 2}, "at least 16"),
        ("purposes/research/keep", {"max_side": 640.5}, "write a whole number"),
        ("purposes/research/keep", {"classes": ["faces"]}, "did you mean face?"),
        ("purposes/research/budget", {"delta": 0.1}, "epsilon is missing"),
        ("rules", ["../x.cedar"], "below this file's folder"),
        ("pourposes", {}, "did you mean purposes?"),
    ],
)
def test_each_fault_is_said_with_its_place_and_what_to_write(place: str, value: Any, told: str) -> None:
    _, faults = _read(_with(place, value))
    assert any(told in fault for fault in faults), faults


def test_all_faults_are_said_at_once() -> None:
    values = _with("mode", "x")
    values["people"]["olga"]["roles"] = ["x"]
    values["purposes"]["care"]["actions"] = ["x"]
    assert len(_read(values)[1]) == 3


@pytest.mark.parametrize("values", [None, [], 5, "text", {}, {"unseen": 1}])
def test_what_is_no_policy_has_faults(values: Any) -> None:
    assert _read(values)[1]


def test_a_file_of_rules_that_cannot_be_read_is_a_fault() -> None:
    def missing(name: str) -> str:
        raise UsageError(f"{name}: cannot be read")

    _, faults = parse_charter(_with("rules", ["a.cedar"]), missing)
    assert [str(fault) for fault in faults] == ["rules.0: a.cedar: cannot be read"]


@pytest.mark.parametrize(
    ("text", "days"), [("1 day", 1), ("36 hours", 1.5), ("2 weeks", 14), ("1 year", 365.25), ("1 months", 730 / 24)]
)
def test_spans_of_time(text: str, days: float) -> None:
    assert span_of(text) == days * 86400


# Narrower purposes never allow more.

some = st.fixed_dictionaries(
    {},
    optional={
        "basis": st.just("contract"),
        "actions": st.lists(st.sampled_from(ACTIONS), max_size=4, unique=True),
        "outputs": st.lists(st.sampled_from(OUTPUTS), max_size=4, unique=True),
        "who": st.lists(st.sampled_from(list(ROLES)), max_size=4, unique=True),
        "retention": st.sampled_from(["1 day", "30 days", "1 year"]),
        "consent": st.booleans(),
        "keep": st.fixed_dictionaries({}, optional={"max_side": st.integers(16, 4000), "metadata": st.just([])}),
        "recipe": st.sampled_from([{"require_verify": "full"}, {"require_hidden": ["face"]}, {"allow_metadata": []}]),
    },
)


@given(some, some, some)
def test_what_a_purpose_inherits_is_never_widened(top: Any, middle: Any, bottom: Any) -> None:
    """Also where the file says so, which is a fault: not even then is what was read wider."""
    tree = {"a": {**top, "purposes": {"b": {**middle, "purposes": {"c": bottom}}}}}
    charter, _ = _read({"unseen": 1, "controller": {"name": "n", "contact": "c"}, "purposes": tree})
    for wide, narrow in (("a", "a.b"), ("a.b", "a.b.c")):
        above, below = charter.purposes[wide], charter.purposes[narrow]
        for said, values in (("actions", top), ("outputs", top), ("who", top)):
            if said in values or wide == "a.b":
                unsaid = not any(said in each for each in ((top,) if wide == "a" else (top, middle)))
                assert unsaid or getattr(below, said) <= getattr(above, said)
        assert below.consent or not above.consent
        assert below.floor.require_hidden >= above.floor.require_hidden
        assert above.kept.max_side is None or (below.kept.max_side or 0) <= above.kept.max_side
        assert above.kept.metadata is None or below.kept.metadata == frozenset()


# The schema says what the reader does.


def test_the_published_schema_is_the_one_of_the_program() -> None:
    assert json.loads((ROOT / "docs" / "unseen.schema.json").read_text("utf-8")) == schema()
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("text", [CITY, first_policy("ann")], ids=["city", "template"])
def test_a_good_policy_fits_the_schema_and_has_no_fault(text: str) -> None:
    values = document_of(text, "unseen.yaml").values
    assert (_read(values)[1], list(VALIDATOR.iter_errors(values))) == ([], [])


keys = st.sampled_from([*KEYS, "more", *PURPOSE_KEYS])
odd = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["x", "full", "redact", ""]) | st.just([1])


@given(keys, odd, st.booleans())
def test_what_does_not_fit_the_schema_has_a_fault(key: str, value: Any, inside: bool) -> None:
    values = copy.deepcopy(VALUES)
    (values["purposes"]["care"] if inside else values)[key] = value
    if value is not None and list(VALIDATOR.iter_errors(values)):
        assert _read(values)[1], (key, value)
