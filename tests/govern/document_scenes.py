"""What documents are made of, for tests: a city's policy, reports of both kinds, records, a ledger, decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.engine.governed import CITY, NOW
from unseen.adapters.policy_yaml import document_of
from unseen.core.catalogue import entry_named
from unseen.core.dicom import DicomReceipt, DicomRecipe
from unseen.core.looks import Look
from unseen.core.models import ModelFile
from unseen.core.receipts import FileReceipt, TrackReceipt, Verdict, VideoReceipt
from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Region
from unseen.engine.dicom.report import DicomReport
from unseen.engine.documents_facts import fates_of
from unseen.engine.report import Report
from unseen.govern.documents.decisions import Decisions, decisions_from
from unseen.govern.documents.facts import ConsentFacts, Facts, LabelFacts, LedgerFacts, PolicyFacts, Tally
from unseen.govern.documents.model import Input
from unseen.govern.documents.nodes import Node
from unseen.policy.parse import parse_charter

#: What makes a card complete.
CARD = {
    "card-name": "crossings",
    "card-description": "Street pictures, with people hidden",
    "card-url": "https://data.city.example/crossings",
    "card-license": "https://creativecommons.org/licenses/by/4.0/",
    "card-published": "2026-11-26",
    "card-archive": "https://data.city.example/crossings.zip " + "0a" * 32,
    "card-timeframe": ["2026-10-01", "2026-10-31"],
}


def redaction_values(recipe: Recipe | None = None, **label: Any) -> dict[str, Any]:
    """Return a report of unseen redact: a photo and a video released, one file failed."""
    model = ModelFile(entry_named("centerface"), Path("x"), "a" * 64, "catalogue")
    report = Report(recipe or Recipe(), [model], "b" * 64, (), False, "", started=NOW, ended=NOW + 60)
    face, plate = Region("face", Box(0, 0, 9, 9), Look("fill")), Region("plate", Box(9, 9, 20, 20), Look("solid"))
    track = TrackReceipt(1, "face", 0, 9, 0.0, 0.4, 9, 1, 1, 0.9, "found in 1 frames only")
    unchecked = tuple(sorted((recipe or Recipe()).hidden - {"face", "head"}))
    verdict = Verdict("pass", checked=("face",), unchecked=unchecked, rounds=1, residues=1)
    video = VideoReceipt(10, 0.4, (track,), looked=10, checked=4)
    credentials = {"manifest": "urn:c2pa:" + "0" * 36, "certificate_sha256": "d" * 64}
    for each in (
        FileReceipt(
            "a.jpg",
            "released",
            "a.jpg",
            regions=((face, plate),),
            verdict=verdict,
            label=label or None,
            credentials=credentials,
        ),
        FileReceipt("b.mp4", "released", "b.mp4", verdict=replace(verdict, rounds=0, residues=0), video=video),
        FileReceipt("c.jpg", "failed", error="is damaged"),
    ):
        report.add(each, Path(each.output or "x"))
    return _plain(report.as_dict())


def study_values(
    options: frozenset[str] = frozenset(), *, kept_key: bool = False, verified: bool = True, **recipe: Any
) -> dict[str, Any]:
    """Return a report of unseen dicom: two CT objects of one study."""
    report = DicomReport(DicomRecipe(options=options, **recipe), kept_key, NOW, ended=NOW + 2)
    for number in (1, 2):
        report.receipts.append(
            DicomReceipt(
                number, "released", "tag", f"p/s/e/{number}.dcm", sop_class="1.2.840.10008.5.1.4.1.1.2", modality="CT",
                study="2.25.1", series="2.25.2", actions={"removed": 9, "replaced": 7, "kept": 20},
                pixels="not looked at: comes straight from a scanner, or has none", verified=verified or number > 1,
            )
        )  # fmt: skip
    return _plain(report.as_dict())


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they are read from a file."""
    loaded: dict[str, Any] = json.loads(json.dumps(values))
    return loaded


def policy_facts(text: str = CITY) -> PolicyFacts:
    """Return a policy as it is understood and as it is written."""
    values = document_of(text, "unseen.yaml").values
    charter, faults = parse_charter(values, lambda name: "")
    assert faults == []
    return PolicyFacts(charter, Node(values, "unseen.yaml"))


def decisions(answers: Mapping[str, Any], purposes: Mapping[str, object] | None = None) -> Decisions:
    """Return decisions of Dora's."""
    values = {"decided_by": "Dora Example", "decided_on": "2026-11-26", "answers": dict(answers)}
    return decisions_from(Node(values, "decisions.yaml"), purposes or {})


def facts(**more: Any) -> Facts:
    """Return what is known in the city; `more` replaces parts of it."""
    policy = policy_facts()
    redaction, study = Node(redaction_values(), "report.json"), Node(study_values(), "dicom.json")
    tallies = (
        Tally("access.allowed", "redact", "research", 5, 3, 9, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
        Tally("access.denied", "view", "research", 2, 4, 11, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
        Tally("access.allowed", "export", "research", 1, 12, 12, "2026-11-03T00:00:00Z", "2026-11-03T00:00:00Z"),
        Tally("access.allowed", "train", "care", 1, 13, 13, "2026-11-03T00:00:00Z", "2026-11-03T00:00:00Z"),
    )
    known = Facts(
        now=NOW,
        inputs=(Input("unseen.yaml", "policy", "0" * 64),),
        policy=policy,
        redactions=(redaction,),
        studies=(study,),
        fates=(fates_of(study),),
        labels=LabelFacts(7, {"contextual": 3, "raw": 4}, {"research": 7}, derived=3, overdue=1, people=2),
        consents=ConsentFacts({("care", "given"): 2, ("care", "withdrawn"): 1}, ("web-form",), ("v1 (en)",)),
        ledger=LedgerFacts("unseen-ledger/x", 20, "ab" * 32, tallies),
    )
    return replace(known, **more)
