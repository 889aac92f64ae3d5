"""The journal: durable line by line, whole lines only, whatever the last run or the disk did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.adapters.journal_file import FileJournal
from unseen.errors import OutputFailed


def _entries(path: Path) -> list[dict[str, object]]:
    with closing(FileJournal(path)) as journal:
        return list(journal.entries())


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "x" / "journal.jsonl"
    with closing(FileJournal(path)) as journal:
        for i in range(5):
            journal.append({"i": i, "text": "zwei\nZeilen ö 👪"})
        assert [entry["i"] for entry in journal.entries()] == [0, 1, 2, 3, 4]
    assert len(path.read_bytes().splitlines()) == 5
    assert _entries(path)[3] == {"i": 3, "text": "zwei\nZeilen ö 👪"}


def test_entry_is_in_the_file_when_append_returns(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with closing(FileJournal(path)) as journal:
        journal.append({"i": 1})
        assert json.loads(path.read_bytes()) == {"i": 1}


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=400))
def test_any_tail_is_dropped_and_the_next_entry_is_whole(tail: bytes, cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        with closing(FileJournal(path)) as journal:
            for i in range(4):
                journal.append({"i": i})
        whole = path.read_bytes()[:cut]
        path.write_bytes(whole + tail.replace(b"\n", b""))
        with closing(FileJournal(path)) as journal:
            journal.append({"i": 99})
            found = list(journal.entries())
        assert found == [*({"i": i} for i in range(whole.count(b"\n"))), {"i": 99}]


@pytest.mark.parametrize("line", [b"", b"null", b"7", b'"x"', b"[1]", b"{", b"\xff", b"[" * 50_000, b"{}" * 2])
def test_line_that_is_no_object_is_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"i": 1}\n' + line + b"\n" + b'{"i": 2}\n')
    assert _entries(path) == [{"i": 1}, {"i": 2}]


def test_journal_that_cannot_be_kept_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "two\nlines").mkdir()
    with pytest.raises(OutputFailed, match=r"two\\nlines: cannot keep the journal \(.*\); free some space") as told:
        FileJournal(tmp_path / "two\nlines")
    assert "\n" not in str(told.value)


_FULL = """
import resource, sys
from pathlib import Path
from unseen.adapters.journal_file import FileJournal
from unseen.errors import OutputFailed
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
journal = FileJournal(Path(sys.argv[1]))
journal.append({"i": 1})
for _ in range(2):
    try:
        journal.append({"i": "x" * 200})
    except OutputFailed as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
journal.append({"i": 2})
journal.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file limits are those of POSIX")
def test_entry_that_does_not_fit_on_the_disk_leaves_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    # Without coverage, whose own files would not fit either.
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", _FULL, path], env=bare, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("cannot write the journal") == 2
    assert _entries(path) == [{"i": 1}, {"i": 2}]
