"""The limit of a video's speed: both ways to decode and encode write the whole clip, at the same quality."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import video_limit
from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video.encoders import encoding_for
from unseen.adapters.video_av import open_video


@pytest.mark.parametrize("preset", [None, "veryfast"])
def test_every_frame_is_written(tmp_path: Path, preset: str | None) -> None:
    clip, made = tmp_path / "clip.mp4", tmp_path / "made.mp4"
    make_clip(clip, Clip(size=(320, 192), stamps=tuple(range(30))))
    assert video_limit.main(clip, made, preset) == 0
    with open_video(clip, clip.name) as source, open_video(made, made.name) as reader:
        assert len(list(reader)) == len(list(source)) == 30
        assert (reader.info.width, reader.info.height, reader.info.codec) == (320, 192, "h264")


def test_the_limit_is_taken_at_the_quality_that_is_written_by_default(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, Clip())
    with open_video(clip, clip.name) as reader:
        assert encoding_for(reader.info, ".mp4", clip.name).options["crf"] == video_limit.CRF
