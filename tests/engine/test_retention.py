"""The end of storage: shown without touching anything, carried out, cut short at any step, and finished."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.vault_scenes import begin, keep, read, reopen, restore
from tests.engine.cut_short import CutShort, EndingLedger
from tests.engine.governed import DAY, Clock, govern, remembered
from unseen.core.access import Ask
from unseen.engine.deletion import one_at_a_time
from unseen.engine.documents_facts import records_facts
from unseen.engine.governance import Governance, label_path
from unseen.engine.holds import lift_hold, listed_holds, set_hold
from unseen.engine.labelling import label_of, made, tighten
from unseen.engine.retention import apply_retention, plan_retention
from unseen.engine.subjects import restrict
from unseen.errors import Denied, Refused, UsageError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def city(tmp_path: Path, clock: Clock) -> Iterator[Governance]:
    with govern(tmp_path / "city", clock) as governance:
        for name in ("archive/old.png", "archive/other.png", "street/young.png"):
            path = governance.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(name.encode())
            label_of(governance, path)
        yield governance


def _files(*folders: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for f in folders for p in f.rglob("*") if p.is_file() and ".unseen" not in p.parts}


def _made(city: Governance, name: str, *sources: str, kind: str = "photo") -> Path:
    path = city.root / "made" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"made: " + name.encode())
    made(city, path, [city.root / source for source in sources], kind, made_by="redact")
    return path


def test_expired_items_go_with_all_that_was_made_from_them_and_with_their_keys(
    city: Governance, clock: Clock, tmp_path: Path
) -> None:
    old, other, young = (city.root / n for n in ("archive/old.png", "archive/other.png", "street/young.png"))
    crop, model = _made(city, "crop.png", "archive/old.png"), _made(city, "m.onnx", "made/crop.png", kind="model")
    (tmp_path / "usb").mkdir()
    copy = tmp_path / "usb" / "renamed.bin"
    copy.write_bytes(old.read_bytes())
    item, survivor = city.item(old), city.item(young)
    with closing(begin(tmp_path / "safe")) as vault:
        keep(vault, item, "care", data=old.read_bytes())
        keep(vault, survivor, "research", data=young.read_bytes())
    (tmp_path / "backup").mkdir()
    shutil.copy2(tmp_path / "safe" / "vault" / "wraps.db", tmp_path / "backup")
    with closing(reopen(tmp_path / "safe")) as vault:
        clock.now += 31 * DAY
        before, events = _files(city.root, tmp_path / "usb"), len(remembered(city.root))
        plan = plan_retention(city, "ada", [tmp_path / "usb"], vault)
        assert {p.name for line in plan.lines for p in line.files} == {
            "old.png", "other.png", "crop.png", "m.onnx", "renamed.bin",
        }  # fmt: skip
        assert [line.sealed for line in plan.lines if line.known.item == item] == [True]
        assert (_files(city.root, tmp_path / "usb"), len(remembered(city.root))) == (before, events)
        with pytest.raises(Denied, match="ada may not apply retention"):
            apply_retention(city, "ada")
        _, done = apply_retention(city, "anton", [tmp_path / "usb"], vault)
        assert (len(done.items), done.files, done.sealed, done.problems) == (4, 5, 1, [])
        assert set(_files(city.root, tmp_path / "usb")) == {city.root / "unseen.yaml", young}
        with pytest.raises(Refused):
            read(vault, item, "care")
        assert read(vault, survivor, "research") == young.read_bytes()
    # A backup of the wraps from before opens neither: the keys were changed.
    restore(tmp_path / "backup", tmp_path / "safe" / "vault", "wraps.db")
    with closing(reopen(tmp_path / "safe")) as vault, pytest.raises(Refused, match="another time"):
        read(vault, item, "care")
    kinds = [event.kind for event in remembered(city.root)[events:]]
    assert kinds == ["retention.begun", "retention.deleting", "retention.deleted", "retention.ended"]
    # A copy that comes back is refused in whatever place, and goes at the next run.
    other.write_bytes(b"archive/other.png")
    ruling = city.gate.decide(Ask("redact", "research.road-safety", "olga", city.item(other), "photo"))
    assert {"wrong-purpose", "prohibited", "retention-over"} <= {reason.code for reason in ruling.reasons}
    assert [line.files for line in plan_retention(city, "dora").lines] == [(other,)]
    _, done = apply_retention(city, "dora")
    assert (done.files, other.exists(), model.exists(), crop.exists()) == (1, False, False, False)
    assert plan_retention(city, "dora").lines == ()
    facts = records_facts(city).labels
    assert (facts.total, facts.overdue) == (1, 0), "what was deleted is in no document as if it were there"


def test_what_was_changed_or_is_missing_is_told_and_not_deleted_blindly(city: Governance, clock: Clock) -> None:
    crop = _made(city, "crop.png", "archive/old.png")
    crop.write_bytes(b"a person worked on it since")
    (city.root / "archive" / "old.png").rename(city.root.parent / "taken-away.png")
    clock.now += 31 * DAY
    plan = plan_retention(city, "dora")
    assert sorted((bool(line.files), bool(line.changed), line.missing) for line in plan.lines) == [
        (False, False, True), (False, True, False), (True, False, False),
    ]  # fmt: skip
    _, done = apply_retention(city, "dora")
    assert crop.read_bytes() == b"a person worked on it since"
    assert sorted(problem.partition(": ")[2][:11] for problem in done.problems) == ["was changed", "was not fou"]


def test_what_is_held_stays_with_what_it_was_made_from_and_says_so(city: Governance, clock: Clock) -> None:
    crop = _made(city, "crop.png", "archive/old.png")
    other = city.root / "archive" / "other.png"
    tighten(city, other, "dora", subjects=["Mia"])
    for actor, words in (("olga", {"file": crop}), ("viktor", {"subject": "Mia"})):
        with pytest.raises(Denied, match="may not hold items"):
            set_hold(city, actor, "case 7", **words)
    with pytest.raises(UsageError, match="either FILE, or"):
        set_hold(city, "dora", "case 7", file=crop, subject="Mia")
    one, two = set_hold(city, "dora", "case 7", file=crop), set_hold(city, "anton", "case 8", subject="mia")
    assert [hold.hold for hold in listed_holds(city, "ada")] == sorted([one.hold, two.hold])
    clock.now += 31 * DAY
    plan, done = apply_retention(city, "dora")
    assert (done.items, plan.lines) == ([], ())
    assert sorted(why for _, why in plan.kept) == [
        "held: case 7",
        "held: case 8",
        "what is held was made from it: case 7",
    ]
    lift_hold(city, "dora", two.hold, "the case is closed")
    restrict(city, "Mia", "dora", "she needs it for a claim")
    assert [why for k, why in apply_retention(city, "dora")[0].kept if k.item == city.item(other)] == [
        "a person in it restricted processing"
    ]
    lift_hold(city, "dora", one.hold, "the case is closed")
    assert len(apply_retention(city, "dora")[1].items) == 2
    assert other.exists()
    # A hold that somebody deletes behind the program's back is still in the ledger; one that was changed denies.
    set_hold(city, "dora", "case 9", file=other)
    with city.records.together():
        city.records._rows("UPDATE hold SET body = replace(body, 'case 9', 'case 0')")
    with pytest.raises(Refused, match="a hold was changed"):
        plan_retention(city, "dora")


@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_is_killed_at_any_step_is_finished_by_the_next(tmp_path: Path, after: bool) -> None:
    for step in range(12):
        clock = Clock()
        with govern(tmp_path / f"city{step}", clock) as city:
            (city.root / "archive").mkdir()
            for name in ("archive/a.png", "archive/b.png"):
                (city.root / name).write_bytes(name.encode())
                label_of(city, city.root / name)
            _made(city, "c.png", "archive/a.png", "archive/b.png")
            clock.now += 31 * DAY
            plain: Any = city.ledger
            ending: Any = EndingLedger(plain, step, after=after)
            city.ledger = ending
            ended = False
            try:
                apply_retention(city, "dora")
                ended = True
            except CutShort:
                city.ledger = plain
                _, done = apply_retention(city, "dora")
                assert done.problems == []
            assert set(_files(city.root)) == {city.root / "unseen.yaml"}
            assert plan_retention(city, "dora").lines == ()
            kinds = [event.kind for event in remembered(city.root)]
            assert kinds.count("retention.deleting") >= kinds.count("retention.deleted") > 0 or not ended
            if ended:
                assert step == 4
                return
    raise AssertionError("it never ended")


def test_two_do_not_delete_at_once_and_a_label_outlives_no_file(city: Governance, clock: Clock) -> None:
    crop = _made(city, "crop.png", "archive/old.png")
    crop.unlink()
    clock.now += 31 * DAY
    with one_at_a_time(city), pytest.raises(UsageError, match="another process is deleting"):
        apply_retention(city, "dora")
    apply_retention(city, "dora")
    assert not label_path(crop).exists()
