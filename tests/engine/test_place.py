"""Where outputs go: mirrored or under pseudonyms, and never two at one place on any common file system."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.files_tree import Item
from unseen.core.names import collision_key
from unseen.core.receipts import FileReceipt
from unseen.crypto.keys import Key
from unseen.engine.names import Placed, place

_KEY = Key(bytes(32))
_names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
    lambda name: name not in (".", "..")
)
_paths = st.lists(_names, min_size=1, max_size=3).map(lambda parts: Path(*parts, "p.jpg"))


def _placed(*paths: str | Path, format: str | None = None, rename: bool = False) -> list[Placed]:
    items = [Item(Path("in") / path, Path(path)) for path in paths]
    return list(place(items, format=format, rename=rename, key=_KEY))


@given(st.lists(_paths, max_size=8), st.sampled_from([None, "png", "jpeg"]), st.booleans())
def test_photos_without_a_problem_never_share_a_place(paths: list[Path], format: str | None, rename: bool) -> None:
    placed = _placed(*paths, format=format, rename=rename)
    assert [each.item.relative for each in placed] == paths
    keys = [collision_key(each.below) for each in placed if not each.problem]
    assert len(keys) == len(set(keys))
    assert all(each.problem for each in placed if collision_key(each.below.parts[0]) == ".unseen")
    if paths and ".unseen" not in collision_key(paths[0].parts[0]):
        assert not placed[0].problem


@pytest.mark.parametrize(
    ("name", "format", "placed"),
    [
        ("a.jpg", None, "a.jpg"),
        ("a.JPG", "jpeg", "a.JPG"),
        ("a.jpeg", "jpeg", "a.jpeg"),
        ("a.png", "jpeg", "a.jpg"),
        ("a.b.png", "webp", "a.b.webp"),
        ("sub/a.tiff", "heic", "sub/a.heic"),
    ],
)
def test_format_changes_the_ending_where_it_must(name: str, format: str | None, placed: str) -> None:
    (each,) = _placed(name, format=format)
    assert (each.below, each.label) == (Path(placed), name)


def test_a_file_that_keeps_its_name_wins_over_converted_ones_which_name_it() -> None:
    placed = _placed("x.3gp", "x.MP4", "y.avi", "y.ts", "z.png", "z.jpg", format="jpeg")
    problems = {each.name: each.problem for each in placed}
    assert list(problems) == ["x.3gp", "x.MP4", "y.avi", "y.ts", "z.png", "z.jpg"]
    assert {name: text.rpartition(", ")[2] for name, text in problems.items() if text} == {
        "x.3gp": "x.MP4; rename one",
        "y.ts": "y.avi; rename one",
        "z.png": "z.jpg; rename one",
    }
    assert "another input, one of another source that is called so" in _placed("a.jpg", "a.jpg")[1].problem


def test_pseudonym_hides_the_folders_and_every_ending_that_is_no_photos() -> None:
    items = [
        Item(Path("x"), Path("Anna/Foto.JPG")),
        Item(Path("x"), Path("brief.Anna Beispiel"), "skip", "no photo"),
        Item(Path("x"), Path("Anna"), "fail", "cannot list the folder"),
        Item(Path("in"), Path(), "fail", "cannot list the folder"),
    ]
    placed = list(place(items, format=None, rename=True, key=_KEY))
    assert [each.name for each in placed] == ["Anna/Foto.JPG", "brief.Anna Beispiel", "Anna", "in"]
    assert [each.below.suffix for each in placed] == [".jpg", "", "", ""]
    assert {len(each.below.stem) for each in placed} == {32}
    assert len({each.label for each in placed}) == 4
    assert all(len(each.below.parts) == 1 for each in placed)


def test_folder_that_cannot_be_listed_has_a_name_and_no_place_to_change() -> None:
    items = [Item(Path("photos"), Path(), "fail", "cannot list the folder")]
    (each,) = place(items, format="webp", rename=False, key=_KEY)
    assert (each.name, each.problem) == ("photos", "cannot list the folder")


@pytest.mark.parametrize(("inputs", "bad"), [(["in"], "In/x/a.jpg"), (["x/in"], "x/in/a.jpg"), (["In"], "in/a.jpg")])
def test_nothing_is_placed_into_an_input_below_the_output(inputs: list[str], bad: str) -> None:
    items = [Item(Path("i"), Path(bad)), Item(Path("i"), Path("input/a.jpg"))]
    placed = place(items, format=None, rename=False, key=_KEY, inputs=map(Path, inputs))
    assert [bool(each.problem) for each in placed] == [True, False]


def test_error_starts_with_the_label_once() -> None:
    (each,) = _placed("a")
    assert each.told("an unknown error") == "a: an unknown error"
    assert each.told("a: is damaged") == "a: is damaged"


def test_terminal_is_told_the_name_and_the_record_the_label() -> None:
    (each,) = _placed("Anna.jpg", rename=True)
    receipt = FileReceipt(each.label, "failed", error=each.told("is damaged"))
    assert "Anna" not in str(receipt)
    assert (each.named(receipt).input, each.named(receipt).error) == ("Anna.jpg", "Anna.jpg: is damaged")
    (kept,) = _placed("Anna.jpg")
    assert kept.named(receipt) is receipt
