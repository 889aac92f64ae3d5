"""`unseen redact` and `unseen.redact` under a policy: each file passes the gate, each result has its label."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import unseen as package
from tests.engine.engine_fakes import Command, fake_engine, fake_tools, make_photo, shows_face
from tests.engine.film_scenes import film, film_engine, watch
from tests.engine.governed import CITY, agree, found_city, remembered
from unseen.core.access import Access
from unseen.core.consents import ConsentEvent
from unseen.core.labels import ACTIONS, signed_label_from
from unseen.core.receipts import Verdict
from unseen.core.recipe import Recipe
from unseen.crypto.labels import check_label, sign_label
from unseen.engine.admission import admit
from unseen.engine.governance import Governance, label_path, open_governance
from unseen.engine.labelling import label_of, tighten
from unseen.errors import Denied, Refused

AS_OLGA = ("--classes", "face", "--purpose", "research.road-safety", "--actor", "olga")


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A folder under a policy with a photo in street/."""
    found_city(tmp_path / "city")
    make_photo(tmp_path / "city" / "street" / "a.png")
    return tmp_path / "city"


@pytest.fixture
def office(city: Path) -> Iterator[Governance]:
    with open_governance(city / "unseen.yaml") as governance:
        yield governance


def test_a_photo_of_a_known_source_is_redacted_and_its_result_labelled(
    unseen: Command, city: Path, tmp_path: Path, office: Governance
) -> None:
    done = unseen(city / "street", "-o", tmp_path / "out", *AS_OLGA)
    assert (done.code, done.status("a.png")) == (0, "released")
    written = tmp_path / "out" / "a.png"
    assert not shows_face(written)
    values = json.loads(label_path(written).read_text("utf-8"))
    assert done.files["a.png"]["label"] == values
    label = check_label(signed_label_from(values), office.key, office.item(written))
    raw = label_of(office, city / "street" / "a.png")
    assert (raw.state, set(raw.purposes), set(raw.prohibitions)) == ("raw", {"research"}, {"train"})
    # The stand-in for the second model looks for faces, not for plates: that is less than the highest state.
    assert replace(label, item=raw.item, state="raw", parents=frozenset()) == raw
    assert (label.state, set(label.parents)) == ("pseudonymised", {raw.item})
    (made,) = office.records.made_from(raw.item)
    assert (made.item, made.kind, made.depth) == (label.item, "photo", 1)
    assert "metadata dropped: icc" in done.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "no purpose is said"),
        (("--purpose", "spying", "--actor", "olga"), "the policy has no purpose spying"),
        (("--purpose", "research", "--actor", "viktor"), "viktor has viewer"),
        (("--purpose", "research.marketing", "--actor", "olga"), "is for nobody"),
        (("--purpose", "research", "--actor", "olga", "--hide", "face=blur"), "refuses the method blur"),
        (("--purpose", "research", "--actor", "olga", "--unsafe-skip-verify"), "refuses every --unsafe"),
    ],
)
def test_a_job_that_the_policy_refuses_touches_nothing(
    unseen: Command, city: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    done = unseen(city / "street", "-o", tmp_path / "out", "--classes", "face", *words)
    assert done.code == 3
    assert told in done.err
    assert not (tmp_path / "out").exists()


def test_a_file_of_no_source_is_not_touched_and_the_others_are_done(
    unseen: Command, city: Path, tmp_path: Path
) -> None:
    make_photo(city / "elsewhere" / "b.png", seed=1)
    done = unseen(city / "street", city / "elsewhere", "-o", tmp_path / "out", *AS_OLGA)
    assert done.code == 1
    assert (done.status("street/a.png"), done.status("elsewhere/b.png")) == ("released", "failed")
    assert "it has no label" in done.err + str(done.files["elsewhere/b.png"]["error"])
    assert not (tmp_path / "out" / "elsewhere").exists()


def test_a_label_that_was_changed_refuses_its_file(
    unseen: Command, city: Path, tmp_path: Path, office: Governance
) -> None:
    unseen(city / "street", "-o", tmp_path / "out", *AS_OLGA)
    moved = city / "elsewhere" / "a.png"
    moved.parent.mkdir()
    shutil.copy(tmp_path / "out" / "a.png", moved)
    values = json.loads(label_path(tmp_path / "out" / "a.png").read_text("utf-8"))
    label_path(moved).write_text(json.dumps({**values, "purposes": ["care", "research"]}), "utf-8")
    done = unseen(moved, "-o", tmp_path / "out2", *AS_OLGA)
    assert done.code == 1
    assert "changed since it was signed" in str(done.files["a.png"]["error"])
    label_path(moved).write_text("{", "utf-8")
    assert "is no label" in str(unseen(moved, "-o", tmp_path / "out3", *AS_OLGA).files["a.png"]["error"])
    assert (
        sum("tampered" in str(event.details["reasons"]) for event in remembered(city) if "reasons" in event.details)
        == 2
    )


def test_a_result_can_be_worked_on_with_the_label_that_lies_beside_it(
    unseen: Command, city: Path, tmp_path: Path
) -> None:
    unseen(city / "street", "-o", city / "done", *AS_OLGA)
    again = unseen(city / "done", "-o", tmp_path / "again", *AS_OLGA)
    assert (again.code, again.status("a.png"), again.status("a.png.label.json")) == (0, "released", "skipped")
    assert (tmp_path / "again" / "a.png.label.json").is_file()


def test_a_result_made_once_more_is_labelled_as_before_and_stays_as_tight_as_it_was_made_meanwhile(
    unseen: Command, city: Path, tmp_path: Path, office: Governance
) -> None:
    words = (city / "street", *AS_OLGA, "--hide", "face=solid", "-o")
    written, again = (tmp_path / name / "a.png" for name in ("one", "two"))
    unseen(*words, written.parent)
    before = label_of(office, written)
    unseen(*words, again.parent)
    assert again.read_bytes() == written.read_bytes()
    assert label_of(office, again) == before
    tight, _ = tighten(office, written, "dora", prohibitions=["view"])
    # As a first run leaves it that verified nothing: a verification that passes may raise it, and nothing else.
    office.records.relabel(sign_label(replace(tight, state="raw"), office.key))
    unseen(*words, tmp_path / "three")
    assert label_of(office, again) == tight


def test_who_withdraws_is_not_in_the_next_run(unseen: Command, city: Path, tmp_path: Path, office: Governance) -> None:
    tighten(office, city / "street" / "a.png", "dora", subjects=["Mia"])
    record = agree(office, "Mia", "research")
    assert unseen(city / "street", "-o", tmp_path / "one", *AS_OLGA).code == 0
    office.records.put_consents([record.with_event(ConsentEvent("withdrawn", office.clock()))])
    done = unseen(city / "street", "-o", tmp_path / "two", *AS_OLGA)
    assert (done.code, "withdrawn consent" in str(done.files["a.png"]["error"])) == (1, True)


def test_what_a_purpose_does_not_need_is_dropped(unseen: Command, city: Path, tmp_path: Path) -> None:
    found_city(city, CITY.replace("metadata: []", "metadata: []\n      max_side: 48"))
    done = unseen(city / "street", "-o", tmp_path / "out", *AS_OLGA)
    assert done.code == 0
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert image.size == (48, 32)
    assert not shows_face(tmp_path / "out" / "a.png")
    assert done.report["recipe"]["max_side"] == 48
    assert "longer side at most 48 pixels" in done.out


def test_a_video_becomes_as_small_and_as_slow_as_its_purpose_needs(unseen: Command, city: Path, tmp_path: Path) -> None:
    text = CITY.replace("metadata: []", "metadata: []\n      max_side: 80\n      max_rate: 10")
    found_city(city, text.replace("[photo, live", "[photo, video, live"))
    (city / "street" / "a.png").unlink()
    before = watch(film(city / "street" / "v.mp4"))
    done = unseen(city / "street", "-o", tmp_path / "out", *AS_OLGA, "--preview", engine=film_engine())
    assert done.code == 0, done.err
    after = watch(tmp_path / "out" / "v.mp4")
    assert (before.info.width, before.info.height, before.frames) == (160, 120, 30)
    # One frame for each tenth of a second, at the time it had.
    assert after.times == pytest.approx([0, 0.08, 0.2, 0.28, 0.4, 0.48, 0.6, 0.68, 0.8, 0.88, 1.0, 1.08])
    assert (after.info.width, after.info.height, after.shown) == (80, 60, [0] * 12)
    receipt = done.files["v.mp4"]
    assert receipt["size"] == [80, 60]
    assert receipt["video"]["minimised"] == {
        "size_before": [160, 120], "size": [80, 60], "rate_before": 25.0, "rate": 10.0, "frames_left_out": 18,
    }  # fmt: skip
    assert "videos of at most 10 frames a second" in done.out
    assert watch(tmp_path / "out" / str(receipt["video"]["preview"])).frames == 12


def test_an_input_that_changes_after_the_gate_is_not_released(city: Path, tmp_path: Path, unseen: Command) -> None:
    def swap(setup: Any) -> Any:
        make_photo(city / "street" / "a.png", seed=7)
        return fake_tools(setup)

    done = unseen(city / "street", "-o", tmp_path / "out", *AS_OLGA, "--jobs", "1", engine=fake_engine(swap))
    assert "changed while it was worked on" in str(done.files["a.png"]["error"])
    assert not (tmp_path / "out" / "a.png").exists()


def test_in_mode_warn_it_is_done_and_said(unseen: Command, city: Path, tmp_path: Path) -> None:
    found_city(city, f"mode: warn\n{CITY}")
    done = unseen(city / "street", "-o", tmp_path / "out", "--classes", "face", "--purpose", "research",
                  "--actor", "viktor")  # fmt: skip
    assert done.code == 0
    assert "a.png: the policy would refuse it: viktor has viewer" in done.out


def test_in_mode_observe_a_recipe_that_would_be_refused_is_done_and_said(
    unseen: Command, city: Path, tmp_path: Path
) -> None:
    found_city(city, f"mode: observe\n{CITY}")
    done = unseen(city / "street", "-o", tmp_path / "out", *AS_OLGA, "--hide", "face=blur")
    assert done.code == 0
    assert "nothing, in mode observe; else it would refuse this: policy refuses the method blur" in done.out
    assert "access.denied" in {event.kind for event in remembered(city)}


def test_another_purpose_does_every_file_again(unseen: Command, city: Path, tmp_path: Path, key: Path) -> None:
    words = (city / "street", "-o", tmp_path / "out", "--key", key)
    assert unseen(*words, *AS_OLGA).status("a.png") == "released"
    assert unseen(*words, *AS_OLGA).status("a.png") == "resumed"
    other = ("--classes", "face", "--purpose", "research", "--actor", "olga")
    assert unseen(*words, *other).status("a.png") == "released"


def test_without_a_policy_nothing_is_labelled_and_a_purpose_makes_no_sense(unseen: Command, tmp_path: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--classes", "face")
    assert (done.code, "label" in done.files["a.png"]) == (0, False)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".unseen", "a.png"]
    refused = unseen(tmp_path / "in", "-o", tmp_path / "out", "--purpose", "research")
    assert (refused.code, "unseen policy init" in refused.err) == (2, True)


def test_a_policy_inside_the_input_is_not_passed_over(unseen: Command, city: Path, tmp_path: Path) -> None:
    make_photo(found_city(tmp_path / "all" / "town").parent / "street" / "a.png")
    done = unseen(tmp_path / "all", "-o", tmp_path / "out", "--classes", "face")
    assert (done.code, "a policy lies inside the input" in done.err) == (3, True)
    assert not (tmp_path / "out").exists()
    done = unseen(city, "-o", tmp_path / "out", *AS_OLGA)
    assert (done.code, done.status("street/a.png"), done.status("unseen.yaml")) == (0, "released", "skipped")


def test_rules_in_toml_are_added_to_the_policy_above(unseen: Command, city: Path, tmp_path: Path) -> None:
    rules = tmp_path / "more.toml"
    rules.write_text('refuse_methods = ["fill"]\n')
    words = (city / "street", "-o", tmp_path / "out", "--policy", rules)
    assert "no purpose is said" in unseen(*words).err
    assert "refuses the method fill" in unseen(*words, *AS_OLGA).err
    rules.write_text('require_recall = "high"\n')
    assert "recall raised to high" in unseen(*words, *AS_OLGA, "--recall", "fast").out


def test_the_key_of_records_is_never_replaced(unseen: Command, city: Path, tmp_path: Path) -> None:
    unseen(city / "street", "-o", tmp_path / "out", *AS_OLGA)
    assert (city / ".unseen" / "policy.key").stat().st_mode & 0o077 == 0
    (city / ".unseen" / "policy.key").unlink()
    done = unseen(city / "street", "-o", tmp_path / "out2", *AS_OLGA)
    assert (done.code, "put it back" in done.err) == (2, True)


# From Python.


def test_the_python_function_passes_the_same_gate(city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Denied, match="no purpose is said"):
        package.redact(city / "street" / "a.png", classes=["face"])
    with package.purpose("research", actor="viktor") as p, pytest.raises(Denied, match="viktor has viewer"):
        package.redact(city / "street" / "a.png", classes=["face"], under=p)
    other = make_photo(city.parent / "other.png", seed=9).read_bytes()
    monkeypatch.setattr("unseen.engine.inputs.read_photo", lambda *_: other)
    with package.purpose("research", actor="olga") as p, pytest.raises(Denied, match="changed after it was decided on"):
        package.redact(city / "street" / "a.png", classes=["face"], under=p)


def test_a_capability_opens_what_is_allowed_and_nothing_after_its_end(city: Path) -> None:
    photo = city / "street" / "a.png"
    with package.purpose("research", actor="rosa") as p:
        assert p.open(photo).read() == photo.read_bytes()
        assert p.check(photo, "redact").ruling.allowed
        with pytest.raises(Denied, match="not train"):
            p.open(photo, "train")
    with pytest.raises(Exception, match="has ended"):
        p.open(photo)
    for action in (None, "view"):
        with package.purpose("research", actor="olga") as p, pytest.raises(Denied, match="permission view-raw"):
            p.open(photo, action)


def test_without_a_policy_a_capability_opens_nothing(tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "a.png")
    with package.purpose("research") as p, pytest.raises(Denied, match="nobody may view-raw"):
        p.open(photo)


def test_another_command_needs_two_lines(city: Path, tmp_path: Path, office: Governance) -> None:
    """What counts, or releases tables, passes the same gate and labels what it makes."""
    photo, table = city / "street" / "a.png", tmp_path / "counts.csv"
    table.write_text("time,count\n", "utf-8")
    with admit("count", Recipe(), [photo], Access("research", "olga")) as admission:
        admission.check(photo, output="table")
        admission.made(table, [photo], "table", state="aggregated", verdict=Verdict("pass", checked=("face",)))
    (made,) = office.records.made_from(office.item(photo))
    assert (made.item, made.kind, made.state) == (office.item(table), "table", "aggregated")
    with admit("count", Recipe(), [photo], Access("research", "olga")) as admission:
        with pytest.raises(Denied, match="not dicom"):
            admission.check(photo, output="dicom")
        admission.check(photo, output="table")
        with pytest.raises(Refused, match="stays raw"):
            admission.made(table, [photo], "table", state="aggregated", verdict=None)
    with pytest.raises(Denied, match="not release"):
        admit("release", Recipe(), [photo], Access("research", "olga"))


@pytest.mark.parametrize("action", ACTIONS)
def test_the_built_in_policy_shows_exports_and_trains_nothing(tmp_path: Path, action: str) -> None:
    photo = make_photo(tmp_path / "a.png")
    if action in ("redact", "live", "count", "dicom", "release"):
        with admit(action, Recipe(), [photo], Access()) as admission:
            admission.check(photo)
        assert admission.recipe == Recipe()
    else:
        with pytest.raises(Denied, match=f"without a policy nobody may {action}"):
            admit(action, Recipe(), [photo], Access())
