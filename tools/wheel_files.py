"""Compares a built wheel with the checkout that it was built from.

python -m tools.wheel_files WHEEL...

Every file of src/unseen must be in it with the same bytes, and no other file of the package; so must the command and
the licence. Prints a line for each difference; the exit code is 1 if there is one.
"""

from __future__ import annotations

import sys
import tomllib
import zipfile
from configparser import ConfigParser
from pathlib import Path

__all__ = ["differences", "main"]

_ROOT = Path(__file__).resolve().parents[1]


def differences(wheel: Path, root: Path) -> list[str]:
    """Return in what a wheel differs from the checkout at `root`, a line each; nothing where it holds all of it."""
    wanted = {
        path.relative_to(root / "src").as_posix(): path.read_bytes()
        for path in sorted((root / "src" / "unseen").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    package = {name for name in held if ".dist-info/" not in name}
    lines = [f"lacks {name}" for name in wanted if name not in package]
    lines += [f"holds {name}, which the checkout does not" for name in sorted(package - set(wanted))]
    lines += [f"holds other bytes for {name}" for name, data in wanted.items() if held.get(name, data) != data]
    return lines + _of_the_project(held, root)


def _of_the_project(held: dict[str, bytes], root: Path) -> list[str]:
    """Return what is missing of the project's own facts: its commands, its licence."""
    facts = {name.split(".dist-info/")[1]: data for name, data in held.items() if ".dist-info/" in name}
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    commands = ConfigParser()
    commands.optionxform = str  # type: ignore[assignment, method-assign]
    commands.read_string(facts.get("entry_points.txt", b"").decode("utf-8"))
    there = dict(commands["console_scripts"]) if commands.has_section("console_scripts") else {}
    lines = [] if there == project["scripts"] else [f"starts {there} instead of {project['scripts']}"]
    licence = (root / "LICENSE").read_bytes()
    return lines if licence in facts.values() else [*lines, "lacks the licence"]


def main(words: list[str]) -> int:
    """Compare each wheel that is named with this checkout, and return the exit code."""
    if not words:
        print("name the wheel: python -m tools.wheel_files WHEEL", file=sys.stderr)
        return 2
    lines = [f"{Path(word).name} {line}" for word in words for line in differences(Path(word), _ROOT)]
    print("\n".join(lines) if lines else f"{', '.join(Path(word).name for word in words)}: as the checkout")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
