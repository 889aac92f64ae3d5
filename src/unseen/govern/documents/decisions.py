"""What only a person can decide: the questions, each under a key, and the answers that somebody wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from unseen.errors import UsageError
from unseen.govern.documents.model import Question, Row
from unseen.govern.documents.nodes import Node
from unseen.govern.documents.questions import QUESTIONS

__all__ = ["Decisions", "decisions_from"]

_KEYS = ("decided_by", "decided_on", "answers")


@dataclass(frozen=True, slots=True)
class Decisions:
    """Answers by key, who gave them, and when; one for a purpose has the purpose before its key, with a slash."""

    by: str = ""
    on: str = ""
    answers: Mapping[str, Node] = field(default_factory=dict)

    def row(self, key: str, label: str, ref: str = "", purpose: str = "", known: Row | None = None) -> Row:
        """Return the row that a question makes: what was decided, or MISSING.

        `known` is what data says of it without sufficing; its words stay, with their sources.
        """
        words, sources = (known.values, known.sources) if known is not None else ((), ())
        answer = self.answer(key, purpose)
        if answer is None:
            asked = f"{purpose}/{key}" if purpose else key
            return Row(label, words, sources, ref, Question(asked, QUESTIONS[key]))
        return Row(label, (*words, *_texts(answer)), (*sources, answer.source), ref, decided=f"{self.by}, {self.on}")

    def answer(self, key: str, purpose: str = "") -> Node | None:
        """Return the answer for a purpose, or for all of them."""
        return self.answers.get(f"{purpose}/{key}") or self.answers.get(key)


def _texts(answer: Node) -> tuple[str, ...]:
    """Return the texts of an answer, each in one line; raises UsageError for what is no text, or an empty one."""
    values = answer.value if isinstance(answer.value, list) else [answer.value]
    lines = [" ".join(value.split()) if isinstance(value, str) else None for value in values]
    place = f"{answer.place}#{answer.pointer}"
    if not lines or any(line is None or not line.isprintable() for line in lines):
        raise UsageError(f"{place}: write a text, or a list of texts; in quotes where one looks like a number")
    if not all(lines):
        raise UsageError(f"{place}: says nothing; leave the key out until it is decided")
    return tuple(line for line in lines if line)


def decisions_from(node: Node, purposes: Mapping[str, object]) -> Decisions:
    """Read a file of decisions; raises UsageError for a key that no document asks for, and for what is no decision.

    `purposes` are those that a key may name before its slash.
    """
    given = node.value if isinstance(node.value, Mapping) else {}
    if given.keys() != set(_KEYS) or not isinstance(given["answers"], Mapping):
        raise UsageError(f"{node.place}: decisions have {', '.join(_KEYS)}, the last with a text for each key")
    by, on = (" ".join(_texts(node[key])) for key in _KEYS[:2])
    try:
        date.fromisoformat(on)
    except ValueError:
        raise UsageError(f"{node.place}#/decided_on: write the day as 2026-11-26") from None
    answers = dict(node["answers"].pairs())
    for key, answer in answers.items():
        purpose, _, question = key.rpartition("/")
        if question not in QUESTIONS:
            close = get_close_matches(question, list(QUESTIONS), n=1)
            hint = f"did you mean {close[0]}?" if close else "the documents list the keys of what is MISSING"
            raise UsageError(f"{node.place}#{answer.pointer}: no document asks for {question!r}; {hint}")
        if purpose and purpose not in purposes:
            raise UsageError(f"{node.place}#{answer.pointer}: the policy has no purpose {purpose!r}")
        _texts(answer)
    return Decisions(by, on, answers)
