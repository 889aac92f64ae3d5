"""The end of storage, carried out: what is expired, and all that was made from it, is deleted; what is held stays."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unseen.core.ports import KeyRing
from unseen.engine.deletion import Deleted, delete_items, known_items, lineage, one_at_a_time
from unseen.engine.governance import Governance
from unseen.engine.survey import Survey, survey
from unseen.engine.trail import still_sealed, trail
from unseen.errors import UsageError
from unseen.govern.retention import Due, Known, kept_of, plan

__all__ = ["Line", "Overview", "apply_retention", "plan_retention"]


@dataclass(frozen=True, slots=True)
class Line:
    """One item whose time is over: where its files are, whether a vault holds it, and files that were changed."""

    due: Due
    files: tuple[Path, ...]
    changed: tuple[Path, ...]
    sealed: bool

    @property
    def known(self) -> Known:
        """What is known of it."""
        return self.due.known

    @property
    def missing(self) -> bool:
        """Whether nothing of it was found although nobody deleted it."""
        return not (self.files or self.changed or self.sealed or self.known.gone)


@dataclass(frozen=True, slots=True)
class Overview:
    """What has to be deleted at a moment, and what is kept all the same; `problems` is what could not be looked at."""

    at: float
    lines: tuple[Line, ...]
    kept: tuple[tuple[Known, str], ...]
    found: Survey = field(repr=False)

    @property
    def problems(self) -> list[str]:
        """What could not be looked at, a line each."""
        return self.found.problems


def plan_retention(
    governance: Governance, actor: str, folders: Sequence[Path] = (), vault: KeyRing | None = None,
    at: float | None = None,
) -> Overview:  # fmt: skip
    """Say what has to be deleted now, or at another moment; touches nothing. Raises Denied, UsageError, LabelInvalid.

    Files are looked for below the policy's folder and `folders`.
    """
    governance.require(actor, "plan-retention")
    return _overview(governance, folders, vault, governance.clock() if at is None else at)


def _overview(governance: Governance, folders: Sequence[Path], vault: KeyRing | None, now: float) -> Overview:
    items, graph, rights = known_items(governance), lineage(governance), governance.records.rights
    people = (restriction.subject for restriction in rights.restrictions() if restriction.keeps)
    decided = plan(items, graph, kept_of(items, graph, rights.holds(), people), now)
    found = survey(governance, [due.known.item for due in decided.due], folders)
    lines = (_line(due, found, vault) for due in decided.due)
    # What was deleted before is told of only where it came back.
    open_ones = tuple(line for line in lines if not line.known.gone or line.files or line.changed or line.sealed)
    return Overview(now, open_ones, tuple((known, why) for known, why in decided.kept if not known.gone), found)


def _line(due: Due, found: Survey, vault: KeyRing | None) -> Line:
    item = due.known.item
    files, changed = tuple(found.files.get(item, ())), tuple(found.changed.get(item, ()))
    return Line(due, files, changed, vault is not None and vault.holds(item))


def apply_retention(
    governance: Governance, actor: str, folders: Sequence[Path] = (), vault: KeyRing | None = None
) -> tuple[Overview, Deleted]:
    """Delete what has to be deleted now, and return what was planned and what was done.

    It can be killed at any point: the next call goes on. Raises Denied, UsageError, LabelInvalid, or UnseenError where
    the ledger cannot be written: then nothing is deleted.
    """
    governance.require(actor, "apply-retention")
    with one_at_a_time(governance):
        overview, run = _overview(governance, folders, vault, governance.clock()), secrets.token_hex(8)
        if not overview.lines:
            return overview, Deleted(problems=list(overview.problems))
        items = [line.known.item for line in overview.lines]
        sealed = still_sealed(trail(governance, "", items), vault=vault is not None)
        if any(line.known.item in sealed and not line.sealed for line in overview.lines):
            raise UsageError("a vault holds items that are due, and no vault, or another, is named: --vault FOLDER")
        governance.note("retention.begun", actor=actor, run=run, due=len(items), kept=len(overview.kept))
        done = delete_items(governance, items, overview.found, vault, kind="retention", run=run, actor=actor)
        lost = [line for line in overview.lines if line.missing]
        done.problems += [*overview.problems, *map(_missing, lost)]
        governance.note(
            "retention.ended", actor=actor, run=run, deleted=len(done.items), files=done.files, sealed=done.sealed,
            missing=len(lost), problems=len(done.problems),
        )  # fmt: skip
    return overview, done


def _missing(line: Line) -> str:
    what = f"{line.known.kind} {line.known.item[:12]}"
    return f"{what}: was not found; if it lies elsewhere, name the folder with --in, or its vault with --vault"
