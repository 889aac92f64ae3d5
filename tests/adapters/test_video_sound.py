"""Sound beside the pictures: kept as it is, or silent over times, and always in step."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.adapters.video_clips import Clip, make_clip, picture, scene, tone
from unseen.adapters.video_av import Sound, concat, open_video, open_writer
from unseen.core.video import VideoFrame
from unseen.errors import UnsupportedInput
from unseen.verify.streams import scan_video

KEPT = frozenset({"audio"})
LONG = Clip(stamps=range(50), size=(64, 48))
SOURCES = [
    ("mp4", "aac"), ("mov", "aac"), ("mkv", "aac"), ("ts", "aac"), ("webm", "libopus"), ("mkv", "libopus"),
    ("avi", "libmp3lame"), ("mkv", "libmp3lame"), ("mov", "pcm_s16le"), ("avi", "pcm_s16le"),
    ("mp4", "ac3"), ("mp4", "eac3"),
]  # fmt: skip


def _source(folder: Path, ending: str, codec: str, clip: Clip = LONG) -> Path:
    path = folder / f"source.{ending}"
    encoder = "libvpx-vp9" if ending == "webm" else "libx264"
    sound = {"libmp3lame": "fltp"}.get(codec, "")
    if codec.startswith("pcm") or sound:
        _with_sound(path, codec, clip)
    else:
        make_clip(path, replace(clip, encoder=encoder, audio=codec))
    return path


def _with_sound(path: Path, codec: str, clip: Clip) -> None:
    """Write a clip whose sound encoder wants other samples than those of AAC."""
    seconds = len(clip.stamps) / 25
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height = clip.size
        audio: Any = output.add_stream(codec, rate=48000)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(np.stack([tone(seconds)] * 2)), "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        for part in av.AudioResampler(audio.codec_context.format.name, "stereo", 48000).resample(frame):
            output.mux(audio.encode(part))
        output.mux(audio.encode(None))
        for index in range(len(clip.stamps)):
            output.mux(video.encode(picture(scene(index, *clip.size), "yuv420p")))
        output.mux(video.encode(None))


def _write(source: Path, out: Path, sound: Sound) -> None:
    with open_video(source, source.name) as reader, open_writer(out, reader.info, sound=sound) as writer:
        for frame in reader:
            writer.write(frame)


def _samples(path: Path) -> tuple[NDArray[np.float32], float, str]:
    """Return the sound (samples,), the second at which the pictures start in it, and its codec."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("fltp", "mono", 48000)
        frames = list(container.decode(stream))
        first = (
            frames[0].pts * frames[0].time_base if frames[0].pts is not None and frames[0].time_base else Fraction(0)
        )
        parts = [part.to_ndarray() for frame in frames for part in resampler.resample(frame)]
    with av.open(str(path)) as container:
        pictures = next(container.decode(video=0))
        shown = (pictures.pts or 0) * (pictures.time_base or Fraction(0))
    return np.concatenate(parts, 1)[0], float(shown - first), stream.codec_context.name


def _clicks(path: Path) -> list[float]:
    """Return the times of the clicks after the first picture, in seconds."""
    samples, start, _ = _samples(path)
    loud = np.flatnonzero(np.abs(samples) > 0.5)
    heads = loud[np.flatnonzero(np.diff(loud, prepend=-48000) > 4800)]
    return [round(head / 48000 - start, 3) for head in heads]


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize(("made", "codec"), SOURCES)
def test_sound_is_kept_in_step(tmp_path: Path, made: str, codec: str, ending: str) -> None:
    source = _source(tmp_path, made, codec)
    out = tmp_path / f"out.{ending}"
    _write(source, out, Sound(source))
    assert scan_video(out, keep=KEPT) == ()
    assert [one for one in scan_video(out) if "audio" in one]
    # AVI counts frames: FFmpeg places the first one up to two late, though it is shown with the first sound.
    before, slack = ([0.0, 0.5, 1.0, 1.5], 0.04) if made == "avi" else (_clicks(source), 0.012)
    after = _clicks(out)
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
    _write(source, out, Sound(source, mute))
    assert _clicks(out) == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.05)


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
        _with_sound(whole, codec, LONG)
    else:
        make_clip(whole, replace(LONG, audio=codec))
    _trimmed(whole, source, 1.2)
    assert _held(source) > 1.9
    _write(source, out, Sound(source, mute))
    assert _held(out) < 0.86
    assert _clicks(out) == pytest.approx([0.3], abs=0.005)


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]


@pytest.mark.parametrize(
    ("made", "codec", "ending"), [("mp4", "aac", "mkv"), ("webm", "libopus", "webm"), ("mkv", "aac", "mp4")]
)
def test_sound_that_is_only_kept_is_not_encoded_again(tmp_path: Path, made: str, codec: str, ending: str) -> None:
    source = _source(tmp_path, made, codec)
    _write(source, tmp_path / f"out.{ending}", Sound(source))
    before, after = _packets(source), _packets(tmp_path / f"out.{ending}")
    # What comes before the start, for decoders to warm up with, does not go into Matroska.
    assert after == before[len(before) - len(after) :]
    assert len(before) - len(after) <= 1


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize(("made", "codec"), [("mp4", "aac"), ("ts", "aac"), ("webm", "libopus"), ("avi", "pcm_s16le")])
def test_sound_is_silent_where_it_is_muted_and_nowhere_else(tmp_path: Path, made: str, codec: str, ending: str) -> None:
    source = _source(tmp_path, made, codec)
    out = tmp_path / f"out.{ending}"
    start = _samples(source)
    with open_video(source, source.name) as reader:
        first = float(next(iter(reader)).pts * reader.info.time_base)
    _write(source, out, Sound(source, ((first + 0.6, first + 1.1), (first + 1.6, first + 1.8))))
    assert scan_video(out, keep=KEPT) == ()
    samples, shown, name = _samples(out)
    assert name == {"webm": "opus"}.get(ending, "aac") or name == "libopus"
    assert start[0].size

    def loudness(begin: float, end: float) -> float:
        part = samples[round((begin + shown) * 48000) : round((end + shown) * 48000)]
        return float(np.sqrt(np.mean(part**2)))

    # A coder spreads what it rounds off over a block of some 20 to 40 ms around an edge.
    assert loudness(0.65, 1.05) < 0.003
    assert loudness(1.65, 1.75) < 0.003
    assert min(loudness(0.1, 0.5), loudness(1.2, 1.5)) > 0.1
    assert all(min(abs(click % 0.5), 0.5 - click % 0.5) < 0.02 for click in _clicks(out))


def _surround(path: Path, codec: str, layout: str) -> None:
    """Write one second of pictures with sound in which the nth channel, counted from 1, has a tone of 200 n Hz."""
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("libvpx-vp9" if path.suffix == ".webm" else "libx264", rate=25)
        video.width, video.height = 64, 48
        audio: Any = output.add_stream(codec, rate=48000, layout=layout)
        count = audio.codec_context.layout.nb_channels
        time = np.arange(48000) / 48000
        tones = np.stack([0.2 * np.sin(2 * np.pi * 200 * n * time) for n in range(1, count + 1)]).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(tones.T.reshape(1, -1), "flt", layout)
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        form: Any = audio.codec_context.format or audio.codec_context.codec.audio_formats[0]
        for part in av.AudioResampler(form.name, layout, 48000).resample(frame):
            output.mux(audio.encode(part))
        output.mux(audio.encode(None))
        for index in range(25):
            output.mux(video.encode(picture(scene(index, 64, 48), "yuv420p")))
        output.mux(video.encode(None))


def _loudest(path: Path) -> tuple[list[str], list[int]]:
    """Return the names of all channels, and the loudest frequency of each in Hz, in the first half of a second."""
    with av.open(str(path)) as container:
        layout = container.streams.audio[0].layout
        resampler = av.AudioResampler("flt", layout, 48000)
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    some = np.concatenate(parts).reshape(-1, layout.nb_channels).T[:, 4800:19200]
    names = [channel.name for channel in layout.channels]
    return names, [int(np.argmax(each) * 48000 / 14400) for each in np.abs(np.fft.rfft(some))]


@pytest.mark.parametrize(
    ("made", "codec", "layout", "ending"),
    [
        ("mkv", "aac", "5.1", "mkv"),
        ("mp4", "ac3", "5.1(side)", "mp4"),
        ("mkv", "flac", "7.1", "mov"),
        ("mkv", "libopus", "5.1", "webm"),
        ("webm", "libopus", "quad", "webm"),
        ("mov", "pcm_s16le", "3.0", "mp4"),
        ("mkv", "flac", "quad(side)", "webm"),
        ("mkv", "pcm_s16le", "6 channels", "mp4"),
    ],
)
def test_muted_sound_keeps_its_loudspeakers(tmp_path: Path, made: str, codec: str, layout: str, ending: str) -> None:
    source, out = tmp_path / f"source.{made}", tmp_path / f"out.{ending}"
    _surround(source, codec, layout)
    _write(source, out, Sound(source, ((0.6, 0.8),)))
    names, heard = _loudest(out)
    assert len(names) == av.AudioLayout(layout).nb_channels
    # The one for bass holds little of its tone.
    expected = [h if name == "LFE" else 200 * n for n, (name, h) in enumerate(zip(names, heard, strict=True), start=1)]
    assert heard == pytest.approx(expected, abs=5)
    samples = _samples(out)[0]
    assert np.abs(samples[31_000:36_000]).max() < 0.01 < np.abs(samples[10_000:25_000]).max()


def test_more_channels_than_an_encoder_holds_are_refused(tmp_path: Path) -> None:
    source, out = tmp_path / "source.mkv", tmp_path / "out.mp4"
    _surround(source, "pcm_s16le", "12 channels")
    with pytest.raises(UnsupportedInput, match=r"^out\.mp4: has 12 channels of sound in .*AAC.*; choose --audio drop$"):
        _write(source, out, Sound(source, ((0.6, 0.8),)))
    assert not out.exists()


def test_what_is_muted_leaves_no_trace(tmp_path: Path) -> None:
    files = []
    for loud in (0.0, 0.9):
        source = tmp_path / f"{loud}.mkv"
        with av.open(str(source), "w") as output:
            video: Any = output.add_stream(
                "libx264", rate=25, options={"preset": "ultrafast", "x264-params": "threads=1"}
            )
            video.width, video.height = 64, 48
            audio: Any = output.add_stream("pcm_s16le", rate=48000)
            secret = tone(1.0)
            secret[12000:36000] = loud
            frame = av.AudioFrame.from_ndarray((np.repeat(secret, 2)[None] * 32767).astype(np.int16), "s16", "stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
            output.mux([*audio.encode(frame), *audio.encode(None)])
            for _ in range(25):
                output.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), "yuv420p")))
            output.mux(video.encode(None))
        out = tmp_path / f"out{loud}.mkv"
        _write(source, out, Sound(source, ((0.25, 0.75),)))
        files.append(_samples(out)[0])
    assert np.array_equal(files[0], files[1])


def test_gaps_in_the_sound_become_silence(tmp_path: Path) -> None:
    source = tmp_path / "source.mkv"
    with av.open(str(source), "w") as output:
        video: Any = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height = 64, 48
        audio: Any = output.add_stream("pcm_s16le", rate=48000)
        whole = (np.repeat(tone(2.0), 2)[None] * 32767).astype(np.int16)
        for start in (0, 72000):  # Half a second is missing between one second and one and a half.
            end = start + (48000 if start == 0 else 24000)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(whole[:, start * 2 : end * 2]), "s16", "stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
            output.mux(audio.encode(frame))
        for _ in range(50):
            output.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), "yuv420p")))
        output.mux(video.encode(None))
    _write(source, tmp_path / "out.mp4", Sound(source, ((0.0, 0.1),)))
    samples, shown, _ = _samples(tmp_path / "out.mp4")
    at = round(shown * 48000)
    assert np.abs(samples[at + 50_000 : at + 70_000]).max() < 0.01
    assert _clicks(tmp_path / "out.mp4") == pytest.approx([0.5, 1.5], abs=0.02)


def test_sound_joins_segments(tmp_path: Path) -> None:
    source = _source(tmp_path, "mp4", "aac")
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
        assert _clicks(out)[-3:] == pytest.approx(_clicks(source)[-3:], abs=0.012)


def test_a_source_without_sound_gives_none(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    make_clip(source)
    _write(source, tmp_path / "out.mp4", Sound(source, ((0.0, 1.0),)))
    assert scan_video(tmp_path / "out.mp4") == ()


@pytest.mark.parametrize("mute", [(), ((0.1, 0.2),)])
def test_damaged_sound_does_not_stop_the_pictures(tmp_path: Path, mute: tuple[tuple[float, float], ...]) -> None:
    source = _source(tmp_path, "ts", "aac")
    data = bytearray(source.read_bytes())
    for at in range(3000, len(data), 700):
        data[at] ^= 0x55
    source.write_bytes(data)
    _write(source, tmp_path / "out.mp4", Sound(source, mute))
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
    one, other = _samples(source)[0], _samples(tmp_path / "out.mp4")[0]
    assert one.size == other.size
    assert np.array_equal(one, other)
