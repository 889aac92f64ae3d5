"""The catalogue: what it states, and what it refuses."""

from __future__ import annotations

import dataclasses
import re

import pytest

from unseen.core.catalogue import CATALOGUE, ENTRIES, by_name, entry_named
from unseen.core.models import ModelEntry, UrlSource, WheelMember
from unseen.core.regions import CLASSES
from unseen.errors import ModelUnavailable

_SHA256 = re.compile(r"[0-9a-f]{64}")


def test_lists_every_entry_once_and_in_order() -> None:
    assert list(CATALOGUE) == [entry.name for entry in ENTRIES]
    assert {"centerface", "mediapipe-full-range", "yunet", "ppocr-det", "ppocr-rec", "yolo26n"} <= set(CATALOGUE)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_says_what_a_user_must_know(entry: ModelEntry) -> None:
    assert entry.licence
    assert entry.training_data
    assert set(entry.classes) <= set(CLASSES)
    assert "UNSEEN_MODELS" in entry.how_to_get
    assert "\n" not in entry.how_to_get


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_whatever_is_downloaded_is_pinned_twice_over(entry: ModelEntry) -> None:
    for source in entry.sources:
        assert entry.sha256 is not None
        assert _SHA256.fullmatch(entry.sha256)
        assert entry.size_bytes
        assert isinstance(source, UrlSource) or _SHA256.fullmatch(source.wheel_sha256)


def test_default_face_models_are_of_two_families() -> None:
    assert CATALOGUE["centerface"].family != CATALOGUE["mediapipe-full-range"].family


def test_yolo_is_shown_as_agpl_and_never_downloaded() -> None:
    yolo = CATALOGUE["yolo26n"]
    assert (yolo.licence, yolo.sources) == ("AGPL-3.0", ())
    assert "person" in yolo.classes
    assert yolo.how_to_get == (
        '`pip install "unseen[yolo]"` then `unseen models export yolo26n.pt`, or put any YOLO ONNX with output '
        "[1,300,6] or [1,84,8400] as yolo26n.onnx into the folder named by UNSEEN_MODELS / "
        "`unseen models add FILE --as yolo26n`"
    )


@pytest.mark.parametrize("change", [{"name": "another"}, {"filename": "another.onnx"}])
def test_a_duplicate_name_or_file_name_is_refused(change: dict[str, str]) -> None:
    entry = CATALOGUE["centerface"]
    twin = dataclasses.replace(entry, **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="twice"):
        by_name([entry, twin])


@pytest.mark.parametrize("source", [UrlSource("https://models.example/x.onnx"), WheelMember("p", "1", "0" * 64, "m")])
def test_a_download_without_a_pinned_hash_is_refused(source: UrlSource | WheelMember) -> None:
    entry = dataclasses.replace(CATALOGUE["yunet"], sources=(source,))
    with pytest.raises(ValueError, match="no SHA-256"):
        by_name([entry])


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        CATALOGUE["centerface"] = CATALOGUE["yunet"]  # type: ignore[index]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnavailable, match=r"unknown model 'facenet'; known: centerface, .*yolo26n"):
        entry_named("facenet")
