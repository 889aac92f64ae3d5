"""python -m unseen: the command line."""

import sys

from unseen.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
