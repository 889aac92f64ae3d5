"""Sound that is silent over times: there and nowhere else, from every loudspeaker, without a trace of what was."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.adapters.sound_clips import KEPT, clicks, make_source, rewrite, samples_of
from tests.adapters.video_clips import picture, scene, tone
from unseen.adapters.video_av import Sound, open_video
from unseen.errors import UnsupportedInput
from unseen.verify.streams import scan_video


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize(("made", "codec"), [("mp4", "aac"), ("ts", "aac"), ("webm", "libopus"), ("avi", "pcm_s16le")])
def test_sound_is_silent_where_it_is_muted_and_nowhere_else(tmp_path: Path, made: str, codec: str, ending: str) -> None:
    source = make_source(tmp_path, made, codec)
    out = tmp_path / f"out.{ending}"
    start = samples_of(source)
    with open_video(source, source.name) as reader:
        first = float(next(iter(reader)).pts * reader.info.time_base)
    rewrite(source, out, Sound(source, ((first + 0.6, first + 1.1), (first + 1.6, first + 1.8))))
    assert scan_video(out, keep=KEPT) == ()
    samples, shown, name = samples_of(out)
    assert name == {"webm": "opus"}.get(ending, "aac") or name == "libopus"
    assert start[0].size

    def loudness(begin: float, end: float) -> float:
        part = samples[round((begin + shown) * 48000) : round((end + shown) * 48000)]
        return float(np.sqrt(np.mean(part**2)))

    # A coder spreads what it rounds off over a block of some 20 to 40 ms around an edge.
    assert loudness(0.65, 1.05) < 0.003
    assert loudness(1.65, 1.75) < 0.003
    assert min(loudness(0.1, 0.5), loudness(1.2, 1.5)) > 0.1
    assert all(min(abs(click % 0.5), 0.5 - click % 0.5) < 0.02 for click in clicks(out))


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
    rewrite(source, out, Sound(source, ((0.6, 0.8),)))
    names, heard = _loudest(out)
    assert len(names) == av.AudioLayout(layout).nb_channels
    # The one for bass holds little of its tone.
    expected = [h if name == "LFE" else 200 * n for n, (name, h) in enumerate(zip(names, heard, strict=True), start=1)]
    assert heard == pytest.approx(expected, abs=5)
    samples = samples_of(out)[0]
    assert np.abs(samples[31_000:36_000]).max() < 0.01 < np.abs(samples[10_000:25_000]).max()


def test_more_channels_than_an_encoder_holds_are_refused(tmp_path: Path) -> None:
    source, out = tmp_path / "source.mkv", tmp_path / "out.mp4"
    _surround(source, "pcm_s16le", "12 channels")
    with pytest.raises(UnsupportedInput, match=r"^out\.mp4: has 12 channels of sound in .*AAC.*; choose --audio drop$"):
        rewrite(source, out, Sound(source, ((0.6, 0.8),)))
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
        rewrite(source, out, Sound(source, ((0.25, 0.75),)))
        files.append(samples_of(out)[0])
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
    rewrite(source, tmp_path / "out.mp4", Sound(source, ((0.0, 0.1),)))
    samples, shown, _ = samples_of(tmp_path / "out.mp4")
    at = round(shown * 48000)
    assert np.abs(samples[at + 50_000 : at + 70_000]).max() < 0.01
    assert clicks(tmp_path / "out.mp4") == pytest.approx([0.5, 1.5], abs=0.02)
