"""Policies are found from the input upwards; older files of rules alone still work, and others are told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.governed import CITY, found_city
from unseen.engine.policies import find_policy, policy_for, read_charter, read_floor
from unseen.errors import PolicyInvalid, Refused, UsageError
from unseen.policy.rules import Policy


def test_the_nearest_policy_above_the_input_counts(tmp_path: Path) -> None:
    top = found_city(tmp_path)
    inner = found_city(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "c").mkdir()
    (tmp_path / "a" / "x.jpg").touch()
    assert find_policy(tmp_path / "a" / "x.jpg") == top
    assert find_policy(tmp_path / "a" / "b" / "c") == inner
    assert find_policy(tmp_path / "a" / "b") == inner


def test_the_working_folder_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found_city(tmp_path / "here")
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert find_policy(tmp_path / "there") is None


def test_a_link_does_not_lead_out_of_a_policy(tmp_path: Path) -> None:
    found_city(tmp_path / "city")
    (tmp_path / "city" / "street").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "city" / "street")
    assert find_policy(tmp_path / "link") == tmp_path / "city" / "unseen.yaml"


def test_a_link_that_lies_under_a_policy_is_under_it_wherever_it_leads(tmp_path: Path) -> None:
    city = found_city(tmp_path / "city")
    (tmp_path / "store" / "data").mkdir(parents=True)
    (tmp_path / "city" / "street").symlink_to(tmp_path / "store" / "data")
    assert find_policy(tmp_path / "city" / "street") == city
    found_city(tmp_path / "store")
    with pytest.raises(Refused, match="leads to another"):
        find_policy(tmp_path / "city" / "street")


def test_inputs_under_two_policies_are_taken_apart(tmp_path: Path) -> None:
    found_city(tmp_path / "a")
    (tmp_path / "b").mkdir()
    with pytest.raises(Refused, match="different policies"):
        policy_for([tmp_path / "a", tmp_path / "b"], None)
    with pytest.raises(Refused, match="different policies"):
        policy_for([tmp_path / "a", tmp_path / "b"], tmp_path / "p.yaml")


def test_naming_another_policy_does_not_get_around_the_one_above(tmp_path: Path) -> None:
    city = found_city(tmp_path / "city")
    assert policy_for([city.parent], city) == city
    assert policy_for([city.parent], tmp_path / "more.toml") == city
    with pytest.raises(Refused, match="is another policy; leave it out"):
        policy_for([city.parent], tmp_path / "mine.yaml")
    assert policy_for([tmp_path], tmp_path / "mine.yaml") == tmp_path / "mine.yaml"


def test_no_policy_is_one_without_rules() -> None:
    assert policy_for([], None) is None


def test_policy_file_is_toml_in_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('# Größe\nrequire_verify = "sample"\n', encoding="utf-8")
    assert read_floor(path).require_verify == "sample"
    assert read_charter(path).digest() == Policy(require_verify="sample").digest()


@pytest.mark.parametrize("data", [b"\xff", b"a = ", b"[" * 5000, b"a = " + b"[" * 5000, b"x = 1\nx = 2", b"\0"])
def test_policy_that_is_no_toml_is_told_in_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"p\.toml: no valid TOML") as told:
        read_floor(path)
    assert "\n" not in str(told.value)


def test_a_policy_of_another_name_is_told_what_to_be_called(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text("{}")
    with pytest.raises(UsageError, match=r"NAME\.yaml, or NAME\.toml"):
        read_charter(path)


def test_the_first_fault_is_told_with_its_line_and_how_many_more_there_are(tmp_path: Path) -> None:
    path = found_city(tmp_path, CITY.replace("basis: consent", "basis: concent").replace("[viewer]", "[veiwer]"))
    with pytest.raises(PolicyInvalid, match=r"unseen\.yaml:8: people\.viktor\.roles\.0: .*viewer\?.* \(and 1 more"):
        read_charter(path)
