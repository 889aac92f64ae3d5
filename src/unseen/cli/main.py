"""The command line: one verb a module, errors in one line, exit codes as the errors say."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from unseen.cli import models, redact
from unseen.errors import UnseenError

__all__ = ["build_parser", "main"]

_EPILOG = """exit codes: 0 all released; 1 some files not released, each named; 2 the call is wrong, nothing was done;
3 refused by a policy or a safety floor; 130 interrupted, run the same command again to go on"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="unseen",
        description="Privacy by design for vision AI: hide faces, people, plates, text, and verify the result.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"unseen {_version()}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in (redact, models):
        verb.add_parser(verbs)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = build_parser().parse_args(argv)
    try:
        code: int = args.run(args)
        return code
    except UnseenError as error:
        print(f"unseen: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("unseen: interrupted; what was released stays, run the same command again to go on", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away, as `head` does: there is nobody to tell.
        sys.stderr.close()
        return 1


def _version() -> str:
    from importlib.metadata import version

    return version("unseen")
