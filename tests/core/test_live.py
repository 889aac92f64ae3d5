"""Live sources and targets: how they are read, what is refused, and that passwords never show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.core.live import (
    CameraSource,
    Listening,
    LiveJob,
    Segments,
    Target,
    is_loopback,
    mask_url,
    parse_source,
    parse_target,
)
from unseen.core.live_address import mask_name
from unseen.core.recipe import Recipe
from unseen.errors import Refused, UsageError


@pytest.mark.parametrize(
    ("word", "name", "kind", "url"),
    [
        ("rtsp://10.0.0.2/stream", "camera1", "rtsp", "rtsp://10.0.0.2/stream"),
        ("door=rtsps://u:p@cam:322/x?a=b", "door", "rtsp", "rtsps://u:p@cam:322/x?a=b"),
        ("http://cam/mjpg?user=a&pwd=b", "camera1", "http", "http://cam/mjpg?user=a&pwd=b"),
        ("webcam:2", "camera1", "webcam", "/dev/video2"),
        ("desk=/dev/video0", "desk", "webcam", "/dev/video0"),
        ("street.mp4", "camera1", "file", "street.mp4"),
        ("yard=films/street=1.mp4", "yard", "file", "films/street=1.mp4"),
    ],
)
def test_source_is_read(word: str, name: str, kind: str, url: str) -> None:
    source = parse_source(word, 0)
    assert (source.name, source.kind, source.url) == (name, kind, url)


@pytest.mark.parametrize("word", ["ftp://cam/x", "rtsp://", "rtsp://cam:many/x", "http://[::1/x", "status=a.mp4"])
def test_source_that_cannot_be_read_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        parse_source(word, 0)


SECRET = "Zq7xSecret"


@pytest.mark.parametrize(
    "url",
    [
        f"rtsp://user:{SECRET}@cam/stream",
        f"rtsp://{SECRET}@cam:554/stream",
        f"http://cam/video?user=admin&password={SECRET}",
        f"http://user:{SECRET}@cam/video?token={SECRET}#{SECRET}",
        f"rtsp://user:a/{SECRET}@cam/stream",
        f"rtsp://user:a?{SECRET}@cam/stream",
        f"rtsp://user:a#{SECRET}@cam/stream",
        f"rtsp://user:[{SECRET}@cam/stream",
        f"rtsp://user:{SECRET}@cam:port/stream",
        f"rtsp://user:{SECRET}/stream",
        f"http://127.0.0.1:9/v?{SECRET}",
        f"rtsp://cam/user=admin&password={SECRET}&channel=1.sdp",
        f"rtsp://cam/user=admin&password=a/{SECRET}&channel=1.sdp",
        f"rtsp://cam/user%3Dadmin_password%3D{SECRET}",
        f"rtsp:/admin:{SECRET}@127.0.0.1/x",
        f"rtsp//admin:{SECRET}@127.0.0.1/x",
        f"rtsp:admin/{SECRET}",
        f" rtsp://cam/{SECRET}",
        f"gate:1=rtsp://admin:{SECRET}@127.0.0.1:9",
        f"admin:{SECRET}@127.0.0.1:9/x",
        f"10.0.0.2/user=admin&password={SECRET}&channel=1.sdp",
    ],
)
def test_password_never_shows(url: str) -> None:
    assert SECRET not in mask_url(url)
    assert SECRET not in repr(CameraSource("a", "rtsp", url)) + CameraSource("a", "rtsp", url).shown
    assert SECRET not in repr(Target("rtsp", url)) + Target("rtsp", url).shown
    assert SECRET not in _told(lambda: parse_source(url, 0)) + _told(lambda: parse_target(url))


def _told(parse: Callable[[], object]) -> str:
    try:
        return repr(parse())
    except UsageError as error:
        return str(error)


@given(st.text(min_size=1), st.text(min_size=6, alphabet=st.characters(categories=["L", "N"])))
def test_escaped_password_never_shows(user: str, password: str) -> None:
    shown = mask_url(f"rtsp://{quote(user, safe='')}:{password}@camera.example/one")
    assert shown == "rtsp://***@camera.example/one"


@given(st.text(min_size=6, alphabet=st.characters(exclude_characters="*", codec="utf-8")))
def test_whatever_the_password_holds_it_does_not_show(password: str) -> None:
    shown = mask_url(f"rtsp://user:{password}@c/one")
    assert password not in shown or password in "rtsp://***@c/one"


@pytest.mark.parametrize(
    "word",
    [
        "rtsp:/admin:pw@cam",
        "rtsp//u:pw@cam/x",
        "rtsp:cam/x",
        "http:/cam",
        "rtps:/cam",
        "admin:pw@cam",
        "a/password=b",
        "cam:80",
        "mjpeg:1.2.3.4:80",
    ],
)
def test_what_only_looks_like_an_address_is_neither_file_nor_folder(word: str) -> None:
    for parse in (parse_source, parse_target):
        with pytest.raises(UsageError, match="write ") as caught:
            parse(word, 0) if parse is parse_source else parse_target(word)
        assert word not in str(caught.value)


@pytest.mark.parametrize("name", ["gate.1", "", "-a", "north gate", "a" * 33])
@pytest.mark.parametrize("source", ["rtsp://admin:Zq7xSecret@cam", "webcam:0", "there.mp4"])
def test_camera_of_a_wrong_name_is_refused_by_its_name(name: str, source: str) -> None:
    with pytest.raises(UsageError, match=f"^{name}: a camera cannot be called so") as caught:
        parse_source(f"{name}={source}", 0, exists=lambda path: path == "there.mp4")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("path", ["at 12:30 me@home.mp4", "rtsp/a.mp4", "gate.1=a.mp4", "a=b.mp4", "pwd=1/password=2"])
def test_file_with_the_signs_of_an_address_is_read_if_it_is_there(path: str) -> None:
    source = parse_source(path, 0, exists=lambda asked: asked == path)
    assert (source.name, source.kind, source.url) == ("camera1", "file", path)
    named = parse_source(f"door={path}", 0, exists=lambda asked: asked == path)
    assert (named.name, named.kind, named.url) == ("door", "file", path)


def test_folder_with_the_signs_of_an_address_has_to_be_there() -> None:
    assert parse_target("./at 12:30 me@home", exists=lambda _: True).kind == "segments"
    with pytest.raises(UsageError):
        parse_target("./at 12:30 me@home", exists=lambda _: False)
    with pytest.raises(UsageError):
        parse_target("rtsp//u:pw@cam", exists=lambda _: True)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("films/street.mp4", "street.mp4"),
        (f"{SECRET}@cam/x.mp4", "***@x.mp4"),
        (f"cam/user={SECRET}", "user=***"),
        (f"cam/x?{SECRET}", "x"),
        (f"rtsp:/u:{SECRET}@cam", "***"),
    ],
)
def test_file_that_is_not_there_may_be_an_address(path: str, shown: str) -> None:
    assert mask_name(path) == shown


def test_address_without_secrets_is_shown_as_it_is() -> None:
    assert mask_url("rtsp://camera:8554/one") == "rtsp://camera:8554/one"
    assert mask_url("films/street.mp4") == "films/street.mp4"


@pytest.mark.parametrize(
    ("word", "kind", "host", "port", "tls"),
    [
        ("http://127.0.0.1:8080", "http", "127.0.0.1", 8080, False),
        ("http://[::1]:0/", "http", "::1", 0, False),
        ("https://0.0.0.0", "http", "0.0.0.0", 443, True),
        ("rtsp://server/live", "rtsp", "", 0, False),
        ("recordings", "segments", "", 0, False),
    ],
)
def test_target_is_read(word: str, kind: str, host: str, port: int, tls: bool) -> None:
    target = parse_target(word)
    assert (target.kind, target.host, target.port, target.tls) == (kind, host, port, tls)


@pytest.mark.parametrize("word", ["ftp://a", "http://u:p@127.0.0.1:1", "http://127.0.0.1/x", "http://127.0.0.1:99999"])
def test_target_that_cannot_be_read_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        parse_target(word)


def test_several_cameras_need_addresses_of_their_own() -> None:
    with pytest.raises(UsageError, match="camera"):
        parse_target("rtsp://server/live", cameras=2)
    assert parse_target("rtsp://server/{camera}", cameras=2).for_camera("door") == "rtsp://server/door"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "example.com", "localhost.example.com", ""])
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("address", "token"), [("http://0.0.0.0:1", None), ("http://0.0.0.0:1", "t" * 16), ("https://192.168.0.1:1", None)]
)
def test_listening_beyond_this_machine_needs_tls_and_token(address: str, token: str | None) -> None:
    with pytest.raises(Refused, match="TLS and a token"):
        Listening(Path("c"), Path("k"), token).check(parse_target(address))


def test_protected_or_local_listening_is_allowed() -> None:
    Listening(Path("c"), Path("k"), "t" * 16).check(parse_target("https://0.0.0.0:1"))
    Listening().check(parse_target("http://127.0.0.1:1"))


def test_https_needs_a_certificate() -> None:
    with pytest.raises(UsageError, match="--tls-cert"):
        Listening(token="t" * 16).check(parse_target("https://127.0.0.1:1"))


def _job(**changes: object) -> LiveJob:
    values: dict[str, object] = {
        "sources": (parse_source("a.mp4", 0),),
        "targets": (parse_target("out"),),
        "recipe": Recipe(recall="fast", verify="skip"),
    }
    return LiveJob(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"look_ahead": 0.0},
        {"look_ahead": float("nan")},
        {"looks": 0.0},
        {"side": 10},
        {"stop_after": 0.0},
        {"sources": ()},
        {"targets": ()},
        {"sources": (parse_source("a=x.mp4", 0), parse_source("a=y.mp4", 1))},
    ],
)
def test_job_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        _job(**changes)


def test_job_refuses_to_listen_unprotected() -> None:
    with pytest.raises(Refused):
        _job(targets=(parse_target("http://0.0.0.0:80"),))


@pytest.mark.parametrize("values", [{"seconds": 0.5}, {"keep_seconds": 0.0}, {"keep_bytes": -1}])
def test_segments_that_make_no_sense_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Segments(**values)  # type: ignore[arg-type]


def test_token_does_not_show() -> None:
    assert SECRET not in repr(Listening(token=SECRET)) + repr(_job(listening=Listening(token=SECRET)))
