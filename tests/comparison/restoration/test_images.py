"""Restored images, from arrays to maps and scores: the numbers, and what may not change them."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from napari_verdict.comparison.restoration.images import run_images
from napari_verdict.comparison.result import Progress
from napari_verdict.engine.cancel import Cancelled, CancelToken
from restored import blobs, compare, images_comparison, noisy, score, values

CONVENTIONS = ["laine2021", "zerocostdl4mic", "raw-units"]
NAMES = {
    **{"ssim": "mSSIM", "nrmse": "NRMSE", "psnr": "PSNR", "pearson": "PCC"},
    **{"gain": "fit_scale", "offset": "fit_offset"},
}


def skimage_ssim(g, p, data_range):
    return structural_similarity(
        g,
        p,
        data_range=data_range,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )


def brought_to(g, p, convention):
    """Ground truth and candidate as a convention has them, by numpy alone, and L."""
    g, p = g.astype(float), p.astype(float)
    if convention == "raw-units":
        return g, p, np.ptp(g)
    low, high = np.percentile(g, (0.1, 99.9))
    scaled = (g - low) / (high - low + 1e-20)
    if convention == "laine2021":
        gain, offset = np.polyfit(p.ravel(), scaled.ravel(), 1)
        return scaled, gain * p + offset, 1.0
    gain = np.cov(scaled.ravel(), p.ravel())[0, 1] / np.var(p)
    return scaled - scaled.mean(), gain * (p - p.mean()), 1.0


# ---- the numbers


@pytest.mark.parametrize("folder", ["bpae_actin", "hela_mito"])
def test_numbers_of_the_shared_images(read_shared, folder):
    expected = read_shared(f"denoising/{folder}/expected.json")["scores"]

    def image(name):
        return read_shared(f"denoising/{folder}/{name}.ome.tif")

    names = [n for n in expected if n.startswith("prediction_")]
    result = compare({n: image(n) for n in names}, image("gt"), image("raw"), threads=2)
    for name in ("raw", *names):
        found = {m: score(result, m, name) for m in NAMES}
        assert found == pytest.approx({m: expected[name][k] for m, k in NAMES.items()}, rel=1e-9)
        whole_map = result.maps[name]["ssim"].mean(dtype=float)
        assert whole_map == pytest.approx(expected[name]["mSSIM_whole_map_mean"], rel=1e-6)
        spread = expected[name]["gt_p99.9"] - expected[name]["gt_p0.1"]
        assert score(result, "rmse", name) == pytest.approx(found["nrmse"] * spread, rel=1e-9)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("offset", [0, 30000])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_every_dtype_and_offset_against_scikit_image(rng, dtype, offset, convention):
    offset = min(offset, 100) if dtype == np.uint8 else offset
    clean = offset + 0.1 * blobs(rng, (90, 71))
    g = clean.astype(dtype)
    p = (clean + rng.normal(0, 5, clean.shape)).clip(0).astype(dtype)
    result = compare(p, g, convention=convention)
    truth, fitted, data_range = brought_to(g, p, convention)
    mean, expected = skimage_ssim(truth, fitted, data_range)
    maps = result.maps["prediction"]
    np.testing.assert_allclose(maps["ssim"], expected, atol=1e-5)
    np.testing.assert_allclose(maps["difference"], fitted - truth, atol=1e-5 * data_range)
    np.testing.assert_array_equal(maps["rse"], abs(maps["difference"]))
    assert score(result, "ssim") == pytest.approx(mean, rel=1e-6)
    mse = ((fitted - truth) ** 2).mean()
    assert score(result, "psnr") == pytest.approx(10 * np.log10(data_range**2 / mse), rel=1e-9)
    correlation = np.corrcoef(g.ravel().astype(float), p.ravel().astype(float))[0, 1]
    assert score(result, "pearson") == pytest.approx(correlation, rel=1e-9)
    if convention == "zerocostdl4mic":
        mae = abs(fitted - truth).mean()
        assert score(result, "zc_sqrt_mae") == pytest.approx(math.sqrt(mae), rel=1e-9)
    else:
        assert score(result, "nrmse") == pytest.approx(math.sqrt(mse) / data_range, rel=1e-9)


def test_offset_that_float32_does_not_survive(rng):
    g, p = (30000 + rng.normal(0, 5, (2, 100, 80))).astype(np.float32)
    result = compare(p, g, convention="raw-units")
    expected, _ = skimage_ssim(g.astype(float), p.astype(float), np.ptp(g.astype(float)))
    assert score(result, "ssim") == pytest.approx(expected, rel=1e-6)


def test_volume_in_3d_against_scikit_image(rng):
    g = blobs(rng, (14, 40, 38))
    p = noisy(rng, g)
    truth, fitted, data_range = brought_to(g, p, "laine2021")
    mean, expected = skimage_ssim(truth, fitted, data_range)
    result = compare(p, g, axes="zyx", ssim_3d=True, pixels=700)
    np.testing.assert_allclose(result.maps["prediction"]["ssim"], expected, atol=1e-5)
    assert score(result, "ssim") == pytest.approx(mean, rel=1e-6)
    assert score(result, "ssim", axis_index={"z": 6}) == pytest.approx(
        expected[6, 5:-5, 5:-5].mean(), rel=1e-6
    )
    assert math.isnan(score(result, "ssim", axis_index={"z": 4}))


def test_voxels_twice_as_deep_have_a_window_of_half_the_planes(rng):
    g, p = rng.random((2, 9, 24, 20))
    coarse = compare(p, g, axes="zyx", ssim_3d=True, convention="raw-units", scale=(2, 1, 1))
    assert (
        "window along z=Gaussian sigma 0.75 px, 7 taps"
        in coarse.score("ssim", "prediction").convention
    )
    defined = [
        s.axis_index["z"]
        for s in coarse.rows
        if s.metric == "ssim" and s.axis_index and not math.isnan(s.value)
    ]
    assert defined == [3, 4, 5]


def test_camera_of_the_ipol_study():
    """PSNR and SSIM that an independent C program gives (IPOL imdiff), as scikit-image tests."""
    camera = pytest.importorskip("skimage.data").camera()
    noise = np.random.RandomState(5).randn(*camera.shape) * 20.0
    p = np.clip(noise + camera, 0, 255).astype(camera.dtype)
    result = compare(p, camera, convention="raw-units")
    assert np.ptp(camera) == 255
    assert score(result, "psnr") == pytest.approx(22.409353363576034, abs=1e-4)
    assert score(result, "ssim") == pytest.approx(0.357959091663361, abs=1e-3)


def test_numbers_of_the_published_notebooks(read_shared):
    image = read_shared("dsb2018/raw.ome.tif")
    raw = np.random.RandomState(0).poisson(0.1 * image).astype(np.uint16)
    p = gaussian_filter(raw.astype(float), 1.5)
    result = compare(p, image, raw, convention="zerocostdl4mic")
    expected = {
        "raw": (0.386693, 0.221068, 23.32377, 0.798496),
        "prediction": (0.637441, 0.151457, 30.60683, 0.965533),
    }
    for name, numbers in expected.items():
        found = [score(result, m, name) for m in ("ssim", "zc_sqrt_mae", "psnr", "pearson")]
        assert found == pytest.approx(numbers, rel=2e-5)


def test_skill_and_gain_compare_with_raw(rng):
    g = blobs(rng, (60, 64))
    raw, p = noisy(rng, g, 80), noisy(rng, g, 20)
    result = compare(p, g, raw)
    mine, its = score(result, "nrmse"), score(result, "nrmse", "raw")
    assert score(result, "skill") == pytest.approx(1 - mine**2 / its**2, rel=1e-7)
    maps = result.maps
    gained = abs(maps["raw"]["difference"]) - abs(maps["prediction"]["difference"])
    np.testing.assert_array_equal(maps["prediction"]["gain"], gained)
    background = abs(maps["raw"]["difference"])[g <= np.median(g)]
    (stated,) = re.findall(
        r"below -([0-9.e-]+) ", result.score("area_worse", "prediction").convention
    )
    assert float(stated) == pytest.approx(max(0.01, np.median(background)), abs=1 / 8192 + 1e-6)
    assert score(result, "area_worse") == pytest.approx((gained < -float(stated)).mean(), abs=1e-3)
    signal, worse = np.maximum(g - np.median(g), 0), gained < -float(stated)
    found = result.score("signal_worse", "prediction")
    assert found.value == pytest.approx(signal[worse].sum() / signal.sum(), abs=1e-3)
    assert "; signal=ground truth above its median" in found.convention
    assert set(maps["raw"]) == {"ssim", "rse", "difference"}
    assert set(maps["prediction"]) == {"ssim", "rse", "difference", "gain"}
    with pytest.raises(KeyError):
        maps["raw"]["gain"]


def test_without_raw_there_is_no_gain(rng):
    g = blobs(rng, (30, 30))
    result = compare(noisy(rng, g), g)
    assert set(result.maps["prediction"]) == {"ssim", "rse", "difference"}
    assert not {"skill", "area_worse", "signal_worse"} & {s.metric for s in result.rows}


# ---- what may not change them


@pytest.mark.parametrize("convention", ["laine2021", "raw-units"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_identical_images_are_perfect_to_the_last_bit(rng, dtype, convention):
    g = (30 + 0.2 * blobs(rng, (50, 57))).astype(dtype)
    result = compare(g.copy(), g, noisy(rng, g), convention=convention)
    perfect = {"ssim": 1, "nrmse": 0, "rmse": 0, "psnr": math.inf, "pearson": 1, "skill": 1}
    assert {m: score(result, m) for m in perfect} == perfect
    assert (result.maps["prediction"]["ssim"] == 1).all()
    assert not result.maps["prediction"]["difference"].any()
    assert score(result, "area_worse") == score(result, "signal_worse") == 0
    assert score(result, "nli") < 1e-4


@settings(deadline=None, max_examples=20)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.01, 100) | st.floats(-100, -0.01),
    st.floats(-1000, 1000),
)
def test_gain_and_offset_of_a_candidate_are_fitted_away(seed, gain, offset):
    rng = np.random.default_rng(seed)
    g = blobs(rng, (24, 26))
    p = noisy(rng, g)
    one, other = compare(p, g), compare(gain * p + offset, g)
    for metric in ("ssim", "nrmse", "psnr"):
        assert score(other, metric) == pytest.approx(score(one, metric), rel=1e-7)
    assert score(other, "gain") * gain == pytest.approx(score(one, "gain"), rel=1e-7)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(
    ("axes", "shape", "ssim_3d"),
    [
        ("yx", (29, 31), False),
        ("zyx", (5, 17, 12), False),
        ("zyx", (7, 17, 12), True),
        ("tzyx", (2, 3, 9, 14), False),
        ("yxc", (21, 16, 3), False),
    ],
)
@pytest.mark.parametrize("masked", [False, True])
def test_blocks_and_threads_change_no_bit(rng, axes, shape, ssim_3d, convention, masked):
    g = rng.random(shape) * 100
    p, raw = g + rng.normal(0, 5, shape), g + rng.normal(0, 20, shape)
    if masked:
        p[rng.random(shape) > 0.9] = np.nan
    ignore = rng.random(shape) > 0.9 if masked else None
    options = {"axes": axes, "ssim_3d": ssim_3d, "convention": convention, "ignore": ignore}
    one = compare(p, g, raw, **options)
    for pixels, threads in ((1, 1), (3 * shape[-1], 2), (100, 3)):
        other = compare(p, g, raw, pixels=pixels, threads=threads, **options)
        assert values(other) == values(one)
        assert [s.convention for s in other.rows] == [s.convention for s in one.rows]
        for name, maps in one.maps.items():
            for kind in maps:
                assert other.maps[name][kind].tobytes() == maps[kind].tobytes()


@pytest.mark.parametrize("size", [(1, 20), (4, 20), (5, 20), (6, 20)], ids=str)
@pytest.mark.parametrize("depth", [1, 4, 5, 6])
def test_blocks_change_no_bit_of_volumes_thinner_than_the_window(rng, size, depth):
    g, p = rng.random((2, depth, *size))
    one, other = (compare(p, g, axes="zyx", ssim_3d=True, pixels=n) for n in (1 << 19, 1))
    assert values(other) == values(one)
    assert other.maps["prediction"]["ssim"].tobytes() == one.maps["prediction"]["ssim"].tobytes()


def test_one_hole_in_the_last_block_changes_no_bit(rng):
    g, p = rng.random((2, 40, 20))
    p[35, 5] = np.nan
    one, other = (compare(p, g, pixels=n) for n in (1 << 19, 200))
    assert values(other) == values(one)
    assert np.isnan(other.maps["prediction"]["ssim"]).sum() == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.float16, np.float32, ">f4"])
def test_the_dtype_of_the_same_pixels_changes_no_bit(rng, dtype):
    g, p, raw = rng.integers(0, 100, (3, 26, 33)).astype(float)
    one = compare(p, g, raw)
    other = compare(*(a.astype(dtype) for a in (p, g, raw)))
    assert values(other) == values(one)


def test_the_order_of_axes_changes_no_bit(rng):
    g, p, raw = (a.astype(np.float32) for a in rng.random((3, 4, 23, 19)))
    one = compare(p, g, raw, axes="tyx")
    turned = [np.transpose(a, (2, 1, 0)) for a in (p, g, raw)]
    other = compare(*turned, axes="xyt")
    assert values(other) == values(one)
    for kind in ("ssim", "difference", "gain"):
        np.testing.assert_array_equal(
            other.maps["prediction"][kind], one.maps["prediction"][kind].transpose(2, 1, 0)
        )


def test_channels_last_are_frames_of_their_own(rng):
    g, p = rng.random((2, 25, 22, 3))
    result = compare(p, g, axes="yxc")
    assert result.maps["prediction"]["ssim"].shape == (25, 22, 3)
    for c in range(3):
        alone = compare(p[..., c], g[..., c])
        of_channel = score(result, "ssim", axis_index={"c": c})
        assert of_channel == score(alone, "ssim")
        np.testing.assert_array_equal(
            result.maps["prediction"]["difference"][..., c], alone.maps["prediction"]["difference"]
        )


def test_lazy_arrays_give_the_same_bits(rng):
    array = pytest.importorskip("dask.array")
    g, p, raw = rng.random((3, 3, 40, 30))
    ignore = g > 0.95
    lazy = [array.from_array(a, chunks=(2, 17, 30)) for a in (p, g, raw, ignore)]
    one = compare(p, g, raw, axes="zyx", ignore=ignore)
    other = compare(*lazy[:3], axes="zyx", ignore=lazy[3], pixels=300)
    assert values(other) == values(one)


def test_inputs_are_read_only_and_stay_as_they_are(rng):
    arrays = [rng.random((30, 28)) for _ in range(3)]
    arrays += [arrays[0] > 0.9]
    before = [a.tobytes() for a in arrays]
    writeable = compare(*arrays[:3], ignore=arrays[3])
    assert [a.tobytes() for a in arrays] == before
    for a in arrays:
        a.flags.writeable = False
    assert values(compare(*arrays[:3], ignore=arrays[3])) == values(writeable)


# ---- pixels left out


def test_ignored_and_not_finite_pixels_are_left_out_alike(rng):
    g = blobs(rng, (40, 44))
    p, ignore = noisy(rng, g), rng.random(g.shape) > 0.9
    masked = compare(p, g, ignore=ignore)
    assert masked.score("nrmse", "prediction").n == (~ignore).sum()
    for hole in (np.nan, np.inf, -np.inf):
        other = compare(p, np.where(ignore, hole, g))
        assert values(other) == values(masked)
    assert np.array_equal(np.isnan(masked.maps["prediction"]["ssim"]), ignore)
    truth, fitted, _ = brought_to(g[~ignore], p[~ignore], "laine2021")
    mse = ((truth - fitted) ** 2).mean()
    assert score(masked, "nrmse") == pytest.approx(math.sqrt(mse), rel=1e-9)
    assert "ignored=pixels of the ignore mask" in masked.rows[0].convention


def test_a_candidates_holes_are_its_own(rng):
    g = blobs(rng, (40, 44))
    raw, p, q = noisy(rng, g, 80), noisy(rng, g), noisy(rng, g, 20)
    alone = compare({"q": q}, g, raw)
    holed = np.where(rng.random(g.shape) > 0.5, np.nan, p)
    both = compare({"p": holed, "q": q}, g, raw)
    for metric in ("ssim", "nrmse", "pearson", "skill", "area_worse"):
        assert score(both, metric, "q") == score(alone, metric, "q")
    assert both.score("nrmse", "p").n == np.isfinite(holed).sum()
    assert np.array_equal(np.isnan(both.maps["p"]["gain"]), np.isnan(holed))


def test_missing_pixels_do_not_change_who_is_better(rng):
    g = blobs(rng, (60, 60))
    raw = noisy(rng, g, 50)
    raw[:30] += 200  # what is left out of the prediction is where raw is worst
    holed = raw.copy()
    holed[:30] = np.nan
    result = compare(holed, g, raw, convention="raw-units")
    skill = result.score("skill", "prediction")
    assert (skill.value, skill.n) == (0, 30 * 60)
    assert score(result, "area_worse") == 0


def test_one_hole_in_a_plane_leaves_other_planes_alone(rng):
    g, p = rng.random((2, 3, 20, 21))
    p[1, 5, 5] = np.nan
    result = compare(p, g, axes="zyx", convention="zerocostdl4mic", ssim_3d=True)
    alone = compare(p[0], g[0], convention="zerocostdl4mic")
    assert score(result, "ssim", axis_index={"z": 0}) == score(alone, "ssim")
    assert np.isnan(result.maps["prediction"]["ssim"]).sum() == 1


# ---- images that leave scores undefined


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (3, 200), (7, 7), (11, 11)], ids=str)
def test_small_images_give_scores_or_reasons(rng, size, convention):
    g, p, raw = rng.random((3, *size))
    result = compare(p, g, raw, convention=convention)
    ssim = result.score("ssim", "prediction")
    if min(size) > 10:
        assert -1 <= ssim.value <= 1
    else:
        assert math.isnan(ssim.value)
        assert ssim.reason
    if size != (1, 1):
        assert np.isfinite(result.maps["prediction"]["ssim"]).all()
        assert math.isfinite(score(result, "psnr"))


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("where", ["ground truth", "prediction", "raw", "ignore"])
def test_nothing_valid_is_nothing_scored(rng, where, convention):
    g, p, raw = rng.random((3, 2, 20, 22))
    {"ground truth": g, "prediction": p, "raw": raw}.get(where, np.empty(1))[...] = np.nan
    ignore = np.ones(g.shape, bool) if where == "ignore" else None
    result = compare(p, g, raw, axes="tyx", ignore=ignore, convention=convention)
    none_of = {"prediction", "raw"} if where in ("ground truth", "ignore") else {where}
    for s in result.rows:
        if s.candidate in none_of or (s.metric in ("skill", "area_worse") and "raw" in none_of):
            assert math.isnan(s.value), s
            assert s.reason
    for name in none_of:
        assert all(np.isnan(m).all() for m in result.maps[name].values())
    if where == "raw":
        assert math.isfinite(score(result, "ssim"))
        assert "no pixel" in result.score("skill", "prediction").reason


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_constant_ground_truth_has_nothing_to_measure_against(rng, convention):
    g, p = np.full((30, 31), 7.0), rng.random((30, 31))
    result = compare(p, g, p + 1, convention=convention)
    for metric in ("ssim", "psnr", "nrmse", "pearson", "skill", "area_worse"):
        assert math.isnan(score(result, metric)), metric
    assert "no range" in result.score("ssim", "prediction").reason
    if convention == "raw-units":
        assert score(result, "rmse") == pytest.approx(np.sqrt(((p - 7) ** 2).mean()), rel=1e-12)
    else:
        assert math.isnan(score(result, "rmse"))
    assert np.isnan(result.maps["prediction"]["ssim"]).all()


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_constant_candidate_is_scored_but_has_no_fit(rng, convention):
    g = blobs(rng, (30, 31))
    result = compare(np.full(g.shape, 3, np.uint8), g, noisy(rng, g), convention=convention)
    for metric in ("gain", "offset", "pearson"):
        assert result.score(metric, "prediction").reason == "the candidate is constant"
    assert math.isfinite(score(result, "ssim"))
    assert math.isfinite(score(result, "psnr"))
    if convention == "laine2021":
        low, high = np.percentile(g, (0.1, 99.9))
        assert score(result, "nrmse") == pytest.approx(np.std(g) / (high - low), rel=1e-9)


def test_inverted_contrast_shows_in_the_gain(rng):
    g = blobs(rng, (30, 31))
    result = compare(1000 - g, g)
    assert score(result, "gain") < 0
    assert score(result, "pearson") == pytest.approx(-1)
    assert score(result, "ssim") == pytest.approx(1)


def test_values_too_large_to_be_squared_are_a_reason_not_a_traceback(rng):
    g = 1e200 * rng.random((20, 20))
    for convention in CONVENTIONS:
        result = compare(g[::-1].copy(), g, g.T.copy(), convention=convention)
        assert all(s.reason for s in result.rows if math.isnan(s.value))


# ---- the run


def test_progress_counts_every_block(rng):
    g = rng.random((4, 20, 10))
    comparison = images_comparison(g + 1, g, g + 2, "tyx")
    seen = list(run_images(comparison, token=CancelToken(), threads=2, pixels=50))
    assert [p.done for p in seen] == list(range(1, len(seen) + 1))
    assert {p.total for p in seen} == {4 * 4 * 3}
    assert seen[0] == Progress(1, 48, "intensities")
    assert seen[-1].what == "gain over raw"


def test_cancelling_ends_the_run_between_blocks(rng):
    g = rng.random((50, 10))
    token = CancelToken()
    steps = run_images(images_comparison(g + 1, g), token=token, threads=1, pixels=10)
    next(steps)
    token.cancel()
    with pytest.raises(Cancelled):
        list(steps)
