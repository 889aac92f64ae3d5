"""H.264 whose fields come in packets of their own: two make a picture, and what is lost of either is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.field_clips import Field, field_pictures, write_fields
from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video.fields import Fields
from unseen.adapters.video_av import open_video


def _damaged(path: Path) -> list[bool]:
    with open_video(path, path.name) as reader:
        assert reader.info.interlaced
        return [frame.damaged for frame in reader]


@pytest.mark.parametrize("ending", ["ts", "mp4", "mkv"])
@pytest.mark.parametrize("apart", [True, False])
def test_two_fields_make_a_picture_that_is_whole(tmp_path: Path, ending: str, apart: bool) -> None:
    path = write_fields(tmp_path / f"clip.{ending}", field_pictures(24, high=apart), apart=apart)
    with open_video(path, path.name) as reader:
        assert [frame.damaged for frame in reader] == [False] * 24
        assert reader.problems == ()
        assert reader.info.rate == 25


@pytest.mark.parametrize("ending", ["ts", "mp4", "mkv"])
@pytest.mark.parametrize("bottom", [False, True])
def test_pictures_after_a_field_that_was_lost_are_not_trusted(tmp_path: Path, ending: str, bottom: bool) -> None:
    pictures = field_pictures(36)
    pictures[17] = (pictures[17][0], b"") if bottom else (b"", pictures[17][1])
    path = write_fields(tmp_path / f"clip.{ending}", pictures, apart=True)
    assert _damaged(path) == [False] * 17 + [True] * 6 + [False] * 12


@pytest.mark.parametrize("bottom", [0, 1])
@pytest.mark.parametrize("number", [12, 17])
def test_pictures_after_a_field_with_a_hole_are_not_trusted(tmp_path: Path, number: int, bottom: int) -> None:
    def with_hole(data: Field) -> Field:
        return data[:-200] + bytes(100) + data[-100:]

    pictures = field_pictures(36)
    first, second = pictures[number]
    pictures[number] = (first, with_hole(second)) if bottom else (with_hole(first), second)
    path = write_fields(tmp_path / "clip.mkv", pictures, apart=True)
    assert _damaged(path) == [False] * number + [True] * (24 - number) + [False] * 12


def test_pictures_that_are_not_sent_as_fields_have_no_second_one(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    make_clip(path, Clip(size=(64, 64), options={"flags": "+ilme+ildct", "x264-params": "tff=1:cqm=jvt"}))
    assert _damaged(path) == [False] * 24


@given(st.binary(max_size=60), st.integers(0, 4))
def test_no_packet_is_too_broken_to_look_for_fields(data: bytes, size: int) -> None:
    assert not Fields(data).second(data, size, None)
