"""The node: receive, clean and verify in memory, force to disk, acknowledge; forward what waits as long as it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from unseen.adapters.node_dimse import REFUSED, STORED, TRY_LATER, UNREADABLE, DimseTarget, Listener
from unseen.adapters.node_stow import StowTarget
from unseen.adapters.spool_file import Spool
from unseen.core.dicom import DicomRecipe
from unseen.core.dicom_node import NodeFigures, NodeJob, TargetUnavailable
from unseen.core.labels import Label
from unseen.core.names import display
from unseen.core.ports import NodeTarget
from unseen.engine.dicom.node_gate import NodeGate, open_node_gate
from unseen.engine.dicom.tools import open_dicom_tools
from unseen.engine.dicom.work import Deidentified, DicomSetup, DicomTools, deidentify
from unseen.engine.hashing import Hasher
from unseen.engine.inputs import read_key
from unseen.engine.stopwatch import Stopwatch
from unseen.errors import Denied, UsageError

__all__ = ["Forwarder", "Reception", "run_node"]

_BATCH = 64
_FIRST_WAIT_S, _LONGEST_WAIT_S, _IDLE_S = 1.0, 30.0, 0.5


class Reception:
    """Takes objects as they come in, from several senders at a time, and answers for each when it is safe on disk.

    With a `gate` each object is decided on before anything is made of it, and labelled before it is kept.
    """

    def __init__(
        self,
        tools: DicomTools,
        spool: Spool,
        most_waiting: int,
        arrived: Callable[[], None],
        gate: NodeGate | None = None,
    ) -> None:
        self._tools, self._spool, self._most, self._arrived, self._gate = tools, spool, most_waiting, arrived, gate
        self._one = threading.Lock()
        self.received = self.not_released = self.denied = 0

    def __call__(self, data: bytes, sender: str = "") -> int:
        """Return the status for the sender: stored only when the cleaned object is on disk, whatever comes after."""
        if len(self._spool) >= self._most:
            return TRY_LATER
        try:
            with self._one:
                made = self._made(data, sender)
        except Denied:
            self.denied += 1
            return REFUSED
        except Exception:  # noqa: BLE001 - whatever it is, the object is not released, and its sender is told
            self.not_released += 1
            return UNREADABLE
        try:
            self._spool.put(made.cleaned.sop, made.cleaned.data)
        except OSError:
            return TRY_LATER
        self.received += 1
        self._arrived()
        return STORED

    def _made(self, data: bytes, sender: str) -> Deidentified:
        watch, gate = Stopwatch(time.perf_counter), self._gate
        if gate is None:
            return deidentify(data, self._tools, watch)
        labels = list[Label]()
        made = deidentify(data, self._tools, watch, lambda header: labels.append(gate.admit(sender, data, header)))
        gate.record(made.cleaned, labels[0])
        return made


class Forwarder:
    """Sends what waits, the oldest first; nothing is forgotten before the target said that it holds it.

    What a `gate` does not let pass any more, as somebody withdrew meanwhile, is set aside and not sent.
    """

    def __init__(
        self, spool: Spool, target: NodeTarget, gate: NodeGate | None = None, *, first_wait: float = _FIRST_WAIT_S
    ) -> None:
        self._spool, self._target, self._gate, self._first = spool, target, gate, first_wait
        self._more, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)
        self.forwarded = self.refused = self.denied = 0
        self.trouble = ""

    def __enter__(self) -> Forwarder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._more.set()
        self._thread.join()

    def wake(self) -> None:
        """Say that there is something to send."""
        self._more.set()

    def _run(self) -> None:
        wait = self._first
        while not self._stopped.is_set():
            batch = self._spool.waiting(_BATCH)
            if not batch:
                self._more.wait(_IDLE_S)
                self._more.clear()
                continue
            try:
                self._send(batch)
                self.trouble, wait = "", self._first
            except TargetUnavailable as error:
                self.trouble = str(error)
            except Exception as error:  # noqa: BLE001 - the thread must live: what waits is tried again
                self.trouble = f"forwarding failed ({type(error).__name__})"
            if self.trouble:
                self._stopped.wait(wait)
                wait = min(2 * wait, _LONGEST_WAIT_S)

    def _send(self, batch: Sequence[Path]) -> None:
        for path, fate in self._target.send([path for path in batch if self._permitted(path)]):
            if fate == "stored":
                self._spool.done(path)
                self.forwarded += 1
            else:
                self._spool.refused(path)
                self.refused += 1
            if self._stopped.is_set():
                return

    def _permitted(self, path: Path) -> bool:
        if self._gate is None or self._gate.may_forward(path):
            return True
        self._spool.refused(path)
        self.denied += 1
        return False


def run_node(
    job: NodeJob,
    recipe: DicomRecipe,
    stopped: threading.Event,
    listen: Callable[[int, NodeFigures], None] = lambda port, figures: None,
    *,
    every_s: float = 10.0,
) -> NodeFigures:
    """Run a node until `stopped` is set, and return what it did; `listen` is told the port and figures now and then.

    Raises UsageError, KeyUnusable, Denied or OutputFailed where it cannot start.
    """
    hasher = Hasher(read_key(job.key_file))
    target = _target(job)
    with ExitStack() as stack:
        recipe, gate = open_node_gate(job.folder, job.access, recipe, stack)
        tools = open_dicom_tools(DicomSetup(recipe, hasher, job.folder, job.folder))
        spool = stack.enter_context(Spool(job.folder))
        forwarder = stack.enter_context(Forwarder(spool, target, gate))
        reception = Reception(tools, spool, job.most_waiting, forwarder.wake, gate)
        listener = stack.enter_context(Listener(job, reception))
        figures = _figures(reception, forwarder, spool, gate)
        listen(listener.port, figures)
        while not stopped.wait(every_s):
            fresh = _figures(reception, forwarder, spool, gate)
            if fresh != figures:
                listen(listener.port, fresh)
            figures = fresh
    return replace(_figures(reception, forwarder, spool, gate), trouble="")


def _figures(reception: Reception, forwarder: Forwarder, spool: Spool, gate: NodeGate | None) -> NodeFigures:
    return NodeFigures(
        reception.received,
        reception.not_released,
        forwarder.forwarded,
        forwarder.refused,
        len(spool),
        forwarder.trouble,
        reception.denied + forwarder.denied,
        "" if gate is None else gate.digest,
    )


def _target(job: NodeJob) -> NodeTarget:
    if job.target.title:
        return DimseTarget(job.target, job.title, job.tls)
    return StowTarget(job.target, job.tls, _credentials(job.auth_file))


def _credentials(path: Path | None) -> str:
    """Read NAME:PASSWORD from a file that others cannot read."""
    if path is None:
        return ""
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError(f"{display(path)}: others may read it; run: chmod 600")
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{display(path)}: cannot be read; --forward-auth takes a file with NAME:PASSWORD") from error
    if ":" not in text:
        raise UsageError(f"{display(path)}: holds no NAME:PASSWORD")
    return text
