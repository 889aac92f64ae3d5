"""unseen count: count what passes in videos, and redact them in the same pass if that is wanted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from unseen.cli import redact
from unseen.cli.access import access_from, add_access
from unseen.cli.counting import add_terms, counting_from, print_counted
from unseen.core.access import Access
from unseen.core.counts import COUNTING_LOOKS, Counted
from unseen.core.jobs import CountJob, Job
from unseen.core.names import display
from unseen.core.recipe import Recipe, looks_for
from unseen.core.video import VideoRecipe
from unseen.errors import UsageError

__all__ = ["CountEngine", "add_parser", "run"]

#: What counts without redacting: `unseen.engine.count.run`, or a stand-in for it.
CountEngine = Callable[[CountJob, Any], Counted]

_DESCRIPTION = """Count persons and vehicles that cross lines and stay in zones, in videos of one camera.

Persons, bicycles, cars, motorcycles, buses and trucks are found, followed while they are in the picture, and counted
once a crossing, at the middle of the lower edge of their box. What leaves is tables, charts and a page of aggregates;
nothing of a single track is written. With --redacted the videos are redacted in the same pass.

FILE.parquet holds crossings by line, direction, class and interval; beside it lie FILE.occupancy.parquet, .dwell, .od,
.speed and .heat, as far as the scene allows, a chart of each as PNG and SVG, and FILE.html.
"""


def add_parser(
    verbs: Any, text: str, engine: CountEngine | None = None, redact_engine: redact.Engine | None = None
) -> None:
    """Add this verb, with its line of help, to the command line; the engines do its jobs in place of the real ones."""
    parser = verbs.add_parser(
        "count",
        help=text,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sources", metavar="SOURCE", nargs="+", help="videos, or folders of them, in order of time")
    parser.add_argument("--scene", metavar="SCENE.yaml", type=Path, required=True, help="lines, zones, calibration")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, required=True, help="the table of crossings: .parquet or .csv"
    )
    add_terms(parser.add_argument_group("counting"))
    group = parser.add_argument_group("redaction in the same pass")
    group.add_argument("--redacted", metavar="FOLDER", type=Path, help="redact the videos into a folder")
    group.add_argument("--classes", metavar="LIST", help="classes to hide, as in unseen redact (default: face,plate)")
    group.add_argument("--overwrite", action="store_true", help="as in unseen redact")
    group = parser.add_argument_group("running")
    group.add_argument(
        "--stride",
        metavar="auto|N",
        type=redact.stride,
        default=None,
        help="look at every Nth frame; auto (default) looks 12 times a second or more",
    )
    add_access(group)
    group.add_argument("--device", default="auto", help="as in unseen redact")
    group.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=partial(run, engine=engine, redact_engine=redact_engine))


def run(args: argparse.Namespace, engine: CountEngine | None = None, redact_engine: redact.Engine | None = None) -> int:
    """Count, and print what was counted; returns the exit code."""
    counting = counting_from(args, args.scene, args.output)
    if counting is None:
        raise UsageError("counts need a scene and a file")
    counting = replace(counting, looks=COUNTING_LOOKS)
    for source in args.sources:
        if "://" in source:
            raise UsageError("cameras are counted by: unseen live SOURCE --count SCENE.yaml --counts FILE.parquet")
    sources = tuple(Path(source) for source in args.sources)
    if args.redacted is not None:
        classes = None if args.classes is None else [c.strip() for c in args.classes.split(",") if c.strip()]
        recipe = Recipe(looks=looks_for(classes, None), video=VideoRecipe(stride=args.stride))
        job = Job(
            sources=sources, output=args.redacted, recipe=recipe, overwrite=args.overwrite, device=args.device,
            counting=counting, **access_from(args),
        )  # fmt: skip
        return redact.do(job, quiet=args.quiet, engine=redact_engine)
    if args.classes is not None or args.overwrite:
        raise UsageError("--classes and --overwrite say what is redacted; say --redacted FOLDER too")
    access = Access(args.purpose, args.actor, args.policy)
    return _count(CountJob(sources, counting, args.stride, args.device, access), args.quiet, engine)


def _count(job: CountJob, quiet: bool, engine: CountEngine | None) -> int:
    from unseen.cli.progress import Progress
    from unseen.engine.count import run as real

    with Progress(quiet=quiet) as progress:
        counted = (engine or real)(job, progress)
    for problem in counted.problems:
        print(f"unseen: note: {display(problem)}", file=sys.stderr)
    if not quiet:
        rate = counted.frames / counted.seconds if counted.seconds else 0.0
        print(f"ran on {counted.device}: {counted.frames} frames in {counted.seconds:.1f} s, {rate:.1f} a second")
        print_counted(counted)
    return 0
