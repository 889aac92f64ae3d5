"""Sends many objects through the node while its target is stopped twice and the node itself is killed once.

    python -m bench.dicom_node --data FOLDER [--files N] [--stow] [--keep FOLDER]

FOLDER holds real DICOM files (samples/dicom). storescu (dcmtk) sends, Orthanc receives; both come with
tools/install_peers.sh. Counts what arrived by new UIDs, which a run of `unseen dicom` with the same key tells
beforehand, and searches every file of archive and node for what identified the patients. The exit code is 1 if one is
missing, doubled or raw.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread

from bench.dicom_series import write_series
from bench.node_peers import Archive, NodeProcess, store, until

__all__ = ["main"]

_BATCHES = 20
#: After which batch what happens.
_STEPS = {4: "stop", 8: "start", 10: "kill", 14: "stop", 18: "start"}
_KEEP = ("--keep-face", "--unsafe-keep-pixels")
_MODELS = ("CT_small_GE_private", "MR_Siemens_CSA_1", "MR_Siemens_CSA_3_otherseries")


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    sent: int
    arrived: int
    missing: int
    doubled: int
    unexpected: int
    raw: int
    retries: int
    seconds: float

    @property
    def good(self) -> bool:
        """Whether every object arrived once, and nothing raw."""
        return self.arrived == self.sent and not (self.missing or self.doubled or self.unexpected or self.raw)


def _expected(folder: Path, out: Path, key: Path) -> set[str]:
    """Return the new UIDs by which the same key knows the objects."""
    words = ["dicom", str(folder), "-o", str(out), "--key", str(key), *_KEEP, "--quiet"]
    subprocess.run([sys.executable, "-m", "unseen", *words], check=True, stdout=subprocess.DEVNULL)
    return {path.stem for path in out.rglob("*.dcm")}


def _identifying(files: Sequence[Path]) -> set[bytes]:
    """Return what must not come back: names and numbers of the patients, and the root of all planted UIDs."""
    found = {b"1.2.826.0.1.3680043.10."}
    for file in files[::20]:
        head = dcmread(file, stop_before_pixels=True)
        found |= {str(head.PatientName.family_name).encode(), str(head.PatientID).encode()}
    return found


def _send(files: Sequence[Path], archive: Archive, node: NodeProcess) -> int:
    """Send batch after batch, each again until all of it was acknowledged, while things fail; return the retries."""
    size = -(-len(files) // _BATCHES)
    retries = 0
    for number in range(_BATCHES):
        batch, step = files[number * size : (number + 1) * size], _STEPS.get(number)
        if step is not None:
            _say(f"{number * size} sent: {_SAID[step]}")
        if step == "stop":
            archive.stop()
        elif step == "start":
            archive.start()
        retries += _killed(batch, node) if step == "kill" else _sent(batch, node)
    return retries


_SAID = {
    "stop": "the target is stopped",
    "start": "the target is started again",
    "kill": "the node is killed while it receives",
}


def _sent(batch: Sequence[Path], node: NodeProcess) -> int:
    """Send until all is acknowledged, and return how often it had to be done again."""
    for retries in range(20):
        if store(batch, node.port) == 0:
            return retries
    raise SystemExit("the node does not take what is sent to it")


def _killed(batch: Sequence[Path], node: NodeProcess) -> int:
    """Kill the node when it has taken a part of a batch; start it again, and send the whole batch again."""
    before = len(list((node.spool / "waiting").iterdir()))
    sender = threading.Thread(target=store, args=(batch, node.port))
    sender.start()
    until(lambda: len(list((node.spool / "waiting").iterdir())) > before or not sender.is_alive())
    node.kill()
    sender.join()
    node.start()
    return 1 + _sent(batch, node)


def _measure(data: Path, count: int, scratch: Path, *, stow: bool) -> Outcome:
    folder = scratch / "in"
    write_series(data, folder, count, int(time.time()), _MODELS)
    files = sorted(folder.rglob("*.dcm"))
    archive = Archive(scratch / "archive")
    service = f"http://127.0.0.1:{archive.web}/dicom-web" if stow else f"dicom://ARCHIVE@127.0.0.1:{archive.dicom}"
    node = NodeProcess(scratch / "node", "--forward", service, *_KEEP)
    expected = _expected(folder, scratch / "expected", node.key)
    try:
        archive.start()
        node.start()
        started = time.perf_counter()
        retries = _send(files, archive, node)
        until(lambda: archive.ask("/statistics")["CountInstances"] >= len(expected), 600)
        until(lambda: not list((node.spool / "waiting").iterdir()), 60)
        seconds = time.perf_counter() - started
        uids = Counter(archive.uids())
        kept = archive.files() + [path.read_bytes() for path in node.spool.rglob("*") if path.is_file()]
    finally:
        node.kill()
        archive.stop()
    words = _identifying(files)
    raw = sum(any(word in data for word in words) for data in kept)
    return Outcome(
        len(files),
        len(uids),
        len(expected - uids.keys()),
        sum(n - 1 for n in uids.values()),
        len(uids.keys() - expected),
        raw,
        retries,
        seconds,
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(words: Sequence[str] | None = None) -> int:
    """Run it, print what came of it, and return 0 if nothing was lost, doubled or raw."""
    parser = argparse.ArgumentParser(prog="python -m bench.dicom_node", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of real DICOM files")
    parser.add_argument("--files", type=int, default=2000, help="objects to send (default: 2000)")
    parser.add_argument("--stow", action="store_true", help="forward by STOW-RS, not by C-STORE")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work here and leave what was written")
    args = parser.parse_args(words)
    if args.files < _BATCHES:
        parser.error(f"--files must be at least {_BATCHES}")
    if missing := Archive.missing():
        raise SystemExit(f"not on this machine: {missing}; see tools/install_peers.sh")
    if args.keep is not None:
        args.keep.mkdir(parents=True, exist_ok=True)
        done = _measure(args.data, args.files, args.keep, stow=args.stow)
    else:
        with tempfile.TemporaryDirectory(prefix="unseen-bench-") as scratch:
            done = _measure(args.data, args.files, Path(scratch), stow=args.stow)
    print(
        f"{done.sent} objects sent, {done.arrived} arrived by their new UIDs: {done.missing} missing, {done.doubled} "
        f"doubled, {done.unexpected} unexpected, {done.raw} files raw; {done.retries} batches sent again; "
        f"{done.seconds:.0f} s with the target stopped twice and the node killed once\n"
        f"forwarded by {'STOW-RS' if args.stow else 'C-STORE'} to Orthanc; Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} cores"
    )
    return 0 if done.good else 1


if __name__ == "__main__":
    sys.exit(main())
