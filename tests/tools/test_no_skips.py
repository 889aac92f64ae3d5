"""The plugin that turns skips into failures, in test runs of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SUITE = """
import unittest
import pytest

def test_passes():
    pass

def test_skips():
    pytest.skip("no data here")

@unittest.skip("not today")
class TestOld(unittest.TestCase):
    def test_old(self):
        pass

@pytest.mark.xfail(strict=True)
def test_known():
    raise AssertionError
"""
WHOLE = 'import pytest\npytest.skip("no library here", allow_module_level=True)\n'


def _run(folder: Path, required: str, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "UNSEEN_REQUIRE_ALL": required, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "tools.no_skips", "--rootdir=.", *words]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with a test module of four fates and one that skips as a whole."""
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "test_whole.py").write_text(WHOLE)
    return tmp_path


def test_skips_are_allowed_where_nothing_is_required(suite: Path) -> None:
    done = _run(suite, "")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 3 skipped, 1 xfailed" in done.stdout


def test_skips_fail_where_all_is_required_and_say_why(suite: Path) -> None:
    done = _run(suite, "1", "--numprocesses=1")
    assert done.returncode == 1, done.stdout
    for reason in ("no data here", "not today", "no library here"):
        assert f"UNSEEN_REQUIRE_ALL=1 is set, and this was not run: Skipped: {reason}" in done.stdout
    assert "skipped" not in done.stdout.splitlines()[-1]
