"""The check of Croissant cards: a good card passes, and whatever the format does not allow is found and named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.govern.document_scenes import CARD, decisions, facts
from unseen.govern.documents.croissant import check_card
from unseen.govern.documents.kinds import Asked, build

Card = dict[str, Any]


def _good() -> Card:
    data = build("dataset-card", replace(facts(), decisions=decisions(CARD)), Asked()).data
    assert data is not None
    return dict(data)


GOOD = _good()

#: What is done to a good card, and what is said of it then.
DAMAGES: list[tuple[Callable[[Card], object], str]] = [
    (lambda c: c.pop("@context"), "@context"),
    (lambda c: c["@context"].update(cr="http://example.org/"), "@context: cr"),
    (lambda c: c.update({"@type": "sc:Thing"}), "@type: must be sc:Dataset"),
    (lambda c: c.update(conformsTo="http://mlcommons.org/croissant/1.0"), "croissant/1.1"),
    (lambda c: c.update(conformsTo=["http://mlcommons.org/croissant/1.1"]), "RAI/1.0"),
    (lambda c: c.pop("name"), "name: is missing"),
    (lambda c: c.update(name=""), "name: must be a text"),
    (lambda c: c.update(name=["a", "b"]), "name: must be a text, and one"),
    (lambda c: c.pop("license"), "license: is missing"),
    (lambda c: c.update(license="free for all"), "license: must be"),
    (lambda c: c.update(url="data.city.example"), "url: must be"),
    (lambda c: c.update(creator="City"), "creator: must be"),
    (lambda c: c.update(datePublished="26.11.2026"), "datePublished: must be a date"),
    (lambda c: c.update(datePublished="2026-13-01"), "datePublished: must be a date"),
    (lambda c: c.update(isLiveDataset="no"), "isLiveDataset"),
    (lambda c: c.update({"rai:dataBias": "none"}), "rai:dataBias: is no property"),
    (lambda c: c.update({"rai:dataSocialImpact": ["a", "b"]}), "rai:dataSocialImpact"),
    (lambda c: c.update({"rai:dataCollectionTimeframe": ["last summer"]}), "rai:dataCollectionTimeframe"),
    (lambda c: c.update(licence="x"), "licence: is no property"),
    (lambda c: c.pop("distribution"), "distribution: must be a list"),
    (lambda c: c["distribution"][0].update({"@type": "cr:File"}), "distribution/0: must be"),
    (lambda c: c["distribution"][0].pop("@id"), "distribution/0: has no @id"),
    (lambda c: c["distribution"][0].pop("sha256"), "distribution/0: sha256"),
    (lambda c: c["distribution"][0].update(sha256="abc"), "distribution/0: sha256"),
    (lambda c: c["distribution"][0].update(contentUrl="crossings.zip"), "distribution/0: contentUrl must be a URL"),
    (lambda c: c["distribution"][0].update(encodingFormat="zip"), "distribution/0: encodingFormat"),
    (lambda c: c["distribution"][1].update({"@id": "archive"}), "the @id archive is there twice"),
    (lambda c: c["distribution"][1].update(containedIn={"@id": "nowhere"}), "nowhere is no cr:FileObject"),
    (lambda c: c["distribution"][1].pop("containedIn"), "containedIn is missing"),
    (lambda c: c["distribution"][1].pop("includes"), "includes and excludes"),
    (lambda c: c["distribution"][1].update(glob="*"), "glob is no property of cr:FileSet"),
    (lambda c: c.update(recordSet={}), "recordSet: must be a list"),
    (lambda c: c["recordSet"][0].update({"@type": "cr:Table"}), "recordSet/0: must be a cr:RecordSet"),
    (lambda c: c["recordSet"][0].update(field=[]), "recordSet/0: must have a list of fields"),
    (lambda c: c["recordSet"][0].update(key={"@id": "archive"}), "archive is no cr:Field"),
    (lambda c: c["recordSet"][0].update(key="path"), "must be a reference"),
    (lambda c: c["recordSet"][0]["field"][0].pop("dataType"), "dataType is missing"),
    (lambda c: c["recordSet"][0]["field"][0].update(dataType="text"), "dataType must be a class"),
    (lambda c: c["recordSet"][0]["field"][0].update(arrayShape="3"), "arrayShape needs isArray"),
    (lambda c: c["recordSet"][0]["field"][0].pop("source"), "has neither source nor value"),
    (lambda c: c["recordSet"][0]["field"][0]["source"].pop("fileSet"), "must name one of"),
    (lambda c: c["recordSet"][0]["field"][0]["source"].update(fileSet={"@id": "archive"}), "archive is no cr:FileSet"),
    (lambda c: c["recordSet"][0]["field"][0]["source"].update(extract={"fileProperty": "size"}), "fileProperty"),
    (lambda c: c["recordSet"][0]["field"][0]["source"].update(extract={}), "must have one of"),
    (lambda c: c["recordSet"][0]["field"][0]["source"].update(regex="x"), "regex is no property"),
    (lambda c: c["recordSet"][0]["field"][0].update(references={"@id": "x"}), "x is no cr:Field"),
]


def test_a_good_card_has_no_fault() -> None:
    assert check_card(GOOD) == ()


@pytest.mark.parametrize("number", range(len(DAMAGES)))
def test_what_is_not_allowed_is_named(number: int) -> None:
    damage, told = DAMAGES[number]
    card = copy.deepcopy(GOOD)
    damage(card)
    faults = check_card(card)
    assert [fault for fault in faults if told in fault], faults


def test_things_that_are_allowed_pass() -> None:
    card = copy.deepcopy(GOOD)
    card["creator"] = [{"@type": "sc:Person", "name": "Ann"}, {"@type": "Organization", "name": "City"}]
    card["keywords"] = ["street", {"@type": "DefinedTerm", "name": "traffic"}]
    card["recordSet"][0]["field"].append({
        "@type": "cr:Field", "@id": "boxes", "isArray": True, "arrayShape": "-1,4", "dataType": "cr:BoundingBox",
        "source": {"fileSet": {"@id": "jpg-files"}, "extract": {"jsonPath": "$.boxes"}, "format": "XYXY"},
        "subField": [{"@type": "cr:Field", "@id": "boxes/kind", "dataType": "sc:Text", "value": "face"}],
    })  # fmt: skip
    assert check_card(card) == ()
