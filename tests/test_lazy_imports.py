"""What is loaded when: the command's help and `import unseen` are quick, because they load no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from unseen.cli.main import VERBS

_HEAVY = (
    *("PIL", "av", "cv2", "matplotlib", "numpy", "onnxruntime", "openvino", "pillow_heif", "polars", "torch", "tqdm"),
    *(
        "cryptography",
        "dp_accounting",
        "fsspec",
        "imagecodecs",
        "keyring",
        "opendp",
        "psycopg",
        "pydicom",
        "pynetdicom",
    ),
    *("scipy", "sqlite3", "ultralytics", "yaml"),
)
_SHOW = """
import json, sys
try:
    {statement}
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


#: What every process here loads, as coverage does where it is measured.
_STARTED = set(
    json.loads(
        subprocess.run(
            [sys.executable, "-c", _SHOW.format(statement="pass")], capture_output=True, text=True, check=True
        ).stdout
    )
) & {"sqlite3"}


def _loaded_by(statement: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _SHOW.format(statement=statement)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1])) - _STARTED


@pytest.mark.parametrize("word", ["--help", "--version", *(f"{verb} --help" for verb in VERBS)])
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


def test_work_without_a_policy_loads_nothing_of_policies_with_purposes() -> None:
    loaded = _loaded_by("import unseen.engine.run, unseen.cli.redact, unseen.engine.live.live, unseen.engine.single")
    assert "unseen.engine.admission" in loaded
    governed = {"unseen.policy.charter", "unseen.core.labels", "unseen.engine.gate"}
    assert loaded & {"yaml", "cedarpy", "sqlite3", "cryptography", *governed} == set()


def test_a_video_loads_nothing_that_photos_counts_or_several_processes_need() -> None:
    loaded = _loaded_by("import unseen.engine.run, unseen.cli.redact, unseen.engine.film.task")
    assert "unseen.verify.containers.mp4" in loaded
    elsewhere = {"unseen.engine.photo", "unseen.verify.containers.jpeg", "unseen.engine.film.count", "html"}
    assert loaded & {"multiprocessing", "multiprocessing.connection", "unseen.engine.crew", *elsewhere} == set()


def test_headers_are_cleaned_and_checked_without_a_library_of_pictures() -> None:
    loaded = _loaded_by(
        "import unseen.engine.dicom.dicom, unseen.verify.dicom.standard as s, unseen.dicom.table as t; "
        "assert t.load_table().vr_of(0x00100010) == s.vr_of(0x00100010).decode() == 'PN'"
    )
    assert "unseen.dicom.walk" in loaded
    assert loaded & {"numpy", "pydicom"} == set()
