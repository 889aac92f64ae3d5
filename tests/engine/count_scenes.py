"""Clips whose magenta square is a person that walks to and fro, scenes for them, and tools that find it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from tests.engine.engine_fakes import FakeStore, MagentaDetector, fake_engine, fake_tools
from tests.engine.film_scenes import FILM, SecondDetector, film
from unseen.adapters.scene_yaml import write_scene
from unseen.adapters.video_av import AvCodec
from unseen.core.jobs import CountJob
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.ports import Detector, ModelStore
from unseen.core.regions import Detection
from unseen.core.scene import Line, Scene, Zone
from unseen.engine.count import CountTools
from unseen.engine.work import Setup, Tools
from unseen.errors import UnseenError

#: The square's middle goes from x=20 to 140 and back in 60 frames each way, at y=64 of 120.
SCENE = Scene(
    160,
    120,
    lines=(Line("middle", (80, 120), (80, 0)),),
    zones=(
        Zone("left", ((0, 0), (60, 0), (60, 120), (0, 120))),
        Zone("right", ((100, 0), (160, 0), (160, 120), (100, 120))),
    ),
)
#: Forward over the middle at frame 30, and back at frame 90, at 25 frames a second.
WALK = replace(FILM, stamps=range(110))


@dataclass
class PersonDetector:
    """Finds the square and calls it a person; fails at the picture number `fails`, counted from 1."""

    fails: int = 0
    asked: int = 0

    @property
    def models(self) -> tuple[ModelFile, ...]:
        return ()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        self.asked += 1
        if self.asked == self.fails:
            raise UnseenError("the device is gone")
        found = MagentaDetector().detect(images)
        return [[replace(each, cls="person", model="yolo26n") for each in one] for one in found]


def walk(path: Path) -> Path:
    """Write the clip."""
    return film(path, WALK)


def scene(folder: Path, what: Scene = SCENE) -> Path:
    """Write the scene."""
    path = folder / "scene.yaml"
    write_scene(what, path)
    return path


def count_tools(job: CountJob, store: ModelStore) -> CountTools:
    """Return tools without models."""
    return CountTools(AvCodec(1), PersonDetector(), "fake:CPU")


def counting_engine(detector: Detector | None = None, faces: Detector | None = None) -> Any:
    """Return an engine for `unseen redact` that finds persons as well, and has their model."""

    def make(setup: Setup) -> Tools:
        tools = fake_tools(setup, eyes=faces, looks_again=(SecondDetector(),))
        objects = PersonDetector() if detector is None else detector
        eyes = replace(tools.models.film_eyes, objects=objects) if setup.counting else tools.models.film_eyes
        return replace(tools, models=replace(tools.models, film_eyes=eyes))

    return fake_engine(make, FakeStore(missing=frozenset({"yunet"})))


def crossings(path: Path) -> dict[tuple[str, str], int]:
    """Return what a table of crossings counts, by direction and class."""
    rows = pl.read_parquet(path).filter(pl.col("count") > 0).group_by("direction", "class").agg(pl.col("count").sum())
    return {(direction, cls): count for direction, cls, count in rows.iter_rows()}
