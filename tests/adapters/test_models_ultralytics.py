"""Exporting YOLO weights: Ultralytics is played by a small package of the same name, in a real process of its own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from unseen.adapters.models_ultralytics import export_onnx
from unseen.errors import ModelUnavailable

_UTILS = """
import json, os
from pathlib import Path
seen = {"cwd": os.getcwd(), "environ": dict(os.environ), "settings": []}
class Settings(dict):
    def update(self, values):
        seen["settings"].append(values)
SETTINGS = Settings()
"""
_YOLO = """
import json, os, sys
from pathlib import Path
from ultralytics.utils import SETTINGS, seen
class YOLO:
    def __init__(self, weights):
        assert {"sync": False} in seen["settings"], "telemetry is still on"
        seen["weights"] = weights
        self.path = Path(weights)
        if weights == "broken.pt":
            raise RuntimeError("first line\\nthe weights are broken")
    def export(self, **options):
        Path(os.environ["SEEN"]).write_text(json.dumps({**seen, "options": options}))
        if self.path.name != "silent.pt":
            held = self.path.read_bytes() if self.path.exists() else b""
            self.path.with_suffix(".onnx").write_bytes(b"exported " + held)
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the stand-in and return the file where it writes what it saw."""
    site = tmp_path / "site"
    for name, text in {
        "ultralytics/__init__.py": _YOLO,
        "ultralytics/utils.py": _UTILS,
        "onnx/__init__.py": "",
    }.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("SEEN", str(tmp_path / "seen.json"))
    monkeypatch.setenv("ULTRALYTICS_API_KEY", "secret")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "seen.json"


def test_local_weights_are_exported_without_network_or_traces(seen: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    weights = tmp_path / "mine" / "yolo26n.pt"
    weights.write_bytes(b"weights")
    out = tmp_path / "out"
    out.mkdir()
    assert export_onnx(str(weights), out).read_bytes() == b"exported weights"
    saw = json.loads(seen.read_text())
    assert saw["options"]["format"] == "onnx"
    assert saw["options"]["imgsz"] == 640
    environ = saw["environ"]
    assert (environ["YOLO_OFFLINE"], environ["YOLO_AUTOINSTALL"]) == ("true", "false")
    assert environ["YOLO_CONFIG_DIR"].startswith(saw["cwd"])
    assert "ULTRALYTICS_API_KEY" not in environ
    assert not Path(saw["cwd"]).exists()
    assert list(weights.parent.iterdir()) == [weights]


def test_a_bare_name_may_be_downloaded(seen: Path, tmp_path: Path) -> None:
    assert export_onnx("yolo26n.pt", tmp_path).name == "yolo26n.onnx"
    assert json.loads(seen.read_text())["environ"]["YOLO_OFFLINE"] == "false"


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ("broken.pt", "could not export broken.pt .*the weights are broken"),
        ("silent.pt", "it wrote no ONNX file"),
        ("elsewhere/yolo26n.pt", "is not there"),
        ("yolo26n.onnx", "is no .pt file"),
    ],
)
def test_a_failure_is_one_line(seen: Path, tmp_path: Path, weights: str, says: str) -> None:
    with pytest.raises(ModelUnavailable, match=says) as caught:
        export_onnx(weights, tmp_path)
    assert "\n" not in str(caught.value)


def test_without_ultralytics_the_extra_is_named(tmp_path: Path) -> None:
    if importlib.util.find_spec("ultralytics") is not None:
        with pytest.raises(ModelUnavailable):
            export_onnx("no-such-weights.txt", tmp_path)
    else:
        with pytest.raises(ModelUnavailable, match=r'run `pip install "unseen\[yolo\]"`'):
            export_onnx("yolo26n.pt", tmp_path)
