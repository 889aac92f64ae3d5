"""A sign for a place with cameras: the first layer of a notice, on one page."""

from __future__ import annotations

from unseen.core.labels import covers
from unseen.govern.documents.facts import Facts, utc
from unseen.govern.documents.model import Document, Row, Section
from unseen.govern.documents.notice import basis_words, hidden_row, kept_row, listed, merged, rights_of, why_row
from unseen.govern.documents.rows import asked, policy_row
from unseen.govern.documents.texts import texts
from unseen.policy.charter import Purpose

__all__ = ["sign"]


def sign(facts: Facts, language: str) -> Document:
    """Return the sign in a language: for the purposes of sources with cameras, or, where no source has any, for all.

    Raises UsageError where there are no texts in the language.
    """
    words = texts(language)
    says, purposes = words["sign"], _seen(facts)
    why = [why_row(facts, each, each.name) for each in purposes]
    basis = [basis_words(facts, each, words, each.name) for each in purposes]
    kept = [kept_row(facts, each, each.name, says["kept_for"]) for each in purposes]
    hidden = [hidden_row(facts, each, words, each.name, "{classes}") for each in purposes]
    rows: list[Row | None] = [
        policy_row(facts, says["who"], ("controller", "name"), "controller-name", "Art. 13(1)(a)"),
        merged(says["why"], why, says["named"], "Art. 13(1)(c)") or asked(facts, "purpose", says["why"]),
        merged(says["basis"], basis, says["named"], "Art. 13(1)(c)"),
        merged(says["kept"], kept, says["named"], "Art. 13(2)(a)"),
        merged(says["hidden"], [row for row in hidden if row is not None], says["named"]),
        Row(says["rights"], (listed(words["rights_short"], rights_of(purposes)),), ref="Art. 13(2)(b)"),
        policy_row(facts, says["contact"], ("controller", "contact"), "controller-contact", "Art. 13(1)(a)"),
        policy_row(facts, says["dpo"], ("controller", "dpo"), "dpo", "Art. 13(1)(b)"),
        asked(facts, "notice-url", says["more"]),
    ]
    section = Section(says["title"], tuple(row for row in rows if row is not None))
    return Document(
        "sign",
        says["title"],
        utc(facts.now),
        (section,),
        facts.inputs_but_reports,
        says["lead"],
        language,
        layout="sign",
    )


def _seen(facts: Facts) -> list[Purpose]:
    """Return the purposes for which cameras look: those that their sources name, or what lies below these."""
    purposes = list(facts.purposes())
    if facts.policy is None:
        return purposes
    filmed = {name for s in facts.policy.charter.sources.values() if s.cameras for name in s.purposes}
    named = [each for each in purposes if each.name in filmed]
    return named or [each for each in purposes if covers(filmed, each.name)] or purposes
