"""The node and its real peers on loopback, at ports that the system chooses: an archive (Orthanc), a sender (dcmtk)."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Archive", "NodeProcess", "free_port", "store", "until"]

_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_SENDER = shutil.which("storescu")


def free_port() -> int:
    """Return a port that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds; raises AssertionError where it does not for so long."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def store(files: Sequence[Path], port: int, *options: str, title: str = "CT1") -> int:
    """Send files with storescu, all of them even if one is refused, and return its exit code."""
    words = [_SENDER or "storescu", "-aet", title, "-aec", "UNSEEN", "-nh", *options, "127.0.0.1", str(port)]
    return subprocess.run([*words, *map(str, files)], capture_output=True, check=False, timeout=120).returncode


class Archive:
    """Orthanc with its plugin for DICOMweb, which can be stopped and started again with what it holds."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.web, self.dicom = folder, free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "StorageCompression": False,
            "HttpPort": self.web,
            "DicomPort": self.dicom,
            "DicomAet": "ARCHIVE",
            "RemoteAccessAllowed": False,
            "DicomAlwaysAllowStore": True,
            "OverwriteInstances": True,
            "Plugins": [str(_PLUGIN)],
        }
        (folder / "orthanc.json").write_text(json.dumps(settings))

    @staticmethod
    def missing() -> str:
        """Return what of the peers is not on this machine, "" where all is."""
        there = {"Orthanc": shutil.which("Orthanc"), "storescu": _SENDER, "its DICOMweb plugin": _PLUGIN.is_file()}
        return ", ".join(name for name, found in there.items() if not found)

    def start(self) -> None:
        """Start it and wait until it answers."""
        (self._folder / "storage").mkdir(exist_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(["Orthanc", str(self._folder / "orthanc.json")], stdout=log, stderr=log)
        until(self._answers)

    def _answers(self) -> bool:
        try:
            self.ask("/system")
        except OSError:
            return False
        return True

    def ask(self, path: str) -> Any:
        """Return what its own interface says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}{path}", timeout=10) as answer:
            return json.load(answer)

    def uids(self) -> list[str]:
        """Return the SOP Instance UIDs of all that it holds."""
        return [each["MainDicomTags"]["SOPInstanceUID"] for each in self.ask("/instances?expand")]

    def files(self) -> list[bytes]:
        """Return the files that it holds, byte for byte."""
        return [path.read_bytes() for path in (self._folder / "storage").rglob("*") if path.is_file()]

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


class NodeProcess:
    """The node as a process of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.spool, self.port, self._words, self.key = folder / "spool", free_port(), words, folder / "node.key"
        self._process: subprocess.Popen[str] | None = None
        self.said = ""
        folder.mkdir(parents=True, exist_ok=True)
        self.key.write_bytes(secrets.token_bytes(32))
        self.key.chmod(0o600)

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = ["dicom-node", "--listen", f"UNSEEN@127.0.0.1:{self.port}", "--spool", str(self.spool)]
        gate = ["--allow-title", "CT1,CT2", "--allow-address", "127.0.0.1", "--unsafe-keep-pixels"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "unseen", *command, "--key", str(self.key), *gate, *self._words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ),
        )
        assert self._process.stdout is not None
        self.said += self._process.stdout.readline()
        assert "0 received" in self.said, self.said

    def kill(self) -> None:
        """Kill it where it stands."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop and return its exit code; 0 if it does not run."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(how)
        self.said += self._process.communicate(timeout=60)[0]
        code, self._process = self._process.returncode, None
        return code
