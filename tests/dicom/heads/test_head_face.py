"""The face of a head scan is removed whole, the brain stays, and what is no head is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.head_volumes import head_rows
from tests.dicom.heads.head_scenes import FACE, Floats, head, turned
from unseen.dicom.heads.face import check_head, deface
from unseen.dicom.heads.landmarks import STEP, head_of, landmarks, on_grid
from unseen.errors import FileError, UnsupportedInput, VerificationFailed

SOME = ((3.0, 3.0, 3.0), "RAS")


def places(affine: Floats, shape: tuple[int, ...], nod: float) -> tuple[Floats, Floats]:
    """Where voxels lie along a head's own axes: to the front and to the top, in millimetres."""
    _, y, z = affine[:3, :3] @ np.indices(shape).reshape(3, -1) + affine[:3, 3:]
    angle = np.deg2rad(nod)
    forward, up = y * np.cos(angle) - z * np.sin(angle), y * np.sin(angle) + z * np.cos(angle)
    return forward.reshape(shape), up.reshape(shape)


@pytest.mark.parametrize("nod", [-18.0, 0.0, 18.0])
def test_the_face_goes_and_the_brain_stays_however_the_head_is_held(nod: float) -> None:
    affine, shape = turned("RAS", (3.0, 3.0, 3.0))
    volume = head(affine, shape, nod=nod)
    mask, found, check = deface(volume, affine)
    forward, up = places(affine, shape, nod)
    face = (volume > 200) & (forward > FACE[0]) & (up < FACE[1]) & (up > -100)
    assert mask[face].mean() > 0.95
    assert mask[volume > 500].mean() < 0.004
    assert check.passed
    assert np.rad2deg(found.pitch) == pytest.approx(nod, abs=9)
    # The air in front goes too: its noise would tell where the face began.
    air = (forward > 80) & (up < FACE[1]) & (up > -60) & (volume < 100)
    assert mask[air].mean() > 0.97


@pytest.mark.parametrize(
    ("axes", "step"), [("SPR", (5.0, 3.0, 3.0)), ("RIP", (3.5, 3.5, 3.5)), ("AIL", (5.0, 3.0, 3.0))]
)
def test_the_way_a_volume_is_cut_makes_no_difference(axes: str, step: tuple[float, float, float]) -> None:
    affine, shape = turned(axes, step)
    volume = head(affine, shape)
    mask, found, _ = deface(volume, affine)
    forward, up = places(affine, shape, 0)
    assert mask[(volume > 200) & (forward > FACE[0]) & (up < FACE[1]) & (up > -100)].mean() > 0.95
    assert mask[volume > 500].mean() < 0.004
    assert not mask[(forward < 30) | ((up > 15) & (volume > 200))].any()
    assert found.length == pytest.approx(196, abs=14)


def test_fine_voxels_are_averaged_where_they_lie() -> None:
    affine, shape = turned("RAS", (3.0, 3.0, 3.0))
    volume = head(affine, shape)
    fine = volume.repeat(6, axis=1)
    there = affine.copy()
    there[:3, 1] /= 6
    there[:3, 3] -= 2.5 * there[:3, 1]
    a, one = on_grid(volume, affine)
    b, two = on_grid(fine, there)
    assert np.allclose(one, two, atol=1.6)
    same = tuple(slice(0, min(m, n)) for m, n in zip(a.shape, b.shape, strict=True))
    assert np.corrcoef(a[same].ravel(), b[same].ravel())[0, 1] > 0.97


def test_a_head_like_ct_is_found_above_its_air() -> None:
    affine, shape = turned("SPR", (3.0, 3.0, 3.0))
    volume = head(affine, shape).astype(np.int16) * 2 - 1000
    mask, _, check = deface(volume, affine)
    assert check.passed
    assert 0.03 < mask.mean() < 0.3


@pytest.mark.parametrize(
    "volume",
    [
        np.zeros((40, 40, 40), np.int16),
        np.random.default_rng(0).integers(0, 90, (40, 40, 40)).astype(np.int16),
        np.full((4, 60, 60), 7, np.int16),
        np.full((500, 500, 9), 7, np.int16),
    ],
    ids=["nothing", "noise", "flat", "huge"],
)
def test_what_is_no_head_is_refused(volume: np.ndarray) -> None:
    with pytest.raises(FileError):
        deface(volume, np.diag([3.0, 3.0, 3.0, 1.0]))


def test_a_scan_that_ends_above_the_brow_is_refused() -> None:
    affine, shape = turned("RAS", (3.0, 3.0, 3.0))
    with pytest.raises(UnsupportedInput):
        deface(
            head(affine, shape)[:, :, 55:],
            affine @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 55], [0, 0, 0, 1.0]]),
        )


def test_the_check_tells_a_face_that_is_left_and_a_brain_that_is_lost() -> None:
    affine, shape = turned("RAS", (3.0, 3.0, 3.0))
    grid, corner = on_grid(head(affine, shape), affine)
    whole = head_of(grid)
    found = landmarks(whole, corner)
    nothing = np.zeros_like(whole)
    assert check_head(whole, nothing, found, corner).surface_gone == 0
    shaved = nothing.copy()
    front = whole.shape[1] - 1 - np.argmax(whole[:, ::-1], axis=1)
    x, z = np.indices(front.shape)
    for depth in range(int(4 / STEP)):
        shaved[x, np.maximum(front - depth, 0), z] = True
    check = check_head(whole, shaved, found, corner)
    assert check.surface_gone < 0.3  # a skin that is peeled off shows the same face again
    assert not check.passed
    assert not check_head(whole, np.ones_like(whole), found, corner).passed
    assert check_head(whole, np.ones_like(whole), found, corner).vault_lost == 1


def test_a_face_that_cannot_be_cut_off_as_expected_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    affine, shape = turned("RAS", (3.0, 3.0, 3.0))
    volume = head(affine, shape)
    volume[:, :, : shape[2] // 2][volume[:, :, : shape[2] // 2] > 200] = 400
    volume[:, 70:, :30] = 400  # something large, as bright as skin, lies before the face
    try:
        mask, _, check = deface(volume, affine)
    except VerificationFailed:
        return
    except UnsupportedInput:
        return
    assert check.passed
    assert mask[:, 70:, :20].mean() > 0.9


def test_the_average_head_loses_its_face_and_keeps_its_brain(test_data: Path) -> None:
    rows = head_rows(test_data / "samples" / "volumes")
    assert len(rows) == 5
    for row in rows:
        assert row["face removed"] >= 0.95
        assert row["brain kept"] >= 0.999
