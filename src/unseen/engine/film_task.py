"""One video through all stages, up to a verified file that waits for its name."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from unseen.adapters.files_output import discard
from unseen.core.receipts import FileReceipt, FrameNote, Verdict
from unseen.engine.film import Film, FilmTools
from unseen.engine.film_render import MOST_ROUNDS
from unseen.engine.film_store import FilmStore
from unseen.engine.release import ResiduesRemain, Stopwatch
from unseen.engine.resume import unchanged
from unseen.engine.work import Done, Task, Tools
from unseen.errors import UnreadableInput, VerificationFailed

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
        return Done(replace(receipt, status="resumed", output_hash=str(task.past["output"])), None, {})
    folder = setup.work / task.tag[:32]
    store = FilmStore(folder, hashlib.sha256(f"{input_hash} {setup.context}".encode()).hexdigest())
    kit = FilmTools(
        tools.video,
        tools.models.film_eyes,
        tools.models.film_opinion,
        watch,
        lambda done, total: note(FrameNote(name, done, total)),
    )
    setup.staging.mkdir(parents=True, exist_ok=True)
    staged = setup.staging / f"{secrets.token_hex(16)}{task.final.suffix}"
    try:
        done = Film(task.placed.item.path, name, staged, setup.recipe, kit, store).redact()
    except VerificationFailed as error:
        discard(staged)
        # Parts that cannot be trusted, or that end in the same failure, are no start for another run.
        shutil.rmtree(folder, ignore_errors=True)
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
        video=done.receipt,
    )
    return Done(receipt, staged, tools.models.devices, folder)


def _hash_of(path: Path, tools: Tools, name: str) -> str:
    try:
        return tools.setup.hasher.of_file("input", path)
    except OSError as error:
        raise UnreadableInput(f"{name}: cannot be read ({error.strerror}); check its permissions") from error
