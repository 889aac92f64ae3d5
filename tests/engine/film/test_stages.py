"""The stages of a video, each alone: what they are handed is all that they know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engine.engine_fakes import BlindDetector
from unseen.adapters.video_av import AvCodec
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.recipe import Recipe, looks_for
from unseen.core.regions import Box, Detection, Region
from unseen.core.video import VideoFrame, VideoInfo, VideoRecipe
from unseen.engine.film.hide import Hider
from unseen.engine.film.keep import Keeper
from unseen.engine.film.looking import Looking
from unseen.engine.film.opened import OpenFilm
from unseen.engine.film.render import Part
from unseen.engine.film.settle import MOST_ROUNDS, Settler
from unseen.engine.film.store import FilmStore, Progress
from unseen.engine.film.tools import FilmTools
from unseen.engine.film.totals import Checks, Clock, Totals
from unseen.engine.film.what_to_hide import Cover, Settled
from unseen.engine.stopwatch import Stopwatch
from unseen.engine.verdicts import ResiduesRemain
from unseen.media.faint import FaintLog
from unseen.media.find import Eyes
from unseen.media.pace import EveryNth
from unseen.media.sights import Look
from unseen.media.tracklog import TrackLog
from unseen.media.windows import Window
from unseen.pixels.planes import HeldCells
from unseen.verify.film_shows import Checker
from unseen.verify.residues import SecondOpinion

INFO = VideoInfo("mp4", "h264", 128, 96, Fraction(25), Fraction(1, 50), "yuv420p")
WATCH = Stopwatch(lambda: 0.0)
RECIPE = Recipe(looks=looks_for(["face"], None), video=VideoRecipe(check_all=True))
SQUARE = Box(40, 30, 56, 46)


class Reader:
    """An open video of some frames, which are shown as they are."""

    info = INFO
    problems: tuple[str, ...] = ()
    harmed = False
    shifted = False
    end = 0

    def __init__(self, frames: Sequence[VideoFrame] = ()) -> None:
        self._frames = frames

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *error: Any) -> None: ...

    def __iter__(self) -> Iterator[VideoFrame]:
        return iter(self._frames)

    def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        return np.repeat(frame.planes[0][..., None], 3, axis=2)


class White:
    """Sees what is white, and notes the darkest value of each picture that it is shown."""

    models: tuple[ModelFile, ...] = ()

    def __init__(self) -> None:
        self.darkest: list[int] = []

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        self.darkest += [int(image.min()) for image in images]
        return [self._one(image) for image in images]

    def _one(self, image: Rgb8) -> list[Detection]:
        y, x = np.nonzero(image[..., 0] > 220)
        if not y.size:
            return []
        return [Detection("face", Box(float(x.min()), float(y.min()), float(x.max() + 1), float(y.max() + 1)), 0.9, "")]


def frame(index: int, *, damaged: bool = False) -> VideoFrame:
    """Return a grey frame with a white square, shown from 2 s on."""
    luma = np.full((96, 128), 100, np.uint8)
    luma[30:46, 40:56] = 235
    return VideoFrame((luma, *(np.full((48, 64), 128, np.uint8),) * 2), index, 100 + 2 * index, damaged)


def window(*frames: VideoFrame, looks: tuple[Look, ...] = ()) -> Window:
    return Window(frames, looks, (), frames[-1].index + 9, 1)


def opened(recipe: Recipe = RECIPE, frames: Sequence[VideoFrame] = ()) -> OpenFilm:
    return OpenFilm.of(Reader(frames), recipe, "a.mp4")


def hides_what_was_found(window: Window) -> Settled:
    """Cover in each frame what was found in it, and nothing else."""
    found = {look.frame: look.found for look in window.looks}
    look = RECIPE.looks["face"]
    regions = [tuple(Region(d.cls, d.box, look) for d in found.get(frame.index, ())) for frame in window.frames]
    return Settled(window, regions, ())


def settler(eye: White, cover: Cover = hides_what_was_found, recipe: Recipe = RECIPE) -> tuple[Settler, list[Look]]:
    """Return a settler whose second opinion is an eye's, and the list of what it wants to be remembered."""
    film, told = opened(recipe), list[Look]()
    return Settler(
        film=film,
        cover=cover,
        hider=Hider(film.form, np.random.default_rng(1), WATCH),
        checker=Checker(film.reader, SecondOpinion(faces=(eye,)), recipe),
        remember=told.extend,
        watch=WATCH,
    ), told


def test_what_shows_is_remembered_and_hidden_before_a_window_is_settled() -> None:
    eye = White()
    stage, told = settler(eye)
    settled = stage.settle(window(frame(0), frame(1), frame(2)))
    assert settled.done == {0, 1, 2}
    assert not [f.index for f in settled.window.frames if f.planes[0].max() > 220]
    assert {look.frame for look in told} == {0, 1, 2}
    assert all(d.box == SQUARE for look in told for d in look.found)
    assert settled.checks == Checks(len(eye.darkest), sum(len(look.found) for look in told), rounds=1)


def test_window_in_which_something_always_shows_is_covered_a_few_times_and_fails() -> None:
    covered: list[Window] = []

    def covers_nothing(window: Window) -> Settled:
        covered.append(window)
        return Settled(window, [()] * len(window.frames), ())

    stage, _ = settler(White(), covers_nothing)
    with pytest.raises(ResiduesRemain, match=r"a\.mp4: faces or plates still show after 6 more tries"):
        stage.settle(window(frame(0), frame(1)))
    assert len(covered) == MOST_ROUNDS + 1
    widths = [max(d.box.width for look in each.looks for d in look.found) for each in covered[1:]]
    assert widths == sorted(set(widths)), "each round hides more"


@pytest.mark.parametrize(
    "recipe",
    [replace(RECIPE, verify="skip"), replace(RECIPE, looks=looks_for(["person"], None))],
    ids=["told not to", "nothing that it sees is to be hidden"],
)
def test_window_that_need_not_be_verified_is_settled_as_it_is_covered(recipe: Recipe) -> None:
    eye = White()
    stage, told = settler(eye, recipe=recipe)
    settled = stage.settle(window(frame(0)))
    assert (eye.darkest, told, settled.done, settled.checks) == ([], [], frozenset(), Checks())


def test_damaged_frames_are_not_looked_at_for_they_are_hidden_whole() -> None:
    eye = White()
    stage, told = settler(eye)
    stage.settle(window(frame(0), frame(1, damaged=True), frame(2)))
    assert {look.frame for look in told} == {0, 2}
    hidden = stage.hider.hidden(frame(1, damaged=True), (), HeldCells(1)).planes[0]
    assert len(np.unique(hidden)) == 1
    assert int(hidden[0, 0]) not in eye.darkest


def keeper(folder: Path, totals: Totals) -> Keeper:
    """Return what keeps the windows of a video in a folder, and adds to what was counted before."""
    clock = Clock(INFO.time_base)
    clock.start(frame(0))
    store = FilmStore(folder, "context")
    return Keeper(film=opened(), store=store, log=TrackLog(), faint=FaintLog(), totals=totals, clock=clock)


def kept_by(stage: Keeper, settled: Settled) -> Progress:
    """Keep a window, and return what a later run knows of the video."""
    path = stage.store.new_path("mp4")
    path.write_bytes(b"part")
    stage.keep(Part(settled, path, ()))
    return FilmStore(stage.store.folder, "context").progress


def test_kept_window_tells_a_later_run_all_but_who_is_only_counted(tmp_path: Path) -> None:
    face, car = Detection("face", SQUARE, 0.9, "m"), Detection("car", SQUARE, 0.9, "m")
    looks = (Look(1, (face, car), "whole"), Look(2, (car,), "whole"))
    region = Region("face", SQUARE, RECIPE.looks["face"], track=3)
    settled = Settled(window(frame(0), frame(1), frame(2, damaged=True), looks=looks), [(region,)] * 3, ())
    kept = kept_by(keeper(tmp_path / "parts", Totals(checked=4)), settled)
    assert kept.next_frame == 3
    assert [(look.frame, look.found) for look in kept.looks] == [(1, (face,)), (2, ())]
    assert Totals.of(kept.counts) == Totals(whole=1, looked=2, checked=4)
    assert TrackLog(kept.tracks).receipts(25)[0].last == 1, "of a frame that is hidden whole nothing is told"


def test_what_is_counted_for_a_window_is_saved_with_it_and_not_with_those_before(tmp_path: Path) -> None:
    """Later windows settle while one is written; a killed run settles them again."""
    stage, _ = settler(White())
    face = Detection("face", SQUARE, 0.9, "m")
    looks = (Look(0, (face,), "whole"), Look(1, (face,), "close"), Look(3, (face,), "whole"))
    one = stage.settle(window(frame(0), frame(1), looks=looks))
    other = stage.settle(window(frame(2), frame(3), looks=looks[2:]))
    keeps = keeper(tmp_path / "parts", Totals(rounds=2))
    seen, more = one.checks.looks, other.checks
    assert (more.residues, more.rounds) == (1, 1)
    assert Totals.of(kept_by(keeps, one).counts) == Totals(looked=2, checked=seen, rounds=2)
    assert Totals.of(kept_by(keeps, other).counts) == Totals(looked=3, checked=seen + more.looks, residues=1, rounds=2)


def test_looking_goes_on_behind_what_is_done() -> None:
    film, clock = opened(frames=[frame(i) for i in range(10)]), Clock(INFO.time_base)
    eyes, opinion = Eyes(faces=White()), SecondOpinion(faces=(BlindDetector(),))
    tools = FilmTools(codec=AvCodec(1), eyes=eyes, opinion=opinion, watch=WATCH, note=lambda done, total: None)
    looking = Looking(film, tools, pace=EveryNth(2), progress=Progress(4), clock=clock)
    scanned = list(looking.scanned())
    assert [each.frame.index for each in scanned] == [4, 5, 6, 7, 8, 9]
    assert all(d.box == SQUARE for each in scanned if each.look for d in each.look.found)
    made = [each.frame.index for each in scanned if each.look is not None]
    assert made[-1] == 9
    assert clock.seconds(frame(5).pts) == pytest.approx(5 / 25)


def test_totals_of_a_run_that_knew_fewer_begin_at_nothing() -> None:
    assert Totals.of({"checked": 7, "gone": 3}) == Totals(checked=7)
    assert Totals.of(Totals(1, 2, 3, 4, 5).saved()) == Totals(1, 2, 3, 4, 5)
