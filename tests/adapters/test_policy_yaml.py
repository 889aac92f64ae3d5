"""unseen.yaml as text: faults have lines, nothing is said twice, nothing runs, nothing grows without bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.policy_yaml import LIMIT_BYTES, document_of, read_document
from unseen.errors import PolicyInvalid
from unseen.policy.reader import Fault


def test_values_and_the_lines_they_are_on() -> None:
    text = "# a comment\nunseen: 1\npurposes:\n  care:\n    who:\n      - operator\n      - viewer\n"
    document = document_of(text, "p.yaml")
    assert document.values == {"unseen": 1, "purposes": {"care": {"who": ["operator", "viewer"]}}}
    assert document.where(Fault(("purposes", "care", "who", 1), "x")) == "p.yaml:7: purposes.care.who.1: x"
    assert document.where(Fault(("purposes", "care", "basis"), "x")) == "p.yaml:4: purposes.care.basis: x"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("yes", "yes"), ("true", True), ("010", "010"), ("0x1f", "0x1f"), ("1:30", "1:30"), ("12", 12),
        ("-3", -3), ("1.5", 1.5), ("1e-6", 1e-6), ("2026-11-25", "2026-11-25"), ("'1'", "1"), ("~", None), ("", None),
        ("9" * 30, "9" * 30), (".inf", ".inf"),
    ],
)  # fmt: skip
def test_words_are_what_they_look_like(text: str, value: Any) -> None:
    assert document_of(f"a: {text}", "p").values == {"a": value}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\na: 3", 3), ("a: 1\n  b: 2", 2), ("a: [1", 1), ("a:\n- !!python/object/apply:os.system [x]", 2),
        ("a: !thing 1", 1), ("? [1]\n: 2", 1), ("a: &x [*x]", 1), ("a: *b", 1), ("a: 1\n---\nb: 2", 2), ("\0", 1),
        ("a: !!binary aGk=", 1),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_line(text: str, line: int) -> None:
    with pytest.raises(PolicyInvalid, match=rf"^p\.yaml:{line}: ") as told:
        document_of(text, "p.yaml")
    assert "\n" not in str(told.value)


def test_aliases_that_repeat_a_thousandfold_are_refused() -> None:
    bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    with pytest.raises(PolicyInvalid, match="too many values"):
        document_of(bomb, "p")


@pytest.mark.parametrize("text", ["[" * 1500, "a: " + "{a: " * 200, "- " * 3000])
def test_what_is_nested_without_end_is_refused(text: str) -> None:
    with pytest.raises(PolicyInvalid):
        document_of(text, "p")


def test_an_alias_may_repeat_a_little() -> None:
    assert document_of("a: &x [1]\nb: *x", "p").values == {"a": [1], "b": [1]}


@pytest.mark.parametrize("data", [None, b"\xff\xfe", b"a" * (LIMIT_BYTES + 1)], ids=["missing", "no text", "too long"])
def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "p.yaml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(PolicyInvalid, match=r"p\.yaml: .*; "):
        read_document(path)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@ \n\t0.", max_size=40))
def test_no_text_crashes_the_reader(text: str) -> None:
    told = ""
    try:
        document_of(text, "p")
    except PolicyInvalid as error:
        told = str(error)
    assert "\n" not in told
