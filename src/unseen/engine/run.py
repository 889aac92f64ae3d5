"""The only file that orders the stages: decide, walk, then decode, detect, hide, verify, release, record each file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.adapters.files_output import OutputFolder, check_writable
from unseen.adapters.files_pillow import PillowCodec
from unseen.adapters.files_sniff import sniff_all
from unseen.adapters.files_tree import inputs_below, refuse_overlap, refuse_records, walk
from unseen.adapters.journal_file import FileJournal
from unseen.core.edits import Edits
from unseen.core.formats import is_video
from unseen.core.jobs import Job
from unseen.core.ports import ModelStore
from unseen.core.receipts import FileReceipt, FrameNote
from unseen.core.recipe import Recipe
from unseen.engine.admission import Admission, admit
from unseen.engine.clerk import recorded
from unseen.engine.film.regions_file import RegionsFile
from unseen.engine.hashing import Hasher
from unseen.engine.inputs import read_key
from unseen.engine.local import LocalExecutor, share_cores
from unseen.engine.models import model_store
from unseen.engine.names import Placed, place, preview_places
from unseen.engine.needed_models import Models, require_models
from unseen.engine.report import Report
from unseen.engine.resume import Past, past_of, program_version
from unseen.engine.site import Site
from unseen.engine.work import Done, Setup, Task, ToolMaker, Tools, open_tools
from unseen.errors import OutputFailed, UsageError

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from unseen.core.credentials import Signatory
    from unseen.engine.counts import RunCounts
    from unseen.engine.credentials import Signing

__all__ = ["Listener", "redact_one", "run"]

#: Called with the number of files to do, then with each receipt as it comes, and with how far videos are meanwhile.
Listener = Callable[[int | FileReceipt | FrameNote], None]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What was decided before anything is touched."""

    admission: Admission
    hasher: Hasher
    models: Models
    signatory: Signatory | None = None

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
            "credentials": None if self.signatory is None else self.signatory.fingerprint,
            **self.admission.context,
        }


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
    also = ("count",) if job.counting is not None else ()
    recipe = replace(job.recipe, credentials=job.credentials is not None)
    with admit("redact", recipe, job.sources, job.access, also=also) as admission:
        terms = _settle(job, admission, model_store() if store is None else store, clock())
        return _run(job, terms, listen, make_tools, clock, context)


def _run(
    job: Job, terms: _Terms, listen: Listener, make_tools: ToolMaker, clock: Callable[[], float],
    context: BaseContext | None,
) -> Report:  # fmt: skip
    placed = _placed(job, terms)
    if any(is_video(each.below.name) for each in placed):
        from unseen.engine.film.styles import check_style  # here: photos would wait for it in vain

        check_style(terms.recipe.video.style, placed)
    signing = _signing(terms)
    edits = _edits(job, placed, terms)
    previews = preview_places(placed)
    counting = _counting(job, placed, terms.admission)
    with (
        OutputFolder(job.output) as folder,
        closing(FileJournal(folder.journal)) as journal,
    ):
        past = past_of(journal, terms.context(), terms.hasher)
        header = {"event": "run", "schema": "unseen-journal/1", "key": terms.hasher.identity, "at": clock()}
        journal.append({**header, **terms.context()})
        listen(len(placed))
        report = _report(job, terms, past, clock())
        regions, admission = RegionsFile(job.regions, folder), terms.admission
        site = Site(job, terms.hasher, folder, journal, past, regions, admission, edits, previews, counting)
        executor = _executor(job, terms, folder, placed, make_tools, listen, context, signing)
        with closing(_receipts(placed, site, executor, report.ran_on, report.started)) as receipts:
            for each, receipt in receipts:
                report.add(receipt, each.below)
                listen(each.named(receipt))
        report.ended = clock()
        _write_records(report, job, site.regions)
    if counting is not None:
        counting.finish(report)
    return report


def _settle(job: Job, admission: Admission, store: ModelStore, now: float) -> _Terms:
    """Decide everything that can be decided beforehand; raises UsageError, Refused or OutputFailed."""
    if job.workers is not None and job.workers < 1:
        raise UsageError(f"--jobs must be at least 1, got {job.workers}")
    refuse_overlap(job.sources, job.output)
    records = [path for path in (job.report, job.sheet, job.regions) if path is not None]
    named = (job.key_file, job.policy_file, job.edits, job.credentials, job.credentials_key)
    kept = [path for path in named if path is not None]
    refuse_records(records, [*job.sources, *kept], OutputFolder(job.output).own)
    hasher = Hasher(read_key(job.key_file), plain=job.plain_hashes)
    models = require_models(admission.recipe, store, counting=job.counting is not None)
    for path in records:
        check_writable(path, "that file")
    return _Terms(admission, hasher, models, _signatory(job, now))


def _signatory(job: Job, now: float) -> Signatory | None:
    if job.credentials is None and job.credentials_key is None:
        return None
    from unseen.engine.credentials import signatory_of  # here and below: most runs have no use for it

    return signatory_of(job, now)


def _signing(terms: _Terms) -> Signing | None:
    if terms.signatory is None:
        return None
    from unseen.engine.credentials import Signing, facts_of

    return Signing(terms.signatory, facts_of(terms.admission, terms.models.hashes()), program_version())


def _placed(job: Job, terms: _Terms) -> list[Placed]:
    placed: Iterable[Placed] = place(
        walk(job.sources, sniff_all),
        format=terms.recipe.format,
        rename=job.rename != "keep",
        key=terms.hasher.key,
        inputs=inputs_below(job.sources, job.output),
    )
    if terms.signatory is not None:
        from unseen.engine.credentials import refuse_unsignable

        placed = refuse_unsignable(placed)
    return terms.admission.screen(list(placed))


def _edits(job: Job, placed: list[Placed], terms: _Terms) -> Mapping[Path, Edits]:
    if job.edits is None:
        return {}
    from unseen.engine.film.edits import edits_for

    rules, tracks = terms.admission.floor, OutputFolder(job.output).tracks
    return edits_for(job.edits, placed, tracks, terms.hasher, terms.recipe, rules)


def _counting(job: Job, placed: Sequence[Placed], admission: Admission) -> RunCounts | None:
    if job.counting is None:
        return None
    from unseen.engine.counts import RunCounts, minimised

    return RunCounts(minimised(job.counting, admission.kept.fields), job, placed)


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
    signing: Signing | None,
) -> LocalExecutor[Task, Done]:
    videos = [is_video(each.item.path.name) for each in placed if each.item.fate == "redact"]
    workers, threads = share_cores(len(videos), job.workers)
    terms_now = json.dumps(terms.context(), sort_keys=True)
    setup = Setup(terms.recipe, terms.models, terms.hasher, folder.staging, job.device, threads, terms_now)
    setup = replace(
        setup, counting=job.counting is not None, photos=not all(videos), films=any(videos), signing=signing
    )
    make = partial(make_tools, setup)
    ahead = 0 if any(videos) else 2
    return LocalExecutor(make, redact_one, workers=workers, context=context, listen=listen, ahead=ahead)


def redact_one(task: Task, tools: Tools, note: Callable[[FrameNote], None]) -> Done:
    """Take one file through the stages, up to a verified file that waits for its name; raises FileError."""
    if is_video(task.placed.item.path.name):
        from unseen.engine.film.task import redact_video  # here and below: photos would wait for it in vain

        return redact_video(task, tools, note)
    from unseen.engine.photo import redact_photo  # here: as would videos for this

    return redact_photo(task, tools)


def _receipts(
    placed: Sequence[Placed],
    site: Site,
    executor: LocalExecutor[Task, Done],
    ran_on: Callable[[Mapping[str, str]], None],
    now: float,
) -> Generator[tuple[Placed, FileReceipt], None, None]:
    """Yield a receipt for every entry: those that cannot be done first, then the others as they are released."""

    def record(task: Task, result: Done | Exception) -> FileReceipt:
        if isinstance(result, Done):
            ran_on(result.devices)
        return site.release(task, result)

    tasks = []
    for each in placed:
        problem = each.problem or site.problem(each)
        if problem:
            status = "skipped" if each.item.fate == "skip" else "failed"
            yield each, FileReceipt(each.label, status, error=each.told(problem))  # type: ignore[arg-type]
        else:
            tasks.append(site.task(each))
    site.forget_old_work(tasks, now)
    with closing(executor.run(tasks)) as results, closing(recorded(results, record)) as receipts:
        for task, receipt in receipts:
            yield task.placed, receipt


def _write_records(report: Report, job: Job, regions: RegionsFile) -> None:
    """Write report and contact sheet; what goes wrong is a problem of the run, as the photos are released by now."""
    writers: list[tuple[Path | None, Callable[[Path], None]]] = [
        (job.regions, lambda _: regions.finish()),
        (job.report, report.write),
        (job.sheet, lambda path: _write_sheet(report, job, path)),
    ]
    for path, write in writers:
        try:
            if path is not None:
                write(path)
        except (OutputFailed, UsageError) as error:
            report.problems.append(str(error))


def _write_sheet(report: Report, job: Job, path: Path) -> None:
    from unseen.engine.sheet import write_sheet  # here: most runs have no use for it

    write_sheet(report, job.output, path, PillowCodec())
