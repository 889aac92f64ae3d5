"""Sound beside the pictures: kept as it is where that can be, encoded anew where not, and always in step."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.adapters.sound_clips import KEPT, LONG, clicks, make_sound_clip, make_source, rewrite, samples_of
from tests.adapters.video_clips import make_clip, picture, scene, tone
from unseen.adapters.video_av import Sound, concat, open_video, open_writer
from unseen.core.video import VideoFrame
from unseen.verify.streams import scan_video

SOURCES = [
    ("mp4", "aac"), ("mov", "aac"), ("mkv", "aac"), ("ts", "aac"), ("webm", "libopus"), ("mkv", "libopus"),
    ("avi", "libmp3lame"), ("mkv", "libmp3lame"), ("mov", "pcm_s16le"), ("avi", "pcm_s16le"),
    ("mp4", "ac3"), ("mp4", "eac3"),
]  # fmt: skip


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize(("made", "codec"), SOURCES)
def test_sound_is_kept_in_step(tmp_path: Path, made: str, codec: str, ending: str) -> None:
    source = make_source(tmp_path, made, codec)
    out = tmp_path / f"out.{ending}"
    rewrite(source, out, Sound(source))
    assert scan_video(out, keep=KEPT) == ()
    assert [one for one in scan_video(out) if "audio" in one]
    # AVI counts frames: FFmpeg places the first one up to two late, though it is shown with the first sound.
    before, slack = ([0.0, 0.5, 1.0, 1.5], 0.04) if made == "avi" else (clicks(source), 0.012)
    after = clicks(out)
    assert len(after) >= 3
    assert all(min(abs(click - other) for other in before) < slack for click in after)
    shown = []
    for path in (source, out):
        with open_video(path, path.name) as reader:
            shown.append([frame.pts * reader.info.time_base for frame in reader])
    assert reader.info.has_audio
    assert max(abs(one - other) for one, other in zip(*shown, strict=True)) <= Fraction(1, 2000)


def _with_changing_sound(path: Path) -> Path:
    """Write a clip whose sound is stereo at first, and mono at another rate in its second half, as broadcasts have."""
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height = LONG.size
        audio: Any = output.add_stream("ac3", rate=48000)
        later: Any = av.CodecContext.create("ac3", "w")
        later.sample_rate, later.layout, later.format = 44100, "mono", "fltp"
        for index in range(50):
            output.mux(video.encode(picture(scene(index, *LONG.size), "yuv420p")))
        output.mux(video.encode(None))
        for second, (encoder, rate, layout) in enumerate(((audio, 48000, "stereo"), (later, 44100, "mono"))):
            samples = np.stack([tone(1.0, rate)] * (2 - second))
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, second * rate, Fraction(1, rate)
            for packet in (*encoder.encode(frame), *encoder.encode(None)):
                packet.stream = audio
                output.mux(packet)
    return path


@pytest.mark.parametrize(("ending", "mute"), [("mp4", ((0.2, 0.3),)), ("webm", ())])
def test_sound_that_is_encoded_anew_goes_on_where_its_channels_and_rate_change(
    tmp_path: Path, ending: str, mute: tuple[tuple[float, float], ...]
) -> None:
    source, out = _with_changing_sound(tmp_path / "source.ts"), tmp_path / f"out.{ending}"
    rewrite(source, out, Sound(source, mute))
    assert clicks(out) == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.05)


def _trimmed(source: Path, target: Path, seconds: float) -> None:
    """Write an MP4 without its beginning as editors do that encode nothing anew: it is in the file, not to be heard."""
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        streams: list[Any] = [output.add_stream_from_template(stream) for stream in container.streams]
        for packet in container.demux():
            if packet.size and packet.pts is not None and packet.dts is not None and packet.time_base is not None:
                off = round(seconds / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - off, packet.dts - off, streams[packet.stream.index]
                output.mux(packet)


def _held(path: Path) -> float:
    """Return how many seconds of sound an MP4 holds, whether they are to be heard or not."""
    with av.open(str(path), options={"ignore_editlist": "1"}) as container:
        frames = list(container.decode(audio=0))
    return sum(frame.samples for frame in frames) / frames[0].sample_rate


@pytest.mark.parametrize(("codec", "mute"), [("aac", ()), ("aac", ((0.5, 0.6),)), ("alac", ())])
def test_sound_that_an_edit_list_leaves_out_is_not_in_the_file(
    tmp_path: Path, codec: str, mute: tuple[tuple[float, float], ...]
) -> None:
    whole, source, out = (tmp_path / f"{name}.mp4" for name in ("whole", "source", "out"))
    if codec == "alac":
        make_sound_clip(whole, codec, LONG)
    else:
        make_clip(whole, replace(LONG, audio=codec))
    _trimmed(whole, source, 1.2)
    assert _held(source) > 1.9
    rewrite(source, out, Sound(source, mute))
    assert _held(out) < 0.86
    assert clicks(out) == pytest.approx([0.3], abs=0.005)


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]


@pytest.mark.parametrize(
    ("made", "codec", "ending"), [("mp4", "aac", "mkv"), ("webm", "libopus", "webm"), ("mkv", "aac", "mp4")]
)
def test_sound_that_is_only_kept_is_not_encoded_again(tmp_path: Path, made: str, codec: str, ending: str) -> None:
    source = make_source(tmp_path, made, codec)
    rewrite(source, tmp_path / f"out.{ending}", Sound(source))
    before, after = _packets(source), _packets(tmp_path / f"out.{ending}")
    # What comes before the start, for decoders to warm up with, does not go into Matroska.
    assert after == before[len(before) - len(after) :]
    assert len(before) - len(after) <= 1


def test_sound_joins_segments(tmp_path: Path) -> None:
    source = make_source(tmp_path, "mp4", "aac")
    with open_video(source, source.name) as reader:
        info, frames = reader.info, list(reader)
    parts = []
    for first in range(0, 50, 20):
        parts.append(tmp_path / f"{first}.mp4")
        with open_writer(parts[-1], info) as writer:
            for frame in frames[first : first + 20]:
                writer.write(frame)
    for ending in ("mp4", "mkv"):
        out = tmp_path / f"out.{ending}"
        assert concat(parts, out, info, sound=Sound(source)) == 50
        assert scan_video(out, keep=KEPT) == ()
        assert clicks(out)[-3:] == pytest.approx(clicks(source)[-3:], abs=0.012)


def test_a_source_without_sound_gives_none(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    make_clip(source)
    rewrite(source, tmp_path / "out.mp4", Sound(source, ((0.0, 1.0),)))
    assert scan_video(tmp_path / "out.mp4") == ()


@pytest.mark.parametrize("mute", [(), ((0.1, 0.2),)])
def test_damaged_sound_does_not_stop_the_pictures(tmp_path: Path, mute: tuple[tuple[float, float], ...]) -> None:
    source = make_source(tmp_path, "ts", "aac")
    data = bytearray(source.read_bytes())
    for at in range(3000, len(data), 700):
        data[at] ^= 0x55
    source.write_bytes(data)
    rewrite(source, tmp_path / "out.mp4", Sound(source, mute))
    assert scan_video(tmp_path / "out.mp4", keep=KEPT) == ()


def test_real_sound_is_kept_in_step(tmp_path: Path, test_data: Path) -> None:
    source = test_data / "samples" / "video" / "rknnlite_cars.mp4"
    with (
        open_video(source, source.name) as reader,
        open_writer(tmp_path / "out.mp4", reader.info, sound=Sound(source)) as writer,
    ):
        for frame in reader:
            if frame.index == 50:
                break
            writer.write(VideoFrame(frame.planes, frame.index, frame.pts))
    one, other = samples_of(source)[0], samples_of(tmp_path / "out.mp4")[0]
    assert one.size == other.size
    assert np.array_equal(one, other)
