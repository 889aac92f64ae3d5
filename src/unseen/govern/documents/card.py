"""The card of a data set: Croissant 1.1 with the responsible-AI vocabulary, made of the reports of what is in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from unseen.core.labels import covers
from unseen.core.terms import iri
from unseen.govern.documents.croissant import CONFORMS_TO, CONTEXT, check_card
from unseen.govern.documents.evidence import (
    evidence_sections,
    hidden_classes,
    labels_in,
    models_of,
    second_look,
    unchecked_classes,
)
from unseen.govern.documents.facts import Facts, utc
from unseen.govern.documents.model import Document, Row, Section, Source
from unseen.govern.documents.nodes import Node
from unseen.govern.documents.rows import asked, basis_row, outcomes_row, policy_row, purpose_row
from unseen.policy.charter import Purpose

__all__ = ["dataset_card"]

_RELEASED = ("released", "resumed")
#: Ending of a file name -> media type and what a record is, "" where it can be one of several things.
_MEDIA = {
    "jpg": ("image/jpeg", "ImageObject"), "jpeg": ("image/jpeg", "ImageObject"), "png": ("image/png", "ImageObject"),
    "webp": ("image/webp", "ImageObject"), "tif": ("image/tiff", "ImageObject"), "tiff": ("image/tiff", "ImageObject"),
    "bmp": ("image/bmp", "ImageObject"), "gif": ("image/gif", "ImageObject"), "heic": ("image/heic", "ImageObject"),
    "avif": ("image/avif", "ImageObject"), "mp4": ("video/mp4", "VideoObject"), "m4v": ("video/mp4", "VideoObject"),
    "mov": ("video/quicktime", "VideoObject"), "mkv": ("video/matroska", "VideoObject"),
    "webm": ("video/webm", "VideoObject"), "dcm": ("application/dicom", ""),
}  # fmt: skip
_ARCHIVES = {
    ".zip": "application/zip",
    ".tar": "application/x-tar",
    ".tgz": "application/gzip",
    ".gz": "application/gzip",
}
#: Property of the data set -> key of the question, and its label.
_ASKED = {
    "name": ("card-name", "Name"),
    "description": ("card-description", "Description"),
    "url": ("card-url", "Address"),
    "license": ("card-license", "Licence"),
    "datePublished": ("card-published", "Published"),
    "version": ("card-version", "Version"),
}
#: Property of the responsible-AI vocabulary that only people can fill -> key and label.
_ASKED_RAI = {
    "rai:dataCollection": ("card-collection", "Collection"),
    "rai:dataCollectionTimeframe": ("card-timeframe", "Time of collection"),
    "rai:dataBiases": ("card-biases", "Biases"),
    "rai:dataSocialImpact": ("card-social-impact", "Social impact"),
    "rai:dataReleaseMaintenancePlan": ("card-maintenance", "Maintenance"),
}
#: Properties that may have several values.
_MANY = frozenset({
    "rai:dataCollectionTimeframe", "rai:dataBiases", "rai:dataReleaseMaintenancePlan", "rai:dataUseCases",
    "rai:dataPreprocessingProtocol", "rai:personalSensitiveInformation", "rai:dataLimitations",
    "rai:machineAnnotationTools",
})  # fmt: skip


def dataset_card(facts: Facts) -> Document:
    """Return the card; as JSON it is Croissant, and its faults say why it must not be written."""
    about = [asked(facts, key, label) for key, label in _ASKED.values()]
    creator = policy_row(facts, "Made by", ("controller", "name"), "card-creator")
    archive = asked(facts, "card-archive", "Archive")
    duty = {name: asked(facts, key, label) for name, (key, label) in _ASKED_RAI.items()}
    shown = _shown(facts)
    use = _use(facts)
    sections = [
        Section("Data set", (*about, creator)),
        Section("Files", (archive, *_files(facts))),
        Section("Use", tuple(use)),
        Section("Responsible AI", (*duty.values(), *shown.values())),
        *evidence_sections(facts.redactions, facts.studies),
    ]
    uses = next((row for row in use if row.label == "Uses"), None)
    rai = {**duty, **shown, **({} if uses is None else {"rai:dataUseCases": uses})}
    data = _croissant(facts, dict(zip(_ASKED, about, strict=True)), creator, archive, rai)
    return Document(
        "dataset-card",
        "Data set card",
        utc(facts.now),
        tuple(sections),
        facts.inputs,
        "Croissant 1.1 with its vocabulary for responsible AI.",
        data=data,
        faults=check_card(data),
    )


def _outputs(facts: Facts) -> dict[str, tuple[int, tuple[Source, ...]]]:
    """Return how many files there are by ending, and which reports say so."""
    found: dict[str, Counter[Source]] = {}
    for report in facts.redactions:
        for file in report["files"].each():
            if file["status"].value in _RELEASED:
                ending = file["output"].text().rpartition(".")[2].lower()
                found.setdefault(ending, Counter())[report["files"].source] += 1
    for report in facts.studies:
        objects = [o for study in report["studies"].each() for o in study["objects"].each()]
        released = sum(o["status"].value in _RELEASED for o in objects)
        if released:
            found.setdefault("dcm", Counter())[report["studies"].source] += released
    return {ending: (counts.total(), tuple(counts)) for ending, counts in sorted(found.items())}


def _files(facts: Facts) -> list[Row]:
    return [
        Row(f".{ending}", (f"{count:,} files ({_MEDIA.get(ending, ('application/octet-stream', ''))[0]})",), sources)
        for ending, (count, sources) in _outputs(facts).items()
    ]


def _purposes(facts: Facts) -> list[Purpose]:
    """Return the purposes that the data may be used for: those that the labels of all results cover.

    Where results have no labels, as DICOM objects in reports, only a document for one purpose knows.
    """
    files = [f for r in facts.redactions for f in r["files"].each() if f["status"].value in _RELEASED]
    labels = [label["purposes"].words() for report in facts.redactions for label in labels_in(report)]
    if facts.scope is None and (facts.studies or len(labels) < len(files)):
        return []
    return [each for each in facts.purposes() if all(covers(purposes, each.name) for purposes in labels)]


def _use(facts: Facts) -> list[Row]:
    rows: list[Row | None] = []
    for purpose in _purposes(facts):
        rows += [replace(purpose_row(facts, purpose), label=purpose.name)]
        rows += [replace(basis_row(facts, purpose), label=f"Legal basis of {purpose.name}")]
    if not rows:
        rows.append(asked(facts, "card-use", "Uses"))
    if facts.policy is not None:
        for name, source in facts.policy.charter.sources.items():
            if source.prohibitions:
                where = Source(facts.policy.written.place, f"/sources/{name}/prohibitions")
                rows.append(Row(f"Prohibited with {name}", (", ".join(sorted(source.prohibitions)),), (where,)))
    rows.append(outcomes_row(facts, facts.scope))
    return [row for row in rows if row is not None]


def _shown(facts: Facts) -> dict[str, Row]:
    """Return the properties of responsible AI that reports fill."""
    parts: dict[str, list[tuple[str, tuple[Source, ...]]]] = {}

    def add(name: str, text: str, *sources: Source) -> None:
        parts.setdefault(name, []).append((text, sources))

    for report in facts.redactions:
        hidden = ", ".join(f"{cls} by {method}" for cls, method in hidden_classes(report).items()) or "nothing"
        kept = ", ".join(report["recipe"]["keep_metadata"].words()) or "nothing"
        look = second_look(report)
        add("rai:dataPreprocessingProtocol", f"hidden: {hidden}", report["recipe"]["looks"].source)
        add("rai:dataPreprocessingProtocol", f"metadata dropped but {kept}", report["recipe"]["keep_metadata"].source)
        add("rai:personalSensitiveInformation", look.values[0], *look.sources)
        for cls, source in unchecked_classes(report).items():
            add("rai:dataLimitations", f"no second model looked for {cls}", source)
        if report["visible_by_choice"].value:
            words = ", ".join(report["visible_by_choice"].words())
            add(
                "rai:personalSensitiveInformation",
                f"left visible by choice: {words}",
                report["visible_by_choice"].source,
            )
        for text, source in models_of(report):
            add("rai:machineAnnotationTools", text, source)
    for report in facts.studies:
        _of_study(report, add)
    add("rai:dataLimitations", "people may still be recognised by gait, clothes, company, place and time")
    labels = {
        "rai:dataPreprocessingProtocol": "Processing",
        "rai:personalSensitiveInformation": "Personal information",
        "rai:dataLimitations": "Limits",
        "rai:machineAnnotationTools": "Models that looked",
    }
    return {
        name: Row(labels[name], tuple(dict.fromkeys(text for text, _ in found)),
                  tuple(dict.fromkeys(source for _, sources in found for source in sources)))
        for name, found in parts.items()
    }  # fmt: skip


def _of_study(report: Node, add: Any) -> None:
    recipe, totals = report["recipe"], report["totals"]
    options = ", ".join(recipe["options"].words()) or "none"
    add(
        "rai:dataPreprocessingProtocol",
        f"headers de-identified by {recipe['edition'].text()}, Basic Profile, options: {options}",
        recipe["options"].source,
    )
    verified, released = totals["verified"].whole(), totals["objects"]["released"].whole()
    add(
        "rai:personalSensitiveInformation",
        f"{verified:,} of {released:,} DICOM objects were searched for what their originals tell; nothing was found",
        totals["verified"].source,
    )


def _croissant(facts: Facts, about: dict[str, Row], creator: Row, archive: Row, rai: dict[str, Row]) -> dict[str, Any]:
    """Return the JSON-LD of what is known; what is missing is left out."""
    card: dict[str, Any] = {"@context": dict(CONTEXT), "@type": "sc:Dataset", "conformsTo": list(CONFORMS_TO)}
    card |= {name: " ".join(row.values) for name, row in about.items() if row.missing is None}
    if creator.missing is None:
        card["creator"] = {"@type": "sc:Organization", "name": creator.values[0]}
    reports = (*facts.redactions, *facts.studies)
    if reports:
        card["dateCreated"] = max(each["ended"].text() for each in reports)
        card["prov:wasGeneratedBy"] = [
            {"@type": "prov:Activity", "prov:label": f"{verb}, recipe {each['recipe']['sha256'].text()}",
             "prov:startedAtTime": each["started"].text(), "prov:endedAtTime": each["ended"].text()}
            for verb, found in (("unseen redact", facts.redactions), ("unseen dicom", facts.studies)) for each in found
        ]  # fmt: skip
    terms = [
        {"@type": "sc:DefinedTerm", "name": each.name, "termCode": each.term, "url": iri(each.term)}
        for each in _purposes(facts)
    ]
    if terms:
        card["usageInfo"] = terms
    card |= _resources(facts, archive)
    for name, row in rai.items():
        if row.missing is None:
            card[name] = list(row.values) if name in _MANY else "; ".join(row.values)
    return card


def _resources(facts: Facts, archive: Row) -> dict[str, Any]:
    """Return the distribution, an archive and sets of files in it, and the records of each set."""
    if archive.missing is not None:
        return {}
    words = " ".join(archive.values).split()
    address, digest = words[0], words[-1].lower() if len(words) > 1 else ""
    ending = "." + address.rpartition(".")[2].lower()
    distribution: list[dict[str, Any]] = [{
        "@type": "cr:FileObject", "@id": "archive", "name": address.rpartition("/")[2] or "archive",
        "contentUrl": address, "encodingFormat": _ARCHIVES.get(ending, "application/octet-stream"), "sha256": digest,
    }]  # fmt: skip
    records, endings = [], list(_outputs(facts))
    if not endings:
        return {}
    for ending in endings:
        media, kind = _MEDIA.get(ending, ("application/octet-stream", ""))
        files, name = f"{ending}-files", f"{ending}-records"
        distribution.append({
            "@type": "cr:FileSet", "@id": files, "name": files, "containedIn": {"@id": "archive"},
            "encodingFormat": media, "includes": [f"*.{ending}", f"**/*.{ending}"],
        })  # fmt: skip
        said = {"path": ("sc:Text", "fullpath"), **({"content": (f"sc:{kind}", "content")} if kind else {})}
        fields = [
            {"@type": "cr:Field", "@id": f"{name}/{field}", "name": field, "dataType": data_type,
             "source": {"fileSet": {"@id": files}, "extract": {"fileProperty": extract}}}
            for field, (data_type, extract) in said.items()
        ]  # fmt: skip
        records.append({
            "@type": "cr:RecordSet", "@id": name, "name": name, "key": {"@id": f"{name}/path"}, "field": fields,
        })  # fmt: skip
    return {"distribution": distribution, "recordSet": records}
