"""Reading videos: every container and codec, times, cuts, which of several streams, and what is refused."""

from __future__ import annotations

import itertools
import os
import shutil
import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from tests.adapters.video_clips import Clip, make_clip, picture, read_whole, scene, trim, worst_psnr
from unseen.adapters.video_av import open_video
from unseen.errors import DamagedInput, TooLarge, UnreadableInput, UnsupportedInput

IN_CONTAINERS = [
    *(("libx264", ending) for ending in ("mp4", "mov", "m4v", "mkv", "avi", "ts", "m2ts", "mpg", "3gp")),
    *(("libx265", ending) for ending in ("mp4", "mov", "mkv", "ts")),
    *(("libvpx-vp9", ending) for ending in ("webm", "mkv", "mp4")),
    *(("libsvtav1", ending) for ending in ("mp4", "webm", "mkv")),
    *(("mjpeg", ending) for ending in ("avi", "mov", "mkv")),
    *(("mpeg4", ending) for ending in ("avi", "mp4", "mkv")),
    *(("mpeg2video", ending) for ending in ("mpg", "ts", "vob")),
    ("mpeg1video", "mpg"),
    ("libvpx", "webm"),
]
NAMES = {"libx264": "h264", "libx265": "hevc", "libvpx-vp9": "vp9", "libsvtav1": "av1", "libvpx": "vp8"}


@pytest.mark.parametrize(("encoder", "ending"), IN_CONTAINERS)
def test_every_codec_is_read_from_every_container(tmp_path: Path, encoder: str, ending: str) -> None:
    path = tmp_path / f"clip.{ending}"
    sources = make_clip(path, Clip(encoder, "yuvj420p" if encoder == "mjpeg" else "yuv420p"))
    with open_video(path, path.name) as reader:
        frames = list(reader)
        info = reader.info
    assert [frame.index for frame in frames] == list(range(24))
    assert not any(frame.damaged for frame in frames)
    assert worst_psnr(frames, sources) > 35
    steps = {(b.pts - a.pts) * info.time_base for a, b in pairwise(frames)}
    assert steps == {Fraction(1, 25)}
    assert (info.width, info.height, info.pixel_format) == (160, 96, "yuv420p")
    assert info.rate == 25
    assert info.codec == NAMES.get(encoder, encoder)
    assert info.colour.full_range == (encoder == "mjpeg")
    assert (info.rotation, info.pixel_aspect, info.interlaced) == (0, Fraction(1), False)
    assert (info.has_audio, info.other_streams) == (False, ())


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_uneven_times_are_kept(tmp_path: Path, ending: str) -> None:
    stamps = (100, 133, 166, 700, 701, 5000, 5040)
    path = tmp_path / f"clip.{ending}"
    make_clip(path, Clip(stamps=stamps, time_base=Fraction(1, 1000), muxer_options={"movie_timescale": "1000"}))
    with open_video(path, path.name) as reader:
        assert tuple(int(frame.pts * reader.info.time_base * 1000) for frame in reader) == stamps
        assert reader.problems == ()


@pytest.mark.parametrize(
    ("encoder", "ending"),
    [*itertools.product(["libx264", "libx265"], ["mp4", "mov"]), ("libvpx-vp9", "mp4")],
)
def test_a_clip_that_was_cut_without_encoding_it_anew_is_read_from_there_on(
    tmp_path: Path, encoder: str, ending: str
) -> None:
    sources = make_clip(tmp_path / f"clip.{ending}", Clip(encoder, options={"crf": "16"}))
    path = trim(tmp_path / f"clip.{ending}", tmp_path / f"cut.{ending}", 7)
    frames = read_whole(path)
    assert [frame.damaged for frame in frames] == [False] * 17
    assert [frame.pts for frame in frames] == [frames[1].pts * i for i in range(17)]
    assert worst_psnr(frames, sources[7:]) > 35


@pytest.mark.parametrize("ending", ["mp4", "mov"])
@pytest.mark.parametrize(("first", "shown"), [(0, 17), (0, 3), (14, 10), (14, 5)])
def test_a_clip_whose_edit_list_alone_was_changed_is_whole(tmp_path: Path, ending: str, first: int, shown: int) -> None:
    """Editors that only trim leave the track as it is; packets of other pictures are no part of what is told."""
    sources = make_clip(tmp_path / f"clip.{ending}", Clip(options={"crf": "16"}))
    path = _edited(tmp_path / f"clip.{ending}", first, shown)
    with open_video(path, path.name) as reader:
        frames = list(reader)
        assert (reader.info.frames, reader.problems) == (shown, ())
        assert reader.end * reader.info.time_base == Fraction(shown, 25)
    assert worst_psnr(frames, sources[first : first + shown]) > 35


def test_a_clip_that_was_trimmed_and_then_cut_off_says_how_many_frames_are_missing(tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.mp4", Clip(options={"bf": "0"}, muxer_options={"movflags": "faststart"}))
    path = _edited(tmp_path / "clip.mp4", 0, 17)
    data = path.read_bytes()
    path.write_bytes(data[: (data.index(b"mdat") + len(data)) // 2])
    with open_video(path, path.name) as reader:
        read = len(list(reader))
        assert 0 < read < 17
        assert reader.problems[-1].endswith(" of 17 frames")
        assert reader.harmed


def _edited(path: Path, first: int, shown: int) -> Path:
    """Change which pictures the edit list of a clip of 25 a second shows, and nothing else."""
    with av.open(str(path)) as source:
        ticks = 1 / (source.streams.video[0].time_base or 1)
    data = bytearray(path.read_bytes())
    entry, header = data.index(b"elst") + 12, data.index(b"mvhd")
    (scale,) = struct.unpack_from(">I", data, header + 16)
    _, begins = struct.unpack_from(">Ii", data, entry)
    struct.pack_into(">Ii", data, entry, shown * scale // 25, begins + first * int(ticks) // 25)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("ending", ["ts", "mpg"])
@pytest.mark.parametrize("offset", ["0", "50000", "95440"])
def test_clocks_of_streams_begin_at_0_wherever_they_are(tmp_path: Path, ending: str, offset: str) -> None:
    """95,440 s is a few seconds before they run over, which FFmpeg takes for a time before 0."""
    path = tmp_path / f"clip.{ending}"
    make_clip(path, Clip("mpeg2video", muxer_options={"output_ts_offset": offset}))
    with open_video(path, path.name) as reader:
        assert [frame.pts * reader.info.time_base for frame in reader] == [Fraction(i, 25) for i in range(24)]
        assert reader.problems == ()


@pytest.mark.parametrize("number", [0, 4])
def test_what_is_made_from_damage_that_is_not_shown_is_not_trusted(tmp_path: Path, number: int) -> None:
    make_clip(tmp_path / "clip.mp4", Clip(options={"bf": "0"}))

    def damage(at: int, data: bytes) -> bytes:
        half = len(data) // 2
        return data[:half] + bytes(255 - byte for byte in data[half:]) if at == number else data

    path = trim(tmp_path / "clip.mp4", tmp_path / "cut.mp4", 7, damage)
    with open_video(path, path.name) as reader:
        assert [frame.damaged for frame in reader] == [True] * 5 + [False] * 12


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize(("kinds", "read"), [("plain default", 1), ("default default", 0), ("plain plain", 0)])
def test_of_several_picture_streams_the_one_that_players_show_is_read(
    tmp_path: Path, ending: str, kinds: str, read: int
) -> None:
    path = tmp_path / f"clip.{ending}"
    _write_streams(path, kinds.split(), [3, 3])
    with open_video(path, path.name) as reader:
        assert reader.info.width == (160, 96)[read]
        assert len(list(reader)) == 3
        assert reader.problems == ("1 more picture streams are left out; redact each in a file of its own",)
        assert not reader.harmed


@pytest.mark.parametrize(("kinds", "counts"), [("attached_pic plain", [1, 3]), ("default default", [1, 3])])
def test_cover_art_is_not_taken_for_the_pictures(tmp_path: Path, kinds: str, counts: list[int]) -> None:
    """Some of it is marked as what it is, and some is a stream with one picture."""
    path = tmp_path / "clip.mp4"
    _write_streams(path, kinds.split(), counts)
    with open_video(path, path.name) as reader:
        assert (reader.info.width, len(list(reader))) == (96, 3)


def _write_streams(path: Path, kinds: list[str], counts: list[int]) -> None:
    """Write streams of pictures 160 and 96 wide, marked as players tell them apart, with so many pictures each."""
    with av.open(str(path), "w") as output:
        streams: list[Any] = [output.add_stream("mjpeg", rate=25) for _ in kinds]
        for stream, kind, width in zip(streams, kinds, (160, 96), strict=True):
            stream.width, stream.height, stream.pix_fmt = width, 64, "yuvj420p"
            stream.disposition = 0 if kind == "plain" else Disposition[kind]
        for stream, count, width in zip(streams, counts, (160, 96), strict=True):
            for index in range(count):
                made = picture(scene(index, width, 64), "yuvj420p")
                made.pts, made.time_base = index, Fraction(1, 25)
                output.mux(stream.encode(made))
            output.mux(stream.encode(None))


def test_other_streams_are_listed_by_kind_alone(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    clip = Clip(audio="aac", subtitles="subrip", chapters=True, attachment=True, stream_metadata={"title": "Anna"})
    make_clip(path, clip)
    with open_video(path, path.name) as reader:
        assert reader.info.has_audio
        assert reader.info.other_streams == ("audio aac", "subtitle srt", "attachment", "chapters")


def test_a_video_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    make_clip(path)
    with open_video(path, path.name) as reader:
        list(reader)
        with pytest.raises(RuntimeError, match="open it again"):
            list(reader)


@pytest.mark.parametrize(
    ("content", "name", "error"),
    [
        (b"", "clip.mp4", UnreadableInput),
        (b"not a video at all, only words" * 20, "clip.mp4", UnsupportedInput),
        (b"\x89PNG\r\n\x1a\n" + bytes(400), "clip.mp4", UnsupportedInput),
        (b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\nother.ts\n#EXT-X-ENDLIST\n", "clip.mp4", UnsupportedInput),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", "clip.ts", UnsupportedInput),
        (b"ffconcat version 1.0\nfile other.mp4\n", "clip.mp4", UnsupportedInput),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5000 RTP/AVP 96\r\n", "clip.mp4", UnsupportedInput),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "clip.mp4", DamagedInput),
        (b"\x1a\x45\xdf\xa3" + bytes(500), "clip.mkv", DamagedInput),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes, name: str, error: type[Exception]) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(error, match=r"^clip\.\w+: [^\n]+; [^\n]+$"):
        open_video(path, name)


@pytest.mark.parametrize(
    ("made", "named"), [("mp4", "avi"), ("mkv", "mp4"), ("ts", "mov"), ("mp4", "jpg"), ("avi", "")]
)
def test_a_wrong_ending_is_refused(tmp_path: Path, made: str, named: str) -> None:
    path = tmp_path / f"clip.{made}"
    make_clip(path, Clip("mpeg4", stamps=range(3)))
    name = f"clip.{named}" if named else "clip"
    with pytest.raises(UnsupportedInput, match=r"rename it to end in \.\w+$"):
        open_video(path, name)


def test_missing_and_foreign_paths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="cannot be opened"):
        open_video(tmp_path / "none.mp4", "none.mp4")
    with pytest.raises(UnreadableInput, match="not a regular file"):
        open_video(tmp_path, "folder.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(UnreadableInput, match="not a regular file"):
        open_video(tmp_path / "pipe.mp4", "pipe.mp4")


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 4800), np.float32), "fltp", "stereo")
        frame.sample_rate = 48000
        output.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(UnsupportedInput, match="has no video stream"):
        open_video(path, "clip.mp4")


def test_pictures_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    make_clip(path, Clip(stamps=range(2)))
    with pytest.raises(TooLarge, match="160 x 96 pixels"):
        open_video(path, "clip.mp4", max_pixels=10_000)


def test_names_cannot_smuggle_in_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_clip(tmp_path / "clip.mp4", Clip(stamps=range(2)))
    with pytest.raises(UnreadableInput):
        open_video(Path("concat:clip.mp4|clip.mp4"), "x.mp4")
    shutil.copy("clip.mp4", "concat:clip.mp4")
    assert len(read_whole(Path("concat:clip.mp4"))) == 2


def test_real_clips_are_read_whole(test_data: Path) -> None:
    wanted = {"rknnlite_people-walking.mp4": 314, "rknnlite_cars.mp4": 268, "egoblur_gen2_test_face_video.mp4": 14}
    for name, count in wanted.items():
        frames = 0
        with open_video(test_data / "samples" / "video" / name, name) as reader:
            for frame in reader:
                assert not frame.damaged
                frames += 1
            assert (frames, reader.problems) == (count, ())
