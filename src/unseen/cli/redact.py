"""unseen redact: hide people and plates in photos, videos and folders of them."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from unseen.cli.access import access_from, add_access
from unseen.cli.counting import add_counting, counting_from
from unseen.cli.early import PRELOADED
from unseen.cli.receipt import print_receipt
from unseen.core.formats import FORMATS, KEEPABLE, Limits
from unseen.core.jobs import Job
from unseen.core.looks import LEAKS, METHODS
from unseen.core.recipe import Recipe, asks_for_heads, looks_for, parse_hide
from unseen.core.regions import CLASSES, GROUPS
from unseen.core.video import Audio, VideoRecipe, VideoStyle
from unseen.errors import OutputFailed, UsageError

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from unseen.engine.report import Report

__all__ = ["Engine", "add_parser", "do", "job_from", "run", "stride"]

#: What does a job and tells a listener: `unseen.engine.run.run`, or a stand-in for it.
Engine = Callable[[Job, Any], "Report"]

_DESCRIPTION = f"""Hide faces, people, plates, text in photos and videos, or folders of them; verify before release.

Without options: faces are replaced by a smooth surface made from what is around them, plates by one colour; nothing of
the inside survives. All metadata but the colour profile is dropped, and the sound of videos. The input never changes.

methods:
  fill      a smooth surface from around the region, with grain; nothing of the inside survives (default)
  solid     one colour; nothing of the inside survives (default for plates and text)
  stand-in  a drawn head-and-shoulders or blank plate, coloured from around; nothing of the inside survives
  mosaic    {LEAKS["mosaic"]}
  blur      {LEAKS["blur"]}
  none      stays visible, and the report says so
"""


def add_parser(verbs: Any, text: str, engine: Engine | None = None) -> None:
    """Add this verb, with its line of help, to the command line; `engine` does its jobs in place of the real one."""
    parser = verbs.add_parser(
        "redact",
        help=text,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sources", metavar="FILE_OR_FOLDER", nargs="+", type=Path, help="photos, videos, or folders")
    parser.add_argument(
        "-o", "--output", metavar="FOLDER", type=Path, required=True, help="where results go; never inside the input"
    )
    _add_what(parser.add_argument_group("what is hidden, and how"))
    _add_files(parser.add_argument_group("files"))
    _add_videos(parser.add_argument_group("videos"))
    add_counting(parser.add_argument_group("counts of what passes in videos, in the same pass"))
    _add_checks(parser.add_argument_group("verification and records"))
    _add_machine(parser.add_argument_group("machine"))
    parser.set_defaults(run=partial(run, engine=engine))


def _add_what(group: Any) -> None:
    group.add_argument(
        "--classes",
        metavar="LIST",
        help=f"classes to hide, with commas: {', '.join((*CLASSES, *GROUPS))} (default: face,plate)",
    )
    group.add_argument(
        "--hide",
        metavar="CLASS=METHOD,...",
        default="",
        help=f"method for each class, one of {', '.join(METHODS)}; "
        "mosaic and blur take a strength, as in face=mosaic:6 (cells a side) or face=blur:0.7 (kernel share)",
    )
    group.add_argument(
        "--recall",
        choices=("high", "fast"),
        help="high (default) looks at two scales and hides heads in which no face was found; fast does neither; "
        "in videos heads are hidden only where high or the class head is said: tracks find what single frames miss",
    )
    group.add_argument(
        "--margin",
        metavar="SHARE",
        type=float,
        default=0.0,
        help="widen regions beyond the built-in margin, as a share of their side",
    )
    group.add_argument(
        "--face-shape", choices=("box", "ellipse"), default="box", help="ellipse is the one that contains the whole box"
    )
    group.add_argument("--unsafe-strength", action="store_true", help="allow a strength below the floor; recorded")


def _add_files(group: Any) -> None:
    group.add_argument("--format", choices=tuple(FORMATS), help="write this format instead of the input's")
    group.add_argument(
        "--keep-metadata",
        metavar="LIST",
        default="icc",
        help=f"metadata that may stay, of {', '.join(KEEPABLE)}, or none (default: icc)",
    )
    group.add_argument(
        "--rename",
        choices=("keep", "pseudonym"),
        default="keep",
        help="pseudonym: names become a keyed HMAC of the path",
    )
    group.add_argument("--overwrite", action="store_true", help="replace files in the output that Unseen did not write")
    group.add_argument(
        "--max-megapixels", metavar="N", type=float, default=250.0, help="refuse larger photos (default: 250)"
    )


def _add_videos(group: Any) -> None:
    group.add_argument(
        "--stride",
        metavar="auto|N",
        type=stride,
        default=None,
        help="look at every Nth frame; auto (default) looks as often as movement asks; in between, tracks are followed",
    )
    group.add_argument(
        "--audio",
        choices=get_args(Audio),
        default="drop",
        help="a voice is personal data: drop it (default), keep it, or mute it while somebody is hidden",
    )
    group.add_argument(
        "--codec",
        default="auto",
        metavar="NAME",
        help="h264 (default), hevc, vp9, av1, or a hardware encoder as h264_nvenc; more than 8 bits become hevc",
    )
    group.add_argument("--quality", type=int, metavar="N", help="the encoder's CRF; lower is better and larger")
    group.add_argument("--speed", metavar="NAME", help="the encoder's preset, as veryfast")
    group.add_argument(
        "--regions", metavar="FILE.jsonl", type=Path, help="write what was hidden in each frame, one line a frame"
    )
    group.add_argument(
        "--check-every", metavar="SECONDS", type=float, default=2.0, help="how often a second model looks (default: 2)"
    )
    group.add_argument(
        "--edits",
        metavar="FILE.json",
        type=Path,
        help="redact videos again without detecting: remove tracks or keep them visible, add regions; "
        "needs the --key and the options of the run before",
    )
    group.add_argument(
        "--preview",
        action="store_true",
        help="write NAME.preview.mp4 beside each video: small, with outlines and track numbers, next to the result",
    )


def stride(word: str) -> int | None:
    """Read a stride: auto, which is None, or a number of frames."""
    if word == "auto":
        return None
    try:
        return int(word)
    except ValueError:
        raise argparse.ArgumentTypeError("say auto or a number of frames") from None


def _add_checks(group: Any) -> None:
    group.add_argument(
        "--verify",
        choices=("full", "sample"),
        help="full (default): another model family looks at every photo again, and in videos, if it is said, at every "
        "frame and not only where tracks begin and end and every two seconds; sample: at a secret share of the photos",
    )
    group.add_argument(
        "--sample-share",
        metavar="SHARE",
        type=float,
        default=0.1,
        help="share of outputs that --verify sample looks at (default: 0.1)",
    )
    group.add_argument("--unsafe-skip-verify", action="store_true", help="release without a second look; recorded")
    group.add_argument("--report", metavar="FILE.json", type=Path, help="write what was done with each file")
    group.add_argument("--sheet", metavar="FILE.html", type=Path, help="write a contact sheet of the redacted results")
    add_access(group)
    group.add_argument(
        "--credentials",
        metavar="CERTIFICATE.pem",
        type=Path,
        help="sign results with content credentials (C2PA), by this certificate; they say what was done, and no more",
    )
    group.add_argument("--credentials-key", metavar="KEY", type=Path, help="the certificate's private key, in PEM")
    group.add_argument(
        "--key",
        metavar="FILE",
        type=Path,
        help="secret of 32 bytes or more for hashes and pseudonyms; needed to resume; default: thrown away",
    )
    group.add_argument(
        "--plain-hashes",
        action="store_true",
        help="SHA-256 instead of keyed hashes; lets others find out which photos were in the run",
    )


def _add_machine(group: Any) -> None:
    group.add_argument(
        "--device",
        default="auto",
        help="auto, cpu, cuda, tensorrt, openvino, onnxruntime or runtime:device; "
        "of several, as cuda,cpu, the first that can run a model is meant; never another than asked for",
    )
    group.add_argument("--jobs", metavar="N", type=int, help="processes (default: what fits the work and the machine)")
    group.add_argument("--quiet", action="store_true", help="print errors and the last line only")


def job_from(args: argparse.Namespace) -> Job:
    """Build the job from parsed words; raises UsageError or Refused."""
    classes = None if args.classes is None else [c.strip() for c in args.classes.split(",") if c.strip()]
    words = [] if args.keep_metadata == "none" else [w.strip() for w in args.keep_metadata.split(",") if w.strip()]
    if not (math.isfinite(args.max_megapixels) and args.max_megapixels * 1_000_000 >= 1):
        raise UsageError(f"--max-megapixels must be a number above 0, got {args.max_megapixels:g}")
    recipe = _recipe(args, classes, words, int(args.max_megapixels * 1_000_000))
    return Job(
        sources=tuple(args.sources),
        output=args.output,
        recipe=recipe,
        **access_from(args),
        key_file=args.key,
        plain_hashes=args.plain_hashes,
        rename=args.rename,
        overwrite=args.overwrite,
        device=args.device,
        workers=args.jobs,
        report=args.report,
        sheet=args.sheet,
        regions=args.regions,
        edits=args.edits,
        preview=args.preview,
        counting=counting_from(args, args.count, args.counts),
        credentials=args.credentials,
        credentials_key=args.credentials_key,
    )


def _recipe(args: argparse.Namespace, classes: list[str] | None, words: list[str], pixels: int) -> Recipe:
    hide = parse_hide(args.hide)
    return Recipe(
        looks=looks_for(classes, hide),
        recall=args.recall or "high",
        verify="skip" if args.unsafe_skip_verify else args.verify or "full",
        sample_share=args.sample_share,
        margin=args.margin,
        face_shape=args.face_shape,
        keep=frozenset(words),
        format=args.format,
        unsafe_strength=args.unsafe_strength,
        limits=replace(Limits(), max_pixels=pixels, max_total_pixels=4 * pixels),
        video=VideoRecipe(
            stride=args.stride,
            audio=args.audio,
            style=VideoStyle(args.codec, args.quality, args.speed),
            check_s=args.check_every,
            check_all=args.verify == "full",
            heads=args.recall == "high",
        ),
        require_heads=asks_for_heads(classes, hide),
    )


def run(args: argparse.Namespace, engine: Engine | None = None) -> int:
    """Do the job and print its receipt; `engine` does jobs in place of the real one."""
    return do(job_from(args), quiet=args.quiet, engine=engine)


def do(job: Job, *, quiet: bool, engine: Engine | None = None) -> int:
    """Do a job, print its receipt and return the exit code."""
    from unseen.cli.progress import Progress

    if not quiet:
        _warn(job.recipe)
    if engine is None:
        engine = _real_engine(job)
    with Progress(quiet=quiet) as progress:
        report = engine(job, progress)
    for problem in report.problems:
        print(f"unseen: error: {problem}", file=sys.stderr)
    try:
        print_receipt(report, job, quiet=quiet)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads the receipt is gone, as `head` is early; the work is done in any case.
        pass
    except OSError as error:
        raise OutputFailed(f"cannot print the receipt ({error.strerror}); the files are written") from error
    return report.exit_code


def _real_engine(job: Job) -> Engine:
    """Return the engine; where it will use several processes, they are made ready while it is loaded itself."""
    from unseen.engine.local import worth_sharing

    several = any(source.is_dir() for source in job.sources) or worth_sharing(len(job.sources))
    context = _nursery() if several and job.workers != 1 else None

    from unseen.engine.run import run as real

    return partial(real, context=context)


def _nursery() -> BaseContext | None:
    from unseen.engine.crew import nursery  # here: one process needs nothing of what others are started with

    return nursery(PRELOADED["redact"])


def _warn(recipe: Recipe) -> None:
    """Say what the choices mean before anything is done."""
    for method in sorted({look.method for look in recipe.looks.values()} & LEAKS.keys()):
        print(f"unseen: note: {method} {LEAKS[method]}", file=sys.stderr)
    if recipe.visible_by_choice:
        print(f"unseen: note: told to stay visible: {', '.join(recipe.visible_by_choice)}", file=sys.stderr)
