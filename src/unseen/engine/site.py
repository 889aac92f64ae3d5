"""Where the results of a run go: names that are free, earlier runs there, and a verified file that gets its name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.adapters.files_output import OutputFolder, discard
from unseen.core.edits import Edits
from unseen.core.formats import is_video
from unseen.core.jobs import Job
from unseen.core.names import display
from unseen.core.ports import Journal
from unseen.core.receipts import FileReceipt
from unseen.engine.admission import Admission
from unseen.engine.attempts import unexpected
from unseen.engine.film.regions_file import RegionsFile
from unseen.engine.hashing import Hasher
from unseen.engine.names import Placed
from unseen.engine.resume import Past, entry_for, path_tag, preview_entry
from unseen.engine.work import Done, Task
from unseen.errors import OutputFailed, OutputTaken, UnseenError

if TYPE_CHECKING:
    from unseen.engine.counts import RunCounts

__all__ = ["Site"]


@dataclass(frozen=True, slots=True)
class Site:
    """Where results go, what is known of earlier runs there, and what is asked of each entry.

    `admission` labels what is released; `edits` and `previews` go by the entry's place, `counting` is None where
    nothing is counted.
    """

    job: Job
    hasher: Hasher
    folder: OutputFolder
    journal: Journal
    past: Past
    regions: RegionsFile
    admission: Admission
    edits: Mapping[Path, Edits]
    previews: Mapping[Path, Path]
    counting: RunCounts | None = None

    def problem(self, placed: Placed) -> str:
        """Return why an entry's output or preview cannot have its name, or ""."""
        preview = self._preview(placed)
        return self._taken(placed.below, placed) or (self._taken(preview, placed) if preview is not None else "")

    def task(self, placed: Placed) -> Task:
        """Return what a worker has to do for an entry."""
        tag, preview = path_tag(self.hasher, placed.below), self._preview(placed)
        plan = None if self.counting is None else self.counting.of(placed)
        past = self._past(placed, preview, tag) if plan is None else None
        return Task(placed, self.job.output / placed.below, past, tag, self.edits.get(placed.below), preview, plan)

    def release(self, task: Task, result: Done | Exception) -> FileReceipt:
        """Record a verified file and give it its name; whatever goes wrong becomes the receipt of a failure."""
        if isinstance(result, Exception):
            return _failure(FileReceipt(task.placed.label, "failed"), task, str(result))
        receipt = result.receipt
        if receipt.status == "failed":
            return _failure(receipt, task, receipt.error or "")
        try:
            if result.staged is not None:
                receipt = self._give_name(result, result.staged, task)
            elif is_video(task.placed.below.name):
                self.regions.add_kept(task.placed.label, task.tag)
        except Exception as error:  # noqa: BLE001  # a bug must release nothing, nor stop the other files
            text = str(error) if isinstance(error, UnseenError) else str(unexpected(error))
            return _failure(receipt, task, text)
        if result.staged is not None and self.counting is not None:
            self.counting.add(result.tally)
        return replace(receipt, output=display(task.placed.below))

    def forget_old_work(self, tasks: Iterable[Task], now: float) -> None:
        """Delete parts of videos that no task of this run can go on with, once they are old."""
        if self.folder.work.is_dir():
            from unseen.engine.film.store import sweep  # here: photos would wait for it

            sweep(self.folder.work, frozenset(task.tag[:32] for task in tasks), now)

    def _preview(self, placed: Placed) -> Path | None:
        return self.previews.get(placed.below) if self.job.preview else None

    def _past(self, placed: Placed, preview: Path | None, tag: str) -> Mapping[str, object] | None:
        """Return what the journal knows of a file if that and its hashes decide whether it is done again, else None."""
        past, edits = self.past.done.get(tag), self.edits.get(placed.below)
        if past is None or past.get("edits") != (edits.digest() if edits else None):
            return None
        if preview is not None and not (self.job.output / preview).is_file():
            return None
        if not is_video(placed.below.name):
            return past
        if edits is not None and self.job.regions is not None:
            return None  # only what was detected is kept: what a person made of it is found out by doing it again
        from unseen.engine.film.tracks import still_kept, tracks_path  # here and below: photos would wait for it

        path, recipe = tracks_path(self.folder.tracks, tag), self.admission.recipe.digest()
        return past if still_kept(path, str(past.get("input")), recipe) else None

    def _give_name(self, done: Done, staged: Path, task: Task) -> FileReceipt:
        """Label it, write the journal, then rename: what a killed run leaves is either recorded or not there."""
        below, receipt, preview = task.placed.below, done.receipt, task.preview
        try:
            problem = self.problem(task.placed)
            if problem:
                raise OutputTaken(problem)
            receipt = self.admission.labelled(receipt, task.placed.item.path, staged, task.final)
            if done.work is not None and self.hasher.comparable:
                from unseen.engine.film.edits import keep_for_edits

                keep_for_edits(done.work, task, receipt, self.admission.recipe.digest(), self.folder.tracks)
            if preview is not None and done.preview is not None:
                self.admission.labelled(receipt, task.placed.item.path, done.preview, self.job.output / preview)
                self.journal.append(preview_entry(preview, done.preview, self.hasher))
                self.folder.release(done.preview, self.job.output / preview)
            self.journal.append(entry_for(below, receipt, staged, self.hasher, task.edits))
            self.folder.release(staged, task.final)
            if done.work is not None:
                self.regions.add_new(task.placed.label, done.work)
                shutil.rmtree(done.work, ignore_errors=True)
            self._forget_preview(task)
            return receipt
        except OSError as error:
            raise OutputFailed(f"the staged file is gone ({error.strerror}); run again") from error
        finally:
            discard(staged)

    def _forget_preview(self, task: Task) -> None:
        """Delete the preview that an earlier run made of a video, if this one makes none: it may show more by now."""
        below = self.previews.get(task.placed.below)
        if task.preview is None and below is not None and path_tag(self.hasher, below) in self.past.previews:
            discard(self.job.output / below)

    def _taken(self, below: Path, placed: Placed) -> str:
        """Return why a name below the output cannot be used for a file or its preview, or ""."""
        final, what = self.job.output / below, "output" if below == placed.below else "preview"
        if not os.path.lexists(final):
            return ""
        try:
            useless = final.is_symlink() or final.is_dir() or final.samefile(placed.item.path)
        except OSError:
            useless = False
        if useless:
            return f"the {what} would replace the input, a link or a folder; choose another -o"
        if self.job.overwrite or self.past.owns(final, path_tag(self.hasher, below)):
            return ""
        return f"a file that Unseen did not write has the {what}'s name; choose an empty -o, or say --overwrite"


def _failure(receipt: FileReceipt, task: Task, text: str) -> FileReceipt:
    """Return the receipt of a file that has no output: it says nothing of one, or totals would count it."""
    stale = "; what an earlier run wrote there is still there" if os.path.lexists(task.final) else ""
    failed = receipt.verdict is not None and receipt.verdict.outcome == "fail"
    return FileReceipt(
        receipt.input,
        "failed",
        error=task.placed.told(text) + stale,
        input_hash=receipt.input_hash,
        width=receipt.width,
        height=receipt.height,
        verdict=receipt.verdict if failed else None,
        seconds=receipt.seconds,
    )
