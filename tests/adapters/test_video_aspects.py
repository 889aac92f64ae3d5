"""Shapes of pixels in videos: what is told where one is not believed, or changes on the way."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video_av import open_video


def _joined(path: Path, *aspects: Fraction) -> Path:
    """Write a stream of 12 pictures in each of these shapes of pixels."""
    with av.open(str(path), "w") as output:
        stream = None
        for number, aspect in enumerate(aspects):
            part = path.with_name(f"{number}.ts")
            stamps = range(12 * number, 12 * number + 12)
            make_clip(part, Clip(size=(64, 48), pixel_aspect=aspect, stamps=stamps, options={"bf": "0"}))
            with av.open(str(part)) as source:
                stream = stream or output.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.size:
                        packet.stream = stream
                        output.mux(packet)
    return path


@pytest.mark.parametrize("ending", ["mp4", "ts"])
def test_a_shape_of_pixels_that_changes_on_the_way_is_told(tmp_path: Path, ending: str) -> None:
    told = []
    for number, second in enumerate((Fraction(2), Fraction(1))):
        (folder := tmp_path / f"{number}").mkdir()
        path = _joined(folder / f"clip.{ending}", Fraction(1), second)
        with open_video(path, path.name) as reader:
            assert [frame.damaged for frame in reader] == [False] * 24
            told.append((reader.problems, reader.harmed))
    said = "the shape of pixels changes on the way and is taken for the first one; cut the video there"
    assert told == [((said,), True), ((), False)]


@pytest.mark.parametrize(("told", "said"), [(Fraction(20), "20:1"), (Fraction(1, 20), "1:20")])
def test_a_shape_of_pixels_beyond_belief_is_taken_for_square_and_told(
    tmp_path: Path, told: Fraction, said: str
) -> None:
    path = tmp_path / "clip.mkv"
    make_clip(path, Clip(pixel_aspect=told, stamps=range(3)))
    with open_video(path, path.name) as reader:
        assert (len(list(reader)), reader.info.pixel_aspect) == (3, Fraction(1))
        assert reader.problems == (f"a shape of pixels of {said} is not believed; they are taken for square",)
        assert not reader.harmed
