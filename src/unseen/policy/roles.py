"""Roles and what each may do; seeing raw pictures and handing data out are permissions that no role brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["DUTIES", "PERMISSIONS", "ROLES", "Person", "may", "may_administer"]

#: Actions on data, by role. `export` and `view-raw` are in none: they are given to a person by name.
ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"view"}),
    "annotator": frozenset({"view", "annotate"}),
    "operator": frozenset({"view", "redact", "live", "count", "dicom", "release", "train"}),
    "dpo": frozenset(),
    "auditor": frozenset(),
    "admin": frozenset(),
}
PERMISSIONS: tuple[str, ...] = ("export", "view-raw")
#: Actions on records, by role.
DUTIES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset(),
    "annotator": frozenset(),
    "operator": frozenset({"record-consent", "read-labels"}),
    "dpo": frozenset({"record-consent", "read-labels", "read-consents", "read-lineage", "override"}),
    "auditor": frozenset({"read-labels", "read-consents", "read-lineage"}),
    "admin": frozenset({"read-labels", "override"}),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or a program, who acts: roles, and permissions beside them."""

    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()


def may(person: Person, action: str, who: Iterable[str]) -> bool:
    """Whether a person may act on data under a purpose that admits the roles `who`; what is not named may not be."""
    admitted = person.roles & frozenset(who)
    if action in PERMISSIONS:
        return bool(admitted) and action in person.permissions
    return any(action in ROLES.get(role, ()) for role in admitted)


def may_administer(person: Person, duty: str) -> bool:
    """Whether a person may act on records: consents, labels, lineage, overrides."""
    return any(duty in DUTIES.get(role, ()) for role in person.roles)
