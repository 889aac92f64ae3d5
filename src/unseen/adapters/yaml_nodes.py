"""YAML as PyYAML's nodes: no constructor is ever called, so no tag can make an object, and nesting has a bound."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

__all__ = ["compose"]

#: How deep lists and mappings may lie in one another.
_LIMIT_DEPTH = 40


def compose(text: str) -> Any:
    """Return the root node of a YAML text, None if it holds nothing; raises what PyYAML raises.

    PyYAML's scanner looks ahead from each bracket that is open, so that its time grows with the square of their number:
    what is nested too deep is an error where it begins.
    """
    import yaml

    return yaml.compose(text, Loader=_bounded_loader())


@lru_cache
def _bounded_loader() -> Any:
    import yaml

    class BoundedLoader(yaml.SafeLoader):
        """Scans flow collections (brackets) and block collections (indents) down to a depth."""

        def fetch_flow_collection_start(self, token: Any) -> None:
            self._check(self.flow_level)
            super().fetch_flow_collection_start(token)

        def add_indent(self, column: int) -> bool:
            self._check(len(self.indents))
            return bool(super().add_indent(column))

        def _check(self, depth: int) -> None:
            if depth >= _LIMIT_DEPTH:
                raise yaml.scanner.ScannerError(None, None, "nested too deep", self.get_mark())

    return BoundedLoader
