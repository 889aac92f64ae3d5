"""The contact sheet: well-formed, of redacted pixels only, with every name escaped."""

from __future__ import annotations

import base64
import io
import re
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.engine.engine_fakes import BlindDetector, Command, fake_engine, fake_tools, make_photo, shows_face
from unseen.adapters.files_pillow import PillowCodec
from unseen.core.receipts import FileReceipt, Verdict
from unseen.core.recipe import Recipe
from unseen.engine.report import Report
from unseen.engine.sheet import write_sheet

_VOID = {"meta", "img", "br"}


class _Checker(HTMLParser):
    """Keeps the tags that are open, and what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.pictures: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        assert not [name for name in names if name.startswith("on")]
        self.pictures += [value or "" for name, value in attrs if name == "src"]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(path: Path) -> _Checker:
    checker = _Checker()
    checker.feed(path.read_text("utf-8"))
    checker.close()
    assert checker.open == []
    assert "script" not in checker.seen
    return checker


def _picture(source: str) -> Image.Image:
    head, data = source.split(",", 1)
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_sheet_shows_the_results_and_never_an_input(unseen: Command, tmp_path: Path) -> None:
    for i, name in enumerate(["a.png", "b.jpg", "c.webp", "d.gif", "e.tif"]):
        make_photo(tmp_path / "in" / name, seed=i)
    (tmp_path / "in" / "cut.png").write_bytes((tmp_path / "in" / "a.png").read_bytes()[:200])
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--sheet", tmp_path / "s" / "sheet.html")
    assert done.code == 1
    sheet = _read(tmp_path / "s" / "sheet.html")
    assert len(sheet.pictures) == 5
    for i, source in enumerate(sheet.pictures):
        _picture(source).save(tmp_path / f"{i}.png")
        assert not shows_face(tmp_path / f"{i}.png")
        assert not _picture(source).getexif()
    assert any("cut.png" in text for text in sheet.text)


def test_sheet_has_no_picture_of_what_failed(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_bytes((tmp_path / "in" / "a.png").read_bytes())
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--sheet", tmp_path / "sheet.html")
    assert done.code == 1
    assert _read(tmp_path / "sheet.html").pictures == []


def test_what_the_second_look_found_comes_first(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png", face=False)
    make_photo(tmp_path / "in" / "b.png", face=True)
    engine = fake_engine(partial(fake_tools, eyes=BlindDetector()))
    unseen(tmp_path / "in", "-o", tmp_path / "out", "--sheet", tmp_path / "sheet.html", engine=engine)
    text = " ".join(_read(tmp_path / "sheet.html").text)
    assert re.search(
        r"Look at these first \(1\).*b\.png.*1 hidden after the second look.*All others \(1\).*a\.png", text
    )


@pytest.mark.parametrize(
    "name", ['"><script>alert(1)</script>', "a&b.png", "<img src=x onerror=alert(1)>.png", "' onload='x", "two\nlines"]
)
def test_names_are_escaped(tmp_path: Path, name: str) -> None:
    report = Report(Recipe(), [], "0" * 64, (), False, "", 0.0)
    report.add(FileReceipt(name, "released", output=name, verdict=Verdict("pass")), Path("gone.png"))
    report.add(FileReceipt(name, "failed", error=f"{name}: is damaged"), Path("x"))
    report.add(FileReceipt(name, "skipped", error=f"{name}: no photo"), Path("y"))
    write_sheet(report, tmp_path, tmp_path / "s.html", PillowCodec())
    sheet = _read(tmp_path / "s.html")
    assert sheet.pictures == ["data:,"]
    assert sheet.seen.count("img") == 1
    assert "".join(sheet.text).count(name) == 3


def test_preview_is_small(unseen: Command, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    noise = np.random.default_rng(1).integers(0, 255, (900, 1400, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "in" / "a.png")
    unseen(tmp_path / "in", "-o", tmp_path / "out", "--sheet", tmp_path / "sheet.html")
    (source,) = _read(tmp_path / "sheet.html").pictures
    assert max(_picture(source).size) == 320
