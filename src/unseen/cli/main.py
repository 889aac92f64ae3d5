"""The command line: one verb a module, errors in one line, exit codes as the errors say."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from unseen.cli import early
from unseen.errors import UnseenError

if TYPE_CHECKING:
    from unseen.cli.redact import Engine

__all__ = ["VERBS", "build_parser", "main"]

#: The verbs, each with its line of help; a verb's module has its name, and is loaded when the verb is said.
VERBS = {
    "redact": "hide faces, people, plates and text in photos and videos",
    "count": "count what crosses lines and stays in zones, in videos",
    "live": "hide people in camera pictures as they come, and publish the result",
    "policy": "begin, check, explain, compare and try out a policy",
    "consent": "write down, withdraw, list and exchange consents",
    "label": "show labels, make them tighter, override a state by two people",
    "lineage": "say what was made from a file, and which models saw a person",
    "retain": "show what had to be deleted by now, and delete it",
    "hold": "keep things from being deleted, until it is lifted",
    "subject": "answer a person: find, access, erase, restrict",
    "report": "write a record of processing, an impact assessment, a notice, a sign, a data set card, and more",
    "scene": "draw the lines and zones that are counted",
    "release": "publish a table with differential privacy",
    "budget": "show and set privacy budgets",
    "dicom": "de-identify DICOM files and studies",
    "dicom-node": "receive, de-identify and forward DICOM objects",
    "vault": "keep originals encrypted, each opening only for its purposes",
    "credentials": "make a certificate; show and check content credentials of files",
    "ledger": "check, show, prove and export what was recorded",
    "models": "list, find, fetch, add and export model files",
}

#: Packages that are not always installed, and the extras that they come with.
_EXTRAS = {
    "pydicom": "dicom",
    "pynetdicom": "dicom",
    "c2pa": "govern",
    "cryptography": "govern",
    "cedarpy": "govern",
    "fsspec": "remote",
    "keyring": "keyring",
    "psycopg": "postgres",
}

_EPILOG = """exit codes: 0 all released; 1 some files not released, each named; 2 the call is wrong, nothing was done;
3 refused by a policy, a safety floor or a spent budget; 130 interrupted, run the same command again to go on"""


def build_parser(engine: Engine | None = None, *, only: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the whole command line, or one that knows the words of one verb `only`.

    `engine` does the jobs of `redact` in place of the real one.
    """
    parser = argparse.ArgumentParser(
        prog="unseen",
        description="Privacy by design for vision AI: hide faces, people, plates, text, and verify the result.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, text in VERBS.items():
        if only not in (None, verb):
            verbs.add_parser(verb, help=text)
        elif verb == "redact":
            import_module("unseen.cli.redact").add_parser(verbs, text, engine)
        elif verb == "count":
            import_module("unseen.cli.count").add_parser(verbs, text, redact_engine=engine)
        else:
            import_module(f"unseen.cli.{verb.replace('-', '_')}").add_parser(verbs, text)
    return parser


class _Version(argparse.Action):
    """Prints the version; looking it up takes longer than all else that is done before a command starts."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it and exit."""
        from importlib.metadata import version

        print(f"unseen {version('unseen')}")
        parser.exit()


def main(argv: Sequence[str] | None = None, *, engine: Engine | None = None) -> int:
    """Run one command and return its exit code; `engine` does jobs in place of the real one."""
    _escape_what_cannot_be_printed()
    words = sys.argv[1:] if argv is None else list(argv)
    if engine is None:
        early.start(words)
    args = build_parser(engine, only=words[0] if words and words[0] in VERBS else None).parse_args(words)
    try:
        _need(args.verb)
        code: int = args.run(args)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        print(f'unseen: error: this needs {error.name}: pip install "unseen[{extra}]"', file=sys.stderr)
        code = 2
    except UnseenError as error:
        print(f"unseen: error: {error}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        print("unseen: interrupted; what was released stays, run the same command again to go on", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        # The reader of our messages went away, as `head` does: there is nobody to tell.
        code = 1
    return code if _flushed() else code or 1


def _need(verb: str) -> None:
    """Raise ModuleNotFoundError where what a verb's workers need is not installed: they could not say so."""
    if verb.startswith("dicom") and find_spec("pydicom") is None:
        raise ModuleNotFoundError(name="pydicom")


def _escape_what_cannot_be_printed() -> None:
    """Let a terminal of few letters show other names as escapes, where Python would raise an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _flushed() -> bool:
    """Print what is still in buffers; False if it cannot be written, but a reader that has gone is fine."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        # What is left in the buffers would be tried again at exit, and fail loudly.
        with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
            os.dup2(nowhere.fileno(), sys.stderr.fileno())
        return isinstance(error, BrokenPipeError)
    return True
