"""The DICOM benchmark: what it plants is there, what is left is counted, and nothing is passed by doing nothing."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pydicom import dcmread

from bench.dicom_burned import burn, score_burned
from bench.dicom_people import Draw
from bench.dicom_places import PLACES, Token
from bench.dicom_plant import Planted, plant
from bench.dicom_rows import render_scores, render_speed, score_row, speed_rows
from bench.dicom_score import Output, left_over, score
from bench.dicom_tools import released


@pytest.fixture(scope="module")
def planted(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Planted], Path]:
    folder = tmp_path_factory.mktemp("planted")
    return plant(test_data / "samples" / "dicom", folder, 20261125, twins=False), folder


def test_copy_of_the_input_leaves_everything(planted: tuple[list[Planted], Path]) -> None:
    files, folder = planted
    outputs = released(folder)
    assert outputs.keys() == {each.number for each in files}
    results = score(files, outputs)
    removed = [r for r in results if r.check.kind == "text removed"]
    assert len(removed) > 800
    assert [(r.number, r.check.category, r.check.place) for r in removed if r.passed] == []
    assert left_over(results) >= len(removed)
    by_kind = {r.check.kind: [s.passed for s in results if s.check.kind == r.check.kind] for r in results}
    assert not any(by_kind["UID changed"] + by_kind["date shifted"])
    for kind in ("pixels retained", "text retained", "tag retained", "not null", "interval kept"):
        assert all(by_kind[kind]), kind


def test_file_that_is_not_released_fails_all_and_leaves_nothing(planted: tuple[list[Planted], Path]) -> None:
    files, _ = planted
    results = score(files, {})
    assert left_over(results) == 0
    assert not any(r.passed for r in results)
    row = score_row("unseen, nothing", results, len(files))
    assert row.passed.short
    assert not row.left.short
    assert "SHORT" in render_scores([row])


def test_every_place_is_planted_and_named_once() -> None:
    names = [place.name for place in PLACES]
    assert len(names) == len(set(names)) > 190


def test_draws_repeat_with_their_seed_and_never_within_it() -> None:
    first, again, other = Draw(3), Draw(3), Draw(4)
    words = [first.word() for _ in range(400)]
    assert words == [again.word() for _ in range(400)]
    assert len(set(words)) == 400
    assert words[:20] != [other.word() for _ in range(20)]


@pytest.mark.parametrize(
    "raw",
    [
        b"x Torvelund y",
        b"TORVELUND",
        "Torvelund".encode("utf-16-be"),
        base64.b64encode(b"Name Torvelund, seen"),
        base64.b64encode(b"of Torvelund, seen"),
        b"by Torvelund".hex().encode(),
    ],
)
def test_token_is_known_in_any_form(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "f").write_bytes(b"\1\2" + raw)
    output = Output(tmp_path / "f", "torvelund/f")
    assert output.holds(Token("word", "Torvelund"))
    assert output.holds(Token("path", "Torvelund"))
    assert not output.holds(Token("word", "Torveland"))


def test_token_in_another_script_is_not_found_everywhere(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes("a^b Müller".encode())
    output = Output(tmp_path / "f", "f")
    assert not output.holds(Token("word", "山田^太郎"))
    assert output.holds(Token("word", "MÜLLER"))


def test_number_is_known_with_other_separators(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"tel 0049 (30) 123/45.67")
    output = Output(tmp_path / "f", "f")
    assert output.holds(Token("number", "49-30-1234567"))
    assert not output.holds(Token("number", "49-30-1234568"))


def test_speed_is_wanted_in_terms_of_the_fastest_other() -> None:
    rows = speed_rows(100, {"unseen, x": [(1.0, 2.0, 10)], "a": [(2.0, 4.0, 10)], "b": [(5.0, 9.0, 20)]})
    assert [row.rate.value for row in rows] == [100.0, 50.0, 20.0]
    assert str(rows[0].rate.wanted) == ">= 150"
    assert rows[0].rate.short
    assert "SHORT" in render_speed(rows)
    assert [(row.times, row.cpu_times) for row in rows] == [(2.0, 2.0), (1.0, 1.0), (0.4, 4 / 9)]


def test_text_in_pixels_stands_out_until_it_is_gone(test_data: Path, tmp_path: Path) -> None:
    burned = burn(test_data / "samples" / "dicom", tmp_path / "in", 3)
    copies = {each.number: Output(each.path, each.path.name) for each in burned}
    results = score_burned(burned, copies)
    assert len(results) == 2 * len(burned) == left_over(results)
    first = burned[0]
    data = dcmread(first.path)
    values = data.pixel_array.copy()
    letters, between = first.lines[0]
    values[letters | between] = 0
    data.PixelData = values.tobytes()
    data.save_as(tmp_path / "hidden.dcm")
    some = score_burned(burned, {first.number: Output(tmp_path / "hidden.dcm", "hidden.dcm")})
    assert [r.passed for r in some] == [True] + [False] * (len(some) - 1)
    assert left_over(some) == 1
