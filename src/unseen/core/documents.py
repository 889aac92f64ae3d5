"""A document to be made: of which kind, of what, for whom, and into which files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from unseen.core.access import Access

__all__ = ["KINDS", "DocumentJob", "Written"]

#: Kind of document -> what it is.
KINDS = {
    "ropa": "record of processing activities, GDPR Art. 30",
    "dpia": "impact assessment, GDPR Art. 35, by the method of the CNIL",
    "notice": "privacy notice, GDPR Art. 13 and 14",
    "sign": "sign for a place with cameras, one page",
    "safe-harbor": "HIPAA Safe Harbor, 45 CFR 164.514(b)(2)",
    "dataset-card": "data set card, Croissant 1.1",
    "risk-assessment": "risk assessment, 11 CCR 7150 to 7157",
}


@dataclass(frozen=True, slots=True)
class DocumentJob:
    """One call of `unseen report`.

    `reports` are those of unseen redact and unseen dicom; `decisions` is a file of what people decided; `role` says
    whose record of processing it is; `complete` refuses a document in which something is missing. The purpose of
    `access`, if there is one, is what the document is for.
    """

    kind: str
    outputs: tuple[Path, ...]
    reports: tuple[Path, ...] = ()
    decisions: Path | None = None
    role: Literal["controller", "processor"] = "controller"
    language: str = "en"
    complete: bool = False
    access: Access = field(default_factory=Access)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: how many statements come from data, how many from people, and the keys of what is missing."""

    stated: int
    decided: int
    missing: tuple[str, ...]
    outputs: tuple[Path, ...]
