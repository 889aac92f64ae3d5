"""Videos in which people lie on their side are looked at turned, too: by the first model, the second, and by edits."""

from __future__ import annotations

import gc
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.engine.engine_fakes import BlindDetector, Command, FakeStore, MagentaDetector, fake_engine, fake_tools
from tests.engine.film_scenes import FILM, film, watch
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.engine.film.tracks import read_kept
from unseen.engine.work import Setup, Tools
from unseen.media.find import Eyes

SHORT = replace(FILM, stamps=range(12))


class Sideways:
    """Finds somebody standing at the square in pictures that are higher than wide."""

    models: tuple[ModelFile, ...] = ()

    def __init__(self, cls: str, model: str) -> None:
        self._cls, self._model, self._square = cls, model, MagentaDetector()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        return [self._standing(image) if image.shape[0] > image.shape[1] else [] for image in images]

    def _standing(self, image: Rgb8) -> list[Detection]:
        boxes = [each.box for each in self._square.detect([image])[0]]
        return [Detection(self._cls, Box(b.x1, b.y1 - b.height, b.x2, b.y2), 0.9, self._model) for b in boxes]


class Portraits:
    """Counts the pictures that are higher than wide, and finds a face in their lower left corner if it is to."""

    models: tuple[ModelFile, ...] = ()

    def __init__(self) -> None:
        self.count, self.finds = 0, False

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        return [self._one(*image.shape[:2]) for image in images]

    def _one(self, height: int, width: int) -> list[Detection]:
        if height <= width:
            return []
        self.count += 1
        return [Detection("face", Box(4, height - 24, 20, height - 4), 0.9, "centerface")] if self.finds else []


def _engine(eyes: Eyes, again: Portraits) -> Any:
    def make(setup: Setup) -> Tools:
        tools = fake_tools(setup, eyes=BlindDetector(), looks_again=(again,))
        return replace(tools, models=replace(tools.models, film_eyes=eyes))

    return fake_engine(make, FakeStore(missing=frozenset({"yunet"})))


def _told(video: dict[str, Any]) -> bool:
    return any("upright after a turn by 90" in line for line in video["problems"])


def test_persons_who_lie_are_hidden_where_no_faces_are(unseen: Command, tmp_path: Path) -> None:
    source, finder = film(tmp_path / "in" / "a.mp4", SHORT), Sideways("person", "yolo26n")
    engine = _engine(Eyes(objects=finder, objects_turned=finder), Portraits())
    done = unseen(source, "-o", tmp_path / "out", "--classes", "person", engine=engine)
    assert done.code == 0, done.err
    assert _told(done.files["a.mp4"]["video"])
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 12


def test_frames_that_waited_when_a_video_begins_anew_are_freed(unseen: Command, tmp_path: Path) -> None:
    source, finder, freed = film(tmp_path / "in" / "a.mp4", SHORT), Sideways("person", "yolo26n"), list[int]()

    def searched(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            freed.append(info["collected"])

    engine = _engine(Eyes(objects=finder, objects_turned=finder), Portraits())
    gc.collect()
    gc.disable()  # it is not left to chance when somebody searches for what refers to itself
    gc.callbacks.append(searched)
    try:
        done = unseen(source, "-o", tmp_path / "out", "--classes", "person", engine=engine)
    finally:
        gc.callbacks.remove(searched)
        gc.enable()
    assert _told(done.files["a.mp4"]["video"])
    assert len(freed) == 1
    assert freed[0] > len(SHORT.stamps)


def test_edits_of_a_video_that_lies_are_looked_at_turned_too(unseen: Command, tmp_path: Path, key: Path) -> None:
    source, finder, again = film(tmp_path / "in" / "a.mp4", SHORT), Sideways("face", "yunet"), Portraits()
    words = (source, "-o", tmp_path / "out", "--classes", "face", "--key", key)
    assert unseen(*words, engine=_engine(Eyes(faces=finder, faces_turned=finder), again)).code == 0
    for last in (5, 6, 7):  # what is kept of an edited run knows the turn as well
        edits = {"add": {"class": "face", "frames": [0, last], "boxes": [[2, 2, 20, 20], [2, 2, 20, 20]]}}
        (tracks,) = (tmp_path / "out" / ".unseen" / "tracks").iterdir()
        kept, looks = read_kept(tracks), again.count
        assert kept is not None
        (tmp_path / "e.json").write_text(json.dumps({"a.mp4": [{"of": kept.digest}, edits]}))
        done = unseen(*words, "--edits", tmp_path / "e.json", engine=_engine(Eyes(faces=BlindDetector()), again))
        assert done.code == 0, done.err
        assert _told(done.files["a.mp4"]["video"])
        assert again.count > looks
        again.finds = True
