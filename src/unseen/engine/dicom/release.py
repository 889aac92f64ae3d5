"""How verified DICOM objects get their names: forced to disk, written into vault and journal, then renamed."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.adapters.files_output import OutputFolder, discard
from unseen.adapters.vault_file import Vault
from unseen.core.dicom import DicomJob, DicomReceipt
from unseen.core.formats import LABEL_ENDING
from unseen.core.labels import State
from unseen.core.names import display
from unseen.core.receipts import Verdict
from unseen.engine.admission import Admission
from unseen.engine.dicom.inputs import DicomSource
from unseen.engine.dicom.work import DicomDone, DicomTask
from unseen.engine.hashing import Hasher
from unseen.errors import Denied, OutputFailed, UnseenError

if TYPE_CHECKING:
    from unseen.core.ports import Journal
    from unseen.verify.dicom.study import Consistency

__all__ = ["DicomReleases"]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Results of one task with their receipts, and the files among them that are being forced to disk."""

    judged: Sequence[tuple[DicomDone, DicomReceipt]]
    forced: Sequence[Future[None]]


@dataclass(slots=True)
class DicomReleases:
    """Where results go, and what is there; `ours` are places that an earlier run wrote to, and of which input.

    Files of a batch are forced to disk while the next one is worked on, so that disk and workers do not wait for each
    other; none has its name, and none is in the journal, before all of its batch are on disk.
    """

    job: DicomJob
    hasher: Hasher
    folder: OutputFolder
    journal: Journal
    vault: Vault | None
    ours: Mapping[str, str]
    syncing: ThreadPoolExecutor
    admission: Admission
    _written: dict[str, tuple[int, Path]] = field(default_factory=dict)
    _consistency: Consistency | None = None
    _waiting: list[_Batch] = field(default_factory=list)

    def take(self, task: DicomTask, result: list[DicomDone] | Exception) -> Iterator[DicomReceipt]:
        """Take in what became of a task, and yield the receipts of the one before it, whose files get their names."""
        if isinstance(result, Exception):
            failed = (DicomReceipt(each.number, "failed", error=str(result)) for each in task.sources)
            batch = _Batch([(DicomDone(s, r), r) for s, r in zip(task.sources, failed, strict=True)], ())
        else:
            judged = [(done, self._judged(done)) for done in map(self._consistent, map(self._permitted, result))]
            batch = _Batch(judged, [self.syncing.submit(_synced, staged) for staged, _ in _released(judged)])
        yield from self.finish()
        self._waiting.append(batch)

    def finish(self) -> Iterator[DicomReceipt]:
        """Yield the receipts of all that was taken in, whose files get their names."""
        while self._waiting:
            batch = self._waiting.pop(0)
            problem = self._recorded(batch)
            folders = set[Path]()
            for done, receipt in batch.judged:
                named = receipt
                if done.staged is not None and receipt.status == "released":
                    named = self._renamed(done, done.staged, receipt, problem, folders)
                elif done.staged is not None:
                    discard(done.staged)
                elif receipt.status == "resumed" and not os.path.lexists(
                    f"{self.job.output / (receipt.output or '')}{LABEL_ENDING}"
                ):
                    named = self._labelled(done, receipt)  # the run before may have ended between name and label
                yield self.named(done.source, named)

    def named(self, source: DicomSource, receipt: DicomReceipt) -> DicomReceipt:
        """Return a receipt whose error names the file by number, and by its path only where that was asked for."""
        if receipt.error is None:
            return receipt
        name = f" ({display(source.below)})" if self.job.show_names else ""
        return replace(receipt, error=f"file {source.number}{name}: {receipt.error}")

    def _permitted(self, done: DicomDone) -> DicomDone:
        """Return a file as it is, or as a failure where the policy refuses it now that its patient is known."""
        if done.staged is None or not done.patient:
            return done
        try:
            self.admission.name_person(done.source.path, done.patient, "dicom")
        except Denied as error:
            told = str(error)
        except UnseenError as error:
            # Its words may hold the file's name.
            told = f"refused: it could not be decided for its patient ({type(error).__name__})"
        else:
            return done
        discard(done.staged)
        return replace(done, receipt=_failed(done.receipt, told), staged=None)

    def _consistent(self, done: DicomDone) -> DicomDone:
        """Return a file as it is, or as a failure where it contradicts an earlier one: one patient or UID became two,
        or two became one."""
        if done.staged is None or not done.links:
            return done
        if self._consistency is None:
            from unseen.verify.dicom.study import Consistency  # here: while workers work

            self._consistency = Consistency()
        found = self._consistency.add(done.links)
        if not found:
            return done
        discard(done.staged)
        told = f"does not pass verification: {found[0].kind} at {found[0].where}: {found[0].detail}"
        return replace(done, receipt=_failed(done.receipt, told), staged=None)

    def _judged(self, done: DicomDone) -> DicomReceipt:
        """Return the receipt of a file; another name where an earlier one of this run has its UID, a failure where
        others have its name."""
        receipt, notes, staged = done.receipt, list[str](), done.staged
        if staged is None or receipt.output is None:
            return receipt
        place, count = receipt.output, 1
        while place in self._written or self._is_of_another(receipt.tag, place, staged):
            number, other = self._written.get(place, (None, self.job.output / place))
            if number is not None and _same(staged, other if other.exists() else self.job.output / place):
                return replace(receipt, status="skipped", output=None, error=f"the same object as file {number}")
            count += 1
            place = f"{receipt.output.removesuffix('.dcm')}-{count}.dcm"
            told = "one of an earlier run" if number is None else f"file {number}"
            notes = [f"another object has the same UID: {told}"]
        there = os.path.lexists(os.path.join(self.job.output, place))  # noqa: PTH118  # a quarter of what a path takes
        if there and place not in self.ours and not self.job.overwrite:
            return _failed(
                receipt, "a file that Unseen did not write has its name; choose an empty -o, or say --overwrite"
            )
        self._written[place] = (receipt.number, staged)
        return replace(receipt, output=place, notes=(*receipt.notes, *notes)) if notes else receipt

    def _is_of_another(self, tag: str, place: str, staged: Path) -> bool:
        """Whether a place holds what an earlier run made of another input, and not the same."""
        return self.ours.get(place, "") not in ("", tag) and not _same(staged, self.job.output / place)

    def _recorded(self, batch: _Batch) -> str:
        """Wait until files are on disk, then write the vault and the journal; return what went wrong, or ""."""
        released = list(_released(batch.judged))
        if not released:
            return ""
        try:
            for each in batch.forced:
                each.result()
            if self.vault is not None:
                names = {receipt.number for _, receipt in released}
                self.vault.add(pair for done, r in batch.judged if r.number in names for pair in done.pairs)
            identity = self.hasher.identity
            self.journal.append_all([_entry(receipt, identity) for _, receipt in released])
        except UnseenError as error:
            return str(error)
        except OSError as error:
            return f"cannot be written ({error.strerror}); free some space or choose another -o"
        return ""

    def _renamed(
        self, done: DicomDone, staged: Path, receipt: DicomReceipt, problem: str, folders: set[Path]
    ) -> DicomReceipt:
        """Give a file its name and its label, unless something went wrong before; `folders` are those seen to."""
        place = receipt.output or ""
        if problem:
            discard(staged)
            self._written.pop(place, None)
            return _failed(receipt, problem)
        final = self.job.output / place
        try:
            self.folder.release(staged, final, forced=True, seen=folders)
        except OutputFailed as error:
            return _failed(receipt, str(error))
        return self._labelled(done, receipt)

    def _labelled(self, done: DicomDone, receipt: DicomReceipt) -> DicomReceipt:
        """Give a file that has its name a label, where a policy with purposes wants one; without it the file goes."""
        final = self.job.output / (receipt.output or "")
        try:
            # Pictures that nobody looked at may show anything, whatever the header says.
            state: State = "raw" if self.job.recipe.unsafe_keep_pixels else "pseudonymised"
            verdict = Verdict("pass", checked=("identifiers",), detail="searched for what the original tells")
            self.admission.made(final, [done.source.path], "dicom", state=state, verdict=verdict)
        except UnseenError as error:
            discard(final)
            return _failed(receipt, f"could not be labelled ({type(error).__name__}); it was deleted, run again")
        return receipt


def _released(judged: Sequence[tuple[DicomDone, DicomReceipt]]) -> Iterator[tuple[Path, DicomReceipt]]:
    """Yield the staged files that are to get names."""
    for done, receipt in judged:
        if receipt.status == "released" and done.staged is not None:
            yield done.staged, receipt


def _same(staged: Path, final: Path) -> bool:
    try:
        return filecmp.cmp(staged, final, shallow=False)
    except OSError:
        return False


def _synced(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _entry(receipt: DicomReceipt, identity: str) -> dict[str, object]:
    return {
        "event": "dicom",
        "key": identity,
        "path": receipt.tag,
        "input": receipt.input_hash,
        "output": receipt.output_hash,
        "place": receipt.output,
    }


def _failed(receipt: DicomReceipt, error: str) -> DicomReceipt:
    return DicomReceipt(receipt.number, "failed", receipt.tag, error=error, input_hash=receipt.input_hash)
