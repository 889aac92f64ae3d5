"""Rows that several documents have in common: controller, purposes, what was decided, and for how long data is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from unseen.core.labels import covers
from unseen.core.terms import BASES, SPECIAL_BASES, iri
from unseen.govern.documents.facts import Facts, Tally, ledger_source
from unseen.govern.documents.model import Row, Source
from unseen.policy.charter import Purpose

__all__ = [
    "ALLOWED",
    "ARTICLES",
    "REFUSED",
    "access_rows",
    "asked",
    "basis_row",
    "consent_row",
    "controller_rows",
    "hiding_row",
    "items_row",
    "jurisdictions",
    "label_row",
    "outcomes_row",
    "policy_row",
    "purpose_row",
    "retention_row",
    "security_rows",
    "sources_of",
    "statement",
]

ALLOWED, REFUSED = ("access.allowed",), ("access.denied",)
#: Word of a legal basis -> its place in the law.
ARTICLES = {word: f"GDPR Art. 6(1)({term.rpartition('-')[2]})" for word, term in BASES.items()}


def statement(label: str, row: Row | None, ref: str = "") -> Row | None:
    """Give what is cited its label, and the law's place."""
    return None if row is None else replace(row, label=label, ref=ref)


def asked(facts: Facts, key: str, label: str, ref: str = "", purpose: str = "", known: Row | None = None) -> Row:
    """Return a row that a person decides; `known` is what data says of it without sufficing."""
    return facts.decisions.row(key, label, ref, purpose, known)


def policy_row(facts: Facts, label: str, path: tuple[str, ...], key: str, ref: str = "") -> Row:
    """Return what the policy says at a place; where it says nothing, what a person decided, or MISSING."""
    return statement(label, facts.cited(*path), ref) or asked(facts, key, label, ref)


def controller_rows(facts: Facts, ref: str = "") -> list[Row]:
    """Return name, address, contact and data protection officer of the controller."""
    return [
        policy_row(facts, "Controller", ("controller", "name"), "controller-name", ref),
        policy_row(facts, "Address", ("controller", "address"), "controller-address", ref),
        policy_row(facts, "Contact", ("controller", "contact"), "controller-contact", ref),
        policy_row(facts, "Data protection officer", ("controller", "dpo"), "dpo", ref),
    ]


def purpose_row(facts: Facts, purpose: Purpose, ref: str = "") -> Row:
    """Return what a purpose is for: its description and its term of the Data Privacy Vocabulary."""
    assert facts.policy is not None  # noqa: S101  # purposes come from a policy
    term = facts.policy.of_purpose(purpose.name, "term")
    values = (f"{purpose.term} ({iri(purpose.term)})",) if term is not None else ()
    sources = term.sources if term is not None else ()
    if not purpose.description:
        return asked(facts, "purpose", "Purpose", ref, purpose.name, Row("-", values, sources) if values else None)
    said = facts.policy.of_purpose(purpose.name, "description")
    return Row("Purpose", (purpose.description, *values), (*(said.sources if said else ()), *sources), ref)


def basis_row(facts: Facts, purpose: Purpose, ref: str = "") -> Row:
    """Return the legal basis, and that for special categories of data where there is one."""
    assert facts.policy is not None  # noqa: S101
    values, sources = [f"{purpose.basis} ({ARTICLES[purpose.basis]})"], list[Source]()
    said = facts.policy.of_purpose(purpose.name, "basis")
    sources += said.sources if said else ()
    if purpose.special_basis:
        article = SPECIAL_BASES[purpose.special_basis].rpartition("-")[2]
        values.append(f"{purpose.special_basis} (GDPR Art. 9(2)({article}))")
        special = facts.policy.of_purpose(purpose.name, "special_basis")
        sources += special.sources if special else ()
    return Row("Legal basis", tuple(values), tuple(sources), ref)


def retention_row(facts: Facts, purpose: Purpose, ref: str = "") -> Row:
    """Return for how long data is kept, and what the records say of that."""
    assert facts.policy is not None  # noqa: S101
    said = facts.policy.of_purpose(purpose.name, "retention")
    if said is None:
        return asked(facts, "retention", "Kept for", ref, purpose.name)
    return Row("Kept for", (f"{said.values[0]}, from when it is first seen",), said.sources, ref)


def sources_of(facts: Facts, purpose: Purpose, ref: str = "") -> Row:
    """Return the sources whose data may be used for a purpose, with their cameras and places."""
    assert facts.policy is not None  # noqa: S101
    values, sources = [], []
    for name, source in facts.policy.charter.sources.items():
        if covers(source.purposes, purpose.name):
            what = [f"cameras {', '.join(sorted(source.cameras))}"] if source.cameras else []
            what += [f"files in {', '.join(source.paths)}"] if source.paths else []
            values.append(f"{name}: {'; '.join(what) or 'nothing named yet'}")
            sources.append(Source(facts.policy.written.place, f"/sources/{name}"))
    if not values:
        return asked(facts, "data-sources", "Data comes from", ref, purpose.name)
    return Row("Data comes from", tuple(values), tuple(sources), ref)


def jurisdictions(facts: Facts, purpose: Purpose | None = None) -> Row | None:
    """Return the countries in which the sources for a purpose lie, or all sources, as a row without a label."""
    if facts.policy is None:
        return None
    found = {
        name: sorted(source.jurisdiction)
        for name, source in facts.policy.charter.sources.items()
        if source.jurisdiction and (purpose is None or covers(source.purposes, purpose.name))
    }
    if not found:
        return None
    place = facts.policy.written.place
    return Row(
        "-",
        tuple(f"data of {name} is taken in {', '.join(where)}" for name, where in found.items()),
        tuple(Source(place, f"/sources/{name}/jurisdiction") for name in found),
    )


def _counted(tallies: tuple[Tally, ...]) -> str:
    counts: Counter[str] = Counter()
    for tally in tallies:
        counts[tally.action or "without an action"] += tally.count
    return ", ".join(f"{action} {count:,}" for action, count in sorted(counts.items()))


def outcomes_row(facts: Facts, purpose: str | None, ref: str = "") -> Row | None:
    """Return how often access was given and refused under a purpose, as the ledger has it."""
    if facts.ledger is None:
        return None
    allowed, refused = facts.ledger.of(ALLOWED, purpose), facts.ledger.of(REFUSED, purpose)
    if not allowed and not refused:
        return None
    values = []
    for word, tallies in (("allowed", allowed), ("refused", refused)):
        if tallies:
            total = sum(tally.count for tally in tallies)
            since, until = min(t.since for t in tallies), max(t.until for t in tallies)
            values.append(f"{total:,} {word} ({_counted(tallies)}), {since} to {until}")
    return Row("Decisions recorded", tuple(values), ledger_source((*allowed, *refused)), ref)


def access_rows(facts: Facts, purpose: Purpose, ref: str = "") -> list[Row]:
    """Return who may do what under a purpose, inside the organisation, and what was handed out."""
    assert facts.policy is not None  # noqa: S101
    rows = []
    who, actions = facts.policy.of_purpose(purpose.name, "who"), facts.policy.of_purpose(purpose.name, "actions")
    if purpose.who and who is not None and actions is not None:
        text = f"{', '.join(sorted(purpose.actions))}, by the roles {', '.join(sorted(purpose.who))}"
        rows.append(Row("Access inside", (text,), (*actions.sources, *who.sources), ref))
    if facts.ledger is not None and (given := facts.ledger.of(ALLOWED, purpose.name, "export")):
        count = sum(tally.count for tally in given)
        rows.append(Row("Handed out", (f"{count:,} exports were allowed",), ledger_source(given), ref))
    return rows


def consent_row(facts: Facts, purpose: Purpose, ref: str = "") -> Row | None:
    """Return what consents are on record for a purpose, None where it needs none and none is there."""
    found = facts.consents.standing if facts.consents is not None else {}
    counts = {standing: count for (name, standing), count in sorted(found.items()) if name == purpose.name}
    if not counts and not purpose.consent:
        return None
    told = ", ".join(f"{count:,} {standing}" for standing, count in counts.items()) or "none is on record"
    values = [f"{'Consent is needed. ' if purpose.consent else ''}On record: {told}"]
    if facts.consents is not None and counts and facts.consents.methods:
        values.append(f"Obtained by {', '.join(facts.consents.methods)}")
    return Row("Consent", tuple(values), (Source("records", "consents"),), ref)


def label_row(facts: Facts, ref: str = "") -> Row | None:
    """Return what is on record of labelled items: their states, and how many are kept past their end."""
    if facts.labels is None or not facts.labels.total:
        return None
    states = ", ".join(f"{count:,} {state}" for state, count in facts.labels.by_state.items())
    values = [f"{facts.labels.total:,} items: {states}"]
    if facts.labels.derived:
        values.append(f"{facts.labels.derived:,} of them were made from others, which the records name")
    if facts.labels.people:
        values.append(f"{facts.labels.people:,} people are named in them, by keyed identifiers")
    if facts.labels.overdue:
        values.append(f"{facts.labels.overdue:,} are past the end of their retention and refuse access")
    return Row("Items on record", tuple(values), (Source("records", "labels"),), ref)


def items_row(facts: Facts, purpose: Purpose, ref: str = "") -> Row | None:
    """Return how many items on record have labels that cover a purpose."""
    count = 0 if facts.labels is None else facts.labels.by_purpose.get(purpose.name, 0)
    return Row("Items for it", (f"{count:,} on record",), (Source("records", "labels"),), ref) if count else None


def hiding_row(facts: Facts, purpose: Purpose, ref: str = "") -> Row | None:
    """Return what the policy requires to be hidden for a purpose, how, and whether it is looked at again."""
    places = () if facts.policy is None else facts.policy.rules_for(purpose.name)
    floor = purpose.floor
    values = [f"{', '.join(sorted(floor.require_hidden))} must be hidden"] if floor.require_hidden else []
    if floor.require_verify != "skip":
        values.append(f"results are looked at again by a second model: {floor.require_verify}")
    if floor.refuse_methods:
        values.append(f"refused looks: {', '.join(sorted(floor.refuse_methods))}")
    return Row("Hiding and verification", tuple(values), places, ref) if values and places else None


def security_rows(facts: Facts, ref: str = "") -> list[Row]:
    """Return the technical measures for all purposes that the policy holds and the ledger shows."""
    rows = []
    if facts.policy is not None:
        mode = facts.policy.charter.mode
        told = {
            "enforce": "what the policy does not allow is refused",
            "warn": "what the policy does not allow is done, with a warning",
            "observe": "what the policy does not allow is done, and recorded",
        }[mode]
        said = facts.policy.cited("mode")
        source = said.sources if said else (Source(facts.policy.written.place),)
        rows.append(Row("Access control", (f"Mode {mode}: {told}",), source, ref))
    if facts.ledger is not None:
        text = f"{facts.ledger.size:,} events, signed, and checked when this was written"
        rows.append(Row("Record of access", (text,), (Source("ledger", f"head of {facts.ledger.size} events"),), ref))
        other = tuple(tally for tally in facts.ledger.tallies if tally.kind not in (*ALLOWED, *REFUSED))
        counts = sum((Counter({tally.kind: tally.count}) for tally in other), Counter[str]())
        if counts:
            told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(counts.items()))
            rows.append(Row("Recorded beside it", (told,), ledger_source(other), ref))
    return rows
