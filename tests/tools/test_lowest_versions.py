"""The lowest versions that are said to do are told for every dependency, and as one version each."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools.lowest_versions import lowest

_WHOLE = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))


def test_every_dependency_has_a_lowest_version() -> None:
    told = dict(line.split("==") for line in lowest(_WHOLE["project"]))
    assert {"av", "numpy", "onnxruntime", "pillow", "pydicom", "cryptography", "psycopg", "fsspec"} <= set(told)
    assert told.keys().isdisjoint({"pip", "ultralytics", "onnxruntime-gpu"})
    assert all(re.fullmatch(r"\d[\d.]*\d", version) for version in told.values())


def test_what_is_named_more_than_once_is_named_with_the_same_version() -> None:
    project = _WHOLE["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), _WHOLE["dependency-groups"]["test"]]
    bounds: dict[str, set[str]] = {}
    for each in (name for some in lists for name in some if isinstance(name, str)):
        name, _, bound = each.partition(">=")
        bounds.setdefault(name, set()).add(bound)
    del bounds["pip"]  # that of the tests must know groups
    assert {name: versions for name, versions in bounds.items() if len(versions) > 1} == {}


def test_dependency_without_a_bound_is_refused() -> None:
    project: dict[str, Any] = {
        "dependencies": ["tqdm"],
        "optional-dependencies": {name: [] for name in _WHOLE["project"]["optional-dependencies"]},
    }
    with pytest.raises(ValueError, match="tqdm has no lower bound"):
        lowest(project)
