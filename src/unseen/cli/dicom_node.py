"""unseen dicom-node: receive DICOM objects, de-identify them in memory, forward what is verified."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from unseen.cli.access import access_from, add_access
from unseen.core.access import Access
from unseen.core.dicom import OPTIONS, DicomRecipe, parse_options
from unseen.core.dicom_node import Gate, NodeFigures, NodeJob, NodeTls, parse_listen, parse_target
from unseen.errors import UsageError

__all__ = ["NodeEngine", "add_parser", "job_from", "run"]

#: What runs a node: `unseen.engine.dicom.node.run_node`, or a stand-in for it.
NodeEngine = Callable[..., NodeFigures]

_DESCRIPTION = """Receive DICOM objects, de-identify and verify them in memory, and forward them by C-STORE or STOW-RS.

A sender is told that an object is stored when the cleaned one is safe on disk; nothing raw is ever written. What the
target cannot take just now waits in the spool, also over a crash. Only listed titles at listed addresses may send.
"""


def add_parser(verbs: Any, text: str, engine: NodeEngine | None = None) -> None:
    """Add this verb, with its line of help, to the command line; `engine` runs its jobs in place of the real one."""
    parser = verbs.add_parser(
        "dicom-node",
        help=text,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--listen",
        metavar="TITLE@ADDRESS:PORT",
        required=True,
        help="AE title and place to listen at; port 0: a free one",
    )
    parser.add_argument(
        "--forward",
        metavar="TARGET",
        required=True,
        help="dicom://TITLE@HOST:PORT, dicoms://TITLE@HOST:PORT (TLS), or the http(s):// address of a STOW-RS service",
    )
    parser.add_argument("--spool", metavar="FOLDER", type=Path, required=True, help="where cleaned objects wait")
    parser.add_argument(
        "--key", metavar="FILE", type=Path, required=True, help="secret of 32 bytes or more for codes, UIDs and dates"
    )
    _add_gate(parser.add_argument_group("who may send"))
    add_access(parser.add_argument_group("policy"))
    _add_tls(parser.add_argument_group("TLS and passwords"))
    group = parser.add_argument_group("what is removed, and what may stay; as in unseen dicom")
    group.add_argument("--options", metavar="LIST", default="", help=f"of {', '.join(OPTIONS)}")
    group.add_argument("--text", choices=("all", "identifying"), default="all", help="which burned-in text goes")
    group.add_argument(
        "--keep-face",
        action="store_true",
        help="let CT and MR of heads through with their faces; else they are refused, as a node cannot deface",
    )
    group.add_argument("--unsafe-keep-pixels", action="store_true", help="let pictures through without looking at them")
    parser.add_argument("--quiet", action="store_true", help="print errors and the last line only")
    parser.set_defaults(run=partial(run, engine=engine))


def _add_gate(group: Any) -> None:
    group.add_argument("--allow-title", metavar="LIST", default="", help="AE titles, with commas")
    group.add_argument("--allow-address", metavar="LIST", default="", help="addresses or networks, with commas")
    group.add_argument(
        "--most-waiting",
        metavar="N",
        type=int,
        default=100_000,
        help="objects that may wait for the target; further ones are refused for the time being (default: 100000)",
    )


def _add_tls(group: Any) -> None:
    group.add_argument("--tls", action="store_true", help="listen with TLS only")
    group.add_argument("--tls-cert", metavar="FILE.pem", type=Path, help="certificate of this node")
    group.add_argument("--tls-key", metavar="FILE.pem", type=Path, help="its key")
    group.add_argument(
        "--tls-ca", metavar="FILE.pem", type=Path, help="certificates that senders and target are checked with"
    )
    group.add_argument(
        "--forward-auth", metavar="FILE", type=Path, help="a file with NAME:PASSWORD for the STOW-RS service"
    )


def job_from(args: argparse.Namespace) -> NodeJob:
    """Build the job from parsed words; raises UsageError."""
    title, host, port = parse_listen(args.listen)
    target = parse_target(args.forward)
    if args.forward_auth is not None and target.title:
        raise UsageError("--forward-auth is for STOW-RS; C-STORE knows no passwords, use TLS")
    return NodeJob(
        title,
        host,
        port,
        Gate.of(args.allow_title, args.allow_address),
        target,
        args.spool,
        args.key,
        tls=NodeTls(args.tls_cert, args.tls_key, args.tls_ca),
        listen_secure=args.tls,
        auth_file=args.forward_auth,
        most_waiting=args.most_waiting,
        access=Access(**access_from(args)),
    )


def run(args: argparse.Namespace, engine: NodeEngine | None = None) -> int:
    """Run until a signal asks to stop; what waits then is forwarded by the next run."""
    job = job_from(args)
    recipe = DicomRecipe(
        options=parse_options(args.options),
        text=args.text,
        keep_face=args.keep_face,
        unsafe_keep_pixels=args.unsafe_keep_pixels,
    )
    if engine is None:
        from unseen.engine.dicom.node import run_node

        engine = run_node
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())

    def told(port: int, figures: NodeFigures) -> None:
        if not args.quiet:
            print(f"{job.title} at {job.host}:{port} -> {job.target}: {figures}", flush=True)

    figures = engine(job, recipe, stopped, told)
    print(f"stopped: {figures}")
    return 1 if figures.not_released or figures.refused or figures.denied else 0
