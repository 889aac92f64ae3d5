"""Live streams with real peers: GStreamer's RTSP server as camera and as media server, ffprobe, Chromium."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.engine.live_browser import browser, find_browser
from tests.engine.live_fakes import bright_shares, job_for, running, tools, wait_for, write_clip
from unseen.adapters.live.source_av import open_feed
from unseen.core.live import CameraSource
from unseen.core.ports import LiveFeed
from unseen.core.video import VideoFrame, VideoInfo

_PYTHON = "/usr/bin/python3"
_SERVER = Path(__file__).parents[1] / "live_rtsp_server.py"
_USER, _PASSWORD = "user", "Zq7xSecret"
_INSTALL = "is not installed; run tools/install_peers.sh"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds with a bright square, its pictures in two slices: the server sends key ones, the first, in two."""
    return write_clip(tmp_path_factory.mktemp("peers") / "clip.mp4", 150, slices=2, key=150)


@pytest.fixture
def chromium() -> str:
    """The browser, or a skip that says how to get it."""
    program = find_browser()
    if program is None:
        pytest.skip(f"chromium {_INSTALL}")
    return program


@pytest.fixture
def ffprobe() -> str:
    """The ffprobe program, or a skip that says how to get it."""
    program = shutil.which("ffprobe")
    if program is None:
        pytest.skip(f"ffprobe {_INSTALL}")
    return program


@pytest.fixture
def media_server(clip: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of an RTSP server with its password in it, and the file that what is pushed to it becomes."""
    code = "import gi; gi.require_version('GstRtspServer', '1.0')"
    if not Path(_PYTHON).exists() or subprocess.run([_PYTHON, "-c", code], capture_output=True, check=False).returncode:
        pytest.skip(f"gir1.2-gst-rtsp-server-1.0 {_INSTALL}")
    pushed = tmp_path / "pushed.ts"
    process = subprocess.Popen(
        [_PYTHON, str(_SERVER), str(clip), str(pushed), _USER, _PASSWORD],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield f"rtsp://{_USER}:{_PASSWORD}@127.0.0.1:{port}", pushed
    finally:
        process.kill()
        process.communicate(timeout=20)


def _probe(program: str, path: Path) -> dict[str, Any]:
    words = ["-v", "error", "-count_frames", "-select_streams", "v:0", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run([program, *words], capture_output=True, text=True, check=True)
    assert done.stderr == "", "ffprobe has nothing to complain of"
    told: dict[str, Any] = json.loads(done.stdout)["streams"][0]
    return told


def test_rtsp_camera_is_hidden_and_pushed_to_a_media_server(media_server: tuple[str, Path], ffprobe: str) -> None:
    address, pushed = media_server
    job = job_for(f"door={address}/camera", publish=(f"{address}/push",))
    with running(job, tools()) as live:
        figures = live.cameras[0].figures
        # The clip ends after six seconds: the camera is connected again.
        wait_for(lambda: figures.counts["connects"] > 1 and figures.frames()["out"] > 180, 60)
        status = live.status()
    assert status["problems"] == []
    assert _PASSWORD not in json.dumps(status)
    assert status["cameras"]["door"]["source"].startswith("rtsp://***@127.0.0.1:")
    stream = _probe(ffprobe, pushed)
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("h264", 192, 128)
    shares = bright_shares(pushed)
    assert len(shares) > 120
    assert max(share for share, _ in shares) == 0
    assert sum(whole for _, whole in shares) < len(shares) / 2


def test_wrong_password_is_told_without_it(media_server: tuple[str, Path], tmp_path: Path) -> None:
    address, _ = media_server
    wrong = address.replace(_PASSWORD, "Zq7xWrong")
    job = job_for(f"door={wrong}/camera", publish=(str(tmp_path / "out"),))
    with running(job, tools()) as live:
        wait_for(lambda: live.cameras[0].error is not None)
        assert "refuses; check user and password" in str(live.cameras[0].error)
        assert "Zq7x" not in json.dumps(live.status())


def test_media_server_that_is_away_is_told_without_its_password(clip: Path) -> None:
    job = job_for(str(clip), publish=("rtsp://user:Zq7xSecret@127.0.0.1:9/push",), loop=True)
    with running(job, tools()) as live:
        wait_for(lambda: live.status()["problems"])
        (problem,) = live.status()["problems"]
    assert "does not take pictures" in problem
    assert "Zq7x" not in problem


def test_segments_are_read_by_ffprobe(clip: Path, tmp_path: Path, ffprobe: str) -> None:
    with running(job_for(f"door={clip}", publish=(str(tmp_path),)), tools()) as live:
        wait_for(lambda: live.cameras[0].ended and not live.cameras[0].status()["queue"], 30)
        wait_for(lambda: live.status()["cameras"]["door"]["frames"]["out"] > 100)
    (path,) = (tmp_path / "door").iterdir()
    stream = _probe(ffprobe, path)
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("h264", 192, 128)
    assert int(stream["nb_read_frames"]) > 100
    assert float(stream["start_time"]) == 0


def _bright(png: bytes, left: int, top: int, right: int, bottom: int) -> tuple[float, float]:
    """Return the share of bright pixels in a part of a screenshot, and the mean of the part."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L"))[top:bottom, left:right]
    return float((pixels > 200).mean()), float(pixels.mean())


_AREA = """(() => { const box = document.querySelector('%s').getBoundingClientRect();
return [box.left, box.top, box.right, Math.min(box.bottom, innerHeight)].map(Math.round); })()"""


def test_browser_shows_pictures(clip: Path, tmp_path: Path, chromium: str) -> None:
    job = job_for(f"door={clip}", publish=("http://127.0.0.1:0",), loop=True)
    with running(job, tools()) as live, browser(chromium, tmp_path / "profile") as page:
        page.open(f"{live.addresses[0]}door")
        assert page.wait("document.querySelector('img')?.naturalWidth") == 192
        wait_for(lambda: live.cameras[0].figures.counts["looks"] > 5)
        share, mean = _bright(page.picture(), *page.ask(_AREA % "img"))
        assert share < 0.02
        assert 20 < mean < 120
        assert page.complaints == []


def test_browser_shows_more_cameras_on_one_page_than_it_opens_connections(
    clip: Path, tmp_path: Path, chromium: str
) -> None:
    job = job_for(*[str(clip)] * 8, publish=("http://127.0.0.1:0",), loop=True)
    # The browser starts while the machine is not yet busy with eight cameras.
    with browser(chromium, tmp_path / "profile") as page, running(job, tools()) as live:
        page.open(live.addresses[0])
        # Each has had its first picture replaced by a next one.
        page.wait("[...document.images].filter(img => img.naturalWidth === 192 && /[?]/.test(img.src)).length === 8")
        assert page.complaints == []


class _Boastful:
    """A feed that says that it sends 25 pictures a second, whatever it does, as MJPEG over HTTP does."""

    def __init__(self, feed: LiveFeed) -> None:
        self._feed, self.to_rgb, self.close = feed, feed.to_rgb, feed.close
        self.info = replace(feed.info, rate=Fraction(25))

    def __iter__(self) -> Iterator[tuple[VideoFrame, float | None]]:
        return iter(self._feed)


def test_browser_waits_for_a_camera_and_plays_all_pictures_of_one_that_sends_fewer_than_it_says(
    tmp_path: Path, chromium: str
) -> None:
    clip = write_clip(tmp_path / "slow.mp4", 100, rate=5)
    job = job_for(f"door={clip}", publish=("http://127.0.0.1:0",), loop=True)
    come = threading.Event()

    def connect(source: CameraSource, like: VideoInfo | None, wait: Callable[[float], object]) -> LiveFeed:
        assert come.wait(60)
        return _Boastful(open_feed(source, like, wait=wait))

    with running(job, replace(tools(), open_feed=connect)) as live, browser(chromium, tmp_path / "profile") as page:
        page.open(f"{live.addresses[0]}door/play")
        words = "document.getElementById('state')?.textContent"
        try:
            page.wait(f"{words} === 'waiting for the camera'")
        finally:
            come.set()
        # In the time that is waited a key picture every 50 would come three times.
        page.wait("document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > 15")
        assert page.ask(words) == ""
        assert page.complaints == []


def test_browser_plays_mp4_and_stays_near_the_present(clip: Path, tmp_path: Path, chromium: str) -> None:
    job = job_for(f"door={clip}", publish=("http://127.0.0.1:0",), loop=True)
    with running(job, tools()) as live, browser(chromium, tmp_path / "profile") as page:
        page.open(f"{live.addresses[0]}door/play")
        page.wait("document.querySelector('video')?.videoWidth === 192")
        page.wait("document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 60")
        video = "document.querySelector('video')"
        assert page.ask(f"{video}.error === null && !{video}.paused")
        assert page.ask(f"{video}.buffered.end({video}.buffered.length - 1) - {video}.currentTime") < 2
        share, mean = _bright(page.picture(), *page.ask(_AREA % "video"))
        assert share < 0.02
        assert 20 < mean < 120
        assert page.complaints == []
