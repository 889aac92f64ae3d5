"""What is kept of the tracks of a video: read as it was written, or not at all."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from unseen.core.edits import KnownTracks
from unseen.engine.film.kept_frames import KeptFrame, KeptRegion
from unseen.engine.film.tracks import (
    Kept,
    digest_of,
    keep_tracks,
    kept_lines,
    read_kept,
    spans_in,
    tracks_path,
    with_tracks,
)
from unseen.errors import OutputFailed

KEPT = Kept("a" * 64, "b" * 64, KnownTracks(64, 48, 2, {1: "face", 12: "plate"}), (("01234567", 3), ("89abcdef", 13)))
LINES = ['{"frame": 0, "regions": []}', '{"frame": 1, "regions": []}']


def _line(*tracks: int, time: float = 0.0) -> str:
    """Return the line of a frame in which faces of these tracks are hidden."""
    rows = (KeptRegion("face", 0, 0, 9, 9, track, 0.5, "detected", "fill", "box") for track in tracks)
    return KeptFrame(0, time, tuple(rows)).line()


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
    lines = [_line(12)]
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


def test_new_tracks_are_added_to_the_frames_that_they_are_in() -> None:
    assert list(with_tracks([_line(1), _line(1, 2)], [_line(2, 5), _line(4)], 4)) == [_line(1, 5), _line(1, 2, 4)]


def test_spans_are_told_from_the_first_frame_on_as_the_report_does() -> None:
    """Recordings that were cut out of longer ones begin anywhere."""
    lines = [_line(time=12.0), _line(1, 2, time=12.04), _line(1, time=12.08), _line(3, time=12.12)]
    assert spans_in(lines, {1, 3}) == {1: (0.04, 0.08), 3: (0.12, 0.12)}
