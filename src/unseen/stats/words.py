"""What is said of a release: a sentence that everybody understands, and the facts behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from unseen.core.privacy import UNITS, Account
from unseen.dp.noise import half_width
from unseen.stats.measures import Ratio
from unseen.stats.plan import Plan
from unseen.stats.spec import MOST_COUNTED, Spec

__all__ = ["about_text", "assumptions", "facts_of", "guarantee", "sentence", "truncation"]

#: From this epsilon on a result can be twenty times as likely in one case as in the other.
_WEAK = 3
_WHO = {
    "event": "one of the counted events happened",
    "vehicle-day": "one vehicle was there on one day",
    "person-day": "one person was there on one day",
    "person-ever": "one person was ever there",
}


def sentence(plan: Plan) -> str:
    """Return what a citizen is told."""
    limit = plan.limit
    times = math.exp(float(limit.epsilon))
    odds = f"{times:.2g}" if times < 100 else f"{times:,.0f}"
    chance = "" if limit.pure else f", apart from a chance of {float(limit.delta):.0e} at the most"
    end = "nobody can be sure of it from these figures" if limit.epsilon <= _WEAK else "that is weak protection"
    return (
        f"These figures hold random noise, added on purpose: whether or not {_WHO[plan.spec.unit]}, any result is at "
        f"most {odds} times as likely in one case as in the other{chance}; {end}."
    )


def guarantee(plan: Plan) -> str:
    """Return the guarantee in one line, as printed with every release."""
    limit, spec = plan.limit, plan.spec
    delta = "" if limit.pure else f", delta {float(limit.delta):.3g}"
    per = " on each day" if limit.per == "day" else ""
    loss = f"epsilon {float(limit.epsilon):.6g}{delta}"
    return f"{loss} for the unit {spec.unit}{per}: {UNITS[spec.unit]}, added or left out"


def assumptions(spec: Spec) -> list[str]:
    """Return what the guarantee stands on."""
    if spec.facts is None:
        if spec.bounding is None:
            return ["each row is one event, and nothing is promised for several events of one person"]
        columns = ", ".join(spec.bounding.columns)
        return [
            f"rows with equal {columns} are one {spec.unit}; of each, at most "
            f"{_many(spec.most.cells, 'cell')} and {_many(spec.most.each, 'row')} in a cell count, chosen at random"
        ]
    facts = spec.facts
    lines = [f"one track adds 1 to at most {_many(facts.bound, 'cell')}, chosen at random when it was counted"]
    if spec.unit == "event":
        return [*lines, "nothing is promised for several events of one person or vehicle"]
    who = "vehicle" if spec.unit == "vehicle-day" else "person"
    rate, most = facts.id_switch_rate, facts.tracks_per_unit
    lines.append(
        f"one {who} has at most {_many(most, 'track')} on one day: assumed, not measured; with c times as many, "
        "epsilon is c times as large"
    )
    lines.append(
        f"the rate of identity switches is assumed to be {rate:g} a track: a {who} that passes once has more than "
        f"{_many(most, 'track')} with a chance of {min(1.0, rate**most):.2g}"
    )
    return lines


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def truncation(spec: Spec, bias: Ratio | None) -> str:
    """Return what is said of the contributions that were left out."""
    if spec.facts is None and spec.bounding is None:
        return "no rows were left out by a bound"
    if bias is None:
        return (
            "what the bound on contributions left out is kept internal and is not in the intervals: "
            "they are those of the noise, and true counts are the same or higher"
        )
    out = f"{bias.estimate:.1%} ({bias.low:.1%} to {bias.high:.1%})"
    return (
        f"an estimated {out} of what is published was left out by the bound, of each unit not counted beyond "
        f"{MOST_COUNTED} times what is kept; {float(spec.bias_share):.0%} of the budget paid for the estimate, and "
        "total intervals spread it evenly over the cells and hold the error of the random choice; means and quantiles "
        "are of the rows that count"
    )


def facts_of(plan: Plan, account: Account, bias: Ratio | None, more: dict[str, Any]) -> dict[str, Any]:
    """Return the facts for machines, as plain values."""
    limit, spec = plan.limit, plan.spec
    return {
        "version": 1,
        "sentence": sentence(plan),
        "guarantee": guarantee(plan),
        "unit": spec.unit,
        "per": limit.per,
        "epsilon": str(limit.epsilon),
        "delta": str(limit.delta),
        "rho": str(plan.cost.rho),
        "dataset": account.dataset,
        "purpose": account.purpose,
        "days": list(spec.days),
        "assumptions": assumptions(spec),
        "contributions": {"cells": spec.most.cells, "each": spec.most.each},
        "noise": [
            {"kind": noise.kind, "scale": noise.scale, "half_width_95": half_width(noise)} for noise in plan.noises
        ],
        "truncation": truncation(spec, bias),
        **spec.as_dict(),
        **more,
    }


def about_text(facts: dict[str, Any], lines: Sequence[str]) -> str:
    """Return the words for people as a text."""
    parts = [
        facts["sentence"],
        "",
        f"Guarantee: {facts['guarantee']}.",
        *(f"It stands on: {line}." for line in facts["assumptions"]),
        f"Intervals hold in 95 of 100 cases. Left out: {facts['truncation']}.",
        *lines,
    ]
    return "\n".join(parts) + "\n"
