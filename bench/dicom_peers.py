"""Runs one of three DICOM tools over a folder of files; run by the Python that has the tool, with no other module.

    python dicom_peers.py TOOL IN OUT [PROCESSES]

Each file goes to OUT under the name that the tool gives it, by the function that its own command calls for a
file. What a tool raises for a file is counted, and the file left out; the count is the last line that is printed.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["main"]

Run = Callable[[Path, Path], None]


def _dicom_anonymizer() -> Run:
    from dicomanonymizer.simpledicomanonymizer import anonymize_dicom_file  # type: ignore[import-not-found]

    def run(source: Path, target: Path) -> None:
        anonymize_dicom_file(str(source), str(target))

    return run


def _dicognito() -> Run:
    import pydicom
    from dicognito.anonymizer import Anonymizer  # type: ignore[import-not-found]

    anonymizer = Anonymizer(seed="bench")

    def run(source: Path, target: Path) -> None:
        with pydicom.dcmread(source) as data:
            anonymizer.anonymize(data)
            # As its own command names them.
            data.save_as(target.with_name(f"{data.SOPInstanceUID}.dcm"))

    return run


def _deid() -> Run:
    import pydicom
    from deid.config import DeidRecipe  # type: ignore[import-not-found]
    from deid.dicom import replace_identifiers  # type: ignore[import-not-found]

    recipe = DeidRecipe()

    def code(value: Any) -> str:
        return hashlib.sha256(f"bench {value}".encode()).hexdigest()[:16]

    def run(source: Path, target: Path) -> None:
        # Its recipe takes the new numbers and dates from the caller.
        head = pydicom.dcmread(
            source, force=True, specific_tags=["PatientID", "SOPInstanceUID"], stop_before_pixels=True
        )
        known = {
            "entity_id": code(head.get("PatientID")),
            "item_id": code(head.get("SOPInstanceUID")),
            "entity_timestamp": "19000101",
            "item_timestamp": "19000101",
        }
        name = str(source)
        replace_identifiers(
            name,
            {name: known},
            recipe,
            save=True,
            overwrite=True,
            output_folder=str(target.parent),
            remove_private=True,
        )

    return run


_TOOLS: dict[str, Callable[[], Run]] = {"dicom-anonymizer": _dicom_anonymizer, "dicognito": _dicognito, "deid": _deid}


def _share(tool: Run, files: list[Path], out: Path) -> int:
    failed = 0
    for file in files:
        target = out / file.name
        try:
            tool(file, target)
        except (Exception, SystemExit):  # noqa: BLE001 - whatever a tool raises
            target.unlink(missing_ok=True)
            failed += 1
    return failed


def _worker(name: str, files: list[Path], out: Path, failed: Any) -> None:
    warnings.simplefilter("ignore")
    count = _share(_TOOLS[name](), files, out)
    with failed.get_lock():
        failed.value += count


def main() -> int:
    """Run the tool that the command line names."""
    name, source, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    processes = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    out.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in source.rglob("*") if path.is_file())
    failed = multiprocessing.Value("i", 0)
    parts = [files[i::processes] for i in range(processes)]
    workers = [multiprocessing.Process(target=_worker, args=(name, part, out, failed)) for part in parts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(failed.value)
    return max(worker.exitcode or 0 for worker in workers)


if __name__ == "__main__":
    sys.exit(main())
