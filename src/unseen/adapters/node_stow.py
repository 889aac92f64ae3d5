"""STOW-RS: sends files to a web service (PS3.18 10.5), with nothing but the standard library."""

from __future__ import annotations

import base64
import http.client
import json
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from unseen.adapters.node_tls import client_context
from unseen.core.dicom_node import Fate, NodeTls, Target, TargetUnavailable

__all__ = ["StowTarget"]

_TIMEOUT_S = 60.0
_FAILED = "00081198"
#: What tells that nothing is wrong with the object, but with the service, or with us: it waits.
_LATER = frozenset((401, 403, 404, 407, 408, 413, 423, 425, 429))


class StowTarget:
    """Sends files one by one, so that the answer tells of each."""

    def __init__(self, target: Target, tls: NodeTls, credentials: str = "") -> None:
        self._target = target
        self._secure = client_context(tls) if target.secure else None
        coded = base64.b64encode(credentials.encode()).decode()
        self._headers = {"Authorization": f"Basic {coded}"} if credentials else {}

    def send(self, files: Sequence[Path]) -> Iterator[tuple[Path, Fate]]:
        """Yield what became of each file; raises TargetUnavailable when the others have to wait."""
        host, port = self._target.host, self._target.port
        connection: http.client.HTTPConnection
        if self._secure is not None:
            connection = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=self._secure)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        try:
            for file in files:
                yield file, self._sent(connection, file.read_bytes())
        finally:
            connection.close()

    def _sent(self, connection: http.client.HTTPConnection, data: bytes) -> Fate:
        border = secrets.token_hex(16)
        head = f"--{border}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = head + data + f"\r\n--{border}--\r\n".encode()
        headers = {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={border}',
            "Accept": "application/dicom+json",
            **self._headers,
        }
        try:
            connection.request("POST", self._target.path, body, headers)
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise TargetUnavailable("the web service does not answer") from error
        if answer.status in (200, 202) and not _refusal(said):
            return "stored"
        if answer.status >= 500 or answer.status in _LATER:
            raise TargetUnavailable(f"the web service answers {answer.status}")
        return "refused"


def _refusal(said: bytes) -> bool:
    """Whether an answer lists the object among those that were not stored."""
    try:
        answer = json.loads(said)
    except ValueError:
        return False
    return isinstance(answer, dict) and bool(answer.get(_FAILED, {}).get("Value"))
