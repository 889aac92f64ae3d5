"""What is told beside a picture: all of it, of kinds that come more than once as well."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import av
import pytest
from av.sidedata.sidedata import SideDataContainer

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video.rationals import fraction
from unseen.adapters.video.side_data import orientation, side_data
from unseen.adapters.video_av import open_video
from unseen.core.video import Light
from unseen.verify.streams import kinds_beside

_LIGHT = "mastering-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):cll=1000,400"
_TWICE = "h264_metadata=display_orientation=insert:rotate=90:sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+hello"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """H.264 that is turned by container and stream, with two messages of the encoder before what it says of light."""
    make_clip(plain := tmp_path / "plain.mp4", Clip(rotation=90, options={"x264-params": _LIGHT}))
    with av.open(str(plain)) as source, av.open(str(path := tmp_path / "a.mp4"), "w") as output:
        stream = source.streams.video[0]
        told = av.BitStreamFilterContext(_TWICE, stream)
        target = output.add_stream_from_template(stream)
        for packet in source.demux(stream):
            for made in told.filter(packet if packet.size else None):
                made.stream = target
                output.mux(made)
    return path


def first_picture(path: Path) -> av.VideoFrame:
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


def test_what_comes_behind_kinds_that_are_told_twice_is_told(path: Path) -> None:
    picture = first_picture(path)
    told = Counter(data.type.name for data in side_data(picture))
    assert (told["DISPLAYMATRIX"], told["SEI_UNREGISTERED"], told["CONTENT_LIGHT_LEVEL"]) == (2, 2, 1)
    assert orientation(picture) == (90, False)
    with open_video(path, path.name) as reader:
        assert reader.info.light == Light(
            (34000, 16000, 13250, 34500, 7500, 3000, 15635, 16450, 50, 10_000_000), (1000, 400)
        )


def test_verification_sees_every_kind(path: Path) -> None:
    kinds = {"DISPLAYMATRIX", "SEI_UNREGISTERED", "MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"}
    assert kinds_beside(SideDataContainer(first_picture(path))) == kinds  # type: ignore[call-arg, unused-ignore]


def test_ratios_are_exact_fractions(path: Path) -> None:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        tick, rate = fraction(stream.time_base), fraction(stream.average_rate)
    assert tick is not None
    assert rate is not None
    # As PyAV 19's own numbers, of 32 bits, this product would be rounded.
    assert (tick / 99_991) * (rate / 99_989) == tick * rate / (99_991 * 99_989)
    assert fraction(None) is None
    assert fraction(0) is None
