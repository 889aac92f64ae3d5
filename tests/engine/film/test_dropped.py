"""What else a video holds: sound, subtitles, chapters, attachments, data streams, cover art and tags are dropped."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.adapters.video_clips import Planes, picture
from tests.engine.engine_fakes import Command
from tests.engine.film_scenes import FILM, RATE, draw, film, film_engine, watch
from unseen.engine.film.sound import sound_of
from unseen.verify.streams import scan_video

SECRET = b"48.137 11.575"
LONG = replace(FILM, stamps=range(75), audio="aac")


def _redacted(unseen: Command, source: Path, *words: str) -> tuple[Path, dict[str, Any]]:
    output = source.parent.parent / "out"
    done = unseen(source, "-o", output, *words, engine=film_engine())
    assert done.code == 0, done.err
    (receipt,) = done.report["files"]
    written = output / receipt["output"]
    keep = frozenset({"audio"} if "--audio" in words and "drop" not in words else ()) | {"datetime"} & set(words)
    assert scan_video(written, keep=keep) == ()
    assert watch(written).shown == [0] * receipt["video"]["frames"]
    return written, receipt["video"]


def _kinds(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return sorted(stream.type for stream in container.streams)


def _loud(path: Path) -> NDArray[np.bool_]:
    """Whether each tenth of a second of the sound is more than silence."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("fltp", "mono", 48000)
        parts = [part.to_ndarray() for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    samples = np.concatenate(parts, 1)[0]
    tenths = samples[: len(samples) // 4800 * 4800].reshape(-1, 4800)
    return np.asarray(np.abs(tenths).max(axis=1) > 0.02)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "mov"])
def test_sound_is_dropped_unless_asked_for(unseen: Command, tmp_path: Path, ending: str) -> None:
    source = film(tmp_path / "in" / f"a.{ending}", LONG)
    written, video = _redacted(unseen, source)
    assert (_kinds(written), video["dropped"]) == (["video"], ["audio aac"])
    written, video = _redacted(unseen, source, "--audio", "keep")
    assert (_kinds(written), video["dropped"]) == (["audio", "video"], [])
    assert _loud(written)[:29].all()


def _comes_and_goes(index: int, width: int, height: int, pixel_format: str) -> Planes:
    return draw(index, width, height, pixel_format, square=25 <= index < 50)


def test_sound_is_mute_while_somebody_is_hidden(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.mp4", LONG, _comes_and_goes)
    written, _ = _redacted(unseen, source, "--audio", "mute-when-person")
    loud = _loud(written)
    assert not loud[9:20].any()
    assert loud[:4].all()
    assert loud[26:29].all()


def test_sound_is_mute_while_a_long_frame_shows_somebody(unseen: Command, tmp_path: Path) -> None:
    """The rate says little of how long a frame is shown where the rate varies."""
    stamps = [*range(0, 400, 20), 1400, *range(2400, 2800, 20)]

    def scene(index: int, width: int, height: int, pixel_format: str) -> Planes:
        return draw(index, width, height, pixel_format, square=index == 20)

    clip = replace(FILM, stamps=stamps, time_base=Fraction(1, 1000), audio="aac")
    source = film(tmp_path / "in" / "a.mp4", clip, scene)
    written, _ = _redacted(unseen, source, "--audio", "mute-when-person", "--stride", "1")
    assert not _loud(written)[14:24].any()


def test_sound_is_mute_to_its_end_behind_a_last_frame_that_shows_somebody(tmp_path: Path) -> None:
    """The last frame of a time lapse may be shown for long."""
    face = ["face", 8, 8, 40, 48, 1, 0.9, "detected", "fill", "box"]
    lines = [json.dumps({"frame": i, "time": i * 20.0, "regions": [face] * (i == 3)}) for i in range(4)]
    sound = sound_of(tmp_path, "mute-when-person", lines, 0.04, shifted=False)
    assert sound is not None
    start, end = sound.mute[-1]
    assert (start <= 60, end > 100_000) == (True, True)


def test_nothing_is_mute_without_a_person(unseen: Command, tmp_path: Path) -> None:
    def empty(index: int, width: int, height: int, pixel_format: str) -> Planes:
        return draw(index, width, height, pixel_format, square=False)

    source = film(tmp_path / "in" / "a.mp4", LONG, empty)
    written, video = _redacted(unseen, source, "--audio", "mute-when-person")
    assert _loud(written)[:29].all()
    assert video["tracks"] == []


@pytest.mark.parametrize(("audio", "told"), [("mute-when-person", "all of it is muted"), ("keep", "out of step")])
def test_spliced_recording_does_not_let_out_the_voice_of_somebody_who_is_hidden(
    unseen: Command, tmp_path: Path, audio: str, told: str
) -> None:
    """The second part's stamps begin in the middle of the first one's; somebody shows in its second half."""

    def scene(since: int) -> Callable[[int, int, int, str], Planes]:
        return lambda index, *form: draw(index, *form, square=index >= since)

    first = film(tmp_path / "first.ts", LONG, scene(75))
    second = film(tmp_path / "second.ts", replace(LONG, stamps=range(38, 113)), scene(37))
    source = tmp_path / "in" / "a.ts"
    source.parent.mkdir()
    source.write_bytes(first.read_bytes() + second.read_bytes())
    written, video = _redacted(unseen, source, "--audio", audio, "--stride", "1")
    assert told in video["problems"][-1]
    assert _loud(written).any() == (audio == "keep")


def test_sound_that_is_in_step_has_no_problem(unseen: Command, tmp_path: Path) -> None:
    source = film(tmp_path / "in" / "a.ts", LONG, _comes_and_goes)
    written, video = _redacted(unseen, source, "--audio", "mute-when-person")
    assert video["problems"] == []
    assert _loud(written)[26:29].all()


def test_silent_video_stays_silent_whatever_is_asked_for(unseen: Command, tmp_path: Path) -> None:
    written, _ = _redacted(unseen, film(tmp_path / "in" / "a.mp4"), "--audio", "keep")
    assert _kinds(written) == ["video"]


@pytest.mark.parametrize(
    ("ending", "extra"),
    [
        ("mp4", {"subtitles": "mov_text", "chapters": True}),
        ("mov", {"subtitles": "mov_text", "chapters": True}),
        ("mkv", {"subtitles": "subrip", "chapters": True, "attachment": True}),
    ],
)
def test_subtitles_chapters_attachments_and_tags(
    unseen: Command, tmp_path: Path, ending: str, extra: dict[str, Any]
) -> None:
    clip = replace(FILM, metadata={"title": "Anna Example", "location": SECRET.decode()}, audio="aac", **extra)
    source = film(tmp_path / "in" / f"a.{ending}", clip)
    assert b"Anna Example" in source.read_bytes()
    written, video = _redacted(unseen, source, "--audio", "keep")
    assert _kinds(written) == ["audio", "video"]
    dropped = " ".join(video["dropped"])
    assert ("subtitle" in dropped, "chapters" in dropped) == (True, True)
    assert ("attachment" in dropped) == ("attachment" in extra)
    data = written.read_bytes()
    assert not any(word in data for word in (b"Anna", SECRET, b"At home", b"somewhere"))


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_time_of_creation_stays_on_request_alone(unseen: Command, tmp_path: Path, ending: str) -> None:
    clip = replace(FILM, metadata={"creation_time": "2021-03-04T05:06:07Z", "title": "Anna"})
    source = film(tmp_path / "in" / f"a.{ending}", clip)
    for words, told in (((), None), (("--keep-metadata", "datetime"), "2021-03-04T05:06:07")):
        written, _ = _redacted(unseen, source, *words, "--overwrite")
        with av.open(str(written)) as container:
            tags = {key.lower(): value for key, value in container.metadata.items()}
        assert (tags.get("creation_time") or "")[:19] == (told or "")
        assert "title" not in tags
        assert bool(scan_video(written)) == bool(told), "without the word it is a finding"


def test_telemetry_streams(unseen: Command, tmp_path: Path) -> None:
    """KLV data in a transport stream is where drones note their place."""
    source = tmp_path / "in" / "a.ts"
    source.parent.mkdir()
    with av.open(str(source), "w") as output:
        stream: Any = output.add_stream("libx264", rate=RATE)
        stream.width, stream.height = FILM.size
        data: Any = output.add_data_stream("klv")
        for index in range(20):
            made = picture(draw(index, *FILM.size), "yuv420p")
            made.pts, made.time_base = index, Fraction(1, RATE)
            output.mux(stream.encode(made))
            packet = av.Packet(SECRET)
            packet.stream, packet.time_base, packet.pts, packet.dts = data, Fraction(1, RATE), index, index
            output.mux(packet)
        output.mux(stream.encode(None))
    assert SECRET in source.read_bytes()
    written, video = _redacted(unseen, source)
    assert [kind.split()[0] for kind in video["dropped"]] == ["data"]
    assert SECRET not in written.read_bytes()


def test_cover_art(unseen: Command, tmp_path: Path) -> None:
    from io import BytesIO

    from PIL import Image

    art = BytesIO()
    Image.new("RGB", (64, 64), (255, 0, 255)).save(art, "PNG")
    plain = film(tmp_path / "plain.mkv")
    source = tmp_path / "in" / "a.mkv"
    source.parent.mkdir()
    with av.open(str(plain)) as given, av.open(str(source), "w") as output:
        stream = output.add_stream_from_template(given.streams.video[0])
        output.add_attachment("cover.png", "image/png", art.getvalue())
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    assert art.getvalue() in source.read_bytes()
    written, video = _redacted(unseen, source)
    assert len(video["dropped"]) == 1
    assert art.getvalue()[-60:] not in written.read_bytes()
