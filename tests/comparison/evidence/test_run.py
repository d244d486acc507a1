"""Evidence without ground truth: found where it is, no more often than stated, the same again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, poisson

from builders import OnlySlices, fingerprint
from dim import ask, blob, capture, grey, inquiry, scene
from napari_verdict.comparison.evidence.model import stack_of
from napari_verdict.comparison.evidence.run import run_evidence
from napari_verdict.comparison.listing import entries_of
from napari_verdict.comparison.result import complete
from napari_verdict.comparison.run import run
from napari_verdict.engine.cancel import Cancelled, CancelToken


@pytest.fixture
def truth():
    return scene()


@pytest.mark.parametrize("known", [True, False])
def test_what_is_made_up_and_what_is_erased_stand_first(rng, truth, known):
    made_up, erased = 14 * blob(truth.shape, 60, 70), 14 * blob(truth.shape, 180, 90)
    raw = capture(rng, truth + erased)
    result = ask(raw, grey(truth + made_up).astype(np.float32), known=known)
    entries = result.entries("a")
    assert len(entries) == 2
    kinds = [entries.kinds[k] for k in entries.kind]
    assert sorted(kinds) == ["photons not shown", "shown without photons"]
    for row, kind in enumerate(kinds):
        y, x = (60, 70) if kind == "shown without photons" else (180, 90)
        _, _, y0, y1, x0, x1 = entries.box[row]
        assert y0 <= y < y1
        assert x0 <= x < x1
        assert (entries.value[row] < 0) == (kind == "shown without photons")
    assert abs(entries.value[0]) >= abs(entries.value[1])
    assert entries_of(result, "a").id.tolist() == [1, 2]
    counts = [result.score(m, "a").value for m in ("shown_without_photons", "photons_not_shown")]
    assert counts == [1, 1]


@pytest.mark.parametrize("known", [True, False])
def test_right_predictions_raise_as_many_alarms_as_are_stated(rng, known):
    # noise levels of many kinds: from less than an electron to hundreds
    images, alarms, sides = 80, 0.5, []
    for brightness in (0.3, 1, 5, 25):
        truth = np.broadcast_to(brightness * scene((96, 96), 20), (images, 96, 96))
        raw = capture(rng, truth)
        result = ask(raw, grey(truth), axes="tyx", alarms=alarms * images, known=known)
        heights = np.array([p.height for p in result.places["a"]])
        sides.append([(heights < 0).sum(), (heights > 0).sum()])
    # what 999 of 1000 such counts lie within, if the number that is stated is right
    low, high = poisson.interval(0.999, images * alarms / 2)
    assert low <= np.min(sides)
    assert np.max(sides) <= high
    low, high = poisson.interval(0.999, 4 * images * alarms)
    assert low <= np.sum(sides) <= high


def test_the_residual_of_the_truth_is_a_normal_deviate(rng, truth):
    # photons enough that their own skewness is none of it
    bright = 300 * truth
    z = ask(capture(rng, bright), grey(bright)).maps["a"]["residual"]
    assert kstest(z.ravel(), "norm").pvalue > 1e-3


def test_the_residual_of_the_truth_is_standard_normal_at_every_brightness(rng, truth):
    result = ask(capture(rng, truth), grey(truth))
    for level in ("", "_dark", "_middle", "_bright"):
        n = result.score(f"residual_mean{level}", "a").n
        assert abs(result.score(f"residual_mean{level}", "a").value) < 4 / np.sqrt(n)
        variance = result.score(f"residual_variance{level}", "a").value
        assert variance == pytest.approx(1, abs=5 * np.sqrt(2 / n))
        correlation = result.score(f"residual_correlation{level}", "a")
        assert abs(correlation.value) < 4 / np.sqrt(correlation.n)
    z = result.maps["a"]["residual"]
    assert np.square(z).mean() == pytest.approx(1, abs=0.03)


def test_maps_have_the_shape_of_raw_and_their_signs(rng, truth):
    raw = capture(rng, truth + 20 * blob(truth.shape, 50, 60))
    raw[100, 100] = np.nan
    result = ask(raw, grey(truth))
    maps = result.maps["a"]
    assert set(maps) == {"evidence", "limit", "residual"}
    for one in maps.values():
        assert one.shape == raw.shape
        assert one.dtype == np.float32
        assert np.isnan(one[100, 100])
    assert maps["evidence"][50, 60] > 10
    # where it is brighter more noise hides more
    bright, dark = truth > np.quantile(truth, 0.95), truth <= np.quantile(truth, 0.3)
    limit = maps["limit"]
    assert np.nanmean(limit[bright]) > np.nanmean(limit[dark]) > 0


def test_the_limit_is_the_blob_whose_evidence_is_the_threshold(rng):
    flat = np.full((96, 96), 12.0)
    # next to no noise, but raw that is constant is refused
    raw = grey(flat) + rng.normal(0, 1e-3, flat.shape)
    settings = {"limit_scale": 3.0, "scales": (3.0,)}
    result = ask(raw, grey(flat), **settings)
    low = result.score("threshold_low", "a").value
    amplitude = result.maps["a"]["limit"][48, 48]
    # shown without photons: raw is as expected without the blob, free of noise
    shown = grey(flat) + amplitude * blob(flat.shape, 48, 48)
    k = ask(raw, shown, **settings).maps["a"]["evidence"][48, 48]
    thresholds = (abs(low), result.score("threshold_high", "a").value)
    assert abs(k) == pytest.approx(max(thresholds), rel=0.03)


def test_bands_threads_and_lazy_inputs_change_no_number(rng, truth):
    raw, prediction = capture(rng, truth + 15 * blob(truth.shape, 127, 70)), grey(truth)
    whole = ask(raw, prediction)
    token = CancelToken()
    asked = inquiry(raw, prediction)
    cut = complete(run_evidence(asked, token=token, threads=2, pixels=30 * raw.shape[1]))
    lazy = ask(OnlySlices(raw), OnlySlices(prediction))
    assert not isinstance(lazy.maps["a"]["evidence"], np.ndarray)
    for other in (cut, lazy):
        assert other.places == whole.places
        assert [s.as_row() for s in other.rows] == [s.as_row() for s in whole.rows]
        for name, one in whole.maps["a"].items():
            np.testing.assert_array_equal(np.asarray(other.maps["a"][name]), one)


def test_stacks_are_asked_plane_by_plane_and_frames_are_fitted_by_themselves(rng):
    truth = np.stack([scene((96, 96), p) for p in (20, 40, 60)])
    made_up = np.zeros_like(truth)
    made_up[1] = 14 * blob(truth.shape, 40, 30)
    raw = capture(rng, truth)
    stack = ask(raw, grey(truth + made_up), axes="zyx")
    place = stack.places["a"][0]
    assert (place.z, place.frame) == (1, ())
    assert stack.entries("a").box[0, :2].tolist() == [1, 2]
    # in other grey values, and another in every frame
    scaled = (grey(truth + made_up) - 100) * np.array([1, 2, 3])[:, None, None] / 500
    frames = ask(raw, scaled, axes="tyx")
    place = frames.places["a"][0]
    assert place.frame == (1,)
    assert frames.score("shown_without_photons", "a").n == raw.size
    gains = [f.gain for f in frames.conditions["a"].fits.values()]
    assert gains == pytest.approx([500, 250, 500 / 3], rel=0.05)


def test_nothing_is_changed_and_ignored_pixels_count_nowhere(rng, truth):
    wrong = 30 * blob(truth.shape, 60, 70)
    raw, prediction = capture(rng, truth), grey(truth + wrong)
    ignore = np.zeros(raw.shape, bool)
    ignore[30:90, 40:100] = True
    asked = inquiry(raw, prediction, ignore=ignore)
    before = fingerprint(asked)
    result = complete(run(asked))
    assert fingerprint(asked) == before
    assert result.places["a"] == ()
    assert np.isnan(result.maps["a"]["evidence"][60, 70])
    assert result.request is asked


def test_a_run_says_how_far_it_is_and_stops_when_told(rng, truth):
    token = CancelToken()
    steps = run(inquiry(capture(rng, truth), grey(truth)), token=token)
    assert next(steps).what == "preparing"
    token.cancel()
    with pytest.raises(Cancelled):
        for _ in steps:
            pass


def test_dark_and_lit_stacks_are_read_with_progress_and_stop_when_told(rng, truth):
    raw = capture(rng, truth)
    stacks = [
        stack_of(name, np.stack([capture(rng, np.full((64, 64), e)) for _ in range(6)]))
        for name, e in (("dark", 0.0), ("lit", 60.0))
    ]
    asked = inquiry(raw, grey(truth), known=False, calibration=stacks)
    read = [s for s in run(asked) if s.what == "stacks"]
    # each capture twice, but for what the first of a stack has more than itself
    assert [s.done for s in read] == list(range(1, 23))
    assert {s.total for s in read} == {22}
    token = CancelToken()
    steps = run(asked, token=token)
    assert next(s for s in steps if s.what == "stacks").done == 1
    token.cancel()
    with pytest.raises(Cancelled):
        next(steps)


def test_maps_of_disagreement_and_error_go_forward_and_stop_when_told(rng, truth):
    raw, more = capture(rng, truth), capture(rng, truth)
    token = CancelToken()
    steps = run(inquiry(raw, grey(truth), grey(truth) + 1, captures=[more]), token=token)
    maps = [s for s in steps if s.what == "maps"]
    assert len(maps) == 5  # two of disagreement, three of errors
    assert all(s.done == s.total == 1 for s in maps)
    steps = run(inquiry(raw, grey(truth), grey(truth) + 1), token=token)
    for step in steps:
        if step.what == "maps":
            token.cancel()
            break
    with pytest.raises(Cancelled):
        for _ in steps:
            pass


@pytest.mark.parametrize(
    ("changes", "match"),
    [({"alarms": 0}, "above 0"), ({"scales": ()}, "at least one"), ({"limit_scale": 0.1}, "0.5")],
)
def test_settings_out_of_range_are_refused_in_words(changes, match):
    with pytest.raises(ValueError, match=match):
        inquiry(np.zeros((8, 8)), np.zeros((8, 8)), **changes)


@pytest.mark.parametrize("case", ["bpae_actin", "hela_mito"])
def test_planted_artefacts_of_a_real_network_stand_first(read_shared, case):
    raw = read_shared(f"denoising/{case}/raw.ome.tif")
    names = ("cnn", "artefact")
    images = [read_shared(f"denoising/{case}/prediction_{n}.ome.tif") for n in names]
    result = ask(raw, *images, known=False)
    planted = read_shared(f"denoising/{case}/planted.json")["artefacts"]
    boxes = {a["kind"].split()[0]: a["box"] for a in planted}
    assert result.places["a"] == ()
    for place, kind in zip(result.places["b"][:2], ("erased", "hallucinated"), strict=True):
        y0, x0, y1, x1 = boxes[kind]
        assert y0 <= place.peak[0] < y1
        assert x0 <= place.peak[1] < x1
        assert (place.height > 0) == (kind == "erased")
    best = result.disputes[0]
    assert best.supports == "a"
