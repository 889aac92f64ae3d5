"""The model store: which file is taken, what is refused, and what a fetch leaves behind."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.adapters.models_store import FileModelStore
from unseen.core.catalogue import by_name
from unseen.core.models import ModelEntry, UrlSource, WheelMember
from unseen.errors import ModelCorrupt, ModelUnavailable, UnseenError

GOOD, OTHER = b"the pinned bytes", b"some other bytes"
WHEEL = WheelMember("project", "1.0", "0" * 64, "project/face.onnx")
PINNED = ModelEntry(
    name="face",
    family="centerface",
    task="face",
    classes=("face",),
    filename="face.onnx",
    licence="MIT",
    training_data="none",
    size_bytes=len(GOOD),
    sha256=hashlib.sha256(GOOD).hexdigest(),
    sources=(WHEEL,),
    how_to_get="ask for it",
)
OWN = dataclasses.replace(PINNED, name="own", filename="own.onnx", sha256=None, size_bytes=None, sources=())


def _no_url(entry: ModelEntry, source: UrlSource) -> bytes:
    raise AssertionError("nothing may be fetched here")


def _nothing(entry: ModelEntry, source: WheelMember) -> bytes:
    raise AssertionError("nothing may be fetched here")


def _serves(data: bytes) -> Callable[[ModelEntry, WheelMember], bytes]:
    return lambda entry, source: data


def _store(
    tmp_path: Path,
    *,
    folders: tuple[Path, ...] = (),
    wheel: Callable[[ModelEntry, WheelMember], bytes] = _nothing,
    url: Callable[[ModelEntry, UrlSource], bytes] = _no_url,
    installed: Callable[[WheelMember], Path | None] = lambda source: None,
    entries: tuple[ModelEntry, ...] = (PINNED, OWN),
) -> FileModelStore:
    return FileModelStore(
        folders=folders,
        cache=tmp_path / "cache",
        fetch_wheel=wheel,
        fetch_url=url,
        installed=installed,
        catalogue=by_name(entries),
    )


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_empty_machine_has_nothing(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.find("face") is None
    assert store.find("own") is None
    assert _files(tmp_path) == []


def test_the_users_folder_comes_first_and_its_file_is_the_users_own(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
    (second / "face.onnx").write_bytes(OTHER)
    _store(tmp_path, wheel=_serves(GOOD)).require("face")
    found = _store(tmp_path, folders=(first, second)).require("face")
    assert (found.path, found.origin) == (second / "face.onnx", "user")
    assert found.sha256 == hashlib.sha256(OTHER).hexdigest()


def test_the_pinned_file_in_the_users_folder_is_the_catalogues(tmp_path: Path) -> None:
    (tmp_path / "face.onnx").write_bytes(GOOD)
    found = _store(tmp_path, folders=(tmp_path,)).require("face")
    assert (found.origin, found.sha256) == ("catalogue", PINNED.sha256)


def test_a_folder_that_is_not_there_is_an_error_not_an_empty_folder(tmp_path: Path) -> None:
    store = _store(tmp_path, folders=(tmp_path / "typo",), wheel=_serves(GOOD))
    with pytest.raises(ModelUnavailable, match=r"UNSEEN_MODELS names .*typo, which is not a folder"):
        store.require("face")


def test_a_fetched_file_is_kept_and_found_again(tmp_path: Path) -> None:
    fetched = _store(tmp_path, wheel=_serves(GOOD)).require("face")
    found = _store(tmp_path).find("face")
    assert found == fetched
    assert found is not None
    assert found.path.read_bytes() == GOOD
    assert _files(tmp_path) == ["cache/face.onnx"]


def test_fetched_bytes_that_differ_are_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt, match="nothing was kept"):
        _store(tmp_path, wheel=_serves(OTHER)).require("face")
    assert _files(tmp_path) == []


@pytest.mark.parametrize("damage", [OTHER, GOOD[:-1], b""], ids=["changed", "truncated", "empty"])
def test_a_cached_download_that_changed_is_refused_until_it_is_pulled_again(tmp_path: Path, damage: bytes) -> None:
    _store(tmp_path, wheel=_serves(GOOD)).require("face").path.write_bytes(damage)
    with pytest.raises(ModelCorrupt, match="unseen models pull face"):
        _store(tmp_path, wheel=_serves(GOOD)).require("face")
    assert _store(tmp_path, wheel=_serves(GOOD)).fetch("face").path.read_bytes() == GOOD
    assert _store(tmp_path).find("face") is not None


def test_a_file_that_changes_during_the_process_is_hashed_again(tmp_path: Path) -> None:
    store = _store(tmp_path, wheel=_serves(GOOD))
    path = store.require("face").path
    path.write_bytes(OTHER)
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelCorrupt):
        store.find("face")


def test_an_added_file_is_copied_and_its_hash_recorded(tmp_path: Path) -> None:
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(OTHER)
    added = _store(tmp_path).add(mine, "own")
    mine.unlink()
    found = _store(tmp_path).require("own")
    assert found == added
    assert (found.origin, found.path.read_bytes()) == ("user", OTHER)


def test_an_added_file_goes_before_a_fetched_one(tmp_path: Path) -> None:
    store = _store(tmp_path, wheel=_serves(GOOD))
    store.require("face")
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(OTHER)
    store.add(mine, "face")
    assert store.require("face").origin == "user"


@pytest.mark.parametrize("record", [None, b"", b"[]", b"\xff", b'{"sha256": 1}'])
def test_an_added_file_without_its_record_is_refused(tmp_path: Path, record: bytes | None) -> None:
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(OTHER)
    path = _store(tmp_path).add(mine, "own").path
    sidecar = path.with_name(path.name + ".json")
    sidecar.unlink()
    if record is not None:
        sidecar.write_bytes(record)
    with pytest.raises(ModelCorrupt, match="add it again"):
        _store(tmp_path).find("own")


def test_an_added_file_that_changed_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(OTHER)
    _store(tmp_path).add(mine, "own").path.write_bytes(GOOD)
    with pytest.raises(ModelCorrupt, match="not the file that was added"):
        _store(tmp_path).find("own")


def test_adding_what_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot read"):
        _store(tmp_path).add(tmp_path / "nothing.onnx", "own")


def test_an_installed_package_is_used_only_when_it_holds_the_pinned_bytes(tmp_path: Path) -> None:
    package = tmp_path / "site" / "face.onnx"
    package.parent.mkdir()
    package.write_bytes(GOOD)
    assert _store(tmp_path, installed=lambda source: package).require("face").path == package
    package.write_bytes(OTHER)
    found = _store(tmp_path, installed=lambda source: package, wheel=_serves(GOOD)).require("face")
    assert found.path == tmp_path / "cache" / "face.onnx"


def test_a_model_without_a_source_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="own is not on this machine and is not downloaded: ask for it"):
        _store(tmp_path).require("own")


def test_the_next_source_is_tried_when_one_fails(tmp_path: Path) -> None:
    def offline(entry: ModelEntry, source: WheelMember) -> bytes:
        raise ModelUnavailable("no index here")

    both = dataclasses.replace(PINNED, sources=(WHEEL, UrlSource("https://models.example/face.onnx")))
    store = _store(tmp_path, wheel=offline, url=lambda entry, source: GOOD, entries=(both,))
    assert store.require("face").path.read_bytes() == GOOD
    alone = _store(tmp_path / "else", wheel=offline)
    with pytest.raises(ModelUnavailable, match="no index here"):
        alone.require("face")


def test_a_source_that_lies_is_not_followed_by_another(tmp_path: Path) -> None:
    both = dataclasses.replace(PINNED, sources=(WHEEL, UrlSource("https://models.example/face.onnx")))
    store = _store(tmp_path, wheel=_serves(OTHER), entries=(both,))
    with pytest.raises(ModelCorrupt):
        store.require("face")


def test_pulls_at_the_same_time_leave_one_whole_file(tmp_path: Path) -> None:
    big = os.urandom(1 << 20)
    entry = dataclasses.replace(PINNED, sha256=hashlib.sha256(big).hexdigest(), size_bytes=len(big))
    gate = threading.Barrier(8)
    failures: list[Exception] = []

    def serve(entry: ModelEntry, source: WheelMember) -> bytes:
        gate.wait(10)
        return big

    def pull() -> None:
        try:
            _store(tmp_path, wheel=serve, entries=(entry,)).require("face")
        except UnseenError as error:
            failures.append(error)

    threads = [threading.Thread(target=pull) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert _files(tmp_path) == ["cache/face.onnx"]
    assert (tmp_path / "cache" / "face.onnx").read_bytes() == big


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    with pytest.raises(ModelUnavailable, match=r"cannot keep face\.onnx") as caught:
        _store(tmp_path, wheel=_serves(GOOD)).require("face")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("whose", ["cache", "own"])
def test_a_folder_that_cannot_be_looked_into_is_an_error_of_one_line_not_an_empty_folder(
    tmp_path: Path, whose: str
) -> None:
    folder = tmp_path / ("x" * 300)  # Unlike rights, a name that is too long stops root, too.
    store = _store(folder if whose == "cache" else tmp_path, folders=(folder,) if whose == "own" else ())
    with pytest.raises(
        ModelUnavailable, match=r"^cannot look for a model at [^\n]*x[^\n]* \([^\n]+\); give this user the right[^\n]+$"
    ):
        store.find("face")


def test_the_places_are_named_in_the_order_they_are_looked_through(tmp_path: Path) -> None:
    places = _store(tmp_path, folders=(tmp_path,)).places
    assert [folder for _, folder in places] == [tmp_path, tmp_path / "cache" / "user", tmp_path / "cache"]
    assert places[0][0] == "UNSEEN_MODELS"
