"""What is kept of the tracks of a video: read as it was written, or not at all."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.edits import KnownTracks
from unseen.core.looks import Look
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Region
from unseen.engine.film.tracks import (
    Kept,
    digest_of,
    keep_tracks,
    kept_lines,
    read_kept,
    region_rows,
    regions_in,
    spans_in,
    tracks_path,
    with_tracks,
)
from unseen.errors import OutputFailed

KEPT = Kept("a" * 64, "b" * 64, KnownTracks(64, 48, 2, {1: "face", 12: "plate"}), (("01234567", 3), ("89abcdef", 13)))
LINES = ['{"frame": 0, "regions": []}', '{"frame": 1, "regions": []}']


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    path = tracks_path(tmp_path / "tracks", "c" * 64)
    keep_tracks(path, KEPT, LINES, "a.mp4")
    assert read_kept(path) == KEPT
    assert [line.rstrip("\n") for line in kept_lines(path)] == LINES
    assert [each.name for each in path.parent.iterdir()] == [f"{'c' * 32}.jsonl.gz"]
    first = path.read_bytes()
    keep_tracks(path, KEPT, LINES, "a.mp4")
    assert path.read_bytes() == first


def test_of_a_file_that_tells_no_digest_of_what_was_added_only_one_of_all_of_it_counts(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    lines = ['{"frame": 0, "regions": [["face", 0, 0, 9, 9, 12]]}']
    head = {"schema": "unseen-tracks/1", "input": "a", "recipe": "b", "size": [64, 48], "frames": 1}
    head |= {"digest": "0123456789abcdef", "tracks": {"1": "face", "12": "face"}}
    path.write_bytes(gzip.compress("\n".join([json.dumps(head), *lines]).encode()))
    kept = read_kept(path)
    assert kept is not None
    assert kept.digests == ((digest_of(lines), 13),)


@pytest.mark.parametrize("text", [b"", b"nonsense", b"\x1f\x8b\x08\x00"])
def test_what_cannot_be_read_is_not_there(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "t.jsonl.gz"
    assert read_kept(path) is None
    path.write_bytes(text)
    assert read_kept(path) is None
    if text:
        with pytest.raises(OutputFailed, match="is damaged; delete it and run once without --edits"):
            list(kept_lines(path))


def test_a_folder_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "tracks").write_bytes(b"")
    with pytest.raises(OutputFailed, match=r"^a\.mp4: cannot keep its tracks"):
        keep_tracks(tracks_path(tmp_path / "tracks", "c" * 64), KEPT, LINES, "a.mp4")
    assert [each.name for each in tmp_path.iterdir()] == ["tracks"]


regions = st.builds(
    lambda x, y, w, h, look, score, reason, track: Region(
        "face", Box(x, y, x + w, y + h), look, round(score, 3), "", reason, track
    ),
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(1, 50),
    st.integers(1, 50),
    st.sampled_from([Look("fill"), Look("fill", shape="ellipse"), Look("mosaic", 5), Look("solid")]),
    st.floats(0, 1),
    st.sampled_from(["detected", "followed", "verification"]),
    st.none() | st.integers(1, 9),
)


@given(st.lists(regions, max_size=4))
def test_regions_come_back_as_they_were(before: list[Region]) -> None:
    line = json.dumps({"frame": 7, "time": 0.1, "regions": region_rows(before)})
    assert regions_in(line, Recipe(looks={"face": Look("mosaic", 5)})) == (7, tuple(before))


BAD_LOOK = '{"frame": 1, "regions": [["face", 0, 0, 9, 9, 1, 0.5, "detected", "hat", "box"]]}'


@pytest.mark.parametrize(
    "line", ["", "[]", "{}", '{"frame": 1, "regions": [[1]]}', '{"frame": 1, "regions": 5}', BAD_LOOK]
)
def test_a_line_of_something_else_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="a line tells no frame"):
        regions_in(line, Recipe())


def test_new_tracks_are_added_to_the_frames_that_they_are_in() -> None:
    def line(*tracks: int) -> str:
        return json.dumps({"regions": [["face", 0, 0, 1, 1, track] for track in tracks]})

    assert list(with_tracks([line(1), line(1, 2)], [line(2, 5), line(4)], 4)) == [line(1, 5), line(1, 2, 4)]


def test_spans_are_told_from_the_first_frame_on_as_the_report_does() -> None:
    """Recordings that were cut out of longer ones begin anywhere."""

    def line(time: float, *tracks: int) -> str:
        return json.dumps({"time": time, "regions": [["face", 0, 0, 1, 1, track] for track in tracks]})

    lines = [line(12.0), line(12.04, 1, 2), line(12.08, 1), line(12.12, 3)]
    assert spans_in(lines, {1, 3}) == {1: (0.04, 0.08), 3: (0.12, 0.12)}
