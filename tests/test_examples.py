"""The scripts in examples/ run as they are, on the demo photo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from tools.demo import demo_photo

SCRIPT = Path(__file__).parent.parent / "examples" / "hide_people.py"


def _run(folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    demo_photo(folder / "demo-out" / "in" / "astronaut.jpg")
    return subprocess.run(
        [sys.executable, str(SCRIPT)],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_people_are_hidden_in_one_call(tmp_path: Path, test_data: Path) -> None:
    done = _run(tmp_path, {"UNSEEN_MODELS": str(test_data / "models")})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 people hidden -> demo-out/people-hidden.png\n"
    before = cv2.imread(str(tmp_path / "demo-out" / "in" / "astronaut.jpg"))
    after = cv2.imread(str(tmp_path / "demo-out" / "people-hidden.png"))
    assert before is not None
    assert after is not None
    changed = (before != after).any(axis=2)
    assert changed[60:500, 100:300].mean() > 0.95  # where the astronaut is
    assert not changed[:, 420:].any()
    assert np.array_equal(before.shape, after.shape)


def test_without_weights_the_script_says_how_to_get_them(tmp_path: Path) -> None:
    done = _run(tmp_path, {"UNSEEN_MODELS": "", "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)})
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "unseen models export yolo26n.pt" in done.stderr
    assert not (tmp_path / "demo-out" / "people-hidden.png").exists()
