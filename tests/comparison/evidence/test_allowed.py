"""What raw must be to be a witness, and what is said where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.restoration import richardson_lucy

from builders import by_code, texture, through_jpeg
from dim import CAMERA, ask, blob, capture, grey, inquiry, scene
from napari_verdict.comparison.evidence.allowed import check_geometry
from napari_verdict.comparison.findings import ComparisonError, Severity
from napari_verdict.comparison.model import Input
from napari_verdict.comparison.run import complete, run
from napari_verdict.metrics.noise import NoiseModel


@pytest.fixture
def truth():
    return scene((320, 320))


@pytest.fixture
def rng():
    # noise without a false alarm, of which a tenth of all images has one
    return np.random.default_rng(5)


def deconvolved(image):
    """After 20 steps of Richardson and Lucy with a spot of 1.5 px."""
    y, x = np.indices((11, 11)) - 5
    spot = np.exp(-(y**2 + x**2) / (2 * 1.5**2))
    scale = image.max()
    sharp = richardson_lucy(image / scale, spot / spot.sum(), 20, clip=False)
    return (scale * sharp).astype(np.float32)


def refusal(*images, **options):
    with pytest.raises(ComparisonError) as error:
        ask(*images, **options)
    (finding,) = error.value.findings
    return finding


@pytest.mark.parametrize(
    ("shape", "code", "words"),
    [
        ((640, 640), "super-resolution", "super-resolution"),
        ((320, 318), "shape-mismatch", "Nothing was resized"),
        ((320, 320, 3), "axes-mismatch", "same axes"),
    ],
)
def test_another_grid_is_refused_with_the_reason(truth, shape, code, words):
    other = Input("a", np.zeros(shape, np.float32), "yxc"[: len(shape)])
    raw = Input("raw", grey(truth), "yx")
    asked = inquiry(raw)
    asked = type(asked).of(raw, [other])
    with pytest.raises(ComparisonError, match=words) as error:
        complete(run(asked))
    assert error.value.findings[0].code == code


def test_without_a_prediction_or_names_of_axes_nothing_is_asked(truth):
    assert refusal(grey(truth)).code == "nothing"
    assert refusal(grey(truth)[None], grey(truth)[None], axes="?yx").code == "axes-unknown"


def test_another_stain_is_refused_but_noise_alone_is_not(rng, truth):
    other = grey(40 * texture(truth.shape, 9) / 1000)
    finding = refusal(capture(rng, truth), other)
    assert finding.code == "translation"
    assert "not offered" in finding.message
    # raw without structure is the very case of a prediction that makes things up
    dark = np.full(truth.shape, 3.0)
    made_up = 12 * blob(truth.shape, 100, 90)
    result = ask(capture(rng, dark), grey(dark + made_up))
    assert result.places["a"][0].height < 0


def test_an_inverted_prediction_is_refused(rng, truth):
    assert refusal(capture(rng, truth), -grey(truth)).code == "inverted"


def test_other_grey_values_are_fitted_and_said_but_a_bias_is_left_to_be_found(rng, truth):
    raw = capture(rng, truth)
    scaled = ask(raw, (grey(truth) - 100) / 300)
    assert by_code(scaled.findings)["other-units"].severity is Severity.WARNING
    assert scaled.score("fitted_gain", "a").value == pytest.approx(300, rel=0.03)
    assert scaled.score("residual_variance", "a").value == pytest.approx(1, abs=0.03)
    dimmer = ask(raw, 100 + 0.9 * (grey(truth) - 100))
    assert "other-units" not in by_code(dimmer.findings)
    assert dimmer.score("residual_mean_bright", "a").value > 0.1
    assert ask(raw, (grey(truth) - 100) / 300 + 90, fit=False).score("residual_mean", "a").value > 1


def test_a_shift_is_said(rng, truth):
    moved = ndimage.shift(grey(truth), (0.8, -0.5), order=3, mode="wrap")
    finding = by_code(ask(capture(rng, 10 * truth), 10 * moved - 900).findings)["shifted"]
    assert "px off raw" in finding.message
    assert finding.candidate == "a"


def test_a_constant_prediction_is_said(rng, truth):
    assert "constant" in by_code(ask(capture(rng, truth), np.full(truth.shape, 120.0)).findings)


@pytest.mark.parametrize("known", [True, False])
def test_constant_raw_is_refused_as_what_it_is(truth, known):
    constant = np.full(truth.shape, 120.0)
    for shown in (grey(truth), constant):
        finding = refusal(constant, shown, known=known)
        assert finding.code == "raw-constant"
        assert "every pixel that was looked at is 120" in finding.message


def test_nothing_that_counts_is_refused(rng, truth):
    assert refusal(capture(rng, truth), np.full(truth.shape, np.nan)).code == "not-finite"


@pytest.mark.parametrize("known", [True, False])
def test_columns_and_rows_that_share_noise_are_taken_off(rng, truth, known):
    plain, deviation = capture(rng, truth), np.sqrt(CAMERA.variance(grey(truth)))
    clean = ask(plain, grey(truth), known=known)
    assert not {"column-noise", "row-noise"} & set(by_code(clean.findings))
    for axis, code in ((0, "column-noise"), (1, "row-noise")):
        shared = np.expand_dims(rng.normal(0, 0.5, truth.shape[1 - axis]), axis) * deviation
        striped = plain + shared
        result = ask(striped, grey(truth), known=known)
        assert code in by_code(result.findings)
        # uncorrected the lines would be places
        assert result.places["a"] == ()
        assert abs(result.score("residual_correlation", "a").value) < 0.05
        assert result.conditions["a"].standard.taken_off == (("columns", "rows")[axis],)


def test_raw_that_was_turned_by_interpolation_is_told_of(rng, truth):
    def turned(image):
        return ndimage.rotate(image, 3, reshape=False, order=1, mode="mirror")

    raw = turned(capture(rng, truth))
    found = by_code(ask(raw, turned(grey(truth)), known=False).findings)
    assert "interpolation" in found["correlated"].message
    # interpolation averages, so an entered camera is contradicted, too
    assert {"correlated", "noise-disagrees"} <= set(by_code(ask(raw, turned(grey(truth))).findings))


def test_noise_that_is_a_little_correlated_is_made_independent(rng, truth):
    raw = capture(rng, truth)
    soft = 0.9 * raw + 0.1 * np.roll(raw, 1, axis=0)
    result = ask(soft, grey(0.9 * truth + 0.1 * np.roll(truth, 1, axis=0)), known=False)
    assert by_code(result.findings)["correlated"].severity is Severity.WARNING
    assert abs(result.score("residual_correlation", "a").value) < 0.04
    assert result.score("residual_variance", "a").value == pytest.approx(1, abs=0.05)
    assert result.places["a"] == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda i: ndimage.gaussian_filter(i, 1.0),
        lambda i: ndimage.shift(i, (0.5, 0.5), order=1, mode="mirror"),
        lambda i: ndimage.zoom(i[:160, :160], 2, order=1),
        lambda i: ndimage.zoom(i[:160, :160], 2, order=3),
        lambda i: ndimage.zoom(i[:160, :160], 2, order=0),
        lambda i: ndimage.gaussian_filter(i, 1.0) * 3 - ndimage.gaussian_filter(i, 2.0) * 2,
        lambda i: deconvolved(i),
        lambda i: ndimage.uniform_filter(i, 2),
    ],
    ids=[
        "smoothed", "registered", "enlarged", "enlarged by splines", "pixels doubled",
        "sharpened", "deconvolved", "averaged over neighbours",
    ],
)  # fmt: skip
@pytest.mark.parametrize("known", [True, False])
def test_raw_that_was_processed_is_refused(rng, truth, change, known):
    raw = change(capture(rng, truth))
    # what a perfect denoiser would make of that
    finding = refusal(raw, change(grey(truth)), known=known)
    assert finding.code == "not-independent"
    assert "as the camera gave it" in finding.message


@pytest.mark.parametrize("quality", [60, 80, 90, 95])
@pytest.mark.parametrize("known", [True, False])
def test_compressed_raw_is_refused_at_any_quality(rng, truth, quality, known):
    raw = through_jpeg(capture(rng, truth), quality)
    finding = refusal(raw, grey(truth), known=known)
    assert finding.code == "compressed"
    assert "as the camera gave it" in finding.message


def test_a_noise_model_that_raw_contradicts_is_said_whichever_way(rng, truth):
    raw = capture(rng, truth)
    assert "noise-disagrees" not in by_code(ask(raw, grey(truth)).findings)
    averaged = np.mean([capture(rng, truth) for _ in range(4)], axis=0)
    finding = by_code(ask(averaged, grey(truth)).findings)["noise-disagrees"]
    assert "binned or averaged" in finding.message
    quieter = NoiseModel.of_camera(2.2, 100, 0.1)
    finding = by_code(ask(raw, grey(truth), noise=quieter).findings)["noise-disagrees"]
    assert "Where it is dim" in finding.message
    assert "read noise" in finding.message
    # a gain that is wrong shows where photons are many
    bright, other = 20 * truth, NoiseModel.of_camera(1.1, 100, 3.2)
    finding = by_code(ask(capture(rng, bright), grey(bright), noise=other).findings)
    assert "perhaps the gain" in finding["noise-disagrees"].message


@pytest.mark.parametrize("together", [np.mean, np.sum])
def test_binned_raw_is_a_sound_witness_whose_noise_is_estimated(rng, together):
    def binned(image):
        return together(image.reshape(320, 2, 320, 2), axis=(1, 3))

    fine = scene((640, 640))
    raw, shown = binned(capture(rng, fine)), binned(grey(fine))
    result = ask(raw, shown, known=False)
    assert result.findings == ()
    assert result.score("residual_variance", "a").value == pytest.approx(1, abs=0.08)
    disagrees = by_code(ask(raw, shown).findings)["noise-disagrees"]
    assert "ADU²" in disagrees.message


@pytest.mark.parametrize("peak", [200, 2000])
@pytest.mark.parametrize("known", [True, False])
def test_sound_raw_that_is_all_structure_is_not_refused(rng, peak, known):
    # no background anywhere, and far more structure than noise
    field = texture((320, 320)).astype(np.float64)
    waves = ndimage.gaussian_filter(field, 2.0, mode="wrap")
    electrons = 10 + peak * (waves - waves.min()) / np.ptp(waves)
    raw = capture(rng, electrons)
    for shown in (grey(electrons), ndimage.median_filter(raw, 5)):
        codes = set(by_code(ask(raw, shown, known=known).findings))
        assert not codes & {"not-independent", "correlated", "noise-disagrees"}


def test_too_little_background_is_said(rng):
    small = scene((10, 12))
    found = by_code(ask(capture(rng, small), grey(small)).findings)
    assert "independence-unknown" in found


@pytest.mark.parametrize("side", [48, 64, 128, 256])
@pytest.mark.parametrize("seed", range(3))
def test_noise_that_neighbours_share_never_passes_without_a_word(side, seed):
    rng = np.random.default_rng(seed)
    smooth = 100 + 180 * ndimage.gaussian_filter(rng.random((side, side)), 6)
    noise = rng.normal(0, 8, smooth.shape)
    for axis in (0, 1):  # neighbours correlate by 0.135
        noise = ndimage.convolve1d(noise, [0.06, 0.88, 0.06], axis)
    found = by_code(ask(smooth + noise, smooth, known=False).findings)
    assert found.keys() & {"correlated", "not-independent", "independence-unknown"}


@pytest.mark.parametrize("seed", range(3))
def test_independent_noise_of_a_large_image_is_not_questioned(seed):
    rng = np.random.default_rng(seed)
    smooth = 100 + 180 * ndimage.gaussian_filter(rng.random((200, 200)), 6)
    raw = smooth + rng.normal(0, 8, smooth.shape)
    found = by_code(ask(raw, smooth, known=False).findings)
    assert not found.keys() & {"correlated", "not-independent", "independence-unknown"}


def test_an_empty_image_and_a_mask_of_another_shape_are_refused(truth):
    assert refusal(grey(truth)[:0], grey(truth)[:0]).code == "empty"
    finding = refusal(grey(truth), grey(truth), ignore=np.zeros((9, 9), bool))
    assert finding.code == "ignore-shape"
    assert "9 × 9" in finding.message


def test_frames_that_nobody_looked_at_are_told_of_where_grey_values_are_others(rng):
    truth = np.broadcast_to(scene((48, 96)), (12, 48, 96))
    raw, scaled = capture(rng, truth), grey(truth) / 500
    found = by_code(ask(raw, scaled, axes="tyx").findings)
    assert "8 of 12 frames" in found["frames-together"].message
    assert "frames-together" not in by_code(ask(raw[:6], scaled[:6], axes="tyx").findings)
    assert "frames-together" not in by_code(ask(raw, grey(truth), axes="tyx").findings)


@pytest.mark.parametrize(
    ("placed", "code", "words"),
    [
        ({"scale": (0.2, 0.2)}, "scale-mismatch", "0.2"),
        ({"translate": (0.0, 6.0)}, "translate-mismatch", "+6 px along x"),
    ],
)
def test_another_scale_or_position_is_warned_of(truth, placed, code, words):
    asked = type(inquiry(grey(truth))).of(
        Input("raw", grey(truth), "yx"), [Input("a", grey(truth), "yx", **placed)]
    )
    (finding,) = check_geometry(asked)
    assert (finding.code, finding.severity) == (code, Severity.WARNING)
    assert words in finding.message
