"""How a command passes the gate: one call settles the recipe, another screens the inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from unseen.core.access import Access, Ask
from unseen.core.names import display
from unseen.core.receipts import FileReceipt, Verdict
from unseen.core.recipe import Recipe
from unseen.engine.names import Placed
from unseen.engine.policies import POLICY_NAME, added_rules, is_toml, policy_for, read_floor
from unseen.errors import Denied, OutputFailed, Refused, UnseenError, UsageError
from unseen.policy.roles import refusal_without_policy
from unseen.policy.rules import Policy, decide, stricter

if TYPE_CHECKING:
    from unseen.core.labels import Label, State
    from unseen.engine.governance import Governance
    from unseen.engine.standing import Standing
    from unseen.policy.charter import Budget, Kept

__all__ = ["Admission", "admit"]

_CHANGED = "the input changed while it was worked on; run again"


class Admission:
    """What was admitted: the recipe with all obligations, the rules that hold, and a check for each input.

    Without a policy with purposes there is nothing to check for each input, and nothing is labelled. A context manager.
    """

    def __init__(
        self, action: str, recipe: Recipe, floor: Policy, digest: str, raised: tuple[str, ...],
        access: Access, governance: Governance | None = None, also: Sequence[str] = (),
        pictures: bool = True,
    ) -> None:  # fmt: skip
        self.recipe, self.floor, self.digest, self.raised = recipe, floor, digest, raised
        self.warnings: list[str] = []
        self._action, self._access, self._governance = action, access, governance
        self._items: dict[Path, str] = {}
        self._named: set[Label] = set()
        self._also = tuple(also)
        #: What the gate is asked to oblige; nothing where no picture is made.
        self._asked = recipe if pictures else None

    def __enter__(self) -> Admission:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._governance is not None:
            self._governance.close()

    @property
    def context(self) -> dict[str, str]:
        """What must be as it was for a later run to pass over what is done: the purpose and its rules."""
        return {} if self._governance is None else {"purpose": self._access.purpose or "", "floor": self.floor.digest()}

    @property
    def kept(self) -> Kept:
        """The data that the purpose needs; nothing is said of it without a policy with purposes."""
        from unseen.policy.charter import Kept  # here: without a policy nobody needs it but for this answer

        if self._governance is None:
            return Kept()
        return self._governance.charter.purposes[self._access.purpose or ""].kept

    def standing(self, output: str) -> Standing | None:
        """Return what decides again while something goes on, None where no policy with purposes holds."""
        if self._governance is None:
            return None
        from unseen.engine.standing import CurrentPolicy, Standing

        policy, actions = CurrentPolicy(self._governance.path), (self._action, *self._also)
        return Standing(policy, self._access, actions, output, self.recipe)

    @property
    def budget(self) -> Budget | None:
        """How much releases for the purpose may reveal in all, None where the policy does not say."""
        if self._governance is None:
            return None
        return self._governance.charter.purposes[self._access.purpose or ""].budget

    def ledger_head(self) -> tuple[str, int, str] | None:
        """Return origin, size and root (hexadecimal) of the ledger as it is now, None where there is no ledger."""
        if self._governance is None:
            return None
        head = self._governance.head()
        return None if head is None else (head.origin, head.size, head.root.hex())

    def screen(self, placed: Sequence[Placed]) -> list[Placed]:
        """Return the inputs; those that the gate refuses have that as their problem.

        Raises Refused where a policy lies among the inputs: what is below it, another one governs.
        """
        for each in placed:
            path = each.item.path
            if path.name == POLICY_NAME and (
                self._governance is None or path.resolve() != self._governance.path.resolve()
            ):
                raise Refused(f"{display(path)}: a policy lies inside the input; take its folder by itself")
        return [each if each.problem else replace(each, problem=self._refusal(each.item.path)) for each in placed]

    def _refusal(self, path: Path) -> str:
        try:
            self.check(path)
        except UnseenError as error:
            return str(error)
        return ""

    def check(self, path: Path, output: str | None = None) -> None:
        """Pass one file through the gate; raises Denied, with every reason, or LabelInvalid.

        `output` is the kind of what is made of it, in place of the file's own kind.
        """
        if self._governance is None:
            return
        from unseen.engine.governance import kind_of

        kind = output or kind_of(path)
        item, beside = self._governance.take_in(path)
        for action in self._also:
            self._governance.gate.admit(replace(self._request(item, ""), action=action), beside)
        passed = self._governance.gate.admit(self._request(item, kind), beside, self._asked)
        if passed.recipe != self._asked:
            raise Denied("refused: the policy changed while it was applied; run again")
        self._warn(path.name, passed.ruling.would, passed.ruling.told(), passed.ruling.mode)
        self._items[path] = item

    def confirm(self, path: Path, data: bytes) -> None:
        """Check that what was read of a file is what passed the gate; raises Denied if it is not."""
        if self._governance is not None and self._governance.key.tag("item", data) != self._items.get(path):
            raise Denied("refused: the file changed after it was decided on; ask again")

    def name_person(self, path: Path, name: str, output: str) -> None:
        """Put a person who was found in a file that had passed into its label, and decide again; raises UnseenError.

        What was allowed is remembered for the run, as a series has hundreds of files of one person. A refusal is not:
        each is in the ledger. The label stays as it is now, so that the file is refused at once the next time.
        """
        governance = self._governance
        if governance is None or not name:
            return
        from unseen.engine.labelling import with_people

        label, subject = self._label(governance, path), governance.subject(name)
        if subject not in label.subjects:
            label = with_people(governance, label, frozenset({subject}))
        # The item and its end of storage were looked at when it passed, and are its own.
        alike = replace(label, item="0" * 64, retain_until=None, parents=frozenset())
        if alike in self._named:
            return
        ruling = governance.gate.admit(self._request(label.item, output)).ruling
        self._warn(path.name, ruling.would, ruling.told(), ruling.mode)
        self._named.add(alike)

    def _warn(self, name: str, would: bool, told: str, mode: str) -> None:
        if not would and mode == "warn":
            self.warnings.append(f"{name}: the policy would refuse it: {told}")

    def check_camera(self, camera: str) -> None:
        """Pass one camera through the gate; raises Denied."""
        if self._governance is None:
            return
        try:
            item = self._governance.take_camera(camera)
        except Denied:
            self._governance.note("access.denied", actor=self._access.who, reasons="no-label")
            raise
        for action in self._also:
            self._governance.gate.admit(replace(self._request(item, ""), action=action))
        ruling = self._governance.gate.admit(self._request(item, "live"), None, self._asked).ruling
        self._warn(camera, ruling.would, ruling.told(), ruling.mode)

    def _request(self, item: str, output: str) -> Ask:
        return Ask(self._action, self._access.purpose or "", self._access.who, item, output)

    def labelled(self, receipt: FileReceipt, source: Path, staged: Path, final: Path) -> FileReceipt:
        """Label a verified output, before it has its name, and return its receipt with the label in it.

        The source must be what it was when the gate let it pass; raises OutputFailed if it is not.
        """
        if self._governance is None:
            return receipt
        from unseen.core.labels import derive
        from unseen.engine.governance import kind_of, write_label
        from unseen.policy.labels import after_redaction

        governance, parent = self._governance, self._admitted(self._governance, source)
        label = derive([parent], governance.item(staged))
        tools = {region.model for frame in receipt.regions for region in frame if region.model}
        issued = governance.keep(
            label, kind_of(final), made_by=self._action, tools=sorted(tools),
            verified=lambda within: after_redaction(within, self.recipe, receipt.verdict),
        )  # fmt: skip
        write_label(issued, final)
        return replace(receipt, label=issued.as_dict())

    def made(
        self, output: Path, sources: Sequence[Path], kind: str, *, state: State = "raw", verdict: Verdict | None = None
    ) -> None:
        """Label what was made of admitted files by other means, as a table, and record its lineage.

        The sources must be what they were when the gate let them pass; raises OutputFailed if one is not, or Refused.
        """
        if self._governance is not None:
            from unseen.engine.labelling import made

            labels = [self._admitted(self._governance, source) for source in sources]
            made(self._governance, output, labels, kind, made_by=self._action, state=state, verdict=verdict)

    def _admitted(self, governance: Governance, source: Path) -> Label:
        """Return the label of a file that passed the gate, and still is what passed; raises OutputFailed if not."""
        if governance.item(source) != self._items.get(source, ""):
            raise OutputFailed(_CHANGED)
        return self._label(governance, source)

    def _label(self, governance: Governance, source: Path) -> Label:
        """Return the label on record of a file that passed the gate, whatever it is by now; raises OutputFailed."""
        from unseen.crypto.labels import check_label
        from unseen.engine.governance import kind_of

        item = self._items.get(source, "")
        stored = governance.records.label(item)
        signed = stored if stored is not None else governance.beside(source)
        if signed is None:
            raise OutputFailed(_CHANGED)
        label = check_label(signed, governance.key, item)
        if stored is None:
            governance.keep(label, kind_of(source), made_by="intake")
        return label


def admit(
    action: str, recipe: Recipe | None, sources: Sequence[Path], access: Access, *, also: Sequence[str] = ()
) -> Admission:
    """Settle under which policy something is done, and by which recipe; raises Refused, Denied or PolicyInvalid.

    No recipe means that no picture is made, so that rules on recipes say nothing. `also` names actions that are done on
    the way, as counting while redacting: they have to be allowed, too.
    """
    path = policy_for(sources, access.policy_file)
    if path is None or is_toml(path):
        return _by_recipe(action, recipe, path, access)
    from unseen.engine.governance import open_governance  # here: without a policy nobody needs what it loads

    governance = open_governance(path)
    try:
        added = added_rules(path, access.policy_file)
        return _by_purpose((action, *also), recipe, governance, access, added)
    except BaseException:
        governance.close()
        raise


def _by_recipe(action: str, recipe: Recipe | None, path: Path | None, access: Access) -> Admission:
    """Admit what no purpose binds: the built-in policy, or rules on recipes."""
    if access.purpose is not None:
        raise UsageError("there is no policy that has purposes; write one with: unseen policy init")
    refusal = refusal_without_policy(action)
    if refusal:
        raise Denied(refusal)
    floor = Policy() if path is None else read_floor(path)
    decision = decide(recipe or Recipe(), floor)
    if recipe is not None and not decision.allowed:
        raise Refused("; ".join(decision.reasons))
    return Admission(action, decision.recipe, floor, floor.digest(), decision.raised, access)


def _by_purpose(
    actions: Sequence[str], recipe: Recipe | None, governance: Governance, access: Access, added: Policy
) -> Admission:
    """Admit what a purpose binds; what speaks against the job as a whole is said before any input is looked at."""
    from unseen.engine.gate import oblige
    from unseen.policy.decision import Obligations, judge_job

    charter, action = governance.charter, actions[0]
    reasons = tuple(r for each in actions for r in judge_job(charter, each, access.purpose or "", access.who))
    if reasons:
        told = tuple(dict.fromkeys(reason.text for reason in reasons))
        governance.note("access.denied", actor=access.who, action=action, reasons=",".join(r.code for r in reasons))
        raise Denied("; ".join(told), told)
    purpose = charter.purposes[access.purpose or ""]
    floor = stricter(purpose.floor, added)
    settled, raised = recipe or Recipe(), tuple[str, ...]()
    try:
        if recipe is not None:
            settled, raised = oblige(recipe, Obligations(floor, purpose.kept))
    except Denied as error:
        governance.note("access.denied", actor=access.who, action=action, reasons="obligation")
        if charter.mode == "enforce":
            raise
        raised = (f"nothing, in mode {charter.mode}; else it would refuse this: {error}",)
    digest, also = charter.digest(), actions[1:]
    return Admission(action, settled, floor, digest, raised, access, governance, also, pictures=recipe is not None)
