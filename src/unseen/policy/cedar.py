"""A charter as Cedar: the schema of requests, a permit for each purpose, and forbids that hold everywhere."""

from __future__ import annotations

import json
from typing import Any

from unseen.core.access import Ask
from unseen.core.labels import ACTIONS, Label
from unseen.policy.charter import Charter, Purpose
from unseen.policy.roles import PERMISSIONS, ROLES, Person

__all__ = ["SCHEMA", "entities_of", "item_of", "request_of", "rules_of"]

_SPACE = "Unseen"


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": f"{_SPACE}::{kind}", "id": name}


def _quoted(kind: str, name: str) -> str:
    # Names come from a file whose words are checked: no quote and no backslash gets here.
    return f'{_SPACE}::{kind}::"{name}"'


#: What a rule can ask about; a rule that asks for something else does not pass `unseen policy check`.
SCHEMA = f"""namespace {_SPACE} {{
  entity Role;
  entity Purpose in [Purpose];
  entity User in [Role] {{ permissions: Set<String> }};
  entity Item {{
    state: String, purposes: Set<Purpose>, prohibitions: Set<String>, basis: Set<String>, jurisdiction: Set<String>,
    subjects: Long
  }};
  action {", ".join(json.dumps(action) for action in ACTIONS)} appliesTo {{
    principal: [User], resource: [Item], context: {{ action: String, purpose: Purpose, output: String, now: Long }}
  }};
}}
"""

_EVERYWHERE = """@id("label: prohibited")
forbid (principal, action, resource) when { resource.prohibitions.contains(context.action) };

@id("label: another purpose")
forbid (principal, action, resource) unless { context.purpose in resource.purposes };

""" + "".join(
    f"""@id("permission: {word}")
forbid (principal, action == {_quoted("Action", word)}, resource) unless {{ principal.permissions.contains("{word}") }};

"""
    for word in PERMISSIONS
)


def rules_of(charter: Charter) -> str:
    """Return all rules: those that hold everywhere, those of the purposes, those of files that the charter names."""
    purposes = "".join(_permits(purpose) for purpose in charter.purposes.values())
    return _EVERYWHERE + purposes + "\n".join(charter.rules)


def _permits(purpose: Purpose) -> str:
    """Return a permit for each role that the purpose admits; none for a purpose that allows nothing."""
    text = ""
    for role in sorted(purpose.who):
        actions = sorted(purpose.actions & (ROLES[role] | set(PERMISSIONS)))
        if actions:
            listed = ", ".join(_quoted("Action", action) for action in actions)
            text += f"""@id("purpose: {purpose.name} for {role}")
permit (principal in {_quoted("Role", role)}, action in [{listed}], resource)
when {{ context.purpose == {_quoted("Purpose", purpose.name)} }};

"""
    return text


def entities_of(charter: Charter) -> str:
    """Return what does not change from request to request, as Cedar's JSON: roles, purposes, people."""
    roles = [{"uid": _uid("Role", role), "attrs": {}, "parents": []} for role in ROLES]
    purposes = [
        {
            "uid": _uid("Purpose", purpose.name),
            "attrs": {},
            "parents": [_uid("Purpose", purpose.parent)] if purpose.parent else [],
        }
        for purpose in charter.purposes.values()
    ]
    people = [_user(name, person) for name, person in charter.people.items()]
    return json.dumps([*roles, *purposes, *people])


def _user(name: str, person: Person) -> dict[str, Any]:
    return {
        "uid": _uid("User", name),
        "attrs": {"permissions": sorted(person.permissions)},
        "parents": [_uid("Role", role) for role in sorted(person.roles)],
    }


def item_of(label: Label) -> str:
    """Return the item that a label describes, as Cedar's JSON."""
    attrs = {
        "state": label.state,
        "purposes": [{"__entity": _uid("Purpose", name)} for name in sorted(label.purposes)],
        "prohibitions": sorted(label.prohibitions),
        "basis": sorted(label.basis),
        "jurisdiction": sorted(label.jurisdiction),
        "subjects": len(label.subjects),
    }
    return json.dumps([{"uid": _uid("Item", label.item), "attrs": attrs, "parents": []}])


def request_of(request: Ask, label: Label, now: float) -> dict[str, Any]:
    """Return a request in Cedar's form; `now` in whole seconds since 1970."""
    context = {
        "action": request.action,
        "purpose": {"__entity": _uid("Purpose", request.purpose)},
        "output": request.output,
        "now": int(now),
    }
    return {
        "principal": _uid("User", request.actor),
        "action": _uid("Action", request.action),
        "resource": _uid("Item", label.item),
        "context": context,
    }
