"""unseen dicom: de-identify DICOM files, folders, archives."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.cli.access import access_from, add_access
from unseen.cli.early import PRELOADED
from unseen.core.dicom import OPTIONS, DicomJob, DicomRecipe, parse_options
from unseen.core.names import display
from unseen.errors import OutputFailed, UsageError

if TYPE_CHECKING:
    from unseen.engine.dicom.report import DicomReport

__all__ = ["DicomEngine", "add_parser", "job_from", "run"]

#: What does a job and tells a listener: `unseen.engine.dicom.dicom.run_dicom`, or a stand-in for it.
DicomEngine = Callable[[DicomJob, Any], "DicomReport"]


_DESCRIPTION = """De-identify DICOM files, folders, zip archives, and media with a DICOMDIR; verify before release.

The Basic Profile of PS3.15 Annex E (edition 2026d) is applied to every element, in sequences too; what neither the
profile nor the standard knows is removed, and so are private elements. Patients, accession numbers and UIDs become
keyed codes: the same with the same --key. Results lie in FOLDER/patient/study/series/object.dcm, all by new names.
"""


def add_parser(verbs: Any, text: str, engine: DicomEngine | None = None) -> None:
    """Add this verb, with its line of help, to the command line; `engine` does its jobs in place of the real one."""
    parser = verbs.add_parser(
        "dicom",
        help=text,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "sources", metavar="SRC", nargs="*", type=Path, help="DICOM files, folders, zip archives, or a DICOMDIR"
    )
    parser.add_argument("-o", "--output", metavar="FOLDER", type=Path, help="where results go; never inside the input")
    _add_what(parser.add_argument_group("what is removed, and what may stay"))
    _add_key(parser.add_argument_group("key and vault"))
    _add_look(parser.add_argument_group("looking without writing"))
    _add_verify(parser.add_argument_group("verification of pixels; the bytes of every result are searched in any case"))
    _add_run(parser.add_argument_group("run and records"))
    add_access(parser.add_argument_group("policy"))
    parser.set_defaults(run=partial(run, engine=engine))


def _add_what(group: Any) -> None:
    group.add_argument("--profile", choices=("basic",), default="basic", help="the profile of PS3.15 (default: basic)")
    group.add_argument(
        "--options", metavar="LIST", default="", help=f"options of the profile, with commas: {', '.join(OPTIONS)}"
    )
    group.add_argument(
        "--text",
        choices=("all", "identifying"),
        default="all",
        help="which burned-in text goes: all but markers, scales and units (default), or what is not known as harmless",
    )
    faces = group.add_mutually_exclusive_group()
    faces.add_argument(
        "--deface",
        action="store_true",
        help="remove the face from CT and MR series of heads, and keep the brain; checked",
    )
    faces.add_argument(
        "--keep-face",
        action="store_true",
        help="release CT and MR of heads, of which a face can be made; the results say so",
    )
    group.add_argument(
        "--unsafe-keep-pixels",
        action="store_true",
        help="release pictures that may show text or faces without looking at them; recorded",
    )


def _add_key(group: Any) -> None:
    group.add_argument(
        "--key",
        metavar="FILE",
        type=Path,
        help="secret of 32 bytes or more for codes, UIDs and shifts of dates; needed to resume; default: thrown away",
    )
    group.add_argument(
        "--vault",
        metavar="FILE",
        type=Path,
        help="keep the map from codes back to originals there, encrypted; needs --key",
    )
    group.add_argument(
        "--reveal", metavar="CODE", help="print what a code or new UID stands for, from --vault with --key"
    )


def _add_look(group: Any) -> None:
    group.add_argument(
        "--what-if",
        action="store_true",
        help="print what would be done with each element of a file; values are not shown",
    )
    group.add_argument(
        "--check-table",
        action="store_true",
        help="print which attributes of the profile the installed pydicom does not know",
    )


def _add_verify(group: Any) -> None:
    group.add_argument(
        "--verify",
        choices=("full", "sample"),
        default="full",
        help="which written pictures are read again for text by another model: all that may hold some, or a share",
    )
    group.add_argument(
        "--sample-share",
        metavar="N",
        type=float,
        default=0.1,
        help="the share that --verify sample takes, above 0 and at most 1 (default: 0.1)",
    )
    group.add_argument(
        "--unsafe-skip-verify", action="store_true", help="read no written picture again; the report records it"
    )


def _add_run(group: Any) -> None:
    group.add_argument("--report", metavar="FILE.json", type=Path, help="write what was done, study by study")
    group.add_argument("--overwrite", action="store_true", help="replace files in the output that Unseen did not write")
    group.add_argument(
        "--show-names",
        action="store_true",
        help="name inputs by their paths in messages, not by number; paths may hold names",
    )
    group.add_argument("--jobs", metavar="N", type=int, help="processes (default: what fits the work and the machine)")
    group.add_argument("--quiet", action="store_true", help="print errors and the last line only")


def job_from(args: argparse.Namespace) -> DicomJob:
    """Build the job from parsed words; raises UsageError."""
    if not args.sources or args.output is None:
        raise UsageError("name what to de-identify and where results go: unseen dicom SRC... -o FOLDER")
    return DicomJob(
        sources=tuple(args.sources),
        output=args.output,
        recipe=_recipe(args),
        key_file=args.key,
        vault=args.vault,
        workers=args.jobs,
        report=args.report,
        overwrite=args.overwrite,
        show_names=args.show_names,
        **access_from(args),
    )


def _recipe(args: argparse.Namespace) -> DicomRecipe:
    return DicomRecipe(
        options=parse_options(args.options),
        text=args.text,
        deface=args.deface,
        keep_face=args.keep_face,
        unsafe_keep_pixels=args.unsafe_keep_pixels,
        verify="skip" if args.unsafe_skip_verify else args.verify,
        sample_share=args.sample_share,
    )


def run(args: argparse.Namespace, engine: DicomEngine | None = None) -> int:
    """Do what the words say and return the exit code."""
    if args.check_table:
        return _check_table()
    if args.reveal is not None:
        return _reveal(args)
    if args.what_if:
        return _what_if(args)
    from unseen.cli.progress import Progress

    job = job_from(args)
    if engine is None:
        engine = _real_engine(job)
    with Progress(quiet=args.quiet) as progress:
        report = engine(job, progress)
    for problem in report.problems:
        print(f"unseen: error: {problem}", file=sys.stderr)
    try:
        _print_receipt(report, job, quiet=args.quiet)
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # whoever reads the receipt is gone; the work is done in any case
    except OSError as error:
        raise OutputFailed(f"cannot print the receipt ({error.strerror}); the files are written") from error
    return report.exit_code


def _real_engine(job: DicomJob) -> DicomEngine:
    """Return the engine; where it may use several processes, they are made ready while it is loaded itself."""
    from unseen.engine.crew import nursery

    context = nursery(PRELOADED["dicom"]) if job.workers != 1 else None
    from unseen.engine.dicom.dicom import run_dicom

    return partial(run_dicom, context=context)


def _print_receipt(report: DicomReport, job: DicomJob, *, quiet: bool) -> None:
    totals = report.totals()
    if not quiet:
        if report.resume_note:
            print(f"note: {report.resume_note}")
        if job.key_file is None:
            print("note: no --key: codes and UIDs of this run will never be made again, and it cannot be resumed")
        elements = ", ".join(f"{count} {fate}" for fate, count in totals["elements"].items())
        print(f"elements: {elements or 'none'}")
        if totals["pixels_verified"]:
            seconds = totals["seconds"].get("verify pixels", 0.0)
            print(
                f"pixels read again by a second model: {totals['pixels_verified']} objects, {totals['hidden_again']} "
                f"needed more hiding; {seconds:.1f} s over all processes"
            )
        print(f"verified against their originals: {totals['verified']} of {totals['objects']['released']} released")
    counts = ", ".join(f"{n} {status}" for status, n in totals["objects"].items() if n or status == "released")
    print(f"{counts}, {totals['studies']} studies in {totals['wall_seconds']:.1f} s -> {display(job.output)}")


def _check_table() -> int:
    from unseen.engine.dicom.look import table_gaps

    edition, version, gaps = table_gaps()
    print(f"the profile is {edition}; pydicom {version} does not know {len(gaps)} of its attributes")
    for tag, vr, name in gaps:
        print(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) {vr or '--'} {name}")
    return 0


def _reveal(args: argparse.Namespace) -> int:
    from unseen.engine.dicom.look import revealed

    if args.vault is None or args.key is None:
        raise UsageError("--reveal needs --vault and --key")
    found = revealed(args.vault, args.key, args.reveal)
    for kind, original in found:
        print(f"{kind}: {display(original)}")
    if not found:
        print("unseen: the vault does not hold that code", file=sys.stderr)
    return 0 if found else 1


def _what_if(args: argparse.Namespace) -> int:
    from unseen.engine.dicom.look import planned

    if len(args.sources) != 1:
        raise UsageError("--what-if takes one file")
    lines, notes = planned(args.sources[0], _recipe(args))
    for line in lines:
        place = f"({line.tag >> 16:04X},{line.tag & 0xFFFF:04X})"
        print(f"{'  ' * line.depth}{place} {line.vr} {line.name}: {line.fate}")
    for note in notes:
        print(f"note: {note}")
    return 0
