"""Whether intensity is still quantitative after a restoration, from images to scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from dask import array

from napari_verdict.comparison.restoration.intensity import (
    DARK_FLAT,
    INTENSITY,
    NO_ENDS,
    NOT_RISING,
    TOO_FEW,
)
from napari_verdict.comparison.restoration.values import CONSTANT, NO_PIXELS, NO_RANGE
from restored import blobs, compare, noisy, score


def ramp(shape=(64, 64)):
    return np.linspace(100, 1100, math.prod(shape)).reshape(shape)


def reason(result, metric, candidate="prediction"):
    return result.score(metric, candidate).reason


def test_the_index_is_that_of_plain_means_in_bins(rng):
    g = 1000 * rng.random((120, 130)) ** 2
    p = 30 + 0.2 * np.sqrt(g) * 20 + rng.normal(0, 1, g.shape)
    found = score(compare(p, g), "nli")
    slope, offset = np.polyfit(g.ravel(), p.ravel(), 1)
    low, high = np.percentile(g, (0.1, 99.9))
    x, y = ((a - low) / (high - low) for a in (g, (p - offset) / slope))
    bins = np.clip(np.floor(32 * x), 0, 31)
    off = [abs(y[bins == b].mean() - x[bins == b].mean()) for b in range(32)]
    assert found == pytest.approx(max(off), rel=1e-3)


@pytest.mark.parametrize("convention", ["laine2021", "zerocostdl4mic", "raw-units"])
def test_gain_and_offset_say_nothing_about_linearity(rng, convention):
    g = ramp()
    p = np.sqrt(g)
    first = compare(p, g, convention=convention)
    again = compare(7 * p + 3000, g, convention=convention)
    for metric in INTENSITY:
        assert score(first, metric) == pytest.approx(score(again, metric), rel=1e-3)
    assert score(first, "nli") > 0.05
    assert score(first, "slope_ratio") < 0.6


def test_noise_of_raw_is_not_taken_for_a_lack_of_linearity(rng):
    g = ramp((300, 300))
    result = compare(np.minimum(g, 700), g, noisy(rng, g, 300))
    assert score(result, "nli", "raw") < 0.02 < 0.1 < score(result, "nli")
    assert score(result, "slope_ratio", "raw") == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("in_memory", [True, False])
def test_curves_have_the_same_bits_whatever_the_blocks_and_threads(rng, in_memory):
    g = blobs(rng, (3, 40, 50))
    p = noisy(rng, g)
    p[1, 3, :7] = np.nan
    ignore = rng.random(g.shape) < 0.1
    expected = compare(p, g, ignore=ignore, axes="tyx").intensity["prediction"]
    assert expected.n.sum() == (np.isfinite(p) & ~ignore).sum()
    if not in_memory:
        g, p = (array.from_array(a, chunks=(2, 7, 50)) for a in (g, p))
    for pixels, threads in ((97, 3), (2000, 2)):
        result = compare(p, g, ignore=ignore, axes="tyx", pixels=pixels, threads=threads)
        found = result.intensity["prediction"]
        np.testing.assert_equal(vars(found), vars(expected))


def test_frames_are_pooled_each_on_its_own_line(rng):
    g = np.stack([ramp(), ramp()])
    p = np.stack([np.sqrt(ramp()), 900 - 5 + 50 * np.sqrt(ramp())])
    result = compare(p, g, axes="tyx")
    alone = compare(np.sqrt(ramp()), ramp())
    assert score(result, "nli") == pytest.approx(score(alone, "nli"), rel=1e-3)
    pooled = result.score("nli", "prediction")
    assert (pooled.aggregation, pooled.n) == ("pooled over planes", g.size)
    one = result.score("nli", "prediction", axis_index={"t": 1})
    assert one.n == g[1].size
    assert "line on the ground truth taken off, in 32 bins" in pooled.convention


def test_what_is_undefined_says_why(rng):
    g = ramp()
    for p, why in (
        (np.full_like(g, 3), CONSTANT),
        (-g, NOT_RISING),
        (np.full_like(g, np.nan), NO_PIXELS),
    ):
        result = compare(p, g)
        assert [reason(result, m) for m in INTENSITY] == [why, why]
    result = compare(g, np.full_like(g, 3))
    assert [reason(result, m) for m in INTENSITY] == [NO_RANGE, NO_RANGE]
    two = np.where(g > 500, 1.0, 0.0)
    result = compare(two + rng.normal(0, 0.1, g.shape), two)
    assert [reason(result, m) for m in INTENSITY] == [TOO_FEW, NO_ENDS]
    result = compare(np.maximum(g, 600), g)
    assert [reason(result, m) for m in INTENSITY] == [None, DARK_FLAT]


def test_the_verdict_says_what_the_curve_shows():
    g = ramp()
    said = compare(np.minimum(g, 800), g).verdict
    assert "Intensity is compressed at the bright end in the prediction" in said
    assert "Intensity" not in compare(3 * g + 2, g).verdict


def test_the_verdict_does_not_blame_a_right_prediction_for_noise_of_the_ground_truth(rng):
    clean = blobs(rng, (256, 256)) ** 2
    clean = clean / clean.max()
    g, raw = noisy(rng, clean, 0.05), noisy(rng, clean, 0.1)
    right = compare(clean, g, raw)
    assert score(right, "nli") > 0.1  # dark pixels are in bins too high, or too low, by chance
    assert "Intensity" not in right.verdict
    bent = compare(np.sqrt(clean), g, raw).verdict
    assert "Intensity is not linear in the prediction" in bent
    assert "unless" not in bent
    assert "unless noise of the ground truth bends the curve" in compare(clean, g).verdict


def test_regions_have_no_curve_of_their_own(rng):
    from napari_verdict import compare_images

    g = ramp()
    result = compare_images(np.sqrt(g), g, region=g > 500)
    assert not set(INTENSITY) & {s.metric for s in result.rows if s.region}
