"""Finds and reads policy files: unseen.yaml from an input's folder upwards, or a file that is named."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.core.names import display
from unseen.errors import PolicyInvalid, Refused, UsageError
from unseen.policy.rules import Policy, parse_policy

if TYPE_CHECKING:
    from unseen.policy.charter import Charter

__all__ = [
    "POLICY_NAME",
    "added_rules",
    "check_rules",
    "find_policy",
    "is_toml",
    "policy_faults",
    "policy_for",
    "policy_schema",
    "read_charter",
    "read_floor",
    "rule_files",
]

POLICY_NAME = "unseen.yaml"


def find_policy(source: Path) -> Path | None:
    """Return the unseen.yaml that lies in an input's folder or nearest above it, None if there is none.

    Of a link both count, where it lies and where it leads to; raises Refused if these are under two policies.
    """
    named = source.absolute() if source.is_dir() else source.absolute().parent
    found = {path for path in (_nearest(named), _nearest(named.resolve())) if path is not None}
    if len(found) > 1:
        raise Refused(f"{display(source)}: lies under one policy and leads to another; name its target")
    return found.pop() if found else None


def _nearest(where: Path) -> Path | None:
    for folder in (where, *where.parents):
        if (folder / POLICY_NAME).is_file():
            return (folder / POLICY_NAME).resolve()
    return None


def policy_for(sources: Sequence[Path], named: Path | None) -> Path | None:
    """Return the policy file that all sources are under; where there is none, the one that is named.

    Naming another one does not get around the policy above the sources: rules in TOML are added to it (`added_rules`),
    and for another policy with purposes this raises Refused, as it does for sources under different ones.
    """
    found = {find_policy(source) for source in sources}
    if len(found) > 1:
        told = " and ".join(sorted("none" if each is None else display(each) for each in found))
        raise Refused(f"the inputs lie under different policies ({told}); take them one after the other")
    above = found.pop() if found else None
    if named is None or above is None or named.resolve() == above:
        return named if above is None else above
    if not is_toml(named):
        raise Refused(f"the input lies under {display(above)}, and {display(named)} is another policy; leave it out")
    return above


def added_rules(policy: Path | None, named: Path | None) -> Policy:
    """Return the rules on recipes in TOML that were named in addition to a policy; none adds nothing."""
    return Policy() if named is None or named == policy or not is_toml(named) else read_floor(named)


def is_toml(path: Path) -> bool:
    """Whether a policy file holds rules on recipes alone."""
    return path.suffix.lower() == ".toml"


def read_floor(path: Path) -> Policy:
    """Return the rules of an older policy file, which has nothing but rules on recipes, in TOML; raises UsageError."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{display(path)}: cannot read the policy ({error.strerror}); check the name") from error
    except (ValueError, RecursionError) as error:
        # tomllib's own error is a ValueError; so is that of text which is not UTF-8.
        reason = " ".join(str(error).split())
        raise UsageError(f"{display(path)}: no valid TOML ({reason}); mend the policy") from error
    return parse_policy(values)


def read_charter(path: Path) -> Charter:
    """Return what a policy file says: unseen.yaml, or rules on recipes in a file that ends in .toml.

    Raises PolicyInvalid with the line of the first fault, or UsageError.
    """
    from unseen.policy.charter import from_floor

    if is_toml(path):
        return from_floor(read_floor(path))
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise UsageError(
            f"{display(path)}: a policy is called NAME.yaml, or NAME.toml if it has rules on recipes alone"
        )
    charter, faults = policy_faults(path)
    if faults:
        more = f" (and {len(faults) - 1} more: unseen policy check {display(path)})" if len(faults) > 1 else ""
        raise PolicyInvalid(faults[0] + more)
    return charter


def policy_faults(path: Path) -> tuple[Charter, list[str]]:
    """Return a policy file's charter and its faults, a line each with its place; raises PolicyInvalid for no YAML."""
    from unseen.adapters.policy_yaml import read_document, read_text
    from unseen.policy.parse import parse_charter

    document = read_document(path)
    charter, faults = parse_charter(document.values, lambda name: read_text(path.parent / name, "the rules"))
    return charter, [document.where(fault) for fault in sorted(faults, key=document.line_of)]


def rule_files(path: Path) -> list[Path]:
    """Return the files of rules that a policy names; raises PolicyInvalid for no YAML."""
    from unseen.adapters.policy_yaml import read_document

    values = read_document(path).values
    named = values.get("rules") if isinstance(values, dict) else None
    return [path.parent / name for name in named or () if isinstance(name, str)] if isinstance(named, list) else []


def check_rules(charter: Charter) -> None:
    """Raise PolicyInvalid for rules that Cedar cannot read, or that ask for what no request has."""
    from unseen.adapters.rules_cedar import CedarRules

    CedarRules(charter)


def policy_schema() -> dict[str, Any]:
    """Return the JSON schema of unseen.yaml."""
    from unseen.policy.schema import schema

    return schema()
