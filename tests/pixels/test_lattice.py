"""The fill of frames: smooth, steady, within the range of what is seen, and of nothing that is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from unseen.core.looks import Look
from unseen.core.photos import Pixels
from unseen.core.regions import Box, Region
from unseen.pixels.lattice import Grain, Planes, fill_planes
from unseen.pixels.planes import PlaneForm, hide_planes
from unseen.pixels.shapes import mask_over, place

BOX = (60, 40, 130, 120)


def grain() -> Grain:
    return Grain(np.random.default_rng(1))


def filled(pixels: Pixels, *boxes: tuple[float, float, float, float], peak: int = 255) -> Pixels:
    """Return a plane with boxes filled."""
    done = pixels.copy()
    spots = place([Region("face", Box(*box), Look("fill")) for box in boxes], *pixels.shape)
    whole = Box(0.0, 0.0, float(pixels.shape[1]), float(pixels.shape[0]))
    assert fill_planes([Planes((done,), mask_over(spots, whole), spots)], grain(), peak)
    return done


def inside(pixels: Pixels, box: tuple[int, int, int, int] = BOX) -> np.ndarray:
    return pixels[box[1] : box[3], box[0] : box[2]].astype(float)


@pytest.mark.parametrize("across", [1, 2])
@pytest.mark.parametrize("width", [240, 2400])
@pytest.mark.parametrize("peak", [255, 1023, 4095])
def test_the_brightest_colour_stays_so_at_all_depths_sizes_and_samplings(peak: int, width: int, across: int) -> None:
    """Samples are added up in few bits, in larger cells where frames are large."""
    bright = np.full((200, width), peak, np.uint8 if peak == 255 else np.uint16)
    planes = bright, *[bright[:, : width // across]] * 2
    form = PlaneForm(across=across, down=1, bits=peak.bit_length())
    boxes = [Region("face", Box(*box), Look("fill")) for box in (BOX, (3, 3, 9, 190))]
    for plane in hide_planes(planes, boxes, form, np.random.default_rng(1), grain=grain()):
        assert plane.min() >= peak - 1


def test_one_colour_stays_that_colour_but_for_half_a_step_of_grain() -> None:
    pixels = np.full((200, 240), 90, np.uint8)
    assert abs(inside(filled(pixels, BOX)) - 90).max() <= 1


def test_a_slope_goes_on_through_the_region() -> None:
    slope = np.tile(np.linspace(20, 220, 240), (200, 1)).round().astype(np.uint8)
    assert abs(inside(filled(slope, BOX)) - inside(slope)).mean() < 6


def test_an_edge_beside_the_region_is_seen_at_its_side_only() -> None:
    pixels = np.full((200, 240), 40, np.uint8)
    pixels[:, :100] = 200
    done = inside(filled(pixels, BOX))
    assert done[:, :5].mean() > 170
    assert done[:, -5:].mean() < 70


def test_there_is_no_seam_where_regions_touch() -> None:
    noise = np.random.default_rng(4).integers(0, 256, (200, 240)).astype(np.uint8)
    one = filled(noise, (60, 40, 100, 120), (100, 40, 130, 120))
    whole = filled(noise, BOX)
    step = abs(inside(one)[:, 40] - inside(one)[:, 39]).mean()
    assert step < 3 + abs(np.diff(inside(whole), axis=1)).mean()


@examples(1)
@given(st.integers(8, 12), st.booleans(), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_grain_next_to_black_and_white_neither_overflows_nor_wraps(
    bits: int, white: bool, span: int, seed: int
) -> None:
    random, peak = np.random.default_rng(seed), (1 << bits) - 1
    values = random.integers(0, span + 1, (90, 120))
    pixels = (peak - values if white else values).astype(np.uint8 if bits == 8 else np.uint16)
    done = filled(pixels, (20, 10, 70, 80), peak=peak).astype(int)
    # Grain goes up to 1.8 % of the range, on both sides of a surface that leaves as much room for it.
    most = span + 1 + round(2 * 0.018 * peak)
    assert (done >= peak - most).all() if white else (done <= most).all()
    assert done.max() <= peak


def test_a_slope_is_not_moved_aside() -> None:
    y, x = np.mgrid[:200, :240]
    for slope in (x * 0.8 + 20, y * 0.9 + 20, (x + y) * 0.4 + 20):
        picture = slope.round().astype(np.uint8)
        for box in (BOX, (61, 43, 131, 121), (63, 42, 129, 118)):
            assert abs((inside(filled(picture, box), box) - inside(picture, box)).mean()) < 2.0


def test_regions_far_apart_do_not_know_of_each_other() -> None:
    random = np.random.default_rng(6)
    picture = np.concatenate([random.normal(60, 2, (300, 600)), random.normal(180, 40, (300, 600))], axis=1)
    picture = picture.round().clip(0, 255).astype(np.uint8)
    one, other = (40, 60, 90, 120), (1100, 200, 1150, 260)
    np.testing.assert_array_equal(inside(filled(picture, one, other), one), inside(filled(picture, one), one))


def test_an_ellipse_hides_more_chroma_than_luma_and_keeps_the_colours_of_both() -> None:
    for form in (PlaneForm(), PlaneForm(2, 1), PlaneForm(1, 1)):
        chroma = (-(-200 // form.down), -(-240 // form.across))
        planes = tuple(
            np.full(shape, value, np.uint8) for shape, value in (((200, 240), 210), (chroma, 50), (chroma, 90))
        )
        region = Region("face", Box(*BOX), Look("fill", shape="ellipse"))
        done = hide_planes(planes, [region], form, np.random.default_rng(1))
        for before, after in zip(planes, done, strict=True):
            assert abs(after.astype(int) - before).max() <= 1


def test_a_region_that_moves_by_a_pixel_changes_little() -> None:
    rough = np.random.default_rng(2).integers(0, 256, (50, 60))
    picture = np.kron(rough, np.ones((4, 4))).astype(np.uint8)
    before = filled(picture, BOX)
    for dx, dy in ((1, 0), (0, 1), (2, 3), (4, 4)):
        moved = filled(picture, (BOX[0] + dx, BOX[1] + dy, BOX[2] + dx, BOX[3] + dy))
        deep = (BOX[0] + 12, BOX[1] + 12, BOX[2] - 12, BOX[3] - 12)
        assert abs(inside(before, deep) - inside(moved, deep)).mean() < 8, (dx, dy)


def test_the_grain_holds_still_while_frames_change() -> None:
    random, still = np.random.default_rng(3), grain()
    form, region = PlaneForm(), [Region("face", Box(*BOX), Look("fill"))]
    shown = []
    for level in (100, 104):
        luma = (random.normal(level, 4, (200, 240))).round().clip(0, 255).astype(np.uint8)
        chroma = np.full((100, 120), 128, np.uint8)
        done = hide_planes((luma, chroma, chroma), region, form, np.random.default_rng(9), grain=still)
        shown.append(inside(done[0]) - inside(done[0]).mean())
    assert shown[0].std() > 1.5
    assert np.corrcoef(shown[0].ravel(), shown[1].ravel())[0, 1] > 0.8


def test_the_pattern_goes_on_in_windows_that_are_larger_than_it() -> None:
    pixels = np.random.default_rng(5).integers(100, 120, (700, 900)).astype(np.uint8)
    done = inside(filled(pixels, (100, 100, 800, 600)), (100, 100, 800, 600))
    assert done[300:, 300:].std() > 0.5


@pytest.mark.parametrize("side", [1, 2, 3, 5])
def test_regions_of_a_pixel_or_two_are_filled(side: int) -> None:
    pixels = np.full((31, 37), 50, np.uint8)
    pixels[9 : 9 + side, 11 : 11 + side] = 255
    assert int(filled(pixels, (11, 9, 11 + side, 9 + side)).max()) <= 51


def test_corners_and_edges_are_filled_from_what_is_there() -> None:
    pixels = np.full((63, 85), 77, np.uint8)
    boxes = [(0, 0, 20, 20), (70, 0, 85, 30), (0, 50, 30, 63), (60, 40, 85, 63)]
    for x1, y1, x2, y2 in boxes:
        pixels[y1:y2, x1:x2] = 255
    assert int(filled(pixels, *boxes).max()) <= 78


def test_a_fill_deep_inside_of_black_sees_what_lies_far_off() -> None:
    luma = np.full((1600, 400), 255, np.uint8)
    luma[1590:] = 90
    chroma = np.full((800, 200), 128, np.uint8)
    regions = [
        Region("face", Box(180, 700, 220, 740), Look("fill")),
        Region("plate", Box(0, 0, 400, 1590), Look("solid")),
    ]
    seen = fill_alone(luma, regions)
    assert abs(seen - 90).max() <= 1
    done = hide_planes((luma, chroma, chroma), regions, PlaneForm(), np.random.default_rng(1))
    assert set(done[0][:1590].ravel()) == {16}


def fill_alone(luma: Pixels, regions: list[Region]) -> np.ndarray:
    """What the first region is filled with, while all of them are covered."""
    done, spots = luma.copy(), place(regions, *luma.shape)
    whole = Box(0.0, 0.0, float(luma.shape[1]), float(luma.shape[0]))
    assert fill_planes([Planes((done,), mask_over(spots, whole), spots[:1])], grain(), 255)
    x1, y1, x2, y2 = map(int, regions[0].box.xyxy)
    return inside(done, (x1, y1, x2, y2))


def test_nothing_is_written_where_regions_cover_everything() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60)).astype(np.uint8)
    spots = place([Region("face", Box(0, 0, 60, 40), Look("fill"))], 40, 60)
    plane = Planes((pixels.copy(),), mask_over(spots, Box(0.0, 0.0, 60.0, 40.0)), spots)
    assert not fill_planes([plane], grain(), 255)
    np.testing.assert_array_equal(plane.pixels[0], pixels)
    chroma = np.full((20, 30), 9, np.uint8)
    hidden = hide_planes((pixels, chroma, chroma), [spots[0].region], PlaneForm(), np.random.default_rng(1))
    assert [set(plane.ravel().tolist()) for plane in hidden] == [{16}, {128}, {128}]


def test_black_lies_over_the_fill_and_is_not_seen_by_it() -> None:
    luma = np.full((80, 80), 200, np.uint8)
    chroma = np.full((40, 40), 60, np.uint8)
    regions = [Region("plate", Box(30, 30, 60, 40), Look("solid")), Region("face", Box(20, 20, 50, 50), Look("fill"))]
    done = hide_planes((luma, chroma, chroma), regions, PlaneForm(), np.random.default_rng(1))
    assert set(done[0][30:40, 30:60].ravel()) == {16}
    assert abs(done[0][20:30, 20:50].astype(int) - 200).max() <= 1
    assert abs(done[1][20:25, 10:25].astype(int) - 60).max() <= 1


def test_a_pattern_that_threads_share_grows_for_one_without_shrinking_for_another() -> None:
    shared = grain()
    first = shared.over(place([Region("face", Box(0, 0, 30, 30), Look("fill"))], 1000, 1000)).copy()
    for width, height in ((300, 900), (900, 300), (20, 20)):
        pattern = shared.over(place([Region("face", Box(0, 0, width, height), Look("fill"))], 1000, 1000))
        assert pattern.shape == (height, width)
        np.testing.assert_array_equal(pattern[:20, :20], first[:20, :20])
        np.testing.assert_array_equal(pattern[256:276, :20], pattern[:20, :20][: max(0, height - 256)])
