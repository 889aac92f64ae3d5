"""The benchmark of videos: rows and what is wanted of them, what tools hid, cost of processes, labels of faces."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.deface_cli import NAME
from bench.face_labels import RULE, counting, is_face, tracks_of, union
from bench.process import used_by
from bench.video_clips import Clip
from bench.video_crosscheck import Detail, detail_in
from bench.video_metrics import Leaks
from bench.video_rows import as_records, render, rows_of
from bench.video_runs import Done, in_turns, total
from bench.video_tools import LIMIT, PLAIN, Tool, unseen
from unseen.core.regions import Box, Detection
from unseen.core.video import Track, TrackPoint

YUNET, MEDIAPIPE = RULE.least


def _tool(name: str, stride: str | None = None, *, verified: bool | None = None) -> Tool:
    return Tool(name, lambda clip, folder: [], None, {}, stride, verified)


def _done(tool: Tool, seconds: float, leaked: int = 0, beside: float = 1.0, **more: int) -> Done:
    leaks = Leaks(10, leaked, 1000, leaked, 100, leaked, leaked, 100, beside, more.get("whole", 0))
    return Done(tool, 100, (seconds,) * 3, 2 * seconds, 1e8, 1, more.get("released", 1), leaks)


AUTO, EACH = _tool("auto", "auto", verified=True), _tool("each", "1", verified=True)
LIMITED = replace(_done(_tool(LIMIT), 1.0), leaks=None)


def _figures(done: Sequence[Done], *, timed: bool = True) -> dict[str, str]:
    row = rows_of("clips", done, asked=True, timed=timed)[0]
    return {
        name: f"{'SHORT' if f.short else 'ok'} {f.wanted}" for name, f in row.by_name.items() if f.wanted is not None
    }


def test_beside_the_plain_loop_half_its_tracks_and_three_times_its_speed_are_wanted() -> None:
    figures = _figures([_done(AUTO, 2.0, 2), _done(EACH, 4.0, 1), _done(_tool(PLAIN), 6.0, 4), LIMITED])
    assert figures == {
        "tracks": "ok <= 0.2",
        "pairs": "SHORT <= 0.001",
        "beside": "ok <= 0.013",
        "whole": "ok <= 0",
        "not_released": "ok <= 0",
        "rate": "ok >= 50",
        "of_limit": "ok >= 0.4",
    }


def test_beside_deface_few_tracks_and_fewer_frames_and_eight_times_its_speed_are_wanted() -> None:
    figures = _figures([_done(AUTO, 2.0, 1, 1.4), _done(_tool(NAME), 8.0, 5), LIMITED])
    assert figures["tracks"] == "SHORT <= 0.01"
    assert figures["frames"] == "SHORT <= 0.003"
    assert figures["beside"] == "SHORT <= 0.013"
    assert figures["rate"] == "SHORT >= 100"
    assert _figures([_done(AUTO, 2.0), _done(_tool(NAME), 8.0, 0)])["frames"] == "ok <= 0"


def test_where_speed_is_not_asked_it_is_only_printed() -> None:
    assert {"rate", "of_limit"}.isdisjoint(_figures([_done(AUTO, 2.0), _done(_tool(PLAIN), 8.0), LIMITED], timed=False))


def test_frames_hidden_whole_and_clips_not_released_fall_short() -> None:
    figures = _figures([_done(AUTO, 2.0, whole=1, released=0)])
    assert figures == {"whole": "SHORT <= 0", "not_released": "SHORT <= 0"}


def test_a_clip_that_is_not_released_earns_nothing_by_hiding_nothing_and_by_ending_early() -> None:
    figures = _figures(
        [_done(AUTO, 0.1, 9, 0.0, released=0), _done(EACH, 0.1, 9, released=0), _done(_tool(PLAIN), 8.0), LIMITED]
    )
    assert figures == {"tracks": "SHORT <= 0", "whole": "ok <= 0", "not_released": "SHORT <= 0"}


def test_nothing_is_wanted_of_others_nor_of_other_settings() -> None:
    for tool in (EACH, _tool("off", "auto", verified=False), _tool(PLAIN), _tool(LIMIT)):
        assert _figures([_done(tool, 1.0, 9, whole=3), _done(_tool(PLAIN), 8.0)]) == {}


def test_verification_costs_what_the_run_without_it_does_not_take() -> None:
    off = _done(_tool("off", "auto", verified=False), 1.5)
    row = rows_of("clips", [_done(AUTO, 2.0), off, _done(EACH, 9.0)])[0]
    assert row.by_name["verifying_ms"].value == pytest.approx(5)
    assert row.by_name["verifying_cpu_ms"].value == pytest.approx(10)


def test_the_table_is_aligned_and_its_records_are_json() -> None:
    rows = rows_of("clips", [_done(AUTO, 2.0, 2), LIMITED], asked=True)
    lines = render(rows).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "0.200 (0.057-0.510)" in lines[2]
    assert "clips" not in lines[3]
    records = json.loads(json.dumps(as_records(rows)))
    assert records[0]["counts"]["leaked_tracks"] == 2
    assert records[0]["tracks"]["value"] == 0.2
    assert "tracks" not in records[1]


def test_clips_add_up_and_the_largest_peak_counts() -> None:
    one, two = _done(AUTO, 2.0, 1), replace(_done(AUTO, 1.0, 3), peak=3e8)
    both = total([one, two])
    assert (both.frames, both.seconds, both.cpu, both.peak, both.clips) == (200, (3.0,) * 3, 6.0, 3e8, 2)
    assert both.leaks is not None
    assert (both.leaks.leaked_tracks, both.leaks.longest) == (4, 3)
    assert total([one, replace(two, seconds=(5.0,))]).seconds == (7.0,)
    assert total([one, LIMITED]).leaks is None


CLIP = Clip("c", Path("c.mp4"), "face", 8, 6, ((), (), ()))


def test_what_unseen_hid_is_read_frame_by_frame(tmp_path: Path) -> None:
    tool = unseen("face", "auto", verify=False, environ={})
    assert tool.masks is not None
    report = {"files": [{"input": "c.mp4", "status": "released"}]}
    hidden = ["face", 0, 0, 2, 3, 0, 0.9, "detected", "fill", "box"]
    shown = ["face", 4, 0, 6, 3, 1, 0.9, "detected", "none", "box"]
    lines = [{"input": "c.mp4", "frame": i, "regions": [hidden, shown] * (i == 2)} for i in (0, 2)]
    (tmp_path / "regions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert [int(mask.sum()) for mask in tool.masks(CLIP, tmp_path)] == [0, 0, 6]
    report["files"][0]["status"] = "failed"
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert [int(mask.sum()) for mask in tool.masks(CLIP, tmp_path)] == [0, 0, 0]


def test_settings_become_words_of_the_command_line(tmp_path: Path) -> None:
    words = unseen("person", "1", verify=True, environ={}).words(CLIP, tmp_path)
    assert " ".join(words).partition(" redact ")[2].startswith(f"c.mp4 -o {tmp_path / 'out'} --quiet --classes person")
    assert "--unsafe-skip-verify" not in words
    assert "--unsafe-skip-verify" in unseen("person", "1", verify=False, environ={}).words(CLIP, tmp_path)


def test_tools_run_in_turns_each_in_an_empty_folder(tmp_path: Path) -> None:
    said: list[str] = []
    script = "import sys, pathlib as p; f = p.Path(sys.argv[1]); assert not f.exists(); f.write_text('')"
    tools = [
        Tool(n, lambda clip, folder: [sys.executable, "-c", script, str(folder / "out" / "c.mp4")], None, {})
        for n in "ab"
    ]
    done = in_turns(tools, CLIP, 2, tmp_path, said.append)
    assert [line.split()[1] for line in said] == ["a,", "b,", "a,", "b,"]
    assert [(len(d.seconds), d.released, d.leaks) for d in done] == [(2, 1, None)] * 2


def test_a_command_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(SystemExit, match=r"ended with 3:\nno such clip"):
        used_by([sys.executable, "-c", "import sys; print('no such clip', file=sys.stderr); sys.exit(3)"])


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_and_time_of_all_processes_count() -> None:
    inner = "b = bytes(range(256)) * 400000; import time; time.sleep(0.5)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], check=True)"
    took = used_by([sys.executable, "-c", outer])
    assert took.peak > 100e6
    assert took.seconds > 0.5
    assert took.cpu > 0


def _grain(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(seed).uniform(0, 255, (40, 60)).astype(np.float32)


def test_detail_is_gone_where_it_was_hidden_and_there_where_not() -> None:
    before, hidden = _grain(0), np.zeros((40, 60), np.bool_)
    hidden[10:30, 10:40] = True
    after = np.where(hidden, 128, before + _grain(1) / 40).astype(np.float32)
    assert detail_in(before, after, hidden).holds
    assert not detail_in(before, before, hidden).holds
    assert not detail_in(before, np.full_like(before, 9), hidden).holds
    assert not (detail_in(before, after, hidden) + Detail(lost=1)).holds
    assert Detail().holds


def _seen(family: str, score: float, x: float = 10, side: float = 20) -> Detection:
    return Detection("face", Box(x, 10, x + side, 10 + side), score, family)


def test_what_both_families_see_is_one_face_with_the_box_of_the_first() -> None:
    seen = [_seen(MEDIAPIPE, 0.9, 12), _seen(YUNET, 0.6, 11), _seen(YUNET, 0.9), _seen(MEDIAPIPE, 0.7, 60)]
    faces = union([*seen, _seen(YUNET, 0.4, 90), _seen(MEDIAPIPE, 0.5, 120)], RULE)
    assert [[(d.model, d.box.x1) for d in face] for face in faces] == [
        [(YUNET, 10), (MEDIAPIPE, 12)],
        [(MEDIAPIPE, 60)],
    ]


def test_a_track_is_a_face_when_both_families_saw_it_and_one_was_sure() -> None:
    unsure, sure, other = [_seen(YUNET, 0.6)], [_seen(YUNET, 0.85)], [_seen(MEDIAPIPE, 0.7)]
    assert is_face([unsure, unsure, other, sure, unsure], RULE)
    assert not is_face([unsure, unsure, other, sure], RULE)
    assert not is_face([unsure] * 50 + [other], RULE)
    assert not is_face([sure] * 14, RULE)
    assert is_face([sure] * 15, RULE)


def test_faces_are_linked_and_gaps_filled() -> None:
    both = [[_seen(YUNET, 0.9, 10), _seen(MEDIAPIPE, 0.9, 11)]]
    found = [both, both, both, [], both, both, [[_seen(YUNET, 0.9, 150)]]]
    (track,) = tracks_of(found, 200, 100, 25.0)
    assert (track.first, track.last, track.detected, track.longest_gap) == (0, 5, 5, 1)


def test_nothing_is_asked_in_long_gaps_nor_of_the_smallest() -> None:
    def point(i: int, *, detected: bool, side: float = 12) -> TrackPoint:
        return TrackPoint(i, Box(0, 0, side, side), 1.0, detected)

    states = [True, *[False] * RULE.bridge, True, *[False] * (RULE.bridge + 1), True]
    points = [point(i, detected=on) for i, on in enumerate(states)]
    points.append(point(len(points), detected=True, side=9.9))
    found = [[[Detection("face", p.box, 0.9, YUNET)]] for p in points]
    asked = counting(Track(0, "face", tuple(points)), found, RULE)
    assert asked == [True] * (RULE.bridge + 2) + [False] * (RULE.bridge + 1) + [True, False]


def test_nothing_is_asked_long_after_a_face_was_confirmed() -> None:
    box = Box(0, 0, 20, 20)
    found = [[[Detection("face", box, 0.9 if i == 0 else 0.6, YUNET)]] for i in range(RULE.near + 3)]
    track = Track(0, "face", tuple(TrackPoint(i, box, 0.6, True) for i in range(len(found))))
    assert counting(track, found, RULE) == [True] * (RULE.near + 1) + [False] * 2
    assert not any(counting(track, [[[Detection("face", box, 0.6, YUNET)]] for _ in found], RULE))
