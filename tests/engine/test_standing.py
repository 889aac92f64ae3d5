"""What goes on for long: a camera's label is renewed, a file's is not, and what is not decided any more is a no."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.governed import CITY, DAY, Clock, found_city, remembered
from unseen.core.access import Access
from unseen.core.recipe import Recipe
from unseen.engine.admission import admit
from unseen.engine.live.permit import Permit
from unseen.engine.standing import CurrentPolicy, Standing
from unseen.errors import Denied, PolicyInvalid


def test_what_a_camera_shows_is_new_each_day_and_a_file_is_not(tmp_path: Path) -> None:
    clock = Clock()
    policy = found_city(tmp_path, CITY.replace("outputs: [photo, live", "outputs: [photo, video, live"))
    film = tmp_path / "street" / "clip.mp4"
    film.parent.mkdir()
    film.write_bytes(b"pictures")
    recipe = Recipe(keep=frozenset())
    with Standing(
        CurrentPolicy(policy, clock), Access("research", "olga"), ["live", "count"], "live", recipe
    ) as standing:
        standing._policy.now().take_camera("crossing")
        standing.watch_camera("crossing")
        standing.watch_file("film", film)
        assert (standing.refusal("crossing"), standing.refusal("film")) == ("", "")
        clock.now += 91 * DAY
        assert standing.refusal("crossing") == ""
        assert "had to be deleted" in standing.refusal("film")
        policy.write_text(policy.read_text().replace("cameras: [crossing]", "cameras: [door]"), "utf-8")
        for _ in range(2):
            assert "no source of the policy has this camera" in standing.refusal("crossing"), "whatever label it had"
    access = Access("research", "olga", policy)
    with admit("live", recipe, [], access) as admission, pytest.raises(Denied, match="no source"):
        admission.check_camera("crossing")
    told = [event.details["reasons"] for event in remembered(tmp_path) if event.kind == "access.denied"]
    assert told == [["retention-over"], "no-label", "no-label"], "each turn once"


def test_rules_beside_a_policy_are_followed_too(tmp_path: Path) -> None:
    (tmp_path / "r.cedar").write_text("permit (principal, action, resource) when { context.now < 0 };", "utf-8")
    with CurrentPolicy(found_city(tmp_path, f"rules: [r.cedar]\n{CITY}")) as policy:
        before = policy.now()
        assert policy.now() is before
        (tmp_path / "r.cedar").write_text("nonsense", "utf-8")
        with pytest.raises(PolicyInvalid):
            policy.now()
        (tmp_path / "r.cedar").unlink()
        with pytest.raises(PolicyInvalid):
            policy.now()
        (tmp_path / "r.cedar").write_text("forbid (principal, action, resource) when { context.now < 0 };", "utf-8")
        assert policy.now().charter.digest() != before.charter.digest()


def test_a_permit_that_is_not_renewed_counts_no_longer() -> None:
    class Always:
        refused = ""

        def refusal(self, name: str) -> str:
            return self.refused

    clock, standing = Clock(0.0), Always()
    permit = Permit("door", standing, clock)
    assert permit.holds
    clock.now = 4.9
    assert permit.holds
    clock.now = 5.0
    assert not permit.holds, "who decides is late, and that is a no"
    permit.renew()
    assert permit.holds
    standing.refused, clock.now = "withdrawn", 6.0
    permit.renew()
    assert not permit.holds
