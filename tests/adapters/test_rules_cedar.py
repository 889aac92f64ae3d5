"""Cedar: allowed only if it says Allow and every rule could be evaluated; rules that cannot be right are refused."""

from __future__ import annotations

from dataclasses import replace

import cedarpy
import pytest

from tests.engine.governed import CITY, NOW
from unseen.adapters.policy_yaml import document_of
from unseen.adapters.rules_cedar import CedarRules
from unseen.core.access import Ask
from unseen.core.labels import ACTIONS, Label
from unseen.errors import PolicyInvalid
from unseen.policy.cedar import SCHEMA, entities_of, item_of, request_of, rules_of
from unseen.policy.charter import Charter
from unseen.policy.parse import parse_charter

#: Multiplies beyond 64 bits: the rule passes validation, and fails each time it is evaluated.
BROKEN = '@id("office hours") forbid (principal, action, resource) when { context.now * 9223372036854775807 > 0 };'
LABEL = Label("ab" * 32, "raw", purposes=frozenset({"research"}), jurisdiction=frozenset({"DE"}))
REDACT = Ask("redact", "research.road-safety", "olga", LABEL.item, "photo")


def _charter(*rules: str) -> Charter:
    charter, faults = parse_charter(document_of(CITY, "unseen.yaml").values, str)
    assert faults == []
    return replace(charter, rules=rules)


def _codes(charter: Charter, request: Ask = REDACT, label: Label = LABEL) -> list[str]:
    return [reason.code for reason in CedarRules(charter).evaluate(request, label, NOW)]


def test_a_forbid_that_raises_does_not_fail_open() -> None:
    charter = _charter(BROKEN)
    reasons = CedarRules(charter).evaluate(REDACT, LABEL, NOW)
    assert [reason.code for reason in reasons] == ["rule-error"]
    assert "overflow" in reasons[0].text


def test_cedar_alone_would_have_allowed_it() -> None:
    """The same rules, request and entities, by Cedar itself: a forbid that raises is passed over."""
    charter = _charter(BROKEN)
    entities = cedarpy.Entities.from_json_str(entities_of(charter)).with_added_json_str(item_of(LABEL))
    answer = cedarpy.is_authorized(request_of(REDACT, LABEL, NOW), rules_of(charter), entities, SCHEMA)
    assert answer.allowed
    assert len(answer.diagnostics.errors) == 1


def test_no_permit_is_a_no_and_a_permit_is_a_yes() -> None:
    assert _codes(_charter()) == []
    assert _codes(_charter(), replace(REDACT, action="count")) == ["rule"]
    assert _codes(_charter(), replace(REDACT, actor="viktor")) == ["rule"]
    assert _codes(_charter(), replace(REDACT, actor="nobody")) == ["rule"]
    assert _codes(_charter(), label=replace(LABEL, purposes=frozenset({"care"}))) == ["rule"]
    assert _codes(_charter(), label=replace(LABEL, prohibitions=frozenset({"redact"}))) == ["rule"]
    assert _codes(_charter(), replace(REDACT, purpose="research", action="export", actor="olga")) == ["rule"]


def test_a_charter_without_purposes_permits_nothing() -> None:
    for action in ACTIONS:
        assert _codes(replace(_charter(), purposes={}), replace(REDACT, action=action)) != []


def test_a_rule_of_ones_own_is_named_when_it_forbids() -> None:
    rule = '@id("only at home") forbid (principal, action, resource) unless { resource.jurisdiction.contains("FR") };'
    (reason,) = CedarRules(_charter(rule)).evaluate(REDACT, LABEL, NOW)
    assert reason.text == "the rule 'only at home' forbids it"


def test_a_permit_of_ones_own_can_allow_no_raw_view_without_the_permission() -> None:
    charter = _charter("permit (principal, action, resource);")
    assert _codes(charter, replace(REDACT, action="view-raw")) == ["rule"]


@pytest.mark.parametrize(
    "rule",
    [
        "forbid (principal, action, resource) when { resource.jurisdictions.contains(1) };",
        'forbid (principal, action == Unseen::Action::"fly", resource);',
        "forbid (principal, action",
        'permit (principal == Unseen::Robot::"r", action, resource);',
    ],
)
def test_a_rule_that_cannot_be_right_is_refused_before_it_is_needed(rule: str) -> None:
    with pytest.raises(PolicyInvalid, match="mend the file of rules"):
        CedarRules(_charter(rule))


@pytest.mark.parametrize("actor", ['x"} permit', "a\nb", "\x00", "ö" * 500])
def test_an_actors_name_is_a_name_whatever_it_holds(actor: str) -> None:
    assert _codes(_charter(), replace(REDACT, actor=actor)) == ["rule"]
