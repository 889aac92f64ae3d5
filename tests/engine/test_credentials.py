"""`unseen redact --credentials`: what is released says what was done, offline, and nothing of what it was made from."""

from __future__ import annotations

import json
import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.credential_scenes import Identity, by_others, flipped, identity, is_intact, media_of
from tests.engine.engine_fakes import FACE, Command, make_photo, shows_face
from tests.engine.film_scenes import film, film_engine
from tests.engine.governed import CITY, found_city, remembered
from unseen.adapters.credentials_c2pa import C2paCredentials, read_credentials
from unseen.cli.main import main
from unseen.engine.governance import ledger_of
from unseen.engine.ledger import open_ledger
from unseen.errors import UsageError
from unseen.verify.credentials import form_findings, told

NAME = "anna-meier"


@pytest.fixture
def own(tmp_path: Path) -> Identity:
    return identity(tmp_path / "id")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every attempt to reach a network an error; what is not Python's own is told by `strace` alone."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a network was asked for")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def _with_past(path: Path, own: Identity) -> bytes:
    """Write a photo that has a name, EXIF with a thumbnail, and credentials of a camera with another one."""
    make_photo(path)
    with Image.open(path) as image:
        thumbnail = image.resize((48, 32)).convert("RGB")
        exif = image.getexif()
        exif[0x9286] = f"by {NAME}"
        image.save(path, exif=exif, quality=95)
    path.write_bytes(by_others(path, f"{NAME}.jpg", own.key.parent))
    return thumbnail.tobytes()


def test_photos_and_videos_are_released_signed_with_nothing_of_the_original(
    unseen: Command, tmp_path: Path, own: Identity, key: Path, offline: None
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "a").mkdir(parents=True)
    _with_past(source / f"{NAME}.jpg", own)
    for name in ("b.png", "c.webp", "d.avif", "e.heic", "a/f.gif"):
        if name.endswith("heic"):
            make_photo(source / "e.png").rename(source / "e.tmp")
            with Image.open(source / "e.tmp") as image:
                image.load()
            import pillow_heif

            pillow_heif.from_pillow(image).save(source / name, quality=100, chroma=444)
            (source / "e.tmp").unlink()
        else:
            make_photo(source / name)
    film(source / "g.mp4")
    words = (source, "-o", out, "--key", key, "--jobs", "1", *own.options)
    done = unseen(*words, engine=film_engine())
    assert done.code == 0, done.err
    assert set(done.files) == {f"{NAME}.jpg", "b.png", "c.webp", "d.avif", "e.heic", "a/f.gif", "g.mp4"}
    for name, receipt in done.files.items():
        written = out / name
        assert is_intact(written, own.root), name
        said = told(written)
        assert said is not None
        assert receipt["credentials"]["manifest"] == said.manifest, name
        assert said.redaction["policy"] == done.report["policy_sha256"]
        assert said.redaction["recipe"] == done.report["recipe"]["sha256"]
        assert said.redaction["models"] == {each["name"]: each["sha256"] for each in done.report["models"]}
        assert said.redaction["verdict"]["outcome"] == receipt["verdict"]["outcome"]
        assert "ledger" not in said.redaction
        assert NAME.encode() not in written.read_bytes()
        manifest = read_credentials(written, media_of(written))
        assert manifest is not None
        assert {"title", "thumbnail", "ingredients"} & manifest.manifest.keys() == {"ingredients"}
        assert manifest.manifest["ingredients"] == [{"relationship": "parentOf", "label": "c2pa.ingredient.v3"}]
        assert "changes" in said.actions[-1], name
    assert not shows_face(out / f"{NAME}.jpg")
    assert list((out / ".unseen" / "staging").glob("*")) == [] if (out / ".unseen" / "staging").exists() else True
    again = unseen(*words, engine=film_engine())
    assert {each["status"] for each in again.files.values()} == {"resumed"}


def test_places_are_told_in_tenths_and_say_no_more_than_the_picture(
    unseen: Command, tmp_path: Path, own: Identity
) -> None:
    make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / "b.png", face=False)
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--jobs", "1", *own.options)
    assert done.code == 0, done.err
    found, none = (told(tmp_path / "out" / name) for name in ("a.png", "b.png"))
    assert found is not None
    assert none is not None
    assert none.actions[-1] == {"action": "c2pa.edited"}
    (change,) = found.actions[-1]["changes"]
    shape = change["region"][0]["shape"]
    x, y, right, bottom = (v / side * 100 for v, side in zip(FACE, (96, 64, 96, 64), strict=True))
    assert shape["origin"]["x"] <= x
    assert right <= shape["origin"]["x"] + shape["width"] < right + 20
    assert shape["origin"]["y"] <= y
    assert bottom <= shape["origin"]["y"] + shape["height"] < bottom + 20


def test_video_tells_times_in_whole_seconds(unseen: Command, tmp_path: Path, own: Identity) -> None:
    source = film(tmp_path / "in" / "a.mov")
    done = unseen(source, "-o", tmp_path / "out", *own.options, "--preview", engine=film_engine())
    assert done.code == 0, done.err
    said = told(tmp_path / "out" / "a.mov")
    assert said is not None
    times = [each["time"] for change in said.actions[-1]["changes"] for each in change["region"] if "time" in each]
    assert times
    assert all(time["start"].isdigit() and time["end"].isdigit() and time["type"] == "npt" for time in times)
    assert form_findings(tmp_path / "out" / "a.mov") == ()


def test_credentials_decide_whether_a_file_is_done_again(
    unseen: Command, tmp_path: Path, own: Identity, key: Path
) -> None:
    make_photo(tmp_path / "in" / "a.jpg")
    words = (tmp_path / "in", "-o", tmp_path / "out", "--key", key, "--jobs", "1")
    other = identity(tmp_path / "other", "Another City")
    runs = [(), own.options, own.options, other.options, (), ()]
    states = [unseen(*words, *options).status("a.jpg") for options in runs]
    assert states == ["released", "released", "resumed", "released", "released", "resumed"]
    assert "credentials" not in json.loads((tmp_path / "report.json").read_text("utf-8"))["files"][0]


def test_what_cannot_carry_credentials_is_not_released(unseen: Command, tmp_path: Path, own: Identity) -> None:
    for name in ("a.bmp", "b.tif", "c.png"):
        make_photo(tmp_path / "in" / name)
    film(tmp_path / "in" / "d.mkv")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--jobs", "1", *own.options)
    assert (done.code, done.status("c.png")) == (1, "released")
    assert sorted(path.name for path in (tmp_path / "out").glob("*.*") if path.is_file()) == ["c.png"]
    assert "a.bmp: a file of kind bmp cannot have content credentials; say --format png" in done.err
    assert "d.mkv: a file of kind mkv cannot have content credentials; make it an mp4 first" in done.err
    converted = unseen(tmp_path / "in" / "a.bmp", "-o", tmp_path / "out2", "--format", "png", *own.options)
    assert converted.code == 0, converted.err


def test_wrong_identity_is_refused_before_anything_is_read_or_written(
    unseen: Command, tmp_path: Path, own: Identity
) -> None:
    make_photo(tmp_path / "in" / "a.jpg")
    other = identity(tmp_path / "other", "Another City")
    words = (tmp_path / "in", "-o", tmp_path / "out")
    wrong = [
        (("--credentials", own.certificate, "--credentials-key", other.key), "is not the key of"),
        (("--credentials", own.certificate), "belong together"),
        (("--credentials-key", own.key), "belong together"),
    ]
    for options, message in wrong:
        done = unseen(*words, *options)
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        assert message in done.err
    own.key.chmod(0o644)
    assert "chmod 600" in unseen(*words, *own.options).err
    assert not (tmp_path / "out").exists()


def test_missing_package_and_planted_library_are_told_in_one_line(
    unseen: Command, tmp_path: Path, own: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unseen.adapters import credentials_c2pa
    from unseen.engine import needs

    make_photo(tmp_path / "in" / "a.jpg")
    words = (tmp_path / "in", "-o", tmp_path / "out", *own.options)
    monkeypatch.setattr(needs, "find_spec", lambda name: None)
    done = unseen(*words)
    assert (done.code, done.err) == (
        2, 'unseen: error: content credentials need c2pa-python: pip install "unseen[govern]"\n',
    )  # fmt: skip
    monkeypatch.undo()
    credentials_c2pa._library.cache_clear()
    monkeypatch.chdir(tmp_path)
    (tmp_path / credentials_c2pa._LIBRARIES.get(sys.platform, "x")).write_bytes(b"planted")
    with pytest.raises(UsageError, match="which would be run"):
        read_credentials(tmp_path / "in" / "a.jpg", "image/jpeg")


def test_file_that_came_out_otherwise_than_verified_is_not_released(
    unseen: Command, tmp_path: Path, own: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the library changed a pixel, put something in, or said another thing."""
    make_photo(tmp_path / "in" / "a.png")
    words = (tmp_path / "in", "-o", tmp_path / "out", "--jobs", "1", *own.options)
    monkeypatch.setattr("unseen.engine.credentials.told", lambda path: None)
    done = unseen(*words)
    assert (done.code, "do not say what was meant" in done.err) == (1, True)
    monkeypatch.setattr("unseen.engine.credentials.told", told)

    embed = C2paCredentials.embed

    def touched(self: C2paCredentials, source: Path, target: Path, media_type: str, statement: Any) -> None:
        embed(self, source, target, media_type, statement)
        target.write_bytes(flipped(target.read_bytes(), target.stat().st_size - 30))

    monkeypatch.setattr(C2paCredentials, "embed", touched)
    done = unseen(*words)
    assert (done.code, done.status("a.png")) == (1, "failed")
    assert "with content credentials the output holds other bytes than before" in done.err
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file() and path.suffix == ".png"] == []


def test_policy_requires_credentials_and_they_name_the_ledger(unseen: Command, tmp_path: Path, own: Identity) -> None:
    city = tmp_path / "city"
    found_city(city, CITY.replace("  refuse_unsafe: true", "  refuse_unsafe: true\n  require_credentials: true"))
    make_photo(city / "street" / "a.png")
    words = (city / "street", "-o", tmp_path / "out", "--classes", "face", "--purpose", "research", "--actor", "olga")
    refused = unseen(*words)
    assert (refused.code, "policy requires content credentials; name --credentials" in refused.err) == (3, True)
    done = unseen(*words, *own.options)
    assert done.code == 0, done.err
    said = told(tmp_path / "out" / "a.png")
    assert said is not None
    with closing(open_ledger(ledger_of(city))) as ledger:
        head = ledger.head()
    assert said.redaction["ledger"]["origin"] == head.origin
    assert 0 < said.redaction["ledger"]["size"] <= head.size == len(remembered(city))
    floor = tmp_path / "policy.toml"
    floor.write_text("require_credentials = true\n")
    make_photo(tmp_path / "in" / "b.png")
    assert unseen(tmp_path / "in", "-o", tmp_path / "out3", "--policy", floor).code == 3


def test_credentials_are_checked_and_shown_on_the_command_line(
    unseen: Command, tmp_path: Path, own: Identity, capsys: pytest.CaptureFixture[str], offline: None
) -> None:
    make_photo(tmp_path / "in" / "a.png")
    make_photo(tmp_path / "in" / "b.jpg")
    assert unseen(tmp_path / "in", "-o", tmp_path / "out", "--jobs", "1", *own.options).code == 0
    a, b = tmp_path / "out" / "a.png", tmp_path / "out" / "b.jpg"
    capsys.readouterr()
    assert main(["credentials", "check", str(a), str(b), "--root", str(own.root)]) == 0
    told_ = capsys.readouterr().out
    assert told_.startswith(
        "a.png: as it was signed by City of Example, whom the root vouches for\n  hidden where found: "
    )
    stranger = identity(tmp_path / "other", "Another City")
    assert main(["credentials", "check", str(a)]) == 0
    assert "by City of Example, whose certificate nobody vouched for; name --root\n" in capsys.readouterr().out
    assert main(["credentials", "check", str(a), "--root", str(stranger.root)]) == 1
    assert "does NOT know" in capsys.readouterr().out
    a.write_bytes(flipped(a.read_bytes(), a.stat().st_size - 30))
    b.write_bytes(b.read_bytes()[: b.stat().st_size // 2])
    assert (
        main(["credentials", "check", str(a), str(b), str(tmp_path / "in" / "a.png"), str(tmp_path / "gone.png")]) == 1
    )
    printed = capsys.readouterr()
    assert "a.png: NOT as it was signed by City of Example: assertion.dataHash.mismatch" in printed.out
    assert len(printed.err.splitlines()) == 3
    assert "has no content credentials" in printed.err
    assert main(["credentials", "show", str(b)]) in (0, 1)
    assert main(["credentials", "make-certificate", "--name", "Our City", "-o", str(tmp_path / "new")]) == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["root.pem", "signer.key", "signer.pem"]
