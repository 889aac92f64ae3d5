"""Counting videos from end to end: alone, and in the pass that redacts; what is written, and what never is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.engine.count_scenes import SCENE, PersonDetector, count_tools, counting_engine, crossings, scene, walk
from tests.engine.engine_fakes import Command, FakeStore
from tests.engine.film_scenes import watch
from tests.engine.governed import CITY, found_city
from unseen.cli.counting import print_counted
from unseen.cli.main import main
from unseen.core.access import Access
from unseen.core.counts import KEY, Counted, Counting
from unseen.core.jobs import CountJob
from unseen.core.regions import Box
from unseen.core.scene import Scene
from unseen.engine.count import run
from unseen.engine.counts import write_counts
from unseen.engine.governance import label_path, open_governance
from unseen.errors import Denied, Refused, UsageError
from unseen.traffic.counter import Counter
from unseen.traffic.tally import Tally
from unseen.traffic.walk import Sighting

_START = datetime(2026, 1, 1, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person walks to the right, and half-way back."""
    return walk(tmp_path_factory.mktemp("walk") / "clip.mp4")


def count(*clips: Path, folder: Path, **asked: object) -> Counted:
    given = {"starts": (_START,), "charts": False, **asked}
    counting = Counting(scene(folder), folder / "c.parquet", **given)  # type: ignore[arg-type]
    return run(CountJob(clips, counting), store=FakeStore(), make_tools=count_tools)


def test_walk_is_counted_there_and_back(clip: Path, tmp_path: Path) -> None:
    counted = count(clip, folder=tmp_path, interval_s=1)
    assert crossings(tmp_path / "c.parquet") == {("forward", "person"): 1, ("backward", "person"): 1}
    rows = pl.read_parquet(tmp_path / "c.parquet").filter(pl.col("count") > 0)
    # Frame 30 is shown after 1.2 seconds, frame 90 after 3.6.
    assert [time.second for time in rows["interval_start"]] == [1, 3]
    assert rows["interval_start"][0].replace(microsecond=0) == datetime(2026, 1, 1, 8, 0, 1, tzinfo=UTC)
    assert (counted.frames, counted.device) == (110, "fake:CPU")
    od = pl.read_parquet(tmp_path / "c.od.parquet").filter(pl.col("count") > 0)
    assert od.select("origin", "destination", "count").rows() == [("left", "left", 1)]
    stays = pl.read_parquet(tmp_path / "c.occupancy.parquet").filter(pl.col("class") == "person")
    assert stays.filter(pl.col("zone") == "left")["maximum"].to_list() == [1, 0, 0, 0, 1]
    assert stays.filter(pl.col("zone") == "right")["mean"].to_list() == pytest.approx([0, 0.4, 1, 0.2, 0], abs=0.05)
    assert sorted(path.name for path in counted.files) == sorted(p.name for p in tmp_path.glob("c.*"))


def test_recordings_follow_each_other(clip: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.mp4"
    second.write_bytes(clip.read_bytes())
    count(clip, second, folder=tmp_path, interval_s=1)
    rows = pl.read_parquet(tmp_path / "c.parquet").filter(pl.col("count") > 0)
    assert [time.second for time in rows["interval_start"]] == [1, 3, 5, 8]
    hour = _START.replace(hour=9)
    count(clip, second, folder=tmp_path, interval_s=900, starts=(_START, hour))
    rows = pl.read_parquet(tmp_path / "c.parquet").filter(pl.col("count") > 0)
    assert sorted({time.hour for time in rows["interval_start"]}) == [8, 9]
    with pytest.raises(UsageError, match="--start is said 3 times for 2 videos"):
        count(clip, second, folder=tmp_path, starts=(_START,) * 3)


def test_redacted_and_counted_in_one_pass(unseen: Command, clip: Path, tmp_path: Path) -> None:
    count(clip, folder=tmp_path)
    alone = crossings(tmp_path / "c.parquet")
    detector = PersonDetector()
    words = ("--count", scene(tmp_path), "--counts", tmp_path / "both.parquet", "--stride", "1", "--jobs", "1")
    done = unseen(clip, "-o", tmp_path / "out", *words, engine=counting_engine(detector))
    assert done.code == 0, done.err
    assert crossings(tmp_path / "both.parquet") == alone
    assert watch(tmp_path / "out" / "clip.mp4").shown == [0] * 110
    # Each frame was looked at once, for both.
    assert detector.asked == 110
    assert "middle, forward: 1 person" in done.out
    assert "exact counts, not bounded by track" in done.out
    assert json.loads(pl.read_parquet_metadata(tmp_path / "both.parquet")[KEY])["bound"] is None


def test_counting_changes_nothing_in_what_is_redacted(unseen: Command, clip: Path, tmp_path: Path) -> None:
    plain, counted = tmp_path / "plain", tmp_path / "counted"
    assert unseen(clip, "-o", plain, "--stride", "2", engine=counting_engine()).code == 0
    regions = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    assert unseen(clip, "-o", plain, "--stride", "2", "--regions", regions[0], engine=counting_engine()).code == 0
    words = ("--count", scene(tmp_path), "--counts", tmp_path / "c.csv", "--no-charts", "--regions", regions[1])
    assert unseen(clip, "-o", counted, "--stride", "2", *words, engine=counting_engine()).code == 0
    assert regions[0].read_text() == regions[1].read_text()


def test_count_with_redacted_is_the_same_as_redact_with_count(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["count", str(clip), "--scene", str(scene(tmp_path)), "-o", str(tmp_path / "c.parquet")]
    words += ["--redacted", str(tmp_path / "out"), "--classes", "face", "--bound", "1"]
    assert main(words, engine=counting_engine()) == 0
    assert (tmp_path / "out" / "clip.mp4").is_file()
    assert sum(crossings(tmp_path / "c.parquet").values()) == 1
    assert "times count from 1970" in capsys.readouterr().out


def test_no_counts_where_a_video_fails(unseen: Command, clip: Path, tmp_path: Path) -> None:
    words = (clip, "-o", tmp_path / "out", "--count", scene(tmp_path), "--counts", tmp_path / "c.parquet")
    done = unseen(*words, engine=counting_engine(PersonDetector(fails=5)))
    assert done.code == 1
    assert "no counts are written, because 1 of 1 videos failed" in done.err
    assert not (tmp_path / "c.parquet").exists()


def test_what_a_killed_run_leaves_says_nothing_of_who_is_counted(
    unseen: Command, clip: Path, tmp_path: Path, key: Path
) -> None:
    words = (clip, "-o", tmp_path / "out", "--key", key, "--count", scene(tmp_path), "--counts", tmp_path / "c.csv")
    done = unseen(*words, "--stride", "1", engine=counting_engine(PersonDetector(fails=100)))
    assert done.code == 1
    left = [path for path in (tmp_path / "out").rglob("*") if path.is_file() and path.suffix in (".json", ".jsonl")]
    assert any(path.name == "state.json" for path in left), "a part of the video was done"
    assert all("person" not in path.read_text("utf-8") for path in left)
    # Nothing of it is gone on with: its counts are gone.
    detector = PersonDetector()
    assert unseen(*words, "--stride", "1", engine=counting_engine(detector)).code == 0
    assert detector.asked == 110


def _walked(folder: Path, boxes: Sequence[tuple[float, Box]]) -> dict[str, bytes]:
    """Count one track, write everything there is, and return the files."""
    scene = Scene(640, 480, SCENE.scaled(640, 480).lines)
    counter = Counter(scene, Tally(60, None, 0.0, 0.0))
    for at, box in boxes:
        counter.see(at, [Sighting(1, "person", box, 0.9)])
    folder.mkdir()
    asked = Counting(folder / "s.yaml", folder / "c.parquet", interval_s=60)
    write_counts(counter.finish(60.0), scene, asked)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_no_output_tells_one_trajectory_from_another(tmp_path: Path) -> None:
    """Two ways, of other speed, size, start and shape, that cross the same line in the same minute: nothing differs."""
    one = [(0.1 * i, Box(2.0 * i, 150, 2.0 * i + 40, 250)) for i in range(300)]
    other = [(20 + 0.05 * i, Box(3.0 * i + 10, 145 + i % 5, 3.0 * i + 32, 245 + i % 7)) for i in range(200)]
    files = _walked(tmp_path / "one", one)
    assert files == _walked(tmp_path / "other", other)
    assert sorted(name.partition(".")[2] for name in files) == [
        "crossings.png", "crossings.svg", "heat.parquet", "heat.png", "heat.svg", "html", "parquet",
    ]  # fmt: skip


def test_no_table_has_a_row_or_a_column_for_a_track(clip: Path, tmp_path: Path) -> None:
    counted = count(clip, clip, folder=tmp_path, interval_s=1)
    for table, path in zip(counted.tables, counted.files, strict=True):
        frame = pl.read_parquet(path)
        assert frame.columns == [*table.keys, "count", *table.more]
        grid = 1
        for values in table.domain.values():
            grid *= len(values)
        # As many rows as the grid has cells, whatever was seen.
        assert len(frame) == grid
        assert not {"track", "id", "x", "y", "box", "time"} & set(frame.columns)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--interval", "7"], "--interval must divide a day"),
        (["--bound", "0"], "--bound must be at least 1"),
        (["--start", "yesterday"], "cannot read the time 'yesterday'"),
        (["--start", "2026-01-01T08:00:00"], "does not say its offset"),
        (["--classes", "face"], "say --redacted FOLDER too"),
        (["-o", "c.xlsx"], "ends in .parquet or .csv"),
    ],
)
def test_wrong_words_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    given = ["count", "a.mp4", "--scene", str(scene(tmp_path)), "-o", str(tmp_path / "c.csv"), *words]
    assert main(given) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_scene_that_does_not_fit_is_told_before_anything_is_done(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tall = scene(tmp_path, replace(SCENE.scaled(320, 240), width=320, height=480))
    words = [str(clip), "--scene", str(tall), "-o", str(tmp_path / "c.csv")]
    assert main(["count", *words]) == 2
    assert "the scene is made for 320x480 and the pictures are 160x120" in capsys.readouterr().err
    assert main(["count", *words, "--redacted", str(tmp_path / "out")], engine=counting_engine()) == 2
    assert not (tmp_path / "out" / "clip.mp4").exists()


def test_cameras_and_photos_are_told_where_to_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--scene", str(scene(tmp_path)), "-o", str(tmp_path / "c.csv")]
    assert main(["count", "rtsp://camera/1", *words]) == 2
    assert "unseen live SOURCE --count" in capsys.readouterr().err
    (tmp_path / "in").mkdir()
    assert main(["count", str(tmp_path / "in"), *words]) == 2
    assert "there is no video to count in" in capsys.readouterr().err
    assert main(["redact", str(tmp_path), "-o", str(tmp_path / "out"), "--count", str(tmp_path / "scene.yaml")]) == 2
    assert "counts need a scene and a file" in capsys.readouterr().err


def test_columns_that_the_purpose_does_not_keep_are_added_up_or_gone(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = found_city(tmp_path / "city", _keeping("interval_start, class, count")).parent / "street" / "clip.mp4"
    film.parent.mkdir()
    film.write_bytes(clip.read_bytes())
    counting = Counting(scene(tmp_path), tmp_path / "c.parquet", starts=(_START,), bound=2)
    job = CountJob((film,), counting, access=Access("research", "olga"))
    counted = run(job, store=FakeStore(), make_tools=count_tools)
    table = pl.read_parquet(tmp_path / "c.parquet")
    assert table.columns == ["interval_start", "class", "count"]
    assert table.filter(pl.col("class") == "person")["count"].to_list() == [2], "there and back, not told apart"
    # A track may be twice in a cell now, which a release must know.
    assert json.loads(pl.read_parquet_metadata(tmp_path / "c.parquet")[KEY])["most_in_a_cell"] == 2
    assert pl.read_parquet(tmp_path / "c.occupancy.parquet").columns == ["interval_start", "class", "count"]
    assert pl.read_parquet(tmp_path / "c.heat.parquet").columns == ["class", "count"]
    assert not list(tmp_path.glob("c*.png")), "there are charts of whole tables alone"
    print_counted(counted)
    assert "not told apart by column, destination, direction, line, origin, row" in capsys.readouterr().out
    found_city(tmp_path / "city", _keeping("interval_start, line"))
    with pytest.raises(Refused, match="keeps no column called count"):
        run(replace(job, counting=replace(counting, out=tmp_path / "d.parquet")), store=FakeStore(),
            make_tools=count_tools)  # fmt: skip


def _keeping(fields: str) -> str:
    return CITY.replace("      metadata: []\n", f"      metadata: []\n      fields: [{fields}]\n")


def test_counting_passes_the_gate_and_its_tables_carry_labels(clip: Path, tmp_path: Path) -> None:
    city = found_city(tmp_path / "city")
    film = city.parent / "street" / "clip.mp4"
    film.parent.mkdir()
    film.write_bytes(clip.read_bytes())
    counting = Counting(scene(tmp_path), tmp_path / "c.parquet", starts=(_START,), charts=False)
    for access, told in (
        (Access(), "no purpose is said"),
        (Access("research.road-safety", "olga"), "allows redact, view, not count"),
        (Access("care", "olga"), "allows redact, train, view, not count"),
    ):
        with pytest.raises(Denied, match=told):
            run(CountJob((film,), counting, access=access), store=FakeStore(), make_tools=count_tools)
    assert not (tmp_path / "c.parquet").exists()
    job = CountJob((film,), counting, access=Access("research", "olga"))
    counted = run(job, store=FakeStore(), make_tools=count_tools)
    with open_governance(city) as office:
        made = {each.item for each in office.records.made_from(office.item(film))}
        assert made == {office.item(table) for table in counted.files}
    assert all(label_path(table).is_file() for table in counted.files)
