"""`unseen policy`: begin, check, explain, compare and try out a policy."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unseen.cli.access import add_actor, add_where
from unseen.core.labels import ACTIONS
from unseen.core.names import display
from unseen.errors import PolicyInvalid, Refused

__all__ = ["add_parser", "run"]


def add_parser(verbs: Any, text: str) -> None:
    """Add this verb, with its line of help, and its words to the command line."""
    parser = verbs.add_parser("policy", help=text, description=__doc__)
    words = parser.add_subparsers(dest="policy_word", metavar="WORD", required=True)
    init = words.add_parser("init", help="write an unseen.yaml to begin with")
    init.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path(), help="where (default: here)")
    add_actor(init)
    check = words.add_parser("check", help="say everything that is wrong in a policy, with lines")
    check.add_argument("file", metavar="FILE", type=Path, help="unseen.yaml, or FILE.toml")
    explain = words.add_parser("explain", help="say whether something would be allowed, and why not")
    explain.add_argument("action", metavar="ACTION", choices=ACTIONS, help=f"one of {', '.join(ACTIONS)}")
    explain.add_argument("--purpose", metavar="NAME", required=True, help="what it is done for")
    explain.add_argument("--item", metavar="FILE", type=Path, help="with which file; its label and consents count too")
    add_actor(explain)
    add_where(explain)
    diff = words.add_parser("diff", help="say what a new policy allows more, and what less")
    diff.add_argument("old", metavar="OLD", type=Path, help="a policy")
    diff.add_argument("new", metavar="NEW", type=Path, help="another one")
    diff.add_argument("--refuse-wider", action="store_true", help="exit with 3 if the new one allows more anywhere")
    simulate = words.add_parser("simulate", help="say what a new policy would decide otherwise on what is on record")
    simulate.add_argument("new", metavar="NEW", type=Path, help="the policy to try")
    add_where(simulate)
    words.add_parser("schema", help="print the JSON schema of unseen.yaml, for editors")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what the words say and return the exit code; raises UnseenError."""
    return _WORDS[args.policy_word](args)


def _init(args: argparse.Namespace) -> int:
    from unseen.core.access import Access
    from unseen.engine.policy_tools import begin

    path = begin(args.folder, Access(actor=args.actor).who)
    print(f"{display(path)}: written; change it, then say: unseen policy check {display(path)}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from unseen.engine.policies import check_rules, policy_faults, read_charter

    if args.file.suffix.lower() == ".toml":
        read_charter(args.file)
        print(f"{display(args.file)}: rules on recipes, and no purposes")
        return 0
    charter, faults = policy_faults(args.file)
    for fault in faults[:-1]:
        print(fault)
    if faults:
        raise PolicyInvalid(faults[-1] + (f"; {len(faults)} faults in all" if len(faults) > 1 else ""))
    check_rules(charter)
    print(
        f"{display(args.file)}: {len(charter.purposes)} purposes, {len(charter.sources)} sources, "
        f"{len(charter.people)} people, mode {charter.mode}, sha256 {charter.digest()[:16]}"
    )
    return 0


def _explain(args: argparse.Namespace) -> int:
    from unseen.core.access import Access
    from unseen.engine.explain import explain

    with args.governance(args) as governance:
        lines, allowed = explain(governance, args.action, args.purpose, Access(actor=args.actor).who, args.item)
    for line in lines:
        print(line)
    return 0 if allowed else Refused.exit_code


def _diff(args: argparse.Namespace) -> int:
    from unseen.engine.policies import read_charter
    from unseen.engine.policy_tools import differences

    changes = differences(read_charter(args.old), read_charter(args.new))
    for change in changes:
        print(f"{change.direction:9} {change.place}: {change.text}")
    if not changes:
        print("the two decide alike")
    wider = sum(change.direction == "wider" for change in changes)
    if args.refuse_wider and wider:
        raise Refused(f"the new policy allows more in {wider} places; let them be looked at")
    return 0


def _simulate(args: argparse.Namespace) -> int:
    from unseen.engine.policies import read_charter
    from unseen.engine.policy_tools import simulate

    with args.governance(args) as governance:
        tried, found = simulate(governance, read_charter(args.new))
    for each in found:
        now = "allowed" if each.now_allowed else f"refused ({each.reason})"
        print(f"{each.action} for {each.purpose} by {each.actor}: {each.items} items would be {now}")
    print(f"{tried} decisions tried, {sum(each.items for each in found)} would be others")
    return 0


def _schema(args: argparse.Namespace) -> int:
    from unseen.engine.policies import policy_schema

    print(json.dumps(policy_schema(), indent=2))
    return 0


_WORDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "init": _init,
    "check": _check,
    "explain": _explain,
    "diff": _diff,
    "simulate": _simulate,
    "schema": _schema,
}
