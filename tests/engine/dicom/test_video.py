"""Videos inside DICOM objects, with the real models: text and sound go, and the result is a video that DICOM knows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom.encaps import encapsulate, generate_fragments
from pydicom.uid import UID

from tests.adapters.video_clips import Clip, Planes, make_clip, scene
from tests.dicom.objects import as_file, scan
from unseen.adapters.models_store import FileModelStore
from unseen.adapters.video.memory import as_file as in_memory
from unseen.adapters.video.memory import contained
from unseen.adapters.video_av import AvCodec
from unseen.core.dicom import DicomRecipe, PixelResidue
from unseen.core.regions import Box
from unseen.core.video import VideoInfo, VideoStyle
from unseen.crypto.keys import Key
from unseen.engine.dicom.tools import open_dicom_tools
from unseen.engine.dicom.video import hide_in_video
from unseen.engine.dicom.work import DicomSetup, deidentify
from unseen.engine.hashing import Hasher
from unseen.engine.stopwatch import Stopwatch
from unseen.errors import DamagedInput, UnsupportedInput

_PHOTO_VIDEO = UID("1.2.840.10008.5.1.4.1.1.77.1.4.1")
_AVC, _MPEG2 = UID("1.2.840.10008.1.2.4.102"), UID("1.2.840.10008.1.2.4.100")
_SIZE = (320, 192)
_NAME = (slice(12, 40), slice(20, 230))


def _named(index: int, width: int, height: int, pixel_format: str) -> Planes:
    """A soft scene with a name in white on black, as consoles write."""
    planes = scene(index, width, height, pixel_format)
    page = Image.new("L", (width, height))
    ImageDraw.Draw(page).text((22, 13), "QUIMBY, ERASMUS", fill=255, font=ImageFont.load_default(size=22))
    planes[0][_NAME] = np.maximum(np.asarray(page)[_NAME], 16)
    return planes


def _object(stream: bytes, frames: int, syntax: UID) -> bytes:
    one = scan(SOPClassUID=_PHOTO_VIDEO, Modality="XC", NumberOfFrames=frames)
    one.Columns, one.Rows = _SIZE
    one.SamplesPerPixel, one.PhotometricInterpretation, one.PlanarConfiguration = 3, "YBR_PARTIAL_420", 0
    one.BitsAllocated = one.BitsStored = 8
    one.HighBit, one.LossyImageCompression = 7, "01"
    one.PixelData = encapsulate([stream], has_bot=False)
    one["PixelData"].is_undefined_length = True
    one["PixelData"].VR = "OB"
    return as_file(one, syntax)


def _frames(data: bytes) -> tuple[list[Any], list[str]]:
    with av.open(io.BytesIO(data), "r") as container:
        kinds = [str(stream.type) for stream in container.streams]
        return [picture.to_ndarray(format="gray") for picture in container.decode(video=0)], kinds


def test_a_name_in_a_video_goes_and_so_does_its_sound(tmp_path: Path, models: FileModelStore) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, Clip(size=_SIZE, stamps=tuple(range(10)), audio="aac"), _named)
    file = _object(clip.read_bytes(), 10, _AVC)
    tools = open_dicom_tools(DicomSetup(DicomRecipe(), Hasher(Key(b"k" * 32)), tmp_path, tmp_path))
    made = deidentify(file, tools, Stopwatch(lambda: 0.0))
    told = pydicom.dcmread(io.BytesIO(made.cleaned.data))
    assert (told.file_meta.TransferSyntaxUID, told.NumberOfFrames, told.BurnedInAnnotation) == (_AVC, 10, "NO")
    assert told.LossyImageCompressionMethod == "ISO_14496_10"
    _, stream = generate_fragments(told.PixelData)
    before, _ = _frames(clip.read_bytes())
    after, kinds = _frames(stream)
    assert kinds == ["video"]
    for old, new in zip(before, after, strict=True):
        assert np.ptp(old[_NAME]) > 200
        assert np.ptp(new[_NAME]) < 60
        assert np.abs(new[100:].astype(int) - old[100:]).mean() < 4
    assert made.outcome is not None
    assert any("sound dropped" in note for note in made.outcome.notes)
    assert made.hidden_again is not None


def test_what_a_second_reader_sees_is_hidden_in_every_frame(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, Clip(size=_SIZE, stamps=tuple(range(6))), _named)
    one = pydicom.dcmread(io.BytesIO(_object(clip.read_bytes(), 6, _AVC)))
    outcome = hide_in_video(one, [PixelResidue(0, Box(20, 12, 230, 40), "text")] * 2, tmp_path)
    assert (outcome.changed, outcome.hidden) == (True, 1)
    _, stream = generate_fragments(one.PixelData)
    before, after = _frames(clip.read_bytes())[0], _frames(stream)[0]
    assert len(after) == 6
    assert max(int(np.ptp(frame[_NAME])) for frame in after) < 10
    assert max(float(np.abs(a[100:].astype(int) - b[100:]).mean()) for a, b in zip(after, before, strict=True)) < 4


def test_what_is_diagnosed_from_is_written_with_the_whole_preset(
    tmp_path: Path, models: FileModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, Clip(size=_SIZE, stamps=tuple(range(6))), _named)
    asked = list[str | None]()
    real = AvCodec.open_writer

    def opened(self: AvCodec, path: Path, info: VideoInfo, style: VideoStyle, name: str, **more: Any) -> Any:
        asked.append(style.speed)
        return real(self, path, info, style, name, **more)

    monkeypatch.setattr(AvCodec, "open_writer", opened)
    tools = open_dicom_tools(DicomSetup(DicomRecipe(), Hasher(Key(b"k" * 32)), tmp_path, tmp_path))
    deidentify(_object(clip.read_bytes(), 6, _AVC), tools, Stopwatch(lambda: 0.0))
    one = pydicom.dcmread(io.BytesIO(_object(clip.read_bytes(), 6, _AVC)))
    hide_in_video(one, [PixelResidue(0, Box(20, 12, 230, 40), "text")], tmp_path)
    assert len(asked) >= 2
    assert set(asked) == {"veryfast"}


def test_ten_bits_in_h264_are_written_as_hevc_which_keeps_them(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, Clip(pixel_format="yuv420p10le", size=_SIZE, stamps=tuple(range(6))))
    one = pydicom.dcmread(io.BytesIO(_object(clip.read_bytes(), 6, _AVC)))
    hide_in_video(one, [PixelResidue(0, Box(20, 12, 230, 40), "text")], tmp_path)
    assert one.file_meta.TransferSyntaxUID.name == "HEVC/H.265 Main 10 Profile / Level 5.1"


def test_a_bare_mpeg2_stream_is_put_into_a_container(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mpg"
    make_clip(clip, Clip("mpeg2video", size=_SIZE))
    assert contained(clip.read_bytes())[1] == "mpg"
    with av.open(str(clip)) as source:
        bare = b"".join(bytes(packet) for packet in source.demux(video=0))
    stream, ending = contained(bare)
    assert ending == "ts"
    assert len(_frames(stream)[0]) == 24


@pytest.mark.parametrize("data", [b"", b"not a video at all", bytes(500)])
def test_what_is_no_video_is_refused(data: bytes) -> None:
    with pytest.raises((UnsupportedInput, DamagedInput)):
        contained(data)


def test_a_video_in_memory_is_gone_afterwards() -> None:
    with in_memory(b"frames") as path:
        assert path.read_bytes() == b"frames"
    with in_memory(b"others") as again:
        assert again.read_bytes() == b"others"
    assert not path.exists() or path.read_bytes() != b"frames"
