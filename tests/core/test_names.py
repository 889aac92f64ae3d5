"""File names: safe to show, and compared as file systems compare them."""

from __future__ import annotations

import json
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.names import collision_key, display

# All of Unicode, lone surrogates too: those stand for bytes that are no UTF-8, or come from Windows.
names = st.text(st.characters())


@given(names)
def test_what_is_shown_is_printable_and_can_be_written_anywhere(name: str) -> None:
    shown = display(name)
    assert shown.isprintable()
    assert json.loads(json.dumps(shown)) == shown
    shown.encode("utf-8")


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_readable_names_in_any_script_are_shown_as_they_are(name: str) -> None:
    assert display(name) == name
    assert display(display(name)) == display(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("holiday photo.jpg", "holiday photo.jpg"),
        ("写真/Ünïcödé.png", "写真/Ünïcödé.png"),
        ("a\nb\r\t.jpg", r"a\nb\r\t.jpg"),
        ("\x1b[31mred\x1b[0m\x07", r"\x1b[31mred\x1b[0m\x07"),
        ("photo\u202egpj.exe", r"photo\u202egpj.exe"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("line\u2028sep", r"line\u2028sep"),
        ("broken\udcff\udc80", r"broken\xff\x80"),
        ("windows\ud83d", r"windows\ud83d"),
        ("tag\U000e0041", r"tag\U000e0041"),
    ],
)
def test_control_characters_and_broken_bytes_are_escaped(name: str, shown: str) -> None:
    assert display(name) == shown
    assert display(PurePosixPath(name)) == shown


@given(names)
def test_composition_makes_no_difference(name: str) -> None:
    for form in ("NFC", "NFD"):
        assert collision_key(unicodedata.normalize(form, name)) == collision_key(name)


@given(names)
def test_a_key_is_its_own_key(name: str) -> None:
    assert collision_key(collision_key(name)) == collision_key(name)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("IMG_1.JPG", "img_1.jpg"),
        ("é.jpg", "e\u0301.jpg"),
        ("É.jpg", "e\u0301.JPG"),
        ("ΣΑΣ.png", "σας.png"),
        ("Ⅷ", "ⅷ"),
        ("\u212bngstrom", "a\u030angstrom"),
        ("가", "\u1100\u1161"),
        ("strasse", "STRASSE"),
    ],
)
def test_names_that_some_file_system_takes_for_one_collide(a: str, b: str) -> None:
    assert collision_key(a) == collision_key(PurePosixPath(b))


@pytest.mark.parametrize(
    ("a", "b"), [("a.jpg", "a.png"), ("a/b.jpg", "ab.jpg"), ("1.jpg", "①.jpg"), ("e.jpg", "é.jpg")]
)
def test_other_names_do_not_collide(a: str, b: str) -> None:
    assert collision_key(a) != collision_key(b)
