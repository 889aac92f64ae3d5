"""What only a person can decide: the questions, each under a key, and the answers that somebody wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    """Return the texts of an answer, each in one line; raises DamagedInput."""
    parts = tuple(answer.each()) if isinstance(answer.value, list) else (answer,)
    return tuple(
        (replace(part, value=" ".join(part.value.split())) if isinstance(part.value, str) else part).text()
        for part in parts
    )


def decisions_from(node: Node, purposes: Mapping[str, object]) -> Decisions:
    """Read a file of decisions; raises UsageError for a key that no document asks for, DamagedInput for other faults.

    `purposes` are those that a key may name before its slash.
    """
    unknown = [key for key, _ in node.pairs() if key not in _KEYS]
    if unknown:
        raise UsageError(f"{node.place}: unknown key {unknown[0]!r}; it has {', '.join(_KEYS)}")
    answers = dict(node["answers"].pairs())
    for key, answer in answers.items():
        purpose, _, question = key.rpartition("/")
        if question not in QUESTIONS:
            close = get_close_matches(question, list(QUESTIONS), n=1)
            hint = f"did you mean {close[0]}?" if close else "the documents list the keys of what is MISSING"
            raise UsageError(f"{node.place}#{answer.pointer}: no document asks for {question!r}; {hint}")
        if purpose and purpose not in purposes:
            raise UsageError(f"{node.place}#{answer.pointer}: the policy has no purpose {purpose!r}")
        if not all(_texts(answer)) or not _texts(answer):
            raise UsageError(f"{node.place}#{answer.pointer}: says nothing; leave the key out until it is decided")
    return Decisions(node["decided_by"].text(), node["decided_on"].text(), answers)
