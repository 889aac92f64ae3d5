"""Key files and master keys: what opens them, what does not, and how that is told."""

from __future__ import annotations

import base64
import json
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from unseen.adapters.master_keys import VARIABLE, EnvironmentKey, KeyringKey, MasterKey, PassphraseKey
from unseen.adapters.vault_keys import make_vault_keys, open_vault_keys
from unseen.crypto.passphrase import Cost
from unseen.errors import KeyUnusable, UsageError

_CHEAP = Cost(passes=1, lanes=1, kib=8)


def _passphrase(words: str) -> dict[str, MasterKey]:
    return {"passphrase": PassphraseKey(lambda new: words, _CHEAP)}


def _environment(text: str) -> dict[str, MasterKey]:
    return {"environment": EnvironmentKey({VARIABLE: text})}


def test_a_passphrase_opens_what_it_closed_and_another_does_not(tmp_path: Path) -> None:
    path = tmp_path / "x" / "vault.key"
    made = make_vault_keys(path, "passphrase", _passphrase("correct horse"))
    again = open_vault_keys(path, _passphrase("correct horse"))
    assert again.index == made.index
    assert again.secret(again.current) == made.secret(made.current)
    with pytest.raises(KeyUnusable, match="does not open; the passphrase or master key is another one"):
        open_vault_keys(path, _passphrase("correct house"))
    with pytest.raises(KeyUnusable, match="the passphrase is empty"):
        open_vault_keys(path, _passphrase(""))


@pytest.mark.parametrize("text", ["0f" * 32, base64.b64encode(b"\x0f" * 32).decode(), "0F" * 32 + "\n"])
def test_a_key_in_the_environment_is_hexadecimal_or_base64(tmp_path: Path, text: str) -> None:
    made = make_vault_keys(tmp_path / "vault.key", "environment", _environment(text))
    assert open_vault_keys(tmp_path / "vault.key", _environment("0f" * 32)).index == made.index


@pytest.mark.parametrize("text", ["", "0f" * 31, "zz" * 32, "password", base64.b64encode(bytes(31)).decode()])
def test_another_key_in_the_environment_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(KeyUnusable, match="UNSEEN_VAULT_KEY is not set to 32 bytes; make a key with"):
        make_vault_keys(tmp_path / "vault.key", "environment", _environment(text))
    assert list(tmp_path.iterdir()) == []


def _keyring(monkeypatch: pytest.MonkeyPatch, kept: dict[tuple[str, str], str] | None) -> None:
    """Put a keyring in place that holds what is in `kept`, or one that is locked."""

    class KeyringError(Exception):
        pass

    def locked(*_: Any) -> None:
        raise KeyringError("locked")

    held = kept if kept is not None else {}
    module: Any = types.ModuleType("keyring")
    module.set_password = locked if kept is None else lambda service, name, word: held.update({(service, name): word})
    module.get_password = locked if kept is None else lambda service, name: held.get((service, name))
    errors: Any = types.ModuleType("keyring.errors")
    errors.KeyringError = KeyringError
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


def test_a_key_in_the_systems_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, kept = tmp_path / "vault.key", dict[tuple[str, str], str]()
    _keyring(monkeypatch, kept)
    made = make_vault_keys(path, "keyring", {"keyring": KeyringKey()})
    assert open_vault_keys(path, {"keyring": KeyringKey()}).index == made.index
    assert [len(bytes.fromhex(word)) for word in kept.values()] == [32]
    kept.clear()
    with pytest.raises(KeyUnusable, match="holds no key of this vault"):
        open_vault_keys(path, {"keyring": KeyringKey()})
    _keyring(monkeypatch, None)
    with pytest.raises(KeyUnusable, match="the system's keyring cannot be used"):
        open_vault_keys(path, {"keyring": KeyringKey()})
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError, match=r'pip install "unseen\[keyring\]"'):
        open_vault_keys(path, {"keyring": KeyringKey()})


def test_a_key_file_is_never_replaced_by_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    make_vault_keys(path, "environment", _environment("0f" * 32))
    before = path.read_bytes()
    with pytest.raises(UsageError, match="is there already"):
        make_vault_keys(path, "environment", _environment("0f" * 32))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda words: words.update(vault="another"),
        lambda words: words["unlock"].update(kib=16),
        lambda words: words["unlock"].update(note="x"),
        lambda words: words.update(box=words["box"][:-2] + ("00" if words["box"][-2:] != "00" else "01")),
        lambda words: words.update(nonce="00" * 12),
        lambda words: words.update(nonce="zz"),
        lambda words: words.pop("box"),
        lambda words: words.update(unlock=7),
        lambda words: words.update(kind="other"),
        lambda words: words["unlock"].pop("salt"),
        lambda words: words["unlock"].update(kib=1 << 40),
    ],
)
def test_a_key_file_that_was_touched_opens_nothing(tmp_path: Path, change: Any) -> None:
    path = tmp_path / "vault.key"
    make_vault_keys(path, "passphrase", _passphrase("x"))
    words = json.loads(path.read_bytes())
    change(words)
    path.write_text(json.dumps(words))
    with pytest.raises(KeyUnusable):
        open_vault_keys(path, _passphrase("x"))


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    make_vault_keys(path, "environment", _environment("0f" * 32))
    path.chmod(0o640)
    if os.name != "nt":
        with pytest.raises(KeyUnusable, match="other users can read the key"):
            open_vault_keys(path, _environment("0f" * 32))
    with pytest.raises(KeyUnusable, match="cannot read the vault's key file"):
        open_vault_keys(tmp_path / "missing.key", _environment("0f" * 32))


def test_an_unlock_that_this_version_does_not_know_is_refused(tmp_path: Path) -> None:
    make_vault_keys(tmp_path / "vault.key", "environment", _environment("0f" * 32))
    with pytest.raises(UsageError, match="a master key comes by passphrase, not by environment"):
        open_vault_keys(tmp_path / "vault.key", _passphrase("x"))


def test_no_secret_is_in_the_file_or_in_what_is_shown(tmp_path: Path) -> None:
    keys = make_vault_keys(tmp_path / "vault.key", "environment", _environment("0f" * 32))
    secret = keys.secret(keys.current) or b""
    text = (tmp_path / "vault.key").read_text() + repr(keys) + repr(keys._now)
    for word in (secret, keys.index, b"\x0f" * 32):
        assert word.hex() not in text
        assert repr(word)[2:-1] not in text
