"""The scan takes content credentials of the form that Unseen writes, word for word, and nothing else in their place."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.credential_scenes import FACTS, FORMS, by_others, flipped, identity, is_intact, picture, signed, statement
from unseen.core.credentials import Statement
from unseen.core.looks import METHODS
from unseen.core.receipts import Verdict
from unseen.core.regions import CLASSES, Box
from unseen.engine.credential_tools import check
from unseen.verify.containers.blocks import credential_block
from unseen.verify.containers.cbor import cbor_value
from unseen.verify.containers.credentials import scan_store
from unseen.verify.containers.findings import Malformed, guarded
from unseen.verify.credentials import difference, form_findings, told
from unseen.verify.metadata import scan
from unseen.verify.streams import scan_video

OURS = frozenset({"icc", "credentials"})
#: How pictures, compressed data and metadata begin.
_PICTURES = (
    b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xdb", b"\x89PNG", b"RIFF", b"GIF8", b"Exif", b"<x:xmp",
    b"bidb", b"bfdb", b"brob",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("signed")


@pytest.fixture(scope="module")
def files(folder: Path) -> dict[str, tuple[Path, Path]]:
    """A file of each kind, and its copy with credentials."""
    return {name: signed(folder, name) for name in FORMS}


def _kinds(path: Path, keep: frozenset[str] = OURS) -> set[str]:
    if path.suffix in (".mp4", ".mov"):
        return {each.split(" in ")[0] for each in scan_video(path, keep=keep - {"icc"})}
    return {each.kind for each in scan(path.read_bytes(), keep=keep)}


@pytest.mark.parametrize("name", FORMS)
def test_what_unseen_writes_is_taken_where_it_is_asked_for_and_nothing_else_changed(
    files: dict[str, tuple[Path, Path]], folder: Path, name: str
) -> None:
    plain, copy = files[name]
    assert (_kinds(plain), _kinds(copy), form_findings(copy)) == (set(), set(), ())
    assert "c2pa" in _kinds(copy, frozenset({"icc"}))
    assert difference(plain, copy) == ""
    block, touched = credential_block(copy.read_bytes()), folder / f"touched-{name}"
    assert block is not None
    for at in (block.start - 3, (block.end + len(copy.read_bytes())) // 2 if name != "a.webp" else block.start // 2):
        touched.write_bytes(flipped(copy.read_bytes(), at))
        assert difference(plain, touched) != "", at
    assert is_intact(copy, folder / "id" / "root.pem")
    said, meant = told(copy), statement(Box(10, 9, 40, 40))
    assert said is not None
    assert (said.redaction, said.actions[-1]) == (meant.redaction(), meant.edited())
    assert said.actions[-1]["changes"][0]["region"][0]["shape"]["origin"] == {"x": 10.0, "y": 10.0}


@pytest.mark.parametrize("name", FORMS)
def test_nothing_but_words_about_the_redaction_is_in_the_store(files: dict[str, tuple[Path, Path]], name: str) -> None:
    plain, copy = files[name]
    block = credential_block(copy.read_bytes())
    assert block is not None
    assert [mark for mark in _PICTURES if mark in block.store] == []
    assert plain.name.encode() not in block.store
    # Without the zeros that fill up the signature it is a few kilobytes, certificate included.
    assert len(block.store.rstrip(b"\0").replace(bytes(64), b"")) < 4096
    # A piece of the picture's own data would be found again.
    before = plain.read_bytes()
    pieces = {before[at : at + 12] for at in range(0, len(before) - 12, 12)}
    assert [piece for piece in pieces if len(set(piece)) > 4 and piece in block.store] == []


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.mp4"])
def test_credentials_of_others_are_not_taken(folder: Path, files: dict[str, tuple[Path, Path]], name: str) -> None:
    """Those of a camera have a title and a thumbnail; an editor adds the parent with its picture; or there are two."""
    raw, title = picture(folder / f"raw-{name}"), "anna-meier.jpg"
    camera = folder / f"camera-{name}"
    camera.write_bytes(by_others(raw, title, folder / "id"))
    editor = folder / f"editor-{name}"
    editor.write_bytes(by_others(raw, title, folder / "id", parent=camera))
    again = folder / f"again-{name}"
    again.write_bytes(by_others(files[name][1], title, folder / "id", parent=files[name][1]))
    for path in (camera, editor, again):
        assert title.encode() in path.read_bytes()
        assert _kinds(path), path
        assert form_findings(path), path


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.mp4"])
def test_every_changed_bit_is_found(files: dict[str, tuple[Path, Path]], folder: Path, name: str) -> None:
    data, root = files[name][1].read_bytes(), folder / "id" / "root.pem"
    block = credential_block(data)
    assert block is not None
    inside = random.Random(4).sample(range(block.start, block.end), 25)
    pixels = [len(data) - 40, data.index(b"mdat") + 40 if name == "a.mp4" else block.start // 2 or len(data) // 2]
    for at in (*inside, *pixels):
        path = folder / f"flipped-{name}"
        path.write_bytes(flipped(data, at))
        try:
            intact = is_intact(path, root)
        except Exception as error:  # noqa: BLE001  # what cannot be read is no longer as it was
            intact = "credentials cannot be read" not in str(error)
        assert not intact or form_findings(path) or _kinds(path), at


def test_bytes_that_the_hash_leaves_out_beside_the_block_are_found(files: dict[str, tuple[Path, Path]]) -> None:
    block = credential_block(files["a.png"][1].read_bytes())
    assert block is not None
    place = (block.start, block.end)
    assert list(scan_store(block.store, "here", place)) == []
    assert {each.kind for each in scan_store(block.store, "here", (place[0], place[1] + 1))} == {"slack"}


@pytest.mark.parametrize("name", ["a.mp4", "a.heic", "a.avif"])
def test_what_the_hash_of_boxes_leaves_out_is_looked_at_too(
    files: dict[str, tuple[Path, Path]], folder: Path, name: str
) -> None:
    """C2PA leaves free space out of the hash: its reader takes whatever somebody hides there."""
    hidden, root = folder / f"hidden-{name}", folder / "id" / "root.pem"
    secret = b"a picture of somebody, in small"
    space = (8 + len(secret)).to_bytes(4, "big") + b"free" + secret
    hidden.write_bytes(files[name][1].read_bytes() + space)
    assert is_intact(hidden, root)
    assert check(files[name][1], root).intact
    found = check(hidden, root)
    assert (found.intact, found.vouched, len(found.failures)) == (False, True, 1)
    assert "free space that is in use" in found.failures[0]
    assert "somebody" not in found.failures[0]


def test_other_words_are_found(files: dict[str, tuple[Path, Path]]) -> None:
    """Each changed as long as it was, so that no length gives it away."""
    block = credential_block(files["a.png"][1].read_bytes())
    assert block is not None
    changes = [
        (b"parentOf", b"inputToo"), (b"c2pa.edited", b"c2pa.placed"), (b"solid", b"Meier"), (b"plate", b"Meier"),
        (b"centerface", b"anna meier"), (b"unseen-ledger/0123456789abcdef", b"unseen-ledger/anna-meier-19991"),
        (b"percent", b"pixels!"), (b"Unseen", b"Camera"), (b"c2pa.PII.present", b"Anna Meier, 1999"),
        (b"a" * 64, b"A" * 64), (b"\xfb\x40\x24", b"\xfb\x40\x25"),
    ]  # fmt: skip
    for old, new in changes:
        assert old in block.store
        damaged = block.store.replace(old, new)
        assert list(guarded(scan_store(damaged, "here", (block.start, block.end)), "here")), old


def test_every_class_and_look_that_there_is_can_be_told(folder: Path) -> None:
    looks = {cls: "mosaic:0.000001" if n % 2 else METHODS[n % len(METHODS)] for n, cls in enumerate(CLASSES)}
    looks |= dict(zip(CLASSES, METHODS, strict=False))
    said = Statement(replace(FACTS, looks=looks, ledger=None), Verdict("not-verified", (), CLASSES), (), (1, 0, 12))
    plain, copy = signed(folder, "every.png", said)
    assert _kinds(copy) == set()
    found = told(copy)
    assert found is not None
    assert found.redaction == said.redaction()
    assert found.redaction["by_hand"] == {"removed": 1, "visible": 0, "added": 12}
    assert plain.stat().st_size < copy.stat().st_size < plain.stat().st_size + 5000


@given(data=st.data())
def test_damage_never_passes_and_never_raises(data: st.DataObject, files: dict[str, tuple[Path, Path]]) -> None:
    block = credential_block(files["a.png"][1].read_bytes())
    assert block is not None
    store, place = block.store, (block.start, block.end)
    if data.draw(st.booleans()):
        damaged = store[: data.draw(st.integers(0, len(store) - 1))]
    else:
        at = data.draw(st.integers(0, len(store)))
        damaged = store[:at] + data.draw(st.binary(min_size=1, max_size=40)) + store[at:]
    assert list(guarded(scan_store(damaged, "here", place), "here"))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_malformed(data: bytes) -> None:
    try:
        cbor_value(data)
    except Malformed:
        return


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_real_photo_keeps_nothing_of_what_its_camera_wrote(test_data: Path, tmp_path: Path, form: str) -> None:
    from unseen.adapters.files_pillow import PillowCodec
    from unseen.core.formats import Limits

    source = min((test_data / "samples" / "plates_openalpr").rglob("*.jpg"), key=lambda path: path.stat().st_size)
    small = io.BytesIO()
    with Image.open(source) as image:
        image.thumbnail((160, 160))
        image.convert("RGB").save(small, "JPEG")
    codec = PillowCodec()
    photo = codec.decode(source.read_bytes(), source.name, Limits())
    plain = tmp_path / f"plain.{form.lower()}"
    plain.write_bytes(codec.encode(photo, format=form.lower()))
    from unseen.adapters.credentials_c2pa import C2paCredentials

    copy = tmp_path / f"copy.{form.lower()}"
    C2paCredentials(identity(tmp_path / "id").signatory, "0.1.0").embed(
        plain, copy, f"image/{form.lower()}", statement()
    )
    data = copy.read_bytes()
    assert scan(data, keep=OURS) == ()
    assert difference(plain, copy) == ""
    assert source.stem.encode() not in data
    assert small.getvalue()[600:660] not in data
    assert FACTS.policy.encode() in data
