"""The rows of restored images: which there are, and what each says of itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_verdict.comparison.scores import SCORE_COLUMNS
from restored import blobs, compare, noisy, score

INTENSITY = {"nli", "slope_ratio"}
ALWAYS = {"ssim", "nrmse", "rmse", "psnr", "pearson", "gain", "offset"} | INTENSITY
BESIDE_RAW = {"skill", "area_worse", "signal_worse"}
POOLED = {"nrmse", "rmse", "psnr"} | BESIDE_RAW | INTENSITY
PER_UNIT = {"pearson", "gain", "offset"} | INTENSITY
CONVENTIONS = ["laine2021", "zerocostdl4mic", "raw-units"]


def stack(rng, shape):
    g = blobs(rng, shape)
    return noisy(rng, g, 20), g, noisy(rng, g, 80)


def places(result, metric, candidate="prediction"):
    rows = [s for s in result.rows if (s.metric, s.candidate) == (metric, candidate)]
    return [dict(s.axis_index) if s.axis_index else None for s in rows]


def test_one_image_has_one_row_for_each_metric_and_candidate(rng):
    p, g, raw = stack(rng, (30, 33))
    result = compare({"a": p, "b": p + 1}, g, raw)
    pairs = [(s.candidate, s.metric) for s in result.rows]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {("raw", m) for m in ALWAYS} | {
        (name, m) for name in "ab" for m in ALWAYS | BESIDE_RAW
    }
    assert {s.aggregation for s in result.rows} == {"whole"}
    assert {s.image for s in result.rows} == {"ground truth"}
    assert {s.n for s in result.rows} == {g.size}
    assert tuple(result.scores.columns) == SCORE_COLUMNS


def test_time_points_are_scored_one_by_one(rng):
    p, g, raw = stack(rng, (3, 30, 33))
    result = compare(p, g, raw, axes="tyx")
    for metric in ALWAYS | BESIDE_RAW:
        assert places(result, metric) == [None, {"t": 0}, {"t": 1}, {"t": 2}]
        alone = [score(compare(p[t], g[t], raw[t]), metric) for t in range(3)]
        planes = [score(result, metric, axis_index={"t": t}) for t in range(3)]
        np.testing.assert_equal(planes, alone)
        whole = result.score(metric, "prediction")
        pooled = metric in POOLED
        assert whole.aggregation == ("pooled over planes" if pooled else "mean over planes")
        if not pooled:
            assert whole.value == pytest.approx(np.mean(planes), rel=1e-12)


def test_a_volume_is_fitted_as_a_whole(rng):
    p, g, raw = stack(rng, (3, 30, 33))
    result = compare(p, g, raw, axes="zyx")
    for metric in PER_UNIT:
        assert places(result, metric) == [None]
        assert result.score(metric, "prediction").aggregation == "whole"
    for metric in {"ssim"} | POOLED - INTENSITY:
        assert places(result, metric) == [None, {"z": 0}, {"z": 1}, {"z": 2}]
    low, high = np.percentile(g, (0.1, 99.9))
    gain, _ = np.polyfit(p.ravel(), (g.ravel() - low) / (high - low), 1)
    assert score(result, "gain") == pytest.approx(gain, rel=1e-9)
    assert "unit=volume" in result.rows[0].convention


def test_planes_of_a_volume_are_fitted_one_by_one_as_the_notebooks_do(rng):
    p, g, raw = stack(rng, (3, 30, 33))
    result = compare(p, g, raw, axes="zyx", convention="zerocostdl4mic")
    for metric in ("ssim", "zc_sqrt_mae", *PER_UNIT):
        assert places(result, metric) == [None, {"z": 0}, {"z": 1}, {"z": 2}]
        for z in range(3):
            alone = compare(p[z], g[z], raw[z], convention="zerocostdl4mic")
            here = score(result, metric, axis_index={"z": z})
            np.testing.assert_equal(here, score(alone, metric))
    assert "unit=plane" in result.rows[0].convention


def test_volumes_over_time_have_rows_for_planes_and_fits_for_frames(rng):
    p, g, raw = stack(rng, (2, 3, 30, 33))
    result = compare(p, g, raw, axes="tzyx")
    each = [{"t": t, "z": z} for t in range(2) for z in range(3)]
    assert places(result, "ssim") == [None, *each]
    assert places(result, "gain") == [None, {"t": 0}, {"t": 1}]
    assert result.score("gain", "prediction").aggregation == "mean over frames"


def test_errors_are_pooled_over_squares_not_averaged(rng):
    p, g, _ = stack(rng, (2, 30, 33))
    p[1] += rng.normal(0, 200, p[1].shape)
    result = compare(p, g, axes="tyx", convention="raw-units")
    squares = [score(result, "rmse", axis_index={"t": t}) ** 2 for t in range(2)]
    assert score(result, "rmse") == pytest.approx(math.sqrt(np.mean(squares)), rel=1e-12)
    decibels = [score(result, "psnr", axis_index={"t": t}) for t in range(2)]
    mean_square = np.mean([10 ** (-d / 10) for d in decibels])
    assert score(result, "psnr") == pytest.approx(-10 * math.log10(mean_square), rel=1e-12)


def test_planes_that_are_undefined_are_left_out_and_n_says_so(rng):
    p, g, raw = stack(rng, (3, 30, 33))
    g[1] = 5
    p[2] = np.nan
    result = compare(p, g, raw, axes="tyx")
    for metric in ("ssim", "nrmse", "rmse", "psnr", "pearson", "skill", "area_worse"):
        whole = result.score(metric, "prediction")
        first = score(result, metric, axis_index={"t": 0})
        assert whole.value == pytest.approx(first, rel=1e-12)
        assert whole.n == g[0].size
        blank = result.score(metric, "prediction", axis_index={"t": 1})
        assert math.isnan(blank.value)
        assert "no range" in blank.reason
        hole = result.score(metric, "prediction", axis_index={"t": 2})
        assert math.isnan(hole.value)
        assert "no pixel" in hole.reason


def test_every_undefined_value_has_its_reason_and_no_other(rng):
    p, g, raw = stack(rng, (8, 30))
    for convention in CONVENTIONS:
        for s in compare(p, g, raw, convention=convention).rows:
            assert math.isnan(s.value) == bool(s.reason), s


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_row_names_its_convention(rng, convention):
    p, g, raw = stack(rng, (2, 30, 33))
    result = compare(p, g, raw, axes="tyx", convention=convention)
    for s in result.rows:
        parts = s.convention.split("; ")
        assert parts[0] == f"convention={convention}"
        keys = [part.split("=")[0] for part in parts]
        assert keys[:5] == ["convention", "ground truth", "candidate", "unit", "L"]
        if s.metric == "ssim":
            assert "Gaussian sigma 1.5 px" in s.convention
            assert "rim left out=5 px" in s.convention


def test_conventions_state_their_data_range(rng):
    p, g, _ = stack(rng, (2, 30, 33))
    g[1] *= 2
    text = compare(p, g, axes="tyx", convention="raw-units").rows[0].convention
    ranges = sorted(np.ptp(g[t]) for t in range(2))
    assert "L={:g} to {:g} (maximum - minimum)".format(*ranges) in text
    assert "; L=1" in compare(p, g, axes="tyx").rows[0].convention
    assert "percentiles 0.1 and 99.9" in compare(p, g, axes="tyx").rows[0].convention


def test_zerocost_names_what_it_gives_instead_of_nrmse(rng):
    p, g, raw = stack(rng, (30, 33))
    result = compare(p, g, raw, convention="zerocostdl4mic")
    for metric in ("nrmse", "rmse"):
        missing = result.score(metric, "prediction")
        assert math.isnan(missing.value)
        assert "zc_sqrt_mae stands in its place" in missing.reason
    expected = math.sqrt(result.maps["prediction"]["rse"].mean(dtype=float))
    assert score(result, "zc_sqrt_mae") == pytest.approx(expected, rel=1e-6)


def test_raw_units_fit_for_information_only(rng):
    p, g, _ = stack(rng, (30, 33))
    result = compare(p, g, convention="raw-units")
    slope, intercept = np.polyfit(p.ravel(), g.ravel(), 1)
    assert score(result, "gain") == pytest.approx(slope, rel=1e-9)
    assert score(result, "offset") == pytest.approx(intercept, rel=1e-9)
    assert "not applied" in result.score("gain", "prediction").convention
    np.testing.assert_allclose(result.maps["prediction"]["difference"], p - g, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize(
    ("convention", "units"),
    [
        ("laine2021", {"nrmse": "normalised units", "gain": "normalised units per image unit"}),
        ("raw-units", {"nrmse": "1", "gain": "1", "offset": "image units"}),
    ],
)
def test_units(rng, convention, units):
    p, g, raw = stack(rng, (30, 33))
    result = compare(p, g, raw, convention=convention)
    always = {"ssim": "1", "psnr": "dB", "rmse": "image units", "pearson": "1", "skill": "1"}
    assert {m: result.score(m, "prediction").unit for m in always | units} == always | units


def test_ssim_of_volumes_in_3d_is_one_mean_over_each(rng):
    p, g, _ = stack(rng, (2, 5, 30, 33))
    ignore = rng.random(g.shape) > 0.9
    ignore[:, 2, :20] = True
    options = {"ssim_3d": True, "scale": (1, 1, 1)}
    result = compare(p, g, axes="tzyx", ssim_3d=True, scale=(1, 3, 1, 1), ignore=ignore)
    whole = result.score("ssim", "prediction")
    assert whole.aggregation == "mean over frames"
    alone = [
        compare(p[t], g[t], axes="zyx", ignore=ignore[t], **options | {"scale": (3, 1, 1)})
        for t in range(2)
    ]
    assert {a.score("ssim", "prediction").aggregation for a in alone} == {"whole"}
    assert whole.value == pytest.approx(np.mean([score(a, "ssim") for a in alone]), rel=1e-12)
    inner = alone[0].maps["prediction"]["ssim"][2:-2, 5:-5, 5:-5]
    assert score(alone[0], "ssim") == pytest.approx(np.nanmean(inner, dtype=float), rel=1e-6)


def test_planes_without_depth_are_not_filtered_along_z(rng):
    p, g, _ = stack(rng, (3, 30, 33))
    one = compare(p, g, axes="tyx")
    other = compare(p, g, axes="tyx", ssim_3d=True)
    assert score(one, "ssim") == score(other, "ssim")
    assert "along z" not in other.rows[0].convention
