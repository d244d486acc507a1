from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.registration import phase_cross_correlation

from builders import texture
from napari_verdict.metrics.registration import estimate_shift, shift_between, spectrum


def _moved(image: np.ndarray, shift: tuple[float, float]) -> np.ndarray:
    return np.fft.ifft2(ndimage.fourier_shift(np.fft.fft2(image), shift)).real


@pytest.mark.parametrize("shift", [(0.7, -1.3), (0.0, 0.26), (-3.41, 5.02), (12.0, -7.0)])
def test_a_known_shift_is_found_and_is_what_takes_it_back(shift: tuple[float, float]) -> None:
    reference = texture((128, 160))
    # the taper at the border is not shifted, so the answer is a little nearer to 0
    found = estimate_shift(_moved(reference, shift), reference)
    assert found == pytest.approx((-shift[0], -shift[1]), abs=0.05)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.floats(-4, 4), st.floats(-4, 4))
def test_it_agrees_with_scikit_image(seed: int, dy: float, dx: float) -> None:
    reference = texture((64, 72), seed)
    moving = _moved(reference, (dy, dx))
    windows = np.outer(*(_tukey(n) for n in reference.shape))
    expected, _, _ = phase_cross_correlation(
        (reference - reference.mean()) * windows,
        (moving - moving.mean()) * windows,
        upsample_factor=100,
        normalization=None,
    )
    assert estimate_shift(moving, reference) == pytest.approx(tuple(expected), abs=0.0101)


def _tukey(n: int) -> np.ndarray:
    x = np.arange(n) / (n - 1)
    edge = 0.1  # half of the tapered share
    rise = 0.5 * (1 - np.cos(np.pi * np.minimum(x, 1 - x) / edge))
    return np.where(np.minimum(x, 1 - x) < edge, rise, 1.0)


def test_noise_does_not_move_it() -> None:
    reference = texture((256, 256))
    rng = np.random.default_rng(3)
    noisy = _moved(reference, (0.4, -0.2)) + rng.normal(0, reference.std(), reference.shape)
    assert estimate_shift(noisy, reference) == pytest.approx((-0.4, 0.2), abs=0.05)


@settings(deadline=None, max_examples=10)
@given(st.floats(0.01, 100), st.floats(-1e4, 1e4))
def test_gain_and_offset_do_not_matter(gain: float, offset: float) -> None:
    reference = texture((64, 64))
    moving = _moved(reference, (0.5, -0.3)).astype(np.float64)
    found = estimate_shift(gain * moving + offset, reference)
    assert found == pytest.approx(estimate_shift(moving, reference), abs=0.0101)


def test_an_image_is_not_shifted_against_itself() -> None:
    image = (texture() * 60).astype(np.uint16)
    assert estimate_shift(image, image) == (0.0, 0.0)


def test_pixels_that_are_not_finite_are_passed_over() -> None:
    reference = texture((96, 96))
    moving = _moved(reference, (0.5, 0.25))
    moving[40:44, 10:14] = np.nan
    moving[5, 5] = np.inf
    assert estimate_shift(moving, reference) == pytest.approx((-0.5, -0.25), abs=0.05)


@pytest.mark.parametrize(
    "flat", [np.zeros((32, 32)), np.full((32, 32), 7.3), np.full((32, 32), np.nan)]
)
def test_a_constant_image_has_no_shift_and_says_so(flat: np.ndarray) -> None:
    image = texture((32, 32))
    assert spectrum(flat) is None
    for pair in ((flat, image), (image, flat)):
        assert all(math.isnan(s) for s in estimate_shift(*pair))
    assert all(math.isnan(s) for s in shift_between(None, spectrum(image)))


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (2, 3)])
def test_thin_images_do_no_harm(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random(shape)
    dy, dx = estimate_shift(image, image)
    assert (dy, dx) == (0.0, 0.0)


def test_inputs_are_only_read() -> None:
    image = texture((40, 40))
    image.flags.writeable = False
    assert estimate_shift(image, image) == (0.0, 0.0)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        estimate_shift(np.zeros((3, 4)), np.zeros((4, 3)))
