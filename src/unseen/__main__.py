"""python -m unseen, and the command `unseen`: the command line as a process of its own."""

import gc
import sys

from unseen.cli.main import main

__all__ = ["run"]

_MADE_BETWEEN_SEARCHES = 100_000


def run() -> int:
    """Run the command of this process and return its exit code."""
    # Of what is loaded, some sixty thousand objects, and of the boxes that are made for each frame of a video none
    # refers to itself: to look for garbage every 700 or 2000 objects, as Python does, takes time and finds nothing.
    gc.set_threshold(_MADE_BETWEEN_SEARCHES)
    code = main()
    # The process ends: to look for garbage once more would take longer than all the rest of its end.
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(run())
