"""Certificates that sign: what C2PA would not take, or what does not belong together, is refused before work begins."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.credential_scenes import Identity, identity, is_intact, picture, statement
from unseen.adapters.certificates import make_certificate, read_signatory
from unseen.adapters.credentials_c2pa import C2paCredentials
from unseen.core.credentials import Signatory
from unseen.engine.credential_tools import make_identity
from unseen.errors import KeyUnusable, OutputTaken, UsageError


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def own(tmp_path: Path) -> Identity:
    return identity(tmp_path / "id")


def _read(own: Identity, now: datetime | None = None) -> Signatory:
    return read_signatory(own.certificate, own.key, now or _now())


def test_own_certificate_signs_without_its_root_and_shows_no_key(own: Identity) -> None:
    read = _read(own)
    assert (read.algorithm, read.chain) == ("es256", own.certificate.read_bytes())
    assert "PRIVATE" not in repr(read)
    assert "BEGIN" not in repr(read)
    # A root in the file is left out of what is signed: who checks has it from elsewhere.
    own.certificate.write_bytes(own.certificate.read_bytes() + own.root.read_bytes())
    assert _read(own) == read


def _by_own_root(purposes: list[x509.ObjectIdentifier], *, key: ed25519.Ed25519PrivateKey, ca: bool = False) -> bytes:
    """Return a certificate for an Ed25519 key, and the root's behind it, as an organisation with a CA makes them."""
    above = ec.generate_private_key(ec.SECP384R1())

    def begun(cn: str, public: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> x509.CertificateBuilder:
        name, root = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (cn, "root"))
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(root).public_key(public)
        builder = (
            builder.serial_number(7).not_valid_before(_now() - timedelta(1)).not_valid_after(_now() + timedelta(9))
        )
        aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key())
        return builder.add_extension(aki, critical=False)

    usage = x509.KeyUsage(True, False, False, False, False, ca, False, False, False)
    leaf = begun("signer", key.public_key()).add_extension(usage, critical=True)
    leaf = leaf.add_extension(x509.BasicConstraints(ca, None), critical=True)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage(purposes), critical=False) if purposes else leaf
    root = begun("root", above.public_key()).add_extension(x509.BasicConstraints(True, None), critical=True)
    made = [each.sign(above, hashes.SHA256()) for each in (leaf, root)]
    return b"".join(each.public_bytes(forms.Encoding.PEM) for each in made)


def _ed25519(own: Identity, purposes: list[x509.ObjectIdentifier], *, ca: bool = False) -> Identity:
    key = ed25519.Ed25519PrivateKey.generate()
    own.certificate.write_bytes(_by_own_root(purposes, key=key, ca=ca))
    own.key.write_bytes(key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()))
    return own


def test_certificate_of_an_own_authority_signs_with_ed25519(own: Identity, tmp_path: Path) -> None:
    read = _read(_ed25519(own, [ExtendedKeyUsageOID.EMAIL_PROTECTION]))
    assert (read.algorithm, read.chain.count(b"BEGIN CERTIFICATE")) == ("ed25519", 1)
    plain, copy = picture(tmp_path / "plain.png"), tmp_path / "copy.png"
    C2paCredentials(read, "0.1.0").embed(plain, copy, "image/png", statement())
    root = tmp_path / "above.pem"
    root.write_bytes(own.certificate.read_bytes().partition(b"-----END CERTIFICATE-----\n")[2])
    assert is_intact(copy, root)


def _other_pair(own: Identity) -> None:
    own.certificate.write_bytes(make_certificate("Another City", 1, _now())[0])


def _mixed_chain(own: Identity) -> None:
    own.certificate.write_bytes(own.certificate.read_bytes() + make_certificate("Another City", 1, _now())[2])


def _encrypted(own: Identity) -> None:
    key = forms.load_pem_private_key(own.key.read_bytes(), None)
    secret = forms.BestAvailableEncryption(b"words")
    own.key.write_bytes(key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, secret))


_WRONG: dict[str, tuple[Callable[[Identity], object], str]] = {
    "pair": (_other_pair, "is not the key of"),
    "chain": (_mixed_chain, "do not sign each other"),
    "readable": (lambda own: own.key.chmod(0o640), "chmod 600"),
    "encrypted": (_encrypted, "holds no private key without a passphrase"),
    "no key": (lambda own: own.key.write_bytes(b"no key"), "holds no private key"),
    "gone": (lambda own: own.key.unlink(), "cannot read the key"),
    "no certificate": (lambda own: own.certificate.write_bytes(b"none"), "holds no certificate"),
    "huge": (lambda own: own.certificate.write_bytes(bytes(1 << 17)), "too large"),
    "no purpose": (lambda own: _ed25519(own, []), "is no certificate for signing content"),
    "web server": (lambda own: _ed25519(own, [ExtendedKeyUsageOID.SERVER_AUTH]), "is no certificate for signing"),
    "authority": (
        lambda own: _ed25519(own, [ExtendedKeyUsageOID.EMAIL_PROTECTION], ca=True),
        "is no certificate for signing",
    ),
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_what_cannot_sign_is_refused_in_one_line(own: Identity, wrong: str) -> None:
    spoil, message = _WRONG[wrong]
    spoil(own)
    with pytest.raises(KeyUnusable, match=message) as raised:
        _read(own)
    assert len(str(raised.value).splitlines()) == 1


def test_certificate_signs_only_while_it_is_valid(own: Identity) -> None:
    for now in (_now() - timedelta(days=1), _now() + timedelta(days=400)):
        with pytest.raises(KeyUnusable, match="is not valid now"):
            _read(own, now)


def test_new_identity_is_for_its_owner_alone_and_replaces_nothing(tmp_path: Path) -> None:
    make_identity(tmp_path / "id", "City  of Example", 2)
    made = Identity(tmp_path / "id" / "signer.pem", tmp_path / "id" / "signer.key", tmp_path / "id" / "root.pem")
    assert _read(made).algorithm == "es256"
    leaf = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    assert leaf.subject.rfc4514_string() == "CN=content credentials,O=City of Example"
    if os.name != "nt":
        assert [path.stat().st_mode & 0o777 for path in (made.key, made.certificate)] == [0o600, 0o644]
    with pytest.raises(OutputTaken):
        make_identity(tmp_path / "id", "City of Example", 2)
    for name, years in (("", 1), ("x" * 65, 1), ("a\x07b", 1), ("City", 0), ("City", 31)):
        with pytest.raises(UsageError):
            make_identity(tmp_path / "other", name, years)
    assert not (tmp_path / "other").exists()
