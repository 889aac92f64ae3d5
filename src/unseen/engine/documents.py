"""Makes documents: gathers what is known, builds, writes it down in the ledger, and writes the files, all or none."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.adapters.files_output import check_writable, write_new
from unseen.core.documents import DocumentJob, Written
from unseen.core.names import collision_key, display
from unseen.engine.documents_facts import decisions_in, fates_of, read_report, records_facts
from unseen.engine.policies import policy_for
from unseen.errors import OutputTaken, Refused, UsageError
from unseen.govern.documents.facts import Facts, PolicyFacts
from unseen.govern.documents.kinds import Asked, build
from unseen.govern.documents.model import Document
from unseen.govern.documents.render import FORMATS

if TYPE_CHECKING:
    from unseen.engine.governance import Governance

__all__ = ["write_documents"]


def write_documents(job: DocumentJob, clock: Callable[[], float] = time.time) -> Written:
    """Write a document in every format that is asked for; raises UnseenError, and then nothing is written.

    Under a policy the person has to have the duty to write documents, and that it was written is in the ledger.
    """
    with ExitStack() as stack:
        path = policy_for(job.reports or [Path()], job.access.policy_file)
        governance = None
        if path is not None:
            from unseen.engine.governance import open_governance  # here: reports alone need nothing of what it loads

            governance = stack.enter_context(open_governance(path, clock))
            governance.require(job.access.who, "write-documents")
        _check_outputs(job.outputs, governance)
        document = build(job.kind, _facts(job, governance, clock()), Asked(job.role, job.language))
        _check_document(document, job)
        files = [(each, FORMATS[each.suffix.lower()](document).encode()) for each in job.outputs]
        if governance is not None:
            digests = ",".join(hashlib.sha256(data).hexdigest() for _, data in files)
            governance.note(
                "document.written", actor=job.access.who, document=job.kind, missing=len(document.missing),
                sha256=digests,
            )  # fmt: skip
        write_new(files, "the document")
    missing = tuple(each.question.key for each in document.missing)
    return Written(document.stated, document.decided, missing, job.outputs)


def _check_outputs(outputs: Sequence[Path], governance: Governance | None) -> None:
    """Raise for names that cannot be written, before anything is read."""
    if not outputs:
        raise UsageError("say where to write it, with -o NAME.html, NAME.md or NAME.json")
    if len({collision_key(each.absolute()) for each in outputs}) < len(outputs):
        raise UsageError("two outputs have one name; give each its own")
    for each in outputs:
        if each.suffix.lower() not in FORMATS:
            raise UsageError(f"{display(each)}: documents are written as {', '.join(FORMATS)}; give it such an ending")
        if each.is_symlink() or each.exists():
            raise OutputTaken(f"{display(each)}: is there already; choose another name")
        if governance is not None and _among_sources(each, governance):
            raise Refused(
                f"{display(each)}: lies among the policy's sources, whose files are data; choose another place"
            )
    for each in outputs:
        check_writable(each, "the document")  # before the ledger says that it was written


def _among_sources(path: Path, governance: Governance) -> bool:
    where, root = path.resolve(), governance.root.resolve()
    return where.is_relative_to(root) and governance.charter.source_of(where.relative_to(root).as_posix()) is not None


def _check_document(document: Document, job: DocumentJob) -> None:
    """Raise Refused for a document that must not be written as asked."""
    if job.complete and document.missing:
        keys = ", ".join(each.question.key for each in document.missing)
        raise Refused(f"{len(document.missing)} statements are MISSING: {keys}; decide on them in --decisions FILE")
    if document.faults and any(each.suffix.lower() == ".json" for each in job.outputs):
        raise Refused(
            f"the card would be none of Croissant 1.1: {'; '.join(document.faults)}; decide on that in --decisions "
            "FILE, or write .html or .md"
        )


def _facts(job: DocumentJob, governance: Governance | None, now: float) -> Facts:
    """Return all that a document is made of; raises UsageError, DamagedInput, LabelInvalid or LedgerBroken."""
    purposes = {} if governance is None else governance.charter.purposes
    scope = job.access.purpose
    if scope is not None and scope not in purposes:
        raise UsageError(f"the policy has no purpose {scope}; it has {', '.join(sorted(purposes)) or 'none'}")
    policy, inputs, records = None, [], None
    if governance is not None:
        from unseen.engine.documents_facts import read_policy

        written, given = read_policy(governance)
        policy = PolicyFacts(governance.charter, written)
        records = records_facts(governance)
        inputs += [given, *records.inputs]
    read, names = [], set[str]()
    for path in job.reports:
        read.append(read_report(path, governance, names))
    inputs += [given for _, given in read]
    decisions, given_decisions = decisions_in(job.decisions, purposes)
    inputs += given_decisions
    redactions = tuple(node for node, _ in read if node["schema"].text().startswith("unseen-report/"))
    studies = tuple(node for node, _ in read if node["schema"].text().startswith("unseen-dicom-report/"))
    return Facts(
        now=now,
        inputs=tuple(inputs),
        policy=policy,
        redactions=redactions,
        studies=studies,
        fates=tuple(fates_of(each) for each in studies) if job.kind == "safe-harbor" else (),
        labels=None if records is None else records.labels,
        consents=None if records is None else records.consents,
        ledger=None if records is None else records.ledger,
        decisions=decisions,
        scope=scope,
    )
