"""What a configuration of HEVC may hold beside parameter sets, in a video: what is told of light, and nothing more."""

from __future__ import annotations

import pytest

from unseen.verify.containers.bitstreams import hevc_config
from unseen.verify.containers.findings import Malformed

CONTENT = bytes.fromhex("4e01 9004 03e80190 80")
DISPLAY = bytes.fromhex("4e01 8918 33c286c41d4c0bb884d03e803d134042 00989680 000003 0032 80")


def config(*units: bytes) -> bytes:
    arrays = b"".join(b"\x27\0\1" + len(unit).to_bytes(2, "big") + unit for unit in units)
    return b"\1" + bytes(20) + b"\3" + bytes([len(units)]) + arrays


def test_numbers_of_light_may_stand_in_the_configuration_of_a_video_alone() -> None:
    assert hevc_config(config(CONTENT, DISPLAY), light=True) == 4
    with pytest.raises(Malformed):
        hevc_config(config(CONTENT))


@pytest.mark.parametrize(
    "unit",
    [
        CONTENT + b"words",
        CONTENT[:-1] + b"words\x80",
        CONTENT[:-1] + b"\x81",
        bytes.fromhex("4e01 9005 03e8019000 80"),
        b"\x4e\1\5\x14" + b"sixteen byte name" + b"abc\x80",
        b"\x40" + CONTENT[1:],
        CONTENT[:3],
    ],
)
def test_no_other_words_pass_as_light(unit: bytes) -> None:
    with pytest.raises(Malformed):
        hevc_config(config(unit), light=True)
