"""Pushing to media servers that hang: nobody else waits for them, and it is told."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from unseen.adapters.live import rtsp_push as live_rtsp_push
from unseen.core.live import StreamHead, Unit

_HEAD = StreamHead(64, 48, Fraction(25), "avc1.64000a", b"init")

# Runs in a process of its own, which can be ended from outside whatever it waits for.
_PUSH = """
import sys, threading, time
from tests.adapters.live.test_rtsp_push import picture
from unseen.adapters.live.rtsp_push import RtspPush

longest, last = 0.0, time.monotonic()
def tick():
    global longest, last
    while True:
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        time.sleep(0.02)
threading.Thread(target=tick, daemon=True).start()
try:
    RtspPush(sys.argv[1], *sys.argv[2:]).write(picture())
    print("it was taken", longest < 2.0, sep="|")
except OSError as error:
    time.sleep(0.1)
    print(error.strerror, longest < 2.0, sep="|")
"""

# Takes whoever pushes, reads no more than that, and keeps the connection.
_SERVER = """
import re, socket, ssl, sys, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
kept = []
while True:
    connection, _ = server.accept()
    if sys.argv[1:]:
        # One certificate and key a connection, the last for all that come then.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[1].split(","))
        del sys.argv[1:2 if sys.argv[2:] else 1]
        try:
            connection = context.wrap_socket(connection, server_side=True)
        except OSError:
            continue
    kept.append(connection)
    heard, word = b"", ""
    while word != "RECORD":
        while b"\\r\\n\\r\\n" not in heard and (data := connection.recv(4096)):
            heard += data
        if b"\\r\\n\\r\\n" not in heard:
            break
        head, _, heard = heard.partition(b"\\r\\n\\r\\n")
        text = head.decode()
        length = re.search(r"Content-Length: *(\\d+)", text)
        while len(heard) < (int(length[1]) if length else 0):
            heard += connection.recv(4096)
        heard = heard[int(length[1]) if length else 0:]
        word = text.split()[0]
        answer = ["RTSP/1.0 200 OK", "CSeq: " + re.search(r"CSeq: *(\\d+)", text)[1], "Session: 1"]
        answer += re.findall(r"Transport: [^\\r]*", text)
        connection.sendall("\\r\\n".join([*answer, "", ""]).encode())
"""


def picture(size: int = 100, number: int = 0) -> Unit:
    """Return a key picture of so many bytes, which is none."""
    return Unit("h264", b"\0\0\0\1\x65" + b"\x55" * size, number / 25, True, _HEAD)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for localhost that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    folder.mkdir()
    made = folder / "certificate.pem", folder / "key.pem"
    made[0].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made[1].write_bytes(key.private_bytes(*form))
    return made


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key, as PEM files."""
    return _certificate(tmp_path_factory.mktemp("tls") / "own")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Another one for the same name."""
    return _certificate(tmp_path_factory.mktemp("tls") / "other")


def _pushed(host: str, trusted: Path, *shown: tuple[Path, Path]) -> str:
    """Push a picture to a server that shows one certificate after another; return what came of it."""
    words = [f"{certificate},{key}" for certificate, key in shown]
    with subprocess.Popen([sys.executable, "-c", _SERVER, *words], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = f"rtsps://user:secret@{host}:{int(server.stdout.readline())}/push"
            push = [sys.executable, "-c", _PUSH, url, str(trusted)]
            return subprocess.run(push, timeout=60, capture_output=True, text=True, check=True).stdout
        finally:
            server.kill()


def test_media_server_whose_certificate_is_trusted_gets_pictures(certificate: tuple[Path, Path]) -> None:
    assert _pushed("localhost", certificate[0], certificate).startswith("it was taken|")


def test_media_server_whose_certificate_is_not_trusted_gets_nothing(
    certificate: tuple[Path, Path], other: tuple[Path, Path]
) -> None:
    assert _pushed("localhost", other[0], certificate).startswith("its certificate is not trusted; name the one")
    assert "certificate is not valid for '127.0.0.1'" in _pushed("127.0.0.1", certificate[0], certificate)


def test_media_server_that_changes_its_certificate_after_it_was_asked_gets_nothing(
    certificate: tuple[Path, Path], other: tuple[Path, Path]
) -> None:
    assert "taken" not in _pushed("localhost", certificate[0], certificate, other)


def test_without_certificates_of_authorities_nothing_is_pushed_by_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        push = live_rtsp_push.RtspPush(f"rtsps://127.0.0.1:{server.getsockname()[1]}/push")
        with pytest.raises(FileNotFoundError, match="SSL_CERT_FILE"):
            push.write(picture())


def test_certificates_of_the_system_are_found_unless_others_are_named(
    certificate: tuple[Path, Path], other: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [str(tmp_path / "none.pem"), str(tmp_path), str(other[0]), str(certificate[0])]
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert live_rtsp_push.authorities(places) == str(certificate[0])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))  # OpenSSL knows of none then
    assert live_rtsp_push.authorities(places) == str(other[0])
    assert live_rtsp_push.authorities(places[:2]) is None


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps"])
def test_server_that_does_not_answer_holds_up_nobody(scheme: str, certificate: tuple[Path, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"{scheme}://user:secret@127.0.0.1:{server.getsockname()[1]}/push"
        done = subprocess.run(
            [sys.executable, "-c", _PUSH, url, str(certificate[0])],
            timeout=60,
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.strip() == "it does not answer|True"


@pytest.mark.parametrize(
    ("said", "reason"),
    [([b"RT", b"SP/1.0 401 Unauthorized\r\n"], None), ([b"HTTP/1.1 400 No\r\n"], "speak RTSP"), ([], "closes")],
)
def test_any_answer_by_rtsp_will_do_and_no_password_is_sent(said: list[bytes], reason: str | None) -> None:
    heard: list[bytes] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            heard.append(connection.recv(4096))
            for part in said:
                connection.sendall(part)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        url = f"rtsp://user:secret@127.0.0.1:{server.getsockname()[1]}/push?token=secret"
        if reason is None:
            live_rtsp_push._ask(url)
        else:
            with pytest.raises(OSError, match=reason):
                live_rtsp_push._ask(url)
        thread.join(30)
    assert heard[0].startswith(b"OPTIONS rtsp://127.0.0.1:")
    assert b"secret" not in heard[0]


def _push_on(push: live_rtsp_push.RtspPush) -> None:
    for number in range(30_000):
        push.write(picture(1000, number))


def test_server_that_stops_reading_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_rtsp_push, "_PATIENCE", 1.0)
    with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            push = live_rtsp_push.RtspPush(f"rtsp://127.0.0.1:{int(server.stdout.readline())}/push")
            # Buffers on the way take some megabytes.
            with pytest.raises(TimeoutError, match="stopped reading"):
                _push_on(push)
            push.close()
        finally:
            server.kill()
