"""unseen scene: draw the lines and zones that are counted."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from unseen.core.jobs import SceneJob
from unseen.core.names import display
from unseen.core.recipe import expand_classes
from unseen.core.scene import COUNTED, parse_calibration, parse_line, parse_zone

__all__ = ["SceneEngine", "add_parser", "run"]

#: What writes a scene: `unseen.engine.scene.run`, or a stand-in for it.
SceneEngine = Callable[[SceneJob], tuple[Path, ...]]

_DESCRIPTION = """Write a scene file for unseen count, and a picture of the camera with the scene drawn on it.

Persons and vehicles are hidden in the picture first; the raw one is never written. Without --line and --zone a
page is written in which lines and zones are clicked, and the scene file is saved; it loads nothing and sends nothing.
"""


def add_parser(verbs: Any, text: str, engine: SceneEngine | None = None) -> None:
    """Add this verb, with its line of help, to the command line; `engine` does its jobs in place of the real one."""
    parser = verbs.add_parser("scene", help=text, description=__doc__)
    words = parser.add_subparsers(dest="scene_word", metavar="WORD", required=True)
    draw = words.add_parser(
        "draw",
        help="write a scene file, and its picture with people hidden",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    draw.add_argument("frame", metavar="FRAME", type=Path, help="a photo from the camera, or a video of it")
    draw.add_argument(
        "-o", "--output", metavar="SCENE.yaml", type=Path, required=True, help="the scene; pictures lie beside it"
    )
    draw.add_argument(
        "--line",
        metavar="NAME:X1,Y1,X2,Y2",
        action="append",
        default=[],
        help="a line, in pixels; forward is to the right of who walks along it; may be said again",
    )
    draw.add_argument(
        "--zone",
        metavar="NAME:X1,Y1,...",
        action="append",
        default=[],
        help="a zone, by its corners in order; may be said again",
    )
    draw.add_argument(
        "--calibration",
        metavar="X1,...,Y4:M1,...,M8",
        help="four points of the ground in pixels, and in metres, for speeds",
    )
    draw.add_argument("--classes", metavar="LIST", help=f"what is counted, of {', '.join(COUNTED)} (default: all)")
    draw.add_argument("--device", default="auto", help="as in unseen redact")
    draw.add_argument("--overwrite", action="store_true", help="replace what is there")
    draw.set_defaults(run=partial(run, engine=engine))


def run(args: argparse.Namespace, engine: SceneEngine | None = None) -> int:
    """Write the scene and say where it is; returns 0."""
    classes = COUNTED
    if args.classes is not None:
        classes = expand_classes([word.strip() for word in args.classes.split(",") if word.strip()])
    job = SceneJob(
        frame=args.frame,
        out=args.output,
        lines=tuple(map(parse_line, args.line)),
        zones=tuple(map(parse_zone, args.zone)),
        calibration=None if args.calibration is None else parse_calibration(args.calibration),
        classes=classes,
        device=args.device,
        overwrite=args.overwrite,
    )
    from unseen.engine.scene import run as real

    for path in (engine or real)(job):
        print(display(path))
    return 0
