"""The shape of the code itself: modules, names, sizes, and the tree of errors as its docstring draws it."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import unseen
from unseen import errors

PACKAGE = Path(unseen.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
#: Every port is in this one file, so that what may be exchanged is read in one place.
PORTS = PACKAGE / "core" / "ports.py"
_BRANCH = re.compile(r"^(?P<indent>[ │]*(?:[├└]── )?)(?P<name>[A-Z]\w+) {2,}(?:exit (?P<code>\d))?")


def _id(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _is_marker(tree: ast.Module) -> bool:
    """Whether a module does nothing but make a folder a package."""
    return not [node for node in tree.body if not isinstance(node, ast.Expr)]


def _rank(name: str) -> tuple[int, str]:
    """Constants first, then classes, then functions, each by the alphabet."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_module_says_what_it_is_and_what_it_offers(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    if _is_marker(tree) or path.name == "__main__.py":
        return
    assert ast.get_docstring(tree), "a module starts with a docstring"
    dotted = ".".join(["unseen", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    module = importlib.import_module(dotted)
    offered = list(module.__all__)
    assert offered == sorted(set(offered), key=_rank), "__all__ is sorted, without doubles"
    assert [name for name in offered if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_module_and_its_functions_are_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) < (600 if path == PORTS else 350)
    functions = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    lengths = {n.name: (n.end_lineno or n.lineno) - n.lineno + 1 for n in functions}
    assert {name: n for name, n in lengths.items() if n > 45} == {}


def test_most_functions_are_short() -> None:
    lengths = sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[len(lengths) * 9 // 10] < 35


def _drawn() -> Iterator[tuple[str, str | None, int | None]]:
    """Yield each error in the docstring's drawing with its parent and the exit code that is written next to it."""
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = _BRANCH.match(line)
        if found is None:
            continue
        depth, name = len(found["indent"]), found["name"]
        above = [(d, n) for d, n in above if d < depth]
        yield name, above[-1][1] if above else None, int(found["code"]) if found["code"] else None
        above.append((depth, name))


def _classes() -> dict[str, type[errors.UnseenError]]:
    found = (getattr(errors, name) for name in errors.__all__)
    return {cls.__name__: cls for cls in found if issubclass(cls, errors.UnseenError)}


def test_error_tree_is_drawn_as_it_is() -> None:
    drawn = {name: parent for name, parent, _ in _drawn()}
    parents = {name: cls.__bases__[0].__name__ for name, cls in _classes().items()}
    assert drawn == {**parents, "UnseenError": None}


def test_exit_codes_are_those_drawn() -> None:
    codes = {name: code for name, _, code in _drawn() if code is not None}
    assert codes.keys() >= {"UnseenError", "UsageError", "Refused"}
    assert codes == {name: _classes()[name].exit_code for name in codes}
