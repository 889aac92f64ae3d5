"""A person looked for by an example image: on this machine, for whoever has the permission, and written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unseen.adapters.cpu_threads import single_threaded
from unseen.adapters.detect.centerface import CenterFaceDetector
from unseen.adapters.detect.views import ViewsDetector, fit
from unseen.adapters.face_print import FacePrinter
from unseen.adapters.runtimes import open_network
from unseen.core.formats import FORMATS
from unseen.core.models import DETECTOR_SIDE
from unseen.core.names import display
from unseen.core.photos import Rgb8
from unseen.core.ports import ModelStore
from unseen.core.recipe import Recipe
from unseen.core.regions import Box
from unseen.engine.governance import Governance
from unseen.engine.single import read_first_frame
from unseen.engine.survey import files_below
from unseen.errors import Denied, FileError, ModelUnavailable, UsageError
from unseen.media.views import rgb_views
from unseen.pixels.boxes import widen
from unseen.policy.roles import Person

__all__ = ["EMBEDDERS", "Match", "Matches", "look_for", "open_printer", "photos_below", "require_permission"]

#: The catalogue's networks that tell faces apart, the first that is there is taken; none is fetched.
EMBEDDERS = ("sface", "mobilefacenet")
_TILE = 1536
_PERMISSION = "match-faces"
#: What is shown of a person around the face that was found.
_AROUND = 0.35


@dataclass(frozen=True, slots=True)
class Match:
    """A face like the example's: the file, where in it, and the cosine of the two embeddings, -1..1."""

    path: Path
    box: Box
    likeness: float


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found, most like first; and which files could not be looked at, a line each."""

    found: tuple[Match, ...]
    looked: int
    problems: tuple[str, ...]

    def boxes(self) -> dict[Path, Box]:
        """Return where the person may be in each file, for somebody to look at; two that match in one are left out."""
        once: dict[Path, list[Box]] = {}
        for each in self.found:
            once.setdefault(each.path.resolve(), []).append(each.box)
        return {path: widen(boxes[0], _AROUND, _AROUND) for path, boxes in once.items() if len(boxes) == 1}


def require_permission(governance: Governance, actor: str) -> None:
    """Raise Denied unless the policy gives a person the permission to match faces, which no role brings."""
    if _PERMISSION not in governance.charter.people.get(actor, Person()).permissions:
        raise Denied(f"{actor} has not the permission {_PERMISSION}, which no role brings; the policy gives it by name")


def open_printer(store: ModelStore, device: str = "auto") -> FacePrinter:
    """Open the networks that find faces and tell them apart; raises ModelUnavailable, which says what is missing."""
    model = next((file for name in EMBEDDERS if (file := store.find(name)) is not None), None)
    if model is None:
        raise ModelUnavailable(
            "no network that tells faces apart is here; bring SFace (Apache-2.0) and say: "
            "unseen models add FILE --as sface"
        )
    finder = store.require("centerface")
    points = open_network(finder, device)
    faces = ViewsDetector(
        CenterFaceDetector(points, finder, threshold=0.3), fit(DETECTOR_SIDE), tile=_TILE, overlap=0.15
    )
    return FacePrinter(faces, points, open_network(model, device), model)


def photos_below(governance: Governance, folders: Sequence[Path], example: Path) -> list[Path]:
    """Return the photos in the policy's folder and others, by their names, but for the example itself."""
    paths = files_below([governance.root, *folders], [])
    known = {ending for endings in FORMATS.values() for ending in endings}
    return [p for p in paths if p.suffix.lstrip(".").lower() in known and p.resolve() != example.resolve()]


def look_for(governance: Governance, actor: str, example: Path, files: Sequence[Path], printer: FacePrinter) -> Matches:
    """Look in photos for the face of an example image, which must show exactly one; raises Denied or UsageError.

    Nothing of it is kept: no embedding, no likeness. The ledger has that it was done, by whom, and over how many files.
    """
    require_permission(governance, actor)
    governance.note("subject.match-faces", actor=actor, files=len(files))
    with single_threaded():
        wanted = printer.of(_pixels(example))
        if len(wanted) != 1:
            raise UsageError(f"{display(example.name)}: shows {len(wanted)} clear faces; bring an image with one")
        found, problems = [], []
        for path in files:
            try:
                pixels = _pixels(path)
            except FileError as error:
                problems.append(str(error))
                continue
            for box, print_ in printer.of(pixels):
                likeness = float(print_ @ wanted[0][1])
                if likeness >= printer.threshold:
                    found.append(Match(path, box, likeness))
    return Matches(tuple(sorted(found, key=lambda m: -m.likeness)), len(files), tuple(problems))


def _pixels(path: Path) -> Rgb8:
    """Return the first picture of a file in 8 bits of red, green and blue."""
    return rgb_views(read_first_frame(path, Recipe().limits).frames[0])[0]
