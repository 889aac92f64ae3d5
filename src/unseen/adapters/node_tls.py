"""TLS for the node: contexts for listening and for sending, TLS 1.2 and newer (PS3.15 B.12)."""

from __future__ import annotations

import ssl

from unseen.core.dicom_node import NodeTls
from unseen.errors import UsageError

__all__ = ["client_context", "server_context"]


def server_context(tls: NodeTls) -> ssl.SSLContext:
    """Return the context of the listener; with trusted certificates, peers have to show one of theirs."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(made, tls)
    if tls.trusted is not None:
        made.verify_mode = ssl.CERT_REQUIRED
    return made


def client_context(tls: NodeTls) -> ssl.SSLContext:
    """Return the context for sending: the target's certificate and name are always checked."""
    try:
        made = ssl.create_default_context(cafile=None if tls.trusted is None else str(tls.trusted))
    except OSError as error:
        raise UsageError(f"--tls-ca: cannot be read ({error.strerror or 'no PEM file'})") from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(made, tls, trusted=False)
    return made


def _load(context: ssl.SSLContext, tls: NodeTls, *, trusted: bool = True) -> None:
    try:
        if tls.certificate is not None and tls.key is not None:
            context.load_cert_chain(tls.certificate, tls.key)
        if trusted and tls.trusted is not None:
            context.load_verify_locations(tls.trusted)
    except OSError as error:
        raise UsageError(
            f"the certificates cannot be read ({error.strerror or 'no PEM files'}); check the paths"
        ) from error
