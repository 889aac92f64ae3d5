"""The kinds of documents: what each is made by, and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from unseen.errors import UsageError
from unseen.govern.documents.card import dataset_card
from unseen.govern.documents.dpia import dpia
from unseen.govern.documents.facts import Facts
from unseen.govern.documents.model import Document
from unseen.govern.documents.notice import notice
from unseen.govern.documents.risk import risk_assessment
from unseen.govern.documents.ropa import controller_record, processor_record
from unseen.govern.documents.safe_harbor import safe_harbor
from unseen.govern.documents.sign import sign

__all__ = ["BUILDERS", "Asked", "build"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for beside the kind: whose record of processing it is, and the language of notices and signs."""

    role: Literal["controller", "processor"] = "controller"
    language: str = "en"


#: Kind -> what makes it, and whether it is made of a policy or of reports at least.
BUILDERS: Mapping[str, tuple[Callable[[Facts, Asked], Document], Literal["policy", "reports"]]] = {
    "ropa": (lambda f, a: controller_record(f) if a.role == "controller" else processor_record(f), "policy"),
    "dpia": (lambda f, a: dpia(f), "policy"),
    "notice": (lambda f, a: notice(f, a.language), "policy"),
    "sign": (lambda f, a: sign(f, a.language), "policy"),
    "safe-harbor": (lambda f, a: safe_harbor(f), "reports"),
    "dataset-card": (lambda f, a: dataset_card(f), "reports"),
    "risk-assessment": (lambda f, a: risk_assessment(f), "policy"),
}


def build(kind: str, facts: Facts, asked: Asked) -> Document:
    """Return a document; raises UsageError where what it is made of is not there, DamagedInput for a report."""
    make, needs = BUILDERS[kind]
    if asked.language != "en" and kind not in ("notice", "sign"):
        raise UsageError(f"{kind} is written in English; --language is for notice and sign")
    if asked.role != "controller" and kind != "ropa":
        raise UsageError(f"{kind} has one form only; --as is for ropa")
    if needs == "policy" and facts.policy is None:
        raise UsageError(
            f"{kind} is made of a policy, and there is none; name one with --policy, or: unseen policy init"
        )
    if needs == "reports" and not (facts.redactions or facts.studies):
        raise UsageError(f"{kind} is made of reports; name those that unseen redact and unseen dicom wrote")
    return make(facts, asked)
