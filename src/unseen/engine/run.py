"""The only file that orders the stages: decide, walk, then decode, detect, hide, verify, release, record each photo."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from unseen.adapters.files_output import OutputFolder
from unseen.adapters.files_pillow import PillowCodec, sniff
from unseen.adapters.files_tree import Item, refuse_overlap, walk
from unseen.adapters.journal_file import FileJournal
from unseen.core.jobs import Job
from unseen.core.names import display
from unseen.core.ports import Journal, PhotoCodec
from unseen.core.receipts import FileReceipt, Status
from unseen.core.recipe import Recipe
from unseen.engine.assemble import Assembled, Models, assemble, require_models
from unseen.engine.hashing import Hasher
from unseen.engine.inputs import read_key, read_photo, read_policy
from unseen.engine.local import LocalExecutor
from unseen.engine.models import model_store
from unseen.engine.names import Placed, place
from unseen.engine.release import Stopwatch, Workbench, stage_verified
from unseen.engine.report import Report
from unseen.engine.resume import Past, entry_for, past_of, path_tag, resume_note, unchanged
from unseen.engine.sheet import write_sheet
from unseen.errors import OutputTaken, Refused, UnseenError, UsageError
from unseen.media.photos import plan
from unseen.policy.rules import decide

__all__ = ["Listener", "run"]

#: Called with the number of files to do, then with each receipt as it comes.
Listener = Callable[[int | FileReceipt], None]
_FEW = 4


@dataclass(frozen=True, slots=True)
class Setup:
    """What every worker needs to make its tools; can be sent to another process."""

    recipe: Recipe
    models: Models
    hasher: Hasher
    staging: Path
    device: str
    threads: int


@dataclass(frozen=True, slots=True)
class Tools:
    """What one worker works with."""

    setup: Setup
    codec: PhotoCodec
    models: Assembled
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Task:
    """One photo: where it is, where it goes, its name in messages, and what the journal knows of it."""

    source: Path
    final: Path
    name: str
    past: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker hands back: the receipt, and the staged file that waits for its name (None if resumed)."""

    receipt: FileReceipt
    staged: Path | None
    devices: Mapping[str, str]


def run(job: Job, listen: Listener = lambda _: None, *, clock: Callable[[], float] = time.time) -> Report:
    """Do a job and return its report.

    Raises UsageError or Refused before anything is written; what goes wrong with one file is in the report.
    """
    policy = read_policy(job.policy_file)
    decision = decide(job.recipe, policy)
    if not decision.allowed:
        raise Refused("; ".join(decision.reasons))
    recipe = decision.recipe
    refuse_overlap(job.sources, job.output)
    hasher = Hasher(read_key(job.key_file), plain=job.plain_hashes)
    models = require_models(recipe, model_store())
    with OutputFolder(job.output) as folder:
        journal = FileJournal(folder.journal)
        context = {"recipe": recipe.digest(), "models": models.hashes(), "policy": policy.digest()}
        past = past_of(journal, context, hasher)
        journal.append({"event": "run", "schema": "unseen-journal/1", "key": hasher.identity, "at": clock(), **context})
        placed = list(
            place(walk(job.sources, sniff), format=recipe.format, rename=job.rename != "keep", key=hasher.key)
        )
        listen(len(placed))
        report = Report(
            recipe=recipe,
            models=models.all,
            policy=policy.digest(),
            raised=decision.raised,
            plain_hashes=job.plain_hashes,
            resume_note=resume_note(journal, hasher),
            started=clock(),
        )
        workers = _workers(job.workers, sum(item.fate == "redact" for item, _, _ in placed))
        threads = max(1, _cores() // workers)
        setup = Setup(recipe, models, hasher, folder.staging, job.device, threads)
        for receipt in _receipts(job, placed, past, folder, journal, setup, workers, report.ran_on):
            report.add(receipt)
            listen(receipt)
        journal.close()
    report.ended = clock()
    if job.report is not None:
        report.write(job.report)
    if job.sheet is not None:
        write_sheet(report, job.output, job.sheet, PillowCodec())
    return report


def _receipts(
    job: Job,
    placed: list[Placed],
    past: Past,
    folder: OutputFolder,
    journal: Journal,
    setup: Setup,
    workers: int,
    ran_on: Callable[[Mapping[str, str]], None],
) -> Iterator[FileReceipt]:
    """Yield a receipt for every entry: those that cannot be done first, then the others as they are released."""
    tasks = []
    for item, below, clash in placed:
        final, name = job.output / below, display(item.relative)
        problem = clash or _taken(final, item, folder, overwrite=job.overwrite)
        if item.fate == "redact" and not problem:
            tasks.append(Task(item.path, final, name, past.get(path_tag(setup.hasher, below))))
        else:
            status: Status = "skipped" if item.fate == "skip" else "failed"
            yield FileReceipt(input=name, status=status, error=f"{name}: {item.note or problem}")
    executor: LocalExecutor[Task, Done] = LocalExecutor(partial(make_tools, setup), redact_one, workers=workers)
    for task, result in executor.run(tasks):
        if isinstance(result, Done):
            ran_on(result.devices)
        yield _release(task, result, job, folder, journal, setup.hasher)


def make_tools(setup: Setup) -> Tools:
    """Open the models for one worker."""
    return Tools(
        setup=setup,
        codec=PillowCodec(),
        models=assemble(setup.recipe, setup.models, setup.device, setup.threads),
        clock=time.perf_counter,
    )


def redact_one(task: Task, tools: Tools) -> Done:
    """Take one photo through the stages, up to a verified file that waits for its name; raises FileError."""
    recipe, hasher = tools.setup.recipe, tools.setup.hasher
    watch = Stopwatch(tools.clock)
    with watch.time("read"):
        data = read_photo(task.source, task.name, recipe.limits.max_bytes)
        input_hash = hasher.of("input", data)
    if task.past is not None and unchanged(task.past, task.final, input_hash, hasher):
        receipt = FileReceipt(task.name, "resumed", display(task.final.name), input_hash=input_hash)
        return Done(replace(receipt, output_hash=str(task.past["output"])), None, {})
    with watch.time("decode"):
        photo = tools.codec.decode(data, task.name, recipe.limits)
    with watch.time("detect"):
        regions = plan(photo, tools.models.eyes, recipe)
    bench = Workbench(tools.codec, tools.models.opinion, np.random.default_rng(), tools.setup.staging, watch)
    staged = stage_verified(
        photo, regions, recipe, bench, task.name, look_again=_looks_again(recipe, input_hash, hasher)
    )
    receipt = FileReceipt(
        input=task.name,
        status="released",
        input_hash=input_hash,
        output_hash=hasher.of("output", staged.data),
        width=photo.frames[0].width,
        height=photo.frames[0].height,
        regions=staged.regions,
        verdict=staged.verdict,
        seconds=watch.seconds,
    )
    return Done(receipt, staged.path, tools.models.devices)


def _release(
    task: Task, result: Done | Exception, job: Job, folder: OutputFolder, journal: Journal, hasher: Hasher
) -> FileReceipt:
    """Give a verified file its name and record it; whatever went wrong becomes the receipt of a failure."""
    below = task.final.relative_to(job.output)
    try:
        if isinstance(result, Exception):
            raise result
        receipt = replace(result.receipt, output=display(below))
        if result.staged is not None:
            folder.release(result.staged, task.final)
            journal.append(entry_for(below, receipt, hasher))
        return _without_name(receipt) if job.rename != "keep" else receipt
    except UnseenError as error:
        text = str(error)
        message = text if text.startswith(task.name) else f"{task.name}: {text}"
    except Exception as error:  # noqa: BLE001  # a bug must not release anything, nor stop the other files
        message = f"{task.name}: unexpected {type(error).__name__}; leave the file out and report this"
    return FileReceipt(task.name, "failed", error=message)


def _without_name(receipt: FileReceipt) -> FileReceipt:
    """Renamed files keep their old name out of the report: the pseudonym and the commitment stand for it."""
    return replace(receipt, input=receipt.output or "")


def _looks_again(recipe: Recipe, input_hash: str, hasher: Hasher) -> bool:
    """Whether this file is verified by a second look: always, never, or by a secret draw that its hash decides."""
    if recipe.verify != "sample":
        return recipe.verify == "full"
    draw = int(hasher.key.tag("sample", input_hash.encode())[:12], 16) / float(1 << 48)
    return draw < recipe.sample_share


def _taken(final: Path, item: Item, folder: OutputFolder, *, overwrite: bool) -> str:
    """Return why an output name cannot be used, or ""."""
    if not os.path.lexists(final):
        return ""
    try:
        same = final.samefile(item.path)
    except OSError:
        same = False
    if same or final.is_symlink() or final.is_dir():
        return "the output would replace the input, a link or a folder; choose another -o"
    if folder.was_ours or overwrite:
        return ""
    return str(OutputTaken("the output exists and is not ours; choose an empty -o, or say --overwrite"))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _workers(asked: int | None, photos: int) -> int:
    """Return how many processes to use: one core each, but one process for a few photos, as each loads the models."""
    if asked is not None:
        if asked < 1:
            raise UsageError(f"--jobs must be at least 1, got {asked}")
        return asked
    return 1 if photos <= _FEW else max(1, min(_cores(), photos // 2))
