"""The privacy notice of GDPR Art. 13 and 14: a short layer, then every purpose, then rights and how to use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from unseen.govern.documents.facts import Facts, utc
from unseen.govern.documents.model import Document, Row, Section
from unseen.govern.documents.rows import ARTICLES, asked, jurisdictions, policy_row, sources_of
from unseen.govern.documents.texts import texts
from unseen.policy.charter import Purpose

__all__ = ["basis_words", "hidden_row", "kept_row", "listed", "merged", "notice", "rights_of", "why_row"]


def rights_of(purposes: Iterable[Purpose]) -> tuple[str, ...]:
    """Return the rights that people have, by the legal bases: GDPR Art. 7(3), 15 to 18, 20, 21, 77."""
    bases = {purpose.basis for purpose in purposes}
    rights = ["access", "rectification", "erasure", "restriction"]
    if bases & {"consent", "contract"}:
        rights.append("portability")
    if bases & {"public-task", "legitimate-interest"}:
        rights.append("objection")
    if "consent" in bases:
        rights.append("withdrawal")
    return (*rights, "complaint")


def listed(words: Mapping[str, str], keys: Iterable[str]) -> str:
    """Return words as a list that begins with a capital."""
    text = ", ".join(words[key] for key in keys)
    return text[:1].upper() + text[1:]


def why_row(facts: Facts, purpose: Purpose, label: str) -> Row:
    """Return what a purpose is for, in the policy's own words, or a person's."""
    said = None if facts.policy is None else facts.policy.of_purpose(purpose.name, "description")
    if not purpose.description or said is None:
        return asked(facts, "purpose", label, "Art. 13(1)(c)", purpose.name)
    return Row(label, (purpose.description,), said.sources, "Art. 13(1)(c)")


def basis_words(facts: Facts, purpose: Purpose, words: dict[str, Any], label: str) -> Row:
    """Return the legal basis of a purpose in plain words, with its place in the law."""
    assert facts.policy is not None  # noqa: S101  # purposes come from a policy
    said = facts.policy.of_purpose(purpose.name, "basis")
    told = words["notice"]["stated"].format(words=words["bases"][purpose.basis], article=ARTICLES[purpose.basis])
    return Row(label, (told,), said.sources if said else (), "Art. 13(1)(c)")


def notice(facts: Facts, language: str) -> Document:
    """Return the notice in a language; raises UsageError where there are no texts in it."""
    words = texts(language)
    says, purposes = words["notice"], list(facts.purposes())
    sections = [
        Section(says["short"], tuple(_short(facts, purposes, words))),
        Section(says["who"], tuple(_who(facts, says))),
        *[_purpose(facts, each, words) for each in purposes],
        Section(says["yours"], tuple(_rights(facts, purposes, words))),
    ]
    return Document(
        "notice",
        says["title"],
        utc(facts.now),
        tuple(sections),
        facts.inputs_but_reports,
        says["lead"],
        language,
        layout="public",
    )


def _short(facts: Facts, purposes: list[Purpose], words: dict[str, Any]) -> list[Row]:
    says = words["notice"]
    why = [why_row(facts, each, each.name) for each in purposes]
    basis = [basis_words(facts, each, words, each.name) for each in purposes]
    kept = [kept_row(facts, each, each.name, says["kept_for"]) for each in purposes]
    rows = [
        policy_row(facts, says["who"], ("controller", "name"), "controller-name", "Art. 13(1)(a)"),
        merged(says["why"], why, says["named"], "Art. 13(1)(c)") or asked(facts, "purpose", says["why"]),
        merged(says["basis"], basis, says["named"], "Art. 13(1)(c)"),
        merged(says["kept"], kept, says["named"], "Art. 13(2)(a)"),
        Row(says["rights"], (listed(words["rights_short"], rights_of(purposes)),), ref="Art. 13(2)(b)"),
        policy_row(facts, says["contact"], ("controller", "contact"), "controller-contact", "Art. 13(1)(a)"),
        asked(facts, "notice-url", says["more"]),
    ]
    return [row for row in rows if row is not None]


def merged(label: str, rows: list[Row], named: str, ref: str = "") -> Row | None:
    """Return rows as one, with all sources and the first open question; what differs is said under each row's label."""
    if not rows:
        return None
    alike = len({row.values for row in rows}) == 1
    values = rows[0].values if alike else tuple(named.format(name=r.label, words=v) for r in rows for v in r.values)
    sources = tuple(dict.fromkeys(source for row in rows for source in row.sources))
    missing = next((row.missing for row in rows if row.missing is not None), None)
    return Row(label, values, sources, ref, missing, next((row.decided for row in rows if row.decided), ""))


def _who(facts: Facts, says: dict[str, str]) -> list[Row]:
    return [
        policy_row(facts, says["who"], ("controller", "name"), "controller-name", "Art. 13(1)(a)"),
        policy_row(facts, says["address"], ("controller", "address"), "controller-address", "Art. 13(1)(a)"),
        policy_row(facts, says["contact"], ("controller", "contact"), "controller-contact", "Art. 13(1)(a)"),
        policy_row(facts, says["dpo"], ("controller", "dpo"), "dpo", "Art. 13(1)(b)"),
        asked(facts, "representative", says["representative"], "Art. 13(1)(a)"),
    ]


def _purpose(facts: Facts, purpose: Purpose, words: dict[str, Any]) -> Section:
    says = words["notice"]
    rows: list[Row | None] = [
        why_row(facts, purpose, says["used"]),
        basis_words(facts, purpose, words, says["because"]),
        asked(facts, "legitimate-interests", says["interests"], "Art. 13(1)(d)", purpose.name)
        if purpose.basis == "legitimate-interest"
        else None,
        asked(facts, "data-categories", says["data"], "Art. 14(1)(d)", purpose.name),
        _origin(facts, purpose, says),
        hidden_row(facts, purpose, words, says["hidden"], says["hiding"]),
        _inside(facts, purpose, words),
        asked(facts, "recipients", says["recipients"], "Art. 13(1)(e)", purpose.name),
        asked(facts, "transfers", says["transfers"], "Art. 13(1)(f)", purpose.name, _taken(facts, purpose, says)),
        kept_row(facts, purpose, says["retention"], says["kept_for"]),
    ]
    title = says["purpose"].format(name=purpose.name)
    return Section(title, tuple(row for row in rows if row is not None))


def kept_row(facts: Facts, purpose: Purpose, label: str, sentence: str) -> Row:
    """Return for how long data is kept for a purpose, in words of the language."""
    said = None if facts.policy is None else facts.policy.of_purpose(purpose.name, "retention")
    if said is None:
        return asked(facts, "retention", label, "Art. 13(2)(a)", purpose.name)
    return Row(label, (sentence.format(span=said.values[0]),), said.sources, "Art. 13(2)(a)")


def hidden_row(facts: Facts, purpose: Purpose, words: dict[str, Any], label: str, sentence: str) -> Row | None:
    """Return which classes must be hidden for a purpose, None if the policy requires none."""
    places = () if facts.policy is None else facts.policy.rules_for(purpose.name)
    if not purpose.floor.require_hidden or not places:
        return None
    classes = listed(words["classes"], sorted(purpose.floor.require_hidden))
    return Row(label, (sentence.format(classes=classes),), places)


def _origin(facts: Facts, purpose: Purpose, says: dict[str, str]) -> Row:
    """Return the sources by name, with their cameras; where files lie is nobody's business outside."""
    known = sources_of(facts, purpose)
    if facts.policy is None or known.missing is not None:
        return replace(known, label=says["source"], ref="Art. 14(2)(f)")
    names = [source.at.rpartition("/")[2] for source in known.sources]
    cameras = [", ".join(sorted(facts.policy.charter.sources[name].cameras)) for name in names]
    values = [
        says["cameras" if seen else "files"].format(name=name, cameras=seen)
        for name, seen in zip(names, cameras, strict=True)
    ]
    return Row(says["source"], tuple(values), known.sources, "Art. 14(2)(f)")


def _inside(facts: Facts, purpose: Purpose, words: dict[str, Any]) -> Row | None:
    who = None if facts.policy is None else facts.policy.of_purpose(purpose.name, "who")
    if who is None or not purpose.who:
        return None
    roles = tuple(words["roles"][role] for role in sorted(purpose.who))
    return Row(words["notice"]["inside"], roles, who.sources, "Art. 13(1)(e)")


def _taken(facts: Facts, purpose: Purpose, says: dict[str, str]) -> Row | None:
    known = jurisdictions(facts, purpose)
    if known is None or facts.policy is None:
        return None
    names = [source.at.split("/")[2] for source in known.sources]
    values = [
        says["taken"].format(name=name, where=", ".join(sorted(facts.policy.charter.sources[name].jurisdiction)))
        for name in names
    ]
    return replace(known, values=tuple(values))


def _rights(facts: Facts, purposes: list[Purpose], words: dict[str, Any]) -> list[Row]:
    says = words["notice"]
    refs = {"withdrawal": "Art. 13(2)(c)", "complaint": "Art. 13(2)(d)"}
    rows = [
        Row(
            says["right"].format(name=words["rights_short"][r]), (words["rights"][r],), ref=refs.get(r, "Art. 13(2)(b)")
        )
        for r in rights_of(purposes)
    ]
    return [
        *rows,
        policy_row(facts, says["contact"], ("controller", "contact"), "controller-contact", "Art. 12(2)"),
        asked(facts, "complaint-authority", says["authority"], "Art. 13(2)(d)"),
        asked(facts, "obligation", says["obligation"], "Art. 13(2)(e)"),
        asked(facts, "automated-decisions", says["automated"], "Art. 13(2)(f)"),
    ]
