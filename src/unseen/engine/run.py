"""The only file that orders the stages: decide, walk, then decode, detect, hide, verify, release, record each file."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.context import BaseContext
from pathlib import Path

from unseen.adapters.files_output import OutputFolder, check_writable, discard
from unseen.adapters.files_pillow import PillowCodec, sniff
from unseen.adapters.files_tree import inputs_below, refuse_overlap, refuse_records, walk
from unseen.adapters.journal_file import FileJournal
from unseen.core.edits import Edits
from unseen.core.formats import is_video
from unseen.core.jobs import Job
from unseen.core.names import display
from unseen.core.ports import Journal, ModelStore
from unseen.core.receipts import FileReceipt, FrameNote
from unseen.core.recipe import Recipe
from unseen.engine.admission import Admission, admit
from unseen.engine.assemble import Models, require_models
from unseen.engine.clerk import recorded
from unseen.engine.hashing import Hasher
from unseen.engine.inputs import read_key
from unseen.engine.local import LocalExecutor, share_cores, unexpected
from unseen.engine.models import model_store
from unseen.engine.names import Placed, place, preview_places
from unseen.engine.photo import redact_photo
from unseen.engine.regions_file import RegionsFile
from unseen.engine.report import Report
from unseen.engine.resume import Past, entry_for, past_of, path_tag, preview_entry, program_version
from unseen.engine.sheet import write_sheet
from unseen.engine.work import Done, Setup, Task, ToolMaker, Tools, open_tools
from unseen.errors import OutputFailed, OutputTaken, UnseenError, UsageError

__all__ = ["Listener", "redact_one", "run"]

#: Called with the number of files to do, then with each receipt as it comes, and with how far videos are meanwhile.
Listener = Callable[[int | FileReceipt | FrameNote], None]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What was decided before anything is touched."""

    admission: Admission
    hasher: Hasher
    models: Models

    @property
    def recipe(self) -> Recipe:
        """The recipe, with all that the policy obliges to."""
        return self.admission.recipe

    def context(self) -> dict[str, object]:
        """Return what must be as it was for a file to be skipped by a later run."""
        return {
            "recipe": self.recipe.digest(),
            "models": self.models.hashes(),
            "policy": self.admission.digest,
            "unseen": program_version(),
            **self.admission.context,
        }


@dataclass(frozen=True, slots=True)
class _Site:
    """Where results go, and what is known of earlier runs there."""

    job: Job
    hasher: Hasher
    folder: OutputFolder
    journal: Journal
    past: Past
    regions: RegionsFile
    recipe: str
    edits: Mapping[Path, Edits]
    previews: Mapping[Path, Path]
    admission: Admission


def run(
    job: Job,
    listen: Listener = lambda _: None,
    *,
    store: ModelStore | None = None,
    make_tools: ToolMaker = open_tools,
    clock: Callable[[], float] = time.time,
    context: BaseContext | None = None,
) -> Report:
    """Do a job and return its report; `store` defaults to this machine's models, `context` to fresh processes.

    Raises UsageError or Refused before any photo is read; what goes wrong with one file is in the report.
    """
    with admit("redact", job.recipe, job.sources, job.access) as admission:
        terms = _settle(job, admission, model_store() if store is None else store)
        return _run(job, terms, listen, make_tools, clock, context)


def _run(
    job: Job, terms: _Terms, listen: Listener, make_tools: ToolMaker, clock: Callable[[], float],
    context: BaseContext | None,
) -> Report:  # fmt: skip
    placed = _placed(job, terms)
    edits = _edits(job, placed, terms)
    previews = preview_places(placed)
    with (
        OutputFolder(job.output, keep_work=job.key_file is not None) as folder,
        closing(FileJournal(folder.journal)) as journal,
    ):
        past = past_of(journal, terms.context(), terms.hasher)
        header = {"event": "run", "schema": "unseen-journal/1", "key": terms.hasher.identity, "at": clock()}
        journal.append({**header, **terms.context()})
        listen(len(placed))
        report = _report(job, terms, past, clock())
        regions = RegionsFile(job.regions)
        site = _Site(
            job, terms.hasher, folder, journal, past, regions, terms.recipe.digest(), edits, previews, terms.admission
        )
        executor = _executor(job, terms, folder, placed, make_tools, listen, context)
        with closing(_receipts(placed, site, executor, report.ran_on)) as receipts:
            for each, receipt in receipts:
                report.add(receipt, each.below)
                listen(each.named(receipt))
    report.ended = clock()
    _write_records(report, job, site.regions)
    return report


def _settle(job: Job, admission: Admission, store: ModelStore) -> _Terms:
    """Decide everything that can be decided beforehand; raises UsageError, Refused or OutputFailed."""
    if job.workers is not None and job.workers < 1:
        raise UsageError(f"--jobs must be at least 1, got {job.workers}")
    refuse_overlap(job.sources, job.output)
    records = [path for path in (job.report, job.sheet, job.regions) if path is not None]
    kept = [path for path in (job.key_file, job.policy_file, job.edits) if path is not None]
    refuse_records(records, [*job.sources, *kept], OutputFolder(job.output).own)
    hasher = Hasher(read_key(job.key_file), plain=job.plain_hashes)
    models = require_models(admission.recipe, store)
    for path in records:
        check_writable(path, "that file")
    return _Terms(admission, hasher, models)


def _placed(job: Job, terms: _Terms) -> list[Placed]:
    placed = place(
        walk(job.sources, sniff),
        format=terms.recipe.format,
        rename=job.rename != "keep",
        key=terms.hasher.key,
        inputs=inputs_below(job.sources, job.output),
    )
    return terms.admission.screen(list(placed))


def _edits(job: Job, placed: list[Placed], terms: _Terms) -> Mapping[Path, Edits]:
    if job.edits is None:
        return {}
    from unseen.engine.edits import edits_for

    return edits_for(
        job.edits, placed, OutputFolder(job.output).tracks, terms.hasher, terms.recipe, terms.admission.floor
    )


def _report(job: Job, terms: _Terms, past: Past, started: float) -> Report:
    return Report(
        recipe=terms.recipe,
        models=terms.models.all,
        policy=terms.admission.digest,
        raised=(*terms.admission.raised, *terms.admission.warnings),
        plain_hashes=job.plain_hashes,
        resume_note=past.note,
        started=started,
    )


def _executor(
    job: Job,
    terms: _Terms,
    folder: OutputFolder,
    placed: Sequence[Placed],
    make_tools: ToolMaker,
    listen: Listener,
    context: BaseContext | None,
) -> LocalExecutor[Task, Done]:
    files = sum(each.item.fate == "redact" for each in placed)
    workers, threads = share_cores(files, job.workers)
    terms_now = json.dumps(terms.context(), sort_keys=True)
    setup = Setup(terms.recipe, terms.models, terms.hasher, folder.staging, job.device, threads, terms_now)
    make = partial(make_tools, setup)
    ahead = 0 if any(is_video(each.item.path.name) for each in placed) else 2
    return LocalExecutor(make, redact_one, workers=workers, context=context, listen=listen, ahead=ahead)


def redact_one(task: Task, tools: Tools, note: Callable[[FrameNote], None]) -> Done:
    """Take one file through the stages, up to a verified file that waits for its name; raises FileError."""
    if is_video(task.placed.item.path.name):
        from unseen.engine.film_task import redact_video  # here and below: photos would wait for it in vain

        return redact_video(task, tools, note)
    return redact_photo(task, tools)


def _receipts(
    placed: Sequence[Placed],
    site: _Site,
    executor: LocalExecutor[Task, Done],
    ran_on: Callable[[Mapping[str, str]], None],
) -> Generator[tuple[Placed, FileReceipt], None, None]:
    """Yield a receipt for every entry: those that cannot be done first, then the others as they are released."""
    tasks = []
    for each in placed:
        final, tag = site.job.output / each.below, path_tag(site.hasher, each.below)
        preview = site.previews.get(each.below) if site.job.preview else None
        problem = each.problem or _taken(each.below, each, site) or (preview and _taken(preview, each, site)) or ""
        if problem:
            status = "skipped" if each.item.fate == "skip" else "failed"
            yield each, FileReceipt(each.label, status, error=each.told(problem))  # type: ignore[arg-type]
        else:
            tasks.append(Task(each, final, _past(each, preview, tag, site), tag, site.edits.get(each.below), preview))
    _forget_other_work(site.folder, {task.tag[:32] for task in tasks})
    with (
        closing(executor.run(tasks)) as results,
        closing(recorded(results, partial(_release, site=site, ran_on=ran_on))) as receipts,
    ):
        for task, receipt in receipts:
            yield task.placed, receipt


def _release(
    task: Task, result: Done | Exception, site: _Site, ran_on: Callable[[Mapping[str, str]], None]
) -> FileReceipt:
    """Record a verified file and give it its name; whatever goes wrong becomes the receipt of a failure."""
    if isinstance(result, Done):
        ran_on(result.devices)
    if isinstance(result, Exception):
        return _failure(FileReceipt(task.placed.label, "failed"), task, str(result))
    receipt = result.receipt
    if receipt.status == "failed":
        return _failure(receipt, task, receipt.error or "")
    if result.staged is not None:
        try:
            receipt = _give_name(result, result.staged, task, site)
        except Exception as error:  # noqa: BLE001  # a bug must release nothing, nor stop the other files
            text = str(error) if isinstance(error, UnseenError) else str(unexpected(error))
            return _failure(replace(receipt, regions=(), verdict=None, output_hash=None), task, text)
    return replace(receipt, output=display(task.placed.below))


def _past(placed: Placed, preview: Path | None, tag: str, site: _Site) -> Mapping[str, object] | None:
    """Return what the journal knows of a file if that and its hashes decide whether it is done again, else None."""
    past, edits = site.past.done.get(tag), site.edits.get(placed.below)
    if past is None or past.get("edits") != (edits.digest() if edits else None):
        return None
    needed = [] if preview is None else [site.job.output / preview]
    if is_video(placed.below.name):
        from unseen.engine.film_tracks import tracks_path

        needed.append(tracks_path(site.folder.tracks, tag))
    return past if all(path.is_file() for path in needed) else None


def _give_name(done: Done, staged: Path, task: Task, site: _Site) -> FileReceipt:
    """Label it, write the journal, then rename: what a killed run leaves is either recorded or not there."""
    below, receipt, preview = task.placed.below, done.receipt, task.preview
    try:
        problem = _taken(below, task.placed, site) or (preview and _taken(preview, task.placed, site))
        if problem:
            raise OutputTaken(problem)
        receipt = site.admission.labelled(receipt, task.placed.item.path, staged, task.final)
        if done.work is not None and site.hasher.comparable:
            from unseen.engine.edits import keep_for_edits

            keep_for_edits(done.work, task, receipt, site.recipe, site.folder.tracks)
        if preview is not None and done.preview is not None:
            site.admission.labelled(receipt, task.placed.item.path, done.preview, site.job.output / preview)
            site.journal.append(preview_entry(preview, done.preview, site.hasher))
            site.folder.release(done.preview, site.job.output / preview)
        site.journal.append(entry_for(below, receipt, staged, site.hasher, task.edits))
        site.folder.release(staged, task.final)
        if done.work is not None:
            site.regions.add(task.placed.label, done.work)
            shutil.rmtree(done.work, ignore_errors=True)
        _forget_preview(task, site)
        return receipt
    except OSError as error:
        raise OutputFailed(f"the staged file is gone ({error.strerror}); run again") from error
    finally:
        discard(staged)


def _forget_preview(task: Task, site: _Site) -> None:
    """Delete the preview that an earlier run made of a video, if this one makes none: it may show more by now."""
    below = site.previews.get(task.placed.below)
    if task.preview is None and below is not None and path_tag(site.hasher, below) in site.past.previews:
        discard(site.job.output / below)


def _forget_other_work(folder: OutputFolder, wanted: set[str]) -> None:
    """Delete parts of videos that no task of this run can go on with."""
    if not folder.work.is_dir():
        return
    for each in folder.work.iterdir():
        if each.name not in wanted:
            shutil.rmtree(each, ignore_errors=True)


def _failure(receipt: FileReceipt, task: Task, text: str) -> FileReceipt:
    stale = "; what an earlier run wrote there is still there" if os.path.lexists(task.final) else ""
    return replace(receipt, status="failed", error=task.placed.told(text) + stale)


def _taken(below: Path, placed: Placed, site: _Site) -> str:
    """Return why a name below the output cannot be used for a file or its preview, or ""."""
    final, what = site.job.output / below, "output" if below == placed.below else "preview"
    if not os.path.lexists(final):
        return ""
    try:
        useless = final.is_symlink() or final.is_dir() or final.samefile(placed.item.path)
    except OSError:
        useless = False
    if useless:
        return f"the {what} would replace the input, a link or a folder; choose another -o"
    if site.job.overwrite or site.past.owns(final, path_tag(site.hasher, below)):
        return ""
    return f"a file that Unseen did not write has the {what}'s name; choose an empty -o, or say --overwrite"


def _write_records(report: Report, job: Job, regions: RegionsFile) -> None:
    """Write report and contact sheet; what goes wrong is a problem of the run, as the photos are released by now."""
    writers: list[tuple[Path | None, Callable[[Path], None]]] = [
        (job.regions, lambda _: regions.finish()),
        (job.report, report.write),
        (job.sheet, lambda path: write_sheet(report, job.output, path, PillowCodec())),
    ]
    for path, write in writers:
        try:
            if path is not None:
                write(path)
        except OutputFailed as error:
            report.problems.append(str(error))
