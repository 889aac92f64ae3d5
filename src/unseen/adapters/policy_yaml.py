"""Reads unseen.yaml with PyYAML's nodes: plain values with the line of each, nothing that runs, nothing said twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unseen.adapters.yaml_nodes import compose
from unseen.core.names import display
from unseen.errors import PolicyInvalid
from unseen.policy.reader import Fault, Place

__all__ = ["LIMIT_BYTES", "LIMIT_NODES", "Document", "document_of", "read_document", "read_text"]

LIMIT_BYTES = 1 << 20
#: The most values, counted again wherever an alias repeats them, so that a small file cannot become a huge one.
LIMIT_NODES = 20_000
_LIMIT_DEPTH = 40
_PLAIN = frozenset({"str", "int", "float", "bool", "null", "timestamp", "merge", "value"})
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FRACTION = re.compile(r"[-+]?(([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)")


@dataclass(frozen=True, slots=True)
class Document:
    """A file's values, and the line (from 1) on which each begins."""

    name: str
    values: Any
    lines: Mapping[Place, int]

    def line_of(self, fault: Fault) -> int:
        """Return the line on which a fault is."""
        return self._line(fault.place)

    def where(self, fault: Fault) -> str:
        """Return a fault with file and line, as unseen.yaml:12: purposes.research.who: ..."""
        return f"{self.name}:{self._line(fault.place)}: {fault}"

    def _line(self, place: Place) -> int:
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_text(path: Path, what: str) -> str:
    """Return the text of a policy or of rules; raises PolicyInvalid if there is none, or far too much."""
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
        if len(data) > LIMIT_BYTES:
            raise PolicyInvalid(f"{display(path)}: {what} has more than {LIMIT_BYTES // 1024} KiB; make it shorter")
        return data.decode("utf-8")
    except OSError as error:
        raise PolicyInvalid(f"{display(path)}: cannot read {what} ({error.strerror}); check the name") from error
    except UnicodeDecodeError as error:
        raise PolicyInvalid(f"{display(path)}: {what} is no UTF-8 text; save it as such") from error


def read_document(path: Path) -> Document:
    """Return the values of a YAML file; raises PolicyInvalid with the line of what is wrong.

    Words are read after YAML 1.2's core schema, so that NO is Norway and 010 a text; keys are texts, and none is there
    twice; tags and several documents are refused.
    """
    return document_of(read_text(path, "the policy"), display(path))


def document_of(text: str, name: str) -> Document:
    """Return the values of a YAML text; `name` is for messages. Raises PolicyInvalid."""
    import yaml

    try:
        root = compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PolicyInvalid(f"{name}:{line}: no valid YAML ({error.problem}); mend the policy") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PolicyInvalid(f"{name}:1: no valid YAML ({' '.join(str(error).split())[:200]}); mend it") from error
    walk = _Walk(name)
    values = None if root is None else walk.value(root, ())
    return Document(name, values, walk.lines)


class _Walk:
    """Turns nodes into values, counting."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Place, int] = {}
        self._count = 0

    def value(self, node: Any, place: Place) -> Any:
        """Return the value of a node and note where it, and all in it, begins."""
        self._count += 1
        if self._count > LIMIT_NODES or len(place) > _LIMIT_DEPTH:
            raise self._wrong(
                node, "too many values, or nested too deep; write out what aliases repeat, and less of it"
            )
        self.lines.setdefault(place, node.start_mark.line + 1)
        if node.id == "mapping":
            return self._mapping(node, place)
        if node.id == "sequence":
            if node.tag != "tag:yaml.org,2002:seq":
                raise self._wrong(node, f"the tag {node.tag} means nothing here; leave it out")
            return [self.value(each, (*place, number)) for number, each in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: Any, place: Place) -> dict[str, Any]:
        if node.tag != "tag:yaml.org,2002:map":
            raise self._wrong(node, f"the tag {node.tag} means nothing here; leave it out")
        values: dict[str, Any] = {}
        for key, each in node.value:
            if key.id != "scalar":
                raise self._wrong(key, "a key must be a word")
            word = str(key.value)
            if word in values:
                raise self._wrong(key, f"{word} is there twice; keep one")
            self.lines[(*place, word)] = key.start_mark.line + 1
            values[word] = self.value(each, (*place, word))
        return values

    def _scalar(self, node: Any) -> Any:
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _PLAIN:
            raise self._wrong(node, f"the tag {node.tag} means nothing here; leave it out")
        text = str(node.value)
        if node.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE.fullmatch(text):
            return int(text) if len(text) < 19 else text
        return float(text) if _FRACTION.fullmatch(text) else text

    def _wrong(self, node: Any, text: str) -> PolicyInvalid:
        return PolicyInvalid(f"{self.name}:{node.start_mark.line + 1}: {text}")
