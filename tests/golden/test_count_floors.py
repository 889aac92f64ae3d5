"""Real people over a real line, with the real model: what is counted stays as good as it was."""

from __future__ import annotations

from pathlib import Path

from bench.traffic_truth import Crossed, match, person_clips
from unseen.adapters.models_store import FileModelStore
from unseen.adapters.video_av import AvCodec
from unseen.core.counts import COUNTING_LOOKS, Counting
from unseen.engine.assemble import open_objects
from unseen.engine.count import CountTools, VideoCount
from unseen.engine.film.count import VideoCounting
from unseen.engine.needed_models import require_objects

_NOWHERE = Path("nowhere.parquet")
#: Of five people one stands on the line in the first frame, and cannot be known to cross it.
_MISSED = 1


def test_people_on_a_campus(test_data: Path, models: FileModelStore) -> None:
    clip = next(c for c in person_clips(test_data / "samples" / "mot") if c.name.startswith("TUD-Campus"))
    tools = CountTools(AvCodec(1), *open_objects(require_objects(models), "cpu", 1))
    plan = VideoCounting(clip.scene, Counting(_NOWHERE, _NOWHERE, interval_s=1, looks=COUNTING_LOOKS), 0.0)
    counts = VideoCount(clip.path, plan, tools).tally().counts["crossings"]
    # Times are known to the second here.
    found = [Crossed(start + 0.5, direction) for (start, _, direction, _), n in counts.items() for _ in range(n)]
    errors = match(clip.truth, found)
    assert errors.wanted == 5
    assert len(errors.missed) <= _MISSED
    assert not errors.extra
