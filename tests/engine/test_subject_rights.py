"""A person asks: what is there of me, give it to me, use it no more, erase it."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.vault_scenes import SOURCES, begin, keep
from tests.engine.crowd import PLACES, SquaresDetector, crowd_tools, make_crowd, shows
from tests.engine.cut_short import CutShort, EndingLedger
from tests.engine.engine_fakes import BlindDetector, FakeStore, GhostDetector, fake_tools
from tests.engine.governed import CITY, DAY, Clock, agree, govern, remembered
from unseen.core.access import Ask
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.engine import subject_access
from unseen.engine.certificates import check_certificate
from unseen.engine.governance import Governance, label_path, ledger_of, write_label
from unseen.engine.holds import lift_hold, set_hold
from unseen.engine.labelling import label_of, made, tighten
from unseen.engine.retention import apply_retention, plan_retention
from unseen.engine.subject_access import Pointer, access
from unseen.engine.subject_erase import Erased, erase
from unseen.engine.subjects import dossier, find, lift_restriction, restrict
from unseen.engine.vault import VaultPlaces, make_vault, open_vault
from unseen.engine.vault_gate import gated, named
from unseen.engine.work import Setup, Tools
from unseen.errors import Denied, LedgerBroken, OutputTaken, UsageError

MIA, NOAH = "Mia Example", "Noah Example"
FAKES: dict[str, Any] = {"store": FakeStore(), "make_tools": crowd_tools}


def _box(person: str) -> Box:
    return Box(*map(float, PLACES[person]))


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Governance]:
    """A city with a photo of Mia alone, one of Mia and Noah, one of Noah, and a model made of the first two."""
    with govern(tmp_path / "city", Clock()) as governance:
        _people(governance)
        yield governance


def _people(city: Governance) -> None:
    folder = city.root / "archive"
    alone, shared, other = (folder / f"{name}.png" for name in ("alone", "shared", "other"))
    make_crowd(alone, "mia", seed=1)
    make_crowd(shared, "mia", "noah", seed=2)
    make_crowd(other, "noah", seed=3)
    for path, people in ((alone, [MIA]), (shared, [MIA, NOAH]), (other, [NOAH])):
        tighten(city, path, "dora", subjects=people)
    model = city.root / "model.onnx"
    model.write_bytes(b"weights")
    made(city, model, [alone, shared], "model", made_by="train")
    agree(city, MIA, "care")


def _erase(city: Governance, out: Path, **more: Any) -> Erased:
    return erase(city, MIA, "dora", out, **{**FAKES, **more})


# Find, restrict.


def test_what_there_is_of_a_person_is_found_by_name_and_by_keyed_identifier(city: Governance) -> None:
    found = find(city, "  mia EXAMPLE ", "dora")
    assert sorted(e.known.kind for e in found.entries) == ["model", "photo", "photo"]
    assert {p.name for e in found.entries for p in e.files} == {"alone.png", "shared.png", "model.onnx"}
    assert find(city, city.subject(MIA), "dora").entries == found.entries
    for actor in ("olga", "anton", "ada", "nobody"):
        with pytest.raises(Denied, match="may not answer requests"):
            find(city, MIA, actor)
    with pytest.raises(UsageError, match="name the person"):
        find(city, " ", "dora")
    assert MIA.encode() not in b"".join(p.read_bytes() for p in (city.root / ".unseen").iterdir() if p.is_file())


def test_a_restriction_stops_every_use_at_the_next_decision_until_it_is_lifted(city: Governance) -> None:
    shared, other = (city.item(city.root / "archive" / n) for n in ("shared.png", "other.png"))
    ask = Ask("redact", "research.road-safety", "olga", shared, "photo")
    again = Ask("redact", "research.road-safety", "olga", city.item(city.root / "model.onnx"), "photo")
    assert city.gate.decide(ask).allowed
    assert city.gate.decide(again).allowed
    restrict(city, MIA, "dora", "the data is disputed")
    for each in (ask, again):
        assert [reason.code for reason in city.gate.decide(each).reasons] == ["restricted"]
        with pytest.raises(Denied, match="a person in it has had processing restricted"):
            city.gate.admit(each)
    assert city.gate.decide(Ask("redact", "research.road-safety", "olga", other, "photo")).allowed
    lift_restriction(city, MIA, "dora", "settled")
    assert city.gate.decide(ask).allowed
    assert not any("disputed" in str(event.details) for event in remembered(city.root))
    kinds = [event.kind for event in remembered(city.root)]
    assert [k for k in kinds if "restricted" in k or k == "access.denied"] == [
        "subject.restricted", "access.denied", "access.denied", "subject.unrestricted",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="nothing restricts"):
        lift_restriction(city, MIA, "dora", "again")
    restrict(city, MIA, "dora", "again")
    city.records._rows("UPDATE restriction SET body = '{}'")
    assert [reason.code for reason in city.gate.decide(ask).reasons] == ["tampered"]


def test_a_label_said_anew_takes_nobody_out_and_brings_nothing_back(city: Governance, tmp_path: Path) -> None:
    alone, other = (city.root / "archive" / f"{n}.png" for n in ("alone", "other"))
    data, ask = alone.read_bytes(), Ask("redact", "research.road-safety", "olga", city.item(alone), "photo")
    restrict(city, MIA, "dora", "disputed")
    said = made(city, alone, [other], "photo", made_by="hand")
    assert said.subjects == {city.subject(MIA), city.subject(NOAH)}
    assert [reason.code for reason in city.gate.decide(ask).reasons] == ["restricted"]
    lift_restriction(city, MIA, "dora", "settled")
    _erase(city, tmp_path / "c.json", delete_shared=True)
    alone.write_bytes(data)
    with pytest.raises(Denied, match="was deleted under the policy"):
        made(city, alone, [other], "photo", made_by="hand")
    assert not city.gate.decide(ask).allowed


def test_a_restriction_holds_in_the_modes_that_only_tell(tmp_path: Path) -> None:
    with govern(tmp_path / "lax", text=f"mode: observe\n{CITY}") as city:
        photo = make_crowd(city.root / "archive" / "a.png", "mia")
        tighten(city, photo, "dora", subjects=[MIA])
        restrict(city, MIA, "dora", "disputed")
        assert not city.gate.decide(Ask("redact", "research.road-safety", "olga", city.item(photo), "photo")).allowed


# Access.


def test_the_package_shows_the_person_where_somebody_said_so_and_nobody_else(city: Governance, tmp_path: Path) -> None:
    shared, alone = (city.root / "archive" / n for n in ("shared.png", "alone.png"))
    with pytest.raises(Denied):
        city.gate.admit(Ask("redact", "research.road-safety", "viktor", city.item(shared), "photo"))
    pointer = Pointer({shared.resolve(): _box("mia")})
    given = access(city, MIA, "dora", tmp_path / "mia.zip", pointer, **FAKES)
    assert (given.items, given.pictures, given.shown, given.problems) == (3, 2, 1, [])
    with zipfile.ZipFile(tmp_path / "mia.zip") as package:
        names = set(package.namelist())
        pictures = {name: shows(io.BytesIO(package.read(name))) for name in names if name.startswith("media/")}
        data, page = json.loads(package.read("data.json")), package.read("index.html").decode()
    assert names == {"data.json", "index.html", "media/0001.png", "media/0002.png"}
    by_item = {each["item"]: each for each in data["items"]}
    assert pictures[by_item[city.item(shared)]["file"]] == {"mia"}
    assert pictures[by_item[city.item(alone)]["file"]] == set(), "nobody said where she is: she is hidden, too"
    assert by_item[city.item(city.root / "model.onnx")]["absent"] == "it is no picture"
    assert [(c["purpose"], c["status"]) for c in data["consents"]] == [("care", "given")]
    assert [d["reasons"] for d in data["decisions"] if d["kind"] == "access.denied"] == [["role"]]
    noah = city.subject(NOAH)
    assert noah not in json.dumps(data)
    assert noah not in page
    assert all(word in page for word in ("privacy@city.example", "care", "access.denied", "media/0001.png"))
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert (tmp_path / "mia.zip").stat().st_mode & 0o077 == 0
    assert remembered(city.root)[-1].kind == "subject.access"
    with pytest.raises(OutputTaken):
        access(city, MIA, "dora", tmp_path / "mia.zip", pointer, **FAKES)
    with pytest.raises(Denied):
        access(city, MIA, "olga", tmp_path / "other", pointer, **FAKES)
    with pytest.raises(UsageError, match="lies in the policy's folder"):
        access(city, MIA, "dora", city.root / "mia", pointer, **FAKES)
    with pytest.raises(UsageError, match="no file of this person"):
        access(city, MIA, "dora", tmp_path / "x", Pointer({city.root / "archive" / "other.png": _box("noah")}), **FAKES)


def test_a_file_that_is_written_again_while_it_is_packed_shows_nobody_else(
    city: Governance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, shared = (city.root / "archive" / n for n in ("alone.png", "shared.png"))
    found = dossier(city, city.subject(MIA), (), None)
    make_crowd(alone, "noah", seed=9)
    monkeypatch.setattr(subject_access, "dossier", lambda *_: found)
    pointer = Pointer({alone.resolve(): Box(0, 0, 340, 240), shared.resolve(): _box("mia")})
    given = access(city, MIA, "dora", tmp_path / "mia", pointer, **FAKES)
    assert (given.pictures, given.shown) == (1, 1)
    assert "was changed meanwhile" in given.problems[0]
    assert shows(tmp_path / "mia" / "media" / "0001.png") == {"mia"}


def test_what_lies_in_a_vault_alone_is_taken_out_for_the_answer_only(city: Governance, tmp_path: Path) -> None:
    shared, alone = (city.root / "archive" / n for n in ("shared.png", "alone.png"))
    item, dead = city.item(shared), city.item(alone)
    with closing(begin(tmp_path / "safe")) as vault:
        keep(vault, item, "care", data=shared.read_bytes())
        keep(vault, dead, "care", data=alone.read_bytes())
        vault.withdraw(dead, "care")
        shared.unlink()
        alone.unlink()
        pointer = Pointer(items={item[:12]: _box("mia")})
        left = city.root / ".unseen" / "answering" / "original.png"
        seen: set[Path] = set()
        left.parent.mkdir()
        left.write_bytes(b"what a run that was killed took out")

        class Onlooker(SquaresDetector):
            def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
                seen.update(tmp_path.rglob("original.*"))
                return super().detect(images)

        def watched(setup: Setup) -> Tools:
            assert not left.exists()
            return fake_tools(setup, eyes=Onlooker(), looks_again=(SquaresDetector("mediapipe-full-range"),))

        tools = {**FAKES, "make_tools": watched}
        given = access(city, MIA, "dora", tmp_path / "mia", pointer, vault=vault, **tools)
        assert (given.pictures, given.shown) == (1, 1)
        assert (seen, left.parent.exists()) == ({left}, False)
        assert "nothing opens it any more" in given.problems[0]
        assert shows(tmp_path / "mia" / "media" / "0001.png") == {"mia"}
        assert {path.name for path in (tmp_path / "mia").iterdir()} == {"media", "data.json", "index.html"}
        with pytest.raises(UsageError, match="is no item of this person"):
            access(city, MIA, "dora", tmp_path / "x", Pointer(items={"0" * 12: _box("mia")}), vault=vault, **FAKES)
    assert "subject.access-opens" in {event.kind for event in remembered(city.root)}


@pytest.mark.parametrize(
    ("shown", "seen", "why"),
    [
        (Box(0, 0, 120, 80), set(), "several faces"),
        (Box(8, 10, 80, 44), set(), "several faces"),
        (Box(8, 14, 60, 42), {"mia"}, ""),
        (Box(300, 0, 340, 40), set(), "outside"),
        (Box(0, 60, 20, 80), set(), ""),
    ],
)
def test_when_in_doubt_whose_part_it_is_nobody_shows(
    city: Governance, tmp_path: Path, shown: Box, seen: set[str], why: str
) -> None:
    """A box over two people, one that reaches into somebody else, one beside the picture, one that shows a wall."""
    pointer = Pointer({(city.root / "archive" / "shared.png").resolve(): shown})
    access(city, MIA, "dora", tmp_path / "mia", pointer, **FAKES)
    data = json.loads((tmp_path / "mia" / "data.json").read_text("utf-8"))
    shared = next(e for e in data["items"] if e["item"] == city.item(city.root / "archive" / "shared.png"))
    assert shows(tmp_path / "mia" / shared["file"]) == seen
    assert why in shared["hidden"]
    assert bool(why) == bool(shared["hidden"])


# Erase.


def test_an_erasure_ends_all_use_and_leaves_what_is_others(city: Governance, tmp_path: Path) -> None:
    alone, shared, other = (city.root / "archive" / f"{n}.png" for n in ("alone", "shared", "other"))
    was, model, noah = city.item(shared), city.item(city.root / "model.onnx"), other.read_bytes()
    mia, usb = city.subject(MIA), tmp_path / "usb"
    usb.mkdir()
    shutil.copy(shared, usb / "copy.png")
    city.gate.admit(Ask("redact", "research.road-safety", "olga", was, "photo"))
    assert any(mia in city.ledger.openings.opened(made) for e in remembered(city.root) for made in e.subjects)  # type: ignore[operator]
    with closing(begin(tmp_path / "safe")) as vault:
        keep(vault, city.item(alone), "care", data=alone.read_bytes())
        keep(vault, was, "care", data=shared.read_bytes())
        gone = city.item(alone)
        done = _erase(city, tmp_path / "c.json", vault=vault, folders=[usb])
        assert not vault.holds(gone)
        assert not vault.holds(was)
    assert (done.problems, done.certificate) == ([], True)
    totals = {"deleted": 1, "redacted": 1, "files": 3, "sealed": 2, "models": 1, "consents": 1}
    assert {name: done.totals[name] for name in totals} == totals
    assert not alone.exists()
    assert (shows(shared), other.read_bytes()) == (set(), noah)
    assert (usb / "copy.png").read_bytes() == shared.read_bytes()
    assert label_path(usb / "copy.png").read_bytes() == label_path(shared).read_bytes()
    # The new picture has a label of its own, which allows what the old one did and names Noah alone.
    label = label_of(city, shared)
    assert label.subjects == {city.subject(NOAH)}
    assert label.purposes == {"research.road-safety", "care"}
    assert label_path(shared).is_file()
    assert city.gate.decide(Ask("view", "research.road-safety", "viktor", label.item)).allowed
    # The old one may come back from a backup: nothing may be done with it.
    assert not city.gate.decide(Ask("redact", "research.road-safety", "olga", was, "photo")).allowed
    assert [flag.item for flag in city.records.rights.flags()] == [model]
    assert not city.gate.decide(Ask("redact", "research.road-safety", "olga", model, "photo")).allowed
    assert [record.standing(city.clock()) for record in city.records.consents([mia])] == ["withdrawn"]
    # Proofs stay valid (`remembered` checks all rows); who they were about cannot be told any more.
    assert city.ledger.openings.commitments("subject", mia) == []
    assert city.ledger.openings.commitments("item", was) == []
    assert [event.kind for event in remembered(city.root)][-1] == "erasure.ended"
    assert [e.item for e in find(city, MIA, "dora").entries] == [model]
    assert not list((city.root / ".unseen" / "erasures").iterdir())
    _check(city, tmp_path / "c.json")


def _check(city: Governance, path: Path) -> None:
    public = ledger_of(city.root).key.with_suffix(".pub")
    lines = check_certificate(path, public)
    assert "1 items deleted, in 1 everybody hidden" in lines[2]
    values = json.loads(path.read_text("utf-8"))
    assert city.subject(MIA) not in path.read_text("utf-8")
    values["certificate"]["done"]["deleted"] = 2
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(LedgerBroken, match="was changed, or signed with another key"):
        check_certificate(path, public)
    path.write_text('{"certificate": [' * 5000, "utf-8")
    with pytest.raises(LedgerBroken, match="is no certificate"):
        check_certificate(path, public)


def test_what_is_held_or_was_handed_out_is_told(tmp_path: Path) -> None:
    text = CITY.replace("permissions: [view-raw]}", "permissions: [view-raw, export]}")
    with govern(tmp_path / "city", Clock(), text) as city:
        _people(city)
        street = make_crowd(city.root / "street" / "s.png", "mia", seed=9)
        tighten(city, street, "dora", subjects=[MIA])
        item = city.item(street)
        city.gate.admit(Ask("export", "research", "rosa", item))
        city.note("vault.unsafe-view-raw", actor="dora", items=(item,), purpose="care", written="a file")
        set_hold(city, "anton", "case 7", file=city.root / "archive" / "alone.png")
        with pytest.raises(UsageError, match="nothing is on record"):
            erase(city, "Nobody At All", "dora", tmp_path / "d.json", **FAKES)
        with pytest.raises(Denied):
            erase(city, MIA, "anton", tmp_path / "d.json", **FAKES)
        done = _erase(city, tmp_path / "c.json")
        assert [(r["by"], r["purpose"], r["items"]) for r in done.recipients] == [
            ("rosa", "research", [item[:12]]),
            ("dora", "care", [item[:12]]),
        ]
        assert {"kind": "photo", "why": "kept: on hold", "count": 1} in done.kept
        assert ((city.root / "archive" / "alone.png").exists(), street.exists()) == (True, False)
        assert "rosa" not in (tmp_path / "c.json").read_text("utf-8")
        with pytest.raises(OutputTaken):
            _erase(city, tmp_path / "c.json")


def test_what_cannot_be_hidden_stops_the_certificate_and_can_be_deleted(city: Governance, tmp_path: Path) -> None:
    shared = city.root / "archive" / "shared.png"
    content = shared.read_bytes()
    shared.write_bytes(content[:200])
    assert _erase(city, tmp_path / "c.json").problems[0].endswith("was not found; name its folder with --in")
    with govern(tmp_path / "second", Clock()) as second:
        _people(second)

        def blind(setup: Setup) -> Tools:
            return fake_tools(setup, eyes=BlindDetector(), looks_again=(GhostDetector(),))

        done = _erase(second, tmp_path / "d.json", make_tools=blind)
        assert (done.certificate, len(done.problems), (tmp_path / "d.json").exists()) == (False, 1, False)
        assert "still show" in done.problems[0]
        assert shows(second.root / "archive" / "shared.png") == {"mia", "noah"}
        done = _erase(second, tmp_path / "d.json", make_tools=blind, delete_shared=True)
        assert (done.certificate, (second.root / "archive" / "shared.png").exists()) == (True, False)


def test_a_picture_that_was_replaced_and_not_labelled_is_labelled_by_the_next(city: Governance, tmp_path: Path) -> None:
    shared = city.root / "archive" / "shared.png"
    label_path(shared).mkdir()
    done = _erase(city, tmp_path / "c.json")
    assert (done.certificate, "is there and no label" in done.problems[0]) == (False, True)
    replaced = shared.read_bytes()
    label_path(shared).rmdir()
    assert _erase(city, tmp_path / "c.json").certificate
    assert shared.read_bytes() == replaced
    assert label_of(city, shared).subjects == {city.subject(NOAH)}


@pytest.mark.parametrize("after", [False, True])
def test_an_erasure_that_is_cut_short_at_any_step_is_finished_by_the_next(tmp_path: Path, after: bool) -> None:
    for step in range(40):
        with govern(tmp_path / f"city{step}", Clock()) as city:
            _people(city)
            out, plain = tmp_path / f"c{step}.json", city.ledger
            ended: Any = EndingLedger(plain, step, after=after)
            city.ledger, done = ended, None
            try:
                done = _erase(city, out)
            except CutShort:
                city.ledger = plain
                assert not out.exists() or after
                finished = _erase(city, out)
                assert (finished.problems, finished.certificate) == ([], True)
                assert {n: finished.totals[n] for n in ("deleted", "redacted")} == {"deleted": 1, "redacted": 1}
            city.ledger = plain
            shared = city.root / "archive" / "shared.png"
            assert not (city.root / "archive" / "alone.png").exists()
            assert not shows(shared)
            assert label_of(city, shared).subjects == {city.subject(NOAH)}
            assert city.ledger.openings.commitments("subject", city.subject(MIA)) == []
            assert len(city.records.rights.flags()) == 1
            remembered(city.root)
            if done is not None:
                assert step > 5
                return
    raise AssertionError("it never ended")


_KILLED = """
import os, signal, sys
from pathlib import Path
from tests.engine.crowd import crowd_tools
from tests.engine.engine_fakes import BlindDetector, FakeStore, GhostDetector, fake_tools
from unseen.engine.governance import open_governance
from unseen.engine.subject_erase import erase
def die(): os.kill(os.getpid(), signal.SIGKILL)
with open_governance(Path(sys.argv[1])) as city:
    erase(city, "Mia Example", "dora", Path(sys.argv[2]), store=FakeStore(), make_tools=lambda s: crowd_tools(s, die))
"""


def test_kill_9_between_deleting_and_hiding_is_finished_by_the_next(city: Governance, tmp_path: Path) -> None:
    out, root = tmp_path / "c.json", Path(__file__).parents[2]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "src")])}
    words = [sys.executable, "-c", _KILLED, str(city.path), str(out)]
    assert subprocess.run(words, env=environ, check=False).returncode == -9
    assert not (city.root / "archive" / "alone.png").exists()
    assert shows(city.root / "archive" / "shared.png") == {"mia", "noah"}
    assert not city.gate.decide(
        Ask("redact", "research.road-safety", "olga", city.item(city.root / "archive" / "shared.png"), "photo")
    ).allowed, "use stopped before anything was deleted"
    done = _erase(city, out)
    assert (done.certificate, done.totals["deleted"], done.totals["redacted"], done.problems) == (True, 1, 1, [])
    assert shows(city.root / "archive" / "shared.png") == set()


# What lies in a vault.


def _sealed_city(root: Path, clock: Clock) -> tuple[Governance, VaultPlaces]:
    """A city with Mia's photo, which was put into a vault and lies open, too."""
    city = govern(root, clock, CITY.replace("actions: [redact, train, view]", "actions: [store, redact, train, view]"))
    photo = make_crowd(city.root / "archive" / "alone.png", "mia")
    tighten(city, photo, "dora", subjects=[MIA])
    agree(city, MIA, "care")
    places = VaultPlaces(root.parent / "safe", root.parent / "safe.key")
    with closing(gated(city, make_vault(places, "environment", SOURCES), places)) as vault:
        vault.put(photo, ["care"], "olga")
    return city, places


def test_nothing_is_called_erased_while_a_vault_that_was_not_named_holds_it(tmp_path: Path) -> None:
    clock = Clock()
    city, places = _sealed_city(tmp_path / "city", clock)
    photo, out = city.root / "archive" / "alone.png", tmp_path / "c.json"
    item = city.item(photo)
    with closing(city), closing(begin(tmp_path / "other")) as other:
        for vault in (None, other):
            with pytest.raises(UsageError, match="a vault holds items of this person"):
                _erase(city, out, vault=vault)
        clock.now += 31 * DAY
        for vault in (None, other):
            with pytest.raises(UsageError, match="a vault holds items that are due"):
                apply_retention(city, "dora", vault=vault)
        assert (photo.exists(), out.exists()) == (True, False)
        with closing(named(city, open_vault(places, SOURCES), places)) as right:
            done = _erase(city, out, vault=right)
            assert (done.totals["sealed"], done.certificate, right.holds(item)) == (1, True, False)
        with closing(sqlite3.connect(places.folder / "names.db")) as names:
            assert names.execute("SELECT * FROM unseen_name").fetchall() == []
        make_crowd(photo, "mia")
        assert [line.files for line in plan_retention(city, "dora").lines] == [(photo,)]
        assert apply_retention(city, "dora")[1].files == 1, "what the vault has no more asks for no vault"


def test_a_hold_and_a_restriction_keep_what_a_vault_has_from_its_keeper(tmp_path: Path) -> None:
    city, places = _sealed_city(tmp_path / "city", Clock())
    photo = city.root / "archive" / "alone.png"
    with closing(city), closing(gated(city, open_vault(places, SOURCES), places)) as vault:
        hold = set_hold(city, "dora", "case 7", file=photo)
        with pytest.raises(Denied, match="has to stay: held: case 7"):
            vault.erase([photo.name], "olga")
        with pytest.raises(Denied, match="has to stay"):
            vault.withdraw(photo.name, "care", "olga")
        lift_hold(city, "dora", hold.hold, "closed")
        restrict(city, MIA, "dora", "she needs it for a claim")
        with pytest.raises(Denied, match="restricted processing"):
            vault.erase([photo.name], "olga")
        lift_restriction(city, MIA, "dora", "settled")
        assert vault.erase([photo.name], "olga") == 1


def test_an_erasure_that_goes_on_keeps_what_was_put_on_hold_meanwhile(city: Governance, tmp_path: Path) -> None:
    shared, out = city.root / "archive" / "shared.png", tmp_path / "c.json"

    def blind(setup: Setup) -> Tools:
        return fake_tools(setup, eyes=BlindDetector(), looks_again=(GhostDetector(),))

    assert not _erase(city, out, make_tools=blind).certificate
    set_hold(city, "anton", "case 7", file=shared)
    (tmp_path / "taken.json").write_text("of somebody else", "utf-8")
    with pytest.raises(OutputTaken):
        _erase(city, tmp_path / "taken.json")
    done = _erase(city, out)
    assert (done.certificate, shows(shared)) == (True, {"mia", "noah"})
    assert {"kind": "photo", "why": "kept: on hold", "count": 1} in done.kept


@pytest.mark.parametrize("name", ["alone.png", "shared.png"])
def test_a_file_that_was_changed_stops_the_certificate_until_somebody_looked(
    city: Governance, tmp_path: Path, name: str
) -> None:
    photo = city.root / "archive" / name
    item, edited = city.item(photo), photo.with_name("edited.png")
    signed = city.records.label(item)
    assert signed is not None
    write_label(signed, make_crowd(edited, "mia", seed=77))
    for _ in range(2):
        done = _erase(city, tmp_path / "c.json")
        assert (done.certificate, edited.exists()) == (False, True)
        assert "edited.png: was changed since it was labelled" in done.problems[0]
    assert item in [entry.item for entry in find(city, MIA, "dora").entries]
    edited.unlink()
    assert _erase(city, tmp_path / "c.json").certificate
    assert not photo.exists() or not shows(photo)


def test_what_somebody_else_restricted_is_kept_for_them(city: Governance, tmp_path: Path) -> None:
    shared = city.root / "archive" / "shared.png"
    content = shared.read_bytes()
    restrict(city, NOAH, "dora", "he needs it for a claim")
    done = _erase(city, tmp_path / "c.json", delete_shared=True)
    assert (done.certificate, shared.read_bytes() == content, done.totals["deleted"]) == (True, True, 1)
    assert {"kind": "photo", "why": "kept: somebody else in it restricted its processing", "count": 1} in done.kept
    assert len(city.records.rights.flags()) == 1
    lift_restriction(city, NOAH, "dora", "settled")
    assert _erase(city, tmp_path / "d.json", delete_shared=True).totals["deleted"] == 1
    assert not shared.exists()


def test_a_label_that_is_tightened_while_the_picture_is_replaced_stays_so(city: Governance, tmp_path: Path) -> None:
    shared = city.root / "archive" / "shared.png"

    def tightened() -> None:
        tighten(city, shared, "dora", prohibitions=["view"], subjects=["Zoe"])

    _erase(city, tmp_path / "c.json", make_tools=lambda setup: crowd_tools(setup, tightened))
    label = label_of(city, shared)
    assert "view" in label.prohibitions
    assert label.subjects == {city.subject(NOAH), city.subject("Zoe")}


def test_the_package_does_not_tell_what_somebody_else_refused_or_asked_for(city: Governance, tmp_path: Path) -> None:
    shared = city.item(city.root / "archive" / "shared.png")
    restrict(city, NOAH, "dora", "he needs it for a claim")
    for actor in ("olga", "viktor"):
        with pytest.raises(Denied):
            city.gate.admit(Ask("redact", "care", actor, shared, "photo"))
    access(city, NOAH, "dora", tmp_path / "noah", Pointer(), **FAKES)
    access(city, MIA, "dora", tmp_path / "mia", Pointer(), **FAKES)
    told = json.loads((tmp_path / "mia" / "data.json").read_text("utf-8"))["decisions"]
    assert [each["reasons"] for each in told if each["kind"] == "access.denied"] == [["role"]]
    assert "subject.access" not in {each["kind"] for each in told}
    assert "consent-" not in json.dumps(told)
