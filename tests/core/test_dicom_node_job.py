"""What a node is told: targets, places to listen at, and who may send."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from unseen.core.dicom_node import Gate, NodeFigures, NodeJob, NodeTls, Target, parse_listen, parse_target
from unseen.errors import UsageError


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("dicom://PACS@10.0.0.7:104", Target("dicom", "10.0.0.7", 104, "PACS")),
        ("dicoms://PACS@pacs.example:2762", Target("dicoms", "pacs.example", 2762, "PACS")),
        ("http://localhost:8042/dicom-web", Target("http", "localhost", 8042, path="/dicom-web/studies")),
        ("https://pacs.example/dicom-web/studies/", Target("https", "pacs.example", 443, path="/dicom-web/studies")),
    ],
)
def test_targets_are_understood(text: str, target: Target) -> None:
    assert parse_target(text) == target
    assert target.secure == text.split(":")[0].endswith("s")
    assert parse_target(str(target)) == target


@pytest.mark.parametrize(
    "text",
    [
        *("", "PACS@host:104", "dicom://host:104", "dicom://PACS@host", "ftp://host/x", "dicom://PACS@host:99999"),
        *("http://", "http://me:secret@host/dicom-web", "dicom://A%20TITLE%20OF%20MORE%20THAN%2016@host:104"),
    ],
)
def test_what_is_no_target_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_target(text)
    assert "secret" not in str(refused.value)


def test_place_to_listen_at() -> None:
    assert parse_listen("UNSEEN@127.0.0.1:11112") == ("UNSEEN", "127.0.0.1", 11112)
    assert parse_listen("UNSEEN@[::1]:0") == ("UNSEEN", "::1", 0)
    for text in ("UNSEEN", "@h:1", "UNSEEN@h", "UNSEEN@h:x", "UNSEEN@h:70000", "A\\B@h:1", "X" * 17 + "@h:1"):
        with pytest.raises(UsageError):
            parse_listen(text)


def test_title_and_address_have_to_be_listed_both() -> None:
    gate = Gate.of("CT1, MR 2", "10.1.0.0/16,192.168.7.9,::1")
    assert gate.admits("CT1", "10.1.200.3")
    assert gate.admits("MR 2 ", "192.168.7.9")
    assert gate.admits("CT1", "::ffff:10.1.0.4")
    assert gate.admits("CT1", "::1")
    assert not gate.admits("CT2", "10.1.200.3")
    assert not gate.admits("CT1", "10.2.0.1")
    assert not gate.admits("CT1", "not an address")
    assert not Gate().admits("CT1", "10.1.200.3")
    with pytest.raises(UsageError, match=r"10\.1\.0\.0/16"):
        Gate.of("CT1", "10.1.0.7/16")


def job() -> NodeJob:
    gate = Gate.of("CT1", "127.0.0.1")
    return NodeJob("UNSEEN", "127.0.0.1", 0, gate, parse_target("dicom://P@h:1"), Path("spool"), Path("key"))


def test_node_without_a_list_or_a_certificate_is_refused() -> None:
    with pytest.raises(UsageError, match="allow-title"):
        replace(job(), gate=Gate.of("CT1", ""))
    with pytest.raises(UsageError, match="--tls-cert"):
        replace(job(), listen_secure=True)
    with pytest.raises(UsageError, match="belong together"):
        NodeTls(certificate=Path("c.pem"))
    with pytest.raises(UsageError, match="most-waiting"):
        replace(job(), most_waiting=0)


def test_figures_are_told_in_words() -> None:
    assert str(NodeFigures(3, 0, 2, 0, 1)) == "3 received, 2 forwarded, 1 waiting"
    told = str(NodeFigures(3, 1, 0, 2, 1, "the target does not answer"))
    assert told.endswith("1 waiting, 1 not released, 2 refused by the target (the target does not answer)")
