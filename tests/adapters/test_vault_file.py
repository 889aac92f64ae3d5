"""The vault: what was put in comes out with its key, and nothing without."""

from __future__ import annotations

from pathlib import Path

import pytest

from unseen.adapters.vault_file import Vault, reveal
from unseen.crypto.keys import Key
from unseen.errors import KeyUnusable, UsageError

_KEY, _OTHER = Key(bytes(range(32))), Key(bytes(32))
_PAIRS = [("patient", "PX-556677", "A1B2"), ("name", "Quimby^Erasmus", "A1B2"), ("study", "1.2.3", "2.25.7")]


def _filled(path: Path) -> Path:
    with Vault(path, _KEY) as vault:
        vault.add(_PAIRS[:2])
        vault.add(_PAIRS)
    return path


def test_a_code_is_revealed_with_the_key(tmp_path: Path) -> None:
    path = _filled(tmp_path / "vault")
    assert reveal(path, _KEY, "A1B2") == sorted(_PAIRS[:2])
    assert reveal(path, _KEY, "2.25.7") == _PAIRS[2:]
    assert reveal(path, _KEY, "B2") == []


def test_nothing_is_told_without_it(tmp_path: Path) -> None:
    path = _filled(tmp_path / "vault")
    assert path.stat().st_mode & 0o077 == 0
    assert b"Quimby" not in path.read_bytes()
    with pytest.raises(KeyUnusable):
        reveal(path, _OTHER, "A1B2")


def test_what_is_there_is_not_added_again(tmp_path: Path) -> None:
    path = _filled(tmp_path / "vault")
    size = path.stat().st_size
    with Vault(path, _KEY) as vault:
        vault.add(_PAIRS)
    assert path.stat().st_size == size


def test_a_torn_record_is_cut_off_and_the_rest_stays(tmp_path: Path) -> None:
    path = _filled(tmp_path / "vault")
    path.write_bytes(path.read_bytes() + b"\0\0\1\0torn")
    with Vault(path, _KEY) as vault:
        vault.add([("series", "1.9", "2.25.9")])
    assert reveal(path, _KEY, "2.25.9") == [("series", "1.9", "2.25.9")]
    assert reveal(path, _KEY, "2.25.7") == _PAIRS[2:]


def test_a_changed_or_moved_record_is_noticed(tmp_path: Path) -> None:
    path = _filled(tmp_path / "vault")
    whole = bytearray(path.read_bytes())
    whole[40] ^= 1
    path.write_bytes(whole)
    with pytest.raises(KeyUnusable):
        reveal(path, _KEY, "A1B2")


def test_another_file_is_no_vault(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("Quimby")
    with pytest.raises(UsageError):
        reveal(tmp_path / "notes", _KEY, "A1B2")
    with pytest.raises(UsageError), Vault(tmp_path / "notes", _KEY):
        pass
    assert (tmp_path / "notes").read_text() == "Quimby"
