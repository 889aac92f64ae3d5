"""One video through all stages, up to a verified file that waits for its name."""

from __future__ import annotations

import gc
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from unseen.adapters.files_output import discard
from unseen.core.names import display
from unseen.core.receipts import EditsReceipt, FileReceipt, FrameNote, Verdict, VideoReceipt
from unseen.core.recipe import Recipe
from unseen.engine.film.editing import Editing
from unseen.engine.film.edits import misfit
from unseen.engine.film.film import Film, FilmDone
from unseen.engine.film.preview import write_preview
from unseen.engine.film.settle import MOST_ROUNDS
from unseen.engine.film.store import FilmStore
from unseen.engine.film.tools import FilmTools
from unseen.engine.film.tracks import Kept, digest_of, kept_lines, read_kept, spans_in, tracks_path, with_tracks
from unseen.engine.remembered import recalled
from unseen.engine.resume import unchanged
from unseen.engine.stopwatch import Stopwatch
from unseen.engine.verdicts import ResiduesRemain
from unseen.engine.work import Done, Task, Tools
from unseen.errors import UnreadableInput, VerificationFailed
from unseen.media.way_up import LieTurned

__all__ = ["redact_video"]


@dataclass(frozen=True, slots=True)
class _Work:
    """One video that is redacted: its task, the worker's tools, the stop watch, the commitment to the video's bytes,
    and what is kept of it on the way."""

    task: Task
    tools: Tools
    watch: Stopwatch
    input_hash: str
    store: FilmStore

    @property
    def name(self) -> str:
        """What messages call the video."""
        return self.task.placed.label

    @property
    def tracks(self) -> Path:
        """Where it is kept what was hidden in the video when it was released."""
        return tracks_path(self.tools.setup.tracks, self.task.tag)


def redact_video(task: Task, tools: Tools, note: Callable[[FrameNote], None]) -> Done:
    """Take one video through the stages, up to a verified file that waits for its name; raises FileError.

    Verified parts are kept when the run is killed, and the next one with the same key goes on behind them.
    """
    watch = Stopwatch(tools.clock)
    with watch.time("read"):
        input_hash = _hash_of(task.placed.item.path, tools, task.placed.label)
    receipt = FileReceipt(task.placed.label, "released", input_hash=input_hash, seconds=watch.seconds)
    if task.past is not None and unchanged(task.past, task.final, input_hash, tools.setup.hasher):
        return Done(recalled(receipt, task.past, _preview_name(task)), None, {})
    work = _Work(task, tools, watch, input_hash, _store(task, tools, input_hash))
    staged, preview = _staged_paths(task, tools)
    try:
        film = _redacted(partial(_film, work, staged, note), work.store)
        if preview is not None:
            _write_preview(film, preview, work)
        released, receipt = _sealed(receipt, film, work)
    except VerificationFailed as error:
        discard(staged)
        work.store.delete()
        return Done(_failed(receipt, error), None, tools.models.devices)
    except BaseException:
        discard(staged)
        raise
    finally:
        work.store.drop_unfinished()
    receipt = _finished(receipt, released, film, tools)
    return Done(receipt, released, tools.models.devices, work.store.folder, preview, film.tally)


def _store(task: Task, tools: Tools, input_hash: str) -> FilmStore:
    """Return where verified parts of a video are kept; none are there but those of a killed run that did the same."""
    setup = tools.setup
    context = f"{input_hash} {setup.context} {task.edits.digest() if task.edits else ''}"
    if task.counting is not None:
        # What was counted is in memory only, so that a killed run cannot go on with it: nothing of it fits.
        context += secrets.token_hex(16)
    return FilmStore(setup.work / task.tag[:32], hashlib.sha256(context.encode()).hexdigest())


def _staged_paths(task: Task, tools: Tools) -> tuple[Path, Path | None]:
    """Return temporary names that nobody has yet, for the video and for its preview, if there is to be one."""
    staging = tools.setup.staging
    staging.mkdir(parents=True, exist_ok=True)
    preview = None if task.preview is None else staging / f"{secrets.token_hex(16)}.mp4"
    return staging / f"{secrets.token_hex(16)}{task.final.suffix}", preview


def _write_preview(film: FilmDone, preview: Path, work: _Work) -> None:
    with work.watch.time("preview"):
        hidden, size = work.store.hidden(), film.receipt.size_before
        write_preview(film.path, hidden, preview, work.tools.video, work.name, size)


def _sealed(receipt: FileReceipt, film: FilmDone, work: _Work) -> tuple[Path, FileReceipt]:
    """Return where a verified video lies and what is said of it, after it was given its content credentials, if any."""
    told = _told(film.receipt, work)
    receipt = replace(receipt, video=told)
    if work.tools.setup.signing is None:
        return film.path, receipt
    path, credentials = _signed(film, told, work)
    return path, replace(receipt, credentials=credentials)


def _signed(film: FilmDone, told: VideoReceipt, work: _Work) -> tuple[Path, dict[str, str]]:
    """Give a verified video its content credentials; return where it lies then and what the receipt says of them."""
    from unseen.engine.credentials import film_areas, seal  # here: most runs have no use for it

    with work.watch.time("sign"):
        width, height = told.size_before or (film.info.width, film.info.height)
        areas = film_areas(work.store.hidden(), replace(film.info, width=width, height=height))
        return seal(film.path, work.task, film.verdict, areas, work.tools, _by_hand(told.edits))


def _by_hand(edits: EditsReceipt | None) -> tuple[int, int, int] | None:
    """Return how much a person removed, left visible and added, None without edits."""
    return None if edits is None else (len(edits.removed), len(edits.visible), len(edits.added))


def _failed(receipt: FileReceipt, error: VerificationFailed) -> FileReceipt:
    """Return the receipt of a video that did not pass verification."""
    rounds = MOST_ROUNDS if isinstance(error, ResiduesRemain) else 0
    return replace(
        receipt, status="failed", error=str(error), verdict=Verdict("fail", rounds=rounds, detail=str(error))
    )


def _finished(receipt: FileReceipt, released: Path, film: FilmDone, tools: Tools) -> FileReceipt:
    """Return the receipt with what is known once the video is as it will be released."""
    return replace(
        receipt,
        output_hash=tools.setup.hasher.of_file("output", released),
        width=film.info.width,
        height=film.info.height,
        verdict=film.verdict,
    )


def _redacted(film: Callable[[tuple[int, ...]], Film], store: FilmStore) -> FilmDone:
    """Redact a film, which is given the quarter turns in which people are looked for, too: anew with one more where
    somebody lies turned."""
    while True:
        try:
            return film(store.turns).redact()
        except LieTurned as lie:
            store.begin_anew((*store.turns, lie.turn))
        # The error and the stages that it went through refer to one another: the frames that waited there would stay
        # beside those of the next try.
        gc.collect()


def _film(work: _Work, staged: Path, note: Callable[[FrameNote], None], turns: tuple[int, ...]) -> Film:
    """Return the film to redact; raises UnreadableInput where edits have nothing to go by."""
    task, tools, name = work.task, work.tools, work.name
    kit = FilmTools(
        codec=tools.video,
        eyes=tools.models.film_eyes,
        opinion=tools.models.film_opinion,
        watch=work.watch,
        note=lambda done, total: note(FrameNote(name, done, total)),
    )
    return Film(
        source=task.placed.item.path,
        name=name,
        staged=staged,
        recipe=_with_turns(tools.setup.recipe, turns or _turns_before(work)),
        tools=kit,
        store=work.store,
        editing=_editing(work),
        counting=task.counting,
    )


def _with_turns(recipe: Recipe, turns: tuple[int, ...]) -> Recipe:
    """Return the recipe that looks for people in these quarter turns, too; as it is for none."""
    return replace(recipe, video=replace(recipe.video, turns=turns)) if turns else recipe


def _turns_before(work: _Work) -> tuple[int, ...]:
    """Return the turns that the run found out whose tracks are edited: this one looks at nobody but by verification."""
    kept = _kept_before(work)
    return () if kept is None else kept.turns


def _kept_before(work: _Work) -> Kept | None:
    """Return what is kept of the run whose tracks are edited, None without edits or where it is gone."""
    return None if work.task.edits is None else read_kept(work.tracks)


def _editing(work: _Work) -> Editing | None:
    """Return what hides by a person's edits, None without any; raises UnreadableInput where they do not fit any more:
    they did when the run began."""
    edits, recipe, name = work.task.edits, work.tools.setup.recipe, work.name
    if edits is None:
        return None
    kept = read_kept(work.tracks)
    if kept is None:
        raise UnreadableInput(f"{name}: its tracks are gone; run once without --edits")
    if problem := misfit(kept, work.input_hash, recipe, edits):
        raise UnreadableInput(f"{name}: {problem}")
    return Editing(kept_lines(work.tracks), edits, kept.known, recipe, name)


def _told(receipt: VideoReceipt, work: _Work) -> VideoReceipt:
    """Return the receipt with what a person changed, of which tracks, and where the preview goes."""
    receipt = replace(receipt, preview=_preview_name(work.task))
    edits, kept = work.task.edits, _kept_before(work)
    if edits is None or kept is None:
        digest = digest_of(work.store.hidden()) if work.tools.setup.hasher.comparable else None
        return replace(receipt, tracks_digest=digest)
    first = edits.first_found(kept.known.next_number)
    found = any(track.number >= first for track in receipt.tracks)
    return replace(
        receipt,
        edits=edits.receipt(kept.known, spans_in(kept_lines(work.tracks), edits.spared)),
        tracks_digest=_digest_with(first, work) if found else kept.digest,
    )


def _digest_with(first: int, work: _Work) -> str:
    """Return the digest of the tracks that are kept and of those since, whose numbers begin with `first`."""
    return digest_of(with_tracks(kept_lines(work.tracks), work.store.hidden(), first))


def _preview_name(task: Task) -> str | None:
    return None if task.preview is None else display(task.preview)


def _hash_of(path: Path, tools: Tools, name: str) -> str:
    try:
        return tools.setup.hasher.of_file("input", path)
    except OSError as error:
        raise UnreadableInput(f"{name}: cannot be read ({error.strerror}); check its permissions") from error
