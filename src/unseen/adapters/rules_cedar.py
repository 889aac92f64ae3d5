"""Evaluates rules with Cedar (cedarpy); a rule that fails to be evaluated denies, where Cedar itself would skip it."""

from __future__ import annotations

from typing import Any

from unseen.core.access import Ask, Reason
from unseen.core.labels import Label
from unseen.errors import PolicyInvalid
from unseen.policy.cedar import SCHEMA, entities_of, item_of, request_of, rules_of
from unseen.policy.charter import Charter

__all__ = ["CedarRules"]

_INSTALL = 'a policy with purposes needs Cedar; install it with: pip install "unseen[govern]"'


class CedarRules:
    """The rules of a charter, parsed and validated against the schema once; an instance of `core.ports.Rules`.

    Raises PolicyInvalid for a rule that cannot be parsed, or asks for what no request has.
    """

    def __init__(self, charter: Charter) -> None:
        self._cedar = _cedarpy()
        text = rules_of(charter)
        try:
            self._schema = self._cedar.Schema.from_str(SCHEMA)
            self._rules = self._cedar.PolicySet.from_str(text)
            self._entities = self._cedar.Entities.from_json_str(entities_of(charter), self._schema)
            checked = self._cedar.validate_policies(text, self._schema)
        except ValueError as error:
            raise PolicyInvalid(f"a rule cannot be read ({_one_line(error)}); mend the file of rules") from error
        if not checked.validation_passed:
            told = "; ".join(_one_line(each.error) for each in checked.errors)
            raise PolicyInvalid(f"a rule does not fit the schema ({told}); mend the file of rules")

    def evaluate(self, request: Ask, label: Label, now: float) -> tuple[Reason, ...]:
        """Return the reasons against a request: none only if Cedar says Allow and every rule could be evaluated."""
        try:
            entities = self._entities.with_added_json_str(item_of(label), self._schema)
            answer = self._cedar.is_authorized(request_of(request, label, now), self._rules, entities, self._schema)
            errors, allowed, ids = answer.diagnostics.errors, answer.allowed, answer.diagnostics
        except Exception as error:  # noqa: BLE001  # whatever goes wrong in the evaluation, the answer is no
            return (Reason("rule-error", f"the rules could not be evaluated ({_one_line(error)})"),)
        if errors:
            told = "; ".join(_one_line(each) for each in errors)
            return (Reason("rule-error", f"a rule failed, so nothing is allowed ({told})"),)
        if allowed:
            return ()
        named = ids.id_annotations_by_reason
        fired = sorted(named.get(each) or each for each in ids.reasons)
        return tuple(Reason("rule", f"the rule {name!r} forbids it") for name in fired) or (
            Reason("rule", "no rule permits it"),
        )


def _cedarpy() -> Any:
    try:
        import cedarpy
    except ImportError:
        raise PolicyInvalid(_INSTALL) from None
    return cedarpy


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:300]
