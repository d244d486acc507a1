"""JPEG leaves its steps in blocks of 8, whatever noise there was; nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from builders import texture, through_jpeg
from napari_verdict.metrics.compression import block_rounding


def scene(shape=(192, 208)):
    return 40 + 150 * gaussian_filter(texture(shape).astype(float), 2.0) / 1000


@pytest.mark.parametrize("quality", [30, 60, 80, 90, 95, 97])
@pytest.mark.parametrize("noise", [1, 4, 15])
def test_it_shows_at_every_quality_over_weak_and_strong_noise(rng, quality, noise):
    image = through_jpeg(scene() + rng.normal(0, noise, scene().shape), quality)
    assert block_rounding(image) > 0.22
    # in other grey values, too
    assert block_rounding(image / 255) == pytest.approx(block_rounding(image), abs=1e-6)


def images(rng):
    """Clean images of many kinds: counts, cameras, whole grey values, no noise, smoothed."""
    for k in range(60):
        shape = (int(rng.integers(96, 200)), int(rng.integers(96, 200)))
        field = gaussian_filter(rng.random(shape), rng.choice([2, 6, 12]))
        field = rng.choice([0.05, 0.5, 3, 30, 300]) * (field - field.min()) / np.ptp(field)
        counts = rng.poisson(field).astype(float)
        yield (
            counts,
            np.rint(100 + 2.2 * (counts + rng.normal(0, 1.6, shape))),
            np.rint(20 + field + rng.normal(0, 1, shape)),
            np.rint(field),
            np.rint(gaussian_filter(10 * counts, 1.0)),
        )[k % 5]


def test_nothing_else_looks_like_it(rng):
    found = [block_rounding(image) for image in images(rng)]
    assert np.nanmax(found) < 0.16


def test_too_few_blocks_and_constants_say_nothing(rng):
    assert np.isnan(block_rounding(rng.normal(size=(72, 72))))
    assert np.isnan(block_rounding(np.full((200, 200), 3.0)))
    assert np.isnan(block_rounding(np.full((200, 200), np.nan)))


def test_blocks_with_a_hole_are_left_out(rng):
    image = through_jpeg(scene() + rng.normal(0, 4, scene().shape), 90).astype(float)
    whole = block_rounding(image)
    image[3:40, 5:60] = np.nan
    assert block_rounding(image) == pytest.approx(whole, abs=0.1)
