"""Hardware encoders are tried in memory: whether one is there has nothing to do with disks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import av
import pytest

from tests.adapters.small_disk import files_of_at_most
from unseen.adapters import video_devices
from unseen.adapters.video_devices import require_encoder
from unseen.errors import DeviceUnavailable, UsageError


def test_encoder_that_works_is_there_though_no_file_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with files_of_at_most(0):
        require_encoder("h264")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    require_encoder("h264")


class _Broken:
    """An encoder that opens and then fails."""

    def encode(self, picture: object) -> list[Any]:
        raise av.FFmpegError(-5, "the device is busy")


@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_qsv"])
def test_encoder_that_fails_at_its_first_picture_is_not_there(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_devices, "encoder_stream", lambda *_, **__: _Broken())
    with pytest.raises(DeviceUnavailable, match=f"^{codec} is not on this machine; choose {codec[:4]} without a dev"):
        require_encoder(codec)


def test_encoder_of_no_name_is_a_wrong_call() -> None:
    with pytest.raises(UsageError, match="is no codec to write") as raised:
        require_encoder("h264_crystal")
    assert not isinstance(raised.value, DeviceUnavailable)
