"""The vault: what it opens, for what, and what nobody opens any more."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.vault_scenes import SOURCES, begin, keep, read, reopen, restore
from unseen.adapters.vault_files import Vault
from unseen.adapters.vault_keys import open_vault_keys
from unseen.crypto.keys import Key
from unseen.errors import DamagedInput, OutputTaken, Refused, UnreadableInput, UsageError


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with closing(begin(tmp_path)) as made:
        yield made


def _rows(folder: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "vault" / "wraps.db")) as database, database:
        return list(database.execute(statement, values))


def _blobs(folder: Path) -> list[Path]:
    return [path for path in (folder / "vault" / "items").rglob("*") if path.is_file()]


def _backup_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-backup")


def test_an_item_opens_for_its_purposes_and_no_other(vault: Vault) -> None:
    keep(vault, "ward-3.mp4", "research", "safety", data=b"x" * 100_000)
    assert read(vault, "ward-3.mp4", "research") == read(vault, "ward-3.mp4", "safety") == b"x" * 100_000
    assert vault.purposes("ward-3.mp4") == {"research", "safety"}
    for purpose in ("", "advertising", "Research", "research.road"):
        with pytest.raises(Refused, match=r"ward-3\.mp4: nothing opens it for"):
            vault.open("ward-3.mp4", purpose)
    with pytest.raises(Refused, match=r"ward-4\.mp4: nothing opens it for research"):
        vault.open("ward-4.mp4", "research")


def test_a_purpose_that_is_withdrawn_ends_and_the_others_stay(vault: Vault, tmp_path: Path) -> None:
    keep(vault, "a", "research", "safety")
    (wrapped,) = _rows(tmp_path, "SELECT wrapped FROM unseen_wrap WHERE purpose = 'research'")
    assert vault.withdraw("a", "research")
    assert wrapped[0] not in b"".join(path.read_bytes() for path in (tmp_path / "vault").glob("wraps.db*"))
    assert not vault.withdraw("a", "research")
    with pytest.raises(Refused):
        vault.open("a", "research")
    assert read(vault, "a", "safety") == b"a face"
    assert vault.withdraw("a", "safety")
    assert vault.purposes("a") == frozenset()


def test_an_item_that_is_erased_is_gone_and_the_others_open(vault: Vault, tmp_path: Path) -> None:
    for item in "abc":
        keep(vault, item, "research", data=item.encode())
    assert vault.erase(["a", "c", "never there"]) == 2
    assert read(vault, "b", "research") == b"b"
    assert len(_blobs(tmp_path)) == 1
    with pytest.raises(Refused):
        vault.open("a", "research")
    keep(vault, "a", "research", data=b"anew")
    assert read(vault, "a", "research") == b"anew"


def test_a_rotation_keeps_what_opens_and_touches_no_data(vault: Vault, tmp_path: Path) -> None:
    keep(vault, "a", "research", "safety")
    before = {path: path.read_bytes() for path in _blobs(tmp_path)}
    wraps = _rows(tmp_path, "SELECT wrapped FROM unseen_wrap")
    assert vault.rotate() == 2
    assert read(vault, "a", "safety") == b"a face"
    assert {path: path.read_bytes() for path in _blobs(tmp_path)} == before
    assert not set(wraps) & set(_rows(tmp_path, "SELECT wrapped FROM unseen_wrap"))


def test_a_backup_from_before_an_erasure_opens_nothing(tmp_path: Path) -> None:
    with closing(begin(tmp_path)) as vault:
        keep(vault, "erased", "research")
        keep(vault, "kept", "research")
        shutil.copytree(tmp_path, _backup_of(tmp_path))
        assert vault.erase(["erased"]) == 1
    restore(_backup_of(tmp_path), tmp_path, "vault")
    with closing(reopen(tmp_path)) as restored:
        for item in ("erased", "kept"):
            with pytest.raises(Refused, match="a backup from before an erasure, and the old key was destroyed"):
                restored.open(item, "research")
        with pytest.raises(Refused, match="another time than the key file"):
            keep(restored, "new", "research")
        restored.rotate()
        keep(restored, "new", "research")
        with pytest.raises(Refused):
            restored.open("erased", "research")


def test_a_wrap_from_a_backup_opens_nothing_among_new_ones(tmp_path: Path) -> None:
    with closing(begin(tmp_path)) as vault:
        keep(vault, "erased", "research")
        keep(vault, "kept", "research")
        item, wrapped, old = _erased_row(tmp_path, "erased")
        blob = _rows(tmp_path, "SELECT blob FROM unseen_item WHERE item = ?", item)[0][0]
        path = next(path for path in _blobs(tmp_path) if path.name == blob)
        data = path.read_bytes()
        vault.erase(["erased"])
        path.write_bytes(data)
        new = _rows(tmp_path, "SELECT generation FROM unseen_vault")[0][0]
        _rows(tmp_path, "INSERT INTO unseen_item VALUES (?, ?)", item, blob)
        for generation in (old, new):
            _rows(
                tmp_path, "INSERT OR REPLACE INTO unseen_wrap VALUES (?, 'research', ?, ?)", item, generation, wrapped
            )
            with pytest.raises(Refused, match="erased: "):
                vault.open("erased", "research")


def _erased_row(folder: Path, item: str) -> tuple[str, bytes, str]:
    index = open_vault_keys(folder / "vault.key", SOURCES).index
    tag = Key(index).tag("vault item", item.encode())
    wrapped, generation = _rows(folder, "SELECT wrapped, generation FROM unseen_wrap WHERE item = ?", tag)[0]
    return tag, bytes(wrapped), str(generation)


def test_a_wrap_that_is_copied_to_another_purpose_or_item_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    keep(vault, "mine", "research", data=b"mine")
    keep(vault, "theirs", "safety", data=b"theirs")
    mine, theirs = _erased_row(tmp_path, "mine"), _erased_row(tmp_path, "theirs")
    for item, purpose, wrapped in (
        (mine[0], "safety", mine[1]),
        (theirs[0], "research", mine[1]),
        (mine[0], "safety", theirs[1]),
    ):
        _rows(tmp_path, "INSERT OR REPLACE INTO unseen_wrap VALUES (?, ?, ?, ?)", item, purpose, mine[2], wrapped)
        with pytest.raises(Refused, match="was made for something else, or is damaged"):
            vault.open("mine" if item == mine[0] else "theirs", purpose)


def test_data_that_is_swapped_between_items_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    keep(vault, "a", "research", data=b"a")
    keep(vault, "b", "research", data=b"b")
    one, two = _blobs(tmp_path)
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(data)
    for item in "ab":
        with pytest.raises(DamagedInput, match="is not what was sealed"):
            vault.open(item, "research")


def test_data_that_is_damaged_or_gone_is_told(vault: Vault, tmp_path: Path) -> None:
    keep(vault, "a", "research", data=bytes(3 << 20))
    (path,) = _blobs(tmp_path)
    data = bytearray(path.read_bytes())
    data[2 << 20] ^= 1
    path.write_bytes(data)
    with vault.open("a", "research") as stream:
        assert stream.read(1 << 20) == bytes(1 << 20)
        with pytest.raises(DamagedInput):
            stream.read()
    path.unlink()
    with pytest.raises(UnreadableInput):
        vault.open("a", "research")


def test_no_name_and_no_content_is_in_any_file(vault: Vault, tmp_path: Path) -> None:
    keep(vault, "alice-smith.jpg", "research", data=b"plain face" * 100)
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    names = " ".join(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert b"alice" not in everything
    assert b"plain face" not in everything
    assert "alice" not in names
    assert b"research" in everything


def test_a_name_that_is_taken_is_refused_and_nothing_changes(vault: Vault, tmp_path: Path) -> None:
    keep(vault, "a", "research")
    with pytest.raises(OutputTaken, match="a: is in the vault already"):
        keep(vault, "a", "safety", data=b"other")
    assert read(vault, "a", "research") == b"a face"
    assert len(_blobs(tmp_path)) == 1


class _Breaks(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError(5, "the camera's card came off")


def test_a_source_that_fails_leaves_nothing(vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"a: cannot be read \(the camera's card"):
        vault.seal("a", ["research"], _Breaks())
    assert _blobs(tmp_path) == []
    with pytest.raises(Refused):
        vault.open("a", "research")
    keep(vault, "a", "research")


@pytest.mark.parametrize(("item", "purposes"), [("", ["x"]), ("a", []), ("a", [""])])
def test_an_item_without_name_or_purpose_is_refused(vault: Vault, item: str, purposes: list[str]) -> None:
    with pytest.raises(UsageError):
        vault.seal(item, purposes, io.BytesIO())


def test_the_key_file_of_another_vault_is_refused(tmp_path: Path) -> None:
    begin(tmp_path / "one").close()
    begin(tmp_path / "two").close()
    shutil.copy2(tmp_path / "two" / "vault.key", tmp_path / "one" / "vault.key")
    with pytest.raises(UsageError, match="belongs to another vault than the key file"):
        reopen(tmp_path / "one")


def test_others_who_have_it_open_notice_a_rotation(tmp_path: Path) -> None:
    with closing(begin(tmp_path)) as one, closing(reopen(tmp_path)) as two:
        keep(one, "a", "research")
        assert read(two, "a", "research") == b"a face"
        one.rotate()
        assert read(two, "a", "research") == b"a face"
        one.rotate()
        keep(two, "b", "research", data=b"b")
        assert read(one, "b", "research") == b"b"


def test_erasing_beside_threads_that_add_loses_nothing(vault: Vault) -> None:
    def add(name: str) -> None:
        for i in range(8):
            keep(vault, f"{name}{i}", "research", data=f"{name}{i}".encode())

    threads = [threading.Thread(target=add, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for _ in range(6):
        vault.erase(["x"])
    for thread in threads:
        thread.join()
    for name in "abcd":
        for i in range(8):
            assert read(vault, f"{name}{i}", "research") == f"{name}{i}".encode()


_KILLED = """
import os, sys
from pathlib import Path
from typing import Any
from tests.adapters.vault_scenes import reopen
import unseen.adapters.vault_keys as keys, unseen.adapters.vault_files as files
vault = reopen(Path(sys.argv[1]))
where, step = sys.argv[2].split(".")
owner = keys.VaultKeys if where == "keys" else files.Vault
real = getattr(owner, step)
def die(self, *words):
    if sys.argv[3] == "after":
        real(self, *words)
    os._exit(9)
setattr(owner, step, die)
vault.erase(["erased"])
"""


@pytest.mark.parametrize(
    ("step", "when"),
    [("keys.begin", "after"), ("vault._rewrap", "after"), ("keys.finish", "before"), ("keys.finish", "after")],
)
def test_an_erasure_that_is_killed_at_any_step_is_finished_or_done_again(tmp_path: Path, step: str, when: str) -> None:
    with closing(begin(tmp_path)) as vault:
        keep(vault, "erased", "research")
        keep(vault, "kept", "research", data=b"kept")
    shutil.copytree(tmp_path, _backup_of(tmp_path))
    code = subprocess.run([sys.executable, "-c", _KILLED, tmp_path, step, when], check=False).returncode
    assert code == 9
    with closing(reopen(tmp_path)) as vault:
        assert read(vault, "kept", "research") == b"kept"
        vault.erase(["erased"])
        with pytest.raises(Refused):
            vault.open("erased", "research")
        assert read(vault, "kept", "research") == b"kept"
    assert len(_blobs(tmp_path)) == 1
    restore(_backup_of(tmp_path), tmp_path, "vault")
    with closing(reopen(tmp_path)) as vault, pytest.raises(Refused):
        vault.open("erased", "research")


def test_what_a_killed_writer_left_is_swept_up(vault: Vault, tmp_path: Path) -> None:
    keep(vault, "a", "research")
    folder = _blobs(tmp_path)[0].parent
    (folder / ".0123.part").write_bytes(b"half")
    (folder / "notes.txt").write_bytes(b"somebody else's")
    (folder / (folder.name + "0" * 30)).write_bytes(b"no item's")
    vault.rotate()
    assert len(_blobs(tmp_path)) == 2
    assert (folder / "notes.txt").exists()
    assert read(vault, "a", "research") == b"a face"


def test_the_old_secret_is_nowhere_after_a_rotation(vault: Vault, tmp_path: Path) -> None:
    old = json.loads((tmp_path / "vault.key").read_bytes())["box"]
    handle = os.open(tmp_path / "vault.key", os.O_RDONLY)
    vault.rotate()
    now = os.read(handle, 10_000)
    os.close(handle)
    assert old.encode() not in now, "the file that was replaced is overwritten"
    assert (tmp_path / "vault.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []
