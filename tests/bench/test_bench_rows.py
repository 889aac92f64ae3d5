"""The benchmark's rows: what is counted, what is wanted, how it is printed and written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.crosscheck import Changed, changed_in
from bench.metrics import Mask, Xyxy
from bench.other_text import is_readable, other_text
from bench.rows import Hidden, Row, rows_of, shares_beside, whole_pictures
from bench.samples import Label, Sample, copy_photos, read_samples
from bench.speed import alternate, speed_row
from bench.table import as_records, cell, render
from bench.unseen_cli import Settings, UnseenRun, environment_without, read_report
from bench.wanted import TARGETS, Figure, Wanted, wanted
from unseen.core.photos import Rgb8
from unseen.core.regions import Box


def _sample(name: str, *labels: Label, width: int = 100, height: int = 50) -> Sample:
    return Sample(name, Path(name), width, height, labels)


def _mask(*boxes: tuple[int, int, int, int], width: int = 100, height: int = 50) -> Mask:
    mask = np.zeros((height, width), np.bool_)
    for x1, y1, x2, y2 in boxes:
        mask[y1:y2, x1:x2] = True
    return mask


def _face(*xyxy: float, ignore: bool = False) -> Label:
    x1, y1, x2, y2 = xyxy
    return Label("face", (x1, y1, x2, y2), ignore)


def _nothing_wanted(labels: str, size: str) -> Mapping[str, Wanted]:
    return {}


def test_over_redaction_is_what_is_hidden_beside_every_label() -> None:
    sample = _sample("a", _face(0, 0, 10, 10), _face(90, 0, 100, 10, ignore=True))
    mask = _mask((0, 0, 20, 10), (90, 0, 100, 10))
    assert shares_beside(sample, mask) == (100 / 5000, 0.0)


def test_other_text_is_a_part_of_over_redaction() -> None:
    sample = _sample("a", _face(0, 0, 10, 10))
    mask = _mask((0, 0, 20, 10), (50, 0, 60, 10))
    assert shares_beside(sample, mask, _mask((50, 0, 60, 10), (5, 0, 10, 10))) == (200 / 5000, 100 / 5000)


def test_over_redaction_is_the_mean_over_photos_and_pooled_is_over_pixels() -> None:
    small, large = _sample("s", width=10, height=10), _sample("l", width=100, height=100)
    masks = {
        "s": _mask((0, 0, 10, 10), width=10, height=10),
        "l": _mask((0, 0, 10, 10), width=100, height=100),
    }
    row = rows_of([small, large], Hidden("d", "r", ("face",), masks), ("face",), _nothing_wanted)[0]
    assert row.beside is not None
    assert row.pooled is not None
    assert row.beside.value == pytest.approx((1.0 + 0.01) / 2)
    assert row.pooled.value == pytest.approx(200 / 10100)


def test_a_photo_that_is_not_released_hides_nothing() -> None:
    samples = [_sample("a", _face(0, 0, 10, 10)), _sample("b", _face(0, 0, 10, 10))]
    row = rows_of(samples, Hidden("d", "r", ("face",), {"a": _mask((0, 0, 10, 10))}), ("face",), _nothing_wanted)[0]
    assert row.half is not None
    assert (row.n, row.half.value, row.not_released) == (2, 0.5, 1)


def test_labels_to_be_ignored_and_those_of_other_classes_are_not_counted() -> None:
    labels = (_face(0, 0, 10, 10, ignore=True), Label("plate", (0, 0, 10, 10), False), _face(0, 0, 30, 30))
    rows = rows_of([_sample("a", *labels)], Hidden("d", "r", (), {"a": _mask()}), ("face",), _nothing_wanted)
    assert [(row.size, row.n) for row in rows] == [("all", 1), ("24-48", 1)]


def test_a_group_of_labels_counts_both_classes() -> None:
    labels = (Label("person", (0, 0, 60, 10), False), Label("vehicle", (0, 20, 10, 30), False))
    hidden = Hidden("d", "r", (), {"a": _mask((0, 0, 60, 10))})
    rows = rows_of([_sample("a", *labels)], hidden, ("person+vehicle", "person", "vehicle"), _nothing_wanted)
    found = {(r.labels, r.size): (r.n, None if r.half is None else r.half.value) for r in rows}
    assert found[("person+vehicle", "all")] == (2, 0.5)
    assert found[("person", ">48")] == (1, 1.0)
    assert found[("vehicle", "<24")] == (1, 0.0)
    assert [row.over is not None for row in rows].count(True) == 1
    assert len(json.loads(json.dumps(as_records(rows)))) == len(rows)


def test_a_picture_hidden_from_edge_to_edge_is_noticed_unless_labels_fill_it() -> None:
    full = _mask((0, 0, 100, 50))
    crowd, close = _sample("a", _face(0, 0, 10, 10)), _sample("b", _face(0, 0, 100, 48))
    assert whole_pictures([crowd, close], {"a": full, "b": full}) == 1
    assert whole_pictures([crowd, close], {"a": _mask((0, 0, 90, 50)), "b": full}) == 0


class _Reads:
    """A reader that knows what stands in each box."""

    def __init__(self, words: dict[int, tuple[str, float]]) -> None:
        self.words = words
        self.asked: list[float] = []

    def __call__(self, image: Rgb8, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        self.asked += [box.x1 for box in boxes]
        return [self.words.get(int(box.x1) // 100, ("", 0.0)) for box in boxes]


def test_readable_text_that_touches_no_labelled_plate_is_counted_apart(tmp_path: Path) -> None:
    Image.new("RGB", (400, 20)).save(tmp_path / "a.png")
    plate = Label("plate", (10, 0, 60, 10), False)
    sample = Sample("a.png", tmp_path / "a.png", 400, 20, (plate,))
    reads = _Reads({0: ("B1234", 0.99), 1: ("BAKERY", 0.95), 2: ("BAKERY", 0.8), 3: ("A1", 0.99)})
    regions: dict[str, list[Xyxy]] = {
        "a.png": [(5, 0, 65, 12), (100, 0, 160, 12), (200, 0, 260, 12), (300, 0, 360, 12)]
    }
    found = other_text([sample], regions, reads)["a.png"]
    assert found[:12, 100:160].all()
    assert found.sum() == 12 * 60
    assert min(reads.asked) >= 100


@pytest.mark.parametrize(
    ("text", "confidence", "readable"),
    [("TAXI", 0.9, True), ("TAXI", 0.89, False), ("A1", 1.0, False), ("-- . --", 1.0, False), ("A 1 b", 0.95, True)],
)
def test_text_is_readable_with_three_characters_and_confidence(text: str, confidence: float, readable: bool) -> None:
    assert is_readable(text, confidence) is readable


def test_a_bound_is_met_by_itself_and_says_which_way_it_holds() -> None:
    assert Wanted(0.9).met_by(0.9)
    assert not Wanted(0.9).met_by(0.8999)
    assert Wanted(0.1, at_most=True).met_by(0.1)
    assert not Wanted(0.1, at_most=True).met_by(0.1001)
    assert (str(Wanted(0.985)), str(Wanted(0.06, at_most=True))) == (">= 0.985", "<= 0.06")


def test_cells_show_interval_bound_and_mark() -> None:
    assert cell(Figure(0.5, (0.4, 0.6), Wanted(0.6))) == "0.500 (0.400-0.600) SHORT >= 0.6"
    assert cell(Figure(0.05, None, Wanted(0.06, at_most=True))) == "0.050 ok <= 0.06"
    assert cell(None) == ""


def test_every_target_is_asked_of_a_row_that_is_printed() -> None:
    assert {(data, labels) for data, labels, _ in TARGETS} == {
        ("faces_mask", "face"),
        ("plates_openalpr", "plate"),
        ("plates_dashcam", "plate"),
        ("coco128_val", "person+vehicle"),
    }
    row = rows_of([_sample("a", _face(0, 0, 10, 10))], Hidden("d", "r", (), {}), ("face",), _faces_wanted)[0]
    assert [figure.short for figure in (row.half, row.most) if figure is not None] == [True, True]


def _faces_wanted(labels: str, size: str) -> Mapping[str, Wanted]:
    return wanted("faces_mask", labels, size)


def test_the_table_is_aligned_and_its_records_are_json() -> None:
    row = Row("set", "run", ("face",), "face", "all", 3, Figure(1.0, (0.4, 1.0), Wanted(0.9)), whole=Figure(0))
    lines = render([row, replace(row, size="<24", n=1), replace(row, run="other")]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "ok >= 0.9" in lines[2]
    assert "run" not in lines[3]
    assert "set" not in lines[4]
    assert "other" in lines[4]
    records = json.loads(json.dumps(as_records([row])))
    assert records[0]["half"] == {"value": 1.0, "interval": [0.4, 1.0], "wanted": ">= 0.9", "short": False}
    assert "most" not in records[0]


def test_the_five_vehicles_are_printed_as_one() -> None:
    row = Row("set", "run", ("bicycle", "bus", "car", "motorcycle", "person", "truck"))
    assert "| person,vehicle |" in render([row])


def test_speed_is_the_median_of_runs_in_turns() -> None:
    order: list[str] = []
    empty = UnseenRun({}, {}, ("face",), (), (), Path(), 2.0)

    def ours() -> UnseenRun:
        order.append("a")
        return empty

    def theirs() -> float:
        order.append("b")
        return (10.0, 5.0, 4.0)[len(order) // 2 - 1]

    runs, seconds = alternate(ours, theirs, 3)
    assert "".join(order) == "ababab"
    assert [run.seconds for run in runs] == [2.0] * 3
    row = speed_row("set", "theirs", ("face",), 20, seconds)
    assert row.speed == Figure(4.0, (2.0, 5.0), None)


def _report(**changes: Any) -> dict[str, Any]:
    region = {"frame": 0, "class": "plate", "box": [1, 2, 5, 4], "method": "solid", "shape": "box"}
    file = {"input": "a.jpg", "status": "released", "size": [8, 6], "regions": [region, {**region, **changes}]}
    failed = {"input": "b.jpg", "status": "failed", "size": [0, 0], "regions": []}
    skipped = {"input": "notes.txt", "status": "skipped", "size": [0, 0], "regions": []}
    return {
        "recipe": {"looks": {"plate": {"method": "solid"}, "face": {"method": "none"}}},
        "models": [{"name": "ppocr-det"}],
        "totals": {"seconds": {"detect": 1.0}},
        "files": [file, failed, skipped],
    }


def test_a_report_gives_masks_plates_and_what_was_not_released() -> None:
    run = read_report(_report(**{"class": "face", "box": [6, 0, 8, 1]}), Path("out"), 3.0)
    assert run.masks["a.jpg"].sum() == 8 + 2
    assert run.masks["a.jpg"].shape == (6, 8)
    assert run.plates == {"a.jpg": ((1, 2, 5, 4),)}
    assert run.not_released == ("b.jpg",)
    assert run.classes == ("plate",)


@pytest.mark.parametrize("changes", [{"method": "none"}, {"frame": 1}])
def test_a_region_that_hides_nothing_here_is_no_part_of_the_mask(changes: dict[str, Any]) -> None:
    assert read_report(_report(box=[6, 0, 8, 1], **changes), Path("out"), 3.0).masks["a.jpg"].sum() == 8


def test_an_ellipse_in_a_report_is_taken_as_one() -> None:
    box = read_report(_report(box=[2, 1, 6, 5]), Path("out"), 3.0).masks["a.jpg"].sum()
    assert read_report(_report(box=[2, 1, 6, 5], shape="ellipse"), Path("out"), 3.0).masks["a.jpg"].sum() > box


def test_changed_pixels_are_counted_inside_and_outside() -> None:
    before = np.zeros((4, 4, 3), np.uint8)
    after = before.copy()
    after[0:2, 0:2, 1] = 9
    hidden = np.zeros((4, 4), np.bool_)
    hidden[0:2, 0:2] = True
    same = changed_in(before, after, hidden)
    assert same == Changed(1, 4, 4, 0, 12)
    assert same.holds
    after[3, 3, 0] = 1
    assert not (same + changed_in(before, after, hidden)).holds
    assert not changed_in(before, before, hidden).holds


def test_settings_become_words_of_the_command_line() -> None:
    assert Settings(("person", "vehicle")).words() == [
        "--classes", "person,vehicle", "--recall", "high", "--verify", "full",
    ]  # fmt: skip
    assert Settings(("face",), "fast", verify=False).words()[-1] == "--unsafe-skip-verify"


def test_an_environment_can_leave_models_out(tmp_path: Path) -> None:
    for folder, files in {"a": ["yolo26n.onnx", "centerface.onnx"], "b": ["centerface.onnx", "notes.txt"]}.items():
        (tmp_path / folder).mkdir()
        for file in files:
            (tmp_path / folder / file).write_text(folder)
    before = {"UNSEEN_MODELS": f"{tmp_path / 'a'}:{tmp_path / 'b'}", "OTHER": "kept"}
    after = environment_without(("yolo26n",), before, tmp_path / "new")
    assert after == {"UNSEEN_MODELS": str(tmp_path / "new"), "OTHER": "kept"}
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["centerface.onnx"]
    assert (tmp_path / "new" / "centerface.onnx").read_text() == "a"


def test_samples_are_read_with_their_labels_and_copied(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    box = {"cls": "face", "xyxy": [1, 2, 3.5, 4], "ignore": True}
    for name in ("a", "b"):
        (folder / "images" / f"{name}.jpg").write_bytes(name.encode())
    records = [{"file": f"images/{n}.jpg", "width": 9, "height": 8, "boxes": [box]} for n in ("a", "b")]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, records)))
    samples = read_samples(tmp_path, "set", 1)
    assert [s.name for s in samples] == ["a.jpg"]
    assert samples[0].labels == (Label("face", (1.0, 2.0, 3.5, 4.0), True),)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "old.jpg").touch()
    assert [p.name for p in copy_photos(samples, tmp_path / "copy").iterdir()] == ["a.jpg"]


def test_a_missing_set_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"labels\.jsonl is not there; name the folder"):
        read_samples(tmp_path, "faces_mask")
