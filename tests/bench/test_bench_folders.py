"""A benchmark that is given the wrong folder says so in one line."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "words",
    [
        ("bench.video", "--only", "faces"),
        ("bench.video", "--only", "persons"),
        ("bench.video", "--only", "drawn"),
        ("bench.live_soak", "--minutes", "1"),
        ("bench.photos", "--only", "faces"),
        ("bench.traffic",),
    ],
)
def test_a_folder_without_samples_is_refused_in_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    name, *others = words
    with pytest.raises(SystemExit) as caught:
        importlib.import_module(name).main([*others, "--data", str(tmp_path)])
    said = str(caught.value.code)
    assert str(tmp_path) in said
    assert "--data" in said
    assert "\n" not in said
