"""Rolling files: whole under their names, playable each by itself, deleted when old, finished after a kill."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.adapters.small_disk import files_of_at_most
from tests.engine.live_fakes import wait_for
from unseen.adapters.live.encode import H264Encoder
from unseen.adapters.live.segments import SegmentFolder, segment_target
from unseen.core.live import Segments, Unit
from unseen.core.video import VideoInfo
from unseen.errors import OutputFailed, UsageError

_INFO = VideoInfo("live", "h264", 64, 48, Fraction(25), Fraction(1, 90_000), "yuv420p")
_GREY = (np.full((48, 64), 90, np.uint8), *(np.full((24, 32), 128, np.uint8),) * 2)


@pytest.fixture(scope="module")
def units() -> list[Unit]:
    """Six seconds of MP4, with a key picture every two."""
    encoder = H264Encoder(_INFO)
    return [encoder.encode(_GREY, 100 + i * 0.04)[1] for i in range(150)]


def _clock(start: float = 1_700_000_000.0) -> Iterator[float]:
    while True:
        yield start
        start += 1


def _frames(path: Path) -> int:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert frames[0].time == 0
    return len(frames)


def test_files_begin_at_key_pictures_and_play_by_themselves(tmp_path: Path, units: list[Unit]) -> None:
    ticks = _clock()
    folder = SegmentFolder(tmp_path, Segments(seconds=2), lambda: next(ticks))
    for unit in units:
        folder.write(unit)
    assert len([p for p in tmp_path.iterdir() if p.name.startswith(".")]) == 1
    folder.close()
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["20231114T221320Z.mp4", "20231114T221322Z.mp4", "20231114T221324Z.mp4"]
    assert [_frames(path) for path in files] == [50, 50, 50]


def test_nothing_is_written_before_a_key_picture(tmp_path: Path, units: list[Unit]) -> None:
    folder = SegmentFolder(tmp_path, Segments(), lambda: 0.0)
    folder.write(units[1])
    folder.close()
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_on_the_disk_is_an_error_and_what_did_stays(tmp_path: Path, units: list[Unit]) -> None:
    folder = SegmentFolder(tmp_path, Segments(seconds=60), lambda: 0.0)

    def write(some: list[Unit]) -> None:
        try:
            for unit in some:
                folder.write(unit)
        finally:
            folder.close()

    with files_of_at_most(sum(len(unit.data) for unit in units[:40])), pytest.raises(OSError, match="too large"):
        write(units)
    (path,) = tmp_path.iterdir()
    assert path.name == "19700101T000000Z.mp4"
    assert 30 <= _frames(path) <= 40
    with files_of_at_most(10), pytest.raises(OSError, match="too large"):
        write(units[:1])
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_one_second_have_names_of_their_own(tmp_path: Path, units: list[Unit]) -> None:
    folder = SegmentFolder(tmp_path, Segments(seconds=2), lambda: 0.0)
    for unit in units:
        folder.write(unit)
    folder.close()
    assert len(list(tmp_path.glob("19700101T000000Z*.mp4"))) == 3


def test_old_files_are_deleted_and_others_left_alone(tmp_path: Path, units: list[Unit]) -> None:
    old, mine = tmp_path / "20200101T000000Z.mp4", tmp_path / "holiday.mp4"
    for path in (old, mine):
        path.write_bytes(b"x")
        os.utime(path, (0, 0))
    folder = SegmentFolder(tmp_path, Segments(keep_seconds=3600), lambda: 1_700_000_000.0)
    folder.write(units[0])
    folder.close()
    assert not old.exists()
    assert mine.exists()


def test_most_bytes_are_kept_of_the_newest(tmp_path: Path, units: list[Unit]) -> None:
    for i in range(3):
        path = tmp_path / f"2020010{i + 1}T000000Z.mp4"
        path.write_bytes(bytes(1000))
        os.utime(path, (i, i))
    folder = SegmentFolder(tmp_path, Segments(keep_seconds=None, keep_bytes=5000), lambda: 1_700_000_000.0)
    folder.write(units[0])
    folder.close()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert "20200103T000000Z.mp4" in left
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5000


def test_old_files_are_deleted_without_pictures(tmp_path: Path) -> None:
    camera = tmp_path / "door"
    camera.mkdir()
    names = [f"2023111{i}T000000Z.mp4" for i in range(3)]
    for i, name in enumerate(names):
        (camera / name).write_bytes(bytes(1000))
        os.utime(camera / name, (100 * i, 100 * i))
    (camera / "holiday.mp4").touch()
    now = [3650.0]
    target = segment_target(tmp_path, ("door",), Segments(keep_seconds=3600), clock=lambda: now[0], every=0.02)
    try:
        assert sorted(path.name for path in camera.glob("2*")) == names[1:], "at the start"
        now[0] = 3750.0
        wait_for(lambda: not (camera / names[1]).exists())
        assert [path.name for path in camera.glob("2*")] == names[2:]
        now[0] = 9000.0
        wait_for(lambda: not (camera / names[2]).exists())
        (camera / "holiday.mp4").rename(tmp_path / "holiday.mp4")
        camera.rmdir()
        camera.touch()
        wait_for(lambda: target.problems)
        assert target.problems == {"door": "door: old segments cannot be deleted (Not a directory)"}
        camera.unlink()
        wait_for(lambda: not target.problems)  # a folder that is gone holds nothing to delete
    finally:
        target.close()
    assert (tmp_path / "holiday.mp4").exists()


def test_a_file_to_which_nothing_comes_any_more_is_finished_and_what_comes_later_begins_another(
    tmp_path: Path, units: list[Unit]
) -> None:
    """Else what a camera showed before it hung would be kept until the run ends, however old it is."""
    now, ticks = [0.0], _clock()
    folder = SegmentFolder(tmp_path, Segments(seconds=60), lambda: next(ticks), lambda: now[0])
    folder.rest()
    for unit in units[:50]:
        folder.write(unit)
    now[0] = 59.0
    folder.rest()
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    now[0] = 60.0
    folder.rest()
    folder.rest()
    (path,) = tmp_path.iterdir()
    assert (path.suffix, _frames(path)) == (".mp4", 50)
    for unit in units[50:]:
        folder.write(unit)
    folder.close()
    assert sorted(_frames(path) for path in tmp_path.iterdir()) == [50, 100]


def test_largest_file_stays_when_it_is_the_newest(tmp_path: Path) -> None:
    (tmp_path / "door").mkdir()
    for i in (1, 2):
        path = tmp_path / "door" / f"2020010{i}T000000Z.mp4"
        path.write_bytes(bytes(1000))
        os.utime(path, (i, i))
    segment_target(tmp_path, ("door",), Segments(keep_seconds=None, keep_bytes=500)).close()
    assert [path.name for path in (tmp_path / "door").iterdir()] == ["20200102T000000Z.mp4"]


def test_what_a_killed_run_left_is_finished(tmp_path: Path, units: list[Unit]) -> None:
    camera = tmp_path / "door"
    camera.mkdir()
    assert units[0].head is not None
    whole = units[0].head.init + b"".join(unit.data for unit in units[:20])
    (camera / ".20200101T000000Z.mp4.part").write_bytes(whole + units[20].data[:-5])
    (camera / ".20200102T000000Z.mp4.part").write_bytes(units[0].head.init)
    (camera / ".20200103T000000Z.mp4.part").write_bytes(b"")
    segment_target(tmp_path, ("door",), Segments()).close()
    assert [path.name for path in camera.iterdir()] == ["20200101T000000Z.mp4"]
    assert _frames(camera / "20200101T000000Z.mp4") == 20


def test_what_is_finished_later_is_as_old_as_its_last_picture(tmp_path: Path, units: list[Unit]) -> None:
    assert units[0].head is not None
    camera = tmp_path / "door"
    camera.mkdir()
    torn = units[0].head.init + units[0].data + units[1].data[:-5]
    for day, at in ((1, 1000), (2, 9000)):
        part = camera / f".2020010{day}T000000Z.mp4.part"
        part.write_bytes(torn)
        os.utime(part, (at, at))
    whole = camera / "20200103T000000Z.mp4"
    whole.write_bytes(bytes(1000))
    os.utime(whole, (9500, 9500))
    segment_target(tmp_path, ("door",), Segments(keep_seconds=3600), clock=lambda: 10_000.0).close()
    assert sorted(path.name for path in camera.iterdir()) == ["20200102T000000Z.mp4", whole.name], "the old one is gone"
    segment_target(tmp_path, ("door",), Segments(keep_seconds=None, keep_bytes=1000), clock=lambda: 10_000.0).close()
    assert list(camera.iterdir()) == [whole], "it is not the newest"


def test_files_of_a_camera_that_is_not_named_any_more_are_deleted_by_what_was_said_then(tmp_path: Path) -> None:
    def start(*cameras: str, keep: float | None, now: float) -> None:
        segment_target(tmp_path, cameras, Segments(keep_seconds=keep), clock=lambda: now).close()

    start("door", "yard", keep=3600, now=0)
    start("roof", keep=None, now=0)
    old, part = "20200101T000000Z.mp4", ".20200102T000000Z.mp4.part"
    for folder in ("yard", "roof", "mine"):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name in (old, part, "holiday.mp4", ".holiday.mp4.part"):
            (tmp_path / folder / name).touch()
            os.utime(tmp_path / folder / name, (100, 100))
    start("door", keep=10, now=3000)
    assert (tmp_path / "yard" / old).exists(), "a run that keeps for a shorter time does not decide for another"
    start("door", keep=None, now=4000)
    assert sorted(path.name for path in (tmp_path / "yard").iterdir()) == [".holiday.mp4.part", "holiday.mp4"]
    for folder in ("roof", "mine"):
        assert len(list((tmp_path / folder).iterdir())) == 4, "nothing says that these may be deleted"


def test_file_that_a_run_beside_this_one_is_writing_is_left_alone_however_long_its_camera_is_silent(
    tmp_path: Path, units: list[Unit]
) -> None:
    (tmp_path / "yard.keep").write_text("1 seconds\n")
    yard = SegmentFolder(tmp_path / "yard", Segments(seconds=60), lambda: 0.0)
    yard.write(units[0])
    (part,) = (tmp_path / "yard").iterdir()
    os.utime(part, (0, 0))
    segment_target(tmp_path, ("door",), Segments(), clock=lambda: 1e12).close()
    for unit in units[1:]:
        yard.write(unit)
    yard.close()
    (path,) = (tmp_path / "yard").iterdir()
    assert _frames(path) == 150


def test_camera_that_another_run_is_writing_is_refused_and_its_file_stays(tmp_path: Path, units: list[Unit]) -> None:
    (tmp_path / "door").mkdir()
    first = SegmentFolder(tmp_path / "door", Segments(seconds=60), lambda: 0.0)
    for unit in units[:20]:
        first.write(unit)
    with pytest.raises(UsageError, match="door: another run records there; name another folder"):
        segment_target(tmp_path, ("door",), Segments())
    first.close()
    (path,) = (tmp_path / "door").iterdir()
    assert _frames(path) == 20
    segment_target(tmp_path, ("door",), Segments()).close()


def test_what_could_not_be_deleted_is_told_no_more_when_nothing_says_that_it_shall_be(tmp_path: Path) -> None:
    (tmp_path / "yard").mkdir()
    (tmp_path / "yard.keep").write_text("1 seconds\n")
    (tmp_path / "yard" / "20200101T000000Z.mp4").mkdir()
    target = segment_target(tmp_path, ("door",), Segments(), clock=lambda: 1e12, every=0.02)
    try:
        wait_for(lambda: "yard" in target.problems)
        (tmp_path / "yard.keep").unlink()
        wait_for(lambda: not target.problems)
    finally:
        target.close()


@pytest.mark.parametrize("said", [b"", b"0 seconds", b"-1 seconds", b"soon", b"\xff"])
def test_note_that_is_not_understood_deletes_nothing(said: bytes, tmp_path: Path) -> None:
    (tmp_path / "yard").mkdir()
    old = tmp_path / "yard" / "20200101T000000Z.mp4"
    old.touch()
    (tmp_path / "yard.keep").write_bytes(said)
    segment_target(tmp_path, ("door",), Segments(), clock=lambda: 1e12).close()
    assert old.exists()


def test_link_to_a_folder_elsewhere_is_not_followed_for_a_camera_that_is_not_named(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "recordings"
    for path in (elsewhere, folder):
        path.mkdir()
    (elsewhere / "20200101T000000Z.mp4").touch()
    (folder / "yard").symlink_to(elsewhere)
    (folder / "yard.keep").write_text("1 seconds\n")
    segment_target(folder, ("door",), Segments(), clock=lambda: 1e12).close()
    assert len(list(elsewhere.iterdir())) == 1


def test_writing_goes_on_when_somebody_deleted_the_folder_of_the_camera(tmp_path: Path) -> None:
    (tmp_path / "door").mkdir()
    target = segment_target(tmp_path, ("door",), Segments(seconds=1))
    encoder, at = H264Encoder(_INFO), itertools.count(100, 2)
    try:
        target.send("door", encoder.encode(_GREY, next(at))[1])
        wait_for(lambda: list((tmp_path / "door").iterdir()))
        shutil.rmtree(tmp_path / "door")

        def written() -> bool:
            # Every two seconds comes a key picture: one begins a file, the next one ends it.
            target.send("door", encoder.encode(_GREY, next(at))[1])
            return bool(list((tmp_path / "door").glob("2*.mp4")) if (tmp_path / "door").exists() else ())

        wait_for(written)
        wait_for(lambda: not target.problems)
    finally:
        target.close()


def test_file_that_somebody_deleted_is_not_written_on(tmp_path: Path, units: list[Unit]) -> None:
    ticks = _clock()
    folder = SegmentFolder(tmp_path, Segments(seconds=60), lambda: next(ticks))
    for unit in units[:10]:
        folder.write(unit)
    for path in tmp_path.iterdir():
        path.unlink()
    for unit in units[10:100]:
        folder.write(unit)
    (part,) = tmp_path.iterdir()
    part.unlink()
    folder.close()
    assert list(tmp_path.iterdir()) == []
    for unit in units[100:]:
        folder.write(unit)
    folder.close()
    (path,) = tmp_path.iterdir()
    assert _frames(path) == 50


def test_nothing_is_made_where_the_whole_folder_is_gone(tmp_path: Path, units: list[Unit]) -> None:
    folder = SegmentFolder(tmp_path / "disk" / "door", Segments(), lambda: 0.0)
    with pytest.raises(FileNotFoundError):
        folder.write(units[0])
    assert not (tmp_path / "disk").exists()


def test_unfinished_files_of_others_are_left_alone(tmp_path: Path) -> None:
    camera = tmp_path / "door"
    camera.mkdir()
    names = [".20200101.mp4.part", ".holiday.mp4.part", ".x20200101T000000Z.mp4.part"]
    for name in names:
        (camera / name).write_bytes(b"x")
    segment_target(tmp_path, ("door",), Segments()).close()
    assert sorted(path.name for path in camera.iterdir()) == names


def test_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputFailed, match="cannot be written"):
        segment_target(tmp_path / "file", ("door",), Segments())
