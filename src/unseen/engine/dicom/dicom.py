"""A run over DICOM objects: list, decide what is done, share among workers, record, and give names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.adapters.files_output import OutputFolder, check_writable
from unseen.adapters.files_tree import refuse_overlap, refuse_records
from unseen.adapters.journal_file import FileJournal
from unseen.adapters.vault_file import Vault
from unseen.core.dicom import DicomJob, DicomReceipt, DicomRecipe
from unseen.engine.admission import Admission, admit
from unseen.engine.dicom.inputs import DicomSource, dicom_sources
from unseen.engine.dicom.release import DicomReleases
from unseen.engine.dicom.report import DicomReport
from unseen.engine.dicom.tools import minimised, open_dicom_tools
from unseen.engine.dicom.work import DicomDone, DicomSetup, DicomTask, DicomTools, deidentify_files, path_tag
from unseen.engine.hashing import Hasher
from unseen.engine.inputs import read_key
from unseen.engine.local import LocalExecutor, share_cores
from unseen.errors import Denied, OutputFailed, UnseenError, UsageError

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from unseen.core.ports import Journal
    from unseen.engine.dicom.heads import Faces

__all__ = ["DicomListener", "run_dicom"]

#: Called with the number of objects to do, then with each receipt as it comes.
DicomListener = Callable[[int | DicomReceipt], None]

_MAX_CHUNK = 16
_CHUNKS_EACH = 6
#: A whole chunk is forced to disk at once: ext4 then writes its journal once for all, 16 files in 5 ms; by 4 threads it
#: took 17 ms, one after the other 59.
_SYNCING = _MAX_CHUNK
_NOTE = "earlier results in this folder were made with another key: every object is done again; use the same --key"


def run_dicom(
    job: DicomJob,
    listen: DicomListener = lambda _: None,
    *,
    make_tools: Callable[[DicomSetup], DicomTools] = open_dicom_tools,
    clock: Callable[[], float] = time.time,
    context: BaseContext | None = None,
) -> DicomReport:
    """Do a job and return its report; raises UsageError or Refused before anything is read."""
    hasher = _settled(job)
    with ExitStack() as stack:
        admission = stack.enter_context(admit("dicom", None, job.sources, job.access))
        job = replace(job, recipe=minimised(job.recipe, admission.kept.fields))
        folder = stack.enter_context(OutputFolder(job.output))
        journal = stack.enter_context(closing(FileJournal(folder.journal)))
        vault = stack.enter_context(Vault(job.vault, hasher.key)) if job.vault else None
        syncing = stack.enter_context(ThreadPoolExecutor(_SYNCING))
        context_now = {"recipe": job.recipe.digest(), "unseen": _version(), **admission.context}
        past, ours, others = _past(journal, context_now, hasher)
        _begin(journal, context_now, hasher, clock())
        report = DicomReport(job.recipe, hasher.key.kept, clock(), _NOTE if others else "")
        sources = [_screened(source, admission) for source in dicom_sources(job.sources)]
        listen(len(sources))
        site = DicomReleases(job, hasher, folder, journal, vault, ours, syncing, admission)
        folder.staging.mkdir(parents=True, exist_ok=True)
        tools = partial(make_tools, _setup(job, hasher, folder, admission, sources))
        for receipt in _receipts(sources, past, site, tools, context):
            report.receipts.append(receipt)
            listen(receipt)
    report.ended = clock()
    _write_report(report, job.report)
    return report


def _setup(
    job: DicomJob, hasher: Hasher, folder: OutputFolder, admission: Admission, sources: Sequence[DicomSource]
) -> DicomSetup:
    """Return what every worker needs to make its tools."""
    return DicomSetup(
        job.recipe,
        hasher,
        folder.staging,
        job.output,
        pairs=job.vault is not None,
        patients=bool(admission.context),
        faces=_faces(sources, job.recipe),
    )


def _write_report(report: DicomReport, path: Path | None) -> None:
    """Write the report; what goes wrong is a problem of the run, as the objects are released by now."""
    if path is None:
        return
    try:
        report.write(path)
    except (OutputFailed, UsageError) as error:
        report.problems.append(str(error))


def _screened(source: DicomSource, admission: Admission) -> DicomSource:
    """Return a file as it is, or as one that is not read where the gate refuses it."""
    if source.fate != "read":
        return source
    try:
        admission.check(source.path, output="dicom")
    except Denied as error:
        return replace(source, fate="refused", note=str(error))
    except UnseenError as error:
        # Its words may hold the file's name.
        return replace(source, fate="refused", note=f"refused: no label could be had for it ({type(error).__name__})")
    return source


def _faces(sources: Sequence[DicomSource], recipe: DicomRecipe) -> Faces:
    """Return where faces are in series of heads, where they are to be removed."""
    if not recipe.deface:
        return {}
    from unseen.engine.dicom.heads import measure_faces

    return measure_faces(sources, recipe)


def _settled(job: DicomJob) -> Hasher:
    """Decide what can be decided beforehand; raises UsageError, Refused, KeyUnusable or OutputFailed."""
    if job.workers is not None and job.workers < 1:
        raise UsageError(f"--jobs must be at least 1, got {job.workers}")
    if job.vault is not None and job.key_file is None:
        raise UsageError("--vault needs --key: a map that nobody can decrypt helps nobody")
    refuse_overlap(job.sources, job.output)
    records = [path for path in (job.report, job.vault) if path is not None]
    kept = [job.key_file] if job.key_file else []
    refuse_records(records, [*job.sources, *kept], OutputFolder(job.output).own)
    for path in records:
        check_writable(path, "that file")
    return Hasher(read_key(job.key_file))


def _past(
    journal: Journal, context: Mapping[str, object], hasher: Hasher
) -> tuple[dict[str, Mapping[str, object]], dict[str, str], bool]:
    """Return what was done under this context, by input; all places ever written, each with its input, "" where another
    key was used; whether any was."""
    done: dict[str, Mapping[str, object]] = {}
    ours, comparable, others = dict[str, str](), False, False
    for entry in journal.entries():
        if entry.get("event") == "run":
            comparable = all(entry.get(name) == value for name, value in context.items())
        elif entry.get("event") == "dicom":
            known = entry.get("key") == hasher.identity
            ours[str(entry.get("place"))] = str(entry.get("path")) if known else ""
            if not known:
                others = True
            elif comparable:
                done[str(entry.get("path"))] = entry
    return done, ours, others and hasher.comparable


def _begin(journal: Journal, context: Mapping[str, object], hasher: Hasher, at: float) -> None:
    """Note that a run begins, so that what it does is known to be done under this context and key."""
    journal.append({"event": "run", "schema": "unseen-journal/1", "key": hasher.identity, "at": at, **context})


def _receipts(
    sources: Sequence[DicomSource],
    past: Mapping[str, Mapping[str, object]],
    site: DicomReleases,
    make_tools: Callable[[], DicomTools],
    context: BaseContext | None,
) -> Iterator[DicomReceipt]:
    """Yield a receipt for every source: those that are not read first, then the others as they are released."""
    for source in sources:
        if source.fate != "read":
            status = "skipped" if source.fate == "skip" else "failed"
            yield site.named(source, DicomReceipt(source.number, status, error=source.note))  # type: ignore[arg-type]
    read = [source for source in sources if source.fate == "read"]
    workers, _ = share_cores(len(read), site.job.workers)
    tasks = _tasks(read, past, workers, site.hasher)
    executor: LocalExecutor[DicomTask, list[DicomDone]] = LocalExecutor(
        make_tools, deidentify_files, workers=workers, context=context, ahead=1
    )
    again: list[DicomTask] = []
    for task, result in _closing(executor, tasks):
        if isinstance(result, Exception) and len(task.sources) > 1:
            # One of them killed its worker: each is tried alone, so that the others are done.
            again += [replace(task, sources=(source,)) for source in task.sources]
        else:
            yield from site.take(task, result)
    for task, result in _closing(executor, again):
        yield from site.take(task, result)
    yield from site.finish()


def _closing(
    executor: LocalExecutor[DicomTask, list[DicomDone]], tasks: Sequence[DicomTask]
) -> Iterator[tuple[DicomTask, list[DicomDone] | Exception]]:
    with closing(executor.run(tasks)) as results:
        yield from results


def _tasks(
    sources: Sequence[DicomSource], past: Mapping[str, Mapping[str, object]], workers: int, hasher: Hasher
) -> list[DicomTask]:
    """Share sources out in chunks: one at a time would spend more on talking than on small files."""
    size = max(1, min(_MAX_CHUNK, len(sources) // (workers * _CHUNKS_EACH)))
    chunks = [tuple(sources[i : i + size]) for i in range(0, len(sources), size)]
    tags = [[path_tag(source, hasher) for source in chunk] if past else [] for chunk in chunks]
    return [DicomTask(c, {tag: past[tag] for tag in t if tag in past}) for c, t in zip(chunks, tags, strict=True)]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("unseen")
    except PackageNotFoundError:
        return "unknown"
