"""The node between real peers: dcmtk sends, Orthanc receives by C-STORE or STOW-RS; both, and the node, may fail."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.node_peers import Archive, NodeProcess, store, until
from tests.verify.dicom_pairs import original, saved

_WORDS = (b"torvelund", b"zwickelbach", b"4711-0815", b"1.2.826.0.1.3680043.10.77.4711")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    missing = Archive.missing()
    if missing:
        pytest.skip(f"not on this machine: {missing}; see tools/install_peers.sh")
    made = Archive(tmp_path / "archive")
    yield made
    made.stop()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[NodeProcess]]:
    made: list[NodeProcess] = []
    yield made
    for node in made:
        node.kill()


def objects(folder: Path, first: int, count: int) -> list[Path]:
    """Write so many objects of one patient, each with a UID of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(first, first + count):
        data = original()
        data.SOPInstanceUID = f"1.2.826.0.1.3680043.10.77.4711.1000.{number}"
        data.InstanceNumber = number
        made.append(folder / f"{number}.dcm")
        made[-1].write_bytes(saved(data))
    return made


def raw(folder: Path) -> list[Path]:
    """Return the files below a folder in which something of the patient is left."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(word in path.read_bytes().lower() for word in _WORDS)]


def test_nothing_is_lost_doubled_or_raw_when_all_fail_in_turn(
    archive: Archive, nodes: list[NodeProcess], tmp_path: Path
) -> None:
    node = NodeProcess(tmp_path / "node", "--forward", f"dicom://ARCHIVE@127.0.0.1:{archive.dicom}")
    nodes.append(node)
    archive.start()
    node.start()
    files = objects(tmp_path / "in", 0, 30)
    assert store(files[:10], node.port) == 0
    until(lambda: len(archive.uids()) == 10)
    archive.stop()
    assert store(files[10:20], node.port) == 0
    waiting = [path.name for path in (node.spool / "waiting").glob("*.dcm")]
    assert len(waiting) == 10
    node.kill()
    assert raw(node.spool) == []
    node.start()
    # A sender that saw no answer sends again.
    assert store(files[15:30], node.port) == 0
    archive.start()
    until(lambda: len(archive.uids()) == 30)
    until(lambda: not list((node.spool / "waiting").iterdir()))
    assert node.stop() == 0
    uids = archive.uids()
    assert len(set(uids)) == 30
    assert all(uid.startswith("2.25.") for uid in uids)
    assert {name.removesuffix(".dcm") for name in waiting} <= set(uids)
    assert not any(word in data.lower() for data in archive.files() for word in _WORDS)
    assert "orvelund" not in node.said


def test_web_service_takes_them_and_strangers_are_turned_away(
    archive: Archive, nodes: list[NodeProcess], tmp_path: Path
) -> None:
    node = NodeProcess(tmp_path / "node", "--forward", f"http://127.0.0.1:{archive.web}/dicom-web")
    nodes.append(node)
    archive.start()
    node.start()
    files = objects(tmp_path / "in", 0, 4)
    assert store(files[:1], node.port, title="STRANGER") != 0
    assert store(files, node.port, title="CT2") == 0
    until(lambda: len(archive.uids()) == 4)
    assert node.stop() == 0
    assert "4 received, 4 forwarded, 0 waiting" in node.said
    assert not any(word in data.lower() for data in archive.files() for word in _WORDS)


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate for loopback with openssl; it is its own authority."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    words += ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(["openssl", *words, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on this machine")
def test_tls_lets_in_whom_the_certificates_name(archive: Archive, nodes: list[NodeProcess], tmp_path: Path) -> None:
    mine, mine_key = _certificate(tmp_path, "node")
    theirs, theirs_key = _certificate(tmp_path, "scanner")
    other, other_key = _certificate(tmp_path, "stranger")
    words = ["--tls", "--tls-cert", str(mine), "--tls-key", str(mine_key), "--tls-ca", str(theirs)]
    node = NodeProcess(tmp_path / "node", "--forward", f"dicom://ARCHIVE@127.0.0.1:{archive.dicom}", *words)
    nodes.append(node)
    node.start()
    files = objects(tmp_path / "in", 0, 2)
    trusting = ["+cf", str(mine)]
    assert store(files, node.port) != 0
    assert store(files, node.port, "+tls", str(other_key), str(other), *trusting) != 0
    assert store(files, node.port, "+tls", str(theirs_key), str(theirs), *trusting) == 0
    assert len(list((node.spool / "waiting").glob("*.dcm"))) == 2
    assert node.stop() == 0
    assert "2 received, 0 forwarded, 2 waiting" in node.said
