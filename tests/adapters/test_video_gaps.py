"""H.264 that lacks whole packets: pictures tell by their numbers, and those that may be torn are damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest

from tests.adapters.live.test_source_peers import _feed, _Peer
from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.video.fields import Fields
from unseen.adapters.video_av import open_video

Shown = dict[int, tuple[bool, Any]]
_KINDS = {
    "pyramid": "bframes=3:b-adapt=0:b-pyramid=normal:ref=3",
    "open": "bframes=2:b-adapt=0:open-gop=1:slices=2",
    "fields": "bframes=0:tff=1",
}


def _clip(path: Path, told: str, stamps: int = 26) -> list[Any]:
    make_clip(path, Clip(stamps=range(stamps), options={"x264-params": "keyint=12:scenecut=0:" + told}))
    with av.open(str(path)) as read:
        return [packet for packet in read.demux(video=0) if packet.size]


def _filed(path: Path) -> Shown:
    with open_video(path, path.name) as reader:
        return {frame.pts: (frame.damaged, frame.planes[0].astype(int)) for frame in reader}


def _lived(path: Path, packets: list[Any]) -> Shown:
    feed = _feed(_Peer(path, packets), "rtsp://127.0.0.1/a")
    try:
        return {frame.pts: (frame.damaged, frame.planes[0].astype(int)) for frame, _ in feed}
    finally:
        feed.close()


def _copied(path: Path, to: Path, out: int) -> None:
    with av.open(str(path)) as read, av.open(str(to), "w") as output:
        stream = output.add_stream_from_template(read.streams.video[0])
        for number, packet in enumerate(packet for packet in read.demux(video=0) if packet.size):
            packet.stream = stream
            if number != out:
                output.mux(packet)


def _torn(clean: Shown, shown: Shown) -> set[int]:
    """Return the times of pictures that are others than in `clean`, or that are not there."""
    return {
        at for at, (_, plane) in shown.items() if at not in clean or (abs(plane - clean[at][1]) > 10).mean() > 0.002
    }


def _damaged(shown: Shown) -> set[int]:
    return {at for at, (damaged, _) in shown.items() if damaged}


@pytest.mark.parametrize("told", _KINDS.values(), ids=_KINDS)
def test_pictures_of_files_that_are_torn_by_a_packet_that_was_lost_are_damaged(tmp_path: Path, told: str) -> None:
    path, cut = tmp_path / "a.ts", tmp_path / "b.ts"
    _clip(path, told)
    clean, torn = _filed(path), 0
    assert not _damaged(clean)
    for out in range(10, 22):
        _copied(path, cut, out)
        shown = _filed(cut)
        assert _torn(clean, shown) <= _damaged(shown)
        torn += len(_torn(clean, shown))
    assert torn


@pytest.mark.parametrize("told", _KINDS.values(), ids=_KINDS)
def test_live_pictures_that_are_torn_by_a_packet_that_was_lost_are_damaged(tmp_path: Path, told: str) -> None:
    path = tmp_path / "a.ts"
    clean, torn = _lived(path, _clip(path, told)), 0
    assert not _damaged(clean)
    for out in range(10, 22):
        with av.open(str(path)) as read:
            packets = [packet for packet in read.demux(video=0) if packet.size]
        shown = _lived(path, packets[:out] + packets[out + 1 :])
        assert _torn(clean, shown) <= _damaged(shown)
        torn += len(_torn(clean, shown))
    assert torn


def _code(*values: int) -> str:
    return "".join("0" * (len(f"{value + 1:b}") - 1) + f"{value + 1:b}" for value in values)


def _unit(head: int, bits: str) -> bytes:
    bits += "1"
    data = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8))
    return b"\0\0\1" + bytes([head]) + data.replace(b"\0\0", b"\0\0\3")


def _parameters(*, gaps: bool = False, more: int = 0) -> bytes:
    """Return those of pictures of 32x32 that are numbered below 16, with weights in P and B slices; with `more`, by so
    many bits more than 4."""
    sequence = f"{77:08b}{0:08b}{30:08b}" + _code(0, more, 0, 0, 4) + f"{gaps:b}" + _code(1, 1) + "1100"
    return _unit(0x67, sequence) + _unit(0x68, _code(0, 0) + "01" + _code(0, 1, 0) + "101" + _code(0, 0, 0) + "001")


def _picture(word: str) -> bytes:
    """Return a slice of a picture: its number; then "b" where nothing is made from it, "i" for an IDR picture, "s" for
    a second slice, "a" where it says that counting begins anew, and, before that, all else that it can say."""
    number, how = int(word.rstrip("bisa")), word.lstrip("0123456789")
    head, kind = (0x65, 7) if "i" in how else (0x01, 1) if "b" in how else (0x61, 0)
    bits = _code(3 if "s" in how else 0, kind, 0) + f"{number:04b}"
    if kind == 7:
        return _unit(head, bits + _code(0) + "0000" + _code(0, 0) + "00")
    bits += "0000" + _code(0, 0) + "1" * (kind == 1)
    bits += "1" + _code(2) + (_code(1) if kind == 1 else "")
    bits += "1" + _code(0, 4, 2, 1, 3) + ("0" if kind == 1 else "")
    bits += _code(5, 5) + ("1" + _code(3, 4) + "1" + _code(1, 2, 3, 4)) * (5 if kind == 1 else 3)
    marks = "1" + _code(1, 0, 2, 1, 3, 0, 2, 4, 1, 5, 6, 3, 0) if "a" in how else "0"
    return _unit(head, bits + ("" if "b" in how else marks))


def _gaps(words: str, *, gaps: bool = False) -> list[str]:
    fields = Fields(_parameters(gaps=gaps))
    found = []
    for word in words.split():
        fields.second(b"".join(_picture(each) for each in word.split("+")), 0, None)
        if fields.gap:
            found.append(word)
    return found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("0i 1 2b 2b 2 3 4b 0i 1 2", []),
        ("14 15 0 1b 1 2", []),
        ("5b 5 6b 7b 6", ["7b"]),
        ("0i 1 3 4 5", ["3"]),
        ("0i 1 3b 3 4", ["3b"]),
        ("14 15 1 2", ["1"]),
        ("0i 1 2 3 1 2 3", ["1"]),
        ("0i 1 1 2", ["1"]),
        ("0i 1+1s 2+2s 2s 3", []),
        ("0i 0 0 0 0i 0 0", []),
        ("0i 1 2 3a 1 2", []),
        ("0i 1 2 3a 1b 1b 1 2", []),
        ("0i 1a 1 2", []),
        ("0i 1 2 3a 2 3", ["2"]),
    ],
)
def test_numbers_of_pictures_tell_which_are_missing_before(words: str, found: list[str]) -> None:
    assert _gaps(words) == found


def test_numbers_that_may_be_left_out_tell_nothing() -> None:
    assert _gaps("0i 2 4b 4 9 3b 7 0i", gaps=True) == []


def test_numbers_that_claim_to_be_huge_take_no_memory() -> None:
    fields = Fields(_parameters(more=2**60))
    assert not fields.second(_picture("0i"), 0, None)
    assert not fields.gap
