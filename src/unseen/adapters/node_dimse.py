"""C-STORE with pynetdicom: a listener that hands objects on in memory, and a sender of files (PS3.7 9.1.1, PS3.4 B)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.adapters.node_tls import client_context, server_context
from unseen.core.dicom_node import Fate, Gate, NodeJob, NodeTls, Target, TargetUnavailable
from unseen.errors import OutputFailed

if TYPE_CHECKING:
    import ssl

__all__ = ["REFUSED", "STORED", "TRY_LATER", "UNREADABLE", "DimseTarget", "Listener"]

#: Status of a C-STORE response (PS3.4 B.2.3, PS3.7 C).
STORED, TRY_LATER, REFUSED, UNREADABLE = 0x0000, 0xA700, 0x0124, 0xC000
#: An association may ask for this many kinds of objects (PS3.8 9.3.2.2: odd numbers of a byte).
_MOST_CONTEXTS = 128
_TIMEOUT_S = 30.0

#: Takes a whole file in memory, and the title of its sender, and returns the status to answer with.
Receiver = Callable[[bytes, str], int]


class Listener:
    """A C-STORE receiver; a context manager. What it receives is never written to disk here.

    `port` is the one that it listens at. Raises OutputFailed when it cannot listen.
    """

    def __init__(self, job: NodeJob, receive: Receiver) -> None:
        self._job, self._receive = job, receive
        self._entity: Any = None
        self._server: Any = None
        self.port = 0

    def __enter__(self) -> Listener:
        from pynetdicom import AE, evt
        from pynetdicom._globals import ALL_TRANSFER_SYNTAXES
        from pynetdicom.presentation import AllStoragePresentationContexts
        from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

        entity = self._entity = AE(ae_title=self._job.title)
        entity.require_called_aet = True
        entity.require_calling_aet = sorted(self._job.gate.titles)
        entity.maximum_associations = 32
        for context in AllStoragePresentationContexts:
            entity.add_supported_context(str(context.abstract_syntax), ALL_TRANSFER_SYNTAXES)
        entity.add_supported_context(Verification)
        secure: ssl.SSLContext | None = server_context(self._job.tls) if self._job.listen_secure else None
        handlers: Any = [
            (evt.EVT_REQUESTED, _turn_away, [self._job.gate]),
            (evt.EVT_C_STORE, self._store),
        ]
        try:
            self._server = entity.start_server(
                (self._job.host, self._job.port), block=False, ssl_context=secure, evt_handlers=handlers
            )
        except OSError as error:
            raise OutputFailed(f"cannot listen at port {self._job.port} ({error.strerror}); choose another") from error
        self.port = self._server.server_address[1]
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._entity.shutdown()
            self._server.server_close()

    def _store(self, event: Any) -> int:
        peer = event.assoc.requestor
        if not self._job.gate.admits(peer.ae_title, peer.address):
            return REFUSED
        return self._receive(event.encoded_dataset(), str(peer.ae_title))


def _turn_away(event: Any, gate: Gate) -> None:
    """Reject an association of somebody who is not on the lists (PS3.8 9.3.4: permanent, calling title not known)."""
    peer = event.assoc.requestor
    if not gate.admits(peer.primitive.calling_ae_title, peer.address):
        event.assoc.acse.send_reject(0x01, 0x01, 0x03)
        event.assoc.kill()


class DimseTarget:
    """Sends files to a C-STORE receiver over one association a batch."""

    def __init__(self, target: Target, title: str, tls: NodeTls) -> None:
        self._target, self._title = target, title
        self._secure = client_context(tls) if target.secure else None
        self._doubtful = True

    def send(self, files: Sequence[Path]) -> Iterator[tuple[Path, Fate]]:
        """Yield what became of each file; raises TargetUnavailable when the others have to wait."""
        from pynetdicom import AE, _config

        # The files are sent as they are, without being read into data sets and written again.
        _config.STORE_SEND_CHUNKED_DATASET = True
        kinds = {file: _kind(file) for file in files}
        wanted = sorted(set(kinds.values()))[:_MOST_CONTEXTS]
        entity = AE(ae_title=self._title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = _TIMEOUT_S
        for sop_class, syntax in wanted:
            entity.add_requested_context(sop_class, syntax)
        security = (self._secure, self._target.host) if self._secure is not None else None
        where = (self._target.host, self._target.port)
        if self._doubtful:
            _knock(where)
        self._doubtful = True
        association = entity.associate(*where, ae_title=self._target.title, tls_args=security)
        if not association.is_established:
            raise TargetUnavailable("the target does not let us in")
        self._doubtful = False
        try:
            accepted = {(str(c.abstract_syntax), str(c.transfer_syntax[0])) for c in association.accepted_contexts}
            for file in files:
                if kinds[file] not in wanted:
                    continue
                yield file, _sent(association, file) if kinds[file] in accepted else "refused"
        finally:
            with contextlib.suppress(Exception):
                association.release()


def _knock(where: tuple[str, int]) -> None:
    """Raise TargetUnavailable if nobody listens there; the library would leave a socket open each time."""
    try:
        socket.create_connection(where, timeout=_TIMEOUT_S).close()
    except OSError as error:
        raise TargetUnavailable("the target does not answer") from error


def _kind(file: Path) -> tuple[str, str]:
    from pydicom.filereader import read_file_meta_info

    meta = read_file_meta_info(file)
    return str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)


def _sent(association: Any, file: Path) -> Fate:
    try:
        status = association.send_c_store(file)
    except (RuntimeError, OSError) as error:
        raise TargetUnavailable("the connection to the target broke") from error
    code = status.get("Status") if status else None
    if code is None or 0xA700 <= code <= 0xA7FF:
        # No answer, or no room there now.
        raise TargetUnavailable("the target did not answer, or has no room")
    # Warnings mean that it is stored (PS3.4 B.2.3).
    return "stored" if code == STORED or 0xB000 <= code <= 0xBFFF else "refused"
