"""Print the lowest versions of its dependencies that the package is said to work with, as constraints for pip.

Each lower bound in pyproject.toml is a version that exists, so that these can be installed. Of the extras gpu and yolo,
which is needed to make weights only, are left out.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["lowest"]

_PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
_EXTRAS = ("dicom", "govern", "keyring", "postgres", "remote")
#: What installs the others.
_NOT = frozenset({"pip"})
_BOUND = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?>=([0-9][0-9.]*)")


def lowest(project: Mapping[str, Any]) -> list[str]:
    """Return the constraints for the table [project] of a pyproject.toml; raises ValueError without a bound."""
    extras = project["optional-dependencies"]
    bounds = dict(map(_bound, [*project["dependencies"], *_all(extras[name] for name in _EXTRAS)]))
    return [f"{name}=={version}" for name, version in sorted(bounds.items()) if name not in _NOT]


def _all(lists: Iterable[list[str]]) -> list[str]:
    return [each for some in lists for each in some]


def _bound(requirement: str) -> tuple[str, str]:
    found = _BOUND.match(requirement)
    if found is None:
        raise ValueError(f"{requirement} has no lower bound; write the lowest version that the tests pass with")
    return found[1], found[2]


if __name__ == "__main__":
    sys.stdout.write("\n".join(lowest(tomllib.loads(_PYPROJECT.read_text("utf-8"))["project"])) + "\n")
