"""A live run as a whole, with a detector that fails in every way: what is bright in the clip is never published."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from tests.adapters.small_disk import files_of_at_most
from tests.engine.governed import CITY, agree, found_city, remembered
from tests.engine.live_fakes import bright_shares, detector, job_for, running, tools, wait_for, write_clip
from unseen.adapters.live.source_av import open_feed
from unseen.core.consents import ConsentEvent
from unseen.core.live import CameraSource, LiveJob
from unseen.core.ports import LiveFeed
from unseen.core.recipe import Recipe
from unseen.core.video import VideoFrame, VideoInfo
from unseen.engine.governance import open_governance
from unseen.engine.labelling import tighten
from unseen.engine.live import permit as live_permit
from unseen.engine.live.detector import LiveDetector
from unseen.engine.live.figures import prometheus
from unseen.engine.live.live import Live, LiveTools, run
from unseen.engine.needed_models import Models
from unseen.errors import OutputFailed, Refused, UnreadableInput, UnseenError, UnsupportedInput, UsageError


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with a bright square from the first frame on."""
    return write_clip(tmp_path_factory.mktemp("live") / "clip.mp4")


def _written(folder: Path) -> list[tuple[float, bool]]:
    files = sorted(folder.rglob("*"))
    assert not [path for path in files if path.name.startswith(".")], "no unfinished file is left"
    return [share for path in files if path.suffix == ".mp4" for share in bright_shares(path)]


def test_file_is_hidden_to_its_end(clip: Path, tmp_path: Path) -> None:
    status = run(job_for(str(clip), publish=(str(tmp_path),)), tools=tools())
    shares = _written(tmp_path)
    frames = status["cameras"]["camera1"]["frames"]
    assert frames["in"] == 50
    assert frames["out"] + frames["dropped"] == 50
    assert len(shares) == frames["out"]
    assert max(share for share, _ in shares) == 0
    assert not all(whole for _, whole in shares)
    assert status["cameras"]["camera1"]["ended"]


def test_what_comes_in_later_is_hidden_from_its_first_frame_on(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 75, first=31)
    run(job_for(str(clip), publish=(str(tmp_path / "out"),)), tools=tools())
    assert max(share for share, _ in _written(tmp_path / "out")) == 0


@pytest.mark.parametrize(
    "orders",
    [{"dies": 5, "warms": 1.0}, {"hangs": 5, "stall": 0.3}, {"fails": 4}, {"takes": 0.3}, {"takes": 0.9}],
    ids=str,
)
def test_failing_detector_shows_nothing(clip: Path, tmp_path: Path, orders: dict[str, Any]) -> None:
    job = job_for(str(clip), publish=(str(tmp_path),), loop=True, look_ahead=0.4)
    with running(job, tools(**orders)) as live:
        wait_for(lambda: live.cameras[0].figures.frames()["out"] > 100, 120)
    status = live.status()
    shares = _written(tmp_path)
    assert max(share for share, _ in shares) == 0
    whole = sum(whole for _, whole in shares)
    assert status["cameras"]["camera1"]["frames"]["hidden_whole"] >= whole
    # One look that is lost leaves a gap that is short enough.
    assert whole > 0 or "fails" in orders


def test_killed_detector_hides_all_until_it_is_back(clip: Path, tmp_path: Path) -> None:
    job = job_for(str(clip), publish=(str(tmp_path),), loop=True, look_ahead=0.4)
    # A start that is quicker than the look-ahead leaves a gap that is short enough.
    with running(job, tools(warms=1.0)) as live:
        figures = live.cameras[0].figures
        wait_for(lambda: figures.frames()["out"] > 30)
        before, whole = figures.counts["looks"], figures.frames()["hidden_whole"]
        pid = live.detector.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: figures.frames()["hidden_whole"] > whole)
        wait_for(lambda: figures.counts["looks"] > before + 10)
        assert live.detector.starts >= 2
    assert max(share for share, _ in _written(tmp_path)) == 0


@pytest.mark.parametrize(
    ("report", "wrong", "said"),
    [
        ("folder", UsageError, "is a folder"),
        ("device", UsageError, "is no regular file"),
        ("file/report.json", OutputFailed, "cannot write the report"),
        ("input", Refused, "would change the input"),
        ("token", Refused, "would change the input"),
    ],
)
def test_report_that_cannot_be_written_is_told_before_anything_is_published(
    report: str, wrong: type[UnseenError], said: str, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "input").hardlink_to(clip)
    (tmp_path / "device").symlink_to(os.devnull)
    (tmp_path / "token").write_text("0123456789abcdef\n")
    job = job_for(str(clip), publish=(str(tmp_path / "out"),), report=tmp_path / report, read=(tmp_path / "token",))
    with pytest.raises(wrong, match=said):
        run(job, tools=tools())
    assert not (tmp_path / "out").exists()


def test_report_that_fits_no_more_leaves_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("before")
    job = job_for("rtsp://127.0.0.1:9/x", publish=("http://127.0.0.1:0",), report=tmp_path / "r.json")
    with files_of_at_most(400), pytest.raises(OutputFailed, match="cannot write the report"):
        run(job, ready=lambda live: live.stop.set(), tools=tools())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("r.json", "before")]


def test_several_cameras_run_at_once(clip: Path, tmp_path: Path) -> None:
    job = job_for(f"door={clip}", f"yard={clip}", publish=(str(tmp_path),))
    status = run(job, tools=tools())
    assert set(status["cameras"]) == {"door", "yard"}
    for camera in ("door", "yard"):
        shares = _written(tmp_path / camera)
        assert len(shares) > 10
        assert max(share for share, _ in shares) == 0


class _BrokenFeed:
    """A feed that goes wrong in a way that nobody expects, after some frames."""

    def __init__(self, feed: LiveFeed) -> None:
        self._feed = feed
        self.info, self.to_rgb, self.close = feed.info, feed.to_rgb, feed.close

    def __iter__(self) -> Iterator[tuple[VideoFrame, float | None]]:
        yield from itertools.islice(self._feed, 20)
        raise ValueError("whatever it is")


@pytest.mark.parametrize("names", [["yard"], ["door", "yard"]])
def test_fault_in_one_cameras_thread_ends_the_run_with_an_error(names: list[str], clip: Path, tmp_path: Path) -> None:
    def opened(source: CameraSource, like: VideoInfo | None, wait: Callable[[float], object]) -> LiveFeed:
        feed = open_feed(source, like, wait=wait)
        return feed if source.name == "door" else _BrokenFeed(feed)

    job = job_for(*(f"{name}={clip}" for name in names), publish=(str(tmp_path),), loop=True, look_ahead=0.4)
    with pytest.raises(UnseenError, match=r"feed yard: ended by itself \(ValueError\)"):
        run(job, tools=replace(tools(), open_feed=opened))
    assert max((share for share, _ in _written(tmp_path)), default=0) == 0


def test_hung_detector_is_killed_though_a_warning_takes_for_ever_to_print(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "none.mp4").write_text("this is no film")
    lives, stop = list[Live](), threading.Event()

    def tell(_: str) -> None:
        wait_for(lambda: lives[0].detector.stalls)
        stop.set()

    job = job_for(str(clip), str(tmp_path / "none.mp4"), publish=(str(tmp_path / "out"),), loop=True)
    with pytest.raises(UnsupportedInput):
        run(job, stop=stop, ready=lives.append, tools=tools(hangs=3, stall=0.3), tell=tell)


def test_viewers_see_hidden_pictures_status_and_metrics(clip: Path) -> None:
    job = job_for(f"door={clip}", publish=("http://127.0.0.1:0",), loop=True)
    with running(job, tools()) as live:
        (address,) = live.addresses
        with urllib.request.urlopen(f"{address}door/mjpeg", timeout=20) as stream:
            for _ in range(12):
                with av.open(io.BytesIO(_next_jpeg(stream)), "r", format="jpeg_pipe") as container:
                    luma = next(container.decode(video=0)).to_ndarray(format="gray")
                assert float((luma > 200).mean()) < 0.02
        with urllib.request.urlopen(f"{address}status", timeout=10) as answer:
            status = json.load(answer)
        with urllib.request.urlopen(f"{address}metrics", timeout=10) as answer:
            metrics = answer.read().decode()
    assert status["schema"] == "unseen-live/1"
    assert status["cameras"]["door"]["frames"]["out"] >= 12
    assert 0.9 < status["cameras"]["door"]["latency_s"]["p50"] < 3
    assert 'unseen_live_frames_in_total{camera="door"}' in metrics
    assert 'unseen_live_latency_seconds{camera="door",quantile="0.95"}' in metrics
    assert "unseen_live_detector_up 1" in metrics


def _next_jpeg(stream: Any) -> bytes:
    length = 0
    while (line := stream.readline()) != b"\r\n" or not length:
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    data: bytes = stream.read(length)
    return data


def test_metrics_are_as_prometheus_reads_them(clip: Path, tmp_path: Path) -> None:
    status = run(job_for(str(clip), publish=(str(tmp_path),)), tools=tools())
    for camera in status["cameras"].values():
        camera["viewers"] = 0
    seen: set[str] = set()
    for line in prometheus(status).splitlines():
        if line.startswith("# TYPE"):
            name = line.split()[2]
            assert name not in seen
            seen.add(name)
        elif not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            float(value)
            assert any(name.startswith(known) for known in seen)


def test_end_of_time_ends_the_run(clip: Path, tmp_path: Path) -> None:
    job = job_for(str(clip), publish=(str(tmp_path),), loop=True, stop_after=1.5, report=tmp_path / "r.json")
    status = run(job, tools=tools())
    assert 1.5 <= status["seconds"] < 60
    assert json.loads((tmp_path / "r.json").read_text())["recipe"]["verify"] == "skip"


def test_target_that_takes_nothing_is_told_of_while_it_goes_on(clip: Path, tmp_path: Path) -> None:
    told, stop = list[str](), threading.Event()

    def tell(words: str) -> None:
        told.append(words)
        stop.set()

    job = job_for(str(clip), publish=(str(tmp_path),), loop=True, stop_after=60)
    with files_of_at_most(1000):
        status = run(job, stop=stop, tools=tools(), tell=tell)
    (problem,) = status["problems"]
    assert problem == "camera1: segments cannot be written (File too large)"
    assert told == [f"{problem}; tried again until it works"]


def test_camera_that_is_away_is_told_of_once_and_again_when_it_is_for_another_reason(tmp_path: Path) -> None:
    reasons = iter(["does not answer", "does not answer", "refuses"])
    told, stop = list[str](), threading.Event()

    def opened(source: CameraSource, like: VideoInfo | None, wait: Callable[[float], object]) -> LiveFeed:
        raise UnreadableInput(f"{source.name}: {next(reasons)}")

    def tell(words: str) -> None:
        told.append(words)
        if "refuses" in words:
            stop.set()

    job = job_for("door=rtsp://127.0.0.1:9/x", publish=(str(tmp_path),), stop_after=60)
    run(job, stop=stop, tools=replace(tools(), open_feed=opened), tell=tell)
    assert told == [f"door: {why}; tried again until it works" for why in ("does not answer", "refuses")]


def test_file_that_is_none_is_told_of_while_other_cameras_go_on(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "none.mp4").write_text("this is no film")
    told, stop = list[str](), threading.Event()

    def tell(words: str) -> None:
        told.append(words)
        stop.set()

    job = job_for(str(clip), str(tmp_path / "none.mp4"), publish=(str(tmp_path / "out"),), loop=True, stop_after=60)
    with pytest.raises(UnsupportedInput):
        run(job, stop=stop, tools=tools(), tell=tell)
    (words,) = told
    assert words.startswith("camera2: none.mp4: ")
    assert "tried again" not in words


def test_stop_ends_the_run_at_once(clip: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    run(job_for(str(clip), publish=(str(tmp_path),), loop=True), stop=stop, ready=lambda _: stop.set(), tools=tools())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("publish", "look", "watchdog"))]


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"gone\.mp4"):
        run(job_for(str(tmp_path / "gone.mp4"), publish=(str(tmp_path / "out"),)), tools=tools())
    assert not (tmp_path / "out").exists()


def test_detector_that_does_not_start_is_an_error(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(UnseenError, match="no such device"):
        run(job_for(str(clip), publish=(str(tmp_path),)), tools=tools(refuses=True))


@pytest.mark.parametrize(
    "rule",
    [
        'require_verify = "full"',
        'require_hidden = ["plate"]',
        'require_hidden = ["face", "head"]',
        'refuse_methods = ["fill"]',
    ],
)
def test_policy_that_live_cannot_follow_refuses(clip: Path, tmp_path: Path, rule: str) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(rule)
    with pytest.raises(Refused):
        run(job_for(str(clip), publish=(str(tmp_path / "out"),), policy_file=policy), tools=tools())
    assert not (tmp_path / "out").exists()


def test_policy_that_asks_for_high_recall_does_not_make_live_pictures_wait_for_heads(
    clip: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('require_recall = "high"')
    asked: list[Recipe] = []

    def make(recipe: Recipe, models: Models | None, job: LiveJob) -> LiveDetector:
        asked.append(recipe)
        return detector()

    job = job_for(str(clip), publish=(str(tmp_path / "out"),), policy_file=policy, stop_after=0.2)
    run(job, tools=LiveTools(make_detector=make))
    assert [(made.recall, made.hidden, made.video.heads) for made in asked] == [("high", frozenset({"face"}), False)]


def test_camera_that_is_away_is_tried_again_and_its_password_does_not_show(tmp_path: Path) -> None:
    url = "rtsp://user:Zq7xSecret@127.0.0.1:9/stream"
    job = job_for(url, publish=(str(tmp_path), "http://127.0.0.1:0"), report=tmp_path / "r.json")
    with running(job, tools()) as live:
        wait_for(lambda: live.cameras[0].error is not None)
        told = json.dumps(live.status()) + prometheus(live.status())
    assert "127.0.0.1:9" in told
    assert "Zq7xSecret" not in told + (tmp_path / "r.json").read_text()


def test_a_stream_goes_dark_while_it_is_not_allowed(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_permit, "EVERY_S", 0.1)
    text = CITY.replace("      require_verify: full\n", "").replace("  refuse_unsafe: true", "  require_recall: fast")
    text = text.replace("      metadata: []\n", "      max_side: 96\n      max_rate: 12.5\n")
    city = found_city(tmp_path / "city", text)
    film = city.parent / "street" / "clip.mp4"
    film.parent.mkdir()
    film.write_bytes(clip.read_bytes())
    job = job_for(
        str(film), publish=(str(tmp_path / "out"),), loop=True, look_ahead=0.4, purpose="research", actor="olga"
    )
    with open_governance(city) as office:
        tighten(office, film, "dora", subjects=["Mia"])
        record = agree(office, "Mia", "research")
        with running(job, tools()) as live:
            camera = live.cameras[0]
            why = camera.figures.whole

            def shown() -> int:
                return camera.figures.counts["out"] - sum(why.values())

            def turns(dark: bool) -> None:
                before = why["denied"] if dark else shown()
                wait_for(lambda: (why["denied"] if dark else shown()) > before + 3)
                assert live.status()["cameras"]["camera1"]["denied"] is dark

            turns(dark=False)
            office.records.put_consents([record.with_event(ConsentEvent("withdrawn", office.clock()))])
            turns(dark=True)
            looks = camera.figures.counts["looks"]
            turns(dark=True)
            assert camera.figures.counts["looks"] <= looks + 1, "what is not shown is not looked at"
            agree(office, "Mia", "research")
            turns(dark=False)
            for broken in (
                text.replace("live, count", "count"),
                "purposes: [",
                text.replace("[face]", "[face, plate]"),
            ):
                city.write_text(broken, "utf-8")
                turns(dark=True)
                city.write_text(text, "utf-8")
                turns(dark=False)
    assert max(share for share, _ in _written(tmp_path / "out")) == 0
    with av.open(str(next((tmp_path / "out").rglob("*.mp4")))) as made:
        assert (made.streams.video[0].width, made.streams.video[0].height) == (96, 64)
        assert float(made.streams.video[0].average_rate or 0) <= 13
    kinds = [event.kind for event in remembered(city.parent) if event.kind.startswith("access.")]
    assert kinds == ["access.allowed", *["access.denied", "access.allowed"] * 4][: len(kinds)]
    assert kinds.count("access.denied") >= 3


def test_cameras_pass_the_gate_before_anything_is_published(clip: Path, tmp_path: Path) -> None:
    text = CITY.replace("      require_verify: full\n", "").replace("    keep:\n      metadata: []\n", "")
    city = found_city(tmp_path / "city", text.replace("  refuse_unsafe: true", "  require_recall: fast"))
    (tmp_path / "city" / "street").mkdir()
    film = tmp_path / "city" / "street" / "clip.mp4"
    film.write_bytes(clip.read_bytes())
    out = tmp_path / "out"
    for words, told in (
        ({}, "no purpose is said"),
        ({"purpose": "research", "actor": "viktor"}, "viktor has viewer"),
        ({"purpose": "care", "actor": "olga"}, "allows redact, train, view, not live"),
    ):
        with pytest.raises(Refused, match=told):
            run(job_for(str(film), publish=(str(out),), **words), tools=tools())
    job = job_for("door=rtsp://127.0.0.1:9/x", publish=(str(out),), policy_file=city, purpose="research", actor="olga")
    with pytest.raises(Refused, match="it has no label"):
        run(job, tools=tools())
    assert not out.exists()
    job = job_for("crossing=rtsp://127.0.0.1:9/x", str(film), publish=(str(out),), policy_file=city,
                  purpose="research", actor="olga", stop_after=0.2)  # fmt: skip
    assert run(job, tools=tools())["cameras"].keys() == {"crossing", "camera2"}
