"""Export YOLO weights (.pt) to ONNX with Ultralytics, in a process of its own, with its telemetry off.

Ultralytics (AGPL-3.0) is needed for this alone. It sends usage events unless its setting `sync` is off, installs
packages by itself unless YOLO_AUTOINSTALL is off, and writes next to the weights and into the user's configuration
folder: so it runs in a temporary folder, with a configuration of its own. Only when the weights are not a file here
does it go to the network, to download them, which is what was asked for.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from unseen.errors import ModelUnavailable

__all__ = ["export_onnx"]

_SCRIPT = """
import sys
from ultralytics.utils import SETTINGS
SETTINGS.update({"sync": False})
from ultralytics import YOLO
YOLO(sys.argv[1]).export(format="onnx", imgsz=640, dynamic=False, half=False, device="cpu")
"""
_NEEDED = ("ultralytics", "onnx")
_INSTALL = 'run `pip install "unseen[yolo]"`'


def export_onnx(weights: str, into: Path) -> Path:
    """Export weights to an ONNX file in the folder `into` and return its path.

    `weights` is a .pt file, or a name as yolo26n.pt that Ultralytics downloads. Loading a .pt file runs code that it
    holds: export only what you trust. Raises ModelUnavailable when Ultralytics is missing or fails.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelUnavailable(f"exporting {weights} needs {' and '.join(missing)}; {_INSTALL}")
    if Path(weights).suffix != ".pt":
        raise ModelUnavailable(f"{weights} is no .pt file; name weights as yolo26n.pt")
    with tempfile.TemporaryDirectory(prefix="unseen-export-") as name:
        folder = Path(name)
        local = Path(weights).is_file()
        if local:
            shutil.copyfile(weights, folder / Path(weights).name)
        elif weights != Path(weights).name:
            raise ModelUnavailable(
                f"{weights} is not there; name a .pt file, or weights as yolo26n.pt to download them"
            )
        _run(weights, folder, offline=local)
        exported = folder / Path(weights).with_suffix(".onnx").name
        return Path(shutil.copyfile(exported, into / exported.name))


def _run(weights: str, folder: Path, *, offline: bool) -> None:
    command = [sys.executable, "-P", "-c", _SCRIPT, Path(weights).name]
    # The command is fixed but for the name of the weights; no shell is involved.
    done = subprocess.run(  # noqa: S603
        command,
        cwd=folder,
        env=_environ(folder, offline=offline),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0 or not (folder / Path(weights).with_suffix(".onnx").name).is_file():
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = lines[-1][:200] if lines else "it wrote no ONNX file"
        raise ModelUnavailable(f"Ultralytics could not export {weights} ({reason}); check it or bring an ONNX file")


def _environ(folder: Path, *, offline: bool) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ULTRALYTICS_", "YOLO_"))}
    ours = {
        "YOLO_CONFIG_DIR": str(folder / "config"),
        "YOLO_AUTOINSTALL": "false",
        "YOLO_OFFLINE": "true" if offline else "false",
        "YOLO_VERBOSE": "false",
        "ORT_DISABLE_TELEMETRY": "1",
    }
    return {**kept, **ours}
