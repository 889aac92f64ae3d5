"""Twenty processes append while they are killed: no event that was confirmed is lost, no gap, no fork."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from unseen.adapters.ledger_key import load_ledger_key, make_ledger_key
from unseen.adapters.ledger_spool import Spool
from unseen.adapters.ledger_sql import open_event_ledger
from unseen.crypto.signing import verify
from unseen.ledger.check import check_rows
from unseen.ledger.merkle import leaf_hash

# Children append and write down what was confirmed; the parent kills them at random and forks others in their place.
_HERD = """
import os, random, signal, sys, time
from datetime import UTC, datetime
from pathlib import Path
from unseen.adapters.ledger_key import load_ledger_key
from unseen.adapters.ledger_sql import open_event_ledger
from unseen.core.ledger import Event

folder, enough, patience = Path(sys.argv[1]), int(sys.argv[2]), time.monotonic() + 120
rng = random.Random(6)

def child(name):
    ledger = open_event_ledger(str(folder / "ledger.db"), load_ledger_key(folder / "ledger.key"))
    with (folder / f"{name}.confirmed").open("a", buffering=1) as confirmed:
        for number in range(100_000):
            entry = ledger.append(Event("test.made", datetime.now(UTC), details={"by": name, "number": number}))
            confirmed.write(f"{entry.index} {entry.leaf.hex()}\\n")

def start(name):
    pid = os.fork()
    if pid == 0:
        try:
            child(name)
        finally:
            os._exit(1)
    return pid

herd = {start(f"{i}"): i for i in range(20)}
def confirmed():
    return sum(path.read_bytes().count(b"\\n") for path in folder.glob("*.confirmed"))

# Until so much was confirmed and so many were killed: on a busy machine that takes as long as it takes.
born = 20
while (born < 60 or confirmed() < enough) and time.monotonic() < patience:
    time.sleep(rng.uniform(0.01, 0.05))
    pid = rng.choice(list(herd))
    os.kill(pid, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]), "a child ended by itself"
    del herd[pid]
    herd[start(f"{born}")] = born
    born += 1
for pid in herd:
    os.kill(pid, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]), "a child ended by itself"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked and killed as on POSIX")
def test_twenty_processes_that_are_killed_leave_no_gap_and_no_fork(tmp_path: Path) -> None:
    key = make_ledger_key(tmp_path / "ledger.key")
    open_event_ledger(str(tmp_path / "ledger.db"), key, new=True).close()
    done = subprocess.run([sys.executable, "-c", _HERD, tmp_path, "300"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    with closing(open_event_ledger(str(tmp_path / "ledger.db"), load_ledger_key(tmp_path / "ledger.key"))) as ledger:
        rows = list(ledger.rows())
        head = ledger.head()
        checked = check_rows(lambda: rows, key.public, verify, size=head.size, every_signature=True)
    assert [row.index for row in rows] == list(range(head.size))
    assert checked.findings == ()
    assert checked.head == head
    leaves = [leaf_hash(row.event).hex() for row in rows]
    assert len(set(leaves)) == len(leaves), "no event is there twice"
    confirmed = [line.split() for path in tmp_path.glob("*.confirmed") for line in path.read_text().splitlines()]
    whole = [words for words in confirmed if len(words) == 2 and len(words[1]) == 64]
    assert len(whole) >= 300, "as many as the herd waited for"
    assert [words for words in whole if leaves[int(words[0])] != words[1]] == []


def test_what_others_wait_for_is_taken_once_and_only_from_those_who_may_sign(tmp_path: Path) -> None:
    spool, thief = Spool(tmp_path / "waiting", b"k" * 32), Spool(tmp_path / "waiting", b"t" * 32)
    assert spool.take() == []
    one, two = spool.submit([b"a", b"bc"]), spool.submit([b"d"])
    assert spool.take() == [(one, [b"a", b"bc"]), (two, [b"d"])]
    assert spool.take() == []
    thief.submit([b"forged"])
    assert spool.take() == []


@pytest.mark.parametrize("keep", range(0, 90, 7))
def test_a_batch_that_was_torn_is_passed_over(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "waiting"
    spool = Spool(path, b"k" * 32)
    whole = spool.submit([b"a"])
    size = path.stat().st_size
    spool.submit([b"x" * 50])
    path.write_bytes(path.read_bytes()[: size + keep])
    assert spool.take() == [(whole, [b"a"])]
