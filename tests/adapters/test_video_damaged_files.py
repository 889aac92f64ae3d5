"""Damaged videos: truncated, overwritten, flipped bits. They end in a clear error or in frames, and never hang."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from bench.damages import flipped, swapped, truncated, zeroed
from tests.adapters.video_clips import Clip, make_clip, tone, trim
from unseen.adapters.video.witness import Witness
from unseen.adapters.video_av import open_video
from unseen.core.video import VideoFrame
from unseen.errors import DamagedInput, FileError

KINDS = [
    ("libx264", "mp4"), ("libx264", "mkv"), ("libx264", "ts"), ("libx264", "avi"), ("libx265", "mp4"),
    ("libx265", "mkv"), ("libvpx-vp9", "webm"), ("libsvtav1", "mp4"), ("mjpeg", "avi"), ("mjpeg", "mov"),
    ("mpeg4", "avi"), ("mpeg2video", "mpg"), ("mpeg2video", "ts"), ("mpeg1video", "mpg"),
]  # fmt: skip
LIMIT = 60


def _grown(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(300) + data[at:]


def _read(path: Path) -> tuple[list[VideoFrame], tuple[str, ...]]:
    with open_video(path, path.name) as reader:
        return list(reader), reader.problems


def _sound(frames: list[VideoFrame]) -> bool:
    """Whether times rise and all frames have one size."""
    shapes = {tuple(plane.shape for plane in frame.planes) for frame in frames}
    return len(shapes) == 1 and all(before.pts < after.pts for before, after in pairwise(frames))


def _in_time(act: Callable[[], None]) -> None:
    """Run in a thread, to see that it ends."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(LIMIT)
    assert not thread.is_alive(), f"reading took more than {LIMIT} s"


@pytest.mark.parametrize("harm", [truncated, flipped, zeroed, swapped, _grown])
@pytest.mark.parametrize(("encoder", "ending"), KINDS)
def test_damage_ends_in_an_error_or_in_frames(
    tmp_path: Path, encoder: str, ending: str, harm: Callable[[bytes, random.Random], bytes]
) -> None:
    sound = tmp_path / f"sound.{ending}"
    make_clip(sound, Clip(encoder, "yuvj420p" if encoder == "mjpeg" else "yuv420p"))
    data = sound.read_bytes()
    ends: list[str] = []

    def all_of_them() -> None:
        for seed in range(4):
            path = tmp_path / f"broken{seed}.{ending}"
            path.write_bytes(harm(data, random.Random(seed)))
            try:
                frames, _ = _read(path)
            except FileError as error:
                ends.append(str(error))
                continue
            ends.append("" if _sound(frames) else f"frames of broken{seed} do not fit")

    _in_time(all_of_them)
    assert len(ends) == 4
    assert [end for end in ends if not re.fullmatch(r"|broken\d\.\w+: [^\n]+; [^\n]+", end)] == []


@pytest.mark.parametrize(
    ("encoder", "ending"), [("libx264", "mp4"), ("libx264", "ts"), ("mpeg4", "avi"), ("mpeg2video", "mpg")]
)
def test_pictures_that_differ_from_the_sound_ones_are_flagged(tmp_path: Path, encoder: str, ending: str) -> None:
    path = tmp_path / f"clip.{ending}"
    make_clip(path, Clip(encoder, size=(320, 192), stamps=range(60), muxer_options={"movflags": "faststart"}))
    data = path.read_bytes()
    clean = {frame.pts: frame.planes[0].astype(int) for frame in _read(path)[0]}
    missed = differing = 0
    for seed in range(8):
        rng = random.Random(seed)
        start = rng.randrange(len(data) // 3, len(data) - 2000)
        path.write_bytes(data[:start] + rng.randbytes(600) + data[start + 600 :])
        for frame in _read(path)[0]:
            wanted = clean.get(frame.pts)
            differs = wanted is not None and bool((np.abs(frame.planes[0] - wanted) > 30).mean() > 0.01)
            differing += differs
            missed += differs and not frame.damaged
    assert differing > 20
    assert missed <= differing // 10


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi"])
def test_a_cut_video_gives_its_frames_and_says_where_it_ends(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"clip.{ending}"
    make_clip(path, Clip(stamps=range(150), options={"bf": "0"}, muxer_options={"movflags": "faststart"}))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    frames, problems = _read(path)
    assert 20 < len(frames) < 130
    assert not any(frame.damaged for frame in frames[:-15])
    if ending != "ts":  # A transport stream has no index, so that nothing can be missed.
        assert any(problem.startswith("the file ends") for problem in problems)


@pytest.mark.parametrize("ending", ["mkv", "webm"])
@pytest.mark.parametrize(
    ("kept", "said"), [(0.5, "the file ends at 0."), (1, ""), (-1, "the file ends at 0.960 of 1.000 s")]
)
def test_a_short_matroska_file_that_lacks_bytes_says_so(tmp_path: Path, ending: str, kept: float, said: str) -> None:
    path = tmp_path / f"clip.{ending}"
    make_clip(path, Clip("libvpx-vp9" if ending == "webm" else "libx264", stamps=range(25), options={"bf": "0"}))
    data = path.read_bytes()
    # The index stands behind the last picture: from -1 on, its first bytes and a piece of that picture are gone.
    path.write_bytes(data[: data.rindex(b"\x1c\x53\xbb\x6b") - 9 if kept < 0 else int(len(data) * kept)])
    frames, problems = _read(path)
    assert len(frames) == (24 if kept < 0 else pytest.approx(25 * kept, abs=12 * (kept < 1)))
    assert [problem[: len(said)] for problem in problems if "ends at" in problem] == ([said] if said else [])


@pytest.mark.parametrize("tells", [b"\x01" + b"\xff" * 7, bytes.fromhex("0100000000000010")], ids=["none", "few"])
def test_a_matroska_file_that_was_recorded_live_lacks_nothing(tmp_path: Path, tells: bytes) -> None:
    path = tmp_path / "clip.mkv"
    make_clip(path, Clip(stamps=range(25), options={"bf": "0"}))
    data = path.read_bytes()
    at = data.index(b"\x18\x53\x80\x67") + 4
    path.write_bytes(data[:at] + tells + data[at + 8 : data.rindex(b"\x1c\x53\xbb\x6b") - 3000])
    _, problems = _read(path)
    assert not any("ends at" in problem for problem in problems)


@pytest.mark.parametrize(("ending", "told"), [("mkv", True), ("mkv", False), ("ts", True), ("webm", True)])
def test_sound_that_goes_on_behind_the_pictures_is_no_missing_end(tmp_path: Path, ending: str, told: bool) -> None:
    path, sound, encoder = tmp_path / f"clip.{ending}", tone(4.0)[None], "libvpx-vp9" if ending == "webm" else "libx264"
    make_clip(tmp_path / "pictures.mkv", Clip(encoder, size=(64, 48), stamps=range(12), options={"bf": "0"}))
    with av.open(str(tmp_path / "pictures.mkv")) as source, av.open(str(path), "w") as output:
        pictures = output.add_stream_from_template(source.streams.video[0])
        voice: Any = output.add_stream("libopus" if ending == "webm" else "aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(sound, "flt", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = pictures
                output.mux(packet)
        output.mux([*voice.encode(frame), *voice.encode(None)])
    if not told:
        path.write_bytes(path.read_bytes().replace(b"DURATION", b"DURATI0N"))
    frames, problems = _read(path)
    assert len(frames) == 12
    said = ["the pictures end at 0.5 of 4.0 s; the rest is missing, or sound alone"]
    assert list(problems) == ([] if told else said)


def test_an_mp4_without_its_index_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    make_clip(path)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov")])
    with pytest.raises(DamagedInput, match="index cannot be read"):
        open_video(path, "clip.mp4")


def test_a_video_without_one_whole_frame_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    make_clip(path, Clip(stamps=range(4), muxer_options={"movflags": "faststart"}))
    data = path.read_bytes()
    start = data.index(b"mdat") + 4
    path.write_bytes(data[:start] + bytes(len(data) - start))
    with pytest.raises(DamagedInput, match="no frame that can be decoded"):
        open_video(path, "clip.mp4")


def test_frames_after_a_hole_are_distrusted_up_to_the_next_key_frame(tmp_path: Path) -> None:
    path = tmp_path / "clip.ts"
    make_clip(path, Clip(size=(320, 192), stamps=range(48), options={"bf": "0"}))
    packets = [path.read_bytes()[i : i + 188] for i in range(0, path.stat().st_size, 188)]
    del packets[len(packets) // 3 : len(packets) // 3 + 3]
    path.write_bytes(b"".join(packets))
    frames, _ = _read(path)
    damaged = [frame.index for frame in frames if frame.damaged]
    assert damaged
    assert damaged == list(range(damaged[0], damaged[-1] + 1))
    assert len(damaged) <= 13
    assert not frames[-1].damaged


@pytest.mark.parametrize("ending", ["avi", "mov", "mkv"])
def test_of_mjpeg_the_torn_picture_alone_is_distrusted(tmp_path: Path, ending: str) -> None:
    whole, path = tmp_path / f"whole.{ending}", tmp_path / f"torn.{ending}"
    make_clip(whole, Clip("mjpeg", "yuvj420p", stamps=range(20), options={"qmin": "1", "qmax": "2"}))
    ends = b"\xff\xd9"
    frames, problems = _read(
        trim(whole, path, 0, lambda at, data: data[:1200] + ends + data[1202:] if at == 5 else data)
    )
    assert [frame.index for frame in frames if frame.damaged] == [5]
    assert (len(frames), problems) == (20, ("1 packets are damaged, or made from damaged ones",))


def test_vp9_that_does_not_decode_to_its_end_is_distrusted_up_to_the_next_key_frame(tmp_path: Path) -> None:
    whole, path = tmp_path / "whole.webm", tmp_path / "torn.webm"
    options = {"g": "10", "keyint_min": "10", "crf": "4", "b": "0", "lag-in-frames": "0"}
    make_clip(whole, Clip("libvpx-vp9", size=(320, 192), stamps=range(20), options=options))
    frames, problems = _read(trim(whole, path, 0, lambda number, data: data[:-40] if number == 4 else data))
    assert [frame.index for frame in frames if frame.damaged] == [4, 5, 6, 7, 8, 9]
    assert problems == ("6 packets are damaged, or made from damaged ones",)


def _without_tables(_: int, jpeg: bytes) -> bytes:
    """Return a JPEG without its Huffman tables, as webcams send them."""
    out, at = jpeg[:2], 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        out += b"" if jpeg[at + 1] == 0xC4 else jpeg[at:end]
        at = end
    return out + jpeg[at:]


def _of_two_fields(_: int, jpeg: bytes) -> bytes:
    """Return a packet with a JPEG for each field, as interlaced AVI has them."""
    return b"".join(b"\xff\xd8\xff\xe0\x00\x10AVI1" + bytes([field]) + bytes(9) + jpeg[2:] for field in (1, 2))


@pytest.mark.parametrize(
    ("encoder", "pixels", "ending", "changed"),
    [
        ("mjpeg", "yuvj422p", "avi", _without_tables),
        ("mjpeg", "yuvj420p", "avi", _of_two_fields),
        ("mjpeg", "yuvj420p", "mov", _of_two_fields),
        ("mjpeg", "yuvj444p", "mov", lambda _, data: data + bytes(30)),
        ("libvpx-vp9", "yuv420p", "webm", lambda _, data: data),
        ("libvpx-vp9", "yuv444p", "mp4", lambda _, data: data),
    ],
)
def test_no_frame_of_an_undamaged_file_is_distrusted(
    tmp_path: Path, encoder: str, pixels: str, ending: str, changed: Callable[[int, bytes], bytes]
) -> None:
    made, path = tmp_path / f"made.{ending}", tmp_path / f"clip.{ending}"
    huffman = {"huffman": "default", "strict": "-2"} if encoder == "mjpeg" else {}
    make_clip(made, Clip(encoder, pixels, stamps=range(8), options=huffman))
    frames, problems = _read(trim(made, path, 0, changed))
    assert [frame.damaged for frame in frames] == [False] * 8
    assert problems == ()


def test_vp9_of_more_bits_than_libvpx_is_built_for_is_not_judged_by_it() -> None:
    context = av.CodecContext.create("vp9", "r")
    for pixels, doubted in (("yuv420p", True), ("yuv420p10le", False)):
        context.pix_fmt = pixels
        assert Witness(context, 1 << 20, 1).doubts(av.Packet(b"no VP9")) == doubted
