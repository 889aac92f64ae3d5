"""What a file holds is told by its first bytes: videos that Unseen reads, those that it does not, and all else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.video_clips import Clip, make_clip
from unseen.adapters.files_sniff import PEEK, held, sniff, sniff_all


@pytest.mark.parametrize(
    ("ending", "encoder", "kind"),
    [
        ("mp4", "libx264", "mov"),
        ("mov", "libx264", "mov"),
        ("mkv", "libx264", "matroska"),
        ("avi", "mpeg4", "avi"),
        ("ts", "libx264", "mpegts"),
        ("m2ts", "libx264", "mpegts"),
        ("mpg", "mpeg2video", "mpeg"),
        ("flv", "libx264", "FLV video"),
        ("wmv", "mpeg4", "ASF video (WMV)"),
        ("mxf", "mpeg2video", "MXF video"),
        ("ivf", "libvpx-vp9", "IVF video"),
        ("nut", "mpeg4", "NUT video"),
        ("y4m", "rawvideo", "Y4M video"),
        ("h264", "libx264", "H.264 video without a container"),
        ("hevc", "libx265", "HEVC video without a container"),
        ("m2v", "mpeg2video", "MPEG video without a container"),
    ],
)
def test_videos_are_known_by_their_first_bytes(tmp_path: Path, ending: str, encoder: str, kind: str) -> None:
    path = tmp_path / f"a.{ending}"
    make_clip(path, Clip(encoder=encoder, stamps=range(3)))
    head = path.read_bytes()[:PEEK]
    assert (sniff_all(head), sniff(head)) == (held(kind), None)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"The free software",
        b"Also skip this",
        b"G" + b"ood morning, all " * 60,
        *(b"\0\0\0\x20ftyp" + brand + bytes(4) for brand in (b"M4A ", b"M4R ", b"NDAS", b"aax ", b"aaxc")),
        b"\0\0\0\x18ftypcrx \0\0\0\1crx ",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"OggS\0\2" + bytes(22) + b"\1vorbis",
        b"ID3\4" + bytes(100),
        bytes(PEEK),
    ],
)
def test_texts_and_sound_are_no_videos(head: bytes) -> None:
    assert sniff_all(head) is None


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x20ftypavif\0\0\0\0avif", "avif"),
        (b"\0\0\0\x20ftypheic\0\0\0\0heic", "heic"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\xf0\0\0\0mdat", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov"),
        (b"OggS\0\2" + bytes(22) + b"\x80theora", "Ogg video"),
    ],
)
def test_photos_stay_photos_and_old_films_are_films(head: bytes, kind: str) -> None:
    assert sniff_all(head) == held(kind)


def test_formats_are_called_as_people_call_them_and_tell_what_to_do() -> None:
    assert [held(kind).label for kind in ("jpeg", "mov", "matroska", "mpegts")] == ["JPEG", "MP4", "MKV", "TS"]
    assert held("jpeg").advice(" but is named .png") == "holds JPEG data but is named .png; rename it to end in .jpg"
    assert held("mov").advice() == "holds MP4 data; rename it to end in .mp4"
    assert held("FLV video").advice(" but is named .mp4") == (
        "holds FLV video, which Unseen does not read; convert it first"
    )
