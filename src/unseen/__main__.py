"""python -m unseen, and the command `unseen`: the command line as a process of its own."""

import gc
import sys

from unseen.cli.main import main

__all__ = ["run"]


def run() -> int:
    """Run the command of this process and return its exit code."""
    code = main()
    # The process ends: to look for garbage once more would take longer than all the rest of its end.
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(run())
