"""A noisy image made from a clean one has the noise of a camera, and can be made again."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from builders import texture
from napari_verdict.annotation.noisy import Exposure, levels_of, make_noisy
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.result import Progress, complete
from napari_verdict.engine.cancel import Cancelled, CancelToken

EXPOSURE = Exposure(photons=40, black=0, white=1000, seed=5)


def noisy(data, exposure=EXPOSURE, axes="yx"):
    return complete(make_noisy(Input("clean", data, axes), exposure))


@pytest.mark.parametrize("level", [0, 100, 1000])
def test_mean_and_variance_are_those_of_the_camera(level):
    pixels = noisy(np.full((400, 400), level, np.float32)).data.astype(float)
    electrons = 1 + 40 * level / 1000
    mean = 100 + 2.2 * electrons
    variance = 2.2**2 * (electrons + 1.6**2) + 1 / 12
    n = pixels.size
    assert pixels.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / n))
    assert pixels.var() == pytest.approx(variance, rel=0.03)
    assert EXPOSURE.noise.variance(np.array([mean]))[0] == pytest.approx(variance)


def test_without_noise_of_its_own_only_light_is_left():
    bright = Exposure(photons=1e7, black=0, white=1000, background=0, gain=1e-3, read_noise=0)
    clean = texture((64, 64))
    np.testing.assert_allclose(noisy(clean, bright).data, 100 + 10 * clean, atol=12)


def test_light_is_blurred_before_it_is_counted():
    clean = np.zeros((3, 41, 41))
    clean[1, 20, 20] = 1e6
    many = Exposure(
        photons=1, black=0, white=1, blur=(1, 2, 2), background=0, gain=0.5, read_noise=0
    )
    found = noisy(clean, many, "zyx").data.astype(float)
    expected = 100 + 0.5 * gaussian_filter(clean, (1, 2, 2))
    np.testing.assert_allclose(found, expected, atol=5 * 0.5 * np.sqrt(expected.max() * 2) + 1)
    assert found[0, 20, 20] > 1000  # along z as well
    flat = Exposure(photons=1, black=0, white=1, blur=(0, 2, 2), background=0, read_noise=0)
    assert (noisy(clean, flat, "zyx").data[0] == 100).all()


def test_the_same_seed_gives_the_same_image_and_another_one_another():
    clean = texture((4, 40, 50)[1:])
    assert np.array_equal(noisy(clean).data, noisy(clean).data)
    other = Exposure(photons=40, black=0, white=1000, seed=6)
    assert not np.array_equal(noisy(clean).data, noisy(clean, other).data)


def test_planes_and_frames_have_noise_of_their_own():
    flat = np.full((2, 3, 60, 60), 500.0)
    planes = noisy(flat, axes="tzyx").data.reshape(6, -1).astype(float)
    related = np.corrcoef(planes) - np.eye(6)
    assert np.abs(related).max() < 0.1


def test_the_order_of_axes_and_where_pixels_lie_are_kept():
    clean = Input(
        "clean", np.full((20, 30, 2), 500.0), "yxc", (0.5, 0.5, 1), (7, 8, 0), path="a.tif"
    )
    found = complete(make_noisy(clean, EXPOSURE))
    assert (found.shape, found.axes) == (clean.shape, clean.axes)
    assert (found.scale, found.translate, found.units) == (
        clean.scale,
        clean.translate,
        clean.units,
    )
    assert found.name == "clean (noisy)"
    assert found.path is None
    assert found.data.dtype == np.uint16


def test_the_clean_image_is_not_changed():
    clean = texture()
    clean.flags.writeable = False
    noisy(clean, Exposure(photons=5, black=0, white=900, blur=(0, 1, 1)))


def test_what_is_no_number_or_too_bright_is_still_a_grey_value():
    clean = np.full((20, 20), 1e9)
    clean[0] = np.nan
    found = noisy(clean).data
    assert (found[1:] == 65535).all()
    assert (found[0] < 200).all()


def test_levels_are_those_of_the_image():
    clean = texture((64, 64))
    assert levels_of(Input("a", clean, "yx")) == pytest.approx(np.percentile(clean, [0.1, 99.9]))
    stack = np.stack([clean] * 100)
    expected = np.percentile(np.stack([clean] * 25), [0.1, 99.9])
    assert levels_of(Input("a", stack, "zyx")) == pytest.approx(expected)
    with pytest.raises(ValueError, match="no pixel that is a number"):
        levels_of(Input("a", np.full((4, 4), np.nan), "yx"))


def test_all_of_it_is_recorded():
    record = json.loads(json.dumps(EXPOSURE.record()))
    assert Exposure(**record | {"blur": tuple(record["blur"])}) == EXPOSURE


def test_work_says_how_far_it_is_and_can_be_stopped():
    token = CancelToken()
    steps = make_noisy(Input("a", np.ones((5, 8, 8)), "zyx"), EXPOSURE, token=token)
    assert next(steps) == Progress(1, 5, "exposing")
    token.cancel()
    with pytest.raises(Cancelled):
        next(steps)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"photons": 0}, "photon budget"),
        ({"gain": -1}, "gain"),
        ({"read_noise": -1}, "at least 0"),
        ({"blur": (0, -1, 0)}, "at least 0"),
        ({"white": 0}, "one grey value"),
        ({"offset": 70000}, "above the offset"),
        ({"photons": np.nan}, "finite"),
    ],
)
def test_an_exposure_that_cannot_be_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        Exposure(**{"photons": 40, "black": 0, "white": 1000} | change)


def test_a_few_beads_on_black_are_what_is_bright():
    beads = np.zeros((3, 128, 128), np.uint16)
    beads[1, 5, 5], beads[2, 60, 60] = 900, 400
    assert levels_of(Input("beads", beads, "zyx")) == (0.0, 900.0)


def test_a_pixel_of_endless_light_is_saturated_and_no_more():
    clean = np.zeros((8, 8))
    clean[2, 2] = 1e30
    pixels = noisy(clean, Exposure(photons=100, black=0, white=1)).data
    assert pixels[2, 2] == 65535
    assert pixels[5, 5] < 200
