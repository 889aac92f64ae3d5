"""Clips with sound for tests, and what is heard in them: a tone with a click each half second."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.adapters.video_clips import Clip, make_clip, picture, scene, tone
from unseen.adapters.video_av import Sound, open_video, open_writer

#: What may be in a file beside the pictures.
KEPT = frozenset({"audio"})
LONG = Clip(stamps=range(50), size=(64, 48))


def make_source(folder: Path, ending: str, codec: str, clip: Clip = LONG) -> Path:
    """Write a clip with sound of a codec, and return its path."""
    path = folder / f"source.{ending}"
    encoder = "libvpx-vp9" if ending == "webm" else "libx264"
    if codec.startswith("pcm") or codec == "libmp3lame":
        make_sound_clip(path, codec, clip)
    else:
        make_clip(path, replace(clip, encoder=encoder, audio=codec))
    return path


def make_sound_clip(path: Path, codec: str, clip: Clip) -> None:
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


def rewrite(source: Path, out: Path, sound: Sound) -> None:
    """Write the pictures of a clip anew, with sound beside them."""
    with open_video(source, source.name) as reader, open_writer(out, reader.info, sound=sound) as writer:
        for frame in reader:
            writer.write(frame)


def samples_of(path: Path) -> tuple[NDArray[np.float32], float, str]:
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


def clicks(path: Path) -> list[float]:
    """Return the times of the clicks after the first picture, in seconds."""
    samples, start, _ = samples_of(path)
    loud = np.flatnonzero(np.abs(samples) > 0.5)
    heads = loud[np.flatnonzero(np.diff(loud, prepend=-48000) > 4800)]
    return [round(head / 48000 - start, 3) for head in heads]
