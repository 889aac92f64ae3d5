"""What may not be in a written video is found: streams, tags, times, extras, in the container and in the bit stream."""

from __future__ import annotations

import random
import shutil
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.video_clips import Clip, make_clip, scene
from unseen.adapters.video_av import open_writer
from unseen.core.video import ColourTags, VideoFrame, VideoInfo
from unseen.verify.streams import count_frames, extent, scan_video

INFO = VideoInfo(
    container="mp4", codec="h264", width=64, height=48, rate=Fraction(25), time_base=Fraction(1, 12800),
    pixel_format="yuv420p", colour=ColourTags(1, 1, 1), rotation=90,
)  # fmt: skip
WRITTEN = [
    *(("h264", ending) for ending in ("mp4", "mov", "mkv")),
    *(("hevc", ending) for ending in ("mp4", "mov", "mkv")),
    *((codec, ending) for codec in ("vp9", "av1") for ending in ("mp4", "mkv", "webm")),
]
BARE = {"fflags": "+bitexact"}


def _write(path: Path, codec: str = "auto", count: int = 6, info: VideoInfo = INFO) -> Path:
    with open_writer(path, info, codec=codec) as writer:
        for index in range(count):
            writer.write(VideoFrame(scene(index, 64, 48, info.pixel_format), index, 1024 + index * 512))
    return path


def _plain(path: Path, clip: Clip) -> Path:
    """Make a clip by FFmpeg that says nothing of itself but what `clip` asks for, without x264's settings."""
    make_clip(path, replace(clip, encoder="libvpx-vp9", muxer_options=BARE | dict(clip.muxer_options)))
    return path


def _kinds(path: Path, keep: frozenset[str] = frozenset()) -> set[str]:
    return {finding.split(" in ")[0] for finding in scan_video(path, keep=keep)}


@pytest.mark.parametrize(("codec", "ending"), WRITTEN)
def test_written_videos_hold_nothing_but_pictures(tmp_path: Path, codec: str, ending: str) -> None:
    path = _write(tmp_path / f"clip.{ending}", codec)
    assert scan_video(path) == ()
    assert count_frames(path) == 6
    told = extent(path)
    assert told.frames == 6
    assert float(told.seconds) == pytest.approx(5 / 25, abs=0.001)
    assert float(told.first) == pytest.approx(0.08, abs=0.001)


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv444p", "yuva420p"])
def test_written_videos_of_other_formats_hold_nothing_else(tmp_path: Path, pixel_format: str) -> None:
    path = _write(tmp_path / "clip.mkv", info=replace(INFO, pixel_format=pixel_format))
    assert scan_video(path) == ()


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize(
    "metadata",
    [
        {"title": "At Anna's"},
        {"comment": "48.137 11.575"},
        {"com.apple.quicktime.location.ISO6709": "+48.137+011.575/"},
        {"creation_time": "2024-05-01T10:00:00Z"},
        {"artist": "Anna"},
        {"make": "Phone", "model": "One"},
    ],
)
def test_tags_are_found(tmp_path: Path, ending: str, metadata: dict[str, str]) -> None:
    if ending == "webm" and "creation_time" not in metadata:
        metadata = {"title": metadata.popitem()[1]}
    encoder = "libvpx-vp9" if ending != "mov" else "libx264"
    path = tmp_path / f"clip.{ending}"
    options = BARE | ({"movflags": "use_metadata_tags"} if ending in ("mp4", "mov") else {})
    make_clip(path, Clip(encoder, stamps=range(3), metadata=metadata, muxer_options=options))
    assert _kinds(path) & {"text-chunk", "timestamp", "unknown-block"}
    assert not any(word in finding for word in ("Anna", "48.137", "Phone") for finding in scan_video(path))


@pytest.mark.parametrize(
    ("ending", "metadata"),
    [
        ("mp4", {"language": "deu"}),
        ("mp4", {"handler_name": "Anna's phone"}),
        ("mkv", {"language": "deu"}),
        ("mkv", {"title": "Anna"}),
    ],
)
def test_tags_of_streams_are_found(tmp_path: Path, ending: str, metadata: dict[str, str]) -> None:
    path = _plain(tmp_path / f"clip.{ending}", Clip(stamps=range(3), stream_metadata=metadata))
    assert "text-chunk" in _kinds(path)


@pytest.mark.parametrize(
    ("ending", "clip", "kind"),
    [
        ("mp4", Clip(subtitles="mov_text"), "unknown-track"),
        ("mkv", Clip(subtitles="subrip"), "unknown-track"),
        ("mp4", Clip(chapters=True), "chapters"),
        ("mkv", Clip(chapters=True), "chapters"),
        ("mkv", Clip(attachment=True), "attachment"),
        ("mp4", Clip(audio="aac"), "unknown-track"),
        ("mkv", Clip(audio="libopus"), "unknown-track"),
    ],
)
def test_everything_beside_pictures_is_found(tmp_path: Path, ending: str, clip: Clip, kind: str) -> None:
    path = _plain(tmp_path / f"clip.{ending}", clip)
    assert kind in _kinds(path)


@pytest.mark.parametrize(("ending", "audio"), [("mp4", "aac"), ("mkv", "libopus"), ("webm", "libopus")])
def test_sound_passes_where_it_is_kept(tmp_path: Path, ending: str, audio: str) -> None:
    path = _plain(tmp_path / f"clip.{ending}", Clip(audio=audio))
    assert _kinds(path, frozenset({"audio"})) == set()
    assert _kinds(path) == {"unknown-track"}


def test_a_second_picture_stream_is_found(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w", container_options=BARE) as output:
        streams = [output.add_stream("libvpx-vp9", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height = 64, 48
        for stream in streams:
            output.mux([*stream.encode(av.VideoFrame(64, 48, "yuv420p")), *stream.encode(None)])
    assert "unknown-track" in _kinds(path)


@pytest.mark.parametrize(("encoder", "ending"), [("libx264", "mp4"), ("libx264", "mkv"), ("libx265", "mp4")])
def test_what_encoders_write_between_pictures_is_found(tmp_path: Path, encoder: str, ending: str) -> None:
    path = tmp_path / f"clip.{ending}"
    make_clip(path, Clip(encoder, stamps=range(3), muxer_options=BARE))
    assert _kinds(path) & {"slack", "malformed", "side-data"}


def test_captions_in_pictures_are_found(tmp_path: Path) -> None:
    path = _write(tmp_path / "clip.mp4", "h264")
    data = path.read_bytes()
    with av.open(str(path)) as container:
        packet = next(packet for packet in container.demux(video=0) if packet.pts and not packet.is_keyframe)
        body, place = bytes(packet), packet.pos or 0
    # A unit of supplemental information in place of the slice, of the same size.
    path.write_bytes(data[: place + 4] + b"\6" + data[place + 5 : place + len(body)] + data[place + len(body) :])
    assert "slack" in _kinds(path)


def _boxed(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        (_boxed(b"free", b"Anna"), "slack"),
        (_boxed(b"udta", b"Anna"), "text-chunk"),
        (_boxed(b"uuid", bytes(16) + b"Anna"), "unknown-block"),
        (_boxed(b"meta", b"Anna"), "unknown-block"),
        (_boxed(b"mdat", b"Anna"), "slack"),
        (b"Anna", "malformed"),
    ],
)
def test_what_is_put_behind_an_mp4_is_found(tmp_path: Path, extra: bytes, kind: str) -> None:
    path = _write(tmp_path / "clip.mp4")
    with path.open("ab") as file:
        file.write(extra)
    assert kind in _kinds(path)


@pytest.mark.parametrize("box", [b"mvhd", b"tkhd", b"mdhd"])
def test_a_time_of_creation_is_found(tmp_path: Path, box: bytes) -> None:
    path = _write(tmp_path / "clip.mp4")
    data = bytearray(path.read_bytes())
    data[data.index(box) + 8 : data.index(box) + 12] = b"\xe2\x00\x00\x01"
    path.write_bytes(data)
    assert "timestamp" in _kinds(path)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (b"VideoHandler", b"Anna's video", "text-chunk"),
        (b"url \0\0\0\1", b"url \0\0\0\0", "reference"),
        (b"isomiso2", b"isomAnna", "unknown-block"),
        (b"vide\0", b"meta\0", "unknown-track"),
    ],
)
def test_changes_in_an_mp4_are_found(tmp_path: Path, old: bytes, new: bytes, kind: str) -> None:
    path = _write(tmp_path / "clip.mp4")
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    assert kind in _kinds(path)


@pytest.mark.parametrize(
    ("extra", "kind"),
    [(b"\xec\x84Anna", "slack"), (b"\x44\x61\x88" + bytes(8), "malformed"), (b"Anna", "malformed")],
)
def test_what_is_put_behind_a_matroska_is_found(tmp_path: Path, extra: bytes, kind: str) -> None:
    path = _write(tmp_path / "clip.mkv")
    with path.open("ab") as file:
        file.write(extra)
    assert _kinds(path) & {kind, "malformed"}


def test_padding_in_use_is_found_in_matroska(tmp_path: Path) -> None:
    path = _write(tmp_path / "clip.mkv")
    data = path.read_bytes()
    at = data.index(b"\xec", data.index(b"\x11\x4d\x9b\x74")) + 20
    assert data[at : at + 4] == bytes(4)
    path.write_bytes(data[:at] + b"Anna" + data[at + 4 :])
    assert "slack" in _kinds(path)


@pytest.mark.parametrize("name", ["clip.ts", "clip.avi", "clip.mpg"])
def test_containers_that_are_not_written_are_not_passed(tmp_path: Path, name: str) -> None:
    make_clip(tmp_path / name, Clip("mpeg2video", stamps=range(3)))
    assert "unknown-container" in _kinds(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"words", b"\0\0\0\x18ftypisom", b"\x1a\x45\xdf\xa3\x80"])
def test_what_is_no_video_is_not_passed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    assert scan_video(path) != ()
    with pytest.raises(ValueError, match="no pictures that can be counted"):
        count_frames(path)


def test_a_missing_file_is_not_passed(tmp_path: Path) -> None:
    assert scan_video(tmp_path / "none.mp4") != ()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.sampled_from(["mp4", "mkv"]), st.booleans())
def test_damage_never_raises(tmp_path: Path, random: random.Random, ending: str, cut: bool) -> None:
    whole = tmp_path / f"whole.{ending}"
    if not whole.exists():
        _write(whole)
    data = bytearray(whole.read_bytes())
    if cut:
        del data[random.randrange(1, len(data)) :]
    for _ in range(4):
        data[random.randrange(len(data))] = random.randrange(256)
    path = tmp_path / f"broken.{ending}"
    path.write_bytes(data)
    findings = scan_video(path)
    assert all("\n" not in finding for finding in findings)
    if cut:
        assert findings != ()


def test_a_long_name_of_a_tag_is_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    make_clip(path, Clip("libvpx-vp9", stamps=range(3), metadata={"Anna; 12 Long Street\n": "x"}, muxer_options=BARE))
    assert not any("Anna" in finding for finding in scan_video(path))


def test_real_clips_are_not_passed(test_data: Path, tmp_path: Path) -> None:
    for name in ("rknnlite_cars.mp4", "egoblur_gen2_test_face_video.mp4", "intel_one-by-one-person-detection.mp4"):
        path = shutil.copy(test_data / "samples" / "video" / name, tmp_path / "clip.mp4")
        assert len(scan_video(Path(path))) >= 3
    assert count_frames(test_data / "samples" / "video" / "rknnlite_people-walking.mp4") == 314
