"""Raw and prediction without ground truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import texture
from napari_verdict.comparison.findings import ComparisonError
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.restoration.inspection import (
    CHECK_LIST,
    STATEMENT,
    WAYS_OUT,
    LazyDifference,
    fitted_difference,
)
from napari_verdict.engine.cancel import Cancelled, CancelToken


def image(data: np.ndarray, axes: str = "yx", name: str = "image") -> Input:
    return Input(name, data, axes)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.01, 50), st.floats(-500, 500))
def test_gain_and_offset_are_fitted_away(gain: float, offset: float) -> None:
    raw = texture((20, 24)).astype(np.float64)
    result = fitted_difference(image((raw - offset) / gain), image(raw))
    assert result.fits[0] == pytest.approx((gain, offset), rel=1e-6, abs=1e-6)
    assert result.difference.dtype == np.float32
    assert np.abs(result.difference).max() < 1e-3


def test_it_is_the_least_squares_fit_and_the_sign_is_prediction_less_raw() -> None:
    rng = np.random.default_rng(0)
    raw = rng.poisson(100, (30, 40)).astype(np.uint16)
    prediction = rng.random((30, 40)) + 0.01 * raw
    gain, offset = np.polyfit(prediction.ravel(), raw.ravel().astype(float), 1)
    result = fitted_difference(image(prediction), image(raw))
    assert result.fits[0] == pytest.approx((gain, offset))
    assert result.difference == pytest.approx(gain * prediction + offset - raw, abs=1e-3)


def test_frames_are_fitted_one_by_one_and_a_volume_as_a_whole() -> None:
    rng = np.random.default_rng(0)
    raw = rng.random((3, 8, 9)) * 100
    prediction = raw * np.array([1, 2, 4])[:, None, None]
    frames = fitted_difference(image(prediction, "tyx"), image(raw, "tyx"))
    assert [round(gain, 6) for gain, _ in frames.fits] == [1.0, 0.5, 0.25]
    assert np.abs(frames.difference).max() < 1e-4
    volume = fitted_difference(image(prediction, "zyx"), image(raw, "zyx"))
    expected = np.polyfit(prediction.ravel(), raw.ravel(), 1)
    assert volume.fits == (pytest.approx(tuple(expected)),)


def test_large_offsets_do_not_spoil_the_fit() -> None:
    raw = texture((20, 24)).astype(np.float64)
    result = fitted_difference(image(raw + 1e7), image(raw + 3e6))
    assert result.fits[0][0] == pytest.approx(1.0, abs=1e-9)


def test_pixels_that_are_not_finite_are_left_out() -> None:
    raw = texture((20, 24))
    prediction = raw * 2
    prediction[3, 4] = np.nan
    raw = raw.copy()
    raw[5, 6] = np.inf
    result = fitted_difference(image(prediction), image(raw))
    assert result.fits[0] == pytest.approx((0.5, 0.0), abs=1e-3)
    assert np.flatnonzero(np.isnan(result.difference)).tolist() == [3 * 24 + 4, 5 * 24 + 6]


@pytest.mark.parametrize("flat", [np.zeros((5, 6)), np.full((5, 6), np.nan)])
def test_what_cannot_be_fitted_is_nan(flat: np.ndarray) -> None:
    result = fitted_difference(image(flat), image(np.arange(30.0).reshape(5, 6)))
    assert np.isnan(result.difference).all()
    assert np.isnan(result.fits[0]).all()


@pytest.mark.parametrize(
    ("prediction", "axes", "said"),
    [
        ((5, 7), "yx", "5 × 7, raw 5 × 6. Nothing was resized"),
        ((5, 6), "xy", "axes xy, raw yx"),
        ((2, 5, 6), "?yx", "Say first"),
    ],
)
def test_images_that_do_not_fit_are_refused(
    prediction: tuple[int, ...], axes: str, said: str
) -> None:
    with pytest.raises(ComparisonError, match=said):
        fitted_difference(image(np.zeros(prediction), axes), image(np.zeros((5, 6))))


def test_it_can_be_cancelled_and_changes_nothing() -> None:
    raw, token = texture((20, 24)), CancelToken()
    raw.flags.writeable = False
    fitted_difference(image(raw), image(raw), token)
    token.cancel()
    with pytest.raises(Cancelled):
        fitted_difference(image(raw), image(raw), token)


def test_it_says_that_it_is_no_validation_and_shows_the_way_out() -> None:
    assert "not validation" in STATEMENT
    assert len(CHECK_LIST) >= 5
    assert len(WAYS_OUT) == 2


def test_of_lazy_images_the_difference_is_computed_where_it_is_read() -> None:
    da = pytest.importorskip("dask.array")
    rng = np.random.default_rng(0)
    raw, prediction = rng.random((2, 3, 4, 20, 24))
    prediction[1, 2, 3:5] = np.nan
    expected = fitted_difference(image(prediction, "tzyx"), image(raw, "tzyx"))
    lazy = [image(da.from_array(a, (1, 2, 7, 24)), "tzyx") for a in (prediction, raw)]
    found = fitted_difference(*lazy)
    assert found.fits == expected.fits
    assert isinstance(found.difference, LazyDifference)
    np.testing.assert_array_equal(found.difference[1, 2], expected.difference[1, 2])
    np.testing.assert_array_equal(found.difference, expected.difference)
