"""Puts detectors together for a recipe: what the models that it needs become on a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from unseen.adapters.detect.blazeface import SIDE, BlazeFaceDetector
from unseen.adapters.detect.centerface import CenterFaceDetector
from unseen.adapters.detect.glance import GlanceDetector
from unseen.adapters.detect.text import DbTextDetector, PpocrReader, characters_of
from unseen.adapters.detect.views import (
    Scales,
    ViewsDetector,
    face_scales,
    fit,
    near_and_far,
    second_opinion_scales,
    up_to_own_size,
)
from unseen.adapters.detect.yolo import Cut, YoloDetector
from unseen.adapters.detect.yunet import YuNetDetector
from unseen.adapters.onnx_yolo import cut_of
from unseen.adapters.propose_strips import EdgeStripDetector
from unseen.adapters.runtimes import open_network
from unseen.adapters.tensors import thread_count
from unseen.core.models import DETECTOR_SIDE, ModelFile
from unseen.core.ports import Detector, Network
from unseen.core.recipe import Recipe
from unseen.engine.needed_models import OBJECTS, Models, for_films
from unseen.media.find import Eyes
from unseen.media.way_up import TURNED_SIDE
from unseen.verify.residues import SecondOpinion

__all__ = ["Assembled", "assemble", "open_objects"]

#: Scores from which on something is followed in videos.
_FILM_FACE, _FILM_OBJECT, _YUNET_FACE = 0.18, 0.15, 0.25
#: Pixels of a view at a quarter of the size from which on a face is large: what is smaller is seen better in the other.
_LARGE_FACE = 48.0
#: Score from which on a face that still shows to the model which verifies is hidden, too.
_OTHER_FACE = 0.5
#: Frames with more than so many pixels a side are looked at in a picture of so many first, with this threshold.
_GLANCE_SIDE, _GLANCE_FACE = 960, 0.25
#: Frames of a video that are looked at at the same time, each with its share of the threads: two looks with a thread
#: each are done sooner than two in turns with two threads each, of which every layer waits for the slower one.
_AT_ONCE = 2
#: Looks that are begun at the same time where every other one is at a smaller picture, and none for faces or text: of
#: two the thread that is done first would wait for the other one.
_BEGUN = 3
#: Pixels a side of the pictures in which persons and vehicles are looked for shortly after a look at 640: with 384 to
#: 512 about as many boxes of persons leak as with 640.
_AGAIN_SIDE = 416
#: Long photos are cut into tiles of this many pixels, so that memory stays bounded.
_TILE = 1536


def open_objects(file: ModelFile, device: str, threads: int | None) -> tuple[Detector, str]:
    """Open the model that finds persons and vehicles in frames of videos; return it, and what it runs on."""
    network = open_network(file, device, threads)
    return YoloDetector(network, file, threshold=_FILM_OBJECT), network.device


@dataclass(frozen=True, slots=True)
class Assembled:
    """The opened models of one worker: those that hide, those that verify, and what each of them runs on.

    `film_eyes` and `film_opinion` are the same networks for frames of a video, which are looked at in fewer sizes: what
    one frame misses the next ones show.
    """

    eyes: Eyes
    opinion: SecondOpinion
    film_eyes: Eyes
    film_opinion: SecondOpinion
    devices: Mapping[str, str]


class _Networks:
    """Opens each model once."""

    def __init__(self, models: Models, device: str, threads: int | None, at_once: int) -> None:
        self._files = {m.name: m for m in models.all}
        self._device, self._threads, self._at_once = device, threads, at_once
        self._open: dict[str, Network] = {}

    def __call__(self, name: str, *, seldom: bool = False) -> tuple[Network, ModelFile]:
        file = self._files[name]
        if name not in self._open:
            self._open[name] = open_network(file, self._device, self._threads, at_once=self._at_once, seldom=seldom)
        return self._open[name], file

    def cut(self, name: str) -> Cut | None:
        """Return what opens a model, which is open already, for smaller inputs."""
        return cut_of(self._open[name], self._files[name], self._threads, self._at_once)

    def devices(self) -> dict[str, str]:
        """Return the runtime and device of each opened model."""
        return {name: network.device for name, network in sorted(self._open.items())}


def assemble(
    recipe: Recipe,
    models: Models,
    device: str = "auto",
    threads: int | None = None,
    *,
    counting: bool = False,
    photos: bool = True,
    films: bool = True,
) -> Assembled:
    """Open the models of a recipe on a device, with `counting` those that find what is counted, too.

    Without `photos` only what videos are looked at with is opened, and without `films` only what photos are. Raises
    DeviceUnavailable or ModelCorrupt.
    """
    film = for_films(recipe, models, counting=counting)
    # Photos are looked at one by one, with all threads, and frames where the networks are the same.
    lookers = 1 if photos or _closely(film) else min(_AT_ONCE, thread_count(threads))
    net = _Networks(models, device, threads, lookers)
    of_photos = (_eyes(recipe, models, net), _opinion(models, net)) if photos else None
    of_films = of_photos
    if films or of_films is None:
        eyes = replace(_film_eyes(recipe, film, net, counting=counting), threads=lookers)
        of_films = eyes, _film_opinion(film, net)
    return Assembled(*(of_photos or of_films), *of_films, net.devices())


def _eyes(recipe: Recipe, models: Models, net: _Networks) -> Eyes:
    """Return the detectors for photos."""
    high = recipe.recall == "high"
    return replace(
        _words(recipe, models, net),
        faces=_faces(net, high=high) if "centerface" in models.hide else None,
        faces_turned=_faces_turned(net) if "centerface" in models.hide and recipe.recall != "fast" else None,
        objects=_objects(net, high=high) if "yolo26n" in models.hide else None,
        # Photos have many shapes, and to open a network for each takes longer than to look at its square.
        objects_turned=_objects(net, high=high) if recipe.hidden & OBJECTS and recipe.recall != "fast" else None,
    )


def _faces_turned(net: _Networks) -> Detector:
    """Return who looks at photos that are turned: at a small one, because that is done three times."""
    inner = CenterFaceDetector(*net("centerface"), threshold=_FILM_FACE)
    return ViewsDetector(inner, fit(TURNED_SIDE), tile=_TILE, overlap=0.15)


def _objects_at(side: int, net: _Networks) -> Detector:
    """Return who looks for persons and vehicles in videos in pictures of so many pixels a side, fewer than the whole
    network's: half as many take a quarter of the time."""
    network, file = net("yolo26n")
    return YoloDetector(network, file, threshold=_FILM_OBJECT, cut=net.cut("yolo26n"), side=side)


def _film_eyes(recipe: Recipe, models: Models, net: _Networks, *, counting: bool) -> Eyes:
    """Return the detectors for frames of a video."""
    turned: Detector | None = None
    faces = close = again = objects = objects_again = objects_turned = None
    own_size = 1.0 if recipe.recall == "high" else 0.64
    if "yunet" in models.film_faces:
        turned = YuNetDetector(*net("yunet"), threshold=_YUNET_FACE)
        again = ViewsDetector(turned, fit(DETECTOR_SIDE, most=own_size), tile=_TILE, overlap=0.15)
        faces = ViewsDetector(
            turned, near_and_far(DETECTOR_SIDE, most=own_size), tile=_TILE, overlap=0.15, least=_LARGE_FACE
        )
    elif _closely(models):
        turned = close = CenterFaceDetector(*net("centerface"), threshold=_FILM_FACE)
        faces = ViewsDetector(close, fit(DETECTOR_SIDE, most=own_size), tile=_TILE, overlap=0.15)
    if "yolo26n" in models.hide:
        # What is counted is counted as it is without hiding, for which `open_objects` looks at squares. Else the whole
        # square is for pictures that are square.
        network, file = net("yolo26n", seldom=not counting)
        objects = YoloDetector(network, file, threshold=_FILM_OBJECT, cut=None if counting else net.cut("yolo26n"))
        if not (counting or recipe.video.heads):
            objects_again = _objects_at(_AGAIN_SIDE, net)
        if recipe.hidden & OBJECTS:
            objects_turned = _objects_at(TURNED_SIDE // 2, net)
    words = _words(recipe, models, net)
    begun = _BEGUN if objects_again and not (faces or words.text) else _AT_ONCE
    return replace(
        words,
        faces=faces, faces_close=close, faces_again=again, faces_turned=turned, objects=objects,
        objects_again=objects_again, objects_turned=objects_turned, at_once=1 if close else begun,
    )  # fmt: skip


def _closely(film: Models) -> bool:
    """Whether frames are looked at in small parts around what the look before found, which must be known for that."""
    return "centerface" in film.hide and not film.film_faces


def _words(recipe: Recipe, models: Models, net: _Networks) -> Eyes:
    """Return the detectors of text and plates, and who reads them."""
    text = text_close = None
    if "ppocr-det" in models.hide:
        has_vehicles = "yolo26n" in models.hide
        limit = DETECTOR_SIDE if recipe.recall == "high" else (640 if has_vehicles else 960)
        text = DbTextDetector(*net("ppocr-det"), limit=limit)
        text_close = DbTextDetector(*net("ppocr-det"), limit=416, grow=3.0, threshold=0.2) if has_vehicles else None
    return Eyes(text=text, text_close=text_close, reader=_reader(net) if "ppocr-rec" in models.hide else None)


def _faces(net: _Networks, *, high: bool) -> Detector:
    # Chosen on labelled crowds (docs/adr on detectors): a smaller picture with a low threshold finds more faces in the
    # same time than a large one with a high threshold.
    inner = CenterFaceDetector(*net("centerface"), threshold=0.12 if high else 0.11)
    if high:
        return ViewsDetector(inner, face_scales, tile=_TILE, overlap=0.15)
    return ViewsDetector(inner, fit(DETECTOR_SIDE, most=0.64), tile=_TILE, overlap=0.15, multiple=32)


def _objects(net: _Networks, *, high: bool) -> Detector:
    return YoloDetector(*net("yolo26n"), threshold=0.10 if high else 0.25)


def _reader(net: _Networks) -> PpocrReader:
    network, file = net("ppocr-rec")
    return PpocrReader(network, file, characters_of(file))


def _opinion(models: Models, net: _Networks) -> SecondOpinion:
    """Return the models that verify photos; none when the recipe skips verification."""
    faces: list[Detector] = []
    if "mediapipe-full-range" in models.verify:
        faces.append(_tiled(net, second_opinion_scales))
    if "yunet" in models.verify:
        inner = YuNetDetector(*net("yunet"), threshold=0.6)
        faces.append(ViewsDetector(inner, fit(DETECTOR_SIDE, most=2.0), tile=_TILE, overlap=0.15))
    return _with_plates(tuple(faces), models, net)


def _film_opinion(models: Models, net: _Networks) -> SecondOpinion:
    """Return the models that verify videos: one family, another than the one that hides."""
    faces: tuple[Detector, ...] = ()
    if "centerface" in models.verify:
        faces = (_at_a_glance(net),)
    elif "mediapipe-full-range" in models.verify:
        faces = (_tiled(net, up_to_own_size),)
    return _with_plates(faces, models, net)


def _at_a_glance(net: _Networks) -> Detector:
    """Return CenterFace for what still shows in frames: it sees nearly as much as in all of a frame at its own size, in
    two thirds of the time (docs/adr/0047-a-glance-before-a-look.md)."""
    network, file = net("centerface")
    glance, sure = (
        ViewsDetector(CenterFaceDetector(network, file, threshold=score), fit(side), tile=_TILE, overlap=0.15)
        for score, side in ((_GLANCE_FACE, _GLANCE_SIDE), (_OTHER_FACE, DETECTOR_SIDE))
    )
    return GlanceDetector(glance, sure, score=_OTHER_FACE, beyond=_GLANCE_SIDE)


def _tiled(net: _Networks, scales: Scales) -> Detector:
    inner = BlazeFaceDetector(*net("mediapipe-full-range"), threshold=0.5)
    return ViewsDetector(inner, scales, tile=SIDE, overlap=0.35)


def _with_plates(faces: tuple[Detector, ...], models: Models, net: _Networks) -> SecondOpinion:
    plates = "ppocr-rec" in models.verify
    return SecondOpinion(
        faces=faces,
        strips=EdgeStripDetector() if plates else None,
        reader=_reader(net) if plates else None,
    )
