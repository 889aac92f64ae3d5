"""A video is redacted again by a person's edits: what is shown, what stays hidden, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.engine.edit_scenes import FRAMES, HEIGHT, WIDTH, HalvesDetector, halves_engine, shown, two_faces
from tests.engine.engine_fakes import ROOT, BlindDetector, Command, MagentaDetector, Outcome, make_photo
from tests.engine.film_scenes import film, film_engine, watch
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.engine.film.tracks import kept_lines, read_kept

Again = Callable[..., Outcome]
EVERY = ("--stride", "1")


@pytest.fixture
def again(tmp_path: Path, unseen: Command, key: Path) -> Again:
    """Redact the clip once, and return what does it again with edits, which tell the digest unless told not to."""
    clip = two_faces(tmp_path / "in" / "clip.mp4")
    done = unseen(clip, "-o", tmp_path / "out", "--key", key, *EVERY, engine=halves_engine())
    assert done.code == 0
    assert shown(tmp_path / "out" / "clip.mp4") == ([0] * FRAMES, [0] * FRAMES)

    def command(edits: Any, *words: str | Path, engine: Any = None, tells: bool = True) -> Outcome:
        path = tmp_path / "edits.json"
        if tells and isinstance(edits, dict):
            edits = {name: [{"of": _digest(tmp_path / "out")}, *each] for name, each in edits.items()}
        path.write_text(edits if isinstance(edits, str) else json.dumps(edits), encoding="utf-8")
        more = (clip, "-o", tmp_path / "out", "--key", key, *EVERY, "--edits", path, *words)
        return unseen(*more, engine=engine or halves_engine())

    return command


def _tracks(done: Outcome) -> dict[int, str]:
    return {track["track"]: track["class"] for track in done.files["clip.mp4"]["video"]["tracks"]}


def _digest(folder: Path) -> str:
    """Return the digest of the tracks that are kept of the clip."""
    (path,) = (folder / ".unseen" / "tracks").iterdir()
    kept = read_kept(path)
    assert kept is not None
    return kept.digest


def _left_track(folder: Path) -> int:
    """Return the number of the track in the left half."""
    (path,) = (folder / ".unseen" / "tracks").iterdir()
    row = json.loads(next(iter(kept_lines(path))))["regions"]
    return int(next(r[5] for r in row if r[3] < WIDTH / 2))


@pytest.mark.parametrize("kind", ["remove", "visible"])
def test_a_track_that_is_spared_shows_in_every_frame_and_the_other_in_none(
    again: Again, tmp_path: Path, kind: str
) -> None:
    eyes = HalvesDetector()
    number = _left_track(tmp_path / "out")
    done = again({"clip.mp4": [{kind: [number]}]}, engine=halves_engine(eyes))
    left, right = shown(tmp_path / "out" / "clip.mp4")
    assert (done.code, eyes.asked) == (0, 0)
    assert min(left) > 100
    assert right == [0] * FRAMES
    video = done.files["clip.mp4"]["video"]
    named = {"remove": "removed", "visible": "visible_by_choice"}[kind]
    assert video["edits"][named] == {"face": [number]}
    assert sum(video["edits"]["counts"].values()) == 1
    assert (video["frames"], video["frames_looked_at"]) == (FRAMES, 0)
    assert number not in _tracks(done)
    assert len(_tracks(done)) == 1
    assert done.files["clip.mp4"]["verdict"] | {"detail": ""} == {
        "outcome": "pass", "checked": ["face"], "unchecked": ["head", "plate"],
        "residues_hidden": 0, "rounds": 0, "detail": "",
    }  # fmt: skip
    assert f"note: clip.mp4: edited: {int(kind == 'remove')} tracks removed" in done.out
    assert f"note: clip.mp4: shows face {number} from 00:00:00.000 to 00:00:01.160" in done.out


def test_an_added_region_is_hidden_in_its_frames_only(again: Again, tmp_path: Path) -> None:
    number = _left_track(tmp_path / "out")
    boxes = [[16, 20, 56, 56], [16, 38, 56, 74]]
    edits = [{"remove": [number]}, {"add": {"class": "person", "frames": [10, 19], "boxes": boxes}}]
    done = again({"clip.mp4": edits})
    assert done.code == 0
    left, right = shown(tmp_path / "out" / "clip.mp4")
    assert left[10:20] == [0] * 10
    assert min(left[:10] + left[20:]) > 100
    assert right == [0] * FRAMES
    (added,) = done.files["clip.mp4"]["video"]["edits"]["added"]
    assert added == {"track": 3, "class": "person", "first": 10, "last": 19}
    assert _tracks(done)[3] == "person"


def test_what_verification_sees_elsewhere_is_hidden_and_can_be_named_afterwards(again: Again, tmp_path: Path) -> None:
    class Ghost(HalvesDetector):
        def detect(self, images: Any) -> Any:
            return [[self._at(image.shape[1] / WIDTH)] for image in images]

        def _at(self, scale: float) -> Any:
            return Detection("face", Box(*(v * scale for v in (70, 50, 90, 70))), 0.9, self.name)

    ghost = halves_engine(again=Ghost("mediapipe-full-range"))
    number = _left_track(tmp_path / "out")
    done = again({"clip.mp4": [{"remove": [number]}]}, engine=ghost)
    assert done.code == 0
    assert done.files["clip.mp4"]["verdict"]["residues_hidden"] > 0
    new = max(_tracks(done))
    (path,) = (tmp_path / "out" / ".unseen" / "tracks").iterdir()
    kept = read_kept(path)
    assert kept is not None
    assert {number, new} <= set(kept.known.classes)
    done = again({"clip.mp4": [{"remove": [number]}, {"visible": [new]}]}, engine=ghost)
    assert done.code == 0
    assert new not in _tracks(done)


def test_the_same_edits_are_not_made_twice_and_none_bring_everything_back(
    again: Again, unseen: Command, tmp_path: Path, key: Path
) -> None:
    edits = {"clip.mp4": [{"remove": [_left_track(tmp_path / "out")]}]}
    first = again(edits)
    assert first.status("clip.mp4") == "released"
    resumed = again(edits)
    assert resumed.status("clip.mp4") == "resumed"
    assert resumed.files["clip.mp4"]["video"] == first.files["clip.mp4"]["video"]
    assert min(shown(tmp_path / "out" / "clip.mp4")[0]) > 100
    words = (tmp_path / "in" / "clip.mp4", "-o", tmp_path / "out", "--key", key, *EVERY)
    done = unseen(*words, engine=halves_engine())
    assert done.status("clip.mp4") == "released"
    assert shown(tmp_path / "out" / "clip.mp4") == ([0] * FRAMES, [0] * FRAMES)
    assert unseen(*words, engine=halves_engine()).status("clip.mp4") == "resumed"


def test_what_edits_hid_is_told_again_by_making_them_again(again: Again, tmp_path: Path) -> None:
    edits = {"clip.mp4": [{"remove": [_left_track(tmp_path / "out")]}]}
    told = []
    for name in ("1.jsonl", "2.jsonl"):
        assert again(edits, "--regions", str(tmp_path / name)).status("clip.mp4") == "released"
        told.append((tmp_path / name).read_text())
    assert told[0] == told[1]
    assert [len(json.loads(line)["regions"]) for line in told[0].splitlines()] == [1] * FRAMES


def test_a_run_that_broke_off_goes_on_with_its_own_edits_only(
    tmp_path: Path, unseen: Command, key: Path, again: Again
) -> None:
    class Breaking(HalvesDetector):
        def detect(self, images: Any) -> Any:
            if self.asked >= 110:
                raise RuntimeError
            return super().detect(images)

    clip, out, edits = two_faces(tmp_path / "in" / "clip.mp4", frames=140), tmp_path / "out", tmp_path / "edits.json"
    every = (clip, "-o", out, "--key", key, *EVERY, "--check-every", "0.04")
    assert unseen(*every, engine=halves_engine()).code == 0
    number = _left_track(out)
    for spared, code in ((number, 1), (3 - number, 0)):
        edits.write_text(json.dumps({"clip.mp4": [{"of": _digest(out)}, {"remove": [spared]}]}), encoding="utf-8")
        engine = halves_engine(again=Breaking("mediapipe-full-range") if code else None)
        assert unseen(*every, "--edits", edits, engine=engine).code == code
    left, right = shown(out / "clip.mp4")
    assert left == [0] * 140
    assert min(right) > 100


def test_regions_that_are_written_are_those_of_the_edits(again: Again, tmp_path: Path) -> None:
    number = _left_track(tmp_path / "out")
    add = {"class": "face", "frames": [3, 3], "boxes": [[0.5, 0.5, 9.5, 9.5]]}
    assert again({"clip.mp4": [{"remove": [number]}, {"add": add}]}, "--regions", tmp_path / "r.jsonl").code == 0
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text("utf-8").splitlines()]
    assert [line["frame"] for line in lines] == list(range(FRAMES))
    assert {row[5] for line in lines for row in line["regions"]} == {3 - number, 3}
    assert [row for row in lines[3]["regions"] if row[5] == 3] == [
        ["face", 0, 0, 10, 10, 3, 1.0, "requested", "fill", "box"]
    ]


def test_a_policy_keeps_tracks_hidden(again: Again, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('require_hidden = ["face"]\n', encoding="utf-8")
    before = (tmp_path / "out" / "clip.mp4").read_bytes()
    for kind in ("remove", "visible"):
        done = again({"clip.mp4": [{kind: [1]}]}, "--policy", policy)
        assert done.code == 3
        assert "clip.mp4: policy requires face to be hidden, so track 1 stays hidden" in done.err
    assert (tmp_path / "out" / "clip.mp4").read_bytes() == before
    box = {"class": "face", "frames": [0, 3], "boxes": [[0, 0, 20, 20]]}
    assert again({"clip.mp4": [{"add": box}]}, "--policy", policy).code == 0


_ADD = {"class": "face", "frames": [0, 3], "boxes": [[0, 0, 20, 20]]}


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ("[", "no valid JSON (Expecting value: line 1 column 2 (char 1)); mend the edits"),
        (
            '{"clip.mp4": [{"remove": [1]}], "clip.mp4": []}',
            'no valid JSON ("clip.mp4" is there twice); mend the edits',
        ),
        ({}, "holds no edits; "),
        ({"clip.mp4": [{"remove": [9]}]}, "clip.mp4: remove: unknown track 9; "),
        ({"clip.mp4": [{"visible": [9]}]}, "clip.mp4: visible: unknown track 9; "),
        ({"clip.mp4": [{"add": {**_ADD, "class": "hat"}}]}, 'clip.mp4: edit 2: add: unknown class "hat"; '),
        ({"clip.mp4": [{"add": {**_ADD, "frames": [0, FRAMES]}}]}, f"edit 2: add: frame {FRAMES} is out of range; "),
        (
            {"clip.mp4": [{"remove": [1]}, {"add": {**_ADD, "boxes": [[0, 0, 20, HEIGHT + 1]]}}]},
            f"clip.mp4: edit 3: add: a box reaches out of the picture of {WIDTH} x {HEIGHT} pixels; ",
        ),
        ({"other.mp4": [{"remove": [1]}]}, "other.mp4: no input video is called so; "),
    ],
)
def test_wrong_edits_end_before_anything_is_done(again: Again, tmp_path: Path, edits: Any, told: str) -> None:
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    done = again(edits)
    assert done.code == 2
    assert told in done.err
    assert done.err.startswith(f"unseen: error: {tmp_path / 'edits.json'}: ")
    assert done.err.count("\n") == 1
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_numbers_of_another_run_show_nobody_else(again: Again, unseen: Command, tmp_path: Path, key: Path) -> None:
    """A later run finds one face less and numbers the tracks anew: the number is that of another person then."""

    class LeftOnly(HalvesDetector):
        def detect(self, images: Any) -> Any:
            return [[d for d in found if d.box.x2 < image.shape[1] / 2] for image, found in self._both(images)]

        def _both(self, images: Any) -> Any:
            return zip(images, super().detect(images), strict=True)

    out, clip = tmp_path / "out", tmp_path / "in" / "clip.mp4"
    right = 3 - _left_track(out)
    edits: dict[str, Any] = {"clip.mp4": [{"of": _digest(out)}, {"visible": [right]}]}
    assert again(edits, tells=False).code == 0
    assert shown(out / "clip.mp4")[0] == [0] * FRAMES
    blind = halves_engine(LeftOnly(), LeftOnly("mediapipe-full-range"))
    done = unseen(clip, "-o", out, "--key", key, *EVERY, engine=blind)
    told = done.files["clip.mp4"]["video"]["tracks_digest"]
    assert (done.code, told) == (0, _digest(out))
    assert told != edits["clip.mp4"][0]["of"]
    before = (out / "clip.mp4").read_bytes()
    done = again(edits, tells=False)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f'clip.mp4: the edits are of other tracks ("of" is {edits["clip.mp4"][0]["of"]}, not {told})' in done.err
    assert (out / "clip.mp4").read_bytes() == before


@pytest.mark.parametrize("kind", ["remove", "visible"])
def test_numbers_without_a_digest_are_refused_with_the_digest_to_add(again: Again, tmp_path: Path, kind: str) -> None:
    done = again({"clip.mp4": [{kind: [1]}]}, tells=False)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f'add {{"of": "{_digest(tmp_path / "out")}"}} to the edits' in done.err
    assert again({"clip.mp4": [{"add": _ADD}]}, tells=False).code == 0


class Corner(HalvesDetector):
    """Finds a face at one place of a picture, and nothing else."""

    corner: tuple[int, int] = (70, 50)

    def detect(self, images: Any) -> Any:
        scale, (x, y) = images[0].shape[1] / WIDTH, self.corner
        box = Box(*(v * scale for v in (x, y, x + 20, y + 20)))
        return [[Detection("face", box, 0.9, self.name)] for _ in images]


class OtherCorner(Corner):
    corner = (68, 4)


def test_a_number_that_verification_gave_shows_nobody_else(
    again: Again, unseen: Command, tmp_path: Path, key: Path
) -> None:
    """Such numbers are given once more after a fresh run, to others; what was detected is numbered as before."""
    out, clip = tmp_path / "out", tmp_path / "in" / "clip.mp4"
    first, name = _digest(out), "mediapipe-full-range"
    edits: list[Any] = [{"of": first}, {"remove": [1]}]
    done = again({"clip.mp4": edits}, engine=halves_engine(again=Corner(name)), tells=False)
    second, new = _digest(out), max(_tracks(done))
    assert (done.code, new > 2, second != first) == (0, True, True)
    assert done.files["clip.mp4"]["video"]["tracks_digest"] == second
    # The first numbers may go by either digest, the new one only by the one that has it.
    refused = again({"clip.mp4": [*edits, {"visible": [new]}]}, tells=False)
    assert (refused.code, f'clip.mp4: track {new} is none of those that "of" tells of' in refused.err) == (2, True)
    assert f"change it to {second}" in refused.err
    named = {"clip.mp4": [{"of": second}, {"remove": [1]}, {"visible": [new]}]}
    assert again(named, tells=False).code == 0
    assert unseen(clip, "-o", out, "--key", key, *EVERY, engine=halves_engine()).code == 0
    assert _digest(out) == first
    done = again({"clip.mp4": edits}, engine=halves_engine(again=OtherCorner(name)), tells=False)
    assert (done.code, max(_tracks(done)) > 2) == (0, True)
    before = (out / "clip.mp4").read_bytes()
    refused = again(named, tells=False)
    assert (refused.code, f'"of" is {second}, not {_digest(out)}' in refused.err) == (2, True)
    assert (out / "clip.mp4").read_bytes() == before


def test_edits_fit_only_the_bytes_options_and_key_they_were_made_for(
    again: Again, unseen: Command, tmp_path: Path, key: Path
) -> None:
    edits = {"clip.mp4": [{"remove": [1]}]}
    done = again(edits, "--margin", "0.1")
    assert (done.code, "its tracks are those of other options" in done.err) == (2, True)
    words = (tmp_path / "in" / "clip.mp4", "-o", tmp_path / "out", *EVERY, "--edits", tmp_path / "edits.json")
    done = unseen(*words, engine=halves_engine())
    assert (done.code, "--edits needs the --key FILE" in done.err) == (2, True)
    other = tmp_path / "other.key"
    other.write_bytes(bytes(range(1, 33)))
    other.chmod(0o600)
    done = unseen(*words, "--key", other, engine=halves_engine())
    assert (done.code, "no tracks are kept of it in the output folder" in done.err) == (2, True)
    two_faces(tmp_path / "in" / "clip.mp4", seed=8)
    done = again(edits)
    assert (done.code, "is another file than the one whose tracks are kept" in done.err) == (2, True)
    done = again("", "--edits", tmp_path / "nothing.json")
    assert (done.code, "cannot read the edits" in done.err) == (2, True)


def test_edits_of_a_photo_are_an_error(tmp_path: Path, unseen: Command, key: Path) -> None:
    make_photo(tmp_path / "in" / "a.png")
    (tmp_path / "e.json").write_text('{"a.png": [{"remove": [1]}]}', encoding="utf-8")
    done = unseen(tmp_path / "in", "-o", tmp_path / "out", "--key", key, "--edits", tmp_path / "e.json")
    assert (done.code, "a.png: no input video is called so" in done.err) == (2, True)


def test_tracks_are_kept_only_where_a_later_run_can_tell_the_video(tmp_path: Path, unseen: Command, key: Path) -> None:
    clip = two_faces(tmp_path / "in" / "clip.mp4", frames=8)
    assert unseen(clip, "-o", tmp_path / "a", engine=halves_engine()).code == 0
    assert not (tmp_path / "a" / ".unseen" / "tracks").exists()
    assert unseen(clip, "-o", tmp_path / "b", "--key", key, *EVERY, engine=halves_engine()).code == 0
    (path,) = (tmp_path / "b" / ".unseen" / "tracks").iterdir()
    assert "clip" not in path.name
    path.unlink()
    done = unseen(clip, "-o", tmp_path / "b", "--key", key, *EVERY, engine=halves_engine())
    assert (done.status("clip.mp4"), path.exists()) == ("released", True)


def test_a_missing_line_of_what_was_hidden_shows_nothing(again: Again, tmp_path: Path) -> None:
    import gzip

    (path,) = (tmp_path / "out" / ".unseen" / "tracks").iterdir()
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(lines[:-5])))
    before = (tmp_path / "out" / "clip.mp4").read_bytes()
    done = again({"clip.mp4": [{"remove": [1]}]})
    assert done.code == 1
    assert f"nothing is known of what was hidden in frame {FRAMES - 5}" in done.err
    assert (tmp_path / "out" / "clip.mp4").read_bytes() == before
    path.write_bytes(path.read_bytes()[:-20])
    done = again({"clip.mp4": [{"remove": [1]}]})
    assert (done.code, "is damaged; delete it and run once without --edits" in done.err) == (1, True)


def test_examples_in_the_guide_fit_the_schema() -> None:
    schema = json.loads((ROOT / "docs" / "edits.schema.json").read_text("utf-8"))
    page = (ROOT / "docs" / "guide" / "videos-edits.md").read_text("utf-8")
    blocks = [part.partition("```")[0] for part in page.split("```json\n")[1:]]
    assert blocks
    for block in blocks:
        jsonschema.Draft202012Validator(schema).validate(json.loads(block))


def test_what_was_left_visible_on_weak_evidence_is_told_of_and_can_be_hidden(
    unseen: Command, tmp_path: Path, key: Path
) -> None:
    @dataclass(frozen=True)
    class Unsure(MagentaDetector):
        def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
            return [[replace(each, score=0.27, model="yunet") for each in found] for found in super().detect(images)]

    source, out = film(tmp_path / "in" / "a.mp4"), tmp_path / "out"
    words, engine = (source, "-o", out, "--key", key, *EVERY), film_engine(Unsure, BlindDetector)
    done = unseen(*words, engine=engine)
    assert done.code == 0
    assert min(watch(out / "a.mp4").shown) > 0
    (told,) = done.report["files"][0]["video"]["needs_review"]
    assert (told["class"], told["from"], told["to"]) == ("face", "00:00:00.000", "00:00:01.160")
    assert told["reason"] == "left visible: weak evidence, seen at 30 looks, best score 0.27"
    assert "1 left visible on weak evidence, the longest face at 00:00:00.000; see the report" in done.out
    (tmp_path / "edits.json").write_text(json.dumps({"a.mp4": [{"add": told["add"]}]}), "utf-8")
    assert unseen(*words, "--edits", tmp_path / "edits.json", engine=engine).code == 0
    assert max(watch(out / "a.mp4").shown) == 0
