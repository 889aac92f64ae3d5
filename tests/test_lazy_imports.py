"""What is loaded when: the command's help and `import unseen` are quick, because they load no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_HEAVY = (
    "PIL",
    "av",
    "cv2",
    "numpy",
    "onnxruntime",
    "openvino",
    "pillow_heif",
    "pydicom",
    "torch",
    "tqdm",
    "ultralytics",
)
_SHOW = """
import json, sys
try:
    {statement}
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


def _loaded_by(statement: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _SHOW.format(statement=statement)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "word", ["--help", "redact --help", "live --help", "dicom --help", "models --help", "--version"]
)
def test_help_loads_no_heavy_library(word: str) -> None:
    loaded = _loaded_by(f"from unseen.cli.main import main; main({word.split()!r})")
    assert "unseen.cli.main" in loaded
    assert loaded & (set(_HEAVY) - {"numpy"}) == set()


def test_import_loads_no_heavy_library() -> None:
    loaded = _loaded_by("import unseen")
    assert "unseen" in loaded
    assert loaded & set(_HEAVY) == set()


def test_heavy_libraries_are_seen_where_they_are_loaded() -> None:
    assert "numpy" in _loaded_by("from unseen import redact")
