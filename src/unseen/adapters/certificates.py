"""Certificates and keys that sign content credentials (C2PA 2.4, 14.5): read with every check first, or made new."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from unseen.core.credentials import Signatory
from unseen.core.names import display
from unseen.errors import KeyUnusable, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["make_certificate", "read_signatory"]

#: C2PA's own purpose; the others are those that it takes besides.
_CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
_PURPOSES = frozenset({_CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION, ObjectIdentifier("1.3.6.1.5.5.7.3.36")})
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_LEAST_RSA = 2048
_MOST_BYTES, _MOST_CERTIFICATES = 1 << 16, 8
#: Clocks differ: a new certificate is valid from a little before it was made.
_EARLIER = timedelta(minutes=10)


def read_signatory(certificates: Path, key_file: Path, now: datetime) -> Signatory:
    """Return who signs; raises KeyUnusable for a key that others can read, or whatever C2PA would not take."""
    name = display(certificates)
    chain = _chain(_bytes_of(certificates, "the certificate"), name)
    key, leaf = _private_key(key_file), chain[0]
    if key.public_key() != leaf.public_key():
        raise KeyUnusable(f"{display(key_file)}: is not the key of {name}; name the two that belong together")
    _check_leaf(leaf, name, now)
    for lower, upper in pairwise(chain):
        with _told(f"{name}: its certificates do not sign each other; put the signer's own first, the root's last"):
            lower.verify_directly_issued_by(upper)
    sent = [each for number, each in enumerate(chain) if not number or each.issuer != each.subject]
    return Signatory(
        chain=b"".join(each.public_bytes(forms.Encoding.PEM) for each in sent),
        key=key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()),
        algorithm=_algorithm(key, name),
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
    )


@contextmanager
def _told(message: str) -> Iterator[None]:
    """Turn what cryptography raises into one error."""
    try:
        yield
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound) as error:
        raise KeyUnusable(message) from error


def _bytes_of(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise KeyUnusable(f"{display(path)}: cannot read {what} ({error.strerror}); check the name") from error
    if len(data) > _MOST_BYTES:
        raise KeyUnusable(f"{display(path)}: is too large for {what}; name a PEM file")
    return data


def _chain(data: bytes, name: str) -> Sequence[x509.Certificate]:
    with _told(f"{name}: holds no certificate; name a PEM file, the signer's certificate first"):
        chain = x509.load_pem_x509_certificates(data)
    if len(chain) > _MOST_CERTIFICATES:
        raise KeyUnusable(f"{name}: holds more certificates than a chain has; leave out those that sign nothing here")
    return chain


def _private_key(path: Path) -> PrivateKeyTypes:
    data, name = _bytes_of(path, "the key"), display(path)
    if os.name != "nt" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyUnusable(f"{name}: other users can read the key; say: chmod 600 {name}")
    with _told(f"{name}: holds no private key without a passphrase; name the PEM file that belongs to the certificate"):
        return forms.load_pem_private_key(data, None)


def _algorithm(key: PrivateKeyTypes, name: str) -> str:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _LEAST_RSA:
        return "ps256"
    raise KeyUnusable(
        f"{name}: has a key that C2PA does not take; use P-256, P-384, P-521, Ed25519 or RSA from 2048 on"
    )


def _check_leaf(leaf: x509.Certificate, name: str, now: datetime) -> None:
    """Check what C2PA asks of the certificate of a signer, in one line each."""
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise KeyUnusable(f"{name}: is not valid now; make or ask for a new certificate")
    with _told(f"{name}: is no certificate for signing content; make one: unseen credentials make-certificate"):
        extensions = leaf.extensions
        ca, usage, purposes = (
            _extension(extensions, kind) for kind in (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage)
        )
        extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        if usage is None or not usage.digital_signature or usage.key_cert_sign or (ca is not None and ca.ca):
            raise ValueError("for other uses")
        if purposes is None or not _PURPOSES & set(purposes):
            raise ValueError("for other purposes")


def _extension(extensions: x509.Extensions, kind: Any) -> Any:
    with suppress(x509.ExtensionNotFound):
        return extensions.get_extension_for_class(kind).value
    return None


def make_certificate(organisation: str, years: int, now: datetime) -> tuple[bytes, bytes, bytes]:
    """Return a signer's certificate, its private key and the certificate that vouches for it, in PEM.

    The key behind the last one is forgotten: nothing else can ever be signed with it. Raises UsageError.
    """
    name = " ".join(organisation.split())
    if not 0 < len(name) <= 64 or not name.isprintable():
        raise UsageError("--name is 1 to 64 letters long: who answers for the files, as readers of them are to see it")
    if not 1 <= years <= 30:
        raise UsageError(f"--years must be between 1 and 30, got {years}")
    end = now + timedelta(days=366 * years)
    above, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, own_name = _named(name, "content credentials, root"), _named(name, "content credentials")
    root = (
        _begun(root_name, root_name, above.public_key(), now, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .sign(above, hashes.SHA256())
    )
    leaf = (
        _begun(own_name, root_name, key.public_key(), now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
        .sign(above, hashes.SHA256())
    )
    private = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    return leaf.public_bytes(forms.Encoding.PEM), private, root.public_bytes(forms.Encoding.PEM)


def _named(organisation: str, what: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, what))
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


def _begun(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _EARLIER)
        .not_valid_after(end.astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
