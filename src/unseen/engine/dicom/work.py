"""DICOM objects through the stages, in a worker: read, clean pixels, de-identify, verify in memory, stage."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.adapters.files_output import discard
from unseen.core.dicom import DicomReceipt, DicomRecipe, PixelOutcome
from unseen.dicom.instance import Cleaned, Deidentifier, Header
from unseen.engine.attempts import unexpected
from unseen.engine.dicom.inputs import DicomSource, NotDicom, is_index, is_volume, read_source
from unseen.engine.dicom.pictures import cleaned_pictures, until_nothing_shows
from unseen.engine.hashing import Hasher
from unseen.engine.stopwatch import Stopwatch
from unseen.errors import FileError, OutputFailed, Refused, UnseenError, VerificationFailed

if TYPE_CHECKING:
    from unseen.core.ports import DicomVerifier, PictureVerifier, PixelCleaner
    from unseen.engine.dicom.heads import Faces

__all__ = ["DicomDone", "DicomSetup", "DicomTask", "DicomTools", "deidentify", "deidentify_files", "path_tag"]

_MAX_TOLD = 3


@dataclass(frozen=True, slots=True)
class DicomSetup:
    """What every worker needs to make its tools; can be sent to another process.

    `pairs` and `patients` ask for what a vault, and what a policy, needs to know of each file.
    """

    recipe: DicomRecipe
    hasher: Hasher
    staging: Path
    output: Path
    pairs: bool = False
    patients: bool = False
    faces: Faces = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DicomTools:
    """What one worker works with; `pixels` is None where no pixel cleaner is installed, `reader` where nobody reads
    written pictures again."""

    setup: DicomSetup
    deidentifier: Deidentifier
    verifier: DicomVerifier
    pixels: PixelCleaner | None
    reader: PictureVerifier | None = None
    clock: Callable[[], float] = time.perf_counter


@dataclass(frozen=True, slots=True)
class DicomTask:
    """Some files, and what the journal knows of each, by the commitment to its place."""

    sources: tuple[DicomSource, ...]
    past: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class DicomDone:
    """What became of one file: the receipt, the staged file that waits for its name, the map for a vault, what
    ties it to other files of the run, and whose it is, by Patient ID, where that was asked for."""

    source: DicomSource
    receipt: DicomReceipt
    staged: Path | None = None
    pairs: tuple[tuple[str, str, str], ...] = ()
    links: tuple[tuple[str, bytes, bytes], ...] = ()
    patient: str = ""


@dataclass(frozen=True, slots=True)
class Deidentified:
    """One object in memory, verified: the cleaned file, what was done to its pixels, why they were looked at, and how
    many places a second reader made to be hidden, None where none looked."""

    cleaned: Cleaned
    outcome: PixelOutcome | None
    pixels: str
    links: tuple[tuple[str, bytes, bytes], ...] = ()
    hidden_again: int | None = None


def deidentify(
    data: bytes, tools: DicomTools, watch: Stopwatch, admit: Callable[[Header], None] = lambda _: None
) -> Deidentified:
    """Take one object through all stages in memory: what is returned has passed verification.

    `admit` is told who and what it is as soon as that is read, and may raise Denied. Raises FileError or Refused, with
    texts that name nothing.
    """
    recipe = tools.setup.recipe
    with watch.time("read"):
        header = tools.deidentifier.read(data)
    if is_index(header.sop_class):
        raise NotDicom("an index (DICOMDIR), which names people; make a new one of the results")
    admit(header)
    original = data[header.instance.leading :]
    with watch.time("pixels"):
        pictured = cleaned_pictures(data, header, tools)
    cleaned, pictured, again = until_nothing_shows(original, pictured, tools, watch)
    outcome = pictured.outcome
    with watch.time("verify"):
        edited = outcome is not None and outcome.changed
        salt = tools.setup.hasher.key.tag("dicom-links", b"run").encode()
        checked = tools.verifier.check(original, cleaned.data, recipe.options, edited=edited, salt=salt)
    findings = checked.findings
    if findings:
        more = f" and {len(findings) - _MAX_TOLD} more" if len(findings) > _MAX_TOLD else ""
        raise VerificationFailed(f"does not pass verification: {'; '.join(findings[:_MAX_TOLD])}{more}")
    return Deidentified(cleaned, outcome, pictured.told, checked.links, again)


def deidentify_files(task: DicomTask, tools: DicomTools) -> list[DicomDone]:
    """Take some files through the stages, up to verified files that wait for their names; an error stays one file's."""
    return [_one(source, task.past, tools) for source in task.sources]


def _one(source: DicomSource, past: Mapping[str, Mapping[str, object]], tools: DicomTools) -> DicomDone:
    setup, watch = tools.setup, Stopwatch(tools.clock)
    tag = path_tag(source, setup.hasher)
    receipt = DicomReceipt(source.number, "released", tag, seconds=watch.seconds)
    try:
        with watch.time("load"):
            data = read_source(source, setup.recipe.max_bytes)
        if setup.hasher.comparable:
            receipt = replace(receipt, input_hash=setup.hasher.of("input", data))
            earlier = _earlier(past.get(tag), receipt.input_hash or "", setup)
            if earlier is not None:
                return DicomDone(source, replace(receipt, status="resumed", **earlier))
        headers, volume = list[Header](), is_volume(source, data)
        made = _volume(data, tools, watch) if volume else deidentify(data, tools, watch, headers.append)
        with watch.time("stage"):
            staged = _stage(made.cleaned.data, setup.staging)
        pairs = made.cleaned.pairs if setup.pairs else ()
        patient = headers[0].patient if setup.patients and headers else ""
        return DicomDone(source, _told(receipt, made, setup), staged, pairs, made.links, patient)
    except NotDicom as error:
        return DicomDone(source, replace(receipt, status="skipped", error=str(error)))
    except (FileError, Refused) as error:
        return DicomDone(source, replace(receipt, status="failed", error=str(error)))
    except MemoryError:
        return DicomDone(source, replace(receipt, status="failed", error="needs more memory than there is"))
    except UnseenError:
        raise
    except Exception as error:  # noqa: BLE001  # one file's trouble must not stop the others
        return DicomDone(source, replace(receipt, status="failed", error=str(unexpected(error))))


def _volume(data: bytes, tools: DicomTools, watch: Stopwatch) -> Deidentified:
    with watch.time("pixels"):
        from unseen.engine.dicom.volumes import cleaned_volume

        return Deidentified(*cleaned_volume(data, tools.setup.recipe, tools.setup.hasher.key))


def _earlier(entry: Mapping[str, object] | None, input_hash: str, setup: DicomSetup) -> dict[str, Any] | None:
    """Return what an earlier run wrote of the same input, if it is still there as it was."""
    if entry is None or entry.get("input") != input_hash:
        return None
    below = str(entry.get("place"))
    try:
        if setup.hasher.of_file("output", setup.output / below) != entry.get("output"):
            return None
    except OSError:
        return None
    _, study, series, _ = below.split("/")
    return {"output": below, "output_hash": str(entry.get("output")), "study": study, "series": series}


def _told(receipt: DicomReceipt, made: Deidentified, setup: DicomSetup) -> DicomReceipt:
    cleaned, outcome = made.cleaned, made.outcome
    return replace(
        receipt,
        output="/".join(cleaned.place),
        output_hash=setup.hasher.of("output", cleaned.data) if setup.hasher.comparable else None,
        sop_class=cleaned.sop_class,
        modality=cleaned.modality if cleaned.modality.isalnum() and len(cleaned.modality) <= 16 else "",
        study=cleaned.study,
        series=cleaned.series,
        actions=cleaned.counts,
        notes=(*cleaned.notes, *(outcome.notes if outcome else ())),
        pixels=made.pixels,
        regions_hidden=outcome.hidden if outcome else 0,
        verified=True,
        pixels_verified=made.hidden_again is not None,
        hidden_again=made.hidden_again or 0,
    )


def _stage(data: bytes, folder: Path) -> Path:
    """Write bytes under a random name, and read them back; they are forced to disk before they get their name."""
    path = folder / f"{secrets.token_hex(16)}.part"
    try:
        with path.open("xb", buffering=0) as file:
            if file.write(data) != len(data):
                raise OSError(28, "disk full")
    except OSError as error:
        discard(path)
        raise OutputFailed(f"cannot be written ({error.strerror}); free some space or choose another -o") from error
    return path


def path_tag(source: DicomSource, hasher: Hasher) -> str:
    """Return the commitment to a source's place below what was named."""
    return hasher.of("path", source.below.encode("utf-8", "surrogateescape"))
