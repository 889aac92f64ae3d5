"""What reports say of a run, as rows that cite them: photos and videos first, DICOM objects after."""

from __future__ import annotations

from collections import Counter

from unseen.govern.documents.facts import utc
from unseen.govern.documents.model import Row, Section, Source
from unseen.govern.documents.nodes import Node

__all__ = [
    "deidentification",
    "evidence_sections",
    "hidden_classes",
    "labels_in",
    "models_of",
    "redaction",
    "second_look",
    "unchecked_classes",
]

_SOUND = {
    "drop": "dropped",
    "keep": "kept",
    "mute-when-person": "muted while a face, a head or a person is hidden, else kept",
}
_FILES = ("released", "resumed", "failed", "skipped")


def evidence_sections(redactions: tuple[Node, ...], studies: tuple[Node, ...]) -> list[Section]:
    """Return a section for each report."""
    sections = [Section(f"What {each.place} says of photos and videos", redaction(each)) for each in redactions]
    return sections + [Section(f"What {each.place} says of DICOM objects", deidentification(each)) for each in studies]


def hidden_classes(report: Node) -> dict[str, str]:
    """Return the classes that a run of unseen redact hid, with their looks."""
    looks = {cls: look["method"].text() for cls, look in report["recipe"]["looks"].pairs()}
    return {cls: method for cls, method in looks.items() if method != "none"}


def unchecked_classes(report: Node) -> dict[str, Source]:
    """Return the hidden classes that no second model looked for, each with the first file that says so."""
    found: dict[str, Source] = {}
    for file in report["files"].each():
        verdict = file.get("verdict")
        if verdict is not None and verdict.value is not None:
            for cls in verdict["unchecked"].words():
                found.setdefault(cls, verdict["unchecked"].source)
    return found


def models_of(report: Node) -> list[tuple[str, Source]]:
    """Return the models of a run: name, family, licence."""
    return [
        (f"{each['name'].text()} ({each['family'].text()}, {each['licence'].text()})", each.source)
        for each in report["models"].each()
    ]


def _counts(node: Node, words: tuple[str, ...]) -> str:
    return ", ".join(f"{node[word].whole():,} {word}" for word in words if node[word].whole()) or "none"


def _period(report: Node) -> Row:
    text = f"{report['started'].text()} to {report['ended'].text()}"
    return Row("Run", (text,), (report["started"].source, report["ended"].source))


def second_look(report: Node) -> Row:
    """Return what a second model found in the results of a run, with its interval."""
    look, totals = report["totals"]["second_look"], report["totals"]
    looked, found = look["looked_at"].whole(), look["with_residues"].whole()
    if not looked:
        return Row("Second look", ("no result was looked at again",), (look.source,))
    low, high = (each.number() for each in look["interval_95"].each())
    share = found / looked
    return Row(
        "Second look",
        (
            f"looked at again: {looked:,}; something more was found in {found:,} (share {share:.3f}, 95 % interval "
            f"{low:.3f} to {high:.3f}), and was hidden, or the file refused",
            f"passed: {totals['verified'].whole():,}",
        ),
        (look.source, totals["verified"].source),
    )


def _hidden(report: Node) -> Row:
    regions, tracks = dict(report["totals"]["regions"].pairs()), dict(report["totals"]["tracks"].pairs())
    values = []
    for cls, method in hidden_classes(report).items():
        counts = [f"{regions[cls].whole():,} regions"] if cls in regions else []
        counts += [f"{tracks[cls].whole():,} tracks"] if cls in tracks else []
        values.append(f"{cls} by {method}: {', '.join(counts) or 'none found'}")
    sources = [report["recipe"]["looks"].source, report["totals"]["regions"].source, report["totals"]["tracks"].source]
    return Row("Hidden", tuple(values) or ("nothing",), tuple(sources))


def _weak_tracks(report: Node) -> Row | None:
    weak = [
        file["video"]["needs_review"]
        for file in report["files"].each()
        if file["video"].value is not None and file["video"]["needs_review"].value
    ] if report.get("files") else []  # fmt: skip
    if not weak:
        return None
    count = sum(len(list(each.each())) for each in weak)
    return Row("To be looked at", (f"{count:,} tracks with weak evidence",), tuple(each.source for each in weak[:3]))


def labels_in(report: Node) -> list[Node]:
    """Return the labels of the results in a report of unseen redact."""
    return [label for file in report["files"].each() if (label := file.get("label")) is not None]


def _labels(report: Node) -> Row | None:
    """Return the states of the results, as their labels say, and until when the first of them may be kept."""
    labels = labels_in(report)
    if not labels:
        return None
    states = Counter(label["state"].text() for label in labels)
    values = [", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))]
    ends = [label["retain_until"].number() for label in labels if label["retain_until"].value is not None]
    if ends:
        values.append(f"to be deleted from {utc(min(ends))} on")
    return Row("Labels", tuple(values), tuple(label.source for label in labels[:3]))


def _credentials(report: Node) -> Row | None:
    """Return how many results carry content credentials, and by which certificates they are signed."""
    found = [each for file in report["files"].each() if (each := file.get("credentials")) is not None]
    if not found:
        return None
    signed = sorted({each["certificate_sha256"].text()[:16] for each in found})
    text = f"{len(found):,} results carry them, signed with certificate {', '.join(signed)}"
    return Row("Content credentials", (text,), tuple(each.source for each in found[:3]))


def redaction(report: Node) -> tuple[Row, ...]:
    """Return what a report of unseen redact says."""
    recipe, totals = report["recipe"], report["totals"]
    rows: list[Row | None] = [
        _period(report),
        Row("Files", (_counts(totals["files"], _FILES),), (totals["files"].source,)),
        _hidden(report),
        second_look(report),
    ]
    unchecked = unchecked_classes(report)
    if unchecked:
        text = f"{', '.join(sorted(unchecked))}: hidden, and no second model looks for them"
        rows.append(Row("Without a second look", (text,), tuple(unchecked.values())))
    kept = recipe["keep_metadata"].words()
    text = f"all dropped but {', '.join(kept)}" if kept else "all dropped"
    rows.append(Row("Metadata of files", (text,), (recipe["keep_metadata"].source,)))
    if totals["frames"].whole():
        audio = recipe["video"]["audio"]
        rows.append(Row("Sound of videos", (_SOUND.get(audio.text(), "kept"),), (audio.source,)))
    rows.append(_weak_tracks(report))
    rows += [
        _labels(report),
        _credentials(report),
        _listed(report, "visible_by_choice", "Left visible by choice"),
        _listed(report, "unsafe", "Protection lowered by"),
    ]
    if report["leaks"].value:
        told = ", ".join(method for method, _ in report["leaks"].pairs())
        rows.append(Row("Looks that hold information", (told,), (report["leaks"].source,)))
    models = models_of(report)
    if models:
        rows.append(Row("Models", tuple(text for text, _ in models), (report["models"].source,)))
    return tuple(row for row in rows if row is not None)


def _listed(report: Node, key: str, label: str) -> Row | None:
    words = report[key].words()
    return Row(label, (", ".join(words),), (report[key].source,)) if words else None


def deidentification(report: Node) -> tuple[Row, ...]:
    """Return what a report of unseen dicom says."""
    recipe, totals = report["recipe"], report["totals"]
    options = recipe["options"].words()
    told = f"{recipe['edition'].text()}, profile {recipe['profile'].text()}, "
    told += f"options {', '.join(options)}" if options else "no options"
    released = totals["objects"]["released"]
    rows: list[Row | None] = [
        _period(report),
        Row("Objects", (_counts(totals["objects"], _FILES),), (totals["objects"].source,)),
        Row("Profile", (told,), (recipe["edition"].source, recipe["options"].source)),
        Row(
            "Elements",
            (", ".join(f"{count.whole():,} {fate}" for fate, count in totals["elements"].pairs()) or "none",),
            (totals["elements"].source,),
        ),
        Row(
            "Verification",
            (
                f"{totals['verified'].whole():,} of {released.whole():,} released: searched for what their originals "
                "tell, by another reader and other rules, and nothing was found",
            ),
            (totals["verified"].source, released.source),
        ),
        _read_again(report),
        _pixels(report),
        Row(
            "Key of codes, UIDs and dates",
            (f"{report['key'].text()} after the run",),
            (report["key"].source,),
        ),
        _listed(report, "unsafe", "Protection lowered by"),
    ]
    return tuple(row for row in rows if row is not None)


def _read_again(report: Node) -> Row | None:
    """Return how many written pictures were read again for text, where a report says so."""
    again = report["totals"].get("pixels_verified")
    return None if again is None else Row("Pictures read again", (f"{again.whole():,}",), (again.source,))


def _pixels(report: Node) -> Row | None:
    """Return what was done with pictures, by how many objects it was done to."""
    told: Counter[str] = Counter()
    first: dict[str, Source] = {}
    for study in report["studies"].each():
        for each in study["objects"].each():
            word = each["pixels"].text()
            if word:
                told[word] += 1
                first.setdefault(word, each["pixels"].source)
    if not told:
        return None
    hidden = report["totals"]["regions_hidden"]
    values = [f"{count:,}: {word}" for word, count in told.most_common()]
    return Row(
        "Pictures", (*values, f"{hidden.whole():,} regions hidden in them"), (hidden.source, *list(first.values())[:3])
    )
