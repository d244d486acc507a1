"""A pair that was acquired is checked, and what both images show is proposed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import shift as moved_by

from builders import texture
from napari_verdict.annotation.noisy import Exposure, make_noisy
from napari_verdict.annotation.pairs import check_pair
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.result import complete

FIELD = texture((240, 260))


def dimmed(data, seed=3):
    exposure = Exposure(photons=30, black=0, white=1000, seed=seed)
    return complete(make_noisy(Input("noisy", data, "yx"), exposure)).data


def pair(dy, dx, size=(180, 200)):
    """A clean window on the field, and a noisy one that begins some pixels elsewhere."""
    clean = FIELD[30 : 30 + size[0], 30 : 30 + size[1]]
    noisy = dimmed(FIELD[30 + dy : 30 + dy + size[0], 30 + dx : 30 + dx + size[1]])
    return Input("noisy", noisy, "yx"), Input("clean", clean, "yx")


def test_a_good_pair_is_compared_whole():
    noisy, clean = pair(0, 0)
    found = check_pair(noisy, clean)
    assert found.usable
    assert found.region == {"y": (0, 180), "x": (0, 200)}
    assert found.noisy.data is noisy.data
    assert found.clean.data is clean.data
    assert "to within 0.25 px" in found.sentence


@pytest.mark.parametrize("by", [(7, -12), (-3, 4), (0, 9)])
def test_whole_pixels_of_a_shift_move_the_region(by):
    noisy, clean = pair(*by)
    found = check_pair(noisy, clean)
    assert found.shift == pytest.approx(by, abs=0.3)
    assert math.hypot(*found.left) < 0.1
    assert found.usable
    dy, dx = by
    assert found.region == {
        "y": (max(0, dy), min(180, 180 + dy)),
        "x": (max(0, dx), min(200, 200 + dx)),
    }
    both = np.corrcoef(found.noisy.data.ravel(), found.clean.data.ravel())[0, 1]
    assert both == pytest.approx(np.corrcoef(dimmed(FIELD).ravel(), FIELD.ravel())[0, 1], abs=0.03)
    assert "which the region makes up for" in found.sentence


def test_positions_are_taken_into_account():
    whole = Input("clean", FIELD, "yx", (0.5, 0.5), (10.0, 10.0))
    part = Input("noisy", dimmed(FIELD[40:200, 20:220]), "yx", (0.5, 0.5), (30.0, 20.0))
    found = check_pair(part, whole)
    assert found.region == {"y": (40, 200), "x": (20, 220)}
    assert found.shift == pytest.approx((0, 0), abs=0.1)
    assert found.clean.translate == (30.0, 20.0)
    assert found.usable


def test_part_of_a_pixel_is_said_and_left_alone():
    noisy = dimmed(moved_by(FIELD, (0.0, 0.4), order=3, mode="reflect"))
    found = check_pair(Input("noisy", noisy, "yx"), Input("clean", FIELD, "yx"))
    assert found.left[1] == pytest.approx(-0.4, abs=0.1)
    assert found.noisy.data is noisy
    assert "lowers scores a little" in found.sentence


def test_images_of_different_places_are_no_pair():
    noisy = Input("noisy", dimmed(texture((180, 200), seed=9)), "yx")
    found = check_pair(noisy, pair(0, 0)[1])
    assert not found.usable
    assert "check that they are a pair" in found.sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"axes": "zy"}, "Name the same axes"),
        ({"scale": (0.4, 0.4)}, "resample"),
        ({"translate": (0.5, 0.0)}, "lie between"),
        ({"translate": (5000.0, 0.0)}, "different places"),
    ],
)
def test_what_cannot_be_laid_over_each_other_is_said(change, said):
    noisy, clean = pair(0, 0)
    options = {"axes": "yx"} | change
    found = check_pair(Input("noisy", noisy.data, **options), clean)
    assert not found.usable
    assert found.region is None
    assert said in found.sentence


def test_an_image_too_small_for_a_shift_says_so():
    found = check_pair(*pair(0, 0, (20, 20)))
    assert math.isnan(found.shift[0])
    assert "could not be measured" in found.sentence


def test_images_of_one_grey_value_are_no_pair():
    flat = Input("noisy", np.ones((180, 200)), "yx")
    found = check_pair(flat, pair(0, 0)[1])
    assert not found.usable
    assert "nothing in common" in found.sentence


def test_a_real_pair_passes(read_shared):
    noisy, clean = (
        Input(n, read_shared(f"denoising/hela_mito/{n}.ome.tif"), "yx") for n in ("raw", "gt")
    )
    found = check_pair(noisy, clean)
    assert found.usable
    assert math.hypot(*found.left) < 0.25
