"""Previews: small, of the redacted pictures only, with outlines, under a name that is no output's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.engine.edit_scenes import FRAMES, SIDE, WIDTH, corners, halves_engine, shown, two_faces
from tests.engine.engine_fakes import Command
from unseen.adapters.files_tree import Item
from unseen.adapters.video_av import AvCodec
from unseen.core.jobs import Job
from unseen.core.photos import Rgb8
from unseen.core.receipts import FileReceipt, FrameNote
from unseen.core.video import VideoFrame, VideoInfo, VideoStyle
from unseen.crypto.keys import Key
from unseen.engine.film.preview import preview_of, write_preview
from unseen.engine.names import place, preview_places
from unseen.engine.report import Report
from unseen.errors import VerificationFailed
from unseen.verify.streams import scan_video

EVERY = ("--stride", "1")


def _pictures(path: Path) -> list[Rgb8]:
    with AvCodec(1).open_video(path, path.name) as reader:
        assert (reader.info.codec, reader.info.has_audio) == ("h264", False)
        return [reader.to_rgb(frame) for frame in reader]


def _yellow(picture: Rgb8) -> int:
    r, g, b = (picture[..., i].astype(int) for i in range(3))
    return int(((r - b > 60) & (g - b > 60)).sum())


def test_a_preview_shows_the_redacted_picture_twice_and_outlines_on_the_left(
    tmp_path: Path, unseen: Command, key: Path
) -> None:
    clip = two_faces(tmp_path / "in" / "clip.mp4")
    done = unseen(clip, "-o", tmp_path / "out", "--key", key, *EVERY, "--preview", engine=halves_engine())
    preview = tmp_path / "out" / "clip.preview.mp4"
    assert done.code == 0
    assert done.files["clip.mp4"]["video"]["preview"] == "clip.preview.mp4"
    assert f"preview: {preview}" in done.out
    pictures = _pictures(preview)
    assert len(pictures) == FRAMES
    assert {picture.shape for picture in pictures} == {(120, 2 * WIDTH, 3)}
    assert shown(preview) == ([0] * FRAMES, [0] * FRAMES)
    for index, picture in enumerate(pictures):
        left, right = picture[:, :WIDTH], picture[:, WIDTH:]
        assert _yellow(left) > 60
        assert _yellow(right) == 0
        # Away from faces and numbers both halves are the same.
        assert np.abs(left[:, 70:90].astype(int) - right[:, 70:90]).mean() < 6
        (x, y), _ = corners(index)
        assert np.abs(right[y : y + SIDE, x : x + SIDE].astype(int) - (255, 0, 255)).mean() > 60
    assert scan_video(preview) == ()


@pytest.mark.parametrize(
    ("size", "turn", "aspect"), [((1280, 720), 0, 1), ((1280, 720), 90, 1), ((720, 576), 0, 1.6), ((64, 48), 0, 1)]
)
def test_a_half_is_at_most_320_pixels_wide_and_upright(size: tuple[int, int], turn: int, aspect: float) -> None:
    from dataclasses import replace

    from tests.engine.edit_scenes import _INFO

    info = replace(_INFO, width=size[0], height=size[1], rotation=turn, pixel_aspect=Fraction(aspect))
    made, _ = preview_of(info)
    assert made.width <= 640
    assert made.height <= 640
    assert (made.width % 2, made.height % 2, made.rotation, float(made.pixel_aspect)) == (0, 0, 0, 1.0)
    wide, high = size[0] * aspect, size[1]
    shape = (high / wide) if turn else (wide / high)
    assert made.width / 2 / made.height == pytest.approx(shape, rel=0.05)


def test_a_shape_of_pixels_that_no_camera_has_makes_no_preview_too_wide(tmp_path: Path) -> None:
    info = VideoInfo("mov", "h264", 1280, 720, Fraction(25), Fraction(1, 25), "yuv420p", pixel_aspect=Fraction(1, 10))
    with AvCodec(1).open_writer(tmp_path / "a.mp4", info, VideoStyle(), "a.mp4") as writer:
        planes = tuple(np.full((720 // by, 1280 // by), 128, np.uint8) for by in (1, 2, 2))
        writer.write(VideoFrame(planes, 0, 0))
    lines = [json.dumps({"frame": 0, "time": 0.0, "regions": []})]
    write_preview(tmp_path / "a.mp4", lines, tmp_path / "p.mp4", AvCodec(1), "a.mp4")
    (picture,) = _pictures(tmp_path / "p.mp4")
    assert picture.shape == (180, 640, 3)


def test_a_preview_of_other_frames_than_were_hidden_is_not_written(tmp_path: Path) -> None:
    clip = two_faces(tmp_path / "clip.mp4", frames=4)
    lines = [json.dumps({"frame": 0, "time": 0.0, "regions": []})]
    with pytest.raises(VerificationFailed, match="more frames than were hidden"):
        write_preview(clip, lines, tmp_path / "p.mp4", AvCodec(1), "clip.mp4")
    assert not (tmp_path / "p.mp4").exists()


def _names(names: Sequence[str]) -> dict[str, str]:
    items = [Item(Path("in") / name, Path(name)) for name in names]
    placed = list(place(items, format=None, rename=False, key=Key(bytes(32))))
    return {below.as_posix(): preview.as_posix() for below, preview in preview_places(placed).items()}


def test_no_preview_has_the_name_of_an_output_or_another_preview() -> None:
    assert _names(["a/b.mp4", "c.png"]) == {"a/b.mp4": "a/b.preview.mp4"}
    assert _names(["b.mov", "b.mp4", "B.Preview.mp4"]) == {
        "b.mov": "b.preview-2.mp4",
        "b.mp4": "b.preview-3.mp4",
        "B.Preview.mp4": "B.Preview.preview.mp4",
    }
    assert _names(["b.mp4", "b.preview.mp4/c.png"])["b.mp4"] == "b.preview-2.mp4"


def test_a_preview_of_a_long_name_is_cut_to_one_that_file_systems_take() -> None:
    long = [f"{'a' * 250}{end}.mp4" for end in "bc"]
    cut = "a" * (255 - len(".preview.mp4.label.json"))
    assert _names(long) == {long[0]: f"{cut}.preview.mp4", long[1]: f"{cut[:-2]}.preview-2.mp4"}
    (preview,) = _names([f"{'ü' * 125}.mp4"]).values()
    assert preview == f"{'ü' * 116}.preview.mp4"


def test_a_video_with_the_longest_name_gets_its_preview(tmp_path: Path, unseen: Command) -> None:
    clip = two_faces(tmp_path / "in" / f"{'a' * 251}.mp4", frames=4)
    done = unseen(clip, "-o", tmp_path / "out", *EVERY, "--preview", engine=halves_engine())
    assert done.code == 0
    (preview,) = (tmp_path / "out").glob("*.preview.mp4")
    assert f"preview: {preview}" in done.out


def test_no_preview_is_told_of_a_video_that_failed(tmp_path: Path, unseen: Command) -> None:
    clip = two_faces(tmp_path / "in" / "clip.mp4", frames=4)

    def engine(job: Job, listen: Any) -> Report:
        def take_its_name(event: int | FileReceipt | FrameNote) -> None:
            if isinstance(event, FrameNote):
                (job.output / "clip.mp4").write_bytes(b"mine")

        report: Report = halves_engine()(job, take_its_name)
        return report

    done = unseen(clip, "-o", tmp_path / "out", *EVERY, "--preview", engine=engine)
    assert done.code == 1
    assert "preview:" not in done.out
    assert done.files["clip.mp4"]["video"] is None
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".unseen", "clip.mp4"]


def test_a_preview_replaces_no_file_of_somebody_else(tmp_path: Path, unseen: Command, key: Path) -> None:
    clip = two_faces(tmp_path / "in" / "clip.mp4", frames=6)
    preview = tmp_path / "out" / "clip.preview.mp4"
    preview.parent.mkdir()
    preview.write_bytes(b"mine")
    words = (clip, "-o", tmp_path / "out", "--key", key, *EVERY)
    done = unseen(*words, "--preview", engine=halves_engine())
    assert (done.code, preview.read_bytes()) == (1, b"mine")
    assert "a file that Unseen did not write has the preview's name" in done.err
    assert unseen(*words, engine=halves_engine()).code == 0
    assert preview.read_bytes() == b"mine"


def test_a_preview_is_made_when_asked_for_and_goes_when_its_video_is_done_again_without(
    tmp_path: Path, unseen: Command, key: Path
) -> None:
    clip = two_faces(tmp_path / "in" / "clip.mp4", frames=6)
    preview = tmp_path / "out" / "clip.preview.mp4"
    words = (clip, "-o", tmp_path / "out", "--key", key)
    assert unseen(*words, *EVERY, engine=halves_engine()).status("clip.mp4") == "released"
    assert not preview.exists()
    assert unseen(*words, *EVERY, "--preview", engine=halves_engine()).status("clip.mp4") == "released"
    assert unseen(*words, *EVERY, "--preview", engine=halves_engine()).status("clip.mp4") == "resumed"
    assert unseen(*words, *EVERY, engine=halves_engine()).status("clip.mp4") == "resumed"
    assert preview.exists()
    assert unseen(*words, "--stride", "2", engine=halves_engine()).status("clip.mp4") == "released"
    assert not preview.exists()


@pytest.mark.parametrize("ending", ["ts", "mkv"])
def test_a_video_whose_container_changes_gets_a_preview_too(
    tmp_path: Path, unseen: Command, key: Path, ending: str
) -> None:
    made, clip = two_faces(tmp_path / "made.mp4", frames=6), tmp_path / "in" / f"clip.{ending}"
    clip.parent.mkdir()
    with av.open(str(made)) as source, av.open(str(clip), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    done = unseen(clip, "-o", tmp_path / "out", "--key", key, *EVERY, "--preview", engine=halves_engine())
    assert (done.code, done.status(clip.name)) == (0, "released")
    assert len(_pictures(tmp_path / "out" / "clip.preview.mp4")) == 6
