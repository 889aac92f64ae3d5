"""Runs over folders with photos and videos: names, clashes, pseudonyms, several processes, and what is told."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.engine_fakes import Command, make_photo, shows_face
from tests.engine.film_scenes import FILM, film, film_engine, leftovers, watch
from unseen.adapters import video_devices
from unseen.core.jobs import Job
from unseen.core.receipts import FileReceipt, FrameNote

SHORT = replace(FILM, stamps=range(12))


def _names(folder: Path) -> list[str]:
    return sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and ".unseen" not in p.parts
    )


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_photos_and_videos_together(unseen: Command, tmp_path: Path, jobs: str) -> None:
    make_photo(tmp_path / "in" / "a.png")
    film(tmp_path / "in" / "b.mp4", SHORT)
    film(tmp_path / "in" / "sub" / "c.MOV", SHORT)
    film(tmp_path / "in" / "sub" / "d.avi", replace(SHORT, encoder="mpeg4"))
    (tmp_path / "in" / "notes.txt").write_text("no video")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--jobs", jobs)
    assert done.code == 0, done.err
    assert _names(tmp_path / "out") == ["a.png", "b.mp4", "sub/c.MOV", "sub/d.mp4"]
    assert not shows_face(tmp_path / "out" / "a.png")
    for name in ("b.mp4", "sub/c.MOV", "sub/d.mp4"):
        assert watch(tmp_path / "out" / name).shown == [0] * 12
    totals = done.report["totals"]
    assert totals["files"] == {"released": 4, "resumed": 0, "failed": 0, "skipped": 1}
    assert (totals["frames"], totals["tracks"]) == (36, {"face": 3})
    assert done.files["sub/d.avi"]["output"] == "sub/d.mp4"
    assert "tracks hidden in 36 frames of videos: 3 face" in done.out
    assert leftovers(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--quality", "52"), "--quality must be from 0 to 51 with h264, got 52; lower is better"),
        (("--speed", "13"), "--speed '13' is unknown; choose ultrafast, "),
        (("--check-every", "0"), "--check-every must be above 0 and at most 60 s, got 0"),
        (("--codec", "h264_nvenc"), "h264_nvenc is not on this machine; choose h264 without a device"),
        (("--codec", "h264_videotoolbox"), "h264_videotoolbox is not on this machine; choose h264 without a device"),
    ],
)
def test_what_no_video_could_be_written_with_is_a_wrong_call(
    unseen: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ValueError("PyAV was built without it")

    monkeypatch.setattr(video_devices, "encoder_stream", missing)  # this machine may have the device
    make_photo(tmp_path / "in" / "b.png")
    (tmp_path / "in" / "a.mp4").write_bytes(b"is not opened")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", *words)
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert line.startswith(f"unseen: error: {says}")
    assert not (tmp_path / "out").exists()


def test_a_scale_that_only_webm_has_is_no_matter_for_webm_and_photos(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "b.png")
    assert unseen(tmp_path / "in", "-o", tmp_path / "out1", "--quality", "52").code == 0
    assert unseen(tmp_path / "in", "-o", tmp_path / "out2", "--codec", "h264_nvenc").code == 0
    film(tmp_path / "in" / "a.webm", replace(SHORT, encoder="libvpx-vp9", stamps=range(4)))
    assert unseen(tmp_path / "in", "-o", tmp_path / "out3", "--quality", "52").code == 0


def test_videos_whose_names_do_not_say_so_are_failures_and_told_what_to_do(unseen: Command, tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", SHORT).rename(tmp_path / "plain")
    film(tmp_path / "x.flv", SHORT)
    (tmp_path / "in").mkdir()
    for name in ("plain", "x.flv", "wrong.jpg", "song.m4a"):
        (tmp_path / "in" / name).write_bytes((tmp_path / ("x.flv" if name == "x.flv" else "plain")).read_bytes())
    done = unseen(tmp_path / "in", "-o", tmp_path / "out")
    assert done.code == 1
    assert done.report["totals"]["files"] == {"released": 0, "resumed": 0, "failed": 3, "skipped": 1}
    assert "failed: plain: holds MP4 data; rename it to end in .mp4" in done.err
    convert = "failed: x.flv: holds FLV video, which Unseen does not read; convert it first"
    wrong = "failed: wrong.jpg: holds MP4 data but is named .jpg; rename it to end in .mp4"
    assert convert in done.err
    assert wrong in done.err
    for name, says in (("plain", "plain: holds MP4 data but has no ending; rename"), ("x.flv", convert)):
        alone = unseen(tmp_path / name, "-o", tmp_path / "out2")
        assert (alone.code, says in alone.err) == (1, True)


def test_two_videos_that_would_have_one_name(unseen: Command, tmp_path: Path) -> None:
    for ending, encoder in (("avi", "mpeg4"), ("mp4", "libx264"), ("ts", "libx264")):
        film(tmp_path / "in" / f"a.{ending}", replace(SHORT, encoder=encoder))
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--jobs", "1")
    assert done.code == 1
    assert [done.status(f"a.{ending}") for ending in ("avi", "mp4", "ts")] == ["failed", "released", "failed"]
    assert done.err.count("would be written over the output of another input, a.mp4; rename one") == 2
    assert _names(tmp_path / "out") == ["a.mp4"]


def test_pseudonyms_stand_for_the_names_of_videos(unseen: Command, tmp_path: Path, key: Path) -> None:
    film(tmp_path / "in" / "Anna" / "at home.mkv", SHORT)
    (tmp_path / "in" / "Bert.mp4").write_bytes(b"broken")
    regions = tmp_path / "regions.jsonl"
    words = ("--rename", "pseudonym", "--key", key, "--regions", regions)
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", *words)
    assert done.code == 1
    (name,) = _names(tmp_path / "out")
    assert re.fullmatch(r"[A-Za-z0-9_-]{10,}\.mkv", name)
    written = (tmp_path / "report.json").read_text() + regions.read_text()
    written += (tmp_path / "out" / ".unseen" / "journal.jsonl").read_text()
    assert not re.search("Anna|home|Bert", written)
    assert "Bert.mp4" in done.err


def test_second_run_does_nothing_again(unseen: Command, tmp_path: Path, key: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4", SHORT)
    words = (source, "-o", tmp_path / "out", "--key", key)
    assert unseen(*words).code == 0
    before = (tmp_path / "out" / "a.mp4").stat().st_mtime_ns
    again = unseen(*words)
    assert (again.code, again.status("a.mp4")) == (0, "resumed")
    assert (tmp_path / "out" / "a.mp4").stat().st_mtime_ns == before
    assert unseen(*words, "--codec", "hevc").status("a.mp4") == "released"
    assert watch(tmp_path / "out" / "a.mp4").info.codec == "hevc"


def test_second_run_says_the_same_of_what_is_resumed(unseen: Command, tmp_path: Path, key: Path) -> None:
    film(tmp_path / "in" / "a.mp4", SHORT)
    make_photo(tmp_path / "in" / "b.png")
    regions, own = tmp_path / "r.jsonl", tmp_path / ".r.jsonl.part"
    own.write_text("mine")
    words = (tmp_path / "in", "-o", tmp_path / "out", "--key", key, "--regions", regions, "--preview", "--jobs", "1")
    first = unseen(*words)
    lines = regions.read_text()
    assert lines.count("\n") == 12
    again = unseen(*words)
    assert [again.status(name) for name in ("a.mp4", "b.png")] == ["resumed", "resumed"]
    assert regions.read_text() == lines
    for name, before in first.files.items():
        assert again.files[name] | {"status": "released", "seconds": {}} == before | {"seconds": {}}
    for total in ("regions", "tracks", "frames", "reasons", "verified", "second_look"):
        assert again.report["totals"][total] == first.report["totals"][total]
    assert own.read_text() == "mine"
    assert not {path.name for path in tmp_path.iterdir()} - {"in", "out", "r.jsonl", own.name, key.name, "report.json"}
    assert not re.search(r"a\.mp4|a\.preview|b\.png", (tmp_path / "out" / ".unseen" / "journal.jsonl").read_text())


def test_regions_go_where_a_link_leads(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4", SHORT)
    (tmp_path / "far.jsonl").write_text("old")
    (tmp_path / "r.jsonl").symlink_to(tmp_path / "far.jsonl")
    assert unseen(source, "-o", tmp_path / "out", "--regions", tmp_path / "r.jsonl").code == 0
    assert (tmp_path / "r.jsonl").is_symlink()
    assert (tmp_path / "far.jsonl").read_text().count('"input": "a.mp4"') == 12


def test_video_whose_kept_regions_are_damaged_is_not_told_as_one_without(
    unseen: Command, tmp_path: Path, key: Path
) -> None:
    source = film(tmp_path / "in" / "a.mp4", SHORT)
    words = (source, "-o", tmp_path / "out", "--key", key, "--regions", tmp_path / "r.jsonl")
    unseen(*words)
    (path,) = (tmp_path / "out" / ".unseen" / "tracks").iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    done = unseen(*words)
    assert (done.code, "is damaged; delete it and run" in done.err) == (1, True)
    # The lines before the damage are no video, and a file that failed counts for nothing.
    assert (tmp_path / "r.jsonl").read_text() == ""
    file, totals = done.files["a.mp4"], done.report["totals"]
    assert [file[fact] for fact in ("output", "output_hash", "verdict", "video")] == [None] * 4
    assert (totals["verified"], totals["second_look"]["looked_at"], totals["tracks"]) == (0, 0, {})
    path.unlink()
    assert unseen(*words).status("a.mp4") == "released"


def test_file_that_somebody_else_put_there_stays(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4", SHORT)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.mp4").write_bytes(b"mine")
    assert unseen(source, "-o", tmp_path / "out").code == 1
    assert (tmp_path / "out" / "a.mp4").read_bytes() == b"mine"
    assert unseen(source, "-o", tmp_path / "out", "--overwrite").code == 0
    assert watch(tmp_path / "out" / "a.mp4").shown == [0] * 12


def test_how_far_a_video_is_is_told(tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4", replace(FILM, stamps=range(120)))
    told: list[int | FileReceipt | FrameNote] = []
    film_engine()(Job((source,), tmp_path / "out"), told.append)
    notes = [each for each in told if isinstance(each, FrameNote)]
    assert [(note.name, note.total) for note in notes] == [("a.mp4", 120)] * len(notes)
    assert [note.done for note in notes] == sorted({note.done for note in notes})
    assert len(notes) >= 2
    assert notes[-1].done == 120


def test_same_video_twice_gives_the_same_regions(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4", SHORT)
    told = []
    for number in (1, 2):
        regions = tmp_path / f"{number}.jsonl"
        unseen(source, "-o", tmp_path / f"out{number}", "--regions", regions, engine=film_engine())
        told.append(regions.read_text())
    assert told[0] == told[1]
