"""Parts of a video that cannot be kept: each is kept once or not at all, and what is noted fits what is there."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.engine_fakes import MagentaDetector
from tests.engine.film_scenes import FILM, SecondDetector, film
from unseen.adapters.video_av import AvCodec
from unseen.core.receipts import VideoReceipt
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box, Region
from unseen.engine.film.film import Film
from unseen.engine.film.store import FilmStore, Progress
from unseen.engine.film.tools import FilmTools
from unseen.engine.stopwatch import Stopwatch
from unseen.errors import OutputFailed
from unseen.media.find import Eyes
from unseen.verify.residues import SecondOpinion

LONG = replace(FILM, stamps=range(160))


class FullOnce(FilmStore):
    """A store whose disk is full when the second part is to be kept, and has room again afterwards."""

    commits = 0

    def commit(self, *words: Any) -> None:
        self.commits += 1
        if self.commits == 2:
            raise OutputFailed("the disk is full")
        super().commit(*words)


def _redacted(source: Path, store: FilmStore) -> VideoReceipt:
    opinion = SecondOpinion(faces=(SecondDetector(),), strips=None, reader=None)
    tools = FilmTools(
        codec=AvCodec(1),
        eyes=Eyes(faces=MagentaDetector()),
        opinion=opinion,
        watch=Stopwatch(time.monotonic),
        note=lambda done, total: None,
    )
    recipe, staged = Recipe(looks=looks_for(["face"], None)), source.with_name("done.mp4")
    film = Film(source=source, name="a.mp4", staged=staged, recipe=recipe, tools=tools, store=store)
    return film.redact().receipt


def test_part_that_cannot_be_kept_is_not_kept_once_more(tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", LONG)
    whole = _redacted(source, FilmStore(tmp_path / "whole", "context"))
    store = FullOnce(tmp_path / "parts", "context")
    with pytest.raises(OutputFailed, match="the disk is full"):
        _redacted(source, store)
    assert (store.commits, len(store.segments)) == (2, 1)
    again = FilmStore(tmp_path / "parts", "context")
    assert (len(again.segments), len(list(again.hidden()))) == (1, again.progress.next_frame)
    after = _redacted(source, again)
    assert (after.frames, after.tracks) == (whole.frames, whole.tracks)


def _part(store: FilmStore, frame: int) -> None:
    staged = store.new_path("mp4")
    staged.write_bytes(b"part")
    region = Region("face", Box(0, 0, 9, 9), looks_for(["face"], None)["face"])
    store.commit(staged, [[region]], frame, [frame / 25], Progress(frame + 1))


def test_part_whose_state_cannot_be_written_is_not_there(tmp_path: Path) -> None:
    store = FilmStore(tmp_path / "parts", "context")
    _part(store, 0)
    (store.folder / "state.json.new").mkdir()
    with pytest.raises(OutputFailed, match="cannot be written"):
        _part(store, 1)
    assert len(store.segments) == 1
    assert [len(list(lines)) for lines in (store.hidden(), FilmStore.lines_in(store.folder))] == [1, 1]


def test_a_run_that_goes_on_looks_in_the_turns_that_were_found_out(tmp_path: Path) -> None:
    store = FilmStore(tmp_path / "parts", "context")
    _part(store, 0)
    store.begin_anew((3,))
    assert (store.segments, store.progress, store.turns) == ([], Progress(), (3,))
    _part(store, 0)
    again = FilmStore(tmp_path / "parts", "context")
    assert (len(again.segments), again.turns) == (1, (3,))
    assert FilmStore(tmp_path / "parts", "another").turns == ()


def test_folder_without_a_state_tells_nothing_of_a_video(tmp_path: Path) -> None:
    store = FilmStore(tmp_path / "parts", "context")
    _part(store, 0)
    (store.folder / "state.json").unlink()
    with pytest.raises(OutputFailed, match="run again"):
        list(FilmStore.lines_in(store.folder))


def test_part_that_does_not_tell_any_more_what_it_hides_is_done_again(tmp_path: Path) -> None:
    store = FilmStore(tmp_path / "parts", "context")
    _part(store, 0)
    _part(store, 1)
    store.segments[0].with_suffix(".jsonl").unlink()
    for lines in (store.hidden(), FilmStore.lines_in(store.folder)):
        with pytest.raises(OutputFailed, match="run again"):
            list(lines)
    again = FilmStore(tmp_path / "parts", "context")
    assert (again.segments, again.progress, list(again.hidden())) == ([], Progress(), [])


def test_lines_that_are_no_text_end_in_one_error(tmp_path: Path) -> None:
    store = FilmStore(tmp_path / "parts", "context")
    _part(store, 0)
    store.segments[0].with_suffix(".jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(OutputFailed, match="run again"):
        list(store.hidden())
