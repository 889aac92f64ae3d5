"""The comparison of a wheel with the checkout: it tells what is missing, what is too much, and what is another."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tools.wheel_files import differences, main

_COMMANDS = b"[console_scripts]\nunseen = unseen.__main__:run\n"
_FILES = {
    "unseen/__init__.py": b"",
    "unseen/data/words.toml": b"a = 1\n",
    "unseen-1.dist-info/entry_points.txt": _COMMANDS,
    "unseen-1.dist-info/licenses/LICENSE": b"Do as you like.\n",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small project."""
    root = tmp_path / "project"
    for name in ("unseen/__init__.py", "unseen/data/words.toml", "unseen/__pycache__/a.pyc"):
        path = root / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_FILES.get(name, b"compiled"))
    (root / "LICENSE").write_bytes(_FILES["unseen-1.dist-info/licenses/LICENSE"])
    (root / "pyproject.toml").write_text('[project.scripts]\nunseen = "unseen.__main__:run"\n', encoding="utf-8")
    return root


def _wheel(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "unseen-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_wheel_with_all_files_as_they_are_is_told_nothing_of(checkout: Path, tmp_path: Path) -> None:
    assert differences(_wheel(tmp_path, _FILES), checkout) == []


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("unseen/data/words.toml", None, "lacks unseen/data/words.toml"),
        ("unseen/data/words.toml", b"a = 2\n", "holds other bytes for unseen/data/words.toml"),
        ("unseen/secret.key", b"k", "holds unseen/secret.key, which the checkout does not"),
        ("tests/test_a.py", b"", "holds tests/test_a.py, which the checkout does not"),
        ("unseen-1.dist-info/entry_points.txt", None, "starts {} instead of {'unseen': 'unseen.__main__:run'}"),
        ("unseen-1.dist-info/licenses/LICENSE", None, "lacks the licence"),
    ],
)
def test_each_difference_is_told(checkout: Path, tmp_path: Path, name: str, data: bytes | None, told: str) -> None:
    files = {key: value for key, value in _FILES.items() if key != name}
    if data is not None:
        files[name] = data
    assert differences(_wheel(tmp_path, files), checkout) == [told]


def test_a_wheel_of_something_else_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(_wheel(tmp_path, {}))]) == 1
    assert "lacks unseen/__init__.py" in capsys.readouterr().out
    assert main([]) == 2
