"""Access: the words it is asked for with, a request, and a reason against it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Access", "Ask", "Code", "Reason"]

Code = Literal[
    "purpose-unknown", "purpose-missing", "no-label", "tampered", "wrong-purpose", "prohibited",
    "retention-over", "consent-missing", "consent-refused", "consent-withdrawn", "consent-expired", "restricted",
    "action", "role",
    "permission", "output", "rule", "rule-error", "obligation", "error",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ask:
    """Who wants to do what, with which item, for which purpose; `output` is the kind of what comes out, if any.

    `vaulted` says that the item comes out of a vault.
    """

    action: str
    purpose: str
    actor: str
    item: str = ""
    output: str = ""
    vaulted: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: a word for programs, and a line that says what would be needed."""

    code: Code
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Access:
    """For what, by whom, under which policy something is done: the words --purpose, --actor and --policy."""

    purpose: str | None = None
    actor: str | None = None
    policy_file: Path | None = None

    @property
    def who(self) -> str:
        """The actor, or who runs the program as far as the system knows."""
        if self.actor is not None:
            return self.actor
        import getpass

        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):
            return "nobody"
