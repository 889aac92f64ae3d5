"""Videos whose run is killed, interrupted or breaks: nothing raw is left, and the next run goes on behind its parts."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.engine_fakes import ROOT, SECRET, BlindDetector, Command, bare_environment, make_photo
from tests.engine.film_scenes import FILM, MissingDetector, film, film_command, film_engine, leftovers, watch
from unseen.core.photos import Rgb8
from unseen.core.regions import Detection
from unseen.errors import UnseenError

LONG = replace(FILM, stamps=range(160))
_PATIENCE = 180.0


class BreakingDetector(MissingDetector):
    """Finds the square until it has been asked often enough."""

    def __init__(self, most: int, error: BaseException, misses: frozenset[int] = frozenset()) -> None:
        super().__init__(misses)
        self._most, self._error = most, error

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        if self.asked >= self._most:
            raise self._error
        return super().detect(images)


def _state(output: Path) -> dict[str, Any]:
    """Return what is noted of the parts that are done, {} where there is nothing."""
    for path in (output / ".unseen").rglob("state.json"):
        with contextlib.suppress(ValueError, OSError):
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return found
    return {}


def _stopped(words: Sequence[str | Path], output: Path, how: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, and end it when its first part is done."""
    with subprocess.Popen(
        film_command(*words, "--quiet"),
        cwd=ROOT,
        env=bare_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + _PATIENCE
        while not _state(output) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.01)
        assert process.poll() is None, process.communicate()
        os.kill(process.pid, how)
        out, err = process.communicate(timeout=_PATIENCE)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _all_left_is_hidden(output: Path) -> int:
    """Look at every video in the output's own folder, and return how many can be read."""
    read = 0
    for path in (output / ".unseen").rglob("*.mp4"):
        with contextlib.suppress(UnseenError):
            assert not any(watch(path).shown)
            read += 1
    return read


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_stopped_run_goes_on_behind_its_last_part(
    unseen: Command, tmp_path: Path, key: Path, how: signal.Signals
) -> None:
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    words = (source, "-o", output, "--key", key, "--stride", "1")
    stopped = _stopped(("redact", *words), output, how)
    assert stopped.returncode == (-signal.SIGKILL if how == signal.SIGKILL else 130)
    assert [p.name for p in output.iterdir()] == [".unseen"]
    done = int(_state(output)["next"])
    assert 0 < done < 160
    assert _all_left_is_hidden(output) >= 1
    seen: list[int] = []
    again = unseen(*words, engine=film_engine(lambda: MissingDetector(frozenset(), seen)))
    assert again.code == 0, again.err
    assert len(seen) == 160 - done
    video = again.files["a.mp4"]["video"]
    assert (video["frames"], video["frames_looked_at"], video["duration"]) == (160, 160, 6.4)
    after = watch(output / "a.mp4")
    assert after.shown == [0] * 160
    assert after.times == pytest.approx(watch(source).times)
    assert leftovers(output) == []


def test_stopped_run_without_a_key_leaves_nothing(tmp_path: Path) -> None:
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    stopped = _stopped(("redact", source, "-o", output, "--stride", "1"), output, signal.SIGINT)
    assert stopped.returncode == 130
    assert leftovers(output) == []


def test_killed_run_without_a_key_is_cleaned_up_by_the_next(unseen: Command, tmp_path: Path) -> None:
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    _stopped(("redact", source, "-o", output, "--stride", "1"), output, signal.SIGKILL)
    assert _state(output)
    photo = make_photo(tmp_path / "in" / "b.png")
    assert unseen(photo, "-o", output, engine=film_engine()).code == 0
    assert leftovers(output) == []


def _broken(unseen: Command, words: Sequence[str | Path], most: int = 150) -> None:
    """Run with a detector that breaks."""
    engine = film_engine(lambda: BreakingDetector(most, RuntimeError(SECRET)))
    done = unseen(*words, engine=engine)
    assert done.code == 1
    assert done.err == "failed: a.mp4: unexpected RuntimeError; leave the file out and report this\n"


def _looks(unseen: Command, words: Sequence[str | Path], output: Path) -> int:
    """Run again, and return how many frames were looked at."""
    seen: list[int] = []
    done = unseen(*words, engine=film_engine(lambda: MissingDetector(frozenset(), seen)))
    assert done.code == 0, done.err
    assert watch(output / "a.mp4").shown == [0] * 160
    assert leftovers(output) == []
    return len(seen)


def test_broken_run_goes_on_too(unseen: Command, tmp_path: Path, key: Path) -> None:
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    words = (source, "-o", output, "--key", key, "--stride", "1")
    _broken(unseen, words)
    done = _state(output)["next"]
    assert 0 < done < 150
    assert _looks(unseen, words, output) == 160 - done
    assert _looks(unseen, words, output) == 0


def test_verified_parts_outlive_other_runs_into_the_folder(unseen: Command, tmp_path: Path, key: Path) -> None:
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    _broken(unseen, (source, "-o", output, "--key", key, "--stride", "1"), 110)
    parts = leftovers(output)
    assert len(parts) >= 4
    # As if it had been killed while it wrote.
    (output / ".unseen" / parts[0]).with_name("01.new.mp4").write_bytes(b"not verified")
    other = make_photo(tmp_path / "in" / "b.png")
    for last in (("--key", key), ()):
        assert unseen(other, "-o", output, *last, engine=film_engine()).code == 0
        assert leftovers(output) == parts


@pytest.mark.parametrize(("days", "kept"), [(6, True), (8, False), (-8, False)])
def test_parts_that_no_run_went_on_with_for_a_week_are_deleted_by_the_next_run(
    unseen: Command, tmp_path: Path, days: int, kept: bool
) -> None:
    own = tmp_path / "out" / ".unseen" / "work" / "0123"
    own.mkdir(parents=True)
    (own / "state.json").write_text("{}")
    then = time.time() - days * 24 * 3600
    os.utime(own / "state.json", (then, then))
    assert unseen(make_photo(tmp_path / "in" / "b.png"), "-o", tmp_path / "out", engine=film_engine()).code == 0
    assert own.exists() == kept


def test_gap_is_bridged_where_a_run_was_stopped(unseen: Command, tmp_path: Path, key: Path) -> None:
    """Half a second without a detection around the end of each part: tracks must go on over the seam."""
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    words = (source, "-o", output, "--key", key, "--stride", "1", "--unsafe-skip-verify")
    gaps = frozenset(i for end in (50, 100) for i in range(end - 6, end + 7))
    engine = film_engine(lambda: BreakingDetector(150, RuntimeError(SECRET), gaps))
    assert unseen(*words, engine=engine).code == 1
    done = int(_state(output)["next"])
    assert done in (50, 100)
    rest = frozenset(i - done for i in gaps)
    again = unseen(*words, engine=film_engine(lambda: MissingDetector(rest)))
    assert again.code == 0, again.err
    assert watch(output / "a.mp4").shown == [0] * 160
    (one,) = again.files["a.mp4"]["video"]["tracks"]
    assert (one["first"], one["last"], one["detected"], one["bridged"]) == (0, 159, 134, 26)


class BlinkingDetector(MissingDetector):
    """Finds the square but at some places; breaks when it has been asked often enough."""

    def __init__(self, most: int | None = None) -> None:
        super().__init__(frozenset())
        self._most = most

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        if self._most is not None and self.asked >= self._most:
            raise RuntimeError(SECRET)
        return [[d for d in found if int(d.box.x1) % 3] for found in super().detect(images)]


@pytest.mark.parametrize(("stride", "most"), [("auto", 36), ("auto", 44), ("3", 40), ("3", 50)])
def test_run_that_goes_on_hides_what_one_without_a_break_hides(
    unseen: Command, tmp_path: Path, key: Path, stride: str, most: int
) -> None:
    """To the pixel and under the same numbers: it looks at the same frames, and knows what was known."""
    source = film(tmp_path / "in" / "a.mp4", LONG)
    hidden = []
    for name, breaks in (("whole", None), ("broken", most)):
        words = (source, "-o", tmp_path / name, "--key", key, "--stride", stride)
        regions = tmp_path / f"{name}.jsonl"
        if breaks:
            assert unseen(*words, engine=film_engine(lambda: BlinkingDetector(most))).code == 1
            assert 0 < int(_state(tmp_path / name)["next"]) < 160
        assert unseen(*words, "--regions", regions, engine=film_engine(BlinkingDetector)).code == 0
        hidden.append([json.loads(line) for line in regions.read_text("utf-8").splitlines()])
    assert [row["regions"] for row in hidden[0]] == [row["regions"] for row in hidden[1]]
    assert any(region[7] == "followed" for row in hidden[0] for region in row["regions"])


def test_what_verification_finds_is_counted_once_by_a_run_that_goes_on(
    unseen: Command, tmp_path: Path, key: Path
) -> None:
    """The first run breaks when the second part is written: what was found for that is settled, but not kept."""
    source = film(tmp_path / "in" / "a.mp4", replace(FILM, stamps=range(80)))
    told = []
    for name in ("whole", "broken"):
        words = (source, "-o", tmp_path / name, "--key", key, "--stride", "40")
        if name == "broken":
            breaks = film_engine(BlindDetector, change=lambda t: replace(t, video=_OneSegment(t.video)))
            assert unseen(*words, engine=breaks).code == 1
            assert 0 < int(_state(tmp_path / name)["next"]) < 80
        done = unseen(*words, engine=film_engine(BlindDetector))
        assert done.code == 0, done.err
        video, verdict = (done.files["a.mp4"][part] for part in ("video", "verdict"))
        told.append((video["frames_looked_at"], video["frames_checked"], verdict["residues_hidden"], verdict["rounds"]))
    assert told[0] == told[1]
    assert all(told[0])


def test_other_recipe_starts_anew(unseen: Command, tmp_path: Path, key: Path) -> None:
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    words = (source, "-o", output, "--key", key, "--stride", "1")
    _broken(unseen, words)
    assert _looks(unseen, (*words, "--margin", "0.1"), output) == 160


def test_other_input_starts_anew(unseen: Command, tmp_path: Path, key: Path) -> None:
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    words = (source, "-o", output, "--key", key, "--stride", "1")
    _broken(unseen, words)
    film(source, replace(LONG, options={"crf": "17"}))
    assert _looks(unseen, words, output) == 160


def test_parts_that_are_gone_or_garbled_start_anew(unseen: Command, tmp_path: Path, key: Path) -> None:
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    words = (source, "-o", output, "--key", key, "--stride", "1")
    _broken(unseen, words)
    (state,) = (output / ".unseen" / "work").glob("*/state.json")
    state.write_bytes(state.read_bytes()[:-40])
    assert _looks(unseen, words, output) == 160


@pytest.mark.parametrize("damage", ["gone", "garbled", "a list"])
def test_what_is_known_of_tracks_must_be_there_for_every_part(
    unseen: Command, tmp_path: Path, key: Path, damage: str
) -> None:
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    words = (source, "-o", output, "--key", key, "--stride", "1")
    _broken(unseen, words)
    first = min((output / ".unseen" / "work").glob("*/*.tracks"))
    if damage == "gone":
        first.unlink()
    else:
        first.write_text("[1]" if damage == "a list" else first.read_text()[:-1])
    assert _looks(unseen, words, output) == 160


def test_run_that_was_killed_before_all_parts_were_joined(unseen: Command, tmp_path: Path, key: Path) -> None:
    """All is looked at, all is written, and only the name is missing: nothing is looked at again."""
    source, output = film(tmp_path / "in" / "a.mp4", LONG), tmp_path / "out"
    words = (source, "-o", output, "--key", key, "--stride", "1")

    def broken(tools: Any) -> Any:
        return replace(tools, video=_NoConcat(tools.video))

    assert unseen(*words, engine=film_engine(change=broken)).code == 1
    assert _state(output)["next"] == 160
    done = unseen(*words, engine=film_engine(lambda: BreakingDetector(0, RuntimeError(SECRET))))
    assert done.code == 0, done.err
    video = done.files["a.mp4"]["video"]
    assert (video["frames"], video["frames_looked_at"], video["duration"]) == (160, 160, 6.4)
    assert watch(output / "a.mp4").shown == [0] * 160


class _OneSegment:
    """A codec that breaks when a second file is written."""

    def __init__(self, codec: Any) -> None:
        self._codec = codec
        self._writers = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)

    def open_writer(self, *args: Any, **options: Any) -> Any:
        self._writers += 1
        if self._writers > 1:
            raise RuntimeError(SECRET)
        return self._codec.open_writer(*args, **options)


class _NoConcat:
    """A codec that breaks when segments are joined."""

    def __init__(self, codec: Any) -> None:
        self._codec = codec

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)

    def concat(self, *_: object, **__: object) -> int:
        raise RuntimeError(SECRET)
