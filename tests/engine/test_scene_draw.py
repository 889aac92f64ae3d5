"""Drawing a scene: the file, its picture with people hidden, and the page to draw it in."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.engine.engine_fakes import make_photo, shows_face
from tests.engine.film_scenes import FILM, film
from unseen.adapters.scene_picture import drawn
from unseen.adapters.scene_yaml import SCHEMA, read_scene
from unseen.cli.main import main
from unseen.core.jobs import SceneJob
from unseen.core.photos import Frame, Photo
from unseen.core.recipe import Recipe
from unseen.core.scene import Calibration, Line, Scene, Zone
from unseen.engine.scene import run
from unseen.errors import OutputTaken, Refused, UnseenError, UsageError

LINE, ZONE = Line("gate", (10, 50), (90, 50)), Zone("square", ((5, 5), (40, 5), (40, 30)))

_SQUARE = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


def black(photo: Photo, recipe: Recipe, device: str) -> Photo:
    """Hide everything, and see that persons are asked for."""
    assert {"face", "person", "car", "bus"} <= recipe.hidden
    return photo.with_frames((Frame(np.zeros_like(photo.frames[0].pixels), "rgb"),))


def test_scene_and_its_picture(tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "frame.png")
    paths = run(SceneJob(photo, tmp_path / "s.yaml", (LINE,), (ZONE,), classes=("car",)), black)
    assert [path.name for path in paths] == ["s.yaml", "s.jpg"]
    assert read_scene(paths[0]) == Scene(96, 64, (LINE,), (ZONE,), classes=("car",))
    assert not shows_face(paths[1])
    with Image.open(paths[1]) as picture:
        assert picture.size == (96, 64)
        assert not picture.getexif()
        pixels = np.array(picture.convert("RGB")).astype(int)
    # The line is yellow, and forward is downward.
    assert pixels[50, 15, 0] > 150
    assert pixels[53:57, 50, 0].max() > 150
    assert pixels[41:46, 50, 0].max() < 100


def test_first_frame_of_a_video_will_do(tmp_path: Path) -> None:
    clip = film(tmp_path / "a.mp4", FILM)
    paths = run(SceneJob(clip, tmp_path / "s.yaml", (LINE,)), black)
    assert read_scene(paths[0]).size == "160x120"
    assert not shows_face(paths[1])


def test_page_holds_the_hidden_picture_and_loads_nothing(tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "frame.png")
    (page,) = run(SceneJob(photo, tmp_path / "s.yaml"), black)
    text = page.read_text("utf-8")
    (picture,) = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', text)
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(picture), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (64, 96, 3)
    assert int(shown.max()) < 10
    assert SCHEMA in text
    assert "default-src 'none'" in text
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert "@" not in re.sub(r"base64,[^\"]+", "", text)


def test_nothing_is_written_where_hiding_fails(tmp_path: Path) -> None:
    def fails(photo: Photo, recipe: Recipe, device: str) -> Photo:
        raise UnseenError("faces still show")

    photo = make_photo(tmp_path / "frame.png")
    with pytest.raises(UnseenError, match="still show"):
        run(SceneJob(photo, tmp_path / "s.yaml", (LINE,)), fails)
    assert [path.name for path in tmp_path.iterdir()] == ["frame.png"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "s.jpg")
    before = photo.read_bytes()
    with pytest.raises(Refused, match="written over the picture itself"):
        run(SceneJob(photo, tmp_path / "s.yaml", (LINE,), overwrite=True), black)
    (tmp_path / "t.yaml").write_text("mine")
    with pytest.raises(OutputTaken, match="say --overwrite"):
        run(SceneJob(photo, tmp_path / "t.yaml", (LINE,)), black)
    run(SceneJob(photo, tmp_path / "t.yaml", (LINE,), overwrite=True), black)
    assert photo.read_bytes() == before


@pytest.mark.parametrize(
    ("job", "told"),
    [
        ({"lines": (Line("gate", (0, 0), (97, 0)),)}, "outside of the frame of 96x64"),
        ({"out": Path("s.txt")}, "ends in .yaml"),
        (
            {"calibration": Calibration(((0, 0), (9, 0), (9, 9), (0, 9)), ((0, 0), (1, 0), (1, 1), (0, 1)))},
            "needs a line",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, job: dict[str, object], told: str) -> None:
    photo = make_photo(tmp_path / "frame.png")
    given = {"frame": photo, "out": tmp_path / "s.yaml", **job}
    with pytest.raises(UsageError, match=told):
        run(SceneJob(**given), black)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["frame.png"]


def test_words_that_are_wrong_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = make_photo(tmp_path / "frame.png")
    assert main(["scene", "draw", str(photo), "-o", str(tmp_path / "s.yaml"), "--line", "gate:1,2,3"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("unseen: error: --line 'gate:1,2,3' has 3 numbers")
    assert error.count("\n") == 1


def test_names_and_metres_are_drawn_inside_of_the_picture() -> None:
    calibration = Calibration(((90, 60), (95, 60), (95, 63), (90, 63)), ((0, 0), (5, 0), (5, 3), (0, 3)))
    scene = Scene(96, 64, (Line("a long name at the edge", (95, 60), (90, 5)),), calibration=calibration)
    picture = np.full((64, 96, 3), 90, np.uint8)
    shown = drawn(picture, scene)
    assert shown.shape == picture.shape
    assert (picture == 90).all()
    assert (shown != 90).any()
