"""The words that say for what, by whom and under which policy a command is run; they are the same in every command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unseen.errors import UsageError

__all__ = ["access_from", "add_access", "add_actor", "add_policy", "add_where"]


def add_access(group: Any) -> None:
    """Add --policy, --purpose and --actor to a group of options."""
    group.add_argument("--purpose", metavar="NAME", help="what it is done for; a policy with purposes needs it")
    add_policy(group)


def add_policy(group: Any) -> None:
    """Add --policy and --actor to a group of options, for a command whose --purpose says more."""
    group.add_argument(
        "--policy",
        metavar="FILE",
        type=Path,
        help="unseen.yaml, where none lies in the input's folder or above; or FILE.toml with rules on recipes to add",
    )
    add_actor(group)


def access_from(args: Any) -> dict[str, Any]:
    """Return what a job is told of these words."""
    return {"policy_file": args.policy, "purpose": args.purpose, "actor": args.actor}


def add_actor(group: Any) -> None:
    """Add --actor to a group of options."""
    group.add_argument(
        "--actor", metavar="NAME", help="who does it, of the policy's people (default: who is logged in)"
    )


def add_where(parser: Any) -> None:
    """Add --policy to a command that works on records, and what opens them."""
    parser.add_argument(
        "--policy",
        metavar="FILE",
        type=Path,
        help="unseen.yaml (default: in the file's folder or above it; without a file, in this folder or above)",
    )
    parser.set_defaults(governance=_open)


def _open(args: Any, file: Path | None = None) -> Any:
    """Open the records behind the policy that --policy names, or that lies above a file or here."""
    from unseen.engine.governance import open_governance
    from unseen.engine.policies import policy_for

    where = file or getattr(args, "item", None) or Path()
    path = policy_for([where], args.policy)
    if path is None:
        raise UsageError(
            "there is no unseen.yaml here or above; name one with --policy, or write one: unseen policy init"
        )
    return open_governance(path)
