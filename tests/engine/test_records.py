"""Records: lineage, consents and labels survive, are found again, and tell what was changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.governed import CITY, DAY, NOW, agree, found_city, govern, put, remembered
from unseen.adapters.lineage_sql import SqlRecords
from unseen.core.consents import ConsentEvent
from unseen.core.labels import Label, derive
from unseen.core.receipts import Verdict
from unseen.crypto.keys import Key
from unseen.engine.consents import decide, export_consents, import_consents, listed
from unseen.engine.governance import Governance, label_path, open_governance
from unseen.engine.labelling import label_of, made, models_of, override, tighten
from unseen.errors import Denied, LabelInvalid, OutputFailed, OutputTaken, Refused, UsageError

YES = ConsentEvent("given", NOW, None, notice_version="v1", notice_language="en", method="web-form")


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Governance]:
    with govern(tmp_path / "city") as governance:
        for name in ("a", "b"):
            path = governance.root / "archive" / f"{name}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(name.encode())
        yield governance


def _photo(city: Governance, name: str) -> Path:
    return city.root / "archive" / f"{name}.png"


# Lineage.


def test_what_was_made_from_a_photo_and_which_models_saw_a_person(city: Governance) -> None:
    tighten(city, _photo(city, "a"), "dora", subjects=["Mia"])
    sheet, model, other = (city.root / name for name in ("crops.bin", "model.onnx", "other.onnx"))
    sheet.write_bytes(b"crops")
    model.write_bytes(b"weights")
    other.write_bytes(b"other weights")
    made(city, sheet, [_photo(city, "a"), _photo(city, "b")], "photo", made_by="annotate")
    label = made(city, model, [sheet], "model", made_by="train")
    made(city, other, [_photo(city, "b")], "model", made_by="train")
    steps = [(each.kind, each.depth) for each in city.records.made_from(city.item(_photo(city, "a")))]
    assert steps == [("photo", 1), ("model", 2)]
    models, _ = models_of(city, "mia")
    assert [each.item for each in models] == [label.item]
    assert models_of(city, "Nobody At All") == ([], [])
    assert label.subjects == {city.subject("Mia")}
    assert label_path(model).is_file()


def test_a_lineage_that_runs_in_a_circle_ends(city: Governance) -> None:
    one = put(city, Label("11" * 32, "raw", parents=frozenset({"22" * 32})))
    two = put(city, Label("22" * 32, "raw", parents=frozenset({"11" * 32})))
    assert {each.item for each in city.records.made_from(one.item)} == {one.item, two.item}


def test_making_a_label_tighter_reaches_all_that_was_made(city: Governance) -> None:
    model = city.root / "model.onnx"
    model.write_bytes(b"weights")
    made(city, model, [_photo(city, "a")], "model", made_by="train")
    tightened, below = tighten(city, _photo(city, "a"), "dora", subjects=["Mia"], prohibitions=["export"])
    assert below == 1
    after = label_of(city, model)
    assert tightened.subjects == after.subjects == {city.subject(" MIA ")}
    assert after.prohibitions == {"export"}


def test_a_state_rises_by_a_verdict_alone(city: Governance) -> None:
    out = city.root / "out.png"
    out.write_bytes(b"out")
    with pytest.raises(Refused):
        made(city, out, [_photo(city, "a")], "photo", made_by="x", state="contextual", verdict=Verdict("fail"))
    label = made(
        city, out, [_photo(city, "a")], "photo", made_by="x", state="contextual", verdict=Verdict("pass", ("face",))
    )
    assert label.state == "contextual"


def test_a_label_is_not_written_over_another_file(city: Governance) -> None:
    out = city.root / "out.png"
    out.write_bytes(b"out")
    label_path(out).write_text("my own notes", "utf-8")
    with pytest.raises(OutputFailed, match="no label"):
        made(city, out, [_photo(city, "a")], "photo", made_by="x")
    assert label_path(out).read_text("utf-8") == "my own notes"


def test_a_label_is_not_written_where_a_link_leads(city: Governance) -> None:
    out, other = city.root / "out.png", city.root / "other.png"
    for path in (out, other):
        path.write_bytes(path.name.encode())
    made(city, other, [_photo(city, "a")], "photo", made_by="x")
    before = label_path(other).read_bytes()
    label_path(out).symlink_to(label_path(other))
    with pytest.raises(OutputFailed, match="no label"):
        made(city, out, [_photo(city, "a")], "photo", made_by="x")
    assert label_path(other).read_bytes() == before


# Overrides need two people.


def test_an_override_takes_two_people_of_the_right_roles(city: Governance) -> None:
    photo = _photo(city, "a")
    with pytest.raises(Denied, match="olga may not override"):
        override(city, photo, "contextual", "olga", "looks fine")
    assert override(city, photo, "contextual", "dora", "nobody in it")[1] is False
    assert override(city, photo, "contextual", "dora", "I say it twice")[1] is False
    assert override(city, photo, "aggregated", "anton", "another state")[1] is False
    assert label_of(city, photo).state == "raw"
    label, done = override(city, photo, "contextual", "anton", "checked by hand")
    assert (done, label.state, label_of(city, photo).state) == (True, "contextual", "contextual")
    steps = [event for event in remembered(city.root) if event.kind.startswith("override")]
    assert [event.kind for event in steps] == ["override.proposed"] * 3 + ["override.carried-out"]
    people = [city.key.tag("actor", name) for name in (b"dora", b"dora", b"anton", b"anton")]
    assert [event.actor for event in steps] == people
    assert override(city, photo, "raw", "dora", "and back")[1] is False


def test_records_are_of_one_policy_file_as_long_as_it_is_there(tmp_path: Path) -> None:
    mild, mine = found_city(tmp_path), tmp_path / "mine.yaml"
    mine.write_text(f"mode: observe\n{CITY}", "utf-8")
    with pytest.raises(UsageError, match=r"mine\.yaml: the records here are those of unseen\.yaml"):
        open_governance(mine)
    open_governance(mild).close()
    mild.rename(tmp_path / "city.yaml")
    open_governance(tmp_path / "city.yaml").close()
    with pytest.raises(UsageError, match=r"mine\.yaml: .* of city\.yaml"):
        open_governance(mine)
    with pytest.raises(UsageError, match=r"unseen\.yaml: .* of city\.yaml"):
        open_governance(found_city(tmp_path))


# Consents, in and out.


def test_consents_go_out_and_come_in_unchanged(city: Governance, tmp_path: Path) -> None:
    decide(city, "Mia", "care", YES, "dora")
    decide(city, "Mia", "care", ConsentEvent("withdrawn", NOW + 1), "dora")
    decide(city, "Noah", "research", ConsentEvent("refused", NOW), "olga")
    before = listed(city, "ada")
    for name in ("c.csv", "c.json"):
        assert export_consents(city, "ada", tmp_path / name) == 2
        with govern(tmp_path / f"city-{name}") as other:
            assert import_consents(other, "dora", tmp_path / name) == 2
            assert listed(other, "dora") == before
        assert import_consents(city, "dora", tmp_path / name) == 2
    assert "Mia" not in (tmp_path / "c.csv").read_text("utf-8") + (tmp_path / "c.json").read_text("utf-8")


def test_names_in_a_csv_are_keyed_on_the_way_in(city: Governance, tmp_path: Path) -> None:
    head = "subject,purpose,state,at,valid_until,notice_version,notice_language,method\n"
    rows = "Mia Example,care,given,2023-01-01,2033-01-01,v2,en,paper-form\nMia Example,care,withdrawn,2023-02-01,,,,\n"
    (tmp_path / "in.csv").write_text("\ufeff" + head + rows, "utf-8")
    assert import_consents(city, "olga", tmp_path / "in.csv") == 1
    (record,) = city.records.consents([city.subject("mia example")])
    assert [record.standing(NOW), len(record.events)] == ["withdrawn", 2]
    assert b"Mia" not in (city.root / ".unseen" / "records.sqlite").read_bytes()


def test_an_old_file_cannot_take_a_withdrawal_back(city: Governance, tmp_path: Path) -> None:
    decide(city, "Mia", "care", YES, "dora")
    export_consents(city, "dora", tmp_path / "old.json")
    decide(city, "Mia", "care", ConsentEvent("withdrawn", NOW + 1), "dora")
    with pytest.raises(UsageError, match="leaves out what is on record"):
        import_consents(city, "dora", tmp_path / "old.json")
    (record,) = city.records.consents([city.subject("Mia")])
    assert record.standing(NOW + 1) == "withdrawn"


def test_a_record_of_one_person_is_never_put_in_place_of_anothers(city: Governance, tmp_path: Path) -> None:
    decide(city, "Mia", "care", ConsentEvent("refused", NOW), "dora")
    (mias,), rows = city.records.all_consents(), tmp_path / "in.csv"
    for record, name, told in (
        (mias.record, "Somebody Else", "that of another person"),
        ("ab" * 16, "Mia", "another record_id on record"),
    ):
        rows.write_text(f"record_id,subject,purpose,state,at\n{record},{name},care,refused,2023-01-01\n", "utf-8")
        with pytest.raises(UsageError, match=told):
            import_consents(city, "dora", rows)
    head, row = "record_id,subject,purpose,state,at", "cd,{},care,refused,2023-01-01".replace("cd", "cd" * 16)
    rows.write_text("\n".join([head, row.format("Noah"), row.format("Lea")]), "utf-8")
    with pytest.raises(UsageError, match="one record_id for several"):
        import_consents(city, "dora", rows)
    with pytest.raises(OutputFailed, match="UNIQUE"):
        city.records.put_consents([replace(mias, subject=city.subject("Noah"))])
    assert list(city.records.all_consents()) == [mias]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.txt", "[]"), ("c.json", "{}"), ("c.json", "[5]"), ("c.json", "[{}]"), ("c.json", "["),
        ("c.json", "[" * 9999), ("c.csv", "purpose\ncare\n"),
        ("c.csv", "subject,purpose,state,at\nMia,care,given,soon\n"),
        ("c.csv", "subject,purpose,state,at\nMia,care,given,2023-01-01\n"),
        ("c.csv", "subject,purpose,state,at\nMia,nothing,refused,2023-01-01\n"), ("c.csv", "a,b\n1,2,3\n"),
    ],
)  # fmt: skip
def test_files_that_are_none_change_nothing(city: Governance, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(UsageError):
        import_consents(city, "dora", tmp_path / name)
    assert list(city.records.all_consents()) == []


def test_who_may_not_see_or_write_consents_does_not(city: Governance, tmp_path: Path) -> None:
    for actor in ("viktor", "anton", "nobody"):
        with pytest.raises(Denied):
            decide(city, "Mia", "care", YES, actor)
    with pytest.raises(Denied):
        export_consents(city, "olga", tmp_path / "c.json")
    with pytest.raises(UsageError, match="no purpose 'car'"):
        decide(city, "Mia", "car", YES, "dora")
    with pytest.raises(UsageError, match="no consent for care on record"):
        decide(city, "Mia", "care", ConsentEvent("withdrawn", NOW), "dora")


# The file.


def test_records_outlive_the_process_and_open_with_their_key_only(city: Governance, tmp_path: Path) -> None:
    agree(city, "Mia", "care")
    put(city, Label("ab" * 32, "raw"))
    path = city.root / ".unseen" / "records.sqlite"
    again = SqlRecords(path, city.key)
    assert (again.label("ab" * 32), len(list(again.all_consents()))) == (city.records.label("ab" * 32), 1)
    again.close()
    other = SqlRecords(path, Key(bytes(32)))
    with pytest.raises(LabelInvalid, match="changed"):
        list(other.all_consents())
    other.close()


def test_a_file_that_is_none_of_ours_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "r.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises((UsageError, OutputFailed), match=r"r\.sqlite: cannot"):
        SqlRecords(tmp_path / "r.sqlite", Key(bytes(32)))


_WRITE = """
import sys
from pathlib import Path
from tests.engine.governed import agree, put
from unseen.core.labels import Label
from unseen.engine.governance import open_governance
with open_governance(Path(sys.argv[1])) as city:
    for n in range(20):
        put(city, Label(f"{sys.argv[2]}{n:02d}" * 16, "raw"))
        agree(city, f"{sys.argv[2]} {n}", "care")
"""


def test_several_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    path = found_city(tmp_path / "city")
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    running = [subprocess.Popen([sys.executable, "-c", _WRITE, str(path), f"{n}{n}"], env=env) for n in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    with govern(tmp_path / "city") as city:
        assert len(list(city.records.labels())) == len(list(city.records.all_consents())) == 60


def test_a_policy_is_begun_once(tmp_path: Path) -> None:
    from unseen.engine.policy_tools import begin

    path = begin(tmp_path, "ann")
    assert "ann: {roles: [operator, dpo]}" in path.read_text("utf-8")
    with pytest.raises(OutputTaken):
        begin(tmp_path, "ann")


def test_deriving_by_hand_follows_the_law(city: Governance) -> None:
    """The label that is stored is the one that the law gives, with the retention of the shortest purpose."""
    label = label_of(city, _photo(city, "a"))
    assert label.retain_until == NOW + 30 * DAY
    out = city.root / "o"
    out.write_bytes(b"o")
    assert made(city, out, [_photo(city, "a")], "other", made_by="x") == derive([label], city.item(out))
    assert replace(label, item="0" * 64).purposes == {"research.road-safety", "care"}
