"""Counts before a live camera: tables appear when an interval is over, and hold what came to pass until then."""

from __future__ import annotations

import json
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from tests.engine.count_scenes import scene
from tests.engine.live_fakes import SIZE, job_for, tools, write_clip
from unseen.core.counts import KEY, Counting
from unseen.core.live import LiveJob, parse_source
from unseen.core.regions import Box, Detection
from unseen.core.scene import Line, Scene
from unseen.core.video import VideoInfo
from unseen.engine.live.count import LiveCounts
from unseen.engine.live.live import run
from unseen.errors import OutputTaken, UsageError

#: The face of the live tests counts as nothing; persons are handed in here.
_SCENE = Scene(192, 128, (Line("middle", (96, 128), (96, 0)),))
_INFO = VideoInfo("rtsp", "h264", *SIZE, Fraction(25), Fraction(1, 90000), "yuv420p")
_WALL = 1_767_254_400.0  # 2026-01-01T08:00:00Z


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def counts(tmp_path: Path, clock: Clock, **asked: object) -> LiveCounts:
    asked = {"interval_s": 60, "charts": False, **asked}
    counting = Counting(scene(tmp_path, _SCENE), tmp_path / "c.parquet", **asked)  # type: ignore[arg-type]
    made = LiveCounts(counting, clock=clock, wall_clock=lambda: _WALL)
    made.begin(_INFO)
    return made


def walk_by(live: LiveCounts, clock: Clock, seconds: float = 4.0, looks: float = 8.0) -> None:
    """Let somebody walk through the picture, from left to right."""
    for i in range(int(seconds * looks)):
        x = 10 + 150 * i / (seconds * looks)
        live.seen(clock.now, [Detection("person", Box(x, 40, x + 20, 100), 0.8, "yolo26n")])
        clock.now += 1 / looks
        live.tick()


def counted(path: Path) -> list[int]:
    """Return the crossings of each interval that a table has."""
    return pl.read_parquet(path).group_by("interval_start").agg(pl.col("count").sum()).sort("interval_start")[
        "count"
    ].to_list()  # fmt: skip


def test_table_is_written_when_its_interval_is_over(tmp_path: Path) -> None:
    clock = Clock()
    live = counts(tmp_path, clock)
    walk_by(live, clock)
    assert not (tmp_path / "c.parquet").exists()
    clock.now = 1000 + 64
    live.tick()
    assert counted(tmp_path / "c.parquet") == [1]
    told = json.loads(pl.read_parquet_metadata(tmp_path / "c.parquet")[KEY])
    assert told["start_known"] is True
    assert (told["start"], told["end"]) == ("2026-01-01T08:00:00Z", "2026-01-01T08:01:00Z")
    walk_by(live, clock)
    walk_by(live, clock)
    # What goes on is not told yet.
    assert counted(tmp_path / "c.parquet") == [1]
    clock.now = 1000 + 130
    live.finish()
    assert counted(tmp_path / "c.parquet") == [1, 2, 0]
    start = pl.read_parquet(tmp_path / "c.parquet")["interval_start"][0]
    assert isinstance(start, datetime)
    assert start.timestamp() == _WALL


def test_who_is_still_there_when_an_interval_ends_is_counted_in_it(tmp_path: Path) -> None:
    clock = Clock()
    live = counts(tmp_path, clock, bound=1)
    clock.now = 1000 + 57.5
    walk_by(live, clock, seconds=6)
    assert counted(tmp_path / "c.parquet") == [0]
    clock.now = 1000 + 125
    live.tick()
    assert counted(tmp_path / "c.parquet") == [0, 1]
    live.finish()
    assert counted(tmp_path / "c.parquet") == [0, 1, 0]


def test_counts_of_an_earlier_run_are_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "c.parquet").write_bytes(b"earlier")
    with pytest.raises(OutputTaken, match="is there already"):
        counts(tmp_path, Clock())
    assert (tmp_path / "c.parquet").read_bytes() == b"earlier"


def test_live_run_counts_without_publishing(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    counting = Counting(scene(tmp_path, _SCENE), tmp_path / "c.csv", interval_s=1)
    job = LiveJob((parse_source(str(clip), 0),), (), job_for(str(clip), publish=("out",)).recipe, counting=counting)
    run(job, tools=tools())
    names = sorted(path.name for path in tmp_path.glob("c.*"))
    assert names == ["c.crossings.png", "c.crossings.svg", "c.csv", "c.heat.csv", "c.heat.meta.json", "c.heat.png",
                     "c.heat.svg", "c.html", "c.meta.json"]  # fmt: skip


def test_scene_of_another_camera_ends_the_run(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 5)
    tall = scene(tmp_path, Scene(192, 192, (Line("middle", (96, 128), (96, 0)),)))
    job = job_for(str(clip), publish=(str(tmp_path / "out"),), counting=Counting(tall, tmp_path / "c.csv"))
    with pytest.raises(UsageError, match="the scene is made for 192x192 and the pictures are 192x128"):
        run(job, tools=tools())


def test_live_counting_is_of_one_camera_and_has_its_own_time(tmp_path: Path) -> None:
    asked = Counting(tmp_path / "s.yaml", tmp_path / "c.csv")
    with pytest.raises(UsageError, match="one camera"):
        job_for("a.mp4", "b.mp4", publish=("out",), counting=asked)
    with pytest.raises(UsageError, match="needs a source and a target"):
        LiveJob((parse_source("a.mp4", 0),), (), job_for("a.mp4", publish=("out",)).recipe)
