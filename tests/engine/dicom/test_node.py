"""The node's two halves: what is answered to senders, and what becomes of what waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pydicom
import pytest

from bench.node_peers import until
from tests.dicom.objects import as_file, scan
from tests.verify.dicom_pairs import original, saved
from unseen.adapters.node_dimse import STORED, TRY_LATER, UNREADABLE, DimseTarget, Listener
from unseen.adapters.spool_file import Spool
from unseen.core.dicom import DicomRecipe
from unseen.core.dicom_node import Fate, Gate, NodeJob, NodeTls, Target, TargetUnavailable
from unseen.crypto.keys import Key
from unseen.engine.dicom.node import Forwarder, Reception
from unseen.engine.dicom.tools import open_dicom_tools
from unseen.engine.dicom.work import DicomSetup, DicomTools
from unseen.engine.hashing import Hasher

ORIGINAL = saved(original())


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool") as made:
        yield made


@pytest.fixture
def tools(tmp_path: Path) -> DicomTools:
    recipe = DicomRecipe(unsafe_keep_pixels=True)
    return open_dicom_tools(DicomSetup(recipe, Hasher(Key(b"k" * 32)), tmp_path, tmp_path))


def reception(tools: DicomTools, spool: Spool, most: int = 9) -> Reception:
    return Reception(tools, spool, most, lambda: None)


def test_stored_means_that_the_clean_object_is_on_disk(tools: DicomTools, spool: Spool) -> None:
    received = reception(tools, spool)
    assert received(ORIGINAL) == STORED
    written = spool.waiting(9)[0].read_bytes()
    assert b"orvelund" not in written
    assert b"2.25." in written
    assert received(ORIGINAL) == STORED
    assert (received.received, len(spool)) == (2, 1)


@pytest.mark.parametrize("data", [b"", b"no DICOM at all", ORIGINAL[:-20], ORIGINAL[:400]])
def test_what_cannot_be_released_is_not_acknowledged(tools: DicomTools, spool: Spool, data: bytes) -> None:
    received = reception(tools, spool)
    assert received(data) == UNREADABLE
    assert (received.not_released, len(spool)) == (1, 0)


def test_sender_keeps_what_there_is_no_room_for(tools: DicomTools, spool: Spool, tmp_path: Path) -> None:
    assert reception(tools, spool, most=0)(ORIGINAL) == TRY_LATER
    (tmp_path / "spool" / "waiting").rmdir()
    assert reception(tools, spool)(ORIGINAL) == TRY_LATER


class Fake:
    """A target that answers as it is told; a None is no answer."""

    def __init__(self, *fates: Fate | None) -> None:
        self.fates = list(fates)
        self.sent: list[str] = []

    def send(self, files: Sequence[Path]) -> Iterator[tuple[Path, Fate]]:
        for file in files:
            fate = self.fates.pop(0) if self.fates else "stored"
            if fate is None:
                raise TargetUnavailable("the target does not answer")
            self.sent.append(file.name)
            yield file, fate


def test_what_waits_is_sent_when_the_target_is_back(spool: Spool) -> None:
    for number in range(5):
        spool.put(f"2.25.{number}", b"x")
    target = Fake(None, "stored", None, None, "stored", "refused")
    with Forwarder(spool, target, first_wait=0.001) as forwarder:
        until(lambda: len(spool) == 0)
    assert (forwarder.forwarded, forwarder.refused) == (4, 1)
    assert sorted(target.sent) == [f"2.25.{n}.dcm" for n in range(5)]


def test_stopped_forwarder_leaves_what_waits(spool: Spool) -> None:
    spool.put("2.25.1", b"x")
    with Forwarder(spool, Fake(*[None] * 9), first_wait=60) as forwarder:
        until(lambda: forwarder.trouble != "")
    assert len(spool) == 1


def job(titles: str = "CT1", addresses: str = "127.0.0.1") -> NodeJob:
    gate, target = Gate.of(titles, addresses), Target("dicom", "127.0.0.1", 1, "X")
    return NodeJob("UNSEEN", "127.0.0.1", 0, gate, target, Path("spool"), Path("key"))


def to(port: int, title: str = "UNSEEN") -> Target:
    return Target("dicom", "127.0.0.1", port, title)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "2.25.1.dcm"
    path.write_bytes(ORIGINAL)
    return path


def test_object_comes_through_the_network_as_it_was(file: Path) -> None:
    got: list[bytes] = []
    senders: list[str] = []

    def receive(data: bytes, sender: str) -> int:
        got.append(data)
        senders.append(sender)
        return STORED

    with Listener(job(), receive) as listener:
        sender = DimseTarget(to(listener.port), "CT1", NodeTls())
        assert list(sender.send([file, file])) == [(file, "stored")] * 2
    assert senders == ["CT1", "CT1"]
    start = ORIGINAL.index(b"\x08\x00\x08\x00CS")
    assert [data[data.index(b"\x08\x00\x08\x00CS") :] for data in got] == [ORIGINAL[start:]] * 2


@pytest.mark.parametrize(("titles", "addresses"), [("CT2", "127.0.0.1"), ("CT1", "10.0.0.0/8")])
def test_strangers_are_turned_away(file: Path, titles: str, addresses: str) -> None:
    got = threading.Event()
    with Listener(job(titles, addresses), lambda *_: got.set() or STORED) as listener:  # type: ignore[func-returns-value]
        with pytest.raises(TargetUnavailable):
            list(DimseTarget(to(listener.port), "CT1", NodeTls()).send([file]))
        with pytest.raises(TargetUnavailable):
            list(DimseTarget(to(listener.port, "OTHER"), "CT2", NodeTls()).send([file]))
    assert not got.is_set()


@pytest.mark.parametrize(
    ("status", "fate"),
    [(0x0000, "stored"), (0xB007, "stored"), (0xA900, "refused"), (0xC000, "refused"), (0xA700, None)],
)
def test_answers_of_a_target_are_told_apart(file: Path, status: int, fate: Fate | None) -> None:
    with Listener(job(), lambda *_: status) as listener:
        sent = DimseTarget(to(listener.port), "CT1", NodeTls()).send([file])
        if fate is None:
            with pytest.raises(TargetUnavailable):
                next(sent)
        else:
            assert list(sent) == [(file, fate)]


def test_target_that_is_not_there_is_unavailable(file: Path) -> None:
    with pytest.raises(TargetUnavailable):
        list(DimseTarget(to(9), "CT1", NodeTls()).send([file]))


def test_a_head_is_kept_by_its_sender_unless_its_face_may_stay(tmp_path: Path, spool: Spool) -> None:
    head = as_file(scan(BodyPartExamined="HEAD"))
    for recipe, answer in ((DicomRecipe(), UNREADABLE), (DicomRecipe(keep_face=True), STORED)):
        tools = open_dicom_tools(DicomSetup(recipe, Hasher(Key(b"k" * 32)), tmp_path, tmp_path))
        assert reception(tools, spool)(head) == answer
    assert len(spool) == 1
    assert pydicom.dcmread(spool.waiting(1)[0]).RecognizableVisualFeatures == "YES"
