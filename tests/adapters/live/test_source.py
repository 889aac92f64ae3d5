"""Live sources: files at their own pace, MJPEG over HTTP, what is refused, and errors that hold no password."""

from __future__ import annotations

import contextlib
import io
import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from PIL import Image, ImageOps

from tests.adapters.video_clips import Clip, make_clip, trim
from unseen.adapters.live.access_units import is_whole_jpeg
from unseen.adapters.live.encode import JpegEncoder
from unseen.adapters.live.http import HttpTarget
from unseen.adapters.live.source_av import open_feed
from unseen.core.live import Listening, parse_source, parse_target
from unseen.core.video import VideoInfo
from unseen.errors import DamagedInput, FileError, UnreadableInput

_SECRET = "Zq7xSecret"


def write(path: Path, clip: Clip) -> Path:
    """Write a clip and return its path."""
    make_clip(path, clip)
    return path


def _source(word: str | Path) -> Any:
    return parse_source(str(word), 0)


class _Time:
    """A clock that goes on when somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def test_file_comes_at_its_own_pace(tmp_path: Path) -> None:
    time = _Time()
    feed = open_feed(_source(write(tmp_path / "a.mp4", Clip())), wait=time.wait, clock=time.clock)
    frames = list(feed)
    feed.close()
    assert len(frames) == 24
    assert [round(stamp or 0.0, 3) for _, stamp in frames] == [round(i / 25, 3) for i in range(24)]
    assert time.now == pytest.approx(100 + 23 / 25)
    assert not any(frame.damaged for frame, _ in frames)
    assert [plane.shape for plane in frames[0][0].planes] == [(96, 160), (48, 80), (48, 80)]


def test_file_that_is_far_behind_does_not_rush(tmp_path: Path) -> None:
    time = _Time()
    feed = open_feed(_source(write(tmp_path / "a.mp4", Clip())), wait=time.wait, clock=time.clock)
    frames = iter(feed)
    next(frames)
    time.now += 60
    before = time.now
    list(frames)
    feed.close()
    assert time.now - before == pytest.approx(22 / 25, abs=0.05)


@pytest.mark.parametrize(
    ("stamps", "seconds"),
    [
        ((*range(12), *range(90_000, 90_012)), 22 / 25 + 2.0),
        ((7,) * 24, 23 / 25),
        (tuple(7 + i / 40 for i in range(24)), 23 / 25),
        ((*range(12), *(11,) * 6, *range(12, 18)), 23 / 25),
    ],
    ids=["an-hour-ahead", "stand-still", "hardly-rise", "stand-still-for-a-while"],
)
def test_file_whose_stamps_jump_or_stand_still_goes_on(
    stamps: tuple[float, ...], seconds: float, tmp_path: Path
) -> None:
    time = _Time()
    even, path = write(tmp_path / "a.mkv", Clip("mjpeg", "yuvj420p")), tmp_path / "b.mkv"
    with av.open(str(even)) as read, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(read.streams.video[0])
        for packet, stamp in zip(read.demux(video=0), stamps, strict=False):
            packet.pts = packet.dts = round(stamp * 40)  # milliseconds
            packet.stream = stream
            made.mux(packet)
    feed = open_feed(_source(path), wait=time.wait, clock=time.clock)
    told = [stamp or 0.0 for _, stamp in feed]
    feed.close()
    assert len(told) == 24
    assert time.now - 100 == pytest.approx(seconds, abs=0.02)
    assert max(time.waits) <= 2.0
    assert all(after > before for before, after in itertools.pairwise(told))


@pytest.mark.parametrize(
    ("encoder", "form", "size"), [("libx264", "yuv444p", (161, 97)), ("libx265", "yuv422p10le", (160, 96))]
)
def test_other_formats_become_420_of_8_bits(tmp_path: Path, encoder: str, form: str, size: tuple[int, int]) -> None:
    path = write(tmp_path / "a.mkv", Clip(encoder, pixel_format=form, size=size))
    feed = open_feed(_source(path), wait=lambda _: None)
    frame, _ = next(iter(feed))
    feed.close()
    assert [plane.shape for plane in frame.planes] == [(96, 160), (48, 80), (48, 80)]
    assert frame.planes[0].dtype == np.uint8


def test_second_connection_is_brought_to_the_size_of_the_first(tmp_path: Path) -> None:
    like = VideoInfo("live", "h264", 64, 48, Fraction(25), Fraction(1, 25), "yuv420p")
    feed = open_feed(_source(write(tmp_path / "a.mp4", Clip())), like, wait=lambda _: None)
    frame, _ = next(iter(feed))
    feed.close()
    assert frame.planes[0].shape == (48, 64)
    assert feed.to_rgb(frame, 32, 24).shape == (24, 32, 3)


@pytest.mark.parametrize(
    ("clip", "size", "inside"),
    [
        (Clip(size=(96, 160)), (160, 96), (slice(0, 96), slice(52, 108))),
        (Clip(), (96, 160), (slice(52, 108), slice(0, 96))),
        (Clip(pixel_aspect=Fraction(2)), (160, 96), (slice(24, 72), slice(0, 160))),
        (Clip(size=(162, 96)), (160, 96), (slice(0, 96), slice(0, 160))),
    ],
    ids=["upright", "across", "pixels-twice-as-wide", "nearly-the-same"],
)
def test_second_connection_of_another_shape_is_not_stretched(
    tmp_path: Path, clip: Clip, size: tuple[int, int], inside: tuple[slice, slice]
) -> None:
    path = write(tmp_path / "a.mkv", clip)
    alone = open_feed(_source(path), wait=lambda _: None)
    whole, _ = next(iter(alone))
    alone.close()
    feed = open_feed(_source(path), replace(alone.info, width=size[0], height=size[1], pixel_aspect=Fraction(1)))
    frame, _ = next(iter(feed))
    feed.close()
    assert [plane.shape for plane in frame.planes] == [
        size[::-1],
        (size[1] // 2, size[0] // 2),
        (size[1] // 2, size[0] // 2),
    ]
    luma = frame.planes[0].astype(float)
    high, wide = luma[inside].shape
    small = feed.to_rgb(frame)[inside].astype(float)
    assert np.abs(alone.to_rgb(whole, wide, high).astype(float) - small).mean() < 12
    outside = np.ones(luma.shape, bool)
    outside[inside] = False
    assert not outside.any() or (luma[outside] == 16).all()
    chroma = outside[::2, ::2]
    assert all((plane[chroma] == 128).all() for plane in frame.planes[1:])


def test_pictures_that_change_their_shape_on_the_way_are_not_stretched() -> None:
    jpegs = b"".join(_jpeg(size) for size in [(64, 48)] * 3 + [(48, 64)] * 3 + [(32, 24)] * 30)
    with _serving(jpegs) as address:
        feed = open_feed(_source(address))
        frames = [frame for frame, _ in itertools.islice(feed, 9)]
        feed.close()
    rows = [frame.planes[0][24] for frame in frames]
    assert all(plane.shape == (48, 64) for plane in (frame.planes[0] for frame in frames))
    lit = [int((row > 100).sum()) for row in rows]
    assert [width for width, _ in itertools.groupby(lit)] == [64, 36, 64]


def _jpeg(size: tuple[int, int]) -> bytes:
    encoder = JpegEncoder(VideoInfo("live", "mjpeg", *size, Fraction(25), Fraction(1, 25), "yuv420p"))
    small = (size[1] // 2, size[0] // 2)
    planes = (np.full(size[::-1], 180, np.uint8), np.full(small, 128, np.uint8), np.full(small, 128, np.uint8))
    (unit,) = encoder.encode(planes, 0.0)
    head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(unit.data)
    return head + unit.data + b"\r\n"


@contextlib.contextmanager
def _serving(parts: bytes, kind: str = "multipart/x-mixed-replace; boundary=frame") -> Iterator[str]:
    """Serve parts of a multipart stream, or what else a camera sends, once they are asked for, and then no more."""

    class Handler(_Refuses):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            with contextlib.suppress(OSError):  # who has seen enough goes
                self.wfile.write(parts + (b"--frame--\r\n" if kind.startswith("multipart") else b""))

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_file_comes_upright(turn: int, mirrored: bool, tmp_path: Path) -> None:
    turned = Clip(rotation=turn, mirrored=mirrored, pixel_aspect=Fraction(4, 3))
    feed = open_feed(_source(write(tmp_path / "a.mp4", turned)), wait=lambda _: None)
    frames = [frame.planes for frame, _ in feed]
    feed.close()
    lying = turn % 180 != 0
    assert (feed.info.width, feed.info.height) == ((96, 160) if lying else (160, 96))
    assert feed.info.pixel_aspect == (Fraction(3, 4) if lying else Fraction(4, 3))
    stored = open_feed(_source(write(tmp_path / "b.mp4", Clip())), wait=lambda _: None)
    for planes, (frame, _) in zip(frames, stored, strict=True):
        for plane, before in zip(planes, frame.planes, strict=True):
            upright = np.rot90(before, -turn // 90)
            assert np.array_equal(plane, np.fliplr(upright) if mirrored else upright)
    stored.close()


def test_stream_that_says_only_once_that_it_lies_comes_upright(tmp_path: Path) -> None:
    upright, lying = write(tmp_path / "a.ts", Clip(options={"bf": "0"})), tmp_path / "b.ts"
    with av.open(str(upright)) as read, av.open(str(lying), "w") as made:
        stream = made.add_stream_from_template(read.streams.video[0])
        tell = BitStreamFilterContext("h264_metadata=display_orientation=insert:rotate=-90", stream)
        for number, packet in enumerate(read.demux(video=0)):
            for told in tell.filter(packet) if not number else [packet] if packet.size else []:
                told.stream = stream
                made.mux(told)
    feeds = [open_feed(_source(path), wait=lambda _: None) for path in (upright, lying)]
    for (before, _), (after, _) in zip(*feeds, strict=True):
        assert np.array_equal(np.rot90(before.planes[0], -1), after.planes[0])
    for feed in feeds:
        feed.close()


@pytest.mark.parametrize("orientation", range(9))
def test_jpegs_of_a_camera_that_hangs_turned_come_upright(orientation: int) -> None:
    picture = Image.new("L", (64, 48), 40)
    picture.paste(220, (0, 0, 40, 12))
    tagged = _as_part(picture, exif=_exif(orientation))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(tagged[tagged.index(b"\xff\xd8") :])))
    for parts in (tagged * 3, _as_part(upright) * 3 + tagged * 3):
        with _serving(parts + tagged * 30) as address:
            feed = open_feed(_source(address))
            planes = [frame.planes[0] for frame, _ in itertools.islice(feed, 6)]
            feed.close()
        for plane in planes:
            assert np.abs(plane.astype(float) - np.asarray(upright.convert("L"), float)).mean() < 4


def _parts(jpegs: Iterable[bytes], *, told: bool) -> bytes:
    """Return JPEGs as parts that tell their length, or leave it out."""
    heads = (b"Content-Length: %d\r\n" % len(jpeg) if told else b"" for jpeg in jpegs)
    parts = zip(heads, jpegs, strict=True)
    return b"".join(b"--frame\r\nContent-Type: image/jpeg\r\n%b\r\n%b\r\n" % part for part in parts)


@pytest.mark.parametrize("told", [True, False], ids=["with-length", "without"])
@pytest.mark.parametrize("lost", ["half", "last bytes", "end", "middle", "half but for the end"])
def test_jpeg_that_was_cut_off_is_damaged_and_those_around_it_are_not(lost: str, told: bool) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (48, 64), np.uint8))
    file = io.BytesIO()
    noise.convert("RGB").save(file, "JPEG", quality=90, exif=_exif_with_a_picture())
    whole = file.getvalue()
    middle = len(whole) * 2 // 3
    cut = {
        "half": whole[:middle],
        "last bytes": whole[:-20],
        "end": whole[:-2],
        "middle": whole[:middle] + whole[middle + 500 :],
        "half but for the end": whole[:middle] + whole[-2:],
    }[lost]
    with _serving(_parts([whole, whole, cut, whole, whole, cut, cut, *[whole] * 60], told=told)) as address:
        feed = open_feed(_source(address))
        frames = [frame for frame, _ in itertools.islice(feed, 9)]
        feed.close()
    assert [frame.damaged for frame in frames] == [False, False, True, False, False, True, True, False, False]
    assert all(np.array_equal(frame.planes[0], frames[0].planes[0]) for frame in frames if not frame.damaged)


def _exif_with_a_picture() -> bytes:
    """Return EXIF that holds a smaller JPEG, which has an end of its own."""
    small = io.BytesIO()
    Image.new("RGB", (16, 16)).save(small, "JPEG")
    return _exif(0) + small.getvalue()


def test_half_jpeg_behind_which_the_next_one_begins_is_damaged() -> None:
    whole = _jpeg((64, 48)).partition(b"\r\n\r\n")[2].rstrip(b"\r\n")
    assert is_whole_jpeg(whole)
    assert is_whole_jpeg(whole + bytes(8))
    assert not is_whole_jpeg(whole[:-9] + b"\r\n--frame\r\n\r\n" + whole)
    assert not is_whole_jpeg(whole[: len(whole) // 3])
    assert not is_whole_jpeg(b"")
    assert not is_whole_jpeg(whole + bytes(8) + whole[:-9]), "a second field that was cut off"
    assert is_whole_jpeg(whole + bytes(8) + whole)


def test_progressive_jpeg_is_whole_only_with_all_of_its_scans() -> None:
    file = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    Image.fromarray(noise).save(file, "JPEG", progressive=True, restart_marker_rows=1)
    first, *scans = file.getvalue().split(b"\xff\xda")
    remark = b"\xff\xfe\0\x06\xff\xd9ab"
    told = [first, remark.join([scans[0], b""]), *scans[1:]]
    assert len(told) > 6
    for count in range(1, len(told)):
        assert not is_whole_jpeg(b"\xff\xda".join(told[:count]))
    assert is_whole_jpeg(b"\xff\xda".join(told))


def _exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    if orientation:
        exif[0x0112] = orientation
    return exif.tobytes()


def _as_part(picture: Image.Image, **told: Any) -> bytes:
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=95, **told)
    head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(file.getvalue())
    return head + file.getvalue() + b"\r\n"


@pytest.mark.parametrize(("density", "aspect"), [((1, 3), 1), ((3, 1), 1), ((100, 1), 1), ((3, 4), Fraction(3, 4))])
def test_pixels_of_a_shape_that_no_camera_has_are_taken_for_square(density: tuple[int, int], aspect: Fraction) -> None:
    with _serving(_as_part(Image.new("L", (64, 48), 90), dpi=density) * 30) as address:
        feed = open_feed(_source(address))
        frame, _ = next(iter(feed))
        feed.close()
    assert feed.info.pixel_aspect == aspect
    assert int(frame.planes[0].min()) > 16, "it is as large as its frame"


def test_odd_shapes_of_pixels_are_told_with_each_frame_beside_the_one_that_is_believed() -> None:
    densities = [(1, 1)] * 10 + [(1, 4)] * 10 + [(5, 2)] * 10
    parts = [_as_part(Image.new("L", (64, 48), 90), dpi=density) for density in densities]
    with _serving(b"".join(parts)) as address:
        feed = open_feed(_source(address))
        told = [frame.aspects for frame, _ in itertools.islice(feed, 29)]
        feed.close()
    # Pixels that are believed to be 5:2 are brought to the square ones of the first frame: square ones are 2:5 then.
    shapes = [(Fraction(1),), (Fraction(1), Fraction(1, 4)), (Fraction(1), Fraction(2, 5))]
    assert list(dict.fromkeys(told)) == shapes


def test_missing_and_foreign_files_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput):
        open_feed(_source(tmp_path / "gone.mp4"))
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    with pytest.raises(FileError):
        open_feed(_source(tmp_path / "list.m3u8"))


def test_a_clip_that_was_cut_without_encoding_it_anew_comes_from_there_on(tmp_path: Path) -> None:
    path = trim(write(tmp_path / "a.mp4", Clip()), tmp_path / "cut.mp4", 7)
    feed = open_feed(_source(path), wait=lambda _: None)
    try:
        assert [frame.damaged for frame, _ in feed] == [False] * 17
    finally:
        feed.close()


@pytest.fixture(scope="module")
def joined_late(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a camera sends that is joined just after a key picture: 299 pictures that need it, a key picture, 9 more."""
    folder = tmp_path_factory.mktemp("late")
    path, late = folder / "a.ts", folder / "late.ts"
    make_clip(path, Clip(size=(64, 48), stamps=tuple(range(310)), options={"g": "300", "bf": "0", "sc_threshold": "0"}))
    with av.open(str(path)) as read, av.open(str(late), "w") as made:
        stream = made.add_stream_from_template(read.streams.video[0])
        for packet in itertools.islice(read.demux(video=0), 1, 310):
            packet.stream = stream
            made.mux(packet)
    return late.read_bytes()


def test_camera_that_is_joined_long_before_its_next_key_picture_is_waited_for(joined_late: bytes) -> None:
    with _serving(joined_late, "video/mp2t") as address:
        feed = open_feed(_source(address))
        frames = [frame for frame, _ in itertools.islice(feed, 9)]
        feed.close()
    assert (feed.info.width, feed.info.height) == (64, 48)
    assert [frame.damaged for frame in frames] == [False] * 9


def test_key_picture_is_waited_for_a_minute_and_not_beyond_the_end_of_the_run(joined_late: bytes) -> None:
    for waited, wait, told in ((1.0, lambda _: False, "in 60 seconds; let the camera"), (0.0, lambda _: True, "end")):
        with _serving(joined_late, "video/mp2t") as address:
            feed = open_feed(_source(address), wait=wait, clock=itertools.count(0.0, waited).__next__)
            with pytest.raises(DamagedInput, match=told):
                next(iter(feed))
            feed.close()


def test_frames_from_damage_on_are_damaged(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", Clip(stamps=tuple(range(48)), options={"g": "24", "bf": "0"}))
    data = bytearray(path.read_bytes())
    at = len(data) // 4
    data[at : at + 60] = bytes(60)
    path.write_bytes(bytes(data))
    feed = open_feed(_source(path), wait=lambda _: None)
    try:
        damaged = [frame.damaged for frame, _ in feed]
    except DamagedInput:
        return
    finally:
        feed.close()
    runs = [(key, len(list(group))) for key, group in itertools.groupby(damaged)]
    assert not runs[0][0]
    assert len(runs) <= 3, "what follows damage is damaged up to a key picture"


@pytest.fixture
def mjpeg() -> Iterator[tuple[str, HttpTarget]]:
    """A server that sends MJPEG as cameras do: our own."""
    target = HttpTarget(
        parse_target("http://127.0.0.1:0"), Listening(), ("cam",), status=lambda: {}, metrics=lambda: ""
    )  # fmt: skip
    info = VideoInfo("live", "mjpeg", 64, 48, Fraction(25), Fraction(1, 25), "yuv420p")
    encoder, stop = JpegEncoder(info), threading.Event()
    planes = (np.full((48, 64), 90, np.uint8), *(np.full((24, 32), 128, np.uint8),) * 2)

    def send() -> None:
        number = 0
        while not stop.wait(0.02):
            for unit in encoder.encode(planes, number * 0.02):
                target.send("cam", unit)
            number += 1

    sender = threading.Thread(target=send)
    sender.start()
    yield f"{target.address}cam/mjpeg", target
    stop.set()
    sender.join()
    target.close()


def test_mjpeg_over_http_is_read(mjpeg: tuple[str, HttpTarget]) -> None:
    feed = open_feed(_source(mjpeg[0]))
    frames = list(itertools.islice(feed, 5))
    feed.close()
    assert feed.info.colour.full_range
    assert [stamp for _, stamp in frames] == [None] * 5
    assert all(abs(float(frame.planes[0].mean()) - (90 - 16) * 255 / 219) < 6 for frame, _ in frames)


def test_lost_camera_is_an_error(mjpeg: tuple[str, HttpTarget]) -> None:
    address, target = mjpeg
    feed = open_feed(_source(address))
    frames = iter(feed)
    next(frames)
    target.close()
    try:
        count = sum(1 for _ in frames)
    except UnreadableInput:
        count = 0
    finally:
        feed.close()
    assert count < 500


class _Refuses(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/away" else 401)
        self.send_header("Location", "file:///etc/passwd")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.mark.parametrize("path", ["stream", "away"])
def test_refusal_and_a_way_to_local_files_are_errors_without_password(path: str, capfd: Any) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Refuses)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        with pytest.raises(UnreadableInput) as caught:
            open_feed(_source(f"http://user:{_SECRET}@127.0.0.1:{server.server_port}/{path}?pwd={_SECRET}"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert _SECRET not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert _SECRET not in "".join(capfd.readouterr())


@pytest.mark.parametrize("word", [f"rtsp://user:{_SECRET}@127.0.0.1:9/x", f"http://user:{_SECRET}@127.0.0.1:9/x"])
def test_camera_that_is_away_is_an_error_without_password(word: str, capfd: Any) -> None:
    with pytest.raises(UnreadableInput) as caught:
        open_feed(_source(word))
    assert _SECRET not in str(caught.value)
    assert _SECRET not in "".join(capfd.readouterr())


def test_missing_webcam_is_an_error() -> None:
    with pytest.raises(UnreadableInput, match="/dev/video63"):
        open_feed(_source("webcam:63"))
