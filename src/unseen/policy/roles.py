"""Roles and what each may do; seeing raw pictures and handing data out are permissions that no role brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = [
    "BUILT_IN_ACTIONS",
    "DUTIES",
    "GRANTS",
    "PERMISSIONS",
    "ROLES",
    "Person",
    "may",
    "may_administer",
    "refusal_without_policy",
]

#: Actions on data, by role. `export` and `view-raw` are in none: they are given to a person by name.
ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"view"}),
    "annotator": frozenset({"view", "annotate"}),
    "operator": frozenset({"view", "redact", "live", "count", "dicom", "release", "store", "train"}),
    "dpo": frozenset(),
    "auditor": frozenset(),
    "admin": frozenset(),
}
PERMISSIONS: tuple[str, ...] = ("export", "view-raw")
#: All that a policy gives to people by name; `match-faces` is no action on one item, but a search by an example image.
GRANTS: tuple[str, ...] = (*PERMISSIONS, "match-faces")
#: What whoever ends the storage of data may do.
_ENDING = frozenset({"plan-retention", "apply-retention", "hold-items"})
#: Actions on records, by role.
DUTIES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset(),
    "annotator": frozenset(),
    "operator": frozenset({"record-consent", "read-labels", "keep-vault"}),
    "dpo": frozenset({"record-consent", "read-labels", "read-consents", "read-lineage", "override", "write-documents"})
    | _ENDING
    | {"answer-requests", "keep-vault"},
    "auditor": frozenset({"read-labels", "read-consents", "read-lineage", "write-documents", "plan-retention"}),
    "admin": frozenset({"read-labels", "override", "write-documents", "keep-vault"}) | _ENDING,
}
#: What the built-in policy lets everybody do: raw data is not shown, nothing is handed out, nothing is trained.
BUILT_IN_ACTIONS: frozenset[str] = frozenset({"redact", "live", "count", "dicom", "release"})


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


def refusal_without_policy(action: str) -> str:
    """Return why an action is refused where there is no policy with purposes, "" where it is not."""
    if action in BUILT_IN_ACTIONS:
        return ""
    return f"without a policy nobody may {action}; write the purpose down, beginning with: unseen policy init"
