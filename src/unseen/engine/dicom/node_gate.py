"""A node behind the gate: admitted at its start, and each object by a decision of its own, with its patient in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from unseen.core.access import Access, Ask
from unseen.core.dicom import DicomRecipe
from unseen.core.labels import Label, State, derive, raise_state
from unseen.core.receipts import Verdict
from unseen.crypto.labels import sign_label
from unseen.dicom.instance import Cleaned, Header
from unseen.engine.admission import admit
from unseen.engine.dicom.tools import minimised
from unseen.engine.policies import is_toml, policy_for
from unseen.errors import Denied, UnseenError
from unseen.policy.labels import from_source

if TYPE_CHECKING:
    from unseen.engine.governance import Governance
    from unseen.engine.standing import CurrentPolicy

__all__ = ["NodeGate", "open_node_gate"]

#: Commitments of so many objects that wait are kept in mind, more than are sent at a time.
_REMEMBERED = 256
Made = TypeVar("Made")


def open_node_gate(
    folder: Path, access: Access, recipe: DicomRecipe, stack: ExitStack, *, clock: Callable[[], float] = time.time
) -> tuple[DicomRecipe, NodeGate | None]:
    """Pass the gate at the start; return the recipe without what the purpose does not keep, and the gate of objects.

    There is none where no policy with purposes is above the spool's folder or named. Raises Denied or UsageError.
    """
    with admit("dicom", None, [folder], access) as admission:
        recipe = minimised(recipe, admission.kept.fields)
    policy = policy_for([folder], access.policy_file)
    if policy is None or is_toml(policy):
        return recipe, None
    from unseen.engine.standing import CurrentPolicy  # here: without a policy nobody needs what it loads

    return recipe, NodeGate(stack.enter_context(CurrentPolicy(policy, clock)), access, recipe)


class NodeGate:
    """Decides on each object as it comes, by the policy and the consents of that moment; one object at a time.

    An object's label begins with that of the source that has its sender, and has the patient in it, known by the
    Patient ID. What refuses, for whatever reason, is raised as Denied, whose text names nobody. `digest` is the SHA-256
    of the policy that was followed last.
    """

    def __init__(self, policy: CurrentPolicy, access: Access, recipe: DicomRecipe) -> None:
        self._policy, self._access, self._recipe = policy, access, recipe
        self._under = policy.now()
        self.digest = self._under.charter.digest()
        self._one = threading.Lock()  # objects come while others are sent on
        # A target that is down is tried again and again, and what waits for it is not read each time.
        self._commitment = lru_cache(_REMEMBERED)(self._read)

    def admit(self, sender: str, data: bytes, header: Header) -> Label:
        """Decide on an object, and write that down; return its label. Raises Denied."""
        return self._denying(lambda: self._admit(self._now(), sender, data, header))

    def _denying(self, act: Callable[[], Made]) -> Made:
        try:
            with self._one:
                return act()
        except Denied:
            raise
        except Exception as error:
            self._policy.note_error(self._access.who)
            told = str(error) if isinstance(error, UnseenError) else type(error).__name__
            raise Denied(f"refused: it could not be decided ({told})") from error

    def _now(self) -> Governance:
        governance = self._policy.now()
        if governance is not self._under:
            self._under, self.digest = governance, governance.charter.digest()
        return governance

    def _admit(self, governance: Governance, sender: str, data: bytes, header: Header) -> Label:
        item, charter = governance.key.tag_of("item", (data,)), governance.charter
        source, beside = charter.source_of_sender(sender), None
        if source is not None:
            subjects = frozenset({governance.subject(header.patient)} if header.patient else ())
            consents = frozenset(record.record for record in governance.records.consents(subjects))
            label = from_source(source, charter, item, governance.clock(), subjects=subjects, consents=consents)
            beside = sign_label(label, governance.key)
        request = Ask("dicom", self._access.purpose or "", self._access.who, item, "dicom")
        passed = governance.gate.admit(request, beside)
        if passed.ruling.mode == "enforce" and passed.ruling.obligations.kept.fields != self._recipe.fields:
            raise Denied("refused: the policy keeps other attributes than when the node began; start it again")
        return passed.label

    def may_forward(self, path: Path) -> bool:
        """Whether a cleaned object that waits may still be sent on, at this moment; a refusal is in the ledger.

        Raises UnseenError where that cannot be decided just now, so that the object goes on waiting.
        """
        with self._one:
            governance, facts = self._now(), path.stat()
            item = self._commitment(path, facts.st_mtime_ns, facts.st_size)
            request = Ask("dicom", self._access.purpose or "", self._access.who, item, "dicom")
            ruling = governance.gate.decide(request)
            if ruling.allowed:
                return True
            if any(reason.code == "error" for reason in ruling.reasons):
                raise Denied(ruling.told())
            try:
                governance.gate.admit(request)
            except Denied:
                return False
            return True

    def _read(self, path: Path, *_: int) -> str:
        return self._under.item(path)

    def record(self, cleaned: Cleaned, parent: Label) -> None:
        """Label what was made of an object, and write it down with the policy; raises Denied."""
        self._denying(lambda: self._record(self._now(), cleaned, parent))

    def _record(self, governance: Governance, cleaned: Cleaned, parent: Label) -> None:
        # Pictures that nobody looked at may show anything, whatever the header says.
        state: State = "raw" if self._recipe.unsafe_keep_pixels else "pseudonymised"
        verdict = Verdict("pass", checked=("identifiers",), detail="searched for what the original tells")
        made = governance.within(derive([parent], governance.key.tag_of("item", (cleaned.data,))))
        label = raise_state(made, state, verdict)
        governance.records.add(sign_label(label, governance.key), "dicom", governance.clock(), made_by="dicom-node")
        governance.note(
            "dicom.cleaned",
            items=(label.item,),
            state=label.state,
            policy=self.digest,
            recipe=self._recipe.digest(),
        )
