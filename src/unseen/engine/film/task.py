"""One video through all stages, up to a verified file that waits for its name."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from unseen.adapters.files_output import discard
from unseen.core.names import display
from unseen.core.receipts import FileReceipt, FrameNote, Verdict, VideoReceipt
from unseen.engine.film.editing import Editing
from unseen.engine.film.edits import misfit
from unseen.engine.film.film import Film, FilmDone
from unseen.engine.film.preview import write_preview
from unseen.engine.film.settle import MOST_ROUNDS
from unseen.engine.film.store import FilmStore
from unseen.engine.film.tools import FilmTools
from unseen.engine.film.tracks import digest_of, kept_lines, read_kept, spans_in, tracks_path, with_tracks
from unseen.engine.release import ResiduesRemain, Stopwatch
from unseen.engine.remembered import recalled
from unseen.engine.resume import unchanged
from unseen.engine.work import Done, Task, Tools
from unseen.errors import UnreadableInput, VerificationFailed
from unseen.media.way_up import LieTurned

__all__ = ["redact_video"]


def redact_video(task: Task, tools: Tools, note: Callable[[FrameNote], None]) -> Done:
    """Take one video through the stages, up to a verified file that waits for its name; raises FileError.

    Verified parts are kept when the run is killed, and the next one with the same key goes on behind them.
    """
    setup, name = tools.setup, task.placed.label
    watch = Stopwatch(tools.clock)
    with watch.time("read"):
        input_hash = _hash_of(task.placed.item.path, tools, name)
    receipt = FileReceipt(name, "released", input_hash=input_hash, seconds=watch.seconds)
    if task.past is not None and unchanged(task.past, task.final, input_hash, setup.hasher):
        return Done(recalled(receipt, task.past, _preview_name(task)), None, {})
    context = f"{input_hash} {setup.context} {task.edits.digest() if task.edits else ''}"
    if task.counting is not None:
        # What was counted is in memory only, so that a killed run cannot go on with it: nothing of it fits.
        context += secrets.token_hex(16)
    store = FilmStore(setup.work / task.tag[:32], hashlib.sha256(context.encode()).hexdigest())
    setup.staging.mkdir(parents=True, exist_ok=True)
    staged = setup.staging / f"{secrets.token_hex(16)}{task.final.suffix}"
    preview = None if task.preview is None else setup.staging / f"{secrets.token_hex(16)}.mp4"
    try:
        done = _redacted(partial(_film, task, tools, staged, store, watch, note, input_hash), store)
        if preview is not None:
            with watch.time("preview"):
                write_preview(staged, store.hidden(), preview, tools.video, name, done.receipt.size_before)
        staged, receipt = _sealed(receipt, staged, done, store, watch, task, tools)
    except VerificationFailed as error:
        discard(staged)
        store.delete()
        verdict = Verdict("fail", rounds=MOST_ROUNDS if isinstance(error, ResiduesRemain) else 0, detail=str(error))
        return Done(replace(receipt, status="failed", error=str(error), verdict=verdict), None, tools.models.devices)
    except BaseException:
        discard(staged)
        raise
    finally:
        store.drop_unfinished()
    receipt = replace(
        receipt,
        output_hash=setup.hasher.of_file("output", staged),
        width=done.info.width,
        height=done.info.height,
        verdict=done.verdict,
    )
    return Done(receipt, staged, tools.models.devices, store.folder, preview, done.tally)


def _sealed(
    receipt: FileReceipt, staged: Path, done: FilmDone, store: FilmStore, watch: Stopwatch, task: Task, tools: Tools
) -> tuple[Path, FileReceipt]:  # fmt: skip
    """Return where a verified video lies and what is said of it, after it was given its content credentials, if any."""
    told = _told(task, tools, done.receipt, store)
    if tools.setup.signing is None:
        return staged, replace(receipt, video=told)
    from unseen.engine.credentials import film_areas, seal  # here: most runs have no use for it

    with watch.time("sign"):
        width, height = told.size_before or (done.info.width, done.info.height)
        areas, edits = film_areas(store.hidden(), replace(done.info, width=width, height=height)), told.edits
        by_hand = None if edits is None else (len(edits.removed), len(edits.visible), len(edits.added))
        path, said = seal(staged, task, done.verdict, areas, tools, by_hand)
    return path, replace(receipt, video=told, credentials=said)


def _redacted(film: Callable[[tuple[int, ...]], Film], store: FilmStore) -> FilmDone:
    """Redact a film, which is given the quarter turns in which people are looked for, too: anew with one more where
    somebody lies turned."""
    while True:
        try:
            return film(store.turns).redact()
        except LieTurned as lie:
            store.begin_anew((*store.turns, lie.turn))


def _film(
    task: Task,
    tools: Tools,
    staged: Path,
    store: FilmStore,
    watch: Stopwatch,
    note: Callable[[FrameNote], None],
    input_hash: str,
    turns: tuple[int, ...],
) -> Film:
    """Return the film to redact; raises UnreadableInput where edits have nothing to go by."""
    name, recipe = task.placed.label, tools.setup.recipe
    turns = turns or _turns_before(task, tools)
    if turns:
        recipe = replace(recipe, video=replace(recipe.video, turns=turns))
    kit = FilmTools(
        codec=tools.video,
        eyes=tools.models.film_eyes,
        opinion=tools.models.film_opinion,
        watch=watch,
        note=lambda done, total: note(FrameNote(name, done, total)),
    )
    return Film(
        source=task.placed.item.path,
        name=name,
        staged=staged,
        recipe=recipe,
        tools=kit,
        store=store,
        editing=_editing(task, tools, input_hash),
        counting=task.counting,
    )


def _turns_before(task: Task, tools: Tools) -> tuple[int, ...]:
    """Return the turns that the run found out whose tracks are edited: this one looks at nobody but by verification."""
    kept = None if task.edits is None else read_kept(tracks_path(tools.setup.tracks, task.tag))
    return () if kept is None else kept.turns


def _editing(task: Task, tools: Tools, input_hash: str) -> Editing | None:
    """Return what hides by a person's edits, None without any; raises UnreadableInput where they do not fit any more:
    they did when the run began."""
    if task.edits is None:
        return None
    setup, name, path = tools.setup, task.placed.label, tracks_path(tools.setup.tracks, task.tag)
    kept = read_kept(path)
    if kept is None:
        raise UnreadableInput(f"{name}: its tracks are gone; run once without --edits")
    if problem := misfit(kept, input_hash, setup.recipe, task.edits):
        raise UnreadableInput(f"{name}: {problem}")
    return Editing(kept_lines(path), task.edits, kept.known, setup.recipe, name)


def _told(task: Task, tools: Tools, receipt: VideoReceipt, store: FilmStore) -> VideoReceipt:
    """Return the receipt with what a person changed, of which tracks, and where the preview goes."""
    receipt = replace(receipt, preview=_preview_name(task))
    path = tracks_path(tools.setup.tracks, task.tag)
    kept = None if task.edits is None else read_kept(path)
    if task.edits is None or kept is None:
        digest = digest_of(store.hidden()) if tools.setup.hasher.comparable else None
        return replace(receipt, tracks_digest=digest)
    edits = task.edits.receipt(kept.known, spans_in(kept_lines(path), task.edits.spared))
    first = task.edits.first_found(kept.known.next_number)
    found = any(track.number >= first for track in receipt.tracks)
    digest = digest_of(with_tracks(kept_lines(path), store.hidden(), first)) if found else kept.digest
    return replace(receipt, edits=edits, tracks_digest=digest)


def _preview_name(task: Task) -> str | None:
    return None if task.preview is None else display(task.preview)


def _hash_of(path: Path, tools: Tools, name: str) -> str:
    try:
        return tools.setup.hasher.of_file("input", path)
    except OSError as error:
        raise UnreadableInput(f"{name}: cannot be read ({error.strerror}); check its permissions") from error
