"""The pictures of one object: faces cut, text hidden, written, read again by others, hidden again what still shows."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from unseen.core.dicom import DicomRecipe, PixelOutcome, PixelResidue
from unseen.dicom.instance import Cleaned, Header
from unseen.dicom.shown import may_show, shows_head
from unseen.errors import DamagedInput, Refused, UnsupportedInput, VerificationFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unseen.engine.dicom.work import DicomTools
    from unseen.engine.stopwatch import Stopwatch

__all__ = ["Pictured", "cleaned_pictures", "until_nothing_shows"]

#: How often what a second reader sees is hidden again before a file fails.
_MOST_ROUNDS = 3
#: What no pixel cleaner can make unrecognizable.
_VOICE = "a voice"
#: Transfer syntaxes of videos: MPEG2, MPEG-4 AVC and HEVC, whole and in fragments (PS3.5 A.4.5 to A.4.8).
_VIDEOS = "1.2.840.10008.1.2.4.10"


@dataclass(frozen=True, slots=True)
class Pictured:
    """An object whose pixels are done: its bytes, its header, what was done and what is told of it."""

    data: bytes
    header: Header
    outcome: PixelOutcome | None
    told: str


def cleaned_pictures(data: bytes, header: Header, tools: DicomTools) -> Pictured:
    """Return an object without the faces and the text that it may show; raises FileError, or Refused where nobody said
    what to do, or nothing here can do it."""
    recipe = tools.setup.recipe
    head = _head_to_cut(header, recipe)
    reason = may_show(header.instance, header.sop_class)
    shown, header, faceless = _without_face(data, header, tools) if head else (data, header, None)
    pictured = _clean_pixels(shown, header, reason, tools)
    outcome = _both(faceless, pictured.outcome) if head else _with_face(header, pictured.outcome)
    return replace(pictured, outcome=outcome)


def until_nothing_shows(
    original: bytes, pictured: Pictured, tools: DicomTools, watch: Stopwatch
) -> tuple[Cleaned, Pictured, int | None]:
    """Write an object and have its pictures read again; what still shows is hidden, and looked at again.

    Returns what is written, what it was made of, and how many places were hidden again, None where nobody looked.
    Raises VerificationFailed where text still shows after three more tries.
    """
    again = _looks_again(original, pictured, tools)
    if not again:
        pictured = _unread(pictured)
    hidden, frames = 0, set[int]()
    for _ in range(_MOST_ROUNDS + 1):
        with watch.time("deidentify"):
            cleaned = tools.deidentifier.clean(pictured.header, pictured.outcome)
        if not again or tools.reader is None:
            return cleaned, pictured, None
        with watch.time("verify pixels"):
            left = tools.reader.look(original, cleaned.data, tools.setup.recipe)
        if left is None:
            again, pictured = False, _unread(pictured)
            continue
        if not left:
            return cleaned, pictured, hidden
        hidden, frames = hidden + len(left), {each.frame for each in left}
        with watch.time("pixels"):
            pictured = _hidden_again(pictured, left, tools)
    raise VerificationFailed(
        f"a second reader still sees text in {len(frames)} frames after {_MOST_ROUNDS} more tries; it is not released"
    )


def _unread(pictured: Pictured) -> Pictured:
    """Return an object of which it is not said whether text is burned in: nobody looked at the result."""
    if pictured.outcome is None or not pictured.outcome.burned_in:
        return pictured
    return replace(pictured, outcome=replace(pictured.outcome, burned_in=""))


def _looks_again(original: bytes, pictured: Pictured, tools: DicomTools) -> bool:
    """Whether a second reader is to look at an object's pictures: those that were cleaned, and all kinds that may hold
    text; of them all, or a share that is drawn by the key, so that nobody can aim at it."""
    recipe, header = tools.setup.recipe, pictured.header
    if tools.reader is None or recipe.unsafe_keep_pixels or recipe.verify == "skip":
        return False
    cleaned = pictured.outcome is not None and pictured.outcome.burned_in == "NO"
    if not cleaned and not tools.reader.carries_text(header.modality, header.sop_class):
        return False
    if recipe.verify == "full":
        return True
    drawn = tools.setup.hasher.key.tag("sample", hashlib.sha256(original).digest())
    return int(drawn[:12], 16) / float(1 << 48) < recipe.sample_share


def _hidden_again(pictured: Pictured, left: Sequence[PixelResidue], tools: DicomTools) -> Pictured:
    if tools.pixels is None:
        raise VerificationFailed("a second reader still sees text, and nothing here can hide it; it is not released")
    dataset = _dataset(pictured.data)
    hidden = _hide_in_video(dataset, left, tools) if _is_video(pictured.header) else tools.pixels.hide(dataset, left)
    outcome = _both(pictured.outcome, hidden)
    written = _written(dataset)
    told = pictured.told if pictured.told.startswith("cleaned") else "cleaned: a second reader saw text"
    return Pictured(written, tools.deidentifier.read(written), outcome, told)


def _head_to_cut(header: Header, recipe: DicomRecipe) -> bool:
    """Whether an object shows a head whose face is to be removed; raises Refused where nobody said what to do."""
    if recipe.keep_face or recipe.unsafe_keep_pixels or not shows_head(header.instance, header.sop_class):
        return False
    if not recipe.deface:
        raise Refused("shows a head, and a face can be made of it; say --deface to remove it, or --keep-face")
    return True


def _without_face(data: bytes, header: Header, tools: DicomTools) -> tuple[bytes, Header, PixelOutcome]:
    """Return the object without its face, and what was done; raises Refused where the face is not known."""
    from unseen.engine.dicom.heads import cut

    dataset = _dataset(data)
    outcome = cut(dataset, tools.setup.faces)
    written = _written(dataset)
    return written, tools.deidentifier.read(written), outcome


def _both(first: PixelOutcome | None, second: PixelOutcome | None) -> PixelOutcome | None:
    """Return what was done in two steps as one."""
    if first is None or second is None:
        return first or second
    return PixelOutcome(
        changed=first.changed or second.changed,
        hidden=first.hidden + second.hidden,
        applied=first.applied | second.applied,
        burned_in=second.burned_in or first.burned_in,
        recognizable=first.recognizable or second.recognizable,
        notes=(*first.notes, *second.notes),
    )


def _with_face(header: Header, outcome: PixelOutcome | None) -> PixelOutcome | None:
    """Return the outcome with what is true of a head that is released: a face can be made of it."""
    if not shows_head(header.instance, header.sop_class):
        return outcome
    return replace(outcome or PixelOutcome(), recognizable="YES")


def _clean_pixels(data: bytes, header: Header, reason: str, tools: DicomTools) -> Pictured:
    """Return the object with clean pixels; raises Refused where nobody can clean them."""
    recipe = tools.setup.recipe
    wanted = reason or ("asked for" if "clean-pixel-data" in recipe.options else "")
    if not wanted:
        return Pictured(data, header, None, "not looked at: comes straight from a scanner, or has none")
    if tools.pixels is None or wanted == _VOICE or recipe.unsafe_keep_pixels:
        if not recipe.unsafe_keep_pixels:
            raise Refused(f"has {wanted}, and nothing here can clean it; see --unsafe-keep-pixels")
        return Pictured(data, header, None, f"kept unseen by --unsafe-keep-pixels: {wanted}")
    dataset = _dataset(data)
    outcome = _clean_video(dataset, tools) if _is_video(header) else tools.pixels.clean(dataset, header.known.words)
    if not outcome.changed:
        return Pictured(data, header, outcome, f"looked at: {wanted}")
    written = _written(dataset)
    return Pictured(written, tools.deidentifier.read(written), outcome, f"cleaned: {wanted}")


def _is_video(header: Header) -> bool:
    return header.instance.transfer_syntax.startswith(_VIDEOS)


def _clean_video(dataset: Any, tools: DicomTools) -> PixelOutcome:
    from unseen.engine.dicom.video import clean_video  # here: all that videos need is loaded with it

    return clean_video(dataset, tools.setup.staging)


def _hide_in_video(dataset: Any, left: Sequence[PixelResidue], tools: DicomTools) -> PixelOutcome:
    from unseen.engine.dicom.video import hide_in_video

    return hide_in_video(dataset, left, tools.setup.staging)


def _dataset(data: bytes) -> Any:
    import pydicom

    try:
        return pydicom.dcmread(io.BytesIO(data), force=True)
    except Exception as error:
        raise DamagedInput(f"cannot be read for its pixels ({type(error).__name__}); leave it out") from error


def _written(dataset: Any) -> bytes:
    import pydicom

    buffer = io.BytesIO()
    try:
        pydicom.dcmwrite(buffer, dataset, enforce_file_format=False)
    except Exception as error:
        raise UnsupportedInput(f"cannot be written again ({type(error).__name__}); leave it out") from error
    return buffer.getvalue()
