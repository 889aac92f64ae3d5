"""unseen live: hide people in camera pictures as they come, and publish the result."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from unseen.cli.access import access_from, add_access
from unseen.cli.counting import add_counting, counting_from
from unseen.core.live import Listening, LiveJob, Segments, parse_source, parse_target
from unseen.core.live_address import CAMERA_NAME
from unseen.core.looks import LEAKS
from unseen.core.names import display
from unseen.core.recipe import Recipe, asks_for_heads, looks_for, parse_hide
from unseen.core.regions import CLASSES, GROUPS
from unseen.errors import UsageError

__all__ = ["LiveEngine", "add_parser", "job_from", "run"]

#: What runs a job: `unseen.engine.live.live.run`, or a stand-in for it.
LiveEngine = Callable[..., dict[str, Any]]

#: Unlike pathlib's, it says no to a word that is too long for a name.
_is_there: Callable[[str], bool] = os.path.exists
_FROM_FILE = re.compile(rf"((?:{CAMERA_NAME}=)?)@(.*)", re.S)

#: What is sent again by who no longer wants to wait.
_AGAIN = (signal.SIGTERM, signal.SIGINT)

_DESCRIPTION = """Hide people in camera pictures as they come, and publish the result.

A frame waits for the look-ahead, so that what is found a moment later is hidden in it, too. A frame that the detector
did not look at in time, on both sides, is hidden whole: black, and says so. A raw frame is never published or written.

sources:  rtsp://USER:PASSWORD@HOST/PATH, http://HOST/PATH (MJPEG), webcam:0, a file (played at its own pace);
          NAME=SOURCE gives the camera a name; @FILE reads the address from a file, so that others do not see it
targets:  http://127.0.0.1:8080  pages with MJPEG and MP4, /status, /metrics; https:// with a certificate
          rtsp://HOST/PATH       pushes H.264 to a media server; {camera} stands for the camera's name
          FOLDER                 files of MP4, one after another
"""


def add_parser(verbs: Any, text: str, engine: LiveEngine | None = None) -> None:
    """Add this verb, with its line of help, to the command line; `engine` runs its jobs in place of the real one."""
    parser = verbs.add_parser(
        "live",
        help=text,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sources", metavar="SOURCE", nargs="+", help="cameras, webcams or files")
    parser.add_argument(
        "--publish",
        metavar="TARGET",
        action="append",
        default=[],
        help="where pictures go; may be said again; needed unless --count is said",
    )
    _add_hiding(parser.add_argument_group("what is hidden, and how"))
    _add_viewers(parser.add_argument_group("viewers"))
    _add_segments(parser.add_argument_group("files"))
    add_counting(parser.add_argument_group("counts of what passes, written whenever an interval is over"))
    _add_running(parser.add_argument_group("running"))
    parser.set_defaults(run=partial(run, engine=engine))


def _add_hiding(group: Any) -> None:
    known = ", ".join((*CLASSES, *GROUPS))
    group.add_argument("--classes", metavar="LIST", default="face", help=f"of {known} (default: face)")
    group.add_argument("--hide", metavar="CLASS=METHOD,...", default="", help="as in unseen redact")
    group.add_argument("--margin", metavar="SHARE", type=float, default=0.0, help="as in unseen redact")
    group.add_argument("--unsafe-strength", action="store_true", help="allow a strength below the floor; recorded")
    group.add_argument(
        "--look-ahead", metavar="MS", type=float, default=400.0,
        help="how long a frame waits, in milliseconds (default: 400); slow detectors need more",
    )  # fmt: skip
    group.add_argument(
        "--looks", metavar="N", type=float, default=8.0, help="frames a second to look at, at most (default: 8)"
    )
    group.add_argument(
        "--side", metavar="PIXELS", type=int, default=640,
        help="longer side of the pictures that are looked at (default: 640)",
    )  # fmt: skip
    add_access(group)


def _add_viewers(group: Any) -> None:
    group.add_argument("--tls-cert", metavar="FILE.pem", type=Path, help="certificate of https:// targets")
    group.add_argument("--tls-key", metavar="FILE.pem", type=Path, help="its key")
    group.add_argument(
        "--token-file", metavar="FILE", type=Path,
        help="what viewers have to know, 16 characters or more; needed to listen beyond this machine",
    )  # fmt: skip


def _add_segments(group: Any) -> None:
    group.add_argument("--segment", metavar="SECONDS", type=float, default=60.0, help="length of a file (default: 60)")
    group.add_argument(
        "--keep", metavar="HOURS", type=float, default=24.0, help="delete files older than this (default: 24)"
    )
    group.add_argument("--keep-mb", metavar="MB", type=float, help="delete the oldest beyond this size, a camera")


def _add_running(group: Any) -> None:
    group.add_argument("--loop", action="store_true", help="begin files again at their end")
    group.add_argument("--stop-after", metavar="SECONDS", type=float, help="end by itself")
    group.add_argument("--device", default="auto", help="as in unseen redact")
    group.add_argument("--report", metavar="FILE.json", type=Path, help="write the last status to a file")
    group.add_argument("--quiet", action="store_true", help="print errors only")


def job_from(args: argparse.Namespace) -> LiveJob:
    """Build the job from parsed words; raises UsageError or Refused."""
    classes = [word.strip() for word in args.classes.split(",") if word.strip()]
    hide = parse_hide(args.hide)
    if asks_for_heads(classes, hide):
        raise UsageError("head: live pictures are not searched for heads; name person instead")
    recipe = Recipe(
        looks=looks_for(classes, hide), recall="fast", verify="skip", margin=args.margin,
        unsafe_strength=args.unsafe_strength,
    )  # fmt: skip
    sources = tuple(
        parse_source(_spelled_out(word), number, exists=_is_there) for number, word in enumerate(args.sources)
    )
    return LiveJob(
        sources=sources,
        targets=tuple(
            parse_target(_spelled_out(word), cameras=len(sources), exists=_is_there) for word in args.publish
        ),
        recipe=recipe,
        look_ahead=args.look_ahead / 1000,
        looks=args.looks,
        side=args.side,
        loop=args.loop,
        listening=Listening(args.tls_cert, args.tls_key, _token(args.token_file)),
        segments=Segments(args.segment, _hours(args.keep) * 3600, _bytes(args.keep_mb)),
        **access_from(args),
        device=args.device,
        report=args.report,
        stop_after=args.stop_after,
        counting=counting_from(args, args.count, args.counts),
        read=_files_read(args),
    )


def _files_read(args: argparse.Namespace) -> tuple[Path, ...]:
    """Return the files that hold addresses or the token."""
    named = (_file_named(word) for word in (*args.sources, *args.publish))
    return tuple(Path(file) for file in (args.token_file, *named) if file is not None)


def _hours(hours: float) -> float:
    if not hours > 0:
        raise UsageError(f"--keep must be a number above 0, got {hours:g}")
    return hours


def _bytes(megabytes: float | None) -> int | None:
    if megabytes is None:
        return None
    if not (math.isfinite(megabytes) and megabytes > 0):
        raise UsageError(f"--keep-mb must be a number above 0, got {megabytes:g}; leave it out for no limit")
    return max(1, round(megabytes * 1_000_000))


def _spelled_out(word: str) -> str:
    """Return what a word stands for: "@FILE" and "NAME=@FILE" the first line of a file, anything else itself."""
    file = _file_named(word)
    return word if file is None else word.removesuffix(f"@{file}") + _first_line(Path(file), "the address")


def _file_named(word: str) -> str | None:
    """Return the FILE of "@FILE" and "NAME=@FILE", None for anything else."""
    named = _FROM_FILE.fullmatch(word)
    # A password may end in "=", and may hold "@": only what is a name, or nothing, stands before the sign of a file.
    if named is None or ("@" in named[2] and not _is_there(named[2])):
        return None
    return named[2]


def _token(path: Path | None) -> str | None:
    if path is None:
        return None
    token = _first_line(path, "the token")
    if len(token) < 16:
        raise UsageError(f"{path}: the token must have 16 characters or more; make one as with: openssl rand -hex 16")
    return token


def _first_line(path: Path, what: str) -> str:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot read {what} from it; check the name and its rights") from error
    line = lines[0].strip() if lines else ""
    if not line:
        raise UsageError(f"{path}: holds nothing; write {what} in its first line")
    return line


def run(args: argparse.Namespace, engine: LiveEngine | None = None) -> int:
    """Run the job until it ends or is told to, by SIGTERM, SIGHUP or Ctrl-C, and print what was done; returns 0, or 1
    where a target takes no pictures at the end, or no camera ever sent one."""
    job = job_from(args)
    from unseen.engine.live.live import run as real

    if not args.quiet:
        _warn(job.recipe)
    with _stop_on_signals() as stop:
        status = (engine or real)(
            job,
            stop=stop,
            ready=lambda live: None if args.quiet else _say_ready(job, live),
            tell=lambda words: _tell(f"unseen: warning: {words}"),
        )
    if not args.quiet:
        with contextlib.suppress(OSError, ValueError):  # the terminal may be gone
            _print_totals(status)
    failed = [*status["problems"], *_never_seen(status)]
    for problem in failed:
        _tell(f"failed: {problem}")
    return 1 if failed else 0


def _never_seen(status: dict[str, Any]) -> list[str]:
    """Return why there was nothing to publish at all, if so."""
    cameras = status["cameras"]
    if any(told["frames"]["out"] or not told["error"] for told in cameras.values()):
        return []
    return [f"{name}: {told['error'].removeprefix(f'{name}: ')}" for name, told in cameras.items()]


def _tell(words: str) -> None:
    """Print a line to the error output, if somebody reads it: cameras go on where nobody does."""
    with contextlib.suppress(OSError, ValueError):
        print(words, file=sys.stderr, flush=True)


def _warn(recipe: Recipe) -> None:
    """Say what the choices mean before anything is published."""
    for method in sorted({look.method for look in recipe.looks.values()} & LEAKS.keys()):
        print(f"unseen: note: {method} {LEAKS[method]}", file=sys.stderr)
    if recipe.visible_by_choice:
        print(f"unseen: note: told to stay visible: {', '.join(recipe.visible_by_choice)}", file=sys.stderr)


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM, SIGHUP and Ctrl-C set; the second SIGTERM or Ctrl-C does what it did before.

    A terminal that is closed says so more than once: the system to what runs in it, and the shell to its jobs.
    """
    stop = threading.Event()
    numbers = [*_AGAIN]
    # Whoever starts it by nohup wants it to outlive the terminal.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in numbers}

    def told(number: int, _: Any) -> None:
        stop.set()
        if number in _AGAIN:
            signal.signal(number, before[signal.Signals(number)])

    for number in numbers:
        signal.signal(number, told)
    try:
        yield stop
    finally:
        for number in numbers:
            signal.signal(number, before[number])


def _say_ready(job: LiveJob, live: Any) -> None:
    for source in job.sources:
        print(f"{source.name}: {source.shown}")
    for address in live.addresses:
        print(f"watch at {address}")
    for target in job.targets:
        if target.kind != "http":
            print(f"publishing to {target.shown}")
    if job.counting is not None:
        print(f"counting to {display(job.counting.out)}")
    print("live; end with Ctrl-C", flush=True)


def _print_totals(status: dict[str, Any]) -> None:
    for name, told in status["cameras"].items():
        frames, latency = told["frames"], told["latency_s"]["p95"]
        late = "" if latency is None else f", latency p95 {1000 * latency:.0f} ms"
        print(
            f"{name}: {frames['in']} frames in, {frames['out']} out, {frames['dropped']} dropped, "
            f"{frames['hidden_whole']} hidden whole{late}"
        )
