"""`unseen report`: write documents from a policy, reports, records and the ledger; what a person decides is MISSING."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from unseen.cli.access import add_policy
from unseen.core.access import Access
from unseen.core.documents import KINDS, DocumentJob
from unseen.core.names import display

__all__ = ["add_parser", "job_from", "run"]

_DESCRIPTION = """Write a document from what is known: a policy, reports of unseen redact and unseen dicom, labels,
consents and the ledger. Every statement names its source. What a person has to decide prints as MISSING, and is taken
from --decisions once somebody wrote it down.

"""


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    width = max(map(len, KINDS)) + 2
    kinds = "\n".join(f"{kind:{width}}{what}" for kind, what in KINDS.items())
    parser = verbs.add_parser(
        "report",
        help=text,
        description=f"{_DESCRIPTION}{kinds}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", metavar="KIND", choices=tuple(KINDS), help="which document, of those above")
    parser.add_argument(
        "--from", metavar="REPORT.json", type=Path, action="append", default=[], dest="reports",
        help="what --report of unseen redact or unseen dicom wrote; can be repeated",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, action="append", required=True, dest="outputs",
        help="NAME.html, NAME.md or NAME.json; can be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--decisions", metavar="FILE.yaml", type=Path, help="what people decided, by the keys that documents list"
    )
    parser.add_argument(
        "--as", choices=("controller", "processor"), default="controller", dest="role",
        help="whose record of processing activities it is (default: controller)",
    )  # fmt: skip
    parser.add_argument("--language", metavar="CODE", default="en", help="of notices and signs (default: en)")
    parser.add_argument(
        "--require-complete", action="store_true", help="write nothing, and exit with 3, if anything is MISSING"
    )
    group = parser.add_argument_group("policy")
    group.add_argument("--purpose", metavar="NAME", help="for this purpose and those below it (default: for all)")
    add_policy(group)
    parser.set_defaults(run=run)


def job_from(args: argparse.Namespace) -> DocumentJob:
    """Build the job from parsed words."""
    return DocumentJob(
        kind=args.kind,
        outputs=tuple(args.outputs),
        reports=tuple(args.reports),
        decisions=args.decisions,
        role=args.role,
        language=args.language,
        complete=args.require_complete,
        access=Access(args.purpose, args.actor, args.policy),
    )


def run(args: argparse.Namespace) -> int:
    """Write the document, say how much of it is missing, and return 0; raises UnseenError."""
    from unseen.engine.documents import write_documents

    job = job_from(args)
    done = write_documents(job)
    decided = f", {done.decided} decided by people" if done.decided else ""
    names = ", ".join(display(path) for path in done.outputs)
    print(f"{job.kind}: {done.stated} statements from data{decided}, {len(done.missing)} MISSING -> {names}")
    return 0
