"""Damaged videos through the whole engine: released with the square hidden, or failed in one line; never a crash."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from bench.damages import DAMAGES
from tests.adapters.video_clips import Clip
from tests.engine.engine_fakes import Command, make_photo
from tests.engine.film_scenes import FILM, film, film_engine, leftovers, watch

KINDS = [
    ("libx264", "mp4"), ("libx264", "mkv"), ("libx264", "ts"), ("libx264", "avi"), ("libx265", "mp4"),
    ("libvpx-vp9", "webm"), ("libsvtav1", "mp4"), ("mjpeg", "avi"), ("mpeg4", "avi"), ("mpeg2video", "mpg"),
]  # fmt: skip
#: Decoders that take garbled data for pictures, if it is no worse than that.
_NOT_NOTICED = ("libvpx-vp9", "libsvtav1", "libx265", "mjpeg")
SHORT = replace(FILM, stamps=range(26))


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of damaged videos, every kind in every way."""
    folder = tmp_path_factory.mktemp("damaged")
    for encoder, ending in KINDS:
        pixels = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
        sound = folder / f"sound.{ending}"
        data = film(sound, replace(SHORT, encoder=encoder, pixel_format=pixels)).read_bytes()
        sound.unlink()
        for number, (name, change) in enumerate(DAMAGES.items()):
            rng = random.Random(f"{encoder} {ending} {number}")
            (folder / f"{encoder} {ending} {name}.{ending}").write_bytes(change(data, rng))
    return folder


def test_damaged_videos_are_hidden_or_fail_in_one_line(unseen: Command, tmp_path: Path, damaged: Path) -> None:
    count = len(list(damaged.iterdir()))
    assert count >= 60
    done = unseen(damaged, "-o", tmp_path / "out", "--jobs", "1", engine=film_engine())
    assert done.code in (0, 1)
    assert len(done.files) == count
    assert {file["status"] for file in done.files.values()} == {"released", "failed"}
    garbled: list[str] = []
    for name, file in done.files.items():
        if file["status"] == "released":
            after = watch(tmp_path / "out" / file["output"])
            video = file["video"]
            assert after.frames == video["frames"]
            if any(after.shown):
                garbled.append(name)
        else:
            assert file["error"].startswith(f"{name}: ")
            assert "\n" not in file["error"]
            assert "unexpected" not in file["error"]
            assert not list((tmp_path / "out").glob(f"{Path(name).stem}.*"))
    # What a decoder does not notice is looked at as often as any video: of a garbled square some may show.
    assert len(garbled) <= 8, garbled
    assert all(name.split()[0] in _NOT_NOTICED for name in garbled), garbled
    released = [file["video"] for file in done.files.values() if file["status"] == "released"]
    assert len(released) > count / 2
    assert sum(video["frames_hidden_whole"] for video in released) > 0
    assert all(video["frames_hidden_whole"] <= video["frames"] for video in released)
    assert leftovers(tmp_path / "out") == []


def test_size_that_changes_in_mid_stream_is_hidden_whole(unseen: Command, tmp_path: Path) -> None:
    source = tmp_path / "in" / "a.ts"
    source.parent.mkdir()
    parts = []
    for number, size in enumerate(((160, 120), (128, 96))):
        part = film(tmp_path / f"{number}.ts", replace(SHORT, size=size, stamps=range(26 * number, 26 * number + 26)))
        parts.append(part.read_bytes())
    source.write_bytes(b"".join(parts))
    done = unseen(source, "-o", tmp_path / "out", engine=film_engine())
    assert done.code == 0, done.err
    video = done.files["a.ts"]["video"]
    assert video["frames_hidden_whole"] >= 20
    assert any("another size" in problem for problem in video["problems"])
    assert not any(watch(tmp_path / "out" / "a.mp4").shown)


def _with(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _sound_alone(path: Path) -> None:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("aac", rate=48000)
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=48000)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = 48000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("empty.mp4", _with(b"")),
        ("garbage.mp4", _with(bytes(range(256)) * 40)),
        ("text.mkv", _with(b"no video at all\n" * 50)),
        ("photo.mp4", lambda path: shutil.copy(make_photo(path.with_suffix(".png")), path)),
        ("head.mp4", _with(b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2")),
        ("ending.mkv", lambda path: film(path.with_suffix(".mp4")).rename(path)),
        ("sound.mp4", _sound_alone),
        ("playlist.ts", _with(b"#EXTM3U\n/etc/passwd\n")),
    ],
)
def test_what_is_no_video_fails_in_one_line(
    unseen: Command, tmp_path: Path, name: str, make: Callable[[Path], object]
) -> None:
    source = tmp_path / "in" / name
    source.parent.mkdir()
    make(source)
    done = unseen(source, "-o", tmp_path / "out", engine=film_engine())
    assert done.code == 1
    assert done.err.startswith(f"failed: {name}: ")
    assert done.err.count("\n") == 1
    assert "unexpected" not in done.err
    assert [p.name for p in (tmp_path / "out").iterdir()] == [".unseen"]


@pytest.mark.parametrize("stride", ["auto", "6"])
def test_last_good_frames_before_damage_are_hidden(unseen: Command, tmp_path: Path, stride: str) -> None:
    """The second key picture and what follows is lost; the frames before it are none that the pace would look at."""
    source = film(tmp_path / "in" / "a.mp4", replace(SHORT, options={"g": "11", "bf": "0"}))
    with av.open(str(source)) as container:
        places = [packet.pos or 0 for packet in container.demux(video=0) if packet.size]
    data = bytearray(source.read_bytes())
    data[places[11] + 8 : places[13]] = bytes(places[13] - places[11] - 8)
    source.write_bytes(bytes(data))
    done = unseen(source, "-o", tmp_path / "out", "--stride", stride, engine=film_engine())
    assert done.code == 0, done.err
    assert done.files["a.mp4"]["video"]["frames_hidden_whole"] > 0
    assert not any(watch(tmp_path / "out" / "a.mp4").shown)


def test_video_without_one_good_frame_fails_and_leaves_nothing(unseen: Command, tmp_path: Path, key: Path) -> None:
    """All are made from the first picture, of which the second half is lost; with a key, parts of others are kept."""
    # Encoded by one thread on every machine: what a decoder makes of the half depends on the bytes.
    source = film(tmp_path / "in" / "a.mp4", replace(SHORT, options={"g": "100", "bf": "0", "threads": "1"}))
    with av.open(str(source)) as container:
        first = next(packet for packet in container.demux(video=0) if packet.size)
    middle, end = (first.pos or 0) + first.size // 2, (first.pos or 0) + first.size
    data = bytearray(source.read_bytes())
    data[middle:end] = bytes(end - middle)
    source.write_bytes(bytes(data))
    done = unseen(source, "-o", tmp_path / "out", "--key", key, engine=film_engine())
    told = "failed: a.mp4: has no frame without damage; fetch it again or leave it out\n"
    assert (done.code, done.err) == (1, told)
    assert [p.name for p in (tmp_path / "out").iterdir()] == [".unseen"]
    assert leftovers(tmp_path / "out") == []


def test_video_without_frames(unseen: Command, tmp_path: Path) -> None:
    source = tmp_path / "in" / "a.mp4"
    source.parent.mkdir()
    with av.open(str(source), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25)
        stream.width, stream.height = 64, 48
        output.start_encoding()
    done = unseen(source, "-o", tmp_path / "out", engine=film_engine())
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "unexpected" not in done.err


def test_time_stamps_that_jump_and_fall(unseen: Command, tmp_path: Path) -> None:
    """A splice: the second part counts from zero again. All frames come out, later and later."""
    source = tmp_path / "in" / "a.ts"
    source.parent.mkdir()
    part = film(tmp_path / "part.ts", SHORT).read_bytes()
    source.write_bytes(part + part)
    done = unseen(source, "-o", tmp_path / "out", engine=film_engine())
    assert done.code == 0, done.err
    after = watch(tmp_path / "out" / "a.mp4")
    assert not any(after.shown)
    assert after.times == sorted(set(after.times))
    assert after.frames >= 50


def test_sound_that_is_damaged_does_not_spoil_the_pictures(unseen: Command, tmp_path: Path) -> None:
    """The second half of the file's media data is garbled; sound was to be kept."""
    clip: Clip = replace(SHORT, audio="aac", stamps=range(50))
    source = film(tmp_path / "in" / "a.mkv", clip)
    data = bytearray(source.read_bytes())
    rng = random.Random(3)
    for _ in range(40):
        data[rng.randrange(len(data) // 2, len(data))] = rng.randrange(256)
    source.write_bytes(bytes(data))
    done = unseen(source, "-o", tmp_path / "out", "--audio", "mute-when-person", engine=film_engine())
    assert done.code in (0, 1)
    assert "unexpected" not in done.err
    for path in (tmp_path / "out").glob("*.mkv"):
        assert not any(watch(path).shown)
