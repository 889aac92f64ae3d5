"""C2PA's library is kept off every network: a remote manifest and a certificate's OCSP responder are not asked for."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from tests.credential_scenes import identity, is_intact, picture, statement
from unseen.adapters.certificates import read_signatory
from unseen.adapters.credentials_c2pa import C2paCredentials, read_credentials
from unseen.errors import DamagedInput, OutputFailed, UnreadableInput, UnsupportedInput

ACTIONS = {"actions": [{"action": "c2pa.created", "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty"}]}


class Asked(HTTPServer):
    """A server that notes what it is asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Asked

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.send_error(404)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[Asked]:
    with Asked() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_remote_manifest_is_not_fetched(server: Asked, tmp_path: Path) -> None:
    who, out = identity(tmp_path / "id").signatory, io.BytesIO()
    manifest = json.dumps({"assertions": [{"label": "c2pa.actions", "data": ACTIONS}]})
    with (
        c2pa.Context.from_dict({"version": 1}) as context,
        c2pa.Signer.from_info(c2pa.C2paSignerInfo(who.algorithm, who.chain, who.key, None)) as signer,
        c2pa.Builder(manifest, context) as builder,
    ):
        builder.set_no_embed()
        builder.set_remote_url(f"{server.url}/manifest.c2pa")
        builder.sign(signer, "image/jpeg", io.BytesIO(picture(tmp_path / "a.jpg").read_bytes()), out)
    path = tmp_path / "remote.jpg"
    path.write_bytes(out.getvalue())
    with pytest.raises(DamagedInput, match="cannot be read"):
        read_credentials(path, "image/jpeg")
    assert server.paths == []
    # The library's defaults would: this test can fail.
    with pytest.raises(c2pa.C2paError), path.open("rb") as file:
        c2pa.Reader("image/jpeg", file)
    assert server.paths == ["/manifest.c2pa"]


def test_responder_of_a_certificate_is_not_asked(server: Asked, tmp_path: Path) -> None:
    now, above, key = (
        datetime.now(UTC),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("signer", "root")]

    def begun(name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(name).issuer_name(names[1]).public_key(public).serial_number(5)
        made = made.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(9))
        return made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), False)

    asked = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(server.url))
    leaf = begun(names[0], key.public_key()).add_extension(x509.AuthorityInformationAccess([asked]), False)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    leaf = leaf.add_extension(x509.KeyUsage(True, *[False] * 8), True)
    root = begun(names[1], above.public_key()).add_extension(x509.BasicConstraints(True, 0), True)
    files = [tmp_path / name for name in ("signer.pem", "root.pem", "signer.key")]
    for path, each in zip(files, (leaf, root), strict=False):
        path.write_bytes(each.sign(above, hashes.SHA256()).public_bytes(forms.Encoding.PEM))
    files[2].write_bytes(key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()))
    files[2].chmod(0o600)
    writer = C2paCredentials(read_signatory(files[0], files[2], now), "0.1.0")
    plain, copy = picture(tmp_path / "a.png"), tmp_path / "b.png"
    writer.embed(plain, copy, "image/png", statement())
    assert is_intact(copy, files[1])
    assert server.paths == []


def test_what_is_no_file_with_credentials_is_told_by_kind_alone(tmp_path: Path) -> None:
    plain = picture(tmp_path / "a.jpg")
    assert read_credentials(plain, "image/jpeg") is None
    with pytest.raises(UnreadableInput):
        read_credentials(tmp_path / "gone.jpg", "image/jpeg")
    text = tmp_path / "secret words.png"
    text.write_bytes(b"what the file holds" * 30)
    with pytest.raises((DamagedInput, UnsupportedInput)) as raised:
        read_credentials(text, "image/png")
    assert "what the file holds" not in str(raised.value)
    writer = C2paCredentials(identity(tmp_path / "id").signatory, "0.1.0")
    with pytest.raises(OutputFailed, match="cannot be written") as failed:
        writer.embed(text, tmp_path / "out.png", "image/png", statement())
    assert "what the file holds" not in str(failed.value)
    assert not (tmp_path / "out.png").exists()
