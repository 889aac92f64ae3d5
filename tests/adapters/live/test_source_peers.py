"""Live sources whose packets a test makes: cameras that do not do as they should, and webcams, which are not there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.live.source_av import AvFeed
from unseen.core.live import parse_source
from unseen.errors import DamagedInput

_KEY, _NEXT = b"\0\0\1\x65\x88a", b"\0\0\1\x65\x08b"


class _Peer:
    """A container whose streams are those of a file, and whose packets are others."""

    def __init__(self, path: Path, packets: Iterable[Any]) -> None:
        self._opened: Any = av.open(str(path))
        self._packets, self.taken = packets, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)

    def demux(self, stream: Any) -> Iterator[Any]:
        """Yield the packets, and count them."""
        for packet in self._packets:
            self.taken += 1
            packet.stream = stream
            yield packet


def _feed(peer: _Peer, word: str, **how: Callable[..., Any]) -> AvFeed:
    wait, clock = how.get("wait", lambda _: False), how.get("clock", lambda: 0.0)
    return AvFeed(peer, parse_source(word, 0), None, wait, clock)  # type: ignore[arg-type]


def _packet(data: bytes, number: int | None = None) -> Any:
    packet = av.Packet(data)
    packet.pts = packet.dts = number
    packet.time_base, packet.is_keyframe = Fraction(1, 25), True
    return packet


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of H.264 as cameras send it, with key pictures and those that need them."""
    path = tmp_path_factory.mktemp("peers") / "a.ts"
    make_clip(path, Clip(options={"bf": "0", "g": "8"}))
    return path


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"clock": itertools.count(0.0, 1.0).__next__}, "in 60 seconds"),
        ({"wait": lambda _: True}, "before the end"),
    ],
    ids=["a-minute", "end-of-the-run"],
)
def test_first_picture_that_never_ends_is_not_waited_for_beyond(
    clip: Path, how: dict[str, Callable[..., Any]], told: str
) -> None:
    peer = _Peer(clip, (_packet(_NEXT if i else _KEY) for i in range(500)))
    feed = _feed(peer, "rtsp://127.0.0.1/a", **how)
    with pytest.raises(DamagedInput, match=told):
        next(iter(feed))
    assert peer.taken < 70
    feed.close()


def test_camera_that_sends_no_more_pictures_but_packets_is_left_at_the_end_of_the_run(clip: Path) -> None:
    stop = list[bool]()
    with av.open(str(clip)) as read:
        pictures = [packet for packet in read.demux(video=0) if packet.size][:10]
    peer = _Peer(clip, itertools.chain(pictures, (_packet(_NEXT) for _ in range(500))))
    frames = iter(_feed(peer, "rtsp://127.0.0.1/a", wait=lambda _: bool(stop)))
    next(frames)
    stop.append(True)
    list(frames)
    assert peer.taken < 20


def test_picture_whose_slices_still_come_at_the_end_of_the_run_is_not_shown(tmp_path: Path) -> None:
    path, stop = tmp_path / "a.ts", list[bool]()
    make_clip(path, Clip("libx265", options={"x265-params": "log-level=none:bframes=0"}))
    with av.open(str(path)) as read:
        packets = [packet for packet in read.demux(video=0) if packet.size]
    peer = _Peer(path, packets)
    feed = _feed(peer, "rtsp://127.0.0.1/a", wait=lambda _: bool(stop))
    shown = []
    for frame, _ in feed:
        shown.append(frame.pts)
        stop += [True] * (len(shown) == 4)
    feed.close()
    assert len(shown) >= 4
    assert packets[peer.taken - 2].pts not in shown


@pytest.mark.parametrize("bad", [8, 9], ids=["key-picture", "next-one"])
def test_corrupt_packet_is_not_forgotten_for_a_key_picture_that_was_sent_before_and_comes_later(
    bad: int, tmp_path: Path
) -> None:
    path = tmp_path / "reordered.ts"
    make_clip(path, Clip(options={"bf": "2", "g": "8", "sc_threshold": "0"}))
    with av.open(str(path)) as read:
        packets = list(read.demux(video=0))
    assert [i for i, packet in enumerate(packets) if packet.is_keyframe] == [0, 8, 16]
    packets[bad].is_corrupt = True
    feed = _feed(_Peer(path, packets), "http://127.0.0.1/a")
    damaged = [i for i, (frame, _) in enumerate(feed) if frame.damaged]
    feed.close()
    assert damaged == list(range(damaged[0], 16))
    assert damaged[0] <= 8


@pytest.fixture(scope="module")
def jpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture as a webcam sends it."""
    path = tmp_path_factory.mktemp("webcam") / "a.jpg"
    noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    Image.fromarray(noise).save(path, "JPEG", quality=90)
    return path


def _damaged(word: str, path: Path, jpegs: Iterable[bytes]) -> list[bool]:
    feed = _feed(_Peer(path, (_packet(data, i) for i, data in enumerate(jpegs))), word)
    try:
        return [frame.damaged for frame, _ in feed]
    finally:
        feed.close()


@pytest.mark.parametrize("word", ["webcam:0", "rtsp://127.0.0.1/a"])
@pytest.mark.parametrize("lost", ["half", "half, then zeros", "last bytes", "end"])
def test_jpeg_that_a_webcam_or_link_cut_off_is_damaged_alone(word: str, lost: str, jpeg: Path) -> None:
    whole = jpeg.read_bytes()
    half = whole[: len(whole) // 2]
    cut = {"half": half, "half, then zeros": half + bytes(9000), "last bytes": whole[:-20], "end": whole[:-2]}[lost]
    padded = whole + bytes(500)
    assert _damaged(word, jpeg, [whole, padded, cut, whole, cut, padded]) == [False, False, True, False, True, False]


def test_webcam_that_leaves_the_end_of_all_of_its_jpegs_out_is_shown_but_for_halves(jpeg: Path) -> None:
    endless = jpeg.read_bytes()[:-2]
    half = endless[: len(endless) // 2]
    sent = [endless, endless + bytes(500), half, endless, half, endless]
    assert _damaged("webcam:0", jpeg, sent) == [False, False, True, False, True, False]
