"""What a restoration run promises: numbers, maps, conventions and what is undefined."""

from __future__ import annotations

import math

import dask.array as da
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from builders import compare, fingerprint, texture
from napari_verdict.comparison.conventions import CONVENTIONS, LAINE_2021, RAW_UNITS, ZEROCOST
from napari_verdict.comparison.images import run_images
from napari_verdict.comparison.run import complete
from napari_verdict.engine.cancel import Cancelled, CancelToken

ERRORS = ("ssim", "nrmse", "rmse", "psnr", "skill", "area_worse")


def run(truth, *predictions, threads=None, pixels=1 << 19, **options):
    comparison = compare(truth, *predictions, **options)
    return complete(run_images(comparison, token=CancelToken(), threads=threads, pixels=pixels))


def values(result, candidate="a", metrics=("ssim", "nrmse", "rmse", "psnr", "pearson")):
    return [result.score(m, candidate).value for m in metrics]


def same(a, b):
    """Whether two results have the same bits, in scores and in maps."""
    assert [(s.metric, s.candidate, s.axis_index) for s in a.rows] == [
        (s.metric, s.candidate, s.axis_index) for s in b.rows
    ]
    np.testing.assert_array_equal([s.value for s in a.rows], [s.value for s in b.rows])
    for name, maps in a.maps.items():
        for m in maps:
            np.testing.assert_array_equal(maps[m], b.maps[name][m], err_msg=f"{name} {m}")


@pytest.fixture(scope="module")
def triplet():
    """Ground truth, raw and prediction, with noise and a blur."""
    rng = np.random.default_rng(5)
    truth = texture((90, 70)) + 100
    raw = rng.poisson(truth / 4) * 4.0
    return truth, raw, gaussian_filter(raw, 1.5)


# ---- the expected numbers


@pytest.mark.parametrize("case", ["bpae_actin", "hela_mito"])
def test_real_images_have_their_expected_scores(read_shared, case):
    folder = f"denoising/{case}"
    expected = read_shared(f"{folder}/expected.json")["scores"]
    names = [n for n in expected if n.startswith("prediction")]
    result = run(
        read_shared(f"{folder}/gt.ome.tif"),
        *(read_shared(f"{folder}/{n}.ome.tif") for n in names),
        raw=read_shared(f"{folder}/raw.ome.tif"),
    )
    reference = {
        "ssim": "mSSIM",
        "nrmse": "NRMSE",
        "psnr": "PSNR",
        "pearson": "PCC",
        "gain": "fit_scale",
        "offset": "fit_offset",
    }
    for candidate, name in zip(["raw", *"abcdefg"], ["raw", *names], strict=False):
        for ours, theirs in reference.items():
            assert result.score(ours, candidate).value == pytest.approx(
                expected[name][theirs], rel=1e-9
            ), f"{ours} of {name}"
        spread = expected[name]["gt_p99.9"] - expected[name]["gt_p0.1"]
        assert result.score("rmse", candidate).value == pytest.approx(
            expected[name]["NRMSE"] * spread, rel=1e-9
        )


def test_zerocostdl4mic_as_published(read_shared):
    truth = read_shared("dsb2018/raw.ome.tif")
    raw = np.random.RandomState(0).poisson(0.1 * truth).astype(np.uint16)
    # the published pipeline keeps the dtype of the image it filters
    prediction = gaussian_filter(raw.astype(float), 1.5)
    result = run(truth, prediction, raw=raw, convention=ZEROCOST)
    metrics = ("ssim", "zc_sqrt_mae", "psnr", "pearson")
    assert values(result, "raw", metrics) == pytest.approx(
        [0.386693, 0.221068, 23.32377, 0.798496], rel=1e-5
    )
    assert values(result, "a", metrics) == pytest.approx(
        [0.637441, 0.151457, 30.60683, 0.965533], rel=1e-5
    )


def test_ipol_imdiff_values_of_the_camera_image():
    from skimage import data

    truth = data.camera()
    noise = np.random.RandomState(5).normal(0, 20, truth.shape)
    noisy = np.clip(truth + noise, 0, 255).astype(np.uint8)
    # their data range is 255; ours is what the ground truth spans, and it spans all of it
    assert (truth.min(), truth.max()) == (0, 255)
    result = run(truth, noisy, convention=RAW_UNITS)
    assert result.score("psnr", "a").value == pytest.approx(22.409353363576034, abs=1e-5)
    assert result.score("ssim", "a").value == pytest.approx(0.357959091663361, abs=1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("offset", [0, 30000])
def test_raw_units_are_those_of_scikit_image(rng, dtype, offset):
    if offset and dtype == "uint8":
        offset = 100
    truth = (offset + 5 + 5 * rng.random((40, 51)) * 2).astype(dtype)
    prediction = (truth + rng.integers(-2, 3, truth.shape)).astype(dtype)
    value, full = structural_similarity(
        truth.astype(float),
        prediction.astype(float),
        data_range=float(np.ptp(truth)),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    result = run(truth, prediction, convention=RAW_UNITS)
    assert result.score("ssim", "a").value == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(result.maps["a"]["ssim"], full, atol=1e-5)
    difference = prediction.astype(float) - truth
    np.testing.assert_allclose(result.maps["a"]["difference"], difference, rtol=1e-6)
    rmse = np.sqrt((difference**2).mean())
    assert values(result, "a", ("rmse", "nrmse")) == pytest.approx([rmse, rmse / np.ptp(truth)])


def test_ssim_in_3d_with_cubic_voxels_is_that_of_scikit_image(rng):
    truth = rng.random((16, 24, 20))
    prediction = truth + 0.2 * rng.normal(size=truth.shape)
    value, full = structural_similarity(
        truth,
        prediction,
        data_range=np.ptp(truth),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    result = run(truth, prediction, axes="zyx", ssim_3d=True, convention=RAW_UNITS)
    assert result.score("ssim", "a").value == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(result.maps["a"]["ssim"], full, atol=1e-5)


# ---- invariances


@pytest.mark.parametrize("convention", [LAINE_2021, RAW_UNITS], ids=lambda c: c.id)
def test_the_ground_truth_itself_is_perfect(triplet, convention):
    truth, raw, _ = triplet
    result = run(truth, truth.copy(), raw=raw, convention=convention)
    assert values(result) == [1, 0, 0, math.inf, 1]
    assert values(result, "a", ("skill", "area_worse")) == [1, 0]
    assert (result.maps["a"]["ssim"] == 1).all()
    assert not result.maps["a"]["difference"].any()


@settings(deadline=None, max_examples=15)
@given(st.floats(1e-3, 1e3), st.floats(-1e4, 1e4))
def test_under_laine_gain_and_offset_of_a_candidate_do_not_matter(gain, offset):
    truth = texture((40, 44)).astype(float)
    prediction = gaussian_filter(truth, 2)
    plain, scaled = run(truth, prediction), run(truth, gain * prediction + offset)
    assert values(scaled) == pytest.approx(values(plain), rel=1e-6)
    assert scaled.score("gain", "a").value * gain == pytest.approx(
        plain.score("gain", "a").value, rel=1e-6
    )


@pytest.mark.parametrize("dtype", ["uint16", "int32", "int64", "float32", "float64"])
def test_scores_do_not_depend_on_the_dtype(triplet, dtype):
    truth, raw, prediction = (a.astype(np.uint16) for a in triplet)
    expected = run(truth, prediction, raw=raw)
    same(run(*(a.astype(dtype) for a in (truth, prediction)), raw=raw.astype(dtype)), expected)


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pixels=st.sampled_from([1, 700, 1500, 5000, 1 << 19]),
    threads=st.integers(1, 4),
    axes=st.sampled_from(["zyx", "tyx"]),
    convention=st.sampled_from(list(CONVENTIONS)),
    ssim_3d=st.booleans(),
    masked=st.booleans(),
)
def test_block_size_and_threads_change_no_bit(pixels, threads, axes, convention, ssim_3d, masked):
    rng = np.random.default_rng(3)
    truth = rng.gamma(2, 50, (4, 23, 31)).astype(np.float32)
    raw, prediction = truth + rng.normal(0, 9, (2, *truth.shape)).astype(np.float32)
    if masked:
        prediction[1, 4, 5:9], truth[3, 22, 30] = np.nan, np.inf
    options = {
        "raw": raw,
        "axes": axes,
        "convention": CONVENTIONS[convention],
        "ssim_3d": ssim_3d,
        "ignore": rng.random(truth.shape) < 0.1 if masked else None,
    }
    one = run(truth, prediction, threads=1, **options)
    same(run(truth, prediction, threads=threads, pixels=pixels, **options), one)


def test_inputs_are_read_only_and_stay_what_they_are(triplet):
    truth, raw, prediction = (a.copy() for a in triplet)
    for a in (truth, raw, prediction):
        a.setflags(write=False)
    comparison = compare(truth, prediction, raw=raw)
    before = fingerprint(comparison)
    complete(run_images(comparison, token=CancelToken()))
    assert fingerprint(comparison) == before


@pytest.mark.parametrize("axes", ["yxc", "tyx", "zyx", "xyz"])
def test_maps_have_the_axes_of_the_ground_truth(rng, axes):
    truth = rng.random((13, 14, 15))
    prediction = truth + 0.1 * rng.normal(size=truth.shape)
    maps = run(truth, prediction, axes=axes, convention=RAW_UNITS).maps["a"]
    np.testing.assert_allclose(maps["difference"], prediction - truth, atol=1e-6)
    order = [axes.index(a) for a in axes if a not in "yx"] + [axes.index("y"), axes.index("x")]
    turned = run(truth.transpose(order), prediction.transpose(order), axes="zyx")
    if "z" in axes:
        turned = run(
            truth.transpose(order), prediction.transpose(order), axes="zyx", convention=RAW_UNITS
        )
        np.testing.assert_array_equal(maps["ssim"].transpose(order), turned.maps["a"]["ssim"])


def test_lazy_arrays_score_as_numpy_arrays_do(triplet):
    truth, raw, prediction = triplet
    lazy = [da.from_array(a, chunks=(33, 40)) for a in (truth, prediction, raw)]
    same(run(lazy[0], lazy[1], raw=lazy[2], pixels=900), run(truth, prediction, raw=raw))


# ---- maps


def test_maps_follow_from_one_another(triplet):
    truth, raw, prediction = triplet
    maps = run(truth, prediction, raw=raw).maps
    assert list(maps) == ["raw", "a"]
    assert list(maps["raw"]) == ["ssim", "rse", "difference"]
    assert list(maps["a"]) == ["ssim", "rse", "difference", "gain"]
    np.testing.assert_array_equal(maps["a"]["rse"], np.abs(maps["a"]["difference"]))
    np.testing.assert_array_equal(maps["a"]["gain"], maps["raw"]["rse"] - maps["a"]["rse"])
    assert all(m[k].dtype == np.float32 for m in maps.values() for k in m)
    with pytest.raises(KeyError):
        maps["raw"]["gain"]


def test_without_raw_there_is_no_gain_and_no_skill(triplet):
    result = run(triplet[0], triplet[2])
    assert "gain" not in result.maps["a"]
    assert not {"skill", "area_worse"} & {s.metric for s in result.rows}


def test_the_difference_is_in_normalised_units_under_laine(triplet):
    truth, _, prediction = triplet
    low, high = np.percentile(truth, (0.1, 99.9))
    gain, offset = np.polyfit(prediction.ravel(), truth.ravel(), 1)
    expected = (gain * prediction + offset - truth) / (high - low)
    result = run(truth, prediction)
    np.testing.assert_allclose(result.maps["a"]["difference"], expected, atol=1e-6)
    assert result.score("nrmse", "a").value == pytest.approx(np.sqrt((expected**2).mean()))


# ---- beside raw


def test_skill_compares_mean_squared_errors(triplet):
    truth, raw, prediction = triplet
    result = run(truth, prediction, raw.copy(), raw=raw)
    errors = {c: result.score("nrmse", c).value ** 2 for c in ("raw", "a")}
    assert result.score("skill", "a").value == pytest.approx(1 - errors["a"] / errors["raw"])
    assert result.score("skill", "b").value == 0
    assert result.score("area_worse", "b").value == 0


def test_the_area_that_got_worse_counts_what_exceeds_the_error_of_background(triplet):
    truth, raw, prediction = triplet
    result = run(truth, prediction, raw=raw)
    rse = result.maps["raw"]["rse"]
    epsilon = max(0.01, float(np.median(rse[truth <= np.median(truth)])))
    score = result.score("area_worse", "a")
    least, most = (
        (result.maps["a"]["gain"] < -(epsilon + d)).mean() for d in (1 / 8000, -1 / 8000)
    )
    assert least <= score.value <= most
    assert 0 < score.value < 1
    assert f"{epsilon:.2f}" in score.convention


def test_where_a_candidate_has_no_pixel_raw_is_not_judged_either(triplet):
    truth, raw, prediction = (a.copy() for a in triplet)
    prediction[:, :30] = np.nan
    raw[:, :30] = 1e6 * np.arange(90)[:, None]  # would spoil the baseline
    result = run(truth, prediction, raw=raw, convention=RAW_UNITS)
    inner = (slice(None), slice(30, None))
    own, of_raw = (np.square(a - truth)[inner].mean() for a in (prediction, raw))
    assert result.score("skill", "a").value == pytest.approx(1 - own / of_raw)
    worse = (result.maps["a"]["gain"][inner] < -float(_epsilon(result))).mean()
    assert result.score("area_worse", "a").value == pytest.approx(worse, abs=1e-3)


def _epsilon(result):
    text = result.score("area_worse", "a").convention
    return text.split("gain map below -")[1].split(" ")[0]


# ---- pixels left out


def test_ignored_and_undefined_pixels_are_nan_in_maps_and_in_no_score(triplet, rng):
    truth, _, prediction = (a.copy() for a in triplet)
    ignore = rng.random(truth.shape) < 0.2
    truth[3, 4], prediction[50, 60:63] = np.nan, np.inf
    out = ignore | ~np.isfinite(truth) | ~np.isfinite(prediction)
    result = run(truth, prediction, ignore=ignore)
    for name, m in result.maps["a"].items():
        np.testing.assert_array_equal(np.isnan(m), out, err_msg=name)
    assert result.score("pearson", "a").value == pytest.approx(
        np.corrcoef(truth[~out], prediction[~out])[0, 1]
    )
    assert result.score("nrmse", "a").n == (~out).sum()
    other = np.where(out, 12345.0, prediction)
    same(run(truth, other, ignore=out), run(truth, prediction, ignore=out))


def test_an_ignore_mask_that_ignores_nothing_changes_nothing(triplet):
    truth, raw, prediction = triplet
    masked = run(truth, prediction, raw=raw, ignore=np.zeros(truth.shape, bool))
    plain = run(truth, prediction, raw=raw)
    for m in ERRORS:
        assert masked.score(m, "a").value == pytest.approx(plain.score(m, "a").value, rel=1e-12)


@pytest.mark.parametrize("convention", list(CONVENTIONS.values()), ids=lambda c: c.id)
def test_an_undefined_pixel_spoils_no_plane_beside_it(rng, convention):
    truth = rng.random((14, 24, 24))
    prediction = truth + 0.1 * rng.normal(size=truth.shape)
    prediction[7, 12, 12] = np.nan
    result = run(truth, prediction, axes="zyx", ssim_3d=True, convention=convention)
    assert np.isnan(result.maps["a"]["ssim"]).sum() == 1
    assert result.score("ssim", "a").value > 0


# ---- what is undefined


def undefined(result, metric, candidate="a"):
    score = result.score(metric, candidate)
    assert math.isnan(score.value), metric
    return score.reason


@pytest.mark.parametrize("convention", list(CONVENTIONS.values()), ids=lambda c: c.id)
@pytest.mark.parametrize("what", ["nan", "ignored"])
def test_without_valid_pixels_everything_is_undefined(triplet, convention, what):
    truth, raw, prediction = triplet
    nan = np.full_like(prediction, np.nan)
    result = (
        run(truth, nan, raw=raw, convention=convention)
        if what == "nan"
        else run(truth, prediction, ignore=np.ones(truth.shape, bool), convention=convention)
    )
    scores = [s for s in result.rows if s.candidate == "a"]
    assert all(math.isnan(s.value) and s.reason and s.n == 0 for s in scores)
    assert np.isnan(result.maps["a"]["ssim"]).all()


@pytest.mark.parametrize("value", [0.0, 0.1, 700.0])
def test_a_constant_candidate_becomes_the_mean_of_the_ground_truth(triplet, value):
    truth = triplet[0].astype(float)
    result = run(truth, np.full_like(truth, value))
    for metric in ("gain", "offset", "pearson"):
        assert "constant" in undefined(result, metric)
    assert result.score("rmse", "a").value == pytest.approx(truth.std())
    assert result.score("ssim", "a").value < 0.5


@pytest.mark.parametrize("convention", list(CONVENTIONS.values()), ids=lambda c: c.id)
def test_a_constant_ground_truth_has_no_range_to_measure_against(triplet, convention):
    result = run(np.full_like(triplet[0], 7), triplet[2], raw=triplet[1], convention=convention)
    for metric in ("ssim", "psnr", "pearson", "area_worse"):
        assert undefined(result, metric)
    assert np.isnan(result.maps["a"]["ssim"]).all()


def test_a_nearly_empty_ground_truth_cannot_be_normalised(rng):
    truth = np.zeros((60, 60))
    truth[30, 30] = 1000.0
    assert undefined(run(truth, rng.random(truth.shape)), "nrmse")


def test_zerocost_gives_no_nrmse_but_names_what_it_gives(triplet):
    result = run(triplet[0], triplet[2], convention=ZEROCOST)
    assert "zc_sqrt_mae" in undefined(result, "nrmse")
    assert "zc_sqrt_mae" in undefined(result, "rmse")
    assert result.score("zc_sqrt_mae", "a").value > 0


def test_a_perfect_raw_leaves_nothing_to_be_skilled_at(triplet):
    result = run(triplet[0], triplet[2], raw=triplet[0].copy())
    assert undefined(result, "skill")


@pytest.mark.parametrize("convention", list(CONVENTIONS.values()), ids=lambda c: c.id)
@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (10, 40)])
def test_tiny_images_have_maps_but_no_ssim(rng, shape, convention):
    truth = rng.random(shape)
    result = run(truth, truth + 0.1, raw=truth - 0.1, convention=convention)
    assert undefined(result, "ssim")
    assert result.maps["a"]["gain"].shape == shape
    if shape != (1, 1):
        assert np.isfinite(result.maps["a"]["ssim"]).all()


@pytest.mark.parametrize("convention", list(CONVENTIONS.values()), ids=lambda c: c.id)
def test_numbers_too_large_to_square_are_told_not_raised(triplet, convention):
    truth, raw, prediction = (a * 1e200 for a in map(np.float64, triplet))
    result = run(truth, prediction, raw=raw, convention=convention)
    assert all(s.reason for s in result.rows if math.isnan(s.value))


def test_a_thin_stack_has_no_ssim_in_3d_and_says_why(rng):
    truth = rng.random((6, 30, 30))
    result = run(truth, truth + 0.1 * rng.random(truth.shape), axes="zyx", ssim_3d=True)
    assert undefined(result, "ssim")
    assert np.isfinite(result.maps["a"]["ssim"]).all()


# ---- stacks


@pytest.fixture(scope="module")
def stack():
    rng = np.random.default_rng(8)
    truth = rng.gamma(2, 50, (3, 4, 20, 24)) * np.arange(1, 5)[:, None, None]
    return truth, truth + rng.normal(0, 20, truth.shape), truth + rng.normal(0, 5, truth.shape)


def test_frames_are_fitted_one_by_one_and_volumes_as_one(stack):
    truth, raw, prediction = stack
    result = run(truth, prediction, raw=raw, axes="tzyx")
    for t in range(3):
        alone = run(truth[t], prediction[t], raw=raw[t], axes="zyx")
        for metric in ("pearson", "gain", "offset"):
            frame = result.score(metric, "a", axis_index={"t": t})
            assert frame.value == alone.score(metric, "a").value
        for z in range(4):
            for metric in ERRORS:
                here = result.score(metric, "a", axis_index={"t": t, "z": z}).value
                assert here == alone.score(metric, "a", axis_index={"z": z}).value


def test_zerocost_fits_every_plane_by_itself(stack):
    truth, raw, prediction = (a[0] for a in stack)
    result = run(truth, prediction, raw=raw, axes="zyx", convention=ZEROCOST)
    for z in range(4):
        alone = run(truth[z], prediction[z], raw=raw[z], convention=ZEROCOST)
        for metric in ("ssim", "zc_sqrt_mae", "psnr", "pearson", "gain"):
            here = result.score(metric, "a", axis_index={"z": z}).value
            assert here == alone.score(metric, "a").value


def test_means_over_planes_and_pools_over_planes(stack):
    truth, raw, prediction = (a[0] for a in stack)
    result = run(truth, prediction, raw=raw, axes="zyx")
    by_plane = {
        m: np.array([result.score(m, "a", axis_index={"z": z}).value for z in range(4)])
        for m in ERRORS
    }
    assert result.score("ssim", "a").value == pytest.approx(by_plane["ssim"].mean())
    nrmse = math.sqrt((by_plane["nrmse"] ** 2).mean())
    assert result.score("nrmse", "a").value == pytest.approx(nrmse)
    assert result.score("psnr", "a").value == pytest.approx(-20 * math.log10(nrmse))
    assert result.score("area_worse", "a").value == pytest.approx(by_plane["area_worse"].mean())
    assert result.score("ssim", "a").aggregation == "mean over planes"
    assert result.score("nrmse", "a").aggregation == "pooled over planes"


def test_undefined_planes_are_left_out_of_means_and_counted_in_no_n(stack):
    truth, _, prediction = (a[0].copy() for a in stack)
    prediction[2] = np.nan
    result = run(truth, prediction, axes="zyx")
    planes = [result.score("ssim", "a", axis_index={"z": z}).value for z in range(4)]
    assert math.isnan(planes[2])
    assert result.score("ssim", "a").value == pytest.approx(np.nanmean(planes))
    assert result.score("ssim", "a").n == 3 * 20 * 24


def test_a_single_plane_has_no_rows_of_planes(triplet):
    result = run(triplet[0], triplet[2], raw=triplet[1])
    assert all(s.axis_index is None and s.aggregation == "whole" for s in result.rows)


# ---- the run


def test_every_score_names_its_convention(triplet):
    for convention in CONVENTIONS.values():
        result = run(triplet[0], triplet[2], raw=triplet[1], convention=convention)
        assert all(f"convention={convention.id}" in s.convention for s in result.rows)
    assert (
        "not applied"
        in run(triplet[0], triplet[2], convention=RAW_UNITS).score("gain", "a").convention
    )


def test_progress_is_told_after_every_block_and_ends_at_its_total(triplet):
    steps = run_images(
        compare(triplet[0], triplet[2], raw=triplet[1]), token=CancelToken(), pixels=700
    )
    told = list(steps)
    assert [p.done for p in told] == list(range(1, len(told) + 1))
    assert {p.total for p in told} == {len(told)}


def test_a_cancelled_run_stops(triplet):
    token = CancelToken()
    steps = run_images(compare(triplet[0], triplet[2]), token=token, pixels=700)
    next(steps)
    token.cancel()
    with pytest.raises(Cancelled):
        complete(steps)
